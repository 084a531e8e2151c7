/*
 * uri - paths and query strings of requests
 *
 * Source   RFC 3986
 */
#ifndef CUPEL_FORMAT_URI_H
#define CUPEL_FORMAT_URI_H

#include "../base/arena.h"

/* Decodes %XX; refuses a broken escape and an encoded NUL. '+' stays as it is. Text without escapes
 * is borrowed, not copied. */
bool uri_decode(struct arena *a, struct span text, struct span *out, struct err *err) MUST_USE;

/* Splits a request target ("/path?query") at the first '?'. */
void uri_split(struct span target, struct span *path, struct span *query);

/* The decoded value of the first query parameter of that name (ASCII case ignored). *found tells
 * whether it is there; a parameter given twice with different values is malformed. */
bool uri_query(struct arena *a, struct span query, const char *name, bool *found, struct span *out,
               struct err *err) MUST_USE;

#endif
