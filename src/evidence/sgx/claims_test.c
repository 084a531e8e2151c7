#include "claims.h"

#include "../../base/b64.h"
#include "../../policy/known_claims.h"
#include "test_mutant.h"

#define KSS "isv_attr=8500000000000000e700000000000000"
static struct span canonical(struct test_case *t, const struct claim_set *set)
{
    struct writer w = writer_in(&t->lab, 4096);
    struct err e = { 0 };

    CHECK_OK("write", claim_set_write(&w, set, &e), e);
    return writer_span(&w);
}

static bool has(const struct claim_set *set, const char *name)
{
    return claim_find(set, span_str(name)) != NULL;
}

/* Without collateral hashes, which stand in tests of their own. */
static void incoming_claims_of_the_base_are_these(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "isv_svn=300;mr_enclave=aa*32;mr_signer=bb*32;report_data=cc*64");
    CHECK_OK("base", test_case_judge(&t)->is_accepted, t.out.err);
    CHECK_TEXT(
        "incoming", canonical(&t, &t.out.incoming),
        "{\"$is-debuggable\":false,\"$product-id\":7,"
        "\"$sgx-mrenclave\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"$sgx-mrsigner\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
        "\"$svn\":300,\"$tee\":\"sgx\",\"x-ms-attestation-type\":\"sgx\","
        "\"x-ms-sgx-collateral-expired\":false,\"x-ms-sgx-fmspc\":\"00a1b2c3d4e5\","
        "\"x-ms-sgx-is-debuggable\":false,"
        "\"x-ms-sgx-mrenclave\":"
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"x-ms-sgx-mrsigner\":"
        "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
        "\"x-ms-sgx-product-id\":7,"
        "\"x-ms-sgx-report-data\":"
        "\"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\","
        "\"x-ms-sgx-svn\":300,\"x-ms-sgx-tcb-advisory-ids\":\"INTEL-SA-00001\","
        "\"x-ms-sgx-tcb-date\":\"2023-08-01T00:00:00Z\","
        "\"x-ms-sgx-tcb-evaluation-data-number\":16,"
        "\"x-ms-sgx-tcb-status\":\"SWHardeningNeeded\"}");
    test_case_fini(&t);
}

static void outgoing_claims_are_the_service_s_own(void **state)
{
    static const char *const names[] = {
        "x-ms-attestation-type", "x-ms-sgx-is-debuggable", "x-ms-sgx-mrenclave",
        "x-ms-sgx-mrsigner",     "x-ms-sgx-product-id",    "x-ms-sgx-svn",
        "x-ms-sgx-report-data",  "x-ms-sgx-collateral",    "maa-attestationcollateral",
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK_OK("base", test_case_judge(&t)->is_accepted, t.out.err);
    CHECK_INT("count", t.out.outgoing.count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(names[i], has(&t.out.outgoing, names[i]));
    test_case_fini(&t);
}

static void both_routes_give_the_same_claims_but_for_the_quote_s_hash(void **state)
{
    struct test_case t;
    struct span quote, report;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK_OK("quote", test_case_judge(&t)->is_accepted, t.out.err);
    quote = canonical(&t, &t.out.incoming);
    t.in.kind = EVIDENCE_OE;
    t.in.evidence = lab_oe_report(&t.lab, t.set.quote);
    CHECK_OK("report", test_case_judge(&t)->is_accepted, t.out.err);
    report = canonical(&t, &t.out.incoming);
    CHECK_SPAN("incoming", report, quote);
    test_case_fini(&t);
}

static void the_quote_s_hash_covers_what_was_submitted(void **state)
{
    static const char *const rows[] = { "", "trail=00*70" };
    struct test_case t;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        uint8_t sum[32];
        char hex[80] = "\"quotehash\":\"";

        test_case_changed(&t, rows[i / 2]);
        if (i % 2) {
            t.in.kind = EVIDENCE_OE;
            t.in.evidence = lab_oe_report(&t.lab, t.set.quote);
        }
        CHECK_OK("hash", lab_sha256(t.in.evidence, sum, &e), e);
        for (size_t j = 0; j < sizeof sum; j++)
            snprintf(hex + strlen(hex), 3, "%02x", sum[j]);
        test_case_judge(&t);
        CHECK(
            "hash",
            strstr(
                (const char *)claim_find(&t.out.outgoing, span_str("x-ms-sgx-collateral"))->text.p,
                hex));
    }
    test_case_fini(&t);
}

static void key_separation_claims_appear_with_key_separation_only(void **state)
{
    static const char *const names[] = { "x-ms-sgx-config-id", "x-ms-sgx-config-svn",
                                         "x-ms-sgx-isv-extended-product-id",
                                         "x-ms-sgx-isv-family-id" };
    static const char fields[] =
        "config_id=0102*32;config_svn=513;ext_prod_id=0304*8;family_id=0506*8";
    struct test_case t;
    char changes[256];

    (void)state;
    test_case_init(&t);
    for (int kss = 0; kss < 2; kss++) {
        snprintf(changes, sizeof changes, "%s%s%s", fields, kss ? ";" : "", kss ? KSS : "");
        test_case_changed(&t, changes);
        CHECK_OK(changes, test_case_judge(&t)->is_accepted, t.out.err);
        for (size_t i = 0; i < COUNT(names); i++) {
            CHECK_INT(names[i], has(&t.out.outgoing, names[i]), kss);
            CHECK_INT(names[i], has(&t.out.incoming, names[i]), kss);
        }
    }
    CHECK_TEXT("memory order", claim_find(&t.out.outgoing, span_str(names[3]))->text,
               "05060506050605060506050605060506");
    CHECK_TEXT("memory order", claim_find(&t.out.outgoing, span_str(names[2]))->text,
               "03040304030403040304030403040304");
    CHECK_INT("number", claim_find(&t.out.outgoing, span_str(names[1]))->integer, 513);
    test_case_fini(&t);
}

/* Runtime data bound by an enclave of the lab. */
static void bind_runtime(struct test_case *t, struct span data)
{
    struct lab_sgx_params p = lab_sgx_params(0);

    p.runtime = data;
    test_case_make(t, &p);
}

static void binary_runtime_data_come_back_as_held_data(void **state)
{
    static const char *const rows[] = { "", "a", "{\"lab\":\"not read\"}", "{\"a\":1,\"a\":2}" };
    static const char *const names[] = { "x-ms-sgx-ehd", "maa-ehd", "aas-ehd" };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span want;

        bind_runtime(&t, span_str(rows[i]));
        t.in.runtime_data = (struct bound_data){ DATA_BINARY, span_str(rows[i]) };
        CHECK_OK(rows[i], test_case_judge(&t)->is_accepted, t.out.err);
        want = b64_dup_url(&t.lab, span_str(rows[i]));
        for (size_t j = 0; j < COUNT(names); j++)
            CHECK_SPAN(rows[i], claim_find(&t.out.outgoing, span_str(names[j]))->text, want);
        CHECK_SPAN(rows[i], claim_find(&t.out.incoming, span_str("x-ms-sgx-ehd"))->text, want);
        CHECK(rows[i], !has(&t.out.incoming, "maa-ehd") && !has(&t.out.outgoing, "x-ms-runtime"));
    }
    test_case_fini(&t);
}

static void json_runtime_data_come_back_canonical(void **state)
{
    static const struct {
        const char *name, *text;
        size_t n; /* 0: all of the text */
        const char *claim, *reason;
    } rows[] = {
        { "sorted, without white space", " { \"b\" : [1, 2] , \"a\" : {\"z\":null,\"y\":1.50} } ",
          0, "{\"a\":{\"y\":1.50,\"z\":null},\"b\":[1,2]}", NULL },
        { "empty object", "{}", 0, "{}", NULL },
        { "C text with its end", "{\"a\":1}\0", 8, "{\"a\":1}", NULL },
        { "C text with several", "{\"a\":1}\0\0\0", 10, "{\"a\":1}", NULL },
        { "zero in front", "\0{\"a\":1}", 8, NULL, "malformed_runtime_data" },
        { "list", "[1]", 0, NULL, "malformed_runtime_data" },
        { "text", "\"a\"", 0, NULL, "malformed_runtime_data" },
        { "nothing", "", 0, NULL, "malformed_runtime_data" },
        { "duplicate name", "{\"a\":1,\"a\":1}", 0, NULL, "malformed_runtime_data" },
        { "two objects", "{}{}", 0, NULL, "malformed_runtime_data" },
        { "not UTF-8", "{\"a\":\"\xff\"}", 0, NULL, "malformed_runtime_data" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span data = rows[i].n ? span_of(rows[i].text, rows[i].n) : span_str(rows[i].text);

        bind_runtime(&t, data);
        t.in.runtime_data = (struct bound_data){ DATA_JSON, data };
        test_case_judge(&t);
        CHECK_TEXT(rows[i].name, span_str(t.out.reason ? t.out.reason : ""),
                   rows[i].reason ? rows[i].reason : "");
        if (rows[i].reason)
            continue;
        CHECK_TEXT(rows[i].name, claim_find(&t.out.outgoing, span_str("x-ms-runtime"))->text,
                   rows[i].claim);
        CHECK(rows[i].name,
              !has(&t.out.outgoing, "x-ms-sgx-ehd") && !has(&t.out.incoming, "x-ms-runtime"));
    }
    test_case_fini(&t);
}

/* The first 32 bytes are named; the others are the enclave's. */
static void km_09_runtime_data_must_be_exactly_what_was_bound(void **state)
{
    static const struct {
        const char *name, *data;
        size_t n;
    } rows[] = {
        { "a bit", "{\"lab\":\"runtime datb\"}", 22 },
        { "truncated", "{\"lab\":\"runtime data\"", 21 },
        { "a zero more", "{\"lab\":\"runtime data\"}\0", 23 },
        { "empty", "", 0 },
        { "prefix", "{", 1 },
    };
    static const enum data_type types[] = { DATA_BINARY, DATA_JSON };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(rows) * COUNT(types); i++) {
        t.in.runtime_data.type = types[i % 2];
        t.in.runtime_data.bytes = span_of(rows[i / 2].data, rows[i / 2].n);
        CHECK_TEXT(rows[i / 2].name, span_str(test_case_judge(&t)->reason),
                   "runtime_data_mismatch");
    }
    t.in.runtime_data.bytes = t.set.runtime;
    CHECK_OK("the right ones", test_case_judge(&t)->is_accepted, t.out.err);
    test_case_fini(&t);
}

/* An enclave whose configuration id is SHA-256 of `data` and `tail`, with or without KSS. */
static void bind_init(struct test_case *t, const char *data, uint8_t tail, bool has_kss)
{
    struct lab_sgx_params p = lab_sgx_params(0);
    uint8_t *id = arena_alloc(&t->lab, 64, 1);
    struct err e = { 0 };

    CHECK_OK("hash", lab_sha256(span_str(data), id, &e), e);
    id[63] = tail;
    p.config_id = span_of(id, 64);
    p.isv_attr[0] = has_kss ? 0x85 : 0x05;
    test_case_make(t, &p);
}

static void init_time_data_are_bound_to_the_configuration(void **state)
{
    static const struct {
        const char *name, *bound, *sent;
        enum data_type type;
        uint8_t tail;
        bool has_kss;
        const char *reason, *claim;
    } rows[] = {
        { "JSON", "{\"b\":1, \"a\":2}", "{\"b\":1, \"a\":2}", DATA_JSON, 0, true, "",
          "{\"a\":2,\"b\":1}" },
        { "binary", "init", "init", DATA_BINARY, 0, true, "", NULL },
        { "other", "init", "inis", DATA_BINARY, 0, true, "init_time_data_mismatch", NULL },
        { "tail", "init", "init", DATA_BINARY, 1, true, "init_time_data_mismatch", NULL },
        { "no KSS", "init", "init", DATA_BINARY, 0, false, "init_time_data_mismatch", NULL },
        { "absent", "init", "", DATA_NONE, 1, false, "", NULL },
        { "not an object", "17", "17", DATA_JSON, 0, true, "malformed_init_time_data", NULL },
        { "duplicate", "{\"a\":1,\"a\":1}", "{\"a\":1,\"a\":1}", DATA_JSON, 0, true,
          "malformed_init_time_data", NULL },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct claim *claim;

        bind_init(&t, rows[i].bound, rows[i].tail, rows[i].has_kss);
        t.in.inittime_data = (struct bound_data){ rows[i].type, span_str(rows[i].sent) };
        test_case_judge(&t);
        CHECK_TEXT(rows[i].name, span_str(t.out.reason ? t.out.reason : ""), rows[i].reason);
        claim = claim_find(&t.out.outgoing, span_str("x-ms-inittime"));
        CHECK_INT(rows[i].name, claim != NULL, rows[i].claim != NULL);
        if (claim)
            CHECK_TEXT(rows[i].name, claim->text, rows[i].claim);
    }
    test_case_fini(&t);
}

static void the_nonce_is_said_as_it_came_and_to_nobody_else(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK("none", !has(&test_case_judge(&t)->outgoing, "nonce"));
    t.in.nonce = span_str("13107553867013137664");
    CHECK_TEXT("nonce", claim_find(&test_case_judge(&t)->outgoing, span_str("nonce"))->text,
               "13107553867013137664");
    CHECK("not for the policy", !has(&t.out.incoming, "nonce"));
    test_case_fini(&t);
}

/* Everything that can be said at once: each row of the table appears on its sides and on no other,
 * and nothing appears that is no row. */
static void each_row_of_the_table_is_said_and_nothing_else(void **state)
{
    struct test_case t;
    size_t incoming = 0, outgoing = 0;

    (void)state;
    test_case_init(&t);
    bind_init(&t, "{}", 0, true);
    t.in.inittime_data = (struct bound_data){ DATA_JSON, span_str("{}") };
    t.in.nonce = span_str("n");
    for (int json = 0; json < 2; json++) {
        t.in.runtime_data = (struct bound_data){ json ? DATA_JSON : DATA_BINARY, t.set.runtime };
        CHECK_OK("all", test_case_judge(&t)->is_accepted, t.out.err);
        incoming = outgoing = 0;
        for (size_t i = 0; i < sgx_claim_count; i++) {
            const struct claim_def *def = &sgx_claims[i];
            bool is_held = strstr(def->name, "ehd") != NULL;
            bool is_json_only = strcmp(def->name, "x-ms-runtime") == 0;
            bool is_said = json ? !is_held : !is_json_only;
            const struct claim *in = claim_find(&t.out.incoming, span_str(def->name));
            const struct claim *out = claim_find(&t.out.outgoing, span_str(def->name));

            CHECK_INT(def->name, in != NULL, is_said && (def->flags & CLAIM_INCOMING));
            CHECK_INT(def->name, out != NULL, is_said && (def->flags & CLAIM_OUTGOING));
            CHECK(def->name, (!in || in->type == def->type) && (!out || out->type == def->type));
            CHECK(def->name, !in || (!in->is_read_only && in->issuer == ISSUER_SERVICE));
            CHECK(def->name, def->meaning && def->spec);
            incoming += in != NULL;
            outgoing += out != NULL;
        }
        CHECK_INT("incoming", t.out.incoming.count, incoming);
        CHECK_INT("outgoing", t.out.outgoing.count, outgoing);
    }
    test_case_fini(&t);
}

static void the_linter_knows_every_claim_that_a_policy_sees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sgx_claim_count; i++) {
        const struct claim_def *d = &sgx_claims[i];
        const struct known_claim *k = known_claim_find(span_str(d->name), KNOWN_SGX);

        if ((d->flags & CLAIM_INCOMING) == 0)
            continue;
        CHECK(d->name, k != NULL);
        CHECK_INT(d->name, d->type == CLAIM_INT, k->type == KNOWN_INTEGER);
        CHECK_INT(d->name, d->type == CLAIM_BOOL, k->type == KNOWN_BOOLEAN);
        CHECK_INT(d->name, (d->flags & CLAIM_MANY) != 0, (k->flags & KNOWN_MANY) != 0);
    }
}

TEST_MAIN(incoming_claims_of_the_base_are_these, outgoing_claims_are_the_service_s_own,
          both_routes_give_the_same_claims_but_for_the_quote_s_hash,
          the_quote_s_hash_covers_what_was_submitted,
          key_separation_claims_appear_with_key_separation_only,
          binary_runtime_data_come_back_as_held_data, json_runtime_data_come_back_canonical,
          km_09_runtime_data_must_be_exactly_what_was_bound,
          init_time_data_are_bound_to_the_configuration,
          the_nonce_is_said_as_it_came_and_to_nobody_else,
          each_row_of_the_table_is_said_and_nothing_else,
          the_linter_knows_every_claim_that_a_policy_sees)
