/*
 * program - a policy made ready: arrays that refer to each other by number
 *
 * Shape    names of claims are interned, so that types compare as integers; what can be known
 * before there are claims (constants, which names matter, where a search may stop) is settled here
 * Owns     nothing: it lies in the arena of its policy and never changes after compile
 * Source   the policy language, 5.3 and 11.1
 */
#ifndef CUPEL_POLICY_PROGRAM_H
#define CUPEL_POLICY_PROGRAM_H

#include "function.h"
#include "limits.h"

#define NO_CODE      UINT32_MAX
#define WORD_OF_NONE UINT32_MAX /* a literal that is no issuer, or no value type */

enum code_kind {
    CODE_CONSTANT, /* a literal, or a call that was computed by the compiler */
    CODE_PROPERTY, /* a property of the claim bound to a condition */
    CODE_WHOLE,    /* that property of all claims that satisfy the condition */
    CODE_CALL,
};

struct jmes_query;

/* An expression. */
struct code {
    enum code_kind kind;
    enum policy_property property;
    uint32_t binding; /* which condition of the rule */
    uint32_t at;      /* offset in the text */
    uint32_t operands[FUNCTION_ARGUMENTS];
    struct value constant;
    const struct policy_function *function;
    const struct jmes_query *query; /* the second argument of JmesPath, when it is a literal */
};

struct test_code {
    enum policy_property property;
    enum policy_operator operator;
    uint32_t right;
    uint32_t slot; /* where the value of a call is kept while its condition is tried */
    bool has_call;
    bool is_word;  /* an issuer or a value type compared with a literal: */
    uint32_t word; /* its number, or WORD_OF_NONE */
};

struct condition_code {
    uint32_t tests; /* the first; those without calls stand before those with calls */
    uint32_t test_count;
    uint32_t slots; /* the first slot of its calls */
    uint32_t slot_count;
    uint32_t name_id; /* claims of this name only; 0: any claim */
    uint32_t join;    /* a test `value == name.value` that an index can answer; NO_CODE: none */
    bool is_negated;
    bool is_independent; /* it uses no other name: the same claims match all the time */
    bool is_enumerated;  /* its name matters later: every match is followed */
    bool has_memo;       /* equal remaining bindings are followed once */
    int back;      /* the deepest condition whose choice still matters behind this one, or -1 */
    uint64_t live; /* conditions whose choice still matters behind this one */
    uint32_t at, length; /* in the text, for the trail */
};

struct rule_code {
    enum policy_section section;
    enum policy_verb verb;
    uint32_t conditions; /* the first */
    uint32_t condition_count;
    uint32_t gate; /* how many of the first conditions must each find a claim of their name */
    uint32_t slot_count;
    int back;            /* as in a condition, behind the last one */
    uint32_t type;       /* code; NO_CODE for permit, deny and claim= */
    uint32_t value;      /* code; for claim= the claim's value */
    bool is_copy;        /* claim=: type and value of one binding */
    bool is_value_first; /* the arguments are evaluated in the order written */
    int stated_kind;     /* valueType=: an enum value_kind, or -1 */
    uint32_t stated_at;
    uint32_t at, length, verb_at;
};

struct program {
    struct span text;
    const struct code *codes;
    const struct test_code *tests;
    const struct condition_code *conditions;
    const struct rule_code *rules;
    uint32_t code_count, test_count, condition_count, rule_count;
    uint32_t first_rule[SECTIONS + 1]; /* rules of a section: from its number to the next one's */
    uint32_t most_conditions;          /* of any rule */
    uint32_t most_slots;
    const struct span *names; /* claim names the policy tests for; number i + 1 */
    uint32_t name_count;
    const uint32_t *name_slots; /* open addressing; a power of two */
    uint32_t name_slot_count;
    uint64_t key; /* what hashing of outside strings starts from */
    uint64_t work_limit;
};

/* The number of a claim's name, or 0 when the policy never asks for it. `hash` is the name's, from
 * the program's key. */
uint32_t program_name(const struct program *p, struct span name, uint64_t hash);

/* Hashes bytes, starting from an earlier hash or a key. */
uint64_t hash_bytes(uint64_t start, struct span s);

/* Hashes an integer onto an earlier hash. Multiplication modulo 2^64 is meant: the builtin says so
 * to every sanitizer. */
static inline uint64_t hash_word(uint64_t start, uint64_t word)
{
    uint64_t h = start ^ word;

    (void)__builtin_mul_overflow(h, UINT64_C(0x9e3779b97f4a7c15), &h);
    return h ^ (h >> 29);
}

#endif
