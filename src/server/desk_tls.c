#include "desk_tls.h"

#include <string.h>

#include "../crypto/cert.h"
#include "../crypto/signkey.h"
#include "../format/pem.h"
#include "../host/file.h"

enum {
    MEMORY_MAX_BYTES = 1024 * 1024,
    FILE_MAX = 65536,
    DAY = 24 * 60 * 60,
    LIFE_DAYS = 397,
    SPARE_DAYS = 30,
    CA_SERIAL_BYTES = 7
};

struct made {
    struct signkey *ca_key, *key;
    struct span ca, cert; /* DER */
};

/* A certificate that serves now and for a while. */
static bool serves(const char *path, int64_t now, struct arena *a)
{
    struct pem_block blocks[2];
    struct err unused = { 0 };
    struct span text = { 0 };
    struct cert cert;
    size_t count = 0;

    return file_read(path, FILE_MAX, a, &text, &unused) &&
           pem_parse(text, "CERTIFICATE", false, 2, a, blocks, &count, &unused) && count == 2 &&
           cert_parse(blocks[0].der, &cert, &unused) && cert.not_before <= now &&
           cert.not_after - now > (int64_t)SPARE_DAYS * DAY;
}

static bool serial_new(struct crypto *c, uint64_t *out, struct err *err)
{
    uint8_t bytes[CA_SERIAL_BYTES];

    if (!random_bytes(c, bytes, sizeof bytes, err))
        return false;
    *out = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

static bool make_ca(struct crypto *c, int64_t now, struct made *m, struct arena *a, struct err *err)
{
    struct cert_wish wish = { .common_name = "cupel desk CA",
                              .not_before = now - DAY,
                              .not_after = now + (int64_t)LIFE_DAYS * DAY,
                              .is_ca = true };

    m->ca_key = signkey_new(c, SIGNKEY_P256, err);
    return m->ca_key && serial_new(c, &wish.serial, err) &&
           cert_make(c, &wish, m->ca_key, (struct span){ 0 }, m->ca_key, a, &m->ca, err);
}

static bool make_server(struct crypto *c, int64_t now, struct made *m, struct arena *a,
                        struct err *err)
{
    static const char *const names[] = { "localhost", "*.attest.localhost" };
    static const char *const addresses[] = { "127.0.0.1", "::1" };
    struct cert_wish wish = { .common_name = "localhost",
                              .not_before = now - DAY,
                              .not_after = now + (int64_t)LIFE_DAYS * DAY,
                              .dns_names = names,
                              .dns_count = COUNT(names),
                              .ip_addresses = addresses,
                              .ip_count = COUNT(addresses),
                              .is_tls_server = true };

    m->key = signkey_new(c, SIGNKEY_P256, err);
    return m->key && serial_new(c, &wish.serial, err) &&
           cert_make(c, &wish, m->key, m->ca, m->ca_key, a, &m->cert, err);
}

static bool save_certs(const struct made *m, const struct desk_tls *at, struct arena *a,
                       struct err *err)
{
    struct writer ca = writer_in(a, 2048), chain = writer_in(a, 4096);
    struct span ca_text, chain_text;

    pem_write(&ca, "CERTIFICATE", m->ca);
    pem_write(&chain, "CERTIFICATE", m->cert);
    pem_write(&chain, "CERTIFICATE", m->ca);
    return writer_done(&ca, &ca_text, err) && writer_done(&chain, &chain_text, err) &&
           file_replace(at->ca, ca_text, 0644, err) &&
           file_replace(at->chain, chain_text, 0644, err);
}

/* The key first, the chain last: a start that is cut off in between makes all three again. */
static bool save(const struct made *m, const struct desk_tls *at, struct arena *a, struct err *err)
{
    struct secret pem = { 0 };
    bool is_saved = signkey_write_pem(m->key, &pem, err) &&
                    file_replace(at->key, span_of(pem.p, pem.n), 0600, err);

    secret_free(&pem);
    return is_saved && save_certs(m, at, a, err);
}

static bool name_files(const char *dir, struct arena *a, struct desk_tls *out, struct err *err)
{
    if (!dir)
        return arena_fail(a, err);
    out->ca = file_join(a, dir, "ca.pem");
    out->chain = file_join(a, dir, "server.pem");
    out->key = file_join(a, dir, "server.key");
    return (out->ca && out->chain && out->key) || arena_fail(a, err);
}

static bool make(struct crypto *c, int64_t now, const struct desk_tls *at, struct arena *a,
                 struct err *err)
{
    struct made m = { 0 };
    bool is_made =
        make_ca(c, now, &m, a, err) && make_server(c, now, &m, a, err) && save(&m, at, a, err);

    signkey_free(m.ca_key);
    signkey_free(m.key);
    return is_made;
}

bool desk_tls_ready(struct crypto *c, const char *data_dir, int64_t now, struct arena *a,
                    struct desk_tls *out, struct err *err)
{
    const char *dir = file_join(a, data_dir, "tls");
    struct arena work = arena_over(MEMORY_MAX_BYTES);
    bool is_ready = name_files(dir, a, out, err);

    if (is_ready &&
        !(file_exists(out->ca) && file_exists(out->key) && serves(out->chain, now, &work)))
        is_ready = file_make_dir(dir, 0755, err) && make(c, now, out, &work, err);
    arena_fini(&work);
    return is_ready || err_in(err, "tls");
}
