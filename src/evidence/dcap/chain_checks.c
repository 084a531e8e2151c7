/* The rows about the PCK chain. Signatures that held before are remembered; nothing else is. */
#include "case.h"

#include <string.h>

/* A verdict's name: what was judged, under which roots, beside which collateral. */
static bool make_key(const struct dcap_case *c, const struct span *parts, size_t count,
                     struct ledger_key *out, struct err *err)
{
    static const uint8_t none[SHA256_SIZE];
    const struct dcap_collateral *k = c->in->collateral;
    struct span all[8] = { span_of(c->roots, sizeof c->roots),
                           k ? dcap_collateral_identity(k) : span_of(none, sizeof none) };

    memcpy(all + 2, parts, count * sizeof *parts);
    return digest(c->in->crypto, DIGEST_SHA256, all, count + 2, out->sum, err);
}

static bool find_known_chain(struct dcap_case *c, struct err *err)
{
    struct ledger_key data = { 0 };
    const struct span parts[] = { span_of(data.sum, sizeof data.sum) };

    if (!c->in->cache)
        return true;
    if (!root_list_identity(c->in->crypto, c->in->roots, c->roots, err) ||
        !ledger_data_sum(c->in->cache, c->in->crypto, c->quote.certification_type,
                         c->quote.certification_data, &data, err) ||
        !make_key(c, parts, COUNT(parts), &c->chain_key, err))
        return false;
    c->chain = ledger_chain(c->in->cache, &c->chain_key);
    c->is_chain_known = c->is_authority_known = c->chain != NULL;
    return true;
}

/* An authority makes many platforms' certificates; its own signature need not be checked for each.
 */
static bool find_known_authority(struct dcap_case *c, struct err *err)
{
    const struct span parts[] = { c->chain->intermediate.der, c->chain->root.der };

    if (!c->in->cache)
        return true;
    if (!make_key(c, parts, COUNT(parts), &c->authority_key, err))
        return false;
    c->is_authority_known = ledger_has(c->in->cache, LEDGER_AUTHORITY, &c->authority_key);
    return true;
}

/* Issuers that the quote leaves out come with the collateral. */
static void add_issuers(const struct dcap_case *c, struct pck_chain *ders)
{
    if (ders->count == 3)
        return;
    ders->intermediate = c->in->collateral->pck_authority.der;
    ders->root = c->in->collateral->pck_root.der;
}

bool dcap_check_chain_shape(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct pck_chain ders;

    (void)detail;
    if (!find_known_chain(c, err))
        return false;
    if (c->chain)
        return true;
    if (!certification_chain(&c->certification, c->in->arena, &ders, err))
        return false;
    add_issuers(c, &ders);
    if (!dcap_chain_parse(&ders, &c->parsed, err))
        return false;
    c->chain = &c->parsed;
    return find_known_authority(c, err);
}

bool dcap_check_root_key(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    if (!root_check_key(c->in->roots, &c->chain->root, err))
        return false;
    trail_say(detail, root_find(c->in->roots, c->chain->root.point)->name);
    return true;
}

bool dcap_check_root_signature(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return c->is_authority_known ||
           cert_check_issuer_signature(c->in->crypto, &c->chain->root, &c->chain->root, err);
}

bool dcap_check_chain_names(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return dcap_chain_check_names(c->chain, err);
}

bool dcap_check_chain_constraints(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return dcap_chain_check_constraints(c->chain, err);
}

static bool verify_links(const struct dcap_case *c, struct err *err)
{
    if (!c->is_authority_known &&
        !cert_check_issuer_signature(c->in->crypto, &c->chain->intermediate, &c->chain->root, err))
        return err_in(err, "chain[1]");
    if (!c->is_chain_known &&
        !cert_check_issuer_signature(c->in->crypto, &c->chain->leaf, &c->chain->intermediate, err))
        return err_in(err, "chain[0]");
    return true;
}

bool dcap_check_chain_signatures(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    (void)detail;
    if (!verify_links(c, err))
        return false;
    if (c->in->cache && !c->is_authority_known)
        ledger_keep(c->in->cache, LEDGER_AUTHORITY, &c->authority_key);
    if (c->in->cache && !c->is_chain_known)
        ledger_keep_chain(c->in->cache, &c->chain_key, c->chain);
    return true;
}

/* ECDSA over the 384 bytes with the key in the platform's certificate. */
bool dcap_check_qe_report_signature(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    const struct span parts[] = { c->chain->leaf.point, c->quote.qe_report_bytes,
                                  c->quote.qe_report_signature, c->quote.attestation_key,
                                  c->quote.qe_auth_data };

    (void)detail;
    if (c->in->cache && !make_key(c, parts, COUNT(parts), &c->qe_key, err))
        return false;
    if (c->in->cache && ledger_has(c->in->cache, LEDGER_QE, &c->qe_key))
        return true;
    if (!p256_verify(c->in->crypto, c->chain->leaf.point, c->quote.qe_report_bytes,
                     c->quote.qe_report_signature, err))
        return err_in(err, "quote.qe_report.signature");
    if (c->in->cache)
        ledger_keep(c->in->cache, LEDGER_QE, &c->qe_key);
    return true;
}
