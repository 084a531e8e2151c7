#include "keep_message.h"

#include <stdio.h>
#include <string.h>

#define SOURCE "docs/formats/keeper.md"

static void counted_write(struct writer *w, struct span s)
{
    write_u32le(w, (uint32_t)s.n);
    write_bytes(w, s);
}

static struct span counted_read(struct reader *r, size_t most, const char *name)
{
    uint32_t n = reader_u32le(r, name);

    if (reader_ok(r) && n > most)
        reader_fail(r, ERR_LIMIT, SOURCE, name, "%u bytes are more than %zu", n, most);
    return reader_take(r, n, name);
}

static void result_write(struct writer *w, const struct change_result *r)
{
    write_u64le(w, (uint64_t)r->revision);
    write_u64le(w, (uint64_t)r->version);
    write_u64le(w, (uint64_t)r->record);
    write_u32le(w, r->is_changed);
}

static void result_read(struct reader *r, struct change_result *out)
{
    uint32_t changed;

    out->revision = (int64_t)reader_u64le(r, "revision");
    out->version = (int64_t)reader_u64le(r, "version");
    out->record = (int64_t)reader_u64le(r, "record");
    changed = reader_u32le(r, "changed");
    if (reader_ok(r) && changed > 1)
        reader_fail(r, ERR_MALFORMED, SOURCE, "changed", "%u is neither 0 nor 1", changed);
    out->is_changed = changed == 1;
}

bool keep_answer_write(struct writer *w, enum keep_kind kind, const struct keep_answer *a,
                       struct err *err)
{
    struct span all;

    write_u32le(w, (uint32_t)a->err.code);
    if (a->err.code != ERR_NONE) {
        counted_write(w, span_str(a->err.path));
        counted_write(w, span_str(a->err.text));
    } else if (kind == KEEP_CHANGE) {
        result_write(w, &a->result);
    } else {
        counted_write(w, a->explanation);
    }
    return writer_done(w, &all, err);
}

/* A message for a person: what is cut or holds a zero is no answer of ours. */
static void text_read(struct reader *r, char *out, size_t room, const char *name)
{
    struct span s = counted_read(r, room - 1, name);

    if (reader_ok(r) && s.n > 0 && memchr(s.p, 0, s.n))
        reader_fail(r, ERR_MALFORMED, SOURCE, name, "holds a zero");
    if (reader_ok(r))
        snprintf(out, room, "%.*s", SPAN_ARG(s));
}

bool keep_answer_parse(struct span body, enum keep_kind kind, struct keep_answer *out,
                       struct err *err)
{
    struct reader r = reader_over(body, err);
    struct keep_answer a = { 0 };
    uint32_t code = reader_u32le(&r, "code");

    if (reader_ok(&r) && code >= ERR_CODES)
        reader_fail(&r, ERR_UNSUPPORTED, SOURCE, "code", "%u is no code", code);
    if (reader_ok(&r) && code != ERR_NONE) {
        a.err.code = (enum err_code)code;
        a.err.offset = ERR_NO_OFFSET;
        text_read(&r, a.err.path, sizeof a.err.path, "path");
        text_read(&r, a.err.text, sizeof a.err.text, "text");
    } else if (reader_ok(&r) && kind == KEEP_CHANGE) {
        result_read(&r, &a.result);
    } else if (reader_ok(&r)) {
        a.explanation = counted_read(&r, STORE_TRAIL_MAX, "explanation");
    }
    if (!reader_done(&r))
        return err_in(err, "answer");
    *out = a;
    return true;
}

bool keep_notes_add(struct writer *w, const struct store_note *n, struct err *err)
{
    const size_t from = w->n;
    uint8_t *head = write_room(w, 4);
    struct writer length;

    if (head && note_write(w, n, err)) {
        length = writer_over(w->p + from, 4);
        write_u32le(&length, (uint32_t)(w->n - from - 4));
        return true;
    }
    w->n = from;
    w->has_failed = false;
    return err_fail(err, ERR_LIMIT, SOURCE, "there is no room for the note");
}

bool keep_notes_next(struct span body, size_t *at, struct store_note *out, struct err *err)
{
    struct reader r = reader_over(span_part(body, *at, body.n), err);
    struct span bytes;

    if (*at >= body.n)
        return false;
    bytes = counted_read(&r, NOTE_BYTES_MAX, "note");
    if (!reader_ok(&r) || !note_parse(bytes, out, err))
        return false;
    *at += 4 + bytes.n;
    return true;
}

void keep_lost_write(struct writer *w, uint64_t lost, int64_t at)
{
    write_u64le(w, lost);
    write_u64le(w, (uint64_t)at);
}

bool keep_lost_parse(struct span body, uint64_t *lost, int64_t *at, struct err *err)
{
    struct reader r = reader_over(body, err);
    uint64_t count = reader_u64le(&r, "lost");
    int64_t when = (int64_t)reader_u64le(&r, "at");

    if (!reader_done(&r))
        return err_in(err, "lost");
    *lost = count;
    *at = when;
    return true;
}
