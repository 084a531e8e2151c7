#include "certificates.h"

#include "proposal_test.h"

#include "../format/json.h"

/* {"NAME":{"kty":KTY,"x5c":[..]}} of the certificates of those signers. */
static const char *payload_of(const char *name, const char *kty, const char *which, struct arena *a)
{
    struct writer w = writer_in(a, 4096);

    write_format(&w, "{\"%s\":{\"kty\":\"%s\",\"x5c\":[", name, kty);
    for (size_t i = 0; which[i]; i++) {
        write_text(&w, i ? ",\"" : "\"");
        b64_write_std(&w, signers[which[i] - '0'].cert);
        write_u8(&w, '"');
    }
    write_text(&w, "]}}");
    write_u8(&w, 0);
    return (const char *)writer_span(&w).p;
}

static struct certificates_result judge(const char *instance, struct span jws, bool is_removal,
                                        struct arena *a)
{
    struct proposal p = proposal_to(instance, jws);
    struct certificates_result r;

    certificates_judge(&p, is_removal, a, &r);
    return r;
}

static void requests_are_heard_from_the_list_alone(void **state)
{
    static const struct {
        const char *name, *instance, *member, *kty, *which;
        int signer;
        bool is_taken;
        enum proposal_refusal why; /* of adding */
    } rows[] = {
        { "as clients send it", "isolated", "policyCertificate", "EC", "4", 0, true, 0 },
        { "as the preview did", "isolated", "maa-policyCertificate", "EC", "4", 1, true, 0 },
        { "as one page has it", "isolated", "x-ms-policyCertificate", "EC", "4", 0, true, 0 },
        { "one that is there", "isolated", "policyCertificate", "RSA", "0", 0, true, 0 },
        { "another name", "isolated", "certificate", "EC", "4", 0, false, PROPOSAL_OPERATION },
        { "unsigned", "isolated", "policyCertificate", "EC", "4", -1, false, PROPOSAL_OPERATION },
        { "km_80: signed by itself", "isolated", "policyCertificate", "EC", "4", 4, false,
          PROPOSAL_OPERATION },
        { "on AAD", "open", "policyCertificate", "EC", "4", 0, false, PROPOSAL_OPERATION },
        { "on shared", "shared", "policyCertificate", "EC", "4", 0, false, PROPOSAL_OPERATION },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int is_removal = 0; is_removal < 2; is_removal++) {
            struct arena a = arena_over(16 << 20);
            struct span jws = sign(rows[i].signer,
                                   payload_of(rows[i].member, rows[i].kty, rows[i].which, &a), &a);
            struct certificates_result r = judge(rows[i].instance, jws, is_removal, &a);

            CHECK_OK(rows[i].name, r.is_taken == rows[i].is_taken, r.no.err);
            CHECK(rows[i].name, r.is_taken || r.no.why == rows[i].why);
            CHECK(rows[i].name, !r.is_taken || r.certificate.thumbprint.n == 40);
            CHECK(rows[i].name, !r.is_taken || is_removal || r.certificate.jwk.n > 0);
            arena_fini(&a);
        }
}

static void what_is_no_good_signer_is_not_added(void **state)
{
    static const struct {
        const char *name, *payload;
        enum proposal_refusal why;
    } rows[] = {
        { "no payload", "", PROPOSAL_OPERATION },
        { "no key", "{\"policyCertificate\":1}", PROPOSAL_PARAMETER },
        { "no certificate", "{\"policyCertificate\":{\"kty\":\"RSA\"}}", PROPOSAL_PARAMETER },
        { "an empty list", "{\"policyCertificate\":{\"x5c\":[]}}", PROPOSAL_PARAMETER },
        { "a number", "{\"policyCertificate\":{\"x5c\":[1]}}", PROPOSAL_PARAMETER },
        { "no base64", "{\"policyCertificate\":{\"x5c\":[\"-_\"]}}", PROPOSAL_PARAMETER },
        { "no DER", "{\"policyCertificate\":{\"x5c\":[\"AAAA\"]}}", PROPOSAL_PARAMETER },
        { "two names", "{\"policyCertificate\":{},\"maa-policyCertificate\":{}}",
          PROPOSAL_OPERATION },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(16 << 20);
        struct certificates_result r = judge("isolated", sign(0, rows[i].payload, &a), false, &a);

        CHECK(rows[i].name, !r.is_taken && r.no.why == rows[i].why && r.no.err.text[0] != '\0');
        arena_fini(&a);
    }
}

static void a_chain_that_does_not_build_is_refused(void **state)
{
    static const struct {
        const char *name, *kty, *which;
    } rows[] = { { "no CA", "EC", "2" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(16 << 20);
        struct span jws =
            sign(0, payload_of("policyCertificate", rows[i].kty, rows[i].which, &a), &a);
        struct certificates_result r = judge("isolated", jws, false, &a);

        CHECK(rows[i].name, !r.is_taken && r.no.why == PROPOSAL_PARAMETER);
        r = judge("isolated", jws, true, &a); /* it goes all the same */
        CHECK_OK(rows[i].name, r.is_taken, r.no.err);
        arena_fini(&a);
    }
}

/* A leaf over a key of its own, issued by another signer. */
static struct span issue(const char *name, bool is_ca, const struct signer *subject,
                         struct signer *issuer, struct arena *a)
{
    const struct cert_wish wish = {
        .common_name = name, .serial = 7, .is_ca = is_ca, .not_after = 4000000000
    };
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK(name, cert_make(crypto, &wish, subject->key, issuer->cert, issuer->key, a, &out, &e),
             e);
    return out;
}

static void chains_end_in_a_certificate_authority_of_their_own(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct span middle = issue("middle", true, &signers[1], &signers[0], &a);
    struct signer intermediate = { signers[1].key, middle };
    struct span leaf = issue("leaf", false, &signers[4], &intermediate, &a);
    struct span other = issue("middle", true, &signers[3], &signers[0], &a);
    const struct {
        const char *name;
        struct span certs[3];
        size_t count;
        bool holds;
    } rows[] = {
        { "whole", { leaf, middle, signers[0].cert }, 3, true },
        { "in another order", { leaf, signers[0].cert, middle }, 3, true },
        { "without the middle", { leaf, signers[0].cert }, 2, false },
        { "without the root", { leaf, middle }, 2, false },
        { "alone", { leaf }, 1, false },
        { "km_29: a middle of the same name and another key",
          { leaf, other, signers[0].cert },
          3,
          false },
        { "itself", { signers[0].cert }, 1, true },
        { "itself, and no CA", { signers[2].cert }, 1, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK_OK(rows[i].name,
                 proposal_chain(crypto, rows[i].certs, rows[i].count, &e) == rows[i].holds, e);
        if (!rows[i].holds)
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "x5c");
    }
    arena_fini(&a);
}

static void the_list_is_written_with_what_clients_read(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct proposal p = proposal_to("isolated", (struct span){ 0 });
    const struct json *j = NULL, *keys = NULL;
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("write", certificates_write(p.state, p.instance->name, &a, &out, &e), e);
    CHECK_OK("parse", json_parse(out, NULL, &a, &j, &e) && json_get_array(j, "keys", &keys, &e), e);
    CHECK_INT("keys", keys->count, 4);
    for (const struct json *k = keys->child; k; k = k->next)
        CHECK("members", json_member(k, "kty") && json_member(k, "x5c")->count == 1);
    CHECK_OK("empty", certificates_write(p.state, span_str("open"), &a, &out, &e), e);
    CHECK_TEXT("empty", out, "{\"keys\":[]}");
    arena_fini(&a);
}

static void every_failed_allocation_ends_in_a_clean_refusal(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct span jws = sign(0, payload_of("policyCertificate", "EC", "4", &keep), &keep);
    bool is_taken = false;

    (void)state;
    for (size_t n = 1; !is_taken && n < 1000; n++) {
        struct arena a = arena_over(16 << 20);
        struct certificates_result r;

        a.fail_at = n;
        r = judge("isolated", jws, false, &a);
        is_taken = r.is_taken;
        CHECK("why", is_taken || r.no.why == PROPOSAL_OURS);
        arena_fini(&a);
    }
    assert_true(is_taken);
    arena_fini(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        requests_are_heard_from_the_list_alone, what_is_no_good_signer_is_not_added,
        a_chain_that_does_not_build_is_refused, chains_end_in_a_certificate_authority_of_their_own,
        the_list_is_written_with_what_clients_read,
        every_failed_allocation_ends_in_a_clean_refusal) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
