#include "policy_jws.h"

#include "../base/b64.h"
#include "../crypto/cert.h"

#include <stdio.h>

static const char MEMBER[] = "AttestationPolicy";

/* reading */

/* Two client libraries send names that are registered for something else, or not at all. */
static bool read_alg(const struct jws *j, enum sig_alg *out, struct err *err)
{
    char shown[32];

    if (span_is(j->alg, "RS256") || span_is(j->alg, "RSA256")) {
        *out = SIG_RS256;
        return true;
    }
    if (span_is(j->alg, "ES256") || span_is(j->alg, "ECDH256")) {
        *out = SIG_ES256;
        return true;
    }
    snprintf(shown, sizeof shown, "%.*s", (int)(j->alg.n > 24 ? 24 : j->alg.n),
             (const char *)j->alg.p);
    err_fail(err, ERR_UNSUPPORTED, "REST contract, 7.1",
             "policies are signed with RS256 or ES256, not \"%s\"", shown);
    return err_in(err, "alg");
}

static bool read_cert(const struct json *entry, struct arena *a, struct span *out, struct err *err)
{
    if (entry->type != JSON_STRING)
        return err_fail(err, ERR_MALFORMED, "RFC 7515, 4.1.6", "needs a string, found a %s",
                        json_type_name(entry->type));
    return b64_read(a, entry->text, B64_STD, out, err);
}

static bool read_certs(const struct json *list, struct arena *a, struct policy_jws *out,
                       struct err *err)
{
    if (list->type != JSON_ARRAY || list->count == 0 || list->count > POLICY_JWS_CERTS_MAX)
        return err_fail(err, ERR_MALFORMED, "RFC 7515, 4.1.6",
                        "needs an array of one to %d certificates", POLICY_JWS_CERTS_MAX);
    for (const struct json *e = list->child; e; e = e->next) {
        char place[16];

        snprintf(place, sizeof place, "[%zu]", out->cert_count);
        if (!read_cert(e, a, &out->certs[out->cert_count], err))
            return err_in(err, place);
        out->cert_count++;
    }
    return true;
}

static bool read_signer(struct arena *a, struct policy_jws *out, struct err *err)
{
    const struct json *header = out->jws.header_json;
    const struct json *jwk = json_member(header, "jwk");
    const struct json *list = json_member(header, "x5c");

    if (!list)
        list = json_member(jwk, "x5c");
    if (!list)
        return err_fail(err, ERR_MISSING, "REST contract, 7.1",
                        "a signed policy carries its signer's certificate in x5c");
    return read_alg(&out->jws, &out->alg, err) &&
           (read_certs(list, a, out, err) || err_in(err, "x5c"));
}

/* A policy's text is never base64url: it holds semicolons. So one form cannot pass as the other. */
static bool read_text(struct span value, bool takes_plain, struct arena *a, struct policy_jws *out,
                      struct err *err)
{
    struct err why = { 0 };

    if (b64_read(a, value, B64_TOLERANT, &out->text, &why))
        return true;
    if (!takes_plain || why.code != ERR_MALFORMED) {
        *err = why;
        return err_in(err, MEMBER);
    }
    out->text = value;
    out->is_plain = true;
    return true;
}

static bool read_payload(bool takes_plain, struct arena *a, struct policy_jws *out, struct err *err)
{
    const struct json *payload = NULL;
    struct span value = { 0 };

    if (out->jws.payload.n == 0)
        return err_fail(err, ERR_MISSING, "REST contract, 7.4",
                        "is empty: this resets a policy and holds none");
    return json_parse(out->jws.payload, NULL, a, &payload, err) &&
           json_get_string(payload, MEMBER, &value, err) &&
           read_text(value, takes_plain, a, out, err);
}

bool policy_jws_read(struct span jws, bool takes_plain, struct arena *a, struct policy_jws *out,
                     struct err *err)
{
    struct policy_jws p = { 0 };

    if (!jws_parse(jws, a, &p.jws, err))
        return false;
    if (!p.jws.is_unsecured && !read_signer(a, &p, err))
        return err_in(err, "header");
    if (!read_payload(takes_plain, a, &p, err))
        return err_in(err, "payload");
    *out = p;
    return true;
}

bool policy_jws_verify(struct crypto *c, const struct policy_jws *p, struct err *err)
{
    struct cert cert;
    struct pubkey *key;
    bool holds;

    if (p->cert_count == 0)
        return err_fail(err, ERR_UNTRUSTED, "REST contract, 7.1", "the policy is not signed");
    if (!cert_parse(p->certs[0], &cert, err)) {
        err_in(err, "x5c[0]");
        return err_in(err, "header");
    }
    key = pubkey_new_spki(c, cert.spki, err);
    if (!key) {
        err_in(err, "x5c[0]");
        return err_in(err, "header");
    }
    holds = pubkey_verify(c, key, p->alg, p->jws.signing_input, p->jws.signature, err);
    pubkey_free(key);
    return holds || err_in(err, "signature");
}

/* writing */

static struct span header_text(enum sig_alg alg, const struct span *certs, size_t count,
                               struct arena *a)
{
    struct writer w = writer_in(a, 2048);

    if (count == 0)
        return span_str("{\"alg\":\"none\"}");
    write_format(&w, "{\"alg\":\"%s\",\"x5c\":[", sig_alg_name(alg));
    for (size_t i = 0; i < count; i++) {
        write_text(&w, i ? ",\"" : "\"");
        b64_write_std(&w, certs[i]);
        write_u8(&w, '"');
    }
    write_text(&w, "]}");
    return w.has_failed ? (struct span){ 0 } : writer_span(&w);
}

bool policy_jws_input(struct span text, enum sig_alg alg, const struct span *certs,
                      size_t cert_count, struct arena *a, struct span *out, struct err *err)
{
    struct span header = header_text(alg, certs, cert_count, a);
    struct writer payload = writer_in(a, text.n / 3 * 4 + 64);
    struct writer w = writer_in(a, text.n * 2 + header.n * 2 + 64);

    if (!header.p)
        return arena_fail(a, err);
    write_format(&payload, "{\"%s\":\"", MEMBER);
    b64_write_url(&payload, text);
    write_text(&payload, "\"}");
    b64_write_url(&w, header);
    write_u8(&w, '.');
    b64_write_url(&w, writer_span(&payload));
    return payload.has_failed ? arena_fail(a, err) : writer_done(&w, out, err);
}

/* A policy begins with "version" or a comment, never with "ey". */
bool policy_jws_is(struct span text)
{
    size_t dots = 0;

    text = span_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == '.')
            dots++;
        else if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
                 c != '-' && c != '_')
            return false;
    }
    return dots == 2 && span_starts(text, span_str("ey"));
}
