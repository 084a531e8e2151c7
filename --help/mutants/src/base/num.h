/*
 * num - sums and products that say whether they held
 */
#ifndef CUPEL_BASE_NUM_H
#define CUPEL_BASE_NUM_H

#include "span.h"

/* Stores a + b and returns true, or returns false where it does not fit. */
static inline MUST_USE bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Stores a * b and returns true, or returns false where it does not fit. */
static inline MUST_USE bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
