#include "proposal.h"

#include "../base/b64.h"
#include "../crypto/cert.h"
#include "../crypto/spki.h"

#include <string.h>

#define CONTRACT "REST contract, 8"

bool proposal_refuse(struct proposal_no *no, enum proposal_refusal otherwise, const struct err *err)
{
    no->err = *err;
    no->why = otherwise;
    if (err_is_ours(err))
        no->why = PROPOSAL_OURS;
    else if (err->code == ERR_LIMIT)
        no->why = PROPOSAL_TOO_LONG;
    return false;
}

/* Chains. */

static bool is_signed_by(struct crypto *c, const struct cert *cert, const struct cert *issuer)
{
    struct err e = { 0 };
    struct pubkey *key = pubkey_new_spki(c, issuer->spki, &e);
    bool is_signed = key && cert_verify(c, cert, key, &e);

    pubkey_free(key);
    return is_signed;
}

static bool is_issuer_of(struct crypto *c, const struct cert *cert, const struct cert *issuer)
{
    return span_equal(cert->issuer, issuer->subject) && issuer->is_ca &&
           !issuer->has_unknown_critical && is_signed_by(c, cert, issuer);
}

/* A root without the CA basic constraint counts as not found. */
static bool fail_issuer(const struct cert *cert, struct err *err)
{
    err_fail(err, ERR_UNTRUSTED, CONTRACT, "Unable to find issuer certificate CN=%.*s",
             (int)(cert->issuer_cn.n > 96 ? 96 : cert->issuer_cn.n),
             cert->issuer_cn.n > 0 ? (const char *)cert->issuer_cn.p : "");
    return err_in(err, "x5c");
}

static bool climb(struct crypto *c, const struct cert *certs, size_t count, struct err *err)
{
    const struct cert *at = &certs[0];

    for (size_t steps = 0; steps < count; steps++) {
        const struct cert *next = NULL;

        if (is_issuer_of(c, at, at))
            return true;
        for (size_t i = 1; i < count && !next; i++)
            if (&certs[i] != at && is_issuer_of(c, at, &certs[i]))
                next = &certs[i];
        if (!next)
            return fail_issuer(at, err);
        at = next;
    }
    return fail_issuer(at, err);
}

static bool parse_certs(const struct span *ders, size_t count, struct cert *out, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!cert_parse(ders[i], &out[i], err))
            return err_in(err, "x5c");
    return true;
}

bool proposal_chain(struct crypto *c, const struct span *certs, size_t count, struct err *err)
{
    struct cert parsed[2 * POLICY_JWS_CERTS_MAX];

    if (count == 0 || count > COUNT(parsed))
        return err_fail(err, ERR_INTERNAL, NULL, "%zu certificates are no chain", count);
    return parse_certs(certs, count, parsed, err) && climb(c, parsed, count, err);
}

/* Certificates as JSON. */

static const char *kty_of(struct span spki, const char **alg)
{
    struct spki key = { 0 };
    struct err e = { 0 };
    bool is_ec = spki_parse(spki, &key, &e) && key.kind != SPKI_RSA;

    *alg = !is_ec ? "RS256" : key.kind == SPKI_P384 ? "ES384" : "ES256";
    return is_ec ? "EC" : "RSA";
}

bool proposal_jwk(const struct span *certs, size_t count, struct arena *a, struct span *out,
                  struct err *err)
{
    struct writer w = writer_in(a, 2048);
    struct cert first;
    const char *kty, *alg;

    if (!cert_parse(certs[0], &first, err))
        return err_in(err, "x5c");
    kty = kty_of(first.spki, &alg);
    write_format(&w, "{\"alg\":\"%s\",\"kty\":\"%s\",\"use\":\"sig\",\"x5c\":[", alg, kty);
    for (size_t i = 0; i < count; i++) {
        write_text(&w, i ? ",\"" : "\"");
        b64_write_std(&w, certs[i]);
        write_u8(&w, '"');
    }
    write_text(&w, "]}");
    return writer_done(&w, out, err);
}

bool proposal_jwk_certs(const struct json *jwk, struct arena *a, struct span *certs, size_t *count,
                        struct err *err)
{
    const struct json *list = NULL;
    size_t n = 0;

    if (!json_get_array(jwk, "x5c", &list, err))
        return false;
    if (list->count == 0 || list->count > POLICY_JWS_CERTS_MAX)
        return err_fail(err, ERR_MALFORMED, "RFC 7517, 4.7",
                        "needs an array of one to %d certificates", POLICY_JWS_CERTS_MAX) ||
               err_in(err, "x5c");
    for (const struct json *e = list->child; e; e = e->next, n++) {
        if (e->type != JSON_STRING)
            return err_fail(err, ERR_MALFORMED, "RFC 7517, 4.7", "needs strings, found a %s",
                            json_type_name(e->type)) ||
                   err_in(err, "x5c");
        if (!b64_read(a, e->text, B64_STD, &certs[n], err))
            return err_in(err, "x5c");
    }
    *count = n;
    return true;
}

/* Signers. */

/* The entry of the instance's list that holds that key. */
static const struct store_certificate *find_listed(const struct proposal *p, struct span spki)
{
    size_t count = 0;
    const struct store_certificate *list = state_certificates(p->state, p->instance->name, &count);

    for (size_t i = 0; i < count; i++) {
        struct cert cert;
        struct err e = { 0 };

        if (cert_parse(list[i].der, &cert, &e) && span_equal(cert.spki, spki))
            return &list[i];
    }
    return NULL;
}

/* What the signer brought, and behind it the chain that was given with the entry of the list. */
static bool gather(const struct policy_jws *doc, const struct store_certificate *listed,
                   struct arena *a, struct span certs[2 * POLICY_JWS_CERTS_MAX], size_t *count,
                   struct err *err)
{
    const struct json *jwk = NULL;
    size_t kept = 0;

    memcpy(certs, doc->certs, doc->cert_count * sizeof *certs);
    if (listed->jwk.n == 0) {
        certs[doc->cert_count] = listed->der;
        *count = doc->cert_count + 1;
        return true;
    }
    if (!json_parse(listed->jwk, NULL, a, &jwk, err) ||
        !proposal_jwk_certs(jwk, a, certs + doc->cert_count, &kept, err))
        return err_in(err, "certificates");
    *count = doc->cert_count + kept;
    return true;
}

static bool check_listed(const struct proposal *p, const struct policy_jws *doc, struct span spki,
                         struct arena *a, struct span *chain, size_t *count, struct proposal_no *no)
{
    const struct store_certificate *listed = find_listed(p, spki);
    struct err err = { 0 };

    if (!listed) {
        err_fail(&err, ERR_UNTRUSTED, "REST contract, 7.2",
                 "The signer is not among the policy management certificates of this instance.");
        return proposal_refuse(no, PROPOSAL_OPERATION, &err);
    }
    if (!gather(doc, listed, a, chain, count, &err))
        return proposal_refuse(no, PROPOSAL_OURS, &err);
    return proposal_chain(p->crypto, chain, *count, &err) ||
           proposal_refuse(no, PROPOSAL_PARAMETER, &err);
}

/* Certificates that have long ended are in use: it is told, and not enforced. */
static bool has_expired(struct span der, int64_t now)
{
    struct cert cert;
    struct err e = { 0 };

    return cert_parse(der, &cert, &e) && (now < cert.not_before || now > cert.not_after);
}

static bool admit_signed(const struct proposal *p, struct arena *a, const struct policy_jws *doc,
                         struct proposal_signer *signer, struct proposal_no *no)
{
    struct span chain[2 * POLICY_JWS_CERTS_MAX], spki = { 0 };
    size_t count = doc->cert_count;
    struct err err = { 0 };

    memcpy(chain, doc->certs, sizeof doc->certs);
    if (!policy_jws_key(doc, &spki, &err))
        return proposal_refuse(no, PROPOSAL_OPERATION, &err);
    if (span_is(p->instance->trust_model, "Isolated")) {
        if (!check_listed(p, doc, spki, a, chain, &count, no))
            return false;
    } else if (count == 0) {
        err_fail(&err, ERR_MISSING, "REST contract, 7.1",
                 "A key without its certificate counts only where the certificate is listed.");
        return proposal_refuse(no, PROPOSAL_OPERATION, &err);
    }
    if (!policy_jws_verify(p->crypto, doc, &err))
        return proposal_refuse(no, PROPOSAL_OPERATION, &err);
    signer->has_expired = has_expired(chain[0], p->now);
    return proposal_jwk(chain, doc->cert_count > 0 ? doc->cert_count : count, a, &signer->jwk,
                        &err) ||
           proposal_refuse(no, PROPOSAL_OPERATION, &err);
}

static bool admit_unsigned(const struct proposal *p, struct proposal_no *no)
{
    struct err err = { 0 };

    if (!span_is(p->instance->trust_model, "Isolated"))
        return true;
    err_fail(&err, ERR_UNTRUSTED, "REST contract, 7.2",
             "Unsigned JWS specified but enclave is configured with signing certificates.");
    return proposal_refuse(no, PROPOSAL_OPERATION, &err);
}

static bool is_open(const struct proposal *p, struct proposal_no *no)
{
    struct err err = { 0 };

    if (span_is(p->instance->trust_model, "AAD") || span_is(p->instance->trust_model, "Isolated"))
        return true;
    err_fail(&err, ERR_DENIED, "REST contract, 7.2",
             "this instance is shared: what it holds cannot be changed");
    return proposal_refuse(no, PROPOSAL_CALLER, &err);
}

/* In the words that the troubleshooting pages have. */
static bool has_period(const struct proposal *p, struct proposal_no *no)
{
    struct err err = { 0 };

    if (p->jws.n > 0 && memchr(p->jws.p, '.', p->jws.n))
        return true;
    err_fail(&err, ERR_MALFORMED, "RFC 7515, 7.1",
             "Malformed JWT: Could not find first period in the token.");
    return proposal_refuse(no, PROPOSAL_OPERATION, &err);
}

bool proposal_admit(const struct proposal *p, struct arena *a, struct policy_jws *doc,
                    struct proposal_signer *signer, struct proposal_no *no)
{
    struct err err = { 0 };

    *signer = (struct proposal_signer){ 0 };
    if (!is_open(p, no) || !has_period(p, no))
        return false;
    if (!policy_jws_read_signer(p->jws, a, doc, &err))
        return proposal_refuse(no, PROPOSAL_OPERATION, &err);
    return doc->jws.is_unsecured ? admit_unsigned(p, no) : admit_signed(p, a, doc, signer, no);
}
