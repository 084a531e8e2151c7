/*
 * lint - advice about a policy that compiles
 *
 * Shape    text -> lex -> parse -> check -> compile, and then one look at every rule; what is found
 *          stands in the order of the text, each with a row of codes.h
 * Silence  "// lint: allow NAME[, NAME] - why" (or "// lint: L605 off") is about its own line and
 *          the rules on it, or, alone on a line, about the next line and the rules on it;
 *          "// lint: allow-file NAME", above the version, about the whole file
 * Bound    linear in the text but for guesses, which are counted; a text gives at most
 *          POLICY_WARNINGS_REPORTED findings
 * Errors   limit or memory; a text that does not compile is no error: its errors are the findings
 * Source   the policy language, 12.3
 */
#ifndef CUPEL_POLICY_LINT_H
#define CUPEL_POLICY_LINT_H

#include "known_claims.h"
#include "policy.h"

enum {
    LINT_GUESSES = 32,    /* names for which a nearest one is looked for */
    LINT_OWN_NAMES = 128, /* names a policy creates that may be offered as the nearest */
    LINT_PAIRS = 16,      /* earlier rules of one name with which a rule is compared */
};

struct policy_lint {
    struct policy_diagnostics found; /* errors, the compiler's warnings and advice, unsilenced */
    size_t errors;                   /* of them; not 0: the text does not compile */
    size_t silenced;                 /* findings that a comment silences */
};

/* Looks through a policy. `types` are bits of known_claims.h, or 0: then they are inferred from the
 * claims the policy names. Everything found lies in the arena. */
bool policy_lint(struct span text, unsigned types, struct arena *a, struct policy_lint *out,
                 struct err *err) MUST_USE;

#endif
