/*
 * document - the JWS in a body, in whichever of the forms that clients send
 *
 * Shape    as it is, as one JSON string, or as a member of a JSON object; white space around it is
 *          not part of it. The Content-Type says nothing
 * Errors   malformed, limit
 * Source   rest-api 3.1, 8
 */
#ifndef CUPEL_API_DOCUMENT_H
#define CUPEL_API_DOCUMENT_H

#include "../base/arena.h"

/* Finds it, and copies it into the arena. `member` is looked for in an object, whatever its case.
 */
bool document_read(struct span body, const char *member, struct arena *a, struct span *out,
                   struct err *err) MUST_USE;

#endif
