/*
 * issuers - the OpenID issuers of a configuration: their names, their keys, what their tokens must
 * say
 *
 * Shape    keys come from a file of the operator's (token_keys) or from the fetching process
 *          (token_issuers), which are taken over as they are published; keys that are taken stay
 *          until others come, but are not used longer than token_keys_max_age_seconds after they
 *          were fetched
 * Errors   malformed (an issuer that is no https URL, one said twice), limit, those of
 *          issuer_keys.h and file.h; the configuration key is the path
 */
#ifndef CUPEL_SERVER_ISSUERS_H
#define CUPEL_SERVER_ISSUERS_H

#include "../token/bearer.h"
#include "config.h"
#include "issuer_image.h"
#include "page.h"

struct issuers {
    struct bearer_rules rules; /* over what follows */
    struct bearer_issuer items[BEARER_ISSUERS_MAX];
    struct span audiences[BEARER_AUDIENCES_MAX];
    struct issuer_keys *held[BEARER_ISSUERS_MAX];
    int64_t at[BEARER_ISSUERS_MAX]; /* when those were fetched */
    int64_t max_age;
    size_t fetched; /* the first so many are fetched, in the order of token_issuers */
    struct crypto *crypto;
    struct page *page; /* what the fetching process publishes; NULL: nothing is fetched */
    uint64_t turn;     /* of the page, when it was last read */
    int ask_fd;
};

/* Reads names and audiences; keys of files are read when a crypto context is given. Spans point
 * into the configuration; `a` is for the bytes of files. */
bool issuers_load(struct issuers *out, const struct config *c, struct crypto *crypto,
                  struct arena *a, struct err *err) MUST_USE;

/* Maps the page of the fetching process (adopted) and keeps the socket for asks. */
bool issuers_connect(struct issuers *s, int page_fd, int ask_fd, struct err *err) MUST_USE;

/* Takes over what was published since the last look; keys that cannot be read change nothing. Keys
 * that are too old at that moment are not used any more. */
void issuers_refresh(struct issuers *s, int64_t now);

/* Tells the fetching process that a key of that issuer is not held. Never waits. */
void issuers_ask(const struct issuers *s, size_t issuer);

void issuers_fini(struct issuers *s);

#endif
