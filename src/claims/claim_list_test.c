#include "claim_list.h"

#include "../../tests/check.h"

static void claims_are_read_with_their_types_and_issuers(void **state)
{
    static const char text[] =
        "[{\"type\":\"a\",\"value\":9223372036854775807,\"issuer\":\"AttestationService\"},"
        "{\"type\":\"b\",\"value\":\"x\\u0000\",\"readOnly\":true},"
        "{\"type\":\"c\",\"value\":false,\"issuer\":\"AttestationPolicy\"}]";
    struct arena a = arena_over(1 << 20);
    struct claim_set set;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("three", claims_of_text(span_str(text), &a, &set, &e), e);
    CHECK_INT("count", set.count, 3);
    CHECK_INT("integer", set.items[0].integer == INT64_MAX, true);
    CHECK_INT("issuer", set.items[0].issuer, ISSUER_SERVICE);
    CHECK_INT("who says nothing is a client", set.items[1].issuer, ISSUER_CLIENT);
    CHECK_SPAN("text", set.items[1].text, span_of("x\0", 2));
    CHECK("read-only", set.items[1].is_read_only && !set.items[0].is_read_only);
    CHECK_INT("boolean", set.items[2].type, CLAIM_BOOL);
    CHECK_INT("issuer", set.items[2].issuer, ISSUER_POLICY);
    arena_fini(&a);
}

static void what_is_no_list_of_claims_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *text, *path; } rows[] = {
        { "no JSON", "[{", "" },
        { "an object", "{}", "" },
        { "a number", "[1]", "[0]" },
        { "no type", "[{\"value\":1}]", "[0].type" },
        { "no value", "[{\"type\":\"a\"}]", "[0].value" },
        { "null", "[{\"type\":\"a\",\"value\":null}]", "[0].value" },
        { "a fraction", "[{\"type\":\"a\",\"value\":1},{\"type\":\"a\",\"value\":1.5}]", "[1].value" },
        { "beyond 64 bits", "[{\"type\":\"a\",\"value\":9223372036854775808}]", "[0].value" },
        { "another issuer", "[{\"type\":\"a\",\"value\":1,\"issuer\":\"customClaim\"}]", "[0].issuer" },
        { "a mark that is no Boolean", "[{\"type\":\"a\",\"value\":1,\"readOnly\":1}]", "[0].readOnly" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct claim_set set;
        struct err e = { 0 };

        CHECK(rows[i].name, !claims_of_text(span_str(rows[i].text), &a, &set, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        arena_fini(&a);
    }
}

TEST_MAIN(claims_are_read_with_their_types_and_issuers, what_is_no_list_of_claims_is_refused)
