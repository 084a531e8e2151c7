/*
 * audit_head - a place in the audit chain as people write it: NUMBER:HASH
 */
#ifndef CUPEL_CLI_AUDIT_HEAD_H
#define CUPEL_CLI_AUDIT_HEAD_H

#include "../store/audit.h"

/* Reads "17:" and 64 hexadecimal digits; malformed, path "--head". */
bool audit_head_read(const char *text, struct audit_head *out, struct err *err) MUST_USE;

#endif
