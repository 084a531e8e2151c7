#include "roles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../host/file.h"
#include "child.h"
#include "config.h"
#include "log.h"
#include "sandbox.h"
#include "signer.h"
#include "worker.h"

struct signing {
    struct config config;
    size_t count;
    struct crypto *crypto[SIGNER_THREADS_MAX];
    struct keyring *rings[SIGNER_THREADS_MAX];
};

/* In the order of the words of signing_alg and signing_key_bits. */
static const enum sig_alg algs[] = { SIG_RS256, SIG_PS256, SIG_ES256, SIG_ES384 };
static const size_t rsa_bits[] = { 2048, 3072 };

/* Each thread has keys of its own: OpenSSL's objects are shared by nobody. */
static bool open_rings(struct signing *s, struct err *err)
{
    const struct config *c = &s->config;
    const size_t wished = (size_t)c->number[CONFIG_WORKERS];
    char dir[FILE_PATH_MAX];
    const struct report_wish report = { .dir = dir,
                                        .issuer = c->text[CONFIG_BASE_URL],
                                        .key_file = c->text[CONFIG_REPORT_KEY],
                                        .chain_file = c->text[CONFIG_REPORT_CHAIN],
                                        .now = (int64_t)time(NULL) };
    const struct keyring_wish wish = { .dir = dir,
                                       .issuer = c->text[CONFIG_BASE_URL],
                                       .alg = algs[c->number[CONFIG_SIGNING_ALG]],
                                       .rsa_bits = rsa_bits[c->number[CONFIG_SIGNING_KEY_BITS]],
                                       .now = report.now,
                                       .report = &report };

    snprintf(dir, sizeof dir, "%s/keys", c->text[CONFIG_DATA_DIR]);
    while (s->count < wished && s->count < SIGNER_THREADS_MAX) {
        s->crypto[s->count] = crypto_new(err);
        if (!s->crypto[s->count])
            return false;
        s->rings[s->count] = keyring_new(s->crypto[s->count], &wish, err);
        if (!s->rings[s->count])
            return false;
        s->count++;
    }
    return true;
}

/* Best effort: a limit on locked memory would make later allocations fail, so it is asked first. */
static void lock_memory(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
        (limit.rlim_cur == RLIM_INFINITY || geteuid() == 0) &&
        mlockall(MCL_CURRENT | MCL_FUTURE) == 0)
        return;
    log_say(LOG_LEVEL_INFO, "memory is not locked: the limit on locked memory is too low",
            (const char *)NULL);
}

static bool confine(void *arg, struct err *err)
{
    const struct signing *s = arg;
    const struct keyring_key *keys;
    size_t count;

    if (!sandbox_enter(SANDBOX_SIGNER, err))
        return false;
    keys = keyring_keys(s->rings[0], &count);
    for (size_t i = 0; i < count; i++) {
        char kid[SIGNER_KID_MAX + 1];

        snprintf(kid, sizeof kid, "%.*s", SPAN_ARG(keys[i].kid));
        log_say(LOG_LEVEL_INFO,
                keys[i].is_report   ? "key signs reports"
                : keys[i].is_active ? "key signs"
                                    : "key is published",
                "kid", kid, "alg", sig_alg_name(keys[i].alg), (const char *)NULL);
    }
    return true;
}

static bool prepare(struct signing *s, struct err *err)
{
    struct sandbox_report report;

    if (!open_rings(s, err) || !sandbox_become(s->config.text[CONFIG_USER], err))
        return false;
    lock_memory();
    if (!sandbox_drop_files(&report, err))
        return false;
    if (report.missing[0] != '\0')
        log_say(LOG_LEVEL_WARNING, "part of the sandbox is not available", "missing",
                report.missing, (const char *)NULL);
    return true;
}

static bool serve(struct signing *s, struct err *err)
{
    const struct signer_settings settings = { .rings = s->rings,
                                              .thread_count = s->count,
                                              .control_fd = CHILD_CONTROL_FD,
                                              .confine = confine,
                                              .confine_arg = s };

    return signer_run(&settings, err);
}

int role_signer(void)
{
    static struct signing s;
    struct err e = { 0 };

    if (!config_init(&s.config, &e) || !config_receive(&s.config, CHILD_CONFIG_FD, &e)) {
        log_err(LOG_LEVEL_ERROR, "the signing process has no configuration", &e);
        return WORKER_EXIT_FAILED;
    }
    close(CHILD_CONFIG_FD);
    log_open("signer", (enum log_level)s.config.number[CONFIG_LOG_LEVEL],
             (enum log_form)s.config.number[CONFIG_LOG_FORMAT]);
    if (!prepare(&s, &e) || !serve(&s, &e)) {
        log_err(LOG_LEVEL_ERROR, "the signing process cannot begin", &e);
        return WORKER_EXIT_FAILED;
    }
    for (size_t i = 0; i < s.count; i++) {
        keyring_free(s.rings[i]);
        crypto_free(s.crypto[i]);
    }
    return WORKER_EXIT_CLEAN;
}
