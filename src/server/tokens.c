#include "tokens.h"

#include <stdio.h>
#include <string.h>

#include "../base/hex.h"

/* clang-format off */
static const struct {
    const char *word;
    enum api_role role;
    const char *desk_token;
} roles[] = {
    { "reader",      ROLE_READER,      "dev-reader" },
    { "contributor", ROLE_CONTRIBUTOR, "dev-contributor" },
};
/* clang-format on */

static bool add(struct api_token *list, size_t *count, const struct api_token *t, struct err *err)
{
    if (*count == TOKENS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "more than %d bearer tokens", TOKENS_MAX);
    list[(*count)++] = *t;
    return true;
}

static bool role_find(struct span word, enum api_role *out, struct err *err)
{
    for (size_t i = 0; i < COUNT(roles); i++) {
        if (span_is(word, roles[i].word)) {
            *out = roles[i].role;
            return true;
        }
    }
    return err_fail(err, ERR_MALFORMED, NULL,
                    "the line begins with neither reader nor contributor");
}

static bool line_read(struct span line, struct api_token *out, struct err *err)
{
    size_t n = 0;

    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t')
        n++;
    return role_find(span_part(line, 0, n), &out->role, err) &&
           hex_read(span_trim(span_part(line, n, SIZE_MAX)), out->sha256, sizeof out->sha256, err);
}

static struct span next_line(struct span *text)
{
    const uint8_t *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
    size_t n = end ? (size_t)(end - text->p) : text->n;
    struct span line = span_trim(span_part(*text, 0, n));

    *text = span_part(*text, n + 1, SIZE_MAX);
    return line;
}

bool tokens_read(struct span text, struct api_token *list, size_t *count, struct err *err)
{
    char where[32];

    for (int number = 1; text.n > 0; number++) {
        struct span line = next_line(&text);
        struct api_token t = { 0 };

        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (!line_read(line, &t, err) || !add(list, count, &t, err)) {
            snprintf(where, sizeof where, "line %d", number);
            return err_in(err, where);
        }
    }
    return true;
}

bool tokens_add_desk(struct crypto *c, struct api_token *list, size_t *count, struct err *err)
{
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct api_token t = { .role = roles[i].role };

        if (!digest_sha256(c, span_str(roles[i].desk_token), t.sha256, err) ||
            !add(list, count, &t, err))
            return false;
    }
    return true;
}
