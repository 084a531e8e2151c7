/*
 * context_keys - the keys that seal what the TPM route hands to clients between its two messages
 *
 * Shape    the supervisor makes them, keeps the newest and the one before, makes a new one every
 *          CONTEXT_ROTATION seconds and publishes both in a page that workers can only read. The
 *          two lie in a file (0600) as well, so that what was sealed just before a restart opens
 *          after it; where spent challenges are kept, which a restart forgets, there is no file
 *          and nothing of before opens
 * Limits   a context lives at most CONTEXT_ROTATION seconds, so two keys open every one
 * Errors   io, malformed, unsupported (another version), memory
 * Source   the TPM contract, 1
 */
#ifndef CUPEL_SERVER_CONTEXT_KEYS_H
#define CUPEL_SERVER_CONTEXT_KEYS_H

#include <uv.h>

#include "../base/reader.h"
#include "../base/writer.h"
#include "../crypto/aead.h"

enum {
    CONTEXT_KEYS_MAX = 2,
    CONTEXT_ROTATION = 3600,                                        /* seconds */
    CONTEXT_IMAGE_MAX = 8 + CONTEXT_KEYS_MAX * (8 + AEAD_KEY_SIZE), /* bytes */
};

/* The newest first. */
struct context_image {
    uint32_t count;
    int64_t made_at[CONTEXT_KEYS_MAX];
    uint8_t keys[CONTEXT_KEYS_MAX][AEAD_KEY_SIZE];
};

void context_image_write(struct writer *w, const struct context_image *m);
bool context_image_parse(struct span bytes, struct context_image *out, struct err *err) MUST_USE;

/* Puts a fresh key in front when the newest is missing, too old or from the future; tells whether
 * it did. `fresh` is AEAD_KEY_SIZE random bytes. */
bool context_image_rotate(struct context_image *m, int64_t now, const uint8_t fresh[AEAD_KEY_SIZE]);

struct context_keys; /* the supervisor's */

/* Reads the file in DATA_DIR/keys, unless it is to forget; publishes, and looks at the age of the
 * keys from time to time. NULL with err. */
struct context_keys *context_keys_new(uv_loop_t *loop, const char *data_dir, bool forgets,
                                      struct err *err) MUST_USE;

/* What a worker maps; stays ours. */
int context_keys_page(const struct context_keys *k);

/* Stops; the memory is given back when the loop has run. NULL is fine. */
void context_keys_free(struct context_keys *k);

#endif
