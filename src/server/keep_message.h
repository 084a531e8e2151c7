/*
 * keep_message - the bodies of what the keeper answers, and of lists of notes
 *
 * Shape    an answer: the code of an error, its path and its text, or what was asked for
 * Borrows  spans point into the body
 * Errors   malformed, unsupported, limit
 * Source   docs/formats/keeper.md
 */
#ifndef CUPEL_SERVER_KEEP_MESSAGE_H
#define CUPEL_SERVER_KEEP_MESSAGE_H

#include "keep_pipe.h"

struct keep_answer {
    struct err err;              /* ERR_NONE: it went well */
    struct change_result result; /* KEEP_CHANGE */
    struct span explanation;     /* KEEP_FIND */
};

bool keep_answer_write(struct writer *w, enum keep_kind kind, const struct keep_answer *a,
                       struct err *err) MUST_USE;
bool keep_answer_parse(struct span body, enum keep_kind kind, struct keep_answer *out,
                       struct err *err) MUST_USE;

/* Adds a note to the body of KEEP_NOTES; on failure w is as before. */
bool keep_notes_add(struct writer *w, const struct store_note *n, struct err *err) MUST_USE;

/* The next note of a body: *at starts with 0. False without err at the end. */
bool keep_notes_next(struct span body, size_t *at, struct store_note *out, struct err *err);

/* The body of KEEP_LOST: how many, and when the last of them. */
void keep_lost_write(struct writer *w, uint64_t lost, int64_t at);
bool keep_lost_parse(struct span body, uint64_t *lost, int64_t *at, struct err *err) MUST_USE;

#endif
