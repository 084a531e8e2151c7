#include "issuers.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/utf8.h"
#include "../host/file.h"
#include "log.h"

enum {
    PAGE_COPIES = 4, /* room for a few tries */
    CLOCK_SLACK = 300
};

static bool fail_entry(struct err *err, struct span entry, const char *what)
{
    char shown[96];

    return err_fail(err, ERR_MALFORMED, NULL, "\"%s\" %s", utf8_show(entry, shown, sizeof shown),
                    what);
}

static bool add(struct issuers *s, struct span issuer, struct err *err)
{
    if (s->rules.issuer_count == BEARER_ISSUERS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "more than %d issuers", BEARER_ISSUERS_MAX);
    if (issuer.n > ISSUER_NAME_MAX)
        return fail_entry(err, issuer, "is longer than an issuer's name may be");
    for (size_t i = 0; i < s->rules.issuer_count; i++)
        if (span_equal(s->items[i].issuer, issuer))
            return fail_entry(err, issuer, "is an issuer that was named before");
    s->items[s->rules.issuer_count++].issuer = issuer;
    return true;
}

/*= OpenID Connect Discovery 1.0, 3 */
/*# URL using the https scheme with no query or fragment components that the OP asserts as its
 *Issuer # Identifier. */
static bool check_url(struct span issuer, struct err *err)
{
    if (!span_starts(issuer, span_str("https://")) || issuer.n == 8)
        return fail_entry(err, issuer, "does not begin with https:// and name a host");
    for (size_t i = 0; i < issuer.n; i++)
        if (issuer.p[i] <= ' ' || issuer.p[i] > '~' || strchr("?#\"\\@", issuer.p[i]))
            return fail_entry(err, issuer, "holds what an issuer's URL has not");
    return true;
}

static bool load_fetched(struct issuers *s, const struct config *c, struct err *err)
{
    struct span issuer;
    size_t at = 0;

    while (config_list_next(c, CONFIG_TOKEN_ISSUERS, &at, &issuer))
        if (!check_url(issuer, err) || !add(s, issuer, err))
            return err_in(err, "token_issuers");
    s->fetched = s->rules.issuer_count;
    return true;
}

static bool load_file(struct issuers *s, struct span path, struct crypto *crypto, struct arena *a,
                      struct err *err)
{
    size_t i = s->rules.issuer_count - 1;
    struct span name = arena_dup(a, path), text = { 0 };

    if (!name.p)
        return arena_fail(a, err);
    if (!file_read((const char *)name.p, ISSUER_KEYS_BYTES_MAX, a, &text, err))
        return false;
    s->held[i] = issuer_keys_new(crypto, text, err);
    s->items[i].keys = s->held[i];
    return s->held[i] != NULL;
}

static bool load_files(struct issuers *s, const struct config *c, struct crypto *crypto,
                       struct arena *a, struct err *err)
{
    struct span entry;
    size_t at = 0;

    while (config_list_next(c, CONFIG_TOKEN_KEYS, &at, &entry)) {
        const uint8_t *equals = memchr(entry.p, '=', entry.n);
        size_t n = equals ? (size_t)(equals - entry.p) : 0;

        if (n == 0 || n + 1 == entry.n)
            return fail_entry(err, entry, "is not an issuer, \"=\" and a file") ||
                   err_in(err, "token_keys");
        if (!add(s, span_part(entry, 0, n), err) ||
            (crypto && !load_file(s, span_part(entry, n + 1, SIZE_MAX), crypto, a, err)))
            return err_in(err, "token_keys");
    }
    return true;
}

static bool load_audiences(struct issuers *s, const struct config *c, struct err *err)
{
    struct span audience;
    size_t at = 0;

    while (config_list_next(c, CONFIG_TOKEN_AUDIENCES, &at, &audience)) {
        if (s->rules.audience_count == BEARER_AUDIENCES_MAX)
            return err_fail(err, ERR_LIMIT, NULL, "more than %d audiences", BEARER_AUDIENCES_MAX) ||
                   err_in(err, "token_audiences");
        s->audiences[s->rules.audience_count++] = audience;
    }
    return true;
}

bool issuers_load(struct issuers *out, const struct config *c, struct crypto *crypto,
                  struct arena *a, struct err *err)
{
    *out = (struct issuers){ .crypto = crypto, .ask_fd = -1 };
    out->rules.issuers = out->items;
    out->rules.audiences = out->audiences;
    out->rules.skew = c->number[CONFIG_TOKEN_SKEW];
    out->max_age = c->number[CONFIG_TOKEN_KEYS_MAX_AGE];
    return load_fetched(out, c, err) && load_files(out, c, crypto, a, err) &&
           load_audiences(out, c, err);
}

bool issuers_connect(struct issuers *s, int page_fd, int ask_fd, struct err *err)
{
    if (s->fetched == 0)
        return true;
    s->page = page_map(page_fd, ISSUER_IMAGE_MAX, false, err);
    s->ask_fd = ask_fd;
    close(page_fd);
    return s->page != NULL;
}

static void take(struct issuers *s, size_t i, const struct issuer_entry *entry)
{
    struct err e = { 0 };
    struct issuer_keys *keys = issuer_keys_new(s->crypto, entry->keys, &e);

    if (!keys) {
        log_err(LOG_LEVEL_WARNING, "published keys of an issuer cannot be used", &e);
        return;
    }
    issuer_keys_free(s->held[i]);
    s->held[i] = keys;
    s->at[i] = entry->at;
}

static void read_page(struct issuers *s)
{
    struct arena a = arena_over((size_t)PAGE_COPIES * ISSUER_IMAGE_MAX);
    struct issuer_image m;
    struct span bytes = { 0 };
    struct err e = { 0 };

    if (page_read(s->page, ISSUER_IMAGE_MAX, &a, &bytes, &s->turn)) {
        if (!issuer_image_parse(bytes, &m, &e))
            log_err(LOG_LEVEL_WARNING, "published keys cannot be read", &e);
        for (size_t i = 0; e.code == ERR_NONE && i < s->fetched; i++) {
            const struct issuer_entry *entry = issuer_image_find(&m, s->items[i].issuer);

            if (entry)
                take(s, i, entry);
        }
    }
    arena_fini(&a);
}

/* Keys from a moment that is yet to come are of no known age: the clock was put back. */
static bool is_young(const struct issuers *s, size_t i, int64_t now)
{
    return now >= s->at[i] - CLOCK_SLACK && now - s->at[i] <= s->max_age;
}

static void judge_age(struct issuers *s, size_t i, int64_t now)
{
    const struct issuer_keys *was = s->items[i].keys;

    s->items[i].keys = s->held[i] && is_young(s, i, now) ? s->held[i] : NULL;
    if (was && !s->items[i].keys)
        log_say(LOG_LEVEL_ERROR, "the keys of an issuer are too old and not used any more",
                (const char *)NULL);
}

void issuers_refresh(struct issuers *s, int64_t now)
{
    if (s->page && page_turn(s->page) != s->turn)
        read_page(s);
    for (size_t i = 0; s->page && i < s->fetched; i++)
        judge_age(s, i, now);
}

/* When the socket is full, asks enough are waiting already. */
void issuers_ask(const struct issuers *s, size_t issuer)
{
    uint8_t packet[ISSUER_ASK_SIZE];
    struct writer w = writer_over(packet, sizeof packet);

    if (!s->page || issuer >= s->fetched)
        return;
    issuer_ask_write(&w, (uint32_t)issuer);
    if (send(s->ask_fd, packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
}

void issuers_fini(struct issuers *s)
{
    for (size_t i = 0; i < BEARER_ISSUERS_MAX; i++)
        issuer_keys_free(s->held[i]);
    page_unmap(s->page, ISSUER_IMAGE_MAX);
    *s = (struct issuers){ 0 };
}
