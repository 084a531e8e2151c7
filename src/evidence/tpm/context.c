#include "context.h"

#include "../../base/reader.h"
#include "../../base/writer.h"

#define CONTRACT "the TPM contract, 1"

enum { CONTEXT_VERSION = 1 };

/* Each part behind its length, so that no two pairs of names read the same. */
static bool make_beside(const struct tpm_round_trip *t, struct arena *a, struct span *out,
                        struct err *err)
{
    struct writer w = writer_in(a, t->instance.n + t->api_version.n + 4);

    if (t->instance.n > CONTEXT_NAME_MAX || t->api_version.n > CONTEXT_NAME_MAX)
        return err_fail(err, ERR_LIMIT, CONTRACT, "names of more than %d bytes bind nothing",
                        CONTEXT_NAME_MAX);
    write_u16be(&w, (uint16_t)t->instance.n);
    write_bytes(&w, t->instance);
    write_u16be(&w, (uint16_t)t->api_version.n);
    write_bytes(&w, t->api_version);
    return writer_done(&w, out, err);
}

bool tpm_context_seal(struct crypto *c, const struct tpm_round_trip *t,
                      const uint8_t nonce[AEAD_NONCE_SIZE], const struct tpm_context *x,
                      struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 16 + x->challenge.n + t->instance.n);
    struct span beside = { 0 }, text = { 0 };

    if (!make_beside(t, a, &beside, err))
        return false;
    write_u8(&w, CONTEXT_VERSION);
    write_u64be(&w, (uint64_t)x->issued_at);
    write_u16be(&w, (uint16_t)x->challenge.n);
    write_bytes(&w, x->challenge);
    write_bytes(&w, t->instance);
    return writer_done(&w, &text, err) &&
           aead_seal(c, t->keys[0], nonce, beside, text, a, out, err);
}

static bool parse(struct span text, const struct tpm_round_trip *t, struct tpm_context *out,
                  struct err *err)
{
    struct reader r = reader_over(text, err);
    uint8_t version = reader_u8(&r, "version");
    struct tpm_context x = { .issued_at = (int64_t)reader_u64be(&r, "issued_at") };

    x.challenge = reader_take(&r, reader_u16be(&r, "challenge"), "challenge");
    if (!span_equal(reader_rest(&r), t->instance) || version != CONTEXT_VERSION || x.issued_at < 0)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT, "the context is of another instance");
    if (!reader_done(&r))
        return false;
    *out = x;
    return true;
}

bool tpm_context_open(struct crypto *c, const struct tpm_round_trip *t, struct span sealed,
                      struct arena *a, struct tpm_context *out, struct err *err)
{
    struct span beside = { 0 }, text = { 0 };

    if (!make_beside(t, a, &beside, err))
        return false;
    for (size_t i = 0; i < t->key_count; i++) {
        struct err e = { 0 };

        if (aead_open(c, t->keys[i], beside, sealed, a, &text, &e))
            return parse(text, t, out, err);
        if (e.code != ERR_UNTRUSTED) {
            *err = e;
            return false;
        }
    }
    return err_fail(
        err, ERR_UNTRUSTED, CONTRACT,
        "the context was not made here, or for another instance, or is too old to open");
}
