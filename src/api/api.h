/*
 * api - requests become answers; where a token must be signed the exchange waits for the signing
 * process, where something must be kept it waits for the keeper
 *
 * Shape    a step either answers, or hands out bytes to sign (go on with api_finish) or a change to
 *          make (go on with api_kept). A change is answered after it was made, never before
 * Purity   the room itself reads no clock and no socket: `now` and random bytes come in
 */
#ifndef CUPEL_API_API_H
#define CUPEL_API_API_H

#include "../evidence/tpm/settings.h"
#include "../service/attest.h"
#include "../service/identify.h"
#include "../store/keep.h"
#include "message.h"

struct api; /* one per worker */

enum {
    API_ENTROPY = 44,                    /* fresh random bytes for each request */
    API_BODY_MAX = 1024 * 1024,          /* bytes of a body, on every route but one */
    API_TPM_BODY_MAX = 12 * 1024 * 1024, /* there: a request of 8 MiB, encoded */
};

/* What the TPM route needs of whoever runs the api. */
struct api_tpm {
    /* The keys that open contexts, the newest first, which seals: they stay for this request.
     * False when there are none. */
    bool (*keys)(void *context, const uint8_t (**out)[AEAD_KEY_SIZE], size_t *count);
    void *context;
    int64_t lifetime;              /* of a context, seconds */
    const struct tpm_spent *spent; /* NULL: spent challenges are not kept */
};

struct api_settings {
    struct attest_service *service;  /* borrowed */
    struct span version;             /* x-ms-maa-service-version, four parts */
    const struct identify *identify; /* borrowed; NULL: every call that needs a role is refused */
    const struct keep *keep;         /* borrowed; what the store holds; NULL: nothing */
    struct span token_authority;     /* in the challenge of a 401; empty: the instance itself */
    struct span token_audience;      /* so, too; empty: the contract's */
    struct span default_hosts;       /* see host_find */
    struct span instance_domain;     /* instances are NAME.DOMAIN[:PORT]; empty: none can be made */
    const struct api_tpm *tpm;       /* borrowed; NULL: the TPM route cannot answer */
    bool is_attest_closed;           /* attest calls, too, need a caller with the read action */
    size_t memory_max;               /* working memory of one request */
};

struct api *api_new(const struct api_settings *settings, struct err *err) MUST_USE;
void api_free(struct api *a);

enum api_step { API_ANSWERED, API_TO_SIGN, API_TO_KEEP };

/* What an attestation came to, for whoever keeps a log: texts are the arena's or static, none holds
 * evidence or bound data. `outcome` is NULL for other calls. */
struct api_note {
    const char *type;    /* "SgxEnclave" */
    const char *outcome; /* "granted", "refused", "denied", "failed" */
    const char *reason;  /* the failed check's word, or the policy's decision; NULL when granted */
    const char *path;    /* where, or NULL */
    const char *text;    /* what was expected and found, or NULL */
    const char *remark;  /* what an operator should know of what was done, or NULL */
    const char *request_id;      /* x-ms-request-id */
    struct span instance, actor; /* of the verdict; the actor is empty when nobody was asked */
    struct span explanation;     /* why it was refused, as JSON; empty: it was not */
    const char *unauthorized;    /* why a caller was refused, or NULL; no token or part of one */
    const char *refused_call;    /* "PUT /policies/tpm", of a refusal that is no verdict, or NULL */
};

struct api_exchange {
    struct arena arena;        /* given back by api_exchange_fini */
    struct http_answer answer; /* when answered */
    struct span to_sign; /* when API_TO_SIGN: message for the signing process, with key index */
    uint32_t key_index;
    const struct change *change; /* when API_TO_KEEP */
    const struct state *state;   /* what it began with; held */
    void *pending;               /* the api's own */
    struct api_note note;        /* for the log */
};

/* Handles a whole request. Never fails: trouble is an answer with a 4xx or 5xx. `entropy` is
 * API_ENTROPY fresh random bytes. */
enum api_step api_begin(struct api *a, const struct http_request *request, int64_t now,
                        const uint8_t entropy[API_ENTROPY], struct api_exchange *x);

/* The most bytes of body that a request may bring. */
size_t api_body_limit(const struct http_request *head);

/* Completes an exchange. An empty signature means that the signing process could not sign: 503. */
void api_finish(struct api *a, struct api_exchange *x, struct span signature);

/* Goes on after a change was made, or could not be: exactly one of the two is NULL. */
enum api_step api_kept(struct api *a, struct api_exchange *x, const struct change_result *result,
                       const struct err *err);

void api_exchange_fini(struct api_exchange *x);

/* What the parts of the room ask of the api. */
struct attest_service *api_service(struct api *a);
struct span api_version_text(const struct api *a);
struct span api_discovery(const struct api *a); /* the discovery document */
const struct api_settings *api_set(const struct api *a);

/* Verdicts given since the start. */
struct api_counts {
    uint64_t granted;
    uint64_t refused[ATTEST_REFUSALS];
};
struct api_counts api_counts(const struct api *a);
void api_note_verdict(struct api *a, const struct attest_result *r);

/* Tells whether a caller that is refused now is kept with its reason: anybody can make these, so
 * there is a most of them in each second, and the log has the rest. */
bool api_keeps_unauthorized(struct api *a, int64_t now);

#endif
