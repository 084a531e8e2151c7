#include "jwks.h"

#include "../format/der.h"
#include "key_set.h"
#include "report.h"

#include <stdlib.h>

const struct jwk *jwks_find(const struct jwks *k, struct span kid)
{
    for (size_t i = 0; i < k->count; i++)
        if (span_equal(k->items[i].kid, kid))
            return &k->items[i];
    return NULL;
}

/* Tells whether a Name is a single relative name, so that its CN is all of it. */
static bool is_one_rdn(struct span name)
{
    struct err e = { 0 };
    struct reader r = reader_over(name, &e);
    struct reader in = der_enter(&r, DER_SEQUENCE, "name");
    struct reader set = der_enter(&in, DER_SET, "rdn");

    (void)der_take(&set, DER_SEQUENCE, "attribute");
    return reader_join(&in, &set, "rdn") && reader_join(&r, &in, "name") && reader_done(&r);
}

static bool check_kty(const struct json *entry, const struct pubkey *key, struct err *err)
{
    const char *want = pubkey_type(key) == PUBKEY_RSA ? "RSA" : "EC";
    const struct json *kty = json_member(entry, "kty");

    if (!kty || (kty->type == JSON_STRING && span_is(kty->text, want)))
        return true;
    err_fail(err, ERR_MALFORMED, "RFC 7517, 4.1", "must be \"%s\" as the certificate's key is",
             want);
    return err_in(err, "kty");
}

/* Appends the key of an entry; one of a sort or size that is not taken is left out. */
static bool add_key(struct jwks *k, struct crypto *c, const struct json *entry, struct jwk item,
                    const struct cert *leaf, struct err *err)
{
    struct err e = { 0 };

    item.key = pubkey_new_spki(c, leaf->spki, &e);
    if (!item.key) {
        if (!err_is_ours(&e))
            return true;
        return err_fail(err, e.code, e.spec, "%s", e.text);
    }
    k->items[k->count++] = item; /* adopted before it is judged, so that it is freed either way */
    return check_kty(entry, item.key, err);
}

/* Source: the token contract, 10.3 */
static bool is_thumbprint(struct jwks *k, struct crypto *c, struct jwk *item, struct err *err)
{
    struct span thumbprint = { 0 };

    if (!report_kid(c, item->der, &k->arena, &thumbprint, err))
        return false;
    item->is_report = span_equal(item->kid, thumbprint);
    return true;
}

struct reading {
    struct jwks *set;
    struct crypto *c;
};

static bool read_entry(void *arg, const struct json *entry, struct err *err)
{
    struct reading *r = arg;
    struct jwks *k = r->set;
    const struct json *x5c = json_member(entry, "x5c");
    struct jwk item = { 0 };
    struct cert leaf;

    if (!x5c)
        return true;
    if (!key_set_kid(entry, JWKS_KID_MAX, &item.kid, err))
        return false;
    if (item.kid.n > 0 && jwks_find(k, item.kid))
        return key_set_twice(err);
    if (!key_set_leaf(x5c, JWKS_CERTS_MAX, &k->arena, &leaf, err))
        return false;
    item.der = leaf.der;
    item.issuer_cn = leaf.issuer_cn;
    item.subject_cn = leaf.subject_cn;
    item.is_issuer_only_cn = is_one_rdn(leaf.issuer);
    if (!is_thumbprint(k, r->c, &item, err))
        return false;
    return add_key(k, r->c, entry, item, &leaf, err);
}

static bool read_entries(struct jwks *k, struct crypto *c, const struct json *keys, struct err *err)
{
    struct reading r = { k, c };

    if (keys->count > JWKS_KEYS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "holds %zu keys, %d are allowed", keys->count,
                        JWKS_KEYS_MAX);
    k->items = ARENA_ARRAY(&k->arena, struct jwk, keys->count);
    if (!k->items)
        return arena_fail(&k->arena, err);
    return key_set_read(keys, &(struct key_set_reader){ read_entry, &r }, err);
}

bool jwks_fill(struct jwks *k, struct crypto *c, struct span json, struct err *err)
{
    const struct json *keys = NULL;

    return key_set_parse(json, json_limits_default.bytes, &k->arena, &keys, err) &&
           (read_entries(k, c, keys, err) || err_in(err, "keys"));
}

void jwks_fini(struct jwks *k)
{
    for (size_t i = 0; i < k->count; i++)
        pubkey_free(k->items[i].key);
    k->count = 0;
    arena_fini(&k->arena);
}

struct jwks *jwks_new(struct crypto *c, struct span json, struct err *err)
{
    struct jwks *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    k->arena = arena_over(JWKS_MEMORY_MAX);
    if (jwks_fill(k, c, json, err))
        return k;
    jwks_free(k);
    return NULL;
}

void jwks_free(struct jwks *k)
{
    if (!k)
        return;
    jwks_fini(k);
    free(k);
}
