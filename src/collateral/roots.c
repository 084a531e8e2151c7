#include "roots.h"

#include "../crypto/cert.h"
#include "../format/der.h"
#include "../format/pem.h"
#include "../host/file.h"

#include <string.h>

/* d = SHA-256("attest-lab:root") mod (n - 1) + 1; the simulator's contract, 2 */
static const uint8_t lab_point[64] = {
    0xf2, 0x91, 0x09, 0xe2, 0xa2, 0x9b, 0xb8, 0xed, 0x9e, 0x56, 0x9c, 0x3f, 0xe7, 0x93, 0x7e, 0xe7,
    0xa4, 0x34, 0xdb, 0x00, 0xa3, 0x71, 0x36, 0xc3, 0xc6, 0xb5, 0xd5, 0xd3, 0x1f, 0xca, 0x7d, 0x8d,
    0x88, 0x73, 0x29, 0x93, 0x97, 0x21, 0xc4, 0x4e, 0x83, 0x93, 0x19, 0x68, 0xf2, 0xe5, 0x23, 0xa3,
    0x94, 0xf6, 0x3f, 0x43, 0x56, 0xbd, 0xc8, 0x3b, 0xbd, 0x66, 0x8b, 0x2c, 0x81, 0x55, 0x63, 0xd9
};
const struct root_key root_lab = { "the lab's root", { lab_point, sizeof lab_point }, true };

static bool says_lab(const struct cert *c)
{
    static const char words[] = "Attest Lab";
    size_t n = sizeof words - 1;

    if (cert_cn_contains(c->subject_cn, "Lab "))
        return true;
    for (size_t i = 0; i + n <= c->subject.n; i++)
        if (memcmp(c->subject.p + i, words, n) == 0)
            return true;
    return false;
}

/* The x || y of a SubjectPublicKeyInfo that holds an uncompressed P-256 point. */
static bool point_of_spki(struct span spki, struct span *out, struct err *err)
{
    struct reader r = reader_over(spki, err);
    struct reader seq = der_enter(&r, DER_SEQUENCE, "public_key");
    struct span bits;

    (void)der_take_raw(&seq, DER_SEQUENCE, "algorithm");
    bits = der_bits(&seq, "key");
    if (!reader_join(&r, &seq, "public_key") || !reader_done(&r))
        return false;
    if (bits.n != 65 || bits.p[0] != 4)
        return err_fail(err, ERR_UNSUPPORTED, NULL,
                        "a root must be an uncompressed P-256 key of 65 bytes, found %zu", bits.n);
    *out = span_part(bits, 1, 64);
    return true;
}

static bool take_certificate(struct span der, bool is_lab_asked, struct arena *a,
                             struct root_key *out, struct err *err)
{
    struct cert cert;

    if (!cert_parse(der, &cert, err))
        return false;
    if (says_lab(&cert) && !is_lab_asked)
        return err_fail(err, ERR_UNTRUSTED, NULL,
                        "this is the root of a lab; it is accepted as lab=DIR only");
    if (cert.point.n != 64)
        return err_fail(err, ERR_UNSUPPORTED, NULL, "a root certificate must hold a P-256 key");
    out->name = (const char *)arena_dup(a, cert.subject_cn).p;
    out->point = cert.point;
    out->is_lab = is_lab_asked;
    return out->name || arena_fail(a, err);
}

static bool take_file(const char *path, bool is_lab_asked, struct arena *a, struct root_key *out,
                      struct err *err)
{
    struct span bytes = { 0 };
    struct pem_block block;
    size_t count = 0;

    if (!file_read(path, ROOT_FILE_MAX, a, &bytes, err))
        return false;
    if (!span_starts(span_trim(bytes), span_str("-----BEGIN")))
        return take_certificate(bytes, is_lab_asked, a, out, err) || err_in(err, path);
    if (!pem_parse(bytes, NULL, false, 1, a, &block, &count, err))
        return err_in(err, path);
    if (span_is(block.label, "CERTIFICATE"))
        return take_certificate(block.der, is_lab_asked, a, out, err) || err_in(err, path);
    out->name = path;
    return point_of_spki(block.der, &out->point, err) || err_in(err, path);
}

static bool take_lab(const char *dir, struct arena *a, struct root_key *out, struct err *err)
{
    static const char *const places[] = { "roots/root.pem", "root.pem", "root.der" };

    for (size_t i = 0; i < COUNT(places); i++) {
        const char *path = file_join(a, dir, places[i]);

        if (!path)
            return arena_fail(a, err);
        if (file_exists(path))
            return take_file(path, true, a, out, err);
    }
    return err_fail(err, ERR_MISSING, NULL,
                    "%.100s holds no lab root: roots/root.pem, root.pem or root.der", dir);
}

static bool take_word(const char *word, struct arena *a, struct root_key *out, struct err *err)
{
    if (strcmp(word, "vendor") == 0) {
        *out = root_intel_sgx;
        return true;
    }
    if (strncmp(word, "lab=", 4) == 0)
        return take_lab(word + 4, a, out, err);
    return take_file(word, false, a, out, err);
}

/* A bare key has no name that says Lab; the simulator's is known by itself. */
static bool check_lab_is_asked(const struct root_key *key, struct err *err)
{
    if (key->is_lab || !span_equal(key->point, root_lab.point))
        return true;
    return err_fail(err, ERR_UNTRUSTED, NULL,
                    "this is the key of the lab's root; it is accepted as lab=DIR only");
}

static bool is_listed(const struct root_key *list, size_t count, const struct root_key *key)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(list[i].point, key->point))
            return true;
    return false;
}

bool roots_load(struct crypto *c, const char *const *words, size_t count, struct arena *a,
                struct root_list *out, struct err *err)
{
    static const char *const vendor_only[] = { "vendor" };
    struct root_key *list = ARENA_ARRAY(a, struct root_key, ROOTS_MAX);
    size_t n = 0;

    if (!list)
        return arena_fail(a, err);
    if (count == 0) {
        words = vendor_only;
        count = 1;
    }
    if (count > ROOTS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "at most %d roots are accepted, %zu are named",
                        ROOTS_MAX, count);
    for (size_t i = 0; i < count; i++) {
        if (!take_word(words[i], a, &list[n], err))
            return false;
        if (!check_lab_is_asked(&list[n], err))
            return err_in(err, words[i]);
        if (!p256_is_point(c, list[n].point))
            return err_fail(err, ERR_MALFORMED, NULL, "the root %.80s is not a point of P-256",
                            words[i]);
        n += !is_listed(list, n, &list[n]);
    }
    *out = (struct root_list){ list, n };
    return true;
}
