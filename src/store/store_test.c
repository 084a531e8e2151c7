#include "store_test.h"

#include "engine.h"

/* The contract: what holds for every engine. */

struct call {
    bool (*body)(struct tx *tx, struct call *c, struct err *err);
    int runs;
    struct span name;
    struct arena arena;
    struct store_range range;
    void *rows;
    size_t count;
    bool is_found;
    struct store_meta meta;
};

static bool in_body(struct tx *tx, void *arg, struct err *err)
{
    struct call *c = arg;

    c->runs++;
    return c->body(tx, c, err);
}

static bool add_three(struct tx *tx, struct call *c, struct err *err)
{
    static const char *const names[] = { "b", "c", "a" };

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct store_meta m = { .name = span_str(names[i]), .number = (int64_t)i };

        if (!tx_add(tx, STORE_META, &m, err))
            return false;
    }
    (void)c;
    return true;
}

static bool scan_meta(struct tx *tx, struct call *c, struct err *err)
{
    return tx_scan(tx, STORE_META, &c->range, &c->arena, &c->rows, &c->count, err);
}

static bool find_meta(struct tx *tx, struct call *c, struct err *err)
{
    const struct store_meta key = { .name = c->name };

    return tx_find(tx, STORE_META, &key, &c->arena, &c->meta, &c->is_found, err);
}

static void run_ok(const char *row, struct store *s, struct call *c)
{
    struct err e = { 0 };

    CHECK_OK(row, store_run(s, in_body, c, &e), e);
}

static struct err run_fails(const char *row, struct store *s, struct call *c)
{
    struct err e = { 0 };

    CHECK(row, !store_run(s, in_body, c, &e));
    return e;
}

static bool has(const char *row, struct store *s, const char *name)
{
    struct call c = { .body = find_meta, .name = span_str(name), .arena = arena_over(1 << 20) };
    struct err e = { 0 };

    CHECK_OK(row, store_view(s, in_body, &c, &e), e);
    arena_fini(&c.arena);
    return c.is_found;
}

static void rows_come_in_the_order_of_their_keys(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct store_range range;
        const char *order;
    } rows[] = {
        { "forward", { 0 }, "abc" },
        { "backward", { .is_backward = true }, "cba" },
        { "the first two", { .limit = 2 }, "ab" },
        { "the last", { .is_backward = true, .limit = 1 }, "c" },
    };

    FOR_EACH_ENGINE(s, engine)
    {
        struct call add = { .body = add_three };

        run_ok(engine, s, &add);
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct call c = { .body = scan_meta,
                              .range = rows[i].range,
                              .arena = arena_over(1 << 20) };
            const struct store_meta *found;

            run_ok(rows[i].name, s, &c);
            found = c.rows;
            CHECK_INT(rows[i].name, c.count, strlen(rows[i].order));
            for (size_t k = 0; k < c.count; k++)
                CHECK_SPAN(rows[i].name, found[k].name, span_of(rows[i].order + k, 1));
            arena_fini(&c.arena);
        }
    }
}

static bool add_numbers(struct tx *tx, struct call *c, struct err *err)
{
    for (int64_t i = 1; i <= 20; i++) {
        char id[8];
        struct store_explanation x = { .number = i };

        snprintf(id, sizeof id, "r%d", (int)(i % 3));
        x.request_id = span_str(id);
        if (!tx_add(tx, STORE_EXPLANATIONS, &x, err))
            return false;
    }
    (void)c;
    return true;
}

static bool scan_numbers(struct tx *tx, struct call *c, struct err *err)
{
    return tx_scan(tx, STORE_EXPLANATIONS, &c->range, &c->arena, &c->rows, &c->count, err);
}

static void a_range_bounds_the_next_key_column(void **state)
{
    (void)state;
    static const struct store_explanation r1 = { .request_id = { (const uint8_t *)"r1", 2 } };
    static const struct {
        const char *name;
        struct store_range range;
        int64_t first;
        size_t count;
    } rows[] = {
        { "above", { .is_bounded = true, .above = 5, .up_to = INT64_MAX }, 6, 15 },
        { "up to", { .is_bounded = true, .above = INT64_MIN, .up_to = 5 }, 1, 5 },
        { "between", { .is_bounded = true, .above = 5, .up_to = 7 }, 6, 2 },
        { "between, backward",
          { .is_bounded = true, .above = 5, .up_to = 7, .is_backward = true },
          7,
          2 },
        { "nothing", { .is_bounded = true, .above = 20, .up_to = 30 }, 0, 0 },
        { "by the second", { .like = &r1, .is_by_second = true }, 1, 7 },
        { "the newest by the second",
          { .like = &r1, .is_by_second = true, .is_backward = true, .limit = 1 },
          19,
          1 },
    };

    FOR_EACH_ENGINE(s, engine)
    {
        struct call add = { .body = add_numbers };

        run_ok(engine, s, &add);
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct call c = { .body = scan_numbers,
                              .range = rows[i].range,
                              .arena = arena_over(1 << 20) };

            run_ok(rows[i].name, s, &c);
            CHECK_INT(rows[i].name, c.count, rows[i].count);
            if (c.count > 0)
                CHECK_INT(rows[i].name, ((struct store_explanation *)c.rows)->number,
                          rows[i].first);
            arena_fini(&c.arena);
        }
    }
}

static bool remove_some(struct tx *tx, struct call *c, struct err *err)
{
    return tx_remove(tx, STORE_EXPLANATIONS, &c->range, err) && scan_numbers(tx, c, err);
}

static void removing_takes_a_range_and_nothing_else(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct call add = { .body = add_numbers };
        struct call c = { .body = remove_some,
                          .range = { .is_bounded = true, .above = INT64_MIN, .up_to = 18 },
                          .arena = arena_over(1 << 20) };

        run_ok(engine, s, &add);
        run_ok(engine, s, &c);
        CHECK_INT(engine, c.count, 0);
        c.range = (struct store_range){ 0 };
        c.body = scan_numbers;
        run_ok(engine, s, &c);
        CHECK_INT(engine, c.count, 2);
        arena_fini(&c.arena);
    }
}

static bool add_again(struct tx *tx, struct call *c, struct err *err)
{
    const struct store_meta m = { .name = span_str("a"), .number = 77 };

    (void)c;
    return tx_add(tx, STORE_META, &m, err);
}

static bool put_again(struct tx *tx, struct call *c, struct err *err)
{
    const struct store_meta m = { .name = span_str("a"), .number = 77 };

    c->name = m.name;
    return tx_put(tx, STORE_META, &m, err) && find_meta(tx, c, err);
}

static void adding_refuses_a_key_that_is_there_and_putting_replaces_it(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct call add = { .body = add_three }, again = { .body = add_again };
        struct call put = { .body = put_again, .arena = arena_over(1 << 20) };

        run_ok(engine, s, &add);
        CHECK_ERR(engine, run_fails(engine, s, &again), ERR_CONFLICT, "store.row");
        CHECK_INT("a body's own conflict is not run again", again.runs, 1);
        run_ok(engine, s, &put);
        CHECK_INT(engine, put.meta.number, 77);
        arena_fini(&put.arena);
    }
}

static bool write_then_fail(struct tx *tx, struct call *c, struct err *err)
{
    return add_three(tx, c, err) && err_fail(err, ERR_DENIED, NULL, "changed its mind");
}

static bool replace_then_fail(struct tx *tx, struct call *c, struct err *err)
{
    const struct store_range all = { 0 };

    return put_again(tx, c, err) && tx_remove(tx, STORE_META, &all, err) &&
           err_fail(err, ERR_DENIED, NULL, "changed its mind");
}

static void a_body_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct call first = { .body = write_then_fail }, add = { .body = add_three };
        struct call second = { .body = replace_then_fail, .arena = arena_over(1 << 20) };
        struct call look = { .body = find_meta,
                             .name = span_str("a"),
                             .arena = arena_over(1 << 20) };

        CHECK_ERR(engine, run_fails(engine, s, &first), ERR_DENIED, "");
        CHECK(engine, !has(engine, s, "a"));
        run_ok(engine, s, &add);
        CHECK_ERR(engine, run_fails(engine, s, &second), ERR_DENIED, "");
        run_ok(engine, s, &look);
        CHECK_INT("as it was", look.meta.number, 2);
        CHECK(engine, has(engine, s, "b") && has(engine, s, "c"));
        arena_fini(&second.arena);
        arena_fini(&look.arena);
    }
}

static void a_view_does_not_write(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct call add = { .body = add_three };
        struct err e = { 0 };

        CHECK(engine, !store_view(s, in_body, &add, &e));
        CHECK_ERR(engine, e, ERR_INTERNAL, "");
    }
}

static bool add_text(struct tx *tx, struct call *c, struct err *err)
{
    const struct store_meta m = { .name = span_str("t"), .text = c->name };

    return tx_add(tx, STORE_META, &m, err);
}

static void a_row_that_no_table_can_hold_is_refused(void **state)
{
    (void)state;
    static char longest[STORE_TEXT_MAX + 1];
    static const struct {
        const char *name;
        struct span text;
        enum err_code code;
    } rows[] = {
        { "too long", { (const uint8_t *)longest, sizeof longest }, ERR_LIMIT },
        { "a zero", { (const uint8_t *)"a\0b", 3 }, ERR_MALFORMED },
        { "not UTF-8", { (const uint8_t *)"a\xff", 2 }, ERR_MALFORMED },
    };

    memset(longest, 'x', sizeof longest);
    FOR_EACH_ENGINE(s, engine)
    {
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct call c = { .body = add_text, .name = rows[i].text };

            CHECK_ERR(rows[i].name, run_fails(engine, s, &c), rows[i].code, "meta.text");
        }
    }
}

/* An engine between: it collides so often, or loses the answer to a commit. */
struct between {
    const struct engine *below;
    void *state;
    int collisions;
    bool loses_answer, has_collided;
};

static bool between_begin(void *state, bool is_write, struct err *err)
{
    struct between *b = state;

    return b->below->begin(b->state, is_write, err);
}

static bool between_commit(void *state, struct err *err)
{
    struct between *b = state;

    b->has_collided = b->collisions > 0;
    if (b->has_collided) {
        b->collisions--;
        b->below->rollback(b->state);
        return err_fail(err, ERR_CONFLICT, NULL, "somebody else was first");
    }
    if (!b->below->commit(b->state, err))
        return false;
    return !b->loses_answer || err_fail(err, ERR_UNCERTAIN, NULL, "the answer was lost");
}

static void between_rollback(void *state)
{
    struct between *b = state;

    b->below->rollback(b->state);
}

static bool between_write(void *state, enum store_table t, const void *row, bool replaces,
                          struct err *err)
{
    struct between *b = state;

    return b->below->write(b->state, t, row, replaces, err);
}

static bool between_remove(void *state, enum store_table t, const struct store_range *r,
                           struct err *err)
{
    struct between *b = state;

    return b->below->remove(b->state, t, r, err);
}

static bool between_scan(void *state, enum store_table t, const struct store_range *r,
                         struct arena *a, void **rows, size_t *count, struct err *err)
{
    struct between *b = state;

    return b->below->scan(b->state, t, r, a, rows, count, err);
}

static bool between_has_collided(const void *state)
{
    return ((const struct between *)state)->has_collided;
}

static void between_free(void *state)
{
    struct between *b = state;

    b->below->free(b->state);
}

static const struct engine between = {
    .name = "between",
    .begin = between_begin,
    .commit = between_commit,
    .rollback = between_rollback,
    .write = between_write,
    .remove = between_remove,
    .scan = between_scan,
    .has_collided = between_has_collided,
    .free = between_free,
};

static void a_transaction_that_collides_is_run_again_and_at_last_given_up(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int collisions, runs;
        bool is_done;
    } rows[] = { { "none", 0, 1, true },
                 { "once", 1, 2, true },
                 { "all but one", STORE_ATTEMPTS - 1, STORE_ATTEMPTS, true },
                 { "always", STORE_ATTEMPTS, STORE_ATTEMPTS, false } };

    setup();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct between b = { .below = store_memory_engine(), .collisions = rows[i].collisions };
        struct call c = { .body = add_three };
        struct err e = { 0 };
        struct store *s;

        b.state = store_memory_state();
        CHECK(rows[i].name, b.state != NULL);
        s = store_over(&between, &b, crypto, &e);
        CHECK_OK(rows[i].name, s != NULL, e);
        CHECK(rows[i].name, store_run(s, in_body, &c, &e) == rows[i].is_done);
        CHECK_INT(rows[i].name, c.runs, rows[i].runs);
        CHECK_INT(rows[i].name, e.code, rows[i].is_done ? ERR_NONE : ERR_CONFLICT);
        CHECK(rows[i].name, has(rows[i].name, s, "a") == rows[i].is_done);
        store_free(s);
    }
    teardown();
}

static void a_lost_answer_is_uncertain_and_not_run_again(void **state)
{
    (void)state;
    struct between b = { .below = store_memory_engine(), .loses_answer = true };
    struct call c = { .body = add_three };
    struct err e = { 0 };
    struct store *s;

    setup();
    b.state = store_memory_state();
    s = store_over(&between, &b, crypto, &e);
    CHECK("opened", s != NULL);
    CHECK_ERR("lost", run_fails("lost", s, &c), ERR_UNCERTAIN, "");
    CHECK_INT("runs", c.runs, 1);
    CHECK("and it had happened", has("lost", s, "a"));
    store_free(s);
    teardown();
}

TEST_MAIN(rows_come_in_the_order_of_their_keys, a_range_bounds_the_next_key_column,
          removing_takes_a_range_and_nothing_else,
          adding_refuses_a_key_that_is_there_and_putting_replaces_it,
          a_body_that_fails_leaves_nothing_behind, a_view_does_not_write,
          a_row_that_no_table_can_hold_is_refused,
          a_transaction_that_collides_is_run_again_and_at_last_given_up,
          a_lost_answer_is_uncertain_and_not_run_again)
