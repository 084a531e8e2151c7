#include "issuer_keys.h"

#include <stdlib.h>

#include "../base/b64.h"
#include "../crypto/spki.h"
#include "key_set.h"

enum { P256_HALF = 32, P384_HALF = 48 };

/* What is read of an entry before it is known to be of use. */
struct reading {
    struct issuer_keys *set;
    struct crypto *c;
    struct arena *arena;
    const struct json *entry;
};

const struct issuer_key *issuer_keys_find(const struct issuer_keys *k, struct span kid)
{
    for (size_t i = 0; i < k->count; i++)
        if (span_equal(k->items[i].kid, kid))
            return &k->items[i];
    return NULL;
}

/* --- what an entry is for --- */

static bool is_text(const struct json *value, const char *text)
{
    return value->type == JSON_STRING && span_is(value->text, text);
}

static bool lists(const struct json *array, const char *text)
{
    for (const struct json *v = array->child; v; v = v->next)
        if (is_text(v, text))
            return true;
    return false;
}

/* A key that says it is for something else than verifying is not used for it. */
static bool is_for_us(const struct json *entry, struct issuer_key *out)
{
    const struct json *use = json_member(entry, "use"), *ops = json_member(entry, "key_ops"),
                      *alg = json_member(entry, "alg");

    if ((use && !is_text(use, "sig")) || (ops && !lists(ops, "verify")))
        return false;
    out->has_alg = alg != NULL;
    return !alg || (alg->type == JSON_STRING && sig_alg_find(alg->text, &out->alg));
}

/* --- the key --- */

static bool read_number(const struct reading *r, const char *name, struct span *out,
                        struct err *err)
{
    struct span text = { 0 };

    if (!json_get_string(r->entry, name, &text, err))
        return false;
    if (!b64_read(r->arena, text, B64_URL, out, err))
        return err_in(err, name);
    while (out->n > 1 && out->p[0] == 0)
        *out = span_part(*out, 1, SIZE_MAX);
    return out->n > 0 || err_fail(err, ERR_MALFORMED, "RFC 7518, 6", "is empty") ||
           err_in(err, name);
}

static bool read_rsa(const struct reading *r, struct span *spki, struct err *err)
{
    struct spki key = { .kind = SPKI_RSA };

    return read_number(r, "n", &key.modulus, err) && read_number(r, "e", &key.exponent, err) &&
           spki_write(&key, r->arena, spki, err);
}

/*= RFC 7518, 6.2.1.2 */
/*# The length of this octet string MUST be the full size of a coordinate for the curve specified in
 *# the "crv" parameter. */
static bool read_half(const struct reading *r, const char *name, size_t size, struct writer *w,
                      struct err *err)
{
    struct span text = { 0 }, half = { 0 };

    if (!json_get_string(r->entry, name, &text, err))
        return false;
    if (!b64_read(r->arena, text, B64_URL, &half, err))
        return err_in(err, name);
    write_bytes(w, half);
    return half.n == size ||
           err_fail(err, ERR_MALFORMED, "RFC 7518, 6.2.1.2", "is %zu bytes long, not %zu", half.n,
                    size) ||
           err_in(err, name);
}

/* A curve that is not used here leaves spki empty. */
static bool read_ec(const struct reading *r, struct span *spki, struct err *err)
{
    struct writer w = writer_in(r->arena, 2 * P384_HALF);
    struct spki key = { 0 };
    struct span crv = { 0 };
    size_t size;

    if (!json_get_string(r->entry, "crv", &crv, err))
        return false;
    if (!span_is(crv, "P-256") && !span_is(crv, "P-384"))
        return true;
    key.kind = span_is(crv, "P-256") ? SPKI_P256 : SPKI_P384;
    size = key.kind == SPKI_P256 ? P256_HALF : P384_HALF;
    return read_half(r, "x", size, &w, err) && read_half(r, "y", size, &w, err) &&
           writer_done(&w, &key.point, err) && spki_write(&key, r->arena, spki, err);
}

/*= RFC 7517, 4.7 */
/*# The key in the first certificate MUST match the public key represented by other members of the
 *# JWK. */
static bool check_leaf(struct span bare, struct span leaf, struct err *err)
{
    return bare.n == 0 || leaf.n == 0 || span_equal(bare, leaf) ||
           err_fail(err, ERR_UNTRUSTED, "RFC 7517, 4.7", "the certificate is of another key") ||
           err_in(err, "x5c");
}

/* The key as SubjectPublicKeyInfo; empty when it is of a sort that is not used. */
static bool read_spki(const struct reading *r, struct span *out, struct err *err)
{
    const struct json *x5c = json_member(r->entry, "x5c");
    struct span kty = { 0 }, bare = { 0 };
    struct cert leaf = { 0 };
    bool is_rsa, is_ec;

    if (!json_get_string(r->entry, "kty", &kty, err))
        return false;
    is_rsa = span_is(kty, "RSA");
    is_ec = span_is(kty, "EC");
    if (!is_rsa && !is_ec)
        return true;
    if (x5c && !key_set_leaf(x5c, SIZE_MAX, r->arena, &leaf, err))
        return false;
    if (is_rsa && (!x5c || json_member(r->entry, "n")) && !read_rsa(r, &bare, err))
        return false;
    if (is_ec && (!x5c || json_member(r->entry, "x")) && !read_ec(r, &bare, err))
        return false;
    *out = bare.n > 0 ? bare : leaf.spki;
    return check_leaf(bare, leaf.spki, err);
}

/* --- the set --- */

static bool read_entry(void *arg, const struct json *entry, struct err *err)
{
    struct reading *r = arg;
    struct issuer_keys *k = r->set;
    struct issuer_key item = { 0 };
    struct span spki = { 0 };
    struct err e = { 0 };

    r->entry = entry;
    if (json_member(entry, "d"))
        return err_fail(err, ERR_UNTRUSTED, "RFC 7518, 6.2.2", "the set tells a private key");
    if (!is_for_us(entry, &item))
        return true;
    if (!read_spki(r, &spki, err))
        return false;
    if (spki.n == 0)
        return true;
    if (!key_set_kid(entry, ISSUER_KID_MAX, &item.kid, err))
        return false;
    if (item.kid.n > 0 && issuer_keys_find(k, item.kid))
        return key_set_twice(err);
    item.key = pubkey_new_spki(r->c, spki, &e);
    if (item.key)
        k->items[k->count++] = item;
    else if (err_is_ours(&e))
        return err_fail(err, e.code, e.spec, "%s", e.text);
    return true;
}

static bool read_entries(struct issuer_keys *k, struct crypto *c, const struct json *keys,
                         struct err *err)
{
    struct reading r = { .set = k, .c = c, .arena = &k->arena };

    if (keys->count > ISSUER_KEYS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "holds %zu keys, %d are allowed", keys->count,
                        ISSUER_KEYS_MAX);
    k->items = ARENA_ARRAY(&k->arena, struct issuer_key, keys->count);
    if (!k->items)
        return arena_fail(&k->arena, err);
    if (!key_set_read(keys, &(struct key_set_reader){ read_entry, &r }, err))
        return false;
    return k->count > 0 ||
           err_fail(err, ERR_MISSING, NULL, "holds no key that access tokens are signed with");
}

static bool fill(struct issuer_keys *k, struct crypto *c, struct span json, struct err *err)
{
    const struct json *keys = NULL;

    return key_set_parse(json, ISSUER_KEYS_BYTES_MAX, &k->arena, &keys, err) &&
           (read_entries(k, c, keys, err) || err_in(err, "keys"));
}

struct issuer_keys *issuer_keys_new(struct crypto *c, struct span json, struct err *err)
{
    struct issuer_keys *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    k->arena = arena_over(ISSUER_KEYS_MEMORY);
    if (fill(k, c, json, err))
        return k;
    issuer_keys_free(k);
    return NULL;
}

void issuer_keys_free(struct issuer_keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        pubkey_free(k->items[i].key);
    arena_fini(&k->arena);
    free(k);
}
