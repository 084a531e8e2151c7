#include "../../tests/check.h"

#include "issuer_image.h"
#include "page.h"

#include <unistd.h>

enum { ROOM = 4096 };

static struct span image(struct arena *a, struct issuer_image *m)
{
    struct writer w = writer_in(a, 1024);
    struct err e = { 0 };

    *m = (struct issuer_image){
        .count = 2,
        .items = { { span_str("https://a.example"), 7, span_str("{\"keys\":[]}") },
                   { span_str("https://b.example"), 1700000000, span_str("{}") } },
    };
    CHECK_OK("write", issuer_image_write(&w, m, &e), e);
    return writer_span(&w);
}

static void an_image_is_read_as_it_was_written(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct issuer_image m, got;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("parse", issuer_image_parse(image(&a, &m), &got, &e), e);
    CHECK_INT("count", got.count, 2);
    CHECK_TEXT("keys", issuer_image_find(&got, span_str("https://b.example"))->keys, "{}");
    CHECK_INT("at", got.items[0].at, 7);
    CHECK("no other", !issuer_image_find(&got, span_str("https://b.exampl")));
    arena_fini(&a);
}

static void shorter_longer_and_doubled_images_are_refused(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct issuer_image m, got;
    struct span bytes = image(&a, &m);
    struct writer w = writer_in(&a, 256);
    struct err e = { 0 };
    (void)state;

    for (size_t n = 0; n < bytes.n; n++) {
        e = (struct err){ 0 };
        CHECK("shorter", !issuer_image_parse(span_part(bytes, 0, n), &got, &e));
        CHECK("told", e.code != ERR_NONE);
    }
    write_bytes(&w, bytes);
    write_u8(&w, 0);
    e = (struct err){ 0 };
    CHECK("longer", !issuer_image_parse(writer_span(&w), &got, &e));
    CHECK_ERR("longer", e, ERR_MALFORMED, "image");
    m.items[1].issuer = m.items[0].issuer;
    w = writer_in(&a, 256);
    e = (struct err){ 0 };
    CHECK_OK("write", issuer_image_write(&w, &m, &e), e);
    CHECK("doubled", !issuer_image_parse(writer_span(&w), &got, &e));
    CHECK_ERR("doubled", e, ERR_MALFORMED, "image.issuer");
    arena_fini(&a);
}

static void what_cannot_be_read_back_is_not_written(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct issuer_image m;
    struct writer w = writer_in(&a, 256);
    struct err e = { 0 };
    (void)state;

    image(&a, &m);
    m.items[0].keys = span_str("");
    CHECK("no keys", !issuer_image_write(&w, &m, &e));
    CHECK_ERR("no keys", e, ERR_LIMIT, "image.keys");
    e = (struct err){ 0 };
    m.count = BEARER_ISSUERS_MAX + 1;
    CHECK("too many", !issuer_image_write(&w, &m, &e));
    CHECK_ERR("too many", e, ERR_LIMIT, "");
    arena_fini(&a);
}

static void an_ask_names_an_issuer(void **state)
{
    uint8_t room[ISSUER_ASK_SIZE];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };
    uint32_t got = 0;
    (void)state;

    issuer_ask_write(&w, 3);
    CHECK_OK("parse", issuer_ask_parse(writer_span(&w), &got, &e), e);
    CHECK_INT("issuer", got, 3);
    room[4] = BEARER_ISSUERS_MAX;
    CHECK("past the limit", !issuer_ask_parse(span_of(room, sizeof room), &got, &e));
    CHECK_ERR("past the limit", e, ERR_LIMIT, "ask.issuer");
    e = (struct err){ 0 };
    CHECK("short", !issuer_ask_parse(span_of(room, 7), &got, &e));
    CHECK_ERR("short", e, ERR_MALFORMED, "ask.issuer");
}

static void a_page_gives_what_was_published_last(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct page *mine, *theirs;
    struct err e = { 0 };
    struct span got = { 0 };
    uint64_t turn = 0;
    int fd = -1, read_fd = -1;
    (void)state;

    CHECK_OK("make", page_make("test", ROOM, &fd, &read_fd, &e), e);
    mine = page_map(fd, ROOM, true, &e);
    theirs = page_map(read_fd, ROOM, false, &e);
    CHECK_OK("map", mine && theirs, e);
    CHECK("nothing yet", !page_read(theirs, ROOM, &a, &got, &turn));
    page_publish(mine, ROOM, span_str("one"));
    page_publish(mine, ROOM, span_str("three"));
    CHECK("read", page_read(theirs, ROOM, &a, &got, &turn) && turn == 2);
    CHECK_TEXT("the last", got, "three");
    page_publish(mine, ROOM, span_of(arena_alloc(&a, ROOM + 1, 1), ROOM + 1));
    CHECK_INT("too much is not published", page_turn(theirs), 2);
    CHECK("a reader cannot write", !page_map(read_fd, ROOM, true, &e));
    page_unmap(mine, ROOM);
    page_unmap(theirs, ROOM);
    close(fd);
    close(read_fd);
    arena_fini(&a);
}

TEST_MAIN(an_image_is_read_as_it_was_written, shorter_longer_and_doubled_images_are_refused,
          what_cannot_be_read_back_is_not_written, an_ask_names_an_issuer,
          a_page_gives_what_was_published_last)
