#include "fetcher.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "issuer_fetch.h"
#include "log.h"

enum { ASKS_PER_TURN = 64, WAIT_MOST_MS = 60000, IMAGE_MEMORY = 8 << 20, CONTROL_WORD_MAX = 64 };

struct fetcher {
    const struct fetcher_settings *set;
    struct issuer_means means;
    struct page *page;
    struct issuer_fetch items[BEARER_ISSUERS_MAX];
    bool is_over;
};

static int64_t clock_ms(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* --- what is published --- */

static void publish(struct fetcher *f)
{
    struct arena a = arena_over(IMAGE_MEMORY);
    struct writer w = writer_in(&a, ISSUER_KEYS_BYTES_MAX);
    struct issuer_image m = { 0 };
    struct err e = { 0 };
    struct span image = { 0 };

    for (size_t i = 0; i < f->set->issuer_count; i++)
        if (f->items[i].keys.n > 0)
            m.items[m.count++] =
                (struct issuer_entry){ f->items[i].issuer, f->items[i].at, f->items[i].keys };
    if (issuer_image_write(&w, &m, &e) && writer_done(&w, &image, &e))
        page_publish(f->page, ISSUER_IMAGE_MAX, image);
    else
        log_err(LOG_LEVEL_ERROR, "issuers' keys cannot be published", &e);
    arena_fini(&a);
}

/* Keys that another fetching process published before us are as good as ours. */
static void keep_what_is_there(struct fetcher *f)
{
    struct arena a = arena_over(IMAGE_MEMORY);
    struct issuer_image m;
    struct err e = { 0 };
    struct span bytes = { 0 };
    uint64_t turn;

    if (page_read(f->page, ISSUER_IMAGE_MAX, &a, &bytes, &turn) &&
        issuer_image_parse(bytes, &m, &e)) {
        for (size_t i = 0; i < f->set->issuer_count; i++) {
            const struct issuer_entry *was = issuer_image_find(&m, f->items[i].issuer);

            if (was && !issuer_fetch_keep(&f->items[i], was->keys, was->at, &e))
                log_err(LOG_LEVEL_WARNING, "an issuer's last keys cannot be kept", &e);
        }
        publish(f);
    }
    arena_fini(&a);
}

/* --- the loop --- */

static void begin_what_is_due(struct fetcher *f)
{
    int64_t now = now_ms();

    for (size_t i = 0; i < f->set->issuer_count; i++)
        if (f->items[i].stage == ISSUER_RESTS && f->items[i].due_ms <= now)
            issuer_fetch_begin(&f->items[i], &f->means, now);
}

static void take_what_ended(struct fetcher *f)
{
    bool has_new = false;
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(f->means.multi, &left))) {
        struct issuer_fetch *i = NULL;

        if (m->msg != CURLMSG_DONE ||
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&i) != CURLE_OK)
            continue;
        has_new = issuer_fetch_step(i, &f->means, m->data.result, now_ms(),
                                    clock_ms(CLOCK_REALTIME) / 1000) ||
                  has_new;
    }
    if (has_new)
        publish(f);
}

static void take_asks(struct fetcher *f)
{
    uint8_t packet[ISSUER_ASK_SIZE + 1];

    for (int i = 0; i < ASKS_PER_TURN; i++) {
        ssize_t n = recv(f->set->ask_fd, packet, sizeof packet, MSG_DONTWAIT);
        struct err e = { 0 };
        uint32_t issuer;

        if (n <= 0)
            return;
        if (issuer_ask_parse(span_of(packet, (size_t)n), &issuer, &e) &&
            issuer < f->set->issuer_count)
            issuer_fetch_hasten(&f->items[issuer], now_ms());
    }
}

/* The end of the channel, and "drain", end us: nothing here is worth finishing. */
static void look_at_control(struct fetcher *f)
{
    char word[CONTROL_WORD_MAX];
    ssize_t n = recv(f->set->control_fd, word, sizeof word, MSG_DONTWAIT);

    f->is_over = n >= 0 || (errno != EAGAIN && errno != EINTR);
}

static int wait_of(const struct fetcher *f)
{
    int64_t now = now_ms(), wait = WAIT_MOST_MS;

    for (size_t i = 0; i < f->set->issuer_count; i++)
        if (f->items[i].stage == ISSUER_RESTS && f->items[i].due_ms - now < wait)
            wait = f->items[i].due_ms - now;
    return wait > 0 ? (int)wait : 0;
}

static void turn(struct fetcher *f)
{
    struct curl_waitfd also[] = { { .fd = f->set->control_fd, .events = CURL_WAIT_POLLIN },
                                  { .fd = f->set->ask_fd, .events = CURL_WAIT_POLLIN } };
    int running, ready;

    begin_what_is_due(f);
    if (curl_multi_perform(f->means.multi, &running) != CURLM_OK)
        f->is_over = true;
    take_what_ended(f);
    curl_multi_poll(f->means.multi, also, COUNT(also), wait_of(f), &ready);
    take_asks(f);
    if (!f->is_over)
        look_at_control(f);
}

static bool prepare(struct fetcher *f, struct err *err)
{
    const struct fetcher_settings *s = f->set;

    f->page = page_map(s->page_fd, ISSUER_IMAGE_MAX, true, err);
    f->means = (struct issuer_means){ .crypto = s->crypto,
                                      .multi = curl_multi_init(),
                                      .ca = s->ca,
                                      .refresh_ms = s->refresh_seconds * 1000 };
    if (!f->page)
        return false;
    if (!f->means.multi)
        return err_fail(err, ERR_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < s->issuer_count; i++)
        f->items[i].issuer = s->issuers[i];
    keep_what_is_there(f);
    return !s->confine || s->confine(s->confine_arg, err);
}

bool fetcher_run(const struct fetcher_settings *s, struct err *err)
{
    struct fetcher f = { .set = s };
    bool is_ready = prepare(&f, err);

    while (is_ready && !f.is_over)
        turn(&f);
    for (size_t i = 0; i < s->issuer_count; i++)
        issuer_fetch_fini(&f.items[i], &f.means);
    if (f.means.multi)
        curl_multi_cleanup(f.means.multi);
    page_unmap(f.page, ISSUER_IMAGE_MAX);
    return is_ready;
}
