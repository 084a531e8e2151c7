#include "store_test.h"

#include "note.h"

enum { RECORDS = 600 };

static void fill(struct store *s, size_t count)
{
    struct store_note *notes = calloc(count, sizeof *notes);
    struct err e = { 0 };

    CHECK("memory", notes != NULL);
    for (size_t i = 0; i < count; i++)
        notes[i] = (struct store_note){ .at = NOW + (int64_t)i,
                                        .action = span_str("verdict"),
                                        .request_id = span_str("00-aa-bb-00"),
                                        .detail = span_str("{\"outcome\":\"granted\"}") };
    CHECK_OK("noted", store_note_all(s, notes, count, &e), e);
    free(notes);
}

static void a_chain_has_one_end_and_every_place_in_it_can_be_expected(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct audit_head none = { 0 }, early, end;
        struct err e = { 0 };

        CHECK_OK(engine, audit_verify(s, &none, &end, &e), e);
        CHECK_INT("empty", end.number, 0);
        fill(s, 5);
        CHECK_OK(engine, audit_end(s, &early, &e), e);
        CHECK_INT("five", early.number, 5);
        fill(s, RECORDS);
        CHECK_OK(engine, audit_verify(s, &early, &end, &e), e);
        CHECK_INT("all", end.number, 5 + RECORDS);
        early.hash[0] ^= 1;
        CHECK(engine, !audit_verify(s, &early, &end, &e));
        CHECK_ERR("another hash", e, ERR_UNTRUSTED, "record 5");
        err_clear(&e);
        end.number++;
        CHECK(engine, !audit_verify(s, &end, &early, &e));
        CHECK_ERR("the end was cut off", e, ERR_UNTRUSTED, "audit");
    }
}

/* One text of JSON lines, as an export is. */
static bool collect(void *arg, const struct store_audit *r, struct err *err)
{
    struct writer *w = arg;
    (void)err;

    audit_line_write(w, r);
    write_u8(w, '\n');
    return true;
}

static struct span next_line(struct span *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    struct span line = span_of(text->p, (size_t)(end - text->p));

    *text = span_part(*text, line.n + 1, text->n);
    return line;
}

static bool verify_lines(struct span text, struct err *err)
{
    struct arena a = arena_over(1 << 26);
    struct audit_head at = { 0 };
    bool is_well = true;

    while (text.n > 0 && is_well) {
        struct store_audit r;

        is_well =
            audit_line_parse(next_line(&text), &a, &r, err) && audit_step(crypto, &r, &at, err);
        arena_reset(&a);
    }
    arena_fini(&a);
    return is_well;
}

static void exported_lines_verify_and_no_changed_byte_does(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct arena a = arena_over(1 << 24);
        struct writer w = writer_in(&a, 4096);
        struct span text = { 0 };
        struct err e = { 0 };

        fill(s, 3);
        CHECK_OK(engine, audit_each(s, 0, 0, collect, &w, &e), e);
        CHECK_OK(engine, writer_done(&w, &text, &e), e);
        CHECK_OK(engine, verify_lines(text, &e), e);
        for (size_t i = 0; i < text.n; i++) {
            uint8_t *copy = check_exact(text);
            struct err why = { 0 };

            copy[i] ^= 1;
            if (text.p[i] != '\n' && copy[i] != '\n')
                CHECK("a flipped bit", !verify_lines(span_of(copy, text.n), &why));
            free(copy);
        }
        arena_fini(&a);
    }
}

/* What somebody with the file open could do. */
static struct store_audit taken[3];
static struct arena taken_memory;

static bool take_all(void *arg, const struct store_audit *r, struct err *err)
{
    size_t *n = arg;

    taken[*n] = *r;
    return row_dup(&taken_memory, &store_tables[STORE_AUDIT], &taken[(*n)++], err);
}

static bool walk(const size_t *order, size_t count, struct err *err)
{
    struct audit_head at = { 0 };

    for (size_t i = 0; i < count; i++) {
        if (!audit_step(crypto, &taken[order[i]], &at, err))
            return false;
    }
    return true;
}

static void a_record_that_is_changed_taken_out_or_moved_breaks_the_chain(void **state)
{
    static const struct {
        const char *name;
        size_t order[3];
        size_t count;
        bool is_changed;
        const char *path;
    } rows[] = {
        { "as they are", { 0, 1, 2 }, 3, false, NULL },
        { "changed", { 0, 1, 2 }, 3, true, "record 2" },
        { "taken out", { 0, 2 }, 2, false, "record 3" },
        { "moved", { 1, 0, 2 }, 3, false, "record 2" },
        { "said twice", { 0, 0, 1 }, 3, false, "record 1" },
    };
    (void)state;

    FOR_EACH_ENGINE(s, engine)
    {
        size_t n = 0;
        struct err e = { 0 };

        taken_memory = arena_over(1 << 20);
        fill(s, 3);
        CHECK_OK(engine, audit_each(s, 0, 0, take_all, &n, &e), e);
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct span actor = taken[1].actor;

            err_clear(&e);
            if (rows[i].is_changed)
                taken[1].actor = span_str("mallory");
            CHECK(rows[i].name, walk(rows[i].order, rows[i].count, &e) == !rows[i].path);
            if (rows[i].path)
                CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, rows[i].path);
            taken[1].actor = actor;
        }
        arena_fini(&taken_memory);
    }
}

static void lines_of_another_shape_are_refused(void **state)
{
#define Z "0000000000000000000000000000000000000000000000000000000000000000"
    static const struct {
        const char *name, *line, *path;
    } rows[] = {
        { "empty", "", "" },
        { "no number", "{\"at\":1}", "number" },
        { "another time",
          "{\"number\":1,\"at\":0,\"time\":\"1970-01-01T00:00:01Z\",\"actor\":\"\"}", "time" },
        { "detail is text",
          "{\"number\":1,\"at\":0,\"time\":\"1970-01-01T00:00:00Z\",\"actor\":\"\",\"action\":\"\","
          "\"instance\":\"\",\"subject\":\"\",\"detail\":\"x\"}",
          "detail" },
        { "short hash",
          "{\"number\":1,\"at\":0,\"time\":\"1970-01-01T00:00:00Z\",\"actor\":\"\",\"action\":\"\","
          "\"instance\":\"\",\"subject\":\"\",\"detail\":null,\"previous\":\"00\"}",
          "previous" },
        { "a zero in a name",
          "{\"number\":1,\"at\":0,\"time\":\"1970-01-01T00:00:00Z\",\"actor\":\"\\u0000\","
          "\"action\":\"\",\"instance\":\"\",\"subject\":\"\",\"detail\":null,\"previous\":\"" Z
          "\",\"hash\":\"" Z "\"}",
          "audit.actor" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct store_audit r;
        struct err e = { 0 };

        CHECK(rows[i].name, !audit_line_parse(span_str(rows[i].line), &a, &r, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        arena_fini(&a);
    }
}

static size_t explanation_count(struct store *s, const char *id)
{
    struct arena a = arena_over(1 << 20);
    struct span text;
    struct err e = { 0 };
    size_t n;

    CHECK_OK(id, store_explain(s, span_str(id), &a, &text, &e), e);
    n = text.n;
    arena_fini(&a);
    return n;
}

static void explanations_are_found_by_request_and_the_oldest_are_forgotten(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct store_note n = { .at = NOW,
                                .action = span_str("verdict"),
                                .request_id = span_str("first"),
                                .explanation = span_str("{\"checks\":[]}") };
        struct store_note again = n, late = n;
        struct err e = { 0 };

        again.explanation = span_str("{}");
        late.request_id = span_str("late");
        late.at = NOW + NOTE_EXPLAINED_SECONDS + 1;
        CHECK_OK(engine, store_note_all(s, &n, 1, &e), e);
        CHECK_INT("found", explanation_count(s, "first"), n.explanation.n);
        CHECK_INT("not found", explanation_count(s, "second"), 0);
        CHECK_OK(engine, store_note_all(s, &again, 1, &e), e);
        CHECK_INT("the newest of that name", explanation_count(s, "first"), 2);
        CHECK_OK(engine, store_note_all(s, &late, 1, &e), e);
        CHECK_INT("too old", explanation_count(s, "first"), 0);
        CHECK_INT("fresh", explanation_count(s, "late"), n.explanation.n);
    }
}

static void notes_are_written_and_read_back_and_refused_by_name(void **state)
{
    static const struct {
        const char *name;
        struct store_note note;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "detail is no JSON",
          { .detail = { (const uint8_t *)"{", 1 } },
          ERR_MALFORMED,
          "note.detail" },
        { "detail is a list",
          { .detail = { (const uint8_t *)"[]", 2 } },
          ERR_MALFORMED,
          "note.detail" },
        { "detail is two lines",
          { .detail = { (const uint8_t *)"{\n}", 3 } },
          ERR_MALFORMED,
          "note.detail" },
        { "actor is no text",
          { .actor = { (const uint8_t *)"\xff", 1 } },
          ERR_MALFORMED,
          "note.audit.actor" },
    };
    const struct store_note good = { .at = NOW,
                                     .action = span_str("verdict"),
                                     .detail = span_str("{}"),
                                     .explanation = span_str("[1]") };
    uint8_t room[1024];
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_over(room, sizeof room);
        struct err e = { 0 };

        CHECK(rows[i].name, !note_write(&w, &rows[i].note, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
    for (size_t n = 0;; n++) {
        struct writer w = writer_over(room, sizeof room);
        struct store_note back = { 0 };
        struct err e = { 0 };

        CHECK_OK("good", note_write(&w, &good, &e), e);
        if (n > w.n)
            break;
        CHECK("only whole", note_parse(span_of(room, n), &back, &e) == (n == w.n));
        if (n == w.n)
            CHECK_TEXT("back", back.explanation, "[1]");
    }
}

TEST_MAIN(a_chain_has_one_end_and_every_place_in_it_can_be_expected,
          exported_lines_verify_and_no_changed_byte_does,
          a_record_that_is_changed_taken_out_or_moved_breaks_the_chain,
          lines_of_another_shape_are_refused,
          explanations_are_found_by_request_and_the_oldest_are_forgotten,
          notes_are_written_and_read_back_and_refused_by_name)
