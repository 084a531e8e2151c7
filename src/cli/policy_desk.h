/*
 * policy_desk - what the verbs about policies share: a policy read from a file, compiled, and what
 * was found in it
 *
 * Shape    a file holds a policy's text, or a JWS as PUT /policies takes it: then the text inside
 * is meant, and a signature that does not hold is an error Rule     a policy that does not compile
 * is no error here: its diagnostics say so
 */
#ifndef CUPEL_CLI_POLICY_DESK_H
#define CUPEL_CLI_POLICY_DESK_H

#include "../policy/policy.h"
#include "cli.h"

enum { EXIT_NOT_COMPILED = 2 };

struct desk_policy {
    const char *path;
    struct span text;
    bool is_jws;
    struct policy *policy; /* NULL: it does not compile */
    struct policy_diagnostics found;
};

/* Reads the policy in a file. */
bool desk_read(struct cli *c, struct crypto *crypto, const char *path, struct desk_policy *out,
               struct err *err) MUST_USE;

/* Compiles what was read. False for our own troubles only. */
bool desk_compile(struct crypto *crypto, struct desk_policy *p, struct err *err) MUST_USE;

/* desk_read, then desk_compile. */
bool desk_open(struct cli *c, struct crypto *crypto, const char *path, struct desk_policy *out,
               struct err *err) MUST_USE;

/* Gives the compiled policy back; all-zero is fine. */
void desk_close(struct desk_policy *p);

/* Prints what was found, errors and warnings, to standard error. */
void desk_print_found(struct cli *c, const struct desk_policy *p);

/* Tells whether a word is an attestation type ("SgxEnclave", ...; case ignored); fails otherwise,
 * naming them. NULL fails, too. */
bool desk_check_type(const char *word, struct err *err) MUST_USE;

#endif
