/*
 * ledger - the inside of the cache: what may be remembered, and under which names
 *
 * Rule     only signatures that held are remembered, each under SHA-256 of every byte it depends
 *          on, the root list and the collateral set. Names, constraints, dates and revocation are
 *          judged again from the remembered certificates, so a hit never outlives them
 * Source   the SGX contract, 13
 */
#ifndef CUPEL_EVIDENCE_DCAP_LEDGER_H
#define CUPEL_EVIDENCE_DCAP_LEDGER_H

#include "cache.h"
#include "chain.h"
#include "collateral.h"

struct ledger_key {
    uint8_t sum[SHA256_SIZE];
};

/* The chain whose signatures held, or NULL. Valid until the next chain is kept. */
const struct dcap_chain *ledger_chain(struct dcap_cache *c, const struct ledger_key *key);

/* Remembers a chain in memory of its own; when there is none it is simply not remembered. */
void ledger_keep_chain(struct dcap_cache *c, const struct ledger_key *key,
                       const struct dcap_chain *chain);

/* Verdicts without facts: the signature on a QE report; the signatures on an authority and its
 * root. */
enum ledger_part { LEDGER_QE, LEDGER_AUTHORITY, LEDGER_PARTS };
bool ledger_has(struct dcap_cache *c, enum ledger_part part, const struct ledger_key *key);
void ledger_keep(struct dcap_cache *c, enum ledger_part part, const struct ledger_key *key);

/* SHA-256 over the certification data and its type. A verdict asks for it twice and a busy platform
 * again and again, so the bytes last summed are kept and compared before they are summed anew. */
bool ledger_data_sum(struct dcap_cache *c, struct crypto *crypto, uint16_t type, struct span data,
                     struct ledger_key *out, struct err *err) MUST_USE;

/* What a platform needs, by the hash of its certification data alone: nothing is believed by it. */
bool ledger_needs(struct dcap_cache *c, const struct ledger_key *key, struct dcap_needs *out);
void ledger_keep_needs(struct dcap_cache *c, const struct ledger_key *key,
                       const struct dcap_needs *needs);

#endif
