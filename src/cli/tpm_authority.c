#include "tpm_authority.h"

#include "../base/hex.h"
#include "../base/when.h"
#include "../collateral/tpm_anchors.h"
#include "../format/pem.h"
#include "../host/file.h"

#include <stdio.h>
#include <string.h>

#define CONTRACT "the TPM contract, 8.3"

/* The certificate says that the endorsement certificate was checked: the profile's policy. */
#define OID_AIK     "2.23.133.8.3"
#define OID_BY_CERT "1.3.6.1.4.1.311.21.31"

#define KEY_FILE  "authority.key.pem"
#define CERT_FILE "authority.pem"

enum { SERIAL_SIZE = 16, SECRET_SIZE = 32, YEAR = 31536000, DAY = 86400 };

/* ---------------------------------------------------------------- the authority itself */

static bool write_pem(const struct tpm_registry *r, const char *name, struct span der,
                      struct err *err)
{
    struct writer w = writer_in(r->arena, 2 * der.n + 128);
    const char *path = registry_path(r, name);
    struct span pem = { 0 };

    if (!path)
        return arena_fail(r->arena, err);
    pem_write(&w, "CERTIFICATE", der);
    return writer_done(&w, &pem, err) && file_replace(path, pem, 0644, err);
}

static bool write_key(const struct tpm_registry *r, const struct signkey *key, struct err *err)
{
    const char *path = registry_path(r, KEY_FILE);
    struct secret pem = { 0 };
    bool ok;

    if (!path)
        return arena_fail(r->arena, err);
    ok = signkey_write_pem(key, &pem, err) && file_replace(path, span_of(pem.p, pem.n), 0600, err);
    secret_free(&pem);
    return ok;
}

bool authority_init(struct crypto *c, const struct tpm_registry *r, const char *common_name,
                    int64_t now, struct err *err)
{
    const struct cert_wish wish = { .common_name = common_name,
                                    .serial = 1,
                                    .not_before = now - DAY,
                                    .not_after = now + INT64_C(20) * YEAR,
                                    .is_ca = true,
                                    .has_path_length = true };
    const char *path = registry_path(r, KEY_FILE);
    struct signkey *key;
    struct span der = { 0 };
    bool ok;

    if (!path)
        return arena_fail(r->arena, err);
    if (file_exists(path))
        return err_fail(err, ERR_CONFLICT, NULL, "%.100s is there already", path);
    key = signkey_new(c, SIGNKEY_RSA3072, err);
    ok = key && cert_make(c, &wish, key, (struct span){ 0 }, key, r->arena, &der, err) &&
         write_key(r, key, err) && write_pem(r, CERT_FILE, der, err);
    signkey_free(key);
    return ok;
}

static bool read_cert(const struct tpm_registry *r, struct span *out, struct err *err)
{
    const char *path = registry_path(r, CERT_FILE);
    struct pem_block block;
    struct span text = { 0 };
    size_t count = 0;

    if (!path)
        return arena_fail(r->arena, err);
    if (!file_read(path, REGISTRY_FILE_MAX, r->arena, &text, err))
        return false;
    if (!pem_parse(text, "CERTIFICATE", true, 1, r->arena, &block, &count, err))
        return err_in(err, CERT_FILE);
    *out = block.der;
    return true;
}

static struct signkey *read_key(struct crypto *c, const struct tpm_registry *r, struct err *err)
{
    const char *path = registry_path(r, KEY_FILE);
    struct signkey *key = NULL;
    struct span pem = { 0 };

    if (!path)
        arena_fail(r->arena, err);
    else if (file_read(path, REGISTRY_FILE_MAX, r->arena, &pem, err))
        key = signkey_read_pem(c, pem, err);
    return key;
}

/* ---------------------------------------------------------------- judging */

/* A folder of several purposes has those of endorsement keys in tpm/ek. */
static const char *ek_word(const struct tpm_registry *r, const char *word)
{
    const char *inside = file_join(r->arena, word, "tpm/ek");

    return inside && file_is_dir(inside) ? inside : word;
}

static bool load_anchors(struct tpm_authority *k, struct tpm_settings *s, struct err *err)
{
    const struct tpm_registry *r = k->registry;
    const char *own = registry_path(r, "ek"), *words[16];
    struct tpm_anchor_list list;
    size_t count = 0;

    if (!own)
        return arena_fail(r->arena, err);
    if (k->ek_root_count == 0)
        words[count++] = own;
    for (size_t i = 0; i < k->ek_root_count && i < COUNT(words); i++)
        words[count++] = ek_word(r, k->ek_roots[i]);
    if (!tpm_anchors_load(words, count, NULL, r->arena, &list, err))
        return err_in(err, "ek_roots");
    tpm_anchors_apply(&list, s);
    return true;
}

static bool judge(struct tpm_authority *k, const struct enrol_request *m, struct enrol_case *c,
                  struct err *err)
{
    struct tpm_settings *s = ARENA_NEW(k->registry->arena, struct tpm_settings);

    if (!s)
        return arena_fail(k->registry->arena, err);
    if (!load_anchors(k, s, err))
        return false;
    *c = (struct enrol_case){ .crypto = k->crypto,
                              .settings = s,
                              .now = k->now,
                              .arena = k->registry->arena,
                              .ek_cert = m->ek_cert,
                              .aik_public = m->aik_public };
    k->trail = (struct trail){ 0 };
    k->failed = check_run(enrol_checks, enrol_check_count, c, &k->trail, err);
    return !k->failed;
}

static bool ek_hash(struct tpm_authority *k, const struct enrol_case *c, struct span *out,
                    struct err *err)
{
    return aik_pub_hash(k->crypto, c->ek_leaf.spki, k->registry->arena, out, err);
}

/* ---------------------------------------------------------------- challenge */

static bool seal(struct tpm_authority *k, const struct enrol_case *c,
                 const uint8_t secret[SECRET_SIZE], struct tpm_credential *out, struct err *err)
{
    uint8_t seed[SHA256_SIZE];

    return random_bytes(k->crypto, seed, sizeof seed, err) &&
           credential_make(k->crypto, &c->ek, c->aik_name, span_of(secret, SECRET_SIZE),
                           span_of(seed, sizeof seed), k->registry->arena, out, err);
}

static bool make_challenge(struct tpm_authority *k, const struct enrol_request *m,
                           const struct enrol_case *c, struct span *out, struct err *err)
{
    uint8_t id[ENROL_ID_SIZE], secret[SECRET_SIZE], sum[SHA256_SIZE];
    struct arena *a = k->registry->arena;
    struct enrol_challenge challenge = { .machine = m->machine };
    struct registry_pending pending = { .request = *m, .until = k->now + REGISTRY_SECONDS };
    struct writer w = writer_in(a, 2048);

    if (!random_bytes(k->crypto, id, sizeof id, err) ||
        !random_bytes(k->crypto, secret, sizeof secret, err) ||
        !digest_sha256(k->crypto, span_of(secret, sizeof secret), sum, err) ||
        !seal(k, c, secret, &challenge.credential, err))
        return false;
    challenge.id = hex_dup(a, span_of(id, sizeof id));
    if (!challenge.id.p)
        return arena_fail(a, err);
    pending.id = challenge.id;
    pending.secret_hash = span_of(sum, sizeof sum);
    enrol_challenge_write(&w, &challenge);
    return writer_done(&w, out, err) && registry_put_pending(k->registry, &pending, err);
}

bool authority_challenge(struct tpm_authority *k, struct span request, struct span *out,
                         struct err *err)
{
    struct enrol_request m;
    struct enrol_case c = { 0 };
    struct span hash = { 0 };

    if (!enrol_request_parse(request, k->registry->arena, &m, err))
        return err_in(err, "request");
    return judge(k, &m, &c, err) && ek_hash(k, &c, &hash, err) &&
           registry_admit(k->registry, m.machine, hash, err) && make_challenge(k, &m, &c, out, err);
}

/* ---------------------------------------------------------------- certificate */

static bool check_secret(struct tpm_authority *k, const struct registry_pending *p,
                         struct span secret, struct err *err)
{
    uint8_t sum[SHA256_SIZE];
    char until[WHEN_TEXT];

    if (k->now > p->until)
        return err_fail(err, ERR_STALE, CONTRACT, "the challenge ended %s",
                        when_str(p->until, until));
    if (!digest_sha256(k->crypto, secret, sum, err))
        return false;
    return (p->secret_hash.n == sizeof sum && equal_ct(sum, p->secret_hash.p, sizeof sum)) ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT,
                    "the answer is not the secret that was sent: ask for another challenge");
}

static bool certify(struct tpm_authority *k, const struct enrol_case *c, struct span *out,
                    struct err *err)
{
    struct arena *a = k->registry->arena;
    uint8_t serial[SERIAL_SIZE];
    struct cert_wish wish = { .not_before = k->now - 3600,
                              .not_after = k->now + k->days * DAY,
                              .key_usage = CERT_KEY_DIGITAL_SIGNATURE,
                              .purpose = OID_AIK,
                              .policy = OID_BY_CERT,
                              .spki = c->aik_spki };
    struct span issuer = { 0 };
    struct signkey *key;
    bool ok;

    if (!random_bytes(k->crypto, serial, sizeof serial, err) ||
        !enrol_alt_name(&c->names, a, &wish.alt_name, err) || !read_cert(k->registry, &issuer, err))
        return false;
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
    wish.serial_id = span_of(serial, sizeof serial);
    key = read_key(k->crypto, k->registry, err);
    ok = key && cert_make(k->crypto, &wish, NULL, issuer, key, a, out, err);
    signkey_free(key);
    return ok;
}

static bool enter(struct tpm_authority *k, const struct enrol_case *c, struct span machine,
                  struct span certificate, struct err *err)
{
    struct arena *a = k->registry->arena;
    struct registry_machine m = { .machine = machine, .certificate = certificate };
    uint8_t sum[SHA256_SIZE];
    char enrolled[WHEN_TEXT];

    if (!digest_sha256(k->crypto, c->ek_cert, sum, err) || !ek_hash(k, c, &m.ek_key_hash, err) ||
        !aik_pub_hash(k->crypto, c->aik_spki, a, &m.aik_hash, err))
        return false;
    m.ek_cert_hash = hex_dup(a, span_of(sum, sizeof sum));
    m.enrolled = span_str(when_str(k->now, enrolled));
    if (!m.ek_cert_hash.p)
        return arena_fail(a, err);
    return registry_put(k->registry, &m, err);
}

/* Who holds the lock has seen the name free when it is taken. */
bool authority_issue(struct tpm_authority *k, struct span answer, struct span *out, struct err *err)
{
    struct registry_pending p;
    struct enrol_answer m;
    struct enrol_case c = { 0 };
    struct span hash = { 0 }, certificate = { 0 };

    if (!enrol_answer_parse(answer, k->registry->arena, &m, err))
        return err_in(err, "answer");
    if (!registry_take_pending(k->registry, m.id, &p, err) || !check_secret(k, &p, m.secret, err) ||
        !judge(k, &p.request, &c, err) || !ek_hash(k, &c, &hash, err) ||
        !registry_admit(k->registry, p.request.machine, hash, err) ||
        !certify(k, &c, &certificate, err) || !enter(k, &c, p.request.machine, certificate, err))
        return false;
    *out = certificate;
    return true;
}
