#include "when.h"

#include "../../tests/check.h"

static void moments_and_texts_agree(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 86399, "1970-01-01T23:59:59Z" },
        { 951782400, "2000-02-29T00:00:00Z" },
        { 951868800, "2000-03-01T00:00:00Z" },
        { 1619119211, "2021-04-22T19:20:11Z" },
        { 1709164800, "2024-02-29T00:00:00Z" },
        { 1735689599, "2024-12-31T23:59:59Z" },
        { 1893456000, "2030-01-01T00:00:00Z" },
        { 2147483648, "2038-01-19T03:14:08Z" },
        { 4107542400, "2100-03-01T00:00:00Z" },
        { 253402300799, "9999-12-31T23:59:59Z" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buf[WHEN_TEXT];
        int64_t t = -1;
        struct err e = { 0 };

        assert_string_equal(when_str(rows[i].t, buf), rows[i].text);
        CHECK_OK(rows[i].text, when_read(span_str(rows[i].text), &t, &e), e);
        CHECK_INT(rows[i].text, t, rows[i].t);
        CHECK_OK(rows[i].text, when_read_any(span_str(rows[i].text), &t, &e), e);
        CHECK_INT(rows[i].text, t, rows[i].t);
    }
}

static void every_day_goes_there_and_back(void **state)
{
    int64_t before = -1;

    (void)state;
    for (int64_t day = 0; day < 2932897; day++) { /* 1970 to 9999 */
        struct when_parts p = when_parts_of(day * 86400 + 86399);
        int64_t t = 0;

        assert_true(when_of_parts(&p, &t));
        assert_int_equal(t, day * 86400 + 86399);
        assert_true(t > before);
        before = t;
        if (day > 200000)
            day += 97; /* the calendar repeats every 400 years */
    }
}

static void moments_before_1970_and_beyond_9999_stay_in_range(void **state)
{
    static const struct {
        int64_t t;
        int year, month, day, second;
    } rows[] = {
        { -1, 1969, 12, 31, 59 },  { -62135596800, 1, 1, 1, 0 },    { -62135596801, 1, 1, 1, 0 },
        { INT64_MIN, 1, 1, 1, 0 }, { INT64_MAX, 9999, 12, 31, 59 }, { -2203891200, 1900, 3, 1, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct when_parts p = when_parts_of(rows[i].t);

        CHECK_INT("year", p.year, rows[i].year);
        CHECK_INT("month", p.month, rows[i].month);
        CHECK_INT("day", p.day, rows[i].day);
        CHECK_INT("second", p.second, rows[i].second);
    }
}

static void days_that_do_not_exist_are_refused(void **state)
{
    static const char *const rows[] = {
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
        "2024-04-31T00:00:00Z", "2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t t = 7;
        struct err e = { 0 };

        CHECK(rows[i], !when_read(span_str(rows[i]), &t, &e));
        CHECK_ERR(rows[i], e, ERR_MALFORMED, "");
        err_clear(&e);
        CHECK(rows[i], !when_read_any(span_str(rows[i]), &t, &e));
        CHECK_ERR(rows[i], e, ERR_MALFORMED, "");
        CHECK_INT(rows[i], t, 7);
    }
}

static void only_the_form_of_vendor_collateral_is_read(void **state)
{
    static const char *const rows[] = {
        "",
        "2024",
        "2024-01-15",
        "2024-01-15T12:00:00",
        "2024-01-15T12:00:00z",
        "2024-01-15t12:00:00Z",
        "2024-01-15 12:00:00Z",
        "2024-01-15T12:00:00.0Z",
        "2024-01-15T12:00:00+00:00",
        "2024-01-15T12:00:00Z ",
        " 2024-01-15T12:00:00Z",
        "2024-1-15T12:00:00Z",
        "+024-01-15T12:00:00Z",
        "20240115T120000Z",
        "2024-01-15T12:00Z",
        "1705320000",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *exact = check_exact(span_str(rows[i]));
        int64_t t = 7;
        struct err e = { 0 };

        CHECK(rows[i], !when_read(span_of(exact, strlen(rows[i])), &t, &e));
        CHECK_ERR(rows[i], e, ERR_MALFORMED, "");
        free(exact);
    }
}

static void people_may_type_more_forms(void **state)
{
    static const struct {
        const char *text;
        bool holds;
        int64_t want;
    } rows[] = {
        { "0", true, 0 },
        { "1705320000", true, 1705320000 },
        { "999999999999", true, 999999999999 },
        { "1000000000000", false, 0 },
        { "-1", false, 0 },
        { "1e9", false, 0 },
        { "2024-01-15T12:00:00Z", true, 1705320000 },
        { "2024-01-15T12:00:00z", true, 1705320000 },
        { "2024-01-15T12:00:00.999Z", true, 1705320000 },
        { "2024-01-15T12:00:00+02:00", true, 1705312800 },
        { "2024-01-15T12:00:00-00:30", true, 1705321800 },
        { "2024-01-15T12:00:00+24:00", false, 0 },
        { "2024-01-15T12:00:00+00:60", false, 0 },
        { "2024-01-15T12:00:00+0200", false, 0 },
        { "2024-01-15T12:00:00", false, 0 },
        { "2024-01-15T12:00:00.", false, 0 },
        { "2024-01-15T12:00:00.5", false, 0 },
        { "2024-01-15T12:00:00Zx", false, 0 },
        { "tomorrow", false, 0 },
        { "", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *exact = check_exact(span_str(rows[i].text));
        int64_t t = 0;
        struct err e = { 0 };

        CHECK_INT(rows[i].text, when_read_any(span_of(exact, strlen(rows[i].text)), &t, &e),
                  rows[i].holds);
        CHECK_INT(rows[i].text, t, rows[i].want);
        free(exact);
    }
}

static void parts_out_of_range_are_refused(void **state)
{
    static const struct when_parts rows[] = {
        { 0, 1, 1, 0, 0, 0 },     { 10000, 1, 1, 0, 0, 0 }, { 2024, 0, 1, 0, 0, 0 },
        { 2024, 13, 1, 0, 0, 0 }, { 2024, 1, 0, 0, 0, 0 },  { 2024, 1, 1, -1, 0, 0 },
        { 2024, 1, 1, 0, -1, 0 }, { 2024, 1, 1, 0, 0, -1 }, { 2024, 1, 1, 24, 0, 0 },
        { 2024, 1, 1, 0, 60, 0 }, { 2024, 1, 1, 0, 0, 60 }, { 2024, -5, 1, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT("refused", when_of_parts(&rows[i], &(int64_t){ 0 }), false);
}

TEST_MAIN(moments_and_texts_agree, every_day_goes_there_and_back,
          moments_before_1970_and_beyond_9999_stay_in_range, days_that_do_not_exist_are_refused,
          only_the_form_of_vendor_collateral_is_read, people_may_type_more_forms,
          parts_out_of_range_are_refused)
