/*
 * test_mutant - evidence with exactly one thing wrong and everything above it signed again
 */
#ifndef CUPEL_EVIDENCE_SGX_TEST_MUTANT_H
#define CUPEL_EVIDENCE_SGX_TEST_MUTANT_H

#include "../../crypto/cert.h"
#include "../../format/der.h"
#include "../../format/pem.h"
#include "../dcap/quote.h"
#include "test_case.h"

/* A copy with the first occurrence of some bytes replaced by as many others. */
static inline struct span mutant_replace(struct arena *a, struct span bytes, struct span from,
                                         struct span to)
{
    struct span copy = arena_dup(a, bytes);
    uint8_t *at = memmem(copy.p, copy.n, from.p, from.n);

    if (!at || from.n != to.n)
        fail_msg("the bytes to be replaced are not there");
    memcpy(at, to.p, to.n);
    return copy;
}

/* A copy with one bit of one byte flipped. */
static inline struct span mutant_flip(struct arena *a, struct span bytes, size_t at, unsigned bit)
{
    struct span copy = arena_dup(a, bytes);

    ((uint8_t *)(uintptr_t)copy.p)[at] ^= (uint8_t)(1u << bit);
    return copy;
}

/* r || s as Ecdsa-Sig-Value. */
static inline struct span mutant_der_signature(struct arena *a, const uint8_t raw[64])
{
    struct writer pair = writer_in(a, 80), whole = writer_in(a, 80);

    der_write_magnitude(&pair, span_of(raw, 32));
    der_write_magnitude(&pair, span_of(raw + 32, 32));
    der_write(&whole, DER_SEQUENCE, writer_span(&pair));
    return writer_span(&whole);
}

/* A certificate (or list) of new signed bytes, with the old one's algorithm, signed by a lab key.
 */
static inline struct span mutant_resign(struct test_case *t, struct span tbs, const char *signer)
{
    static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                         0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
    struct writer content = writer_in(&t->lab, 1024), whole = writer_in(&t->lab, 1024);
    struct lab_key key;
    uint8_t raw[64];
    struct err e = { 0 };

    CHECK_OK(signer, lab_key_of(0, signer, &key, &e) && lab_sign(&key, tbs, raw, &e), e);
    write_bytes(&content, tbs);
    write_bytes(&content, span_of(algorithm, sizeof algorithm));
    der_write_bits(&content, mutant_der_signature(&t->lab, raw));
    der_write(&whole, DER_SEQUENCE, writer_span(&content));
    return writer_span(&whole);
}

/* A certificate with some bytes replaced inside what is signed, and signed again. */
static inline struct span mutant_cert(struct test_case *t, struct span der, struct span from,
                                      struct span to, const char *signer)
{
    struct cert cert;
    struct err e = { 0 };

    CHECK_OK("certificate", cert_parse(der, &cert, &e), e);
    return mutant_resign(t, mutant_replace(&t->lab, cert.tbs, from, to), signer);
}

/* A certificate whose basic constraints are replaced by another extension (given whole), signed
 * again. */
static inline struct span mutant_constraints(struct test_case *t, struct span der,
                                             struct span extension, const char *signer)
{
    static const uint8_t basic_constraints[] = { 0x06, 0x03, 0x55, 0x1d, 0x13 };
    struct err e = { 0 };
    struct cert cert;
    struct reader whole, tbs, box, list;
    struct writer content = writer_in(&t->lab, 1024), all = writer_in(&t->lab, 1024);
    struct writer wrapped = writer_in(&t->lab, 1024), out = writer_in(&t->lab, 1024);

    CHECK_OK("certificate", cert_parse(der, &cert, &e), e);
    whole = reader_over(cert.tbs, &e);
    tbs = der_enter(&whole, DER_SEQUENCE, "tbs");
    while (der_peek(&tbs) != DER_CONTEXT_CONSTRUCTED(3) && reader_left(&tbs) > 0)
        write_bytes(&content, der_take_raw(&tbs, der_peek(&tbs), "field"));
    box = der_enter(&tbs, DER_CONTEXT_CONSTRUCTED(3), "extensions");
    list = der_enter(&box, DER_SEQUENCE, "list");
    while (reader_left(&list) > 0) {
        struct span one = der_take_raw(&list, DER_SEQUENCE, "extension");

        write_bytes(&all, memmem(one.p, one.n, basic_constraints, 5) ? extension : one);
    }
    der_write(&wrapped, DER_SEQUENCE, writer_span(&all));
    der_write(&content, DER_CONTEXT_CONSTRUCTED(3), writer_span(&wrapped));
    der_write(&out, DER_SEQUENCE, writer_span(&content));
    return mutant_resign(t, writer_span(&out), signer);
}

static inline struct span mutant_pem(struct test_case *t, const struct span *ders, size_t count)
{
    struct writer w = writer_in(&t->lab, 4096);

    for (size_t i = 0; i < count; i++)
        pem_write(&w, "CERTIFICATE", ders[i]);
    return writer_span(&w);
}

/* The quote with other certification data; nobody signs these. */
static inline void mutant_certification(struct test_case *t, uint16_t type, struct span data)
{
    struct writer w = writer_in(&t->lab, 8192);
    struct quote quote;
    struct err e = { 0 };

    CHECK_OK("quote", quote_parse(t->set.quote, &quote, &e), e);
    quote.certification_type = type;
    quote.certification_data = data;
    quote_write(&w, &quote);
    t->in.evidence = writer_span(&w);
}

/* The quote with those certificates for a chain. */
static inline void mutant_chain(struct test_case *t, const struct span *ders, size_t count)
{
    mutant_certification(t, 5, mutant_pem(t, ders, count));
}

/* Base with some bytes of one certificate replaced: 0 leaf, 1 authority, 2 root. */
static inline void mutant_chain_cert(struct test_case *t, size_t which, struct span from,
                                     struct span to)
{
    static const char *const signers[] = { "platform-ca", "root", "root" };
    struct span ders[3] = { t->set.pck_der, t->set.platform_ca_der, t->set.root_der };

    ders[which] = mutant_cert(t, ders[which], from, to, signers[which]);
    mutant_chain(t, ders, 3);
}

/* The artifacts of the base with something changed, beside the ones under test. */
static inline struct lab_sgx_set mutant_other(struct test_case *t, const char *changes)
{
    struct lab_sgx_params p = lab_sgx_params(0);
    struct lab_sgx_set set;
    struct err e = { 0 };

    CHECK_OK(changes, lab_sgx_set(&p, changes, &t->lab, &e), e);
    CHECK_OK(changes, lab_sgx_make(&p, &t->lab, &set, &e), e);
    return set;
}

/* A row of a table: the base with changes, maybe spoiled further, and the status or reason that
 * must come of it. */
struct mutant_row {
    const char *name, *changes;
    void (*spoil)(struct test_case *t);
    const char *want; /* a status word when accepted, else a reason */
    const char *path; /* of the error; NULL: not looked at */
};

static inline void mutant_judge(struct test_case *t, const struct mutant_row *row)
{
    const struct appraisal *out;

    test_case_changed(t, row->changes);
    if (row->spoil)
        row->spoil(t);
    out = test_case_judge(t);
    if (strcmp(out->is_accepted ? out->tcb.status : out->reason, row->want) != 0)
        fail_msg("row \"%s\": got %s at %s (%s), expected %s", row->name,
                 out->is_accepted ? out->tcb.status : out->reason, out->err.path, out->err.text,
                 row->want);
    if (row->path)
        CHECK_TEXT(row->name, span_str(out->err.path), row->path);
    CHECK(row->name, out->is_accepted || (out->outgoing.count == 0 && out->incoming.count == 0));
}

static inline void mutant_judge_all(const struct mutant_row *rows, size_t count)
{
    struct test_case t;

    test_case_init(&t);
    for (size_t i = 0; i < count; i++)
        mutant_judge(&t, &rows[i]);
    test_case_fini(&t);
}

/* Bytes at a place of a span found by its pointer inside the evidence. */
static inline void mutant_patch(struct test_case *t, size_t at, const void *bytes, size_t n)
{
    t->in.evidence = arena_dup(&t->lab, t->in.evidence);
    memcpy((uint8_t *)(uintptr_t)t->in.evidence.p + at, bytes, n);
}

#endif
