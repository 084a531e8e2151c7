/*
 * endpoint - the file that says where a running service is reached
 *
 * Shape    DATA_DIR/run/endpoint.json, {"url", "ca", "admin_url"}; there while the service serves
 * Errors   io, limit
 */
#ifndef CUPEL_SERVER_ENDPOINT_H
#define CUPEL_SERVER_ENDPOINT_H

#include "../base/err.h"

struct endpoint {
    const char *url;
    const char *ca; /* a file; NULL when the certificate is not ours to vouch for */
    const char *admin_url;
};

/* Writes the file whole: who reads it sees all of it or none. */
bool endpoint_write(const char *data_dir, const struct endpoint *e, struct err *err) MUST_USE;

/* Removes the file, if it is there. */
void endpoint_remove(const char *data_dir);

#endif
