/*
 * span - bytes somebody else owns
 *
 * Shape    a pointer and a length; the empty span has n == 0 and any p
 * Borrows  valid while the bytes below it are
 */
#ifndef CUPEL_BASE_SPAN_H
#define CUPEL_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT(array)           (sizeof(array) / sizeof((array)[0]))

struct span {
    const uint8_t *p;
    size_t n;
};

/* For printf: "%.*s", SPAN_ARG(s). Only for text known to be printable; str_show makes outside
 * bytes so. */
#define SPAN_ARG(s)                                                                                \
    (int)((s).n > 4096 ? 4096 : (s).n), (const char *)((s).p ? (s).p : (const uint8_t *)"")

/* A span over n bytes at p. */
struct span span_of(const void *p, size_t n);

/* A span over a C string, without its NUL. */
struct span span_str(const char *s);

/* Tells whether both hold the same bytes. Not for secrets: see equal_ct. */
bool span_equal(struct span a, struct span b);

/* Tells whether s holds exactly the characters of text. */
bool span_is(struct span s, const char *text);

/* Tells whether s holds the characters of text, letters compared without regard to ASCII case. */
bool span_is_nocase(struct span s, const char *text);

/* Orders by bytes, a shorter prefix first: negative, zero or positive. */
int span_compare(struct span a, struct span b);

/* Tells whether every byte is zero (true for the empty span). */
bool span_is_zero(struct span s);

/* Tells whether s begins with the bytes of head. */
bool span_starts(struct span s, struct span head);

/* The part from byte `at` on, at most n bytes; empty where s ends earlier. */
struct span span_part(struct span s, size_t at, size_t n);

/* s without leading and trailing ASCII white space (space, tab, CR, LF). */
struct span span_trim(struct span s);

/* Compares n bytes in a time that does not depend on them. For secrets and MACs. */
bool equal_ct(const void *a, const void *b, size_t n);

#endif
