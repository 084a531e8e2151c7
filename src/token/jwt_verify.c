/* What a relying party does with a token: the first failure, in a fixed order, is the one reported.
 */
#include "../base/utf8.h"
#include "../base/when.h"
#include "../format/jws.h"
#include "jwks.h"
#include "signed.h"

#include <string.h>

static bool payload_object(struct span payload, struct arena *a, const struct json **out,
                           struct err *err)
{
    if (!json_parse(payload, NULL, a, out, err))
        return false;
    if ((*out)->type == JSON_OBJECT)
        return true;
    return err_fail(err, ERR_MALFORMED, "RFC 7519, 7.2", "must be an object, found %s",
                    json_type_name((*out)->type));
}

static bool parse(struct span token, struct arena *a, struct jws *jws, struct jwt_parts *out,
                  struct err *err)
{
    const struct json *payload = NULL;

    if (!jws_parse(token, a, jws, err))
        return false;
    if (!payload_object(jws->payload, a, &payload, err))
        return err_in(err, "payload");
    *out = (struct jwt_parts){
        .signing_input = jws->signing_input,
        .header = jws->header,
        .payload = jws->payload,
        .signature = jws->signature,
        .header_json = jws->header_json,
        .payload_json = payload,
    };
    return true;
}

bool jwt_parse(struct span token, struct arena *a, struct jwt_parts *out, struct err *err)
{
    struct jws jws;

    return parse(token, a, &jws, out, err);
}

static bool check_typ(const struct json *header, struct err *err)
{
    const struct json *typ = json_member(header, "typ");

    if (!typ || (typ->type == JSON_STRING && span_is_nocase(typ->text, "JWT")))
        return true;
    return signed_fail(err, "header.typ", ERR_UNTRUSTED, "RFC 8725, 3.11", "is not \"JWT\"");
}

/* signature */

struct signed_by {
    struct crypto *c;
    const struct jws *jws;
    enum sig_alg alg;
};

/* Tells whether the key made the signature; a failure that is not an answer goes to err. */
static bool made_by(const struct signed_by *s, const struct jwk *k, struct err *err)
{
    struct err e = { 0 };

    if (pubkey_verify(s->c, k->key, s->alg, s->jws->signing_input, s->jws->signature, &e))
        return true;
    if (err_is_ours(&e))
        err_fail(err, e.code, e.spec, "%s", e.text);
    return false;
}

static bool find_by_kid(const struct json *header, const struct jwks *keys, const struct jwk **out,
                        struct err *err)
{
    struct span kid = { 0 };

    if (!json_member(header, "kid"))
        return true;
    if (!json_get_string(header, "kid", &kid, err))
        return err_in(err, "header");
    *out = kid.n > 0 ? jwks_find(keys, kid) : NULL;
    return true;
}

/* The key that the kid names, or else any of the published ones: never one that the token brings.
 */
static bool check_signature(const struct signed_by *s, const struct jwks *keys,
                            const struct jwk **signer, struct err *err)
{
    const struct jwk *named = NULL;
    size_t from, to;

    if (!find_by_kid(s->jws->header_json, keys, &named, err))
        return false;
    from = named ? (size_t)(named - keys->items) : 0;
    to = named ? from + 1 : keys->count;
    for (size_t i = from; i < to; i++)
        if (made_by(s, &keys->items[i], err)) {
            *signer = &keys->items[i];
            return true;
        }
    return signed_fail(err, "signature", ERR_UNTRUSTED, "RFC 7515, 5.2",
                       named ? "was not made by the key that kid names"
                             : "was made by none of the published keys");
}

/* claims */

static bool equal_nocase(struct span a, struct span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        uint8_t x = a.p[i], y = b.p[i];

        if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    return true;
}

static bool check_issuer(const struct json *payload, const struct jwk *signer, struct span want,
                         struct err *err)
{
    struct span iss = { 0 };

    if (!json_get_string(payload, "iss", &iss, err))
        return false;
    if (want.n == 0)
        return true;
    if (!span_equal(iss, want))
        return signed_fail(err, "iss", ERR_UNTRUSTED, "RFC 7519, 4.1.1",
                           "is not the instance that was asked");
    if (signer->is_report) /* its authority is the operator's choice, and publishing is enough */
        return true;
    if (!signer->is_issuer_only_cn || !equal_nocase(signer->issuer_cn, iss))
        return signed_fail(err, "certificate.issuer", ERR_UNTRUSTED, "tokens, 10.1",
                           "the certificate of the signing key was not issued in the name of iss");
    return true;
}

/* A key under an authority signs reports of measured boots, and can make nothing else true. */
static bool check_use(const struct json *payload, const struct jwk *signer, struct err *err)
{
    const struct json *type = json_member(payload, "x-ms-attestation-type");

    if (!signer->is_report || (type && type->type == JSON_STRING &&
                               (span_is(type->text, "tpm") || span_is(type->text, "vbs"))))
        return true;
    return signed_fail(err, "signature", ERR_UNTRUSTED, "the token contract, 10.3",
                       "is of a key that signs reports of measured boots only");
}

static bool check_times(const struct json *payload, int64_t now, struct err *err)
{
    char a[WHEN_TEXT], b[WHEN_TEXT];
    int64_t not_before = 0, expires = 0;

    /*= RFC 7519, 4.1.5 */
    /*# The "nbf" (not before) claim identifies the time before which the JWT MUST NOT be accepted
     *# for processing. */
    if (!json_get_int(payload, "nbf", &not_before, err))
        return false;
    if (now < not_before) {
        err_fail(err, ERR_UNTRUSTED, "RFC 7519, 4.1.5", "is valid from %s on, judged at %s",
                 when_str(not_before, a), when_str(now, b));
        return err_in(err, "nbf");
    }
    /*= RFC 7519, 4.1.4 */
    /*# The "exp" (expiration time) claim identifies the expiration time on or after which the JWT
     *# MUST NOT be accepted for processing. */
    if (!json_get_int(payload, "exp", &expires, err))
        return false;
    if (now >= expires) {
        err_fail(err, ERR_STALE, "RFC 7519, 4.1.4", "ended %s, judged at %s", when_str(expires, a),
                 when_str(now, b));
        return err_in(err, "exp");
    }
    return true;
}

static bool is_attestation(const struct json *payload)
{
    const struct json *type = json_member(payload, "x-ms-attestation-type");
    const struct json *ver = json_member(payload, "x-ms-ver");

    return type && type->type == JSON_STRING && ver && ver->type == JSON_STRING;
}

/* An answer to management of policies and certificates: what it tells has a name of its own, and
 * what every attestation token has is absent. */
static bool is_management(const struct json *payload)
{
    static const char *const tells[] = { "x-ms-policy", "x-ms-policy-result",
                                         "x-ms-policy-certificates", "aas-policyCertificates",
                                         "x-ms-policycertificates-result" };

    if (json_member(payload, "x-ms-attestation-type") || json_member(payload, "jti"))
        return false;
    for (size_t i = 0; i < COUNT(tells); i++)
        if (json_member(payload, tells[i]))
            return true;
    return false;
}

/* One key signs both kinds, so the kind is asked of the claims. */
static bool check_kind(const struct json *payload, bool want_management, struct err *err)
{
    if (want_management ? is_management(payload) : is_attestation(payload))
        return true;
    return signed_fail(err, "kind", ERR_UNTRUSTED, "RFC 8725, 3.12",
                       want_management ? "is not an answer about policies or their certificates"
                                       : "is not the result of an attestation");
}

bool jwt_verify(struct crypto *c, struct span token, const struct jwks *keys,
                const struct jwt_check_wish *wish, struct arena *a, struct jwt_parts *out,
                struct err *err)
{
    const struct jwk *signer = NULL;
    struct jwt_parts parts;
    struct jws jws;
    struct signed_by s = { .c = c, .jws = &jws };

    if (!parse(token, a, &jws, &parts, err))
        return false;
    if (!signed_alg(&jws, "tokens", &s.alg, err) || !check_typ(jws.header_json, err) ||
        !check_signature(&s, keys, &signer, err))
        return false;
    if (!check_use(parts.payload_json, signer, err) ||
        !check_issuer(parts.payload_json, signer, wish->issuer, err) ||
        !check_times(parts.payload_json, wish->now, err) ||
        !check_kind(parts.payload_json, wish->is_management, err))
        return false;
    *out = parts;
    return true;
}
