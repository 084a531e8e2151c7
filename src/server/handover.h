/*
 * handover - a descriptor given to another process over a pair of sockets
 *
 * Shape    a packet of one byte that says what it is, with one descriptor attached (SCM_RIGHTS)
 */
#ifndef CUPEL_SERVER_HANDOVER_H
#define CUPEL_SERVER_HANDOVER_H

#include "../base/err.h"

enum handover_kind {
    HANDOVER_PAIR = 'W',  /* an end of a worker's pair */
    HANDOVER_CONFIG = 'C' /* a configuration, as config_hand_over makes it */
};

/* Hands a descriptor over. It stays the caller's, too. */
bool handover_give_as(int control_fd, enum handover_kind kind, int fd, struct err *err) MUST_USE;

/* The same for a pair. */
bool handover_give(int control_fd, int fd, struct err *err) MUST_USE;

/* Takes the next one, whatever it is: -1 for a packet to be dropped. False at the end. */
bool handover_take_any(int control_fd, enum handover_kind *kind, int *out);

/* The same where only pairs are taken. */
bool handover_take(int control_fd, int *out);

#endif
