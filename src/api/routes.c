#include "routes.h"

#include "../format/uri.h"
#include "attest_v1.h"
#include "metadata.h"

/* clang-format off */
const struct route routes[] = {
    /* method     path                                  handler             version            2018          later         argument        summary */
    { HTTP_POST, "/attest/sgxenclave",                  attest_v1,          VERSION_REQUIRED,  NEED_READ,    NEED_ATTEST,  "SgxEnclave",   "attest an SGX enclave by its quote" },
    { HTTP_POST, "/attest/openenclave",                 attest_v1,          VERSION_REQUIRED,  NEED_READ,    NEED_ATTEST,  "OpenEnclave",  "attest an SGX enclave by its Open Enclave report" },
    { HTTP_POST, "/attest/tee/sgxenclave",              attest_v1,          VERSION_2018_ONLY, NEED_READ,    NEED_ATTEST,  "SgxEnclave",   "the same under its path of 2018-09-01-preview" },
    { HTTP_POST, "/attest/tee/openenclave",             attest_v1,          VERSION_2018_ONLY, NEED_READ,    NEED_ATTEST,  "OpenEnclave",  "the same under its path of 2018-09-01-preview" },
    { HTTP_GET,  "/certs",                              metadata_certs,     VERSION_OPTIONAL,  NEED_NOTHING, NEED_NOTHING, NULL,           "the keys that sign tokens" },
    { HTTP_GET,  "/.well-known/openid-configuration",   metadata_discovery, VERSION_OPTIONAL,  NEED_NOTHING, NEED_NOTHING, NULL,           "the OpenID discovery document" },
};
/* clang-format on */

const size_t route_count = COUNT(routes);

static const struct {
    const char *text;
    enum api_version version;
} versions[] = {
    { "2018-09-01-preview", API_2018_09_01_PREVIEW },
    { "2020-10-01", API_2020_10_01 },
    { "2022-08-01", API_2022_08_01 },
    { "2022-09-01-preview", API_2022_09_01_PREVIEW },
    { "2022-09-01", API_2022_09_01 },
    { "2023-04-01-preview", API_2023_04_01_PREVIEW },
    { "2025-06-01", API_2025_06_01 },
    { "2026-03-11-preview", API_2026_03_11_PREVIEW },
};

enum api_version api_version_find(struct span text)
{
    for (size_t i = 0; i < COUNT(versions); i++)
        if (span_is_nocase(text, versions[i].text))
            return versions[i].version;
    return API_UNKNOWN;
}

static bool fits(enum http_method asked, enum http_method row)
{
    return asked == row || (asked == HTTP_HEAD && row == HTTP_GET);
}

const struct route *route_find(enum http_method method, struct span normal_path, bool *path_exists)
{
    *path_exists = false;
    for (size_t i = 0; i < route_count; i++) {
        if (!span_is(normal_path, routes[i].path))
            continue;
        *path_exists = true;
        if (fits(method, routes[i].method))
            return &routes[i];
    }
    return NULL;
}

static const char *method_name(enum http_method method)
{
    static const char *const names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    return method < COUNT(names) ? names[method] : "";
}

bool route_methods(struct span normal_path, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 64);

    for (size_t i = 0; i < route_count; i++) {
        if (!span_is(normal_path, routes[i].path))
            continue;
        write_format(&w, "%s%s%s", w.n > 0 ? ", " : "", method_name(routes[i].method),
                     routes[i].method == HTTP_GET ? ", HEAD" : "");
    }
    return writer_done(&w, out, err);
}

bool route_normal_path(struct arena *a, struct span path, struct span *out, struct err *err)
{
    struct span plain = { 0 };
    uint8_t *p;
    size_t n = 0;

    if (!uri_decode(a, path, &plain, err))
        return err_in(err, "path");
    p = arena_alloc(a, plain.n + 1, 1);
    if (!p)
        return arena_fail(a, err);
    for (size_t i = 0; i < plain.n; i++) {
        uint8_t c = plain.p[i];

        if (c == '/' && n > 0 && p[n - 1] == '/')
            continue;
        p[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    if (n > 1 && p[n - 1] == '/')
        n--;
    *out = span_of(p, n);
    return true;
}
