/*
 * signer - the process that holds the signing keys and has no network
 *
 * Shape    a thread for each worker's pair, as many as were asked for; each with keys of its own,
 *          so that signatures are made at the same time without a lock between them
 * Rule     it reads two kinds of messages and nothing else; what it cannot read ends the
 *          connection; a worker that does not take its answers is not read until it does
 * Source   docs/formats/signer.md
 */
#ifndef CUPEL_SERVER_SIGNER_H
#define CUPEL_SERVER_SIGNER_H

#include "../keys/keyring.h"
#include "signer_message.h"

enum { SIGNER_THREADS_MAX = 64, SIGNER_PAIRS_MAX = 64 /* of one thread */ };

/* Answers one packet into w, which has room for SIGNER_PACKET_MAX. False when the packet is none of
 * the messages that may be asked. */
bool signer_reply(struct keyring *k, struct span packet, struct writer *w,
                  struct err *err) MUST_USE;

struct signer_settings {
    struct keyring **rings; /* one for each thread, with a crypto context of its own; borrowed */
    size_t thread_count;
    int control_fd; /* from the supervisor: packets "W" with a worker's pair attached; adopted */

    /* Called once the threads run: the place to give up rights. False ends the process. */
    bool (*confine)(void *arg, struct err *err);
    void *confine_arg;
};

/* Serves until the supervisor and every worker are gone. False with err when it could not begin. */
bool signer_run(const struct signer_settings *s, struct err *err) MUST_USE;

/* The worker's half: asks for the public keys and waits, at most that long. The answer borrows from
 * the arena. */
bool signer_ask_keys(int signer_fd, int wait_ms, struct arena *a, struct signer_answer *out,
                     struct err *err) MUST_USE;

#endif
