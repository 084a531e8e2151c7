#include "trail.h"

#include <string.h>

#include "../base/num.h"
#include "../format/json.h"

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

static void write_member(struct writer *w, const char *before, const char *value)
{
    write_text(w, before);
    json_write_string(w, span_str(value));
}

void trail_write(struct writer *w, const struct trail *t)
{
    write_u8(w, '[');
    for (size_t i = 0; i < t->count; i++) {
        const struct trail_entry *e = &t->entries[i];

        write_member(w, i ? ",{\"name\":" : "{\"name\":", e->name);
        write_member(w, ",\"outcome\":", check_outcome_name(e->outcome));
        write_member(w, ",\"establishes\":", e->establishes);
        write_member(w, ",\"detail\":", e->detail);
        write_u8(w, '}');
    }
    write_u8(w, ']');
}
