#include "def.h"

#include <string.h>

/* Copies the field at the row's offset; the struct's type is known to the row only. */
#define FIELD(def, facts, out)                                                                     \
    memcpy((out), (const uint8_t *)(facts) + (def)->offset, sizeof *(out))

static struct span span_field(const struct claim_def *def, const void *facts)
{
    struct span s;

    FIELD(def, facts, &s);
    return s;
}

static uint32_t number_field(const struct claim_def *def, const void *facts)
{
    uint32_t wide = 0;
    uint16_t narrow = 0;

    if (def->source == FROM_U32) {
        FIELD(def, facts, &wide);
        return wide;
    }
    FIELD(def, facts, &narrow);
    return narrow;
}

static int64_t large_field(const struct claim_def *def, const void *facts)
{
    uint64_t v = 0;

    FIELD(def, facts, &v);
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static bool bool_field(const struct claim_def *def, const void *facts)
{
    bool b;

    FIELD(def, facts, &b);
    return b;
}

bool claim_add_def(struct claim_set *set, const struct claim_def *def, const void *facts,
                   struct err *err)
{
    switch (def->source) {
    case FROM_HEX:
        return claim_add_hex(set, def->name, span_field(def, facts), err);
    case FROM_TEXT:
        return claim_add_string(set, def->name, span_field(def, facts), err);
    case FROM_U16:
    case FROM_U32:
        return claim_add_int(set, def->name, number_field(def, facts), err);
    case FROM_U64:
        return claim_add_int(set, def->name, large_field(def, facts), err);
    case FROM_BOOL:
        return claim_add_bool(set, def->name, bool_field(def, facts), err);
    case FROM_MADE:
        break;
    }
    return true;
}
