/*
 * policies - what is in force for an attestation type, and what becomes of a document that wants to
 * change that
 *
 * Rule     a policy is compiled when it is set: one with an error is refused, with line and column,
 *          and the old one stays. What is kept and hashed is the document as received
 * Source   the REST contract, 7; the policy language, 10
 */
#ifndef CUPEL_SERVICE_POLICIES_H
#define CUPEL_SERVICE_POLICIES_H

#include "../policy/policy.h"
#include "proposal.h"

enum {
    POLICY_DOCUMENT_MAX = 704 * 1024 /* bytes of a JWS: so long that GET can answer with it */
};

/* What a type without a policy answers: an unsecured JWS without a payload. */
#define POLICY_DOCUMENT_NONE "eyJhbGciOiJub25lIn0.."

struct policies_wish {
    struct span type; /* as the contract spells it */
    bool is_reset;
    bool takes_plain; /* the text may stand unencoded (2018-09-01-preview) */
};

struct policies_result {
    bool is_taken;
    struct store_policy policy; /* taken: what is to be kept; its version is the store's to say */
    bool has_signer_expired;
    struct proposal_no no;               /* not taken */
    struct policy_diagnostic diagnostic; /* PROPOSAL_POLICY_TEXT, where the compiler has one */
};

/* Judges a document. Always ends in a result, which lives in the arena and in what `p` borrows. */
void policies_judge(const struct proposal *p, const struct policies_wish *wish, struct arena *a,
                    struct policies_result *out);

/* A text wrapped as an unsecured document; an empty one gives POLICY_DOCUMENT_NONE. */
bool policies_wrap(struct span text, struct arena *a, struct span *out, struct err *err) MUST_USE;

/* The type of that name, in the contract's spelling and without regard to case; NULL: there is
 * none. */
const char *policies_type(struct span name);

#endif
