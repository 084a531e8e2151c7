#include "bearer.h"

#include <string.h>

#include "../base/utf8.h"
#include "../base/when.h"
#include "../format/jws.h"
#include "signed.h"

/* --- the header --- */

/* No honest access token needs to bring a key, or say where to get one. */
static bool check_brings_no_key(const struct json *header, struct err *err)
{
    static const struct {
        const char *name, *path;
    } rows[] = { { "jwk", "header.jwk" },
                 { "x5c", "header.x5c" },
                 { "jku", "header.jku" },
                 { "x5u", "header.x5u" } };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (json_member(header, rows[i].name))
            return signed_fail(err, rows[i].path, ERR_UNTRUSTED, "RFC 8725, 3.10",
                               "the token brings its own key, or says where one is");
    return true;
}

static bool check_typ(const struct json *header, struct err *err)
{
    static const char *const taken[] = { "JWT", "at+jwt", "application/at+jwt" };
    const struct json *typ = json_member(header, "typ");

    if (!typ)
        return true;
    for (size_t i = 0; typ->type == JSON_STRING && i < COUNT(taken); i++)
        if (span_is_nocase(typ->text, taken[i]))
            return true;
    return signed_fail(err, "header.typ", ERR_UNTRUSTED, "RFC 9068, 4", "is not an access token's");
}

/* --- whose it is --- */

static bool find_issuer(const struct json *payload, const struct bearer_rules *rules, size_t *out,
                        struct err *err)
{
    struct span iss = { 0 };
    char shown[80];

    if (!json_get_string(payload, "iss", &iss, err))
        return false;
    for (size_t i = 0; i < rules->issuer_count; i++)
        if (span_equal(rules->issuers[i].issuer, iss)) {
            *out = i;
            return true;
        }
    err_fail(err, ERR_UNTRUSTED, "RFC 9068, 4", "\"%s\" is not an issuer whose tokens are taken",
             utf8_show(iss, shown, sizeof shown));
    return err_in(err, "iss");
}

static bool find_key(const struct json *header, const struct issuer_keys *keys,
                     const struct issuer_key **out, struct err *err)
{
    struct span kid = { 0 };
    char shown[48];

    if (!keys)
        return signed_fail(err, "issuer.keys", ERR_MISSING, NULL,
                           "no keys of this issuer are held");
    if (!json_member(header, "kid") && keys->count == 1) {
        *out = &keys->items[0];
        return true;
    }
    if (!json_get_string(header, "kid", &kid, err))
        return err_in(err, "header");
    *out = kid.n > 0 ? issuer_keys_find(keys, kid) : NULL;
    if (*out)
        return true;
    err_fail(err, ERR_MISSING, "RFC 7515, 4.1.4", "\"%s\" is no key of this issuer that is held",
             utf8_show(kid, shown, sizeof shown));
    return err_in(err, "header.kid");
}

/* "Each key MUST be used with exactly one algorithm" (RFC 8725, 3.1), where the set says which. */
static bool check_key_alg(const struct issuer_key *k, enum sig_alg alg, struct err *err)
{
    if (!k->has_alg || k->alg == alg)
        return true;
    err_fail(err, ERR_UNTRUSTED, "RFC 8725, 3.1", "is %s, and the key that kid names is for %s",
             sig_alg_name(alg), sig_alg_name(k->alg));
    return err_in(err, "header.alg");
}

/* --- what it says --- */

static bool is_ours(struct span text, const struct bearer_rules *rules)
{
    for (size_t i = 0; i < rules->audience_count; i++)
        if (span_equal(text, rules->audiences[i]))
            return true;
    return false;
}

/*= RFC 7519, 4.1.3 */
/*# If the principal processing the claim does not identify itself with a value in the "aud" claim
 *# when this claim is present, then the JWT MUST be rejected. */
static bool check_audience(const struct json *payload, const struct bearer_rules *rules,
                           struct err *err)
{
    const struct json *aud = json_member(payload, "aud");

    if (!aud)
        return signed_fail(err, "aud", ERR_UNTRUSTED, "RFC 9068, 4", "is missing");
    if (aud->type == JSON_STRING && is_ours(aud->text, rules))
        return true;
    for (const struct json *v = aud->type == JSON_ARRAY ? aud->child : NULL; v; v = v->next)
        if (v->type == JSON_STRING && is_ours(v->text, rules))
            return true;
    return signed_fail(err, "aud", ERR_UNTRUSTED, "RFC 7519, 4.1.3",
                       "the token is for somebody else than this service");
}

/* A moment that must not lie in the future; it may be missing. */
static bool check_begun(const struct json *payload, const char *name, int64_t latest,
                        struct err *err)
{
    char a[WHEN_TEXT], b[WHEN_TEXT];
    int64_t t = 0;

    if (!json_member(payload, name))
        return true;
    if (!json_get_int(payload, name, &t, err))
        return false;
    if (t <= latest)
        return true;
    err_fail(err, ERR_UNTRUSTED, "RFC 7519, 4.1.5", "is %s, judged at %s with skew", when_str(t, a),
             when_str(latest, b));
    return err_in(err, name);
}

static bool check_not_ended(const struct json *payload, int64_t earliest, struct err *err)
{
    char a[WHEN_TEXT], b[WHEN_TEXT];
    int64_t expires = 0;

    if (!json_get_int(payload, "exp", &expires, err))
        return false;
    if (earliest < expires)
        return true;
    err_fail(err, ERR_STALE, "RFC 7519, 4.1.4", "ended %s, judged at %s with skew",
             when_str(expires, a), when_str(earliest, b));
    return err_in(err, "exp");
}

static bool check_claims(const struct json *payload, const struct bearer_rules *rules, int64_t now,
                         struct err *err)
{
    return check_audience(payload, rules, err) &&
           check_begun(payload, "nbf", now + rules->skew, err) &&
           check_begun(payload, "iat", now + rules->skew, err) &&
           check_not_ended(payload, now - rules->skew, err);
}

/* --- all of it --- */

static bool read_payload(struct span text, struct arena *a, const struct json **out,
                         struct err *err)
{
    if (!json_parse(text, NULL, a, out, err))
        return false;
    return (*out)->type == JSON_OBJECT ||
           err_fail(err, ERR_MALFORMED, "RFC 7519, 7.2", "must be an object, found %s",
                    json_type_name((*out)->type));
}

static bool parse(struct span token, struct arena *a, struct jws *jws, struct bearer *out,
                  struct err *err)
{
    if (token.n > BEARER_BYTES_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "is %zu characters long, %d are allowed", token.n,
                        BEARER_BYTES_MAX);
    if (!jws_parse(token, a, jws, err))
        return false;
    return read_payload(jws->payload, a, &out->payload, err) || err_in(err, "payload");
}

static bool check_signature(struct crypto *c, const struct jws *jws, const struct issuer_key *k,
                            enum sig_alg alg, struct err *err)
{
    struct err e = { 0 };

    if (pubkey_verify(c, k->key, alg, jws->signing_input, jws->signature, &e))
        return true;
    if (err_is_ours(&e))
        return err_fail(err, e.code, e.spec, "%s", e.text);
    return signed_fail(err, "signature", ERR_UNTRUSTED, "RFC 7515, 5.2",
                       "was not made by the issuer's key that kid names");
}

bool bearer_verify(struct crypto *c, struct span token, const struct bearer_rules *rules,
                   int64_t now, struct arena *a, struct bearer *out, struct err *err)
{
    const struct issuer_key *key = NULL;
    struct bearer b = { 0 };
    enum sig_alg alg;
    struct jws jws;

    if (!parse(token, a, &jws, &b, err))
        return false;
    if (!signed_alg(&jws, "access tokens", &alg, err) ||
        !check_brings_no_key(jws.header_json, err) || !check_typ(jws.header_json, err) ||
        !find_issuer(b.payload, rules, &b.issuer, err))
        return false;
    if (!find_key(jws.header_json, rules->issuers[b.issuer].keys, &key, err)) {
        out->issuer = b.issuer;
        return false;
    }
    if (!check_key_alg(key, alg, err) || !check_signature(c, &jws, key, alg, err) ||
        !check_claims(b.payload, rules, now, err))
        return false;
    *out = b;
    return true;
}

/* --- claims --- */

static const struct json *member_of(const struct json *object, struct span name)
{
    for (const struct json *m = object->type == JSON_OBJECT ? object->child : NULL; m; m = m->next)
        if (span_equal(m->name, name))
            return m;
    return NULL;
}

const struct json *bearer_claim(const struct json *payload, struct span name)
{
    const struct json *found = member_of(payload, name);

    while (!found && payload && name.n > 0) {
        const uint8_t *dot = memchr(name.p, '.', name.n);
        size_t n = dot ? (size_t)(dot - name.p) : name.n;

        payload = member_of(payload, span_part(name, 0, n));
        name = span_part(name, n + 1, SIZE_MAX);
        if (!dot)
            return payload;
    }
    return found;
}

static bool has_word(struct span text, struct span word)
{
    while (text.n > 0) {
        const uint8_t *space = memchr(text.p, ' ', text.n);
        size_t n = space ? (size_t)(space - text.p) : text.n;

        if (span_equal(span_part(text, 0, n), word))
            return true;
        text = span_part(text, n + 1, SIZE_MAX);
    }
    return false;
}

bool bearer_claim_has(const struct json *payload, struct span name, struct span value)
{
    const struct json *claim = bearer_claim(payload, name);
    bool is_words = span_is(name, "scp") || span_is(name, "scope");

    if (!claim || value.n == 0)
        return false;
    if (claim->type == JSON_STRING)
        return is_words ? has_word(claim->text, value) : span_equal(claim->text, value);
    for (const struct json *v = claim->type == JSON_ARRAY ? claim->child : NULL; v; v = v->next)
        if (v->type == JSON_STRING && span_equal(v->text, value))
            return true;
    return false;
}

struct span bearer_subject(const struct json *payload)
{
    static const char *const names[] = { "oid", "sub", "appid", "azp", "client_id" };

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct json *m = json_member(payload, names[i]);

        if (m && m->type == JSON_STRING && m->text.n > 0)
            return m->text;
    }
    return (struct span){ 0 };
}
