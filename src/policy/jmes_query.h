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

struct jmes_function;

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
    const struct jmes_function *function; /* HEAD_CALL: NULL when there is none of that name */
    struct jmes_part *parts;
    uint32_t part_count;
    struct jmes_step *steps;
    struct jmes_step **tail;
    uint64_t hash; /* of the whole query's text, where it begins */
};

/* What a function is called with: its arguments, evaluated but for references. */
struct jmes_argument {
    struct jv value;
    const struct jmes_query *reference; /* NULL for a value */
};

/* What an argument of a function may be: a set of these. */
enum {
    IS_NUMBER = 1 << 0,
    IS_STRING = 1 << 1,
    IS_ARRAY = 1 << 2,
    IS_OBJECT = 1 << 3,
    IS_OTHER = 1 << 4, /* null and Booleans */
    IS_ANY = IS_NUMBER | IS_STRING | IS_ARRAY | IS_OBJECT | IS_OTHER,
    IS_REFERENCE = 1 << 5,
    IS_NUMBERS = 1 << 6, /* an array of numbers */
    IS_STRINGS = 1 << 7, /* an array of strings */
};

struct jmes_function {
    const char *name;
    uint32_t least, most; /* arguments; UINT32_MAX: any number */
    unsigned takes[2];    /* the last one holds for all further ones */
    bool (*run)(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                struct jv *out);
    const char *gives; /* what comes out, in words */
    const char *meaning;
};

extern const struct jmes_function jmes_functions[];
extern const size_t jmes_function_count;

/* The row of that name, or NULL. Names are spelled exactly. */
const struct jmes_function *jmes_function_find(struct span name);

/* Calls the function that a query names. */
bool jmes_call(struct jmes_work *w, const struct jmes_query *call, const struct jmes_argument *args,
               uint32_t count, struct jv *out) MUST_USE;

#endif
