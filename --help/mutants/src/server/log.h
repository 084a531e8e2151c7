/*
 * log - what the processes of the daemon say, a line at a time, on standard error
 *
 * Shape    one JSON object per line, or text for a person on a terminal; a line is one write
 * Rule     no secret, no token, no evidence and no request body is ever a value here (KM-83); text
 *          from outside is escaped. The only state of the process that is not an argument
 */
#ifndef CUPEL_SERVER_LOG_H
#define CUPEL_SERVER_LOG_H

#include "../base/err.h"

/* In the order of the words of the configuration key log_level. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* In the order of the words of log_format. */
enum log_form { LOG_FORM_AUTO, LOG_FORM_JSON, LOG_FORM_TEXT };

enum { LOG_LINE_MAX = 2048 };

/* From now on lines up to `most` are written, in the name of that process (static text). */
void log_open(const char *process, enum log_level most, enum log_form form);

/* Says a sentence, then pairs of name and value (const char *), ended by NULL. */
void log_say(enum log_level level, const char *text, ...) __attribute__((sentinel));

/* Says a sentence with the code, path and text of an error. */
void log_err(enum log_level level, const char *text, const struct err *e);

/* The line itself, without its end; for tests. `pairs` ends with NULL. Returns its length. */
size_t log_line(char *out, size_t room, bool is_json, int64_t now, enum log_level level,
                const char *process, const char *text, const char *const *pairs);

#endif
