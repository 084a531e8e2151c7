/*
 * utf8 - text from outside
 *
 * Source   RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF
 */
#ifndef CUPEL_BASE_UTF8_H
#define CUPEL_BASE_UTF8_H

#include "writer.h"

/* The offset of the first byte that is not well-formed UTF-8, or s.n when all is. */
size_t utf8_check(struct span s);

/* The length of the well-formed sequence at the start of s, 0 where there is none; the scalar value
 * in *out. */
size_t utf8_next(struct span s, uint32_t *out);

/* Writes a scalar value as UTF-8. */
void utf8_write(struct writer *w, uint32_t c);

/* Makes outside bytes fit for a message: at most `room` - 1 characters, the unprintable as '?', cut
 * with "..". */
const char *utf8_show(struct span s, char *buf, size_t room);

#endif
