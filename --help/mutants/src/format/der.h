/*
 * der - the distinguished encoding rules, read strictly
 *
 * Shape    tag, definite minimal length, content; one-byte tags only; every element is read in its
 *          own box
 * Refuses  indefinite and non-minimal lengths, lengths beyond the box, non-minimal integers,
 *          booleans other than 00 and FF. Nothing here recurses: how deep elements nest is bounded
 *          by the structure that the caller reads
 * Borrows  every span points into the bytes given to the reader
 * Errors   malformed, with the field's name as path and the byte's offset
 * Source   ITU-T X.690, 8 to 11
 */
#ifndef CUPEL_FORMAT_DER_H
#define CUPEL_FORMAT_DER_H

#include "../base/reader.h"
#include "../base/writer.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};
#define DER_CONTEXT(n)             (0x80 | (n)) /* [n] IMPLICIT primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] constructed */

/* The tag at the finger without moving it; 0 at the end of the box or after a failure. */
uint8_t der_peek(const struct reader *r);

/* The content of the next element, which must have that tag. */
struct span der_take(struct reader *r, uint8_t tag, const char *name);

/* The content of the next element of any tag; the tag goes to *tag. */
struct span der_take_any(struct reader *r, uint8_t *tag, const char *name);

/* The next element whole, tag and length included (what signatures cover). */
struct span der_take_raw(struct reader *r, uint8_t tag, const char *name);

/* A box over the content of the next element. End it with reader_join. */
struct reader der_enter(struct reader *r, uint8_t tag, const char *name);

/* An INTEGER or ENUMERATED that is not negative and fits; checked minimal. */
uint64_t der_uint(struct reader *r, uint8_t tag, uint64_t most, const char *name);

/* An INTEGER's content octets, minimal, sign kept (serial numbers). */
struct span der_integer(struct reader *r, const char *name);

/* A positive INTEGER's magnitude without leading zero octets; refuses negative ones. */
struct span der_magnitude(struct reader *r, const char *name);

/* A BOOLEAN; false after a failure. */
bool der_boolean(struct reader *r, const char *name);

/* A BIT STRING of whole octets. */
struct span der_bits(struct reader *r, const char *name);

/* A list of at most 32 named bits: bit i of the result is the named bit i (keyUsage:
 * digitalSignature is 0). */
uint32_t der_named_bits(struct reader *r, const char *name);

/* UTCTime or GeneralizedTime in the forms of RFC 5280, 4.1.2.5 (Z, seconds, no fraction), from 1970
 * on. */
int64_t der_time(struct reader *r, const char *name);

/* Tells whether OID content equals the dotted text ("1.2.840.113741.1.13.1"). */
bool der_oid_is(struct span oid, const char *dotted);

/* Writes OID content as dotted text for messages ("?" where it is malformed). */
const char *der_oid_show(struct span oid, char *buf, size_t room);

/* Writes an element with its content. */
void der_write(struct writer *w, uint8_t tag, struct span content);

/* Writes an element around what is written between the two calls; der_end takes what der_begin
 * gave. */
size_t der_begin(struct writer *w, uint8_t tag);
void der_end(struct writer *w, size_t from);

/* Writes an OBJECT IDENTIFIER from dotted text of our own. */
void der_write_oid(struct writer *w, const char *dotted);

/* Writes an INTEGER or ENUMERATED that is not negative. */
void der_write_uint(struct writer *w, uint8_t tag, uint64_t v);

/* Writes an INTEGER from its magnitude; adds or drops leading zeros. */
void der_write_magnitude(struct writer *w, struct span big_endian);

void der_write_boolean(struct writer *w, bool v);

/* Writes a BIT STRING of whole octets. */
void der_write_bits(struct writer *w, struct span bytes);

/* Writes a list of named bits, trailing zeros removed. */
void der_write_named_bits(struct writer *w, uint32_t bits);

/* Writes a UTCTime before 2050, a GeneralizedTime from then on. */
void der_write_time(struct writer *w, int64_t t);

#endif
