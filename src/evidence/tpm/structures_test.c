#include "structures.h"

#include "../../../tests/check.h"
#include "../../base/hex.h"
#include "../../format/json.h"
#include "../../format/pem.h"

#include <dirent.h>

static struct crypto *crypto;
static struct arena arena;

static void begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(16u << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

/* ---------------------------------------------------------------- samples */

static const uint8_t digest_of_32[32] = { 0xAA, 0xBB };
static const uint8_t name_of_34[34] = { 0x00, 0x0B, 1, 2, 3 };

static struct tpm_attest quote_sample(void)
{
    return (struct tpm_attest){
        .type = TPM_ATTEST_QUOTE,
        .signer = { name_of_34, sizeof name_of_34 },
        .extra_data = { digest_of_32, 20 },
        .clock = 0x0102030405060708,
        .reset_count = 7,
        .restart_count = 8,
        .is_safe = true,
        .firmware_version = 0x2026010100000000,
        .selections = { { TPM_ALG_SHA1, 3, 0xFF }, { TPM_ALG_SHA256, 4, 0xFFFFFF } },
        .selection_count = 2,
        .pcr_digest = { digest_of_32, sizeof digest_of_32 },
    };
}

static struct tpm_attest certify_sample(void)
{
    struct tpm_attest a = quote_sample();

    a.type = TPM_ATTEST_CERTIFY;
    a.name = a.qualified_name = a.signer;
    return a;
}

static struct tpm_public rsa_sample(void)
{
    static const uint8_t modulus[256] = { 0xC1 };

    return (struct tpm_public){
        .type = TPM_ALG_RSA,
        .name_alg = TPM_ALG_SHA256,
        .attributes = 0x00050472,
        .auth_policy = { digest_of_32, sizeof digest_of_32 },
        .symmetric = TPM_ALG_NULL,
        .scheme = TPM_ALG_RSASSA,
        .scheme_hash = TPM_ALG_SHA256,
        .key_bits = 2048,
        .modulus = { modulus, sizeof modulus },
    };
}

static struct tpm_public ec_sample(void)
{
    return (struct tpm_public){
        .type = TPM_ALG_ECC,
        .name_alg = TPM_ALG_SHA256,
        .attributes = 0x000300B2,
        .symmetric = TPM_ALG_AES,
        .symmetric_bits = 128,
        .symmetric_mode = TPM_ALG_CFB,
        .scheme = TPM_ALG_ECDAA,
        .scheme_hash = TPM_ALG_SHA256,
        .scheme_count = 5,
        .curve = TPM_CURVE_P256,
        .kdf = 0x0022,
        .kdf_hash = TPM_ALG_SHA256,
        .x = { digest_of_32, sizeof digest_of_32 },
        .y = { digest_of_32, 31 },
    };
}

/* ---------------------------------------------------------------- each kind, by one name */

static bool parse_attest(struct span bytes, struct writer *again, struct err *e)
{
    struct tpm_attest a;

    if (!tpm_attest_parse(bytes, &a, e))
        return false;
    tpm_attest_write(again, &a);
    return true;
}

static bool parse_signature(struct span bytes, struct writer *again, struct err *e)
{
    struct tpm_signature s;

    if (!tpm_signature_parse(bytes, &s, e))
        return false;
    tpm_signature_write(again, &s);
    return true;
}

static bool parse_public(struct span bytes, struct writer *again, struct err *e)
{
    struct tpm_public p;

    if (!tpm_public_parse(bytes, &p, e))
        return false;
    tpm_public_write(again, &p);
    return true;
}

typedef bool parse_fn(struct span bytes, struct writer *again, struct err *e);

static struct span written(const char *kind)
{
    struct writer w = writer_in(&arena, 1024);
    struct tpm_attest quote = quote_sample(), certify = certify_sample();
    struct tpm_public rsa = rsa_sample(), ec = ec_sample();
    struct tpm_signature rsassa = { TPM_ALG_RSASSA, TPM_ALG_SHA256, .rsa = rsa.modulus };
    struct tpm_signature ecdsa = { TPM_ALG_ECDSA, TPM_ALG_SHA1, .r = ec.x, .s = ec.y };

    if (strcmp(kind, "quote") == 0)
        tpm_attest_write(&w, &quote);
    else if (strcmp(kind, "certify") == 0)
        tpm_attest_write(&w, &certify);
    else if (strcmp(kind, "rsassa") == 0)
        tpm_signature_write(&w, &rsassa);
    else if (strcmp(kind, "ecdsa") == 0)
        tpm_signature_write(&w, &ecdsa);
    else if (strcmp(kind, "rsa") == 0)
        tpm_public_write(&w, &rsa);
    else
        tpm_public_write(&w, &ec);
    return writer_span(&w);
}

static const struct {
    const char *name;
    parse_fn *parse;
} kinds[] = {
    { "quote", parse_attest },    { "certify", parse_attest }, { "rsassa", parse_signature },
    { "ecdsa", parse_signature }, { "rsa", parse_public },     { "ec", parse_public },
};

static void what_is_written_is_read_and_written_again(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct span bytes = written(kinds[i].name);
        struct writer w = writer_in(&arena, 1024);
        struct err e = { 0 };

        CHECK_OK(kinds[i].name, kinds[i].parse(bytes, &w, &e), e);
        CHECK_SPAN(kinds[i].name, writer_span(&w), bytes);
    }
}

static void each_truncation_and_each_byte_too_many_is_refused(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct span bytes = written(kinds[i].name);
        struct writer w = writer_in(&arena, 1024);
        uint8_t *copy;
        struct err e;

        for (size_t n = 0; n <= bytes.n; n++) {
            copy = malloc(n + 1);
            memcpy(copy, bytes.p, n);
            e = (struct err){ 0 };
            if (n < bytes.n)
                CHECK(kinds[i].name, !kinds[i].parse(span_of(copy, n), &w, &e));
            copy[n] = 0;
            e = (struct err){ 0 };
            if (n == bytes.n)
                CHECK(kinds[i].name, !kinds[i].parse(span_of(copy, n + 1), &w, &e));
            CHECK_INT(kinds[i].name, e.code == ERR_MALFORMED || (n < bytes.n && e.code == ERR_NONE),
                      true);
            free(copy);
        }
    }
}

/* A flipped bit is refused, or it is another statement: what parses writes the same bytes. */
static void no_flipped_bit_is_read_as_something_else_than_it_says(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct span bytes = written(kinds[i].name);
        uint8_t *copy = check_exact(bytes);

        for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
            struct writer w = writer_in(&arena, bytes.n + 64);
            struct err e = { 0 };

            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (kinds[i].parse(span_of(copy, bytes.n), &w, &e))
                CHECK_SPAN(kinds[i].name, writer_span(&w), span_of(copy, bytes.n));
            else
                CHECK(kinds[i].name, e.text[0] != 0);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(copy);
    }
}

/* ---------------------------------------------------------------- refusals */

static void refuse(const char *row, parse_fn *parse, struct span good, size_t at, const char *hex,
                   enum err_code code, const char *path)
{
    uint8_t *copy = check_exact(good);
    struct writer w = writer_in(&arena, 1024);
    struct err e = { 0 };

    CHECK_OK(row, hex_read(span_str(hex), copy + at, strlen(hex) / 2, &e), e);
    CHECK(row, !parse(span_of(copy, good.n), &w, &e));
    CHECK_ERR(row, e, code, path);
    free(copy);
}

static void statements_are_refused_for_what_is_wrong_in_them(void **state)
{
    /* offsets: 0 magic, 4 type, 6 signer (36), 42 extra data (22), 64 clock, 72 reset, 76 restart,
     * 80 safe, 81 firmware, 89 count, 93 hash, 95 size, 96 select, 99 hash, 101 size, 102 select */
    static const struct {
        const char *name;
        size_t at;
        const char *hex, *path;
    } rows[] = {
        { "magic 0", 0, "00000000", "magic" },
        { "magic swapped", 0, "474354ff", "magic" },
        { "magic off by one", 0, "ff544348", "magic" },
        { "a type that is neither", 4, "8019", "type" },
        { "a name of an unknown hash", 8, "0099", "signer" },
        { "a name of a longer hash", 8, "000c", "signer" },
        { "a clock that is safer than safe", 80, "02", "safe" },
        { "more selections than bytes", 89, "ffffffff", "selections" },
        { "no selection, and bytes left", 89, "00000000", "" },
        { "a bank twice", 99, "0004", "selections" },
        { "a PCR above 23", 105, "01", "select" },
        { "a map of no bytes", 95, "00", "size" },
        { "a map longer than the rest", 101, "ff", "select" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        refuse(rows[i].name, parse_attest, written("quote"), rows[i].at, rows[i].hex, ERR_MALFORMED,
               rows[i].path);
}

static void signatures_of_other_schemes_and_hashes_are_unsupported(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        const char *hex, *path;
    } rows[] = {
        { "HMAC", 0, "0005", "scheme" },   { "ECDAA", 0, "001a", "scheme" },
        { "none", 0, "0010", "scheme" },   { "SM2", 0, "001b", "scheme" },
        { "SM3", 2, "0012", "hash" },      { "no hash", 2, "0010", "hash" },
        { "SHA3-256", 2, "0027", "hash" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        refuse(rows[i].name, parse_signature, written("rsassa"), rows[i].at, rows[i].hex,
               ERR_UNSUPPORTED, rows[i].path);
}

static void public_areas_are_refused_for_what_is_wrong_in_them(void **state)
{
    (void)state;
    begin();
    refuse("keyed hash", parse_public, written("rsa"), 0, "0008", ERR_UNSUPPORTED, "type");
    refuse("symmetric", parse_public, written("rsa"), 0, "0025", ERR_UNSUPPORTED, "type");
    refuse("bits that do not fit", parse_public, written("rsa"), 48, "0400", ERR_MALFORMED,
           "modulus");
}

static void a_key_of_another_curve_is_unsupported(void **state)
{
    static const struct {
        const char *name;
        uint16_t curve;
        enum err_code code;
    } rows[] = { { "P-256", TPM_CURVE_P256, ERR_NONE },
                 { "P-384", TPM_CURVE_P384, ERR_NONE },
                 { "P-224", 2, ERR_UNSUPPORTED },
                 { "P-521", 5, ERR_UNSUPPORTED },
                 { "BN-256", 0x10, ERR_UNSUPPORTED } };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tpm_public p = ec_sample();
        struct err e = { 0 };
        struct spki key;

        p.curve = rows[i].curve;
        CHECK_INT(rows[i].name, tpm_public_key(&p, &arena, &key, &e), rows[i].code == ERR_NONE);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
    }
}

static void coordinates_are_padded_and_an_exponent_of_zero_is_the_usual_one(void **state)
{
    struct tpm_public ec = ec_sample(), rsa = rsa_sample();
    struct spki key;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("ec", tpm_public_key(&ec, &arena, &key, &e), e);
    CHECK_INT("point", key.point.n, 64);
    CHECK_INT("padding", key.point.p[32], 0);
    CHECK_INT("number", key.point.p[33], 0xAA);
    CHECK_OK("rsa", tpm_public_key(&rsa, &arena, &key, &e), e);
    CHECK_TEXT("exponent", hex_dup(&arena, key.exponent), "010001");
}

static void without_memory_names_and_keys_say_so(void **state)
{
    struct arena small = arena_over(1 << 16);
    struct tpm_public p[] = { rsa_sample(), ec_sample() };
    struct span name;
    struct spki key;
    struct err e;

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(p); i++) {
        small.fail_at = 1;
        e = (struct err){ 0 };
        CHECK("name", !tpm_public_name(crypto, &p[i], &small, &name, &e));
        CHECK_ERR("name", e, ERR_MEMORY, "");
        small.fail_at = 1;
        e = (struct err){ 0 };
        CHECK("key", !tpm_public_key(&p[i], &small, &key, &e));
        CHECK_ERR("key", e, ERR_MEMORY, "");
    }
    arena_fini(&small);
}

/* ---------------------------------------------------------------- real ones */

static struct span vector(const char *folder, const char *name)
{
    char path[512];
    struct span file, copy;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = check_vector(path);
    if (!file.p)
        return file;
    copy = arena_dup(&arena, file);
    free((void *)(uintptr_t)file.p);
    return copy;
}

static struct span key_of_pem(const char *folder, const char *name)
{
    struct pem_block block;
    size_t count = 0;
    struct err e = { 0 };

    CHECK_OK(folder,
             pem_parse(vector(folder, name), "PUBLIC KEY", true, 1, &arena, &block, &count, &e), e);
    return block.der;
}

static struct span key_of_area(const char *row, struct span area)
{
    struct tpm_public p;
    struct spki key;
    struct span der = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, tpm_public_parse(area, &p, &e), e);
    CHECK_OK(row, tpm_public_key(&p, &arena, &key, &e), e);
    CHECK_OK(row, spki_write(&key, &arena, &der, &e), e);
    return der;
}

static void check_signed(const char *folder, const char *attest, const char *sig, struct span key)
{
    struct span statement = vector(folder, attest);
    struct tpm_signature s;
    struct tpm_attest a;
    struct err e = { 0 };
    uint8_t *copy;

    CHECK_OK(folder, tpm_attest_parse(statement, &a, &e), e);
    CHECK_OK(folder, tpm_signature_parse(vector(folder, sig), &s, &e), e);
    CHECK_OK(folder, tpm_signature_check(crypto, &s, key, statement, &e), e);
    copy = check_exact(statement);
    copy[statement.n - 1] ^= 1;
    CHECK(folder, !tpm_signature_check(crypto, &s, key, span_of(copy, statement.n), &e));
    CHECK_ERR(folder, e, ERR_UNTRUSTED, "");
    free(copy);
}

static void quotes_of_real_and_software_tpms_hold_under_their_keys(void **state)
{
    static const struct {
        const char *folder, *attest, *sig, *pem;
    } rows[] = {
        { "tpm/lab/sbon", "quote-bound.attest", "quote-bound.sig", "ak.pem" },
        { "tpm/lab/sbon", "quote-raw.attest", "quote-raw.sig", "ak.pem" },
        { "tpm/lab/sbon", "quote-sha1.attest", "quote-sha1.sig", "ak.pem" },
        { "tpm/lab/sbon", "quote-mixed.attest", "quote-mixed.sig", "ak.pem" },
        { "tpm/lab/sbon", "quote-ecc.attest", "quote-ecc.sig", "akecc.pem" },
        { "tpm/lab/sbon", "certify.attest", "certify.sig", "ak.pem" },
        { "tpm/lab/sboff", "quote-ecc.attest", "quote-ecc.sig", "akecc.pem" },
        { "tpm/lab/snake", "quote-ecc.attest", "quote-ecc.sig", "akecc.pem" },
    };
    static const char *const areas[][3] = {
        { "tpm/windows/gcp-shielded-vm", "quote.attest", "quote.sig" },
        { "tpm/linux/gce-cos-85-nonce9009", "quote0.attest", "quote0.sig" },
        { "tpm/linux/gce-cos-85-nonce9009", "quote1.attest", "quote1.sig" },
        { "tpm/linux/gce-cos-85-nonce9009", "quote2.attest", "quote2.sig" },
        { "tpm/linux/gce-cos-85-no-nonce", "quote2.attest", "quote2.sig" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        check_signed(rows[i].folder, rows[i].attest, rows[i].sig,
                     key_of_pem(rows[i].folder, rows[i].pem));
    for (size_t i = 0; i < COUNT(areas); i++)
        check_signed(areas[i][0], areas[i][1], areas[i][2],
                     key_of_area(areas[i][0], vector(areas[i][0], "ak.tpmt_public")));
}

static void names_are_those_that_the_tpms_computed(void **state)
{
    static const char *const rows[][3] = {
        { "tpm/lab/sbon", "ak.tpm2b_public", "ak.name" },
        { "tpm/lab/sbon", "akecc.tpm2b_public", "akecc.name" },
        { "tpm/lab/sboff", "ak.tpm2b_public", "ak.name" },
        { "tpm/lab/snake", "akecc.tpm2b_public", "akecc.name" },
        { "tpm/structs/keylime", "ak.pub", "ak.name" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span area = { 0 }, name = { 0 };
        struct tpm_public p;
        struct err e = { 0 };

        CHECK_OK(rows[i][0], tpm2b_parse(vector(rows[i][0], rows[i][1]), &area, &e), e);
        CHECK_OK(rows[i][0], tpm_public_parse(area, &p, &e), e);
        CHECK_OK(rows[i][0], tpm_public_name(crypto, &p, &arena, &name, &e), e);
        CHECK_SPAN(rows[i][1], name, vector(rows[i][0], rows[i][2]));
    }
}

/* Every file of the vectors with one of these endings reads, and writes back the same. */
static void visit(const char *folder, size_t *count)
{
    static const struct {
        const char *tail;
        parse_fn *parse;
    } rows[] = { { ".attest", parse_attest },
                 { ".sig", parse_signature },
                 { ".tpmt_public", parse_public } };
    char path[512];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%s/%s", check_vectors(), folder);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR)
            visit(path, count);
        for (size_t i = 0; i < COUNT(rows); i++) {
            size_t n = strlen(path), m = strlen(rows[i].tail);
            struct writer w = writer_in(&arena, 1024);
            struct span bytes;
            struct err e = { 0 };

            if (n < m || strcmp(path + n - m, rows[i].tail) != 0 || strstr(path, "raw.sig") ||
                strstr(path, "pss-over"))
                continue;
            bytes = vector(folder, entry->d_name);
            CHECK_OK(path, rows[i].parse(bytes, &w, &e), e);
            CHECK_SPAN(path, writer_span(&w), bytes);
            ++*count;
        }
    }
    if (dir)
        closedir(dir);
}

static void every_structure_of_the_vectors_is_read_and_written_again(void **state)
{
    size_t count = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    visit("tpm", &count);
    visit("vbs", &count);
    CHECK("files", count > 80);
}

/* A quote of TPM 1.2 has another shape and no magic; statements of other types are none of ours. */
static void km_45_km_46_what_is_no_quote_says_so_in_its_first_bytes(void **state)
{
    struct span old, quote;
    uint32_t magic = 0;
    uint16_t type = 0;
    struct err e = { 0 };

    (void)state;
    begin();
    quote = written("quote");
    CHECK_OK("quote", tpm_attest_peek(quote, &magic, &type, &e), e);
    CHECK_INT("magic", magic, TPM_GENERATED);
    CHECK_INT("type", type, TPM_ATTEST_QUOTE);
    CHECK("cut", !tpm_attest_peek(span_part(quote, 0, 5), &magic, &type, &e));
    CHECK_ERR("cut", e, ERR_MALFORMED, "type");
    SKIP_WITHOUT_VECTORS();
    old = vector("tpm/windows", "go-tpm12_windows_lenovo_x1carbonv3.trustpoint0.quote.bin");
    err_clear(&e);
    CHECK_OK("old", tpm_attest_peek(old, &magic, &type, &e), e);
    CHECK("no magic", magic != TPM_GENERATED);
    CHECK("refused", !parse_attest(old, NULL, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "magic");
}

/* A signer's name may hold the very bytes that stand before a challenge, a magic or a selection. */
static void km_53_fields_are_found_by_their_lengths_whatever_bytes_stand_in_them(void **state)
{
    static const uint8_t names[][34] = {
        { 0x00, 0x0B, 0x00, 0x24, 0x00, 0x14, 0xFF, 'T', 'C', 'G', 0x80, 0x18, 0x00, 0x24 },
        { 0x00, 0x0B, 0x00, 0x20, 0x00, 0x00, 0x00, 0x01, 0x00, 0x0B, 0x03, 0xFF, 0xFF, 0xFF },
    };
    static const uint8_t data[] = { 0x00, 0x24, 0x00, 0x0B, 0xFF, 'T', 'C', 'G', 0x00, 0x24 };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(names); i++) {
        struct tpm_attest a = quote_sample(), b;
        struct writer w = writer_in(&arena, 1024);
        struct err e = { 0 };

        a.signer = span_of(names[i], sizeof names[i]);
        a.extra_data = span_of(data, sizeof data);
        tpm_attest_write(&w, &a);
        CHECK_OK("read", tpm_attest_parse(writer_span(&w), &b, &e), e);
        CHECK("signer", span_equal(b.signer, a.signer));
        CHECK("extra data", span_equal(b.extra_data, a.extra_data));
        CHECK_INT("selections", b.selection_count, a.selection_count);
        CHECK("digest", span_equal(b.pcr_digest, a.pcr_digest));
    }
}

TEST_MAIN(what_is_written_is_read_and_written_again,
          each_truncation_and_each_byte_too_many_is_refused,
          no_flipped_bit_is_read_as_something_else_than_it_says,
          statements_are_refused_for_what_is_wrong_in_them,
          signatures_of_other_schemes_and_hashes_are_unsupported,
          public_areas_are_refused_for_what_is_wrong_in_them, a_key_of_another_curve_is_unsupported,
          coordinates_are_padded_and_an_exponent_of_zero_is_the_usual_one,
          without_memory_names_and_keys_say_so,
          quotes_of_real_and_software_tpms_hold_under_their_keys,
          names_are_those_that_the_tpms_computed,
          every_structure_of_the_vectors_is_read_and_written_again,
          km_45_km_46_what_is_no_quote_says_so_in_its_first_bytes,
          km_53_fields_are_found_by_their_lengths_whatever_bytes_stand_in_them)
