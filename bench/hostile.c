/* Policies, claims and texts made to cost as much as they can. */
#include "policies.h"

#include "../src/policy/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define RULES(authorization) "version=1.2;authorizationrules{" authorization "=>permit();};"
#define ISSUES(rules)        "version=1.2;authorizationrules{=>permit();};issuancerules{" rules "};"
/* clang-format on */

static void needs(bool held)
{
    if (held)
        return;
    fprintf(stderr, "bench-policy: out of memory\n");
    exit(70);
}

static struct span repeated(struct arena *a, const char *head, const char *part, size_t n,
                            const char *tail)
{
    struct writer w = writer_in(a, 4096);

    write_text(&w, head);
    for (size_t i = 0; i < n; i++)
        write_text(&w, part);
    write_text(&w, tail);
    needs(!w.has_failed);
    return writer_span(&w);
}

/* head, then format(i) n times with commas between, then tail */
static struct span counted(struct arena *a, const char *head, const char *item, size_t n,
                           const char *tail)
{
    struct writer w = writer_in(a, 4096);

    write_text(&w, head);
    for (size_t i = 0; i < n; i++) {
        write_text(&w, i ? "," : "");
        for (const char *c = item; *c; c++) {
            if (*c == '#')
                write_format(&w, "%zu", (i * 7919) % n);
            else
                write_u8(&w, (uint8_t)*c);
        }
    }
    write_text(&w, tail);
    needs(!w.has_failed);
    return writer_span(&w);
}

/* What the rules of the rows below are let loose on. */
enum crowd {
    THOUSAND,   /* k = 0 ... 999 */
    FULL,       /* as many claims as the set holds */
    LONG,       /* a claim of 8 MiB and its twin, and k = 0 ... 999 */
    TEXTS,      /* 1,000 strings of 4 kB that differ at their ends */
    NUMBERS,    /* a claim of JSON: 200,000 numbers */
    STRINGS,    /* 20,000 strings */
    OBJECTS,    /* 20,000 objects */
    WIDE,       /* an object of 20,000 members */
    REALS,      /* 20,000 numbers that are no integers */
    DEEP,       /* 64 arrays inside one another, many times */
    PLAIN_TEXT, /* a JSON string of 1 MB */
    HUGE_JSON,  /* 15 MiB of JSON numbers */
    SMALL,      /* [1,2] */
};

static void add_json(struct claim_set *set, struct span text)
{
    struct err e = { 0 };

    needs(claim_add_string(set, "j", text, &e));
}

static void add_long(struct arena *a, struct claim_set *set)
{
    struct writer w = writer_in(a, 8 << 20);
    struct claim twin = { .name = span_str("twin"), .issuer = ISSUER_CLIENT };
    struct err e = { 0 };

    write_fill(&w, '7', 8 << 20);
    twin.text = arena_dup(a, writer_span(&w));
    needs(twin.text.p && claim_add_string(set, "big", writer_span(&w), &e) &&
          claim_add(set, &twin, &e));
}

static void add_texts(struct arena *a, struct claim_set *set)
{
    struct err e = { 0 };

    for (int i = 0; i < 1000; i++) {
        struct writer w = writer_in(a, 4200);

        write_fill(&w, 'x', 4092);
        write_format(&w, "%04d", i);
        needs(claim_add_string(set, "t", writer_span(&w), &e));
    }
}

static void add_crowd(struct arena *a, enum crowd crowd, struct claim_set *set)
{
    int64_t integers = crowd == THOUSAND || crowd == LONG ? 1000 : crowd == FULL ? 16384 : 0;
    struct err e = { 0 };

    for (int64_t i = 0; i < integers; i++)
        needs(claim_add_int(set, "k", i, &e));
    if (crowd == LONG)
        add_long(a, set);
    else if (crowd == TEXTS)
        add_texts(a, set);
    else if (crowd == NUMBERS)
        add_json(set, counted(a, "[", "#", 200000, "]"));
    else if (crowd == STRINGS)
        add_json(set, counted(a, "[", "\"some text #\"", 20000, "]"));
    else if (crowd == OBJECTS)
        add_json(set, counted(a, "[", "{\"a\":#,\"b\":{\"c\":\"#\"},\"d\":[1,2]}", 20000, "]"));
    else if (crowd == WIDE)
        add_json(set, counted(a, "{", "\"member #\":#", 19997, "}"));
    else if (crowd == REALS)
        add_json(set, counted(a, "[", "0.1234567890123#", 20000, "]"));
    else if (crowd == DEEP)
        add_json(set, repeated(a, "[1",
                               ",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                               "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
                               2000, "]"));
    else if (crowd == PLAIN_TEXT)
        add_json(set, repeated(a, "\"", "some text, ", 90000, "\""));
    else if (crowd == SMALL)
        add_json(set, span_str("[1,2]"));
    else if (crowd == HUGE_JSON)
        add_json(set, repeated(a, "[1", ",1", 7800000, "]"));
}

/* clang-format off */
static const struct { const char *name; enum crowd crowd; const char *text; } rows[] = {
    { "a product of three", THOUSAND,
      ISSUES("a:[type==\"k\"] && b:[type==\"k\"] && c:[type==\"k\"] => issue(type=\"z\", "
             "value=AppendString(AppendString(a.type, b.issuer), c.valueType));") },
    { "a product of claims", FULL,
      ISSUES("a:[type==\"k\"] && b:[type==\"k\"] => add(type=a.type, value=b.value);") },
    { "a triangle nothing satisfies", THOUSAND,
      RULES("a:[type==\"k\"] && b:[type==\"k\", value>a.value] && c:[type==\"k\", value>b.value, "
            "value<a.value] => permit();") },
    { "a chain of inequalities", FULL,
      RULES("a:[type==\"k\"] && b:[type==\"k\", value!=a.value] && c:[type==\"k\", value!=b.value] &&"
            " d:[type==\"k\", value!=c.value, value==a.value] => add(type=\"z\", value=d.value);") },
    { "bindings to remember", THOUSAND,
      RULES("a:[type==\"k\"] && b:[type==\"k\", value>=a.value] && c:[type==\"k\", value==b.value] &&"
            " [type==\"k\", value>=c.value] && d:[type==\"k\", value>c.value] && [value==d.value] =>"
            " add(type=\"z\", value=d.value);") },
    { "a call for every binding", THOUSAND,
      RULES("a:[type==\"k\"] && b:[type==\"k\", type!=AppendString(a.type, a.issuer)] && "
            "[type==\"k\", type==AppendString(b.type, a.type)] => permit();") },
    { "every claim looked at by every rule", FULL, NULL },
    { "joins by index", FULL,
      RULES("a:[type==\"k\"] && b:[value==a.value] && c:[value==b.value] => add(type=\"z\", "
            "value=c.value); a:[type==\"k\"] && b:[value==a.value] && c:[value==b.value] => add("
            "type=\"y\", value=c.value);") },
    { "long strings compared", LONG,
      RULES("c:[type==\"big\"] && k:[type==\"k\"] && l:[type==\"k\", value>=k.value] && "
            "[type==\"twin\", value!=c.value, issuer==k.valueType, issuer==l.issuer] => permit();") },
    { "long strings entered", LONG,
      ISSUES("a:[type==\"k\"] && c:[type==\"big\"] => add(type=a.valueType, value=c.value); a:[type=="
             "\"k\"] && b:[type==\"k\"] && c:[type==\"big\"] => add(type=a.issuer, value=c.value, "
             "valueType=\"String\");") },
    { "texts that differ at their ends", TEXTS,
      RULES("a:[type==\"t\"] && b:[type==\"t\", value!=a.value] && c:[type==\"t\", value!=b.value] =>"
            " add(type=\"z\", value=c.value);") },
    { "texts put together", TEXTS,
      ISSUES("a:[type==\"t\"] && b:[type==\"t\"] => add(type=\"z\", value=AppendString(a.value, "
             "b.value));") },
    { "a text doubled by each rule", THOUSAND, NULL },
    { "claims made until the set is full", FULL,
      ISSUES("a:[type==\"k\"] => add(type=\"z\", value=a.value); a:[type==\"k\"] => add(type=\"y\", "
             "value=a.value);") },
    { "whole sets, compared", FULL,
      ISSUES("a:[type==\"k\"] && b:[type==\"k\"] && c:[type==\"k\"] => add(type=\"z\", value="
             "IsSubsetOf(a.value, b.value)); a:[type==\"k\"] && b:[type==\"k\", value!=a.value] => "
             "add(type=\"y\", value=IsSubsetOf(b.value, b.value));") },
    { "whole sets, again and again", THOUSAND,
      ISSUES("a:[type==\"k\"] && b:[type==\"k\", value!=a.value] && c:[type==\"k\"] => add(type="
             "\"y\", value=ContainsOnlyValue(b.value, a.value)); a:[type==\"k\"] && b:[type==\"k\","
             " value!=a.value] => add(type=\"y\", value=IsSubsetOf(b.value, AppendString(a.type, "
             "\"\")));") },
    { "15 MiB of JSON", HUGE_JSON,
      ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JsonToClaimValue(c.value));") },
    { "JSON, read again and again", NUMBERS,
      ISSUES("c:[type==\"j\"] && [value==JsonToClaimValue(AppendString(c.value, \" \"))] && [value=="
             "JsonToClaimValue(AppendString(c.value, \"  \"))] && [value==JsonToClaimValue("
             "AppendString(c.value, \"   \"))] && [value==JsonToClaimValue(AppendString(c.value, "
             "\"    \"))] => add(type=\"z\", value=1);") },
    { "strings of JSON, read again and again", STRINGS,
      ISSUES("c:[type==\"j\"] && k:[value!=JsonToClaimValue(AppendString(c.value, \" \"))] && l:[value"
             "!=JsonToClaimValue(AppendString(c.value, \"  \"))] && [value!=JsonToClaimValue("
             "AppendString(c.value, \"   \"))] && [value==JsonToClaimValue(AppendString(c.value, "
             "\"    \"))] => add(type=\"z\", value=1);") },
    { "deep JSON", DEEP, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, \"[][][][]"
             "[][][][][][][][][] | length(to_string(@))\"));") },
    { "sorted numbers", NUMBERS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"sort(sort(reverse(sort(@)))) | sort_by(@, &@) | [0]\"));") },
    { "sorted strings", STRINGS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"sort(@) | reverse(@) | sort(@) | reverse(@) | sort(@) | reverse(@) | sort(@) | "
             "reverse(@) | sort(@) | sort_by(@, &@) | length(@)\"));") },
    { "sorted objects", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"sort_by(@, &a) | sort_by(@, &b.c) | sort_by(@, &a) | sort_by(@, &b.c) | sort_by(@, &a)"
             " | sort_by(@, &b.c) | sort_by(@, &to_string(@)) | max_by(@, &b.c).a\"));") },
    { "filters inside filters", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[?d[?@==`2`] && b.c!='5'] | [?a>`1`].[a,b,d][] | [?type(@)=='object'] | "
             "[?c=='17']\"));") },
    { "every element asked for every other", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", "
             "value=JmesPath(c.value, \"[*].a | [?contains(`[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]`, "
             "@)] | [0]\")); c:[type==\"j\"] => add(type=\"y\", value=JmesPath(c.value, \"{x: @} | x |"
             " [*].d | map(&contains(@, `9`), @) | [0]\"));") },
    { "objects compared", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"[@==@, [@]==[@], [@,@]==[@,@], [@,@,@]==[@,@,@], @==@, @==@, @==@, @==@, @==@]\"));") },
    { "a value doubled by each pipe, printed", SMALL,
      ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, \"[@,@]|[@,@]|[@,@]|[@,@]|"
             "[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|"
             "map(&to_string(@), @)|length(@)\"));") },
    { "a value doubled by each pipe, flattened", NUMBERS,
      ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, \"[@,@][]|[@,@][]|[@,@][]|"
             "[@,@][]|[@,@][]|[@,@][]|length(@)\"));") },
    { "a value doubled by each pipe, compared", SMALL,
      ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|"
             "[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|@==@\"));") },
    { "reals printed", REALS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"[*].to_string(@) | [0]\")); c:[type==\"j\"] => add(type=\"y\", value=JmesPath(c.value,"
             " \"[map(&to_string(@),@),map(&to_string(@),@),map(&to_string(@),@),map(&to_string(@),@)]"
             " | [0][0]\"));") },
    { "numbers read from text", STRINGS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[map(&to_number(@),@),map(&to_number(@),@),map(&to_number(@),@),map(&"
             "to_number(@),@),map(&to_number('12345.678'),@),map(&to_number('1e5'),@)] | [0][0]\"));") },
    { "functions called", NUMBERS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"[map(&abs(@),@),map(&not_null(@,@),@),map(&type(@),@),map(&floor(@),@)] | [0][0]\"));") },
    { "lists made for each element", NUMBERS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value="
             "JmesPath(c.value, \"[*].[@,@,@,@] | [*].{a: @, b: [0]} | [*].a | [*][0] | length(@)\"));") },
    { "short slices of a long list", NUMBERS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],"
             "@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1],@[1:2],@[0:1]] | "
             "length(@)\"));") },
    { "short slices, for each element", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value="
             "JmesPath(c.value, \"[@, @] | map(&[0], [@[0], @[1]]) | [0]\")); c:[type==\"j\"] => add("
             "type=\"y\", value=JmesPath(c.value, \"{l: @} | [l, l, l, l, l, l, l, l][*][0:1] | [*][*]"
             ".a\"));") },
    { "parts of a long text", PLAIN_TEXT, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@] | [?contains(@, 'nothing at all')]"
             " | length(@)\"));") },
    { "a long text reversed", PLAIN_TEXT, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@] | map(&reverse(@), @) | length(@)"
             "\"));") },
    { "long texts compared", PLAIN_TEXT, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath("
             "c.value, \"[@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@] | map(&equals_ignore_case(@, @), @)"
             " | length(@)\"));") },
    { "a query put together for each claim", THOUSAND, NULL },
    { "a long query", THOUSAND, NULL },
    { "merged objects", OBJECTS, ISSUES("c:[type==\"j\"] => add(type=\"z\", value=JmesPath(c.value, "
             "\"map(&merge(@, b, {q: d}, b), @) | map(&keys(@), @) | length(@)\"));") },
};
/* clang-format on */

/* Each rule doubles the text of the one before; then it is put together again and again. */
static struct span doubling_rules(struct arena *a)
{
    struct writer w = writer_in(a, 8192);

    write_text(&w, "version=1.2;authorizationrules{=>permit();};issuancerules{=>add(type=\"d0\","
                   "value=\"0123456789abcdef\");");
    for (int i = 0; i < 15; i++)
        write_format(&w,
                     "c:[type==\"d%d\"]=>add(type=\"d%d\",value=AppendString(c.value,c.value));", i,
                     i + 1);
    for (int i = 0; i < 200; i++)
        write_format(&w, "c:[type==\"d15\"]=>add(type=\"e\",value=AppendString(c.value,\"%d\"));",
                     i);
    write_text(&w, "};");
    return writer_span(&w);
}

/* Queries of 130 kB, of the shortest steps there are. */
static struct span long_query(struct arena *a)
{
    struct writer w = writer_in(a, 8192);

    write_text(&w, "version=1.2;authorizationrules{=>permit();};issuancerules{=>add(type=\"d0\","
                   "value=\"|@|@|@|@|@|@|@|@\");");
    for (int i = 0; i < 13; i++)
        write_format(&w,
                     "c:[type==\"d%d\"]=>add(type=\"d%d\",value=AppendString(c.value,c.value));", i,
                     i + 1);
    for (int i = 0; i < 30; i++)
        write_format(&w,
                     "c:[type==\"d13\"]=>add(type=\"e\",value=JmesPath(\"1\",AppendString(\"a%d\","
                     "c.value)));",
                     i);
    write_text(&w, "};");
    return writer_span(&w);
}

static struct span queries_for_each(struct arena *a)
{
    return repeated(
        a, "version=1.2;authorizationrules{=>permit();};issuancerules{",
        "a:[type==\"k\"] && b:[type==\"k\"] => add(type=\"q\", value=JmesPath(\"[1,2,3]\", "
        "AppendString(AppendString(\"[?@>`\", JmesPath(\"7\", \"to_string(@)\")), \"`]\")"
        "));",
        1, "};");
}

static struct span text_of(struct arena *a, const char *name)
{
    if (strcmp(name, "a text doubled by each rule") == 0)
        return doubling_rules(a);
    if (strcmp(name, "a long query") == 0)
        return long_query(a);
    if (strcmp(name, "a query put together for each claim") == 0)
        return queries_for_each(a);
    return repeated(a, "version=1.0;authorizationrules{",
                    "[issuer==\"x\",value!=true,valueType!=\"y\"]=>deny();", 1000, "=>permit();};");
}

size_t hostile_policies(struct arena *a, struct policy_bench *out)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        out[i] = (struct policy_bench){ .name = rows[i].name,
                                        .text = rows[i].text ? span_str(rows[i].text)
                                                             : text_of(a, rows[i].name),
                                        .claims = claim_set_in(a) };
        add_crowd(a, rows[i].crowd, &out[i].claims);
    }
    return COUNT(rows);
}

/* texts */

/* clang-format off */
static const struct { const char *name, *head, *part, *tail; } texts[] = {
    { "as many rules as there may be", "version=1.0;authorizationrules{", "=>permit();", "};" },
    { "rules with conditions", "version=1.2;authorizationrules{",
      "c:[type==\"a\",value==1]&&![type==c.type]=>permit();", "};" },
    { "warnings", "version=1.2;authorizationrules{=>permit();};issuancerules{",
      "=>issueproperty(type=\"report_validity_in_minuten\",value=1);", "};" },
    { "errors", "version=1.2;authorizationrules{", "=>premit();", "};" },
    { "names that mean nothing", "version=1.2;authorizationrules{",
      "c:[type==\"a\"]=>add(type=d.type,value=JmesPaht(e.value));", "};" },
    { "open brackets", "version=1.2;authorizationrules{", "[", "};" },
    { "constants that grow", "version=1.2;authorizationrules{",
      "[type==AppendString(\"0123456789abcdef0123456789abcdef\",\"x\")]=>permit();", "};" },
    { "queries", "version=1.2;authorizationrules{=>permit();};issuancerules{c:[type==\"j\"]=>add(type="
      "\"z\",value=JmesPath(c.value,\"", "[?a==`1`].b|", "@\"));};" },
    { "white space", "version=1.2;", "                \n", "authorizationrules{};" },
    { "comments", "version=1.2;", "// a comment\n", "authorizationrules{};" },
    { "quotes", "version=1.2;authorizationrules{[value==\"", "\\\"", "\"]=>permit();};" },
};
/* clang-format on */

size_t hostile_texts(struct arena *a, struct policy_bench *out)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t rest = POLICY_TEXT_LIMIT - strlen(texts[i].head) - strlen(texts[i].tail);
        size_t n = rest / strlen(texts[i].part);

        if (strncmp(texts[i].part, "=>permit", 8) == 0)
            n = POLICY_RULE_LIMIT;
        if (strcmp(texts[i].name, "queries") == 0)
            n = POLICY_STRING_LIMIT / strlen(texts[i].part) - 1;
        if (strcmp(texts[i].name, "quotes") == 0)
            n = POLICY_STRING_LIMIT;
        out[i] = (struct policy_bench){ .name = texts[i].name,
                                        .text = repeated(a, texts[i].head, texts[i].part, n,
                                                         texts[i].tail),
                                        .claims = claim_set_in(a) };
    }
    return COUNT(texts);
}
