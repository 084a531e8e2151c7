/*
 * writer - bytes put one behind the other
 *
 * Shape    a buffer that grows in an arena, or a fixed one of the caller's
 * Rule     after a failure nothing more is written; ask writer_done once at the end
 */
#ifndef CUPEL_BASE_WRITER_H
#define CUPEL_BASE_WRITER_H

#include "arena.h"

struct writer {
    uint8_t *p;
    size_t n;
    size_t room;
    struct arena *arena; /* NULL: the buffer is fixed */
    bool has_failed;
};

/* A writer that grows in the arena; `expect` bytes are reserved at first. */
struct writer writer_in(struct arena *a, size_t expect);

/* A writer into a buffer that does not grow. */
struct writer writer_over(void *p, size_t room);

void write_bytes(struct writer *w, struct span s);
void write_text(struct writer *w, const char *text);
void write_format(struct writer *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The number as digits, with a minus sign when it is below zero. */
void write_decimal(struct writer *w, int64_t v);
void write_fill(struct writer *w, uint8_t byte, size_t n);
void write_u8(struct writer *w, uint8_t v);
void write_u16le(struct writer *w, uint16_t v);
void write_u32le(struct writer *w, uint32_t v);
void write_u64le(struct writer *w, uint64_t v);
void write_u16be(struct writer *w, uint16_t v);
void write_u32be(struct writer *w, uint32_t v);
void write_u64be(struct writer *w, uint64_t v);

/* Room for n bytes which the caller fills, or NULL after a failure. */
uint8_t *write_room(struct writer *w, size_t n) MUST_USE;

/* What was written so far. */
struct span writer_span(const struct writer *w);

/* Stores what was written and returns true; or notes limit or memory and returns false. */
bool writer_done(struct writer *w, struct span *out, struct err *err) MUST_USE;

#endif
