/*
 * test_log - small logs with true digests, and a boot made of them, for the tests of this room
 *
 * Owns     a crypto context and one arena
 */
#ifndef CUPEL_EVIDENCE_TPM_TEST_LOG_H
#define CUPEL_EVIDENCE_TPM_TEST_LOG_H

#include "../../../tests/check.h"
#include "boot.h"
#include "measured.h"
#include "replay.h"
#include "variable.h"

enum { MASK_SHA1 = 1u << BANK_SHA1, MASK_SHA256 = 1u << BANK_SHA256, MASK_BOTH = 3 };

struct test_log {
    struct crypto *crypto;
    struct arena arena;
    struct writer w;
    unsigned mask; /* 0: the old frame */
};

static inline void test_log_init(struct test_log *t, unsigned mask)
{
    struct err e = { 0 };

    *t = (struct test_log){ .crypto = crypto_new(&e), .arena = arena_over(64u << 20) };
    CHECK_OK("crypto", t->crypto != NULL, e);
    t->w = writer_in(&t->arena, 4096);
    t->mask = mask;
    if (mask)
        eventlog_write_header(&t->w, mask, (struct span){ 0 });
}

static inline void test_log_fini(struct test_log *t)
{
    arena_fini(&t->arena);
    crypto_free(t->crypto);
}

/* Begins again with an empty log. */
static inline void test_log_again(struct test_log *t, unsigned mask)
{
    t->w = writer_in(&t->arena, 4096);
    t->mask = mask;
    if (mask)
        eventlog_write_header(&t->w, mask, (struct span){ 0 });
}

/* An event whose digest is that of `hashed`, whatever its data is. */
static inline void test_log_add_as(struct test_log *t, uint32_t pcr, uint32_t type,
                                   struct span data, struct span hashed)
{
    struct tpm_event event = { .pcr = pcr, .type = type, .data = hashed };
    uint8_t digests[BANK_COUNT][PCR_SIZE_MAX];
    struct err e = { 0 };

    CHECK_OK("digests",
             eventlog_hash(t->crypto, t->mask ? t->mask : MASK_SHA1, &event, digests, &e), e);
    event.data = data;
    eventlog_write_event(&t->w, t->mask, &event);
}

static inline void test_log_add(struct test_log *t, uint32_t pcr, uint32_t type, struct span data)
{
    test_log_add_as(t, pcr, type, data, data);
}

static inline void test_log_separator(struct test_log *t, uint32_t pcr, const char *four)
{
    test_log_add(t, pcr, EV_SEPARATOR, span_of(four, 4));
}

/* A note, whose digest is zeros. */
static inline void test_log_note(struct test_log *t, uint32_t pcr, struct span data)
{
    static const uint8_t zeros[PCR_SIZE_MAX];
    struct tpm_event event = { .pcr = pcr, .type = EV_NO_ACTION, .data = data };

    for (unsigned b = 0; b < BANK_COUNT; b++)
        event.digests[b] = zeros;
    eventlog_write_event(&t->w, t->mask, &event);
}

/* ASCII as UTF-16. */
static inline struct span test_utf16(struct arena *a, const char *text)
{
    struct writer w = writer_in(a, 2 * strlen(text) + 2);

    for (const char *c = text; *c; c++)
        write_u16le(&w, (uint8_t)*c);
    return writer_span(&w);
}

static inline struct span test_variable(struct arena *a, struct span guid, const char *name,
                                        struct span data)
{
    struct uefi_variable v = { guid, test_utf16(a, name), data };
    struct writer w = writer_in(a, 64);

    variable_write(&w, &v);
    return writer_span(&w);
}

static inline struct span test_record(struct arena *a, uint32_t id, struct span payload)
{
    struct writer w = writer_in(a, payload.n + 8);

    sipa_write(&w, id, payload);
    return writer_span(&w);
}

static inline struct span test_flag(struct arena *a, uint32_t id, uint8_t v)
{
    return test_record(a, id, span_of(&v, 1));
}

static inline struct span test_join(struct arena *a, const struct span *parts, size_t count)
{
    struct writer w = writer_in(a, 64);

    for (size_t i = 0; i < count; i++)
        write_bytes(&w, parts[i]);
    return writer_span(&w);
}

/* The PCRs that the logs lead to, as if quoted; `values` lie in the arena. */
static inline void test_quote(struct test_log *t, const struct boot *b, unsigned mask,
                              struct pcr_set *out)
{
    struct err e = { 0 };

    *out = (struct pcr_set){ 0 };
    for (unsigned bank = 0; bank < BANK_COUNT; bank++) {
        struct replay *r = ARENA_NEW(&t->arena, struct replay);

        if ((mask & 1u << bank) == 0)
            continue;
        CHECK_OK("replay", replay_run(t->crypto, b, (enum tpm_bank)bank, r, &e), e);
        for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
            out->values[bank][pcr] = span_of(r->pcrs[pcr], banks[bank].size);
    }
}

/* The log written so far, read and settled in SHA-256 (or SHA-1 for the old frame). */
static inline struct boot *test_boot(struct test_log *t)
{
    struct boot *b = ARENA_NEW(&t->arena, struct boot);
    struct err e = { 0 };

    CHECK_OK("boot", boot_add_tcg(b, writer_span(&t->w), ORIGIN_ANY, &t->arena, &e), e);
    CHECK_OK("settle",
             measured_settle(t->crypto, t->mask & MASK_SHA256 ? BANK_SHA256 : BANK_SHA1, b, &e), e);
    return b;
}

#endif
