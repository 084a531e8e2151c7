#include "tpm.h"

#include "../src/base/hex.h"
#include "../src/crypto/cert.h"
#include "../src/crypto/signkey.h"
#include "../src/evidence/tpm/tpm.h"
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

/* ---------------------------------------------------------------- the same bytes, and others */

static void the_same_arguments_give_the_same_bytes(void **state)
{
    static const char *const kinds[] = { "tpm", "vbs" };

    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct lab_artifact one[LAB_TPM_ARTIFACTS], two[LAB_TPM_ARTIFACTS];
        struct lab_ring other = { 0 };
        struct arena a = arena_over(MEMORY);
        struct lab_tpm_set set = make(&a, kinds[k], "base", ""), again;
        struct lab_tpm_params p = lab_tpm_params(kinds[k], 0);
        struct err e = { 0 };
        size_t count = lab_tpm_artifacts(&set, one);

        CHECK_OK(kinds[k], lab_tpm_make(&p, &other, &a, &again, &e), e);
        assert_int_equal(lab_tpm_artifacts(&again, two), count);
        for (size_t i = 0; i < count; i++)
            CHECK_SPAN(one[i].name, two[i].bytes, one[i].bytes);
        arena_fini(&a);
    }
}

/* clang-format off */
static const struct {
    const char *kind, *scenario, *artifact, *sha256;
} known[] = {
    { "tpm", "base", "log.bin", "d31106480905950a602165933c0bdde17c0bdf63a41b4f8f2224be67a33ab200" },
    { "tpm", "base", "quote.attest", "3ec015e815eb8fbc8794c454ebc9d70f64a460deeee1734f281286c2f22a738d" },
    { "tpm", "base", "quote.sig", "86fb6116c70c230246baebce9b0873fdc43e4ca2cf17cb84f6e9eb19d91aec13" },
    { "tpm", "base", "aik-cert.der", "d095b505391ac158601a9d0bbe2941cf68615c7e242d47724498770183e8b796" },
    { "tpm", "base", "request.jws", "fbae7081bc0354287305bc45c30ba6480a28a9cbac5adaea76ca842e4b173717" },
    { "tpm", "linux", "log.bin", "cc11bb0fb3cf419ac7c7a248f737b97d67f068ddf9541f515b8b6f2d2592fd1e" },
    { "tpm", "linux", "ima.bin", "16dadd65cf260e64d852633cbffe530c8cac11b787c4f741a0debc9a3ed76dcc" },
    { "tpm", "quote-ec", "quote.sig", "3b733ce0676dbf5b9d15e64fa582a97d19b4d8dae0c29852ea85f86cb29622c4" },
    { "tpm", "bank-sha1", "log.bin", "ae70aef829ffffc5ed29b1fb04f9cb2cb0c269c2445f637338a7edc3b909e61b" },
    { "tpm", "form-1-resume", "payload.json", "2997402799366586be5f453af57809b0e599ef8c5a1ada98b086ee71fa696b92" },
    { "vbs", "base", "report.bin", "dce5d1cf5e00ea2b4ad39587accf6543e1274e0ad6af9a4b1acd656088583f4f" },
    { "vbs", "base", "request.jws", "1c88c5e596999174a037a1c0617e5fbcea1f9407a149a3d5b35f59a56d62f1db" },
};
/* clang-format on */

static struct span artifact(const struct lab_tpm_set *set, const char *name)
{
    struct lab_artifact list[LAB_TPM_ARTIFACTS];
    size_t count = lab_tpm_artifacts(set, list);

    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].bytes;
    fail_msg("no artifact %s", name);
    return (struct span){ 0 };
}

static void known_hashes_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_tpm_set set = make(&a, known[i].kind, known[i].scenario, "");
        struct err e = { 0 };
        uint8_t sum[32];
        struct span hex;

        assert_true(lab_sha256(artifact(&set, known[i].artifact), sum, &e));
        hex = hex_dup(&a, span_of(sum, sizeof sum));
        CHECK_SPAN(known[i].artifact, hex, span_str(known[i].sha256));
        arena_fini(&a);
    }
}

static void another_seed_is_another_lab(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_params p = lab_tpm_params("tpm", 1);
    struct lab_tpm_set base = make(&a, "tpm", "base", ""), set;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("seed 1", lab_tpm_make(&p, &ring, &a, &set, &e), e);
    assert_false(span_equal(set.root_der, base.root_der));
    assert_false(span_equal(set.aik_public, base.aik_public));
    assert_false(span_equal(set.jwk, base.jwk));
    assert_false(span_equal(set.challenge, base.challenge));
    arena_fini(&a);
}

/* Other keys under the same authorities: the first machine's roots do. */
static void another_platform_is_another_machine_of_the_same_lab(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_set base = make(&a, "tpm", "base", "");
    struct lab_tpm_set set = make(&a, "tpm", "base", "platform=7");
    struct judge j;

    (void)state;
    assert_true(span_equal(set.root_der, base.root_der));
    assert_false(span_equal(set.aik_public, base.aik_public));
    assert_false(span_equal(set.jwk, base.jwk));
    judge_open(&j, &a, &base, false);
    CHECK("platform 7", judge(&j, "platform 7", EVIDENCE_TPM, &set)->is_accepted);
    crypto_free(j.crypto);
    arena_fini(&a);
}

/* Made for a time, a machine keeps its outcome then and has lost it now. */
static void certificates_move_with_the_time_that_is_asked_for(void **state)
{
    const int64_t later = LAB_NOW + INT64_C(86400) * 365 * 10;
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_params p = lab_tpm_params("tpm", 0);
    struct lab_tpm_set set;
    struct err e = { 0 };
    struct judge j;

    (void)state;
    lab_tpm_params_at(&p, later);
    CHECK_OK("later", lab_tpm_make(&p, &ring, &a, &set, &e), e);
    judge_open(&j, &a, &set, false);
    CHECK("now",
          strcmp(judge(&j, "now", EVIDENCE_TPM, &set)->reason, "certificate_not_yet_valid") == 0);
    crypto_free(j.crypto);
    arena_fini(&a);
}

static void without_a_certificate_a_verifier_may_still_look(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_set set = make(&a, "vbs", "base", "aik_cert=false");
    const struct appraisal *v;
    struct judge j;

    (void)state;
    judge_open(&j, &a, &set, false);
    j.settings.aik_cert_is_optional = true;
    v = judge(&j, "optional", EVIDENCE_VBS, &set);
    CHECK("optional", v->is_accepted);
    check_claims("optional", &v->incoming, "aikValidated=false vbsReportPresent=true");
    crypto_free(j.crypto);
    arena_fini(&a);
}

static void a_machine_alone_is_no_enclave(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_set set = make(&a, "tpm", "base", "");
    struct judge j;

    (void)state;
    judge_open(&j, &a, &set, false);
    CHECK("kind", strcmp(judge(&j, "kind", EVIDENCE_VBS, &set)->reason, "malformed_request") == 0);
    crypto_free(j.crypto);
    arena_fini(&a);
}

/* Every reason of the contracts that a machine at a desk can be refused for has a scenario. */
static void every_row_of_checks_has_a_scenario_that_fails_there(void **state)
{
    static const char *const elsewhere[] = {
        /* of the round trip, which a desk has not; limits have sweeps of their own */
        "service_context", "context_age", "challenge", "challenge_unused", "limits", "log_limits",
        /* a root nobody asked for, an untouched bank, a refused one: settings, not evidence */
        "aik_anchor", "bank_measured", "bank_hash"
    };
    bool seen[128] = { 0 };
    size_t count = 0;
    const struct lab_tpm_scenario *rows = lab_tpm_scenarios(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; rows[i].reason && k < tpm_check_count + vbs_check_count; k++) {
            const struct check *c =
                k < tpm_check_count ? &tpm_checks[k] : &vbs_checks[k - tpm_check_count];

            seen[k] = seen[k] || strcmp(c->reason, rows[i].reason) == 0;
        }
    for (size_t k = 0; k < tpm_check_count + vbs_check_count; k++) {
        const struct check *c =
            k < tpm_check_count ? &tpm_checks[k] : &vbs_checks[k - tpm_check_count];
        bool is_elsewhere = false;

        for (size_t i = 0; i < COUNT(elsewhere); i++)
            is_elsewhere = is_elsewhere || strcmp(elsewhere[i], c->name) == 0;
        CHECK(c->name, seen[k] || is_elsewhere);
    }
}

/* ---------------------------------------------------------------- keys and signatures */

static void rsa_keys_are_whole_and_sign_as_the_standards_say(void **state)
{
    static const struct {
        const char *name;
        struct lab_rsa_scheme scheme;
        enum sig_alg alg;
        bool holds;
    } rows[] = {
        { "RS256", { "sha256", false, 0 }, SIG_RS256, true },
        { "RS384", { "sha384", false, 0 }, SIG_RS384, true },
        { "RS512", { "sha512", false, 0 }, SIG_RS512, true },
        { "PS256", { "sha256", true, 32 }, SIG_PS256, true },
        { "PS384", { "sha384", true, 48 }, SIG_PS384, true },
        { "short salt", { "sha256", true, 20 }, SIG_PS256, false },
        { "no salt", { "sha256", true, 0 }, SIG_PS256, false },
        { "other padding", { "sha256", false, 0 }, SIG_PS256, false },
    };
    struct arena a = arena_over(MEMORY);
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct lab_rsa key;
    struct signkey *private;
    struct pubkey *public;
    struct span spki = { 0 };

    (void)state;
    CHECK_OK("key", lab_rsa_of(&ring, 0, "request", &key, &e), e);
    private = signkey_read_pem(c, lab_rsa_pem(&a, &key), &e);
    CHECK_OK("pem", private && signkey_spki(private, &a, &spki, &e), e);
    public = pubkey_new_spki(c, spki, &e);
    CHECK_OK("spki", public != NULL, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t signature[LAB_RSA_SIZE];

        CHECK_OK(rows[i].name,
                 lab_rsa_sign(&key, &rows[i].scheme, span_str("message"), signature, &e), e);
        CHECK(rows[i].name, pubkey_verify(c, public, rows[i].alg, span_str("message"),
                                          span_of(signature, LAB_RSA_SIZE), &e) == rows[i].holds);
        err_clear(&e);
    }
    pubkey_free(public);
    signkey_free(private);
    crypto_free(c);
    arena_fini(&a);
}

static void a_ring_forgets_the_oldest_key_and_makes_it_again(void **state)
{
    struct lab_ring small = { 0 };
    struct lab_rsa first, again;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("aik", lab_rsa_of(&small, 0, "aik", &first, &e), e);
    for (size_t i = 1; i < LAB_RING; i++) {
        small.rows[i].key = first;
        snprintf(small.rows[i].name, LAB_RING_NAME, "filled-%zu", i);
    }
    small.count = LAB_RING;
    CHECK_OK("request", lab_rsa_of(&small, 0, "request", &again, &e), e);
    assert_memory_not_equal(again.n, first.n, LAB_RSA_SIZE);
    CHECK_OK("aik", lab_rsa_of(&small, 0, "aik", &again, &e), e);
    assert_memory_equal(again.n, first.n, LAB_RSA_SIZE);
    assert_int_equal(small.count, LAB_RING + 2);
}

/* ---------------------------------------------------------------- parameters */

static void parameters_are_refused_for_what_they_are(void **state)
{
    static const struct {
        const char *changes;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "colour=red", ERR_MISSING, "" },
        { "os=beos", ERR_MALFORMED, "os" },
        { "os=", ERR_MALFORMED, "os" },
        { "os=windows linux", ERR_MALFORMED, "os" },
        { "ima=many", ERR_MALFORMED, "ima" },
        { "ima=100001", ERR_LIMIT, "" },
        { "resumes=1001", ERR_LIMIT, "" },
        { "boot_debugging=-1", ERR_MALFORMED, "boot_debugging" },
        { "clock=0x", ERR_MALFORMED, "clock" },
        { "report_size=--1", ERR_MALFORMED, "report_size" },
        { "respaced=yes", ERR_MALFORMED, "respaced" },
        { "challenge=0", ERR_MALFORMED, "challenge" },
        { "aik_nb=tomorrow", ERR_MALFORMED, "aik_nb" },
        { "form=3", ERR_MALFORMED, "" },
        { "aik=ec;aik_hash=sha384", ERR_UNSUPPORTED, "" },
    };
    struct arena a = arena_over(MEMORY);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab_tpm_params p = lab_tpm_params("tpm", 0), before = p;
        struct err e = { 0 };

        CHECK(rows[i].changes, !lab_tpm_set(&p, rows[i].changes, &a, &e));
        CHECK_ERR(rows[i].changes, e, rows[i].code, rows[i].path);
        CHECK(rows[i].changes, memcmp(&p, &before, sizeof p) == 0);
    }
    arena_fini(&a);
}

static void no_parameter_stands_twice(void **state)
{
    const char *name;

    (void)state;
    for (size_t i = 0; (name = lab_tpm_param_name(i)); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(name, strcmp(lab_tpm_param_name(k), name) != 0);
}

static void a_scenario_of_another_kind_is_missing(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_tpm_params p;
    struct err e = { 0 };

    (void)state;
    CHECK("kind", !lab_tpm_scenario("tpm", "respaced", 0, &a, &p, &e));
    CHECK_ERR("kind", e, ERR_MISSING, "");
    arena_fini(&a);
}

static void want_of_memory_is_told_wherever_it_comes(void **state)
{
    bool is_made = false;

    (void)state;
    for (size_t at = 1; !is_made; at++) {
        struct arena a = arena_over(MEMORY);
        struct lab_tpm_params p = lab_tpm_params("vbs", 0);
        struct lab_tpm_set set;
        struct err e = { 0 };

        CHECK_OK("set", lab_tpm_set(&p, "resumes=1;ima=2;binding=certify;crl=clean", &a, &e), e);
        a.fail_at = at;
        is_made = lab_tpm_make(&p, &ring, &a, &set, &e);
        if (!is_made)
            CHECK("code", e.code == ERR_MEMORY);
        arena_fini(&a);
    }
}

TEST_MAIN(every_scenario_comes_to_its_outcome, scenarios_have_names_of_their_own,
          the_same_arguments_give_the_same_bytes, known_hashes_stand, another_seed_is_another_lab,
          another_platform_is_another_machine_of_the_same_lab,
          certificates_move_with_the_time_that_is_asked_for,
          without_a_certificate_a_verifier_may_still_look, a_machine_alone_is_no_enclave,
          every_row_of_checks_has_a_scenario_that_fails_there,
          rsa_keys_are_whole_and_sign_as_the_standards_say,
          a_ring_forgets_the_oldest_key_and_makes_it_again,
          parameters_are_refused_for_what_they_are, no_parameter_stands_twice,
          a_scenario_of_another_kind_is_missing, want_of_memory_is_told_wherever_it_comes)
