/* The client's side of the workflow: evidence to the service, the token to a file. */
#include "attest.h"
#include "../base/b64.h"
#include "../base/utf8.h"
#include "../format/json.h"
#include "../host/file.h"
#include "../token/jwt.h"

#include <stdio.h>
#include <string.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "url",           OPTION_VALUE, "BASE",    "the instance, for example https://127.0.0.1:8443" },
    { "type",          OPTION_VALUE, "KIND",    "sgx or oe" },
    { "evidence",      OPTION_VALUE, "FILE",    "a quote (sgx) or an Open Enclave report (oe)" },
    { "runtime-data",  OPTION_VALUE, "FILE",    "data that the evidence binds" },
    { "runtime-type",  OPTION_VALUE, "TYPE",    "binary (default) or json" },
    { "inittime-data", OPTION_VALUE, "FILE",    "data that the environment was created with" },
    { "inittime-type", OPTION_VALUE, "TYPE",    "binary (default) or json" },
    { "nonce",         OPTION_VALUE, "TEXT",    "comes back as the claim nonce" },
    { "draft-policy",  OPTION_VALUE, "FILE",    "policy text to try; the token is then unsecured" },
    { "api-version",   OPTION_VALUE, "VERSION", "default 2022-08-01" },
    { "ca",            OPTION_VALUE, "FILE",    "trust this CA for TLS (DATA_DIR/tls/ca.pem of a --dev daemon)" },
    { "bearer-file",   OPTION_VALUE, "FILE",    "send the bearer token in this file" },
    { "token-out",     OPTION_VALUE, "FILE",    "write the token there instead of standard output" },
    { "json",          OPTION_FLAG,  NULL,      "print the answer of the service as it came" },
    /* clang-format on */
};

static const struct {
    const char *kind, *path, *member;
} kinds[] = {
    { "sgx", "/attest/SgxEnclave?api-version=", "quote" },
    { "oe", "/attest/OpenEnclave?api-version=", "report" },
};

static bool write_binary(struct cli *c, struct writer *w, const char *name, const char *path,
                         struct err *err)
{
    struct span bytes = { 0 };

    if (!file_read(path, CLI_FILE_MAX, &c->arena, &bytes, err))
        return false;
    json_write_string(w, span_str(name));
    write_text(w, ":\"");
    b64_write_url(w, bytes);
    write_u8(w, '"');
    return true;
}

static bool write_bound(struct cli *c, struct writer *w, const char *member,
                        const char *file_option, const char *type_option, struct err *err)
{
    const char *path = cli_option(c, file_option), *type = cli_option(c, type_option);

    if (!path)
        return true;
    write_format(w, ",\"%s\":{", member);
    if (!write_binary(c, w, "data", path, err))
        return false;
    write_format(w, ",\"dataType\":\"%s\"}", type && strcmp(type, "json") == 0 ? "JSON" : "Binary");
    return true;
}

static bool write_draft(struct cli *c, struct writer *w, struct err *err)
{
    const char *path = cli_option(c, "draft-policy");
    struct span text = { 0 };

    if (!path)
        return true;
    if (!file_read(path, CLI_FILE_MAX, &c->arena, &text, err))
        return false;
    if (utf8_check(text) != text.n)
        return err_fail(err, ERR_MALFORMED, NULL, "%.100s is not UTF-8 at byte %zu", path,
                        utf8_check(text));
    write_text(w, ",\"draftPolicyForAttestation\":");
    json_write_string(w, text);
    return true;
}

static bool make_body(struct cli *c, const char *member, struct span *out, struct err *err)
{
    struct writer w = writer_in(&c->arena, 16 * 1024);
    const char *nonce = cli_option(c, "nonce");

    write_u8(&w, '{');
    if (!write_binary(c, &w, member, cli_option(c, "evidence"), err) ||
        !write_bound(c, &w, "runtimeData", "runtime-data", "runtime-type", err) ||
        !write_bound(c, &w, "initTimeData", "inittime-data", "inittime-type", err) ||
        !write_draft(c, &w, err))
        return false;
    if (nonce) {
        write_text(&w, ",\"nonce\":");
        json_write_string(&w, span_str(nonce));
    }
    write_u8(&w, '}');
    return writer_done(&w, out, err);
}

/* "code: message", and the reason below it; the whole body when it has another form. */
int attest_tell_refusal(struct cli *c, const struct fetch_answer *answer)
{
    const struct json *root = NULL, *error, *inner;
    struct span code = { 0 }, message = { 0 }, text = { 0 };

    if (!json_parse(answer->body, &json_limits_default, &c->arena, &root, NULL))
        root = NULL;
    error = json_member(root, "error");
    inner = json_member(error, "innererror");
    if (!json_get_string(error, "code", &code, NULL) ||
        !json_get_string(error, "message", &message, NULL))
        return cli_fail(c, EXIT_REFUSED, "the service answered %ld: %.*s", answer->status,
                        SPAN_ARG(answer->body));
    cli_fail(c, EXIT_REFUSED, "%.*s: %.*s", SPAN_ARG(code), SPAN_ARG(message));
    if (json_get_string(inner, "text", &text, NULL))
        fprintf(stderr, "  %.*s\n", SPAN_ARG(text));
    if (answer->request_id.n > 0)
        fprintf(stderr, "  request id %.*s\n", SPAN_ARG(answer->request_id));
    return span_is(code, "PolicyEvaluationError") ? EXIT_DENIED : EXIT_REFUSED;
}

/* Says in words what a relying party might overlook. */
static void warn(struct cli *c, struct span token)
{
    struct jwt_parts parts;
    bool is_debug = false;

    if (!jwt_parse(token, &c->arena, &parts, NULL))
        return;
    if (json_get_bool(parts.payload_json, "x-ms-sgx-is-debuggable", &is_debug, NULL) && is_debug)
        cli_fail(c, 0, "DEBUG: the enclave is debuggable; its memory can be read from outside");
    if (parts.signature.n == 0)
        cli_fail(c, 0, "UNSECURED: a draft policy was used; this token proves nothing");
}

static int give_token(struct cli *c, const struct fetch_answer *answer)
{
    const char *path = cli_option(c, "token-out");
    const struct json *root = NULL;
    struct span token = { 0 };
    struct err err = { 0 };

    if (!json_parse(answer->body, &json_limits_default, &c->arena, &root, &err))
        return cli_fail_err(c, &err);
    if (root->type == JSON_STRING)
        token = root->text;
    else if (!json_get_string(root, "token", &token, &err))
        return cli_fail_err(c, &err);
    warn(c, token);
    if (path)
        return file_replace(path, token, 0644, &err) ? EXIT_OK : cli_fail_err(c, &err);
    if (cli_flag(c, "json"))
        token = answer->body;
    cli_print(token);
    cli_print(span_str("\n"));
    return EXIT_OK;
}

static bool find_kind(struct cli *c, size_t *out)
{
    const char *type = cli_option(c, "type");

    for (size_t i = 0; type && i < COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, type) == 0) {
            *out = i;
            return true;
        }
    return false;
}

bool attest_read_bearer(struct cli *c, const char **out, struct err *err)
{
    const char *path = cli_option(c, "bearer-file");
    struct span text = { 0 };

    *out = NULL;
    if (!path)
        return true;
    if (!file_read(path, 64 * 1024, &c->arena, &text, err))
        return false;
    *out = (const char *)arena_dup(&c->arena, span_trim(text)).p;
    return *out || arena_fail(&c->arena, err);
}

static int run(struct cli *c)
{
    const char *base = cli_option(c, "url"), *version = cli_option(c, "api-version");
    struct fetch_wish wish = { .ca_file = cli_option(c, "ca"), .is_post = true };
    struct fetch_answer answer;
    struct err err = { 0 };
    const char *path;
    size_t kind = 0;

    if (!base || !cli_option(c, "evidence"))
        return cli_fail(c, EXIT_USAGE, "--url, --type and --evidence are needed");
    if (!find_kind(c, &kind))
        return cli_fail(c, EXIT_USAGE, "--type needs sgx or oe");
    path = fetch_url(&c->arena, base, kinds[kind].path);
    wish.url = path ? fetch_url(&c->arena, path, version ? version : "2022-08-01") : NULL;
    if (!wish.url || !make_body(c, kinds[kind].member, &wish.body, &err) ||
        !attest_read_bearer(c, &wish.bearer, &err) || !fetch(&wish, &c->arena, &answer, &err))
        return cli_fail_err(c, &err);
    return answer.status == 200 ? give_token(c, &answer) : attest_tell_refusal(c, &answer);
}

const struct verb verb_attest = {
    .words = "attest",
    .summary = "send evidence to a service, get a token",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details = "Exit status: 0 a token came, 1 the policy said no, 2 the evidence was refused, 64 "
               "usage or no connection, "
               "70 our own fault.",
    .examples = "  cupel attest --url https://127.0.0.1:8443 --ca data/tls/ca.pem --type sgx "
                "--evidence quote.bin \\\n"
                "      --runtime-data runtime.bin --token-out token.jwt",
    .run = run,
};
