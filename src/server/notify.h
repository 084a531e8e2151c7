/*
 * notify - tells the service manager how we are (sd_notify, without its library)
 *
 * Source   sd_notify(3): a datagram to the Unix socket that NOTIFY_SOCKET names
 */
#ifndef CUPEL_SERVER_NOTIFY_H
#define CUPEL_SERVER_NOTIFY_H

/* Sends "READY=1", "RELOADING=1" or "STOPPING=1"; does nothing where nobody listens. */
void notify(const char *state);

#endif
