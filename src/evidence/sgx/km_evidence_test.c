/* Mistakes that other verifiers made with the evidence itself: lengths, keys, signatures, chains.
 */
#include "sgx.h"

#include "test_mutant.h"

/* Places in a version 3 quote whose QE authentication data are the usual 32 bytes. */
enum {
    AT_AUTH_SIZE = 432,
    AT_SIGNATURE = 436,
    AT_KEY = 500,
    AT_QE_SIGNATURE = 948,
    AT_QE_AUTH_SIZE = 1012,
    AT_QE_AUTH = 1014,
    AT_CERTIFICATION_SIZE = 1048,
    AT_CERTIFICATION = 1052,
};

/* The order of P-256's group. */
static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                   0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };

static void km_04_a_flipped_bit_in_a_signature_or_in_what_it_covers_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t from, to;
        const char *reason; /* NULL: any */
    } rows[] = {
        { "signed body", 48, 432, NULL },
        { "quote signature", AT_SIGNATURE, AT_KEY, "quote_signature" },
        { "attestation key", AT_KEY, 564, "qe_report_data" },
        { "QE report", 564, AT_QE_SIGNATURE, "qe_report_signature" },
        { "QE report signature", AT_QE_SIGNATURE, AT_QE_AUTH_SIZE, "qe_report_signature" },
        { "QE authentication data", AT_QE_AUTH, AT_QE_AUTH + 32, "qe_report_data" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t at = rows[i].from; at < rows[i].to; at += 7) {
            const struct appraisal *out;

            t.in.evidence = mutant_flip(&t.lab, t.set.quote, at, (unsigned)at % 8);
            out = test_case_judge(&t);
            CHECK(rows[i].name, !out->is_accepted);
            if (rows[i].reason)
                CHECK_TEXT(rows[i].name, span_str(out->reason), rows[i].reason);
        }
    test_case_fini(&t);
}

/* The QE vouches for whatever key the quote shows, so only the key itself is wrong. */
static void vouch_for_key(struct test_case *t, const uint8_t key[64])
{
    struct lab_sgx_params p = lab_sgx_params(0);
    struct writer w = writer_in(&t->lab, 128), data = writer_in(&t->lab, 64);
    uint8_t sum[32];
    struct err e = { 0 };

    write_bytes(&w, span_of(key, 64));
    for (uint8_t i = 0; i < 32; i++)
        write_u8(&w, i);
    CHECK_OK("hash", lab_sha256(writer_span(&w), sum, &e), e);
    write_bytes(&data, span_of(sum, sizeof sum));
    write_fill(&data, 0, 32);
    p.qe_data = writer_span(&data);
    test_case_make(t, &p);
    mutant_patch(t, AT_KEY, key, 64);
}

static void km_05_a_key_that_is_no_point_never_verifies(void **state)
{
    struct lab_key good;
    uint8_t keys[4][64] = { { 0 } };
    struct test_case t;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    CHECK_OK("key", lab_key_of(0, "attestation", &good, &e), e);
    memcpy(keys[1], good.point + 1, 64);
    keys[1][63] ^= 1; /* off the curve */
    memset(keys[2], 0xff, 64);
    memcpy(keys[3], good.point + 1, 32); /* the other half swapped for the first */
    memcpy(keys[3] + 32, good.point + 1, 32);
    for (size_t i = 0; i < COUNT(keys); i++) {
        vouch_for_key(&t, keys[i]);
        CHECK_TEXT("key", span_str(test_case_judge(&t)->reason), "quote_signature");
    }
    vouch_for_key(&t, good.point + 1);
    CHECK_OK("the right one", test_case_judge(&t)->is_accepted, t.out.err);
    test_case_fini(&t);
}

/* n - s, on 32 bytes */
static void negate(uint8_t s[32])
{
    int borrow = 0;

    for (int i = 31; i >= 0; i--) {
        int d = order[i] - s[i] - borrow;

        borrow = d < 0;
        s[i] = (uint8_t)(d < 0 ? d + 256 : d);
    }
}

static void km_05_signatures_at_the_edges_of_the_field_are_refused(void **state)
{
    static const struct {
        size_t at;
        const char *reason;
    } places[] = { { AT_SIGNATURE, "quote_signature" },
                   { AT_QE_SIGNATURE, "qe_report_signature" } };
    uint8_t edges[4][32] = { { 0 } };
    struct test_case t;

    (void)state;
    memcpy(edges[1], order, 32);
    memcpy(edges[2], order, 32);
    edges[2][31]++;
    memset(edges[3], 0xff, 32);
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(places) * COUNT(edges) * 2; i++) {
        size_t place = i % 2, edge = i / 2 % 4, half = i / 8 * 32;

        t.in.evidence = t.set.quote;
        mutant_patch(&t, places[place].at + half, edges[edge], 32);
        CHECK_TEXT("edge", span_str(test_case_judge(&t)->reason), places[place].reason);
    }
    test_case_fini(&t);
}

/* Intel's signatures are not normalized: s and n - s are the same signature. */
static void both_forms_of_s_are_accepted(void **state)
{
    static const size_t places[] = { AT_SIGNATURE, AT_QE_SIGNATURE };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(places); i++) {
        uint8_t s[32];

        memcpy(s, t.set.quote.p + places[i] + 32, sizeof s);
        negate(s);
        t.in.evidence = t.set.quote;
        mutant_patch(&t, places[i] + 32, s, sizeof s);
        CHECK_OK("n - s", test_case_judge(&t)->is_accepted, t.out.err);
    }
    test_case_fini(&t);
}

/* The rest of the quote says nothing but 0xff: no length in it may be looked at. */
static void km_24_the_header_is_judged_before_any_length(void **state)
{
    static const struct {
        const char *name, *changes, *reason;
    } rows[] = {
        { "version 0", "ver=0", "unsupported_quote_version" },
        { "version 2", "ver=2", "unsupported_quote_version" },
        { "version 6", "ver=6", "unsupported_quote_version" },
        { "version 65535", "ver=0xffff", "unsupported_quote_version" },
        { "P-384 key", "akt=3", "unsupported_key_type" },
        { "key type 0", "akt=0", "unsupported_key_type" },
        { "TEE type of TDX", "ver=4;tee=0x81", "wrong_tee_type" },
        { "TEE type 0x82", "ver=4;tee=0x82", "wrong_tee_type" },
        { "TEE type 1 in version 3", "tee=1", "wrong_tee_type" },
        { "vendor", "vendor=939a7233f79c4ca9940a0db3957f0608", "unknown_qe_vendor" },
    };
    struct test_case t;
    uint8_t rest[4096];

    (void)state;
    memset(rest, 0xff, sizeof rest);
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_case_changed(&t, rows[i].changes);
        mutant_patch(&t, 54, rest, 4096 - 54);
        CHECK_TEXT(rows[i].name, span_str(test_case_judge(&t)->reason), rows[i].reason);
        CHECK_INT(rows[i].name, t.request.used, 0);
    }
    test_case_fini(&t);
}

static void km_25_declared_lengths_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at, width;
    } fields[] = {
        { "authentication data", AT_AUTH_SIZE, 4 },
        { "QE authentication data", AT_QE_AUTH_SIZE, 2 },
        { "certification data", AT_CERTIFICATION_SIZE, 4 },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(fields); i++) {
        uint32_t now = 0;

        memcpy(&now, t.set.quote.p + fields[i].at, fields[i].width);
        for (unsigned j = 0; j < 5; j++) {
            const uint32_t lies[] = { now - 1, now + 1, 0, 0x7fffffff, 0xffffffff };

            t.in.evidence = t.set.quote;
            mutant_patch(&t, fields[i].at, &lies[j], fields[i].width);
            CHECK(fields[i].name, !test_case_judge(&t)->is_accepted);
            CHECK_TEXT(fields[i].name, span_str(t.out.reason), "malformed_evidence");
        }
    }
    test_case_fini(&t);
}

static void km_25_a_byte_more_at_any_level_is_refused(void **state)
{
    struct span chain;
    struct writer w;
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "trail=01");
    CHECK_TEXT("behind the quote", span_str(test_case_judge(&t)->reason), "malformed_evidence");
    test_case_changed(&t, "");
    chain = span_part(t.set.quote, AT_CERTIFICATION, t.set.quote.n);
    w = writer_in(&t.lab, 8192);
    write_bytes(&w, chain);
    write_u8(&w, 0);
    mutant_certification(&t, 5, writer_span(&w));
    CHECK_TEXT("a second NUL", span_str(test_case_judge(&t)->reason), "malformed_certificate");
    w = writer_in(&t.lab, 8192);
    write_bytes(&w, t.set.root_der);
    write_u8(&w, 0);
    mutant_chain(&t, (struct span[]){ t.set.pck_der, t.set.platform_ca_der, writer_span(&w) }, 3);
    CHECK_TEXT("in a certificate", span_str(test_case_judge(&t)->reason), "malformed_certificate");
    test_case_changed(&t, "chain_nul=false");
    CHECK_OK("no NUL at all", test_case_judge(&t)->is_accepted, t.out.err);
    test_case_fini(&t);
}

static void leaf_only(struct test_case *t)
{
    mutant_certification(t, 4, mutant_pem(t, &t->set.pck_der, 1));
}

static void leaf_only_and_no_collateral(struct test_case *t)
{
    leaf_only(t);
    t->in.collateral = NULL;
}

static void leaf_only_and_no_list(struct test_case *t)
{
    leaf_only(t);
    t->files.pck_crl = span_str("no list");
    test_case_load(t);
}

static void ppid_in_clear(struct test_case *t)
{
    static const uint8_t data[36];

    mutant_certification(t, 1, span_of(data, sizeof data));
}

static void empty_chain(struct test_case *t)
{
    mutant_certification(t, 5, span_str(""));
}

static void one_certificate(struct test_case *t)
{
    mutant_chain(t, &t->set.pck_der, 1);
}

static void two_certificates(struct test_case *t)
{
    mutant_chain(t, (struct span[]){ t->set.pck_der, t->set.platform_ca_der }, 2);
}

static void four_certificates(struct test_case *t)
{
    mutant_chain(
        t,
        (struct span[]){ t->set.pck_der, t->set.platform_ca_der, t->set.root_der, t->set.root_der },
        4);
}

static void reversed_chain(struct test_case *t)
{
    mutant_chain(t, (struct span[]){ t->set.root_der, t->set.platform_ca_der, t->set.pck_der }, 3);
}

static void root_twice(struct test_case *t)
{
    mutant_chain(t, (struct span[]){ t->set.pck_der, t->set.root_der, t->set.root_der }, 3);
}

static void authority_twice(struct test_case *t)
{
    mutant_chain(
        t, (struct span[]){ t->set.pck_der, t->set.platform_ca_der, t->set.platform_ca_der }, 3);
}

static void carriage_returns(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 8192);

    for (size_t i = 0; i < t->set.pck_chain.n; i++) {
        if (t->set.pck_chain.p[i] == '\n')
            write_u8(&w, '\r');
        write_u8(&w, t->set.pck_chain.p[i]);
    }
    mutant_certification(t, 5, writer_span(&w));
}

static void text_before(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 8192);

    write_text(&w, "a chain follows\n");
    write_bytes(&w, t->set.pck_chain);
    mutant_certification(t, 5, writer_span(&w));
}

/* SEQUENCE in SEQUENCE, a thousand deep, where the leaf should be. */
static void deep_certificate(struct test_case *t)
{
    struct span inner = { 0 };

    for (int i = 0; i < 1000; i++) {
        struct writer w = writer_in(&t->lab, inner.n + 8);

        der_write(&w, DER_SEQUENCE, inner);
        inner = writer_span(&w);
    }
    mutant_chain(t, (struct span[]){ inner, t->set.platform_ca_der, t->set.root_der }, 3);
}

static void km_26_certification_data_that_are_not_a_chain_are_refused(void **state)
{
    static const struct mutant_row rows[] = {
        { "type 1", "", ppid_in_clear, "unsupported_certification_data", NULL },
        { "type 2", "ct=2", NULL, "unsupported_certification_data", NULL },
        { "type 3", "ct=3", NULL, "unsupported_certification_data", NULL },
        { "type 4, a whole chain", "ct=4", NULL, "unsupported_certification_data", NULL },
        { "type 4, issuers in the collateral", "", leaf_only, "SWHardeningNeeded", NULL },
        { "type 4, issuers nowhere", "", leaf_only_and_no_collateral,
          "unsupported_certification_data", NULL },
        { "type 4, no PCK list", "", leaf_only_and_no_list, "invalid_crl", NULL },
        { "type 6", "ct=6", NULL, "unsupported_certification_data", NULL },
        { "type 7", "ct=7", NULL, "unsupported_certification_data", NULL },
        { "type 8", "ct=8", NULL, "unsupported_certification_data", NULL },
        { "type 6 in type 6", "ver=4;ct=6", NULL, "unsupported_certification_data", NULL },
        { "no PEM", "", empty_chain, "malformed_certificate", NULL },
        { "one certificate", "", one_certificate, "malformed_certificate", NULL },
        { "two certificates", "", two_certificates, "malformed_certificate", NULL },
        { "no root", "drop_root=true", NULL, "malformed_certificate", NULL },
        { "four certificates", "", four_certificates, "malformed_certificate", NULL },
        { "reversed", "", reversed_chain, "malformed_certificate", NULL },
        { "root for authority", "", root_twice, "invalid_certificate_chain", NULL },
        { "authority for root", "", authority_twice, "untrusted_root", NULL },
        { "CRLF", "", carriage_returns, "SWHardeningNeeded", NULL },
        { "text before", "", text_before, "malformed_certificate", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_27_deep_nesting_is_refused_in_bounded_time(void **state)
{
    static const struct mutant_row rows[] = {
        { "a thousand sequences", "", deep_certificate, "malformed_certificate", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void other_key(struct test_case *t)
{
    struct lab_key key;
    struct err e = { 0 };

    CHECK_OK("key", lab_key_of(0, "pck", &key, &e), e);
    mutant_patch(t, AT_KEY, key.point + 1, 64);
}

static void change_auth_tail(struct test_case *t)
{
    mutant_patch(t, AT_QE_AUTH + 63, "\x01", 1);
}

static void km_28_the_attestation_key_is_bound_with_every_byte_beside_it(void **state)
{
    static const struct mutant_row rows[] = {
        { "another key", "", other_key, "qe_report_data", NULL },
        { "upper half not zero", "qe_tail=1", NULL, "qe_report_data", NULL },
        { "no authentication data", "auth=", NULL, "SWHardeningNeeded", NULL },
        { "64 bytes of them", "auth=00*64", NULL, "SWHardeningNeeded", NULL },
        { "the 64th changed", "auth=00*64", change_auth_tail, "qe_report_data", NULL },
        { "1024 bytes", "auth=00*1024", NULL, "SWHardeningNeeded", NULL },
        { "1025 bytes", "auth=00*1025", NULL, "malformed_evidence", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

/* The leaf's authority key identifier, changed and signed again. */
static void change_key_identifier(struct test_case *t)
{
    struct cert cert;
    struct err e = { 0 };

    CHECK_OK("leaf", cert_parse(t->set.pck_der, &cert, &e), e);
    mutant_chain_cert(t, 0, cert.authority_key_id,
                      mutant_flip(&t->lab, cert.authority_key_id, 3, 2));
}

static void change_key_identifier_of_a_forged_leaf(struct test_case *t)
{
    struct cert cert;
    struct span ders[3] = { { 0 }, t->set.platform_ca_der, t->set.root_der };
    struct err e = { 0 };

    CHECK_OK("leaf", cert_parse(t->set.pck_der, &cert, &e), e);
    ders[0] = mutant_cert(t, t->set.pck_der, cert.authority_key_id,
                          mutant_flip(&t->lab, cert.authority_key_id, 3, 2), "attestation");
    mutant_chain(t, ders, 3);
}

static void km_29_every_link_is_verified_whatever_the_key_identifiers_say(void **state)
{
    static const struct mutant_row rows[] = {
        { "identifier differs, signature holds", "", change_key_identifier, "SWHardeningNeeded",
          NULL },
        { "identifier differs, forged", "", change_key_identifier_of_a_forged_leaf,
          "invalid_certificate_chain", "pck_chain_signatures.chain[0].signature" },
        { "forged leaf under the real authority", "pck_signer=attestation", NULL,
          "invalid_certificate_chain", "pck_chain_signatures.chain[0].signature" },
        { "forged authority under the real root", "plat_signer=attestation", NULL,
          "invalid_certificate_chain", "pck_chain_signatures.chain[1].signature" },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

/* Another lab's machine with its own collateral: every name and key identifier is right. */
static void km_30_a_root_of_the_same_name_is_not_the_root(void **state)
{
    struct lab_sgx_params p = lab_sgx_params(1);
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_make(&t, &p);
    CHECK_OK("its own root", test_case_judge(&t)->is_accepted, t.out.err);
    test_case_trust(&t, 0);
    test_case_load(&t);
    CHECK_TEXT("our root", span_str(test_case_judge(&t)->reason), "untrusted_root");
    t.root = root_intel_sgx;
    test_case_load(&t);
    CHECK_TEXT("the vendor's root", span_str(test_case_judge(&t)->reason), "untrusted_root");
    t.roots.count = 0;
    test_case_load(&t);
    CHECK_TEXT("no root", span_str(test_case_judge(&t)->reason), "untrusted_root");
    test_case_fini(&t);
}

static void authority_for_leaf(struct test_case *t)
{
    mutant_chain(
        t, (struct span[]){ t->set.platform_ca_der, t->set.platform_ca_der, t->set.root_der }, 3);
}

/* Base with the basic constraints of one certificate replaced: 0 leaf, 1 authority. */
static void change_constraints(struct test_case *t, size_t which, const char *bytes, size_t n)
{
    static const char *const signers[] = { "platform-ca", "root" };
    struct span ders[3] = { t->set.pck_der, t->set.platform_ca_der, t->set.root_der };

    ders[which] = mutant_constraints(t, ders[which], span_of(bytes, n), signers[which]);
    mutant_chain(t, ders, 3);
}

static void leaf_that_is_an_authority(struct test_case *t)
{
    change_constraints(t, 0, "\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff",
                       17);
}

static void authority_that_is_none(struct test_case *t)
{
    change_constraints(t, 1, "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00", 14);
}

/* id-pe-acmeIdentifier, critical: nothing we know. */
static void leaf_with_an_unknown_critical_extension(struct test_case *t)
{
    change_constraints(
        t, 0, "\x30\x11\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x1f\x01\x01\xff\x04\x02\x30\x00", 19);
}

/* keyUsage of the authority: keyCertSign, cRLSign; less each of them. */
static void authority_without_cert_sign(struct test_case *t)
{
    mutant_chain_cert(t, 1, span_of("\x03\x02\x01\x06", 4), span_of("\x03\x02\x01\x02", 4));
}

static void authority_without_crl_sign(struct test_case *t)
{
    mutant_chain_cert(t, 1, span_of("\x03\x02\x01\x06", 4), span_of("\x03\x02\x02\x04", 4));
}

/* pathLenConstraint of the root: 0 allows no authority below it. */
static void root_with_no_path(struct test_case *t)
{
    mutant_chain_cert(t, 2, span_of("\x30\x06\x01\x01\xff\x02\x01\x01", 8),
                      span_of("\x30\x06\x01\x01\xff\x02\x01\x00", 8));
}

static const uint8_t sha256_oid[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const uint8_t sha384_oid[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 };

/* A certificate that says ECDSA with SHA-384, inside and outside, and is signed with SHA-256. */
static struct span labelled_sha384(struct test_case *t, struct span der, const char *signer)
{
    struct span from = span_of(sha256_oid, 8), to = span_of(sha384_oid, 8), whole;
    struct cert cert;
    struct err e = { 0 };
    uint8_t *outer;

    CHECK_OK("certificate", cert_parse(der, &cert, &e), e);
    whole = mutant_resign(t, mutant_replace(&t->lab, cert.tbs, from, to), signer);
    outer = memmem(whole.p + cert.tbs.n, whole.n - cert.tbs.n, sha256_oid, 8);
    memcpy(outer, sha384_oid, 8);
    return whole;
}

static void root_of_another_algorithm(struct test_case *t)
{
    mutant_chain(t,
                 (struct span[]){ t->set.pck_der, t->set.platform_ca_der,
                                  labelled_sha384(t, t->set.root_der, "root") },
                 3);
}

static void leaf_of_another_algorithm(struct test_case *t)
{
    mutant_chain(t,
                 (struct span[]){ labelled_sha384(t, t->set.pck_der, "platform-ca"),
                                  t->set.platform_ca_der, t->set.root_der },
                 3);
}

static void authority_of_another_algorithm(struct test_case *t)
{
    mutant_chain(t,
                 (struct span[]){ t->set.pck_der,
                                  labelled_sha384(t, t->set.platform_ca_der, "root"),
                                  t->set.root_der },
                 3);
}

/* The authority renamed, in its own certificate and in the leaf's. */
static void authority_of_another_name(struct test_case *t)
{
    struct span from = span_str("PCK Platform CA"), to = span_str("PCK Plotform CA");

    mutant_chain(t,
                 (struct span[]){ mutant_cert(t, t->set.pck_der, from, to, "platform-ca"),
                                  mutant_cert(t, t->set.platform_ca_der, from, to, "root"),
                                  t->set.root_der },
                 3);
}

/* Names of issuers that are nobody's here: in the leaf, in the authority, in the root. */
static void leaf_of_another_issuer(struct test_case *t)
{
    mutant_chain_cert(t, 0, span_str("PCK Platform CA"), span_str("PCK Plotform CA"));
}

static void authority_of_another_issuer(struct test_case *t)
{
    mutant_chain_cert(t, 1, span_str("Lab SGX Root CA"), span_str("Lab SGX Rood CA"));
}

static void root_of_another_issuer(struct test_case *t)
{
    mutant_chain_cert(t, 2, span_str("Lab SGX Root CA"), span_str("Lab SGX Rood CA"));
}

static void malformed_and_unfit_certificates_are_refused(void **state)
{
    static const struct mutant_row rows[] = {
        { "no SGX extension", "extension=missing", NULL, "malformed_certificate", NULL },
        { "SGX extension twice", "extension=twice", NULL, "malformed_certificate", NULL },
        { "FMSPC of a wrong type", "extension=wrong-type", NULL, "malformed_certificate", NULL },
        { "a component missing", "extension=no-component", NULL, "malformed_certificate", NULL },
        { "entries in another order", "extension=reversed", NULL, "SWHardeningNeeded", NULL },
        { "processor authority", "processor=true", NULL, "SWHardeningNeeded", NULL },
        { "root of another name", "root_cn=Lab Root", NULL, "invalid_certificate_chain", NULL },
        { "root signed otherwise", "", root_of_another_algorithm, "untrusted_root",
          "root_signature" },
        { "leaf signed otherwise", "", leaf_of_another_algorithm, "invalid_certificate_chain",
          "pck_chain_constraints.chain[0]" },
        { "authority signed otherwise", "", authority_of_another_algorithm,
          "invalid_certificate_chain", "pck_chain_constraints.chain[1]" },
        { "authority of another name", "", authority_of_another_name, "invalid_certificate_chain",
          "pck_chain_names.chain[1]" },
        { "issuer of the leaf", "", leaf_of_another_issuer, "invalid_certificate_chain",
          "pck_chain_names.chain[0]" },
        { "issuer of the authority", "", authority_of_another_issuer, "invalid_certificate_chain",
          "pck_chain_names.chain[1]" },
        { "issuer of the root", "", root_of_another_issuer, "invalid_certificate_chain",
          "pck_chain_names.chain[2]" },
        { "authority for leaf", "", authority_for_leaf, "malformed_certificate", NULL },
        { "leaf may issue", "", leaf_that_is_an_authority, "invalid_certificate_chain",
          "pck_chain_constraints.chain[0]" },
        { "authority is none", "", authority_that_is_none, "invalid_certificate_chain",
          "pck_chain_constraints.chain[1]" },
        { "critical and unknown", "", leaf_with_an_unknown_critical_extension,
          "invalid_certificate_chain", "pck_chain_constraints.chain[0]" },
        { "authority may not issue", "", authority_without_cert_sign, "invalid_certificate_chain",
          "pck_chain_constraints.chain[1]" },
        { "authority may not revoke", "", authority_without_crl_sign, "invalid_certificate_chain",
          "pck_chain_constraints.chain[1]" },
        { "root allows no path", "", root_with_no_path, "invalid_certificate_chain",
          "pck_chain_constraints.chain[2]" },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

TEST_MAIN(km_04_a_flipped_bit_in_a_signature_or_in_what_it_covers_is_refused,
          km_05_a_key_that_is_no_point_never_verifies,
          km_05_signatures_at_the_edges_of_the_field_are_refused, both_forms_of_s_are_accepted,
          km_24_the_header_is_judged_before_any_length,
          km_25_declared_lengths_that_do_not_fit_are_refused,
          km_25_a_byte_more_at_any_level_is_refused,
          km_26_certification_data_that_are_not_a_chain_are_refused,
          km_27_deep_nesting_is_refused_in_bounded_time,
          km_28_the_attestation_key_is_bound_with_every_byte_beside_it,
          km_29_every_link_is_verified_whatever_the_key_identifiers_say,
          km_30_a_root_of_the_same_name_is_not_the_root,
          malformed_and_unfit_certificates_are_refused)
