#include "jmes_query.h"
#include "jmes_unsupported.h"
#include "program.h"

#include "../base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum jtoken_kind {
    JT_END,
    JT_NAME,
    JT_QUOTED,
    JT_RAW,     /* '...' */
    JT_LITERAL, /* `...` */
    JT_NUMBER,
    JT_DOT,
    JT_STAR,
    JT_CURRENT,
    JT_REFERENCE,
    JT_PIPE,
    JT_OR,
    JT_AND,
    JT_NOT,
    JT_COMPARE,
    JT_PAREN_OPEN,
    JT_PAREN_CLOSE,
    JT_BRACKET_OPEN,
    JT_BRACKET_CLOSE,
    JT_BRACE_OPEN,
    JT_BRACE_CLOSE,
    JT_COMMA,
    JT_COLON,
    JT_FLATTEN, /* [] */
    JT_FILTER,  /* [? */
};

/* Binding powers (7.11): how strongly a token holds what stands to its left. */
static const int powers[] = {
    [JT_PIPE] = 1,    [JT_OR] = 2,          [JT_AND] = 3,           [JT_COMPARE] = 5,
    [JT_FLATTEN] = 9, [JT_STAR] = 20,       [JT_FILTER] = 21,       [JT_DOT] = 40,
    [JT_NOT] = 45,    [JT_BRACE_OPEN] = 50, [JT_BRACKET_OPEN] = 55, [JT_PAREN_OPEN] = 60,
};

enum { PROJECTION_STOP = 10 }; /* tokens weaker than this end a projection */

struct jtoken {
    enum jtoken_kind kind;
    size_t offset;
    struct span text; /* as written; what stands between the quotes for the quoted kinds */
    enum jmes_comparison comparison;
};

struct jparser {
    struct span text;
    size_t at; /* behind `now` */
    struct jtoken now;
    struct arena *arena;
    struct jmes_fault *fault;
    int depth;
    int projections; /* of which one is the right side of the other */
};

static bool fail_at(struct jparser *p, size_t offset, const char *fmt, ...) PRINTF_LIKE(3, 4);

static bool fail_at(struct jparser *p, size_t offset, const char *fmt, ...)
{
    va_list args;

    if (p->fault->kind != JMES_NONE)
        return false;
    p->fault->kind = JMES_SYNTAX;
    p->fault->offset = offset;
    va_start(args, fmt);
    vsnprintf(p->fault->text, sizeof p->fault->text, fmt, args);
    va_end(args);
    return false;
}

static bool no_memory(struct jparser *p)
{
    if (p->fault->kind != JMES_NONE)
        return false;
    p->fault->kind = JMES_MEMORY;
    snprintf(p->fault->text, sizeof p->fault->text, "out of memory");
    return false;
}

static void *alloc(struct jparser *p, size_t size)
{
    void *m = arena_alloc(p->arena, 1, size);

    if (!m)
        no_memory(p);
    return m;
}

/* tokens */

static uint8_t byte_at(const struct jparser *p, size_t at)
{
    return at < p->text.n ? p->text.p[at] : 0;
}

static bool is_name_byte(uint8_t c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!is_first && c >= '0' && c <= '9');
}

/* Cuts a token of n bytes at the finger. */
static bool cut(struct jparser *p, enum jtoken_kind kind, size_t n)
{
    p->now = (struct jtoken){ .kind = kind, .offset = p->at, .text = span_part(p->text, p->at, n) };
    p->at += n;
    return true;
}

/* A token between two equal quotes; a backslash keeps the next character inside. */
static bool cut_quoted(struct jparser *p, enum jtoken_kind kind, uint8_t quote)
{
    size_t n = 1;

    while (p->at + n < p->text.n && p->text.p[p->at + n] != quote)
        n += p->text.p[p->at + n] == '\\' ? 2 : 1;
    if (p->at + n >= p->text.n)
        return fail_at(p, p->at, "what begins with %c here does not end", quote);
    cut(p, kind, n + 1);
    p->now.text = span_part(p->now.text, 1, n - 1);
    return true;
}

/* A character that begins no token, or something that other dialects have. */
static bool complain_symbol(struct jparser *p)
{
    struct span rest = span_part(p->text, p->at, SIZE_MAX);
    const struct jmes_unsupported *row = jmes_unsupported_syntax(rest);

    if (row)
        return fail_at(p, p->at,
                       "no token begins with this character: %s (\"%s\") is of other dialects",
                       row->feature, row->name);
    if (rest.p[0] == '=')
        return fail_at(p, p->at, "\"=\" alone is no operator; a comparison is written \"==\"");
    return fail_at(p, p->at, "no token begins with this character");
}

static bool cut_number(struct jparser *p)
{
    size_t n = 1;

    if (byte_at(p, p->at) == '-' && !(byte_at(p, p->at + 1) >= '0' && byte_at(p, p->at + 1) <= '9'))
        return complain_symbol(p);
    while (byte_at(p, p->at + n) >= '0' && byte_at(p, p->at + n) <= '9')
        n++;
    return cut(p, JT_NUMBER, n);
}

/* clang-format off */
static const struct {
    char text[3];
    enum jtoken_kind kind;
    enum jmes_comparison comparison;
} symbols[] = {
    { "[]", JT_FLATTEN, 0 },      { "[?", JT_FILTER, 0 },        { "||", JT_OR, 0 },
    { "&&", JT_AND, 0 },          { "==", JT_COMPARE, JMES_EQ }, { "!=", JT_COMPARE, JMES_NE },
    { "<=", JT_COMPARE, JMES_LE },{ ">=", JT_COMPARE, JMES_GE }, { "<",  JT_COMPARE, JMES_LT },
    { ">",  JT_COMPARE, JMES_GT },{ ".",  JT_DOT, 0 },           { "*",  JT_STAR, 0 },
    { "@",  JT_CURRENT, 0 },      { "&",  JT_REFERENCE, 0 },     { "|",  JT_PIPE, 0 },
    { "!",  JT_NOT, 0 },          { "(",  JT_PAREN_OPEN, 0 },    { ")",  JT_PAREN_CLOSE, 0 },
    { "[",  JT_BRACKET_OPEN, 0 }, { "]",  JT_BRACKET_CLOSE, 0 }, { "{",  JT_BRACE_OPEN, 0 },
    { "}",  JT_BRACE_CLOSE, 0 },  { ",",  JT_COMMA, 0 },         { ":",  JT_COLON, 0 },
};
/* clang-format on */

static bool cut_symbol(struct jparser *p)
{
    uint8_t first = byte_at(p, p->at), second = byte_at(p, p->at + 1);

    for (size_t i = 0; i < COUNT(symbols); i++)
        if (symbols[i].text[0] == (char)first &&
            (symbols[i].text[1] == '\0' || symbols[i].text[1] == (char)second)) {
            cut(p, symbols[i].kind, symbols[i].text[1] ? 2 : 1);
            p->now.comparison = symbols[i].comparison;
            return true;
        }
    return complain_symbol(p);
}

static bool cut_token(struct jparser *p)
{
    uint8_t c;
    size_t n = 1;

    while (p->at < p->text.n && (p->text.p[p->at] == ' ' || p->text.p[p->at] == '\t' ||
                                 p->text.p[p->at] == '\r' || p->text.p[p->at] == '\n'))
        p->at++;
    if (p->at == p->text.n)
        return cut(p, JT_END, 0);
    c = p->text.p[p->at];
    if (c == '"')
        return cut_quoted(p, JT_QUOTED, c);
    if (c == '\'')
        return cut_quoted(p, JT_RAW, c);
    if (c == '`')
        return cut_quoted(p, JT_LITERAL, c);
    if (c == '-' || (c >= '0' && c <= '9'))
        return cut_number(p);
    if (!is_name_byte(c, true))
        return cut_symbol(p);
    while (is_name_byte(byte_at(p, p->at + n), false))
        n++;
    return cut(p, JT_NAME, n);
}

/* Goes on to the next token. One that cannot be cut looks like the end, with the fault noted. */
static void advance(struct jparser *p)
{
    if (!cut_token(p))
        cut(p, JT_END, 0);
}

static bool is(const struct jparser *p, enum jtoken_kind kind)
{
    return p->now.kind == kind;
}

static bool unexpected(struct jparser *p, const char *expected)
{
    char shown[32];

    if (is(p, JT_END))
        return fail_at(p, p->now.offset, "expected %s, found the end of the query", expected);
    return fail_at(p, p->now.offset, "expected %s, found %s", expected,
                   utf8_show(p->now.text, shown, sizeof shown));
}

static bool expect(struct jparser *p, enum jtoken_kind kind, const char *expected)
{
    if (!is(p, kind))
        return unexpected(p, expected);
    advance(p);
    return p->fault->kind == JMES_NONE;
}

/* What kind of token comes behind `now`. */
static enum jtoken_kind kind_behind(struct jparser *p)
{
    struct jparser ahead = *p;
    struct jmes_fault ignored = { 0 };

    ahead.fault = &ignored;
    advance(&ahead);
    return ignored.kind == JMES_NONE ? ahead.now.kind : JT_END;
}

/* queries */

static bool parse_expression(struct jparser *p, int power, struct jmes_query **out);
static bool parse_inside(struct jparser *p, int power, struct jmes_query **out);

static struct jmes_query *new_query(struct jparser *p, enum head_kind kind)
{
    struct jmes_query *q = alloc(p, sizeof *q);

    if (!q)
        return NULL;
    q->kind = kind;
    q->tail = &q->steps;
    return q;
}

static struct jmes_step *add_step(struct jparser *p, struct jmes_query *q, enum step_kind kind)
{
    struct jmes_step *s = alloc(p, sizeof *s);

    if (!s)
        return NULL;
    s->kind = kind;
    *q->tail = s;
    q->tail = &s->next;
    return s;
}

/* multi-list = "[" expression { "," expression } "]", behind the bracket; and the arguments of a
 * call, where "&" makes a reference */
static bool parse_parts(struct jparser *p, struct jmes_query *q, enum jtoken_kind end,
                        const char *expected, bool takes_references)
{
    struct jmes_part **tail = &q->parts;

    for (;;) {
        struct jmes_part *part = alloc(p, sizeof *part);
        struct jmes_query *query = NULL;

        if (!part)
            return false;
        if (takes_references && is(p, JT_REFERENCE)) {
            part->is_reference = true;
            advance(p);
        }
        if (!parse_inside(p, 0, &query))
            return false;
        part->query = query;
        *tail = part;
        tail = &part->next;
        q->part_count++;
        if (!is(p, JT_COMMA))
            return expect(p, end, expected);
        advance(p);
    }
}

/* The characters of a quoted identifier: a JSON string. */
static bool read_quoted(struct jparser *p, struct span *out)
{
    struct span with_quotes = span_of(p->now.text.p - 1, p->now.text.n + 2);
    const struct json *j;
    struct err err = { 0 };

    if (!json_parse(with_quotes, NULL, p->arena, &j, &err)) {
        if (err.code != ERR_MALFORMED)
            return no_memory(p);
        return fail_at(p, p->now.offset + err.offset, "this quoted name is no JSON string");
    }
    *out = j->text;
    return true;
}

/* key = identifier, quoted or not */
static bool parse_key(struct jparser *p, struct span *out)
{
    if (is(p, JT_QUOTED)) {
        if (!read_quoted(p, out))
            return false;
    } else if (is(p, JT_NAME)) {
        *out = p->now.text;
    } else {
        return unexpected(p, "the name of a member");
    }
    advance(p);
    return true;
}

/* multi-hash = "{" key ":" expression { "," key ":" expression } "}", behind the brace */
static bool parse_hash(struct jparser *p, struct jmes_query *q)
{
    struct jmes_part **tail = &q->parts;

    for (;;) {
        struct jmes_part *part = alloc(p, sizeof *part);
        struct jmes_query *query;

        if (!part || !parse_key(p, &part->name) || !expect(p, JT_COLON, "\":\" behind a name") ||
            !parse_inside(p, 0, &query))
            return false;
        part->query = query;
        *tail = part;
        tail = &part->next;
        q->part_count++;
        if (!is(p, JT_COMMA))
            return expect(p, JT_BRACE_CLOSE, "\",\" or \"}\"");
        advance(p);
    }
}

static bool read_number(struct jparser *p, int64_t *out)
{
    bool is_negative = p->now.text.p[0] == '-';
    int64_t v = 0;

    for (size_t i = is_negative; i < p->now.text.n; i++) {
        int digit = p->now.text.p[i] - '0';

        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, is_negative ? -digit : digit, &v))
            return fail_at(p, p->now.offset, "this number is beyond 64 bits");
    }
    *out = v;
    advance(p);
    return true;
}

static bool parse_projection(struct jparser *p, struct jmes_step *s, int power);

/* slice = [ number ] ":" [ number ] [ ":" [ number ] ], or a number; behind the bracket */
static bool parse_index(struct jparser *p, struct jmes_query *q)
{
    struct jmes_step *s = add_step(p, q, STEP_INDEX);
    size_t colons = 0;

    if (!s)
        return false;
    while (is(p, JT_NUMBER) || is(p, JT_COLON)) {
        if (is(p, JT_COLON)) {
            if (++colons > 2)
                return unexpected(p, "\"]\"");
            advance(p);
            continue;
        }
        if (s->has_number[colons])
            return unexpected(p, "\":\" or \"]\"");
        if (!read_number(p, &s->numbers[colons]))
            return false;
        s->has_number[colons] = true;
    }
    if (!expect(p, JT_BRACKET_CLOSE, "\"]\""))
        return false;
    if (colons == 0)
        return true;
    s->kind = STEP_SLICE;
    return parse_projection(p, s, powers[JT_STAR]);
}

/* What follows a dot: an identifier, a call, "*", a multi-select list or hash. */
static bool parse_after_dot(struct jparser *p, int power, const struct jmes_query **out)
{
    struct jmes_query *q = NULL;
    bool is_read;

    if (is(p, JT_NAME) || is(p, JT_QUOTED) || is(p, JT_STAR)) {
        is_read = parse_expression(p, power, &q);
    } else if (is(p, JT_BRACKET_OPEN)) {
        q = new_query(p, HEAD_LIST);
        advance(p);
        is_read = q && parse_parts(p, q, JT_BRACKET_CLOSE, "\",\" or \"]\"", false);
    } else if (is(p, JT_BRACE_OPEN)) {
        q = new_query(p, HEAD_HASH);
        advance(p);
        is_read = q && parse_hash(p, q);
    } else {
        return unexpected(p, "a name, \"*\", \"[\" or \"{\" behind a dot");
    }
    *out = q;
    return is_read;
}

/* The right side of a projection takes what follows it. */
static bool parse_projection(struct jparser *p, struct jmes_step *s, int power)
{
    struct jmes_query *q;
    bool is_read;

    if (powers[p->now.kind] < PROJECTION_STOP)
        return p->fault->kind == JMES_NONE;
    if (++p->projections > JMES_PROJECTIONS)
        return fail_at(p, p->now.offset, "more than %d projections follow one another",
                       JMES_PROJECTIONS);
    if (is(p, JT_BRACKET_OPEN) || is(p, JT_FILTER)) {
        is_read = parse_expression(p, power, &q);
        s->operand = is_read ? q : NULL;
    } else if (is(p, JT_DOT)) {
        advance(p);
        is_read = parse_after_dot(p, power, &s->operand);
    } else {
        is_read = unexpected(p, "a dot, a bracket or an operator behind a projection");
    }
    p->projections--;
    return is_read;
}

static bool parse_projection_step(struct jparser *p, struct jmes_query *q, enum step_kind kind,
                                  int power)
{
    struct jmes_step *s = add_step(p, q, kind);

    return s && parse_projection(p, s, power);
}

/* "[?" expression "]" */
static bool parse_filter(struct jparser *p, struct jmes_query *q)
{
    struct jmes_step *s = add_step(p, q, STEP_FILTER);
    struct jmes_query *condition;

    if (!s || !parse_inside(p, 0, &condition))
        return false;
    s->condition = condition;
    return expect(p, JT_BRACKET_CLOSE, "\"]\" behind a filter") &&
           parse_projection(p, s, powers[JT_FILTER]);
}

/* A bracket where an expression begins. */
static bool parse_leading_bracket(struct jparser *p, struct jmes_query **out)
{
    struct jmes_query *q;

    advance(p);
    if (is(p, JT_NUMBER) || is(p, JT_COLON)) {
        q = *out = new_query(p, HEAD_CURRENT);
        return q && parse_index(p, q);
    }
    if (is(p, JT_STAR) && kind_behind(p) == JT_BRACKET_CLOSE) {
        q = *out = new_query(p, HEAD_CURRENT);
        advance(p);
        advance(p);
        return q && parse_projection_step(p, q, STEP_LIST, powers[JT_STAR]);
    }
    q = *out = new_query(p, HEAD_LIST);
    return q && parse_parts(p, q, JT_BRACKET_CLOSE, "\",\" or \"]\"", false);
}

/* The text of a token in which only its own mark is written with a backslash before it: every other
 * backslash stays. No bytes: no memory. */
static struct span unescaped(struct jparser *p, char mark)
{
    struct span written = p->now.text;
    uint8_t *text = arena_alloc(p->arena, written.n + 1, 1);
    size_t n = 0;

    for (size_t i = 0; text && i < written.n; i++) {
        if (written.p[i] == '\\' && i + 1 < written.n && written.p[i + 1] == (uint8_t)mark)
            continue;
        text[n++] = written.p[i];
    }
    return span_of(text, n);
}

static bool parse_literal(struct jparser *p, struct jmes_query *q)
{
    struct span text = unescaped(p, '`');
    struct jmes_work w = { .arena = p->arena, .limit = UINT64_MAX };
    const struct json *j;
    struct err err = { 0 };

    if (!text.p)
        return no_memory(p);
    if (!json_parse(text, NULL, p->arena, &j, &err)) {
        if (err.code == ERR_MEMORY || p->arena->is_full)
            return no_memory(p);
        return fail_at(p, p->now.offset, "what stands between backticks is no JSON: %.80s",
                       err.text);
    }
    if (!jv_from_json(&w, j, &q->literal))
        return w.fault.kind == JMES_MEMORY ? no_memory(p)
                                           : fail_at(p, p->now.offset, "%s", w.fault.text);
    advance(p);
    return true;
}

static bool parse_raw(struct jparser *p, struct jmes_query *q)
{
    struct span text = unescaped(p, '\'');

    if (!text.p)
        return no_memory(p);
    q->literal = jv_string(text);
    advance(p);
    return true;
}

static bool parse_operand(struct jparser *p, struct jmes_query *q, int power)
{
    struct jmes_query *operand;

    advance(p);
    if (!parse_inside(p, power, &operand))
        return false;
    q->operand = operand;
    return true;
}

static bool parse_quoted(struct jparser *p, struct jmes_query *q)
{
    if (!read_quoted(p, &q->name))
        return false;
    advance(p);
    return !is(p, JT_PAREN_OPEN) ||
           fail_at(p, p->now.offset, "a function's name stands without quotes");
}

/* What an expression can begin with. */
static bool parse_head(struct jparser *p, struct jmes_query **out)
{
    static const enum head_kind kinds[] = {
        [JT_NAME] = HEAD_FIELD,      [JT_QUOTED] = HEAD_FIELD,   [JT_RAW] = HEAD_LITERAL,
        [JT_LITERAL] = HEAD_LITERAL, [JT_NOT] = HEAD_NOT,        [JT_PAREN_OPEN] = HEAD_GROUP,
        [JT_BRACE_OPEN] = HEAD_HASH, [JT_FILTER] = HEAD_CURRENT,
    };
    enum jtoken_kind kind = p->now.kind;
    struct jmes_query *q;

    if (kind == JT_BRACKET_OPEN)
        return parse_leading_bracket(p, out);
    q = *out = new_query(p, kind < (enum jtoken_kind)COUNT(kinds) ? kinds[kind] : HEAD_CURRENT);
    if (!q)
        return false;
    switch (kind) {
    case JT_NAME:
        q->is_bare = true;
        q->name = p->now.text;
        advance(p);
        return true;
    case JT_QUOTED:
        return parse_quoted(p, q);
    case JT_RAW:
        return parse_raw(p, q);
    case JT_LITERAL:
        return parse_literal(p, q);
    case JT_CURRENT:
        advance(p);
        return true;
    case JT_NOT:
        return parse_operand(p, q, powers[JT_NOT]);
    case JT_PAREN_OPEN:
        return parse_operand(p, q, 0) && expect(p, JT_PAREN_CLOSE, "\")\"");
    case JT_STAR:
        advance(p);
        return parse_projection_step(p, q, STEP_VALUES, powers[JT_STAR]);
    case JT_FLATTEN:
        advance(p);
        return parse_projection_step(p, q, STEP_FLATTEN, powers[JT_FLATTEN]);
    case JT_FILTER:
        advance(p);
        return parse_filter(p, q);
    case JT_BRACE_OPEN:
        advance(p);
        return parse_hash(p, q);
    default:
        return unexpected(p, "an expression");
    }
}

/* "(" makes a bare name the name of a function. */
static bool parse_call(struct jparser *p, struct jmes_query *q)
{
    if (q->kind != HEAD_FIELD || !q->is_bare || q->steps)
        return unexpected(p, "an operator");
    q->kind = HEAD_CALL;
    q->function = jmes_function_find(q->name);
    q->is_bare = false;
    advance(p);
    if (is(p, JT_PAREN_CLOSE)) {
        advance(p);
        return true;
    }
    return parse_parts(p, q, JT_PAREN_CLOSE, "\",\" or \")\"", true);
}

static bool parse_binary(struct jparser *p, struct jmes_query *q, enum step_kind kind)
{
    struct jmes_step *s = add_step(p, q, kind);
    int power = powers[p->now.kind];
    struct jmes_query *right;

    if (!s)
        return false;
    s->comparison = p->now.comparison;
    advance(p);
    if (!parse_inside(p, power, &right))
        return false;
    s->operand = right;
    return true;
}

/* "." behind a value */
static bool parse_dot(struct jparser *p, struct jmes_query *q)
{
    struct jmes_step *s;

    advance(p);
    if (is(p, JT_STAR)) {
        advance(p);
        return parse_projection_step(p, q, STEP_VALUES, powers[JT_STAR]);
    }
    s = add_step(p, q, STEP_SUB);
    return s && parse_after_dot(p, powers[JT_DOT], &s->operand);
}

/* "[" behind a value: a number, a slice or "*" */
static bool parse_bracket(struct jparser *p, struct jmes_query *q)
{
    advance(p);
    if (is(p, JT_NUMBER) || is(p, JT_COLON))
        return parse_index(p, q);
    if (!is(p, JT_STAR))
        return unexpected(p, "a number, \":\" or \"*\" in brackets");
    advance(p);
    return expect(p, JT_BRACKET_CLOSE, "\"]\"") &&
           parse_projection_step(p, q, STEP_LIST, powers[JT_STAR]);
}

/* One more step behind what has been read. */
static bool parse_step(struct jparser *p, struct jmes_query *q)
{
    switch (p->now.kind) {
    case JT_DOT:
        return parse_dot(p, q);
    case JT_BRACKET_OPEN:
        return parse_bracket(p, q);
    case JT_FLATTEN:
        advance(p);
        return parse_projection_step(p, q, STEP_FLATTEN, powers[JT_FLATTEN]);
    case JT_FILTER:
        advance(p);
        return parse_filter(p, q);
    case JT_PIPE:
        return parse_binary(p, q, STEP_PIPE);
    case JT_OR:
        return parse_binary(p, q, STEP_OR);
    case JT_AND:
        return parse_binary(p, q, STEP_AND);
    case JT_COMPARE:
        return parse_binary(p, q, STEP_COMPARE);
    case JT_PAREN_OPEN:
        return parse_call(p, q);
    default:
        return unexpected(p, "an operator");
    }
}

static bool parse_expression(struct jparser *p, int power, struct jmes_query **out)
{
    if (!parse_head(p, out))
        return false;
    while (power < powers[p->now.kind])
        if (!parse_step(p, *out))
            return false;
    return p->fault->kind == JMES_NONE;
}

/* An expression inside another. */
static bool parse_inside(struct jparser *p, int power, struct jmes_query **out)
{
    bool is_read;

    if (p->depth == JMES_DEPTH)
        return fail_at(p, p->now.offset, "the query is nested deeper than %d levels", JMES_DEPTH);
    p->depth++;
    is_read = parse_expression(p, power, out);
    p->depth--;
    return is_read;
}

bool jmes_parse(struct span text, struct arena *a, const struct jmes_query **out,
                struct jmes_fault *fault)
{
    struct jparser p = { .text = text, .arena = a, .fault = fault };
    size_t bad = utf8_check(text);
    struct jmes_query *q = NULL;

    *fault = (struct jmes_fault){ 0 };
    if (bad < text.n)
        return fail_at(&p, bad, "this is not UTF-8");
    advance(&p);
    if (fault->kind != JMES_NONE || !parse_inside(&p, 0, &q))
        return false;
    if (!is(&p, JT_END))
        return unexpected(&p, "an operator or the end of the query");
    q->hash = hash_bytes(0, text);
    *out = q;
    return true;
}
