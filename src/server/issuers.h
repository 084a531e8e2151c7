/*
 * issuers - the OpenID issuers of a configuration: their names, their keys, what their tokens must
 * say
 *
 * Shape    keys come from a file of the operator's (token_keys) or from the fetching process
 *          (token_issuers), which are taken over as they are published; keys that are taken stay
 *          until others come
 * Errors   malformed (an issuer that is no https URL, one said twice), limit, those of
 *          issuer_keys.h and file.h; the configuration key is the path
 */
#ifndef CUPEL_SERVER_ISSUERS_H
#define CUPEL_SERVER_ISSUERS_H

#include "../token/bearer.h"
#include "config.h"

enum { ISSUER_TEXT_MAX = 512 };

struct issuers {
    struct bearer_rules rules; /* over what follows */
    struct bearer_issuer items[BEARER_ISSUERS_MAX];
    struct span audiences[BEARER_AUDIENCES_MAX];
    struct issuer_keys *held[BEARER_ISSUERS_MAX];
    size_t fetched; /* the first so many are fetched, in the order of token_issuers */
};

/* Reads names and audiences; keys of files are read when a crypto context is given. Spans point
 * into the configuration; `a` is for the bytes of files. */
bool issuers_load(struct issuers *out, const struct config *c, struct crypto *crypto,
                  struct arena *a, struct err *err) MUST_USE;

/* Gives an issuer that is fetched its keys; bad ones change nothing. */
bool issuers_take(struct issuers *s, struct crypto *crypto, size_t issuer, struct span keys,
                  struct err *err) MUST_USE;

void issuers_fini(struct issuers *s);

#endif
