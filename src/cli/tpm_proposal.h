/*
 * tpm_proposal - a policy for one machine, proposed from what it attested
 *
 * Rule     a fact is asked for only when the machine has it now: the policy language itself says
 *          so, about the claims of the evidence; what the machine has not is written as a comment.
 *          Secure Boot's record is asked for by digests, since an event's type is not measured
 * Owns     the text is in the arena
 * Errors   malformed (claims that hold no events), limit, memory, internal
 * Source   the TPM contract, 10, 14 and 15
 */
#ifndef CUPEL_CLI_TPM_PROPOSAL_H
#define CUPEL_CLI_TPM_PROPOSAL_H

#include "../claims/claim.h"
#include "../crypto/crypto.h"

/* Writes a policy of version 1.2 that permits those claims. */
bool tpm_propose(struct crypto *c, const struct claim_set *claims, struct arena *a,
                 struct span *out, struct err *err) MUST_USE;

#endif
