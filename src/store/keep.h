/*
 * keep - what request handlers ask of whoever keeps the state, be it a process or a store in memory
 *
 * Shape    a table of functions. Reading is at once and from memory; changing is answered later:
 *          `done` is called exactly once after a call that returned true, perhaps before it returns
 * Rule     a change that was answered is in the state that every worker uses from then on
 * Errors   of a change: those of change.h; io when the keeper cannot be reached; limit when too
 *          many wait. uncertain: it may have been made; the same change may be asked for again
 */
#ifndef CUPEL_STORE_KEEP_H
#define CUPEL_STORE_KEEP_H

#include "change.h"
#include "note.h"
#include "state.h"

/* result is NULL when it failed, err is NULL when it did not. */
typedef void keep_done_fn(void *arg, const struct change_result *result, const struct err *err);

/* The explanation of a request as JSON; empty: none is kept. err is NULL when the search worked. */
typedef void keep_found_fn(void *arg, struct span explanation, const struct err *err);

struct keep {
    void *context;
    const struct state *(*state)(void *context);
    bool (*change)(void *context, const struct change *c, keep_done_fn *done, void *arg,
                   struct err *err);
    bool (*find)(void *context, struct span request_id, keep_found_fn *found, void *arg,
                 struct err *err);
    void (*note)(void *context, const struct store_note *n);
    void (*forget)(void *context, void *arg);
};

/* The newest state; never NULL. Good until the next call: hold it (state_hold) to keep it. Cheap
 * enough to call for every request. */
const struct state *keep_state(const struct keep *k);

/* Asks for a change; the bytes are copied. False: refused at once, and done is not called. */
bool keep_change(const struct keep *k, const struct change *c, keep_done_fn *done, void *arg,
                 struct err *err) MUST_USE;

/* Asks why a request ended as it did. */
bool keep_find(const struct keep *k, struct span request_id, keep_found_fn *found, void *arg,
               struct err *err) MUST_USE;

/* Hands over a verdict for the audit chain, and never waits. */
void keep_note(const struct keep *k, const struct store_note *n);

/* Nobody waits under that arg any more: neither done nor found will be called with it. */
void keep_forget(const struct keep *k, void *arg);

/* A keep over a store of this process: every call is answered before it returns. For tests, and for
 * commands. The store is borrowed. NULL with err when its state cannot be read. */
struct keep_local;
struct keep_local *keep_local_new(struct store *s, struct err *err) MUST_USE;
void keep_local_free(struct keep_local *k);
struct keep keep_local_keep(struct keep_local *k);

#endif
