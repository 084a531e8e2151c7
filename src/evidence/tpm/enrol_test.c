#include "enrol.h"

#include "../../../tests/check.h"
#include "../../crypto/signkey.h"
#include "../../format/der.h"
#include "../../format/pem.h"

enum { NOW = 1767225600, YEAR = 31536000 };

/* sign, restricted, userWithAuth, and bound to this TPM and parent */
#define AIK_ATTRIBUTES 0x00050072u
#define SAN_OID        "2.23.133.8.1"

/* Keys are dear: one set serves every row. */
static struct world {
    struct crypto *crypto;
    struct arena arena;
    struct signkey *root, *ek, *ek_ec, *large;
    struct span root_cert, alt_name;
    struct tpm_public aik; /* a good one */
    uint8_t modulus[256];
} w;

static struct span spki_of(const struct signkey *key)
{
    struct span der = { 0 };
    struct err e = { 0 };

    CHECK_OK("spki", signkey_spki(key, &w.arena, &der, &e), e);
    return der;
}

static struct span cert_of(const struct cert_wish *wish, const struct signkey *key)
{
    struct span der = { 0 };
    struct err e = { 0 };

    CHECK_OK("cert", cert_make(w.crypto, wish, key, w.root_cert, w.root, &w.arena, &der, &e), e);
    return der;
}

static void begin(void)
{
    const struct tpm_names names = { span_str("id:00001014"), span_str("swtpm"),
                                     span_str("id:20191023") };
    struct cert_wish root = { .common_name = "EK Root",
                              .serial = 1,
                              .not_before = NOW - YEAR,
                              .not_after = NOW + YEAR,
                              .is_ca = true };
    struct err e = { 0 };

    if (w.crypto)
        return;
    w.arena = arena_over(64 << 20);
    w.crypto = crypto_new(&e);
    CHECK_OK("crypto", w.crypto != NULL, e);
    w.root = signkey_new(w.crypto, SIGNKEY_P256, &e);
    w.ek = signkey_new(w.crypto, SIGNKEY_RSA2048, &e);
    w.ek_ec = signkey_new(w.crypto, SIGNKEY_P256, &e);
    w.large = signkey_new(w.crypto, SIGNKEY_P384, &e);
    CHECK_OK("keys", w.root && w.ek && w.ek_ec && w.large, e);
    w.root_cert = cert_of(&root, w.root);
    CHECK_OK("names", enrol_alt_name(&names, &w.arena, &w.alt_name, &e), e);
    memset(w.modulus, 0xC1, sizeof w.modulus);
    w.aik = (struct tpm_public){ .type = TPM_ALG_RSA,
                                 .name_alg = TPM_ALG_SHA256,
                                 .attributes = AIK_ATTRIBUTES,
                                 .symmetric = TPM_ALG_NULL,
                                 .scheme = TPM_ALG_RSASSA,
                                 .scheme_hash = TPM_ALG_SHA256,
                                 .key_bits = 2048,
                                 .modulus = span_of(w.modulus, sizeof w.modulus) };
}

/* ---------------------------------------------------------------- one judgement */

struct setup {
    struct cert_wish ek;
    const struct signkey *ek_key;
    struct tpm_public aik;
    struct tpm_anchor anchor;
    struct tpm_settings settings;
    struct span crl;
    struct span ek_cert, aik_public; /* in place of those made */
    int64_t now;
};

static struct setup good(void)
{
    struct setup s = { .ek = { .common_name = "machine",
                               .serial = 2,
                               .not_before = NOW - YEAR / 2,
                               .not_after = NOW + YEAR / 2,
                               .key_usage = CERT_KEY_ENCIPHERMENT,
                               .purpose = SAN_OID,
                               .alt_name = w.alt_name },
                       .ek_key = w.ek,
                       .aik = w.aik,
                       .now = NOW };
    struct cert root;
    struct err e = { 0 };

    CHECK_OK("root", cert_parse(w.root_cert, &root, &e), e);
    s.anchor = (struct tpm_anchor){ .name = "EK Root", .subject = root.subject, .spki = root.spki };
    return s;
}

static const struct check *judge(struct setup *s, struct enrol_case *c, struct trail *trail,
                                 struct err *e)
{
    struct writer area = writer_in(&w.arena, 512);

    s->settings.anchors = &s->anchor;
    s->settings.anchor_count = 1;
    s->settings.crls = &s->crl;
    s->settings.crl_count = s->crl.n > 0;
    tpm_public_write(&area, &s->aik);
    *c = (struct enrol_case){ .crypto = w.crypto,
                              .settings = &s->settings,
                              .now = s->now,
                              .arena = &w.arena,
                              .ek_cert = s->ek_cert.p ? s->ek_cert : cert_of(&s->ek, s->ek_key),
                              .aik_public = s->aik_public.p ? s->aik_public : writer_span(&area) };
    *trail = (struct trail){ 0 };
    return check_run(enrol_checks, enrol_check_count, c, trail, e);
}

static void good_keys_pass_every_row(void **state)
{
    struct enrol_case c;
    struct trail trail;
    struct err e = { 0 };
    struct setup s;

    (void)state;
    begin();
    s = good();
    CHECK_OK("RSA", judge(&s, &c, &trail, &e) == NULL, e);
    CHECK_TEXT("manufacturer", c.names.manufacturer, "id:00001014");
    CHECK_TEXT("model", c.names.model, "swtpm");
    CHECK_INT("name", c.aik_name.n, 34);
    CHECK_INT("spki", c.aik_spki.n, 294);
    s.ek_key = w.ek_ec;
    s.ek.key_usage = CERT_KEY_AGREEMENT;
    s.ek.purpose = NULL;
    s.ek.common_name = NULL;
    CHECK_OK("P-256, no purpose, no subject", judge(&s, &c, &trail, &e) == NULL, e);
}

/* ---------------------------------------------------------------- what each row refuses */

static void no_certificate(struct setup *s)
{
    s->ek_cert = span_str("no certificate");
}

static void foreign_root(struct setup *s)
{
    static const uint8_t other[] = { 0x30, 0x00 };

    s->anchor.subject = span_of(other, sizeof other);
}

static void root_of_the_same_name(struct setup *s)
{
    s->anchor.spki = spki_of(w.ek_ec);
}

static void another_purpose(struct setup *s)
{
    s->ek.purpose = "2.23.133.8.3";
}

static void large_key(struct setup *s)
{
    s->ek_key = w.large;
}

static void key_that_signs(struct setup *s)
{
    s->ek.key_usage = CERT_KEY_DIGITAL_SIGNATURE;
}

static void agreement_for_rsa(struct setup *s)
{
    s->ek.key_usage = CERT_KEY_AGREEMENT;
}

static void authority(struct setup *s)
{
    s->ek.is_ca = true;
}

static void no_names(struct setup *s)
{
    s->ek.alt_name = (struct span){ 0 };
}

static void no_version(struct setup *s)
{
    const struct tpm_names names = { span_str("id:1"), span_str("m"), span_str("") };
    struct err e = { 0 };

    CHECK_OK("names", enrol_alt_name(&names, &w.arena, &s->ek.alt_name, &e), e);
}

static void later(struct setup *s)
{
    s->now = NOW + YEAR;
}

static void earlier(struct setup *s)
{
    s->now = NOW - YEAR;
}

static void write_algorithm(struct writer *out)
{
    size_t alg = der_begin(out, DER_SEQUENCE);

    der_write_oid(out, "1.2.840.10045.4.3.2");
    der_end(out, alg);
}

static void write_number_and_key(struct writer *out, struct span key_id)
{
    size_t outer = der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), all = der_begin(out, DER_SEQUENCE);
    size_t x = der_begin(out, DER_SEQUENCE), value, key;

    der_write_oid(out, "2.5.29.20");
    value = der_begin(out, DER_OCTET_STRING);
    der_write_uint(out, DER_INTEGER, 1);
    der_end(out, value);
    der_end(out, x);
    x = der_begin(out, DER_SEQUENCE);
    der_write_oid(out, "2.5.29.35");
    value = der_begin(out, DER_OCTET_STRING);
    key = der_begin(out, DER_SEQUENCE);
    der_write(out, DER_CONTEXT(0), key_id);
    der_end(out, key);
    der_end(out, value);
    der_end(out, x);
    der_end(out, all);
    der_end(out, outer);
}

/* What is signed of a list of the root's that names one certificate. */
static void write_list(struct writer *out, int64_t from, int64_t to, uint64_t serial)
{
    size_t body = der_begin(out, DER_SEQUENCE), list, entry;
    struct cert root;
    struct err e = { 0 };

    CHECK_OK("root", cert_parse(w.root_cert, &root, &e), e);
    der_write_uint(out, DER_INTEGER, 1);
    write_algorithm(out);
    write_bytes(out, root.subject);
    der_write_time(out, from);
    der_write_time(out, to);
    list = der_begin(out, DER_SEQUENCE);
    entry = der_begin(out, DER_SEQUENCE);
    der_write_uint(out, DER_INTEGER, serial);
    der_write_time(out, from);
    der_end(out, entry);
    der_end(out, list);
    write_number_and_key(out, root.subject_key_id);
    der_end(out, body);
}

static struct span crl_of(int64_t from, int64_t to, uint64_t serial, struct signkey *signer)
{
    struct writer tbs = writer_in(&w.arena, 512), all = writer_in(&w.arena, 512);
    size_t whole = der_begin(&all, DER_SEQUENCE), bits, pair, n = 0;
    uint8_t rs[128];
    struct err e = { 0 };

    write_list(&tbs, from, to, serial);
    CHECK_OK("sign",
             signkey_sign(w.crypto, signer, SIG_ES256, writer_span(&tbs), rs, sizeof rs, &n, &e),
             e);
    write_bytes(&all, writer_span(&tbs));
    write_algorithm(&all);
    bits = der_begin(&all, DER_BIT_STRING);
    write_u8(&all, 0);
    pair = der_begin(&all, DER_SEQUENCE);
    der_write_magnitude(&all, span_of(rs, 32));
    der_write_magnitude(&all, span_of(rs + 32, 32));
    der_end(&all, pair);
    der_end(&all, bits);
    der_end(&all, whole);
    return writer_span(&all);
}

static void forged_list(struct setup *s)
{
    s->crl = crl_of(NOW - 10, NOW + 10, 99, w.ek_ec);
}

static void old_list(struct setup *s)
{
    s->crl = crl_of(NOW - 100, NOW - 10, 99, w.root);
}

static void revoked(struct setup *s)
{
    s->crl = crl_of(NOW - 10, NOW + 10, 2, w.root);
}

static void no_area(struct setup *s)
{
    s->aik_public = span_of("", 0);
}

static void may_leave(struct setup *s)
{
    s->aik.attributes &= ~TPM_KEY_FIXED_TPM;
}

static void may_move(struct setup *s)
{
    s->aik.attributes &= ~TPM_KEY_FIXED_PARENT;
}

static void came_from_outside(struct setup *s)
{
    s->aik.attributes &= ~TPM_KEY_OWN_ORIGIN;
}

static void signs_anything(struct setup *s)
{
    s->aik.attributes &= ~TPM_KEY_RESTRICTED;
}

static void does_not_sign(struct setup *s)
{
    s->aik.attributes &= ~TPM_KEY_SIGN;
}

static void decrypts_too(struct setup *s)
{
    s->aik.attributes |= TPM_KEY_DECRYPT;
}

static void no_scheme(struct setup *s)
{
    s->aik.scheme = TPM_ALG_NULL;
}

static void unknown_hash(struct setup *s)
{
    s->aik.scheme_hash = 0x0012;
}

static void name_of_sha1(struct setup *s)
{
    s->aik.name_alg = TPM_ALG_SHA1;
}

static void short_key(struct setup *s)
{
    s->aik.key_bits = 1024;
    s->aik.modulus = span_of(w.modulus, 128);
}

static void each_row_refuses_what_it_is_for(void **state)
{
    static const struct {
        const char *name, *row;
        void (*spoil)(struct setup *s);
        enum err_code code;
    } rows[] = {
        { "no certificate", "ek_form", no_certificate, ERR_MALFORMED },
        { "another root", "ek_anchor", foreign_root, ERR_UNTRUSTED },
        { "a root of the same name", "ek_path", root_of_the_same_name, ERR_UNTRUSTED },
        { "for attestation keys", "ek_purpose", another_purpose, ERR_UNTRUSTED },
        { "P-384", "ek_key", large_key, ERR_UNSUPPORTED },
        { "a key that signs", "ek_usage", key_that_signs, ERR_UNTRUSTED },
        { "agreement for RSA", "ek_usage", agreement_for_rsa, ERR_UNTRUSTED },
        { "an authority", "ek_usage", authority, ERR_UNTRUSTED },
        { "no alternative name", "ek_names", no_names, ERR_UNTRUSTED },
        { "no version", "ek_names", no_version, ERR_UNTRUSTED },
        { "a year later", "ek_lasts", later, ERR_STALE },
        { "a year earlier", "ek_begun", earlier, ERR_STALE },
        { "a forged list", "ek_crl", forged_list, ERR_UNTRUSTED },
        { "an old list", "ek_crl_lasts", old_list, ERR_STALE },
        { "revoked", "ek_not_revoked", revoked, ERR_UNTRUSTED },
        { "no public area", "aik_form", no_area, ERR_MALFORMED },
        { "not fixedTPM", "aik_bound", may_leave, ERR_UNTRUSTED },
        { "not fixedParent", "aik_bound", may_move, ERR_UNTRUSTED },
        { "not sensitiveDataOrigin", "aik_bound", came_from_outside, ERR_UNTRUSTED },
        { "not restricted", "aik_restricted", signs_anything, ERR_UNTRUSTED },
        { "not sign", "aik_signs", does_not_sign, ERR_UNTRUSTED },
        { "decrypt", "aik_signs", decrypts_too, ERR_UNTRUSTED },
        { "no scheme", "aik_scheme", no_scheme, ERR_UNSUPPORTED },
        { "a hash of nobody", "aik_scheme", unknown_hash, ERR_UNSUPPORTED },
        { "named with SHA-1", "aik_name", name_of_sha1, ERR_UNTRUSTED },
        { "1024 bits", "aik_key", short_key, ERR_UNSUPPORTED },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct check *failed;
        struct enrol_case c;
        struct trail trail;
        struct err e = { 0 };
        struct setup s = good();

        rows[i].spoil(&s);
        failed = judge(&s, &c, &trail, &e);
        CHECK(rows[i].name, failed != NULL);
        CHECK_TEXT(rows[i].name, span_str(failed->name), rows[i].row);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
    }
    for (size_t k = 0; k < enrol_check_count; k++) {
        bool is_met = false;

        for (size_t i = 0; i < COUNT(rows); i++)
            is_met = is_met || strcmp(rows[i].row, enrol_checks[k].name) == 0;
        CHECK(enrol_checks[k].name, is_met);
    }
}

/* An authority below the root whose certificate says that it is none. */
static void km_50_an_endorsement_key_vouches_for_nobody(void **state)
{
    struct enrol_case c;
    struct trail trail;
    struct err e = { 0 };
    const struct check *failed;
    struct span first, second = { 0 };
    struct cert_wish below;
    struct setup s;

    (void)state;
    begin();
    s = good();
    s.ek.key_usage = CERT_KEY_AGREEMENT;
    first = cert_of(&s.ek, w.ek_ec);
    below = s.ek;
    below.common_name = "another machine";
    below.key_usage = CERT_KEY_ENCIPHERMENT;
    CHECK_OK("below", cert_make(w.crypto, &below, w.ek, first, w.ek_ec, &w.arena, &second, &e), e);
    s.ek_cert = second;
    s.settings.intermediates = &first;
    s.settings.intermediate_count = 1;
    failed = judge(&s, &c, &trail, &e);
    CHECK("refused", failed != NULL);
    CHECK_ERR("refused", e, ERR_UNTRUSTED, "ek_path.chain[1]");
}

/* ---------------------------------------------------------------- recorded machines */

static struct span vector(const char *name)
{
    struct span s = check_vector(name), copy;

    CHECK(name, s.n > 0);
    copy = arena_dup(&w.arena, s);
    free((void *)(uintptr_t)s.p);
    return copy;
}

static struct span pem_of(const char *name)
{
    struct pem_block block;
    size_t count = 0;
    struct err e = { 0 };

    CHECK_OK(name, pem_parse(vector(name), "CERTIFICATE", true, 1, &w.arena, &block, &count, &e),
             e);
    return block.der;
}

static void recorded_machines_may_be_certified(void **state)
{
    static const char *const folders[] = { "sbon", "sboff", "snake" };
    struct span issuing;
    struct cert root;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    issuing = pem_of("tpm/lab/ca/issuercert.pem");
    CHECK_OK("root", cert_parse(pem_of("tpm/lab/ca/swtpm-localca-rootca-cert.pem"), &root, &e), e);
    for (size_t i = 0; i < COUNT(folders); i++) {
        char ek[64], aik[64], name[64];
        struct setup s = good();
        struct enrol_case c;
        struct trail trail;

        snprintf(ek, sizeof ek, "tpm/lab/%s/ek-rsa.der", folders[i]);
        snprintf(aik, sizeof aik, "tpm/lab/%s/ak.tpm2b_public", folders[i]);
        snprintf(name, sizeof name, "tpm/lab/%s/ak.name", folders[i]);
        s.anchor = (struct tpm_anchor){ .name = "lab", .subject = root.subject, .spki = root.spki };
        s.settings.intermediates = &issuing;
        s.settings.intermediate_count = 1;
        s.ek_cert = vector(ek);
        s.now = root.not_before + YEAR;
        CHECK_OK(folders[i], tpm2b_parse(vector(aik), &s.aik_public, &e), e);
        CHECK_OK(folders[i], judge(&s, &c, &trail, &e) == NULL, e);
        CHECK_SPAN(folders[i], c.aik_name, vector(name));
        CHECK_TEXT(folders[i], c.names.model, "swtpm");
    }
}

static void each_truncation_of_both_inputs_is_refused(void **state)
{
    struct enrol_case c;
    struct trail trail;
    struct err e = { 0 };
    struct setup s;
    struct span cert, area;

    (void)state;
    begin();
    s = good();
    CHECK_OK("whole", judge(&s, &c, &trail, &e) == NULL, e);
    cert = c.ek_cert;
    area = c.aik_public;
    for (size_t n = 0; n < cert.n; n++) {
        err_clear(&e);
        s.ek_cert = span_of(cert.p, n);
        CHECK("certificate", judge(&s, &c, &trail, &e) != NULL);
        CHECK_INT("certificate", e.code, ERR_MALFORMED);
    }
    s.ek_cert = cert;
    for (size_t n = 0; n < area.n; n++) {
        err_clear(&e);
        s.aik_public = span_of(area.p, n);
        CHECK("area", judge(&s, &c, &trail, &e) != NULL);
        CHECK_INT("area", e.code, ERR_MALFORMED);
    }
}

TEST_MAIN(good_keys_pass_every_row, each_row_refuses_what_it_is_for,
          km_50_an_endorsement_key_vouches_for_nobody, recorded_machines_may_be_certified,
          each_truncation_of_both_inputs_is_refused)
