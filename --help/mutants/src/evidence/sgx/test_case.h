/*
 * test_case - a machine of the lab in front of the verifier, for the tests of this room
 *
 * Owns     a crypto context, one arena for everything the lab makes and one for the request
 */
#ifndef CUPEL_EVIDENCE_SGX_TEST_CASE_H
#define CUPEL_EVIDENCE_SGX_TEST_CASE_H

#include "../../../lab/lab.h"
#include "../../../tests/check.h"
#include "../dcap/cache.h"
#include "../dcap/collateral.h"

struct test_case {
    struct crypto *crypto;
    struct arena lab, request;
    struct lab_sgx_set set;
    struct root_key root;
    struct root_list roots;
    struct dcap_collateral_files files;
    struct dcap_collateral *collateral;
    struct appraise_in in;
    struct appraisal out;
};

static inline void test_case_init(struct test_case *t)
{
    struct err e = { 0 };

    *t = (struct test_case){ 0 };
    t->crypto = crypto_new(&e);
    CHECK_OK("crypto", t->crypto != NULL, e);
    t->lab = arena_over(256u << 20);
    t->request = arena_over(16u << 20);
}

static inline void test_case_fini(struct test_case *t)
{
    dcap_collateral_free(t->collateral);
    arena_fini(&t->lab);
    arena_fini(&t->request);
    crypto_free(t->crypto);
}

/* The files of a set as a folder would hold them. */
static inline struct dcap_collateral_files test_case_files(const struct lab_sgx_set *set)
{
    return (struct dcap_collateral_files){
        .tcb_info = set->tcb_info,
        .tcb_info_issuer_chain = set->tcb_chain,
        .qe_identity = set->qe_identity,
        .qe_identity_issuer_chain = set->qe_chain,
        .pck_crl = set->pck_crl,
        .pck_crl_issuer_chain = set->crl_chain,
        .root_ca_crl = set->root_crl,
    };
}

/* Loads t->files; what came before is freed. */
static inline void test_case_load(struct test_case *t)
{
    struct err e = { 0 };

    dcap_collateral_free(t->collateral);
    t->collateral = dcap_collateral_new(t->crypto, &t->files, &t->roots, &e);
    if (!t->collateral)
        fail_msg("collateral: %s", e.text);
    t->in.collateral = t->collateral;
}

/* Accepts the root that signed the set's certificates. */
static inline void test_case_trust(struct test_case *t, uint64_t seed)
{
    struct lab_key key;
    struct err e = { 0 };

    CHECK_OK("root key", lab_key_of(seed, "root", &key, &e), e);
    t->root = (struct root_key){ .name = "lab", .is_lab = true };
    t->root.point = arena_dup(&t->lab, span_of(key.point + 1, 64));
    t->roots = (struct root_list){ &t->root, 1 };
}

/* A machine made from parameters, its own collateral loaded, judged at the lab's moment. */
static inline void test_case_make(struct test_case *t, const struct lab_sgx_params *p)
{
    struct err e = { 0 };

    CHECK_OK("lab", lab_sgx_make(p, &t->lab, &t->set, &e), e);
    test_case_trust(t, p->seed);
    t->in = (struct appraise_in){
        .kind = EVIDENCE_SGX,
        .evidence = t->set.quote,
        .now = LAB_NOW,
        .crypto = t->crypto,
        .arena = &t->request,
        .roots = &t->roots,
        .profile = TCB_ANY,
    };
    t->files = test_case_files(&t->set);
    test_case_load(t);
}

static inline void test_case_scenario(struct test_case *t, const char *name)
{
    struct lab_sgx_params p;
    struct err e = { 0 };

    if (!lab_sgx_scenario(name, 0, &t->lab, &p, &e))
        fail_msg("scenario %s: %s", name, e.text);
    test_case_make(t, &p);
}

/* The base with parameters changed, written as the lab writes them. */
static inline void test_case_changed(struct test_case *t, const char *changes)
{
    struct lab_sgx_params p = lab_sgx_params(0);
    struct err e = { 0 };

    if (!lab_sgx_set(&p, changes, &t->lab, &e))
        fail_msg("changes %s: %s", changes, e.text);
    test_case_make(t, &p);
}

/* Judges; anything but a verdict is a failure of the test. */
static inline const struct appraisal *test_case_judge(struct test_case *t)
{
    struct err e = { 0 };

    arena_reset(&t->request);
    if (!appraise(&t->in, &t->out, &e))
        fail_msg("no verdict: %s: %s", err_code_name(e.code), e.text);
    return &t->out;
}

/* The name of the row that failed, or "" when none did. */
static inline const char *test_case_failed_row(const struct appraisal *out)
{
    for (size_t i = 0; i < out->trail.count; i++)
        if (out->trail.entries[i].outcome == CHECK_FAILED)
            return out->trail.entries[i].name;
    return "";
}

#endif
