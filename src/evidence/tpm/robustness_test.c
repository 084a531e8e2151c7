/* Requests cut, changed and judged without memory: always a clean no, never other claims. */
#include "test_machine.h"

static struct machine machine;

static struct machine *again(void)
{
    if (!machine.crypto)
        machine_init(&machine);
    machine_again(&machine);
    return &machine;
}

/* Judges on an arena of its own, so that thousands of verdicts take no more room than one. */
static bool judge(struct machine *m, struct arena *a, struct span request, struct appraisal *out,
                  struct err *e)
{
    struct appraise_in in = { .kind = EVIDENCE_TPM,
                              .evidence = request,
                              .now = MACHINE_NOW,
                              .crypto = m->crypto,
                              .arena = a,
                              .tpm = &m->settings };

    return appraise(&in, out, e);
}

static void check_refused(const char *row, const struct appraisal *v)
{
    CHECK(row, !v->is_accepted);
    CHECK(row, v->reason != NULL && v->err.code != ERR_NONE && v->err.text[0] != 0);
    CHECK_INT(row, v->incoming.count + v->outgoing.count, 0);
}

static void a_request_cut_anywhere_is_refused(void **state)
{
    struct machine *m = again();
    struct arena a = arena_over(64u << 20);
    struct appraisal *v = ARENA_NEW(&m->arena, struct appraisal);
    struct span request;

    (void)state;
    m->wish.is_vbs = true;
    request = machine_request(m);
    for (size_t n = 0; n < request.n; n += n < 200 || n + 200 > request.n ? 7 : 241) {
        uint8_t *copy = check_exact(span_part(request, 0, n));
        struct err e = { 0 };

        CHECK_OK("cut", judge(m, &a, span_of(copy, n), v, &e), e);
        check_refused("cut", v);
        arena_reset(&a);
        free(copy);
    }
    arena_fini(&a);
}

static void a_request_changed_anywhere_is_refused(void **state)
{
    struct machine *m = again();
    struct arena a = arena_over(64u << 20);
    struct appraisal *v = ARENA_NEW(&m->arena, struct appraisal);
    struct span request;
    uint8_t *copy;

    (void)state;
    request = machine_request(m);
    copy = check_exact(request);
    for (size_t at = 0; at < request.n; at += 47) {
        struct err e = { 0 };

        copy[at] ^= 1;
        CHECK_OK("changed", judge(m, &a, span_of(copy, request.n), v, &e), e);
        check_refused("changed", v);
        copy[at] ^= 1;
        arena_reset(&a);
    }
    free(copy);
    arena_fini(&a);
}

/* Custom claims are the sender's word. The type of an event is not measured, so the list of events
 * may show another one; what it says of the machine may become no, and never yes. */
static bool is_free(struct span name)
{
    return span_is(name, "events") || span_starts(name, span_str("https://x.example/claims/"));
}

static void check_no_better_claims(const struct appraisal *v, const struct appraisal *good)
{
    for (size_t i = 0; i < v->incoming.count; i++) {
        const struct claim *c = &v->incoming.items[i];
        const struct claim *g = claim_find(&good->incoming, c->name);

        if (is_free(c->name))
            continue;
        CHECK("known", g != NULL);
        if (c->type == CLAIM_BOOL && !c->boolean)
            continue;
        if (!claim_value_equal(c, g))
            fail_msg("claim %.*s differs", SPAN_ARG(c->name));
    }
}

/* The sender may say what he likes about himself; signed by him, a changed payload is refused, or
 * it says nothing better about the machine. */
static void a_payload_changed_and_signed_again_says_nothing_better_of_the_machine(void **state)
{
    struct machine *m = again();
    struct arena a = arena_over(64u << 20);
    struct appraisal *v = ARENA_NEW(&m->arena, struct appraisal);
    const struct appraisal *good;
    struct span payload;
    uint8_t *copy;
    size_t accepted = 0;

    (void)state;
    payload = machine_payload(m);
    good = machine_judge_bytes(m, machine_jws(m, payload), EVIDENCE_TPM);
    CHECK("good", good->is_accepted);
    copy = check_exact(payload);
    for (size_t bit = 0; bit < 8 * payload.n; bit += 397) {
        struct err e = { 0 };

        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_OK("flip", judge(m, &a, machine_jws(m, span_of(copy, payload.n)), v, &e), e);
        if (v->is_accepted)
            check_no_better_claims(v, good);
        else
            check_refused("flip", v);
        accepted += v->is_accepted;
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        arena_reset(&a);
    }
    CHECK("most are refused", accepted * 397 * 2 < payload.n * 8);
    free(copy);
    arena_fini(&a);
}

static void each_failing_allocation_ends_cleanly(void **state)
{
    struct machine *m = again();
    struct appraisal *v = ARENA_NEW(&m->arena, struct appraisal);
    struct span request;
    bool is_accepted = false;

    (void)state;
    m->wish.is_vbs = m->wish.has_other_key = true;
    request = machine_request(m);
    for (size_t n = 1; !is_accepted; n++) {
        struct arena a = arena_over(64u << 20);
        struct err e = { 0 };

        a.fail_at = n;
        if (!judge(m, &a, request, v, &e))
            CHECK_INT("memory", e.code, ERR_MEMORY);
        else if (!v->is_accepted)
            fail_msg("allocation %zu: refused by %s: %s", n, v->reason, v->err.text);
        is_accepted = v->is_accepted;
        arena_fini(&a);
        CHECK("it ends", n < 20000);
    }
}

/* Too little room is the sender's fault or ours, and never a yes. */
static void too_little_room_is_never_a_yes(void **state)
{
    struct machine *m = again();
    struct appraisal *v = ARENA_NEW(&m->arena, struct appraisal);
    struct span request = machine_request(m);
    bool is_accepted = false;

    (void)state;
    for (size_t room = 1024; !is_accepted; room *= 2) {
        struct arena a = arena_over(room);
        struct err e = { 0 };

        is_accepted = judge(m, &a, request, v, &e) && v->is_accepted;
        CHECK("told", is_accepted || e.code != ERR_NONE || v->err.code != ERR_NONE);
        arena_fini(&a);
        CHECK("it ends", room < (64u << 20));
    }
}

TEST_MAIN(a_request_cut_anywhere_is_refused, a_request_changed_anywhere_is_refused,
          a_payload_changed_and_signed_again_says_nothing_better_of_the_machine,
          each_failing_allocation_ends_cleanly, too_little_room_is_never_a_yes)
