#include "../../tests/check.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../store/sqlite.h"
#include "handover.h"
#include "keep_channel.h"
#include "keeper.h"

enum { NOW = 1700000000, WORKERS = 2, CHANGES = 300, KILLS_LEAST = 10 };

/* A supervisor's view: a page, a keeper in a process of its own, and both ends of every pair. */
static char folder[64], path[96];
static int page_fd, page_read_fd, control_fd;
static pid_t keeper;
static int worker_ends[WORKERS], keeper_ends[WORKERS];
static uv_loop_t loop;
static struct keep_channel *channels[WORKERS];
static struct keep keeps[WORKERS];

/* What a keeper is started with: how long records stay, and how many old ones it finds. */
static int64_t retention;
static int old_records;

static void leave_old_records(struct store *s)
{
    const struct store_note old = { .at = NOW, .action = span_str("verdict") };
    struct err e = { 0 };

    for (; s && old_records > 0; old_records--)
        CHECK_OK("old", store_note_all(s, &old, 1, &e), e);
}

static void run_keeper(int control)
{
    const struct sqlite_wish wish = { .path = path, .mode = SQLITE_MAY_MAKE, .now = NOW };
    struct err e = { 0 };
    struct keeper_settings s = { .control_fd = control, .retention_seconds = &retention };

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < WORKERS; i++) {
        close(worker_ends[i]);
        close(keeper_ends[i]);
    }
    s.page = keep_page_map(page_fd, true, &e);
    s.store = store_sqlite_open(&wish, crypto_new(&e), &e);
    leave_old_records(s.store);
    _exit(s.page && s.store && keeper_run(&s, &e) ? 0 : 1);
}

static void keeper_start(void)
{
    int pair[2];
    struct err e = { 0 };

    CHECK_INT("pair", socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    keeper = fork();
    if (keeper == 0) {
        close(pair[0]);
        run_keeper(pair[1]);
    }
    close(pair[1]);
    control_fd = pair[0];
    for (int i = 0; i < WORKERS; i++)
        CHECK_OK("hand over", handover_give(control_fd, keeper_ends[i], &e), e);
}

static void keeper_kill(void)
{
    int status;

    kill(keeper, SIGKILL);
    CHECK_INT("gone", waitpid(keeper, &status, 0), keeper);
    close(control_fd);
}

static void wait_for_turn(void)
{
    struct err e = { 0 };
    struct page *p = keep_page_map(page_read_fd, false, &e);

    CHECK_OK("page", p != NULL, e);
    for (int i = 0; i < 10000 && page_turn(p) == 0; i++)
        usleep(1000);
    CHECK("published", page_turn(p) > 0);
    keep_page_unmap(p);
}

static void setup(void)
{
    struct err e = { 0 };
    int pair[2];

    snprintf(folder, sizeof folder, "/tmp/cupel-keeper-XXXXXX");
    CHECK("folder", mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/cupel.db", folder);
    CHECK_OK("page", keep_page_make(&page_fd, &page_read_fd, &e), e);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_INT("pair", socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        worker_ends[i] = pair[0];
        keeper_ends[i] = pair[1];
    }
    keeper_start();
    wait_for_turn();
    uv_loop_init(&loop);
    for (int i = 0; i < WORKERS; i++) {
        channels[i] = keep_channel_new(worker_ends[i], dup(page_read_fd), &e);
        CHECK_OK("channel", channels[i] && keep_channel_watch(channels[i], &loop, &e), e);
        keeps[i] = keep_channel_keep(channels[i]);
    }
}

/* The supervisor and the workers go; the keeper must end by itself, and well. */
static void teardown(void)
{
    char command[128];
    int status;

    for (int i = 0; i < WORKERS; i++) {
        keep_channel_finish(channels[i], 1000);
        keep_channel_free(channels[i]);
        close(keeper_ends[i]);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT("loop", uv_loop_close(&loop), 0);
    close(control_fd);
    CHECK_INT("keeper", waitpid(keeper, &status, 0), keeper);
    CHECK_INT("ended well", status, 0);
    close(page_fd);
    close(page_read_fd);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT("clean", system(command), 0);
}

struct answer {
    int calls;
    struct change_result result;
    struct err err;
    size_t found;
};

static void on_done(void *arg, const struct change_result *r, const struct err *err)
{
    struct answer *a = arg;

    a->calls++;
    if (r)
        a->result = *r;
    if (err)
        a->err = *err;
}

static void on_found(void *arg, struct span text, const struct err *err)
{
    struct answer *a = arg;

    a->calls++;
    a->found = text.n;
    if (err)
        a->err = *err;
}

static void wait_for(const struct answer *a)
{
    for (int i = 0; i < 2000 && a->calls == 0; i++)
        uv_run(&loop, UV_RUN_ONCE);
    CHECK_INT("answered once", a->calls, 1);
}

static void run_for(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
}

static uint32_t ids;

static struct change change_of(enum change_kind kind)
{
    struct change c = { .kind = kind, .at = NOW, .expected = CHANGE_ANY };

    ids++;
    memcpy(c.id, &ids, sizeof ids);
    return c;
}

static struct change create(const char *name)
{
    struct change c = change_of(CHANGE_INSTANCE_CREATE);

    c.instance = (struct store_instance){ .name = span_str(name),
                                          .host = span_str(name),
                                          .trust_model = span_str("AAD") };
    return c;
}

static struct change policy(struct span jws)
{
    struct change c = change_of(CHANGE_POLICY_SET);

    c.policy = (struct store_policy){
        .instance = span_str("contoso"), .type = span_str("Tpm"), .jws = jws, .text = jws
    };
    return c;
}

static struct answer made(int worker, const struct change *c)
{
    struct answer a = { 0 };
    struct err e = { 0 };

    CHECK_OK("asked", keep_change(&keeps[worker], c, on_done, &a, &e), e);
    wait_for(&a);
    return a;
}

static void what_one_worker_changed_every_worker_uses_once_it_is_answered(void **state)
{
    static char large[600 * 1024];
    struct change one = create("contoso"), two;
    struct answer a;
    (void)state;

    setup();
    memset(large, 'p', sizeof large);
    two = policy(span_of(large, sizeof large));
    a = made(0, &one);
    CHECK_INT("well", a.err.code, ERR_NONE);
    for (int i = 0; i < WORKERS; i++)
        CHECK("seen", state_instance(keep_state(&keeps[i]), span_str("contoso")) != NULL);
    a = made(1, &two);
    CHECK_INT("version", a.result.version, 1);
    for (int i = 0; i < WORKERS; i++)
        CHECK_SPAN("seen whole",
                   state_policy(keep_state(&keeps[i]), span_str("contoso"), span_str("tpm"))->jws,
                   span_of(large, sizeof large));
    a = made(1, &one);
    CHECK_INT("said twice", a.result.revision, 1);
    two.policy.instance = span_str("other");
    memset(two.id, 0xee, sizeof two.id);
    a = made(0, &two);
    CHECK_ERR("refused", a.err, ERR_MISSING, "change.instance");
    teardown();
}

static void a_request_finishes_with_the_state_it_began_with(void **state)
{
    struct change one = create("contoso"), first = policy(span_str("first")),
                  second = policy(span_str("second"));
    const struct state *held;
    (void)state;

    setup();
    made(0, &one);
    made(0, &first);
    held = state_hold(keep_state(&keeps[1]));
    made(0, &second);
    CHECK_TEXT("in flight", held->policies[0].jws, "first");
    CHECK_TEXT("the next", keep_state(&keeps[1])->policies[0].jws, "second");
    state_release(held);
    teardown();
}

/* Reads the chain beside the keeper. */
struct tally {
    size_t verdicts, gaps, lost_workers, starts;
    uint64_t lost;
};

static bool count_record(void *arg, const struct store_audit *r, struct err *err)
{
    struct tally *t = arg;
    (void)err;

    t->verdicts += span_is(r->action, "verdict");
    t->lost_workers += span_is(r->action, NOTE_WORKER_LOST);
    t->starts += span_is(r->action, KEEPER_STARTED);
    if (span_is(r->action, NOTE_GAP)) {
        t->gaps++;
        t->lost += strtoull((const char *)r->detail.p + sizeof "{\"lost\":" - 1, NULL, 10);
    }
    return true;
}

static struct tally tally(void)
{
    const struct sqlite_wish wish = { .path = path, .mode = SQLITE_MAY_READ };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct store *s = store_sqlite_open(&wish, c, &e);
    struct audit_head end;
    struct tally t = { 0 };

    CHECK_OK("chain", s && audit_verify(s, NULL, &end, &e), e);
    CHECK_OK("read", audit_each(s, 0, 0, count_record, &t, &e), e);
    store_free(s);
    crypto_free(c);
    return t;
}

static void changes_outlive_keepers_that_are_killed_while_they_make_them(void **state)
{
    struct change one = create("contoso");
    int64_t version = 0;
    unsigned kills = 0, turn = 777;
    (void)state;

    setup();
    made(0, &one);
    for (int i = 0; i < CHANGES || kills < KILLS_LEAST; i++) {
        struct answer a = { 0 };
        struct change c;
        char text[16];
        struct err e = { 0 };

        snprintf(text, sizeof text, "%d", i);
        c = policy(span_str(text));
        CHECK_OK("asked", keep_change(&keeps[i % WORKERS], &c, on_done, &a, &e), e);
        turn = turn * 1103515245u + 12345u;
        if (i % 10 == 5) {
            usleep(turn >> 16 & 0x3ff);
            keeper_kill();
            keeper_start();
            kills++;
        }
        wait_for(&a);
        CHECK_INT("well", a.err.code, ERR_NONE);
        CHECK_INT("one order, nothing twice", a.result.version, ++version);
        CHECK_TEXT("in force", keep_state(&keeps[0])->policies[0].jws, text);
    }
    CHECK_INT("each start is recorded", tally().starts, kills + 1);
    teardown();
}

static struct store_note verdict(const char *request, const char *explanation)
{
    return (struct store_note){ .at = NOW,
                                .action = span_str("verdict"),
                                .request_id = span_str(request),
                                .detail = span_str("{\"outcome\":\"granted\"}"),
                                .explanation = span_str(explanation) };
}

static void verdicts_are_recorded_and_explained(void **state)
{
    struct answer found = { 0 }, missing = { 0 };
    struct store_note n = verdict("the request", "{\"checks\":[]}");
    struct err e = { 0 };
    (void)state;

    setup();
    for (int i = 0; i < 5000; i++)
        keep_note(&keeps[i % WORKERS], &n);
    run_for(4 * KEEP_TICK_MS);
    CHECK_OK("ask", keep_find(&keeps[0], n.request_id, on_found, &found, &e), e);
    CHECK_OK("ask", keep_find(&keeps[1], span_str("x"), on_found, &missing, &e), e);
    wait_for(&found);
    wait_for(&missing);
    CHECK_INT("explained", found.found, n.explanation.n);
    CHECK_INT("unknown", missing.found + missing.err.code, 0);
    for (int i = 0; i < 200 && tally().verdicts < 5000; i++)
        run_for(10);
    CHECK_INT("all of them", tally().verdicts, 5000);
    teardown();
}

static void verdicts_that_find_no_room_are_counted_in_the_chain(void **state)
{
    struct store_note n = verdict("r", "");
    size_t sent = 0;
    struct tally t;
    (void)state;

    setup();
    kill(keeper, SIGSTOP);
    while (keep_channel_lost(channels[0]) == 0 && sent < 10000000) {
        keep_note(&keeps[0], &n);
        sent++;
    }
    CHECK("some were lost", keep_channel_lost(channels[0]) > 0);
    kill(keeper, SIGCONT);
    for (int i = 0; i < 3000; i++) {
        run_for(1);
        if (i % 100 == 99 && (t = tally(), t.verdicts + t.lost == sent))
            break;
    }
    t = tally();
    CHECK_INT("kept and lost", t.verdicts + t.lost, sent);
    CHECK_INT("lost", t.lost, keep_channel_lost(channels[0]));
    CHECK_INT("one gap", t.gaps, 1);
    teardown();
}

static int64_t begins_after(struct crypto *c)
{
    const struct sqlite_wish wish = { .path = path, .mode = SQLITE_MAY_READ };
    struct audit_head start = { 0 }, end;
    struct err e = { 0 };
    struct store *s = store_sqlite_open(&wish, c, &e);

    CHECK_OK("open", s != NULL, e);
    CHECK_OK("whole", audit_verify(s, NULL, &end, &e) && audit_start(s, &start, &e), e);
    store_free(s);
    return start.number;
}

static void records_that_are_too_old_go_and_the_chain_still_verifies(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    (void)state;

    retention = 24 * 60 * 60;
    old_records = 30;
    setup();
    for (int i = 0; i < 500 && begins_after(c) == 0; i++)
        usleep(10 * 1000);
    CHECK_INT("what was old", begins_after(c), 30);
    teardown();
    retention = 0;
    old_records = 3;
    setup();
    usleep(100 * 1000);
    CHECK_INT("none without a bound", begins_after(c), 0);
    teardown();
    old_records = 0;
    crypto_free(c);
}

static void what_no_worker_says_ends_its_connection_and_no_other(void **state)
{
    struct change one = create("contoso");
    struct answer a;
    (void)state;

    setup();
    CHECK("garbage", send(worker_ends[0], "what is this", 12, 0) == 12);
    a = made(1, &one);
    CHECK_INT("others go on", a.err.code, ERR_NONE);
    for (int i = 0; i < 200 && tally().lost_workers == 0; i++)
        usleep(10000);
    CHECK_INT("recorded", tally().lost_workers, 1);
    teardown();
}

static void a_keeper_that_does_not_answer_delays_nobody_else(void **state)
{
    struct change one = create("contoso");
    struct answer a = { 0 };
    struct err e = { 0 };
    (void)state;

    setup();
    kill(keeper, SIGSTOP);
    CHECK_OK("asked", keep_change(&keeps[0], &one, on_done, &a, &e), e);
    for (int i = 0; i < 1000; i++)
        CHECK("km_85: the state is there", keep_state(&keeps[0])->revision == 0);
    keep_forget(&keeps[0], &a);
    kill(keeper, SIGCONT);
    for (int i = 0; i < 200 && keep_state(&keeps[1])->revision == 0; i++) {
        run_for(10);
    }
    CHECK_INT("made", keep_state(&keeps[1])->revision, 1);
    CHECK_INT("nobody waited for it", a.calls, 0);
    teardown();
}

static void workers_can_only_read_the_page(void **state)
{
    struct err e = { 0 };
    (void)state;

    CHECK_OK("page", keep_page_make(&page_fd, &page_read_fd, &e), e);
    CHECK("not for writing", !keep_page_map(page_read_fd, true, &e));
    CHECK_ERR("not for writing", e, ERR_IO, "");
    CHECK("nor later",
          mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, page_read_fd, 0) == MAP_FAILED);
    CHECK("nor shorter", ftruncate(page_fd, 4096) != 0);
    close(page_fd);
    close(page_read_fd);
}

/* One state after another, until the process is killed. */
static void publish_for_ever(struct page *w, struct store_token *tokens)
{
    struct err e = { 0 };

    for (int64_t i = 1;; i++) {
        struct arena a = arena_over(1 << 24);
        struct state s = { .revision = i, .tokens = tokens, .token_count = (size_t)(i % 64) };
        struct writer out = writer_in(&a, 4096);

        for (size_t k = 0; k < 64; k++)
            tokens[k].created = i;
        if (!state_write(&out, &s, &e))
            _exit(1);
        keep_page_publish(w, writer_span(&out));
        arena_fini(&a);
    }
}

static void a_page_is_read_whole_while_it_is_written(void **state)
{
    struct store_token tokens[64] = { 0 };
    uint8_t digests[64][SHA256_SIZE];
    struct page *w, *r;
    struct err e = { 0 };
    uint64_t turn = 0;
    int status;
    pid_t child;
    (void)state;

    CHECK_OK("page", keep_page_make(&page_fd, &page_read_fd, &e), e);
    w = keep_page_map(page_fd, true, &e);
    r = keep_page_map(page_read_fd, false, &e);
    CHECK("mapped", w && r && page_turn(r) == 0);
    CHECK("nothing yet", !keep_page_state(r, &turn, &e) && e.code == ERR_IO);
    err_clear(&e);
    for (uint8_t i = 0; i < 64; i++) {
        memset(digests[i], i, SHA256_SIZE);
        tokens[i].digest = span_of(digests[i], SHA256_SIZE);
    }
    child = fork();
    if (child == 0)
        publish_for_ever(w, tokens);
    while (page_turn(r) == 0)
        usleep(100);
    for (int i = 0; i < 20000; i++) {
        struct state *s = keep_page_state(r, &turn, &e);

        CHECK_OK("a state", s != NULL, e);
        CHECK_INT("of that turn", s->revision, turn);
        CHECK_INT("whole", s->token_count, turn % 64);
        for (size_t k = 0; k < s->token_count; k++)
            CHECK_INT("of one writing", s->tokens[k].created, turn);
        state_release(s);
    }
    kill(child, SIGKILL);
    CHECK_INT("child", waitpid(child, &status, 0), child);
    keep_page_unmap(w);
    keep_page_unmap(r);
    close(page_fd);
    close(page_read_fd);
}

TEST_MAIN(what_one_worker_changed_every_worker_uses_once_it_is_answered,
          a_request_finishes_with_the_state_it_began_with,
          changes_outlive_keepers_that_are_killed_while_they_make_them,
          verdicts_are_recorded_and_explained, verdicts_that_find_no_room_are_counted_in_the_chain,
          records_that_are_too_old_go_and_the_chain_still_verifies,
          what_no_worker_says_ends_its_connection_and_no_other,
          a_keeper_that_does_not_answer_delays_nobody_else, workers_can_only_read_the_page,
          a_page_is_read_whole_while_it_is_written)
