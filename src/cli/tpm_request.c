/* What tools took from a TPM, put together into a request; or what the TPM has to sign for it. */
#include "../base/hex.h"
#include "../host/file.h"
#include "cli.h"
#include "tpm_parts.h"

#include <stdio.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "key",        OPTION_VALUE, "FILE", "private RSA key (PEM) that signs the request; the token names it" },
    { "challenge",  OPTION_VALUE, "HEX",  "what the service answered the first message with" },
    { "qualify",    OPTION_FLAG,  NULL,   "only print, in hex, what the TPM has to sign in its quote" },
    { "log",        OPTION_MANY,  "FILE", "a TCG log, in the order measured" },
    { "ima",        OPTION_VALUE, "FILE", "the kernel's binary_runtime_measurements" },
    { "quote",      OPTION_VALUE, "FILE", "TPMS_ATTEST (tpm2_quote -m)" },
    { "signature",  OPTION_VALUE, "FILE", "TPMT_SIGNATURE (tpm2_quote -s)" },
    { "pcrs",       OPTION_VALUE, "FILE", "the quoted values (tpm2_pcrread -o)" },
    { "aik-public", OPTION_VALUE, "FILE", "the attestation key, TPM2B_PUBLIC or TPMT_PUBLIC" },
    { "aik-cert",   OPTION_VALUE, "FILE", "its certificate, DER" },
    { "context",    OPTION_VALUE, "TEXT", "the service_context of that answer" },
    { "rp-data",    OPTION_VALUE, "TEXT", "base64url; comes back in the token" },
    { "out",        OPTION_VALUE, "FILE", "write the request there instead of standard output" },
    /* clang-format on */
};

/* One more than any log has. */
enum { PART_MAX = TPM_LOG_MAX + 1 };

static bool read_part(struct cli *c, const char *option, struct span *out, struct err *err)
{
    const char *path = cli_option(c, option);

    return !path || file_read(path, PART_MAX, &c->arena, out, err) || err_in(err, option);
}

static bool read_logs(struct cli *c, struct tpm_parts *p, struct err *err)
{
    const struct option_values *logs = cli_options(c, "log");

    for (size_t i = 0; i < logs->count && i < TPM_LOGS_MAX; i++, p->tcg_count++)
        if (!file_read(logs->values[i], PART_MAX, &c->arena, &p->tcg[i], err))
            return err_in(err, "log");
    return true;
}

static bool read_parts(struct cli *c, struct tpm_parts *p, struct err *err)
{
    p->context = cli_option(c, "context");
    p->rp_data = cli_option(c, "rp-data");
    return read_logs(c, p, err) && read_part(c, "ima", &p->ima, err) &&
           read_part(c, "quote", &p->quote, err) && read_part(c, "signature", &p->signature, err) &&
           read_part(c, "pcrs", &p->pcrs, err) && read_part(c, "aik-public", &p->aik_public, err) &&
           read_part(c, "aik-cert", &p->aik_cert, err);
}

static bool print_qualifying(struct cli *c, struct crypto *crypto, const struct signkey *key,
                             const struct tpm_parts *p, struct err *err)
{
    uint8_t sum[SHA256_SIZE];
    struct span jwk = { 0 }, hex;

    if (!tpm_parts_jwk(key, &c->arena, &jwk, err) ||
        !tpm_parts_qualify(crypto, jwk, p->challenge, sum, err))
        return false;
    hex = hex_dup(&c->arena, span_of(sum, sizeof sum));
    if (!hex.p)
        return arena_fail(&c->arena, err);
    printf("%.*s\n", SPAN_ARG(hex));
    return true;
}

static bool write_request(struct cli *c, struct crypto *crypto, struct signkey *key,
                          struct tpm_parts *p, struct err *err)
{
    const char *out = cli_option(c, "out");
    struct span request = { 0 };

    if (!read_parts(c, p, err) || !tpm_parts_write(crypto, key, p, &c->arena, &request, err))
        return false;
    if (out)
        return file_replace(out, request, 0644, err);
    cli_print(request);
    printf("\n");
    return true;
}

static bool run_with(struct cli *c, struct crypto *crypto, struct err *err)
{
    struct tpm_parts p = { 0 };
    struct span pem = { 0 };
    struct signkey *key;
    bool ok;

    if (!hex_read_dup(&c->arena, span_str(cli_option(c, "challenge")), &p.challenge, err))
        return err_in(err, "challenge");
    if (!read_part(c, "key", &pem, err))
        return false;
    key = signkey_read_pem(crypto, pem, err);
    if (!key)
        return err_in(err, "key");
    ok = cli_flag(c, "qualify") ? print_qualifying(c, crypto, key, &p, err)
                                : write_request(c, crypto, key, &p, err);
    signkey_free(key);
    return ok;
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct crypto *crypto;
    bool ok;

    if (!cli_option(c, "key") || !cli_option(c, "challenge"))
        return cli_fail(c, EXIT_USAGE, "--key and --challenge are needed");
    crypto = crypto_new(&err);
    ok = crypto && run_with(c, crypto, &err);
    crypto_free(crypto);
    return ok ? EXIT_OK : cli_fail_err(c, &err);
}

const struct verb verb_tpm_request = {
    .words = "tpm request",
    .summary = "put a quote and its logs together into a signed attestation request",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "First `--qualify` says what the TPM has to sign, then the quote is made, then the "
        "same command without it writes the request that `cupel appraise --type tpm` and the "
        "service take.",
    .examples =
        "  cupel lab make tpm --out /tmp/lab\n"
        "  cupel tpm request --key /tmp/lab/request.key.pem --challenge 0badcafe0badcafe "
        "--qualify\n"
        "  cupel tpm request --key /tmp/lab/request.key.pem --challenge 0badcafe0badcafe \\\n"
        "      --log /tmp/lab/log.bin --quote /tmp/lab/quote.attest "
        "--signature /tmp/lab/quote.sig \\\n"
        "      --pcrs /tmp/lab/pcrs-sha256.bin --aik-public /tmp/lab/aik.tpmt_public "
        "--out /tmp/request.jws",
    .run = run,
};
