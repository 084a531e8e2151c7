#include "sipa_json.h"

#include "../../base/b64.h"
#include "../../format/json.h"
#include "utf16.h"

#include <inttypes.h>
#include <stdlib.h>

/* A record on its way into an object. */
struct slot {
    const struct sipa *record;
    const struct sipa_def *def;
    size_t at; /* its place among the others */
    bool has_number;
    uint64_t number;
};

struct job {
    struct writer *w;
    struct arena *arena;
    struct err *err;
    bool is_unmeasured; /* write what is marked as not measured, and all that lies in it */
};

void raw_json_write(struct writer *w, struct span bytes)
{
    write_text(w, "{\"RawData\":\"");
    b64_write_url(w, bytes);
    write_text(w, "\"}");
}

static bool is_numeric(const struct sipa_def *def)
{
    return def && (def->form == SIPA_BOOL || def->form == SIPA_INT || def->form == SIPA_VALUE ||
                   def->form == SIPA_BARE);
}

static struct slot slot_of(const struct sipa *record, size_t at)
{
    struct slot s = { .record = record, .def = sipa_def_find(record->id), .at = at };

    s.has_number = is_numeric(s.def) && sipa_number(record, &s.number);
    return s;
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_values(const struct slot *a, const struct slot *b)
{
    if (a->has_number && b->has_number)
        return order(a->number, b->number);
    if (a->has_number != b->has_number)
        return a->has_number ? -1 : 1;
    return span_compare(a->record->payload, b->record->payload);
}

static int by_value(const void *pa, const void *pb)
{
    const struct slot *a = pa, *b = pb;
    int c = order(a->record->id, b->record->id);

    if (c == 0)
        c = compare_values(a, b);
    return c ? c : order(a->at, b->at);
}

static int by_place(const void *pa, const void *pb)
{
    const struct slot *a = pa, *b = pb;
    int c = order(a->record->id, b->record->id);

    return c ? c : order(a->at, b->at);
}

/* Lets equal values of one id count once, unless the id is always an array; what is left stands by
 * id, then in the order of the log. The new count. */
static size_t tidy(struct slot *slots, size_t n)
{
    size_t kept = 0;

    qsort(slots, n, sizeof *slots, by_value);
    for (size_t i = 0; i < n; i++) {
        bool is_same = kept > 0 && slots[kept - 1].record->id == slots[i].record->id &&
                       compare_values(&slots[kept - 1], &slots[i]) == 0;

        if (!is_same || (slots[i].def && slots[i].def->is_many))
            slots[kept++] = slots[i];
    }
    qsort(slots, kept, sizeof *slots, by_place);
    return kept;
}

static bool write_object(struct job *j, const struct sipa *first);

static void write_valued(struct writer *w, const struct slot *s)
{
    char buf[SIPA_WORD_TEXT];

    write_format(w, "{\"Value\":%" PRIu64, s->number);
    if (s->def->form == SIPA_VALUE) {
        write_text(w, ",\"String\":");
        json_write_string(w, span_str(sipa_word(s->def, s->number, buf)));
    }
    write_text(w, "}");
}

static bool write_text_value(struct job *j, struct span payload)
{
    struct span text;

    if (payload.n % 2 != 0) {
        raw_json_write(j->w, payload);
        return true;
    }
    text = utf16_dup(j->arena, utf16_trim(payload));
    if (!text.p)
        return arena_fail(j->arena, j->err);
    json_write_string(j->w, text);
    return true;
}

static bool write_value(struct job *j, const struct slot *s)
{
    enum sipa_form form = s->def ? s->def->form : SIPA_RAW;

    if (form == SIPA_RECORDS)
        return write_object(j, s->record->child);
    if (form == SIPA_TEXT)
        return write_text_value(j, s->record->payload);
    if (!s->has_number || (form == SIPA_BOOL && s->number > 1))
        raw_json_write(j->w, s->record->payload);
    else if (form == SIPA_INT)
        write_format(j->w, "%" PRIu64, s->number);
    else if (form == SIPA_BOOL)
        write_text(j->w, s->number ? "true" : "false");
    else
        write_valued(j->w, s);
    return true;
}

static void write_name(struct writer *w, const struct slot *s)
{
    if (s->def)
        write_format(w, "\"EVENT_%s\":", s->def->name);
    else
        write_format(w, "\"EVENT_0x%08" PRIX32 "\":", s->record->id);
}

/* The records of one id: alone, or as an array. */
static bool write_group(struct job *j, const struct slot *slots, size_t n)
{
    bool is_array = n > 1 || (slots[0].def && slots[0].def->is_many);

    write_name(j->w, &slots[0]);
    if (is_array)
        write_text(j->w, "[");
    for (size_t i = 0; i < n; i++) {
        write_text(j->w, i ? "," : "");
        if (!write_value(j, &slots[i]))
            return false;
    }
    if (is_array)
        write_text(j->w, "]");
    return true;
}

static bool write_slots(struct job *j, struct slot *slots, size_t n)
{
    size_t next;

    n = tidy(slots, n);
    write_text(j->w, "{");
    for (size_t i = 0; i < n; i = next) {
        next = i + 1;
        while (next < n && slots[next].record->id == slots[i].record->id)
            next++;
        write_text(j->w, i ? "," : "");
        if (!write_group(j, slots + i, next - i))
            return false;
    }
    write_text(j->w, "}");
    return true;
}

static bool is_wanted(const struct job *j, const struct sipa *s)
{
    return j->is_unmeasured || (s->id & SIPA_IS_UNMEASURED) == 0;
}

/* As deep as the tree, whose depth is limited. */
static bool write_object(struct job *j, const struct sipa *first)
{
    struct slot *slots;
    size_t n = 0;

    for (const struct sipa *s = first; s; s = s->next)
        n += is_wanted(j, s);
    slots = ARENA_ARRAY(j->arena, struct slot, n);
    if (!slots)
        return arena_fail(j->arena, j->err);
    n = 0;
    for (const struct sipa *s = first; s; s = s->next)
        if (is_wanted(j, s)) {
            slots[n] = slot_of(s, n);
            n++;
        }
    return write_slots(j, slots, n);
}

bool sipa_json_write(struct writer *w, const struct sipa *first, struct arena *a, struct err *err)
{
    struct job j = { w, a, err, false };

    return write_object(&j, first);
}

/* Those marked, not what lies in them; into `out` unless it is NULL. */
static size_t collect(const struct sipa *first, struct slot *out, size_t n)
{
    for (const struct sipa *s = first; s; s = s->next) {
        if ((s->id & SIPA_IS_UNMEASURED) == 0) {
            n = collect(s->child, out, n);
            continue;
        }
        if (out)
            out[n] = slot_of(s, n);
        n++;
    }
    return n;
}

bool sipa_has_unmeasured(const struct sipa *first)
{
    return collect(first, NULL, 0) > 0;
}

bool sipa_json_write_unmeasured(struct writer *w, const struct sipa *first, struct arena *a,
                                struct err *err)
{
    struct job j = { w, a, err, true };
    size_t n = collect(first, NULL, 0);
    struct slot *slots = ARENA_ARRAY(a, struct slot, n);

    if (!slots)
        return arena_fail(a, err);
    return write_slots(&j, slots, collect(first, slots, 0));
}
