/*
 * secret - bytes that must not leak: locked pages, wiped when freed, never formatted
 *
 * Shape    pages of its own; n counts the bytes asked for, and at least one zero byte follows them
 * Errors   memory
 */
#ifndef CUPEL_CRYPTO_SECRET_H
#define CUPEL_CRYPTO_SECRET_H

#include "../base/err.h"

struct secret {
    uint8_t *p;
    size_t n;
    size_t mapped;
};

/* Room for n zero bytes in pages of its own, locked where the system allows and kept out of core
 * dumps. */
bool secret_new(size_t n, struct secret *out, struct err *err) MUST_USE;

/* Wipes and gives back, and leaves an all-zero secret; an all-zero secret is fine. */
void secret_free(struct secret *s);

#endif
