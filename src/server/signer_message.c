#include "signer_message.h"

#include <string.h>

#define SOURCE "docs/formats/signer.md"

/* The four bytes "CSG" and a version of two, as a little-endian number. */
static const uint32_t signer_magic = 0x02475343;

enum { USE_TOKENS = 1, USE_REPORTS = 2 };

/* The algorithms on the wire. Their numbers are the format's own and never change. */
/* clang-format off */
static const struct wire_alg {
    uint32_t number;
    enum sig_alg alg;
    const char *kty;
} wire_algs[] = {
    { 1, SIG_RS256, "RSA" },
    { 2, SIG_PS256, "RSA" },
    { 3, SIG_ES256, "EC"  },
    { 4, SIG_ES384, "EC"  },
};
/* clang-format on */

static const struct wire_alg *wire_alg_of(enum sig_alg alg)
{
    for (size_t i = 0; i < COUNT(wire_algs); i++) {
        if (wire_algs[i].alg == alg)
            return &wire_algs[i];
    }
    return NULL;
}

static const struct wire_alg *wire_alg_numbered(uint32_t number)
{
    for (size_t i = 0; i < COUNT(wire_algs); i++) {
        if (wire_algs[i].number == number)
            return &wire_algs[i];
    }
    return NULL;
}

const char *signer_kty(enum sig_alg alg)
{
    const struct wire_alg *row = wire_alg_of(alg);

    return row ? row->kty : NULL;
}

/* The first three fields of every message, written and read. */
static void head_write(struct writer *w, enum signer_kind kind, uint64_t id)
{
    write_u32le(w, signer_magic);
    write_u32le(w, (uint32_t)kind);
    write_u64le(w, id);
}

static void head_read(struct reader *r, enum signer_kind *kind, uint64_t *id)
{
    uint32_t magic = reader_u32le(r, "magic");
    uint32_t number;

    if (reader_ok(r) && magic != signer_magic)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "magic", "0x%08x is not version 2 of the format",
                    magic);
    number = reader_u32le(r, "kind");
    if (reader_ok(r) && number != SIGNER_SIGN && number != SIGNER_KEYS)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "kind", "%u is neither sign (1) nor keys (2)",
                    number);
    *kind = (enum signer_kind)number;
    *id = reader_u64le(r, "id");
}

/* A length and as many bytes; at least one and at most `most`. */
static struct span counted_read(struct reader *r, size_t most, const char *name)
{
    uint32_t n = reader_u32le(r, name);

    if (reader_ok(r) && n == 0)
        reader_fail(r, ERR_MALFORMED, SOURCE, name, "is empty");
    if (reader_ok(r) && n > most)
        reader_fail(r, ERR_LIMIT, SOURCE, name, "%u bytes are more than %zu", n, most);
    return reader_take(r, n, name);
}

/* Tells whether counted_read would take these bytes. */
static bool counted_fits(struct span s, size_t most, const char *name, struct err *err)
{
    if (s.n == 0) {
        err_fail(err, ERR_MALFORMED, SOURCE, "is empty");
        return err_in(err, name);
    }
    if (s.n > most) {
        err_fail(err, ERR_LIMIT, SOURCE, "%zu bytes are more than %zu", s.n, most);
        return err_in(err, name);
    }
    return true;
}

static void counted_write(struct writer *w, struct span s)
{
    write_u32le(w, (uint32_t)s.n);
    write_bytes(w, s);
}

static bool written(const struct writer *w, struct err *err)
{
    return !w->has_failed || err_fail(err, ERR_LIMIT, SOURCE, "the message does not fit its room");
}

bool signer_request_write(struct writer *w, const struct signer_request *q, struct err *err)
{
    if (q->kind == SIGNER_SIGN && !counted_fits(q->hash, SIGNER_HASH_MAX, "hash", err))
        return err_in(err, "request");
    head_write(w, q->kind, q->id);
    if (q->kind == SIGNER_SIGN) {
        write_u32le(w, q->key_index);
        counted_write(w, q->hash);
    }
    return written(w, err);
}

bool signer_request_parse(struct span packet, struct signer_request *out, struct err *err)
{
    struct reader r = reader_over(packet, err);
    struct signer_request q = { 0 };

    head_read(&r, &q.kind, &q.id);
    if (reader_ok(&r) && q.kind == SIGNER_SIGN) {
        q.key_index = reader_u32le(&r, "key_index");
        q.hash = counted_read(&r, SIGNER_HASH_MAX, "hash");
    }
    if (!reader_done(&r))
        return err_in(err, "request");
    *out = q;
    return true;
}

/* Together they take no more room than one may. */
static bool certs_fit(const struct signer_key *k, struct err *err)
{
    size_t room = SIGNER_CERT_MAX;

    if (!counted_fits(k->cert, room, "cert", err))
        return false;
    room -= k->cert.n;
    if (k->issuer_count >= SIGNER_CERTS_MAX) {
        err_fail(err, ERR_LIMIT, SOURCE, "%zu are more than %d", k->issuer_count,
                 SIGNER_CERTS_MAX - 1);
        return err_in(err, "issuers");
    }
    for (size_t i = 0; i < k->issuer_count; i++) {
        if (!counted_fits(k->issuers[i], room, "issuers", err))
            return false;
        room -= k->issuers[i].n;
    }
    return true;
}

static bool key_fits(const struct signer_key *k, struct err *err)
{
    if (!wire_alg_of(k->alg)) {
        err_fail(err, ERR_UNSUPPORTED, SOURCE, "the signing process does not offer algorithm %d",
                 (int)k->alg);
        return err_in(err, "alg");
    }
    return counted_fits(k->kid, SIGNER_KID_MAX, "kid", err) && certs_fit(k, err);
}

static bool keys_fit(const struct signer_answer *a, struct err *err)
{
    if (a->key_count == 0 || a->key_count > SIGNER_KEYS_MAX) {
        err_fail(err, ERR_LIMIT, SOURCE, "%zu keys are not 1 to %d", a->key_count, SIGNER_KEYS_MAX);
        return err_in(err, "keys");
    }
    for (size_t i = 0; i < a->key_count; i++) {
        if (!key_fits(&a->keys[i], err))
            return err_in(err, "keys");
    }
    return true;
}

static bool answer_fits(const struct signer_answer *a, struct err *err)
{
    if (a->status != SIGNER_OK)
        return true;
    if (a->kind == SIGNER_KEYS)
        return keys_fit(a, err);
    return counted_fits(a->signature, SIGNER_SIGNATURE_MAX, "signature", err);
}

static void keys_write(struct writer *w, const struct signer_answer *a)
{
    write_u32le(w, (uint32_t)a->key_count);
    for (size_t i = 0; i < a->key_count; i++) {
        write_u32le(w, wire_alg_of(a->keys[i].alg)->number);
        write_u32le(w, a->keys[i].is_report ? USE_REPORTS : USE_TOKENS);
        counted_write(w, a->keys[i].kid);
        counted_write(w, a->keys[i].cert);
        write_u32le(w, (uint32_t)a->keys[i].issuer_count);
        for (size_t j = 0; j < a->keys[i].issuer_count; j++)
            counted_write(w, a->keys[i].issuers[j]);
    }
}

bool signer_answer_write(struct writer *w, const struct signer_answer *a, struct err *err)
{
    if (!answer_fits(a, err))
        return err_in(err, "answer");
    head_write(w, a->kind, a->id);
    write_u32le(w, (uint32_t)a->status);
    if (a->status == SIGNER_OK && a->kind == SIGNER_KEYS)
        keys_write(w, a);
    else if (a->status == SIGNER_OK)
        counted_write(w, a->signature);
    return written(w, err);
}

static void use_read(struct reader *r, struct signer_key *out)
{
    uint32_t use = reader_u32le(r, "keys.use");

    if (reader_ok(r) && use != USE_TOKENS && use != USE_REPORTS)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "keys.use", "%u is neither tokens nor reports",
                    use);
    out->is_report = use == USE_REPORTS;
}

static void issuers_read(struct reader *r, size_t room, struct signer_key *out)
{
    uint32_t count = reader_u32le(r, "keys.issuers");

    if (reader_ok(r) && count >= SIGNER_CERTS_MAX)
        reader_fail(r, ERR_LIMIT, SOURCE, "keys.issuers", "%u are more than %d", count,
                    SIGNER_CERTS_MAX - 1);
    for (uint32_t i = 0; reader_ok(r) && i < count; i++) {
        out->issuers[i] = counted_read(r, room, "keys.issuers");
        room -= out->issuers[i].n;
    }
    out->issuer_count = count;
}

static void key_read(struct reader *r, struct signer_key *out)
{
    uint32_t number = reader_u32le(r, "keys.alg");
    const struct wire_alg *row = wire_alg_numbered(number);

    if (reader_ok(r) && !row)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "keys.alg", "%u is no algorithm of the format",
                    number);
    if (row) {
        out->alg = row->alg;
        out->kty = row->kty;
    }
    use_read(r, out);
    out->kid = counted_read(r, SIGNER_KID_MAX, "keys.kid");
    out->cert = counted_read(r, SIGNER_CERT_MAX, "keys.cert");
    issuers_read(r, SIGNER_CERT_MAX - out->cert.n, out);
}

static void keys_read(struct reader *r, struct signer_answer *a)
{
    uint32_t count = reader_u32le(r, "keys");

    if (reader_ok(r) && (count == 0 || count > SIGNER_KEYS_MAX))
        reader_fail(r, ERR_LIMIT, SOURCE, "keys", "%u keys are not 1 to %d", count,
                    SIGNER_KEYS_MAX);
    for (uint32_t i = 0; reader_ok(r) && i < count; i++)
        key_read(r, &a->keys[i]);
    a->key_count = count;
}

static void status_read(struct reader *r, struct signer_answer *a)
{
    uint32_t status = reader_u32le(r, "status");

    if (reader_ok(r) && status > SIGNER_FAILED)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "status", "%u is no status of the format", status);
    a->status = (enum signer_status)status;
}

bool signer_answer_parse(struct span packet, struct signer_answer *out, struct err *err)
{
    struct reader r = reader_over(packet, err);
    struct signer_answer a = { 0 };

    head_read(&r, &a.kind, &a.id);
    status_read(&r, &a);
    if (reader_ok(&r) && a.status == SIGNER_OK && a.kind == SIGNER_KEYS)
        keys_read(&r, &a);
    else if (reader_ok(&r) && a.status == SIGNER_OK)
        a.signature = counted_read(&r, SIGNER_SIGNATURE_MAX, "signature");
    if (!reader_done(&r))
        return err_in(err, "answer");
    *out = a;
    return true;
}
