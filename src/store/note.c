#include "note.h"

#include <stdio.h>
#include <string.h>

#include "../format/json.h"
#include "audit.h"

#define NOTE_MAGIC 0x014e4343u /* "CCN", version 1 */

enum { TRIMMED_MAX = 256, JSON_MEMORY = 8 * 1024 * 1024 };

/* Appending. */

struct batch {
    const struct store_note *notes;
    size_t count;
};

static struct store_audit record_of(const struct store_note *n)
{
    return (struct store_audit){ .at = n->at,
                                 .actor = n->actor,
                                 .action = n->action,
                                 .instance = n->instance,
                                 .subject = n->request_id,
                                 .detail = n->detail };
}

static struct store_explanation explanation_of(const struct store_note *n)
{
    return (struct store_explanation){
        .at = n->at, .request_id = n->request_id, .instance = n->instance, .text = n->explanation
    };
}

static bool explanations(struct tx *tx, bool is_backward, size_t limit,
                         const struct store_explanation **out, size_t *count, struct err *err)
{
    const struct store_range range = { .is_backward = is_backward, .limit = limit };
    void *rows;

    if (!tx_scan(tx, STORE_EXPLANATIONS, &range, tx_arena(tx), &rows, count, err))
        return false;
    *out = rows;
    return true;
}

static bool forget_up_to(struct tx *tx, int64_t number, struct err *err)
{
    const struct store_range range = { .is_bounded = true, .above = INT64_MIN, .up_to = number };

    return tx_remove(tx, STORE_EXPLANATIONS, &range, err);
}

/* The oldest go first: by number, and a few at a time by age. */
static bool trim(struct tx *tx, int64_t newest, int64_t now, struct err *err)
{
    const struct store_explanation *old;
    int64_t up_to = newest - NOTE_EXPLANATIONS_MAX;
    size_t count;

    if (!explanations(tx, false, TRIMMED_MAX, &old, &count, err))
        return false;
    for (size_t i = 0; i < count && old[i].at < now - NOTE_EXPLAINED_SECONDS; i++)
        up_to = old[i].number > up_to ? old[i].number : up_to;
    return count == 0 || old[0].number > up_to || forget_up_to(tx, up_to, err);
}

static bool keep_explanations(struct tx *tx, const struct batch *b, struct err *err)
{
    const struct store_explanation *last;
    int64_t newest = 0, now = 0;
    size_t count, added = 0;

    if (!explanations(tx, true, 1, &last, &count, err))
        return false;
    newest = count > 0 ? last->number : 0;
    for (size_t i = 0; i < b->count; i++) {
        struct store_explanation row = explanation_of(&b->notes[i]);

        if (row.text.n == 0)
            continue;
        row.number = ++newest;
        now = row.at;
        added++;
        if (!tx_add(tx, STORE_EXPLANATIONS, &row, err))
            return false;
    }
    return added == 0 || trim(tx, newest, now, err);
}

static bool append(struct tx *tx, void *arg, struct err *err)
{
    const struct batch *b = arg;
    struct audit_head tail;

    if (!audit_tail(tx, &tail, err))
        return false;
    for (size_t i = 0; i < b->count; i++) {
        struct store_audit r = record_of(&b->notes[i]);

        if (!audit_append(tx, &tail, &r, err))
            return false;
    }
    return keep_explanations(tx, b, err);
}

bool store_note_all(struct store *s, const struct store_note *notes, size_t count, struct err *err)
{
    struct batch b = { notes, count };

    return count == 0 || store_run(s, append, &b, err);
}

struct store_note note_gap(int64_t at, uint64_t lost, char room[STORE_NAME_MAX])
{
    snprintf(room, STORE_NAME_MAX, "{\"lost\":%llu}", (unsigned long long)lost);
    return (struct store_note){ .at = at, .action = span_str(NOTE_GAP), .detail = span_str(room) };
}

/* Finding. */

struct finding {
    struct span request_id;
    struct arena *arena;
    struct span text;
};

static bool find(struct tx *tx, void *arg, struct err *err)
{
    struct finding *f = arg;
    const struct store_explanation like = { .request_id = f->request_id };
    const struct store_range range = {
        .like = &like, .is_by_second = true, .is_backward = true, .limit = 1
    };
    const struct store_explanation *found;
    void *rows;
    size_t count;

    if (!tx_scan(tx, STORE_EXPLANATIONS, &range, f->arena, &rows, &count, err))
        return false;
    found = rows;
    f->text = count > 0 ? found->text : (struct span){ 0 };
    return true;
}

bool store_explain(struct store *s, struct span request_id, struct arena *a, struct span *out,
                   struct err *err)
{
    struct finding f = { .request_id = request_id, .arena = a };

    if (!store_view(s, find, &f, err))
        return false;
    *out = f.text;
    return true;
}

/* As bytes. */

/* What no worker may say happened: taking records away is the keeper's and the desk's. */
static bool is_ours_to_say(const struct store_note *n, struct err *err)
{
    return !span_is(n->action, AUDIT_PRUNED) ||
           err_fail(err, ERR_MALFORMED, NULL, "is not a worker's to say") || err_in(err, "action");
}

enum { TEXTS = 6 };

static void texts_of(const struct store_note *n, struct span out[TEXTS])
{
    const struct span all[TEXTS] = { n->action,     n->actor,  n->instance,
                                     n->request_id, n->detail, n->explanation };

    memcpy(out, all, sizeof all);
}

/* One line, so that an exported record is one, too. */
static bool is_json(struct span text, const char *name, bool is_object, struct err *err)
{
    struct arena a = arena_over(JSON_MEMORY);
    const struct json *value = NULL;
    struct json_limits limits = json_limits_default;
    bool is_read;

    if (text.n == 0)
        return true;
    if (memchr(text.p, '\n', text.n))
        return err_fail(err, ERR_MALFORMED, NULL, "is not one line") || err_in(err, name);
    limits.bytes = STORE_TRAIL_MAX;
    is_read = json_parse(text, &limits, &a, &value, err);
    if (is_read && is_object && value->type != JSON_OBJECT)
        is_read = err_fail(err, ERR_MALFORMED, NULL, "is no object");
    arena_fini(&a);
    return is_read || err_in(err, name);
}

static bool note_fits(const struct store_note *n, struct err *err)
{
    const struct store_audit r = record_of(n);
    const struct store_explanation e = explanation_of(n);

    return is_ours_to_say(n, err) && row_check(&store_tables[STORE_AUDIT], &r, err) &&
           row_check(&store_tables[STORE_EXPLANATIONS], &e, err) &&
           is_json(n->detail, "detail", true, err) &&
           is_json(n->explanation, "explanation", false, err);
}

bool note_write(struct writer *w, const struct store_note *n, struct err *err)
{
    struct span texts[TEXTS], all;

    if (!note_fits(n, err))
        return err_in(err, "note");
    texts_of(n, texts);
    write_u32le(w, NOTE_MAGIC);
    write_u64le(w, (uint64_t)n->at);
    for (size_t i = 0; i < TEXTS; i++) {
        write_u32le(w, (uint32_t)texts[i].n);
        write_bytes(w, texts[i]);
    }
    return writer_done(w, &all, err);
}

bool note_parse(struct span bytes, struct store_note *out, struct err *err)
{
    static const char *const names[TEXTS] = { "action",     "actor",  "instance",
                                              "request_id", "detail", "explanation" };
    struct reader r = reader_over(bytes, err);
    uint32_t magic = reader_u32le(&r, "magic");
    struct store_note n = { .at = (int64_t)reader_u64le(&r, "at") };
    struct span *const texts[TEXTS] = { &n.action,     &n.actor,  &n.instance,
                                        &n.request_id, &n.detail, &n.explanation };

    if (reader_ok(&r) && magic != NOTE_MAGIC)
        reader_fail(&r, ERR_UNSUPPORTED, NULL, "magic", "0x%08x is not version 1 of the format",
                    magic);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = reader_take(&r, reader_u32le(&r, names[i]), names[i]);
    if (!reader_done(&r) || !note_fits(&n, err))
        return err_in(err, "note");
    *out = n;
    return true;
}
