#include "walk_test.h"
#include "limits.h"

#include "../format/json.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

enum { PRODUCTIONS = 600, NAMES_MOST = 12 };

struct walk walk_over(struct span choices, struct arena *a)
{
    return (struct walk){ .choices = choices, .arena = a, .left = PRODUCTIONS };
}

uint32_t walk_pick(struct walk *k, uint32_t n)
{
    return k->at < k->choices.n && n ? k->choices.p[k->at++] % n : 0;
}

/* True once in n times, and never when the walk is out of choices. */
static bool rarely(struct walk *k, uint32_t n)
{
    return walk_pick(k, n) == n - 1;
}

/* Whether something may still be expanded, `depth` levels down. */
static bool may_grow(struct walk *k, int depth, int most)
{
    if (depth >= most || k->left == 0)
        return false;
    k->left--;
    return true;
}

static bool slips(struct walk *k)
{
    bool does = rarely(k, 48);

    k->slips += does;
    return does;
}

static void put_one_of(struct walk *k, struct writer *w, const char *const *words, size_t count)
{
    write_text(w, words[walk_pick(k, (uint32_t)count)]);
}

#define PUT_ONE_OF(k, w, words) put_one_of((k), (w), (words), COUNT(words))

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
        write_text(w, rarely(k, 8) ? " : " : ":");
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

    if (which >= 6 && may_grow(k, depth, 5)) {
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
    if ((takes == 'r') != rarely(k, 24))
        write_text(w, "&");
    put_query(k, w, depth);
}

static void put_function(struct walk *k, struct writer *w, int depth)
{
    uint32_t which = walk_pick(k, COUNT(functions));
    const char *takes = functions[which].takes;

    write_format(w, "%s(", functions[which].name);
    if (!rarely(k, 32))
        put_argument(k, w, takes[0], depth);
    if (takes[1] == 'v' || takes[1] == 'r' || rarely(k, 32) || (takes[1] && walk_pick(k, 3))) {
        write_text(w, w->p[w->n - 1] == '(' ? "" : ", ");
        put_argument(k, w, takes[1] == 'r' ? 'r' : 'v', depth);
    }
    write_text(w, ")");
}

/* JSON between backticks; a backtick inside has a backslash before it, and here there is none. */
static void put_literal(struct walk *k, struct writer *w)
{
    write_text(w, "`");
    if (rarely(k, 4))
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

    if (which >= 10 && !may_grow(k, depth, 7))
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
    for (uint32_t n = walk_pick(k, 4); n > 0 && may_grow(k, depth, 7); n--)
        put_step(k, w, depth + 1);
}

struct span walk_query(struct walk *k)
{
    struct writer w = writer_in(k->arena, 256);

    put_query(k, &w, 0);
    return writer_span(&w);
}

/* policies: words and white space */

struct writing {
    struct walk *k;
    struct writer w;
    int minor;
    enum { IN_CONFIGURATION, IN_AUTHORIZATION, IN_ISSUANCE } section;
    uint32_t named; /* conditions of the rule that have a name */
    uint32_t bound; /* how many of those may be used here */
};

/* White space, or none, or a comment. */
static void gap(struct writing *g)
{
    static const char *const gaps[] = {
        "", " ", "\n", "\t", "  ", "// a \"comment\" => deny();\n", "\r\n", "\r", "//\n", "\n\n"
    };
    uint32_t which = walk_pick(g->k, 24);

    write_text(&g->w, which < COUNT(gaps) ? gaps[which] : "");
}

static void put(struct writing *g, const char *text)
{
    write_text(&g->w, text);
    gap(g);
}

/* A reserved word, now and then in other letters. */
static void put_word(struct writing *g, const char *word)
{
    bool is_upper = rarely(g->k, 32);

    for (; *word; word++)
        write_u8(&g->w,
                 is_upper && *word >= 'a' && *word <= 'z' ? (uint8_t)(*word - 32) : (uint8_t)*word);
    gap(g);
}

static void put_string(struct writing *g, struct span text)
{
    write_text(&g->w, "\"");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            write_text(&g->w, "\\");
        write_u8(&g->w, text.p[i]);
    }
    put(g, "\"");
}

/* Names of conditions: some look like words of the language. */
static void put_name(struct writing *g, uint32_t i)
{
    static const char *const names[NAMES_MOST] = { "c", "C",   "c1",     "JmesPath",
                                                   "_", "k_9", "events", "x",
                                                   "y", "z",   "exists", "NegateBool" };

    put(g, names[i % NAMES_MOST]);
}

static void put_bound_name(struct writing *g)
{
    if (slips(g->k))
        put_name(g, walk_pick(g->k, NAMES_MOST));
    else
        put_name(g, walk_pick(g->k, g->bound));
}

/* expressions */

enum wanted { ANY, TEXT, WHOLE, TRUTH, JSON_TEXT };

static void put_expression(struct writing *g, enum wanted wanted, int depth);

static const char *const claim_names[] = { "a",      "b",        "c",
                                           "events", "omit_x5c", "x-ms-sgx-is-debuggable" };

/* A claim's name as an action writes it: what the token owns, and properties, come up too. */
static void put_new_name(struct writing *g, bool is_property)
{
    static const char *const properties[] = {
        "omit_x5c",          "report_validity_in_minutes", "require_valid_aik_cert",
        "required_pcr_mask", "x-ms-sgx-tcbidentifier",     "a"
    };

    if (is_property)
        put_string(g, span_str(properties[walk_pick(g->k, COUNT(properties))]));
    else if (slips(g->k))
        put_string(g, span_str(rarely(g->k, 2) ? "exp" : ""));
    else
        put_string(g, span_str(claim_names[walk_pick(g->k, COUNT(claim_names))]));
}

static void put_property(struct writing *g, enum wanted wanted)
{
    static const char *const properties[] = { "value", "type", "issuer", "valueType" };

    put_bound_name(g);
    put(g, ".");
    put_word(g, wanted != TEXT || walk_pick(g->k, 2)
                    ? properties[rarely(g->k, 4) ? walk_pick(g->k, 4) : 0]
                    : properties[1 + walk_pick(g->k, 3)]);
}

static void put_integer(struct writing *g)
{
    static const char *const integers[] = {
        "1", "0", "2", "15", "007", "-1", "9223372036854775807", "-9223372036854775808"
    };

    put(g, integers[walk_pick(g->k, COUNT(integers))]);
}

static void put_literal_of(struct writing *g, enum wanted wanted)
{
    static const char *const plain[] = {
        "x",      "1",        "true", "[1,2]",  "AttestationService", "AttestationPolicy",
        "String", "\xc3\xa9", "",     "a\"b\\c"
    };

    if (wanted == ANY)
        wanted = (enum wanted)(1 + walk_pick(g->k, 4));
    if (slips(g->k))
        wanted = (enum wanted)(1 + walk_pick(g->k, 4));
    if (wanted == WHOLE)
        put_integer(g);
    else if (wanted == TRUTH)
        put(g, walk_pick(g->k, 2) ? "false" : "true");
    else if (wanted == JSON_TEXT)
        put_string(g, walk_json(g->k));
    else
        put_string(g, span_str(plain[walk_pick(g->k, COUNT(plain))]));
}

/* The query of JmesPath: nearly always a literal that reads. */
static void put_query_argument(struct writing *g, int depth)
{
    if (rarely(g->k, 6)) {
        g->k->has_odd_query = true;
        put_expression(g, TEXT, depth);
    } else {
        put_string(g, walk_query(g->k));
    }
}

/* clang-format off */
static const struct { const char *name; enum wanted takes[2]; uint32_t arity; enum wanted gives; } calls[] = {
    { "NegateBool",        { TRUTH, ANY },       1, TRUTH },
    { "AppendString",      { TEXT, TEXT },       2, TEXT },
    { "JsonToClaimValue",  { JSON_TEXT, ANY },   1, ANY },
    { "IsSubsetOf",        { ANY, ANY },         2, TRUTH },
    { "ContainsOnlyValue", { ANY, ANY },         2, TRUTH },
    { "JmesPath",          { JSON_TEXT, TEXT },  2, JSON_TEXT },
};
/* clang-format on */

static bool gives_what_is_wanted(size_t which, enum wanted wanted)
{
    enum wanted gives = calls[which].gives;

    return wanted == ANY || gives == ANY || gives == wanted ||
           (wanted == TEXT && gives == JSON_TEXT) || (wanted == JSON_TEXT && gives == TEXT);
}

static void put_call(struct writing *g, enum wanted wanted, int depth)
{
    size_t which = walk_pick(g->k, COUNT(calls));
    uint32_t arity;

    while (!gives_what_is_wanted(which, wanted))
        which = (which + 1) % COUNT(calls);
    arity = calls[which].arity;
    if (slips(g->k))
        arity = walk_pick(g->k, 4);
    put(g, slips(g->k) ? "jmespath" : calls[which].name);
    put(g, "(");
    for (uint32_t i = 0; i < arity; i++) {
        if (i)
            put(g, ",");
        if (i == 1 && which == COUNT(calls) - 1)
            put_query_argument(g, depth + 1);
        else
            put_expression(g, calls[which].takes[i % 2], depth + 1);
    }
    put(g, ")");
}

static void put_expression(struct writing *g, enum wanted wanted, int depth)
{
    uint32_t which = walk_pick(g->k, 8);

    /* Without a name a call is a constant, and most constants fail. */
    if (g->minor == 2 && which >= (g->bound ? 4 : 7) && wanted != WHOLE && may_grow(g->k, depth, 5))
        put_call(g, wanted, depth);
    else if (g->bound && which >= (depth ? 1 : 2))
        put_property(g, wanted);
    else
        put_literal_of(g, wanted);
}

/* conditions */

static void put_test_of_text(struct writing *g, const char *property)
{
    put_word(g, property);
    put(g, walk_pick(g->k, 4) == 3 ? "!=" : "==");
    put_expression(g, TEXT, 1);
}

static void put_test_of_value(struct writing *g)
{
    static const char *const ordered[] = { "<", "<=", ">", ">=" };

    put_word(g, "value");
    if (walk_pick(g->k, 3) < 2) {
        put(g, walk_pick(g->k, 3) == 2 ? "!=" : "==");
        put_expression(g, ANY, 0);
        return;
    }
    put(g, ordered[walk_pick(g->k, 4)]);
    if (g->bound && walk_pick(g->k, 2)) {
        put_bound_name(g);
        put(g, ".");
        put_word(g, "value");
    } else if (slips(g->k)) {
        put_expression(g, ANY, 0);
    } else {
        put_integer(g);
    }
}

static void put_test(struct writing *g)
{
    uint32_t which = walk_pick(g->k, 8);

    if (which < 2)
        put_test_of_text(g, "issuer");
    else if (which == 7)
        put_test_of_text(g, walk_pick(g->k, 2) ? "valueType" : "type");
    else
        put_test_of_value(g);
}

static void put_type_test(struct writing *g)
{
    put_word(g, "type");
    put(g, "==");
    if (g->bound && rarely(g->k, 6)) {
        put_bound_name(g);
        put(g, ".");
        put_word(g, "type");
    } else {
        put_string(g, span_str(claim_names[walk_pick(g->k, COUNT(claim_names))]));
    }
}

static void put_condition(struct writing *g)
{
    static const uint32_t counts[] = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 3 };
    uint32_t tests = counts[walk_pick(g->k, COUNT(counts))];
    bool has_type = tests == 0 || !rarely(g->k, 6);

    if (g->minor == 2 && rarely(g->k, 6)) {
        put(g, "!");
    } else if (walk_pick(g->k, 4)) {
        put_name(g, slips(g->k) ? 0 : g->named);
        put(g, ":");
        g->named++;
    }
    put(g, "[");
    if (has_type)
        put_type_test(g);
    for (uint32_t i = 0; i < tests; i++) {
        if (i || has_type)
            put(g, ",");
        put_test(g);
    }
    put(g, "]");
    g->bound = g->named;
}

/* actions */

static void put_claim_argument(struct writing *g)
{
    put_word(g, "claim");
    put(g, "=");
    put_bound_name(g);
    if (slips(g->k))
        put(g, ", type=\"a\"");
}

static void put_type_argument(struct writing *g, bool is_property)
{
    put_word(g, "type");
    put(g, "=");
    if (rarely(g->k, 8))
        put_expression(g, TEXT, 1);
    else
        put_new_name(g, is_property);
}

static void put_value_argument(struct writing *g)
{
    put_word(g, "value");
    put(g, "=");
    put_expression(g, ANY, 0);
}

static void put_further_arguments(struct writing *g)
{
    static const char *const kinds[] = { "\"String\"", "\"Integer\"", "\"Boolean\"" };

    if (rarely(g->k, 16)) {
        put(g, ",");
        put_word(g, "issuer");
        put(g, slips(g->k) ? "=\"CustomClaim\"" : "=\"AttestationPolicy\"");
    }
    if (rarely(g->k, 20)) {
        put(g, ",");
        put_word(g, "valueType");
        put(g, "=");
        put(g, kinds[walk_pick(g->k, 3)]);
    }
}

static void put_arguments(struct writing *g, bool is_property)
{
    bool is_value_first = rarely(g->k, 6);

    put(g, "(");
    if (g->bound && rarely(g->k, 5)) {
        put_claim_argument(g);
        put(g, ")");
        return;
    }
    if (is_value_first)
        put_value_argument(g);
    else
        put_type_argument(g, is_property);
    if (!slips(g->k)) {
        put(g, ",");
        if (is_value_first)
            put_type_argument(g, is_property);
        else
            put_value_argument(g);
    }
    put_further_arguments(g);
    put(g, ")");
}

static void put_action(struct writing *g)
{
    static const char *const verbs[][4] = {
        { "issueproperty", "issueproperty", "issueproperty", "issueproperty" },
        { "permit", "add", "deny", "issue" },
        { "issue", "add", "issueproperty", "issue" },
    };
    const char *verb =
        verbs[slips(g->k) ? walk_pick(g->k, 3) : (uint32_t)g->section][walk_pick(g->k, 4)];

    put_word(g, verb);
    if (strcmp(verb, "permit") == 0 || strcmp(verb, "deny") == 0) {
        put(g, "(");
        if (slips(g->k))
            put_type_argument(g, false);
        put(g, ")");
    } else {
        put_arguments(g, strcmp(verb, "issueproperty") == 0);
    }
}

/* rules and sections */

static void put_rule(struct writing *g)
{
    static const uint32_t counts[] = { 0, 1, 1, 1, 2, 2, 2, 3, 4, 5 };
    uint32_t conditions = counts[walk_pick(g->k, COUNT(counts))];

    g->named = g->bound = 0;
    for (uint32_t i = 0; i < conditions; i++) {
        if (i)
            put(g, "&&");
        put_condition(g);
    }
    put(g, "=>");
    put_action(g);
    put(g, ";");
}

static void put_section(struct writing *g, const char *name, uint32_t rules)
{
    put_word(g, name);
    put(g, "{");
    for (uint32_t n = walk_pick(g->k, rules); n > 0; n--)
        put_rule(g);
    if (g->section == IN_AUTHORIZATION && walk_pick(g->k, 4))
        put(g, "=>permit();");
    put(g, "}");
    put(g, ";");
}

struct span walk_policy(struct walk *k, size_t *version_at)
{
    struct writing g = { .k = k, .w = writer_in(k->arena, 4096) };

    g.minor = 2 - (int)walk_pick(k, 8) / 6 - (int)walk_pick(k, 8) / 7;
    if (rarely(k, 16))
        write_text(&g.w, "\xef\xbb\xbf");
    gap(&g);
    put_word(&g, "version");
    put(&g, "=");
    write_text(&g.w, "1.");
    *version_at = g.w.n;
    write_u8(&g.w, (uint8_t)('0' + g.minor));
    gap(&g);
    put(&g, ";");
    if (g.minor && rarely(k, 4))
        put_section(&g, "configurationrules", 3);
    g.section = IN_AUTHORIZATION;
    put_section(&g, "authorizationrules", 5);
    g.section = IN_ISSUANCE;
    if (walk_pick(k, 5))
        put_section(&g, "issuancerules", 6);
    must(!g.w.has_failed && g.w.n < POLICY_TEXT_LIMIT);
    return writer_span(&g.w);
}

/* claims */

static struct span claim_text(struct walk *k)
{
    static const char *const plain[] = { "x", "1", "[1,2]", "true", "", "{", "a", "\xc3\xa9" };

    return walk_pick(k, 4) ? walk_json(k) : span_str(plain[walk_pick(k, COUNT(plain))]);
}

struct claim_set walk_claims(struct walk *k)
{
    struct claim_set set = claim_set_in(k->arena);
    struct err e = { 0 };

    for (uint32_t n = walk_pick(k, 16); n > 0; n--) {
        struct claim c = { .name = span_str(claim_names[walk_pick(k, COUNT(claim_names))]),
                           .issuer = (enum claim_issuer)walk_pick(k, 3),
                           .type = (enum claim_type)(walk_pick(k, 13) / 4),
                           .is_read_only = rarely(k, 8) };

        if (span_is(c.name, "events"))
            c.type = CLAIM_STRING;
        c.integer = (int64_t)walk_pick(k, 4) - 1;
        c.boolean = walk_pick(k, 2) == 1;
        if (c.type == CLAIM_STRING || c.type == CLAIM_JSON)
            c.text = claim_text(k);
        must(claim_add(&set, &c, &e));
    }
    return set;
}
