/*
 * bench-floor - the crypto floor of this machine, profiles interleaved, with a control loop around
 * each slice
 *
 * usage: bench-floor            the tables, for a person
 *        bench-floor --pair N S ROUNDS   CPU nanoseconds of one iteration with N verifications and
 * signature S, all cores busy: one number a round, for the daemon's share
 */
#include "floor.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, SLICE_MS = 30, CONTROL_MS = 4, CORES_MAX = 64, CHECK_EVERY = 8 };

static struct floor_platform platforms[FLOOR_PLATFORMS];
static uint8_t ca_point[64];
static struct secret pems[FLOOR_SIGNS];

struct slice {
    int verifies;
    enum floor_sign sign;
    int milliseconds;
    double per_second; /* of wall time */
    double cpu_ns;     /* of one iteration */
    double control;    /* control loop turns a nanosecond, around the slice */
};

struct runner {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct slice slice;
    struct floor floor;
};

static double now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-floor: %s: %s: %s\n", what, e->path, e->text);
    exit(70);
}

/* Turns of a dependent multiplication in a nanosecond of wall time: tells whether the core was
 * ours. */
static double control(void)
{
    double begin = now_ns(CLOCK_MONOTONIC), took;
    volatile uint64_t sink;
    uint64_t x = 3, turns = 0;

    do {
        for (int i = 0; i < 1000; i++)
            __builtin_mul_overflow(x, UINT64_C(6364136223846793005), &x);
        turns += 1000;
        took = now_ns(CLOCK_MONOTONIC) - begin;
    } while (took < CONTROL_MS * 1e6);
    sink = x;
    (void)sink;
    return (double)turns / took;
}

static void run_slice(struct floor *f, struct slice *s)
{
    double before = control(), wall = now_ns(CLOCK_MONOTONIC),
           cpu = now_ns(CLOCK_THREAD_CPUTIME_ID), took;
    struct err e = { 0 };
    double done = 0;

    do {
        for (int i = 0; i < CHECK_EVERY; i++)
            if (!floor_iterate(f, s->verifies, s->sign, &e))
                die("an iteration failed", &e);
        done += CHECK_EVERY;
        took = now_ns(CLOCK_MONOTONIC) - wall;
    } while (took < s->milliseconds * 1e6);
    s->per_second = done * 1e9 / took;
    s->cpu_ns = (now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / done;
    s->control = (before + control()) / 2;
}

static void *run_thread(void *arg)
{
    struct runner *r = arg;

    pthread_barrier_wait(r->barrier);
    run_slice(&r->floor, &r->slice);
    return NULL;
}

/* The slice on `count` threads at once; returns the sum of their rates, the worst control and the
 * mean CPU. */
static struct slice run_all(struct runner *runners, int count, struct slice wish)
{
    pthread_barrier_t barrier;
    struct slice sum = wish;

    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        runners[i].barrier = &barrier;
        runners[i].slice = wish;
        if (pthread_create(&runners[i].thread, NULL, run_thread, &runners[i]) != 0)
            abort();
    }
    sum.per_second = sum.cpu_ns = 0;
    sum.control = 1e9;
    for (int i = 0; i < count; i++) {
        pthread_join(runners[i].thread, NULL);
        sum.per_second += runners[i].slice.per_second;
        sum.cpu_ns += runners[i].slice.cpu_ns / count;
        if (runners[i].slice.control < sum.control)
            sum.control = runners[i].slice.control;
    }
    pthread_barrier_destroy(&barrier);
    return sum;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

/* Rates of one profile over the rounds. */
struct series {
    double one[ROUNDS], cpu[ROUNDS], ratio[ROUNDS];
    int rounds, qualified;
};

static void note(struct series *s, const struct slice *one, const struct slice *all, int cores)
{
    s->one[s->rounds] = one->per_second;
    s->cpu[s->rounds++] = one->cpu_ns;
    if (all->control / one->control >= 0.88 || cores == 1)
        s->ratio[s->qualified++] = all->per_second / one->per_second;
}

static void print_series(const char *name, struct series *s, double unit)
{
    double cpu = median(s->cpu, s->rounds), mid = median(s->one, s->rounds);

    printf("  %-26s %9.0f %9.0f %9.0f %9.1f %6.2f", name, mid, s->one[s->rounds - 1], s->one[0],
           cpu / 1000, cpu / unit);
    if (s->qualified > 0)
        printf("   %.2fx (%d of %d rounds)\n", median(s->ratio, s->qualified), s->qualified,
               s->rounds);
    else
        printf("   - (no round had the cores to itself)\n");
}

static bool has_flag(const char *flag)
{
    char line[8192];
    FILE *f = fopen("/proc/cpuinfo", "r");
    bool found = false;

    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, flag) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* verifies 0 with a signature, or verifications alone: the parts of the floor. */
static void print_tables(struct runner *runners, int cores)
{
    static struct series series[4][FLOOR_SIGNS];
    double unit;
    char name[64];

    for (int round = 0; round < ROUNDS; round++)
        for (int v = 0; v <= 3; v++)
            for (int s = 0; s < FLOOR_SIGNS; s++) {
                struct slice wish = { .verifies = v,
                                      .sign = (enum floor_sign)s,
                                      .milliseconds = SLICE_MS };
                struct slice one = run_all(runners, 1, wish), all = run_all(runners, cores, wish);

                note(&series[v][s], &one, &all, cores);
            }
    unit = median(series[1][FLOOR_NONE].cpu, ROUNDS) - median(series[0][FLOOR_NONE].cpu, ROUNDS);
    printf("crypto floor: %s, %d cores, avx512ifma %s, one P-256 verification V = %.1f us\n",
           OpenSSL_version(OPENSSL_VERSION), cores, has_flag("avx512ifma") ? "yes" : "no",
           unit / 1000);
    printf("  %-26s %9s %9s %9s %9s %6s   %d cores\n", "profile, one core", "median/s", "best/s",
           "worst/s", "CPU us", "in V", cores);
    for (int v = 3; v >= 0; v--)
        for (int s = 0; s < FLOOR_SIGNS; s++) {
            snprintf(name, sizeof name, v ? "%d verified, %s" : "%.0dhash and %s alone", v,
                     floor_sign_names[s]);
            print_series(name, &series[v][s], unit);
        }
}

static void print_pair(struct runner *runners, int cores, int verifies, const char *sign,
                       int rounds)
{
    struct slice wish = { .verifies = verifies, .milliseconds = 300 };

    for (int s = 0; s < FLOOR_SIGNS; s++)
        if (strcmp(floor_sign_names[s], sign) == 0)
            wish.sign = (enum floor_sign)s;
    for (int i = 0; i < rounds; i++)
        printf("%.0f\n", run_all(runners, cores, wish).cpu_ns);
}

int main(int argc, char **argv)
{
    static struct runner runners[CORES_MAX];
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int cores = online < 1 ? 1 : online > CORES_MAX ? CORES_MAX : (int)online;
    struct err e = { 0 };

    if (!floor_fixture(platforms, ca_point, pems, &e))
        die("the fixture", &e);
    for (int i = 0; i < cores; i++)
        if (!floor_init(&runners[i].floor, platforms, ca_point, pems, &e) ||
            !floor_self_check(&runners[i].floor, &e))
            die("the self-check", &e);
    if (argc == 5 && strcmp(argv[1], "--pair") == 0)
        print_pair(runners, cores, (int)strtol(argv[2], NULL, 10), argv[3],
                   (int)strtol(argv[4], NULL, 10));
    else
        print_tables(runners, cores);
    for (int i = 0; i < cores; i++)
        floor_fini(&runners[i].floor);
    for (int i = FLOOR_RS256; i < FLOOR_SIGNS; i++)
        secret_free(&pems[i]);
    return 0;
}
