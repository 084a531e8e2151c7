/*
 * roots - the list of accepted roots as people name it
 *
 * Shape    words: "vendor" (Intel's pin), "lab=DIR" (a lab's root, asked for by name), or a file
 *          with a root certificate (PEM or DER) or public key (PEM) of one's own
 * Rule     a list replaces the default whole; the vendor's pin stays only where "vendor" is named.
 *          A certificate that says "Lab", and the simulator's key in whatever form, is taken
 *          through lab= only
 * Owns     everything is in the arena
 * Source   the SGX contract, 3.4
 */
#ifndef CUPEL_COLLATERAL_ROOTS_H
#define CUPEL_COLLATERAL_ROOTS_H

#include "../evidence/appraise.h"

enum { ROOTS_MAX = 16, ROOT_FILE_MAX = 64 * 1024 };

/* The root of the evidence simulator. Its private key is a hash of its name, so anybody can make
 * evidence under it: for a desk, never for anything that matters. */
extern const struct root_key root_lab;

/* Reads the words into a list; no words: vendor alone. */
bool roots_load(struct crypto *c, const char *const *words, size_t count, struct arena *a,
                struct root_list *out, struct err *err) MUST_USE;

#endif
