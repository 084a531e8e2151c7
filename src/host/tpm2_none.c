/* Built without tpm2-tss. */
#include "tpm2.h"

struct tpm2 *tpm2_open(const char *transport, enum tpm2_kind kind, struct err *err)
{
    (void)kind;
    err_fail(err, ERR_UNSUPPORTED, NULL,
             "built without tpm2-tss (package libtss2-dev), so %.60s cannot be spoken to",
             transport);
    return NULL;
}

void tpm2_close(struct tpm2 *t)
{
    (void)t;
}

bool tpm2_public(const struct tpm2 *t, struct arena *a, struct span *out, struct err *err)
{
    (void)t, (void)a, (void)out;
    return err_fail(err, ERR_UNSUPPORTED, NULL, "built without tpm2-tss");
}

bool tpm2_quote(struct tpm2 *t, uint16_t bank, uint32_t mask, struct span nonce, struct arena *a,
                struct tpm2_quote *out, struct err *err)
{
    (void)t, (void)bank, (void)mask, (void)nonce, (void)a, (void)out;
    return err_fail(err, ERR_UNSUPPORTED, NULL, "built without tpm2-tss");
}

bool tpm2_ek_certificate(struct tpm2 *t, enum tpm2_kind ek, struct arena *a, struct span *out,
                         struct err *err)
{
    (void)t, (void)ek, (void)a, (void)out;
    return err_fail(err, ERR_UNSUPPORTED, NULL, "built without tpm2-tss");
}

bool tpm2_activate(struct tpm2 *t, enum tpm2_kind ek, struct span blob, struct span seed,
                   struct arena *a, struct span *out, struct err *err)
{
    (void)t, (void)ek, (void)blob, (void)seed, (void)a, (void)out;
    return err_fail(err, ERR_UNSUPPORTED, NULL, "built without tpm2-tss");
}
