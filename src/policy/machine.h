/*
 * machine - one evaluation: the claims so far, what the running rule has bound, the meter
 *
 * Shape    lives on the stack of policy_eval and in the request's arena
 * Errors   a failure is noted once, with its code and place, and ends the evaluation; memory that
 *          cannot be had is told apart from the policy's own failures
 * Source   the policy language, 5.3, 6 and 11.3
 */
#ifndef CUPEL_POLICY_MACHINE_H
#define CUPEL_POLICY_MACHINE_H

#include "facts.h"

/* What things cost in steps (11.3), so that a step is a few nanoseconds wherever it is taken. */
enum {
    COST_CANDIDATE = 4, /* a claim tried against a condition */
    COST_TEST = 4,
    COST_COMBINATION = 8, /* going on to the next condition, or firing */
    COST_REMEMBERED = 14, /* bindings looked up among those that were followed */
    COST_LOOKUP = 10,     /* an entry of an index made, or asked for */
    COST_CALL = 24,
    COST_FACT = 20,      /* a claim entered, or found to be there */
    COST_JSON_NODE = 20, /* a value in a JSON text that is read */
    COST_QUERY_BYTE = 32 /* a byte of a query that was computed, and has to be read */
};

struct failure {
    bool is_set;
    bool is_memory; /* the system has no memory left: nobody's fault here */
    char code[8];   /* "X401" */
    uint32_t at;    /* offset in the text */
    char text[192];
};

/* What a condition of the running rule has found. */
struct frame {
    uint32_t fact;  /* the claim bound now */
    uint32_t *seen; /* remaining bindings that have been followed, as a hash set of tuples */
    uint32_t seen_count, seen_room;
    uint8_t *followed; /* a bit a claim, where that claim alone is what remains */
    uint32_t followed_room;
    bool has_followed; /* the bits are those of the running rule */
    uint32_t tries;    /* how often the condition was looked at while its rule runs */
    struct join_index *index;
    bool has_whole; /* the set below is that of the whole condition, and does not change */
    uint32_t whole_code;
    struct value whole;
};

struct json_cache;

struct machine {
    const struct program *program;
    struct arena *arena;
    struct failure failure;
    uint64_t steps;
    uint64_t limit;

    struct facts facts;
    struct facts kept; /* what the running rule makes */

    const struct rule_code *rule; /* the running rule */
    const struct condition_code *conditions;
    struct frame *frames;    /* one for each of its conditions */
    struct value *slots;     /* values of calls in conditions */
    bool *has_slot;          /* which of them are known */
    int unwind;              /* conditions behind this one need not be tried again */
    uint32_t fired;          /* how often the running rule has fired */
    struct json_cache *json; /* texts that have been read as JSON */
    uint32_t *blamed;        /* claims that the deny rule matched when it fired */
    uint32_t blamed_count;
};

/* Makes a machine ready to run rules; false with the failure set. */
bool machine_init(struct machine *m, const struct program *p, struct arena *a,
                  uint32_t claims) MUST_USE;

/* Notes a failure of the policy and returns false; later ones change nothing. */
bool machine_fail(struct machine *m, const char *code, uint32_t at, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Notes that the arena gave out: X411 where its ceiling is the reason. Returns false. */
bool machine_no_memory(struct machine *m, uint32_t at);

/* Notes that there has been too much work: X411. Returns false. */
bool machine_over(struct machine *m, uint32_t at);

/* Counts work; false with X411 at `at` when there has been too much of it. A step is meant to take
 * about as long everywhere: what takes longer counts as several. */
static inline MUST_USE bool machine_charge(struct machine *m, uint64_t steps, uint32_t at)
{
    m->steps += steps;
    return m->steps <= m->limit || machine_over(m, at);
}

/* Evaluates an expression under the present bindings. */
bool machine_value(struct machine *m, uint32_t code, struct value *out) MUST_USE;

/* Tells in *out whether a claim satisfies a condition under the present bindings. */
bool machine_matches(struct machine *m, uint32_t condition, const struct fact *fact,
                     bool *out) MUST_USE;

/* Makes the n-th argument of a call what its function takes: X406, X401. */
bool machine_argument(struct machine *m, const struct code *call, uint32_t n,
                      struct value *v) MUST_USE;

/* The place of the n-th argument of a call. */
uint32_t machine_argument_at(const struct machine *m, const struct code *call, uint32_t n);

/* The one element of a value, or X406 at `at`. */
bool machine_single(struct machine *m, struct value *v, uint32_t at) MUST_USE;

/* Runs one rule over the present claims: what it makes is kept, nothing is applied yet. */
bool machine_run(struct machine *m, const struct rule_code *rule) MUST_USE;

#endif
