#include "tpm2.h"

#include "../base/writer.h"

#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

struct tpm2 {
    TSS2_TCTI_CONTEXT *transport;
    ESYS_CONTEXT *esys;
    ESYS_TR key;
    TPM2B_PUBLIC *area;
};

static bool fail(struct err *err, TSS2_RC rc, const char *doing)
{
    return err_fail(err, ERR_IO, "TPM 2.0 Library, Part 3", "the TPM could not %s: %.120s", doing,
                    Tss2_RC_Decode(rc));
}

/* ---------------------------------------------------------------- the key */

/* May sign what the TPM itself says, and nothing else. */
static TPM2B_PUBLIC template_of(enum tpm2_kind kind)
{
    TPM2B_PUBLIC t = { .publicArea = { .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes =
                                           TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                           TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED |
                                           TPMA_OBJECT_SIGN_ENCRYPT } };
    TPMT_PUBLIC *p = &t.publicArea;

    if (kind == TPM2_KEY_RSA) {
        p->type = TPM2_ALG_RSA;
        p->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
        p->parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
        p->parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        p->parameters.rsaDetail.keyBits = 2048;
    } else {
        p->type = TPM2_ALG_ECC;
        p->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
        p->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
        p->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
        p->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
        p->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    }
    return t;
}

static bool make_key(struct tpm2 *t, enum tpm2_kind kind, struct err *err)
{
    const TPM2B_SENSITIVE_CREATE nothing = { 0 };
    const TPM2B_DATA no_info = { 0 };
    const TPML_PCR_SELECTION no_pcrs = { 0 };
    const TPM2B_PUBLIC wish = template_of(kind);
    TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &nothing, &wish, &no_info, &no_pcrs, &t->key,
                                    &t->area, NULL, NULL, NULL);

    return rc == TSS2_RC_SUCCESS || fail(err, rc, "make an attestation key");
}

static bool connect_to(struct tpm2 *t, const char *transport, struct err *err)
{
    TSS2_RC rc = Tss2_TctiLdr_Initialize(transport, &t->transport);

    if (rc != TSS2_RC_SUCCESS)
        return err_fail(err, ERR_IO, NULL, "no TPM at %.80s: %.100s", transport,
                        Tss2_RC_Decode(rc));
    rc = Esys_Initialize(&t->esys, t->transport, NULL);
    return rc == TSS2_RC_SUCCESS || fail(err, rc, "be spoken to");
}

struct tpm2 *tpm2_open(const char *transport, enum tpm2_kind kind, struct err *err)
{
    struct tpm2 *t = calloc(1, sizeof *t);

    if (!t) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a TPM");
        return NULL;
    }
    t->key = ESYS_TR_NONE;
    if (connect_to(t, transport, err) && make_key(t, kind, err))
        return t;
    tpm2_close(t);
    return NULL;
}

void tpm2_close(struct tpm2 *t)
{
    if (!t)
        return;
    if (t->key != ESYS_TR_NONE)
        Esys_FlushContext(t->esys, t->key);
    Esys_Free(t->area);
    if (t->esys)
        Esys_Finalize(&t->esys);
    if (t->transport)
        Tss2_TctiLdr_Finalize(&t->transport);
    free(t);
}

static bool keep(struct arena *a, const void *p, size_t n, struct span *out, struct err *err)
{
    *out = arena_dup(a, (struct span){ p, n });
    return out->p ? true : arena_fail(a, err);
}

bool tpm2_public(const struct tpm2 *t, struct arena *a, struct span *out, struct err *err)
{
    uint8_t bytes[sizeof(TPM2B_PUBLIC)];
    size_t n = 0;
    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(t->area, bytes, sizeof bytes, &n);

    return rc == TSS2_RC_SUCCESS ? keep(a, bytes, n, out, err) : fail(err, rc, "show its key");
}

/* ---------------------------------------------------------------- registers */

static TPML_PCR_SELECTION selection_of(uint16_t bank, uint32_t mask)
{
    TPML_PCR_SELECTION s = { .count = 1 };

    s.pcrSelections[0].hash = bank;
    s.pcrSelections[0].sizeofSelect = 3;
    for (unsigned i = 0; i < 3; i++)
        s.pcrSelections[0].pcrSelect[i] = (uint8_t)(mask >> (8 * i));
    return s;
}

static uint32_t mask_of(const TPML_PCR_SELECTION *s)
{
    uint32_t mask = 0;

    for (unsigned i = 0; s->count > 0 && i < 3 && i < s->pcrSelections[0].sizeofSelect; i++)
        mask |= (uint32_t)s->pcrSelections[0].pcrSelect[i] << (8 * i);
    return mask;
}

/* A TPM gives a few at a time, the lowest first, and says which. */
static bool read_some(struct tpm2 *t, uint16_t bank, uint32_t *left, struct writer *w,
                      struct err *err)
{
    TPML_PCR_SELECTION wish = selection_of(bank, *left), *given = NULL;
    TPML_DIGEST *values = NULL;
    TSS2_RC rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wish, NULL,
                               &given, &values);
    uint32_t got;

    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "read its PCRs");
    got = mask_of(given) & *left;
    for (uint32_t i = 0; i < values->count; i++)
        write_bytes(w, (struct span){ values->digests[i].buffer, values->digests[i].size });
    Esys_Free(given);
    Esys_Free(values);
    if (got == 0)
        return err_fail(err, ERR_IO, NULL, "the TPM has no bank 0x%04x", bank);
    *left &= ~got;
    return true;
}

static bool read_values(struct tpm2 *t, uint16_t bank, uint32_t mask, struct arena *a,
                        struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 1024);

    while (mask != 0)
        if (!read_some(t, bank, &mask, &w, err))
            return false;
    return writer_done(&w, out, err);
}

/* ---------------------------------------------------------------- quotes */

static bool keep_quote(const TPM2B_ATTEST *statement, const TPMT_SIGNATURE *signature,
                       struct arena *a, struct tpm2_quote *out, struct err *err)
{
    uint8_t bytes[sizeof(TPMT_SIGNATURE)];
    size_t n = 0;
    TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &n);

    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "show its signature");
    return keep(a, statement->attestationData, statement->size, &out->statement, err) &&
           keep(a, bytes, n, &out->signature, err);
}

static bool make_quote(struct tpm2 *t, const TPML_PCR_SELECTION *wish, struct span nonce,
                       struct arena *a, struct tpm2_quote *out, struct err *err)
{
    const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    TPM2B_DATA data = { .size = (uint16_t)nonce.n };
    TPM2B_ATTEST *statement = NULL;
    TPMT_SIGNATURE *signature = NULL;
    TSS2_RC rc;
    bool ok;

    if (nonce.n > sizeof data.buffer)
        return err_fail(err, ERR_LIMIT, NULL, "a quote binds %zu bytes at most, not %zu",
                        sizeof data.buffer, nonce.n);
    memcpy(data.buffer, nonce.p, nonce.n);
    rc = Esys_Quote(t->esys, t->key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data, &own,
                    wish, &statement, &signature);
    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "quote");
    ok = keep_quote(statement, signature, a, out, err);
    Esys_Free(statement);
    Esys_Free(signature);
    return ok;
}

bool tpm2_quote(struct tpm2 *t, uint16_t bank, uint32_t mask, struct span nonce, struct arena *a,
                struct tpm2_quote *out, struct err *err)
{
    const TPML_PCR_SELECTION wish = selection_of(bank, mask);
    struct tpm2_quote q = { 0 };

    if (!read_values(t, bank, mask, a, &q.values, err) || !make_quote(t, &wish, nonce, a, &q, err))
        return false;
    *out = q;
    return true;
}
