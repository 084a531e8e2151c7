/*
 * desk_tls - the TLS certificate of a desk (--dev), made on first start
 *
 * Shape    DATA_DIR/tls: ca.pem, server.pem (the server's certificate and the CA's), server.key
 *          (0600). The CA's private key is forgotten at once: it can vouch for nothing else
 * Names    localhost, 127.0.0.1, ::1; P-256; 397 days, made again 30 days before they are over
 * Errors   io, memory, internal
 */
#ifndef CUPEL_SERVER_DESK_TLS_H
#define CUPEL_SERVER_DESK_TLS_H

#include "../crypto/crypto.h"

/* Makes sure that the three files are there and serve at that time. The paths are in the arena. */
struct desk_tls {
    const char *ca, *chain, *key;
};
bool desk_tls_ready(struct crypto *c, const char *data_dir, int64_t now, struct arena *a,
                    struct desk_tls *out, struct err *err) MUST_USE;

#endif
