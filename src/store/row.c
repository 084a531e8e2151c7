#include "row.h"

#include <string.h>

#include "../base/utf8.h"

static const void *place(const struct column *c, const void *row)
{
    return (const uint8_t *)row + c->offset;
}

int64_t row_int(const struct column *c, const void *row)
{
    int64_t v;

    memcpy(&v, place(c, row), sizeof v);
    return v;
}

struct span row_span(const struct column *c, const void *row)
{
    struct span s;

    memcpy(&s, place(c, row), sizeof s);
    return s;
}

void row_set_int(const struct column *c, void *row, int64_t v)
{
    memcpy((uint8_t *)row + c->offset, &v, sizeof v);
}

void row_set_span(const struct column *c, void *row, struct span s)
{
    memcpy((uint8_t *)row + c->offset, &s, sizeof s);
}

/* A NUL inside text is legal UTF-8, and what engines and people see of such text differs. */
static bool span_fits(const struct column *c, struct span s, struct err *err)
{
    if (s.n > c->most)
        return err_fail(err, ERR_LIMIT, NULL, "%zu bytes are more than %zu", s.n, c->most);
    if (c->type != COLUMN_TEXT || s.n == 0)
        return true;
    if (utf8_check(s) != s.n || memchr(s.p, 0, s.n))
        return err_fail(err, ERR_MALFORMED, NULL, "is not text: not UTF-8, or with a zero in it");
    return true;
}

bool row_check(const struct table *t, const void *row, struct err *err)
{
    for (size_t i = 0; i + 1 < t->column_count; i++) {
        const struct column *c = &t->columns[i];

        if (c->type == COLUMN_INT || span_fits(c, row_span(c, row), err))
            continue;
        err_in(err, c->name);
        return err_in(err, t->name);
    }
    return true;
}

void row_write(struct writer *w, const struct table *t, const void *row)
{
    for (size_t i = 0; i + 1 < t->column_count; i++) {
        const struct column *c = &t->columns[i];

        if (c->type == COLUMN_INT) {
            write_u64le(w, (uint64_t)row_int(c, row));
            continue;
        }
        write_u32le(w, (uint32_t)row_span(c, row).n);
        write_bytes(w, row_span(c, row));
    }
}

static void column_read(struct reader *r, const struct column *c, void *row)
{
    struct err why = { 0 };
    struct span s;
    uint32_t n;

    if (c->type == COLUMN_INT) {
        row_set_int(c, row, (int64_t)reader_u64le(r, c->name));
        return;
    }
    n = reader_u32le(r, c->name);
    s = reader_take(r, n, c->name);
    if (reader_ok(r) && !span_fits(c, s, &why))
        reader_fail(r, why.code, NULL, c->name, "%s", why.text);
    row_set_span(c, row, s);
}

void row_read(struct reader *r, const struct table *t, void *row)
{
    memset(row, 0, t->size);
    for (size_t i = 0; i + 1 < t->column_count && reader_ok(r); i++)
        column_read(r, &t->columns[i], row);
}

/* The parts point at the row itself: a policy of a megabyte is not copied to be hashed. */
bool row_seal(struct crypto *c, const struct table *t, const void *row, uint8_t out[ROW_SEAL_SIZE],
              struct err *err)
{
    uint8_t heads[ROW_COLUMNS_MAX][8];
    struct span parts[2 * ROW_COLUMNS_MAX + 1];
    size_t n = 0;

    parts[n++] = span_of(t->name, strlen(t->name) + 1);
    for (size_t i = 0; i + 1 < t->column_count; i++) {
        const struct column *col = &t->columns[i];
        struct writer w = writer_over(heads[i], sizeof heads[i]);

        if (col->type == COLUMN_INT)
            write_u64le(&w, (uint64_t)row_int(col, row));
        else
            write_u32le(&w, (uint32_t)row_span(col, row).n);
        parts[n++] = writer_span(&w);
        if (col->type != COLUMN_INT)
            parts[n++] = row_span(col, row);
    }
    return digest(c, DIGEST_SHA256, parts, n, out, err);
}

bool row_dup(struct arena *a, const struct table *t, void *row, struct err *err)
{
    for (size_t i = 0; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        struct span copy;

        if (c->type == COLUMN_INT)
            continue;
        copy = arena_dup(a, row_span(c, row));
        if (!copy.p)
            return arena_fail(a, err);
        row_set_span(c, row, copy);
    }
    return true;
}

int row_compare(const struct table *t, const void *a, const void *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct column *c = &t->columns[i];
        int order;

        if (c->type == COLUMN_INT)
            order = (row_int(c, a) > row_int(c, b)) - (row_int(c, a) < row_int(c, b));
        else
            order = span_compare(row_span(c, a), row_span(c, b));
        if (order != 0)
            return order;
    }
    return 0;
}
