/*
 * json_scan - how far a string's characters are plain: the loop that most of a JSON text goes
 * through
 *
 * Why      request bodies are base64 for the greater part, so 32 bytes are looked at a time, in
 *          vectors that every compiler of ours turns into what the machine has
 */
#ifndef CUPEL_FORMAT_JSON_SCAN_H
#define CUPEL_FORMAT_JSON_SCAN_H

#include "../base/span.h"

#include <string.h>

typedef int8_t json_lane __attribute__((vector_size(16)));

/* All bits of a byte set where it is a quote, a backslash, a control or not ASCII (as a signed
 * number the last two are both below space). */
static inline json_lane json_marks(const uint8_t *p)
{
    json_lane v;

    memcpy(&v, p, sizeof v);
    return (json_lane)((v < 0x20) | (v == '"') | (v == '\\'));
}

static inline bool json_any(json_lane v)
{
    uint64_t w[2];

    memcpy(w, &v, sizeof w);
    return (w[0] | w[1]) != 0;
}

static inline bool json_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from p on that is a quote, a backslash, a control or not ASCII; end where there is
 * none. */
static inline const uint8_t *json_skip_plain(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 32 && !json_any(json_marks(p) | json_marks(p + 16)))
        p += 32;
    while (p < end && json_is_plain(*p))
        p++;
    return p;
}

#endif
