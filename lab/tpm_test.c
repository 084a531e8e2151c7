#include "tpm.h"

#include "../src/base/b64.h"
#include "../src/crypto/cert.h"
#include "../src/crypto/spki.h"
#include "../src/evidence/appraise.h"
#include "../src/evidence/tpm/settings.h"
#include "../src/evidence/tpm/structures.h"
#include "../src/format/json.h"
#include "../tests/check.h"

enum { MEMORY = 64 << 20 };

/* One ring for all tests: looking for primes takes longer than everything else. */
static struct lab_ring ring;

static struct lab_tpm_set make(struct arena *a, const char *kind, const char *scenario,
                               const char *changes)
{
    struct lab_tpm_params p;
    struct lab_tpm_set set;
    struct err e = { 0 };

    CHECK_OK(scenario, lab_tpm_scenario(kind, scenario, 0, a, &p, &e), e);
    CHECK_OK(changes, lab_tpm_set(&p, changes, a, &e), e);
    CHECK_OK(scenario, lab_tpm_make(&p, &ring, a, &set, &e), e);
    return set;
}

/* ---------------------------------------------------------------- what a verifier says */

struct judge {
    struct crypto *crypto;
    struct arena *arena;
    struct cert root;
    struct tpm_anchor anchor;
    struct tpm_settings settings;
    struct appraisal *appraisal;
};

static void judge_open(struct judge *j, struct arena *a, const struct lab_tpm_set *set, bool pin)
{
    struct err e = { 0 };

    *j = (struct judge){ .crypto = crypto_new(&e), .arena = a };
    CHECK_OK("crypto", j->crypto != NULL, e);
    CHECK_OK("root", cert_parse(set->root_der, &j->root, &e), e);
    j->anchor = (struct tpm_anchor){
        .name = "lab", .subject = j->root.subject, .spki = j->root.spki, .is_lab = true
    };
    j->settings = (struct tpm_settings){ .anchors = &j->anchor,
                                         .anchor_count = 1,
                                         .intermediates = &set->issuing_der,
                                         .intermediate_count = 1,
                                         .crls = &set->crl,
                                         .crl_count = set->crl.n > 0,
                                         .pins = &set->aik_pub_hash,
                                         .pin_count = pin };
    j->appraisal = ARENA_NEW(a, struct appraisal);
    assert_non_null(j->appraisal);
    appraisal_clear(j->appraisal);
}

static const struct appraisal *judge(struct judge *j, const char *name, enum evidence_kind kind,
                                     const struct lab_tpm_set *set)
{
    struct appraise_in in = { .kind = kind,
                              .evidence = set->request,
                              .now = LAB_NOW,
                              .crypto = j->crypto,
                              .arena = j->arena,
                              .tpm = &j->settings };
    struct err e = { 0 };

    CHECK_OK(name, appraise(&in, j->appraisal, &e), e);
    return j->appraisal;
}

static const char *claim_show(const struct claim_set *set, struct span name, char *buf, size_t room)
{
    const struct claim *c = claim_find(set, name);

    if (!c)
        return "absent";
    if (c->type == CLAIM_BOOL)
        return c->boolean ? "true" : "false";
    if (c->type == CLAIM_INT)
        snprintf(buf, room, "%lld", (long long)c->integer);
    else
        snprintf(buf, room, "%.*s", SPAN_ARG(c->text));
    return buf;
}

/* "name=value name=value" */
static void check_claims(const char *scenario, const struct claim_set *set, const char *claims)
{
    for (const char *at = claims; at && *at;) {
        size_t n = strcspn(at, " "), name = strcspn(at, "=");
        char row[160], got[64];

        snprintf(row, sizeof row, "%s: %.*s=%s", scenario, (int)name, at,
                 claim_show(set, span_of(at, name), got, sizeof got));
        if (strncmp(row + strlen(scenario) + 2, at, n) != 0 || row[strlen(scenario) + 2 + n])
            fail_msg("%s, expected %.*s", row, (int)n, at);
        at += n + (at[n] == ' ');
    }
}

static void walk(const struct lab_tpm_scenario *row)
{
    bool pin = strstr(row->changes, "pin=true") != NULL;
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_set set = make(&a, row->kind, row->name, "");
    const struct appraisal *v;
    struct judge j;

    judge_open(&j, &a, &set, pin);
    v = judge(&j, row->name, strcmp(row->kind, "vbs") == 0 ? EVIDENCE_VBS : EVIDENCE_TPM, &set);
    if (row->reason ? !v->reason || strcmp(v->reason, row->reason) != 0 : !v->is_accepted)
        fail_msg("%s %s: expected %s, found %s: %s: %s", row->kind, row->name,
                 row->reason ? row->reason : "acceptance", v->reason ? v->reason : "acceptance",
                 v->err.path, v->err.text);
    if (!row->reason)
        check_claims(row->name, &v->incoming, row->claims);
    crypto_free(j.crypto);
    arena_fini(&a);
}

static void every_scenario_comes_to_its_outcome(void **state)
{
    size_t count = 0;
    const struct lab_tpm_scenario *rows = lab_tpm_scenarios(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        walk(&rows[i]);
}

/* A row twice would hide the second one. */
static void scenarios_have_names_of_their_own(void **state)
{
    size_t count = 0;
    const struct lab_tpm_scenario *rows = lab_tpm_scenarios(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].name, lab_tpm_scenario_find(rows[i].kind, rows[i].name) == &rows[i]);
        CHECK(rows[i].name, (rows[i].reason == NULL) == (rows[i].claims != NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_comes_to_its_outcome),
        cmocka_unit_test(scenarios_have_names_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
