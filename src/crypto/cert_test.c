#include "cert.h"

#include "../../tests/check.h"
#include "../base/hex.h"
#include "../format/der.h"
#include "signkey.h"

/* A certificate in pieces, each of them in hex; a row exchanges one. */
enum piece {
    VERSION,
    SERIAL,
    INNER,
    ISSUER,
    VALIDITY,
    SUBJECT,
    SPKI,
    UNIQUE,     /* between key and extensions */
    EXTENSIONS, /* inside the list */
    AFTER,      /* behind the extensions, inside the signed part */
    OUTER,
    SIGNATURE,
    BEHIND, /* behind everything */
    PIECES
};

#define ECDSA256  "300a06082a8648ce3d040302"
#define ECDSA384  "300a06082a8648ce3d040303"
#define NAME_LAB  "300e310c300a06035504030c034c6162"
#define TIME_2024 "170d3234303130313030303030305a"
#define TIME_2034 "170d3334303130313030303030305a"
#define POINT                                                                                      \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"                             \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define SPKI_P256  "3059301306072a8648ce3d020106082a8648ce3d03010703420004" POINT
#define CA_TRUE    "300f0603551d130101ff040530030101ff"
#define USAGE_CA   "300e0603551d0f0101ff040403020106"
#define USAGE_LONG "300e0603551d0f0101ff040403020006"

static const char *const good[PIECES] = {
    [VERSION] = "a003020102",
    [SERIAL] = "02020100",
    [INNER] = ECDSA256,
    [ISSUER] = NAME_LAB,
    [VALIDITY] = "301e" TIME_2024 TIME_2034,
    [SUBJECT] = NAME_LAB,
    [SPKI] = SPKI_P256,
    [UNIQUE] = "",
    [EXTENSIONS] = CA_TRUE USAGE_CA,
    [AFTER] = "",
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
    size_t cert = der_begin(&w, DER_SEQUENCE), tbs = der_begin(&w, DER_SEQUENCE);
    size_t tagged, list;
    struct span out = { 0 };
    struct err e = { 0 };

    put(&w, pieces, VERSION, UNIQUE);
    if (strcmp(pieces[EXTENSIONS], "-") != 0) {
        tagged = der_begin(&w, DER_CONTEXT_CONSTRUCTED(3));
        list = der_begin(&w, DER_SEQUENCE);
        put(&w, pieces, EXTENSIONS, EXTENSIONS);
        der_end(&w, list);
        der_end(&w, tagged);
    }
    put(&w, pieces, AFTER, AFTER);
    der_end(&w, tbs);
    put(&w, pieces, OUTER, SIGNATURE);
    der_end(&w, cert);
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

/* In memory of exactly its size, so that a sanitizer sees a read past the end. */
static bool parse_exact(struct span der, struct err *e)
{
    uint8_t *copy = check_exact(der);
    struct cert cert;
    bool ok = cert_parse(span_of(copy, der.n), &cert, e);

    free(copy);
    return ok;
}

static void a_certificate_says_what_it_holds(void **state)
{
    struct span der = with(PIECES, NULL);
    struct cert cert;
    struct err e = { 0 };
    uint8_t serial[] = { 1, 0 };

    (void)state;
    CHECK_OK("parse", cert_parse(der, &cert, &e), e);
    CHECK_SPAN("der", cert.der, der);
    CHECK_SPAN("serial", cert.serial, span_of(serial, sizeof serial));
    CHECK_INT("alg", cert.sig_alg, SIG_ES256);
    CHECK_TEXT("issuer", cert.issuer_cn, "Lab");
    CHECK_TEXT("subject", cert.subject_cn, "Lab");
    CHECK_SPAN("names", cert.issuer, cert.subject);
    CHECK_INT("not before", cert.not_before, 1704067200);
    CHECK_INT("not after", cert.not_after, 2019686400);
    CHECK_INT("point", cert.point.n, 64);
    CHECK_INT("spki", cert.spki.n, 91);
    CHECK("ca", cert.has_basic_constraints && cert.is_ca);
    CHECK_INT("path", cert.path_length, CERT_PATH_UNBOUNDED);
    CHECK_INT("usage", cert.key_usage, CERT_KEY_CERT_SIGN | CERT_KEY_CRL_SIGN);
    CHECK("critical", !cert.has_unknown_critical);
    CHECK_INT("extensions", cert.extension_count, 2);
    CHECK("found", cert_extension_find(&cert, "2.5.29.15") == &cert.extensions[1]);
    CHECK("not found", !cert_extension_find(&cert, "2.5.29.16"));
    CHECK("cn",
          cert_cn_contains(cert.subject_cn, "La") && !cert_cn_contains(cert.subject_cn, "La "));
    CHECK("no cn", !cert_cn_contains((struct span){ 0 }, "L"));
}

#define T(yymmdd) "170d" yymmdd "3030303030305a"

static void km_86_what_misleads_is_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        enum piece piece;
        const char *hex;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "version 1", VERSION, "a003020100", ERR_MALFORMED, "certificate.tbs.version.number" },
        { "version 2", VERSION, "a003020101", ERR_MALFORMED, "certificate.tbs.version.number" },
        { "version 4", VERSION, "a003020103", ERR_MALFORMED, "certificate.tbs.version.number" },
        { "version left out", VERSION, "", ERR_MALFORMED, "certificate.tbs.version" },
        { "negative serial", SERIAL, "0201ff", ERR_MALFORMED, "certificate.tbs.serial" },
        { "negative serial of two octets", SERIAL, "02028000", ERR_MALFORMED, "certificate.tbs.serial" },
        { "serial with a zero too many", SERIAL, "02020001", ERR_MALFORMED, "certificate.tbs.serial" },
        { "serial without octets", SERIAL, "0200", ERR_MALFORMED, "certificate.tbs.serial" },
        { "serial of 21 octets", SERIAL, "0215010203040506070809101112131415161718192021", ERR_MALFORMED, "certificate.tbs.serial" },
        { "serial that is no integer", SERIAL, "040101", ERR_MALFORMED, "certificate.tbs.serial" },
        { "ECDSA with SHA-1", INNER, "300906072a8648ce3d0401", ERR_UNSUPPORTED, "certificate.tbs.algorithm.oid" },
        { "RSA with SHA-1", INNER, "300d06092a864886f70d0101050500", ERR_UNSUPPORTED, "certificate.tbs.algorithm.oid" },
        { "RSA with MD5", INNER, "300d06092a864886f70d0101040500", ERR_UNSUPPORTED, "certificate.tbs.algorithm.oid" },
        { "ECDSA with SHA-512", INNER, "300a06082a8648ce3d040304", ERR_UNSUPPORTED, "certificate.tbs.algorithm.oid" },
        { "algorithm without a name", INNER, "3000", ERR_MALFORMED, "certificate.tbs.algorithm.oid" },
        { "ECDSA with parameters", INNER, "300d06082a8648ce3d040302020101", ERR_MALFORMED, "certificate.tbs.algorithm" },
        { "NULL that holds something", INNER, "300d06082a8648ce3d040302050100", ERR_MALFORMED, "certificate.tbs.algorithm.parameters" },
        { "PSS by default (SHA-1)", INNER, "300d06092a864886f70d01010a3000", ERR_MALFORMED, "certificate.tbs.algorithm.parameters.hash_algorithm" },
        { "empty issuer", ISSUER, "3000", ERR_MALFORMED, "certificate.tbs.issuer" },
        { "name with an empty set", ISSUER, "30023100", ERR_MALFORMED, "certificate.tbs.issuer.rdn.attribute" },
        { "name that is no sequence", SUBJECT, "0c034c6162", ERR_MALFORMED, "certificate.tbs.subject" },
        { "attribute with two values", ISSUER, "3013311130" "0f06035504030c034c61620c034c6162", ERR_MALFORMED, "certificate.tbs.issuer.rdn.attribute" },
        { "dates out of order", VALIDITY, "301e" TIME_2034 TIME_2024, ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "date before 1970", VALIDITY, "301e" T("363931323331") TIME_2034, ERR_MALFORMED, "certificate.tbs.validity.not_before" },
        { "year 1950", VALIDITY, "301e" T("353030313031") TIME_2034, ERR_MALFORMED, "certificate.tbs.validity.not_before" },
        { "year 10000", VALIDITY, "3021" TIME_2024 "181031303030303031303130303030" "30305a", ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "month 13", VALIDITY, "301e" TIME_2024 T("333431333031"), ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "30 February", VALIDITY, "301e" TIME_2024 T("333430323330"), ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "time without seconds", VALIDITY, "301c" TIME_2024 "170b333430313031303030305a", ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "time with a zone", VALIDITY, "3022" TIME_2024 "17113334303130313030303030302b30313030", ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "three dates", VALIDITY, "302d" TIME_2024 TIME_2034 TIME_2034, ERR_MALFORMED, "certificate.tbs.validity" },
        { "one date", VALIDITY, "300f" TIME_2024, ERR_MALFORMED, "certificate.tbs.validity.not_after" },
        { "explicit curve parameters", SPKI, "3019300d06072a8648ce3d02013002020103080004aabbccddee00", ERR_MALFORMED, "certificate.tbs.spki.algorithm.named_curve" },
        { "point too short", SPKI, "3018301306072a8648ce3d020106082a8648ce3d030107030100", ERR_MALFORMED, "certificate.tbs.spki.point" },
        { "issuer's unique identifier", UNIQUE, "81020000", ERR_MALFORMED, "certificate.tbs.extensions" },
        { "no extension in the list", EXTENSIONS, "", ERR_MALFORMED, "certificate.tbs.extensions" },
        { "basic constraints twice", EXTENSIONS, CA_TRUE USAGE_CA CA_TRUE, ERR_MALFORMED, "certificate.tbs.extensions" },
        { "unknown extension twice", EXTENSIONS, "3008060329010204" "0100" "3008060329010204" "0100", ERR_MALFORMED, "certificate.tbs.extensions" },
        { "basic constraints and more", EXTENSIONS, "30120603551d130101ff0408" "30030101ff" "020101", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints" },
        { "basic constraints that are empty", EXTENSIONS, "30080603551d1304" "0100", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints" },
        { "CA of 1", EXTENSIONS, "300c0603551d130405" "3003010101", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints.ca" },
        { "path length without CA", EXTENSIONS, "300c0603551d130405" "3003020101", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints.path_length" },
        { "negative path length", EXTENSIONS, "300f0603551d130408" "30060101ff0201ff", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints.path_length" },
        { "path length of 255", EXTENSIONS, "30100603551d130409" "30070101ff020200ff", ERR_MALFORMED, "certificate.tbs.extensions.basic_constraints.path_length" },
        { "key usage of no bit", EXTENSIONS, "300b0603551d0f0404" "03020000", ERR_MALFORMED, "certificate.tbs.extensions.key_usage" },
        { "key usage that is empty", EXTENSIONS, "300a0603551d0f0403" "030100", ERR_MALFORMED, "certificate.tbs.extensions.key_usage" },
        { "key usage of ten bits", EXTENSIONS, "300c0603551d0f0405" "0303060640", ERR_MALFORMED, "certificate.tbs.extensions.key_usage" },
        { "key usage with an unused bit set", EXTENSIONS, "300b0603551d0f0404" "03020107", ERR_MALFORMED, "certificate.tbs.extensions.key_usage" },
        { "key usage with eight unused bits", EXTENSIONS, "300b0603551d0f0404" "03020800", ERR_MALFORMED, "certificate.tbs.extensions.key_usage" },
        { "empty key identifier", EXTENSIONS, "30090603551d0e0402" "0400", ERR_MALFORMED, "certificate.tbs.extensions.subject_key_id" },
        { "empty extended key usage", EXTENSIONS, "30090603551d250402" "3000", ERR_MALFORMED, "certificate.tbs.extensions.ext_key_usage.member" },
        { "extended key usage of a text", EXTENSIONS, "300c0603551d250405" "30030c0161", ERR_MALFORMED, "certificate.tbs.extensions.ext_key_usage.member" },
        { "empty alternative names", EXTENSIONS, "30090603551d110402" "3000", ERR_MALFORMED, "certificate.tbs.extensions.subject_alt_name.member" },
        { "critical of 1", EXTENSIONS, "300f0603551d13010101040530030101ff", ERR_MALFORMED, "certificate.tbs.extensions.critical" },
        { "extension without a value", EXTENSIONS, "30050603551d13", ERR_MALFORMED, "certificate.tbs.extensions.value" },
        { "extensions twice", AFTER, "a3133011" CA_TRUE, ERR_MALFORMED, "certificate.tbs" },
        { "algorithms differ", OUTER, ECDSA384, ERR_MALFORMED, "certificate.algorithm" },
        { "NULL outside only", OUTER, "300c06082a8648ce3d0403020500", ERR_MALFORMED, "certificate.algorithm" },
        { "signature with unused bits", SIGNATURE, "0309013006020101020100", ERR_MALFORMED, "certificate.signature" },
        { "signature without octets", SIGNATURE, "0300", ERR_MALFORMED, "certificate.signature" },
        { "signature twice", SIGNATURE, "0309003006020101020101" "0309003006020101020101", ERR_MALFORMED, "certificate" },
        { "byte behind", BEHIND, "00", ERR_MALFORMED, "certificate" },
        { "second certificate behind", BEHIND, "3000", ERR_MALFORMED, "certificate" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !parse_exact(with(rows[i].piece, rows[i].hex), &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void km_86_what_is_odd_but_harmless_is_read(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        enum piece piece;
        const char *hex;
    } rows[] = {
        { "serial of zero (AMD)", SERIAL, "020100" },
        { "serial of 20 octets with a sign octet", SERIAL, "021500f1020304050607080910111213141516171819" "20" },
        { "NULL beside ECDSA (Intel)", INNER, "300c06082a8648ce3d0403020500" },
        { "RSA without its NULL", INNER, "300b06092a864886f70d01010b" },
        { "BMPString", SUBJECT, "3011310f300d06035504031e06004c00610062" },
        { "TeletexString", SUBJECT, "300e310c300a060355040314034c6162" },
        { "UTF8String that is no UTF-8", SUBJECT, "300c310a300806035504030c01ff" },
        { "NUL in a name", SUBJECT, "300e310c300a06035504030c034c0062" },
        { "empty subject", SUBJECT, "3000" },
        { "end of time", VALIDITY, "3020" TIME_2024 "180f39393939313233313233353935395a" },
        { "GeneralizedTime before 2050", VALIDITY, "3020" "180f32303234303130313030303030305a" TIME_2034 },
        { "1970", VALIDITY, "301e" T("373030313031") TIME_2034 },
        { "critical FALSE written out (AMD)", EXTENSIONS, "300f0603551d13010100040530030101ff" },
        { "CA FALSE written out", EXTENSIONS, "300f0603551d130101ff04053003010100" },
        { "trailing zeros in key usage (AMD)", EXTENSIONS, USAGE_LONG },
        { "no extensions", EXTENSIONS, "-" },
        { "authority by name and serial", EXTENSIONS, "301606" "03551d23040f300d" "a108a4063004310230008201" "05" },
        { "unknown key algorithm", SPKI, "302a300506032b6570032100" "0101010101010101010101010101010101010101010101010101010101010101" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK_OK(rows[i].name, parse_exact(with(rows[i].piece, rows[i].hex), &e), e);
    }
}

static void only_plain_text_is_a_common_name(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *hex, *cn; } rows[] = {
        { "PrintableString",        "300e310c300a060355040313034c6162", "Lab" },
        { "IA5String",              "300e310c300a060355040316034c6162", "Lab" },
        { "BMPString",              "3011310f300d06035504031e06004c00610062", "" },
        { "not UTF-8",              "300c310a300806035504030c01ff", "" },
        { "NUL inside",             "300e310c300a06035504030c034c0062", "" },
        { "organization only",      "300e310c300a060355040a0c034c6162", "" },
        { "first of two",           "301c310c300a06035504030c034c6162310c300a06035504030c034c6163", "Lab" },
        { "unreadable, then plain", "301a310a300806035504030c01ff310c300a06035504030c034c6163", "" },
        { "second in one set",      "301a3118300a060355040a0c034c6162300a06035504030c034c6163", "Lac" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert cert;
        struct err e = { 0 };

        CHECK_OK(rows[i].name, cert_parse(with(SUBJECT, rows[i].hex), &cert, &e), e);
        CHECK_TEXT(rows[i].name, cert.subject_cn, rows[i].cn);
    }
}

static void unknown_critical_extensions_are_noted(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *hex; bool is_noted; } rows[] = {
        { "unknown, not critical",      "300806032901020401" "00", false },
        { "unknown, FALSE written out", "300b0603290102010100" "040100", false },
        { "unknown and critical",       "300b06032901020101ff" "040100", true },
        { "name constraints",           "300c0603551d1e0101ff" "04023000", true },
        { "extended key usage",         "30120603551d250101ff" "0408" "30060604" "551d2500", true },
        { "alternative names",          "300f0603551d110101ff" "0405" "3003820161", false },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert cert;
        struct err e = { 0 };

        CHECK_OK(rows[i].name, cert_parse(with(EXTENSIONS, rows[i].hex), &cert, &e), e);
        CHECK_INT(rows[i].name, cert.has_unknown_critical, rows[i].is_noted);
    }
}

#define SHA256_ALG "300d06096086480165030402010500"
#define SHA384_ALG "300d06096086480165030402020500"
#define MGF_256    "a11c301a06092a864886f70d010108" SHA256_ALG
#define MGF_384    "a11c301a06092a864886f70d010108" SHA384_ALG
#define PSS        "06092a864886f70d01010a"

static void pss_has_one_hash_and_a_salt_as_long(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *hex; enum err_code code; enum sig_alg alg; } rows[] = {
        { "SHA-256", "3041" PSS "3034" "a00f" SHA256_ALG MGF_256 "a203020120", ERR_NONE, SIG_PS256 },
        { "SHA-384", "3041" PSS "3034" "a00f" SHA384_ALG MGF_384 "a203020130", ERR_NONE, SIG_PS384 },
        { "trailer written out", "3046" PSS "3039" "a00f" SHA384_ALG MGF_384 "a203020130" "a303020101", ERR_NONE, SIG_PS384 },
        { "trailer of 2", "3046" PSS "3039" "a00f" SHA384_ALG MGF_384 "a203020130" "a303020102", ERR_UNSUPPORTED, 0 },
        { "two hashes", "3041" PSS "3034" "a00f" SHA384_ALG MGF_256 "a203020130", ERR_UNSUPPORTED, 0 },
        { "salt of 32 under SHA-384", "3041" PSS "3034" "a00f" SHA384_ALG MGF_384 "a203020120", ERR_UNSUPPORTED, 0 },
        { "no salt", "3041" PSS "3034" "a00f" SHA384_ALG MGF_384 "a203020100", ERR_UNSUPPORTED, 0 },
        { "salt left out", "303c" PSS "302f" "a00f" SHA384_ALG MGF_384, ERR_MALFORMED, 0 },
        { "mask left out", "3023" PSS "3016" "a00f" SHA384_ALG "a203020130", ERR_MALFORMED, 0 },
        { "another mask", "3041" PSS "3034" "a00f" SHA384_ALG "a11c301a06092a864886f70d010109" SHA384_ALG "a203020130", ERR_UNSUPPORTED, 0 },
        { "SHA-1", "303d" PSS "3030" "a00b300906052b0e03021a0500" MGF_256 "a203020120", ERR_UNSUPPORTED, 0 },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert cert = { 0 };
        struct err e = { 0 };
        bool ok = cert_parse(with(INNER, rows[i].hex), &cert, &e);

        CHECK_INT(rows[i].name, e.code, rows[i].code);
        CHECK_INT(rows[i].name, ok, rows[i].code == ERR_NONE);
        if (ok)
            CHECK_INT(rows[i].name, cert.sig_alg, rows[i].alg);
    }
}

/* count extensions of different names; 100 alternative names in one of them. */
static struct span with_many(size_t count)
{
    char hex[32 * 64] = "";

    for (size_t i = 0; i < count; i++)
        snprintf(hex + strlen(hex), sizeof hex - strlen(hex),
                 "3008060329%02zx0204"
                 "0100",
                 i);
    return with(EXTENSIONS, hex);
}

static void km_86_extensions_are_counted(void **state)
{
    struct err e = { 0 };

    (void)state;
    CHECK_OK("32", parse_exact(with_many(CERT_EXTENSIONS_MAX), &e), e);
    CHECK("33", !parse_exact(with_many(CERT_EXTENSIONS_MAX + 1), &e));
    CHECK_ERR("33", e, ERR_LIMIT, "certificate.tbs.extensions");
}

static void a_hundred_alternative_names_are_read(void **state)
{
    const char *names[100];
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, SIGNKEY_P256, &e);
    struct cert_wish wish = { .common_name = "many",
                              .serial = 1,
                              .not_after = 4102444800,
                              .dns_names = names,
                              .dns_count = COUNT(names) };
    struct span der = { 0 };
    struct cert cert;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        names[i] = "host.example";
    CHECK_OK("key", k, e);
    CHECK_OK("make", cert_make(c, &wish, k, (struct span){ 0 }, k, &a, &der, &e), e);
    CHECK_OK("parse", cert_parse(der, &cert, &e), e);
    CHECK("names", cert_extension_find(&cert, "2.5.29.17")->value.n > 1400);
    signkey_free(k);
}

static void each_truncation_is_refused(void **state)
{
    struct span der = with(PIECES, NULL);

    (void)state;
    for (size_t n = 0; n < der.n; n++) {
        struct err e = { 0 };
        char row[32];

        snprintf(row, sizeof row, "%zu bytes", n);
        CHECK(row, !parse_exact(span_part(der, 0, n), &e));
        CHECK_INT(row, e.code, ERR_MALFORMED);
        CHECK(row, e.text[0] != '\0' && strncmp(e.path, "certificate", 11) == 0);
    }
}

static void a_failed_parse_leaves_its_output_alone(void **state)
{
    struct cert cert = { .extension_count = 77 };
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !cert_parse(with(BEHIND, "00"), &cert, &e));
    CHECK_INT("alone", cert.extension_count, 77);
    CHECK("without err", !cert_parse(with(BEHIND, "00"), &cert, NULL));
}

struct chain {
    struct signkey *ca, *leaf;
    struct span ca_der, leaf_der;
    struct cert ca_cert, leaf_cert;
    struct pubkey *ca_key, *leaf_key;
};

static struct chain chain_new(enum signkey_kind kind)
{
    struct chain h = { 0 };
    struct err e = { 0 };
    struct cert_wish ca = { .common_name = "Lab CA",
                            .organization = "Lab",
                            .serial = 1,
                            .not_before = 1704067200,
                            .not_after = 2019686400,
                            .is_ca = true };
    struct cert_wish leaf = { .common_name = "leaf",
                              .serial = 0xfedcba9876543210,
                              .not_before = 1704067200,
                              .not_after = 2019686400 };

    h.ca = signkey_new(c, kind, &e);
    h.leaf = signkey_new(c, SIGNKEY_P256, &e);
    CHECK_OK("keys", h.ca && h.leaf, e);
    CHECK_OK("ca", cert_make(c, &ca, h.ca, (struct span){ 0 }, h.ca, &a, &h.ca_der, &e), e);
    CHECK_OK("leaf", cert_make(c, &leaf, h.leaf, h.ca_der, h.ca, &a, &h.leaf_der, &e), e);
    CHECK_OK("ca", cert_parse(h.ca_der, &h.ca_cert, &e), e);
    CHECK_OK("leaf", cert_parse(h.leaf_der, &h.leaf_cert, &e), e);
    h.ca_key = pubkey_new_spki(c, h.ca_cert.spki, &e);
    h.leaf_key = pubkey_new_spki(c, h.leaf_cert.spki, &e);
    CHECK_OK("public keys", h.ca_key && h.leaf_key, e);
    return h;
}

static void chain_free(struct chain *h)
{
    signkey_free(h->ca);
    signkey_free(h->leaf);
    pubkey_free(h->ca_key);
    pubkey_free(h->leaf_key);
}

static void km_29_a_signature_is_verified_whatever_the_names_say(void **state)
{
    static const enum signkey_kind each[] = { SIGNKEY_P256, SIGNKEY_P384, SIGNKEY_RSA2048 };

    (void)state;
    for (size_t i = 0; i < COUNT(each); i++) {
        struct chain h = chain_new(each[i]), other = chain_new(each[i]);
        struct err e = { 0 };

        CHECK_OK("ca by itself", cert_verify(c, &h.ca_cert, h.ca_key, &e), e);
        CHECK_OK("leaf by ca", cert_verify(c, &h.leaf_cert, h.ca_key, &e), e);
        CHECK_SPAN("names agree", h.leaf_cert.issuer, other.ca_cert.subject);
        CHECK("leaf by another CA of that name", !cert_verify(c, &h.leaf_cert, other.ca_key, &e));
        CHECK_ERR("leaf by another CA of that name", e, ERR_UNTRUSTED, "signature");
        err_clear(&e);
        CHECK("ca by leaf", !cert_verify(c, &h.ca_cert, h.leaf_key, &e));
        CHECK_ERR("ca by leaf", e, ERR_UNTRUSTED, "signature");
        chain_free(&h);
        chain_free(&other);
    }
}

/* Whatever bit of a signed certificate changes, it is no longer one that its issuer signed. */
static void no_flipped_bit_of_a_signed_certificate_is_accepted(void **state)
{
    struct chain h = chain_new(SIGNKEY_P256);
    uint8_t *copy = check_exact(h.leaf_der);
    size_t parsed = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * h.leaf_der.n; bit++) {
        struct cert cert;
        struct err e = { 0 };

        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (cert_parse(span_of(copy, h.leaf_der.n), &cert, &e)) {
            parsed++;
            if (cert_verify(c, &cert, h.ca_key, &e))
                fail_msg("bit %zu of byte %zu is not noticed", bit % 8, bit / 8);
            CHECK_INT("untrusted", e.code, ERR_UNTRUSTED);
        } else
            CHECK("says why", e.code != ERR_NONE && e.text[0] != '\0');
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK("some parsed", parsed > 500 && parsed < 8 * h.leaf_der.n);
    free(copy);
    chain_free(&h);
}

static void a_moved_certificate_is_as_if_parsed_there(void **state)
{
    struct chain h = chain_new(SIGNKEY_P256);
    uint8_t *copy = check_exact(h.leaf_der);
    struct cert moved, fresh;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("here", cert_parse(h.leaf_der, &moved, &e), e);
    CHECK_OK("there", cert_parse(span_of(copy, h.leaf_der.n), &fresh, &e), e);
    cert_move(&moved, span_of(copy, h.leaf_der.n));
    const struct {
        const char *name;
        struct span got, want;
    } rows[] = {
        { "der", moved.der, fresh.der },
        { "tbs", moved.tbs, fresh.tbs },
        { "signature", moved.signature, fresh.signature },
        { "serial", moved.serial, fresh.serial },
        { "issuer", moved.issuer, fresh.issuer },
        { "subject", moved.subject, fresh.subject },
        { "issuer cn", moved.issuer_cn, fresh.issuer_cn },
        { "subject cn", moved.subject_cn, fresh.subject_cn },
        { "spki", moved.spki, fresh.spki },
        { "point", moved.point, fresh.point },
        { "subject key id", moved.subject_key_id, fresh.subject_key_id },
        { "authority key id", moved.authority_key_id, fresh.authority_key_id },
        { "extension", moved.extensions[0].oid, fresh.extensions[0].oid },
        { "its value", moved.extensions[0].value, fresh.extensions[0].value },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(rows[i].name, rows[i].got.n, rows[i].want.n);
        CHECK(rows[i].name, rows[i].got.n == 0 || rows[i].got.p == rows[i].want.p);
    }
    CHECK_OK("its signature holds", cert_verify(c, &moved, h.ca_key, &e), e);
    free(copy);
    chain_free(&h);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(16 << 20);
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
        a_certificate_says_what_it_holds, km_86_what_misleads_is_refused,
        km_86_what_is_odd_but_harmless_is_read, only_plain_text_is_a_common_name,
        unknown_critical_extensions_are_noted, pss_has_one_hash_and_a_salt_as_long,
        km_86_extensions_are_counted, a_hundred_alternative_names_are_read,
        each_truncation_is_refused, a_failed_parse_leaves_its_output_alone,
        km_29_a_signature_is_verified_whatever_the_names_say,
        no_flipped_bit_of_a_signed_certificate_is_accepted,
        a_moved_certificate_is_as_if_parsed_there) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
