#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/utf8.h"
#include "../base/when.h"
#include "../base/writer.h"
#include "../format/json.h"

enum { PAIRS_MAX = 24, VALUE_ROOM = 512 };

static struct {
    const char *process;
    enum log_level most;
    bool is_json;
} log_state = { "cupeld", LOG_LEVEL_INFO, true };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_open(const char *process, enum log_level most, enum log_form form)
{
    log_state.process = process;
    log_state.most = most;
    log_state.is_json = form == LOG_FORM_JSON || (form == LOG_FORM_AUTO && !isatty(STDERR_FILENO));
}

/* A value may have come from outside: it is cut, and what is no text becomes '?'. */
static void write_value(struct writer *w, const char *name, const char *value)
{
    char shown[VALUE_ROOM];

    write_format(w, ",\"%s\":", name);
    json_write_string(w, span_str(utf8_show(span_str(value), shown, sizeof shown)));
}

static void write_json(struct writer *w, const char *when, enum log_level level,
                       const char *process, const char *text, const char *const *pairs)
{
    write_format(w, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"pid\":%ld", when,
                 level_names[level], process, (long)getpid());
    write_value(w, "text", text);
    for (size_t i = 0; pairs[i] && pairs[i + 1]; i += 2)
        write_value(w, pairs[i], pairs[i + 1]);
    write_text(w, "}");
}

static void write_plain(struct writer *w, const char *when, enum log_level level,
                        const char *process, const char *text, const char *const *pairs)
{
    char shown[VALUE_ROOM];

    write_format(w, "%s %-7s %s[%ld] %s", when, level_names[level], process, (long)getpid(),
                 utf8_show(span_str(text), shown, sizeof shown));
    for (size_t i = 0; pairs[i] && pairs[i + 1]; i += 2)
        write_format(w, " %s=%s", pairs[i], utf8_show(span_str(pairs[i + 1]), shown, sizeof shown));
}

size_t log_line(char *out, size_t room, bool is_json, int64_t now, enum log_level level,
                const char *process, const char *text, const char *const *pairs)
{
    static const char *const none[] = { NULL };
    struct writer w = writer_over(out, room);
    char when[WHEN_TEXT];

    (is_json ? write_json : write_plain)(&w, when_str(now, when), level, process, text, pairs);
    if (w.has_failed) { /* too long with its pairs: the sentence alone always fits */
        w = writer_over(out, room);
        (is_json ? write_json : write_plain)(&w, when, level, process, text, none);
    }
    return w.has_failed ? 0 : w.n;
}

static void put(enum log_level level, const char *text, const char *const *pairs)
{
    char line[LOG_LINE_MAX + 1];
    size_t n = log_line(line, LOG_LINE_MAX, log_state.is_json, (int64_t)time(NULL), level,
                        log_state.process, text, pairs);

    line[n] = '\n';
    if (write(STDERR_FILENO, line, n + 1) < 0)
        return; /* there is nobody left to tell */
}

void log_say(enum log_level level, const char *text, ...)
{
    const char *pairs[PAIRS_MAX + 1] = { NULL };
    va_list ap;

    if (level > log_state.most)
        return;
    va_start(ap, text);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pairs[i] = va_arg(ap, const char *);
        if (!pairs[i])
            break;
    }
    va_end(ap);
    put(level, text, pairs);
}

void log_err(enum log_level level, const char *text, const struct err *e)
{
    log_say(level, text, "code", err_code_name(e->code), "at", e->path, "why", e->text,
            (const char *)NULL);
}
