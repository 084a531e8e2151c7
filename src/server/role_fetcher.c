#include "roles.h"

#include <curl/curl.h>
#include <netdb.h>
#include <unistd.h>

#include "../host/file.h"
#include "child.h"
#include "fetcher.h"
#include "issuers.h"
#include "log.h"
#include "sandbox.h"
#include "worker.h"

enum { ANCHORS_MAX = 4 * 1024 * 1024, FETCHER_MEMORY = 16 * 1024 * 1024 };

struct fetching {
    struct config config;
    struct arena arena;
    struct crypto *crypto;
    struct issuers issuers;
    struct span names[BEARER_ISSUERS_MAX];
    struct span ca;
};

/* Read now: later, no file is. Without a file of ours, curl's, which is the system's. */
static bool load_anchors(struct fetching *f, struct err *err)
{
    const char *ours = f->config.text[CONFIG_TOKEN_ISSUER_CA];
    const char *path = ours ? ours : curl_version_info(CURLVERSION_NOW)->cainfo;

    if (path && !file_read(path, ANCHORS_MAX, &f->arena, &f->ca, err))
        return err_in(err, ours ? "token_issuer_ca" : "the system's certificates");
    return f->ca.n > 0 || err_fail(err, ERR_MISSING, NULL, "there are no certificates to trust") ||
           err_in(err, "token_issuer_ca");
}

/* The resolver loads what it is configured with when it is first asked. */
static void warm_resolver(void)
{
    struct addrinfo *found = NULL;

    if (getaddrinfo("localhost", "443", NULL, &found) == 0)
        freeaddrinfo(found);
}

static bool prepare(struct fetching *f, struct err *err)
{
    f->arena = arena_over(FETCHER_MEMORY);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_fail(err, ERR_INTERNAL, NULL, "curl does not begin");
    f->crypto = crypto_new(err);
    if (!f->crypto || !issuers_load(&f->issuers, &f->config, NULL, &f->arena, err) ||
        !load_anchors(f, err))
        return false;
    for (size_t i = 0; i < f->issuers.fetched; i++)
        f->names[i] = f->issuers.items[i].issuer;
    warm_resolver();
    return true;
}

static bool confine(void *arg, struct err *err)
{
    const struct fetching *f = arg;
    struct sandbox_report report;

    if (!sandbox_become(f->config.text[CONFIG_USER], err) || !sandbox_keep_names(&report, err) ||
        !sandbox_enter(SANDBOX_FETCHER, err))
        return false;
    if (report.missing[0] != '\0')
        log_say(LOG_LEVEL_WARNING, "part of the sandbox is not available", "missing",
                report.missing, (const char *)NULL);
    return true;
}

static bool serve(struct fetching *f, struct err *err)
{
    const struct fetcher_settings s = {
        .issuers = f->names,
        .issuer_count = f->issuers.fetched,
        .ca = f->ca,
        .refresh_seconds = f->config.number[CONFIG_TOKEN_REFRESH],
        .page_fd = CHILD_ISSUERS_FD,
        .ask_fd = CHILD_ASK_FD,
        .control_fd = CHILD_CONTROL_FD,
        .crypto = f->crypto,
        .confine = confine,
        .confine_arg = f,
    };

    return fetcher_run(&s, err);
}

int role_fetcher(void)
{
    static struct fetching f;
    struct err e = { 0 };

    if (!config_init(&f.config, &e) || !config_receive(&f.config, CHILD_CONFIG_FD, &e)) {
        log_err(LOG_LEVEL_ERROR, "the fetching process has no configuration", &e);
        return WORKER_EXIT_FAILED;
    }
    close(CHILD_CONFIG_FD);
    log_open("fetcher", (enum log_level)f.config.number[CONFIG_LOG_LEVEL],
             (enum log_form)f.config.number[CONFIG_LOG_FORMAT]);
    if (prepare(&f, &e) && serve(&f, &e))
        return WORKER_EXIT_CLEAN;
    log_err(LOG_LEVEL_ERROR, "the fetching process cannot begin", &e);
    return WORKER_EXIT_FAILED;
}
