#include "jmes_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool work_fail(struct jmes_work *w, enum jmes_error kind, const char *fmt, ...)
{
    va_list args;

    if (w->fault.kind != JMES_NONE)
        return false;
    w->fault.kind = kind;
    va_start(args, fmt);
    vsnprintf(w->fault.text, sizeof w->fault.text, fmt, args);
    va_end(args);
    return false;
}

bool work_over(struct jmes_work *w)
{
    return work_fail(w, JMES_LIMIT, "this takes more than %llu steps",
                     (unsigned long long)w->limit);
}

void *work_alloc(struct jmes_work *w, size_t count, size_t size)
{
    void *p = arena_alloc(w->arena, count, size);

    if (!p)
        work_fail(w, JMES_MEMORY, "out of memory");
    return p;
}

struct jv *work_items(struct jmes_work *w, size_t n)
{
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (uint64_t)n))
        return NULL;
    return WORK_ARRAY(w, struct jv, n);
}

bool jv_values(struct jmes_work *w, const struct jv *object, struct jv *out)
{
    struct jv *items = work_items(w, object->n);

    if (!items)
        return false;
    for (uint32_t i = 0; i < object->n; i++)
        items[i] = object->members[i].value;
    *out = jv_array(items, object->n);
    return true;
}

struct jv jv_null(void)
{
    return (struct jv){ .kind = JV_NULL };
}

struct jv jv_bool(bool b)
{
    return (struct jv){ .kind = b ? JV_TRUE : JV_FALSE };
}

struct jv jv_integer(int64_t v)
{
    return (struct jv){ .kind = JV_INTEGER, .integer = v };
}

struct jv jv_real(double v)
{
    return (struct jv){ .kind = JV_REAL, .real = v };
}

/* Texts are far below 4 GiB: policies, claims and computed strings are all limited. */
struct jv jv_string(struct span s)
{
    return (struct jv){ .kind = JV_STRING, .n = (uint32_t)s.n, .text = s.p };
}

struct jv jv_array(const struct jv *items, size_t n)
{
    return (struct jv){ .kind = JV_ARRAY, .n = (uint32_t)n, .items = items };
}

struct span jv_text(const struct jv *v)
{
    return span_of(v->text, v->n);
}

bool jv_is_number(const struct jv *v)
{
    return v->kind >= JV_INTEGER && v->kind <= JV_REAL;
}

double jv_double(const struct jv *v)
{
    return v->kind == JV_INTEGER ? (double)v->integer : v->real;
}

bool jv_is_false(const struct jv *v)
{
    if (v->kind >= JV_STRING)
        return v->n == 0;
    return v->kind == JV_NULL || v->kind == JV_FALSE;
}

struct jv jv_member(const struct jv *object, struct span name)
{
    if (object->kind == JV_OBJECT)
        for (uint32_t i = 0; i < object->n; i++)
            if (object->members[i].name_n == name.n &&
                (name.n == 0 || memcmp(object->members[i].name, name.p, name.n) == 0))
                return object->members[i].value;
    return jv_null();
}

int jv_compare_numbers(const struct jv *a, const struct jv *b)
{
    double x, y;

    if (a->kind == JV_INTEGER && b->kind == JV_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    x = jv_double(a);
    y = jv_double(b);
    return (x > y) - (x < y);
}

/* equality */

static bool equal_at(struct jmes_work *w, const struct jv *a, const struct jv *b, int depth,
                     bool *out);

static const struct jv *find_member(const struct jv *object, const struct jv_member *like,
                                    uint32_t guess)
{
    for (uint32_t i = 0; i < object->n; i++) {
        const struct jv_member *m = &object->members[(guess + i) % object->n];

        if (m->name_n == like->name_n && memcmp(m->name, like->name, m->name_n) == 0)
            return &m->value;
    }
    return NULL;
}

static bool equal_objects(struct jmes_work *w, const struct jv *a, const struct jv *b, int depth,
                          bool *out)
{
    for (uint32_t i = 0; i < a->n && *out; i++) {
        const struct jv *other = find_member(b, &a->members[i], i);

        if (!work_charge(w, WORK_COMPARED + a->n / 4))
            return false;
        *out = other != NULL;
        if (other && !equal_at(w, &a->members[i].value, other, depth, out))
            return false;
    }
    return true;
}

static bool equal_at(struct jmes_work *w, const struct jv *a, const struct jv *b, int depth,
                     bool *out)
{
    if (!work_charge(w, WORK_COMPARED))
        return false;
    if (depth > JV_DEPTH)
        return work_fail(w, JMES_LIMIT, "a value is nested deeper than %d levels", JV_DEPTH);
    if (jv_is_number(a) && jv_is_number(b)) {
        *out = jv_compare_numbers(a, b) == 0;
        return true;
    }
    *out = a->kind == b->kind && a->n == b->n;
    if (!*out || a->kind < JV_STRING || a->n == 0)
        return true;
    if (a->kind == JV_STRING) {
        *out = memcmp(a->text, b->text, a->n) == 0;
        return work_charge(w, a->n / 16);
    }
    if (a->kind == JV_OBJECT)
        return equal_objects(w, a, b, depth + 1, out);
    for (uint32_t i = 0; i < a->n && *out; i++)
        if (!equal_at(w, &a->items[i], &b->items[i], depth + 1, out))
            return false;
    return true;
}

bool jv_equal(struct jmes_work *w, const struct jv *a, const struct jv *b, bool *out)
{
    return equal_at(w, a, b, 0, out);
}

/* from a document */

static bool take_number(struct jmes_work *w, const struct json *j, struct jv *out)
{
    int64_t integer;
    struct span copy;

    if (json_to_int(j, &integer)) {
        *out = jv_integer(integer);
        return true;
    }
    if (!work_charge(w, WORK_REAL + j->raw.n))
        return false;
    copy = arena_dup(w->arena, j->raw); /* ends with the NUL that strtod needs */
    if (!copy.p)
        return work_fail(w, JMES_MEMORY, "out of memory");
    *out = jv_real(strtod((const char *)copy.p, NULL));
    if (__builtin_isinf(jv_double(out)))
        return work_fail(w, JMES_VALUE, "a number overflows a double");
    return true;
}

static bool take_array(struct jmes_work *w, const struct json *j, struct jv *out)
{
    struct jv *items = WORK_ARRAY(w, struct jv, j->count);
    size_t n = 0;

    if (!items)
        return false;
    for (const struct json *e = j->child; e; e = e->next)
        if (!jv_from_json(w, e, &items[n++]))
            return false;
    *out = jv_array(items, n);
    return true;
}

static bool take_object(struct jmes_work *w, const struct json *j, struct jv *out)
{
    struct jv_member *members = WORK_ARRAY(w, struct jv_member, j->count);
    uint32_t n = 0;

    if (!members)
        return false;
    for (const struct json *e = j->child; e; e = e->next, n++) {
        members[n].name = e->name.p;
        members[n].name_n = (uint32_t)e->name.n;
        if (!jv_from_json(w, e, &members[n].value))
            return false;
    }
    *out = (struct jv){ .kind = JV_OBJECT, .n = n, .members = members };
    return true;
}

/* Recursion is as deep as the reader allowed the text to be. */
bool jv_from_json(struct jmes_work *w, const struct json *j, struct jv *out)
{
    if (!work_charge(w, WORK_NODE))
        return false;
    switch (j->type) {
    case JSON_NUMBER:
        return take_number(w, j, out);
    case JSON_STRING:
        *out = jv_string(j->text);
        return true;
    case JSON_ARRAY:
        return take_array(w, j, out);
    case JSON_OBJECT:
        return take_object(w, j, out);
    default:
        *out = j->type == JSON_NULL ? jv_null() : jv_bool(j->type == JSON_TRUE);
        return true;
    }
}

/* to text */

/* Digits and exponent of the shortest decimal that reads back as v: v = 0.DIGITS * 10^point. What
 * 15 digits or fewer can say is what 15 digits say, but for the numbers that have lost precision
 * near zero. */
static size_t shortest_digits(double v, char digits[20], int *point)
{
    static const double least_normal = 2.2250738585072014e-308;
    char text[40];
    size_t n = 0;

    for (int precision = v < least_normal ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, v);
        if (strtod(text, NULL) == v)
            break;
    }
    *point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
    for (const char *c = text; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            digits[n++] = *c;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

/* Number::toString of ECMAScript, radix 10. */
static size_t real_text(double v, char *buf)
{
    struct writer w = writer_over(buf, 32);
    char digits[20];
    int point = 0;
    size_t n;

    if (v == 0) {
        buf[0] = '0';
        return 1;
    }
    if (v < 0)
        write_u8(&w, '-');
    n = shortest_digits(v < 0 ? -v : v, digits, &point);
    if (point > 21 || point <= -6) {
        write_bytes(&w, span_of(digits, 1));
        if (n > 1)
            write_format(&w, ".%.*s", (int)n - 1, digits + 1);
        write_format(&w, "e%c%d", point > 0 ? '+' : '-', abs(point - 1));
    } else if (point <= 0) {
        write_text(&w, "0.");
        write_fill(&w, '0', (size_t)-point);
        write_bytes(&w, span_of(digits, n));
    } else if ((size_t)point >= n) {
        write_bytes(&w, span_of(digits, n));
        write_fill(&w, '0', (size_t)point - n);
    } else {
        write_bytes(&w, span_of(digits, (size_t)point));
        write_u8(&w, '.');
        write_bytes(&w, span_of(digits + point, n - (size_t)point));
    }
    return writer_span(&w).n;
}

size_t jv_number_text(const struct jv *v, char *buf)
{
    if (v->kind == JV_INTEGER)
        return (size_t)snprintf(buf, 32, "%lld", (long long)v->integer);
    return real_text(jv_double(v), buf);
}

static bool write_at(struct jmes_work *w, const struct jv *v, struct writer *out, size_t depth,
                     size_t *deepest);

static bool write_members(struct jmes_work *w, const struct jv *v, struct writer *out, size_t depth,
                          size_t *deepest)
{
    write_u8(out, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        const struct jv_member *m = &v->members[i];

        if (i)
            write_u8(out, ',');
        json_write_string(out, span_of(m->name, m->name_n));
        write_u8(out, ':');
        if (!write_at(w, &m->value, out, depth, deepest))
            return false;
    }
    write_u8(out, '}');
    return true;
}

static bool write_items(struct jmes_work *w, const struct jv *v, struct writer *out, size_t depth,
                        size_t *deepest)
{
    write_u8(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            write_u8(out, ',');
        if (!write_at(w, &v->items[i], out, depth, deepest))
            return false;
    }
    write_u8(out, ']');
    return true;
}

/* Finding the shortest digits of a double means writing and reading it several times. */
static uint64_t write_cost(const struct jv *v)
{
    if (v->kind == JV_REAL)
        return WORK_REAL_TEXT;
    return WORK_WRITTEN + (v->kind == JV_STRING ? v->n / 4 : 0);
}

static bool write_at(struct jmes_work *w, const struct jv *v, struct writer *out, size_t depth,
                     size_t *deepest)
{
    static const char *const words[] = { "null", "false", "true" };
    char number[32];

    if (!work_charge(w, write_cost(v)))
        return false;
    if (depth > JV_DEPTH)
        return work_fail(w, JMES_LIMIT, "the result is nested deeper than %d levels", JV_DEPTH);
    if (out->n > JV_STRING_LIMIT)
        return work_fail(w, JMES_LIMIT, "the text would be longer than %d bytes", JV_STRING_LIMIT);
    if (v->kind >= JV_ARRAY && depth + 1 > *deepest)
        *deepest = depth + 1;
    if (v->kind == JV_OBJECT)
        return write_members(w, v, out, depth + 1, deepest);
    if (v->kind == JV_ARRAY)
        return write_items(w, v, out, depth + 1, deepest);
    if (v->kind == JV_STRING)
        json_write_string(out, jv_text(v));
    else if (jv_is_number(v))
        write_bytes(out, span_of(number, jv_number_text(v, number)));
    else
        write_text(out, words[v->kind]);
    return true;
}

bool jv_write(struct jmes_work *w, const struct jv *v, struct writer *out, size_t *depth)
{
    *depth = 0;
    if (!write_at(w, v, out, 0, depth))
        return false;
    if (out->has_failed)
        return work_fail(w, JMES_MEMORY, "out of memory");
    if (out->n > JV_STRING_LIMIT)
        return work_fail(w, JMES_LIMIT, "the text would be longer than %d bytes", JV_STRING_LIMIT);
    return true;
}
