/* The relying party's side: a token, the published keys, yes or no. */
#include "../base/when.h"
#include "../format/json.h"
#include "../host/file.h"
#include "../token/jwt.h"
#include "cli.h"
#include "fetch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "url",    OPTION_VALUE, "BASE", "fetch the discovery document and the keys of this instance" },
    { "jwks",   OPTION_VALUE, "FILE", "take the keys from this file instead" },
    { "at",     OPTION_VALUE, "TIME", "judge at this time: seconds since 1970 or RFC 3339; default now" },
    { "issuer", OPTION_VALUE, "URL",  "the token's iss must be this; default: the instance, with --url" },
    { "ca",     OPTION_VALUE, "FILE", "trust this CA for TLS" },
    { "json",   OPTION_FLAG,  NULL,   "print one JSON object" },
    /* clang-format on */
};

enum { TOKEN_FILE_MAX = 2 * 1024 * 1024 };

static bool get(struct cli *c, const char *url, struct span *out, struct err *err)
{
    struct fetch_wish wish = { .url = url, .ca_file = cli_option(c, "ca") };
    struct fetch_answer answer;

    if (!url)
        return arena_fail(&c->arena, err);
    if (!fetch(&wish, &c->arena, &answer, err))
        return false;
    if (answer.status != 200)
        return err_fail(err, ERR_IO, NULL, "%.120s answered %ld", url, answer.status);
    *out = answer.body;
    return true;
}

/* "https://a:8443" is not under "https://a:844": a path begins with its slash. */
static bool is_under(struct span url, struct span base)
{
    return span_starts(url, base) && url.n > base.n && url.p[base.n] == '/';
}

/* Discovery first, then the key set it names; both must belong to the instance that was asked. */
static bool fetch_keys(struct cli *c, const char *base, struct span *keys, struct span *issuer,
                       struct err *err)
{
    const char *well_known = fetch_url(&c->arena, base, "/.well-known/openid-configuration");
    const char *plain = fetch_url(&c->arena, base, "");
    const struct json *doc = NULL;
    struct span text = { 0 }, jwks_uri = { 0 };
    const char *url;

    if (!get(c, well_known, &text, err))
        return false;
    if (!json_parse(text, &json_limits_default, &c->arena, &doc, err) ||
        !json_get_string(doc, "issuer", issuer, err) ||
        !json_get_string(doc, "jwks_uri", &jwks_uri, err))
        return err_in(err, "discovery");
    if (!plain || !is_under(jwks_uri, span_str(plain)))
        return err_fail(err, ERR_UNTRUSTED, NULL, "jwks_uri %.*s is not under %.80s",
                        SPAN_ARG(jwks_uri), base);
    url = (const char *)arena_dup(&c->arena, jwks_uri).p;
    return get(c, url, keys, err);
}

static bool read_keys(struct cli *c, struct span *keys, struct span *issuer, struct err *err)
{
    const char *base = cli_option(c, "url"), *file = cli_option(c, "jwks"),
               *wanted = cli_option(c, "issuer");

    if (!base == !file)
        return err_fail(err, ERR_MISSING, NULL, "one of --url and --jwks is needed");
    if (file ? !file_read(file, TOKEN_FILE_MAX, &c->arena, keys, err)
             : !fetch_keys(c, base, keys, issuer, err))
        return false;
    if (wanted)
        *issuer = span_str(wanted);
    return true;
}

/* The argument is a token, a file with one, or "-". */
static bool read_token(struct cli *c, struct span *out, struct err *err)
{
    const char *word = c->arguments[0];
    bool is_token = strncmp(word, "eyJ", 3) == 0 && strchr(word, '.') && !file_exists(word);

    if (is_token)
        *out = span_str(word);
    else if (!file_read(word, TOKEN_FILE_MAX, &c->arena, out, err))
        return false;
    *out = span_trim(*out);
    return true;
}

static int print_json(struct cli *c, const struct jwt_parts *parts, const struct err *why)
{
    struct writer w = writer_in(&c->arena, 4096);
    struct span text = { 0 };
    struct err err = { 0 };

    write_format(&w, "{\"valid\":%s,\"error\":", why ? "false" : "true");
    if (why) {
        write_format(&w, "{\"code\":\"%s\",\"path\":", err_code_name(why->code));
        json_write_string(&w, span_str(why->path));
        write_text(&w, ",\"text\":");
        json_write_string(&w, span_str(why->text));
        write_u8(&w, '}');
    } else {
        write_text(&w, "null");
    }
    write_text(&w, ",\"header\":");
    write_bytes(&w, parts ? parts->header : span_str("null"));
    write_text(&w, ",\"claims\":");
    write_bytes(&w, parts ? parts->payload : span_str("null"));
    write_text(&w, "}\n");
    if (!writer_done(&w, &text, &err))
        return cli_fail_err(c, &err);
    cli_print(text);
    return why ? EXIT_REFUSED : EXIT_OK;
}

static int print_text(struct cli *c, const struct jwt_parts *parts)
{
    bool is_debug = false;

    printf("%svalid%s\n", cli_color(c, "\033[1;32m"), cli_color(c, "\033[0m"));
    if (json_get_bool(parts->payload_json, "x-ms-sgx-is-debuggable", &is_debug, NULL) && is_debug)
        printf("%sDEBUG%s: the enclave is debuggable; its memory can be read from outside\n",
               cli_color(c, "\033[1;33m"), cli_color(c, "\033[0m"));
    for (const struct json *m = parts->payload_json->child; m; m = m->next)
        printf("  %-28.*s %.*s\n", SPAN_ARG(m->name), SPAN_ARG(m->raw));
    return EXIT_OK;
}

static bool read_time(struct cli *c, int64_t *out, struct err *err)
{
    const char *at = cli_option(c, "at");

    *out = (int64_t)time(NULL);
    return !at || when_read_any(span_str(at), out, err) || err_in(err, "--at");
}

static int verify(struct cli *c, struct crypto *crypto, struct span token, struct span keys_text,
                  struct jwt_check_wish *wish)
{
    struct err err = { 0 };
    struct jwks *keys = jwks_new(crypto, keys_text, &err);
    struct jwt_parts parts;
    int status;

    if (!keys)
        return cli_fail_err(c, &err);
    if (jwt_verify(crypto, token, keys, wish, &c->arena, &parts, &err))
        status = cli_flag(c, "json") ? print_json(c, &parts, NULL) : print_text(c, &parts);
    else if (cli_flag(c, "json"))
        status = print_json(c, NULL, &err);
    else
        status = cli_fail(c, EXIT_REFUSED, "not valid: %s%s%s", err.path, err.path[0] ? ": " : "",
                          err.text);
    jwks_free(keys);
    return status;
}

static int run(struct cli *c)
{
    struct jwt_check_wish wish = { 0 };
    struct span token = { 0 }, keys = { 0 };
    struct err err = { 0 };
    struct crypto *crypto = crypto_new(&err);
    int status;

    if (!crypto || !read_time(c, &wish.now, &err) || !read_token(c, &token, &err) ||
        !read_keys(c, &keys, &wish.issuer, &err))
        status = cli_fail_err(c, &err);
    else
        status = verify(c, crypto, token, keys, &wish);
    crypto_free(crypto);
    return status;
}

const struct verb verb_token_verify = {
    .words = "token verify",
    .summary = "check a token as a relying party does",
    .arguments = "TOKEN|FILE|-",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details = "Exit status: 0 valid, 2 not, 64 usage or no connection, 70 our own fault.",
    .examples =
        "  cupel token verify token.jwt --url https://127.0.0.1:8443 --ca data/tls/ca.pem\n"
        "  cupel token verify - --jwks certs.json --issuer https://attest.example < token.jwt",
    .run = run,
};
