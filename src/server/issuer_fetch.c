#include "issuer_fetch.h"

#include <stdio.h>
#include <string.h>

#include "../base/utf8.h"
#include "log.h"

enum { ATTEMPT_MEMORY = 4 << 20, KEPT_MEMORY = 1 << 20, LOGGED_MAX = 512 };

/* --- documents --- */

static bool check_keys_url(struct span url, struct err *err)
{
    bool is_plain = span_starts(url, span_str("https://")) && url.n > 8;

    for (size_t i = 0; i < url.n; i++)
        is_plain = is_plain && url.p[i] > ' ' && url.p[i] <= '~' && url.p[i] != '@';
    return is_plain ||
           err_fail(err, ERR_UNTRUSTED, "OpenID Discovery 1.0, 3", "is not a plain https URL") ||
           err_in(err, "jwks_uri");
}

/*= OpenID Connect Discovery 1.0, 4.3 */
/*# The issuer value returned MUST be identical to the Issuer URL that was used as the prefix to
 *# /.well-known/openid-configuration to retrieve the configuration information. */
bool issuer_discovery_read(struct span text, struct span issuer, struct arena *a, const char **out,
                           struct err *err)
{
    const struct json *doc = NULL;
    struct span named = { 0 }, url = { 0 };
    char shown[96];

    if (!json_parse(text, NULL, a, &doc, err) || !json_get_string(doc, "issuer", &named, err) ||
        !json_get_string(doc, "jwks_uri", &url, err))
        return err_in(err, "discovery");
    if (!span_equal(named, issuer)) {
        err_fail(err, ERR_UNTRUSTED, "OpenID Discovery 1.0, 4.3", "is \"%s\"",
                 utf8_show(named, shown, sizeof shown));
        err_in(err, "issuer");
        return err_in(err, "discovery");
    }
    if (!check_keys_url(url, err))
        return err_in(err, "discovery");
    *out = (const char *)arena_dup(a, url).p;
    return *out || arena_fail(a, err);
}

static const char *discovery_url(struct issuer_fetch *f)
{
    static const char path[] = "/.well-known/openid-configuration";
    struct writer w = writer_in(&f->arena, f->issuer.n + sizeof path);
    size_t n = f->issuer.n;
    struct span out = { 0 };

    if (n > 0 && f->issuer.p[n - 1] == '/')
        n--;
    write_bytes(&w, span_part(f->issuer, 0, n));
    write_bytes(&w, span_of(path, sizeof path)); /* with its NUL */
    return writer_done(&w, &out, NULL) ? (const char *)out.p : NULL;
}

/* --- one request --- */

static size_t take_body(char *p, size_t size, size_t count, void *arg)
{
    struct issuer_fetch *f = arg;
    size_t n = size * count;

    if (n > f->body_max - f->body.n)
        return 0;
    write_bytes(&f->body, span_of(p, n));
    return f->body.has_failed ? 0 : n;
}

static void set_options(struct issuer_fetch *f, const char *url)
{
    curl_easy_setopt(f->easy, CURLOPT_URL, url);
    curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(f->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ISSUER_CONNECT_MS);
    curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, (long)ISSUER_TOTAL_MS);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
}

/* curl copies nothing of the blob: it lives as long as the process. */
static void set_anchors(struct issuer_fetch *f, const struct issuer_means *m)
{
    struct curl_blob blob = { .data = (void *)(uintptr_t)m->ca.p,
                              .len = m->ca.n,
                              .flags = CURL_BLOB_NOCOPY };

    if (m->ca.n > 0)
        curl_easy_setopt(f->easy, CURLOPT_CAINFO_BLOB, &blob);
}

static void end_request(struct issuer_fetch *f, const struct issuer_means *m)
{
    if (!f->easy)
        return;
    curl_multi_remove_handle(m->multi, f->easy);
    curl_easy_cleanup(f->easy);
    f->easy = NULL;
}

static bool begin_request(struct issuer_fetch *f, const struct issuer_means *m, const char *url,
                          size_t most, struct err *err)
{
    f->body = writer_in(&f->arena, 4096);
    f->body_max = most;
    f->easy = url ? curl_easy_init() : NULL;
    if (!f->easy)
        return err_fail(err, ERR_MEMORY, NULL, "out of memory");
    set_options(f, url);
    set_anchors(f, m);
    return curl_multi_add_handle(m->multi, f->easy) == CURLM_OK ||
           err_fail(err, ERR_INTERNAL, NULL, "curl does not take a request");
}

static bool check_answer(const struct issuer_fetch *f, CURLcode code, struct err *err)
{
    long status = 0;

    if (code == CURLE_WRITE_ERROR)
        return err_fail(err, ERR_LIMIT, NULL, "the answer is longer than %zu bytes", f->body_max);
    if (code != CURLE_OK)
        return err_fail(err, ERR_IO, NULL, "%s", curl_easy_strerror(code));
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 || err_fail(err, ERR_IO, NULL, "the answer is %ld, not 200", status);
}

/* --- attempts --- */

static const char *name_of(const struct issuer_fetch *f, char *room)
{
    return utf8_show(f->issuer, room, LOGGED_MAX);
}

static void fail(struct issuer_fetch *f, const struct issuer_means *m, int64_t now_ms,
                 const struct err *e)
{
    char room[LOGGED_MAX], why[sizeof e->path + sizeof e->text + 2];
    int64_t wait = ISSUER_RETRY_MS;

    for (unsigned i = 0; i < f->failures && wait < ISSUER_RETRY_MOST_MS; i++)
        wait *= 2;
    f->failures++;
    f->due_ms = now_ms + (wait < ISSUER_RETRY_MOST_MS ? wait : ISSUER_RETRY_MOST_MS);
    end_request(f, m);
    f->stage = ISSUER_RESTS;
    snprintf(why, sizeof why, "%s%s%s", e->path, e->path[0] ? ": " : "", e->text);
    log_say(LOG_LEVEL_WARNING,
            f->keys.n > 0 ? "an issuer's keys cannot be fetched; the last good ones stay"
                          : "an issuer's keys cannot be fetched, and none are held",
            "issuer", name_of(f, room), "reason", why, (const char *)NULL);
}

void issuer_fetch_begin(struct issuer_fetch *f, const struct issuer_means *m, int64_t now_ms)
{
    struct err e = { 0 };

    arena_fini(&f->arena);
    f->arena = arena_over(ATTEMPT_MEMORY);
    f->begun_ms = now_ms;
    f->stage = ISSUER_DISCOVERS;
    if (!begin_request(f, m, discovery_url(f), ISSUER_DISCOVERY_MAX, &e))
        fail(f, m, now_ms, &e);
}

bool issuer_fetch_keep(struct issuer_fetch *f, struct span keys, int64_t at, struct err *err)
{
    struct arena kept = arena_over(KEPT_MEMORY);
    struct span copy = arena_dup(&kept, keys);

    if (!copy.p)
        return arena_fail(&kept, err);
    arena_fini(&f->kept);
    f->kept = kept;
    f->keys = copy;
    f->at = at;
    return true;
}

/* A set that workers could not use is told here, once, and not handed on. */
static bool take_keys(struct issuer_fetch *f, const struct issuer_means *m, int64_t now,
                      struct err *err)
{
    struct span text = writer_span(&f->body);
    struct issuer_keys *keys = issuer_keys_new(m->crypto, text, err);
    char room[LOGGED_MAX], count[24];

    if (!keys)
        return err_in(err, "keys");
    snprintf(count, sizeof count, "%zu", keys->count);
    issuer_keys_free(keys);
    if (!issuer_fetch_keep(f, text, now, err))
        return false;
    log_say(LOG_LEVEL_INFO, "an issuer's keys are fetched", "issuer", name_of(f, room), "keys",
            count, (const char *)NULL);
    return true;
}

static bool go_on_to_keys(struct issuer_fetch *f, const struct issuer_means *m, struct err *err)
{
    const char *url = NULL;

    if (!issuer_discovery_read(writer_span(&f->body), f->issuer, &f->arena, &url, err))
        return false;
    end_request(f, m);
    f->stage = ISSUER_READS;
    return begin_request(f, m, url, ISSUER_KEYS_BYTES_MAX, err);
}

bool issuer_fetch_step(struct issuer_fetch *f, const struct issuer_means *m, CURLcode code,
                       int64_t now_ms, int64_t now)
{
    struct err e = { 0 };
    bool was_keys = f->stage == ISSUER_READS;
    bool is_good = check_answer(f, code, &e) &&
                   (was_keys ? take_keys(f, m, now, &e) : go_on_to_keys(f, m, &e));

    if (!is_good)
        fail(f, m, now_ms, &e);
    if (!is_good || !was_keys)
        return false;
    end_request(f, m);
    f->stage = ISSUER_RESTS;
    f->failures = 0;
    f->due_ms = now_ms + m->refresh_ms;
    return true;
}

void issuer_fetch_hasten(struct issuer_fetch *f, int64_t now_ms)
{
    int64_t soonest = f->begun_ms + ISSUER_ASK_MS;

    if (soonest < now_ms)
        soonest = now_ms;
    if (f->due_ms > soonest)
        f->due_ms = soonest;
}

void issuer_fetch_fini(struct issuer_fetch *f, const struct issuer_means *m)
{
    end_request(f, m);
    arena_fini(&f->arena);
    arena_fini(&f->kept);
}
