#include "report_key.h"

#include <stdio.h>
#include <string.h>

#include "../crypto/cert.h"
#include "../host/file.h"
#include "../token/report.h"
#include "key_file.h"

#define CONTRACT "the token contract, 10.3"

/* As for instance keys: a key's life is the deployment's, not its certificate's. */
static const int64_t not_before = 1556668800; /* 2019-05-01 00:00:00Z */
static const int64_t not_after = 2556143999;  /* 2050-12-31 23:59:59Z */

enum { OWN_CERTS = 3, NAME_ROOM = 256 };
enum own { LEAF, AUTHORITY, ROOT }; /* in the order of the chain */

static const char *const own_files[OWN_CERTS] = { "report.pem", "report-ca.pem",
                                                  "report-root.pem" };

static bool fail_at(struct err *err, const char *path, enum err_code code, const char *text)
{
    err_fail(err, code, CONTRACT, "%s", text);
    return err_in(err, path);
}

/* ---------------------------------------------------------------- what holds of any chain */

static bool check_link(struct crypto *c, const struct cert *lower, const struct cert *upper,
                       struct err *err)
{
    struct pubkey *key = pubkey_new_spki(c, upper->spki, err);
    bool holds = key && cert_verify(c, lower, key, err);

    pubkey_free(key);
    return holds && (span_equal(lower->issuer, upper->subject) ||
                     err_fail(err, ERR_UNTRUSTED, CONTRACT,
                              "the next certificate's name is not its issuer's"));
}

static bool check_chain(struct crypto *c, const struct span *certs, size_t count, struct err *err)
{
    struct cert lower, upper;

    if (!cert_parse(certs[0], &lower, err))
        return false;
    for (size_t i = 1; i < count; i++) {
        if (!cert_parse(certs[i], &upper, err) || !check_link(c, &lower, &upper, err))
            return false;
        lower = upper;
    }
    return true;
}

static bool check_leaf(const struct report_key *k, struct arena *a, struct err *err)
{
    struct span spki = { 0 };
    struct cert leaf;

    if (signkey_type(k->key) != PUBKEY_RSA)
        return err_fail(err, ERR_UNSUPPORTED, CONTRACT,
                        "the key is not RSA, and report tokens are signed with RS256");
    if (!signkey_spki(k->key, a, &spki, err) || !cert_parse(k->certs[0], &leaf, err))
        return false;
    return span_equal(spki, leaf.spki) ||
           err_fail(err, ERR_MALFORMED, CONTRACT, "the first certificate is of another key");
}

/* ---------------------------------------------------------------- the operator's */

static bool open_given(struct crypto *c, const struct report_wish *wish, struct arena *a,
                       struct report_key *k, struct err *err)
{
    if (!wish->chain_file)
        return fail_at(err, "chain", ERR_MISSING, "a report key needs its chain");
    k->key = key_file_read(c, wish->key_file, err);
    return k->key &&
           cert_file_read(wish->chain_file, REPORT_CERTS_MAX, a, k->certs, &k->cert_count, err) &&
           check_leaf(k, a, err) &&
           (check_chain(c, k->certs, k->cert_count, err) || err_in(err, "chain"));
}

/* ---------------------------------------------------------------- our own */

static bool own_path(const struct report_wish *wish, const char *name, char out[FILE_PATH_MAX],
                     struct err *err)
{
    int n = snprintf(out, FILE_PATH_MAX, "%s/%s", wish->dir, name);

    return (n > 0 && n < FILE_PATH_MAX) ||
           err_fail(err, ERR_LIMIT, NULL, "the path of %s is too long", name);
}

/* The chain on file, when it is of this key and this issuer. */
static bool read_own(struct crypto *c, const struct report_wish *wish, const char *path,
                     struct arena *a, struct report_key *k)
{
    struct err unused = { 0 };
    struct cert leaf;

    return cert_file_read(path, OWN_CERTS, a, k->certs, &k->cert_count, &unused) &&
           k->cert_count == OWN_CERTS && check_leaf(k, a, &unused) &&
           check_chain(c, k->certs, k->cert_count, &unused) &&
           cert_parse(k->certs[LEAF], &leaf, &unused) && span_is(leaf.issuer_cn, wish->issuer);
}

static struct signkey *own_key(struct crypto *c, const struct report_wish *wish, enum own which,
                               struct err *err)
{
    char path[FILE_PATH_MAX];

    if (!own_path(wish, own_files[which], path, err) ||
        (!file_exists(path) && !key_file_make(c, path, SIGNKEY_RSA2048, err)))
        return NULL;
    return key_file_read(c, path, err);
}

/* From the root down, each signed by the one before. */
static bool sign_chain(struct crypto *c, const struct report_wish *wish,
                       struct signkey *const keys[OWN_CERTS], struct arena *a, struct span *certs,
                       struct err *err)
{
    char leaf_name[NAME_ROOM];
    const char *const names[OWN_CERTS] = { leaf_name, wish->issuer, "cupel report root" };

    snprintf(leaf_name, sizeof leaf_name, "%s reports", wish->issuer);
    for (int i = ROOT; i >= LEAF; i--) {
        struct cert_wish cert = { .common_name = names[i],
                                  .serial = i == ROOT ? 1 : (uint64_t)wish->now,
                                  .not_before = not_before,
                                  .not_after = not_after,
                                  .is_ca = i != LEAF };
        struct span above = i == ROOT ? (struct span){ 0 } : certs[i + 1];

        if (!cert_make(c, &cert, keys[i], above, keys[i == ROOT ? ROOT : i + 1], a, &certs[i], err))
            return false;
    }
    return true;
}

static bool make_own(struct crypto *c, const struct report_wish *wish, const char *path,
                     struct arena *a, struct report_key *k, struct err *err)
{
    struct signkey *keys[OWN_CERTS] = { k->key, NULL, NULL };
    bool is_made = true;

    for (int i = AUTHORITY; i <= ROOT && is_made; i++) {
        keys[i] = own_key(c, wish, (enum own)i, err);
        is_made = keys[i] != NULL;
    }
    k->cert_count = OWN_CERTS;
    is_made = is_made && sign_chain(c, wish, keys, a, k->certs, err) &&
              cert_file_write(path, k->certs, k->cert_count, a, err);
    signkey_free(keys[AUTHORITY]);
    signkey_free(keys[ROOT]);
    return is_made;
}

static bool open_own(struct crypto *c, const struct report_wish *wish, struct arena *a,
                     struct report_key *k, struct err *err)
{
    char path[FILE_PATH_MAX];

    if (!own_path(wish, "report.crt", path, err))
        return false;
    k->key = own_key(c, wish, LEAF, err);
    return k->key && (read_own(c, wish, path, a, k) || make_own(c, wish, path, a, k, err));
}

bool report_key_open(struct crypto *c, const struct report_wish *wish, struct arena *a,
                     struct report_key *out, struct err *err)
{
    struct report_key k = { 0 };
    bool is_given = wish->key_file != NULL;

    if ((is_given ? open_given(c, wish, a, &k, err) : open_own(c, wish, a, &k, err)) &&
        report_kid(c, k.certs[0], a, &k.kid, err)) {
        *out = k;
        return true;
    }
    signkey_free(k.key);
    return false;
}
