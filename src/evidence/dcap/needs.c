#include "collateral.h"

#include <stdio.h>
#include <string.h>

#include "certification.h"
#include "container.h"
#include "ledger.h"
#include "pck.h"

/* The leaf is read without believing it: a forged one only fetches collateral that it then fails.
 */
static bool read_leaf(const struct quote *quote, struct arena *a, struct cert *leaf,
                      struct err *err)
{
    struct certification certification;
    struct span der = { 0 };

    return certification_parse(quote->certification_type, quote->certification_data, a,
                               &certification, err) &&
           certification_has_pck(&certification, err) &&
           certification_leaf(&certification, a, &der, err) && cert_parse(der, leaf, err);
}

static bool needs_of_quote(const struct quote *quote, struct arena *a, struct dcap_needs *out,
                           struct err *err)
{
    struct cert leaf;
    struct pck pck;
    struct dcap_needs needs = { 0 };

    if (!read_leaf(quote, a, &leaf, err) || !pck_parse(&leaf, &pck, err))
        return false;
    memcpy(needs.fmspc, pck.fmspc, sizeof needs.fmspc);
    snprintf(needs.ca, sizeof needs.ca, "%s",
             cert_cn_contains(leaf.issuer_cn, "Platform") ? "platform" : "processor");
    *out = needs;
    return true;
}

static bool open_quote(enum evidence_kind kind, struct span evidence, struct quote *quote,
                       struct err *err)
{
    struct dcap_container box;

    return dcap_container_open(kind, evidence, &box, err) && quote_parse(box.quote, quote, err);
}

bool dcap_needs(enum evidence_kind kind, struct span evidence, struct arena *a,
                struct dcap_needs *out, struct err *err)
{
    struct quote quote;

    return open_quote(kind, evidence, &quote, err) && needs_of_quote(&quote, a, out, err);
}

bool dcap_needs_of(const struct appraise_in *in, struct dcap_needs *out, struct err *err)
{
    struct ledger_key key;
    struct quote quote;

    if (!in->cache)
        return dcap_needs(in->kind, in->evidence, in->arena, out, err);
    if (!open_quote(in->kind, in->evidence, &quote, err))
        return false;
    if (!ledger_data_sum(in->cache, in->crypto, quote.certification_type, quote.certification_data,
                         &key, err))
        return false;
    if (ledger_needs(in->cache, &key, out))
        return true;
    if (!needs_of_quote(&quote, in->arena, out, err))
        return false;
    ledger_keep_needs(in->cache, &key, out);
    return true;
}
