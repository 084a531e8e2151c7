#include "json.h"

#include "../base/num.h"
#include "../base/utf8.h"
#include "json_scan.h"

#include <stdlib.h>
#include <string.h>

static const char rfc[] = "RFC 8259";

const struct json_limits json_limits_default = {
    .bytes = 1024 * 1024, .depth = 64, .nodes = 65536, .members = 1024
};

enum {
    CHUNK_FIRST = 16, /* nodes taken from the arena at a time: a small text stays small */
    CHUNK_MOST = 512,
    NAMES_FEW = 16, /* up to here names are compared each with each, above they are sorted */
};

struct parser {
    const uint8_t *start, *at, *end;
    const struct json_limits *limits;
    struct arena *a;
    struct err *err;
    struct json *spare; /* nodes not yet used */
    size_t spare_count, chunk, nodes;
    const struct json **names; /* room for sorting, kept between objects */
    size_t names_room;
};

static size_t offset_of(const struct parser *p, const uint8_t *at)
{
    return (size_t)(at - p->start);
}

/* "expected X, found Y" at the finger. */
static bool fail_found(struct parser *p, const char *expected)
{
    uint8_t c;

    if (p->at == p->end)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, rfc,
                           "expected %s, found the end of the text", expected);
    c = *p->at;
    if (c >= 0x20 && c < 0x7f)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, rfc,
                           "expected %s, found '%c'", expected, c);
    return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, rfc,
                       "expected %s, found byte 0x%02x", expected, c);
}

static void skip_white(struct parser *p)
{
    while (p->at < p->end && *p->at <= 0x20 &&
           (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Steps over white space and c, if c comes next. */
static bool take_if(struct parser *p, uint8_t c)
{
    skip_white(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static struct json *take_node(struct parser *p)
{
    if (p->nodes == p->limits->nodes) {
        err_fail_at(p->err, offset_of(p, p->at), ERR_LIMIT, NULL, "has more than %zu values",
                    p->limits->nodes);
        return NULL;
    }
    if (p->spare_count == 0) {
        size_t count = p->chunk ? size_min(p->chunk * 2, CHUNK_MOST) : CHUNK_FIRST;

        p->spare = ARENA_ARRAY(p->a, struct json, count);
        if (!p->spare) {
            arena_fail(p->a, p->err);
            return NULL;
        }
        p->chunk = p->spare_count = count;
    }
    p->nodes++;
    p->spare_count--;
    return p->spare++;
}

/* strings */

/* The value of four hexadecimal digits at p, or -1. */
static int32_t hex4(const uint8_t *p, const uint8_t *end)
{
    int32_t v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t c = p[i], low = c | 0x20;
        int d = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static bool is_high(int32_t c)
{
    return c >= 0xd800 && c <= 0xdbff;
}

static bool is_low(int32_t c)
{
    return c >= 0xdc00 && c <= 0xdfff;
}

/* The scalar value written by \uXXXX or by two of them at p, and how many bytes that took; 0 when
 * it is neither. */
static size_t read_unicode(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    int32_t high = hex4(p + 2, end), low;

    if (high < 0 || is_low(high))
        return 0;
    *out = (uint32_t)high;
    if (!is_high(high))
        return 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
        return 0;
    low = hex4(p + 8, end);
    if (!is_low(low))
        return 0;
    *out = 0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    return 12;
}

/* What the letter of a two-character escape stands for, or 0. */
static uint8_t short_escape(uint8_t letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

static bool skip_escape(struct parser *p)
{
    uint32_t c = 0;
    size_t n = 0;

    if (p->end - p->at >= 2 && short_escape(p->at[1]))
        n = 2;
    else if (p->end - p->at >= 2 && p->at[1] == 'u')
        n = read_unicode(p->at, p->end, &c);
    if (n == 0)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, "RFC 8259, 7",
                           "is not an escape of JSON, or half of a surrogate pair");
    p->at += n;
    return true;
}

/* Steps over one character that is not plain. */
static bool skip_special(struct parser *p)
{
    uint32_t c = 0;
    size_t n;

    if (p->at == p->end)
        return fail_found(p, "the closing quote of a string");
    if (*p->at == '\\')
        return skip_escape(p);
    if (*p->at < 0x20)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, "RFC 8259, 7",
                           "control character 0x%02x in a string must be escaped", *p->at);
    n = utf8_next(span_of(p->at, (size_t)(p->end - p->at)), &c);
    if (n == 0)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_MALFORMED, "RFC 3629",
                           "byte 0x%02x does not begin a character of UTF-8", *p->at);
    p->at += n;
    return true;
}

/* Copies a checked string without its escapes; what it says is never longer than how it is written.
 */
static bool unescape(struct parser *p, struct span in, struct span *out)
{
    const uint8_t *at = in.p, *end = in.p + in.n;
    uint8_t *room = arena_alloc(p->a, in.n, 1);
    struct writer w = writer_over(room, in.n);

    if (!room)
        return arena_fail(p->a, p->err);
    while (at < end) {
        const uint8_t *next = memchr(at, '\\', (size_t)(end - at));
        uint32_t c = 0;

        if (!next)
            next = end;
        write_bytes(&w, span_of(at, (size_t)(next - at)));
        at = next;
        if (at == end)
            break;
        if (at[1] == 'u') {
            at += read_unicode(at, end, &c);
            utf8_write(&w, c);
        } else {
            write_u8(&w, short_escape(at[1]));
            at += 2;
        }
    }
    *out = writer_span(&w);
    return true;
}

/* Reads a string at its opening quote. */
static bool read_string(struct parser *p, struct span *out, bool *has_escape)
{
    const uint8_t *from = ++p->at;

    *has_escape = false;
    for (;;) {
        p->at = json_skip_plain(p->at, p->end);
        if (p->at < p->end && *p->at == '"')
            break;
        *has_escape = *has_escape || (p->at < p->end && *p->at == '\\');
        if (!skip_special(p))
            return false;
    }
    *out = span_of(from, (size_t)(p->at - from));
    p->at++;
    return !*has_escape || unescape(p, *out, out);
}

/* numbers and words */

static bool is_digit_next(const struct parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static bool skip_digits(struct parser *p)
{
    if (!is_digit_next(p))
        return fail_found(p, "a digit");
    while (is_digit_next(p))
        p->at++;
    return true;
}

static bool skip_integer(struct parser *p)
{
    if (*p->at == '-')
        p->at++;
    if (p->at < p->end && *p->at == '0') {
        p->at++;
        return !is_digit_next(p) || fail_found(p, "a number without leading zeros");
    }
    return skip_digits(p);
}

static bool skip_fraction(struct parser *p)
{
    if (p->at == p->end || *p->at != '.')
        return true;
    p->at++;
    return skip_digits(p);
}

static bool skip_exponent(struct parser *p)
{
    if (p->at == p->end || (*p->at | 0x20) != 'e')
        return true;
    p->at++;
    if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
        p->at++;
    return skip_digits(p);
}

static bool read_number(struct parser *p, struct json *n)
{
    n->type = JSON_NUMBER;
    return skip_integer(p) && skip_fraction(p) && skip_exponent(p);
}

static bool read_word(struct parser *p, struct json *n, const char *word, enum json_type type)
{
    struct span w = span_str(word);

    if (!span_starts(span_of(p->at, (size_t)(p->end - p->at)), w))
        return fail_found(p, "a value");
    n->type = type;
    p->at += w.n;
    return true;
}

/* arrays and objects */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int compare_folded(struct span a, struct span b)
{
    size_t n = size_min(a.n, b.n);

    for (size_t i = 0; i < n; i++) {
        int d = lower(a.p[i]) - lower(b.p[i]);

        if (d != 0)
            return d;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static int by_name(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;

    return span_compare((*x)->name, (*y)->name);
}

static int by_folded_name(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;

    return compare_folded((*x)->name, (*y)->name);
}

static bool is_same_name(const struct parser *p, const struct json *a, const struct json *b)
{
    if (a->name.n != b->name.n)
        return false;
    return p->limits->names_fold_case ? compare_folded(a->name, b->name) == 0
                                      : span_equal(a->name, b->name);
}

static bool fail_twice(struct parser *p, const struct json *a, const struct json *b)
{
    const struct json *later = a->offset > b->offset ? a : b;
    char shown[41];

    return err_fail_at(p->err, later->offset, ERR_MALFORMED, "RFC 8259, 4",
                       "the member name \"%s\" stands twice in one object",
                       utf8_show(later->name, shown, sizeof shown));
}

static bool check_few_names(struct parser *p, const struct json *object)
{
    for (const struct json *a = object->child; a; a = a->next)
        for (const struct json *b = a->next; b; b = b->next)
            if (is_same_name(p, a, b))
                return fail_twice(p, a, b);
    return true;
}

static bool reserve_names(struct parser *p, size_t count)
{
    size_t room = 0;

    if (count <= p->names_room)
        return true;
    if (!size_mul(count, 2, &room))
        return arena_fail(p->a, p->err);
    p->names = ARENA_ARRAY(p->a, const struct json *, room);
    p->names_room = p->names ? room : 0;
    return p->names || arena_fail(p->a, p->err);
}

/* The names come from outside: sorted, so that no choice of them makes the search quadratic. */
static bool check_many_names(struct parser *p, const struct json *object)
{
    size_t n = 0;

    if (!reserve_names(p, object->count))
        return false;
    for (const struct json *m = object->child; m; m = m->next)
        p->names[n++] = m;
    qsort(p->names, n, sizeof *p->names, p->limits->names_fold_case ? by_folded_name : by_name);
    for (size_t i = 1; i < n; i++)
        if (is_same_name(p, p->names[i - 1], p->names[i]))
            return fail_twice(p, p->names[i - 1], p->names[i]);
    return true;
}

static bool check_names(struct parser *p, const struct json *object)
{
    return object->count <= NAMES_FEW ? check_few_names(p, object) : check_many_names(p, object);
}

static bool read_value(struct parser *p, struct json *n, size_t depth);

static bool read_member(struct parser *p, struct json *m, size_t depth)
{
    skip_white(p);
    if (p->at == p->end || *p->at != '"')
        return fail_found(p, "a member name in quotes");
    if (!read_string(p, &m->name, &m->has_name_escape))
        return false;
    if (!take_if(p, ':'))
        return fail_found(p, "':' after a member name");
    return read_value(p, m, depth);
}

static bool read_object(struct parser *p, struct json *o, size_t depth)
{
    const struct json **link = &o->child;

    if (take_if(p, '}'))
        return true;
    do {
        struct json *m = take_node(p);

        if (!m)
            return false;
        if (o->count == p->limits->members)
            return err_fail_at(p->err, offset_of(p, p->at), ERR_LIMIT, NULL,
                               "has more than %zu members", p->limits->members);
        if (!read_member(p, m, depth))
            return false;
        *link = m;
        link = &m->next;
        o->count++;
    } while (take_if(p, ','));
    if (!take_if(p, '}'))
        return fail_found(p, "',' or '}' after a member");
    return check_names(p, o);
}

static bool read_array(struct parser *p, struct json *array, size_t depth)
{
    const struct json **link = &array->child;

    if (take_if(p, ']'))
        return true;
    do {
        struct json *n = take_node(p);

        if (!n || !read_value(p, n, depth))
            return false;
        *link = n;
        link = &n->next;
        array->count++;
    } while (take_if(p, ','));
    return take_if(p, ']') || fail_found(p, "',' or ']' after a value");
}

/* Reads an array or object whose opening bracket is at the finger; depth: how many levels it lies
 * in. */
static bool read_container(struct parser *p, struct json *n, size_t depth)
{
    if (depth == p->limits->depth)
        return err_fail_at(p->err, offset_of(p, p->at), ERR_LIMIT, NULL,
                           "is nested more than %zu levels deep", p->limits->depth);
    n->type = *p->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
    return n->type == JSON_OBJECT ? read_object(p, n, depth + 1) : read_array(p, n, depth + 1);
}

static bool read_any(struct parser *p, struct json *n, size_t depth)
{
    bool has_escape;

    switch (p->at == p->end ? 0 : *p->at) {
    case '"':
        n->type = JSON_STRING;
        return read_string(p, &n->text, &has_escape);
    case '{':
    case '[':
        return read_container(p, n, depth);
    case 't':
        return read_word(p, n, "true", JSON_TRUE);
    case 'f':
        return read_word(p, n, "false", JSON_FALSE);
    case 'n':
        return read_word(p, n, "null", JSON_NULL);
    default:
        if (is_digit_next(p) || (p->at < p->end && *p->at == '-'))
            return read_number(p, n);
        return fail_found(p, "a value");
    }
}

static bool read_value(struct parser *p, struct json *n, size_t depth)
{
    const uint8_t *from;

    skip_white(p);
    from = p->at;
    n->offset = offset_of(p, from);
    if (!read_any(p, n, depth))
        return false;
    n->raw = span_of(from, (size_t)(p->at - from));
    return true;
}

static bool read_text(struct parser *p, struct json **out)
{
    struct json *top = take_node(p);

    if (!top || !read_value(p, top, 0))
        return false;
    skip_white(p);
    if (p->at < p->end)
        return fail_found(p, "nothing after the value");
    *out = top;
    return true;
}

bool json_parse(struct span text, const struct json_limits *limits, struct arena *a,
                const struct json **out, struct err *err)
{
    struct parser p = { .limits = limits ? limits : &json_limits_default, .a = a, .err = err };
    struct json *top = NULL;

    if (text.n > p.limits->bytes)
        return err_fail(err, ERR_LIMIT, NULL, "is %zu bytes long, %zu are allowed", text.n,
                        p.limits->bytes);
    p.start = p.at = text.p ? text.p : (const uint8_t *)"";
    p.end = p.start + text.n;
    if (span_starts(text, span_str("\xef\xbb\xbf")))
        return err_fail_at(err, 0, ERR_MALFORMED, "RFC 8259, 8.1", "begins with a byte order mark");
    if (!read_text(&p, &top))
        return false;
    *out = top;
    return true;
}
