/* A static bearer token: its holder gets the token, the access file gets its hash. */
#include "../base/b64.h"
#include "../base/hex.h"
#include "../base/when.h"
#include "../host/file.h"
#include "../service/access_list.h"
#include "cli.h"

#include <stdio.h>

enum { ID_BYTES = 4, SECRET_BYTES = 32, TOKEN_MODE = 0600 };

static const struct option_def options[] = {
    /* clang-format off */
    { "role",     OPTION_VALUE, "ROLE", "attestation-reader, attestation-contributor, reader, contributor or owner" },
    { "instance", OPTION_VALUE, "NAME", "the role holds in this instance only" },
    { "name",     OPTION_VALUE, "NAME", "what the audit chain calls its holder; the token's id by default" },
    { "expires",  OPTION_VALUE, "TIME", "from then on it is refused: seconds since 1970 or RFC 3339" },
    { "out",      OPTION_VALUE, "FILE", "put the token into this file, which only its owner can read, and not on standard error" },
    /* clang-format on */
};

struct wish {
    enum access_role role;
    const char *instance, *name;
    int64_t expires; /* 0: never */
};

static bool is_word(const char *text)
{
    bool is_plain = *text != '\0';

    for (; *text; text++)
        is_plain = is_plain && *text > ' ' && *text <= '~' && *text != '@';
    return is_plain;
}

static bool read_wish(const struct cli *c, struct wish *out, struct err *err)
{
    const char *role = cli_option(c, "role"), *expires = cli_option(c, "expires");

    *out = (struct wish){ .instance = cli_option(c, "instance"), .name = cli_option(c, "name") };
    if (!role || !access_role_find(span_str(role), &out->role))
        return err_fail(err, ERR_MISSING, NULL,
                        "--role must be attestation-reader, attestation-contributor, reader, "
                        "contributor or owner");
    if ((out->instance && !is_word(out->instance)) || (out->name && !is_word(out->name)))
        return err_fail(err, ERR_MISSING, NULL,
                        "--instance and --name are words without spaces and @");
    return !expires || when_read_any(span_str(expires), &out->expires, err);
}

/* "cupel_" and the id make a lost token easy to find and to name; the rest is the secret. */
static bool make_token(struct cli *c, struct crypto *crypto, struct span *id, struct span *token,
                       struct err *err)
{
    uint8_t random[ID_BYTES + SECRET_BYTES];
    struct writer w = writer_in(&c->arena, 128);

    if (!random_bytes(crypto, random, sizeof random, err))
        return false;
    *id = hex_dup(&c->arena, span_of(random, ID_BYTES));
    if (!id->p)
        return arena_fail(&c->arena, err);
    write_format(&w, "cupel_%.*s_", SPAN_ARG(*id));
    b64_write_url(&w, span_of(random + ID_BYTES, SECRET_BYTES));
    return writer_done(&w, token, err);
}

/* ROLE[@INSTANCE] token HASH NAME [EXPIRES] */
static bool make_line(struct cli *c, struct crypto *crypto, const struct wish *wish, struct span id,
                      struct span token, struct span *out, struct err *err)
{
    struct writer w = writer_in(&c->arena, 256);
    uint8_t digest[SHA256_SIZE];
    char when[WHEN_TEXT];

    if (!digest_sha256(crypto, token, digest, err))
        return false;
    write_text(&w, access_roles[wish->role].word);
    if (wish->instance)
        write_format(&w, "@%s", wish->instance);
    write_text(&w, " token ");
    hex_write(&w, span_of(digest, sizeof digest));
    write_u8(&w, ' ');
    write_bytes(&w, wish->name ? span_str(wish->name) : id);
    if (wish->expires)
        write_format(&w, " %s", when_str(wish->expires, when));
    write_u8(&w, '\n');
    return writer_done(&w, out, err);
}

static bool hand_out(struct cli *c, struct span token, struct err *err)
{
    const char *path = cli_option(c, "out");

    if (path)
        return file_replace(path, token, TOKEN_MODE, err);
    fprintf(stderr, "%.*s\n", SPAN_ARG(token));
    return true;
}

static int run(struct cli *c)
{
    struct span id = { 0 }, token = { 0 }, line = { 0 };
    struct err e = { 0 };
    struct crypto *crypto;
    struct wish wish;
    bool is_made;

    if (!read_wish(c, &wish, &e))
        return cli_fail_err(c, &e);
    crypto = crypto_new(&e);
    is_made = crypto && make_token(c, crypto, &id, &token, &e) &&
              make_line(c, crypto, &wish, id, token, &line, &e) && hand_out(c, token, &e);
    crypto_free(crypto);
    if (!is_made)
        return cli_fail_err(c, &e);
    cli_print(line);
    return EXIT_OK;
}

const struct verb verb_token_new = {
    .words = "token new",
    .summary = "make a static bearer token and its line for the access file",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Prints the line for the access file of cupeld, which holds the SHA-256 of the token "
        "only; the token\nitself goes to standard error or to the file of --out, and is "
        "nowhere else. Exit status 0, 64 usage,\n70 our own fault.",
    .examples = "  cupel token new --role reader --name ci --out ci.token >> access",
    .run = run,
};
