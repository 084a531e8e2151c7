/*
 * endorsements - archived collateral in one piece
 *
 * Shape    Open Enclave endorsements: four u32, nine offsets, nine items; Intel's dump: version,
 *          TEE type, seven (stale pointer, size) entries, seven items back to back
 * Borrows  every span points into the bytes given; one final NUL of text items is left out, lists
 *          of revoked certificates are as they were stored (PEM, hex or DER)
 * Errors   malformed, unsupported (versions, other TEEs), limit
 * Source   the SGX contract, 2.7
 */
#ifndef CUPEL_EVIDENCE_DCAP_ENDORSEMENTS_H
#define CUPEL_EVIDENCE_DCAP_ENDORSEMENTS_H

#include "collateral.h"

/* Reads Open Enclave endorsements for SGX. `created` gets the creation time's text; NULL: not
 * wanted. */
bool endorsements_parse_oe(struct span bytes, struct dcap_collateral_files *out,
                           struct span *created, struct err *err) MUST_USE;

/* Reads Intel's in-memory collateral dump. `tee_type` gets its TEE type; NULL: not wanted. */
bool endorsements_parse_intel(struct span bytes, struct dcap_collateral_files *out,
                              uint32_t *tee_type, struct err *err) MUST_USE;

/* Writes either form; the lab archives its collateral with them. */
void endorsements_write_oe(struct writer *w, const struct dcap_collateral_files *files,
                           struct span created);
void endorsements_write_intel(struct writer *w, const struct dcap_collateral_files *files,
                              uint32_t tee_type);

#endif
