/* The machine's side of enrolment: asks, answers, and on one desk with the registry does it all. */
#include "../base/when.h"
#include "../host/file.h"
#include "../host/tpm2.h"
#include "cli.h"
#include "tpm_authority.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "name",        OPTION_VALUE, "NAME",     "the machine's name in the registry" },
    { "request",     OPTION_VALUE, "FILE",     "first: write here what the machine asks" },
    { "challenge",   OPTION_VALUE, "FILE",     "then: what the registry made of it" },
    { "answer",      OPTION_VALUE, "FILE",     "and write here what the TPM answers" },
    { "registry",    OPTION_VALUE, "DIR",      "or: the registry is on this desk, all in one go" },
    { "certificate", OPTION_VALUE, "FILE",     "with --registry: where the certificate goes, DER" },
    { "ek-roots",    OPTION_MANY,  "FILE|DIR", "with --registry: whom to believe about endorsement keys" },
    { "tcti",        OPTION_VALUE, "TEXT",     "the way to the TPM, as tpm2-tss names it; default device:/dev/tpmrm0" },
    { "aik",         OPTION_VALUE, "KIND",     "attestation key: rsa (default) or ecc" },
    { "ek",          OPTION_VALUE, "KIND",     "endorsement key: rsa (default) or ecc" },
    { "ek-cert",     OPTION_VALUE, "FILE",     "its certificate, DER; default what the TPM holds" },
    /* clang-format on */
};

enum { DAYS = 365 };

struct enrolling {
    struct cli *c;
    enum tpm2_kind aik, ek;
    struct tpm2 *tpm;
    struct err err;
};

/* ---------------------------------------------------------------- the machine */

static bool read_kind(struct enrolling *k, const char *name, enum tpm2_kind *out)
{
    const char *word = cli_option(k->c, name);

    *out = word && strcmp(word, "ecc") == 0 ? TPM2_KEY_P256 : TPM2_KEY_RSA;
    return !word || strcmp(word, "rsa") == 0 || *out == TPM2_KEY_P256 ||
           err_fail(&k->err, ERR_MALFORMED, NULL, "--%s is rsa or ecc, not \"%.20s\"", name, word);
}

static bool open_tpm(struct enrolling *k)
{
    const char *way = cli_option(k->c, "tcti");

    if (!read_kind(k, "aik", &k->aik) || !read_kind(k, "ek", &k->ek))
        return false;
    k->tpm = tpm2_open(way ? way : TPM2_DEVICE, k->aik, &k->err);
    return k->tpm != NULL;
}

static bool make_request(struct enrolling *k, struct span *out)
{
    const char *path = cli_option(k->c, "ek-cert");
    struct arena *a = &k->c->arena;
    struct enrol_request m = { .machine = span_str(cli_option(k->c, "name")) };
    struct writer w = writer_in(a, 4096);
    struct span area = { 0 };

    if (!enrol_name_check(m.machine, &k->err) ||
        !(path ? file_read(path, ENROL_BYTES_MAX, a, &m.ek_cert, &k->err)
               : tpm2_ek_certificate(k->tpm, k->ek, a, &m.ek_cert, &k->err)) ||
        !tpm2_public(k->tpm, a, &area, &k->err) || !tpm2b_parse(area, &m.aik_public, &k->err))
        return false;
    enrol_request_write(&w, &m);
    return writer_done(&w, out, &k->err);
}

static bool make_answer(struct enrolling *k, struct span challenge, struct span *out)
{
    struct arena *a = &k->c->arena;
    struct enrol_challenge m;
    struct enrol_answer answer = { 0 };
    struct writer w = writer_in(a, 256);

    if (!enrol_challenge_parse(challenge, a, &m, &k->err))
        return err_in(&k->err, "challenge");
    answer.id = m.id;
    if (!tpm2_activate(k->tpm, k->ek, m.credential.blob, m.credential.seed, a, &answer.secret,
                       &k->err))
        return false;
    enrol_answer_write(&w, &answer);
    return writer_done(&w, out, &k->err);
}

/* ---------------------------------------------------------------- by files */

static bool ask(struct enrolling *k)
{
    struct span request = { 0 };

    return open_tpm(k) && make_request(k, &request) &&
           file_put(cli_option(k->c, "request"), request, 0644, &k->err);
}

static bool reply(struct enrolling *k)
{
    struct span challenge = { 0 }, out = { 0 };

    return file_read(cli_option(k->c, "challenge"), REGISTRY_FILE_MAX, &k->c->arena, &challenge,
                     &k->err) &&
           open_tpm(k) && make_answer(k, challenge, &out) &&
           file_put(cli_option(k->c, "answer"), out, 0600, &k->err);
}

/* ---------------------------------------------------------------- on one desk */

static bool enrol_with(struct enrolling *k, struct tpm_authority *authority)
{
    struct span request = { 0 }, challenge = { 0 }, answer = { 0 }, certificate = { 0 };

    return make_request(k, &request) &&
           authority_challenge(authority, request, &challenge, &k->err) &&
           make_answer(k, challenge, &answer) &&
           authority_issue(authority, answer, &certificate, &k->err) &&
           file_put(cli_option(k->c, "certificate"), certificate, 0644, &k->err);
}

static bool enrol(struct enrolling *k)
{
    const struct option_values *roots = cli_options(k->c, "ek-roots");
    struct tpm_registry registry = { .lock_fd = -1 };
    struct tpm_authority authority = { .registry = &registry,
                                       .ek_roots = roots->values,
                                       .ek_root_count = roots->count,
                                       .now = (int64_t)time(NULL),
                                       .days = DAYS };
    bool ok;

    authority.crypto = crypto_new(&k->err);
    ok = authority.crypto && open_tpm(k) &&
         registry_open(cli_option(k->c, "registry"), &k->c->arena, &registry, &k->err) &&
         enrol_with(k, &authority);
    registry_close(&registry);
    crypto_free(authority.crypto);
    return ok;
}

/* ---------------------------------------------------------------- the verb */

static int fail(const struct enrolling *k)
{
    bool is_refused =
        k->err.code == ERR_UNTRUSTED || k->err.code == ERR_CONFLICT || k->err.code == ERR_STALE;

    if (is_refused)
        return cli_fail(k->c, EXIT_REFUSED, "%s%s%s", k->err.path, k->err.path[0] ? ": " : "",
                        k->err.text);
    return cli_fail_err(k->c, &k->err);
}

static int run(struct cli *c)
{
    struct enrolling k = { .c = c };
    bool has_name = cli_option(c, "name") != NULL;
    bool ok;

    if (cli_option(c, "challenge") && cli_option(c, "answer"))
        ok = reply(&k);
    else if (cli_option(c, "registry") && cli_option(c, "certificate") && has_name)
        ok = enrol(&k);
    else if (cli_option(c, "request") && has_name)
        ok = ask(&k);
    else
        return cli_fail(c, EXIT_USAGE,
                        "--name with --request, --challenge with --answer, or --name "
                        "with --registry and --certificate are needed");
    tpm2_close(k.tpm);
    return ok ? EXIT_OK : fail(&k);
}

const struct verb verb_tpm_enrol = {
    .words = "tpm enrol",
    .summary = "have this machine's attestation key certified: its TPM proves that it holds it",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Three files travel over any channel: the machine's request, the registry's challenge, the "
        "machine's answer; the registry then issues the certificate. A TPM answers only when it "
        "holds both the endorsement key of its maker's certificate and the attestation key. Exit "
        "status: 0 done, 2 refused, 64 usage or no TPM, 70 our own fault.",
    .examples = "  cupel tpm enrol --help",
    .run = run,
};
