/*
 * tls - the server's side of TLS 1.2 and 1.3 over a non-blocking socket
 *
 * Shape    one context for a certificate and key; one small object per connection
 * Rule     every call first clears OpenSSL's error queue; an error of one connection is never seen
 * by another. SIGPIPE must be ignored in the process: the socket may close under a write Source RFC
 * 8446, RFC 5246, RFC 7301 (ALPN "http/1.1")
 */
#ifndef CUPEL_SERVER_TLS_H
#define CUPEL_SERVER_TLS_H

#include "../base/err.h"

struct tls_context;
struct tls;

enum tls_step {
    TLS_DONE,        /* the call did its work */
    TLS_WANTS_READ,  /* call again when the socket is readable */
    TLS_WANTS_WRITE, /* call again when the socket is writable */
    TLS_CLOSED,      /* the other side has ended the session or the connection */
    TLS_FAILED       /* a protocol error: close */
};

/* A context from PEM text: certificates from the server's own upwards, and its private key. */
struct tls_context *tls_context_new(struct span chain_pem, struct span key_pem,
                                    struct err *err) MUST_USE;

/* From now on clients may show a certificate that leads to one of these (PEM): one that does not,
 * or is not for clients, ends the handshake; showing none does not. Sessions are not resumed. */
bool tls_context_take_clients(struct tls_context *c, struct span anchors_pem,
                              struct err *err) MUST_USE;

/* Tells whether a text holds certificates and nothing damaged, as the call above reads it. */
bool tls_anchors_check(struct span anchors_pem, struct err *err) MUST_USE;

/* Gives the context back; connections made from it go on. */
void tls_context_free(struct tls_context *c);

/* The server's side of a connection on fd, which stays the caller's; NULL when memory is short. */
struct tls *tls_new(struct tls_context *c, int fd) MUST_USE;
void tls_free(struct tls *t);

/* Continues the handshake. */
enum tls_step tls_handshake(struct tls *t) MUST_USE;

/* Reads what has come, at most `room` bytes; *got > 0 exactly with TLS_DONE. */
enum tls_step tls_read(struct tls *t, uint8_t *p, size_t room, size_t *got) MUST_USE;

/* Writes a part of n bytes, at least one; *put > 0 exactly with TLS_DONE. */
enum tls_step tls_write(struct tls *t, const uint8_t *p, size_t n, size_t *put) MUST_USE;

/* Tells whether bytes wait inside, where the socket's readiness does not show them. */
bool tls_has_pending(const struct tls *t);

/* Tells the other side that nothing more comes. Best effort: never waits. */
void tls_end(struct tls *t);

/* The certificate that the client showed and that holds, in DER from malloc, which is the caller's;
 * empty when it showed none, or memory is short. */
struct span tls_client_certificate(const struct tls *t) MUST_USE;

/* "TLSv1.3" or "TLSv1.2" once the handshake is done. */
const char *tls_version(const struct tls *t);

#endif
