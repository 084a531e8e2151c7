#include "access_list.h"

#include <stdio.h>
#include <string.h>

#include "../base/hex.h"
#include "../base/utf8.h"
#include "../base/when.h"

const char *const access_field_words[ACCESS_FIELDS] = { "sha256", "cn", "dns", "uri", "email" };

/* clang-format off */
static const struct {
    const char *token;
    enum access_role role;
} desk[] = {
    { "dev-reader",      ROLE_READER },
    { "dev-contributor", ROLE_CONTRIBUTOR },
};
/* clang-format on */

bool access_list_init(struct access_list *l, struct arena *a, struct err *err)
{
    l->items = ARENA_ARRAY(a, struct access_line, ACCESS_LINES_MAX);
    l->count = 0;
    return l->items || arena_fail(a, err);
}

static bool add(struct access_list *l, const struct access_line *line, struct err *err)
{
    if (l->count == ACCESS_LINES_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "more than %d lines", ACCESS_LINES_MAX);
    l->items[l->count++] = *line;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The next word of a line; empty at its end. */
static struct span next_word(struct span *line)
{
    struct span rest = span_trim(*line), word;
    size_t n = 0;

    while (n < rest.n && !is_blank(rest.p[n]))
        n++;
    word = span_part(rest, 0, n);
    *line = span_trim(span_part(rest, n, SIZE_MAX));
    return word;
}

static bool fail_word(struct err *err, struct span word, const char *what)
{
    char shown[48];

    return err_fail(err, ERR_MALFORMED, NULL, "\"%s\" is not %s",
                    utf8_show(word, shown, sizeof shown), what);
}

static bool role_read(struct span word, struct access_line *out, struct err *err)
{
    const uint8_t *at = word.n > 0 ? memchr(word.p, '@', word.n) : NULL;
    size_t n = at ? (size_t)(at - word.p) : word.n;

    out->instance = at ? span_part(word, n + 1, SIZE_MAX) : span_str("*");
    if (!access_role_find(span_part(word, 0, n), &out->role))
        return fail_word(err, span_part(word, 0, n),
                         "a role: attestation-reader, attestation-contributor, reader, "
                         "contributor or owner");
    return out->instance.n > 0 || fail_word(err, word, "a role with an instance's name behind @");
}

static bool nothing_left(struct span rest, struct err *err)
{
    return rest.n == 0 || fail_word(err, rest, "expected at the end of the line");
}

static bool token_read(struct span rest, struct access_line *out, struct err *err)
{
    struct span digest = next_word(&rest), expires;

    out->kind = ACCESS_TOKEN;
    if (!hex_read(digest, out->digest, sizeof out->digest, err))
        return false;
    out->name = next_word(&rest);
    expires = next_word(&rest);
    return (expires.n == 0 || when_read(expires, &out->expires, err)) && nothing_left(rest, err);
}

/* The value may hold spaces: "Attestation Reader". */
static bool claim_read(struct span rest, struct access_line *out, struct err *err)
{
    out->kind = ACCESS_CLAIM;
    out->issuer = next_word(&rest);
    out->claim = next_word(&rest);
    out->value = rest;
    return out->value.n > 0 ||
           err_fail(err, ERR_MALFORMED, NULL, "claim needs an issuer, a claim's name and a value");
}

static bool certificate_read(struct span rest, struct access_line *out, struct err *err)
{
    const uint8_t *colon = rest.n > 0 ? memchr(rest.p, ':', rest.n) : NULL;
    size_t n = colon ? (size_t)(colon - rest.p) : rest.n, i = 0;

    out->kind = ACCESS_CERTIFICATE;
    out->value = span_part(rest, n + 1, SIZE_MAX);
    while (i < ACCESS_FIELDS && !span_is(span_part(rest, 0, n), access_field_words[i]))
        i++;
    if (i == ACCESS_FIELDS || out->value.n == 0)
        return fail_word(err, rest, "sha256:, cn:, dns:, uri: or email: and a value");
    out->field = (enum access_field)i;
    return out->field != FIELD_SHA256 || hex_read(out->value, out->digest, sizeof out->digest, err);
}

static bool line_read(struct span line, struct access_line *out, struct err *err)
{
    static const struct {
        const char *word;
        bool (*read)(struct span rest, struct access_line *out, struct err *err);
    } kinds[] = { { "token", token_read },
                  { "claim", claim_read },
                  { "certificate", certificate_read } };
    struct span role = next_word(&line), kind = next_word(&line);

    if (!role_read(role, out, err))
        return false;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (span_is(kind, kinds[i].word))
            return kinds[i].read(line, out, err);
    return fail_word(err, kind, "token, claim or certificate");
}

static struct span next_line(struct span *text)
{
    const uint8_t *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
    size_t n = end ? (size_t)(end - text->p) : text->n;
    struct span line = span_trim(span_part(*text, 0, n));

    *text = span_part(*text, n + 1, SIZE_MAX);
    return line;
}

bool access_list_read(struct access_list *l, struct span text, struct err *err)
{
    char where[32];

    for (int number = 1; text.n > 0; number++) {
        struct span line = next_line(&text);
        struct access_line found = { 0 };

        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (!line_read(line, &found, err) || !add(l, &found, err)) {
            snprintf(where, sizeof where, "line %d", number);
            return err_in(err, where);
        }
    }
    return true;
}

bool access_list_add_desk(struct access_list *l, struct crypto *c, struct err *err)
{
    for (size_t i = 0; i < COUNT(desk); i++) {
        struct access_line line = { .role = desk[i].role,
                                    .instance = span_str("*"),
                                    .kind = ACCESS_TOKEN,
                                    .name = span_str(desk[i].token) };

        if (!digest_sha256(c, span_str(desk[i].token), line.digest, err) || !add(l, &line, err))
            return false;
    }
    return true;
}
