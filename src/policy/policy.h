/*
 * policy - an operator's rules, compiled once, evaluated over claims
 *
 * Shape    text -> lex -> parse -> check -> compiled form; evaluation is bounded by a meter
 * Errors   diagnostics with code, line and column; all of a file, in order, not only the first
 * Owns     a compiled policy owns its memory and is immutable: any number of evaluations may use it
 * Source   the policy language, 1 to 11
 */
#ifndef CUPEL_POLICY_POLICY_H
#define CUPEL_POLICY_POLICY_H

#include "../claims/claim.h"
#include "../crypto/crypto.h"

struct policy;

enum policy_severity { POLICY_ERROR, POLICY_WARNING, POLICY_ADVICE };

struct policy_diagnostic {
    enum policy_severity severity;
    char code[8];          /* "E201", "W503", "L607" */
    uint32_t line, column; /* from 1, as section 8.1 counts them */
    size_t offset, length; /* bytes of the text the caret marks */
    char text[192];
    char hint[96]; /* "did you mean ...", or empty */
};

struct policy_diagnostics {
    struct policy_diagnostic *items;
    size_t count;
    size_t room;
    struct arena *arena; /* set by the caller: the notes lie in it */
};

/* Compiles. On a compile error returns NULL, with the diagnostics filled and err set from the one
 * that section 8.2 says is reported first; warnings are diagnostics, too. `diagnostics` may be
 * NULL. */
struct policy *policy_new(struct crypto *c, struct span text,
                          struct policy_diagnostics *diagnostics, struct err *err) MUST_USE;

/* As policy_new, for a text that came with a request: compiling and evaluating it may take a tenth
 * of the work. */
struct policy *policy_new_draft(struct crypto *c, struct span text,
                                struct policy_diagnostics *diagnostics, struct err *err) MUST_USE;
void policy_free(struct policy *p);

struct span policy_text(const struct policy *p);
int policy_minor(const struct policy *p);               /* it is of version 1.minor */
struct span policy_hash(const struct policy *p);        /* x-ms-policy-hash, 43 characters */
struct span policy_legacy_hash(const struct policy *p); /* maa-policyHash, 64 hex */

/* The configuration claims (constant for a policy): what configurationrules set. False with err
 * where they fail. */
bool policy_configuration(const struct policy *p, struct arena *a, struct claim_set *out,
                          struct err *err) MUST_USE;

enum policy_decision { POLICY_PERMIT, POLICY_DENY, POLICY_NO_PERMIT, POLICY_FAILED };

struct policy_outcome {
    enum policy_decision decision;
    char error_code[8];    /* POLICY_FAILED: "X4nn" */
    uint32_t line, column; /* of the failure, or of the deny rule that fired */
    char error_text[192];
    struct claim_set issued; /* the outgoing set; empty unless permitted */
    struct claim_set properties;
    struct claim_set configuration;
    struct claim_set
        added; /* claims with issuer AttestationPolicy in the incoming set at the end */
    struct claim_set blamed; /* POLICY_DENY: the claims that the deny rule matched */
    uint64_t steps;          /* of the meter: the work it took (11.3) */
};

/* Evaluates over the incoming claims; those of type CLAIM_JSON are not offered to rules. True with
 * an outcome (a denial is an outcome); false with err only for memory. */
bool policy_eval(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                 struct policy_outcome *out, struct err *err) MUST_USE;

/* How one condition of a rule fared, over claims that satisfied those before it: where the rule
 * fired, over claims for which it did, else over those that came furthest. */
struct policy_trail_condition {
    struct span text; /* as the policy has it */
    bool was_reached; /* the conditions before it held */
    bool holds;
    uint32_t matches; /* claims that satisfy its tests */
    bool has_nearest;
    struct claim nearest; /* a match, or the claim that passes most tests */
    char why[160];        /* what failed, or empty */
    char hint[96];        /* what was probably meant, or empty */
};

struct policy_trail_rule {
    const char *section; /* "authorizationrules" */
    uint32_t line, column;
    struct span text;   /* as the policy has it */
    struct span action; /* the part behind the arrow */
    const char *verb;   /* "permit", "deny", "add", "issue", "issueproperty" */
    struct span makes;  /* the name of the claim it makes, where that is written down; or empty */
    uint32_t times;     /* how often it fired */
    bool has_failed;    /* the error that ended the evaluation happened here */
    struct policy_trail_condition *conditions;
    size_t condition_count;
    struct claim *made; /* claims it put into the incoming set, or would have */
    size_t made_count;
};

/* The rules in the order they ran. Bounded: `is_cut` when there was no room for the newest. */
struct policy_trail {
    struct policy_trail_rule *rules;
    size_t count;
    bool is_cut;
};

/* As policy_eval, and tells rule by rule what matched and what did not, and why. The trail borrows
 * from the policy, the claims and the arena. It shows values of read-only claims, too: it is for
 * the policy's owner, not for whoever was refused. */
bool policy_eval_trace(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                       struct policy_outcome *out, struct policy_trail *trail,
                       struct err *err) MUST_USE;

/* "permit", "deny", "no-permit", "error". */
const char *policy_decision_name(enum policy_decision d);

/* Writes a diagnostic as a compiler does: name:line:col: text, the source line, a caret. */
void policy_diagnostic_write(struct writer *w, const char *name, struct span text,
                             const struct policy_diagnostic *d);

/* The lines below that: the source line, a caret, and what to try instead. */
void policy_diagnostic_write_source(struct writer *w, struct span text,
                                    const struct policy_diagnostic *d);

/* Writes the policy in its canonical form: one rule a line, words as the language spells them,
 * comments kept. A text with errors is not touched: false, with the diagnostics filled. */
bool policy_format(struct span text, struct arena *a, struct span *out,
                   struct policy_diagnostics *diagnostics, struct err *err) MUST_USE;

/* The built-in default policies by attestation type ("SgxEnclave", ...; case ignored) and profile
 * ("azure", "azure-1.1", "strict"); an empty span where there is none. */
struct span policy_default(struct span attestation_type, const char *profile);

#endif
