/*
 * diagnostic - what is said about a policy's text, and where
 *
 * Shape    places are byte offsets inside; lines and columns are counted when something is said
 * Errors   when the arena gives out, nothing more is noted and `is_out_of_memory` stays set
 * Source   the policy language, 8.1 and 8.2
 */
#ifndef CUPEL_POLICY_DIAGNOSTIC_H
#define CUPEL_POLICY_DIAGNOSTIC_H

#include "policy.h"
#include "tree.h"

struct notes {
    struct span text;
    struct policy_diagnostics list;
    size_t errors;
    size_t warnings;
    bool is_out_of_memory;
};

/* An empty list of notes about text, kept in the arena. */
struct notes notes_about(struct span text, struct arena *a);

/* Notes an error and returns false. `hint` may be NULL. */
bool note_error(struct notes *n, const char *code, struct place at, const char *hint,
                const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Notes a warning. */
void note_warning(struct notes *n, const char *code, struct place at, const char *hint,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Notes advice of the linter. */
void note_advice(struct notes *n, const char *code, struct place at, const char *hint,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Puts the notes in the order of the text, at equal places the lower code first, and counts the
 * line and column of each. */
void notes_sort(struct notes *n);

/* A finger that goes through a text once and knows the line and column where it stands. */
struct locator {
    struct span text;
    size_t at;
    uint32_t line, column;
};

struct locator locator_over(struct span text);

/* Moves on to a byte behind the last one. */
void locate(struct locator *k, size_t offset);

/* Line and column, from 1, of a byte: code points count, a leading byte order mark does not (8.1).
 */
void text_locate(struct span text, size_t offset, uint32_t *line, uint32_t *column);

/* The word nearest to what was written, or NULL when none is near enough to be meant. */
const char *nearest_word(struct span written, const char *const *words, size_t count);

#endif
