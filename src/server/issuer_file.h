/*
 * issuer_file - the keys that issuers had last, on the disk: what a daemon that starts again begins
 * with when an issuer cannot be reached
 *
 * Shape    magic "CIF" 1, the SHA-256 of what follows, an image as issuer_image.h has it; replaced
 *          whole or not at all
 * Errors   malformed (not such a file, or damaged), limit, io
 * Source   docs/formats/fetcher.md
 */
#ifndef CUPEL_SERVER_ISSUER_FILE_H
#define CUPEL_SERVER_ISSUER_FILE_H

#include "../crypto/crypto.h"

/* The image in the file, empty where there is no file. What is in it is not looked at. */
bool issuer_file_read(const char *path, struct crypto *c, struct arena *a, struct span *out,
                      struct err *err) MUST_USE;
bool issuer_file_write(const char *path, struct crypto *c, struct span image,
                       struct err *err) MUST_USE;

#endif
