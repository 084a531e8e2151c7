#include "tls.h"

#include "limits.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum { CLIENT_CHAIN_MAX = 4 }; /* certificates between a client's and an anchor */

static const char groups[] = "X25519:P-256";
static const char ciphers_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* --- a context --- */

static bool fail(struct err *err, enum err_code code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    err_fail(err, code, NULL, "%s: %s", what, reason ? reason : "no reason given");
    ERR_clear_error();
    return false;
}

static bool read_end(void)
{
    unsigned long e = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    return is_end;
}

/* The first certificate is the server's, the others lead from it to a root. */
static bool use_certificates(SSL_CTX *ctx, BIO *in, struct err *err)
{
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);

    if (!cert || SSL_CTX_use_certificate(ctx, cert) != 1) {
        X509_free(cert);
        return fail(err, ERR_MALFORMED, "the TLS certificate");
    }
    X509_free(cert);
    while ((cert = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            return fail(err, ERR_MEMORY, "the TLS certificate chain");
        }
    return read_end() || err_fail(err, ERR_MALFORMED, NULL, "the TLS certificate chain is damaged");
}

/* A key that asks for a passphrase is refused: a server has nobody to ask. */
static int no_passphrase(char *buf, int size, int for_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)for_writing;
    (void)arg;
    return -1;
}

static bool use_key(SSL_CTX *ctx, BIO *in, struct err *err)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
    bool ok;

    if (!key)
        return fail(err, ERR_MALFORMED, "the TLS private key");
    ok = SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    return ok || fail(err, ERR_MALFORMED, "the TLS private key and the certificate");
}

/* RFC 7301: "http/1.1" where it is offered; an offer without it is for another server. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_options(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, TLS_READ_BUFFER);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 1) == 1 && SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
           SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1;
}

static BIO *bio_over(struct span s)
{
    return s.n <= INT_MAX ? BIO_new_mem_buf(s.n > 0 ? (const void *)s.p : "", (int)s.n) : NULL;
}

static bool load(SSL_CTX *ctx, struct span chain_pem, struct span key_pem, struct err *err)
{
    BIO *chain = bio_over(chain_pem);
    BIO *key = bio_over(key_pem);
    bool ok;

    if (chain && key)
        ok = use_certificates(ctx, chain, err) && use_key(ctx, key, err);
    else
        ok = fail(err, ERR_MEMORY, "the TLS certificate and key");
    BIO_free(chain);
    BIO_free(key);
    return ok;
}

/* The context is OpenSSL's own object under a name of ours; so is a connection. */
static SSL_CTX *ctx_of(struct tls_context *c)
{
    return (SSL_CTX *)c;
}

static SSL *ssl_of(struct tls *t)
{
    return (SSL *)t;
}

struct tls_context *tls_context_new(struct span chain_pem, struct span key_pem, struct err *err)
{
    SSL_CTX *ctx;

    ERR_clear_error();
    ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || !set_options(ctx)) {
        SSL_CTX_free(ctx);
        fail(err, ERR_MEMORY, "a TLS context");
        return NULL;
    }
    if (!load(ctx, chain_pem, key_pem, err)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return (struct tls_context *)ctx;
}

void tls_context_free(struct tls_context *c)
{
    SSL_CTX_free(ctx_of(c));
}

/* --- certificates of clients --- */

static bool add_anchor(SSL_CTX *ctx, X509 *cert)
{
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) == 1 &&
           SSL_CTX_add_client_CA(ctx, cert) == 1;
}

static bool add_anchors(SSL_CTX *ctx, BIO *in, struct err *err)
{
    size_t count = 0;
    X509 *cert;

    while ((cert = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
        bool is_added = add_anchor(ctx, cert);

        X509_free(cert);
        if (!is_added)
            return fail(err, ERR_MEMORY, "the certificates of clients");
        count++;
    }
    return (read_end() && count > 0) ||
           err_fail(err, ERR_MALFORMED, NULL, "the file holds no certificates, or damaged ones");
}

/* A resumed session would carry a certificate that was looked at long ago: none is. */
bool tls_context_take_clients(struct tls_context *c, struct span anchors_pem, struct err *err)
{
    SSL_CTX *ctx = ctx_of(c);
    BIO *in = bio_over(anchors_pem);
    bool ok;

    ERR_clear_error();
    if (!in)
        return fail(err, ERR_MEMORY, "the certificates of clients");
    ok = add_anchors(ctx, in, err);
    BIO_free(in);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(ctx, CLIENT_CHAIN_MAX);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    return ok;
}

bool tls_anchors_check(struct span anchors_pem, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    bool is_well = ctx ? tls_context_take_clients((struct tls_context *)ctx, anchors_pem, err)
                       : fail(err, ERR_MEMORY, "a TLS context");

    SSL_CTX_free(ctx);
    return is_well;
}

/* OpenSSL keeps a certificate only when it holds: the handshake failed otherwise. */
struct span tls_client_certificate(const struct tls *t)
{
    const SSL *ssl = (const SSL *)t;
    X509 *cert = SSL_get0_peer_certificate(ssl);
    uint8_t *der = NULL;
    int n = cert && SSL_get_verify_result(ssl) == X509_V_OK ? i2d_X509(cert, NULL) : 0;
    uint8_t *at;

    if (n > 0)
        der = malloc((size_t)n);
    at = der;
    if (der)
        i2d_X509(cert, &at);
    ERR_clear_error();
    return span_of(der, der ? (size_t)n : 0);
}

/* --- a connection --- */

struct tls *tls_new(struct tls_context *c, int fd)
{
    SSL *ssl;

    ERR_clear_error();
    ssl = SSL_new(ctx_of(c));
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(ssl);
    return (struct tls *)ssl;
}

void tls_free(struct tls *t)
{
    SSL_free(ssl_of(t));
}

static enum tls_step step_of(SSL *ssl, int ret)
{
    switch (ret > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, ret)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        return TLS_CLOSED;
    default:
        return TLS_FAILED;
    }
}

enum tls_step tls_handshake(struct tls *t)
{
    ERR_clear_error();
    return step_of(ssl_of(t), SSL_do_handshake(ssl_of(t)));
}

enum tls_step tls_read(struct tls *t, uint8_t *p, size_t room, size_t *got)
{
    *got = 0;
    ERR_clear_error();
    return step_of(ssl_of(t), SSL_read_ex(ssl_of(t), p, room, got));
}

enum tls_step tls_write(struct tls *t, const uint8_t *p, size_t n, size_t *put)
{
    *put = 0;
    ERR_clear_error();
    return step_of(ssl_of(t), SSL_write_ex(ssl_of(t), p, n, put));
}

bool tls_has_pending(const struct tls *t)
{
    return SSL_has_pending((const SSL *)t) == 1;
}

void tls_end(struct tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_of(t)))
        SSL_shutdown(ssl_of(t));
    ERR_clear_error();
}

const char *tls_version(const struct tls *t)
{
    return SSL_get_version((const SSL *)t);
}
