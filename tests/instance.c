/*
 * instance - makes an instance in a store that no daemon has open: what whole-service tests need
 * before there is an instance to speak to
 *
 * Usage    instance DATA_DIR NAME ADDRESS TRUST_MODEL [CERT.pem]...
 *          ADDRESS is the host, with its port where clients write one
 */
#include "../src/format/pem.h"
#include "../src/host/file.h"
#include "../src/service/proposal.h"
#include "../src/store/change.h"
#include "../src/store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMORY = 64 * 1024 * 1024, CHAIN_MAX = 8 };

struct task {
    struct arena arena;
    struct crypto *crypto;
    struct store *store;
    struct store_certificate certificates[CHANGE_CERTIFICATES_MAX];
    struct change change;
};

static bool open_store(struct task *t, const char *dir, struct err *err)
{
    const char *folder = file_join(&t->arena, dir, "store");
    const char *path = folder ? file_join(&t->arena, folder, "cupel.db") : NULL;
    const struct sqlite_wish wish = { .path = path,
                                      .mode = SQLITE_MAY_MAKE,
                                      .now = (int64_t)time(NULL) };

    if (!path)
        return arena_fail(&t->arena, err);
    if (!file_make_dir(folder, 0700, err))
        return false;
    t->crypto = crypto_new(err);
    t->store = t->crypto ? store_sqlite_open(&wish, t->crypto, err) : NULL;
    return t->store != NULL;
}

static bool add_certificate(struct task *t, const char *path, struct err *err)
{
    struct store_certificate *c = &t->certificates[t->change.certificate_count];
    struct pem_block blocks[CHAIN_MAX];
    struct span text = { 0 }, ders[CHAIN_MAX];
    size_t count = 0;

    if (t->change.certificate_count == CHANGE_CERTIFICATES_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "too many certificates");
    if (!file_read(path, STORE_CERT_MAX, &t->arena, &text, err) ||
        !pem_parse(text, "CERTIFICATE", false, CHAIN_MAX, &t->arena, blocks, &count, err))
        return err_in(err, path);
    for (size_t i = 0; i < count; i++)
        ders[i] = blocks[i].der;
    c->der = ders[0];
    t->change.certificate_count++;
    return proposal_jwk(ders, count, &t->arena, &c->jwk, err);
}

static bool make(struct task *t, int argc, char **argv, struct err *err)
{
    struct writer issuer = writer_in(&t->arena, 256);
    struct change *c = &t->change;
    struct change_result result;

    write_format(&issuer, "https://%s", argv[3]);
    c->kind = CHANGE_INSTANCE_CREATE;
    c->at = (int64_t)time(NULL);
    c->actor = span_str("tests");
    c->expected = CHANGE_ANY;
    c->certificates = t->certificates;
    c->instance = (struct store_instance){ .name = span_str(argv[2]),
                                           .host = span_str(argv[3]),
                                           .issuer = writer_span(&issuer),
                                           .trust_model = span_str(argv[4]),
                                           .public_network = 1,
                                           .tpm_authentication = 1 };
    for (int i = 5; i < argc; i++)
        if (!add_certificate(t, argv[i], err))
            return false;
    return random_bytes(t->crypto, c->id, sizeof c->id, err) &&
           store_change(t->store, c, NULL, &result, err);
}

int main(int argc, char **argv)
{
    static struct task t;
    struct err e = { 0 };
    bool is_made;

    if (argc < 5) {
        fputs("usage: instance DATA_DIR NAME ADDRESS TRUST_MODEL [CERT.pem]...\n", stderr);
        return EXIT_FAILURE;
    }
    t.arena = arena_over(MEMORY);
    is_made = open_store(&t, argv[1], &e) && make(&t, argc, argv, &e);
    if (!is_made)
        fprintf(stderr, "instance: %s: %s\n", e.path, e.text);
    store_free(t.store);
    crypto_free(t.crypto);
    arena_fini(&t.arena);
    return is_made ? EXIT_SUCCESS : EXIT_FAILURE;
}
