/*
 * cache - verdict parts remembered by content hash
 *
 * Shape    bounded tables: PCK chain facts by SHA-256 of the certification data; QE part by SHA-256
 * of everything it depends on and the collateral's identity. Positive results only. Rule validity
 * dates and revocation are judged every time; an entry never outlives the earliest bound it depends
 * on and never answers for another collateral generation or root list Source   sgx 13
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
