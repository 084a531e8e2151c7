/* Targets: uri_split, uri_decode, uri_query
 *
 * What must be true: decoding never makes text longer and never makes a NUL; a parameter that is
 * found says the same as the query with its parts decoded one by one. */
#include "uri.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct span target = span_of(data, size), path, query, out = { 0 };
    struct err e = { 0 };
    bool found = false;

    uri_split(target, &path, &query);
    must(path.n + query.n <= target.n && path.n + query.n + 1 >= target.n);
    must(path.n == 0 || !memchr(path.p, '?', path.n));
    if (uri_decode(&a, path, &out, &e)) {
        must(out.n <= path.n);
        must(out.n == 0 || memchr(path.p, 0, path.n) || !memchr(out.p, 0, out.n));
    } else {
        must(e.code == ERR_MALFORMED && e.text[0] != '\0' && e.offset < path.n);
    }
    err_clear(&e);
    if (uri_query(&a, query, "api-version", &found, &out, &e))
        must(out.n < query.n || (out.n == 0 && !found));
    else
        must(e.code == ERR_MALFORMED && e.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
