#include "keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../crypto/cert.h"
#include "../host/file.h"
#include "../token/jwt.h"
#include "key_file.h"
#include "manifest.h"

enum {
    MEMORY_MAX_BYTES = 16 * 1024 * 1024, /* a file is read in large pieces */
    MANIFEST_FILE_MAX = 65536
};

/* The certificate's validity says nothing: the key's life is in the manifest. Source: tokens 10.1
 */
static const int64_t cert_not_before = 1556668800; /* 2019-05-01 00:00:00Z */
static const int64_t cert_not_after = 2556143999;  /* 2050-12-31 23:59:59Z */

struct keyring {
    struct arena arena;
    struct crypto *crypto;
    size_t count;
    struct keyring_key keys[KEYRING_PUBLISHED_MAX];
    struct signkey *private_keys[KEYRING_PUBLISHED_MAX];
};

static bool is_rsa(enum sig_alg alg)
{
    return alg == SIG_RS256 || alg == SIG_PS256;
}

static size_t bits_wished(const struct keyring_wish *wish)
{
    if (is_rsa(wish->alg))
        return wish->rsa_bits;
    return wish->alg == SIG_ES256 ? 256 : 384;
}

static bool kind_wished(enum sig_alg alg, size_t bits, enum signkey_kind *out, struct err *err)
{
    /* clang-format off */
    static const struct { enum sig_alg alg; size_t bits; enum signkey_kind kind; } rows[] = {
        { SIG_RS256, 2048, SIGNKEY_RSA2048 }, { SIG_RS256, 3072, SIGNKEY_RSA3072 },
        { SIG_PS256, 2048, SIGNKEY_RSA2048 }, { SIG_PS256, 3072, SIGNKEY_RSA3072 },
        { SIG_ES256, 256,  SIGNKEY_P256 },    { SIG_ES384, 384,  SIGNKEY_P384 },
    };
    /* clang-format on */

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].alg == alg && rows[i].bits == bits) {
            *out = rows[i].kind;
            return true;
        }
    }
    return err_fail(err, ERR_UNSUPPORTED, NULL, "%s with %zu bits is not offered",
                    sig_alg_name(alg), bits);
}

static bool path_of(char out[FILE_PATH_MAX], const char *dir, const char *name, const char *ending,
                    struct err *err)
{
    int n = snprintf(out, FILE_PATH_MAX, "%s/%s%s", dir, name, ending);

    return (n > 0 && n < FILE_PATH_MAX) ||
           err_fail(err, ERR_LIMIT, NULL, "the path of %s%s is too long", name, ending);
}

static bool key_fits(const struct signkey *key, const struct manifest_key *row, struct err *err)
{
    enum pubkey_type type = signkey_type(key);
    bool is_fit = is_rsa(row->alg)        ? type == PUBKEY_RSA
                  : row->alg == SIG_ES256 ? type == PUBKEY_P256
                                          : type == PUBKEY_P384;

    return (is_fit && signkey_bits(key) == row->bits) ||
           err_fail(err, ERR_MALFORMED, NULL,
                    "%s.pem is not the %s key of %zu bits that keys.json "
                    "says",
                    row->name, sig_alg_name(row->alg), row->bits);
}

static struct signkey *key_load(struct crypto *c, const char *dir, const struct manifest_key *row,
                                struct err *err)
{
    char path[FILE_PATH_MAX];
    struct signkey *key;

    if (!path_of(path, dir, row->name, ".pem", err))
        return NULL;
    key = key_file_read(c, path, err);
    if (key && !key_fits(key, row, err)) {
        signkey_free(key);
        key = NULL;
    }
    return key;
}

static bool key_make(struct crypto *c, const char *dir, const struct manifest_key *row,
                     struct err *err)
{
    enum signkey_kind kind = SIGNKEY_RSA2048;
    char path[FILE_PATH_MAX];

    return kind_wished(row->alg, row->bits, &kind, err) &&
           path_of(path, dir, row->name, ".pem", err) && key_file_make(c, path, kind, err);
}

/* Tells whether the certificate on file is about this key and this issuer. */
static bool cert_is_ours(struct span der, const char *issuer, struct span spki)
{
    struct err unused = { 0 };
    struct cert cert;

    return cert_parse(der, &cert, &unused) && span_is(cert.subject_cn, issuer) &&
           span_equal(cert.issuer, cert.subject) && span_equal(cert.spki, spki);
}

/* The certificate on file, or a new one where there is none that is ours. A file that does not
 * parse is replaced, too: nothing is lost by it. */
static bool cert_load(struct keyring *k, const char *dir, const char *name, const char *issuer,
                      struct span spki, size_t i, struct err *err)
{
    struct cert_wish wish = { .common_name = issuer,
                              .serial = 1,
                              .not_before = cert_not_before,
                              .not_after = cert_not_after };
    struct err unused = { 0 };
    char path[FILE_PATH_MAX];
    struct span der;
    size_t count = 0;

    if (!path_of(path, dir, name, ".crt", err))
        return false;
    if (cert_file_read(path, 1, &k->arena, &der, &count, &unused) &&
        cert_is_ours(der, issuer, spki)) {
        k->keys[i].cert = der;
        return true;
    }
    return cert_make(k->crypto, &wish, k->private_keys[i], (struct span){ 0 }, k->private_keys[i],
                     &k->arena, &k->keys[i].cert, err) &&
           cert_file_write(path, &k->keys[i].cert, 1, &k->arena, err);
}

static bool hold(struct keyring *k, const struct keyring_wish *wish, const struct manifest_key *row,
                 struct err *err)
{
    size_t i = k->count;
    struct span spki;

    k->private_keys[i] = key_load(k->crypto, wish->dir, row, err);
    if (!k->private_keys[i])
        return false;
    k->count++;
    k->keys[i] =
        (struct keyring_key){ .alg = row->alg, .bits = row->bits, .is_active = row->is_active };
    return signkey_spki(k->private_keys[i], &k->arena, &spki, err) &&
           jwk_kid(k->crypto, spki, &k->arena, &k->keys[i].kid, err) &&
           cert_load(k, wish->dir, row->name, wish->issuer, spki, i, err);
}

/* The active key first, the others in the manifest's order. */
static bool hold_all(struct keyring *k, const struct keyring_wish *wish, const struct manifest *m,
                     size_t active, struct err *err)
{
    if (!hold(k, wish, &m->keys[active], err))
        return false;
    for (size_t i = 0; i < m->count; i++) {
        if (i != active && !hold(k, wish, &m->keys[i], err))
            return false;
    }
    return true;
}

/* The key of report tokens comes last. */
static bool hold_report(struct keyring *k, const struct keyring_wish *wish, struct err *err)
{
    struct keyring_key *row = &k->keys[k->count];
    struct report_key report;

    if (!wish->report)
        return true;
    if (!report_key_open(k->crypto, wish->report, &k->arena, &report, err))
        return err_in(err, "report");
    k->private_keys[k->count++] = report.key;
    *row = (struct keyring_key){ .alg = SIG_RS256,
                                 .bits = signkey_bits(report.key),
                                 .kid = report.kid,
                                 .cert = report.certs[0],
                                 .issuer_count = report.cert_count - 1,
                                 .is_report = true };
    for (size_t i = 1; i < report.cert_count; i++)
        row->issuers[i - 1] = report.certs[i];
    return true;
}

static bool manifest_load(const char *path, struct arena *a, struct manifest *out, struct err *err)
{
    struct span text;

    *out = (struct manifest){ 0 };
    if (!file_read_optional(path, MANIFEST_FILE_MAX, a, &text, err))
        return false;
    return text.n == 0 || manifest_parse(text, a, out, err) || err_in(err, path);
}

static bool manifest_save(const char *path, const struct manifest *m, struct arena *a,
                          struct err *err)
{
    struct writer w = writer_in(a, 1024);
    struct span text;

    manifest_write(&w, m);
    return writer_done(&w, &text, err) && file_replace(path, text, 0600, err);
}

static void remove_files(const char *dir, const struct manifest_change *change)
{
    char path[FILE_PATH_MAX];
    struct err unused = { 0 };

    for (size_t i = 0; i < change->gone_count; i++) {
        if (path_of(path, dir, change->gone[i].name, ".pem", &unused))
            unlink(path);
        if (path_of(path, dir, change->gone[i].name, ".crt", &unused))
            unlink(path);
    }
}

/* A key's file is there before the list names it, and gone only after the list forgot it. */
static bool keyring_load(struct keyring *k, const struct keyring_wish *wish, struct err *err)
{
    struct manifest_change change;
    char path[FILE_PATH_MAX];
    struct manifest m;

    if (!file_make_dir(wish->dir, 0700, err) || !path_of(path, wish->dir, "keys", ".json", err) ||
        !manifest_load(path, &k->arena, &m, err) ||
        !manifest_activate(&m, wish->alg, bits_wished(wish), wish->now, &change, err))
        return false;
    if (change.is_new && !key_make(k->crypto, wish->dir, &m.keys[change.active], err))
        return false;
    if (change.is_changed && !manifest_save(path, &m, &k->arena, err))
        return false;
    remove_files(wish->dir, &change);
    return hold_all(k, wish, &m, change.active, err) && hold_report(k, wish, err);
}

struct keyring *keyring_new(struct crypto *c, const struct keyring_wish *wish, struct err *err)
{
    struct keyring *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the signing keys");
        return NULL;
    }
    k->arena = arena_over(MEMORY_MAX_BYTES);
    k->crypto = c;
    if (keyring_load(k, wish, err))
        return k;
    err_in(err, "keys");
    keyring_free(k);
    return NULL;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        signkey_free(k->private_keys[i]);
    arena_fini(&k->arena);
    free(k);
}

const struct keyring_key *keyring_keys(const struct keyring *k, size_t *count)
{
    *count = k->count;
    return k->keys;
}

bool keyring_sign(struct keyring *k, size_t index, struct span hash, uint8_t *out, size_t room,
                  size_t *n, struct err *err)
{
    if (index >= k->count)
        return err_fail(err, ERR_MISSING, NULL, "there is no key %zu among %zu", index, k->count);
    return signkey_sign_hash(k->private_keys[index], k->keys[index].alg, hash, out, room, n, err);
}
