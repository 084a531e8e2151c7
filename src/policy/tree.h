/*
 * tree - a policy as it was written: sections, rules, conditions, tests, expressions
 *
 * Shape    lists in the order of the text; every node knows its place
 * Borrows  names and strings without escapes point into the text; the rest lies in the arena
 * Source   the policy language, 2.7, 4.1, 5.5 and appendix A
 */
#ifndef CUPEL_POLICY_TREE_H
#define CUPEL_POLICY_TREE_H

#include "../base/span.h"

enum policy_section { SECTION_CONFIGURATION, SECTION_AUTHORIZATION, SECTION_ISSUANCE, SECTIONS };

enum policy_property {
    PROPERTY_TYPE,
    PROPERTY_VALUE,
    PROPERTY_VALUE_TYPE,
    PROPERTY_ISSUER,
    PROPERTY_CLAIM, /* as an argument only */
    PROPERTIES
};

enum policy_operator {
    OP_EQUAL,
    OP_DIFFERENT,
    OP_LESS,
    OP_AT_MOST,
    OP_MORE,
    OP_AT_LEAST,
    OPERATORS
};

enum policy_verb { VERB_PERMIT, VERB_DENY, VERB_ADD, VERB_ISSUE, VERB_ISSUEPROPERTY, VERBS };

/* What an older version of the language does not have (2.8). */
enum policy_feature { FEATURE_CONFIGURATION, FEATURE_CALL, FEATURE_NEGATION, FEATURES };

enum expression_kind { EXPR_STRING, EXPR_INTEGER, EXPR_BOOLEAN, EXPR_PROPERTY, EXPR_CALL };

/* What is known of an expression's value before there are claims (7.1). */
enum static_type { TYPE_UNKNOWN, TYPE_STRING, TYPE_INTEGER, TYPE_BOOLEAN };

/* A part of the text, in bytes. */
struct place {
    uint32_t offset;
    uint32_t length;
};

struct policy_function;

struct tree_expression {
    enum expression_kind kind;
    struct place at;
    struct span text; /* EXPR_STRING: unescaped; EXPR_PROPERTY: the name; EXPR_CALL: the function */
    int64_t integer;
    bool boolean;
    enum policy_property property;
    struct tree_expression *arguments; /* EXPR_CALL: the first */
    uint32_t argument_count;
    struct tree_expression *next; /* the next argument of the same call */

    /* found by check and compile */
    uint32_t binding;                       /* EXPR_PROPERTY: number of the condition in its rule */
    const struct policy_function *function; /* EXPR_CALL */
    enum static_type type;
    bool is_whole_set; /* stands for all claims of its condition (5.3) */
    bool is_constant;  /* a call without any name inside */
    bool is_broken;    /* an error has been noted about it, or about a part of it */
    uint32_t code;     /* its number among the expressions of the program, by compile */
};

struct tree_test {
    enum policy_property property;
    enum policy_operator operator;
    struct place at;
    struct place operator_at;
    struct tree_expression *right;
    struct tree_test *next;
};

struct tree_condition {
    struct place at; /* the bracket, with its tests */
    struct span name;
    struct place name_at;
    bool is_negated;
    struct tree_test *tests;
    uint32_t test_count;
    struct tree_condition *next;
};

struct tree_argument {
    enum policy_property name;
    struct place at;
    struct tree_expression *value; /* claim=: a property expression that holds only the name */
    struct tree_argument *next;
};

struct tree_rule {
    struct place at;
    struct tree_condition *conditions;
    uint32_t condition_count;
    enum policy_verb verb;
    struct place verb_at;
    struct tree_argument *arguments;
    uint32_t argument_count;
    struct tree_rule *next;
};

struct tree_section {
    bool is_present;
    struct place at;
    size_t end; /* offset of its closing brace */
    struct tree_rule *rules;
    uint32_t rule_count;
};

struct tree_comment {
    struct place at;
    struct tree_comment *next;
};

struct tree {
    int minor; /* version 1.minor */
    struct place version_at;
    struct tree_section sections[SECTIONS];
    struct tree_comment *comments;
    uint32_t rule_count;
    size_t end; /* offset behind the last section's semicolon */
};

/* The words as the language spells them. */
const char *section_name(enum policy_section section);
const char *property_name(enum policy_property property);
const char *operator_text(enum policy_operator op);
const char *verb_name(enum policy_verb verb);

/* The first version, 1.minor, that has a feature, and how messages speak of it. */
int feature_since(enum policy_feature feature);
const char *feature_text(enum policy_feature feature);

/* Tells whether an action may stand in a section (5.9). */
bool verb_is_allowed(enum policy_section section, enum policy_verb verb);

#endif
