#include "collateral.h"

#include <stdio.h>
#include <string.h>

#include "certification.h"
#include "container.h"
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

bool dcap_needs(enum evidence_kind kind, struct span evidence, struct arena *a,
                struct dcap_needs *out, struct err *err)
{
    struct dcap_container box;
    struct quote quote;
    struct cert leaf;
    struct pck pck;
    struct dcap_needs needs = { 0 };

    if (!dcap_container_open(kind, evidence, &box, err) || !quote_parse(box.quote, &quote, err) ||
        !read_leaf(&quote, a, &leaf, err) || !pck_parse(&leaf, &pck, err))
        return false;
    memcpy(needs.fmspc, pck.fmspc, sizeof needs.fmspc);
    snprintf(needs.ca, sizeof needs.ca, "%s",
             cert_cn_contains(leaf.issuer_cn, "Platform") ? "platform" : "processor");
    *out = needs;
    return true;
}
