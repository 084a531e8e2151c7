/*
 * floor - the crypto floor: exactly the public-key and hash work that one attestation must do, and
 * nothing else
 *
 * Shape    a fixture of 64 platforms made at start; one iteration for each profile of cached parts
 * and signature; through the crypto room's own calls, so that the daemon can reach it Units
 * nanoseconds of CPU time
 */
#ifndef CUPEL_BENCH_FLOOR_H
#define CUPEL_BENCH_FLOOR_H

#include "../src/crypto/signkey.h"

enum { FLOOR_PLATFORMS = 64 };
enum floor_sign {
    FLOOR_NONE,
    FLOOR_RS256,
    FLOOR_PS256,
    FLOOR_ES256,
    FLOOR_ES384,
    FLOOR_RS3072,
    FLOOR_SIGNS
};

struct floor_platform {
    uint8_t span[1000], span_sig[64]; /* the leaf's signed bytes, by the CA */
    uint8_t pck[64], attestation[64];
    uint8_t qe_report[384], qe_sig[64], auth[32];
    uint8_t quote[432], quote_sig[64];
    uint8_t runtime[1024];
};

/* What one thread owns. */
struct floor {
    struct crypto *crypto;
    struct pubkey *ca;
    struct signkey *signers[FLOOR_SIGNS];
    const struct floor_platform *platforms;
    uint8_t input[5600];
    uint64_t turn;
};

/* Makes keys and platforms; signing keys as PEM for the threads. */
bool floor_fixture(struct floor_platform out[FLOOR_PLATFORMS], uint8_t ca[64],
                   struct secret pems[FLOOR_SIGNS], struct err *err) MUST_USE;

bool floor_init(struct floor *f, const struct floor_platform *platforms, const uint8_t ca[64],
                const struct secret pems[FLOOR_SIGNS], struct err *err) MUST_USE;
void floor_fini(struct floor *f);

/* One attestation's worth: `verifies` of 1 to 3, and a signature. */
bool floor_iterate(struct floor *f, int verifies, enum floor_sign sign, struct err *err) MUST_USE;

/* Broken signatures must be refused, whole ones believed. */
bool floor_self_check(struct floor *f, struct err *err) MUST_USE;

extern const char *const floor_sign_names[FLOOR_SIGNS];

#endif
