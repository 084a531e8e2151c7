#include "tpm_take.h"

#include "../evidence/tpm/bank.h"
#include "../host/file.h"
#include "../host/tpm2.h"

#include <string.h>

#define LOG_FILE "/sys/kernel/security/tpm0/binary_bios_measurements"
#define IMA_FILE "/sys/kernel/security/ima/binary_runtime_measurements"

enum { PART_MAX = TPM_LOG_MAX + 1, TRIES = 5, ALL_PCRS = 0xFFFFFF, PRIVATE = 0600 };

static const char *option_or(const struct tpm_take *k, const char *name, const char *otherwise)
{
    const char *v = cli_option(k->c, name);

    return v ? v : otherwise;
}

/* ---------------------------------------------------------------- the request's key */

static bool make_key(struct tpm_take *k, const char *path, struct signkey **out)
{
    struct secret pem = { 0 };
    struct signkey *key = signkey_new(k->crypto, SIGNKEY_RSA2048, k->err);
    bool ok = key && signkey_write_pem(key, &pem, k->err) &&
              file_replace(path, span_of(pem.p, pem.n), PRIVATE, k->err);

    secret_free(&pem);
    if (ok)
        *out = key;
    else
        signkey_free(key);
    return ok;
}

bool tpm_take_key(struct tpm_take *k, struct signkey **out)
{
    const char *path = cli_option(k->c, "key");
    struct span pem = { 0 };

    if (!path)
        path = file_join(&k->c->arena, k->dir, "request.key.pem");
    if (!path)
        return arena_fail(&k->c->arena, k->err);
    if (!file_exists(path))
        return make_key(k, path, out);
    if (!file_read(path, PART_MAX, &k->c->arena, &pem, k->err))
        return false;
    *out = signkey_read_pem(k->crypto, pem, k->err);
    return *out || err_in(k->err, "key");
}

/* ---------------------------------------------------------------- quote and logs */

static bool read_ima(struct tpm_take *k, struct span *out)
{
    const char *path = cli_option(k->c, "ima");

    return path ? file_read(path, PART_MAX, &k->c->arena, out, k->err)
                : file_read_optional(IMA_FILE, PART_MAX, &k->c->arena, out, k->err);
}

/* The kernel goes on measuring: list and quote belong together when the list stood still. */
static bool quote_still(struct tpm_take *k, struct tpm2 *t, struct span nonce,
                        struct tpm2_quote *out)
{
    for (unsigned i = 0; i < TRIES; i++) {
        struct span after = { 0 };

        if (!read_ima(k, &k->parts.ima) ||
            !tpm2_quote(t, banks[BANK_SHA256].alg, ALL_PCRS, nonce, &k->c->arena, out, k->err) ||
            !read_ima(k, &after))
            return false;
        if (span_equal(k->parts.ima, after))
            return true;
    }
    return err_fail(k->err, ERR_CONFLICT, NULL,
                    "the kernel measured something during each of %d quotes", TRIES);
}

static bool take_quote(struct tpm_take *k, struct tpm2 *t, const struct signkey *key)
{
    uint8_t nonce[SHA256_SIZE];
    struct tpm2_quote q = { 0 };
    struct span jwk = { 0 };

    if (!tpm_parts_jwk(key, &k->c->arena, &jwk, k->err) ||
        !tpm_parts_qualify(k->crypto, jwk, k->parts.challenge, nonce, k->err) ||
        !quote_still(k, t, span_of(nonce, sizeof nonce), &q) ||
        !tpm2_public(t, &k->c->arena, &k->parts.aik_public, k->err))
        return false;
    k->parts.quote = q.statement;
    k->parts.signature = q.signature;
    k->parts.pcrs = q.values;
    return true;
}

bool tpm_take_quote(struct tpm_take *k, const struct signkey *key)
{
    const char *kind = option_or(k, "aik", "rsa");
    struct tpm2 *t = tpm2_open(option_or(k, "tcti", TPM2_DEVICE),
                               strcmp(kind, "ecc") == 0 ? TPM2_KEY_P256 : TPM2_KEY_RSA, k->err);
    bool ok = t && take_quote(k, t, key);

    tpm2_close(t);
    return ok;
}

/* ---------------------------------------------------------------- what needs no TPM */

bool tpm_take_check(struct tpm_take *k)
{
    const char *aik = cli_option(k->c, "aik");

    return !aik || strcmp(aik, "rsa") == 0 || strcmp(aik, "ecc") == 0 ||
           err_fail(k->err, ERR_MALFORMED, NULL, "--aik is rsa or ecc, not \"%.20s\"", aik);
}

bool tpm_take_inputs(struct tpm_take *k)
{
    struct arena *a = &k->c->arena;

    k->parts.tcg_count = 1;
    k->parts.rp_data = cli_option(k->c, "rp-data");
    return file_read(option_or(k, "log", LOG_FILE), PART_MAX, a, &k->parts.tcg[0], k->err) &&
           (!k->aik_cert || file_read(k->aik_cert, PART_MAX, a, &k->parts.aik_cert, k->err));
}
