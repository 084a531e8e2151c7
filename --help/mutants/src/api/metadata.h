/*
 * metadata - what relying parties fetch: the key set and the discovery document
 *
 * Source   rest-api 9, tokens 10.4
 */
#ifndef CUPEL_API_METADATA_H
#define CUPEL_API_METADATA_H

#include "routes.h"

route_fn metadata_certs;
route_fn metadata_discovery;

/* The discovery document of an instance. */
bool discovery_write(struct arena *a, struct span issuer, const struct attest_key *keys,
                     size_t key_count, struct span *out, struct err *err) MUST_USE;

#endif
