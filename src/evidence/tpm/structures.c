#include "structures.h"

#include <string.h>

#define PART2 "TPM 2.0 Library, Part 2"

/* ---------------------------------------------------------------- what all of them share */

static struct span take_sized(struct reader *r, const char *name)
{
    return reader_take(r, reader_u16be(r, name), name);
}

/* TPM2B_NAME as a TPM writes it into statements: an algorithm and its digest, a handle, or nothing.
 * Only the digest's form occurs there for keys. */
static struct span take_name(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = take_sized(r, name);
    uint16_t alg = s.n >= 2 ? (uint16_t)(s.p[0] << 8 | s.p[1]) : 0;

    if (reader_ok(r) && s.n > 0 && (tpm_alg_size(alg) == 0 || s.n != 2 + tpm_alg_size(alg)))
        reader_fail_at(r, at, ERR_MALFORMED, PART2 ", 14.2", name,
                       "of %zu bytes is no algorithm with its digest", s.n);
    return s;
}

bool tpm2b_parse(struct span bytes, struct span *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct span s = take_sized(&r, "size");

    if (!reader_done(&r))
        return false;
    *out = s;
    return true;
}

void tpm2b_write(struct writer *w, struct span content)
{
    write_u16be(w, (uint16_t)content.n);
    write_bytes(w, content);
}

/* ---------------------------------------------------------------- TPMS_ATTEST */

bool tpm_attest_peek(struct span bytes, uint32_t *magic, uint16_t *type, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    uint32_t m = reader_u32be(&r, "magic");
    uint16_t t = reader_u16be(&r, "type");

    if (!reader_ok(&r))
        return false;
    *magic = m;
    *type = t;
    return true;
}

static void read_selection(struct reader *r, struct pcr_selection *s)
{
    struct span map;
    size_t at;

    s->hash = reader_u16be(r, "hash");
    s->size = reader_u8(r, "size");
    at = reader_offset(r);
    map = reader_take(r, s->size, "select");
    if (reader_ok(r) && (s->size < 1 || s->size > TPM_SELECT_SIZE_MAX))
        reader_fail_at(r, at, ERR_MALFORMED, PART2 ", 10.6.2", "size", "is %u, expected 1 to %d",
                       s->size, TPM_SELECT_SIZE_MAX);
    for (size_t i = 0; i < map.n; i++) {
        if (i < 3)
            s->mask |= (uint32_t)map.p[i] << 8 * i;
        else if (map.p[i] != 0)
            reader_fail_at(r, at + i, ERR_MALFORMED, PART2 ", 10.6.2", "select",
                           "names a PCR above 23");
    }
}

static bool is_selected_before(const struct tpm_attest *a, uint16_t hash)
{
    for (size_t i = 0; i < a->selection_count; i++)
        if (a->selections[i].hash == hash)
            return true;
    return false;
}

static void read_quote(struct reader *r, struct tpm_attest *a)
{
    size_t n = reader_count(r, reader_u32be(r, "selections"), 4, "selections");

    if (n > TPM_SELECTIONS_MAX)
        reader_fail(r, ERR_MALFORMED, PART2 ", 10.9.7", "selections", "are %zu, at most %d", n,
                    TPM_SELECTIONS_MAX);
    for (size_t i = 0; i < n && reader_ok(r); i++) {
        struct pcr_selection s = { 0 };

        read_selection(r, &s);
        if (reader_ok(r) && is_selected_before(a, s.hash))
            reader_fail(r, ERR_MALFORMED, PART2 ", 10.9.7", "selections",
                        "name the bank 0x%04x twice", s.hash);
        if (reader_ok(r))
            a->selections[a->selection_count++] = s;
    }
    a->pcr_digest = take_sized(r, "pcr_digest");
}

static void read_clock(struct reader *r, struct tpm_attest *a)
{
    uint8_t safe;

    a->clock = reader_u64be(r, "clock");
    a->reset_count = reader_u32be(r, "reset_count");
    a->restart_count = reader_u32be(r, "restart_count");
    safe = reader_u8(r, "safe");
    if (reader_ok(r) && safe > 1)
        reader_fail(r, ERR_MALFORMED, PART2 ", 10.11.1", "safe", "is %u, expected 0 or 1", safe);
    a->is_safe = safe == 1;
    a->firmware_version = reader_u64be(r, "firmware_version");
}

bool tpm_attest_parse(struct span bytes, struct tpm_attest *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct tpm_attest a = { .bytes = bytes };
    uint32_t magic = reader_u32be(&r, "magic");

    a.type = reader_u16be(&r, "type");
    if (reader_ok(&r) && magic != TPM_GENERATED)
        reader_fail(&r, ERR_MALFORMED, PART2 ", 6.2", "magic", "is 0x%08x, a TPM writes 0x%08x",
                    magic, TPM_GENERATED);
    a.signer = take_name(&r, "signer");
    a.extra_data = take_sized(&r, "extra_data");
    read_clock(&r, &a);
    if (a.type == TPM_ATTEST_QUOTE) {
        read_quote(&r, &a);
    } else if (a.type == TPM_ATTEST_CERTIFY) {
        a.name = take_name(&r, "name");
        a.qualified_name = take_name(&r, "qualified_name");
    } else {
        reader_fail(&r, ERR_MALFORMED, PART2 ", 6.9", "type",
                    "is 0x%04x, neither a quote nor a certified key", a.type);
    }
    if (!reader_done(&r))
        return false;
    *out = a;
    return true;
}

static void write_selections(struct writer *w, const struct tpm_attest *a)
{
    write_u32be(w, (uint32_t)a->selection_count);
    for (size_t i = 0; i < a->selection_count; i++) {
        const struct pcr_selection *s = &a->selections[i];

        write_u16be(w, s->hash);
        write_u8(w, s->size);
        for (unsigned k = 0; k < s->size; k++)
            write_u8(w, k < 3 ? (uint8_t)(s->mask >> 8 * k) : 0);
    }
}

void tpm_attest_write(struct writer *w, const struct tpm_attest *a)
{
    write_u32be(w, TPM_GENERATED);
    write_u16be(w, a->type);
    tpm2b_write(w, a->signer);
    tpm2b_write(w, a->extra_data);
    write_u64be(w, a->clock);
    write_u32be(w, a->reset_count);
    write_u32be(w, a->restart_count);
    write_u8(w, a->is_safe);
    write_u64be(w, a->firmware_version);
    if (a->type == TPM_ATTEST_QUOTE) {
        write_selections(w, a);
        tpm2b_write(w, a->pcr_digest);
    } else {
        tpm2b_write(w, a->name);
        tpm2b_write(w, a->qualified_name);
    }
}

/* ---------------------------------------------------------------- TPMT_SIGNATURE */

static const struct {
    uint16_t id;
    enum sig_scheme scheme;
} schemes[] = {
    { TPM_ALG_RSASSA, SCHEME_RSASSA },
    { TPM_ALG_RSAPSS, SCHEME_RSAPSS },
    { TPM_ALG_ECDSA, SCHEME_ECDSA },
};

static bool find_scheme(uint16_t id, enum sig_scheme *out)
{
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (schemes[i].id == id) {
            *out = schemes[i].scheme;
            return true;
        }
    return false;
}

bool tpm_signature_parse(struct span bytes, struct tpm_signature *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct tpm_signature s = { .scheme_id = reader_u16be(&r, "scheme") };

    if (reader_ok(&r) && !find_scheme(s.scheme_id, &s.scheme))
        reader_fail(&r, ERR_UNSUPPORTED, "the TPM contract, 6", "scheme",
                    "is 0x%04x, neither RSASSA, RSAPSS nor ECDSA", s.scheme_id);
    s.hash_id = reader_u16be(&r, "hash");
    if (reader_ok(&r) && !bank_find(s.hash_id, &s.hash))
        reader_fail(&r, ERR_UNSUPPORTED, "the TPM contract, 7", "hash",
                    "is 0x%04x, none of SHA-1, SHA-256, SHA-384 and SHA-512", s.hash_id);
    if (s.scheme == SCHEME_ECDSA) {
        s.r = take_sized(&r, "r");
        s.s = take_sized(&r, "s");
    } else {
        s.rsa = take_sized(&r, "signature");
    }
    if (!reader_done(&r))
        return false;
    *out = s;
    return true;
}

void tpm_signature_write(struct writer *w, const struct tpm_signature *s)
{
    write_u16be(w, s->scheme_id);
    write_u16be(w, s->hash_id);
    if (s->scheme_id == TPM_ALG_ECDSA) {
        tpm2b_write(w, s->r);
        tpm2b_write(w, s->s);
    } else {
        tpm2b_write(w, s->rsa);
    }
}

/* ---------------------------------------------------------------- TPMT_PUBLIC */

static void read_symmetric(struct reader *r, struct tpm_public *p)
{
    p->symmetric = reader_u16be(r, "symmetric");
    if (p->symmetric == TPM_ALG_NULL)
        return;
    p->symmetric_bits = reader_u16be(r, "symmetric_bits");
    p->symmetric_mode = reader_u16be(r, "symmetric_mode");
}

static void read_scheme(struct reader *r, struct tpm_public *p)
{
    p->scheme = reader_u16be(r, "scheme");
    if (p->scheme != TPM_ALG_NULL && p->scheme != TPM_ALG_RSAES)
        p->scheme_hash = reader_u16be(r, "scheme_hash");
    if (p->scheme == TPM_ALG_ECDAA)
        p->scheme_count = reader_u16be(r, "scheme_count");
}

static void read_rsa(struct reader *r, struct tpm_public *p)
{
    p->key_bits = reader_u16be(r, "key_bits");
    p->exponent = reader_u32be(r, "exponent");
    p->modulus = take_sized(r, "modulus");
    if (reader_ok(r) && 8 * p->modulus.n != p->key_bits)
        reader_fail(r, ERR_MALFORMED, PART2 ", 12.2.3.5", "modulus",
                    "has %zu bytes, the key %u bits", p->modulus.n, p->key_bits);
}

static void read_ecc(struct reader *r, struct tpm_public *p)
{
    p->curve = reader_u16be(r, "curve");
    p->kdf = reader_u16be(r, "kdf");
    if (p->kdf != TPM_ALG_NULL)
        p->kdf_hash = reader_u16be(r, "kdf_hash");
    p->x = take_sized(r, "x");
    p->y = take_sized(r, "y");
}

bool tpm_public_parse(struct span bytes, struct tpm_public *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct tpm_public p = { .bytes = bytes, .type = reader_u16be(&r, "type") };

    if (reader_ok(&r) && p.type != TPM_ALG_RSA && p.type != TPM_ALG_ECC)
        reader_fail(&r, ERR_UNSUPPORTED, PART2 ", 12.2.2", "type",
                    "is 0x%04x, neither an RSA nor an EC key", p.type);
    p.name_alg = reader_u16be(&r, "name_alg");
    p.attributes = reader_u32be(&r, "attributes");
    p.auth_policy = take_sized(&r, "auth_policy");
    read_symmetric(&r, &p);
    read_scheme(&r, &p);
    if (p.type == TPM_ALG_RSA)
        read_rsa(&r, &p);
    else
        read_ecc(&r, &p);
    if (!reader_done(&r))
        return false;
    *out = p;
    return true;
}

static void write_scheme(struct writer *w, const struct tpm_public *p)
{
    write_u16be(w, p->symmetric);
    if (p->symmetric != TPM_ALG_NULL) {
        write_u16be(w, p->symmetric_bits);
        write_u16be(w, p->symmetric_mode);
    }
    write_u16be(w, p->scheme);
    if (p->scheme != TPM_ALG_NULL && p->scheme != TPM_ALG_RSAES)
        write_u16be(w, p->scheme_hash);
    if (p->scheme == TPM_ALG_ECDAA)
        write_u16be(w, p->scheme_count);
}

void tpm_public_write(struct writer *w, const struct tpm_public *p)
{
    write_u16be(w, p->type);
    write_u16be(w, p->name_alg);
    write_u32be(w, p->attributes);
    tpm2b_write(w, p->auth_policy);
    write_scheme(w, p);
    if (p->type == TPM_ALG_RSA) {
        write_u16be(w, p->key_bits);
        write_u32be(w, p->exponent);
        tpm2b_write(w, p->modulus);
        return;
    }
    write_u16be(w, p->curve);
    write_u16be(w, p->kdf);
    if (p->kdf != TPM_ALG_NULL)
        write_u16be(w, p->kdf_hash);
    tpm2b_write(w, p->x);
    tpm2b_write(w, p->y);
}

/* ---------------------------------------------------------------- names and keys */

bool tpm_public_name(struct crypto *c, const struct tpm_public *p, struct arena *a,
                     struct span *out, struct err *err)
{
    enum tpm_bank hash;
    uint8_t *name;

    if (!bank_find(p->name_alg, &hash))
        return err_fail(err, ERR_UNSUPPORTED, PART2 ", 14.2",
                        "the hash 0x%04x of the key's name is none of ours", p->name_alg);
    name = arena_alloc(a, 2 + banks[hash].size, 1);
    if (!name)
        return arena_fail(a, err);
    name[0] = (uint8_t)(p->name_alg >> 8);
    name[1] = (uint8_t)p->name_alg;
    if (!bank_digest(c, hash, p->bytes, name + 2, err))
        return false;
    *out = span_of(name, 2 + banks[hash].size);
    return true;
}

static struct span without_zeros(struct span s)
{
    while (s.n > 0 && s.p[0] == 0)
        s = span_part(s, 1, s.n - 1);
    return s;
}

/* Puts a number of at most `size` bytes into exactly so many. */
static bool pad(struct span number, size_t size, uint8_t *out)
{
    struct span s = without_zeros(number);

    if (s.n > size)
        return false;
    memset(out, 0, size - s.n);
    if (s.n > 0)
        memcpy(out + size - s.n, s.p, s.n);
    return true;
}

static bool ec_key(const struct tpm_public *p, struct arena *a, struct spki *out, struct err *err)
{
    size_t size = p->curve == TPM_CURVE_P384 ? 48 : 32;
    uint8_t *point;

    if (p->curve != TPM_CURVE_P256 && p->curve != TPM_CURVE_P384)
        return err_fail(err, ERR_UNSUPPORTED, PART2 ", 6.4",
                        "the curve 0x%04x is neither P-256 nor P-384", p->curve);
    point = arena_alloc(a, 2 * size, 1);
    if (!point)
        return arena_fail(a, err);
    if (!pad(p->x, size, point) || !pad(p->y, size, point + size))
        return err_fail(err, ERR_MALFORMED, PART2 ", 11.2.5.1",
                        "a coordinate is longer than %zu bytes", size);
    *out = (struct spki){ .kind = size == 48 ? SPKI_P384 : SPKI_P256,
                          .point = span_of(point, 2 * size) };
    return true;
}

bool tpm_public_key(const struct tpm_public *p, struct arena *a, struct spki *out, struct err *err)
{
    uint32_t e = p->exponent ? p->exponent : 65537;
    uint8_t *exponent;

    if (p->type == TPM_ALG_ECC)
        return ec_key(p, a, out, err);
    exponent = arena_alloc(a, 4, 1);
    if (!exponent)
        return arena_fail(a, err);
    for (unsigned i = 0; i < 4; i++)
        exponent[i] = (uint8_t)(e >> 8 * (3 - i));
    *out = (struct spki){ .kind = SPKI_RSA,
                          .modulus = without_zeros(p->modulus),
                          .exponent = without_zeros(span_of(exponent, 4)) };
    return true;
}

static bool check_ecdsa(struct crypto *c, struct pubkey *key, const struct tpm_signature *s,
                        struct span message, struct err *err)
{
    size_t size = pubkey_bits(key) / 8;
    uint8_t raw[2 * 48];

    if (pubkey_type(key) == PUBKEY_RSA)
        return err_fail(err, ERR_UNTRUSTED, NULL, "the signature is ECDSA, the key is RSA");
    if (!pad(s->r, size, raw) || !pad(s->s, size, raw + size))
        return err_fail(err, ERR_UNTRUSTED, NULL, "r or s is longer than %zu bytes", size);
    return pubkey_verify_scheme(c, key, s->scheme, banks[s->hash].digest, message,
                                span_of(raw, 2 * size), err);
}

bool tpm_signature_check(struct crypto *c, const struct tpm_signature *s, struct span spki,
                         struct span message, struct err *err)
{
    struct pubkey *key = pubkey_new_spki(c, spki, err);
    bool holds;

    if (!key)
        return false;
    holds =
        s->scheme == SCHEME_ECDSA
            ? check_ecdsa(c, key, s, message, err)
            : pubkey_verify_scheme(c, key, s->scheme, banks[s->hash].digest, message, s->rsa, err);
    pubkey_free(key);
    return holds;
}
