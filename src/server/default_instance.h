/*
 * default_instance - the instance that the configuration describes
 *
 * Shape    its name is DEFAULT_INSTANCE, its issuer the base URL, its host what stands between the
 *          URL's "//" and the next "/"; trust model AAD
 * Errors   malformed: the base URL has no host
 */
#ifndef CUPEL_SERVER_DEFAULT_INSTANCE_H
#define CUPEL_SERVER_DEFAULT_INSTANCE_H

#include "../store/change.h"

#define DEFAULT_INSTANCE "default"

/* Fills in kind and instance of the change that brings the instance in line with the URL;
 * *is_needed is false when it is so already. `now` is NULL while there is none. */
bool default_instance_change(const struct store_instance *now, const char *base_url,
                             struct arena *a, struct change *out, bool *is_needed,
                             struct err *err) MUST_USE;

/* Where instances get their addresses when nobody says: the host of the URL with its port. An IP
 * address has no names below it, nor has localhost: there it is attest.localhost and the port for
 * this machine's own, and nothing (empty) otherwise. */
bool default_instance_domain(const char *base_url, struct arena *a, struct span *out,
                             struct err *err) MUST_USE;

#endif
