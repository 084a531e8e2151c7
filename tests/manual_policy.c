/* The reference of the policy language from its tables, for docs/policy-language.md. */
#include "manual.h"

#include "../src/base/span.h"
#include "../src/policy/codes.h"
#include "../src/policy/function.h"
#include "../src/policy/jmes_query.h"
#include "../src/policy/jmes_unsupported.h"
#include "../src/policy/known.h"
#include "../src/policy/known_claims.h"
#include "../src/policy/lex.h"
#include "../src/policy/limits.h"
#include "../src/policy/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Text of a cell. */
static void put(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (strchr("|<>*_", *p))
            putchar('\\');
        putchar(*p);
    }
}

static void print_words(void)
{
    for (int w = WORD_VERSION; w <= WORD_FALSE; w++)
        printf("%s`%s`", w > WORD_VERSION ? ", " : "", word_text((enum word)w));
    printf(".\n");
}

/* A cell for each version: from which one on. */
static void print_since(int since)
{
    for (int minor = 0; minor <= 2; minor++)
        printf(" %s |", minor >= since ? "yes" : "–");
    putchar('\n');
}

static void print_versions(void)
{
    printf("| | 1.0 | 1.1 | 1.2 |\n| --- | --- | --- | --- |\n");
    for (int f = 0; f < FEATURES; f++) {
        printf("| %s |", feature_text((enum policy_feature)f));
        print_since(feature_since((enum policy_feature)f));
    }
    for (size_t i = 0; i < known_claim_count; i++) {
        if (known_claims[i].since > 0) {
            printf("| the claim `%s` |", known_claims[i].name);
            print_since(known_claims[i].since);
        }
    }
    printf("| everything else |");
    print_since(0);
}

static void print_actions(void)
{
    printf("| |");
    for (int s = 0; s < SECTIONS; s++)
        printf(" `%s` |", section_name((enum policy_section)s));
    printf("\n| --- |");
    for (int s = 0; s < SECTIONS; s++)
        printf(" --- |");
    for (int v = 0; v < VERBS; v++) {
        printf("\n| `%s` |", verb_name((enum policy_verb)v));
        for (int s = 0; s < SECTIONS; s++)
            printf(" %s |", !verb_is_allowed((enum policy_section)s, (enum policy_verb)v) ? "–"
                            : v == VERB_ISSUE && s == SECTION_AUTHORIZATION ? "as `add` (W502)"
                                                                            : "yes");
    }
    putchar('\n');
}

/* Whether some pair of values of a type compares so: the evaluator is asked, not a list. */
static bool can_hold(enum policy_operator op, const struct value *low, const struct value *high)
{
    return value_holds(low, op, low) || value_holds(low, op, high) || value_holds(high, op, low);
}

static void print_operators(void)
{
    const struct value low[] = { value_integer(1), value_text(span_str("a")),
                                 value_boolean(false) };
    const struct value high[] = { value_integer(2), value_text(span_str("b")),
                                  value_boolean(true) };

    printf("| operator | compares |\n| --- | --- |\n");
    for (int o = 0; o < OPERATORS; o++) {
        bool is_first = true;

        printf("| `%s` |", operator_text((enum policy_operator)o));
        for (size_t i = 0; i < COUNT(low); i++) {
            if (!can_hold((enum policy_operator)o, &low[i], &high[i]))
                continue;
            printf("%s %s", is_first ? "" : ",", value_type_name(low[i].kind));
            is_first = false;
        }
        printf(" |\n");
    }
}

static void print_issuers(void)
{
    static const struct {
        enum claim_issuer issuer;
        const char *meaning;
    } rows[] = {
        { ISSUER_SERVICE, "derived from verified evidence" },
        { ISSUER_POLICY, "made by a rule of this policy" },
        { ISSUER_CLIENT, "sent along by the client; proves nothing by itself" },
    };

    printf("| issuer | claims that were |\n| --- | --- |\n");
    for (size_t i = 0; i < COUNT(rows); i++)
        printf("| `%s` | %s |\n", issuer_name(rows[i].issuer), rows[i].meaning);
}

static const char *static_type_name(enum static_type t)
{
    static const char *const names[] = { "any", "String", "Integer", "Boolean" };

    return names[t];
}

static void print_functions(void)
{
    static const char *const takes[] = { "set", "any", "String", "Boolean" };

    printf("| function | gives | since | |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < policy_function_count; i++) {
        const struct policy_function *f = &policy_functions[i];

        printf("| `%s(", f->name);
        for (uint32_t a = 0; a < f->arity; a++)
            printf("%s%s: %s", a ? ", " : "", f->parameters[a], takes[f->takes[a]]);
        printf(")` | %s | 1.%d | ", static_type_name(f->gives), f->since);
        put(f->meaning);
        if (f->whole_sets)
            printf("; `name.property` as %s argument stands for all claims of its condition",
                   f->whole_sets == 1 ? "the first" : "an");
        printf("%s |\n", f->keeps_read_only ? "; read-only when an argument is" : "");
    }
}

/* Names of attestation types. */
static void print_types(unsigned types)
{
    bool is_first = true;

    if (types == KNOWN_ALL) {
        printf("every type");
        return;
    }
    for (size_t i = 0; i < known_type_count; i++) {
        if (types & known_types[i].bit) {
            printf("%s%s", is_first ? "" : ", ", known_types[i].name);
            is_first = false;
        }
    }
}

static void print_properties(enum policy_section section)
{
    printf("| claim | value | default | for | |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < policy_property_count; i++) {
        const struct property_def *d = &policy_properties[i];

        if (d->section != section)
            continue;
        printf("| `%s` | %s | `%s` | ", d->name, d->range, d->fallback);
        print_types(d->types);
        printf(" | %s |\n", d->meaning);
    }
}

static void print_token_properties(void)
{
    print_properties(SECTION_ISSUANCE);
}

static void print_configuration(void)
{
    print_properties(SECTION_CONFIGURATION);
}

static void print_reserved(void)
{
    for (size_t i = 0; i < policy_reserved_claim_count; i++)
        printf("%s`%s`", i ? ", " : "", policy_reserved_claims[i]);
    printf(".\n");
}

static void print_limits(void)
{
    static const struct {
        const char *name;
        long value;
        const char *meaning, *code;
    } rows[] = {
/* clang-format off */
#define ROW(name, meaning, code) { #name, name, meaning, code }
        ROW(POLICY_TEXT_LIMIT,        "bytes of a policy",                    "E230"),
        ROW(POLICY_RULE_LIMIT,        "rules in all sections",                "E230"),
        ROW(POLICY_CONDITION_LIMIT,   "conditions of a rule",                 "E230"),
        ROW(POLICY_TEST_LIMIT,        "tests of a condition",                 "E230"),
        ROW(POLICY_CALL_DEPTH,        "calls inside one another",             "E230"),
        ROW(POLICY_STRING_LIMIT,      "bytes of a string literal, unescaped", "E230"),
        ROW(POLICY_NAME_LIMIT,        "characters of an identifier",          "E230"),
        ROW(POLICY_CLAIM_LIMIT,       "claims in the incoming set",           "X411"),
        ROW(POLICY_JSON_DEPTH,        "JSON arrays and objects open at once", "X411"),
        ROW(POLICY_JSON_BYTES,        "bytes of the JSON text of one claim",  "X411"),
        ROW(POLICY_COMPUTED_LIMIT,    "bytes of a computed string",           "X411"),
        ROW(POLICY_WORK_LIMIT,        "steps of one evaluation",              "X411"),
        ROW(POLICY_DRAFT_WORK_LIMIT,  "the same for a draft policy",          "X411"),
        ROW(POLICY_COMPILE_MEMORY,    "bytes of memory while compiling",      "E230"),
        ROW(POLICY_ERRORS_REPORTED,   "errors reported of one text",          "–"),
        ROW(POLICY_WARNINGS_REPORTED, "warnings reported of one text",        "–"),
        ROW(JMES_DEPTH,               "levels of a JMESPath query",           "E314, X404"),
        ROW(JMES_PROJECTIONS,         "projections behind one another in a query", "E314, X404"),
        ROW(JV_DEPTH,                 "levels of a value that a query makes", "X411"),
#undef ROW
        /* clang-format on */
    };

    printf("| limit | value | of what | beyond it |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < COUNT(rows); i++)
        printf("| `%s` | %ld | %s | %s |\n", rows[i].name, rows[i].value, rows[i].meaning,
               rows[i].code);
}

static void print_refused(void)
{
    printf("| refused | for example | error | instead |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < jmes_unsupported_count; i++) {
        const struct jmes_unsupported *u = &jmes_unsupported[i];

        printf("| `%s`: %s | `` %s `` | %s | ", u->name, u->feature, u->example,
               jmes_error_name(u->kind));
        put(u->reason);
        printf(" |\n");
    }
}

static void print_codes(void)
{
    printf("| code | name | |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < policy_code_count; i++) {
        printf("| %s | `%s` | ", policy_codes[i].code, policy_codes[i].name);
        put(policy_codes[i].meaning);
        printf(" |\n");
    }
}

/* What an argument of a JMESPath function may be. */
static void print_takes(unsigned takes)
{
    static const struct {
        unsigned bit;
        const char *word;
    } rows[] = {
        { IS_ANY, "any" },
        { IS_NUMBER, "number" },
        { IS_STRING, "string" },
        { IS_ARRAY, "array" },
        { IS_OBJECT, "object" },
        { IS_REFERENCE, "&expression" },
        { IS_NUMBERS, "array of numbers" },
        { IS_STRINGS, "array of strings" },
    };
    bool is_first = true;

    for (size_t i = 0; i < COUNT(rows); i++) {
        if ((takes & rows[i].bit) != rows[i].bit)
            continue;
        printf("%s%s", is_first ? "" : " or ", rows[i].word);
        is_first = false;
        if (rows[i].bit == IS_ANY)
            return;
    }
}

static void print_jmespath_functions(void)
{
    printf("| function | gives | |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < jmes_function_count; i++) {
        const struct jmes_function *f = &jmes_functions[i];

        printf("| `%s(", f->name);
        for (uint32_t a = 0; a < f->least; a++) {
            printf("%s", a ? ", " : "");
            print_takes(f->takes[a]);
        }
        printf("%s)` | %s | %s |\n", f->most > f->least ? ", ..." : "", f->gives, f->meaning);
    }
}

static void print_claim(const struct known_claim *c)
{
    static const char *const types[] = { "String", "Integer", "Boolean", "object" };

    printf("| `%s` | %s%s | %s%s%s |", c->name, types[c->type],
           c->flags & KNOWN_MANY ? ", several" : "", c->flags & KNOWN_INCOMING ? "policy" : "",
           (c->flags & KNOWN_INCOMING) && (c->flags & KNOWN_OUTGOING) ? ", " : "",
           c->flags & KNOWN_OUTGOING ? "token" : "");
    if (c->flags & KNOWN_JSON)
        printf(" JSON text.");
    if (c->flags & KNOWN_READ_ONLY)
        printf(" Read-only: can be tested, never issued.");
    if (c->flags & KNOWN_OURS)
        printf(" Cupel only.");
    if (c->since > 0)
        printf(" Since 1.%d.", c->since);
    if (c->instead)
        printf(" Deprecated: `%s`.", c->instead);
    printf(" |\n");
}

/* The first row with the same attestation types as row n. */
static size_t group_of(size_t n)
{
    size_t i = 0;

    while (known_claims[i].types != known_claims[n].types)
        i++;
    return i;
}

static void print_claims(void)
{
    for (size_t first = 0; first < known_claim_count; first++) {
        if (group_of(first) != first)
            continue;
        printf("#### ");
        print_types(known_claims[first].types);
        printf("\n\n| claim | type | seen by | |\n| --- | --- | --- | --- |\n");
        for (size_t i = first; i < known_claim_count; i++)
            if (group_of(i) == first)
                print_claim(&known_claims[i]);
        putchar('\n');
    }
}

static const char *const profiles[] = { "azure", "azure-1.1", "strict" };

/* Whether an earlier type or profile has the same text already. */
static bool is_told(size_t type, size_t profile, struct span text)
{
    for (size_t t = 0; t <= type; t++)
        for (size_t p = 0; p < COUNT(profiles); p++) {
            if (t == type && p == profile)
                return false;
            if (span_equal(policy_default(span_str(known_types[t].name), profiles[p]), text))
                return true;
        }
    return false;
}

/* Every type and profile that has this text. */
static void print_default(struct span text)
{
    const char *part = "";

    printf("For ");
    for (size_t t = 0; t < known_type_count; t++)
        for (size_t p = 0; p < COUNT(profiles); p++)
            if (span_equal(policy_default(span_str(known_types[t].name), profiles[p]), text)) {
                printf("%s%s (%s)", part, known_types[t].name, profiles[p]);
                part = ", ";
            }
    printf(":\n\n```policy\n%.*s\n```\n\n", SPAN_ARG(text));
}

static void print_defaults(void)
{
    for (size_t t = 0; t < known_type_count; t++)
        for (size_t p = 0; p < COUNT(profiles); p++) {
            struct span text = policy_default(span_str(known_types[t].name), profiles[p]);

            if (text.n > 0 && !is_told(t, p, text))
                print_default(text);
        }
}

/* The words that editors colour, one a line behind their kind. */
static void print_editor_words(void)
{
    printf("version %s\n", word_text(WORD_VERSION));
    for (int s = 0; s < SECTIONS; s++)
        printf("section %s\n", section_name((enum policy_section)s));
    for (int v = 0; v < VERBS; v++)
        printf("verb %s\n", verb_name((enum policy_verb)v));
    for (int p = 0; p < PROPERTIES; p++)
        printf("property %s\n", property_name((enum policy_property)p));
    for (int w = WORD_TRUE; w <= WORD_FALSE; w++)
        printf("boolean %s\n", word_text((enum word)w));
    for (size_t i = 0; i < policy_function_count; i++)
        printf("function %s\n", policy_functions[i].name);
    for (int i = ISSUER_SERVICE; i <= ISSUER_CLIENT; i++)
        printf("issuer %s\n", issuer_name((enum claim_issuer)i));
    for (int o = 0; o < OPERATORS; o++)
        printf("comparison %s\n", operator_text((enum policy_operator)o));
}

const struct manual_part policy_parts[] = {
    { "language-words", print_words },
    { "language-versions", print_versions },
    { "language-actions", print_actions },
    { "language-operators", print_operators },
    { "language-issuers", print_issuers },
    { "language-functions", print_functions },
    { "language-properties", print_token_properties },
    { "language-configuration", print_configuration },
    { "language-reserved", print_reserved },
    { "language-limits", print_limits },
    { "language-codes", print_codes },
    { "language-jmespath", print_jmespath_functions },
    { "language-refused", print_refused },
    { "language-claims", print_claims },
    { "language-defaults", print_defaults },
    { "editor-words", print_editor_words },
    { NULL, NULL },
};
