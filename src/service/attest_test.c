#include "attest.h"

#include "../../lab/lab.h"
#include "../../tests/check.h"
#include "../crypto/signkey.h"
#include "../evidence/dcap/collateral.h"
#include "../format/json.h"
#include "baseline.h"

/* A service over the lab's root and one or two sets of collateral. */
struct house {
    struct arena arena;
    struct crypto *crypto;
    struct root_key root;
    struct root_list roots;
    struct lab_sgx_set lab;
    struct dcap_collateral *sets[2];
    struct attest_settings set;
    struct attest_service *service;
    struct signkey *key;
    struct attest_key published;
};

static struct dcap_collateral *prepare(struct house *h, const struct lab_sgx_set *lab)
{
    struct dcap_collateral_files files = { lab->tcb_info, lab->tcb_chain, lab->qe_identity,
                                           lab->qe_chain, lab->pck_crl,   lab->crl_chain,
                                           lab->root_crl };
    struct err e = { 0 };
    struct dcap_collateral *k = dcap_collateral_new(h->crypto, &files, &h->roots, &e);

    CHECK_OK("collateral", k != NULL, e);
    return k;
}

static void publish_key(struct house *h)
{
    const struct cert_wish wish = { .common_name = "https://attest.example",
                                    .serial = 1,
                                    .not_before = 1556668800,
                                    .not_after = 2556143999 };
    struct err e = { 0 };
    struct span spki = { 0 };

    h->key = signkey_new(h->crypto, SIGNKEY_P256, &e);
    CHECK_OK("key", h->key && signkey_spki(h->key, &h->arena, &spki, &e), e);
    h->published = (struct attest_key){ .alg = SIG_ES256, .kty = "EC" };
    CHECK_OK("kid", jwk_kid(h->crypto, spki, &h->arena, &h->published.kid, &e), e);
    CHECK_OK("cert",
             cert_make(h->crypto, &wish, h->key, (struct span){ 0 }, h->key, &h->arena,
                       &h->published.cert, &e),
             e);
    h->set.keys = &h->published;
    h->set.key_count = 1;
}

/* Opens the house with the base set, and with one of evaluation number 15 beside it when both. */
static void open_house(struct house *h, bool both, const struct attest_policy_text *policy)
{
    struct lab_sgx_params older = lab_sgx_params(0);
    struct lab_sgx_set second;
    struct lab_key root;
    struct err e = { 0 };

    memset(h, 0, sizeof *h);
    h->arena = arena_over((size_t)64 * 1024 * 1024);
    h->crypto = crypto_new(&e);
    CHECK_OK("crypto", h->crypto != NULL, e);
    CHECK_OK("root", lab_key_of(0, "root", &root, &e), e);
    h->root = (struct root_key){ "lab", arena_dup(&h->arena, span_of(root.point + 1, 64)), true };
    h->roots = (struct root_list){ &h->root, 1 };
    CHECK_OK("lab", lab_sgx_make_scenario("base", 0, &h->arena, &h->lab, &e), e);
    older.eval = 15;
    CHECK_OK("older", lab_sgx_make(&older, &h->arena, &second, &e), e);
    h->sets[0] = prepare(h, &h->lab);
    h->sets[1] = both ? prepare(h, &second) : NULL;
    publish_key(h);
    h->set.crypto = h->crypto;
    h->set.issuer = span_str("https://attest.example");
    h->set.roots = &h->roots;
    h->set.sets = h->sets;
    h->set.set_count = both ? 2 : 1;
    h->set.policy_profile = "azure";
    h->set.policies = policy;
    h->set.policy_count = policy ? 1 : 0;
    h->set.judge_at = LAB_NOW;
    h->set.cache_entries = 16;
    h->service = attest_service_new(&h->set, &e);
    CHECK_OK("service", h->service != NULL, e);
}

static void close_house(struct house *h)
{
    attest_service_free(h->service);
    signkey_free(h->key);
    crypto_free(h->crypto);
    arena_fini(&h->arena);
}

static struct attest_request request_of(const struct house *h)
{
    struct attest_request r = {
        .attestation_type = "SgxEnclave",
        .kind = EVIDENCE_SGX,
        .evidence = h->lab.quote,
        .runtime_data = { DATA_JSON, h->lab.runtime },
        .now = 1893456000,
    };

    memset(r.entropy, 0xab, sizeof r.entropy);
    return r;
}

static struct attest_result *judge(struct house *h, const struct attest_request *r)
{
    struct attest_result *out = ARENA_NEW(&h->arena, struct attest_result);

    attest(h->service, r, &h->arena, out);
    return out;
}

static void a_granted_token_verifies_with_the_published_keys(void **state)
{
    struct house h;
    struct attest_request r;
    struct attest_result *out;
    struct jwt_check_wish wish = { .now = 1893456000,
                                   .issuer = span_str("https://attest.example") };
    struct jwt_parts parts;
    struct span token = { 0 };
    uint8_t signature[512];
    struct err e = { 0 };
    struct jwks *keys;
    int64_t exp = 0;
    size_t n = 0;

    (void)state;
    open_house(&h, false, NULL);
    r = request_of(&h);
    out = judge(&h, &r);
    CHECK_OK("granted", out->is_granted, out->err);
    CHECK_OK("sign",
             signkey_sign(h.crypto, h.key, SIG_ES256, out->signing_input, signature,
                          sizeof signature, &n, &e),
             e);
    CHECK_OK("attach", jwt_attach(out->signing_input, span_of(signature, n), &h.arena, &token, &e),
             e);
    keys = jwks_new(h.crypto, attest_jwks(h.service), &e);
    CHECK_OK("keys", keys != NULL, e);
    CHECK_OK("verify", jwt_verify(h.crypto, token, keys, &wish, &h.arena, &parts, &e), e);
    CHECK_OK("exp", json_get_int(parts.payload_json, "exp", &exp, &e), e);
    CHECK_INT("lifetime", exp, 1893456000 + TOKEN_LIFETIME);
    jwks_free(keys);
    close_house(&h);
}

static void refusals_are_sorted_by_who_can_mend_them(void **state)
{
    static const struct {
        const char *name, *draft;
        bool forged, other_time;
        enum attest_refusal want;
    } rows[] = {
        { "forged quote", NULL, true, false, ATTEST_EVIDENCE },
        { "forged quote and a draft that does not compile", "version=1.0; nonsense", true, false,
          ATTEST_EVIDENCE },
        { "draft that does not compile", "version=1.0; nonsense", false, false,
          ATTEST_POLICY_TEXT },
        { "draft that denies", "version=1.0; authorizationrules{=> deny();};", false, false,
          ATTEST_POLICY_DENIED },
        { "draft that permits nothing", "version=1.0; authorizationrules{};", false, false,
          ATTEST_POLICY_DENIED },
    };
    struct house h;

    (void)state;
    open_house(&h, false, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct attest_request r = request_of(&h);
        struct attest_result *out;

        if (rows[i].forged) {
            r.evidence = arena_dup(&h.arena, r.evidence);
            ((uint8_t *)(uintptr_t)r.evidence.p)[112] ^= 1;
        }
        r.has_draft_policy = rows[i].draft != NULL;
        r.draft_policy = span_str(rows[i].draft);
        out = judge(&h, &r);
        CHECK(rows[i].name, !out->is_granted);
        CHECK_INT(rows[i].name, out->refusal, rows[i].want);
        CHECK(rows[i].name, out->err.text[0] != '\0' && out->signing_input.n == 0);
    }
    close_house(&h);
}

/* The evidence is good, so the refusal must say that only the length is in the way. */
static void a_token_that_would_be_too_long_is_refused_as_such(void **state)
{
    static const struct {
        const char *name;
        size_t nonce;
        bool is_draft, is_granted;
    } rows[] = {
        { "a long nonce", 700000, false, true },
        { "a longer one", 800000, false, false },
        { "the same unsigned", 800000, true, false },
    };
    struct house h;

    (void)state;
    open_house(&h, false, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct attest_request r = request_of(&h);
        uint8_t *nonce = arena_alloc(&h.arena, rows[i].nonce, 1);
        struct attest_result *out;

        memset(nonce, 'n', rows[i].nonce);
        r.nonce = span_of(nonce, rows[i].nonce);
        r.has_draft_policy = rows[i].is_draft;
        r.draft_policy = span_str("version=1.0; authorizationrules{=> permit();};");
        out = judge(&h, &r);
        CHECK_INT(rows[i].name, out->is_granted, rows[i].is_granted);
        if (rows[i].is_granted)
            continue;
        CHECK_INT(rows[i].name, out->refusal, ATTEST_TOO_LONG);
        CHECK_INT(rows[i].name, out->err.code, ERR_LIMIT);
        CHECK(rows[i].name, out->signing_input.n == 0);
    }
    close_house(&h);
}

static void platforms_without_collateral_are_a_service_matter(void **state)
{
    struct lab_sgx_params other = lab_sgx_params(0);
    struct lab_sgx_set machine;
    struct attest_request r;
    struct attest_result *out;
    struct err e = { 0 };
    struct house h;

    (void)state;
    open_house(&h, false, NULL);
    other.pck_fmspc[0] ^= 0xff;
    CHECK_OK("lab", lab_sgx_make(&other, &h.arena, &machine, &e), e);
    r = request_of(&h);
    r.evidence = machine.quote;
    out = judge(&h, &r);
    CHECK("no collateral", !out->is_granted);
    CHECK_INT("no collateral", out->refusal, ATTEST_UNAVAILABLE);
    CHECK("names the platform", strstr(out->err.text, "ffa1b2c3d4e5") != NULL);
    close_house(&h);
}

#define BASELINE(id)                                                                               \
    "version=1.1; configurationrules{=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", "           \
    "value=\"" id "\");}; authorizationrules{=> permit();}; issuancerules{};"

static void the_policy_chooses_the_baseline(void **state)
{
    static const struct {
        const char *text;
        bool granted;
        uint32_t number;
    } rows[] = {
        { BASELINE("azuredefault"), true, 16 },
        { BASELINE("16"), true, 16 },
        { BASELINE("15"), true, 15 },
        { BASELINE("17"), false, 16 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct attest_policy_text policy = { "SgxEnclave", span_str(rows[i].text) };
        struct attest_request r;
        struct attest_result *out;
        struct house h;

        open_house(&h, true, &policy);
        r = request_of(&h);
        out = judge(&h, &r);
        CHECK_INT(rows[i].text, out->is_granted, rows[i].granted);
        CHECK_INT(rows[i].text, out->appraisal.tcb.evaluation_data_number, rows[i].number);
        if (!rows[i].granted)
            CHECK(rows[i].text, strcmp(out->appraisal.reason, "tcb_baseline_not_met") == 0);
        close_house(&h);
    }
}

static void the_baselines_are_those_there_is_collateral_for(void **state)
{
    static const struct {
        const char *text;  /* put in force; NULL: the default */
        uint32_t selected; /* 0: none */
    } rows[] = {
        { NULL, 16 },
        { BASELINE("azuredefault"), 16 },
        { BASELINE("15"), 15 },
        { BASELINE("17"), 0 },

    };
    struct house h;

    (void)state;
    open_house(&h, true, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct attest_policy policy = { .text = span_str(rows[i].text ? rows[i].text : "") };
        const char *name = rows[i].text ? rows[i].text : "default";
        struct baseline_row *list = NULL;
        struct err e = { 0 };
        size_t count = 0;

        CHECK_OK(name,
                 attest_baselines(h.service, "SgxEnclave", &policy, 0, &h.arena, &list, &count, &e),
                 e);
        CHECK_INT(name, count, 2);
        for (size_t n = 0; n < count; n++) {
            CHECK_INT(name, list[n].number, 15 + n);
            CHECK_INT(name, list[n].is_selected, rows[i].selected == list[n].number);
        }
    }
    close_house(&h);
}

static void a_policy_that_does_not_compile_stops_the_start(void **state)
{
    struct attest_policy_text policy = { "SgxEnclave",
                                         span_str("version=1.0; authorizationrules{=> permit(};") };
    struct house h;
    struct err e = { 0 };

    (void)state;
    open_house(&h, false, NULL);
    h.set.policies = &policy;
    h.set.policy_count = 1;
    assert_null(attest_service_new(&h.set, &e));
    CHECK_INT("code", e.code, ERR_MALFORMED);
    CHECK("path", strstr(e.path, "SgxEnclave") != NULL);
    close_house(&h);
}

static void km_77_each_evaluation_uses_the_compiled_policy(void **state)
{
    struct house h;
    struct attest_request r;
    struct span first;

    (void)state;
    open_house(&h, false, NULL);
    r = request_of(&h);
    first = judge(&h, &r)->signing_input;
    CHECK("granted", first.n > 0);
    for (int i = 0; i < 20; i++)
        CHECK_SPAN("same bytes for the same arguments", judge(&h, &r)->signing_input, first);
    close_house(&h);
}

static void km_22_a_policy_that_permits_debug_is_known_at_the_start(void **state)
{
    struct house h;
    struct err e = { 0 };
    struct attest_service *strict;

    (void)state;
    open_house(&h, false, NULL);
    assert_string_equal(attest_permits_debug(h.service), "SgxEnclave");
    h.set.policy_profile = "strict";
    h.set.set_count = 0;
    strict = attest_service_new(&h.set, &e);
    CHECK_OK("strict", strict != NULL, e);
    assert_null(attest_permits_debug(strict));
    attest_service_free(strict);
    close_house(&h);
}

TEST_MAIN(km_22_a_policy_that_permits_debug_is_known_at_the_start,
          a_granted_token_verifies_with_the_published_keys,
          refusals_are_sorted_by_who_can_mend_them,
          a_token_that_would_be_too_long_is_refused_as_such,
          platforms_without_collateral_are_a_service_matter, the_policy_chooses_the_baseline,
          the_baselines_are_those_there_is_collateral_for,
          a_policy_that_does_not_compile_stops_the_start,
          km_77_each_evaluation_uses_the_compiled_policy)
