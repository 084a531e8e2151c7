/*
 * hex - bytes as hexadecimal text
 *
 * Errors   malformed: an odd length, or a character that is not a hexadecimal digit (its place is
 * named)
 */
#ifndef CUPEL_BASE_HEX_H
#define CUPEL_BASE_HEX_H

#include "writer.h"

/* Writes lower-case hex. */
void hex_write(struct writer *w, struct span bytes);

/* Lower-case hex in the arena; p is NULL on failure. */
struct span hex_dup(struct arena *a, struct span bytes) MUST_USE;

/* Decodes exactly n bytes from 2n digits of either case. On failure out is left alone. */
bool hex_read(struct span text, uint8_t *out, size_t n, struct err *err) MUST_USE;

/* Decodes text of any even length into the arena. */
bool hex_read_dup(struct arena *a, struct span text, struct span *out, struct err *err) MUST_USE;

/* The value of a hexadecimal digit, or -1. */
int hex_digit(uint8_t c);

#endif
