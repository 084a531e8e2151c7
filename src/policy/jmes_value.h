/*
 * jmes_value - JSON values as queries see them
 *
 * Shape    16 bytes each; arrays and objects lie in one piece and may be shared by any number of
 *          values; integers within int64 are exact, other numbers are doubles
 * Borrows  strings and number texts point into the text that was read
 * Errors   work_* notes the first fault; a fault ends the query
 * Source   the policy language, 7.2, 7.2.1 and 11.3
 */
#ifndef CUPEL_POLICY_JMES_VALUE_H
#define CUPEL_POLICY_JMES_VALUE_H

#include "../base/arena.h"
#include "../base/writer.h"
#include "../format/json.h"

enum jv_kind {
    JV_NULL,
    JV_FALSE,
    JV_TRUE,
    JV_INTEGER,
    JV_REAL,
    JV_STRING,
    JV_ARRAY,
    JV_OBJECT,
};

struct jv_member;

struct jv {
    enum jv_kind kind;
    uint32_t n; /* bytes, elements or members */
    union {
        int64_t integer;
        double real;
        const uint8_t *text;
        const struct jv *items;
        const struct jv_member *members;
    };
};

struct jv_member {
    const uint8_t *name;
    uint32_t name_n;
    struct jv value;
};

enum jmes_error {
    JMES_NONE,
    JMES_SYNTAX,
    JMES_ARITY,
    JMES_TYPE,
    JMES_VALUE,
    JMES_UNKNOWN_FUNCTION,
    JMES_LIMIT,
    JMES_MEMORY,
};

struct jmes_fault {
    enum jmes_error kind;
    size_t offset; /* JMES_SYNTAX: byte of the query */
    char text[128];
};

/* What a query may use, and what became of it. */
struct jmes_work {
    struct arena *arena;
    uint64_t steps, limit;
    struct jmes_fault fault;
};

enum {
    JV_DEPTH = 1024,          /* how deep a computed value may be nested to be looked through */
    JV_STRING_LIMIT = 1 << 20 /* bytes of a computed string */
};

/* Notes the first fault and returns false. */
bool work_fail(struct jmes_work *w, enum jmes_error kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What things cost in steps (11.3), so that a step is a few nanoseconds wherever it is taken. */
enum {
    WORK_RUN = 3,         /* a query, or a part of one, evaluated */
    WORK_STEP = 2,        /* each step behind its head */
    WORK_ELEMENT = 3,     /* an element visited, or put into a list */
    WORK_MEMORY = 8,      /* a list, an object or a string made */
    WORK_CALL = 8,        /* a function called */
    WORK_COMPARED = 4,    /* a value compared with another */
    WORK_WRITTEN = 16,    /* a value written as text */
    WORK_NODE = 20,       /* a value taken over from a JSON text, its reading included */
    WORK_REAL = 30,       /* a number read that is no integer */
    WORK_REAL_TEXT = 500, /* and written */
    WORK_SORTED = 6,      /* a comparison while sorting */
};

/* Notes that there have been too many steps. Returns false. */
bool work_over(struct jmes_work *w);

/* Counts steps; false with JMES_LIMIT when there have been too many. */
static inline MUST_USE bool work_charge(struct jmes_work *w, uint64_t steps)
{
    w->steps += steps;
    return w->steps <= w->limit || work_over(w);
}

/* Memory, or NULL with the fault noted. */
void *work_alloc(struct jmes_work *w, size_t count, size_t size) MUST_USE;
#define WORK_ARRAY(w, type, count) ((type *)work_alloc((w), (count), sizeof(type)))

/* Room for the values of a list made from `n` others, and their steps counted; NULL as work_alloc
 * or work_charge. */
struct jv *work_items(struct jmes_work *w, size_t n) MUST_USE;

struct jv jv_null(void);
struct jv jv_bool(bool b);
struct jv jv_integer(int64_t v);
struct jv jv_real(double v);
struct jv jv_string(struct span s);
struct jv jv_array(const struct jv *items, size_t n);

struct span jv_text(const struct jv *v);
bool jv_is_number(const struct jv *v);
double jv_double(const struct jv *v);

/* False-like: false, null and everything empty; zero is not (7.11). */
bool jv_is_false(const struct jv *v);

/* The values of an object's members, in their order. */
bool jv_values(struct jmes_work *w, const struct jv *object, struct jv *out) MUST_USE;

/* The member of that name, or null. */
struct jv jv_member(const struct jv *object, struct span name);

/* Negative, zero or positive; integers exactly, anything else by double. */
int jv_compare_numbers(const struct jv *a, const struct jv *b);

/* Deep equality; the order of members does not matter. */
bool jv_equal(struct jmes_work *w, const struct jv *a, const struct jv *b, bool *out) MUST_USE;

/* Takes a parsed document over; refuses numbers that overflow a double (JMES_VALUE). */
bool jv_from_json(struct jmes_work *w, const struct json *j, struct jv *out) MUST_USE;

/* Writes compact JSON text, metered; *depth is how deep the value is nested. */
bool jv_write(struct jmes_work *w, const struct jv *v, struct writer *out, size_t *depth) MUST_USE;

/* Writes a number as ECMAScript does; buf has room for 32 characters. Returns the length. */
size_t jv_number_text(const struct jv *v, char *buf);

#endif
