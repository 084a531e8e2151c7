#include "policies.h"

#include "../base/b64.h"
#include "../token/jwt.h"

/* clang-format off */
static const struct {
    const char *name, *type;
} types[] = {
    { "SgxEnclave",  "SgxEnclave"  },
    { "OpenEnclave", "OpenEnclave" },
    { "SevSnpVm",    "SevSnpVm"    },
    { "TdxVm",       "TdxVm"       },
    { "AzureGuest",  "AzureGuest"  },
    { "Tpm",         "Tpm"         },
    { "VSMEnclave",  "Tpm"         }, /* words of 2018-09-01-preview: such enclaves ride on the TPM */
    { "VBSEnclave",  "Tpm"         },
};
/* clang-format on */

const char *policies_type(struct span name)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (span_is_nocase(name, types[i].name))
            return types[i].type;
    return NULL;
}

bool policies_wrap(struct span text, struct arena *a, struct span *out, struct err *err)
{
    struct span input = { 0 };

    if (text.n == 0) {
        *out = span_str(POLICY_DOCUMENT_NONE);
        return true;
    }
    return policy_jws_input(text, SIG_RS256, NULL, 0, a, &input, err) &&
           jwt_attach(input, (struct span){ 0 }, a, out, err);
}

/* base64url of SHA-256 of the document, as received. */
static bool hash_document(const struct proposal *p, struct arena *a, struct span *out,
                          struct err *err)
{
    uint8_t sum[SHA256_SIZE];

    if (!digest_sha256(p->crypto, p->jws, sum, err))
        return false;
    *out = b64_dup_url(a, span_of(sum, sizeof sum));
    return out->p || arena_fail(a, err);
}

/* What the compiler reports first. */
static void take_first(const struct policy_diagnostics *found, struct policy_diagnostic *out)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->items[i].severity == POLICY_ERROR) {
            *out = found->items[i];
            return;
        }
}

static bool compile(const struct proposal *p, struct arena *a, struct policies_result *out)
{
    struct policy_diagnostics found = { .arena = a };
    struct err err = { 0 };
    struct policy *policy = policy_new(p->crypto, out->policy.text, &found, &err);

    if (!policy) {
        take_first(&found, &out->diagnostic);
        proposal_refuse(&out->no, PROPOSAL_POLICY_TEXT, &err);
        if (out->diagnostic.code[0] != '\0') /* too long for the language, too, is its error */
            out->no.why = PROPOSAL_POLICY_TEXT;
        return false;
    }
    out->policy.hash = arena_dup(a, policy_hash(policy));
    policy_free(policy);
    return out->policy.hash.p ||
           (arena_fail(a, &err), proposal_refuse(&out->no, PROPOSAL_OURS, &err));
}

static bool take_policy(const struct proposal *p, bool takes_plain, struct policy_jws *doc,
                        struct arena *a, struct policies_result *out)
{
    struct err err = { 0 };

    if (doc->jws.payload.n > 0 && !policy_jws_read_text(doc, takes_plain, a, &err))
        return proposal_refuse(&out->no, PROPOSAL_OPERATION, &err);
    if (doc->jws.payload.n == 0) {
        err_fail(&err, ERR_MALFORMED, "REST contract, 7.1",
                 "Could not find \"AttestationPolicy\" claim in policy token");
        return proposal_refuse(&out->no, PROPOSAL_OPERATION, &err);
    }
    out->policy.text = doc->text;
    out->policy.jws = p->jws;
    return compile(p, a, out) && (hash_document(p, a, &out->policy.token_hash, &err) ||
                                  proposal_refuse(&out->no, PROPOSAL_OURS, &err));
}

static bool take_reset(const struct policy_jws *doc, struct policies_result *out)
{
    struct err err = { 0 };

    if (doc->jws.payload.n == 0)
        return true;
    err_fail(&err, ERR_MALFORMED, "REST contract, 7.4",
             "A reset carries an empty payload, and this one has %zu bytes.", doc->jws.payload.n);
    return proposal_refuse(&out->no, PROPOSAL_OPERATION, &err);
}

static bool check_size(const struct proposal *p, struct policies_result *out)
{
    struct err err = { 0 };

    if (p->jws.n <= POLICY_DOCUMENT_MAX)
        return true;
    err_fail(&err, ERR_LIMIT, NULL, "the document has %zu bytes, %d are allowed", p->jws.n,
             POLICY_DOCUMENT_MAX);
    return proposal_refuse(&out->no, PROPOSAL_TOO_LONG, &err);
}

void policies_judge(const struct proposal *p, const struct policies_wish *wish, struct arena *a,
                    struct policies_result *out)
{
    struct policy_jws doc = { 0 };
    struct proposal_signer signer = { 0 };

    *out = (struct policies_result){ 0 };
    out->policy.instance = p->instance->name;
    out->policy.type = wish->type;
    if (!check_size(p, out) || !proposal_admit(p, a, &doc, &signer, &out->no))
        return;
    out->policy.signer = signer.jwk;
    out->has_signer_expired = signer.has_expired;
    out->is_taken =
        wish->is_reset ? take_reset(&doc, out) : take_policy(p, wish->takes_plain, &doc, a, out);
}
