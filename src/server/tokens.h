/*
 * tokens - static bearer tokens and the role each one has
 *
 * Shape    a line each: "reader" or "contributor", white space, SHA-256 of the token in hex; empty
 *          lines and lines that begin with '#' are skipped. Tokens themselves are never on disk
 * Errors   malformed (with the line), limit
 */
#ifndef CUPEL_SERVER_TOKENS_H
#define CUPEL_SERVER_TOKENS_H

#include "../api/api.h"

enum { TOKENS_MAX = 256, TOKENS_FILE_MAX = 65536 };

/* Appends what the text says to the list, which has room for TOKENS_MAX. */
bool tokens_read(struct span text, struct api_token *list, size_t *count, struct err *err) MUST_USE;

/* Appends dev-reader and dev-contributor, the tokens of a desk. */
bool tokens_add_desk(struct crypto *c, struct api_token *list, size_t *count,
                     struct err *err) MUST_USE;

#endif
