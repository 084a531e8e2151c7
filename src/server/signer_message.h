/*
 * signer_message - what a worker may ask of the signing process, and what it answers
 *
 * Shape    one message is one packet of a SOCK_SEQPACKET pair; little-endian; one encoding only
 * Limits   below, by name: a longer input is refused by the writer and by the reader
 * Borrows  every span points into the packet
 * Errors   malformed (shape, bytes left over), unsupported (version, kind, algorithm), limit
 * Source   docs/formats/signer.md
 */
#ifndef CUPEL_SERVER_SIGNER_MESSAGE_H
#define CUPEL_SERVER_SIGNER_MESSAGE_H

#include "../base/reader.h"
#include "../base/writer.h"
#include "../crypto/crypto.h"

enum {
    SIGNER_HASH_MAX = 64,        /* bytes of the hash to be signed */
    SIGNER_SIGNATURE_MAX = 1024, /* bytes of a signature */
    SIGNER_KEYS_MAX = 9,         /* keys held and published at once */
    SIGNER_KID_MAX = 128,        /* characters of a key's name */
    SIGNER_CERT_MAX = 8192,      /* bytes of a key's certificates together */
    SIGNER_CERTS_MAX = 4,        /* certificates of a key, leaf first */
    SIGNER_PACKET_MAX = 131072   /* room that holds any message of either direction */
};

enum signer_kind {
    SIGNER_SIGN = 1, /* sign this hash with that key */
    SIGNER_KEYS = 2  /* what keys are there? public halves only */
};

struct signer_request {
    enum signer_kind kind;
    uint64_t id;        /* the worker's; comes back in the answer */
    uint32_t key_index; /* SIGNER_SIGN: place in the list that SIGNER_KEYS answers */
    struct span hash;   /* SIGNER_SIGN: 1 .. SIGNER_HASH_MAX bytes, as the algorithm wants */
};

enum signer_status {
    SIGNER_OK = 0,
    SIGNER_NO_SUCH_KEY = 1, /* the index is past the list */
    SIGNER_FAILED = 2       /* the key could not be used */
};

struct signer_key {
    enum sig_alg alg; /* RS256, PS256, ES256 or ES384 */
    const char *kty;  /* "RSA" or "EC", as the algorithm says; static */
    struct span kid;
    bool is_report;   /* it signs report tokens, and nothing else */
    struct span cert; /* DER */
    struct span issuers[SIGNER_CERTS_MAX - 1];
    size_t issuer_count; /* what stands above it */
};

struct signer_answer {
    enum signer_kind kind;
    uint64_t id;
    enum signer_status status;
    struct span signature; /* SIGNER_SIGN with SIGNER_OK */
    size_t key_count;      /* SIGNER_KEYS with SIGNER_OK; the first one signs */
    struct signer_key keys[SIGNER_KEYS_MAX];
};

/* Writes a request; false with limit or malformed where it could not be read back. */
bool signer_request_write(struct writer *w, const struct signer_request *q,
                          struct err *err) MUST_USE;

/* Reads a request: a whole packet, nothing left over. */
bool signer_request_parse(struct span packet, struct signer_request *out, struct err *err) MUST_USE;

/* Writes an answer; false with limit or malformed where it could not be read back. */
bool signer_answer_write(struct writer *w, const struct signer_answer *a, struct err *err) MUST_USE;

/* Reads an answer: a whole packet, nothing left over. */
bool signer_answer_parse(struct span packet, struct signer_answer *out, struct err *err) MUST_USE;

/* "RSA" or "EC" for an algorithm that the signing process offers, NULL for any other. */
const char *signer_kty(enum sig_alg alg);

#endif
