/* Takes from this machine's TPM what attests its boot, and writes the request and its parts. */
#include "../base/hex.h"
#include "../host/file.h"
#include "tpm_take.h"

static const struct option_def options[] = {
    /* clang-format off */
    { "out",       OPTION_VALUE, "DIR",  "where request.jws and its parts go; made when it is not there" },
    { "challenge", OPTION_VALUE, "HEX",  "what the service answered the first message with" },
    { "context",   OPTION_VALUE, "TEXT", "the service_context of that answer" },
    { "key",       OPTION_VALUE, "FILE", "private RSA key (PEM) that signs the request; made when it is not there; default DIR/request.key.pem" },
    TPM_TAKE_OPTIONS,
    /* clang-format on */
};

enum { PUBLIC = 0644 };

/* ---------------------------------------------------------------- the folder */

static bool write_one(struct tpm_take *k, const char *name, struct span bytes)
{
    const char *path = file_join(&k->c->arena, k->dir, name);

    if (!path)
        return arena_fail(&k->c->arena, k->err);
    return bytes.n == 0 || file_replace(path, bytes, PUBLIC, k->err);
}

static bool write_parts(struct tpm_take *k, struct span request)
{
    const struct tpm_parts *p = &k->parts;

    return write_one(k, "request.jws", request) && write_one(k, "log.bin", p->tcg[0]) &&
           write_one(k, "ima.bin", p->ima) && write_one(k, "quote.attest", p->quote) &&
           write_one(k, "quote.sig", p->signature) && write_one(k, "pcrs-sha256.bin", p->pcrs) &&
           write_one(k, "aik.tpm2b_public", p->aik_public) &&
           write_one(k, "challenge.bin", p->challenge);
}

static bool read_inputs(struct tpm_take *k)
{
    k->parts.context = cli_option(k->c, "context");
    if (!hex_read_dup(&k->c->arena, span_str(cli_option(k->c, "challenge")), &k->parts.challenge,
                      k->err))
        return err_in(k->err, "challenge");
    return tpm_take_check(k) && tpm_take_inputs(k) && file_make_dir(k->dir, 0777, k->err);
}

static bool collect(struct tpm_take *k)
{
    struct signkey *key = NULL;
    struct span request = { 0 };
    bool ok = read_inputs(k) && tpm_take_key(k, &key) && tpm_take_quote(k, key) &&
              tpm_parts_write(k->crypto, key, &k->parts, &k->c->arena, &request, k->err) &&
              write_parts(k, request);

    signkey_free(key);
    return ok;
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct tpm_take k = {
        .c = c, .dir = cli_option(c, "out"), .aik_cert = cli_option(c, "aik-cert"), .err = &err
    };
    bool ok;

    if (!k.dir || !cli_option(c, "challenge"))
        return cli_fail(c, EXIT_USAGE, "--out and --challenge are needed");
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
