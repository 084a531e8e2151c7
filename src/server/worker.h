/*
 * worker - the process that speaks with clients: TLS, requests, judgement; no keys of tokens, no
 * files
 *
 * Shape    one event loop: the HTTP server, the channel to the signing process, the channel to the
 *          supervisor. Everything it needs was opened or read before
 * Channels signer_fd   packets of signer_message.h, many outstanding; its end is the worker's end
 *          control_fd  packets of plain words: sends "ready" once it serves, takes "drain". Its
 * end, and SIGTERM, mean "drain" too
 */
#ifndef CUPEL_SERVER_WORKER_H
#define CUPEL_SERVER_WORKER_H

#include "../api/api.h"
#include "keep_channel.h"
#include "limits.h"
#include "metrics.h"

enum worker_exit {
    WORKER_EXIT_CLEAN = 0,     /* drained */
    WORKER_EXIT_FAILED = 70,   /* could not begin to serve: the log says why */
    WORKER_EXIT_NO_SIGNER = 75 /* the signing process went away: start both again */
};

struct worker_settings {
    struct api *api;       /* borrowed, as everything here but the descriptors */
    const int *listen_fds; /* adopted */
    size_t listen_count;
    struct span tls_chain_pem; /* empty: plain */
    struct span tls_key_pem;
    struct span tls_client_anchors_pem; /* empty: clients are not asked for certificates */
    int signer_fd;                      /* SOCK_SEQPACKET, adopted */
    int control_fd;                     /* SOCK_SEQPACKET, adopted; -1: none */
    struct keep_channel *keep;          /* to the keeper, adopted; NULL: none */
    struct metrics *metrics;            /* this worker's page, or NULL */
    struct server_limits limits;
    const char *name; /* for the Server header */

    /* The most bytes of body that a request may bring; NULL: HTTP_BODY_DEFAULT for all. */
    size_t (*body_limit)(const struct http_request *head);

    /* Called when everything is open and set up, just before "ready": the place to give up rights.
     * NULL: nothing. False ends the worker with WORKER_EXIT_FAILED. */
    bool (*confine)(void *arg, struct err *err);
    void *confine_arg;
};

/* Serves until drained and returns an exit status of enum worker_exit. */
int worker_run(const struct worker_settings *s);

#endif
