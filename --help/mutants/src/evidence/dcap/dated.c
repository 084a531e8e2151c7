/* Time: which items a verdict leans on, and whether each of them holds at the moment asked about.
 */
#include "case.h"

#include <stdio.h>
#include <string.h>

#include "../../base/when.h"

#define SPEC_TIME "the SGX contract, 8"

static struct dcap_dated of_cert(const char *name, const struct cert *cert)
{
    return (struct dcap_dated){ name, cert->not_before, cert->not_after };
}

static struct dcap_dated of_crl(const char *name, const struct crl *crl)
{
    return (struct dcap_dated){ name, crl->this_update, crl->next_update };
}

size_t dcap_dated_items(const struct dcap_case *c, struct dcap_dated out[DCAP_DATED_MAX])
{
    const struct dcap_collateral *k = c->in->collateral;
    const struct signing_chain *ti = &k->tcb_info_document.chain;
    const struct signing_chain *qi = &k->qe_identity_document.chain;
    const struct dcap_dated items[DCAP_DATED_MAX] = {
        { "tcbInfo", k->tcb_info.issue_date, k->tcb_info.next_update },
        { "qeIdentity", k->qe_identity.issue_date, k->qe_identity.next_update },
        of_crl("pck_crl.der", &k->pck_crl.crl),
        of_crl("root_ca_crl.der", &k->root_crl.crl),
        of_cert("pckCertificate", &c->chain->leaf),
        of_cert("intermediateCertificate", &c->chain->intermediate),
        of_cert("rootCertificate", &c->chain->root),
        of_cert("tcbSigningCertificate", &ti->signer),
        of_cert("tcbSigningRootCertificate", &ti->root),
        of_cert("qeSigningCertificate", &qi->signer),
        of_cert("qeSigningRootCertificate", &qi->root),
    };

    memcpy(out, items, sizeof items);
    return COUNT(items);
}

bool dcap_judge_begun(const struct dcap_case *c, const struct dcap_dated *item, enum err_code code,
                      struct err *err)
{
    char from[WHEN_TEXT], now[WHEN_TEXT];

    if (item->from <= c->in->now)
        return true;
    return err_fail(err, code, SPEC_TIME, "%s begins %s, judged at %s", item->name,
                    when_str(item->from, from), when_str(c->in->now, now));
}

static bool is_tolerated(const struct dcap_case *c, int64_t ended, bool is_document)
{
    int64_t ago;

    if (c->in->freshness == FRESH_PINNED)
        return is_document;
    if (c->in->freshness != FRESH_GRACE || __builtin_sub_overflow(c->in->now, ended, &ago))
        return false;
    return ago <= c->in->grace_seconds;
}

static void note_expired(struct tcb_report *tcb, const char *name)
{
    size_t n = strlen(tcb->expired_items);

    tcb->collateral_expired = true;
    snprintf(tcb->expired_items + n, sizeof tcb->expired_items - n, "%s%s", n > 0 ? ", " : "",
             name);
}

bool dcap_judge_lasts(struct dcap_case *c, const struct dcap_dated *item, bool is_document,
                      char *detail, struct err *err)
{
    char to[WHEN_TEXT], now[WHEN_TEXT];

    if (c->in->now <= item->to)
        return true;
    when_str(item->to, to);
    when_str(c->in->now, now);
    if (!is_tolerated(c, item->to, is_document))
        return err_fail(err, ERR_STALE, SPEC_TIME, "%s ended %s, judged at %s", item->name, to,
                        now);
    note_expired(c->tcb, item->name);
    snprintf(detail, DCAP_DETAIL, "%s ended %s and is accepted by the freshness asked for",
             item->name, to);
    return true;
}

/* The three certificates that came with the evidence. */
static void chain_items(const struct dcap_case *c, struct dcap_dated out[3])
{
    out[0] = of_cert("pckCertificate", &c->chain->leaf);
    out[1] = of_cert("intermediateCertificate", &c->chain->intermediate);
    out[2] = of_cert("rootCertificate", &c->chain->root);
}

bool dcap_check_chain_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    struct dcap_dated items[3];

    (void)detail;
    chain_items(c, items);
    for (size_t i = 0; i < COUNT(items); i++)
        if (!dcap_judge_begun(c, &items[i], ERR_UNTRUSTED, err))
            return false;
    return true;
}

bool dcap_check_chain_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct dcap_dated items[3];

    chain_items(c, items);
    for (size_t i = 0; i < COUNT(items); i++)
        if (!dcap_judge_lasts(c, &items[i], false, detail, err))
            return false;
    return true;
}

bool dcap_check_root_crl_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    struct dcap_dated item = of_crl("root_ca_crl.der", &c->in->collateral->root_crl.crl);

    (void)detail;
    return dcap_judge_begun(c, &item, ERR_UNTRUSTED, err);
}

bool dcap_check_root_crl_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct dcap_dated item = of_crl("root_ca_crl.der", &c->in->collateral->root_crl.crl);

    return dcap_judge_lasts(c, &item, false, detail, err);
}

bool dcap_check_pck_crl_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    struct dcap_dated item = of_crl("pck_crl.der", &c->in->collateral->pck_crl.crl);

    (void)detail;
    return dcap_judge_begun(c, &item, ERR_UNTRUSTED, err);
}

bool dcap_check_pck_crl_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct dcap_dated item = of_crl("pck_crl.der", &c->in->collateral->pck_crl.crl);

    return dcap_judge_lasts(c, &item, false, detail, err);
}

static bool signing_begun(const struct dcap_case *c, const struct signing_chain *chain,
                          const char *signer, const char *root, struct err *err)
{
    const struct dcap_dated items[] = { of_cert(signer, &chain->signer),
                                        of_cert(root, &chain->root) };

    return dcap_judge_begun(c, &items[0], ERR_UNTRUSTED, err) &&
           dcap_judge_begun(c, &items[1], ERR_UNTRUSTED, err);
}

static bool signing_lasts(struct dcap_case *c, const struct signing_chain *chain,
                          const char *signer, const char *root, char *detail, struct err *err)
{
    const struct dcap_dated items[] = { of_cert(signer, &chain->signer),
                                        of_cert(root, &chain->root) };

    return dcap_judge_lasts(c, &items[0], false, detail, err) &&
           dcap_judge_lasts(c, &items[1], false, detail, err);
}

bool dcap_check_tcb_signing_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return signing_begun(c, &c->in->collateral->tcb_info_document.chain, "tcbSigningCertificate",
                         "tcbSigningRootCertificate", err);
}

bool dcap_check_tcb_signing_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    return signing_lasts(c, &c->in->collateral->tcb_info_document.chain, "tcbSigningCertificate",
                         "tcbSigningRootCertificate", detail, err);
}

bool dcap_check_qe_signing_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return signing_begun(c, &c->in->collateral->qe_identity_document.chain, "qeSigningCertificate",
                         "qeSigningRootCertificate", err);
}

bool dcap_check_qe_signing_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    return signing_lasts(c, &c->in->collateral->qe_identity_document.chain, "qeSigningCertificate",
                         "qeSigningRootCertificate", detail, err);
}

static struct dcap_dated tcb_info_item(const struct dcap_case *c)
{
    const struct tcb_info *info = &c->in->collateral->tcb_info;

    return (struct dcap_dated){ "tcbInfo", info->issue_date, info->next_update };
}

static struct dcap_dated qe_identity_item(const struct dcap_case *c)
{
    const struct qe_identity *identity = &c->in->collateral->qe_identity;

    return (struct dcap_dated){ "qeIdentity", identity->issue_date, identity->next_update };
}

bool dcap_check_tcb_info_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    struct dcap_dated item = tcb_info_item(c);

    (void)detail;
    return dcap_judge_begun(c, &item, ERR_STALE, err);
}

bool dcap_check_tcb_info_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct dcap_dated item = tcb_info_item(c);

    return dcap_judge_lasts(c, &item, true, detail, err);
}

bool dcap_check_qe_identity_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    struct dcap_dated item = qe_identity_item(c);

    (void)detail;
    return dcap_judge_begun(c, &item, ERR_STALE, err);
}

bool dcap_check_qe_identity_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    struct dcap_dated item = qe_identity_item(c);

    return dcap_judge_lasts(c, &item, true, detail, err);
}
