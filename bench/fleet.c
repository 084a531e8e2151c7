/*
 * bench-fleet - machines of the lab, attesting in turn through a running service
 *
 * usage: bench-fleet URL CA MACHINES FIRST COUNT   COUNT attestations, the first of them FIRST's;
 *                                                  each is a boot of its own of one of MACHINES
 *        bench-fleet --floor                       CPU nanoseconds of the public-key work of one:
 *                                                  the request, the quote and the key's two
 *                                                  certificates verified, one token signed
 */
#include "../lab/tpm.h"
#include "../src/base/b64.h"
#include "../src/cli/fetch.h"
#include "../src/crypto/signkey.h"
#include "../src/evidence/tpm/message.h"
#include "../src/format/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MACHINES_MAX = 1000,
    MEMORY = 64 * 1024 * 1024,
    FLOOR_ROUNDS = 300,
    FIRST_BOOT = 42,
    OUR_FAULT = 70,
    USAGE = 64
};

struct fleet {
    const char *url, *ca;
    struct lab_ring *rings; /* a machine's keys are made once */
    size_t machines;
    int64_t now;
};

static void die(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-fleet: %s: %s: %s\n", what, e->path, e->text);
    exit(OUR_FAULT);
}

static double now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* {"data": base64url}, sent; the message in the answer. */
static bool send_message(const struct fleet *f, struct span message, struct arena *a,
                         struct span *out, struct err *err)
{
    struct fetch_wish wish = { .url = fetch_url(a, f->url, "/attest/Tpm?api-version=2022-08-01"),
                               .ca_file = f->ca,
                               .bearer = "dev-reader",
                               .is_post = true };
    struct writer w = writer_in(a, message.n / 3 * 4 + 32);
    struct fetch_answer answer;
    const struct json *body = NULL;
    struct span data = { 0 };

    write_text(&w, "{\"data\":\"");
    b64_write_url(&w, message);
    write_text(&w, "\"}");
    if (!writer_done(&w, &wish.body, err) || !fetch(&wish, a, &answer, err))
        return false;
    if (answer.status != 200)
        return err_fail(err, ERR_DENIED, NULL, "%ld %.150s", answer.status,
                        (const char *)answer.body.p);
    return json_parse(answer.body, NULL, a, &body, err) &&
           json_get_string(body, "data", &data, err) && b64_read(a, data, B64_URL, out, err);
}

static bool ask_challenge(const struct fleet *f, struct arena *a, struct span *challenge,
                          const char **context, struct err *err)
{
    struct writer init = writer_in(a, 64), text = writer_in(a, 512);
    struct span message = { 0 }, answer = { 0 }, sealed = { 0 }, shown = { 0 };

    tpm_message_write_init(&init, true);
    if (!writer_done(&init, &message, err) || !send_message(f, message, a, &answer, err) ||
        !tpm_message_read_challenge(answer, a, challenge, &sealed, err))
        return false;
    b64_write_url(&text, sealed);
    write_u8(&text, 0);
    if (!writer_done(&text, &shown, err))
        return false;
    *context = (const char *)shown.p;
    return true;
}

/* Both round trips of one boot of one machine. */
static bool attest(const struct fleet *f, size_t turn, struct arena *a, struct err *err)
{
    struct lab_tpm_params p = lab_tpm_params("tpm", 0);
    struct writer w = writer_in(a, 65536);
    struct lab_tpm_set set;
    struct span message = { 0 }, answer = { 0 }, token = { 0 };

    lab_tpm_params_at(&p, f->now);
    p.platform = turn % f->machines;
    p.boot_counter = FIRST_BOOT + turn / f->machines;
    if (!ask_challenge(f, a, &p.challenge, &p.context, err) ||
        !lab_tpm_make(&p, &f->rings[p.platform], a, &set, err))
        return false;
    tpm_message_write_request(&w, true, set.request);
    return writer_done(&w, &message, err) && send_message(f, message, a, &answer, err) &&
           tpm_message_read_report(answer, a, &token, err);
}

static int run(const struct fleet *f, size_t first, size_t count)
{
    double begin = now_ns(CLOCK_MONOTONIC), seconds;
    size_t errors = 0;

    for (size_t i = first; i < first + count; i++) {
        struct arena a = arena_over(MEMORY);
        struct err e = { 0 };

        if (!attest(f, i, &a, &e)) {
            errors++;
            fprintf(stderr, "bench-fleet: machine %zu: %s: %s\n", i, e.path, e.text);
        }
        arena_fini(&a);
    }
    seconds = (now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
    printf("%zu %zu %.2f\n", count - errors, errors, seconds);
    return errors ? 1 : 0;
}

/* The work in kind and number, through the calls that the service uses. */
struct floor_keys {
    struct crypto *c;
    struct signkey *rsa, *ec;
    struct pubkey *rsa_public, *ec_public;
    uint8_t rsa_signature[512], ec_signature[64];
    size_t rsa_size, ec_size;
};

static const char floor_text[] = "what is signed is hashed first, and hashing is the smaller part";

static bool floor_open(struct floor_keys *k, struct arena *a, struct err *err)
{
    struct span text = span_str(floor_text), rsa = { 0 }, ec = { 0 };

    k->c = crypto_new(err);
    k->rsa = k->c ? signkey_new(k->c, SIGNKEY_RSA2048, err) : NULL;
    k->ec = k->rsa ? signkey_new(k->c, SIGNKEY_P256, err) : NULL;
    if (!k->ec || !signkey_spki(k->rsa, a, &rsa, err) || !signkey_spki(k->ec, a, &ec, err))
        return false;
    k->rsa_public = pubkey_new_spki(k->c, rsa, err);
    k->ec_public = k->rsa_public ? pubkey_new_spki(k->c, ec, err) : NULL;
    return k->ec_public &&
           signkey_sign(k->c, k->rsa, SIG_PS256, text, k->rsa_signature, sizeof k->rsa_signature,
                        &k->rsa_size, err) &&
           signkey_sign(k->c, k->ec, SIG_ES256, text, k->ec_signature, sizeof k->ec_signature,
                        &k->ec_size, err);
}

static bool floor_once(struct floor_keys *k, struct err *err)
{
    struct span text = span_str(floor_text), rsa = span_of(k->rsa_signature, k->rsa_size),
                ec = span_of(k->ec_signature, k->ec_size);
    uint8_t token[512];
    size_t n;

    for (int i = 0; i < 2; i++)
        if (!pubkey_verify(k->c, k->rsa_public, SIG_PS256, text, rsa, err) ||
            !pubkey_verify(k->c, k->ec_public, SIG_ES256, text, ec, err))
            return false;
    return signkey_sign(k->c, k->rsa, SIG_RS256, text, token, sizeof token, &n, err);
}

static int measure_floor(void)
{
    struct arena a = arena_over(MEMORY);
    struct floor_keys k = { 0 };
    struct err e = { 0 };
    double begin;

    if (!floor_open(&k, &a, &e))
        die("keys", &e);
    begin = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < FLOOR_ROUNDS; i++)
        if (!floor_once(&k, &e))
            die("floor", &e);
    printf("%.0f\n", (now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / FLOOR_ROUNDS);
    pubkey_free(k.rsa_public);
    pubkey_free(k.ec_public);
    signkey_free(k.rsa);
    signkey_free(k.ec);
    crypto_free(k.c);
    arena_fini(&a);
    return 0;
}

int main(int argc, char **argv)
{
    struct fleet f = { 0 };
    int status;

    if (argc == 2 && strcmp(argv[1], "--floor") == 0)
        return measure_floor();
    if (argc != 6) {
        fprintf(stderr, "usage: bench-fleet URL CA MACHINES FIRST COUNT\n");
        return USAGE;
    }
    f = (struct fleet){ .url = argv[1],
                        .ca = argv[2],
                        .machines = strtoul(argv[3], NULL, 10),
                        .now = (int64_t)time(NULL) };
    if (f.machines == 0 || f.machines > MACHINES_MAX)
        return USAGE;
    f.rings = calloc(f.machines, sizeof *f.rings);
    if (!f.rings)
        return OUR_FAULT;
    status = run(&f, strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
    free(f.rings);
    return status;
}
