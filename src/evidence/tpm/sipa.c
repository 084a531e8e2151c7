#include "sipa.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WBCL "Windows SDK, wbcl.h"

enum { HEAD = 8 };

struct parse {
    struct arena *arena;
    size_t *budget;
};

/* How many records lie side by side; what does not add up is found when they are read. */
static size_t count_beside(struct span s)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(s, &ignored);
    size_t n = 0;

    while (reader_left(&r) > 0) {
        (void)reader_u32le(&r, "id");
        (void)reader_take(&r, reader_u32le(&r, "size"), "payload");
        n++;
    }
    return n;
}

static const struct sipa *parse_level(struct parse *p, struct reader *r, unsigned depth);

static bool parse_record(struct parse *p, struct reader *r, unsigned depth, struct sipa *out)
{
    struct reader sub;
    uint32_t size;

    out->id = reader_u32le(r, "id");
    size = reader_u32le(r, "size");
    sub = reader_sub(r, size, "size");
    out->payload = sub.in;
    if (!reader_ok(r))
        return false;
    if ((out->id & SIPA_IS_CONTAINER) == 0 || out->payload.n == 0)
        return true;
    out->child = parse_level(p, &sub, depth + 1);
    r->has_failed = sub.has_failed;
    return !r->has_failed;
}

static const struct sipa *fail_level(struct reader *r, size_t at)
{
    char place[24];

    r->has_failed = true;
    snprintf(place, sizeof place, "[%zu]", at);
    err_in(r->err, place);
    err_in(r->err, "records");
    return NULL;
}

/* A sequence to the end of its box, as one array whose elements are linked. Only as deep as the
 * limit, so it ends. */
static const struct sipa *parse_level(struct parse *p, struct reader *r, unsigned depth)
{
    size_t n = count_beside(r->in);
    struct sipa *level;

    if (depth > TPM_SIPA_DEPTH_MAX) {
        reader_fail(r, ERR_LIMIT, WBCL, "records", "lie more than %d deep", TPM_SIPA_DEPTH_MAX);
        return NULL;
    }
    if (n > *p->budget) {
        reader_fail(r, ERR_LIMIT, WBCL, "records", "a log may have %d", TPM_SIPA_RECORDS_MAX);
        return NULL;
    }
    *p->budget -= n;
    level = ARENA_ARRAY(p->arena, struct sipa, n);
    if (!level) {
        r->has_failed = true;
        arena_fail(p->arena, r->err);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!parse_record(p, r, depth, &level[i]))
            return fail_level(r, i);
        level[i].next = i + 1 < n ? &level[i + 1] : NULL;
    }
    return level;
}

bool sipa_parse(struct reader *r, struct arena *a, size_t *budget, const struct sipa **out)
{
    struct parse p = { a, budget };
    const struct sipa *level = NULL;

    if (reader_left(r) > 0)
        level = parse_level(&p, r, 1);
    if (!reader_done(r))
        return false;
    *out = level;
    return true;
}

bool sipa_number(const struct sipa *record, uint64_t *out)
{
    uint64_t v = 0;

    if (record->payload.n < 1 || record->payload.n > 8)
        return false;
    for (size_t i = record->payload.n; i > 0; i--)
        v = v << 8 | record->payload.p[i - 1];
    *out = v;
    return true;
}

static const char *bits_word(const struct sipa_def *def, uint64_t value, char *buf)
{
    size_t n = 0;

    if (value == 0)
        return "None";
    buf[0] = '\0';
    for (const struct sipa_word *w = def->words; w->text; w++)
        if ((value & w->value) != 0 && n < SIPA_WORD_TEXT) {
            n += (size_t)snprintf(buf + n, SIPA_WORD_TEXT - n, "%s%s", n ? "|" : "", w->text);
            value &= ~w->value;
        }
    if (value != 0 && n < SIPA_WORD_TEXT)
        snprintf(buf + n, SIPA_WORD_TEXT - n, "%s0x%" PRIx64, n ? "|" : "", value);
    return buf;
}

const char *sipa_word(const struct sipa_def *def, uint64_t value, char *buf)
{
    if (def->has_bits)
        return bits_word(def, value, buf);
    for (const struct sipa_word *w = def->words; w && w->text; w++)
        if (w->value == value)
            return w->text;
    snprintf(buf, SIPA_WORD_TEXT, "0x%" PRIx64, value);
    return buf;
}

static bool walk(const struct sipa *first, const struct sipa *top, sipa_visit *visit, void *arg)
{
    for (const struct sipa *s = first; s; s = s->next) {
        const struct sipa *outermost = top ? top : s;

        if ((s->id & SIPA_IS_UNMEASURED) != 0)
            continue;
        if (!visit(arg, s, outermost) || !walk(s->child, outermost, visit, arg))
            return false;
    }
    return true;
}

bool sipa_walk(const struct sipa *first, sipa_visit *visit, void *arg)
{
    return walk(first, NULL, visit, arg);
}

void sipa_write(struct writer *w, uint32_t id, struct span payload)
{
    write_u32le(w, id);
    write_u32le(w, (uint32_t)payload.n);
    write_bytes(w, payload);
}
