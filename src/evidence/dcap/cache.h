/*
 * cache - signatures that held, remembered by content hash
 *
 * Shape    bounded tables: PCK chains by SHA-256 of the certification data, an authority's own
 *          signatures, QE report signatures; every name covers the root list and the collateral
 *          set as well. Positive results only
 * Rule     everything but the signatures is judged anew on every request, dates and revocation
 *          among it, so a hit cannot outlive them, and verdicts are the same without a cache
 * Source   the SGX contract, 13
 */
#ifndef CUPEL_EVIDENCE_DCAP_CACHE_H
#define CUPEL_EVIDENCE_DCAP_CACHE_H

#include "../appraise.h"

struct dcap_cache;

/* A cache of at most `entries` platforms, for one thread. */
struct dcap_cache *dcap_cache_new(size_t entries, struct err *err) MUST_USE;
void dcap_cache_free(struct dcap_cache *c);

/* Forgets everything (collateral or roots changed). */
void dcap_cache_clear(struct dcap_cache *c);

struct dcap_cache_stats {
    uint64_t chain_hits, chain_misses, qe_hits, qe_misses;
    size_t entries;
};
struct dcap_cache_stats dcap_cache_stats(const struct dcap_cache *c);

#endif
