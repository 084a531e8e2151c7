#include "audit.h"

#include <stdio.h>
#include <string.h>

#include "../base/hex.h"
#include "../base/when.h"
#include "../format/json.h"
#include "engine.h"

enum { PAGE_MEMORY = 64 * 1024 * 1024, PRUNED_MEMORY = 256 * 1024 };

static const struct table *const table = &store_tables[STORE_AUDIT];

bool audit_tail(struct tx *tx, struct audit_head *out, struct err *err)
{
    const struct store_range last = { .is_backward = true, .limit = 1 };
    struct store_audit *found;
    void *rows;
    size_t count;

    if (!tx_scan(tx, STORE_AUDIT, &last, tx_arena(tx), &rows, &count, err))
        return false;
    *out = (struct audit_head){ 0 };
    if (count == 0)
        return true;
    found = rows;
    out->number = found->number;
    memcpy(out->hash, found->hash.p, sizeof out->hash);
    return true;
}

bool audit_append(struct tx *tx, struct audit_head *tail, const struct store_audit *record,
                  struct err *err)
{
    struct store_audit r = *record;
    struct audit_head next = { .number = tail->number + 1 };

    r.number = next.number;
    r.previous = span_of(tail->hash, sizeof tail->hash);
    if (!row_seal(tx_crypto(tx), table, &r, next.hash, err) || !tx_add(tx, STORE_AUDIT, &r, err))
        return false;
    *tail = next;
    return true;
}

static bool end_body(struct tx *tx, void *arg, struct err *err)
{
    return audit_tail(tx, arg, err);
}

bool audit_end(struct store *s, struct audit_head *out, struct err *err)
{
    return store_view(s, end_body, out, err);
}

static bool start_body(struct tx *tx, void *arg, struct err *err)
{
    const struct store_range first = { .limit = 1 };
    struct audit_head *out = arg;
    const struct store_audit *found;
    void *rows;
    size_t count;

    if (!tx_scan(tx, STORE_AUDIT, &first, tx_arena(tx), &rows, &count, err))
        return false;
    *out = (struct audit_head){ 0 };
    if (count == 0)
        return true;
    found = rows;
    out->number = found->number - 1;
    memcpy(out->hash, found->previous.p, sizeof out->hash);
    return true;
}

bool audit_start(struct store *s, struct audit_head *out, struct err *err)
{
    return store_view(s, start_body, out, err);
}

static bool broken(const struct store_audit *record, const char *why, struct err *err)
{
    char place[32];

    snprintf(place, sizeof place, "record %lld", (long long)record->number);
    return err_fail(err, ERR_UNTRUSTED, NULL, "%s", why) || err_in(err, place);
}

bool audit_step(struct crypto *c, const struct store_audit *record, struct audit_head *at,
                struct err *err)
{
    uint8_t hash[SHA256_SIZE];

    if (record->number != at->number + 1)
        return broken(record, "a record before this one is missing", err);
    if (!span_equal(record->previous, span_of(at->hash, sizeof at->hash)))
        return broken(record, "does not follow from the record before it", err);
    if (!row_seal(c, table, record, hash, err))
        return false;
    if (!span_equal(record->hash, span_of(hash, sizeof hash)))
        return broken(record, "was changed after it was written: its hash is another", err);
    at->number = record->number;
    memcpy(at->hash, hash, sizeof at->hash);
    return true;
}

/* One page of records, seals not looked at: the walk says better what is wrong. */
struct page {
    int64_t above;
    size_t limit;
    struct arena *arena;
    void *rows;
    size_t count;
};

static bool page_body(struct tx *tx, void *arg, struct err *err)
{
    struct page *p = arg;
    const struct store_range range = {
        .is_bounded = true, .above = p->above, .up_to = INT64_MAX, .limit = p->limit
    };

    return tx_scan_unsealed(tx, STORE_AUDIT, &range, p->arena, &p->rows, &p->count, err);
}

typedef bool take_fn(void *arg, const struct store_audit *record, struct err *err);

static bool take_page(const struct page *p, take_fn *take, void *arg, struct err *err)
{
    const struct store_audit *records = p->rows;

    for (size_t i = 0; i < p->count; i++) {
        if (!take(arg, &records[i], err))
            return false;
    }
    return true;
}

bool audit_each(struct store *s, int64_t above, size_t limit, take_fn *take, void *arg,
                struct err *err)
{
    struct arena a = arena_over(PAGE_MEMORY);
    struct page p = { .above = above, .arena = &a };
    size_t left = limit > 0 ? limit : SIZE_MAX;
    bool is_well;

    do {
        arena_reset(&a);
        p.limit = left < AUDIT_PAGE ? left : AUDIT_PAGE;
        p.count = 0;
        is_well = store_view(s, page_body, &p, err) && take_page(&p, take, arg, err);
        left -= p.count;
        if (p.count > 0)
            p.above = ((const struct store_audit *)p.rows)[p.count - 1].number;
    } while (is_well && p.count == p.limit && left > 0);
    arena_fini(&a);
    return is_well;
}

/* The walk: where it is, and whether it has passed the place that was written down elsewhere. */
struct walk {
    struct crypto *crypto;
    const struct audit_head *expected;
    struct audit_head start, at, pruned; /* pruned: what the last record about it says */
    bool has_begun, has_passed;
};

static bool is_same(const struct audit_head *a, const struct audit_head *b)
{
    return a->number == b->number && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

/* What the first record says came before it; whether that may be missing is known at the end. */
static bool walk_begin(struct walk *w, const struct store_audit *record, struct err *err)
{
    w->has_begun = true;
    if (record->number <= 1)
        return true;
    w->start.number = record->number - 1;
    memcpy(w->start.hash, record->previous.p, sizeof w->start.hash);
    w->at = w->start;
    if (!w->expected || w->expected->number > w->start.number)
        return true;
    w->has_passed = is_same(w->expected, &w->start);
    return w->has_passed ||
           broken(record, "the record that was written down was pruned before it", err);
}

static bool walk_take(void *arg, const struct store_audit *record, struct err *err)
{
    struct walk *w = arg;

    if (!w->has_begun && !walk_begin(w, record, err))
        return false;
    if (!audit_step(w->crypto, record, &w->at, err))
        return false;
    if (span_is(record->action, AUDIT_PRUNED) && !audit_pruned_parse(record, &w->pruned, err))
        return false;
    if (!w->expected || w->expected->number != w->at.number)
        return true;
    w->has_passed = memcmp(w->expected->hash, w->at.hash, sizeof w->at.hash) == 0;
    return w->has_passed || broken(record, "is not the record that was written down", err);
}

static bool crypto_body(struct tx *tx, void *arg, struct err *err)
{
    (void)err;
    *(struct crypto **)arg = tx_crypto(tx);
    return true;
}

bool audit_verify(struct store *s, const struct audit_head *expected, struct audit_head *out,
                  struct err *err)
{
    struct walk w = { .expected = expected, .has_passed = !expected || expected->number == 0 };

    if (!store_view(s, crypto_body, &w.crypto, err) || !audit_each(s, 0, 0, walk_take, &w, err))
        return false;
    if (!w.has_passed)
        return err_fail(err, ERR_UNTRUSTED, NULL,
                        "the chain ends with record %lld: record %lld was cut off",
                        (long long)w.at.number, (long long)expected->number) ||
               err_in(err, "audit");
    if (!is_same(&w.start, &w.pruned))
        return err_fail(err, ERR_UNTRUSTED, NULL,
                        "the chain begins after record %lld, and its last record of a pruning says "
                        "%lld",
                        (long long)w.start.number, (long long)w.pruned.number) ||
               err_in(err, "audit");
    *out = w.at;
    return true;
}

void audit_pruned_write(struct writer *w, const struct audit_head *up_to)
{
    write_format(w, "{\"upTo\":%lld,\"hash\":\"", (long long)up_to->number);
    hex_write(w, span_of(up_to->hash, sizeof up_to->hash));
    write_text(w, "\"}");
}

static bool pruned_read(struct span detail, struct arena *a, struct audit_head *out,
                        struct err *err)
{
    const struct json *o = NULL;
    struct span hash = { 0 };

    if (!json_parse(detail, NULL, a, &o, err) || !json_get_int(o, "upTo", &out->number, err) ||
        !json_get_string(o, "hash", &hash, err))
        return false;
    return hex_read(hash, out->hash, sizeof out->hash, err) || err_in(err, "hash");
}

bool audit_pruned_parse(const struct store_audit *record, struct audit_head *up_to, struct err *err)
{
    struct arena a = arena_over(PRUNED_MEMORY);
    struct audit_head head = { 0 };
    struct err why = { 0 };
    bool is_well = pruned_read(record->detail, &a, &head, &why);

    arena_fini(&a);
    if (!is_well)
        return broken(record, "does not say up to which record the chain was pruned", err);
    *up_to = head;
    return true;
}

void audit_line_write(struct writer *w, const struct store_audit *r)
{
    char at[WHEN_TEXT];
    const struct {
        const char *name;
        struct span text;
    } texts[] = { { "actor", r->actor },
                  { "action", r->action },
                  { "instance", r->instance },
                  { "subject", r->subject } };

    write_format(w, "{\"number\":%lld,\"at\":%lld,\"time\":\"%s\"", (long long)r->number,
                 (long long)r->at, when_str(r->at, at));
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_format(w, ",\"%s\":", texts[i].name);
        json_write_string(w, texts[i].text);
    }
    write_text(w, ",\"detail\":");
    write_bytes(w, r->detail.n > 0 ? r->detail : span_str("null"));
    write_text(w, ",\"previous\":\"");
    hex_write(w, r->previous);
    write_text(w, "\",\"hash\":\"");
    hex_write(w, r->hash);
    write_text(w, "\"}");
}

static bool get_hash(const struct json *line, const char *name, struct arena *a, struct span *out,
                     struct err *err)
{
    uint8_t *room = ARENA_ARRAY(a, uint8_t, SHA256_SIZE);
    struct span text;

    if (!room)
        return arena_fail(a, err);
    if (!json_get_string(line, name, &text, err))
        return false;
    if (!hex_read(text, room, SHA256_SIZE, err))
        return err_in(err, name);
    *out = span_of(room, SHA256_SIZE);
    return true;
}

static bool get_detail(const struct json *line, struct span *out, struct err *err)
{
    const struct json *detail = json_member(line, "detail");

    if (!detail || (detail->type != JSON_OBJECT && detail->type != JSON_NULL))
        return err_fail(err, ERR_MALFORMED, NULL, "is neither an object nor null") ||
               err_in(err, "detail");
    *out = detail->type == JSON_OBJECT ? detail->raw : (struct span){ 0 };
    return true;
}

/* Two ways to say when must say the same. */
static bool check_time(const struct json *line, int64_t at, struct err *err)
{
    char text[WHEN_TEXT];
    struct span said;

    if (!json_get_string(line, "time", &said, err))
        return false;
    return span_is(said, when_str(at, text)) ||
           err_fail(err, ERR_MALFORMED, NULL, "is not the moment that \"at\" names") ||
           err_in(err, "time");
}

bool audit_line_parse(struct span line, struct arena *a, struct store_audit *out, struct err *err)
{
    struct store_audit r = { 0 };
    const struct json *o;
    struct json_limits limits = json_limits_default;

    limits.bytes = AUDIT_LINE_MAX;
    if (!json_parse(line, &limits, a, &o, err) || !json_get_int(o, "number", &r.number, err) ||
        !json_get_int(o, "at", &r.at, err) || !check_time(o, r.at, err) ||
        !json_get_string(o, "actor", &r.actor, err) ||
        !json_get_string(o, "action", &r.action, err) ||
        !json_get_string(o, "instance", &r.instance, err) ||
        !json_get_string(o, "subject", &r.subject, err) || !get_detail(o, &r.detail, err) ||
        !get_hash(o, "previous", a, &r.previous, err) || !get_hash(o, "hash", a, &r.hash, err))
        return false;
    if (!row_check(table, &r, err))
        return false;
    *out = r;
    return true;
}
