#include "host.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

struct span host_name(struct span host)
{
    size_t n = host.n;

    while (n > 0 && is_digit(host.p[n - 1]))
        n--;
    if (n > 0 && n <= host.n && host.p[n - 1] == ':' && host.p[0] != ':')
        host = span_part(host, 0, n - 1);
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    return host;
}

bool host_is_ip(struct span name)
{
    size_t dots = 0, digits = 0;

    if (name.n > 2 && name.p[0] == '[')
        return name.p[name.n - 1] == ']';
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '.' && digits > 0) {
            dots++;
            digits = 0;
        } else if (is_digit(name.p[i]) && digits < 3) {
            digits++;
        } else {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_same(struct span a, struct span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

/* Whoever has that name at whatever port; nobody when two have. */
static const struct store_instance *find_by_name(const struct state *s, struct span name)
{
    const struct store_instance *found = NULL;

    for (size_t i = 0; i < s->instance_count; i++) {
        if (!is_same(host_name(s->instances[i].host), name))
            continue;
        if (found)
            return NULL;
        found = &s->instances[i];
    }
    return found;
}

static struct span trim(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = span_part(s, 1, s.n - 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static bool word_fits(struct span word, struct span name)
{
    return span_is(word, "*") || (span_is(word, "ip") && host_is_ip(name)) || is_same(word, name);
}

static bool is_other(struct span others, struct span name)
{
    size_t at = 0;

    while (at < others.n) {
        size_t end = at;

        while (end < others.n && others.p[end] != ',')
            end++;
        if (word_fits(trim(span_part(others, at, end - at)), name))
            return true;
        at = end + 1;
    }
    return false;
}

const struct store_instance *host_find(const struct state *s, struct span host, struct span others)
{
    const struct store_instance *found = state_instance_at(s, host);
    struct span name = host_name(host);

    if (!found && name.n > 0)
        found = find_by_name(s, name);
    if (!found && name.n > 0 && is_other(others, name))
        found = state_instance(s, span_str(HOST_DEFAULT_INSTANCE));
    return found;
}
