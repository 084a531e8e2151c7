/*
 * making - a change on its way to the keeper and back
 *
 * Rule     a document is judged by the certificates of one state. When they have changed before the
 *          change was made it is judged again by what they are then, MAKING_ATTEMPTS times at most
 */
#ifndef CUPEL_API_MAKING_H
#define CUPEL_API_MAKING_H

#include "routes.h"

enum { MAKING_ATTEMPTS = 4 };

struct making;

/* Judges the document by call->x->state and fills in m->change; false: the refusal is written. */
typedef bool making_judge_fn(struct making *m);

/* Answers, once the change was made. */
typedef enum api_step making_done_fn(struct making *m);

struct making {
    struct call *call;
    making_judge_fn *judge;
    making_done_fn *done;
    struct span document; /* as received */
    struct span type;     /* of a policy */
    struct change change;
    unsigned attempts;
};

/* Has the log say what is odd about a change that is taken all the same; `remark` is static. */
void making_remark(struct call *call, const char *remark);

/* Judges and sends it. `m` is copied; its call must be the one at hand. */
enum api_step making_begin(const struct making *m);

#endif
