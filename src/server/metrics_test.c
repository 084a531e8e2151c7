#include "metrics.h"

#include "../../tests/check.h"

static const char *text_of(struct metrics *const *pages, size_t count, char *room, size_t n)
{
    struct writer w = writer_over(room, n - 1);

    metrics_write(&w, pages, count);
    assert_false(w.has_failed);
    room[w.n] = '\0';
    return room;
}

static void check_line(const char *text, const char *line)
{
    char whole[256];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole))
        fail_msg("\"%s\" is not a line of:\n%s", line, text);
}

static void pages_are_summed(void **state)
{
    struct metrics a = { 0 }, b = { 0 };
    struct metrics *pages[] = { &a, &b };
    char room[16384];
    const char *text;

    (void)state;
    metrics_add(&a, METRIC_CONNECTIONS_OPEN, 5);
    metrics_add(&b, METRIC_CONNECTIONS_OPEN, 3);
    metrics_add(&a, METRIC_CONNECTIONS_OPEN, -2);
    metrics_add(&b, METRIC_VERDICTS_REFUSED, 7);
    metrics_add(NULL, METRIC_VERDICTS_REFUSED, 7);
    text = text_of(pages, 2, room, sizeof room);
    check_line(text, "cupel_connections 6");
    check_line(text, "cupel_verdicts_total{outcome=\"refused\"} 7");
    check_line(text, "cupel_verdicts_total{outcome=\"granted\"} 0");
    check_line(text, "# TYPE cupel_connections gauge");
    check_line(text, "# TYPE cupel_verdicts_total counter");
}

static void latencies_fall_into_buckets_that_add_up(void **state)
{
    static const struct {
        int status;
        uint64_t us;
    } requests[] = { { 200, 100 }, { 200, 101 }, { 400, 1000 }, { 503, 60000000 }, { 204, 0 } };
    struct metrics m = { 0 };
    struct metrics *pages[] = { &m };
    char room[16384];
    const char *text;

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++)
        metrics_request(&m, requests[i].status, requests[i].us);
    metrics_request(NULL, 200, 1);
    text = text_of(pages, 1, room, sizeof room);
    check_line(text, "cupel_http_requests_total{class=\"2xx\"} 3");
    check_line(text, "cupel_http_requests_total{class=\"4xx\"} 1");
    check_line(text, "cupel_http_requests_total{class=\"5xx\"} 1");
    check_line(text, "cupel_http_request_duration_seconds_bucket{le=\"0.0001\"} 2");
    check_line(text, "cupel_http_request_duration_seconds_bucket{le=\"0.00025\"} 3");
    check_line(text, "cupel_http_request_duration_seconds_bucket{le=\"0.001\"} 4");
    check_line(text, "cupel_http_request_duration_seconds_bucket{le=\"5\"} 4");
    check_line(text, "cupel_http_request_duration_seconds_bucket{le=\"+Inf\"} 5");
    check_line(text, "cupel_http_request_duration_seconds_count 5");
    check_line(text, "cupel_http_request_duration_seconds_sum 60.001201");
}

/* The exposition format: every name is introduced once, before its samples, which stand together.
 */
static void each_name_is_introduced_once_before_its_samples(void **state)
{
    struct metrics m = { 0 };
    struct metrics *pages[] = { &m };
    char room[16384], name[128] = "";

    (void)state;
    text_of(pages, 1, room, sizeof room);
    for (char *line = strtok(room, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# TYPE ", 7) == 0)
            assert_int_equal(sscanf(line, "# TYPE %127s", name), 1);
        else if (line[0] != '#')
            CHECK(line, name[0] && strncmp(line, name, strlen(name)) == 0);
    }
}

TEST_MAIN(pages_are_summed, latencies_fall_into_buckets_that_add_up,
          each_name_is_introduced_once_before_its_samples)
