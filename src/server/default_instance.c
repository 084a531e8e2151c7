#include "default_instance.h"

#include <string.h>

#include "../api/host.h"

static bool host_of(const char *url, struct arena *a, struct span *out, struct err *err)
{
    const char *from = strstr(url, "//");
    size_t n = from ? strcspn(from + 2, "/") : 0;
    uint8_t *host = ARENA_ARRAY(a, uint8_t, n);

    if (n == 0)
        return err_fail(err, ERR_MALFORMED, NULL, "\"%.100s\" names no host", url) ||
               err_in(err, "base_url");
    if (!host)
        return arena_fail(a, err);
    for (size_t i = 0; i < n; i++) {
        char c = from[2 + i];

        host[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    *out = span_of(host, n);
    return true;
}

bool default_instance_change(const struct store_instance *now, const char *base_url,
                             struct arena *a, struct change *out, bool *is_needed, struct err *err)
{
    const struct store_instance first = { .name = span_str(DEFAULT_INSTANCE),
                                          .trust_model = span_str("AAD"),
                                          .public_network = 1,
                                          .tpm_authentication = 1 };
    struct store_instance wanted = now ? *now : first;

    if (!host_of(base_url, a, &wanted.host, err))
        return false;
    wanted.issuer = span_str(base_url);
    *is_needed =
        !now || !span_equal(now->host, wanted.host) || !span_equal(now->issuer, wanted.issuer);
    out->kind = now ? CHANGE_INSTANCE_UPDATE : CHANGE_INSTANCE_CREATE;
    out->instance = wanted;
    return true;
}

static bool is_own(struct span name)
{
    return span_is(name, "localhost") || span_is(name, "[::1]") ||
           (host_is_ip(name) && span_starts(name, span_str("127.")));
}

bool default_instance_domain(const char *base_url, struct arena *a, struct span *out,
                             struct err *err)
{
    struct span host = { 0 }, name;
    struct writer w = writer_in(a, 64);

    if (!host_of(base_url, a, &host, err))
        return false;
    name = host_name(host);
    if (!is_own(name)) {
        *out = host_is_ip(name) ? (struct span){ 0 } : host;
        return true;
    }
    write_text(&w, "attest.localhost");
    write_bytes(&w, span_part(host, name.n, host.n - name.n));
    return writer_done(&w, out, err);
}
