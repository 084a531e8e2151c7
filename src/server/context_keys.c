#include "context_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../host/file.h"
#include "log.h"
#include "page.h"

enum { LOOK_MS = 60 * 1000, FILE_MEMORY = 16 * 1024 * 1024 };

/* The bytes "CTK" and a version of one, as a little-endian number. */
static const uint32_t image_magic = 0x014b5443;

struct context_keys {
    uv_timer_t timer;
    struct context_image image;
    struct page *page;
    int write_fd, read_fd;
    char path[FILE_PATH_MAX]; /* empty: nothing is kept in a file */
};

/* ---------------------------------------------------------------- the bytes */

void context_image_write(struct writer *w, const struct context_image *m)
{
    write_u32le(w, image_magic);
    write_u32le(w, m->count);
    for (uint32_t i = 0; i < m->count; i++) {
        write_u64le(w, (uint64_t)m->made_at[i]);
        write_bytes(w, span_of(m->keys[i], AEAD_KEY_SIZE));
    }
}

bool context_image_parse(struct span bytes, struct context_image *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct context_image m = { 0 };
    uint32_t magic = reader_u32le(&r, "magic");

    if (reader_ok(&r) && magic != image_magic)
        reader_fail(&r, ERR_UNSUPPORTED, NULL, "magic", "0x%08x is not version 1", magic);
    m.count = reader_u32le(&r, "count");
    if (reader_ok(&r) && (m.count == 0 || m.count > CONTEXT_KEYS_MAX))
        reader_fail(&r, ERR_MALFORMED, NULL, "count", "%u keys are not 1 to %d", m.count,
                    CONTEXT_KEYS_MAX);
    for (uint32_t i = 0; reader_ok(&r) && i < m.count; i++) {
        struct span key;

        m.made_at[i] = (int64_t)reader_u64le(&r, "made_at");
        key = reader_take(&r, AEAD_KEY_SIZE, "key");
        if (key.n == AEAD_KEY_SIZE)
            memcpy(m.keys[i], key.p, AEAD_KEY_SIZE);
    }
    if (!reader_done(&r))
        return err_in(err, "context_keys");
    *out = m;
    return true;
}

/* A clock that was set back would otherwise keep a key for ever. */
bool context_image_rotate(struct context_image *m, int64_t now, const uint8_t fresh[AEAD_KEY_SIZE])
{
    if (m->count > 0 && m->made_at[0] <= now && now - m->made_at[0] < CONTEXT_ROTATION)
        return false;
    m->made_at[1] = m->made_at[0];
    memcpy(m->keys[1], m->keys[0], AEAD_KEY_SIZE);
    m->made_at[0] = now;
    memcpy(m->keys[0], fresh, AEAD_KEY_SIZE);
    m->count = m->count == 0 ? 1 : CONTEXT_KEYS_MAX;
    return true;
}

/* ---------------------------------------------------------------- their life */

/* A file that cannot be read is no reason not to serve: contexts of before do not open, and
 * clients ask for others. */
static void read_file(struct context_keys *k)
{
    struct arena a = arena_over(FILE_MEMORY);
    struct span bytes = { 0 };
    struct err e = { 0 };

    if (!file_read_optional(k->path, CONTEXT_IMAGE_MAX, &a, &bytes, &e) ||
        (bytes.n > 0 && !context_image_parse(bytes, &k->image, &e)))
        log_err(LOG_LEVEL_WARNING, "sealed contexts of before will not open", &e);
    arena_fini(&a);
}

static void publish(struct context_keys *k)
{
    uint8_t room[CONTEXT_IMAGE_MAX];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };

    context_image_write(&w, &k->image);
    page_publish(k->page, CONTEXT_IMAGE_MAX, writer_span(&w));
    if (k->path[0] != '\0' && !file_replace(k->path, writer_span(&w), 0600, &e))
        log_err(LOG_LEVEL_WARNING, "the keys of contexts cannot be kept for a restart", &e);
    explicit_bzero(room, sizeof room);
}

static bool look(struct context_keys *k, struct err *err)
{
    uint8_t fresh[AEAD_KEY_SIZE];
    bool is_new;

    if (getrandom(fresh, sizeof fresh, 0) != (ssize_t)sizeof fresh)
        return err_fail(err, ERR_IO, NULL, "no random bytes: %s", strerror(errno));
    is_new = context_image_rotate(&k->image, (int64_t)time(NULL), fresh);
    explicit_bzero(fresh, sizeof fresh);
    if (is_new || page_turn(k->page) == 0)
        publish(k);
    return true;
}

static void on_timer(uv_timer_t *t)
{
    struct err e = { 0 };

    if (!look(t->data, &e))
        log_err(LOG_LEVEL_ERROR, "the keys of contexts cannot be changed", &e);
}

/* Kept out of core dumps, and in memory where the system allows. */
static void guard(struct context_keys *k)
{
    madvise(k->page, CONTEXT_IMAGE_MAX, MADV_DONTDUMP);
    if (mlock(&k->image, sizeof k->image) != 0)
        log_say(LOG_LEVEL_DEBUG, "the keys of contexts are not locked in memory",
                (const char *)NULL);
}

static bool open_all(struct context_keys *k, const char *data_dir, bool forgets, struct err *err)
{
    char dir[FILE_PATH_MAX];

    snprintf(dir, sizeof dir, "%s/keys", data_dir);
    if (!file_make_dir(dir, 0700, err))
        return false;
    if (snprintf(k->path, sizeof k->path, "%s/keys/contexts", data_dir) >= (int)sizeof k->path)
        return err_fail(err, ERR_LIMIT, NULL, "the path of keys/contexts is too long");
    if (!page_make("cupel-contexts", CONTEXT_IMAGE_MAX, &k->write_fd, &k->read_fd, err))
        return false;
    k->page = page_map(k->write_fd, CONTEXT_IMAGE_MAX, true, err);
    if (!k->page)
        return false;
    guard(k);
    if (forgets) {
        unlink(k->path);
        k->path[0] = '\0';
    } else {
        read_file(k);
    }
    return look(k, err);
}

static void release(struct context_keys *k)
{
    page_unmap(k->page, CONTEXT_IMAGE_MAX);
    if (k->write_fd >= 0)
        close(k->write_fd);
    if (k->read_fd >= 0)
        close(k->read_fd);
    munlock(&k->image, sizeof k->image);
    explicit_bzero(&k->image, sizeof k->image);
    free(k);
}

struct context_keys *context_keys_new(uv_loop_t *loop, const char *data_dir, bool forgets,
                                      struct err *err)
{
    struct context_keys *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the keys of contexts");
        return NULL;
    }
    k->write_fd = k->read_fd = -1;
    if (!open_all(k, data_dir, forgets, err)) {
        release(k);
        return NULL;
    }
    uv_timer_init(loop, &k->timer);
    k->timer.data = k;
    uv_timer_start(&k->timer, on_timer, LOOK_MS, LOOK_MS);
    return k;
}

int context_keys_page(const struct context_keys *k)
{
    return k->read_fd;
}

static void on_closed(uv_handle_t *h)
{
    release(h->data);
}

void context_keys_free(struct context_keys *k)
{
    if (k)
        uv_close((uv_handle_t *)&k->timer, on_closed);
}
