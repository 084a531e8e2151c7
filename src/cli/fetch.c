#include "fetch.h"

#include "../base/writer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char request_id_header[] = "x-ms-request-id:";

/* What curl's callbacks write into. */
struct sink {
    struct writer body;
    struct fetch_answer *out;
    struct arena *arena;
};

static size_t take_body(char *p, size_t size, size_t count, void *arg)
{
    struct sink *s = arg;
    size_t n = size * count;

    if (n > FETCH_BYTES_MAX - s->body.n)
        return 0;
    write_bytes(&s->body, span_of(p, n));
    return s->body.has_failed ? 0 : n;
}

static size_t take_header(char *p, size_t size, size_t count, void *arg)
{
    struct sink *s = arg;
    size_t n = size * count, head = sizeof request_id_header - 1;

    if (n > head && strncasecmp(p, request_id_header, head) == 0)
        s->out->request_id = arena_dup(s->arena, span_trim(span_of(p + head, n - head)));
    return n;
}

static struct curl_slist *headers_of(const struct fetch_wish *wish)
{
    struct curl_slist *list = NULL;
    char line[4096];

    if (wish->is_post)
        list = curl_slist_append(list, "Content-Type: application/json");
    if (wish->bearer) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", wish->bearer);
        list = curl_slist_append(list, line);
    }
    return curl_slist_append(list, "Accept: application/json");
}

static bool is_loopback(const char *url)
{
    return strncmp(url, "http://127.0.0.1:", 17) == 0 ||
           strncmp(url, "http://localhost:", 17) == 0 || strncmp(url, "http://[::1]:", 13) == 0;
}

static void set_options(CURL *h, const struct fetch_wish *wish, struct sink *s)
{
    curl_easy_setopt(h, CURLOPT_URL, wish->url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, is_loopback(wish->url) ? "http,https" : "https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_SECONDS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, s);
    if (wish->ca_file)
        curl_easy_setopt(h, CURLOPT_CAINFO, wish->ca_file);
    if (wish->is_post) {
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wish->body.n);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, (const char *)wish->body.p);
    }
}

bool fetch(const struct fetch_wish *wish, struct arena *a, struct fetch_answer *out,
           struct err *err)
{
    struct sink s = { .body = writer_in(a, 8192), .out = out, .arena = a };
    struct curl_slist *headers;
    CURLcode code;
    CURL *h;

    *out = (struct fetch_answer){ 0 };
    h = curl_easy_init();
    if (!h)
        return err_fail(err, ERR_MEMORY, NULL, "out of memory");
    headers = headers_of(wish);
    set_options(h, wish, &s);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(h);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &out->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(h);
    if (code != CURLE_OK)
        return err_fail(err, code == CURLE_WRITE_ERROR ? ERR_LIMIT : ERR_IO, NULL, "%.110s: %.70s",
                        wish->url, curl_easy_strerror(code));
    return writer_done(&s.body, &out->body, err);
}

const char *fetch_url(struct arena *a, const char *base, const char *path)
{
    size_t n = strlen(base), m = strlen(path);
    char *p = arena_alloc(a, n + m + 1, 1);

    while (n > 0 && base[n - 1] == '/')
        n--;
    if (p)
        snprintf(p, n + m + 1, "%.*s%s", (int)n, base, path);
    return p;
}
