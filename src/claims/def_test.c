#include "def.h"

#include "../../tests/check.h"

struct facts {
    uint8_t odd; /* so that nothing lies aligned by chance */
    bool is_debug;
    uint16_t svn;
    uint32_t guest_svn;
    uint64_t clock, huge;
    struct span mr_enclave;
    struct span status;
};

/* clang-format off */
static const struct claim_def defs[] = {
    { "debug",   FROM(facts, is_debug),   CLAIM_INCOMING, "is it a debug machine", "none", NULL },
    { "svn",     FROM(facts, svn),        CLAIM_INCOMING, "a short number",        "none", NULL },
    { "guest",   FROM(facts, guest_svn),  CLAIM_OUTGOING, "a long number",         "none", NULL },
    { "measure", FROM(facts, mr_enclave), CLAIM_OUTGOING, "a measurement",         "none", NULL },
    { "status",  CLAIM_STRING, FROM_TEXT, offsetof(struct facts, status), 0, "a word", "none", NULL },
    { "made",    CLAIM_JSON,   FROM_MADE, 0,                      0, "made by code", "none", NULL },
};
/* clang-format on */

static void rows_take_type_and_value_from_the_struct(void **state)
{
    struct arena a = arena_over(1 << 16);
    struct claim_set set = claim_set_in(&a);
    struct facts f = { .odd = 1, .is_debug = true, .svn = 0xfffe, .guest_svn = 0xfffffffe };
    struct writer w = writer_in(&a, 64);

    (void)state;
    f.mr_enclave = span_of("\x0a\xb0", 2);
    f.status = span_str("UpToDate");
    for (size_t i = 0; i < COUNT(defs); i++)
        CHECK(defs[i].name, claim_add_def(&set, &defs[i], &f, NULL));
    CHECK_INT("made rows add nothing", set.count, COUNT(defs) - 1);
    for (size_t i = 0; i < set.count; i++) {
        CHECK_TEXT(defs[i].name, set.items[i].name, defs[i].name);
        CHECK_INT(defs[i].name, set.items[i].type, defs[i].type);
    }
    CHECK("write", claim_set_write(&w, &set, NULL));
    CHECK_TEXT("values", writer_span(&w),
               "{\"debug\":true,\"guest\":4294967294,\"measure\":\"0ab0\","
               "\"status\":\"UpToDate\",\"svn\":65534}");
    arena_fini(&a);
}

static void numbers_that_no_claim_holds_become_the_largest_one(void **state)
{
    static const struct claim_def rows[] = {
        { "clock", FROM(facts, clock), CLAIM_OURS, "a count", "none", NULL },
        { "huge", FROM(facts, huge), CLAIM_OURS, "a larger one", "none", NULL },
    };
    struct arena a = arena_over(1 << 16);
    struct claim_set set = claim_set_in(&a);
    struct facts f = { .clock = 1ull << 40, .huge = UINT64_MAX };
    struct err e = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_OK(rows[i].name, claim_add_def(&set, &rows[i], &f, &e), e);
    CHECK_INT("as it is", set.items[0].integer, 1LL << 40);
    CHECK_INT("the largest", set.items[1].integer, INT64_MAX);
    arena_fini(&a);
}

static void rows_end_cleanly_when_memory_fails(void **state)
{
    struct facts f = { .mr_enclave = span_of("\1", 1) };
    bool holds = false;

    (void)state;
    for (size_t n = 1; !holds; n++) {
        struct arena a = arena_over(1 << 16);
        struct claim_set set = claim_set_in(&a);
        struct err e = { 0 };

        a.fail_at = n;
        holds = claim_add_def(&set, &defs[3], &f, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        CHECK_INT("nothing added by a failure", set.count, holds);
        arena_fini(&a);
    }
}

TEST_MAIN(numbers_that_no_claim_holds_become_the_largest_one,
          rows_take_type_and_value_from_the_struct, rows_end_cleanly_when_memory_fails)
