#include "program.h"

#include <string.h>

uint64_t hash_bytes(uint64_t start, struct span s)
{
    uint64_t h = hash_word(start, s.n), word;
    size_t at = 0;

    for (; s.n - at >= 8; at += 8) {
        memcpy(&word, s.p + at, 8);
        h = hash_word(h, word);
    }
    word = 0;
    for (; at < s.n; at++)
        word = word << 8 | s.p[at];
    return hash_word(h, word);
}

uint32_t program_name(const struct program *p, struct span name, uint64_t hash)
{
    uint32_t mask = p->name_slot_count - 1;
    uint32_t at = (uint32_t)hash & mask;

    if (p->name_count == 0)
        return 0;
    for (; p->name_slots[at] != 0; at = (at + 1) & mask)
        if (span_equal(p->names[p->name_slots[at] - 1], name))
            return p->name_slots[at];
    return 0;
}
