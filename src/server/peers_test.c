#include "peers.h"

#include "../../tests/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

struct address {
    struct sockaddr_storage room;
};

static const struct sockaddr *address(struct address *a, const char *text)
{
    struct sockaddr_in *v4 = (void *)&a->room;
    struct sockaddr_in6 *v6 = (void *)&a->room;

    *a = (struct address){ 0 };
    a->room.ss_family = AF_UNIX;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        a->room.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        a->room.ss_family = AF_INET6;
    return (const void *)&a->room;
}

static void addresses_that_count_as_one_share_a_limit(void **state)
{
    static const struct {
        const char *first, *second;
        bool is_one;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
        { "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
        { "2001:db8:1:2::1", "2001:db8:1:3::1", false },
        { "unix", "unix", true },
        { "unix", "192.0.2.1", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peers *t = peers_new(1, i * 0x123456789abcdefu);
        struct address a;
        struct peer *p = peers_enter(t, address(&a, rows[i].first), 1);

        CHECK(rows[i].second, p);
        CHECK_INT(rows[i].second, !peers_enter(t, address(&a, rows[i].second), 1), rows[i].is_one);
        peers_free(t);
    }
}

static void leaving_makes_room_again(void **state)
{
    struct peers *t = peers_new(1, 7);
    struct address a;
    struct peer *p[3];

    (void)state;
    for (size_t i = 0; i < COUNT(p); i++)
        assert_non_null(p[i] = peers_enter(t, address(&a, "192.0.2.1"), 3));
    assert_null(peers_enter(t, address(&a, "192.0.2.1"), 3));
    peers_leave(t, p[0]);
    assert_non_null(p[0] = peers_enter(t, address(&a, "192.0.2.1"), 3));
    for (size_t i = 0; i < COUNT(p); i++)
        peers_leave(t, p[i]);
    peers_leave(t, NULL);
    assert_non_null(peers_enter(t, address(&a, "192.0.2.1"), 1));
    peers_free(t);
}

static void thousands_of_addresses_keep_their_own_counts(void **state)
{
    enum { MANY = 5000 };
    struct peers *t = peers_new(64, 99);
    struct peer **p = calloc(MANY, sizeof *p);
    struct address a;
    char text[32];

    (void)state;
    assert_true(t && p);
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "10.0.%d.%d", i / 256, i % 256);
        assert_non_null(p[i] = peers_enter(t, address(&a, text), 1));
    }
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "10.0.%d.%d", i / 256, i % 256);
        assert_null(peers_enter(t, address(&a, text), 1));
        peers_leave(t, p[i]);
    }
    free(p);
    peers_free(t);
}

static void an_address_is_shown_as_people_write_it(void **state)
{
    static const char *const rows[][2] = { { "192.0.2.1", "192.0.2.1" },
                                           { "::ffff:192.0.2.1", "192.0.2.1" },
                                           { "2001:db8::1", "2001:db8::1" },
                                           { "a path", "unix" } };
    struct address a;
    char text[PEER_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        peer_text(address(&a, rows[i][0]), text);
        assert_string_equal(text, rows[i][1]);
    }
}

TEST_MAIN(addresses_that_count_as_one_share_a_limit, leaving_makes_room_again,
          thousands_of_addresses_keep_their_own_counts, an_address_is_shown_as_people_write_it)
