#include "check.h"

#include <string.h>

#include "appraise.h"

#include "../../tests/check.h"

struct ledger {
    char ran[8];
};

static bool note(struct ledger *l, char c)
{
    l->ran[strlen(l->ran)] = c;
    return true;
}

static bool run_a(void *verifier_case, char *detail, struct err *err)
{
    (void)err;
    snprintf(detail, 192, "seen");
    return note(verifier_case, 'a');
}

static bool run_b(void *verifier_case, char *detail, struct err *err)
{
    snprintf(detail, 192, "half way");
    note(verifier_case, 'b');
    err_fail(err, ERR_UNTRUSTED, NULL, "seven is not eight");
    return err_in(err, "field");
}

static bool run_mute(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    (void)err;
    note(verifier_case, 'm');
    return false;
}

static void rows_run_in_order_until_one_fails(void **state)
{
    static const struct check table[] = {
        { "first", run_a, "r1", "one", "s1" },
        { "second", run_b, "r2", "two", "s2" },
        { "third", run_a, "r3", "three", "s3" },
    };
    struct ledger ledger = { "" };
    struct trail trail = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("failed row", check_run(table, 3, &ledger, &trail, &e) == &table[1]);
    CHECK_TEXT("ran", span_str(ledger.ran), "ab");
    CHECK_ERR("place", e, ERR_UNTRUSTED, "second.field");
    CHECK_TEXT("spec of the row", span_str(e.spec), "s2");
    CHECK_INT("entries", trail.count, 3);
    CHECK_TEXT("ok", span_str(check_outcome_name(trail.entries[0].outcome)), "ok");
    CHECK_TEXT("detail", span_str(trail.entries[0].detail), "seen");
    CHECK_TEXT("failed", span_str(check_outcome_name(trail.entries[1].outcome)), "failed");
    CHECK_TEXT("detail", span_str(trail.entries[1].detail), "seven is not eight");
    CHECK_TEXT("not run", span_str(check_outcome_name(trail.entries[2].outcome)), "not_run");
    CHECK_TEXT("establishes", span_str(trail.entries[2].establishes), "three");
}

static bool never(const void *verifier_case)
{
    return verifier_case == NULL;
}

static void a_row_that_does_not_apply_is_not_run(void **state)
{
    static const struct check table[] = {
        { "first", run_b, "r1", "one", "s1", never },
        { "second", run_a, "r2", "two", "s2" },
    };
    struct ledger ledger = { "" };
    struct trail trail = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("all held", check_run(table, 2, &ledger, &trail, &e) == NULL);
    CHECK_TEXT("ran", span_str(ledger.ran), "a");
    CHECK_INT("entries", trail.count, 2);
    CHECK_INT("it", trail.entries[0].outcome, CHECK_NOT_RUN);
    CHECK_INT("the next", trail.entries[1].outcome, CHECK_OK);
}

static void all_rows_holding_is_no_failed_row(void **state)
{
    static const struct check table[] = { { "first", run_a, "r1", "one", "s1" },
                                          { "second", run_a, "r2", "two", "s2" } };
    struct ledger ledger = { "" };
    struct trail trail = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("none", check_run(table, 2, &ledger, &trail, &e) == NULL);
    CHECK_INT("no error", e.code, ERR_NONE);
    CHECK_TEXT("ran", span_str(ledger.ran), "aa");
}

static void a_row_that_says_no_without_a_reason_is_our_own_fault(void **state)
{
    static const struct check table[] = { { "mute", run_mute, "r1", "one", "s1" } };
    struct ledger ledger = { "" };
    struct trail trail = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("failed", check_run(table, 1, &ledger, &trail, &e) == &table[0]);
    CHECK_ERR("ours", e, ERR_INTERNAL, "mute");
}

static void names_of_kinds_and_profiles_lead_back_to_them(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVIDENCE_KINDS; i++) {
        const char *name = evidence_kind_name((enum evidence_kind)i);
        enum evidence_kind kind = EVIDENCE_KINDS;

        CHECK(name, evidence_kind_find(span_str(name), &kind) && kind == i);
    }
    for (unsigned i = TCB_AZURE; i <= TCB_ANY; i++) {
        const char *name = tcb_profile_name((enum tcb_profile)i);
        enum tcb_profile profile = TCB_ANY;

        CHECK(name, tcb_profile_find(span_str(name), &profile) && profile == i);
    }
}

static void a_detail_is_said_piece_by_piece_and_cut_where_it_is_full(void **state)
{
    char detail[TRAIL_DETAIL] = "", full[TRAIL_DETAIL];

    (void)state;
    trail_say(detail, "version ");
    trail_count(detail, 3, ", ");
    trail_count(detail, 0, " levels");
    CHECK_TEXT("pieces", span_str(detail), "version 3, 0 levels");
    memset(full, 'a', sizeof full - 2);
    full[sizeof full - 2] = 0;
    trail_count(full, 99, "");
    CHECK_INT("cut", strlen(full), sizeof full - 1);
    CHECK("the first digit fits", full[sizeof full - 2] == '9');
    trail_say(full, "more");
    CHECK_INT("nothing more", strlen(full), sizeof full - 1);
}

TEST_MAIN(a_row_that_does_not_apply_is_not_run,
          a_detail_is_said_piece_by_piece_and_cut_where_it_is_full,
          rows_run_in_order_until_one_fails, all_rows_holding_is_no_failed_row,
          a_row_that_says_no_without_a_reason_is_our_own_fault,
          names_of_kinds_and_profiles_lead_back_to_them)
