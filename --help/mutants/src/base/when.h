/*
 * when - moments as seconds since 1970 UTC, and their written forms
 *
 * Shape    RFC 3339 in UTC ("2024-01-15T12:00:00Z"); years 1970 to 9999
 */
#ifndef CUPEL_BASE_WHEN_H
#define CUPEL_BASE_WHEN_H

#include "err.h"

#define WHEN_TEXT  24 /* room for when_str */
#define WHEN_NEVER INT64_MAX

/* Broken-down UTC; month 1..12. */
struct when_parts {
    int year, month, day, hour, minute, second;
};

/* Writes "YYYY-MM-DDThh:mm:ssZ" into buf and returns it. */
const char *when_str(int64_t t, char buf[WHEN_TEXT]);

/* Seconds since 1970 of a real date and time; false where there is no such day or hour. */
bool when_of_parts(const struct when_parts *p, int64_t *out) MUST_USE;

/* The parts of a moment. */
struct when_parts when_parts_of(int64_t t);

/* Reads exactly "YYYY-MM-DDThh:mm:ssZ" (the form of vendor collateral). */
bool when_read(struct span text, int64_t *out, struct err *err) MUST_USE;

/* Reads what a person types: seconds since 1970, or RFC 3339 with Z or an offset, fraction ignored.
 */
bool when_read_any(struct span text, int64_t *out, struct err *err) MUST_USE;

#endif
