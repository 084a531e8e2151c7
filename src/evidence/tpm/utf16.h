/*
 * utf16 - text of firmware and Windows, as UTF-8
 *
 * Rule     a half of a pair without the other becomes U+FFFD; nothing is dropped
 * Source   RFC 2781
 */
#ifndef CUPEL_EVIDENCE_TPM_UTF16_H
#define CUPEL_EVIDENCE_TPM_UTF16_H

#include "../../base/arena.h"
#include "../../base/writer.h"

/* Writes little-endian UTF-16 as UTF-8; an odd last byte becomes U+FFFD. */
void utf16_write(struct writer *w, struct span units);

/* units without one trailing NUL. */
struct span utf16_trim(struct span units);

/* Tells whether units are exactly the ASCII characters of text. */
bool utf16_is(struct span units, const char *text);

/* As UTF-8 in the arena; p is NULL on failure. */
struct span utf16_dup(struct arena *a, struct span units) MUST_USE;

#endif
