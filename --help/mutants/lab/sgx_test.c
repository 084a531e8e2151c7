#include "../src/base/hex.h"
#include "../src/crypto/cert.h"
#include "../src/crypto/crypto.h"
#include "../src/format/json.h"
#include "../tests/check.h"
#include "lab.h"

enum { MEMORY = 64 << 20, QUOTE_BODY = 48, REPORT = 384, SIGNED = 432 };

static struct lab_sgx_set make(struct arena *a, const char *scenario, const char *changes,
                               uint64_t seed)
{
    struct lab_sgx_params p;
    struct lab_sgx_set set;
    struct err e = { 0 };

    CHECK_OK(scenario, lab_sgx_scenario(scenario, seed, a, &p, &e), e);
    CHECK_OK(changes, lab_sgx_set(&p, changes, a, &e), e);
    CHECK_OK(scenario, lab_sgx_make(&p, a, &set, &e), e);
    return set;
}

static struct span artifact(const struct lab_sgx_set *set, const char *name)
{
    struct lab_artifact list[LAB_SGX_ARTIFACTS];

    lab_sgx_artifacts(set, list);
    for (size_t i = 0; i < COUNT(list); i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].bytes;
    fail_msg("no artifact %s", name);
    return (struct span){ 0 };
}

static void signatures_are_those_of_rfc_6979(void **state)
{
    /* RFC 6979, A.2.5, SHA-256 */
    static const char d[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    static const struct {
        const char *message, *rs;
    } rows[] = {
        { "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
        { "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                  "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab_key key = { 0 };
        uint8_t got[64], want[64];
        struct err e = { 0 };

        assert_true(hex_read(span_str(d), key.d, 32, &e));
        assert_true(hex_read(span_str(rows[i].rs), want, 64, &e));
        CHECK_OK(rows[i].message, lab_sign(&key, span_str(rows[i].message), got, &e), e);
        CHECK_SPAN(rows[i].message, span_of(got, 64), span_of(want, 64));
    }
}

static void keys_are_derived_from_their_names(void **state)
{
    static const struct {
        const char *name, *x;
    } rows[] = {
        { "root", "f29109e2a29bb8ed9e569c3fe7937ee7a434db00a37136c3c6b5d5d31fca7d8d" },
        { "processor-ca", "695b07ae673c48a97d7a9a9493e7af4a2b0a1b41944cda3a22db0247e8bd3783" },
        { "attestation", "77ed67b48f40b9da6d98efca4d66245bee24f2508f677addbb00dcd1afcdeb45" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab_key key, other;
        uint8_t want[32];
        struct err e = { 0 };

        CHECK_OK(rows[i].name, lab_key_of(0, rows[i].name, &key, &e), e);
        CHECK_OK(rows[i].name, lab_key_of(1, rows[i].name, &other, &e), e);
        assert_true(hex_read(span_str(rows[i].x), want, 32, &e));
        CHECK_SPAN(rows[i].name, span_of(key.point + 1, 32), span_of(want, 32));
        CHECK(rows[i].name, key.point[0] == 4 && memcmp(key.d, other.d, 32) != 0);
    }
}

/* Every scenario, every artifact, every expected outcome. */
static void the_lab_makes_the_golden_bytes(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_golden_result r = { 0 };
    struct err e = { 0 };
    struct writer report;
    struct span json;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    report = writer_in(&a, 0);
    json = check_vector("simulator/golden.json");
    CHECK_OK("golden", lab_verify_golden(json, &report, &r, &e), e);
    if (r.differences > 0)
        fprintf(stderr, "%.*s", SPAN_ARG(writer_span(&report)));
    assert_int_equal(r.differences, 0);
    assert_int_equal(r.scenarios, 107);
    assert_int_equal(r.skipped, 25);
    assert_int_equal(r.artifacts, 82 * LAB_SGX_ARTIFACTS);
    free((void *)(uintptr_t)json.p);
    arena_fini(&a);
}

/* clang-format off */
static const struct {
    const char *scenario, *artifact, *sha256;
} known[] = {
    { "base",           "root.der",         "7019664ca8122230a18d7862058d1cdf8208cc88161f8b8cc48cdabdc05f2be2" },
    { "base",           "platform-ca.der",  "731699cff495c1602ef231005f7957666823e31d116a47bcc3894c8bbe36c4ad" },
    { "base",           "pck.der",          "b4727f878d1cfdc37bbda6afc3d009589c6f7b210c087d4045d0ca0b8dc32e9c" },
    { "base",           "tcb-signing.der",  "32cc8e4e3b9666090b48063087af624dcaeb11b88139c2670cd57617be4b4139" },
    { "base",           "root-crl.der",     "503a801c6c7a72f280e2a7166edaddb05c859e957a3369bdb47e597fac5bf9ed" },
    { "base",           "pck-crl.der",      "51da1175ac72e214dd6e0f95b4578f9f55447a3a2e3ac55515136d529748cb99" },
    { "base",           "tcb_info.json",    "38c51509e4a4f71d06f9f158fac159c44f1a4f9808b159d490b346e6f9372e40" },
    { "base",           "qe_identity.json", "1d45096258f21666920fafe85513c645989039dbc5ebac23124c5b9d34877434" },
    { "base",           "quote.bin",        "ab033af45b30d810573f656184ff17b582b5b87033f590be0689f8edfb369d03" },
    { "ti-v2",          "tcb_info.json",    "feb2776e0a4e427ac86a317c3df387a08dc060c2fa3f9156f94a5e835c082e29" },
    { "ti-tdx-for-sgx", "tcb_info.json",    "508ba40664bcf4c37f5fe244f31aea818b4450292d62f552640afa14ecae82b1" },
    { "sgx-v4",         "quote.bin",        "53b7422c855193938ac1482b889009d7b6b913ab03280b8b07f4549e8f909d08" },
    { "sgx-v5",         "quote.bin",        "dd8e00a3617171c2edcff5ec9d2d006f4a77bfaa48af09f62c3e4c5aa7d8e5e7" },
    { "h-ver6",         "quote.bin",        "28d05bc34416802f04a6483b5912cecaf02bf84be1cfe6d2c41835b754d61339" },
    { "h-tee1",         "quote.bin",        "209d6388c8aa48c23a920cfb93811112e14d8eae482656f4186ba90bb1342ffc" },
    { "r-pck",          "pck-crl.der",      "5193bdb47e1c8a54dcc63adec4c0bbf57b3ee6a70fb85d5a460a6bbb97912589" },
    { "c-pck-signer",   "pck.der",          "b6835da7396432e5938aa240e5ef4ece4583c6722126c02de2837e153d4d44a4" },
    { "x-qe-data-tail", "quote.bin",        "0babf46c052ad115938f6f5897cb37dc2bae8a5ac3c851f542acaad65f33e7a3" },
};
/* clang-format on */

static void known_hashes_stand_without_the_golden_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set = make(&a, known[i].scenario, "", 0);
        struct err e = { 0 };
        uint8_t hash[32];

        assert_true(lab_sha256(artifact(&set, known[i].artifact), hash, &e));
        CHECK_TEXT(known[i].artifact, hex_dup(&a, span_of(hash, 32)), known[i].sha256);
        arena_fini(&a);
    }
}

static void each_scenario_but_the_base_changes_something(void **state)
{
    struct arena base_arena = arena_over(MEMORY);
    struct lab_sgx_set base = make(&base_arena, "base", "", 0);
    struct lab_artifact old[LAB_SGX_ARTIFACTS];
    size_t count = 0;
    const struct lab_scenario *rows = lab_scenarios(&count);

    (void)state;
    lab_sgx_artifacts(&base, old);
    for (size_t i = 0; i < count; i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_artifact list[LAB_SGX_ARTIFACTS];
        size_t changed = 0;

        CHECK(rows[i].name, !rows[i].status != !rows[i].reason);
        CHECK(rows[i].name, lab_scenario_find(rows[i].name) == &rows[i]);
        if (strcmp(rows[i].kind, "sgx") == 0) {
            struct lab_sgx_set set = make(&a, rows[i].name, "", 0);

            lab_sgx_artifacts(&set, list);
            for (size_t k = 0; k < COUNT(list); k++)
                changed += !span_equal(list[k].bytes, old[k].bytes);
            CHECK(rows[i].name, (changed > 0) == (strcmp(rows[i].name, "base") != 0));
        }
        arena_fini(&a);
    }
    arena_fini(&base_arena);
}

static void other_kinds_and_names_are_refused_by_name(void **state)
{
    static const struct {
        const char *scenario;
        enum err_code code;
    } rows[] = { { "tdx-v4", ERR_UNSUPPORTED },
                 { "tdx-relaunch", ERR_UNSUPPORTED },
                 { "", ERR_MISSING },
                 { "bass", ERR_MISSING } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set;
        struct err e = { 0 };

        assert_false(lab_sgx_make_scenario(rows[i].scenario, 0, &a, &set, &e));
        CHECK_ERR(rows[i].scenario, e, rows[i].code, "");
        CHECK(rows[i].scenario, strstr(e.text, rows[i].scenario) != NULL);
        arena_fini(&a);
    }
}

/* The signatures of one certificate, of the documents and of the quote hold under the room that
 * verifies for a living. */
static void check_signatures(const char *row, struct crypto *c, const struct lab_sgx_set *s)
{
    struct cert root, ca, pck;
    struct err e = { 0 };
    struct pubkey *key;
    struct span quote = s->quote;

    CHECK_OK(row, cert_parse(s->root_der, &root, &e), e);
    CHECK_OK(row, cert_parse(s->platform_ca_der, &ca, &e), e);
    CHECK_OK(row, cert_parse(s->pck_der, &pck, &e), e);
    key = pubkey_new_spki(c, root.spki, &e);
    CHECK_OK(row, key != NULL, e);
    CHECK_OK(row, pubkey_verify_der(c, key, SIG_ES256, ca.tbs, ca.signature, &e), e);
    pubkey_free(key);
    key = pubkey_new_spki(c, ca.spki, &e);
    CHECK_OK(row, key && pubkey_verify_der(c, key, SIG_ES256, pck.tbs, pck.signature, &e), e);
    pubkey_free(key);
    CHECK_SPAN(row, pck.issuer, ca.subject);
    CHECK_SPAN(row, pck.authority_key_id, ca.subject_key_id);
    CHECK_OK(row,
             p256_verify(c, span_part(quote, SIGNED + 4 + 64, 64), span_part(quote, 0, SIGNED),
                         span_part(quote, SIGNED + 4, 64), &e),
             e);
    CHECK_OK(row,
             p256_verify(c, pck.point, span_part(quote, SIGNED + 4 + 128, REPORT),
                         span_part(quote, SIGNED + 4 + 128 + REPORT, 64), &e),
             e);
}

static void every_seed_platform_and_authority_gives_a_sound_machine(void **state)
{
    static const struct {
        const char *changes;
        uint64_t seed;
    } rows[] = { { "", 0 },
                 { "", 1 },
                 { "", UINT64_MAX },
                 { "platform=1", 0 },
                 { "processor=true", 0 },
                 { "platform=77;processor=true", 5 } };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    (void)state;
    CHECK_OK("crypto", c != NULL, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set = make(&a, "base", rows[i].changes, rows[i].seed);

        check_signatures(rows[i].changes, c, &set);
        arena_fini(&a);
    }
    crypto_free(c);
}

static void another_seed_changes_everything_and_another_platform_only_the_machine(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_sgx_set zero = make(&a, "base", "", 0), one = make(&a, "base", "", 1),
                       again = make(&a, "base", "", 1), second = make(&a, "base", "platform=2", 0);
    struct lab_artifact z[LAB_SGX_ARTIFACTS], o[LAB_SGX_ARTIFACTS], g[LAB_SGX_ARTIFACTS],
        s[LAB_SGX_ARTIFACTS];

    (void)state;
    lab_sgx_artifacts(&zero, z);
    lab_sgx_artifacts(&one, o);
    lab_sgx_artifacts(&again, g);
    lab_sgx_artifacts(&second, s);
    for (size_t i = 0; i < LAB_SGX_ARTIFACTS; i++) {
        bool is_own = strcmp(z[i].name, "pck.der") == 0 || strcmp(z[i].name, "quote.bin") == 0;

        CHECK(z[i].name, !span_equal(z[i].bytes, o[i].bytes));
        CHECK_SPAN(z[i].name, g[i].bytes, o[i].bytes);
        CHECK(z[i].name, span_equal(z[i].bytes, s[i].bytes) == !is_own);
    }
    arena_fini(&a);
}

static void a_processor_certificate_has_five_entries_and_its_own_authority(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_sgx_set set = make(&a, "base", "processor=true", 0);
    struct cert ca, pck;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("ca", cert_parse(set.platform_ca_der, &ca, &e), e);
    CHECK_OK("pck", cert_parse(set.pck_der, &pck, &e), e);
    CHECK_TEXT("ca", ca.subject_cn, "Lab SGX PCK Processor CA");
    CHECK_TEXT("pck", pck.issuer_cn, "Lab SGX PCK Processor CA");
    assert_true(memmem(set.pck_crl.p, set.pck_crl.n, "Processor CA", 12) != NULL);
    arena_fini(&a);
}

static void parameters_land_where_they_belong(void **state)
{
    static const struct {
        const char *changes;
        size_t at, n; /* in the report body of the quote */
        const char *hex;
    } rows[] = {
        { "isv_attr=8500000000000000e700000000000000", 48, 16, "8500000000000000e700000000000000" },
        { "isv_misc=0x01020304", 16, 4, "04030201" },
        { "config_id=ab*64", 192, 2, "abab" },
        { "config_id=ab*64", 254, 2, "abab" },
        { "config_svn=258", 260, 2, "0201" },
        { "isv_prod=9;isv_svn=513", 256, 4, "09000102" },
        { "family_id=0f0e", 304, 3, "0f0e00" },
        { "ext_prod_id=11*16", 32, 16, "11111111111111111111111111111111" },
        { "mr_enclave=22*32", 64, 4, "22222222" },
        { "mr_signer=33*32", 128, 4, "33333333" },
        { "report_data=44*64", 320, 64 - 60, "44444444" },
        { "runtime=", 320, 8, "e3b0c44298fc1c14" },
        { "runtime=616263", 320, 8, "ba7816bf8f01cfea" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set = make(&a, "base", rows[i].changes, 0);
        struct span field = span_part(set.quote, QUOTE_BODY + rows[i].at, rows[i].n);

        CHECK_TEXT(rows[i].changes, hex_dup(&a, field), rows[i].hex);
        arena_fini(&a);
    }
}

static void collateral_parameters_show_in_the_documents(void **state)
{
    static const struct {
        const char *changes, *text;
        bool in_qe_identity;
    } rows[] = {
        { "eval=15", "\"tcbEvaluationDataNumber\":15", false },
        { "eval=15", "\"tcbEvaluationDataNumber\":15", true },
        { "pck_fmspc=0102030405ff", "\"fmspc\":\"0102030405FF\"", false },
        { "ti_fmspc=xyz", "\"fmspc\":\"xyz\"", false },
        { "ti=2024-01-02T03:04:05Z..1704067200",
          "\"issueDate\":\"2024-01-02T03:04:05Z\","
          "\"nextUpdate\":\"2024-01-01T00:00:00Z\"",
          false },
        { "ti_pre=\"tcbType\":0=>\"tcbType\":0,\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0",
          false },
        { "qi_post=\"isvprodid\":1=>\"isvprodid\": 1", "\"isvprodid\": 1", true },
        { "qi_mrs=aB*32", "\"mrsigner\":\"ABABAB", true },
        { "levels=config", "ConfigurationNeeded", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set = make(&a, "base", rows[i].changes, 0);
        struct span doc = rows[i].in_qe_identity ? set.qe_identity : set.tcb_info;

        CHECK(rows[i].changes, memmem(doc.p, doc.n, rows[i].text, strlen(rows[i].text)) != NULL);
        arena_fini(&a);
    }
}

static void a_list_may_name_many(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_sgx_set few = make(&a, "base", "prev=pck,plat,ts", 0),
                       many = make(&a, "base", "prev=others:1000,pck", 0);

    (void)state;
    assert_true(few.pck_crl.n > 285 + 90 && few.pck_crl.n < 500);
    assert_true(many.pck_crl.n > 30000);
    arena_fini(&a);
}

static void changes_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *changes;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "colour=red", ERR_MISSING, "" },
        { "qe_svn", ERR_MALFORMED, "qe_svn" },
        { "qe_svn=", ERR_MALFORMED, "qe_svn" },
        { "qe_svn=65536", ERR_MALFORMED, "qe_svn" },
        { "qe_tail=256", ERR_MALFORMED, "qe_tail" },
        { "tee=4294967296", ERR_MALFORMED, "tee" },
        { "platform=18446744073709551616", ERR_MALFORMED, "platform" },
        { "qe_svn=-1", ERR_MALFORMED, "qe_svn" },
        { "qe_svn=0x", ERR_MALFORMED, "qe_svn" },
        { "qe_svn=1f", ERR_MALFORMED, "qe_svn" },
        { "comp=1 2 256", ERR_MALFORMED, "comp" },
        { "comp=1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ERR_MALFORMED, "comp" },
        { "pck_na=tomorrow", ERR_MALFORMED, "pck_na" },
        { "ti=2024-01-01T00:00:00Z", ERR_MALFORMED, "ti" },
        { "vendor=00", ERR_MALFORMED, "vendor" },
        { "auth=0", ERR_MALFORMED, "auth" },
        { "auth=00*x", ERR_MALFORMED, "auth" },
        { "auth=00*65537", ERR_MALFORMED, "auth" },
        { "isv_flip=yes", ERR_MALFORMED, "isv_flip" },
        { "levels=all", ERR_MALFORMED, "levels" },
        { "prev=pck,leaf", ERR_MALFORMED, "prev" },
        { "prev=others:many", ERR_MALFORMED, "prev" },
        { "ti_post=x", ERR_MALFORMED, "ti_post" },
        { "extension=odd", ERR_MALFORMED, "extension" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_params p = lab_sgx_params(0), old = p;
        struct err e = { 0 };

        CHECK(rows[i].changes, !lab_sgx_set(&p, rows[i].changes, &a, &e));
        CHECK_ERR(rows[i].changes, e, rows[i].code, rows[i].path);
        CHECK(rows[i].changes, memcmp(&p, &old, sizeof p) == 0);
        arena_fini(&a);
    }
}

static void every_parameter_is_documented_and_no_name_stands_twice(void **state)
{
    struct span doc = check_file(CUPEL_SOURCE_DIR "/docs/formats/lab.md");
    const char *name;

    (void)state;
    assert_true(doc.n > 0);
    for (size_t i = 0; (name = lab_param_name(i)); i++) {
        char quoted[64];
        int n = snprintf(quoted, sizeof quoted, "`%s`", name);

        CHECK(name, memmem(doc.p, doc.n, quoted, (size_t)n) != NULL);
        for (size_t k = 0; k < i; k++)
            CHECK(name, strcmp(lab_param_name(k), name) != 0);
    }
    free((void *)(uintptr_t)doc.p);
}

static void a_chain_may_be_brought_along(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_sgx_set set = make(&a, "base", "chain=c0ffee", 0),
                       bare = make(&a, "base", "drop_root=true;chain_nul=false", 0);

    (void)state;
    CHECK_TEXT("end of the quote", hex_dup(&a, span_part(set.quote, set.quote.n - 9, 9)),
               "050003000000c0ffee");
    assert_true(span_starts(make(&a, "base", "", 0).pck_chain, bare.pck_chain));
    assert_int_equal(bare.pck_chain.p[bare.pck_chain.n - 1], '\n');
    arena_fini(&a);
}

static void an_edit_that_finds_nothing_is_an_error(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct lab_sgx_params p = lab_sgx_params(0);
    struct lab_sgx_set set;
    struct err e = { 0 };

    (void)state;
    p.ti_pre = (struct lab_edit){ "no such text", "" };
    assert_false(lab_sgx_make(&p, &a, &set, &e));
    CHECK_ERR("edit", e, ERR_MALFORMED, "");
    arena_fini(&a);
}

static void moments_move_together(void **state)
{
    struct lab_sgx_params p = lab_sgx_params(0), old = p;
    const int64_t year = 365 * 86400;

    (void)state;
    lab_sgx_params_at(&p, LAB_NOW + year);
    assert_true(p.ti[0] == old.ti[0] + year && p.qi[1] == old.qi[1] + year);
    assert_true(p.rcrl[1] == old.rcrl[1] + year && p.pcrl[0] == old.pcrl[0] + year);
    assert_true(p.pck_nb == old.pck_nb + year && p.ts_na == old.ts_na + year);
    assert_true(p.root_nb == old.root_nb && p.root_na == old.root_na);
    lab_sgx_params_at(&p, LAB_NOW - year);
    lab_sgx_params_at(&p, LAB_NOW);
    assert_memory_equal(&p, &old, sizeof p);
}

static void open_enclave_wraps_stand_around_the_quote(void **state)
{
    struct arena a = arena_over(MEMORY);
    struct span quote = span_str("quote"), report = lab_oe_report(&a, quote),
                evidence = lab_oe_evidence(&a, lab_oe_uuid_report, report);

    (void)state;
    CHECK_TEXT("report", hex_dup(&a, report), "0100000002000000050000000000000071756f7465");
    CHECK_TEXT("head", hex_dup(&a, span_part(evidence, 0, 28)),
               "03000000c8303454d9234c2ca691df7def460a761500000000000000");
    CHECK_SPAN("data", span_part(evidence, 28, evidence.n - 28), report);
    arena_fini(&a);
}

static void a_difference_from_the_golden_table_is_reported(void **state)
{
    static const char json[] =
        "{\"scenarios\":[{\"id\":\"base\",\"sha256\":{\"root.der\":\"00\"},"
        "\"expect\":{\"status\":\"OutOfDate\"}},{\"id\":\"new\"},{\"id\":\"tdx-v4\"}]}";
    struct arena a = arena_over(MEMORY);
    struct writer report = writer_in(&a, 0);
    struct lab_golden_result r = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("golden", lab_verify_golden(span_str(json), &report, &r, &e), e);
    assert_int_equal(r.scenarios, 3);
    assert_int_equal(r.skipped, 1);
    /* nine hashes and a status of base, the unknown one, tdx's status, and the number of rows */
    assert_int_equal(r.differences, 13);
    assert_non_null(memmem(report.p, report.n, "base: root.der is 7019664c", 26));
    assert_non_null(memmem(report.p, report.n, "new: the scenario is unknown", 28));
    arena_fini(&a);
}

static void a_golden_table_that_is_none_is_an_error(void **state)
{
    static const struct {
        const char *json, *path;
    } rows[] = { { "[", "golden" }, { "{}", "golden.scenarios" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(MEMORY);
        struct writer report = writer_in(&a, 0);
        struct lab_golden_result r;
        struct err e = { 0 };

        assert_false(lab_verify_golden(span_str(rows[i].json), &report, &r, &e));
        CHECK_ERR(rows[i].json, e, ERR_MALFORMED, rows[i].path);
        arena_fini(&a);
    }
}

static void each_failing_allocation_is_a_clean_error(void **state)
{
    bool ok = false;
    size_t n;

    (void)state;
    for (n = 1; !ok && n < 1000; n++) {
        struct arena a = arena_over(MEMORY);
        struct lab_sgx_set set;
        struct err e = { 0 };

        a.fail_at = n;
        ok = lab_sgx_make_scenario("x-auth-64", 0, &a, &set, &e);
        if (!ok)
            assert_int_equal(e.code, ERR_MEMORY);
        arena_fini(&a);
    }
    assert_true(ok && n > 20);
}

TEST_MAIN(signatures_are_those_of_rfc_6979, keys_are_derived_from_their_names,
          the_lab_makes_the_golden_bytes, known_hashes_stand_without_the_golden_table,
          each_scenario_but_the_base_changes_something, other_kinds_and_names_are_refused_by_name,
          every_seed_platform_and_authority_gives_a_sound_machine,
          another_seed_changes_everything_and_another_platform_only_the_machine,
          a_processor_certificate_has_five_entries_and_its_own_authority,
          parameters_land_where_they_belong, collateral_parameters_show_in_the_documents,
          a_list_may_name_many, changes_that_make_no_sense_are_refused,
          every_parameter_is_documented_and_no_name_stands_twice, a_chain_may_be_brought_along,
          an_edit_that_finds_nothing_is_an_error, moments_move_together,
          open_enclave_wraps_stand_around_the_quote, a_difference_from_the_golden_table_is_reported,
          a_golden_table_that_is_none_is_an_error, each_failing_allocation_is_a_clean_error)
