#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/utf8.h"
#include "../base/when.h"
#include "listen.h"

enum {
    FILE_MAX = 65536,
    LINE_MAX_BYTES =
        198, /* inih reads 200 with the line's end and its NUL, and would cut the rest */
    NAME_MAX_BYTES = 48,
    MEMORY_MAX_BYTES = 1024 * 1024
};

#define PREFIX "CUPEL_"

enum voice { IN_FILE, IN_ENVIRONMENT, IN_ARGUMENTS, HANDED };

/* Names are compared in lower case, '-' and '.' as '_': listen, LISTEN, tls-cert, POLICY_TPM. */
static char folded(char ch)
{
    if (ch >= 'A' && ch <= 'Z')
        return (char)(ch - 'A' + 'a');
    return ch == '-' || ch == '.' ? '_' : ch;
}

static bool is_name(struct span said, const char *name)
{
    size_t i = 0;

    while (i < said.n && name[i] != '\0' && folded((char)said.p[i]) == folded(name[i]))
        i++;
    return i == said.n && name[i] == '\0';
}

static size_t least3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* How many letters must be added, dropped or changed to make one name the other. */
static size_t distance(struct span a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t changed = diagonal + (folded((char)a.p[i]) == folded(b[j]) ? 0 : 1);

            diagonal = row[j + 1];
            row[j + 1] = least3(changed, row[j] + 1, row[j + 1] + 1);
        }
    }
    return row[n];
}

/* The nearest key, if any is near. */
static const char *nearest(struct span said, size_t reach)
{
    const char *best = NULL;
    size_t least = reach + 1;

    if (said.n > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        size_t d = distance(said, config_keys[i].name);

        if (d < least) {
            least = d;
            best = config_keys[i].name;
        }
    }
    return best;
}

static bool find(struct span said, enum config_id *out)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        if (is_name(said, config_keys[i].name)) {
            *out = (enum config_id)i;
            return true;
        }
    }
    return false;
}

static bool fail_unknown(struct span said, struct err *err)
{
    char shown[NAME_MAX_BYTES];
    const char *near = nearest(said, 3);

    utf8_show(said, shown, sizeof shown);
    if (near)
        return err_fail(err, ERR_MALFORMED, NULL,
                        "is no key of the configuration; did you mean \"%s\"?", near) ||
               err_in(err, shown);
    return err_fail(err, ERR_MALFORMED, NULL, "is no key of the configuration") ||
           err_in(err, shown);
}

static bool read_number(const struct config_key *k, const char *text, int64_t *out, struct err *err)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= k->least &&
        *out <= k->most)
        return true;
    err_fail(err, ERR_MALFORMED, NULL, "\"%.60s\" is not a number from %lld to %lld", text,
             (long long)k->least, (long long)k->most);
    return err_in(err, k->name);
}

static bool read_word(const struct config_key *k, const char *text, int64_t *out, struct err *err)
{
    size_t n = strlen(text);
    int64_t place = 0;

    for (const char *w = k->words; n > 0 && *w != '\0'; place++) {
        size_t length = strcspn(w, " ");

        if (length == n && strncmp(w, text, n) == 0) {
            *out = place;
            return true;
        }
        w += length + (w[length] == ' ' ? 1 : 0);
    }
    err_fail(err, ERR_MALFORMED, NULL, "\"%.40s\" is none of: %s", text, k->words);
    return err_in(err, k->name);
}

/* The number behind a text, by the kind of its key; 0 for what is no number. */
static bool read_value(const struct config_key *k, const char *text, int64_t *out, struct err *err)
{
    struct listen_address unused;

    *out = 0;
    if (text[0] == '\0')
        return err_fail(err, ERR_MALFORMED, NULL, "has no value") || err_in(err, k->name);
    switch (k->kind) {
    case CONFIG_NUMBER:
        return read_number(k, text, out, err);
    case CONFIG_WORD:
        return read_word(k, text, out, err);
    case CONFIG_SWITCH:
        *out = 1;
        return true;
    case CONFIG_MOMENT:
        return when_read_any(span_str(text), out, err) || err_in(err, k->name);
    case CONFIG_ADDRESS:
        return listen_address_read(span_str(text), &unused, err) || err_in(err, k->name);
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_LIST:
        return true;
    }
    return true;
}

static const char *text_dup(struct config *c, struct span s, struct err *err)
{
    struct span copy = arena_dup(&c->arena, s);

    if (!copy.p)
        arena_fail(&c->arena, err);
    return (const char *)copy.p;
}

static const char *text_joined(struct config *c, const char *a, struct span b, struct err *err)
{
    struct writer w = writer_in(&c->arena, 64);
    struct span joined;

    write_text(&w, a);
    write_text(&w, ",");
    write_bytes(&w, b);
    write_u8(&w, 0);
    return writer_done(&w, &joined, err) ? (const char *)joined.p : NULL;
}

static bool set(struct config *c, enum config_id id, struct span value, enum voice voice,
                struct err *err)
{
    const struct config_key *k = &config_keys[id];
    const char *text;
    int64_t number;

    if (k->is_flag_only && (voice == IN_FILE || voice == IN_ENVIRONMENT))
        return err_fail(err, ERR_MALFORMED, NULL, "is said on the command line only") ||
               err_in(err, k->name);
    if (k->kind == CONFIG_LIST && voice == IN_ARGUMENTS && c->is_said[id])
        text = text_joined(c, c->text[id], value, err);
    else
        text = text_dup(c, value, err);
    if (!text || !read_value(k, text, &number, err))
        return false;
    c->text[id] = text;
    c->number[id] = number;
    c->is_said[id] = true;
    return true;
}

bool config_init(struct config *c, struct err *err)
{
    *c = (struct config){ .arena = arena_over(MEMORY_MAX_BYTES) };
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        c->text[i] = config_keys[i].fallback;
        if (c->text[i] && !read_value(&config_keys[i], c->text[i], &c->number[i], err))
            return false;
    }
    return true;
}

void config_fini(struct config *c)
{
    arena_fini(&c->arena);
    *c = (struct config){ 0 };
}

/* What is said anew by a later voice replaces what an earlier one said, lists too. */
static void begin_voice(struct config *c)
{
    memset(c->is_said, 0, sizeof c->is_said);
}

static void end_voice(struct config *c, const bool before[CONFIG_KEYS])
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        c->is_said[i] = c->is_said[i] || before[i];
}

static bool text_is_readable(struct span text, struct err *err)
{
    size_t length = 0, line = 1;
    char where[32];

    if (text.n > FILE_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "%zu bytes are more than %d", text.n, FILE_MAX);
    if (text.n > 0 && memchr(text.p, 0, text.n))
        return err_fail(err, ERR_MALFORMED, NULL, "holds a NUL character");
    for (size_t i = 0; i < text.n; i++) {
        line += text.p[i] == '\n';
        length = text.p[i] == '\n' ? 0 : length + 1;
        if (length <= LINE_MAX_BYTES)
            continue;
        snprintf(where, sizeof where, "line %zu", line);
        return err_fail_at(
                   err, i, ERR_LIMIT, NULL,
                   "is longer than %d bytes: such a value is given by its CUPEL_ variable or "
                   "its flag, and a long list by a flag for each entry",
                   LINE_MAX_BYTES) ||
               err_in(err, where);
    }
    return true;
}

struct file_voice {
    struct config *config;
    struct err *err;
};

/* inih calls this for each "name = value" and for each line that continues one. */
static int file_says(void *user, const char *section, const char *name, const char *value)
{
    struct file_voice *v = user;
    char full[2 * NAME_MAX_BYTES + 8];
    enum config_id id;
    struct span said;

    if (v->err->code != ERR_NONE) /* the rest is read only for its lines to be counted */
        return false;
    snprintf(full, sizeof full, "%s%s%s", section, section[0] != '\0' ? "." : "", name);
    said = span_str(full);
    if (!find(said, &id))
        return fail_unknown(said, v->err);
    if (v->config->is_said[id])
        return err_fail(v->err, ERR_MALFORMED, NULL, "is said twice") ||
               err_in(v->err, config_keys[id].name);
    return set(v->config, id, span_str(value), IN_FILE, v->err);
}

bool config_read_text(struct config *c, struct span text, struct err *err)
{
    struct file_voice v = { c, err };
    bool before[CONFIG_KEYS];
    char where[32];
    struct span copy;
    int line;

    if (!text_is_readable(text, err))
        return false;
    copy = arena_dup(&c->arena, text);
    if (!copy.p)
        return arena_fail(&c->arena, err);
    memcpy(before, c->is_said, sizeof before);
    begin_voice(c);
    line = ini_parse_string((const char *)copy.p, file_says, &v);
    end_voice(c, before);
    if (line == 0)
        return true;
    err_fail(err, ERR_MALFORMED, NULL,
             "is neither \"name = value\", nor \"[section]\", nor a comment");
    snprintf(where, sizeof where, "line %d", line);
    return err_in(err, where);
}

/* One "NAME=value". A name that is no key of ours may be another program's, unless it is nearly
 * one of ours. */
static bool environment_says(struct config *c, const char *entry, struct err *err)
{
    const char *equals = strchr(entry, '=');
    enum config_id id;
    struct span name;

    if (!equals || strncmp(entry, PREFIX, strlen(PREFIX)) != 0)
        return true;
    name = span_of(entry + strlen(PREFIX), (size_t)(equals - entry) - strlen(PREFIX));
    if (!find(name, &id))
        return !nearest(name, 2) || fail_unknown(name, err);
    if (id == CONFIG_FILE)
        return true;
    return set(c, id, span_str(equals + 1), IN_ENVIRONMENT, err);
}

bool config_read_environment(struct config *c, const char *const *environment, struct err *err)
{
    for (size_t i = 0; environment[i]; i++) {
        if (!environment_says(c, environment[i], err))
            return err_in(err, "environment");
    }
    return true;
}

/* One flag; *at is moved past what belongs to it. */
static bool argument_says(struct config *c, int argc, const char *const *argv, int *at,
                          struct err *err)
{
    const char *said = argv[(*at)++], *equals = strchr(said, '=');
    struct span name, value = span_str("yes");
    enum config_id id;

    if (strncmp(said, "--", 2) != 0 || said[2] == '\0') {
        err_fail(err, ERR_MALFORMED, NULL, "\"%.60s\" is not a flag; see --help", said);
        return false;
    }
    name = equals ? span_of(said + 2, (size_t)(equals - said) - 2) : span_str(said + 2);
    if (!find(name, &id))
        return fail_unknown(name, err);
    if (config_keys[id].kind == CONFIG_SWITCH && equals)
        return err_fail(err, ERR_MALFORMED, NULL, "takes no value") ||
               err_in(err, config_keys[id].name);
    if (equals)
        value = span_str(equals + 1);
    else if (config_keys[id].kind != CONFIG_SWITCH && *at >= argc)
        return err_fail(err, ERR_MALFORMED, NULL, "wants a value: %s", config_keys[id].unit) ||
               err_in(err, config_keys[id].name);
    else if (config_keys[id].kind != CONFIG_SWITCH)
        value = span_str(argv[(*at)++]);
    return set(c, id, value, IN_ARGUMENTS, err);
}

bool config_read_arguments(struct config *c, int argc, const char *const *argv, struct err *err)
{
    bool before[CONFIG_KEYS], is_well = true;
    int at = 0;

    memcpy(before, c->is_said, sizeof before);
    begin_voice(c);
    while (is_well && at < argc)
        is_well = argument_says(c, argc, argv, &at, err);
    end_voice(c, before);
    return is_well;
}

bool config_put(struct config *c, enum config_id id, const char *value, struct err *err)
{
    return set(c, id, span_str(value), HANDED, err);
}

void config_write_handed(struct writer *w, const struct config *c)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        if (!c->text[i])
            continue;
        write_format(w, "%s=", config_keys[i].name);
        write_text(w, c->text[i]);
        write_u8(w, 0);
    }
}

bool config_read_handed(struct config *c, struct span handed, struct err *err)
{
    while (handed.n > 0) {
        const uint8_t *end = memchr(handed.p, 0, handed.n);
        const uint8_t *equals = end ? memchr(handed.p, '=', (size_t)(end - handed.p)) : NULL;
        enum config_id id;

        if (!equals || !find(span_of(handed.p, (size_t)(equals - handed.p)), &id))
            return err_fail(err, ERR_INTERNAL, NULL, "the configuration was not handed over whole");
        if (!set(c, id, span_of(equals + 1, (size_t)(end - equals) - 1), HANDED, err))
            return false;
        handed = span_part(handed, (size_t)(end - handed.p) + 1, SIZE_MAX);
    }
    return true;
}

bool config_list_next(const struct config *c, enum config_id id, size_t *at, struct span *out)
{
    struct span all = span_str(c->text[id] ? c->text[id] : "");

    while (*at < all.n) {
        struct span rest = span_part(all, *at, SIZE_MAX);
        const uint8_t *comma = memchr(rest.p, ',', rest.n);
        size_t n = comma ? (size_t)(comma - rest.p) : rest.n;

        *at += n + 1;
        *out = span_trim(span_part(rest, 0, n));
        if (out->n > 0)
            return true;
    }
    return false;
}
