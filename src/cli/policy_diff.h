/*
 * policy_diff - two policies over the same evidence: what is found, and how it is told
 */
#ifndef CUPEL_CLI_POLICY_DIFF_H
#define CUPEL_CLI_POLICY_DIFF_H

#include "../collateral/disk.h"
#include "../collateral/roots.h"
#include "../policy/delta.h"
#include "../service/baseline.h"
#include "evidence_dir.h"
#include "policy_desk.h"

enum finding_kind {
    FINDING_SAME,
    FINDING_CHANGED,
    FINDING_REFUSED,    /* by the verifier, under both policies: neither of them was asked */
    FINDING_UNREADABLE, /* not compared */
    FINDING_OTHER_TYPE, /* left aside, as --type said */
    FINDING_KINDS
};

/* What came of one item under one policy. */
struct finding_side {
    const char *refused; /* the failed check's word, or NULL */
    struct err why;
    struct policy_outcome outcome;
    struct policy_trail trail;
};

struct finding {
    const char *name;
    enum finding_kind kind;
    struct err trouble;           /* FINDING_UNREADABLE */
    struct finding_side sides[2]; /* old and new */
    struct policy_delta delta;    /* where neither side is refused */
};

struct diff {
    struct cli *c;
    struct crypto *crypto;
    struct desk_policy policies[2]; /* old and new */
    struct evidence_dir dir;
    int64_t now;
    enum tcb_profile profile;
    size_t counts[FINDING_KINDS];
    struct writer json; /* of --json, in the making */
};

/* Telling (policy_diff_tell.c): before the first item, each item in turn, after the last. */
void diff_begin(struct diff *d);
bool diff_tell(struct diff *d, const struct finding *f, struct arena *a, struct err *err) MUST_USE;
bool diff_end(struct diff *d, struct err *err) MUST_USE;

#endif
