/* The canonical form. */
#include "limits.h"
#include "policy.h"

#include "../../tests/check.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct { const char *name, *text, *printed; } rows[] = {
    { "one line", "Version = 1.0 ;authorizationrules{=>Permit( );};",
      "version=1.0;\nauthorizationrules {\n    => permit();\n};\n" },
    { "spaces in conditions", "version=1.2;authorizationrules{ c : [ type ==\"a\" ,value<=007 ]&&! [issuer!=c . issuer]=>deny();};",
      "version=1.2;\nauthorizationrules {\n    c:[type==\"a\", value<=7] && ![issuer!=c.issuer] => deny();\n};\n" },
    { "escapes", "version=1.0;authorizationrules{[value==\"a\\\"\\\\b\"]=>permit();};",
      "version=1.0;\nauthorizationrules {\n    [value==\"a\\\"\\\\b\"] => permit();\n};\n" },
    { "calls and arguments", "version=1.2;authorizationrules{};issuancerules{c:[type==\"a\"]=>issue(Value=AppendString(c.value,\"x\"),Type=\"b\");c:[type==\"a\"]=>add( claim = c );};",
      "version=1.2;\nauthorizationrules {\n};\nissuancerules {\n"
      "    c:[type==\"a\"] => issue(value=AppendString(c.value, \"x\"), type=\"b\");\n    c:[type==\"a\"] => add(claim=c);\n};\n" },
    { "comments", "// head\n\n\n// more\nversion=1.0; // v\nauthorizationrules // a\n{ // b\n  => permit(); // c\n\n  // d\n\n  => deny();\n  // e\n}; // f\n// g",
      "// head\n\n// more\nversion=1.0; // v\nauthorizationrules { // a\n    // b\n    => permit(); // c\n\n    // d\n\n    => deny();\n    // e\n}; // f\n// g\n" },
    { "comments inside a rule", "version=1.0;authorizationrules{\n[type==\"a\" // x\n] && // y\n[type==\"b\"] // z\n => permit();};",
      "version=1.0;\nauthorizationrules {\n    [type==\"a\"] && // x\n    // y\n    [type==\"b\"] // z\n        => permit();\n};\n" },
    { "a long rule", "version=1.0;authorizationrules{[type==\"x-ms-sgx-is-debuggable\", value==false]&&[type==\"x-ms-sgx-product-id\",value==4639]=>permit();};",
      "version=1.0;\nauthorizationrules {\n    [type==\"x-ms-sgx-is-debuggable\", value==false] &&\n    [type==\"x-ms-sgx-product-id\", value==4639]\n        => permit();\n};\n" },
};
/* clang-format on */

static void a_policy_is_printed_in_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct span once = { 0 }, twice = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, policy_format(span_str(rows[i].text), &a, &once, NULL, &e), e);
        CHECK_TEXT(rows[i].name, once, rows[i].printed);
        CHECK_OK(rows[i].name, policy_format(once, &a, &twice, NULL, &e), e);
        CHECK_SPAN(rows[i].name, twice, once);
        arena_fini(&a);
    }
}

static void a_text_with_errors_is_not_printed(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !policy_format(span_str("version=1.0;"), &a, &out, &d, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "");
    CHECK_INT("named", d.count, 1);
    CHECK("nothing printed", out.p == NULL);
    arena_fini(&a);
}

/* The layout may be longer than what was written, and then it would not compile any more. */
static void a_layout_beyond_the_limit_is_refused(void **state)
{
    static char text[POLICY_TEXT_LIMIT + 1];
    struct arena a = arena_over(16 << 20);
    struct span out = { 0 };
    struct err e = { 0 };
    int n = snprintf(text, sizeof text, "version=1.0;authorizationrules{=>permit();};//");

    (void)state;
    memset(text + n, 'x', sizeof text - 1 - (size_t)n);
    CHECK("refused", !policy_format(span_str(text), &a, &out, NULL, &e));
    CHECK_ERR("refused", e, ERR_LIMIT, "");
    text[sizeof text - 100] = '\0';
    err_clear(&e);
    CHECK_OK("shorter", policy_format(span_str(text), &a, &out, NULL, &e), e);
    arena_fini(&a);
}

TEST_MAIN(a_policy_is_printed_in_one_form, a_text_with_errors_is_not_printed,
          a_layout_beyond_the_limit_is_refused)
