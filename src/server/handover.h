/*
 * handover - a descriptor given to another process over a pair of sockets
 *
 * Shape    a packet of one byte, "W", with one descriptor attached (SCM_RIGHTS)
 */
#ifndef CUPEL_SERVER_HANDOVER_H
#define CUPEL_SERVER_HANDOVER_H

#include "../base/err.h"

/* Hands a descriptor over. It stays the caller's, too. */
bool handover_give(int control_fd, int fd, struct err *err) MUST_USE;

/* Takes the next one: -1 for a packet to be dropped. False at the end. */
bool handover_take(int control_fd, int *out);

#endif
