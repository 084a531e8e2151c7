#include "certificates.h"

#include "../crypto/cert.h"

#include <stdio.h>

/* "maa-" is of the preview and of the documentation, "x-ms-" of one of its paragraphs. */
static const char *const names[] = { "policyCertificate", "maa-policyCertificate",
                                     "x-ms-policyCertificate" };

static bool find_jwk(const struct policy_jws *doc, struct arena *a, const struct json **out,
                     struct err *err)
{
    const struct json *payload = NULL;
    size_t found = 0;

    if (doc->jws.payload.n > 0 && !json_parse(doc->jws.payload, NULL, a, &payload, err))
        return err_in(err, "payload");
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct json *v = json_member(payload, names[i]);

        if (v) {
            *out = v;
            found++;
        }
    }
    if (found == 1)
        return true;
    return found == 0 ? err_fail(err, ERR_MISSING, "REST contract, 8",
                                 "Could not find \"maa-policyCertificate\" claim in policy token")
                      : err_fail(err, ERR_MALFORMED, "REST contract, 8",
                                 "the policy token names the certificate %zu times", found);
}

/* What counts is the key in the certificate. The JWK's own "kty" is not looked at: clients in use
 * write "RSA" or "X.509" there whatever the key is. */
static bool check_key(const struct proposal *p, struct span der, struct err *err)
{
    struct cert cert;
    struct pubkey *key;
    bool is_known;

    if (!cert_parse(der, &cert, err))
        return err_in(err, "x5c");
    key = pubkey_new_spki(p->crypto, cert.spki, err);
    if (!key)
        return err_in(err, "x5c");
    is_known = pubkey_type(key) != PUBKEY_P384;
    pubkey_free(key);
    return is_known ||
           err_fail(err, ERR_UNSUPPORTED, "REST contract, 7.1",
                    "policies are signed with RSA or P-256") ||
           err_in(err, "x5c");
}

static bool thumbprint(const struct proposal *p, struct span der, struct arena *a, struct span *out,
                       struct err *err)
{
    uint8_t sum[SHA1_SIZE];
    char text[2 * SHA1_SIZE + 1];

    if (!digest(p->crypto, DIGEST_SHA1, &der, 1, sum, err))
        return false;
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(text + 2 * i, 3, "%02X", sum[i]);
    *out = arena_dup(a, span_str(text));
    return out->p || arena_fail(a, err);
}

static bool read_certificate(const struct proposal *p, const struct json *jwk, bool is_removal,
                             struct arena *a, struct store_certificate *out, struct err *err)
{
    struct span certs[POLICY_JWS_CERTS_MAX];
    uint8_t *sum = ARENA_ARRAY(a, uint8_t, SHA256_SIZE);
    size_t count = 0;

    if (!sum)
        return arena_fail(a, err);
    if (!proposal_jwk_certs(jwk, a, certs, &count, err) ||
        !digest_sha256(p->crypto, certs[0], sum, err))
        return false;
    out->instance = p->instance->name;
    out->digest = span_of(sum, SHA256_SIZE);
    out->der = certs[0];
    if (!is_removal &&
        (!check_key(p, certs[0], err) || !proposal_chain(p->crypto, certs, count, err)))
        return false;
    return thumbprint(p, certs[0], a, &out->thumbprint, err) &&
           (is_removal || proposal_jwk(certs, count, a, &out->jwk, err));
}

static bool is_isolated(const struct proposal *p, struct proposal_no *no)
{
    struct err err = { 0 };

    if (span_is(p->instance->trust_model, "Isolated"))
        return true;
    err_fail(&err, ERR_DENIED, "REST contract, 8",
             "This instance has no policy management certificates: its trust model is %.*s.",
             SPAN_ARG(p->instance->trust_model));
    return proposal_refuse(no, PROPOSAL_OPERATION, &err);
}

void certificates_judge(const struct proposal *p, bool is_removal, struct arena *a,
                        struct certificates_result *out)
{
    struct policy_jws doc = { 0 };
    struct proposal_signer signer = { 0 };
    const struct json *jwk = NULL;
    struct err err = { 0 };

    *out = (struct certificates_result){ 0 };
    if (!is_isolated(p, &out->no) || !proposal_admit(p, a, &doc, &signer, &out->no))
        return;
    out->has_signer_expired = signer.has_expired;
    if (!find_jwk(&doc, a, &jwk, &err))
        proposal_refuse(&out->no, PROPOSAL_OPERATION, &err);
    else if (!read_certificate(p, jwk, is_removal, a, &out->certificate, &err))
        proposal_refuse(&out->no, PROPOSAL_PARAMETER, &err);
    else
        out->is_taken = true;
}

bool certificates_read(struct crypto *c, const struct json *jwk, struct span instance,
                       struct arena *a, struct store_certificate *out, struct err *err)
{
    const struct store_instance at = { .name = instance };
    const struct proposal p = { .crypto = c, .instance = &at };

    return read_certificate(&p, jwk, false, a, out, err);
}

bool certificates_of_chain(struct crypto *c, const struct span *certs, size_t count,
                           struct arena *a, struct store_certificate *out, struct err *err)
{
    const struct json *jwk = NULL;
    struct span text = { 0 };

    return proposal_jwk(certs, count, a, &text, err) && json_parse(text, NULL, a, &jwk, err) &&
           certificates_read(c, jwk, (struct span){ 0 }, a, out, err);
}

bool certificates_write(const struct state *state, struct span instance, struct arena *a,
                        struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 2048);
    size_t count = 0;
    const struct store_certificate *list = state_certificates(state, instance, &count);

    write_text(&w, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        struct span jwk = list[i].jwk;

        if (jwk.n == 0 && !proposal_jwk(&list[i].der, 1, a, &jwk, err))
            return err_in(err, "certificates");
        write_text(&w, i ? "," : "");
        write_bytes(&w, jwk);
    }
    write_text(&w, "]}");
    return writer_done(&w, out, err);
}
