/* Random walks through the grammars, as many as an ordinary run has time for. */
#include "program.h"
#include "proof_test.h"

#include "../../tests/check.h"

enum { CHOICES_MOST = 700, POLICIES = 3000, QUERIES = 4000 };

/* The n-th walk's choices; some are short, so that much of the text is the shortest there is. */
static struct span choices_of(uint64_t n, uint8_t buf[CHOICES_MOST])
{
    uint64_t h = hash_word(n, 20260101);
    size_t size = 30 + (h >> 20) % (CHOICES_MOST - 30);

    for (size_t i = 0; i < size; i++) {
        h = hash_word(h, i);
        buf[i] = (uint8_t)(h >> 33);
    }
    return span_of(buf, size);
}

static void every_policy_of_the_grammar_keeps_the_rules(void **state)
{
    struct proof_count count = { 0 };
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    uint8_t buf[CHOICES_MOST];

    (void)state;
    CHECK_OK("crypto", crypto != NULL, e);
    for (uint64_t n = 0; n < POLICIES; n++)
        prove_policy(crypto, choices_of(n, buf), &count);
    crypto_free(crypto);
    /* The walk means something only when much of it runs. */
    CHECK("enough compile", count.compiled > POLICIES / 3);
    CHECK("some are refused", count.refused > POLICIES / 20);
    CHECK("some permit", count.permitted > POLICIES / 20);
    CHECK("some fail", count.failed > POLICIES / 50);
    CHECK("nearly all are compared", count.compared > count.compiled * 9 / 10);
}

static void every_query_of_the_grammar_keeps_the_laws(void **state)
{
    struct proof_count count = { 0 };
    uint8_t buf[CHOICES_MOST];

    (void)state;
    for (uint64_t n = 0; n < QUERIES; n++)
        prove_query(choices_of(n, buf), &count);
    CHECK("some fail", count.failed > QUERIES / 20);
    CHECK("most do not", count.failed < QUERIES * 3 / 4);
}

TEST_MAIN(every_policy_of_the_grammar_keeps_the_rules, every_query_of_the_grammar_keeps_the_laws)
