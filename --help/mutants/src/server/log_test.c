#include "../../tests/check.h"

#include "log.h"

static struct span line(bool is_json, const char *text, const char *const *pairs)
{
    static char out[LOG_LINE_MAX];
    size_t n =
        log_line(out, sizeof out, is_json, 1705320000, LOG_LEVEL_INFO, "worker", text, pairs);

    return span_of(out, n);
}

static bool holds(struct span s, const char *text)
{
    return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static void json_line_is_one_object_with_the_pairs(void **state)
{
    static const char *const pairs[] = { "url", "https://x", "port", "1", NULL };
    struct span s = line(true, "serving", pairs);
    (void)state;

    CHECK("start",
          holds(s, "{\"time\":\"2024-01-15T12:00:00Z\",\"level\":\"info\",\"process\":\"worker\""));
    CHECK("pairs", holds(s, ",\"text\":\"serving\",\"url\":\"https://x\",\"port\":\"1\"}"));
}

static void text_line_is_for_a_person(void **state)
{
    static const char *const pairs[] = { "url", "https://x", NULL };
    struct span s = line(false, "serving", pairs);
    (void)state;

    CHECK("text", holds(s, "2024-01-15T12:00:00Z info    worker["));
    CHECK("text", holds(s, "] serving url=https://x"));
}

static void outside_text_cannot_start_a_line_or_end_a_string(void **state)
{
    static const char *const pairs[] = { "path", "a\"b\nINFO forged\x1b[2J\xff", NULL };
    (void)state;

    for (int is_json = 0; is_json < 2; is_json++) {
        struct span s = line(is_json, "asked", pairs);

        CHECK("line feed", !memchr(s.p, '\n', s.n));
        CHECK("escape", !memchr(s.p, 0x1b, s.n));
        CHECK("not UTF-8", !memchr(s.p, 0xff, s.n));
    }
    CHECK("quote", holds(line(true, "asked", pairs), "a\\\"b"));
}

static void line_that_would_be_too_long_drops_its_pairs(void **state)
{
    static char huge[600];
    const char *const pairs[] = { "a", huge, "b", huge, "c", huge, "d", huge, "e", huge, NULL };
    struct span s;
    (void)state;

    memset(huge, 'x', sizeof huge - 1);
    s = line(true, "long", pairs);
    CHECK("fits", s.n > 0 && s.n < LOG_LINE_MAX);
    CHECK("whole", s.p[s.n - 1] == '}' && holds(s, "\"long\""));
}

TEST_MAIN(json_line_is_one_object_with_the_pairs, text_line_is_for_a_person,
          outside_text_cannot_start_a_line_or_end_a_string,
          line_that_would_be_too_long_drops_its_pairs)
