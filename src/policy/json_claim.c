#include "json_claim.h"
#include "jmes_query.h"

#include <string.h>

/* Reads an argument as JSON: X402, or X411 where it is too deep or too long. */
static bool read_json(struct machine *m, struct span text, uint32_t at, const struct json **out)
{
    struct json_limits limits = { .bytes = POLICY_JSON_BYTES,
                                  .depth = POLICY_JSON_DEPTH,
                                  .members = SIZE_MAX };
    struct err err = { 0 };

    if (!machine_charge(m, COST_CALL + text.n / 4, at))
        return false;
    /* No more values than what is left of the work allows for. */
    limits.nodes = (size_t)((m->limit - m->steps) / COST_JSON_NODE) + 1;
    if (json_parse(text, &limits, m->arena, out, &err))
        return true;
    if (err.code == ERR_MALFORMED)
        return machine_fail(m, "X402", at, "this is not JSON: byte %zu: %.150s", err.offset,
                            err.text);
    if (err.code == ERR_LIMIT && !m->arena->is_full)
        return machine_fail(m, "X411", at, "this JSON is beyond the limits: %.150s", err.text);
    return machine_no_memory(m, at);
}

/* A JSON number taken apart: sign, digits without the point, and how many of them stand behind it.
 */
struct decimal {
    bool is_negative;
    struct span whole, fraction;
    int64_t exponent;
};

enum { EXPONENT_MOST = 100000 }; /* far more than any number of digits within int64 can undo */

static struct decimal take_apart(struct span raw)
{
    struct decimal d = { .is_negative = raw.p[0] == '-' };
    size_t at = d.is_negative, from = at;
    bool is_small;

    while (at < raw.n && raw.p[at] >= '0' && raw.p[at] <= '9')
        at++;
    d.whole = span_part(raw, from, at - from);
    if (at < raw.n && raw.p[at] == '.') {
        from = ++at;
        while (at < raw.n && raw.p[at] >= '0' && raw.p[at] <= '9')
            at++;
        d.fraction = span_part(raw, from, at - from);
    }
    if (at == raw.n)
        return d;
    at++; /* e */
    is_small = raw.p[at] == '-';
    at += raw.p[at] == '-' || raw.p[at] == '+';
    for (; at < raw.n; at++)
        if (d.exponent < EXPONENT_MOST)
            d.exponent = d.exponent * 10 + (raw.p[at] - '0');
    if (is_small)
        d.exponent = -d.exponent;
    return d;
}

static int decimal_digit(const struct decimal *d, size_t i)
{
    if (i < d->whole.n)
        return d->whole.p[i] - '0';
    return i - d->whole.n < d->fraction.n ? d->fraction.p[i - d->whole.n] - '0' : 0;
}

/* The value of a number that is mathematically integral and fits; `3.0`, `1e3` and `-0` count
 * (7.4).
 */
static bool to_integer(struct span raw, int64_t *out)
{
    struct decimal d = take_apart(raw);
    size_t digits = d.whole.n + d.fraction.n;
    int64_t v = 0, left = (int64_t)d.whole.n + d.exponent; /* digits before the point */

    for (size_t i = 0; i < digits; i++)
        if ((int64_t)i >= left && decimal_digit(&d, i) != 0)
            return false;
    for (int64_t i = 0; i < left && (v != 0 || (size_t)i < digits); i++) {
        int digit = decimal_digit(&d, (size_t)i);

        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, d.is_negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}

/* One primitive; null gives nothing (*count stays). */
static bool convert(struct machine *m, const struct code *call, const struct json *j,
                    struct value *items, uint32_t *count)
{
    int64_t integer;

    switch (j->type) {
    case JSON_NULL:
        return true;
    case JSON_FALSE:
    case JSON_TRUE:
        items[(*count)++] = value_boolean(j->type == JSON_TRUE);
        return true;
    case JSON_STRING:
        items[(*count)++] = value_text(j->text);
        return true;
    case JSON_NUMBER:
        if (!to_integer(j->raw, &integer))
            return machine_fail(m, "X403", call->at,
                                "a number with a fraction, or beyond 64 bits, is no claim value");
        items[(*count)++] = value_integer(integer);
        return true;
    default:
        return machine_fail(m, "X403", call->at, "an %s inside is no claim value",
                            json_type_name(j->type));
    }
}

/* Repeats collapse; the first of each stays, in order. */
static bool collapse(struct machine *m, const struct code *call, struct value *items,
                     uint32_t *count)
{
    struct facts seen;
    uint64_t steps = 0;
    uint32_t number, kept = 0;
    bool is_new;

    if (!facts_init(&seen, m->program, m->arena, *count, false))
        return machine_no_memory(m, call->at);
    for (uint32_t i = 0; i < *count; i++) {
        if (!facts_add(&seen, &(struct fact){ .value = items[i] }, &number, &is_new, &steps))
            return machine_no_memory(m, call->at);
        if (is_new)
            items[kept++] = items[i];
    }
    *count = kept;
    return machine_charge(m, steps, call->at);
}

/* JsonToClaimValue(json): a primitive, or a set of those in an array (7.4). */
bool run_json_to_claim_value(struct machine *m, const struct code *call,
                             const struct value *arguments, struct value *out)
{
    const struct json *j;
    struct value *items;
    uint32_t count = 0;

    if (!read_json(m, arguments[0].text, machine_argument_at(m, call, 0), &j))
        return false;
    if (j->type == JSON_OBJECT)
        return machine_fail(m, "X403", call->at, "an object is no claim value");
    if (!machine_charge(m, COST_JSON_NODE * (uint64_t)(j->count + 1), call->at))
        return false;
    items = ARENA_ARRAY(m->arena, struct value, j->count + 1);
    if (!items)
        return machine_no_memory(m, call->at);
    if (j->type != JSON_ARRAY) {
        if (!convert(m, call, j, items, &count))
            return false;
        *out = items[0];
        if (count == 0)
            *out = (struct value){ .kind = VALUE_SET, .items = items };
        return true;
    }
    for (const struct json *e = j->child; e; e = e->next)
        if (!convert(m, call, e, items, &count))
            return false;
    if (!collapse(m, call, items, &count))
        return false;
    *out = (struct value){ .kind = VALUE_SET, .count = count, .items = items };
    return true;
}

/* JmesPath */

/* Texts that were read, answers that were given and queries that were computed, so that none is
 * done twice. A text is known again by where it lies: nothing in the arena moves while a request
 * lasts. Where it is kept must not follow from that: how much work an evaluation takes is the same
 * wherever memory happens to be. */
struct known_document {
    struct span text;
    struct jv value;
    uint32_t number; /* in the order of reading */
};

struct known_answer {
    uint32_t document;
    const struct jmes_query *query; /* NULL: nothing is known here */
    struct value answer;
};

struct known_query {
    struct span text;
    const struct jmes_query *query;
};

enum { DOCUMENTS_KNOWN = 32, ANSWERS_KNOWN = 128, QUERIES_KNOWN = 16 };

struct json_cache {
    struct known_document documents[DOCUMENTS_KNOWN]; /* the oldest gives way */
    struct known_answer answers[ANSWERS_KNOWN];
    struct known_query queries[QUERIES_KNOWN];
    uint32_t document_count, query_count; /* ever entered */
};

static bool is_there(struct span a, struct span b)
{
    return a.p == b.p && a.n == b.n && a.p != NULL;
}

static const struct known_document *known_document(const struct json_cache *cache, struct span text)
{
    for (size_t i = 0; i < DOCUMENTS_KNOWN; i++)
        if (is_there(cache->documents[i].text, text))
            return &cache->documents[i];
    return NULL;
}

static struct known_document *enter_document(struct json_cache *cache, struct span text,
                                             const struct jv *value)
{
    uint32_t number = cache->document_count++;
    struct known_document *known = &cache->documents[number % DOCUMENTS_KNOWN];

    *known = (struct known_document){ .text = text, .value = *value, .number = number };
    return known;
}

static struct known_answer *answer_slot(struct json_cache *cache, uint32_t document,
                                        const struct jmes_query *query)
{
    return &cache->answers[hash_word(query->hash, document) % ANSWERS_KNOWN];
}

static bool start_cache(struct machine *m, uint32_t at)
{
    if (!m->json)
        m->json = ARENA_NEW(m->arena, struct json_cache);
    return m->json || machine_no_memory(m, at);
}

/* What a query may still use of the evaluation. */
static struct jmes_work work_left(const struct machine *m)
{
    return (struct jmes_work){ .arena = m->arena, .steps = m->steps, .limit = m->limit };
}

/* The document an argument holds, read once. */
static bool find_document(struct machine *m, struct span text, uint32_t at,
                          struct known_document *out)
{
    const struct known_document *known = known_document(m->json, text);
    struct jmes_work w = work_left(m);
    const struct json *j;
    struct jv value;

    if (known) {
        *out = *known;
        return true;
    }
    if (!read_json(m, text, at, &j))
        return false;
    if (!jv_from_json(&w, j, &value)) {
        if (w.fault.kind == JMES_VALUE)
            return machine_fail(m, "X402", at, "%s", w.fault.text);
        return w.fault.kind == JMES_LIMIT ? machine_over(m, at) : machine_no_memory(m, at);
    }
    m->steps = w.steps;
    *out = *enter_document(m->json, text, &value);
    return true;
}

static const struct jmes_query *known_query(const struct json_cache *cache, struct span text)
{
    for (size_t i = 0; i < QUERIES_KNOWN; i++)
        if (cache->queries[i].query && span_equal(cache->queries[i].text, text))
            return cache->queries[i].query;
    return NULL;
}

/* A query that was computed: X404 when it cannot be read. */
static bool find_query(struct machine *m, struct span text, uint32_t at,
                       const struct jmes_query **out)
{
    struct jmes_fault fault;

    if (!machine_charge(m, QUERIES_KNOWN + text.n / 16, at))
        return false;
    *out = known_query(m->json, text);
    if (*out)
        return true;
    if (!machine_charge(m, COST_QUERY_BYTE * (uint64_t)text.n, at))
        return false;
    if (text.n > POLICY_COMPUTED_LIMIT)
        return machine_fail(m, "X404", at, "a query has at most %d bytes", POLICY_COMPUTED_LIMIT);
    if (!jmes_parse(text, m->arena, out, &fault))
        return fault.kind == JMES_MEMORY
                   ? machine_no_memory(m, at)
                   : machine_fail(m, "X404", at, "the query cannot be read: byte %zu: %s",
                                  fault.offset, fault.text);
    m->json->queries[m->json->query_count++ % QUERIES_KNOWN] =
        (struct known_query){ .text = text, .query = *out };
    return true;
}

static bool take_fault(struct machine *m, const struct code *call, const struct jmes_work *w)
{
    if (w->fault.kind == JMES_MEMORY)
        return machine_no_memory(m, call->at);
    if (w->fault.kind == JMES_LIMIT)
        return machine_fail(m, "X411", call->at, "%s", w->fault.text);
    return machine_fail(m, "X405", call->at, "the query fails (%s): %s",
                        jmes_error_name(w->fault.kind), w->fault.text);
}

/* Runs a query and writes its result as JSON text; what was written is known as a document. */
static bool answer(struct machine *m, const struct code *call, const struct jmes_query *query,
                   const struct jv *document, struct value *out)
{
    struct jmes_work w = work_left(m);
    struct writer text = writer_in(m->arena, 32);
    struct jv result;
    size_t depth = 0;

    if (!jmes_run(query, document, &w, &result) || !jv_write(&w, &result, &text, &depth)) {
        m->steps = w.steps < m->limit ? w.steps : m->limit;
        return take_fault(m, call, &w);
    }
    m->steps = w.steps;
    *out = value_text(writer_span(&text));
    if (depth <= POLICY_JSON_DEPTH)
        enter_document(m->json, out->text, &result);
    return machine_charge(m, text.n / 16, call->at);
}

/* JmesPath(json, query): the result as JSON text (7.2). */
bool run_jmes_path(struct machine *m, const struct code *call, const struct value *arguments,
                   struct value *out)
{
    const struct jmes_query *query = call->query;
    struct known_document document = { 0 };
    struct known_answer *known;

    if (!start_cache(m, call->at) ||
        !find_document(m, arguments[0].text, machine_argument_at(m, call, 0), &document) ||
        (!query && !find_query(m, arguments[1].text, machine_argument_at(m, call, 1), &query)))
        return false;
    known = answer_slot(m->json, document.number, query);
    if (known->query == query && known->document == document.number) {
        *out = known->answer;
        return true;
    }
    if (!answer(m, call, query, &document.value, out))
        return false;
    *known = (struct known_answer){ document.number, query, *out };
    return true;
}
