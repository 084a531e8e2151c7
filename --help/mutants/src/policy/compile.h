/*
 * compile - a checked tree becomes a program
 *
 * Shape    calls without names are computed here, literal queries are read here
 * Errors   notes with E314 and E315; a tree that has errors already is only searched for these
 * Source   the policy language, 5.3, 7.1, 11.1 and 11.2
 */
#ifndef CUPEL_POLICY_COMPILE_H
#define CUPEL_POLICY_COMPILE_H

#include "diagnostic.h"
#include "program.h"

/* Compiles into the policy's arena `keep`, with at most `work` steps spent on constants and, later,
 * on each evaluation; `scratch` may be thrown away afterwards. False with
 * errors among the notes, or with none when memory ran out. */
bool policy_compile(const struct tree *tree, struct span text, uint64_t key, uint64_t work,
                    struct arena *keep, struct arena *scratch, struct notes *n,
                    struct program *out) MUST_USE;

#endif
