/*
 * fetcher - the process that reaches the issuers of access tokens, and sees no client's data
 *
 * Shape    one thread: every issuer is fetched when it is due or, not too often, when a worker
 * asks; what is good is published (page.h, issuer_image.h). Workers' asks come over one socket that
 * they share; a packet that is no ask is dropped Rule     it holds no key and no client's bytes,
 * and what it fetched is outside bytes to workers Source   docs/formats/fetcher.md
 */
#ifndef CUPEL_SERVER_FETCHER_H
#define CUPEL_SERVER_FETCHER_H

#include "issuer_image.h"
#include "page.h"

struct fetcher_settings {
    const struct span *issuers; /* borrowed; in the order that asks name them by */
    size_t issuer_count;
    struct span ca; /* PEM of the anchors; empty: curl's own */
    int64_t refresh_seconds;
    int page_fd;    /* writable; what is published there already is kept */
    int ask_fd;     /* SOCK_SEQPACKET or SOCK_DGRAM */
    int control_fd; /* its end is ours */
    struct crypto *crypto;

    /* Called when everything is ready: the place to give up rights. False ends the process. */
    bool (*confine)(void *arg, struct err *err);
    void *confine_arg;
};

/* Fetches until the control channel ends. False with err when it could not begin. */
bool fetcher_run(const struct fetcher_settings *s, struct err *err) MUST_USE;

#endif
