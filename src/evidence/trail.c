#include "trail.h"

#include <string.h>

#include "../base/num.h"
#include "../base/writer.h"

static struct writer rest_of(char *detail)
{
    size_t n = strnlen(detail, TRAIL_DETAIL - 1);

    return writer_over(detail + n, TRAIL_DETAIL - 1 - n);
}

void trail_say(char detail[TRAIL_DETAIL], const char *words)
{
    struct writer w = rest_of(detail);
    struct span s = span_str(words);

    write_bytes(&w, span_part(s, 0, size_min(s.n, w.room)));
    detail[(size_t)(w.p - (uint8_t *)detail) + w.n] = 0;
}

void trail_count(char detail[TRAIL_DETAIL], uint64_t number, const char *words)
{
    char text[24];
    struct writer w = writer_over(text, sizeof text - 1);

    write_decimal(&w, (int64_t)number);
    text[w.n] = 0;
    trail_say(detail, text);
    trail_say(detail, words);
}

const char *check_outcome_name(enum check_outcome o)
{
    static const char *const names[] = { "not_run", "ok", "failed" };

    return names[o];
}
