/*
 * key_file - keys and certificates as files: made, read, written whole
 *
 * Shape    keys: PKCS#8 in PEM, mode 0600; certificates: PEM, one behind the other, mode 0644
 * Secrets  private keys pass through locked memory only
 * Errors   io, malformed, untrusted (a key file that others may read), limit, memory
 */
#ifndef CUPEL_KEYS_KEY_FILE_H
#define CUPEL_KEYS_KEY_FILE_H

#include "../crypto/signkey.h"

/* Reads a private key from a plain file that nobody else can read. NULL with err. */
struct signkey *key_file_read(struct crypto *c, const char *path, struct err *err) MUST_USE;

/* Makes a key and puts it there. */
bool key_file_make(struct crypto *c, const char *path, enum signkey_kind kind,
                   struct err *err) MUST_USE;

/* Reads at least one and at most `most` certificates, as DER in the arena. */
bool cert_file_read(const char *path, size_t most, struct arena *a, struct span *out, size_t *count,
                    struct err *err) MUST_USE;

/* Puts certificates there, replacing what was. */
bool cert_file_write(const char *path, const struct span *certs, size_t count, struct arena *a,
                     struct err *err) MUST_USE;

#endif
