#include "baseline.h"

#include "../base/hex.h"
#include "../crypto/cert.h"

#include <stdio.h>

/* The identifier that the policy's configuration names, or empty. A configuration that fails is
 * reported by the evaluation, not here. */
static bool identifier_of(const struct policy *policy, struct arena *a, struct span *out,
                          struct err *err)
{
    struct claim_set set = { 0 };
    const struct claim *c;
    struct err ignored = { 0 };

    *out = (struct span){ 0 };
    if (!policy || !policy_configuration(policy, a, &set, &ignored))
        return ignored.code != ERR_MEMORY || err_fail(err, ERR_MEMORY, NULL, "out of memory");
    c = claim_find(&set, span_str("x-ms-sgx-tcbidentifier"));
    if (c && c->type == CLAIM_STRING)
        *out = c->text;
    return true;
}

static bool ca_fits(const struct dcap_collateral *k, const char *ca)
{
    const char *phrase = ca[0] == 'p' && ca[1] == 'r' ? "Processor" : "Platform";

    return cert_cn_contains(dcap_collateral_ca(k), phrase);
}

static bool is_number(struct span identifier, uint32_t *out)
{
    uint32_t v = 0;

    if (identifier.n == 0 || identifier.n > 9)
        return false;
    for (size_t i = 0; i < identifier.n; i++) {
        if (identifier.p[i] < '0' || identifier.p[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(identifier.p[i] - '0');
    }
    *out = v;
    return true;
}

/* Tells whether a is to be preferred: valid now before not, then the larger number, then the later
 * end. */
static bool is_better(const struct dcap_collateral *a, const struct dcap_collateral *b, int64_t now)
{
    struct dcap_window x = dcap_collateral_window(a), y = dcap_collateral_window(b);
    bool x_now = x.not_before <= now && now <= x.not_after;
    bool y_now = y.not_before <= now && now <= y.not_after;
    uint32_t m = dcap_collateral_evaluation_number(a), n = dcap_collateral_evaluation_number(b);

    if (x_now != y_now)
        return x_now;
    if (m != n)
        return m > n;
    return x.not_after > y.not_after;
}

struct wanted {
    struct dcap_needs needs;
    bool has_number;
    uint32_t number;
};

static const struct dcap_collateral *best_of(struct dcap_collateral *const *sets, size_t count,
                                             const struct wanted *w, int64_t now)
{
    const struct dcap_collateral *best = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct dcap_collateral *k = sets[i];

        if (!span_equal(dcap_collateral_fmspc(k), span_of(w->needs.fmspc, 6)) ||
            !ca_fits(k, w->needs.ca))
            continue;
        if (w->has_number && dcap_collateral_evaluation_number(k) != w->number)
            continue;
        if (!best || is_better(k, best, now))
            best = k;
    }
    return best;
}

static const char *note_of(struct arena *a, const struct wanted *w, struct span identifier)
{
    struct writer out = writer_in(a, 160);
    struct span text = { 0 };

    write_text(&out, "no collateral is loaded for FMSPC ");
    hex_write(&out, span_of(w->needs.fmspc, 6));
    write_format(&out, " under the %s CA", w->needs.ca);
    if (identifier.n > 0)
        write_format(&out, " and TCB baseline \"%.*s\"", SPAN_ARG(identifier));
    write_u8(&out, 0);
    return writer_done(&out, &text, NULL) ? (const char *)text.p
                                          : "no collateral is loaded for this platform";
}

/* Tells whether an identifier asks for another baseline than the default, and for which. */
static bool names_number(struct span identifier, uint32_t *out)
{
    if (identifier.n == 0 || span_is(identifier, "azuredefault"))
        return false;
    if (!is_number(identifier, out))
        *out = UINT32_MAX; /* no document's: an unknown identifier is refused */
    return true;
}

static bool keep_identifier(struct arena *a, struct span identifier, const char **out,
                            struct err *err)
{
    *out = (const char *)arena_dup(a, identifier).p;
    return *out || arena_fail(a, err);
}

bool baseline_choose(struct dcap_collateral *const *sets, size_t count,
                     const struct appraise_in *in, const struct policy *policy,
                     struct baseline_choice *out, struct err *err)
{
    struct span identifier = { 0 };
    struct wanted w = { 0 };
    struct err ignored = { 0 };

    *out = (struct baseline_choice){ 0 };
    if (!identifier_of(policy, in->arena, &identifier, err))
        return false;
    w.has_number = names_number(identifier, &w.number);
    if (w.has_number && !keep_identifier(in->arena, identifier, &out->identifier, err))
        return false;
    if (!dcap_needs_of(in, &w.needs, &ignored))
        return true; /* evidence this broken is refused by the checks, with the reason */
    out->collateral = best_of(sets, count, &w, in->now);
    if (!out->collateral && w.has_number) {
        w.has_number = false;
        out->collateral = best_of(sets, count, &w, in->now);
        out->is_missing = out->collateral != NULL;
    }
    if (!out->collateral)
        out->note = note_of(in->arena, &w, identifier);
    return true;
}

bool baseline_require(const struct policy *policy, struct appraise_in *in, struct err *err)
{
    struct span identifier = { 0 };
    uint32_t number = 0;

    if (!identifier_of(policy, in->arena, &identifier, err))
        return false;
    if (!names_number(identifier, &number))
        return true;
    in->baseline_is_missing =
        in->collateral && dcap_collateral_evaluation_number(in->collateral) != number;
    return keep_identifier(in->arena, identifier, &in->baseline, err);
}

/* Keeps the rows in order; a number that is there is not added again. */
static void add_row(struct baseline_row *rows, size_t *count, uint32_t number)
{
    size_t at = *count;

    for (size_t i = 0; i < *count; i++)
        if (rows[i].number == number)
            return;
    for (; at > 0 && rows[at - 1].number > number; at--)
        rows[at] = rows[at - 1];
    rows[at] = (struct baseline_row){ .number = number };
    ++*count;
}

bool baseline_list(struct dcap_collateral *const *sets, size_t count, const struct policy *policy,
                   int64_t now, struct arena *a, struct baseline_row **out, size_t *out_count,
                   struct err *err)
{
    struct baseline_row *rows = ARENA_ARRAY(a, struct baseline_row, count);
    const struct dcap_collateral *best = NULL;
    struct span identifier = { 0 };
    uint32_t chosen = 0;
    size_t n = 0;

    if (!rows)
        return arena_fail(a, err);
    if (!identifier_of(policy, a, &identifier, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        add_row(rows, &n, dcap_collateral_evaluation_number(sets[i]));
        if (!best || is_better(sets[i], best, now))
            best = sets[i];
    }
    if (!names_number(identifier, &chosen) && best)
        chosen = dcap_collateral_evaluation_number(best);
    for (size_t i = 0; i < n; i++)
        rows[i].is_selected = rows[i].number == chosen;
    *out = rows;
    *out_count = n;
    return true;
}
