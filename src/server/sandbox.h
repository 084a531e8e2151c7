/*
 * sandbox - a process gives up what it will not need: files, programs, other processes, new sockets
 *
 * Shape    no_new_privs and no core dumps; Landlock with no rights at all, as far as the kernel has
 *          it; a seccomp list of the system calls a role may make. Everything else fails with EPERM
 * Rule     entered once, when everything is open and every thread runs. There is no way back
 * Errors   internal: what every supported kernel has could not be set. What only some kernels have
 *          is reported, not an error
 */
#ifndef CUPEL_SERVER_SANDBOX_H
#define CUPEL_SERVER_SANDBOX_H

#include "../base/err.h"

enum sandbox_role {
    SANDBOX_WORKER, /* accepts connections on sockets it has, reads, writes, waits */
    SANDBOX_SIGNER, /* reads and answers messages on Unix sockets it has */
    SANDBOX_KEEPER, /* as the signer, and reads and writes files */
    SANDBOX_FETCHER /* opens connections, and reads what names are resolved with */
};

struct sandbox_report {
    int landlock_abi;  /* 0: the kernel has none, or it is switched off */
    char missing[160]; /* what was not available, in words; empty: everything was */
};

/* Landlock is per thread: call it before threads are started, which inherit it. */
bool sandbox_drop_files(struct sandbox_report *out, struct err *err) MUST_USE;

/* As sandbox_drop_files, but for the files in one directory, which may be read, written, made and
 * removed. */
bool sandbox_keep_dir(const char *dir, struct sandbox_report *out, struct err *err) MUST_USE;

/* As sandbox_drop_files, but what the resolver is configured with may be read, and connections may
 * be opened. */
bool sandbox_keep_names(struct sandbox_report *out, struct err *err) MUST_USE;

/* The rest, for all threads of the process. */
bool sandbox_enter(enum sandbox_role role, struct err *err) MUST_USE;

/* Becomes that user and its groups, for good. Nothing is done when the process is not root's. */
bool sandbox_become(const char *user, struct err *err) MUST_USE;

#endif
