#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "../host/file.h"
#include "admin.h"
#include "context_keys.h"
#include "desk_tls.h"
#include "endpoint.h"
#include "generation.h"
#include "keeper_child.h"
#include "listen.h"
#include "log.h"
#include "notify.h"
#include "spent.h"

enum {
    PATHS_MEMORY = 65536,
    URL_ROOM = 256,
    KILL_SPARE_MS = 2000,
    KEEPER_END_MS = 10000, /* the last records are written by then */
    GENERATIONS_MAX = 8
};

struct supervisor {
    uv_loop_t loop;
    uv_signal_t term, interrupt, hangup;
    uv_timer_t retry;
    struct supervisor_source source;
    struct config *config; /* the generation's that serves, or is to serve first */
    struct config *wished; /* of `next`, when it differs */
    struct arena arena;    /* paths and names that live as long as we do */
    int listen_fd, admin_fd, lock_fd;
    char url[URL_ROOM], admin_url[URL_ROOM];
    const char *ca; /* NULL: not ours */
    struct admin *admin;
    struct keeper_child *keeper;
    struct context_keys *contexts; /* for the TPM route, as is the next */
    int spent_fd;
    struct generation *current; /* serves; NULL before the first one is ready */
    struct generation *next;    /* is starting */
    unsigned generations, open_generations, failures;
    uint64_t worker_restarts, signer_restarts;
    struct metrics kept; /* counters of workers that are no more */
    bool is_stopping, has_failed, is_announced;
};

static void begin_generation(struct supervisor *s);

/* Before anything is started: what a configuration needs to be complete. */

static bool make_dirs(const char *path, struct err *err)
{
    char part[FILE_PATH_MAX];

    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!file_make_dir(part, 0755, err))
            return false;
        *slash = '/';
    }
    return file_make_dir(part, 0755, err);
}

/* Two of us on one directory would make each other's keys and files. The lock is gone with us. */
static bool lock_data_dir(struct supervisor *s, struct err *err)
{
    const char *dir = s->config->text[CONFIG_DATA_DIR];
    const char *run = file_join(&s->arena, dir, "run");
    const char *lock = file_join(&s->arena, dir, "run/lock");

    if (!run || !lock)
        return arena_fail(&s->arena, err);
    if (!make_dirs(dir, err) || !file_make_dir(run, 0755, err))
        return err_in(err, "data_dir");
    s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        endpoint_remove(dir); /* of one that was killed */
        return true;
    }
    return err_fail(err, ERR_CONFLICT, NULL, "%.100s is in use by another cupeld (%s)", dir,
                    strerror(errno)) ||
           err_in(err, "data_dir");
}

static bool bind_one(const struct config *c, enum config_id id, int *out, struct err *err)
{
    struct listen_address at;

    if (!listen_address_read(span_str(c->text[id]), &at, err))
        return err_in(err, config_keys[id].name);
    *out = listen_open(&at, err);
    return *out >= 0 || err_in(err, config_keys[id].name);
}

static bool bind_all(struct supervisor *s, struct err *err)
{
    char name[LISTEN_TEXT];

    if (!bind_one(s->config, CONFIG_LISTEN, &s->listen_fd, err) ||
        !bind_one(s->config, CONFIG_ADMIN_LISTEN, &s->admin_fd, err))
        return false;
    snprintf(s->admin_url, sizeof s->admin_url, "http://%s", listen_name(s->admin_fd, name));
    snprintf(s->url, sizeof s->url, "https://%s", listen_name(s->listen_fd, name));
    return true;
}

/* The address of a listener is a good name for it unless it listens everywhere, or has none. */
static bool is_url_good(const char *url)
{
    return !strstr(url, "//0.0.0.0:") && !strstr(url, "//[::]:") && !strstr(url, "//*") &&
           !strstr(url, "unix:");
}

static bool complete_base_url(struct supervisor *s, struct config *c, struct err *err)
{
    if (c->text[CONFIG_BASE_URL])
        return true;
    if (!is_url_good(s->url))
        return err_fail(err, ERR_MISSING, NULL,
                        "must be said: the listener has no address of its own") ||
               err_in(err, "base_url");
    return config_put(c, CONFIG_BASE_URL, s->url, err);
}

static bool complete_workers(struct config *c, struct err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    char text[16];

    if (c->number[CONFIG_WORKERS] > 0)
        return true;
    snprintf(text, sizeof text, "%ld",
             cores < 1                        ? 1
             : cores > GENERATION_WORKERS_MAX ? GENERATION_WORKERS_MAX
                                              : cores);
    return config_put(c, CONFIG_WORKERS, text, err);
}

static bool complete_tls(struct supervisor *s, struct config *c, struct err *err)
{
    struct crypto *crypto;
    struct desk_tls tls;
    bool is_ready;

    if (c->text[CONFIG_TLS_CERT]) {
        s->ca = NULL;
        return true;
    }
    crypto = crypto_new(err);
    is_ready = crypto && desk_tls_ready(crypto, c->text[CONFIG_DATA_DIR], (int64_t)time(NULL),
                                        &s->arena, &tls, err);
    crypto_free(crypto);
    if (!is_ready)
        return false;
    s->ca = tls.ca;
    return config_put(c, CONFIG_TLS_CERT, tls.chain, err) &&
           config_put(c, CONFIG_TLS_KEY, tls.key, err);
}

static bool complete(struct supervisor *s, struct config *c, struct err *err)
{
    return complete_base_url(s, c, err) && complete_workers(c, err) && complete_tls(s, c, err);
}

/* What the admin listener tells. */

static bool names_lab(const struct config *c, enum config_id id)
{
    struct span word;
    size_t at = 0;

    while (config_list_next(c, id, &at, &word)) {
        if (span_starts(word, span_str("lab=")))
            return true;
    }
    return false;
}

static bool has_lab_roots(const struct config *c)
{
    return names_lab(c, CONFIG_ROOTS) || names_lab(c, CONFIG_TPM_ANCHORS) ||
           c->number[CONFIG_DEV] != 0;
}

static void tell_status(void *context, struct admin_status *out)
{
    const struct supervisor *s = context;
    const struct generation *g = s->current ? s->current : s->next;

    *out = (struct admin_status){
        .workers = g ? generation_workers(g) : 0,
        .workers_ready = g ? generation_workers_ready(g) : 0,
        .generation = s->current ? generation_number(s->current) : 0,
        .worker_restarts = s->worker_restarts,
        .signer_restarts = s->signer_restarts,
        .keeper_restarts = s->keeper ? keeper_child_restarts(s->keeper) : 0,
        .is_dev = s->config->number[CONFIG_DEV] != 0,
        .has_lab_roots = has_lab_roots(s->config),
        .is_judged_then = s->config->text[CONFIG_INSECURE_JUDGE_AT] != NULL,
        .judge_at = s->config->number[CONFIG_INSECURE_JUDGE_AT],
        .url = s->url,
    };
    out->is_ready = !s->is_stopping && s->current && out->workers_ready > 0;
}

static void tell_metrics(void *context, struct writer *w)
{
    struct metrics *pages[2 * GENERATION_WORKERS_MAX + 1];
    struct supervisor *s = context;
    size_t n = 0;

    pages[n++] = &s->kept;
    if (s->current)
        n += generation_pages(s->current, pages + n, GENERATION_WORKERS_MAX);
    if (s->next)
        n += generation_pages(s->next, pages + n, GENERATION_WORKERS_MAX);
    metrics_write(w, pages, n);
}

/* What the processes do to us. */

static void say_weakened(const struct config *c)
{
    if (has_lab_roots(c))
        log_say(LOG_LEVEL_WARNING, "lab roots are accepted: evidence of a lab passes",
                (const char *)NULL);
    if (c->text[CONFIG_INSECURE_JUDGE_AT])
        log_say(LOG_LEVEL_WARNING, "evidence is judged at a fixed time", "at",
                c->text[CONFIG_INSECURE_JUDGE_AT], (const char *)NULL);
}

static void announce(struct supervisor *s)
{
    const struct endpoint at = { .url = s->url, .ca = s->ca, .admin_url = s->admin_url };
    struct err e = { 0 };

    if (!endpoint_write(s->config->text[CONFIG_DATA_DIR], &at, &e))
        log_err(LOG_LEVEL_ERROR, "endpoint.json cannot be written", &e);
    log_say(LOG_LEVEL_INFO, "serving", "url", s->url, "issuer", s->config->text[CONFIG_BASE_URL],
            "admin", s->admin_url, (const char *)NULL);
    s->is_announced = true;
    notify("READY=1");
}

static void config_drop(struct config **c)
{
    if (*c) {
        config_fini(*c);
        free(*c);
    }
    *c = NULL;
}

/* Workers cut off by themselves what is not done by drain_seconds; who does not is cut off here. */
static void leave(const struct supervisor *s, struct generation *g)
{
    generation_leave(g, (uint64_t)s->config->number[CONFIG_DRAIN_SECONDS] * 1000 + KILL_SPARE_MS);
}

/* For one that never served: it has nothing to finish. */
static void cut_off(const struct supervisor *s, struct generation *g)
{
    leave(s, g);
    generation_kill(g);
}

/* The default instance follows base_url without a restart. */
static void renew_keeper(struct supervisor *s)
{
    struct err e = { 0 };

    if (s->keeper && !keeper_child_renew(s->keeper, s->config, &e))
        log_err(LOG_LEVEL_ERROR, "the keeper does not hear of the new configuration", &e);
}

static void on_ready(void *context, struct generation *g)
{
    struct supervisor *s = context;

    if (g != s->next)
        return;
    if (s->current)
        leave(s, s->current);
    s->current = g;
    s->next = NULL;
    s->failures = 0;
    if (s->wished) {
        config_drop(&s->config);
        s->config = s->wished;
        s->wished = NULL;
        renew_keeper(s);
        log_say(LOG_LEVEL_INFO, "serving with the new configuration", (const char *)NULL);
    }
    announce(s);
}

static void stop(struct supervisor *s);

static void retry_now(uv_timer_t *t)
{
    struct supervisor *s = t->data;

    if (!s->is_stopping && !s->next)
        begin_generation(s);
}

static void retry_later(struct supervisor *s)
{
    uint64_t wait = RESTART_FIRST_MS;

    for (unsigned i = 0; i < s->failures && wait < RESTART_LONGEST_MS; i++)
        wait *= 2;
    s->failures++;
    uv_timer_start(&s->retry, retry_now, wait, 0);
}

/* The first start, or a new configuration, that cannot begin is given up; what has served before is
 * tried again until it serves. */
static void on_failed_to_begin(struct supervisor *s)
{
    if (s->wished) {
        config_drop(&s->wished);
        log_say(LOG_LEVEL_ERROR, "the new configuration cannot be served; the old one stays",
                (const char *)NULL);
        if (s->current) {
            notify("READY=1");
            return;
        }
    }
    if (s->is_announced) {
        retry_later(s);
        return;
    }
    s->has_failed = true;
    stop(s);
}

static void on_failed(void *context, struct generation *g)
{
    struct supervisor *s = context;

    if (g == s->next) {
        s->next = NULL;
        cut_off(s, g);
        if (!s->is_stopping)
            on_failed_to_begin(s);
        return;
    }
    leave(s, g);
    if (g != s->current)
        return;
    s->current = NULL;
    s->signer_restarts++;
    if (!s->is_stopping && !s->next)
        retry_later(s);
}

static void on_worker_lost(void *context, struct generation *g)
{
    struct supervisor *s = context;

    (void)g;
    s->worker_restarts++;
}

static void finish(struct supervisor *s);

/* The keeper goes last: the workers' last records are its own. */
static void end_keeper(struct supervisor *s)
{
    if (s->keeper)
        keeper_child_leave(s->keeper, KEEPER_END_MS);
    else
        finish(s);
}

static void on_gone(void *context, struct generation *g)
{
    struct supervisor *s = context;

    if (g == s->current)
        s->current = NULL;
    if (g == s->next)
        s->next = NULL;
    if (generation_was_late(g) && s->is_stopping)
        s->has_failed = true;
    generation_free(g, &s->kept);
    s->open_generations--;
    if (s->is_stopping && s->open_generations == 0)
        end_keeper(s);
}

static void begin_generation(struct supervisor *s)
{
    const struct generation_settings set = {
        .loop = &s->loop,
        .config = s->wished ? s->wished : s->config,
        .listen_fd = s->listen_fd,
        .keeper = s->keeper,
        .contexts_fd = context_keys_page(s->contexts),
        .spent_fd = s->spent_fd,
        .before = s->current,
        .number = ++s->generations,
        .events = { s, on_ready, on_failed, on_worker_lost, on_gone },
    };
    struct err e = { 0 };

    if (!keeper_child_is_ready(s->keeper))
        return; /* it begins when there is a state to begin with */
    s->next = generation_new(&set, &e);
    if (s->next) {
        s->open_generations++;
        return;
    }
    log_err(LOG_LEVEL_ERROR, "the processes cannot be started", &e);
    on_failed_to_begin(s);
}

/* Signals. */

static bool is_same(const struct config *a, const struct config *b, enum config_id id,
                    struct err *err)
{
    const char *x = a->text[id], *y = b->text[id];

    if ((!x && !y) || (x && y && strcmp(x, y) == 0))
        return true;
    return err_fail(err, ERR_CONFLICT, NULL, "changes with a restart only") ||
           err_in(err, config_keys[id].name);
}

static bool read_again(struct supervisor *s, struct config *c, struct err *err)
{
    if (s->open_generations >= GENERATIONS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "%u generations have not finished yet",
                        s->open_generations);
    return config_load(c, s->source.argc, s->source.argv, s->source.environment, err) &&
           is_same(s->config, c, CONFIG_LISTEN, err) &&
           is_same(s->config, c, CONFIG_ADMIN_LISTEN, err) &&
           is_same(s->config, c, CONFIG_DATA_DIR, err) && complete(s, c, err);
}

static void reload(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    struct config *c = calloc(1, sizeof *c);
    struct err e = { 0 };
    (void)number;

    log_say(LOG_LEVEL_INFO, "the configuration is read again", (const char *)NULL);
    if (!c || s->is_stopping || !read_again(s, c, &e)) {
        log_err(LOG_LEVEL_ERROR, "the new configuration is refused; the old one stays", &e);
        config_drop(&c);
        return;
    }
    if (s->next)
        cut_off(s, s->next);
    s->next = NULL;
    config_drop(&s->wished);
    s->wished = c;
    log_open("cupeld", (enum log_level)c->number[CONFIG_LOG_LEVEL],
             (enum log_form)c->number[CONFIG_LOG_FORMAT]);
    say_weakened(c);
    notify("RELOADING=1");
    begin_generation(s);
}

static void stop(struct supervisor *s)
{
    if (s->is_stopping)
        return;
    s->is_stopping = true;
    notify("STOPPING=1");
    endpoint_remove(s->config->text[CONFIG_DATA_DIR]);
    close(s->listen_fd);
    s->listen_fd = -1;
    if (s->next)
        cut_off(s, s->next);
    if (s->current)
        leave(s, s->current);
    if (s->open_generations == 0)
        end_keeper(s);
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;

    log_say(LOG_LEVEL_INFO, "stopping", "signal", number == SIGTERM ? "TERM" : "INT",
            (const char *)NULL);
    stop(s);
}

/* The keeper's doings. */

static void on_keeper_ready(void *context)
{
    struct supervisor *s = context;

    if (!s->is_stopping)
        begin_generation(s);
}

static void on_keeper_failed(void *context)
{
    struct supervisor *s = context;

    s->has_failed = true;
    stop(s);
}

static void on_keeper_gone(void *context)
{
    struct supervisor *s = context;

    keeper_child_free(s->keeper);
    s->keeper = NULL;
    finish(s);
}

static bool begin_keeper(struct supervisor *s, struct err *err)
{
    const struct keeper_child_settings set = {
        .loop = &s->loop,
        .config = s->config,
        .events = { s, on_keeper_ready, on_keeper_failed, on_keeper_gone },
    };

    s->keeper = keeper_child_new(&set, err);
    return s->keeper != NULL;
}

/* The loop ends when nothing is left in it. */
static void finish(struct supervisor *s)
{
    uv_handle_t *const handles[] = { (uv_handle_t *)&s->term, (uv_handle_t *)&s->interrupt,
                                     (uv_handle_t *)&s->hangup, (uv_handle_t *)&s->retry };

    for (size_t i = 0; i < COUNT(handles); i++) {
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], NULL);
    }
    admin_free(s->admin);
    s->admin = NULL;
    context_keys_free(s->contexts);
    s->contexts = NULL;
}

/* From the first moment on, a signal waits until there is somebody to hear it. */
static void hold_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(how, &set, NULL);
}

static void watch(struct supervisor *s)
{
    static const struct {
        int number;
        uv_signal_cb run;
    } rows[] = { { SIGTERM, on_stop_signal }, { SIGINT, on_stop_signal }, { SIGHUP, reload } };
    uv_signal_t *const handles[] = { &s->term, &s->interrupt, &s->hangup };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uv_signal_init(&s->loop, handles[i]);
        handles[i]->data = s;
        uv_signal_start(handles[i], rows[i].run, rows[i].number);
    }
    hold_signals(SIG_UNBLOCK);
    uv_timer_init(&s->loop, &s->retry);
    s->retry.data = s;
}

static bool open_all(struct supervisor *s, struct err *err)
{
    return lock_data_dir(s, err) && bind_all(s, err) && complete(s, s->config, err);
}

/* What workers of every generation share. A memory of spent challenges ends with us, so no context
 * of before may open then. */
static bool open_shared(struct supervisor *s, struct err *err)
{
    bool forgets = s->config->number[CONFIG_TPM_REPLAY_MEMORY] != 0;

    s->contexts = context_keys_new(&s->loop, s->config->text[CONFIG_DATA_DIR], forgets, err);
    return s->contexts && spent_make(&s->spent_fd, err);
}

static bool start(struct supervisor *s, struct err *err)
{
    const struct admin_source source = { s, tell_status, tell_metrics };

    s->admin = admin_new(&s->loop, s->admin_fd, &source, err);
    if (!s->admin || !open_shared(s, err))
        return false;
    watch(s);
    say_weakened(s->config);
    return begin_keeper(s, err);
}

int supervisor_run(struct config *config, const struct supervisor_source *source)
{
    static struct supervisor s;
    struct err e = { 0 };

    s.source = *source;
    s.config = config;
    s.arena = arena_over(PATHS_MEMORY);
    s.listen_fd = s.admin_fd = s.lock_fd = s.spent_fd = -1;
    hold_signals(SIG_BLOCK);
    log_open("cupeld", (enum log_level)config->number[CONFIG_LOG_LEVEL],
             (enum log_form)config->number[CONFIG_LOG_FORMAT]);
    if (!open_all(&s, &e) || uv_loop_init(&s.loop) != 0 || !start(&s, &e)) {
        log_err(LOG_LEVEL_ERROR, "cupeld cannot start", &e);
        return SUPERVISOR_EXIT_FAILED;
    }
    uv_run(&s.loop, UV_RUN_DEFAULT);
    uv_loop_close(&s.loop);
    log_say(LOG_LEVEL_INFO, "stopped", (const char *)NULL);
    config_drop(&s.wished);
    config_drop(&s.config);
    arena_fini(&s.arena);
    return s.has_failed ? SUPERVISOR_EXIT_FAILED : SUPERVISOR_EXIT_CLEAN;
}
