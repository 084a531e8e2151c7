#include "pem.h"

#include "../../tests/check.h"

enum { MOST = 4 };

struct parsed {
    bool ok;
    size_t count;
    struct pem_block blocks[MOST];
    struct err e;
};

static struct parsed parse(struct arena *a, struct span text, const char *label, bool tolerate_nul)
{
    struct parsed p = { 0 };

    p.ok = pem_parse(text, label, tolerate_nul, MOST, a, p.blocks, &p.count, &p.e);
    return p;
}

#define BEGIN "-----BEGIN X-----\n"
#define END   "-----END X-----\n"
#define ONE   BEGIN "AQID\n" END

static void texts_with_blocks_are_read(void **state)
{
    static const struct {
        const char *name, *text;
        size_t count;
    } rows[] = {
        { "one", ONE, 1 },
        { "no final line end", BEGIN "AQID\n-----END X-----", 1 },
        { "CRLF", "-----BEGIN X-----\r\nAQID\r\n-----END X-----\r\n", 1 },
        { "CR", "-----BEGIN X-----\rAQID\r-----END X-----\r", 1 },
        { "short lines", BEGIN "AQ\nI\nD\n" END, 1 },
        { "two", ONE ONE, 2 },
        { "white space around", " \r\n\t" ONE "\n\n " ONE "\n\n", 2 },
        { "four", ONE ONE ONE ONE, 4 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct parsed p = parse(&a, span_str(rows[i].text), "X", false);

        CHECK_OK(rows[i].name, p.ok, p.e);
        CHECK_INT(rows[i].name, p.count, rows[i].count);
        for (size_t k = 0; k < p.count; k++) {
            CHECK_TEXT(rows[i].name, p.blocks[k].der, "\1\2\3");
            CHECK_TEXT(rows[i].name, p.blocks[k].label, "X");
        }
        arena_fini(&a);
    }
}

static void pem_refuses_everything_else(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "nothing", "", ERR_MALFORMED, "begin" },
        { "white space only", " \n", ERR_MALFORMED, "begin" },
        { "text in front", "Subject: x\n" ONE, ERR_MALFORMED, "begin" },
        { "text between", ONE "and\n" ONE, ERR_MALFORMED, "begin" },
        { "text behind", ONE "x", ERR_MALFORMED, "begin" },
        { "NUL behind", NULL, ERR_MALFORMED, "begin" },
        { "five blocks", ONE ONE ONE ONE ONE, ERR_LIMIT, "" },
        { "another label", "-----BEGIN Y-----\nAQID\n-----END Y-----\n", ERR_MALFORMED, "begin" },
        { "a longer label", "-----BEGIN XX-----\nAQID\n-----END XX-----\n", ERR_MALFORMED,
          "begin" },
        { "four hyphens", "----BEGIN X-----\nAQID\n" END, ERR_MALFORMED, "begin" },
        { "no line end after BEGIN", "-----BEGIN X-----AQID\n" END, ERR_MALFORMED, "begin" },
        { "hyphens missing after the label", "-----BEGIN X\nAQID\n" END, ERR_MALFORMED, "begin" },
        { "no body", BEGIN END, ERR_MALFORMED, "base64" },
        { "a space inside", BEGIN "AQ ID\n" END, ERR_MALFORMED, "base64" },
        { "foreign character", BEGIN "AQ!D\n" END, ERR_MALFORMED, "base64" },
        { "base64url", BEGIN "AQ_D\n" END, ERR_MALFORMED, "base64" },
        { "no padding", BEGIN "AQI\n" END, ERR_MALFORMED, "base64" },
        { "unused bits set", BEGIN "AQJ=\n" END, ERR_MALFORMED, "base64" },
        { "padding inside", BEGIN "AQ==AQID\n" END, ERR_MALFORMED, "base64" },
        { "headers", BEGIN "Proc-Type: 4,ENCRYPTED\n\nAQID\n" END, ERR_MALFORMED, "end" },
        { "no END", BEGIN "AQID\n", ERR_MALFORMED, "end" },
        { "END on the line of the body", BEGIN "AQID" END, ERR_MALFORMED, "end" },
        { "END of another label", BEGIN "AQID\n-----END Y-----\n", ERR_MALFORMED, "end" },
        { "END of a longer label", BEGIN "AQID\n-----END XX-----\n", ERR_MALFORMED, "end" },
        { "END cut", BEGIN "AQID\n-----END X----", ERR_MALFORMED, "end" },
        { "text on the line of END", BEGIN "AQID\n-----END X-----x\n", ERR_MALFORMED, "end" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct span text = rows[i].text ? span_str(rows[i].text) : span_of(ONE, sizeof ONE);
        struct parsed p = parse(&a, text, "X", false);

        CHECK(rows[i].name, !p.ok && p.count == 0);
        CHECK_ERR(rows[i].name, p.e, rows[i].code, rows[i].path);
        CHECK(rows[i].name, p.e.offset <= text.n);
        arena_fini(&a);
    }
}

static void one_nul_at_the_very_end_is_tolerated_when_asked(void **state)
{
    static const struct {
        const char *name;
        size_t nuls;
        bool tolerate, ok;
    } rows[] = { { "none", 0, true, true },
                 { "one", 1, true, true },
                 { "two", 2, true, false },
                 { "one, not asked", 1, false, false } };
    const char text[sizeof ONE + 2] = ONE;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 20);
        struct span s = span_of(text, sizeof ONE - 1 + rows[i].nuls);

        CHECK(rows[i].name, parse(&a, s, "X", rows[i].tolerate).ok == rows[i].ok);
        arena_fini(&a);
    }
}

static struct span written(struct arena *a, size_t n)
{
    struct writer w = writer_in(a, 0);
    uint8_t *der = arena_alloc(a, n, 1);
    struct span out = { 0 };
    struct err e = { 0 };

    for (size_t i = 0; i < n; i++)
        der[i] = (uint8_t)(i * 7);
    pem_write(&w, "X Y", span_of(der, n));
    assert_true(writer_done(&w, &out, &e));
    return out;
}

static void what_is_written_is_read_back_and_written_the_same(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 47, 48, 49, 96, 1000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct arena a = arena_over(1 << 20);
        struct span text = written(&a, sizes[i]), again = { 0 };
        struct parsed p = parse(&a, text, NULL, false);
        struct writer w = writer_in(&a, 0);

        CHECK_OK("written", p.ok, p.e);
        assert_int_equal(p.blocks[0].der.n, sizes[i]);
        pem_write(&w, "X Y", p.blocks[0].der);
        assert_true(writer_done(&w, &again, &p.e));
        CHECK_SPAN("again", again, text);
        arena_fini(&a);
    }
}

static void lines_have_64_columns(void **state)
{
    struct arena a = arena_over(1 << 20);

    (void)state;
    CHECK_TEXT("49 bytes", written(&a, 49),
               "-----BEGIN X Y-----\n"
               "AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tng5+71/AMKERgfJi00O0JJ\n"
               "UA==\n"
               "-----END X Y-----\n");
    arena_fini(&a);
}

static void every_truncation_is_refused_but_that_of_the_last_line_end(void **state)
{
    struct span text = span_str(ONE);

    (void)state;
    for (size_t n = 0; n < text.n; n++) {
        struct arena a = arena_over(1 << 20);
        uint8_t *p = check_exact(span_part(text, 0, n));

        assert_true(parse(&a, span_of(p, n), "X", true).ok == (n == text.n - 1));
        free(p);
        arena_fini(&a);
    }
}

static void no_flipped_bit_gives_other_bytes_unnoticed(void **state)
{
    static const char text[] = ONE;

    (void)state;
    for (size_t bit = 0; bit < (sizeof text - 1) * 8; bit++) {
        struct arena a = arena_over(1 << 20);
        char changed[sizeof text];
        struct parsed p;

        memcpy(changed, text, sizeof text);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        p = parse(&a, span_str(changed), "X", false);
        /* in the body, another character is other bytes; elsewhere, nothing but a refusal */
        if (p.ok && !span_is(p.blocks[0].der, "\1\2\3"))
            assert_true(bit / 8 >= sizeof BEGIN - 1 && bit / 8 < sizeof BEGIN - 1 + 4);
        arena_fini(&a);
    }
}

static void each_failing_allocation_is_a_clean_error(void **state)
{
    bool ok = false;

    (void)state;
    for (size_t n = 1; !ok && n < 20; n++) {
        struct arena a = arena_over(1 << 20);
        struct parsed p;

        a.fail_at = n;
        p = parse(&a, span_str(ONE ONE), "X", false);
        ok = p.ok;
        if (!ok)
            assert_int_equal(p.e.code, ERR_MEMORY);
        arena_fini(&a);
    }
    assert_true(ok);
}

TEST_MAIN(texts_with_blocks_are_read, pem_refuses_everything_else,
          one_nul_at_the_very_end_is_tolerated_when_asked,
          what_is_written_is_read_back_and_written_the_same, lines_have_64_columns,
          every_truncation_is_refused_but_that_of_the_last_line_end,
          no_flipped_bit_gives_other_bytes_unnoticed, each_failing_allocation_is_a_clean_error)
