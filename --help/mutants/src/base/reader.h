/*
 * reader - a box of outside bytes, a finger in it, and a memory of the first thing that went wrong
 *
 * Rule     after a failure every read yields zero or an empty span, and the first error stays;
 *          so one reader_done at the end of a parser is enough
 * Errors   malformed: "needs N bytes, M remain" with the field's name as path and the byte's offset
 */
#ifndef CUPEL_BASE_READER_H
#define CUPEL_BASE_READER_H

#include "err.h"

struct reader {
    struct span in;
    size_t at;
    size_t base; /* offset of in.p[0] in the whole input, for messages */
    struct err *err;
    bool has_failed;
};

/* A reader over bytes, which reports to err (never NULL). */
struct reader reader_over(struct span in, struct err *err);

/* How many bytes are left; 0 after a failure. */
size_t reader_left(const struct reader *r);

/* The offset of the finger in the whole input. */
size_t reader_offset(const struct reader *r);

/* The next n bytes, or an empty span on failure. */
struct span reader_take(struct reader *r, size_t n, const char *name);

/* All bytes that are left. */
struct span reader_rest(struct reader *r);

/* Fixed-width integers, little- and big-endian. */
uint8_t reader_u8(struct reader *r, const char *name);
uint16_t reader_u16le(struct reader *r, const char *name);
uint32_t reader_u32le(struct reader *r, const char *name);
uint64_t reader_u64le(struct reader *r, const char *name);
uint16_t reader_u16be(struct reader *r, const char *name);
uint32_t reader_u32be(struct reader *r, const char *name);
uint64_t reader_u64be(struct reader *r, const char *name);

/* Reads n bytes that must all be zero. */
void reader_zeros(struct reader *r, size_t n, const char *name);

/* A reader over the next n bytes, which cannot see past them. Its failures stay in it: pass them on
 * with reader_join. */
struct reader reader_sub(struct reader *r, size_t n, const char *name);

/* Ends a sub-reader: everything must have been read. A failure in it becomes one of r, under name
 * (NULL adds nothing to the path). */
bool reader_join(struct reader *r, struct reader *sub, const char *name);

/* A count of things that take at least `each` bytes: believed only when they could fit. */
size_t reader_count(struct reader *r, uint64_t count, size_t each, const char *name);

/* Notes a failure at the finger (or at a given offset) and returns false. */
bool reader_fail(struct reader *r, enum err_code code, const char *spec, const char *name,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);
bool reader_fail_at(struct reader *r, size_t offset, enum err_code code, const char *spec,
                    const char *name, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* True when nothing failed so far. */
bool reader_ok(const struct reader *r);

/* True when nothing failed and nothing is left; bytes left over are a failure. */
bool reader_done(struct reader *r) MUST_USE;

#endif
