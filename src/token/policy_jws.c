#include "policy_jws.h"

#include "../base/b64.h"
#include "../crypto/cert.h"
#include "../crypto/spki.h"

#include <stdio.h>

static const char MEMBER[] = "AttestationPolicy";

enum { P256_COORDINATE = 32 };

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

/* A number of a key: base64url of its bytes. */
static bool read_part(const struct json *jwk, const char *name, struct arena *a, struct span *out,
                      struct err *err)
{
    struct span text = { 0 };

    return json_get_string(jwk, name, &text, err) &&
           (b64_read(a, text, B64_URL, out, err) || err_in(err, name));
}

static bool read_rsa(const struct json *jwk, struct arena *a, struct spki *out, struct err *err)
{
    out->kind = SPKI_RSA;
    return read_part(jwk, "n", a, &out->modulus, err) &&
           read_part(jwk, "e", a, &out->exponent, err);
}

static bool read_p256(const struct json *jwk, struct arena *a, struct spki *out, struct err *err)
{
    struct span x = { 0 }, y = { 0 };
    struct writer w = writer_in(a, 2 * P256_COORDINATE);

    if (!read_part(jwk, "x", a, &x, err) || !read_part(jwk, "y", a, &y, err))
        return false;
    if (x.n != P256_COORDINATE || y.n != P256_COORDINATE)
        return err_fail(err, ERR_MALFORMED, "RFC 7518, 6.2.1.2",
                        "coordinates of P-256 have 32 bytes, found %zu and %zu", x.n, y.n);
    write_bytes(&w, x);
    write_bytes(&w, y);
    out->kind = SPKI_P256;
    return writer_done(&w, &out->point, err);
}

/* The key that a jwk spells out, where it does. */
static bool read_bare_key(const struct json *jwk, struct arena *a, struct span *out,
                          struct err *err)
{
    struct spki key = { 0 };
    bool is_rsa = json_member(jwk, "n") != NULL;

    if (!is_rsa && !json_member(jwk, "x"))
        return true;
    return (is_rsa ? read_rsa(jwk, a, &key, err) : read_p256(jwk, a, &key, err)) &&
           spki_write(&key, a, out, err);
}

/* Two lists of certificates: which one counts would be anybody's guess. */
static bool find_certs(const struct json *header, const struct json *jwk, const struct json **out,
                       struct err *err)
{
    const struct json *own = json_member(header, "x5c"), *inner = json_member(jwk, "x5c");

    if (own && inner && !span_equal(own->raw, inner->raw))
        return err_fail(err, ERR_MALFORMED, "RFC 7515, 4.1.6",
                        "the header and its jwk name different certificates");
    *out = own ? own : inner;
    return true;
}

static bool read_signer(struct arena *a, struct policy_jws *out, struct err *err)
{
    const struct json *header = out->jws.header_json;
    const struct json *jwk = json_member(header, "jwk"), *list = NULL;

    if (!read_alg(&out->jws, &out->alg, err) || !find_certs(header, jwk, &list, err))
        return false;
    if (!read_bare_key(jwk, a, &out->bare_key, err))
        return err_in(err, "jwk");
    if (!list && out->bare_key.n == 0)
        return err_fail(err, ERR_MISSING, "REST contract, 7.1",
                        "a signed policy carries its signer's certificate in x5c");
    return !list || read_certs(list, a, out, err) || err_in(err, "x5c");
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

static bool read_payload(struct policy_jws *p, bool takes_plain, struct arena *a, struct err *err)
{
    const struct json *payload = NULL;
    struct span value = { 0 };

    if (p->jws.payload.n == 0)
        return err_fail(err, ERR_MISSING, "REST contract, 7.4",
                        "is empty: this resets a policy and holds none");
    return json_parse(p->jws.payload, NULL, a, &payload, err) &&
           json_get_string(payload, MEMBER, &value, err) &&
           read_text(value, takes_plain, a, p, err);
}

bool policy_jws_read_signer(struct span jws, struct arena *a, struct policy_jws *out,
                            struct err *err)
{
    struct policy_jws p = { 0 };

    if (!jws_parse(jws, a, &p.jws, err))
        return false;
    if (!p.jws.is_unsecured && !read_signer(a, &p, err))
        return err_in(err, "header");
    *out = p;
    return true;
}

bool policy_jws_read_text(struct policy_jws *p, bool takes_plain, struct arena *a, struct err *err)
{
    return read_payload(p, takes_plain, a, err) || err_in(err, "payload");
}

bool policy_jws_read(struct span jws, bool takes_plain, struct arena *a, struct policy_jws *out,
                     struct err *err)
{
    struct policy_jws p = { 0 };

    if (!policy_jws_read_signer(jws, a, &p, err) || !policy_jws_read_text(&p, takes_plain, a, err))
        return false;
    *out = p;
    return true;
}

static bool fail_cert(struct err *err)
{
    err_in(err, "x5c[0]");
    return err_in(err, "header");
}

bool policy_jws_key(const struct policy_jws *p, struct span *spki, struct err *err)
{
    struct cert cert;

    if (p->cert_count == 0 && p->bare_key.n == 0)
        return err_fail(err, ERR_UNTRUSTED, "REST contract, 7.1", "the policy is not signed");
    if (p->cert_count == 0) {
        *spki = p->bare_key;
        return true;
    }
    if (!cert_parse(p->certs[0], &cert, err))
        return fail_cert(err);
    if (p->bare_key.n > 0 && !span_equal(p->bare_key, cert.spki))
        return err_fail(err, ERR_UNTRUSTED, "RFC 7515, 4.1.6",
                        "the key in jwk is not that of the certificate in x5c") ||
               err_in(err, "header");
    *spki = cert.spki;
    return true;
}

bool policy_jws_verify(struct crypto *c, const struct policy_jws *p, struct err *err)
{
    struct span spki = { 0 };
    struct pubkey *key;
    bool holds;

    if (!policy_jws_key(p, &spki, err))
        return false;
    key = pubkey_new_spki(c, spki, err);
    if (!key)
        return p->cert_count > 0 ? fail_cert(err) : err_in(err, "jwk") || err_in(err, "header");
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
