#include "context_keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tests/check.h"
#include "page.h"

enum { NOW = 1700000000 };

static uint8_t fresh[AEAD_KEY_SIZE];

static bool rotate(struct context_image *m, int64_t now, uint8_t mark)
{
    memset(fresh, mark, sizeof fresh);
    return context_image_rotate(m, now, fresh);
}

static struct span written(const struct context_image *m)
{
    static uint8_t room[CONTEXT_IMAGE_MAX];
    struct writer w = writer_over(room, sizeof room);

    context_image_write(&w, m);
    CHECK("room", !w.has_failed);
    return writer_span(&w);
}

static void a_key_is_changed_in_time_and_the_one_before_stays(void **state)
{
    struct context_image m = { 0 };

    (void)state;
    CHECK("the first", rotate(&m, NOW, 1) && m.count == 1);
    CHECK("young", !rotate(&m, NOW + CONTEXT_ROTATION - 1, 2));
    CHECK("old", rotate(&m, NOW + CONTEXT_ROTATION, 2) && m.count == 2);
    CHECK_INT("newest first", m.keys[0][0], 2);
    CHECK_INT("one before", m.keys[1][0], 1);
    CHECK("older", rotate(&m, NOW + 3 * CONTEXT_ROTATION, 3) && m.count == 2);
    CHECK_INT("no third", m.keys[1][0], 2);
    CHECK("from the future", rotate(&m, NOW, 4));
}

static void what_was_written_is_read(void **state)
{
    struct context_image m = { 0 }, got;
    struct err e = { 0 };
    struct span bytes;

    (void)state;
    rotate(&m, NOW, 1);
    rotate(&m, NOW + CONTEXT_ROTATION, 2);
    bytes = written(&m);
    CHECK_INT("size", bytes.n, CONTEXT_IMAGE_MAX);
    CHECK_OK("read", context_image_parse(bytes, &got, &e), e);
    CHECK("same",
          got.count == 2 && got.made_at[1] == NOW && !memcmp(got.keys, m.keys, sizeof m.keys));
    for (size_t n = 0; n < bytes.n; n++) {
        struct err cut = { 0 };

        CHECK("cut short", !context_image_parse(span_part(bytes, 0, n), &got, &cut));
        CHECK("why", cut.code != ERR_NONE);
    }
}

static void other_bytes_are_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name; uint8_t at, value; enum err_code code; const char *path; } rows[] = {
        { "another magic", 0, 'X', ERR_UNSUPPORTED, "context_keys.magic" },
        { "a later version", 3, 2, ERR_UNSUPPORTED, "context_keys.magic" },
        { "no key", 4, 0, ERR_MALFORMED, "context_keys.count" },
        { "three keys", 4, 3, ERR_MALFORMED, "context_keys.count" },
        { "two of one", 4, 2, ERR_MALFORMED, "context_keys.made_at" },
    };
    /* clang-format on */
    struct context_image m = { 0 };
    uint8_t copy[CONTEXT_IMAGE_MAX];
    struct span bytes;

    (void)state;
    rotate(&m, NOW, 1);
    bytes = written(&m);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct context_image got;
        struct err e = { 0 };

        memcpy(copy, bytes.p, bytes.n);
        copy[rows[i].at] = rows[i].value;
        CHECK(rows[i].name, !context_image_parse(span_of(copy, bytes.n), &got, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

/* What a worker would read. */
static struct context_image published(const struct context_keys *k)
{
    struct arena a = arena_over(65536);
    struct err e = { 0 };
    struct page *p = page_map(context_keys_page(k), CONTEXT_IMAGE_MAX, false, &e);
    struct context_image m = { 0 };
    struct span bytes = { 0 };
    uint64_t turn = 0;

    CHECK_OK("map", p != NULL, e);
    CHECK("read", page_read(p, CONTEXT_IMAGE_MAX, &a, &bytes, &turn));
    CHECK_OK("parse", context_image_parse(bytes, &m, &e), e);
    page_unmap(p, CONTEXT_IMAGE_MAX);
    arena_fini(&a);
    return m;
}

static struct context_image one_life(const char *dir, bool forgets)
{
    struct err e = { 0 };
    struct context_image m;
    struct context_keys *k;
    uv_loop_t loop;

    uv_loop_init(&loop);
    k = context_keys_new(&loop, dir, forgets, &e);
    CHECK_OK("new", k != NULL, e);
    m = published(k);
    context_keys_free(k);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT("closed", uv_loop_close(&loop), 0);
    return m;
}

static void keys_outlive_a_restart_unless_they_are_to_be_forgotten(void **state)
{
    char dir[] = "/tmp/cupel-context-XXXXXX", path[64];
    struct context_image first, second, third;
    struct stat st;

    (void)state;
    CHECK("dir", mkdtemp(dir) != NULL);
    first = one_life(dir, false);
    snprintf(path, sizeof path, "%s/keys/contexts", dir);
    CHECK("kept", stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    second = one_life(dir, false);
    CHECK("same", memcmp(first.keys, second.keys, sizeof first.keys) == 0);
    third = one_life(dir, true);
    CHECK("others", memcmp(first.keys[0], third.keys[0], AEAD_KEY_SIZE) != 0 && third.count == 1);
    CHECK("not kept", stat(path, &st) != 0);
    snprintf(path, sizeof path, "%s/keys", dir);
    rmdir(path);
    rmdir(dir);
}

TEST_MAIN(a_key_is_changed_in_time_and_the_one_before_stays, what_was_written_is_read,
          other_bytes_are_refused, keys_outlive_a_restart_unless_they_are_to_be_forgotten)
