#include "inside.h"

#include <openssl/err.h>
#include <openssl/rand.h>

static const struct {
    const char *name;
    size_t size;
} digests[DIGEST_ALGS] = {
    [DIGEST_SHA1] = { "SHA1", SHA1_SIZE },
    [DIGEST_SHA256] = { "SHA256", SHA256_SIZE },
    [DIGEST_SHA384] = { "SHA384", SHA384_SIZE },
    [DIGEST_SHA512] = { "SHA512", SHA512_SIZE },
};

const char *digest_name(enum digest_alg alg)
{
    return digests[alg].name;
}

size_t digest_size(enum digest_alg alg)
{
    return digests[alg].size;
}

/* The context was set to its digest when it was made; starting again without naming the digest
 * touches no reference count that another core holds. */
static bool hash_parts(EVP_MD_CTX *ctx, const struct span *parts, size_t count, uint8_t *out)
{
    if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        if (parts[i].n > 0 && EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

bool digest(struct crypto *c, enum digest_alg alg, const struct span *parts, size_t count,
            uint8_t *out, struct err *err)
{
    if (hash_parts(c->hash[alg], parts, count, out))
        return true;
    ERR_clear_error();
    return err_fail(err, ERR_INTERNAL, NULL, "%s could not be computed", digests[alg].name);
}

bool digest_sha256(struct crypto *c, struct span s, uint8_t out[SHA256_SIZE], struct err *err)
{
    return digest(c, DIGEST_SHA256, &s, 1, out, err);
}

bool random_bytes(struct crypto *c, uint8_t *out, size_t n, struct err *err)
{
    (void)c;
    if (RAND_bytes_ex(NULL, out, n, 0) == 1)
        return true;
    ERR_clear_error();
    return err_fail(err, ERR_INTERNAL, NULL, "the random generator gave no bytes");
}
