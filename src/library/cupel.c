#include "../../include/cupel/cupel.h"

#include "../evidence/dcap/collateral.h"
#include "../service/baseline.h"
#include "../service/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIBRARY_MEMORY = 512 * 1024 * 1024, LIBRARY_ROOTS_MAX = 16 };

struct cupel {
    struct crypto *crypto;
};

/* One call on its way: everything in the arena belongs to the verdict in the end. */
struct judgement {
    struct arena *arena;
    struct crypto *crypto;
    const struct cupel_request *request;
    struct root_key keys[LIBRARY_ROOTS_MAX];
    struct root_list roots;
    struct dcap_collateral *collateral;
    struct policy *policy;
    struct appraisal appraisal;
    struct policy_outcome outcome;
};

const char *cupel_version(void)
{
    return CUPEL_VERSION;
}

struct cupel *cupel_new(void)
{
    struct cupel *c = calloc(1, sizeof *c);
    struct err err = { 0 };

    if (!c)
        return NULL;
    c->crypto = crypto_new(&err);
    if (c->crypto)
        return c;
    free(c);
    return NULL;
}

void cupel_free(struct cupel *c)
{
    if (!c)
        return;
    crypto_free(c->crypto);
    free(c);
}

static struct span over(struct cupel_bytes b)
{
    return span_of(b.p, b.n);
}

static bool take_roots(struct judgement *j, struct err *err)
{
    const struct cupel_request *r = j->request;

    if (r->insecure_other_root_count > LIBRARY_ROOTS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "at most %d roots, found %zu", LIBRARY_ROOTS_MAX,
                        r->insecure_other_root_count);
    if (r->insecure_other_root_count == 0)
        j->keys[0] = root_intel_sgx;
    for (size_t i = 0; i < r->insecure_other_root_count; i++) {
        j->keys[i] = (struct root_key){ "other", over(r->insecure_other_roots[i]), true };
        if (!p256_is_point(j->crypto, j->keys[i].point))
            return err_fail(err, ERR_MALFORMED, NULL, "root %zu is not a P-256 point of 64 bytes",
                            i);
    }
    j->roots =
        (struct root_list){ j->keys,
                            r->insecure_other_root_count ? r->insecure_other_root_count : 1 };
    return true;
}

static bool take_collateral(struct judgement *j, struct err *err)
{
    const struct cupel_collateral *k = &j->request->collateral;
    struct dcap_collateral_files files = {
        .tcb_info = over(k->tcb_info),
        .tcb_info_issuer_chain = over(k->tcb_info_issuer_chain),
        .qe_identity = over(k->qe_identity),
        .qe_identity_issuer_chain = over(k->qe_identity_issuer_chain),
        .pck_crl = over(k->pck_crl),
        .pck_crl_issuer_chain = over(k->pck_crl_issuer_chain),
        .root_ca_crl = over(k->root_ca_crl),
    };

    j->collateral = dcap_collateral_new(j->crypto, &files, &j->roots, err);
    return j->collateral != NULL;
}

static bool take_policy(struct judgement *j, struct err *err)
{
    if (j->request->policy.n == 0)
        return true;
    j->policy = policy_new(j->crypto, over(j->request->policy), NULL, err);
    return j->policy || err_in(err, "policy");
}

/* The caller's numbers come from outside the compiler's sight. */
static bool check_words(const struct cupel_request *r, struct err *err)
{
    if ((unsigned)r->kind > CUPEL_OPEN_ENCLAVE)
        return err_fail(err, ERR_MALFORMED, NULL, "kind %u is none of cupel_kind",
                        (unsigned)r->kind);
    if ((unsigned)r->profile > CUPEL_PROFILE_ANY)
        return err_fail(err, ERR_MALFORMED, NULL, "profile %u is none of cupel_profile",
                        (unsigned)r->profile);
    return true;
}

static bool judge(struct judgement *j, struct verdict *v, struct err *err)
{
    const struct cupel_request *r = j->request;
    struct appraise_in in = {
        .kind = r->kind == CUPEL_OPEN_ENCLAVE ? EVIDENCE_OE : EVIDENCE_SGX,
        .takes_oe_evidence = true,
        .evidence = over(r->evidence),
        .now = r->at,
        .crypto = j->crypto,
        .arena = j->arena,
        .roots = &j->roots,
        .collateral = j->collateral,
        .runtime_data = { r->runtime_data.n == 0    ? DATA_NONE
                          : r->runtime_data_is_json ? DATA_JSON
                                                    : DATA_BINARY,
                          over(r->runtime_data) },
        .profile = (enum tcb_profile)r->profile,
    };

    *v = (struct verdict){ .word = "permit", .appraisal = &j->appraisal };
    if (!baseline_require(j->policy, &in, err) || !appraise(&in, &j->appraisal, err))
        return false;
    if (!j->appraisal.is_accepted)
        v->word = "refuse";
    if (!j->policy)
        return true;
    v->policy_hash = policy_hash(j->policy);
    if (!j->appraisal.is_accepted)
        return true;
    if (!policy_eval(j->policy, &j->appraisal.incoming, j->arena, &j->outcome, err))
        return false;
    v->policy = &j->outcome;
    if (j->outcome.decision != POLICY_PERMIT)
        v->word = "deny";
    return true;
}

static bool write_verdict(struct judgement *j, const struct verdict *v, struct cupel_verdict *out,
                          struct err *err)
{
    struct writer w = writer_in(j->arena, 16 * 1024);
    struct span text = { 0 };

    if (!verdict_write_json(&w, v, err))
        return false;
    write_u8(&w, 0);
    if (!writer_done(&w, &text, err))
        return false;
    out->json = (const char *)text.p;
    out->reason = j->appraisal.is_accepted ? NULL : j->appraisal.reason;
    out->word = !j->appraisal.is_accepted        ? CUPEL_REFUSE
                : v->policy && v->word[0] == 'd' ? CUPEL_DENY
                                                 : CUPEL_PERMIT;
    return true;
}

static bool work(struct judgement *j, struct cupel_verdict *out, struct err *err)
{
    struct verdict v;

    return check_words(j->request, err) && take_roots(j, err) && take_collateral(j, err) &&
           take_policy(j, err) && judge(j, &v, err) && write_verdict(j, &v, out, err);
}

bool cupel_appraise(struct cupel *c, const struct cupel_request *request, struct cupel_verdict *out,
                    char *trouble, size_t size)
{
    struct arena *arena = malloc(sizeof *arena);
    struct judgement *j = calloc(1, sizeof *j);
    struct err err = { 0 };
    bool ok = false;

    *out = (struct cupel_verdict){ .word = CUPEL_REFUSE };
    if (arena && j) {
        *arena = arena_over(LIBRARY_MEMORY);
        j->arena = arena;
        j->crypto = c->crypto;
        j->request = request;
        ok = work(j, out, &err);
        policy_free(j->policy);
        dcap_collateral_free(j->collateral);
    } else {
        err_fail(&err, ERR_MEMORY, NULL, "out of memory");
    }
    if (ok)
        out->own = arena;
    else if (arena) {
        if (j)
            arena_fini(arena);
        free(arena);
    }
    free(j);
    if (!ok && trouble && size > 0)
        snprintf(trouble, size, "%s%s%s", err.path, err.path[0] ? ": " : "", err.text);
    return ok;
}

void cupel_verdict_free(struct cupel_verdict *v)
{
    if (!v->own)
        return;
    arena_fini(v->own);
    free(v->own);
    *v = (struct cupel_verdict){ .word = CUPEL_REFUSE };
}
