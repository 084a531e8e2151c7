/*
 * config_check - files and names of a configuration that are used only while serving: what
 * --check-config looks at beside what a worker loads (roles.h)
 *
 * Rule     looks, and makes nothing
 * Errors   those of file.h and tls.h, the configuration key in the path; missing: no such user
 */
#ifndef CUPEL_SERVER_CONFIG_CHECK_H
#define CUPEL_SERVER_CONFIG_CHECK_H

#include "config.h"

/* Tells whether the certificate and the key for TLS are a pair, the anchors of clients and of
 * issuers hold certificates, and the user exists. */
bool config_check_files(const struct config *c, struct err *err) MUST_USE;

#endif
