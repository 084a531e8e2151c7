/* This machine attests its boot to a service: two round trips, and a token. */
#include "../base/b64.h"
#include "../evidence/tpm/message.h"
#include "../format/json.h"
#include "../host/file.h"
#include "attest.h"
#include "tpm_take.h"

#include <stdio.h>
#include <string.h>

#define STATE_DIR "/var/lib/cupel-tpm"
#define VERSION   "2020-10-01"

static const struct option_def options[] = {
    /* clang-format off */
    { "url",         OPTION_VALUE, "BASE",    "the instance, for example https://127.0.0.1:8443" },
    { "token-out",   OPTION_VALUE, "FILE",    "write the token there instead of standard output" },
    { "state",       OPTION_VALUE, "DIR",     "the machine's own folder: request.key.pem (made when it is not there), aik-cert.der; default /var/lib/cupel-tpm" },
    { "key",         OPTION_VALUE, "FILE",    "private RSA key (PEM) that signs the request, in place of the folder's" },
    { "ca",          OPTION_VALUE, "FILE",    "trust this CA for TLS (DATA_DIR/tls/ca.pem of a --dev daemon)" },
    { "bearer-file", OPTION_VALUE, "FILE",    "send the bearer token in this file" },
    { "api-version", OPTION_VALUE, "VERSION", "default 2020-10-01" },
    TPM_TAKE_OPTIONS,
    /* clang-format on */
};

struct attesting {
    struct tpm_take take;
    struct fetch_wish wish;
    struct fetch_answer answer;
    bool is_refused; /* the service said no; `answer` says why */
};

/* ---------------------------------------------------------------- one round trip */

static bool wrap(struct attesting *k, const struct writer *message, struct span *out)
{
    struct writer w = writer_in(&k->take.c->arena, 65536);

    if (message->has_failed)
        return arena_fail(&k->take.c->arena, k->take.err);
    write_text(&w, "{\"data\":\"");
    b64_write_url(&w, writer_span(message));
    write_text(&w, "\"}");
    return writer_done(&w, out, k->take.err);
}

static bool unwrap(struct attesting *k, struct span *out)
{
    const struct json *root = NULL;
    struct arena *a = &k->take.c->arena;
    struct span data = { 0 };

    return (json_parse(k->answer.body, NULL, a, &root, k->take.err) &&
            json_get_string(root, "data", &data, k->take.err) &&
            b64_read(a, data, B64_TOLERANT, out, k->take.err)) ||
           err_in(k->take.err, "answer");
}

static bool round_trip(struct attesting *k, const struct writer *message, struct span *out)
{
    if (!wrap(k, message, &k->wish.body) ||
        !fetch(&k->wish, &k->take.c->arena, &k->answer, k->take.err))
        return false;
    k->is_refused = k->answer.status != 200;
    return !k->is_refused && unwrap(k, out);
}

/* ---------------------------------------------------------------- both of them */

static bool ask_challenge(struct attesting *k)
{
    struct arena *a = &k->take.c->arena;
    struct writer w = writer_in(a, 64);
    struct span text = { 0 }, context = { 0 }, again;

    tpm_message_write_init(&w, true);
    if (!round_trip(k, &w, &text) ||
        !tpm_message_read_challenge(text, a, &k->take.parts.challenge, &context, k->take.err))
        return false;
    again = arena_dup(a, b64_dup_url(a, context)); /* with a NUL behind it */
    k->take.parts.context = (const char *)again.p;
    return again.p || arena_fail(a, k->take.err);
}

static bool send_request(struct attesting *k, struct signkey *key, struct span *token)
{
    struct arena *a = &k->take.c->arena;
    struct writer w = writer_in(a, 65536);
    struct span request = { 0 }, text = { 0 };

    if (!tpm_take_quote(&k->take, key) ||
        !tpm_parts_write(k->take.crypto, key, &k->take.parts, a, &request, k->take.err))
        return false;
    tpm_message_write_request(&w, true, request);
    return round_trip(k, &w, &text) && tpm_message_read_report(text, a, token, k->take.err);
}

/* The certificate that enrolment left in the folder, unless another is named. */
static bool find_certificate(struct attesting *k)
{
    const char *named = cli_option(k->take.c, "aik-cert");
    const char *own = file_join(&k->take.c->arena, k->take.dir, "aik-cert.der");

    if (!own)
        return arena_fail(&k->take.c->arena, k->take.err);
    k->take.aik_cert = named ? named : file_exists(own) ? own : NULL;
    return true;
}

static bool give_token(struct attesting *k, struct span token)
{
    const char *path = cli_option(k->take.c, "token-out");

    if (path)
        return file_put(path, token, 0644, k->take.err);
    cli_print(token);
    cli_print(span_str("\n"));
    return true;
}

static bool attest(struct attesting *k)
{
    struct signkey *key = NULL;
    struct span token = { 0 };
    bool ok = tpm_take_check(&k->take) && file_make_dir(k->take.dir, 0700, k->take.err) &&
              find_certificate(k) && tpm_take_inputs(&k->take) && tpm_take_key(&k->take, &key) &&
              ask_challenge(k) && send_request(k, key, &token) && give_token(k, token);

    signkey_free(key);
    return ok;
}

/* ---------------------------------------------------------------- the verb */

static bool set_out(struct attesting *k)
{
    struct cli *c = k->take.c;
    const char *version = cli_option(c, "api-version"), *state = cli_option(c, "state");
    const char *path = fetch_url(&c->arena, cli_option(c, "url"), "/attest/Tpm?api-version=");

    k->take.dir = state ? state : STATE_DIR;
    k->wish = (struct fetch_wish){ .ca_file = cli_option(c, "ca"), .is_post = true };
    k->wish.url = path ? fetch_url(&c->arena, path, version ? version : VERSION) : NULL;
    if (!k->wish.url)
        return arena_fail(&c->arena, k->take.err);
    k->take.crypto = crypto_new(k->take.err);
    return k->take.crypto && attest_read_bearer(c, &k->wish.bearer, k->take.err);
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct attesting k = { .take = { .c = c, .err = &err } };
    bool ok;

    if (!cli_option(c, "url"))
        return cli_fail(c, EXIT_USAGE, "--url is needed");
    ok = set_out(&k) && attest(&k);
    crypto_free(k.take.crypto);
    if (k.is_refused)
        return attest_tell_refusal(c, &k.answer);
    return ok ? EXIT_OK : cli_fail_err(c, &err);
}

const struct verb verb_tpm_attest = {
    .words = "tpm attest",
    .summary = "attest how this machine booted to a service, get a token",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Takes the firmware's log and the kernel's list, has the TPM quote PCR 0 to 23 for the "
        "service's challenge and the request's key, and writes the service's token, in which that "
        "key is the claim cnf. The attestation key is made in the TPM, the same each time; its "
        "certificate comes from \"cupel tpm enrol\". Exit status: 0 a token came, 1 the policy "
        "said "
        "no, 2 the evidence was refused, 64 usage, no TPM or no connection, 70 our own fault.",
    .examples = "  cupel tpm attest --help",
    .run = run,
};
