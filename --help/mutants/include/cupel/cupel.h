/*
 * libcupel - judge attestation evidence offline, with the core of the service
 *
 * Shape    one call takes evidence, collateral, roots, a time and a policy, and gives a verdict: an
 *          exit word and a JSON object (that of `cupel appraise --json`, described in its manual).
 *          No network, no state, no clock.
 * Threads  a `struct cupel` belongs to one thread at a time; make one per thread
 * Owns     a verdict is freed with cupel_verdict_free; what is passed in stays the caller's
 */
#ifndef CUPEL_H
#define CUPEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUPEL_API __attribute__((visibility("default")))

struct cupel;

struct cupel_bytes {
    const void *p;
    size_t n;
};

enum cupel_kind { CUPEL_SGX, CUPEL_OPEN_ENCLAVE };
enum cupel_profile {
    CUPEL_PROFILE_AZURE,
    CUPEL_PROFILE_STRICT,
    CUPEL_PROFILE_LENIENT,
    CUPEL_PROFILE_ANY
};
enum cupel_word { CUPEL_PERMIT, CUPEL_DENY, CUPEL_REFUSE };

/* What the vendor says about the platform; parts that are not at hand are empty. */
struct cupel_collateral {
    struct cupel_bytes tcb_info, tcb_info_issuer_chain;
    struct cupel_bytes qe_identity, qe_identity_issuer_chain;
    struct cupel_bytes pck_crl, pck_crl_issuer_chain, root_ca_crl;
};

struct cupel_request {
    enum cupel_kind kind;
    struct cupel_bytes evidence;
    struct cupel_collateral collateral;
    int64_t at; /* seconds since 1970 UTC at which everything is judged */
    enum cupel_profile profile;
    struct cupel_bytes runtime_data; /* empty: not checked */
    bool runtime_data_is_json;
    struct cupel_bytes policy; /* text; empty: none, the verdict is about the evidence alone */
    /* Roots to accept in place of the vendor's, as P-256 points x || y of 64 bytes; none: the
     * vendor's alone. */
    const struct cupel_bytes *insecure_other_roots;
    size_t insecure_other_root_count;
};

struct cupel_verdict {
    enum cupel_word word;
    const char *reason; /* the failed check's word, or NULL */
    const char *json;   /* the whole verdict, NUL-terminated */
    void *own;
};

/* A new context; NULL when memory or the cryptographic library fails. */
CUPEL_API struct cupel *cupel_new(void);
CUPEL_API void cupel_free(struct cupel *c);

/* Judges. Returns true with a verdict (a refusal is one); false with a sentence in `trouble` (of
 * `size` bytes) when the request itself cannot be worked on: a policy that does not compile, no
 * memory. */
CUPEL_API bool cupel_appraise(struct cupel *c, const struct cupel_request *request,
                              struct cupel_verdict *out, char *trouble, size_t size);
CUPEL_API void cupel_verdict_free(struct cupel_verdict *v);

/* "0.1.0" */
CUPEL_API const char *cupel_version(void);

#ifdef __cplusplus
}
#endif

#endif
