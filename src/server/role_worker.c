#include "roles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../base/when.h"
#include "../collateral/roots.h"
#include "../collateral/sets.h"
#include "../host/file.h"
#include "child.h"
#include "config.h"
#include "default_instance.h"
#include "issuers.h"
#include "log.h"
#include "measuring.h"
#include "sandbox.h"
#include "signer.h"
#include "worker.h"

enum {
    MEMORY_MAX_BYTES = 64 * 1024 * 1024,
    TLS_FILE_MAX = 256 * 1024,
    POLICY_FILE_MAX = 1024 * 1024,
    KEYS_WAIT_MS = 120000, /* the first start makes an RSA key */
    FMSPC_SIZE = 6,
    WARNED_SETS_MAX = 16, /* lines about collateral at one start */
    POLICIES_MAX = CONFIG_POLICY_TPM - CONFIG_POLICY_SGX + 1
};

/* All that a worker holds while it serves. */
struct working {
    const struct config *config;
    struct arena arena;
    struct crypto *crypto;
    struct root_list roots;
    struct collateral_sets sets;
    struct span tls_chain, tls_key, tls_client_anchors;
    struct attest_policy_text policies[POLICIES_MAX];
    size_t policy_count;
    struct attest_key keys[SIGNER_KEYS_MAX + RETIRED_CHAINS_MAX];
    size_t key_count;
    struct access_list access;
    struct identify identify;
    struct issuers issuers;
    struct measuring measuring;
    struct attest_service *service;
    struct api *api;
    struct metrics *metrics;
    struct keep_channel *keep;
    struct keep kept; /* what handlers see of it */
};

static bool load_tls(struct working *w, struct err *err)
{
    const struct config *c = w->config;

    if (!file_read(c->text[CONFIG_TLS_CERT], TLS_FILE_MAX, &w->arena, &w->tls_chain, err))
        return err_in(err, "tls_cert");
    if (!file_read(c->text[CONFIG_TLS_KEY], TLS_FILE_MAX, &w->arena, &w->tls_key, err))
        return err_in(err, "tls_key");
    return !c->text[CONFIG_TLS_CLIENT_CA] ||
           file_read(c->text[CONFIG_TLS_CLIENT_CA], TLS_FILE_MAX, &w->arena, &w->tls_client_anchors,
                     err) ||
           err_in(err, "tls_client_ca");
}

static bool load_roots(struct working *w, struct err *err)
{
    const char *words[ROOTS_MAX];
    struct root_list list;
    struct root_key *all;
    size_t at = 0, n = 0;
    struct span word;

    while (config_list_next(w->config, CONFIG_ROOTS, &at, &word)) {
        if (n == ROOTS_MAX)
            return err_fail(err, ERR_LIMIT, NULL, "more than %d roots", ROOTS_MAX) ||
                   err_in(err, "roots");
        words[n] = (const char *)arena_dup(&w->arena, word).p;
        if (!words[n++])
            return arena_fail(&w->arena, err);
    }
    if (!roots_load(w->crypto, words, n, &w->arena, &list, err))
        return err_in(err, "roots");
    all = ARENA_ARRAY(&w->arena, struct root_key, list.count + 1);
    if (!all)
        return arena_fail(&w->arena, err);
    memcpy(all, list.items, list.count * sizeof *all);
    if (w->config->number[CONFIG_DEV])
        all[list.count++] = root_lab;
    w->roots = (struct root_list){ all, list.count };
    return true;
}

static bool load_collateral(struct working *w, struct err *err)
{
    const char *dir = w->config->text[CONFIG_COLLATERAL_DIR];

    return !dir || collateral_sets_load(w->crypto, dir, &w->roots, &w->sets, err) ||
           err_in(err, "collateral_dir");
}

static bool load_policies(struct working *w, struct err *err)
{
    for (int id = CONFIG_POLICY_SGX; id <= CONFIG_POLICY_TPM; id++) {
        const char *path = w->config->text[id], *name = config_keys[id].name;
        struct attest_policy_text *p = &w->policies[w->policy_count];

        if (!path)
            continue;
        p->attestation_type = strchr(name, '.') + 1;
        if (!file_read(path, POLICY_FILE_MAX, &w->arena, &p->text, err))
            return err_in(err, name);
        w->policy_count++;
    }
    return true;
}

/* Who has which role. */
static bool load_access(struct working *w, struct err *err)
{
    const char *path = w->config->text[CONFIG_ACCESS_FILE];
    struct span text = { 0 };

    if (!access_list_init(&w->access, &w->arena, err))
        return false;
    if (!issuers_load(&w->issuers, w->config, w->crypto, &w->arena, err))
        return false;
    w->identify = (struct identify){ .crypto = w->crypto, .list = &w->access };
    if (w->issuers.rules.issuer_count > 0)
        w->identify.bearer = &w->issuers.rules;
    if (path && (!file_read(path, ACCESS_FILE_MAX, &w->arena, &text, err) ||
                 !access_list_read(&w->access, text, err)))
        return err_in(err, "access_file");
    return !w->config->number[CONFIG_DEV] || access_list_add_desk(&w->access, w->crypto, err);
}

static bool load_keys(struct working *w, struct err *err)
{
    struct signer_answer a;

    if (!signer_ask_keys(CHILD_SIGNER_FD, KEYS_WAIT_MS, &w->arena, &a, err))
        return err_in(err, "signer");
    for (size_t i = 0; i < a.key_count; i++) {
        w->keys[i] = (struct attest_key){ .alg = a.keys[i].alg,
                                          .kid = a.keys[i].kid,
                                          .kty = a.keys[i].kty,
                                          .cert = a.keys[i].cert,
                                          .issuer_count = a.keys[i].issuer_count,
                                          .is_report = a.keys[i].is_report };
        memcpy(w->keys[i].issuers, a.keys[i].issuers, sizeof a.keys[i].issuers);
    }
    memcpy(w->keys + a.key_count, w->measuring.retired,
           w->measuring.retired_count * sizeof *w->keys);
    w->key_count = a.key_count + w->measuring.retired_count;
    return true;
}

/* In the order of the words of the configuration keys. */
static const enum tcb_profile profiles[] = { TCB_AZURE, TCB_STRICT, TCB_LENIENT, TCB_ANY };
static const enum freshness freshnesses[] = { FRESH_STRICT, FRESH_GRACE, FRESH_PINNED };

static bool make_service(struct working *w, struct err *err)
{
    const struct config *c = w->config;
    const bool is_judged_then = c->text[CONFIG_INSECURE_JUDGE_AT] != NULL;
    const struct attest_settings s = {
        .crypto = w->crypto,
        .issuer = span_str(c->text[CONFIG_BASE_URL]),
        .roots = &w->roots,
        .sets = w->sets.items,
        .set_count = w->sets.count,
        .keys = w->keys,
        .key_count = w->key_count,
        .tpm = &w->measuring.settings,
        .profile = profiles[c->number[CONFIG_TCB_PROFILE]],
        .freshness = freshnesses[c->number[CONFIG_FRESHNESS]],
        .grace_seconds = c->number[CONFIG_FRESHNESS_GRACE],
        .least_evaluation_number = (uint32_t)c->number[CONFIG_LEAST_EVALUATION_NUMBER],
        .policy_profile = c->text[CONFIG_POLICY_PROFILE],
        .policies = w->policies,
        .policy_count = w->policy_count,
        .nbf_backdate = c->number[CONFIG_NBF_BACKDATE],
        .judge_at = is_judged_then ? c->number[CONFIG_INSECURE_JUDGE_AT] : -1,
        .cache_entries = (size_t)c->number[CONFIG_CACHE_ENTRIES],
    };

    w->service = attest_service_new(&s, err);
    return w->service != NULL;
}

static void refresh_keys(void *context)
{
    issuers_refresh(context, (int64_t)time(NULL));
}

static void want_keys(void *context, size_t issuer)
{
    issuers_ask(context, issuer);
}

static bool connect_issuers(struct working *w, struct err *err)
{
    w->identify.refresh_keys = refresh_keys;
    w->identify.want_keys = want_keys;
    w->identify.context = &w->issuers;
    return issuers_connect(&w->issuers, CHILD_ISSUERS_FD, CHILD_ASK_FD, err);
}

/* Where a caller that was refused is sent for a token, and what it is to be for. */
static struct span authority_of(const struct working *w)
{
    const struct bearer_rules *r = &w->issuers.rules;

    return r->issuer_count > 0 ? r->issuers[0].issuer : (struct span){ 0 };
}

static struct span audience_of(const struct working *w)
{
    const struct bearer_rules *r = &w->issuers.rules;

    return r->audience_count > 0 ? r->audiences[0] : (struct span){ 0 };
}

static bool find_domain(const struct config *c, struct arena *a, struct span *out, struct err *err)
{
    const char *said = c->text[CONFIG_INSTANCE_DOMAIN];

    *out = said ? span_str(said) : (struct span){ 0 };
    return said || default_instance_domain(c->text[CONFIG_BASE_URL], a, out, err);
}

static bool make_api(struct working *w, struct err *err)
{
    struct span domain;
    struct api_settings s = { .service = w->service,
                              .version = span_str(CUPEL_VERSION ".0"),
                              .identify = &w->identify,
                              .keep = &w->kept,
                              .tpm = &w->measuring.api,
                              .default_hosts = span_str(w->config->text[CONFIG_DEFAULT_HOSTS]),
                              .token_authority = authority_of(w),
                              .token_audience = audience_of(w),
                              .is_attest_closed =
                                  w->config->number[CONFIG_ATTEST_AUTHENTICATION] != 0,
                              .memory_max = (size_t)w->config->number[CONFIG_MEMORY_MAX] };

    if (!find_domain(w->config, &w->arena, &domain, err))
        return false;
    s.instance_domain = domain;
    w->api = api_new(&s, err);
    return w->api != NULL;
}

static bool map_metrics(struct working *w, struct err *err)
{
    void *page =
        mmap(NULL, sizeof *w->metrics, PROT_READ | PROT_WRITE, MAP_SHARED, CHILD_METRICS_FD, 0);

    if (page == MAP_FAILED)
        return err_fail(err, ERR_IO, NULL, "no page for counters: %s", strerror(errno));
    w->metrics = page;
    close(CHILD_METRICS_FD);
    return true;
}

/* A connection is a descriptor; the usual soft limit of 1,024 is for programs that use select. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* What comes from files. */
static bool load_files(struct working *w, struct err *err)
{
    w->arena = arena_over(MEMORY_MAX_BYTES);
    w->crypto = crypto_new(err);
    return w->crypto && load_roots(w, err) && load_collateral(w, err) && load_policies(w, err) &&
           load_access(w, err) &&
           measuring_load(&w->measuring, w->config, w->crypto, &w->arena, err);
}

static bool load_keep(struct working *w, struct err *err)
{
    w->keep = keep_channel_new(CHILD_KEEPER_FD, CHILD_PAGE_FD, err);
    if (!w->keep)
        return err_in(err, "keeper");
    w->kept = keep_channel_keep(w->keep);
    return true;
}

static bool load(struct working *w, struct err *err)
{
    raise_descriptor_limit();
    return load_keep(w, err) && load_files(w, err) && connect_issuers(w, err) &&
           measuring_connect(&w->measuring, w->config, CHILD_CONTEXTS_FD, CHILD_SPENT_FD, err) &&
           load_tls(w, err) && load_keys(w, err) && make_service(w, err) && make_api(w, err) &&
           map_metrics(w, err);
}

bool role_worker_check(const struct config *c, struct err *err)
{
    struct working w = { .config = c };
    bool is_well = load_files(&w, err) && (!c->text[CONFIG_TLS_CERT] || load_tls(&w, err)) &&
                   make_service(&w, err);

    if (w.service)
        attest_service_free(w.service); /* the sets with it, but not their list */
    else
        collateral_sets_fini(&w.sets);
    free(w.sets.items);
    issuers_fini(&w.issuers);
    crypto_free(w.crypto);
    arena_fini(&w.arena);
    return is_well;
}

static bool confine(void *arg, struct err *err)
{
    const struct working *w = arg;
    struct sandbox_report report;

    if (!sandbox_become(w->config->text[CONFIG_USER], err) || !sandbox_drop_files(&report, err) ||
        !sandbox_enter(SANDBOX_WORKER, err))
        return false;
    if (report.missing[0] != '\0')
        log_say(LOG_LEVEL_WARNING, "part of the sandbox is not available", "missing",
                report.missing, (const char *)NULL);
    return true;
}

static struct server_limits limits_of(const struct config *c)
{
    struct server_limits l = SERVER_LIMITS_DEFAULT;

    l.handshake_ms = (uint32_t)c->number[CONFIG_HANDSHAKE_SECONDS] * 1000;
    l.header_ms = (uint32_t)c->number[CONFIG_HEADER_SECONDS] * 1000;
    l.body_ms = (uint32_t)c->number[CONFIG_BODY_SECONDS] * 1000;
    l.response_ms = (uint32_t)c->number[CONFIG_RESPONSE_SECONDS] * 1000;
    l.idle_ms = (uint32_t)c->number[CONFIG_IDLE_SECONDS] * 1000;
    l.drain_ms = (uint32_t)c->number[CONFIG_DRAIN_SECONDS] * 1000;
    l.connections = (uint32_t)c->number[CONFIG_CONNECTIONS_MAX];
    l.per_address = (uint32_t)c->number[CONFIG_CONNECTIONS_PER_ADDRESS_MAX];
    l.handshakes = (uint32_t)c->number[CONFIG_HANDSHAKES_MAX];
    return l;
}

/* A policy that lets debug evidence through is the operator's right, and said at every start. */
static void warn_of_debug(const struct working *w)
{
    const char *type = attest_permits_debug(w->service);

    if (type)
        log_say(LOG_LEVEL_WARNING, "the policy in force permits debuggable enclaves", "type", type,
                (const char *)NULL);
}

static void warn_of_set(const struct dcap_collateral *k, const struct dcap_window *window)
{
    struct span fmspc = dcap_collateral_fmspc(k);
    char name[2 * FMSPC_SIZE + 1] = "", from[WHEN_TEXT], to[WHEN_TEXT];

    for (size_t i = 0; i < fmspc.n && i < FMSPC_SIZE; i++)
        snprintf(name + 2 * i, 3, "%02x", fmspc.p[i]);
    if (window->not_after < window->not_before)
        log_say(LOG_LEVEL_WARNING, "a set of collateral is not sound", "fmspc", name,
                (const char *)NULL);
    else
        log_say(LOG_LEVEL_WARNING, "a set of collateral is not valid now", "fmspc", name, "from",
                when_str(window->not_before, from), "to", when_str(window->not_after, to),
                (const char *)NULL);
}

/* Bad collateral stops nothing: evidence that needs it is refused, one request at a time. Whoever
 * put it there hears of it when it is loaded. */
static void warn_of_collateral(const struct working *w)
{
    const bool is_judged_then = w->config->text[CONFIG_INSECURE_JUDGE_AT] != NULL;
    int64_t now = is_judged_then ? w->config->number[CONFIG_INSECURE_JUDGE_AT] : time(NULL);
    size_t said = 0;

    for (size_t i = 0; i < w->sets.count && said < WARNED_SETS_MAX; i++) {
        struct dcap_window window = dcap_collateral_window(w->sets.items[i]);

        if (window.not_before <= now && now <= window.not_after)
            continue;
        warn_of_set(w->sets.items[i], &window);
        said++;
    }
}

static int serve(struct working *w)
{
    static const int listeners[] = { CHILD_LISTEN_FD };
    const struct worker_settings s = { .api = w->api,
                                       .listen_fds = listeners,
                                       .listen_count = COUNT(listeners),
                                       .tls_chain_pem = w->tls_chain,
                                       .tls_key_pem = w->tls_key,
                                       .tls_client_anchors_pem = w->tls_client_anchors,
                                       .signer_fd = CHILD_SIGNER_FD,
                                       .control_fd = CHILD_CONTROL_FD,
                                       .keep = w->keep,
                                       .metrics = w->metrics,
                                       .limits = limits_of(w->config),
                                       .body_limit = api_body_limit,
                                       .confine = confine,
                                       .confine_arg = w };

    return worker_run(&s);
}

int role_worker(void)
{
    static struct config config;
    static struct working w = { .config = &config };
    struct err e = { 0 };

    if (!config_init(&config, &e) || !config_receive(&config, CHILD_CONFIG_FD, &e)) {
        log_err(LOG_LEVEL_ERROR, "the worker has no configuration", &e);
        return WORKER_EXIT_FAILED;
    }
    close(CHILD_CONFIG_FD);
    log_open("worker", (enum log_level)config.number[CONFIG_LOG_LEVEL],
             (enum log_form)config.number[CONFIG_LOG_FORMAT]);
    if (!load(&w, &e)) {
        log_err(LOG_LEVEL_ERROR, "the worker cannot begin", &e);
        return WORKER_EXIT_FAILED;
    }
    warn_of_debug(&w);
    warn_of_collateral(&w);
    return serve(&w);
}
