#include "crl.h"

#include "../../tests/check.h"
#include "../base/hex.h"
#include "../format/der.h"
#include "../format/pem.h"
#include "cert.h"
#include "signkey.h"

/* A list in pieces, each of them in hex; a row exchanges one. */
enum piece { VERSION, INNER, ISSUER, DATES, REVOKED, EXTENSIONS, OUTER, SIGNATURE, BEHIND, PIECES };

#define ECDSA256  "300a06082a8648ce3d040302"
#define ECDSA384  "300a06082a8648ce3d040303"
#define NAME_LAB  "300e310c300a06035504030c034c6162"
#define TIME_2024 "170d3234303130313030303030305a"
#define TIME_2034 "170d3334303130313030303030305a"
#define AUTHORITY                                                                                  \
    "300c0603551d230405"                                                                           \
    "3003800142"
#define NUMBER                                                                                     \
    "300a0603551d140403"                                                                           \
    "020101"

static const char *const good[PIECES] = {
    [VERSION] = "020101",
    [INNER] = ECDSA256,
    [ISSUER] = NAME_LAB,
    [DATES] = TIME_2024 TIME_2034,
    [REVOKED] = "3028"
                "3012020105" TIME_2024 "3012020103" TIME_2024,
    [EXTENSIONS] = AUTHORITY NUMBER,
    [OUTER] = ECDSA256,
    [SIGNATURE] = "0309003006020101020101",
    [BEHIND] = "",
};

static struct crypto *c;
static struct arena a;

static void put(struct writer *w, const char *const *pieces, enum piece from, enum piece to)
{
    for (enum piece i = from; i <= to; i++) {
        struct err e = { 0 };
        struct span bytes = { 0 };

        if (!hex_read_dup(&a, span_str(pieces[i]), &bytes, &e))
            fail_msg("piece %d is no hex: %s", (int)i, e.text);
        write_bytes(w, bytes);
    }
}

static struct span assemble(const char *const *pieces)
{
    struct writer w = writer_in(&a, 1024);
    size_t crl = der_begin(&w, DER_SEQUENCE), tbs = der_begin(&w, DER_SEQUENCE);
    size_t tagged, list;
    struct span out = { 0 };
    struct err e = { 0 };

    put(&w, pieces, VERSION, REVOKED);
    if (strcmp(pieces[EXTENSIONS], "-") != 0) {
        tagged = der_begin(&w, DER_CONTEXT_CONSTRUCTED(0));
        list = der_begin(&w, DER_SEQUENCE);
        put(&w, pieces, EXTENSIONS, EXTENSIONS);
        der_end(&w, list);
        der_end(&w, tagged);
    }
    der_end(&w, tbs);
    put(&w, pieces, OUTER, SIGNATURE);
    der_end(&w, crl);
    put(&w, pieces, BEHIND, BEHIND);
    CHECK_OK("assemble", writer_done(&w, &out, &e), e);
    return out;
}

static struct span with(enum piece piece, const char *hex)
{
    const char *pieces[PIECES];

    memcpy(pieces, good, sizeof pieces);
    if (piece < PIECES)
        pieces[piece] = hex;
    if (piece == INNER) /* the algorithm stands twice */
        pieces[OUTER] = hex;
    return assemble(pieces);
}

static bool parse_exact(struct span in, struct err *e)
{
    uint8_t *copy = check_exact(in);
    struct crl crl;
    bool ok = crl_parse(span_of(copy, in.n), &a, &crl, e);

    free(copy);
    return ok;
}

static bool lists(const struct crl *crl, uint64_t serial)
{
    uint8_t bytes[12]; /* always with leading zeros */
    struct writer w = writer_over(bytes, sizeof bytes);

    write_fill(&w, 0, 4);
    write_u64be(&w, serial);
    return crl_lists(crl, writer_span(&w));
}

static void a_list_says_what_it_holds(void **state)
{
    struct span der = with(PIECES, NULL);
    struct crl crl;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("parse", crl_parse(der, &a, &crl, &e), e);
    CHECK_SPAN("der", crl.der, der);
    CHECK_INT("alg", crl.sig_alg, SIG_ES256);
    CHECK_INT("from", crl.this_update, 1704067200);
    CHECK_INT("to", crl.next_update, 2019686400);
    CHECK_INT("number", crl.number.n == 1 && crl.number.p[0] == 1, true);
    CHECK_TEXT("authority", crl.authority_key_id, "B");
    CHECK_INT("issuer", crl.issuer.n, 16);
    CHECK_INT("count", crl.count, 2);
    CHECK("listed", lists(&crl, 3) && lists(&crl, 5));
    CHECK("not listed", !lists(&crl, 4) && !lists(&crl, 0) && !lists(&crl, 0x0305));
}

static void km_31_what_misleads_is_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        enum piece piece;
        const char *hex;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "version 1", VERSION, "", ERR_MALFORMED, "crl.tbs.version" },
        { "version 1 written out", VERSION, "020100", ERR_MALFORMED, "crl.tbs.version" },
        { "version 3", VERSION, "020102", ERR_MALFORMED, "crl.tbs.version" },
        { "ECDSA with SHA-1", INNER, "300906072a8648ce3d0401", ERR_UNSUPPORTED, "crl.tbs.algorithm.oid" },
        { "issuer that is no name", ISSUER, "0c034c6162", ERR_MALFORMED, "crl.tbs.issuer" },
        { "no nextUpdate", DATES, TIME_2024, ERR_MALFORMED, "crl.tbs.next_update" },
        { "dates out of order", DATES, TIME_2034 TIME_2024, ERR_MALFORMED, "crl.tbs.next_update" },
        { "thisUpdate of 1969", DATES, "170d3639313233313030303030305a" TIME_2034, ERR_MALFORMED, "crl.tbs.this_update" },
        { "negative serial", REVOKED, "3014" "30120201ff" TIME_2024, ERR_MALFORMED, "crl.tbs.revoked.entry.serial" },
        { "serial of 21 octets", REVOKED, "3028" "302602150102030405060708090a0b0c0d0e0f101112131415" TIME_2024, ERR_MALFORMED, "crl.tbs.revoked.entry.serial" },
        { "entry without a date", REVOKED, "3005" "3003020105", ERR_MALFORMED, "crl.tbs.revoked.entry.revocation_date" },
        { "entry with two dates", REVOKED, "3023" "3021020105" TIME_2024 TIME_2024, ERR_MALFORMED, "crl.tbs.revoked.entry.extensions" },
        { "entry of an indirect list", REVOKED, "3025" "3023020105" TIME_2024 "300f" "300d0603551d1d0101ff04033001" "00", ERR_UNSUPPORTED, "crl.tbs.revoked.entry.extensions.certificate_issuer" },
        { "entry with an unknown critical extension", REVOKED, "3023" "3021020105" TIME_2024 "300d" "300b06032901020101ff040100", ERR_UNSUPPORTED, "crl.tbs.revoked.entry.extensions.oid" },
        { "entry with an empty list of extensions", REVOKED, "3016" "3014020105" TIME_2024 "3000", ERR_MALFORMED, "crl.tbs.revoked.entry.extensions" },
        { "no extensions", EXTENSIONS, "-", ERR_MALFORMED, "crl.tbs.extensions" },
        { "empty list of extensions", EXTENSIONS, "", ERR_MALFORMED, "crl.tbs.extensions" },
        { "no number", EXTENSIONS, AUTHORITY, ERR_MALFORMED, "crl.tbs.extensions.crl_number" },
        { "no authority", EXTENSIONS, NUMBER, ERR_MALFORMED, "crl.tbs.extensions.authority_key_id" },
        { "authority without a key identifier", EXTENSIONS, NUMBER "30090603551d230402" "3000", ERR_MALFORMED, "crl.tbs.extensions.authority_key_id" },
        { "number twice", EXTENSIONS, AUTHORITY NUMBER NUMBER, ERR_MALFORMED, "crl.tbs.extensions.oid" },
        { "authority twice", EXTENSIONS, AUTHORITY AUTHORITY NUMBER, ERR_MALFORMED, "crl.tbs.extensions.oid" },
        { "negative number", EXTENSIONS, AUTHORITY "300a0603551d140403" "0201ff", ERR_MALFORMED, "crl.tbs.extensions.crl_number.number" },
        { "number and more", EXTENSIONS, AUTHORITY "300c0603551d140405" "0201010500", ERR_MALFORMED, "crl.tbs.extensions.crl_number" },
        { "delta list", EXTENSIONS, AUTHORITY NUMBER "300d0603551d1b0101ff0403" "020101", ERR_UNSUPPORTED, "crl.tbs.extensions.oid" },
        { "delta list that is not critical", EXTENSIONS, AUTHORITY NUMBER "300a0603551d1b0403" "020101", ERR_UNSUPPORTED, "crl.tbs.extensions.oid" },
        { "indirect list", EXTENSIONS, AUTHORITY NUMBER "300f0603551d1c0101ff0405" "30038401ff", ERR_UNSUPPORTED, "crl.tbs.extensions.oid" },
        { "users only", EXTENSIONS, AUTHORITY NUMBER "300f0603551d1c0101ff0405" "30038101ff", ERR_UNSUPPORTED, "crl.tbs.extensions.oid" },
        { "unknown critical extension", EXTENSIONS, AUTHORITY NUMBER "300b06032901020101ff0401" "00", ERR_UNSUPPORTED, "crl.tbs.extensions.oid" },
        { "algorithms differ", OUTER, ECDSA384, ERR_MALFORMED, "crl.algorithm" },
        { "signature with unused bits", SIGNATURE, "0309013006020101020100", ERR_MALFORMED, "crl.signature" },
        { "byte behind", BEHIND, "01", ERR_MALFORMED, "crl" },
        { "two zeros behind", BEHIND, "0000", ERR_MALFORMED, "crl" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !parse_exact(with(rows[i].piece, rows[i].hex), &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void what_is_harmless_is_read(void **state)
{
    /* clang-format off */
    static const struct { const char *name; enum piece piece; const char *hex; size_t count; } rows[] = {
        { "nothing revoked", REVOKED, "", 0 },
        { "an empty list", REVOKED, "3000", 0 },
        { "a reason", REVOKED, "3022" "3020020105" TIME_2024 "300c" "300a0603551d15" "04030a0101", 1 },
        { "the same twice", REVOKED, "3028" "3012020105" TIME_2024 "3012020105" TIME_2024, 2 },
        { "serial of zero", REVOKED, "3014" "3012020100" TIME_2024, 1 },
        { "number of zero", EXTENSIONS, AUTHORITY "300a0603551d140403" "020100", 2 },
        { "an unknown extension", EXTENSIONS, AUTHORITY NUMBER "300806032901020401" "00", 2 },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crl crl = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, crl_parse(with(rows[i].piece, rows[i].hex), &a, &crl, &e), e);
        CHECK_INT(rows[i].name, crl.count, rows[i].count);
    }
}

static struct span as_pem(struct span der, const char *label, const char *tail)
{
    struct writer w = writer_in(&a, 2 * der.n + 128);
    struct span out = { 0 };
    struct err e = { 0 };

    pem_write(&w, label, der);
    write_bytes(&w, span_of(tail, strlen(tail) + 1)); /* with its NUL */
    CHECK_OK("pem", writer_done(&w, &out, &e), e);
    return out;
}

static struct span plus_nul(struct span s)
{
    struct span copy = arena_dup(&a, s); /* a NUL follows it */

    return span_of(copy.p, copy.n + 1);
}

static struct span upper(struct span hex)
{
    uint8_t *p = arena_alloc(&a, hex.n, 1);

    for (size_t i = 0; i < hex.n; i++)
        p[i] = (uint8_t)(hex.p[i] >= 'a' ? hex.p[i] - 32 : hex.p[i]);
    return span_of(p, hex.n);
}

static void km_31f_each_form_gives_the_same_list(void **state)
{
    static const char *const signatures[] = {
        "0309003006020101020101",
        "0309003006020101020100", /* ends in a zero */
        "030a00300602010102010000",
        "030900300602010102010a",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(signatures); i++) {
        struct span der = with(SIGNATURE, signatures[i]);
        struct span pem = as_pem(der, "X509 CRL", ""), hex = hex_dup(&a, der);
        const struct {
            const char *name;
            struct span in;
        } rows[] = {
            { "DER", der },
            { "DER with a NUL", plus_nul(der) },
            { "PEM", span_part(pem, 0, pem.n - 1) },
            { "PEM with a NUL", pem },
            { "hex", hex },
            { "HEX", upper(hex) },
            { "hex with a NUL", plus_nul(hex) },
        };

        for (size_t j = 0; j < COUNT(rows); j++) {
            struct crl crl;
            struct err e = { 0 };

            CHECK_OK(rows[j].name, crl_parse(rows[j].in, &a, &crl, &e), e);
            CHECK_SPAN(rows[j].name, crl.der, der);
            CHECK_INT(rows[j].name, crl.count, 2);
        }
    }
}

static void km_31f_what_is_none_of_the_forms_is_refused(void **state)
{
    struct span der = with(PIECES, NULL), hex = hex_dup(&a, der);
    struct span pem = as_pem(der, "X509 CRL", "");
    const struct {
        const char *name;
        struct span in;
        const char *path;
    } rows[] = {
        { "nothing", { 0 }, "crl" },
        { "a NUL", plus_nul((struct span){ 0 }), "crl" },
        { "hex of odd length", span_part(hex, 0, hex.n - 1), "crl" },
        { "hex of half a list", span_part(hex, 0, hex.n / 2 & ~(size_t)1), "crl" },
        { "two lists", as_pem(der, "X509 CRL", "-----BEGIN X509 CRL-----\n"), "crl" },
        { "PEM with two NULs", plus_nul(pem), "crl" },
        { "PEM of another label", as_pem(der, "CRL", ""), "crl" },
        { "DER with two NULs", plus_nul(plus_nul(der)), "crl" },
        { "hex with two NULs", plus_nul(plus_nul(hex)), "crl" },
        { "half a PEM", span_part(pem, 0, pem.n / 2), "crl.end" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !parse_exact(rows[i].in, &e));
        CHECK(rows[i].name, e.code == ERR_MALFORMED || e.code == ERR_LIMIT);
        if (strncmp(e.path, rows[i].path, strlen(rows[i].path)) != 0)
            fail_msg("row \"%s\": path \"%s\" (%s)", rows[i].name, e.path, e.text);
    }
}

static void each_truncation_is_refused(void **state)
{
    struct span der = with(PIECES, NULL), hex = hex_dup(&a, der);

    (void)state;
    for (size_t n = 0; n < der.n; n++) {
        struct err e = { 0 };
        char row[32];

        snprintf(row, sizeof row, "%zu bytes", n);
        CHECK(row, !parse_exact(span_part(der, 0, n), &e));
        CHECK(row, e.code == ERR_MALFORMED && e.text[0] != '\0');
        CHECK(row, !parse_exact(span_part(hex, 0, 2 * n), NULL));
        CHECK(row, !parse_exact(span_part(hex, 0, 2 * n + 1), NULL));
    }
}

static void crl_parse_survives_each_failed_allocation(void **state)
{
    struct span der = with(PIECES, NULL);
    struct span forms[] = { der, as_pem(der, "X509 CRL", ""), hex_dup(&a, der) };

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        size_t n = 1;

        for (bool ok = false; !ok; n++) {
            struct crl crl = { .count = 77 };
            struct err e = { 0 };

            a.fail_at = n;
            ok = crl_parse(forms[i], &a, &crl, &e);
            a.fail_at = 0;
            if (!ok) {
                CHECK_INT("memory", e.code, ERR_MEMORY);
                CHECK_INT("left alone", crl.count, 77);
            }
        }
        CHECK("some failed", n > 2 && n < 20);
    }
}

/* A signed list with count entries: serials 3, 6, 9, ... in an order that is not theirs. */
static struct span signed_list(struct signkey *k, size_t count, struct arena *in)
{
    struct writer w = writer_in(in, 64 + 32 * count);
    size_t crl = der_begin(&w, DER_SEQUENCE), tbs = der_begin(&w, DER_SEQUENCE), at = w.n - 1, seq;
    uint8_t signature[64];
    struct span out = { 0 };
    struct err e = { 0 };
    size_t n = 0;

    put(&w, good, VERSION, DATES);
    seq = der_begin(&w, DER_SEQUENCE);
    for (size_t i = 0; i < count; i++) {
        size_t entry = der_begin(&w, DER_SEQUENCE);

        der_write_uint(&w, DER_INTEGER, 3 + 3 * (i * 7919 % count));
        der_write_time(&w, 1704067200);
        der_end(&w, entry);
    }
    der_end(&w, seq);
    seq = der_begin(&w, DER_CONTEXT_CONSTRUCTED(0));
    n = der_begin(&w, DER_SEQUENCE);
    put(&w, good, EXTENSIONS, EXTENSIONS);
    der_end(&w, n);
    der_end(&w, seq);
    der_end(&w, tbs);
    CHECK_OK("sign",
             signkey_sign(c, k, SIG_ES256, span_part(writer_span(&w), at, w.n - at), signature,
                          sizeof signature, &n, &e),
             e);
    put(&w, good, OUTER, OUTER);
    seq = der_begin(&w, DER_BIT_STRING);
    write_u8(&w, 0);
    n = der_begin(&w, DER_SEQUENCE);
    for (size_t i = 0; i < 2; i++)
        der_write_magnitude(&w, span_part(span_of(signature, 64), 32 * i, 32));
    der_end(&w, n);
    der_end(&w, seq);
    der_end(&w, crl);
    CHECK_OK("list", writer_done(&w, &out, &e), e);
    return out;
}

static void no_flipped_bit_of_a_signed_list_is_accepted(void **state)
{
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, SIGNKEY_P256, &e), *other = signkey_new(c, SIGNKEY_P256, &e);
    struct span der = signed_list(k, 4, &a), spki = { 0 };
    uint8_t *copy = check_exact(der);
    struct pubkey *pub, *other_pub;
    struct crl crl;

    (void)state;
    CHECK_OK("spki", signkey_spki(k, &a, &spki, &e), e);
    pub = pubkey_new_spki(c, spki, &e);
    CHECK_OK("spki", signkey_spki(other, &a, &spki, &e), e);
    other_pub = pubkey_new_spki(c, spki, &e);
    CHECK_OK("keys", pub && other_pub, e);
    CHECK_OK("parse", crl_parse(der, &a, &crl, &e), e);
    CHECK_OK("verify", crl_verify(c, &crl, pub, &e), e);
    CHECK("km_31b: list of another issuer", !crl_verify(c, &crl, other_pub, &e));
    CHECK_ERR("km_31b: list of another issuer", e, ERR_UNTRUSTED, "signature");
    for (size_t bit = 0; bit < 8 * der.n; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (crl_parse(span_of(copy, der.n), &a, &crl, NULL) && crl_verify(c, &crl, pub, NULL))
            fail_msg("bit %zu of byte %zu is not noticed", bit % 8, bit / 8);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(copy);
    pubkey_free(pub);
    pubkey_free(other_pub);
    signkey_free(k);
    signkey_free(other);
}

static void km_31g_a_hundred_thousand_entries_are_found(void **state)
{
    enum { MANY = 100000 };
    struct arena big = arena_over(64 << 20), small = arena_over(1 << 20);
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, SIGNKEY_P256, &e);
    struct span der = signed_list(k, MANY, &big);
    struct crl crl;

    (void)state;
    CHECK_OK("parse", crl_parse(der, &big, &crl, &e), e);
    CHECK_INT("count", crl.count, MANY);
    for (uint64_t i = 0; i <= MANY; i++) {
        CHECK("listed", lists(&crl, 3 * i) == (i > 0));
        CHECK("not listed", !lists(&crl, 3 * i + 1));
    }
    CHECK("small ceiling", !crl_parse(der, &small, &crl, &e));
    CHECK_INT("small ceiling", e.code, ERR_LIMIT);
    arena_fini(&big);
    arena_fini(&small);
    signkey_free(k);
}

static void more_entries_than_the_limit_are_refused(void **state)
{
    struct arena big = arena_over(256 << 20);
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, SIGNKEY_P256, &e);
    struct crl crl;

    (void)state;
    CHECK("refused", !crl_parse(signed_list(k, CRL_ENTRIES_MAX + 1, &big), &big, &crl, &e));
    CHECK_ERR("refused", e, ERR_LIMIT, "crl.tbs.revoked.entry");
    arena_fini(&big);
    signkey_free(k);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(64 << 20);
    c = crypto_new(&e);
    return c ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&a);
    crypto_free(c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_list_says_what_it_holds, km_31_what_misleads_is_refused, what_is_harmless_is_read,
        km_31f_each_form_gives_the_same_list, km_31f_what_is_none_of_the_forms_is_refused,
        each_truncation_is_refused, crl_parse_survives_each_failed_allocation,
        no_flipped_bit_of_a_signed_list_is_accepted, km_31g_a_hundred_thousand_entries_are_found,
        more_entries_than_the_limit_are_refused) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
