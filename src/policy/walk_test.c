#include "limits.h"
#include "walk_inside_test.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

enum { NAMES_MOST = 12 };

static bool slips(struct walk *k)
{
    bool does = walk_rarely(k, 48);

    k->slips += does;
    return does;
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
    bool is_upper = walk_rarely(g->k, 32);

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
        put_string(g, span_str(walk_rarely(g->k, 2) ? "exp" : ""));
    else
        put_string(g, span_str(claim_names[walk_pick(g->k, COUNT(claim_names))]));
}

static void put_property(struct writing *g, enum wanted wanted)
{
    static const char *const properties[] = { "value", "type", "issuer", "valueType" };

    put_bound_name(g);
    put(g, ".");
    put_word(g, wanted != TEXT || walk_pick(g->k, 2)
                    ? properties[walk_rarely(g->k, 4) ? walk_pick(g->k, 4) : 0]
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
    if (walk_rarely(g->k, 6)) {
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
    if (g->minor == 2 && which >= (g->bound ? 4 : 7) && wanted != WHOLE &&
        walk_may_grow(g->k, depth, 5))
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
    if (g->bound && walk_rarely(g->k, 6)) {
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
    bool has_type = tests == 0 || !walk_rarely(g->k, 6);

    if (g->minor == 2 && walk_rarely(g->k, 6)) {
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
    if (walk_rarely(g->k, 8))
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

    if (walk_rarely(g->k, 16)) {
        put(g, ",");
        put_word(g, "issuer");
        put(g, slips(g->k) ? "=\"CustomClaim\"" : "=\"AttestationPolicy\"");
    }
    if (walk_rarely(g->k, 20)) {
        put(g, ",");
        put_word(g, "valueType");
        put(g, "=");
        put(g, kinds[walk_pick(g->k, 3)]);
    }
}

static void put_arguments(struct writing *g, bool is_property)
{
    bool is_value_first = walk_rarely(g->k, 6);

    put(g, "(");
    if (g->bound && walk_rarely(g->k, 5)) {
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
    if (walk_rarely(k, 16))
        write_text(&g.w, "\xef\xbb\xbf");
    gap(&g);
    put_word(&g, "version");
    put(&g, "=");
    write_text(&g.w, "1.");
    *version_at = g.w.n;
    write_u8(&g.w, (uint8_t)('0' + g.minor));
    gap(&g);
    put(&g, ";");
    if (g.minor && walk_rarely(k, 4))
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
                           .is_read_only = walk_rarely(k, 8) };

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
