#include "issuer_file.h"

#include "../base/reader.h"
#include "../base/writer.h"
#include "../host/file.h"
#include "issuer_image.h"

#define FILE_MAGIC 0x01464943u /* "CIF", version 1 */

enum {
    HEAD = 4 + SHA256_SIZE,
    FILE_MAX = HEAD + ISSUER_IMAGE_MAX,
    WRITE_MEMORY = 2 * FILE_MAX + 4096
};

static bool parse(struct span bytes, struct crypto *c, struct span *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    uint32_t magic = reader_u32le(&r, "magic");
    struct span said = reader_take(&r, SHA256_SIZE, "digest"), image;
    uint8_t sum[SHA256_SIZE];

    if (!reader_ok(&r))
        return err_in(err, "issuer_file");
    image = span_part(bytes, HEAD, SIZE_MAX);
    if (magic != FILE_MAGIC)
        return err_fail(err, ERR_MALFORMED, NULL, "is no file of issuers' keys") ||
               err_in(err, "issuer_file");
    if (!digest_sha256(c, image, sum, err))
        return false;
    if (!span_equal(said, span_of(sum, sizeof sum)))
        return err_fail(err, ERR_MALFORMED, NULL, "was changed or damaged since it was written") ||
               err_in(err, "issuer_file");
    *out = image;
    return true;
}

bool issuer_file_read(const char *path, struct crypto *c, struct arena *a, struct span *out,
                      struct err *err)
{
    struct span bytes = { 0 };

    if (!file_read_optional(path, FILE_MAX, a, &bytes, err))
        return false;
    *out = (struct span){ 0 };
    return !bytes.p || parse(bytes, c, out, err);
}

bool issuer_file_write(const char *path, struct crypto *c, struct span image, struct err *err)
{
    struct arena a = arena_over(WRITE_MEMORY);
    struct writer w = writer_in(&a, HEAD + image.n);
    uint8_t sum[SHA256_SIZE];
    struct span bytes = { 0 };
    bool is_written;

    write_u32le(&w, FILE_MAGIC);
    is_written = digest_sha256(c, image, sum, err);
    write_bytes(&w, span_of(sum, sizeof sum));
    write_bytes(&w, image);
    is_written = is_written && writer_done(&w, &bytes, err) && file_replace(path, bytes, 0600, err);
    arena_fini(&a);
    return is_written;
}
