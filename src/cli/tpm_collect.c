/* Takes from this machine's TPM what attests its boot, and writes the request and its parts. */
#include "../base/hex.h"
#include "../crypto/signkey.h"
#include "../evidence/tpm/bank.h"
#include "../host/file.h"
#include "../host/tpm2.h"
#include "cli.h"
#include "tpm_parts.h"

#include <string.h>

#define LOG_FILE "/sys/kernel/security/tpm0/binary_bios_measurements"
#define IMA_FILE "/sys/kernel/security/ima/binary_runtime_measurements"

static const struct option_def options[] = {
    /* clang-format off */
    { "out",       OPTION_VALUE, "DIR",  "where request.jws and its parts go; made when it is not there" },
    { "challenge", OPTION_VALUE, "HEX",  "what the service answered the first message with" },
    { "context",   OPTION_VALUE, "TEXT", "the service_context of that answer" },
    { "rp-data",   OPTION_VALUE, "TEXT", "base64url; comes back in the token" },
    { "key",       OPTION_VALUE, "FILE", "private RSA key (PEM) that signs the request; made when it is not there; default DIR/request.key.pem" },
    { "tcti",      OPTION_VALUE, "TEXT", "the way to the TPM, as tpm2-tss names it; default device:/dev/tpmrm0" },
    { "aik",       OPTION_VALUE, "KIND", "rsa (default) or ecc" },
    { "aik-cert",  OPTION_VALUE, "FILE", "the attestation key's certificate, DER" },
    { "log",       OPTION_VALUE, "FILE", "the firmware's log; default what the kernel shows" },
    { "ima",       OPTION_VALUE, "FILE", "the kernel's own list; default what the kernel shows, or none" },
    /* clang-format on */
};

enum { PART_MAX = TPM_LOG_MAX + 1, TRIES = 5, ALL_PCRS = 0xFFFFFF, PRIVATE = 0600, PUBLIC = 0644 };

struct collecting {
    struct cli *c;
    struct crypto *crypto;
    const char *dir;
    struct tpm_parts parts;
    struct err *err;
};

static const char *option_or(const struct collecting *k, const char *name, const char *otherwise)
{
    const char *v = cli_option(k->c, name);

    return v ? v : otherwise;
}

/* ---------------------------------------------------------------- the request's key */

static bool make_key(struct collecting *k, const char *path, struct signkey **out)
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

static bool find_key(struct collecting *k, struct signkey **out)
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

static bool read_ima(struct collecting *k, struct span *out)
{
    const char *path = cli_option(k->c, "ima");

    return path ? file_read(path, PART_MAX, &k->c->arena, out, k->err)
                : file_read_optional(IMA_FILE, PART_MAX, &k->c->arena, out, k->err);
}

/* The kernel goes on measuring: list and quote belong together when the list stood still. */
static bool quote_still(struct collecting *k, struct tpm2 *t, struct span nonce,
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

static bool take_quote(struct collecting *k, struct tpm2 *t, const struct signkey *key)
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

static bool ask_tpm(struct collecting *k, const struct signkey *key)
{
    const char *kind = option_or(k, "aik", "rsa");
    struct tpm2 *t = tpm2_open(option_or(k, "tcti", TPM2_DEVICE),
                               strcmp(kind, "ecc") == 0 ? TPM2_KEY_P256 : TPM2_KEY_RSA, k->err);
    bool ok = t && take_quote(k, t, key);

    tpm2_close(t);
    return ok;
}

/* ---------------------------------------------------------------- the folder */

static bool write_one(struct collecting *k, const char *name, struct span bytes)
{
    const char *path = file_join(&k->c->arena, k->dir, name);

    if (!path)
        return arena_fail(&k->c->arena, k->err);
    return bytes.n == 0 || file_replace(path, bytes, PUBLIC, k->err);
}

static bool write_parts(struct collecting *k, struct span request)
{
    const struct tpm_parts *p = &k->parts;

    return write_one(k, "request.jws", request) && write_one(k, "log.bin", p->tcg[0]) &&
           write_one(k, "ima.bin", p->ima) && write_one(k, "quote.attest", p->quote) &&
           write_one(k, "quote.sig", p->signature) && write_one(k, "pcrs-sha256.bin", p->pcrs) &&
           write_one(k, "aik.tpm2b_public", p->aik_public) &&
           write_one(k, "challenge.bin", p->challenge);
}

static bool read_inputs(struct collecting *k)
{
    const char *cert = cli_option(k->c, "aik-cert");
    struct arena *a = &k->c->arena;

    k->parts.tcg_count = 1;
    k->parts.context = cli_option(k->c, "context");
    k->parts.rp_data = cli_option(k->c, "rp-data");
    if (!hex_read_dup(a, span_str(cli_option(k->c, "challenge")), &k->parts.challenge, k->err))
        return err_in(k->err, "challenge");
    return file_read(option_or(k, "log", LOG_FILE), PART_MAX, a, &k->parts.tcg[0], k->err) &&
           (!cert || file_read(cert, PART_MAX, a, &k->parts.aik_cert, k->err)) &&
           file_make_dir(k->dir, 0777, k->err);
}

static bool collect(struct collecting *k)
{
    struct signkey *key = NULL;
    struct span request = { 0 };
    bool ok = read_inputs(k) && find_key(k, &key) && ask_tpm(k, key) &&
              tpm_parts_write(k->crypto, key, &k->parts, &k->c->arena, &request, k->err) &&
              write_parts(k, request);

    signkey_free(key);
    return ok;
}

static int run(struct cli *c)
{
    const char *aik = cli_option(c, "aik");
    struct err err = { 0 };
    struct collecting k = { .c = c, .dir = cli_option(c, "out"), .err = &err };
    bool ok;

    if (!k.dir || !cli_option(c, "challenge"))
        return cli_fail(c, EXIT_USAGE, "--out and --challenge are needed");
    if (aik && strcmp(aik, "rsa") != 0 && strcmp(aik, "ecc") != 0)
        return cli_fail(c, EXIT_USAGE, "--aik is rsa or ecc, not \"%.20s\"", aik);
    k.crypto = crypto_new(&err);
    ok = k.crypto && collect(&k);
    crypto_free(k.crypto);
    return ok ? EXIT_OK : cli_fail_err(c, &err);
}

const struct verb verb_tpm_collect = {
    .words = "tpm collect",
    .summary = "take quote and logs from this machine's TPM and write the attestation request",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details = "The attestation key is made in the TPM from its endorsement hierarchy: it is the "
               "same each time, and nothing has to be stored. The quote covers PCR 0 to 23 of the "
               "SHA-256 bank and binds the request's key to the challenge.",
    .examples = "  cupel tpm collect --help",
    .run = run,
};
