#include "listen.h"

#include "../../tests/check.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

static void addresses_are_read_and_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_address, is_local;
    } rows[] = {
        { "127.0.0.1:8443", true, true },
        { "127.9.9.9:0", true, true },
        { "[::1]:8443", true, true },
        { "unix:/run/cupel.sock", true, true },
        { "0.0.0.0:8443", true, false },
        { "192.0.2.1:65535", true, false },
        { "*:443", true, false },
        { "[::]:443", true, false },
        { "[2001:db8::1]:1", true, false },
        { "128.0.0.1:1", true, false },
        { "", false, false },
        { "8443", false, false },
        { "127.0.0.1", false, false },
        { "127.0.0.1:", false, false },
        { ":8443", false, false },
        { "127.0.0.1:65536", false, false },
        { "127.0.0.1:-1", false, false },
        { "127.0.0.1: 80", false, false },
        { "127.0.0.1:000080", false, false },
        { "::1:8443", false, false },
        { "[127.0.0.1]:80", false, false },
        { "[::1:80", false, false },
        { "localhost:8443", false, false },
        { "unix:", false, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct listen_address a;
        struct err e = { 0 };
        bool ok = listen_address_read(span_str(rows[i].text), &a, &e);

        CHECK_INT(rows[i].text, ok, rows[i].is_address);
        if (ok)
            CHECK_INT(rows[i].text, listen_address_is_local(&a), rows[i].is_local);
        else
            CHECK_ERR(rows[i].text, e, ERR_MALFORMED, "");
    }
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char text[300] = "unix:/";
    struct listen_address a;
    struct err e = { 0 };

    (void)state;
    memset(text + 6, 'a', sizeof text - 7);
    assert_false(listen_address_read(span_str(text), &a, &e));
    CHECK_ERR("long", e, ERR_MALFORMED, "");
}

static int open_text(const char *text, struct err *e)
{
    struct listen_address a;

    CHECK_OK(text, listen_address_read(span_str(text), &a, e), *e);
    return listen_open(&a, e);
}

static void a_listener_has_the_port_it_was_given_and_no_delay(void **state)
{
    struct err e = { 0 };
    struct listen_address a;
    char name[LISTEN_TEXT];
    int fd = open_text("127.0.0.1:0", &e), value = 0;
    socklen_t n = sizeof value;

    (void)state;
    assert_true(fd >= 0);
    CHECK_OK("name", listen_address_read(span_str(listen_name(fd, name)), &a, &e), e);
    assert_true(a.at.v4.sin_port != 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &n), 0);
    assert_true(value != 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(listen_open(&a, &e), -1);
    CHECK_ERR("taken", e, ERR_IO, "");
    close(fd);
}

static void an_old_socket_file_is_replaced_but_no_other_file(void **state)
{
    char dir[] = "/tmp/cupel-listen-XXXXXX", path[64], text[80], name[LISTEN_TEXT];
    struct err e = { 0 };
    int first, second;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    snprintf(text, sizeof text, "unix:%s", path);
    first = open_text(text, &e);
    second = open_text(text, &e);
    assert_true(first >= 0 && second >= 0);
    assert_string_equal(listen_name(second, name), text);
    close(first);
    close(second);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(open_text(text, &e), -1);
    CHECK_ERR("a file", e, ERR_IO, "");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void what_is_no_socket_has_no_name(void **state)
{
    char name[LISTEN_TEXT];

    (void)state;
    assert_string_equal(listen_name(-1, name), "");
}

TEST_MAIN(addresses_are_read_and_told_apart, a_path_that_is_too_long_is_refused,
          a_listener_has_the_port_it_was_given_and_no_delay,
          an_old_socket_file_is_replaced_but_no_other_file, what_is_no_socket_has_no_name)
