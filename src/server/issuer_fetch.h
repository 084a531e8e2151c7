/*
 * issuer_fetch - one OpenID issuer: its discovery document, then its key set, over TLS
 *
 * Shape    two requests, one after the other, driven by curl's multi interface of the caller; what
 *          was fetched last and was good is kept until better comes
 * Rule     https only, no redirects, TLS always verified; the discovery document names the issuer
 *          letter by letter, or nothing in it counts; a set without a usable key is no set
 * Limits   below; ISSUER_KEYS_BYTES_MAX bytes of keys
 * Source   OpenID Connect Discovery 1.0, 3 and 4
 */
#ifndef CUPEL_SERVER_ISSUER_FETCH_H
#define CUPEL_SERVER_ISSUER_FETCH_H

#include <curl/curl.h>

#include "../token/issuer_keys.h"

enum {
    ISSUER_DISCOVERY_MAX = 64 * 1024, /* bytes of the discovery document */
    ISSUER_CONNECT_MS = 5000,
    ISSUER_TOTAL_MS = 10000, /* of each request */
    ISSUER_RETRY_MS = 2000,  /* after a failure; doubled each time ... */
    ISSUER_RETRY_MOST_MS = 300000,
    ISSUER_ASK_MS = 5000 /* asked for, keys are fetched again that soon and no sooner */
};

enum issuer_stage { ISSUER_RESTS, ISSUER_DISCOVERS, ISSUER_READS };

/* What all issuers share; borrowed. */
struct issuer_means {
    struct crypto *crypto;
    CURLM *multi;
    struct span ca; /* PEM; empty: curl's own */
    int64_t refresh_ms;
};

struct issuer_fetch {
    struct span issuer;
    enum issuer_stage stage;
    CURL *easy;         /* while it does not rest */
    struct arena arena; /* of the attempt */
    struct writer body; /* of the request */
    size_t body_max;
    int64_t due_ms, begun_ms;
    unsigned failures; /* in a row */
    struct arena kept; /* what follows */
    struct span keys;  /* empty: none yet */
    int64_t at;        /* seconds since 1970 */
};

/* Begins an attempt; trouble ends it at once, like any failure. */
void issuer_fetch_begin(struct issuer_fetch *f, const struct issuer_means *m, int64_t now_ms);

/* A request of the issuer's has ended with that code. True when new keys are there. */
bool issuer_fetch_step(struct issuer_fetch *f, const struct issuer_means *m, CURLcode code,
                       int64_t now_ms, int64_t now);

/* Somebody met a key that is not held: the next attempt comes soon. */
void issuer_fetch_hasten(struct issuer_fetch *f, int64_t now_ms);

/* Keeps keys that were fetched before this process began. */
bool issuer_fetch_keep(struct issuer_fetch *f, struct span keys, int64_t at,
                       struct err *err) MUST_USE;

void issuer_fetch_fini(struct issuer_fetch *f, const struct issuer_means *m);

/* What the discovery document must say: this issuer, and where its keys are. */
bool issuer_discovery_read(struct span text, struct span issuer, struct arena *a, const char **out,
                           struct err *err) MUST_USE;

#endif
