/*
 * issuer_image - the key sets of issuers as the fetching process publishes them, and how a worker
 * asks
 *
 * Shape    an image: the issuers that have keys, each once, with their documents as received. An
 * ask: one packet that names an issuer by its place in token_issuers. Little-endian, one encoding
 * Limits   BEARER_ISSUERS_MAX issuers; ISSUER_NAME_MAX, ISSUER_KEYS_BYTES_MAX bytes
 * Borrows  spans point into the bytes
 * Errors   malformed, unsupported (another version), limit
 * Source   docs/formats/fetcher.md
 */
#ifndef CUPEL_SERVER_ISSUER_IMAGE_H
#define CUPEL_SERVER_ISSUER_IMAGE_H

#include "../base/reader.h"
#include "../base/writer.h"
#include "../token/bearer.h"

enum {
    ISSUER_NAME_MAX = 512,
    ISSUER_IMAGE_MAX = BEARER_ISSUERS_MAX * (ISSUER_NAME_MAX + ISSUER_KEYS_BYTES_MAX + 16) + 16,
    ISSUER_ASK_SIZE = 8
};

struct issuer_image {
    size_t count;
    struct issuer_entry {
        struct span issuer;
        int64_t at; /* when they were fetched */
        struct span keys;
    } items[BEARER_ISSUERS_MAX];
};

bool issuer_image_write(struct writer *w, const struct issuer_image *m, struct err *err) MUST_USE;
bool issuer_image_parse(struct span bytes, struct issuer_image *out, struct err *err) MUST_USE;

/* The entry of that issuer, or NULL. */
const struct issuer_entry *issuer_image_find(const struct issuer_image *m, struct span issuer);

void issuer_ask_write(struct writer *w, uint32_t issuer);
bool issuer_ask_parse(struct span packet, uint32_t *issuer, struct err *err) MUST_USE;

#endif
