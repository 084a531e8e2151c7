/*
 * json - JSON text, read exactly and written canonically
 *
 * Shape    a tree of nodes in the arena; `raw` is a node's extent in the text as received (what
 *          signatures cover)
 * Refuses  duplicate member names (after unescaping), depth, size and counts over the limits,
 *          invalid UTF-8, lone surrogates, raw control characters, trailing bytes, a byte order
 *          mark, leading zeros, NaN
 * Numbers  stay text, however large; json_to_int says which of them are integers of ours
 * Borrows  raw and strings without escapes point into the text; only strings with escapes are
 *          copied into the arena
 * Errors   malformed (with the byte's offset), limit
 * Source   RFC 8259
 */
#ifndef CUPEL_FORMAT_JSON_H
#define CUPEL_FORMAT_JSON_H

#include "../base/arena.h"
#include "../base/writer.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_limits {
    size_t bytes;         /* longest text */
    size_t depth;         /* nested arrays and objects */
    size_t nodes;         /* values in all */
    size_t members;       /* members of one object */
    bool names_fold_case; /* two member names that differ in ASCII case only count as duplicates,
                             too */
};

extern const struct json_limits
    json_limits_default; /* 1 MiB, 64 deep, 65,536 nodes, 1,024 members */

struct json {
    enum json_type type;
    size_t offset;    /* of raw in the whole text */
    struct span raw;  /* the value as it stands in the text, quotes and braces included */
    struct span text; /* JSON_STRING: the characters, unescaped, may hold NUL only where the text
                         wrote \u0000 */
    struct span name; /* when it is a member: its name, unescaped */
    size_t count;     /* JSON_ARRAY, JSON_OBJECT: how many children */
    const struct json *child; /* the first child, or NULL */
    const struct json *next;  /* the next sibling, or NULL */
    bool has_name_escape;     /* the member's name was written with an escape */
};

/* Parses one JSON text (surrounding JSON white space allowed). limits NULL: json_limits_default. */
bool json_parse(struct span text, const struct json_limits *limits, struct arena *a,
                const struct json **out, struct err *err) MUST_USE;

/* The member of that name, or NULL; `object` may be NULL or of another type (then NULL). */
const struct json *json_member(const struct json *object, const char *name);

/* As json_member, names compared without regard to ASCII case. */
const struct json *json_member_nocase(const struct json *object, const char *name);

/* Typed members: each notes malformed with the member's name as path, and returns false, when the
 * member is absent or of another type. Integers: plain digits with an optional '-' only, no
 * fraction, no exponent, within int64. */
bool json_get_string(const struct json *object, const char *name, struct span *out,
                     struct err *err) MUST_USE;
bool json_get_int(const struct json *object, const char *name, int64_t *out,
                  struct err *err) MUST_USE;
bool json_get_bool(const struct json *object, const char *name, bool *out,
                   struct err *err) MUST_USE;
bool json_get_object(const struct json *object, const char *name, const struct json **out,
                     struct err *err) MUST_USE;
bool json_get_array(const struct json *object, const char *name, const struct json **out,
                    struct err *err) MUST_USE;

/* The value as an integer written with plain digits; false when it is anything else or does not
 * fit. */
bool json_to_int(const struct json *value, int64_t *out) MUST_USE;

/* "object", "string", ... for messages. */
const char *json_type_name(enum json_type type);

/* Writes a string with its quotes: the two-character escapes where they exist, \u00xx for other
 * control characters, everything else as it is. */
void json_write_string(struct writer *w, struct span text);

/* Writes a tree compactly, the members of each object in ascending byte order of their names;
 * numbers as they stand. An object of more than 64 members that are out of order needs a writer
 * with an arena; in a fixed one it fails. */
void json_write_sorted(struct writer *w, const struct json *value);

#endif
