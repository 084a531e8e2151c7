#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[ERR_CODES] = {
    [ERR_NONE] = "none",           [ERR_MALFORMED] = "malformed", [ERR_UNSUPPORTED] = "unsupported",
    [ERR_UNTRUSTED] = "untrusted", [ERR_STALE] = "stale",         [ERR_MISSING] = "missing",
    [ERR_DENIED] = "denied",       [ERR_LIMIT] = "limit",         [ERR_CONFLICT] = "conflict",
    [ERR_UNCERTAIN] = "uncertain", [ERR_MEMORY] = "memory",       [ERR_IO] = "io",
    [ERR_INTERNAL] = "internal",
};

const char *err_code_name(enum err_code code)
{
    return (unsigned)code < ERR_CODES ? code_names[code] : "unknown";
}

PRINTF_LIKE(5, 0)
static bool fill(struct err *err, size_t offset, enum err_code code, const char *spec,
                 const char *fmt, va_list ap)
{
    if (!err || err->code != ERR_NONE)
        return false;
    err->code = code;
    err->spec = spec;
    err->offset = offset;
    err->path[0] = '\0';
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    return false;
}

bool err_fail(struct err *err, enum err_code code, const char *spec, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, ERR_NO_OFFSET, code, spec, fmt, ap);
    va_end(ap);
    return false;
}

bool err_fail_at(struct err *err, size_t offset, enum err_code code, const char *spec,
                 const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, offset, code, spec, fmt, ap);
    va_end(ap);
    return false;
}

bool err_in(struct err *err, const char *name)
{
    char old[sizeof err->path];

    if (!err || err->code == ERR_NONE)
        return false;
    memcpy(old, err->path, sizeof old);
    if (old[0] == '\0')
        snprintf(err->path, sizeof err->path, "%s", name);
    else
        snprintf(err->path, sizeof err->path, "%.40s%s%.54s", name, old[0] == '[' ? "" : ".", old);
    return false;
}

bool err_is_ours(const struct err *err)
{
    return err->code == ERR_MEMORY || err->code == ERR_INTERNAL;
}

void err_clear(struct err *err)
{
    if (err)
        *err = (struct err){ .offset = ERR_NO_OFFSET };
}
