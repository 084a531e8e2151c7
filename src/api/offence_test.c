#include "../../tests/check.h"

#include "offence.h"

struct row {
    const char *name, *text;
    size_t offset, length;
    const char *symbol, *rule;
};

static void write_row(const struct row *r, struct arena *a, struct span *out)
{
    struct policy_diagnostic d = {
        .code = "E201", .line = 3, .column = 7, .offset = r->offset, .length = r->length
    };
    struct writer w = writer_in(a, 64);
    struct err e = { 0 };

    strcpy(d.text, "needs \")\"");
    strcpy(d.hint, "close it");
    offence_write(&w, span_str(r->text), &d);
    CHECK_OK(r->name, writer_done(&w, out, &e), e);
}

static void symbol_and_rule_are_quoted_from_the_text(void **state)
{
    static const struct row rows[] = {
        { "in a rule", "version=1.0;authorizationrules{=> permit(;};", 41, 1, ";", "=> permit(;" },
        { "at the end", "version=1.0;authorizationrules", 30, 0, "<end of policy>",
          "authorizationrules" },
        { "beyond", "version=1.0", 4000, 4000, "<end of policy>", "version=1.0" },
        { "over lines", "a{\n  c:[type==1]\r\n\t=> permit();\n}", 5, 1, "c",
          "c:[type==1] => permit();" },
        { "divided in quotes only", "a{x==\"a;{\\\";b\" => z;q;}", 18, 1, "z",
          "x==\"a;{\\\";b\" => z;" },
        { "no text", "", 0, 0, "<end of policy>", "" },
        { "unprintable", "a\x01z\xff;", 1, 1, "?", "a?z?;" },
    };
    struct arena a = arena_over(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char want[512];
        struct span got = { 0 };

        write_row(&rows[i], &a, &got);
        snprintf(want, sizeof want,
                 "Offending symbol: %s\nLine: 3, Column: 7\nFailure message: E201: needs \")\"; "
                 "close it\nFailing rule: %s",
                 rows[i].symbol, rows[i].rule);
        CHECK_TEXT(rows[i].name, got, want);
    }
    arena_fini(&a);
}

static void what_is_long_is_cut(void **state)
{
    struct arena a = arena_over(1 << 20);
    char text[2000];
    struct row r = { .name = "long", .text = text, .offset = 100, .length = 1800 };
    struct span got = { 0 };

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_row(&r, &a, &got);
    CHECK("short", got.n < 400);
    CHECK("cut", got.p[got.n - 1] == '.' && got.p[got.n - 2] == '.');
    arena_fini(&a);
}

TEST_MAIN(symbol_and_rule_are_quoted_from_the_text, what_is_long_is_cut)
