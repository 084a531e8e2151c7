#include "credential.h"

#include "../../../tests/check.h"
#include "../../base/hex.h"
#include "../../crypto/cert.h"

/* What the key may do: sign what the TPM itself says. */
#define AIK_ATTRIBUTES 0x00050072u

static const char secret_text[] = "0123456789abcdef0123456789abcdef";

static struct crypto *crypto;
static struct arena arena;

static void begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(16 << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

/* ---------------------------------------------------------------- a TPM's two keys */

struct keys {
    struct signkey *ek;
    struct spki public;
    struct tpm_public area;
    struct span name; /* of the attestation key */
};

/* The name of an attestation key with that modulus and those attributes. */
static struct span name_of(uint8_t modulus, uint32_t attributes, uint16_t name_alg)
{
    uint8_t n[256];
    struct tpm_public p = { .type = TPM_ALG_RSA,
                            .name_alg = name_alg,
                            .attributes = attributes,
                            .symmetric = TPM_ALG_NULL,
                            .scheme = TPM_ALG_RSASSA,
                            .scheme_hash = TPM_ALG_SHA256,
                            .key_bits = 2048 };
    struct writer w = writer_in(&arena, 512);
    struct span name = { 0 };
    struct err e = { 0 };

    memset(n, modulus, sizeof n);
    p.modulus = span_of(n, sizeof n);
    tpm_public_write(&w, &p);
    p.bytes = writer_span(&w);
    CHECK_OK("name", tpm_public_name(crypto, &p, &arena, &name, &e), e);
    return name;
}

static struct keys keys_new(enum signkey_kind kind)
{
    struct keys k = { .name = name_of(0xC1, AIK_ATTRIBUTES, TPM_ALG_SHA256) };
    struct span der = { 0 };
    struct err e = { 0 };

    k.ek = signkey_new(crypto, kind, &e);
    CHECK_OK("key", k.ek && signkey_spki(k.ek, &arena, &der, &e), e);
    CHECK_OK("key", spki_parse(der, &k.public, &e), e);
    CHECK_OK("template", ek_template(&k.public, &arena, &k.area, &e), e);
    return k;
}

static struct tpm_credential made_for(const struct keys *k)
{
    static const char random[] = "some thirty-two bytes of a seed.";
    struct tpm_credential c = { 0 };
    struct err e = { 0 };

    CHECK_OK("make",
             credential_make(crypto, &k->area, k->name, span_str(secret_text), span_str(random),
                             &arena, &c, &e),
             e);
    return c;
}

static bool open_as(const struct keys *k, const struct tpm_credential *c, struct span *out,
                    struct err *e)
{
    return credential_open(crypto, &k->area, k->ek, k->name, c, &arena, out, e);
}

static const struct {
    const char *name;
    enum signkey_kind kind;
} kinds[] = { { "RSA-2048", SIGNKEY_RSA2048 }, { "P-256", SIGNKEY_P256 } };

/* ---------------------------------------------------------------- making and opening */

static void the_tpm_of_both_keys_gives_the_secret_out(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct keys k = keys_new(kinds[i].kind);
        struct tpm_credential c = made_for(&k);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK_OK(kinds[i].name, open_as(&k, &c, &out, &e), e);
        CHECK_TEXT(kinds[i].name, out, secret_text);
        CHECK_INT(kinds[i].name, c.blob.n, 2 + 32 + 2 + 32);
        signkey_free(k.ek);
    }
}

/* Whoever holds other keys, or a key that says other things of itself, gets nothing. */
static void km_50_no_other_pair_of_keys_opens_it(void **state)
{
    static const struct {
        const char *name;
        uint8_t modulus;
        uint32_t attributes;
        uint16_t name_alg;
    } rows[] = {
        { "another attestation key", 0xC3, AIK_ATTRIBUTES, TPM_ALG_SHA256 },
        { "not restricted", 0xC1, AIK_ATTRIBUTES & ~TPM_KEY_RESTRICTED, TPM_ALG_SHA256 },
        { "not fixed to its TPM", 0xC1, AIK_ATTRIBUTES & ~TPM_KEY_FIXED_TPM, TPM_ALG_SHA256 },
        { "made elsewhere", 0xC1, AIK_ATTRIBUTES & ~TPM_KEY_OWN_ORIGIN, TPM_ALG_SHA256 },
        { "may decrypt", 0xC1, AIK_ATTRIBUTES | TPM_KEY_DECRYPT, TPM_ALG_SHA256 },
        { "named with another hash", 0xC1, AIK_ATTRIBUTES, TPM_ALG_SHA1 },
    };

    (void)state;
    begin();
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct keys own = keys_new(kinds[k].kind);
        struct tpm_credential c = made_for(&own);

        for (size_t i = 0; i < COUNT(rows); i++) {
            struct keys other = own;
            struct span out = { 0 };
            struct err e = { 0 };

            other.name = name_of(rows[i].modulus, rows[i].attributes, rows[i].name_alg);
            CHECK(rows[i].name, !open_as(&other, &c, &out, &e));
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "blob.integrity");
        }
        signkey_free(own.ek);
    }
}

static void km_50_no_other_endorsement_key_opens_it(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct keys own = keys_new(kinds[i].kind), other = keys_new(kinds[i].kind);
        struct tpm_credential c = made_for(&own);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK(kinds[i].name, !open_as(&other, &c, &out, &e));
        CHECK_INT(kinds[i].name, e.code, ERR_UNTRUSTED);
        signkey_free(own.ek);
        signkey_free(other.ek);
    }
}

/* An endorsement key with another hash or cipher has another name, and derives other keys. */
static void km_50_an_altered_template_opens_nothing(void **state)
{
    static const struct {
        const char *name;
        uint16_t name_alg, symmetric, bits, mode;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "AES-256", TPM_ALG_SHA256, TPM_ALG_AES, 256, TPM_ALG_CFB, ERR_MALFORMED,
          "blob.secret.size" },
        { "no cipher", TPM_ALG_SHA256, TPM_ALG_NULL, 0, 0, ERR_UNSUPPORTED, "" },
        { "AES-192", TPM_ALG_SHA256, TPM_ALG_AES, 192, TPM_ALG_CFB, ERR_UNSUPPORTED, "" },
        { "another mode", TPM_ALG_SHA256, TPM_ALG_AES, 128, 0x44, ERR_UNSUPPORTED, "" },
        { "no hash of ours", TPM_ALG_NULL, TPM_ALG_AES, 128, TPM_ALG_CFB, ERR_UNSUPPORTED, "" },
        { "another hash", TPM_ALG_SHA1, TPM_ALG_AES, 128, TPM_ALG_CFB, ERR_UNTRUSTED, "seed" },
    };
    struct keys own;
    struct tpm_credential c;

    (void)state;
    begin();
    own = keys_new(SIGNKEY_RSA2048);
    c = made_for(&own);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keys other = own;
        struct span out = { 0 };
        struct err e = { 0 };

        other.area.name_alg = rows[i].name_alg;
        other.area.symmetric = rows[i].symmetric;
        other.area.symmetric_bits = rows[i].bits;
        other.area.symmetric_mode = rows[i].mode;
        CHECK(rows[i].name, !open_as(&other, &c, &out, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
    signkey_free(own.ek);
}

static void a_flipped_bit_opens_nothing(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct keys k = keys_new(kinds[i].kind);
        struct tpm_credential c = made_for(&k);
        uint8_t blob[128], seed[CREDENTIAL_SEED_MAX];
        struct tpm_credential bad = { span_of(blob, c.blob.n), span_of(seed, c.seed.n) };

        for (size_t at = 0; at < c.blob.n + c.seed.n; at++) {
            struct span out = { 0 };
            struct err e = { 0 };

            memcpy(blob, c.blob.p, c.blob.n);
            memcpy(seed, c.seed.p, c.seed.n);
            if (at < c.blob.n)
                blob[at] ^= 1;
            else
                seed[at - c.blob.n] ^= 1;
            CHECK(kinds[i].name, !open_as(&k, &bad, &out, &e));
            CHECK(kinds[i].name, e.code == ERR_UNTRUSTED || e.code == ERR_MALFORMED);
        }
        signkey_free(k.ek);
    }
}

static void what_cannot_be_protected_is_refused(void **state)
{
    static const uint8_t big[64];
    struct keys k;
    struct tpm_credential c;
    struct err e = { 0 };

    (void)state;
    begin();
    k = keys_new(SIGNKEY_P256);
    CHECK("empty", !credential_make(crypto, &k.area, k.name, span_of(big, 0), span_of(big, 32),
                                    &arena, &c, &e));
    CHECK_ERR("no secret", e, ERR_LIMIT, "");
    err_clear(&e);
    CHECK("33", !credential_make(crypto, &k.area, k.name, span_of(big, 33), span_of(big, 32),
                                 &arena, &c, &e));
    CHECK_ERR("a secret of 33 bytes", e, ERR_LIMIT, "");
    err_clear(&e);
    CHECK("31", !credential_make(crypto, &k.area, k.name, span_of(big, 32), span_of(big, 31),
                                 &arena, &c, &e));
    CHECK_ERR("a seed of 31 bytes", e, ERR_LIMIT, "");
    signkey_free(k.ek);
}

static void keys_without_a_template_are_refused(void **state)
{
    static const struct {
        const char *name;
        enum signkey_kind kind;
    } rows[] = { { "RSA-3072", SIGNKEY_RSA3072 }, { "P-384", SIGNKEY_P384 } };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct signkey *key = signkey_new(crypto, rows[i].kind, &e);
        struct tpm_public area;
        struct span der = { 0 };
        struct spki public;

        CHECK_OK(rows[i].name, key && signkey_spki(key, &arena, &der, &e), e);
        CHECK_OK(rows[i].name, spki_parse(der, &public, &e), e);
        CHECK(rows[i].name, !ek_template(&public, &arena, &area, &e));
        CHECK_ERR(rows[i].name, e, ERR_UNSUPPORTED, "");
        signkey_free(key);
    }
}

static void an_odd_exponent_has_no_template(void **state)
{
    static const uint8_t three[] = { 3 };
    struct tpm_public area;
    struct err e = { 0 };
    struct keys k;

    (void)state;
    begin();
    k = keys_new(SIGNKEY_RSA2048);
    k.public.exponent = span_of(three, 1);
    CHECK("3", !ek_template(&k.public, &arena, &area, &e));
    CHECK_ERR("3", e, ERR_UNSUPPORTED, "");
    signkey_free(k.ek);
}

static void each_failing_allocation_is_told(void **state)
{
    struct keys k;

    (void)state;
    begin();
    k = keys_new(SIGNKEY_P256);
    for (size_t n = 1;; n++) {
        struct arena small = arena_over(1 << 20);
        struct tpm_credential c = { 0 };
        struct err e = { 0 };
        bool ok;

        small.fail_at = n;
        ok = credential_make(crypto, &k.area, k.name, span_str(secret_text), span_str(secret_text),
                             &small, &c, &e);
        arena_fini(&small);
        CHECK("made or told", ok || e.code == ERR_MEMORY || e.code == ERR_LIMIT);
        if (ok) {
            CHECK("something was allocated", n > 2);
            break;
        }
    }
    signkey_free(k.ek);
}

/* ---------------------------------------------------------------- the file */

static void a_file_is_read_and_written_alike(void **state)
{
    struct tpm_credential c = { span_str("the blob"), span_str("the seed") }, back = { 0 };
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 64);
    credential_write(&w, &c);
    CHECK_OK("file", credential_parse(writer_span(&w), &back, &e), e);
    CHECK_SPAN("blob", back.blob, c.blob);
    CHECK_SPAN("seed", back.seed, c.seed);
    for (size_t n = 0; n < w.n; n++) {
        err_clear(&e);
        CHECK("truncated", !credential_parse(span_of(w.p, n), &back, &e));
        CHECK_INT("truncated", e.code, ERR_MALFORMED);
    }
}

static void refusals_of_files(void **state)
{
    static const struct {
        const char *name, *hex;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "empty", "", ERR_MALFORMED, "credential.mark" },
        { "another mark", "badcc0dd00000001000161000162", ERR_MALFORMED, "credential.mark" },
        { "version 2", "badcc0de00000002000161000162", ERR_UNSUPPORTED, "credential.version" },
        { "blob over the end", "badcc0de00000001ffff61000162", ERR_MALFORMED, "credential.blob" },
        { "seed over the end", "badcc0de00000001000161000262", ERR_MALFORMED, "credential.seed" },
        { "a byte too many", "badcc0de0000000100016100016263", ERR_MALFORMED, "credential" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tpm_credential c;
        struct span bytes = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, hex_read_dup(&arena, span_str(rows[i].hex), &bytes, &e), e);
        CHECK(rows[i].name, !credential_parse(bytes, &c, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void a_file_larger_than_any_tpm_makes_is_refused(void **state)
{
    static uint8_t big[CREDENTIAL_BLOB_MAX + 1];
    struct tpm_credential c = { span_of(big, sizeof big), span_str("seed") }, out;
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 512);
    credential_write(&w, &c);
    CHECK("big", !credential_parse(writer_span(&w), &out, &e));
    CHECK_ERR("big", e, ERR_LIMIT, "credential");
}

/* ---------------------------------------------------------------- recorded machines */

static struct span vector(const char *folder, const char *file)
{
    char name[128];
    struct span s, copy;

    snprintf(name, sizeof name, "tpm/lab/%s/%s", folder, file);
    s = check_vector(name);
    CHECK(name, s.n > 0);
    copy = arena_dup(&arena, s);
    free((void *)(uintptr_t)s.p);
    return copy;
}

/* The template around the certificate's key is, byte for byte, what the TPM says its key is; and
 * the recorded credential, which that TPM opened, has the shape of ours. */
static void recorded_machines_have_the_template(void **state)
{
    static const char *const folders[] = { "sbon", "sboff", "snake" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(folders); i++) {
        struct span file = vector(folders[i], "cred.blob");
        struct writer area = writer_in(&arena, 512), again = writer_in(&arena, 512);
        struct tpm_credential c = { 0 };
        struct tpm_public ek;
        struct spki key;
        struct cert cert;
        struct err e = { 0 };

        CHECK_OK(folders[i], cert_parse(vector(folders[i], "ek-rsa.der"), &cert, &e), e);
        CHECK_OK(folders[i], spki_parse(cert.spki, &key, &e), e);
        CHECK_OK(folders[i], ek_template(&key, &arena, &ek, &e), e);
        tpm2b_write(&area, ek.bytes);
        CHECK_SPAN(folders[i], writer_span(&area), vector(folders[i], "ek.tpm2b_public"));
        CHECK_OK(folders[i], credential_parse(file, &c, &e), e);
        CHECK_INT(folders[i], c.blob.n, 2 + 32 + 2 + 32);
        CHECK_INT(folders[i], c.seed.n, 256);
        credential_write(&again, &c);
        CHECK_SPAN(folders[i], writer_span(&again), file);
    }
}

TEST_MAIN(the_tpm_of_both_keys_gives_the_secret_out, km_50_no_other_pair_of_keys_opens_it,
          km_50_no_other_endorsement_key_opens_it, km_50_an_altered_template_opens_nothing,
          a_flipped_bit_opens_nothing, what_cannot_be_protected_is_refused,
          keys_without_a_template_are_refused, an_odd_exponent_has_no_template,
          each_failing_allocation_is_told, a_file_is_read_and_written_alike, refusals_of_files,
          a_file_larger_than_any_tpm_makes_is_refused, recorded_machines_have_the_template)
