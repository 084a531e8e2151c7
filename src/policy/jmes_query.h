/*
 * jmes_query - a query as it was read, for the evaluator
 */
#ifndef CUPEL_POLICY_JMES_QUERY_H
#define CUPEL_POLICY_JMES_QUERY_H

#include "jmespath.h"

enum head_kind {
    HEAD_CURRENT, /* "@", and where a query begins with a bracket or a star */
    HEAD_FIELD,
    HEAD_LITERAL,
    HEAD_NOT,   /* operand */
    HEAD_GROUP, /* operand */
    HEAD_LIST,  /* parts */
    HEAD_HASH,  /* parts, with names */
    HEAD_CALL,  /* parts; name */
};

enum step_kind {
    STEP_SUB,     /* operand, on the value so far */
    STEP_PIPE,    /* the same, ends projections */
    STEP_INDEX,   /* number */
    STEP_SLICE,   /* a projection, as the next four */
    STEP_LIST,    /* [*] */
    STEP_VALUES,  /* *  */
    STEP_FLATTEN, /* [] */
    STEP_FILTER,  /* condition */
    STEP_OR,      /* operand, on the value the query began with; so the next two */
    STEP_AND,
    STEP_COMPARE,
};

enum jmes_comparison { JMES_EQ, JMES_NE, JMES_LT, JMES_LE, JMES_GT, JMES_GE };

struct jmes_part {
    struct span name; /* HEAD_HASH */
    const struct jmes_query *query;
    bool is_reference; /* "&" before an argument */
    struct jmes_part *next;
};

struct jmes_step {
    enum step_kind kind;
    const struct jmes_query *operand; /* the right side; NULL is "@" */
    const struct jmes_query *condition;
    enum jmes_comparison comparison;
    int64_t numbers[3]; /* STEP_INDEX: the first; STEP_SLICE: start, stop, step */
    bool has_number[3];
    struct jmes_step *next;
};

struct jmes_query {
    enum head_kind kind;
    bool is_bare; /* HEAD_FIELD: an unquoted identifier, which a "(" makes a function's name */
    struct span name;
    struct jv literal;
    const struct jmes_query *operand;
    struct jmes_part *parts;
    uint32_t part_count;
    struct jmes_step *steps;
    struct jmes_step **tail;
};

/* What a function is called with: its arguments, evaluated but for references. */
struct jmes_argument {
    struct jv value;
    const struct jmes_query *reference; /* NULL for a value */
};

/* Calls a function by name. */
bool jmes_call(struct jmes_work *w, struct span name, const struct jmes_argument *args,
               uint32_t count, struct jv *out) MUST_USE;

#endif
