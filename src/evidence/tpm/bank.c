#include "bank.h"

#include <string.h>

/* clang-format off */
const struct bank_def banks[BANK_COUNT] = {
    [BANK_SHA1]   = { 0x0004, SHA1_SIZE,   "SHA1",   "sha1",   DIGEST_SHA1   },
    [BANK_SHA256] = { 0x000B, SHA256_SIZE, "SHA256", "sha256", DIGEST_SHA256 },
    [BANK_SHA384] = { 0x000C, SHA384_SIZE, "SHA384", "sha384", DIGEST_SHA384 },
    [BANK_SHA512] = { 0x000D, SHA512_SIZE, "SHA512", "sha512", DIGEST_SHA512 },
};

/* Known by size only: nothing here computes them. */
static const struct {
    uint16_t alg;
    size_t size;
} others[] = {
    { 0x0012, 32 }, /* SM3-256 */
    { 0x0027, 32 }, /* SHA3-256 */
    { 0x0028, 48 }, /* SHA3-384 */
    { 0x0029, 64 }, /* SHA3-512 */
};
/* clang-format on */

bool bank_find(uint32_t alg, enum tpm_bank *out)
{
    for (unsigned i = 0; i < BANK_COUNT; i++)
        if (banks[i].alg == alg) {
            *out = (enum tpm_bank)i;
            return true;
        }
    return false;
}

size_t tpm_alg_size(uint16_t alg)
{
    enum tpm_bank bank;

    if (bank_find(alg, &bank))
        return banks[bank].size;
    for (size_t i = 0; i < COUNT(others); i++)
        if (others[i].alg == alg)
            return others[i].size;
    return 0;
}

bool bank_digest(struct crypto *c, enum tpm_bank bank, struct span data, uint8_t *out,
                 struct err *err)
{
    return digest(c, banks[bank].digest, &data, 1, out, err);
}

bool bank_extend(struct crypto *c, enum tpm_bank bank, uint8_t *pcr, const uint8_t *digest_p,
                 struct err *err)
{
    size_t size = banks[bank].size;
    struct span parts[2] = { span_of(pcr, size), span_of(digest_p, size) };
    uint8_t next[PCR_SIZE_MAX];

    if (!digest(c, banks[bank].digest, parts, COUNT(parts), next, err))
        return false;
    memcpy(pcr, next, size);
    return true;
}
