/*
 * lint_inside - what the linter knows of a policy, for its own files only
 *
 * Shape    arrays of rules, conditions and claim names that refer to each other by number; built
 *          once, then read by each group of checks
 */
#ifndef CUPEL_POLICY_LINT_INSIDE_H
#define CUPEL_POLICY_LINT_INSIDE_H

#include "diagnostic.h"
#include "known_claims.h"
#include "program.h"

#define LINT_NONE UINT32_MAX

enum { ISSUERS_ALL = 7, KINDS_ALL = 7 };

/* A claim's name that the policy writes somewhere. */
struct lint_name {
    struct span text;
    const struct known_claim *known;  /* the row that lets rules test it, or NULL */
    uint32_t first_maker, last_maker; /* rules that create it, or LINT_NONE */
    uint32_t last_negation;           /* the last rule with ![type==...] about it, or LINT_NONE */
    uint32_t asked_elsewhere;         /* positive conditions outside permit rules */
    uint32_t asked_by_permit;
    bool is_client_text; /* some rule computes it from what a client sent */
    bool is_open;        /* some rule creates it from a value that may be issued */
    bool is_list;        /* some rule may create several at once */
    bool is_certain;     /* a rule that always fires creates it */
};

/* What the tests of a condition leave possible. */
struct lint_condition {
    const struct tree_condition *tree;
    const struct tree_test *type_test; /* type== a literal */
    uint32_t name;                     /* number of that name, or LINT_NONE */
    unsigned issuers;                  /* bit n: claims of issuer n may match */
    unsigned kinds;                    /* bit n: values of kind n may match */
    const struct value *pinned;        /* value== this constant */
    int64_t least, most;               /* integers that may match */
    bool has_value_test;
    bool is_impossible;
};

struct lint_rule {
    const struct tree_rule *tree;
    enum policy_section section;
    uint32_t first_condition; /* among the conditions */
    uint64_t used;            /* conditions whose name is used */
    uint64_t used_by_action;  /* of them, one claim at a time, by the action */
    uint32_t makes;           /* number of the name it creates, or LINT_NONE */
    uint32_t made_before;     /* the rule that creates the same name before it, or LINT_NONE */
    bool makes_unknown;       /* it creates a name that is computed */
    bool always_fires;
    bool never_fires;
};

struct linter {
    struct span text;
    unsigned types; /* attestation types the policy may be for */
    const struct tree *tree;
    const struct program *program;
    struct arena *arena;
    struct notes *notes;
    struct lint_rule *rules;
    struct lint_condition *conditions;
    struct lint_name *names;
    uint32_t *slots; /* 1 + number of a name; open addressing */
    uint32_t rule_count, condition_count, name_count, slot_count;
    uint32_t first_unknown_maker; /* the first rule that creates a computed name, or LINT_NONE */
    uint32_t last_unknown_maker;
    uint32_t guesses; /* left */
};

/* Fills in everything but the notes; false when memory ran out. */
bool lint_gather(struct linter *l) MUST_USE;

/* The groups of checks; each notes what it finds. */
void lint_conditions(struct linter *l);
void lint_rules(struct linter *l);
void lint_issuance(struct linter *l);
void lint_queries(struct linter *l);

/* Takes away what comments silence, and notes comments that silence nothing. */
bool lint_silence(struct linter *l, size_t *silenced) MUST_USE;

/* The constant that an expression is, or NULL. */
const struct value *lint_constant(const struct linter *l, const struct tree_expression *e);

/* The argument of that name, or NULL. */
const struct tree_expression *lint_argument(const struct tree_rule *r, enum policy_property name);

/* Condition i of a rule. */
const struct lint_condition *lint_condition_of(const struct linter *l, const struct lint_rule *r,
                                               uint32_t i);

/* Tells whether a claim that a client sent can satisfy the condition. */
bool lint_is_from_client(const struct linter *l, const struct lint_condition *c);

/* Tells whether an expression is computed from text that a client sent. */
bool lint_is_client_text(const struct linter *l, const struct lint_rule *r,
                         const struct tree_expression *e);

/* Tells whether what an expression gives can never be issued (7.10). */
bool lint_is_read_only(const struct linter *l, const struct lint_rule *r,
                       const struct tree_expression *e);

/* What only the linter asks about claims. */
uint32_t lint_hex_digits(struct span name);  /* of a digest in lower-case hex; 0: none */
unsigned lint_debug_types(struct span name); /* types whose evidence says "debug" here */

/* "SgxEnclave or OpenEnclave" */
const char *lint_types_text(unsigned types, char *buf, size_t room);

#endif
