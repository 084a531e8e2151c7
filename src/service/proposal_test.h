/*
 * proposal_test - what the tests of proposals share: signers, documents, a store with an instance
 * of each trust model
 */
#ifndef CUPEL_SERVICE_PROPOSAL_TEST_H
#define CUPEL_SERVICE_PROPOSAL_TEST_H

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../crypto/signkey.h"
#include "../store/keep.h"
#include "../token/jwt.h"
#include "proposal.h"

enum { SIGNERS = 5, AT = 1700000000 };

struct signer {
    struct signkey *key;
    struct span cert;
};

static struct crypto *crypto;
static struct arena lasting;
static struct store *store;
static struct keep_local *local;
/* on the list: 0 (RSA), 1 (P-256), 2 (no CA), 3 (ended long ago); not on it: 4 */
static struct signer signers[SIGNERS];

static inline void make_signer(struct signer *s, enum signkey_kind kind, bool is_ca, int64_t until)
{
    struct cert_wish wish = {
        .common_name = "signer", .serial = 1, .is_ca = is_ca, .not_after = until
    };
    struct err e = { 0 };

    s->key = signkey_new(crypto, kind, &e);
    CHECK_OK("key", s->key != NULL, e);
    CHECK_OK("certificate",
             cert_make(crypto, &wish, s->key, (struct span){ 0 }, s->key, &lasting, &s->cert, &e),
             e);
}

static inline void done(void *arg, const struct change_result *result, const struct err *err)
{
    (void)result;
    if (err)
        *(struct err *)arg = *err;
}

static inline void make_change(struct change c)
{
    static uint8_t ids;
    struct keep keep = keep_local_keep(local);
    struct err e = { 0 };

    c.id[0] = ++ids;
    c.at = AT;
    c.expected = CHANGE_ANY;
    CHECK_OK("change", keep_change(&keep, &c, done, &e, &e) && e.code == ERR_NONE, e);
}

static inline void make_instance(const char *name, const char *trust_model, size_t listed)
{
    struct store_certificate list[SIGNERS] = { { 0 } };

    for (size_t i = 0; i < listed; i++)
        list[i].der = signers[i].cert;
    make_change((struct change){ .kind = CHANGE_INSTANCE_CREATE,
                                 .instance = { .name = span_str(name),
                                               .host = span_str(name),
                                               .issuer = span_str("https://a.example"),
                                               .trust_model = span_str(trust_model) },
                                 .certificates = list,
                                 .certificate_count = listed });
}

static inline int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    lasting = arena_over(64 << 20);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
    store = store_memory_new(crypto, &e);
    CHECK_OK("store", store != NULL, e);
    local = keep_local_new(store, &e);
    CHECK_OK("keep", local != NULL, e);
    make_signer(&signers[0], SIGNKEY_RSA2048, true, 4000000000);
    make_signer(&signers[1], SIGNKEY_P256, true, 4000000000);
    make_signer(&signers[2], SIGNKEY_P256, false, 4000000000);
    make_signer(&signers[3], SIGNKEY_P256, true, 1000000000);
    make_signer(&signers[4], SIGNKEY_P256, true, 4000000000);
    make_instance("open", "AAD", 0);
    make_instance("isolated", "Isolated", 4);
    make_instance("shared", "Shared", 0);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++)
        signkey_free(signers[i].key);
    keep_local_free(local);
    store_free(store);
    crypto_free(crypto);
    arena_fini(&lasting);
    return 0;
}

/* A JWS of that payload; signer -1: unsecured, and what the header holds otherwise. */
static inline struct span sign(int signer, const char *payload, struct arena *a)
{
    struct writer header = writer_in(a, 2048), w = writer_in(a, 4096);
    uint8_t signature[512];
    enum sig_alg alg = signer == 0 ? SIG_RS256 : SIG_ES256;
    struct span out = { 0 };
    struct err e = { 0 };
    size_t n = 0;

    if (signer < 0) {
        write_text(&header, "{\"alg\":\"none\"}");
    } else {
        write_format(&header, "{\"alg\":\"%s\",\"x5c\":[\"", sig_alg_name(alg));
        b64_write_std(&header, signers[signer].cert);
        write_text(&header, "\"]}");
    }
    b64_write_url(&w, writer_span(&header));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(payload));
    if (signer >= 0)
        CHECK_OK("sign",
                 signkey_sign(crypto, signers[signer].key, alg, writer_span(&w), signature,
                              sizeof signature, &n, &e),
                 e);
    CHECK_OK("attach", jwt_attach(writer_span(&w), span_of(signature, n), a, &out, &e), e);
    return out;
}

static inline struct proposal proposal_to(const char *instance, struct span jws)
{
    struct keep keep = keep_local_keep(local);
    const struct state *state = keep_state(&keep);

    return (struct proposal){ .crypto = crypto,
                              .state = state,
                              .instance = state_instance(state, span_str(instance)),
                              .jws = jws,
                              .now = AT };
}

#endif
