#include "store_test.h"

#include "note.h"
#include "prune.h"

enum { RECORDS = 40, STEP = 10 };

/* Record n is made at NOW + n * STEP. */
static void fill(struct store *s, int64_t from, int64_t to)
{
    struct err e = { 0 };

    for (int64_t n = from; n <= to; n++) {
        const struct store_note note = { .at = NOW + n * STEP,
                                         .action = span_str("verdict"),
                                         .detail = span_str("{\"outcome\":\"granted\"}") };

        CHECK_OK("noted", store_note_all(s, &note, 1, &e), e);
    }
}

static size_t prune(struct store *s, int64_t up_to)
{
    const struct prune_wish wish = { .up_to = up_to, .now = NOW + 9999, .actor = span_str("me") };
    struct err e = { 0 };
    size_t taken = 99;

    CHECK_OK("pruned", prune_slice(s, &wish, &taken, &e), e);
    return taken;
}

static void what_is_left_proves_itself_from_where_it_begins(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct audit_head none = { 0 }, found, start, end, kept;
        struct err e = { 0 };

        fill(s, 1, RECORDS);
        CHECK_OK(engine, audit_end(s, &kept, &e), e);
        CHECK_OK(engine, prune_find(s, NOW + 15 * STEP, 0, &found, &e), e);
        CHECK_INT("older than that", found.number, 14);
        CHECK_INT("taken", prune(s, found.number), 14);
        CHECK_OK(engine, audit_start(s, &start, &e), e);
        CHECK_INT("begins after", start.number, 14);
        CHECK_SPAN("with the hash", span_of(start.hash, 32), span_of(found.hash, 32));
        CHECK_OK("whole", audit_verify(s, NULL, &end, &e), e);
        CHECK_INT("and says so itself", end.number, RECORDS + 1);
        CHECK_OK("a head that is left", audit_verify(s, &kept, &end, &e), e);
        CHECK_OK("the very place", audit_verify(s, &found, &end, &e), e);
        CHECK("a head that is gone", !audit_verify(s, &none, &end, &e));
        CHECK_ERR("a head that is gone", e, ERR_UNTRUSTED, "record 15");
        err_clear(&e);
        found.hash[0] ^= 1;
        CHECK("another hash", !audit_verify(s, &found, &end, &e));
        CHECK_ERR("another hash", e, ERR_UNTRUSTED, "record 15");
    }
}

static void pruning_again_goes_on_from_there_also_over_its_own_record(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct audit_head end;
        struct err e = { 0 };

        fill(s, 1, 5);
        CHECK_INT("first", prune(s, 3), 3);
        CHECK_INT("the same again", prune(s, 3), 0);
        CHECK_INT("never was", prune(s, 77), 0);
        CHECK_OK("whole", audit_verify(s, NULL, &end, &e), e);
        CHECK_INT("only one record of it", end.number, 6);
        fill(s, 7, 9);
        CHECK_INT("over its record", prune(s, 7), 4);
        CHECK_OK("whole", audit_verify(s, NULL, &end, &e), e);
        CHECK_INT("all that is there", prune(s, end.number), 3);
        CHECK_OK("still", audit_verify(s, NULL, &end, &e), e);
        CHECK_INT("the record of it is left", end.number, 11);
        fill(s, 12, 13);
        CHECK_OK(engine, audit_verify(s, NULL, &end, &e), e);
    }
}

static void only_the_beginning_is_found_and_no_more_than_asked(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        static const struct {
            const char *name;
            int64_t before;
            size_t most;
            int64_t number;
        } rows[] = {
            { "nothing is that old", NOW + STEP, 0, 0 },
            { "one", NOW + STEP + 1, 0, 1 },
            { "as many as asked", NOW + 9 * STEP, 4, 4 },
            { "all", NOW + 100000, 0, RECORDS + 1 },
        };

        fill(s, 1, RECORDS);
        fill(s, 1, 1); /* a clock that was put back: an old moment behind newer ones */
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct audit_head found;
            struct err e = { 0 };

            CHECK_OK(rows[i].name, prune_find(s, rows[i].before, rows[i].most, &found, &e), e);
            CHECK_INT(rows[i].name, found.number, rows[i].number);
        }
        CHECK(engine, true);
    }
}

/* What somebody with the file open could do: take the beginning away and say nothing. */
static bool cut(struct tx *tx, void *arg, struct err *err)
{
    const struct store_range gone = { .is_bounded = true,
                                      .above = INT64_MIN,
                                      .up_to = *(const int64_t *)arg };

    return tx_remove(tx, STORE_AUDIT, &gone, err);
}

static void a_beginning_that_is_missing_without_a_word_is_told(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct audit_head end;
        struct err e = { 0 };
        int64_t up_to = 4;

        fill(s, 1, 9);
        CHECK_OK(engine, store_run(s, cut, &up_to, &e), e);
        CHECK("without a record", !audit_verify(s, NULL, &end, &e));
        CHECK_ERR("without a record", e, ERR_UNTRUSTED, "audit");
        err_clear(&e);
        CHECK_INT("pruned properly", prune(s, 6), 2);
        CHECK_OK("and then it is said", audit_verify(s, NULL, &end, &e), e);
        up_to = 7;
        CHECK_OK(engine, store_run(s, cut, &up_to, &e), e);
        CHECK("more than the record says", !audit_verify(s, NULL, &end, &e));
        CHECK_ERR("more than the record says", e, ERR_UNTRUSTED, "audit");
    }
}

static void no_worker_can_note_that_something_was_pruned(void **state)
{
    const struct store_note note = { .at = NOW,
                                     .action = span_str(AUDIT_PRUNED),
                                     .detail = span_str("{\"upTo\":1,\"hash\":\"\"}") };
    struct arena a = arena_over(1 << 16);
    struct writer w = writer_in(&a, 256);
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !note_write(&w, &note, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "note.action");
    arena_fini(&a);
}

static void a_slice_is_bounded(void **state)
{
    struct store_note *notes = calloc(PRUNE_SLICE + 5, sizeof *notes);
    struct audit_head end;
    struct store *s;
    struct err e = { 0 };

    (void)state;
    setup();
    s = make_sqlite(&e);
    CHECK("memory", s && notes);
    for (size_t i = 0; i < PRUNE_SLICE + 5; i++)
        notes[i] = (struct store_note){ .at = NOW, .action = span_str("verdict") };
    CHECK_OK("noted", store_note_all(s, notes, PRUNE_SLICE + 5, &e), e);
    CHECK_INT("a slice", prune(s, PRUNE_SLICE + 3), PRUNE_SLICE);
    CHECK_INT("the rest", prune(s, PRUNE_SLICE + 3), 3);
    CHECK_OK("whole", audit_verify(s, NULL, &end, &e), e);
    store_free(s);
    free(notes);
    teardown();
}

TEST_MAIN(what_is_left_proves_itself_from_where_it_begins,
          pruning_again_goes_on_from_there_also_over_its_own_record,
          only_the_beginning_is_found_and_no_more_than_asked,
          a_beginning_that_is_missing_without_a_word_is_told,
          no_worker_can_note_that_something_was_pruned, a_slice_is_bounded)
