#include "tpm_parts.h"

#include "../../lab/tpm.h"
#include "../../tests/check.h"
#include "../crypto/cert.h"
#include "../evidence/tpm/structures.h"
#include "../evidence/tpm/tpm.h"

enum { MEMORY = 64 << 20 };

/* A machine of the lab, taken apart as tools would hand it over. */
struct bench {
    struct arena arena;
    struct crypto *crypto;
    struct lab_tpm_set set;
    struct signkey *key;
    struct tpm_parts parts;
};

static struct lab_ring ring;

static void open_with(struct bench *b, const char *changes)
{
    struct lab_tpm_params p = lab_tpm_params("tpm", 0);
    struct err e = { 0 };

    *b = (struct bench){ .arena = arena_over(MEMORY), .crypto = crypto_new(&e) };
    CHECK_OK(changes, lab_tpm_set(&p, changes, &b->arena, &e), e);
    CHECK_OK(changes, lab_tpm_make(&p, &ring, &b->arena, &b->set, &e), e);
    b->key = signkey_read_pem(b->crypto, b->set.request_key, &e);
    CHECK_OK("key", b->key != NULL, e);
    b->parts = (struct tpm_parts){ .tcg = { b->set.log },
                                   .tcg_count = 1,
                                   .ima = b->set.ima,
                                   .aik_cert = b->set.aik_cert,
                                   .aik_public = b->set.aik_public,
                                   .pcrs = b->set.pcrs_sha256,
                                   .quote = b->set.quote,
                                   .signature = b->set.signature,
                                   .challenge = b->set.challenge,
                                   .rp_data = "bGFi" };
}

static void shut(struct bench *b)
{
    signkey_free(b->key);
    crypto_free(b->crypto);
    arena_fini(&b->arena);
}

static void a_request_of_collected_parts_is_accepted(void **state)
{
    static const char *const rows[] = { "", "aik=ec", "os=linux;ima=3", "selection=0xFFFF" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;
        struct appraisal *v;
        struct cert root;
        struct err e = { 0 };
        struct tpm_anchor anchor;
        struct tpm_settings settings;
        struct appraise_in in;

        open_with(&b, rows[i]);
        if (i == 3)
            b.parts.pcrs = span_part(b.parts.pcrs, 0, (size_t)16 * SHA256_SIZE);
        CHECK_OK(rows[i], cert_parse(b.set.root_der, &root, &e), e);
        anchor = (struct tpm_anchor){ .name = "lab", .subject = root.subject, .spki = root.spki };
        settings = (struct tpm_settings){ .anchors = &anchor,
                                          .anchor_count = 1,
                                          .intermediates = &b.set.issuing_der,
                                          .intermediate_count = 1,
                                          .waived_pcrs = 0xFF0000 };
        in = (struct appraise_in){ .kind = EVIDENCE_TPM,
                                   .now = LAB_NOW,
                                   .crypto = b.crypto,
                                   .arena = &b.arena,
                                   .tpm = &settings };
        CHECK_OK(rows[i], tpm_parts_write(b.crypto, b.key, &b.parts, &b.arena, &in.evidence, &e),
                 e);
        v = ARENA_NEW(&b.arena, struct appraisal);
        appraisal_clear(v);
        CHECK_OK(rows[i], appraise(&in, v, &e), e);
        if (!v->is_accepted)
            fail_msg("%s: %s: %s", rows[i], v->err.path, v->err.text);
        shut(&b);
    }
}

static void the_quote_is_asked_for_key_and_challenge(void **state)
{
    uint8_t sum[SHA256_SIZE];
    struct span jwk = { 0 };
    struct err e = { 0 };
    struct bench b;

    (void)state;
    open_with(&b, "");
    CHECK_OK("jwk", tpm_parts_jwk(b.key, &b.arena, &jwk, &e), e);
    CHECK_SPAN("jwk", jwk, b.set.jwk);
    CHECK_OK("qualify", tpm_parts_qualify(b.crypto, jwk, b.set.challenge, sum, &e), e);
    CHECK_SPAN("qualify", span_of(sum, sizeof sum), b.set.qualifying);
    shut(&b);
}

/* Tools write the length of a public area in front of it, or not. */
static void a_public_area_may_have_its_length_in_front(void **state)
{
    struct span bare = { 0 }, framed = { 0 };
    struct err e = { 0 };
    struct bench b;
    struct writer w;

    (void)state;
    open_with(&b, "");
    w = writer_in(&b.arena, 512);
    CHECK_OK("bare", tpm_parts_write(b.crypto, b.key, &b.parts, &b.arena, &bare, &e), e);
    tpm2b_write(&w, b.set.aik_public);
    b.parts.aik_public = writer_span(&w);
    CHECK_OK("framed", tpm_parts_write(b.crypto, b.key, &b.parts, &b.arena, &framed, &e), e);
    /* the signature's salt is random, the payload is not */
    CHECK_SPAN("payload", span_part(framed, 0, framed.n - 342), span_part(bare, 0, bare.n - 342));
    shut(&b);
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    struct span none = { 0 }, out = { 0 };
    struct bench b;
    struct err e = { 0 };
    struct tpm_parts p;
    struct signkey *ec;

    (void)state;
    open_with(&b, "");
    p = b.parts;
    p.pcrs = span_part(p.pcrs, 0, p.pcrs.n - 1);
    assert_false(tpm_parts_write(b.crypto, b.key, &p, &b.arena, &out, &e));
    CHECK_ERR("short", e, ERR_MALFORMED, "pcrs");
    err_clear(&e);
    p = b.parts;
    p.pcrs = span_part(b.set.log, 0, b.parts.pcrs.n + 1);
    assert_false(tpm_parts_write(b.crypto, b.key, &p, &b.arena, &out, &e));
    CHECK_ERR("long", e, ERR_MALFORMED, "pcrs");
    err_clear(&e);
    p = b.parts;
    p.quote = none;
    assert_false(tpm_parts_write(b.crypto, b.key, &p, &b.arena, &out, &e));
    assert_int_equal(e.code, ERR_MALFORMED);
    err_clear(&e);
    p = b.parts;
    p.aik_public = b.set.quote;
    assert_false(tpm_parts_write(b.crypto, b.key, &p, &b.arena, &out, &e));
    CHECK("aik", strncmp(e.path, "aik_public", 10) == 0);
    err_clear(&e);
    ec = signkey_new(b.crypto, SIGNKEY_P256, &e);
    assert_false(tpm_parts_write(b.crypto, ec, &b.parts, &b.arena, &out, &e));
    CHECK_ERR("key", e, ERR_UNSUPPORTED, "");
    signkey_free(ec);
    shut(&b);
}

static void want_of_memory_is_told(void **state)
{
    bool is_made = false;
    struct bench b;

    (void)state;
    open_with(&b, "");
    for (size_t at = 1; !is_made; at++) {
        struct arena a = arena_over(MEMORY);
        struct span out = { 0 };
        struct err e = { 0 };

        a.fail_at = at;
        is_made = tpm_parts_write(b.crypto, b.key, &b.parts, &a, &out, &e);
        if (!is_made)
            CHECK("code", e.code == ERR_MEMORY);
        arena_fini(&a);
    }
    shut(&b);
}

TEST_MAIN(a_request_of_collected_parts_is_accepted, the_quote_is_asked_for_key_and_challenge,
          a_public_area_may_have_its_length_in_front, parts_that_do_not_fit_are_refused,
          want_of_memory_is_told)
