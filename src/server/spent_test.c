#include "spent.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tests/check.h"

enum { NOW = 1700000000, LIFETIME = 300, RACERS = 4, RACES = 2000 };

static int fd;
static struct spent *table;

static void open_table(void)
{
    struct err e = { 0 };

    CHECK_OK("make", spent_make(&fd, &e), e);
    table = spent_map(fd, LIFETIME, &e);
    CHECK_OK("map", table != NULL, e);
}

static void close_table(void)
{
    spent_unmap(table);
    close(fd);
}

/* Challenges that are to meet in the same places share bytes 4 to 7. */
static struct tpm_opened opened(uint8_t room[32], uint32_t tag, uint32_t place)
{
    memset(room, 0, 32);
    tag <<= 1; /* the lowest bit is not looked at */
    memcpy(room, &tag, sizeof tag);
    memcpy(room + 4, &place, sizeof place);
    return (struct tpm_opened){ NOW, span_of(room, 32) };
}

static void a_challenge_is_spent_once(void **state)
{
    uint8_t a[32], b[32];
    struct tpm_opened one = opened(a, 7, 9), other = opened(b, 8, 9), later = one;

    (void)state;
    open_table();
    CHECK("not yet", !spent_holds(table, &one, NOW));
    CHECK("first", spent_add(table, &one, NOW));
    CHECK("held", spent_holds(table, &one, NOW));
    CHECK("second", !spent_add(table, &one, NOW));
    CHECK("another beside it", !spent_holds(table, &other, NOW) && spent_add(table, &other, NOW));
    later.issued_at++;
    CHECK("of another second", !spent_holds(table, &later, NOW));
    close_table();
}

static void what_does_not_fit_is_refused_until_there_is_room(void **state)
{
    uint8_t room[32];
    struct tpm_opened o;

    (void)state;
    open_table();
    for (uint32_t i = 0; i < SPENT_PROBES; i++) {
        o = opened(room, i, SPENT_SLOTS - 1); /* the last place: probing goes round */
        CHECK("room", spent_add(table, &o, NOW));
    }
    o = opened(room, SPENT_PROBES, SPENT_SLOTS - 1);
    CHECK("full", !spent_add(table, &o, NOW + LIFETIME));
    CHECK("nothing was added", !spent_holds(table, &o, NOW));
    o.issued_at = NOW + LIFETIME + 1;
    CHECK("the old make room", spent_add(table, &o, NOW + LIFETIME + 1));
    close_table();
}

/* Adds every challenge of the race; a bit of the answer for each that it got. */
static void race(int out)
{
    uint8_t won[RACES] = { 0 }, room[32];

    for (uint32_t i = 0; i < RACES; i++) {
        struct tpm_opened o = opened(room, i, i % 50);

        won[i] = spent_add(table, &o, NOW);
    }
    if (write(out, won, sizeof won) != (ssize_t)sizeof won)
        _exit(1);
    _exit(0);
}

static void of_several_processes_at_most_one_spends_a_challenge(void **state)
{
    int pipes[RACERS][2];
    uint8_t won[RACERS][RACES];

    (void)state;
    open_table();
    for (int i = 0; i < RACERS; i++) {
        CHECK("pipe", pipe(pipes[i]) == 0);
        if (fork() == 0)
            race(pipes[i][1]);
    }
    for (int i = 0; i < RACERS; i++)
        CHECK("told", read(pipes[i][0], won[i], RACES) == RACES);
    for (int i = 0; i < RACERS; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
        wait(NULL);
    }
    for (int i = 0; i < RACES; i++) {
        int winners = 0;

        for (int k = 0; k < RACERS; k++)
            winners += won[k][i];
        CHECK("at most one", winners <= 1);
    }
    close_table();
}

TEST_MAIN(a_challenge_is_spent_once, what_does_not_fit_is_refused_until_there_is_room,
          of_several_processes_at_most_one_spends_a_challenge)
