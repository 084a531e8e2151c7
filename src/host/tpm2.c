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

/* ---------------------------------------------------------------- the endorsement key */

enum { EK_INDEX_RSA = 0x01C00002, EK_INDEX_P256 = 0x01C0000A, NV_PART = 512, NV_MAX = 16384 };

/* The index is read under its own, empty authorisation: the profile lets everybody. */
static bool read_index(struct tpm2 *t, ESYS_TR index, uint16_t size, struct writer *w,
                       struct err *err)
{
    for (uint16_t at = 0; at < size;) {
        uint16_t n = (uint16_t)(size - at < NV_PART ? size - at : NV_PART);
        TPM2B_MAX_NV_BUFFER *part = NULL;
        TSS2_RC rc = Esys_NV_Read(t->esys, index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, n, at, &part);

        if (rc != TSS2_RC_SUCCESS)
            return fail(err, rc, "show the endorsement key's certificate");
        write_bytes(w, (struct span){ part->buffer, part->size });
        at = (uint16_t)(at + part->size);
        if (part->size == 0)
            size = at;
        Esys_Free(part);
    }
    return true;
}

static bool size_of_index(struct tpm2 *t, ESYS_TR index, uint16_t *out, struct err *err)
{
    TPM2B_NV_PUBLIC *area = NULL;
    TSS2_RC rc =
        Esys_NV_ReadPublic(t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, NULL);

    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "describe the endorsement key's certificate");
    *out = area->nvPublic.dataSize;
    Esys_Free(area);
    return *out <= NV_MAX ||
           err_fail(err, ERR_LIMIT, NULL, "the certificate has %u bytes, at most %d are read", *out,
                    NV_MAX);
}

bool tpm2_ek_certificate(struct tpm2 *t, enum tpm2_kind ek, struct arena *a, struct span *out,
                         struct err *err)
{
    TPM2_HANDLE handle = ek == TPM2_KEY_RSA ? EK_INDEX_RSA : EK_INDEX_P256;
    struct writer w = writer_in(a, 2048);
    ESYS_TR index = ESYS_TR_NONE;
    uint16_t size = 0;
    bool ok;

    if (Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index) !=
        TSS2_RC_SUCCESS)
        return err_fail(err, ERR_MISSING, "TCG EK Credential Profile, 2.2.1.4",
                        "the TPM holds no certificate of its endorsement key at 0x%08x", handle);
    ok = size_of_index(t, index, &size, err) && read_index(t, index, size, &w, err) &&
         writer_done(&w, out, err);
    Esys_TR_Close(t->esys, &index);
    return ok;
}

/* PolicySecret of the endorsement hierarchy. */
static const uint8_t ek_policy[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

/* The key comes out as the maker certified it only when every byte of the template is the same,
 * the zeros in place of the key included. */
static TPM2B_PUBLIC ek_template_of(enum tpm2_kind kind)
{
    const TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES,
                                      .keyBits.aes = 128,
                                      .mode.aes = TPM2_ALG_CFB };
    TPM2B_PUBLIC t = { .publicArea = { .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes =
                                           TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                           TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED |
                                           TPMA_OBJECT_DECRYPT } };
    TPMT_PUBLIC *p = &t.publicArea;

    p->authPolicy.size = sizeof ek_policy;
    memcpy(p->authPolicy.buffer, ek_policy, sizeof ek_policy);
    if (kind == TPM2_KEY_RSA) {
        p->type = TPM2_ALG_RSA;
        p->parameters.rsaDetail.symmetric = aes;
        p->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        p->parameters.rsaDetail.keyBits = 2048;
        p->unique.rsa.size = 256;
    } else {
        p->type = TPM2_ALG_ECC;
        p->parameters.eccDetail.symmetric = aes;
        p->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
        p->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
        p->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
        p->unique.ecc.x.size = 32;
        p->unique.ecc.y.size = 32;
    }
    return t;
}

static bool make_ek(struct tpm2 *t, enum tpm2_kind kind, ESYS_TR *out, struct err *err)
{
    const TPM2B_SENSITIVE_CREATE nothing = { 0 };
    const TPM2B_DATA no_info = { 0 };
    const TPML_PCR_SELECTION no_pcrs = { 0 };
    const TPM2B_PUBLIC wish = ek_template_of(kind);
    TSS2_RC rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &nothing, &wish, &no_info, &no_pcrs, out, NULL,
                                    NULL, NULL, NULL);

    return rc == TSS2_RC_SUCCESS || fail(err, rc, "make its endorsement key");
}

/* A session in which the endorsement hierarchy's authorisation was shown. */
static bool open_session(struct tpm2 *t, ESYS_TR *out, struct err *err)
{
    const TPMT_SYM_DEF no_cipher = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc =
        Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &no_cipher, TPM2_ALG_SHA256, out);

    if (rc != TSS2_RC_SUCCESS)
        return fail(err, rc, "open a session");
    rc = Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, *out, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    return rc == TSS2_RC_SUCCESS || fail(err, rc, "open its endorsement hierarchy");
}

static bool activate_with(struct tpm2 *t, ESYS_TR ek, ESYS_TR session, const TPM2B_ID_OBJECT *blob,
                          const TPM2B_ENCRYPTED_SECRET *seed, struct arena *a, struct span *out,
                          struct err *err)
{
    TPM2B_DIGEST *secret = NULL;
    TSS2_RC rc = Esys_ActivateCredential(t->esys, t->key, ek, ESYS_TR_PASSWORD, session,
                                         ESYS_TR_NONE, blob, seed, &secret);
    bool ok;

    if (rc != TSS2_RC_SUCCESS)
        return err_fail(err, ERR_UNTRUSTED, "TPM 2.0 Library, Part 3, 12.5",
                        "the TPM gives no secret out for its two keys: %.100s", Tss2_RC_Decode(rc));
    ok = keep(a, secret->buffer, secret->size, out, err);
    Esys_Free(secret);
    return ok;
}

bool tpm2_activate(struct tpm2 *t, enum tpm2_kind ek, struct span blob, struct span seed,
                   struct arena *a, struct span *out, struct err *err)
{
    TPM2B_ID_OBJECT b = { .size = (uint16_t)blob.n };
    TPM2B_ENCRYPTED_SECRET s = { .size = (uint16_t)seed.n };
    ESYS_TR key = ESYS_TR_NONE, session = ESYS_TR_NONE;
    bool ok;

    if (blob.n > sizeof b.credential || seed.n > sizeof s.secret)
        return err_fail(err, ERR_LIMIT, NULL, "a TPM takes %zu and %zu bytes at most",
                        sizeof b.credential, sizeof s.secret);
    memcpy(b.credential, blob.p, blob.n);
    memcpy(s.secret, seed.p, seed.n);
    ok = make_ek(t, ek, &key, err) && open_session(t, &session, err) &&
         activate_with(t, key, session, &b, &s, a, out, err);
    if (session != ESYS_TR_NONE)
        Esys_FlushContext(t->esys, session);
    if (key != ESYS_TR_NONE)
        Esys_FlushContext(t->esys, key);
    return ok;
}
