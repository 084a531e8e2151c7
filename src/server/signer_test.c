#include "../../tests/check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../crypto/cert.h"
#include "handover.h"
#include "signer.h"

enum { THREADS = 2, WAIT_MS = 10000 };

static char root[64];
static struct crypto *crypto[THREADS];
static struct keyring *rings[THREADS];
static const char hash_of_nothing[32];
static int control[2];
static pthread_t process;
static bool has_ended_well;

static void start(void)
{
    char dir[80];
    struct err e = { 0 };

    snprintf(root, sizeof root, "/tmp/cupel-signer-XXXXXX");
    CHECK("directory", mkdtemp(root) != NULL);
    snprintf(dir, sizeof dir, "%s/keys", root);
    for (size_t i = 0; i < THREADS; i++) {
        const struct keyring_wish w = {
            .dir = dir, .issuer = "https://localhost", .alg = SIG_ES256, .now = 1700000000
        };

        crypto[i] = crypto_new(&e);
        CHECK_OK("crypto", crypto[i] != NULL, e);
        rings[i] = keyring_new(crypto[i], &w, &e);
        CHECK_OK("keys", rings[i] != NULL, e);
    }
}

static void end(void)
{
    char command[128];

    for (size_t i = 0; i < THREADS; i++) {
        keyring_free(rings[i]);
        crypto_free(crypto[i]);
    }
    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK_INT("clean", system(command), 0);
}

static void *run(void *unused)
{
    const struct signer_settings s = { .rings = rings,
                                       .thread_count = THREADS,
                                       .control_fd = control[0] };
    struct err e = { 0 };
    (void)unused;

    has_ended_well = signer_run(&s, &e);
    return NULL;
}

static void start_process(void)
{
    start();
    CHECK("control", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control) == 0);
    CHECK_INT("thread", pthread_create(&process, NULL, run, NULL), 0);
}

static void end_process(void)
{
    close(control[1]);
    pthread_join(process, NULL);
    CHECK("ended well", has_ended_well);
    end();
}

/* A worker's end of a pair whose other end the signing process has. */
static int new_worker(void)
{
    struct err e = { 0 };
    int pair[2];

    CHECK("pair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    CHECK_OK("hand over", handover_give(control[1], pair[1], &e), e);
    close(pair[1]);
    return pair[0];
}

static void send_request(int fd, const struct signer_request *q)
{
    static uint8_t room[SIGNER_PACKET_MAX];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };

    CHECK_OK("write", signer_request_write(&w, q, &e), e);
    CHECK("send", send(fd, room, w.n, 0) == (ssize_t)w.n);
}

static struct signer_answer take_answer(int fd)
{
    static uint8_t room[SIGNER_PACKET_MAX];
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    struct signer_answer a;
    struct err e = { 0 };
    ssize_t n;

    CHECK_INT("in time", poll(&polled, 1, WAIT_MS), 1);
    n = recv(fd, room, sizeof room, 0);
    CHECK("answer", n > 0);
    CHECK_OK("parse", signer_answer_parse(span_of(room, (size_t)n), &a, &e), e);
    return a;
}

static bool is_closed(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    char byte;

    return poll(&polled, 1, WAIT_MS) == 1 && recv(fd, &byte, 1, 0) == 0;
}

static void public_keys_are_named_and_verify_what_is_signed(void **state)
{
    const struct span message = span_str("header.payload");
    struct signer_request q = { .kind = SIGNER_SIGN, .id = 77 };
    uint8_t hash[SHA512_SIZE];
    struct arena a = arena_over(1 << 20);
    struct signer_answer keys, answer;
    struct pubkey *key;
    struct cert cert;
    struct err e = { 0 };
    size_t n;
    int fd;
    (void)state;

    start_process();
    CHECK_OK("hash", sig_hash(crypto[0], SIG_ES256, message, hash, &n, &e), e);
    q.hash = span_of(hash, n);
    fd = new_worker();
    CHECK_OK("keys", signer_ask_keys(fd, WAIT_MS, &a, &keys, &e), e);
    CHECK_INT("count", keys.key_count, 1);
    CHECK("kty", strcmp(keys.keys[0].kty, "EC") == 0);
    CHECK_OK("certificate", cert_parse(keys.keys[0].cert, &cert, &e), e);
    send_request(fd, &q);
    answer = take_answer(fd);
    CHECK("id", answer.id == 77);
    CHECK_INT("status", answer.status, SIGNER_OK);
    key = pubkey_new_spki(crypto[0], cert.spki, &e);
    CHECK_OK("key", key != NULL, e);
    CHECK_OK("signature", pubkey_verify(crypto[0], key, SIG_ES256, message, answer.signature, &e),
             e);
    pubkey_free(key);
    close(fd);
    arena_fini(&a);
    end_process();
}

static void unknown_key_is_an_answer_not_an_end(void **state)
{
    struct signer_request q = { .kind = SIGNER_SIGN,
                                .id = 1,
                                .key_index = 1,
                                .hash = span_of(hash_of_nothing, sizeof hash_of_nothing) };
    int fd;
    (void)state;

    start_process();
    fd = new_worker();
    send_request(fd, &q);
    CHECK_INT("status", take_answer(fd).status, SIGNER_NO_SUCH_KEY);
    q.key_index = UINT32_MAX;
    send_request(fd, &q);
    CHECK_INT("status", take_answer(fd).status, SIGNER_NO_SUCH_KEY);
    q.key_index = 0;
    send_request(fd, &q);
    CHECK_INT("status", take_answer(fd).status, SIGNER_OK);
    q.hash.n = 20;
    send_request(fd, &q);
    CHECK_INT("a hash of another size", take_answer(fd).status, SIGNER_FAILED);
    close(fd);
    end_process();
}

static void what_may_not_be_asked_ends_that_connection_alone(void **state)
{
    static const struct {
        const char *name;
        const char *packet;
        size_t n;
    } rows[] = {
        { "text", "hello", 5 },
        { "another kind", "CSG\x01\x03\0\0\0\1\0\0\0\0\0\0\0", 16 },
        { "keys with a body", "CSG\x01\x02\0\0\0\1\0\0\0\0\0\0\0x", 17 },
        { "an answer", "CSG\x01\x01\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0", 20 },
    };
    const struct signer_request q = { .kind = SIGNER_KEYS, .id = 5 };
    int good;
    (void)state;

    start_process();
    good = new_worker();
    for (size_t i = 0; i < COUNT(rows); i++) {
        int bad = new_worker();

        CHECK(rows[i].name, send(bad, rows[i].packet, rows[i].n, 0) == (ssize_t)rows[i].n);
        CHECK(rows[i].name, is_closed(bad));
        close(bad);
    }
    send_request(good, &q);
    CHECK("the other goes on", take_answer(good).id == 5);
    close(good);
    end_process();
}

static void worker_that_does_not_listen_holds_up_no_other(void **state)
{
    struct signer_request q = { .kind = SIGNER_KEYS };
    int deaf, neighbours[THREADS], sent = 0;
    (void)state;

    start_process();
    deaf = new_worker();
    for (size_t i = 0; i < THREADS; i++) /* one of them shares its thread */
        neighbours[i] = new_worker();
    for (int i = 0; i < 4000; i++) {
        uint8_t room[64];
        struct writer w = writer_over(room, sizeof room);
        struct err e = { 0 };

        q.id = (uint64_t)i;
        CHECK_OK("write", signer_request_write(&w, &q, &e), e);
        sent += send(deaf, room, w.n, MSG_DONTWAIT) == (ssize_t)w.n;
    }
    for (size_t i = 0; i < THREADS; i++) {
        send_request(neighbours[i], &q);
        CHECK("neighbour", take_answer(neighbours[i]).id == q.id);
        close(neighbours[i]);
    }
    for (int i = 0; i < sent; i++)
        CHECK_INT("nothing is lost", take_answer(deaf).status, SIGNER_OK);
    close(deaf);
    end_process();
}

static void strange_packets_on_the_control_pair_are_dropped(void **state)
{
    const struct signer_request q = { .kind = SIGNER_KEYS, .id = 5 };
    int fd;
    (void)state;

    start_process();
    CHECK("no descriptor", send(control[1], "W", 1, 0) == 1);
    CHECK("another word", send(control[1], "X", 1, 0) == 1);
    fd = new_worker();
    send_request(fd, &q);
    CHECK("serves", take_answer(fd).id == 5);
    close(fd);
    end_process();
}

static void process_serves_its_workers_after_the_supervisor_has_gone(void **state)
{
    const struct signer_request q = { .kind = SIGNER_KEYS, .id = 5 };
    int fd;
    (void)state;

    start_process();
    fd = new_worker();
    send_request(fd, &q);
    CHECK("before", take_answer(fd).id == 5);
    shutdown(control[1], SHUT_RDWR);
    send_request(fd, &q);
    CHECK("after", take_answer(fd).id == 5);
    close(fd);
    end_process();
}

TEST_MAIN(public_keys_are_named_and_verify_what_is_signed, unknown_key_is_an_answer_not_an_end,
          what_may_not_be_asked_ends_that_connection_alone,
          worker_that_does_not_listen_holds_up_no_other,
          strange_packets_on_the_control_pair_are_dropped,
          process_serves_its_workers_after_the_supervisor_has_gone)
