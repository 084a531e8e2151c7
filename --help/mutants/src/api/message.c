#include "message.h"

#include <assert.h>

struct span http_header_find(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (span_is_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct span){ 0 };
}

void http_answer_add(struct http_answer *a, const char *name, struct span value)
{
    assert(a->header_count < HTTP_ANSWER_HEADERS_MAX);
    a->headers[a->header_count++] = (struct http_header){ span_str(name), value };
}
