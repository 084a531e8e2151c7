#include "walk_inside_test.h"

#include "../format/json.h"

#include <string.h>

enum { PRODUCTIONS = 600 };

struct walk walk_over(struct span choices, struct arena *a)
{
    return (struct walk){ .choices = choices, .arena = a, .left = PRODUCTIONS };
}

uint32_t walk_pick(struct walk *k, uint32_t n)
{
    return k->at < k->choices.n && n ? k->choices.p[k->at++] % n : 0;
}

bool walk_rarely(struct walk *k, uint32_t n)
{
    return walk_pick(k, n) == n - 1;
}

bool walk_may_grow(struct walk *k, int depth, int most)
{
    if (depth >= most || k->left == 0)
        return false;
    k->left--;
    return true;
}

void walk_put_one_of(struct walk *k, struct writer *w, const char *const *words, size_t count)
{
    write_text(w, words[walk_pick(k, (uint32_t)count)]);
}

/* JSON */

static const char *const members[] = { "a", "b", "k", "v", "Events", "PcrIndex", "\xc3\xa9", "" };
static const char *const texts[] = { "x", "", "a", "true", "[1,2]", "\xc3\xa9t\xc3\xa9", "X", "1" };
static const char *const numbers[] = { "0",
                                       "1",
                                       "2",
                                       "-1",
                                       "15",
                                       "1.5",
                                       "-0",
                                       "1e3",
                                       "3.0",
                                       "1e21",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "9223372036854775808",
                                       "1e-7",
                                       "0.1",
                                       "5e-324" };

static void put_json(struct walk *k, struct writer *w, int depth);

static void put_json_object(struct walk *k, struct writer *w, int depth)
{
    uint32_t first = walk_pick(k, COUNT(members)), n = walk_pick(k, 4);

    write_text(w, "{");
    for (uint32_t i = 0; i < n; i++) {
        write_text(w, i ? "," : "");
        json_write_string(w, span_str(members[(first + i) % COUNT(members)]));
        write_text(w, walk_rarely(k, 8) ? " : " : ":");
        put_json(k, w, depth + 1);
    }
    write_text(w, "}");
}

static void put_json_array(struct walk *k, struct writer *w, int depth)
{
    uint32_t n = walk_pick(k, 6);

    write_text(w, "[");
    for (uint32_t i = 0; i < n; i++) {
        write_text(w, i ? "," : "");
        put_json(k, w, depth + 1);
    }
    write_text(w, "]");
}

static void put_json(struct walk *k, struct writer *w, int depth)
{
    static const char *const words[] = { "null", "true", "false" };
    uint32_t which = walk_pick(k, 10);

    if (which >= 6 && walk_may_grow(k, depth, 5)) {
        if (which >= 8)
            put_json_object(k, w, depth);
        else
            put_json_array(k, w, depth);
    } else if (which >= 4) {
        PUT_ONE_OF(k, w, numbers);
    } else if (which >= 2) {
        json_write_string(w, span_str(texts[walk_pick(k, COUNT(texts))]));
    } else {
        PUT_ONE_OF(k, w, words);
    }
}

struct span walk_json(struct walk *k)
{
    struct writer w = writer_in(k->arena, 256);

    put_json(k, &w, 0);
    return writer_span(&w);
}

/* queries (7.11) */

static void put_query(struct walk *k, struct writer *w, int depth);

static const char *const fields[] = { "a", "b", "k", "v", "Events", "PcrIndex", "true", "length" };
static const char *const quoted[] = { "\"a\"", "\"\\u0061\"", "\"\xc3\xa9\"", "\"\"", "\"b c\"" };

/* Functions, with what they take: v a value, r a reference, * any number more. */
/* clang-format off */
static const struct { const char *name, *takes; } functions[] = {
    { "length", "v" },   { "type", "v" },        { "to_string", "v" },   { "to_number", "v" },
    { "keys", "v" },     { "values", "v" },      { "not_null", "v*" },   { "merge", "v*" },
    { "sort", "v" },     { "sort_by", "vr" },    { "max_by", "vr" },     { "min_by", "vr" },
    { "map", "rv" },     { "join", "vv" },       { "contains", "vv" },   { "starts_with", "vv" },
    { "ends_with", "vv" },{ "reverse", "v" },    { "to_array", "v" },    { "sum", "v" },
    { "avg", "v" },      { "max", "v" },         { "min", "v" },         { "abs", "v" },
    { "ceil", "v" },     { "floor", "v" },       { "equals_ignore_case", "vv" },
    { "nosuch", "v" },
};
/* clang-format on */

static void put_argument(struct walk *k, struct writer *w, char takes, int depth)
{
    if ((takes == 'r') != walk_rarely(k, 24))
        write_text(w, "&");
    put_query(k, w, depth);
}

static void put_function(struct walk *k, struct writer *w, int depth)
{
    uint32_t which = walk_pick(k, COUNT(functions));
    const char *takes = functions[which].takes;

    write_format(w, "%s(", functions[which].name);
    if (!walk_rarely(k, 32))
        put_argument(k, w, takes[0], depth);
    if (takes[1] == 'v' || takes[1] == 'r' || walk_rarely(k, 32) || (takes[1] && walk_pick(k, 3))) {
        write_text(w, w->p[w->n - 1] == '(' ? "" : ", ");
        put_argument(k, w, takes[1] == 'r' ? 'r' : 'v', depth);
    }
    write_text(w, ")");
}

/* JSON between backticks; a backtick inside has a backslash before it, and here there is none. */
static void put_literal(struct walk *k, struct writer *w)
{
    write_text(w, "`");
    if (walk_rarely(k, 4))
        put_json(k, w, 3);
    else
        PUT_ONE_OF(k, w, numbers);
    write_text(w, "`");
}

static void put_list(struct walk *k, struct writer *w, int depth)
{
    write_text(w, "[");
    for (uint32_t n = walk_pick(k, 3) + 1; n > 0; n--) {
        put_query(k, w, depth);
        write_text(w, n > 1 ? "," : "");
    }
    write_text(w, "]");
}

static void put_hash(struct walk *k, struct writer *w, int depth)
{
    write_text(w, "{");
    for (uint32_t n = walk_pick(k, 3) + 1; n > 0; n--) {
        if (walk_pick(k, 4) == 3)
            PUT_ONE_OF(k, w, quoted);
        else
            PUT_ONE_OF(k, w, fields);
        write_text(w, ": ");
        put_query(k, w, depth);
        write_text(w, n > 1 ? ", " : "");
    }
    write_text(w, "}");
}

static void put_number(struct walk *k, struct writer *w)
{
    static const char *const indices[] = {
        "0", "1", "2", "-1", "-2", "7", "-9", "9223372036854775807", "-9223372036854775808"
    };

    PUT_ONE_OF(k, w, indices);
}

static void put_slice(struct walk *k, struct writer *w)
{
    write_text(w, "[");
    if (walk_pick(k, 2))
        put_number(k, w);
    write_text(w, ":");
    if (walk_pick(k, 2))
        put_number(k, w);
    if (walk_pick(k, 2)) {
        write_text(w, ":");
        put_number(k, w);
    }
    write_text(w, "]");
}

/* What may stand behind a value and where an expression begins. */
static void put_bracket(struct walk *k, struct writer *w, int depth)
{
    switch (walk_pick(k, 5)) {
    case 0:
        write_text(w, "[");
        put_number(k, w);
        write_text(w, "]");
        return;
    case 1:
        write_text(w, "[*]");
        return;
    case 2:
        write_text(w, "[]");
        return;
    case 3:
        put_slice(k, w);
        return;
    default:
        write_text(w, "[?");
        put_query(k, w, depth);
        write_text(w, "]");
    }
}

static void put_raw(struct walk *k, struct writer *w)
{
    static const char *const raw[] = { "'x'",   "''",     "'a'",        "'[1]'",
                                       "'\\''", "'a\\b'", "'\xc3\xa9'", "'A'" };

    PUT_ONE_OF(k, w, raw);
}

static void put_head(struct walk *k, struct writer *w, int depth)
{
    uint32_t which = walk_pick(k, 20);

    if (which >= 10 && !walk_may_grow(k, depth, 7))
        which -= 10;
    if (which < 5) {
        PUT_ONE_OF(k, w, fields);
    } else if (which < 6) {
        PUT_ONE_OF(k, w, quoted);
    } else if (which < 7) {
        write_text(w, "@");
    } else if (which < 8) {
        put_raw(k, w);
    } else if (which < 9) {
        put_literal(k, w);
    } else if (which < 10) {
        write_text(w, "*");
    } else if (which < 13) {
        put_function(k, w, depth + 1);
    } else if (which < 14) {
        write_text(w, "!");
        put_head(k, w, depth + 1);
    } else if (which < 15) {
        write_text(w, "(");
        put_query(k, w, depth + 1);
        write_text(w, ")");
    } else if (which < 16) {
        put_list(k, w, depth + 1);
    } else if (which < 17) {
        put_hash(k, w, depth + 1);
    } else {
        put_bracket(k, w, depth + 1);
    }
}

static void put_behind_dot(struct walk *k, struct writer *w, int depth)
{
    static const char *const simple[] = { "a", "b", "k", "v", "*", "PcrIndex" };
    uint32_t which = walk_pick(k, 8);

    write_text(w, ".");
    if (which == 7)
        put_list(k, w, depth);
    else if (which == 6)
        put_hash(k, w, depth);
    else if (which == 5)
        put_function(k, w, depth);
    else
        PUT_ONE_OF(k, w, simple);
}

static void put_step(struct walk *k, struct writer *w, int depth)
{
    static const char *const binary[] = { " | ", " || ", " && ", "==", "!=",
                                          "<",   "<=",   ">",    ">=", " | " };
    uint32_t which = walk_pick(k, 8);

    if (which < 3) {
        put_behind_dot(k, w, depth);
    } else if (which < 6) {
        put_bracket(k, w, depth);
    } else {
        PUT_ONE_OF(k, w, binary);
        put_query(k, w, depth);
    }
}

static void put_query(struct walk *k, struct writer *w, int depth)
{
    put_head(k, w, depth);
    for (uint32_t n = walk_pick(k, 4); n > 0 && walk_may_grow(k, depth, 7); n--)
        put_step(k, w, depth + 1);
}

struct span walk_query(struct walk *k)
{
    struct writer w = writer_in(k->arena, 256);

    put_query(k, &w, 0);
    return writer_span(&w);
}
