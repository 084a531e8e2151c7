#include "policy_book.h"

#include "../../tests/check.h"

static struct span text_of(int n, char room[128])
{
    snprintf(
        room, 128,
        "version=1.0;authorizationrules{=>permit();};issuancerules{=>issue(type=\"n\",value=%d);"
        "};",
        n);
    return span_str(room);
}

static void km_77_a_policy_is_compiled_once(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct policy_book *b = policy_book_new(c, &e);
    const struct policy *p;
    char room[128];
    struct span hash;
    uint8_t kept[64];

    (void)state;
    p = policy_book_find(b, text_of(1, room), (struct span){ 0 }, &e);
    CHECK_OK("first", p != NULL, e);
    hash = policy_hash(p);
    memcpy(kept, hash.p, hash.n);
    for (int i = 0; i < 100; i++) {
        assert_ptr_equal(policy_book_find(b, text_of(1, room), (struct span){ 0 }, &e), p);
        assert_ptr_equal(policy_book_find(b, text_of(1, room), span_of(kept, hash.n), &e), p);
    }
    CHECK_INT("compiled", policy_book_compiled(b), 1);
    policy_book_free(b);
    crypto_free(c);
}

static void more_policies_than_fit_are_all_right_and_the_book_stays_small(void **state)
{
    enum { MANY = 4 * POLICY_BOOK_ENTRIES };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct policy_book *b = policy_book_new(c, &e);

    (void)state;
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < MANY; i++) {
            char room[128];
            struct span text = text_of(i, room);
            const struct policy *p = policy_book_find(b, text, (struct span){ 0 }, &e);

            CHECK_OK("find", p != NULL, e);
            CHECK_SPAN("text", policy_text(p), text);
        }
    policy_book_free(b);
    crypto_free(c);
}

static void what_does_not_compile_is_an_error_each_time(void **state)
{
    struct crypto *c = crypto_new(NULL);
    struct policy_book *b = policy_book_new(c, NULL);

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct err e = { 0 };

        assert_null(policy_book_find(b, span_str("nonsense"), (struct span){ 0 }, &e));
        assert_true(e.code == ERR_MALFORMED);
    }
    policy_book_free(b);
    policy_book_free(NULL);
    crypto_free(c);
}

TEST_MAIN(km_77_a_policy_is_compiled_once,
          more_policies_than_fit_are_all_right_and_the_book_stays_small,
          what_does_not_compile_is_an_error_each_time)
