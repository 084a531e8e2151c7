#include "when.h"

#include <stdio.h>

static bool is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int y, int m)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[m - 1] + (m == 2 && is_leap(y));
}

/* Days from 1970-01-01 to the first of January of year y. */
static int64_t days_before_year(int y)
{
    int64_t p = y - 1;

    return 365 * (p - 1969) + (p / 4 - 1969 / 4) - (p / 100 - 1969 / 100) + (p / 400 - 1969 / 400);
}

bool when_of_parts(const struct when_parts *p, int64_t *out)
{
    int64_t days;

    if (p->year < 1 || p->year > 9999 || p->month < 1 || p->month > 12 || p->day < 1 ||
        p->day > month_days(p->year, p->month))
        return false;
    if (p->hour < 0 || p->hour > 23 || p->minute < 0 || p->minute > 59 || p->second < 0 ||
        p->second > 59)
        return false;
    days = days_before_year(p->year) + p->day - 1;
    for (int m = 1; m < p->month; m++)
        days += month_days(p->year, m);
    *out = days * 86400 + p->hour * 3600 + p->minute * 60 + p->second;
    return true;
}

struct when_parts when_parts_of(int64_t t)
{
    static const int64_t least = -62135596800, most = 253402300799; /* years 1 to 9999 */
    struct when_parts p = { .month = 1 };
    int64_t days, rest;

    t = t < least ? least : t > most ? most : t;
    days = t / 86400;
    rest = t % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    p.year = (int)(1970 + days / 366);
    if (days < 0)
        p.year = (int)(1969 + days / 365);
    if (p.year < 1)
        p.year = 1;
    while (days_before_year(p.year + 1) <= days)
        p.year++;
    days -= days_before_year(p.year);
    while (days >= month_days(p.year, p.month))
        days -= month_days(p.year, p.month++);
    p.day = (int)days + 1;
    p.hour = (int)(rest / 3600);
    p.minute = (int)(rest / 60 % 60);
    p.second = (int)(rest % 60);
    return p;
}

const char *when_str(int64_t t, char buf[WHEN_TEXT])
{
    struct when_parts p = when_parts_of(t);

    snprintf(buf, WHEN_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)p.year % 10000,
             (unsigned)p.month % 100, (unsigned)p.day % 100, (unsigned)p.hour % 100,
             (unsigned)p.minute % 100, (unsigned)p.second % 100);
    return buf;
}

/* A finger on text; each step that does not fit makes at NULL. */
struct scan {
    const uint8_t *at, *end;
};

static int scan_number(struct scan *s, int digits)
{
    int v = 0;

    for (int i = 0; i < digits && s->at; i++) {
        if (s->at == s->end || *s->at < '0' || *s->at > '9') {
            s->at = NULL;
            return 0;
        }
        v = v * 10 + (*s->at++ - '0');
    }
    return v;
}

static void scan_char(struct scan *s, char c)
{
    if (s->at && s->at != s->end && *s->at == (uint8_t)c)
        s->at++;
    else
        s->at = NULL;
}

static struct when_parts scan_parts(struct scan *s)
{
    struct when_parts p;

    p.year = scan_number(s, 4);
    scan_char(s, '-');
    p.month = scan_number(s, 2);
    scan_char(s, '-');
    p.day = scan_number(s, 2);
    scan_char(s, 'T');
    p.hour = scan_number(s, 2);
    scan_char(s, ':');
    p.minute = scan_number(s, 2);
    scan_char(s, ':');
    p.second = scan_number(s, 2);
    return p;
}

static bool fail_time(struct span text, const char *expected, struct err *err)
{
    char shown[41];
    size_t n = text.n < 40 ? text.n : 40;

    for (size_t i = 0; i < n; i++)
        shown[i] = (char)(text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?');
    shown[n] = '\0';
    return err_fail(err, ERR_MALFORMED, "RFC 3339, 5.6", "\"%s\" is not a time of the form %s",
                    shown, expected);
}

bool when_read(struct span text, int64_t *out, struct err *err)
{
    struct scan s = { text.p, text.p ? text.p + text.n : NULL };
    struct when_parts p = scan_parts(&s);

    scan_char(&s, 'Z');
    if (!s.at || s.at != s.end || p.year < 1970 || !when_of_parts(&p, out))
        return fail_time(text, "YYYY-MM-DDThh:mm:ssZ", err);
    return true;
}

static bool read_seconds(struct span text, int64_t *out)
{
    int64_t v = 0;

    if (text.n == 0 || text.n > 12)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (text.p[i] - '0');
    }
    *out = v;
    return true;
}

static int64_t scan_offset(struct scan *s)
{
    int sign, hours, minutes;

    if (!s->at || s->at == s->end)
        return 0;
    if (*s->at == 'Z' || *s->at == 'z') {
        s->at++;
        return 0;
    }
    sign = *s->at == '-' ? -1 : 1;
    scan_char(s, sign < 0 ? '-' : '+');
    hours = scan_number(s, 2);
    scan_char(s, ':');
    minutes = scan_number(s, 2);
    if (hours > 23 || minutes > 59)
        s->at = NULL;
    return sign * (hours * 3600 + minutes * 60);
}

bool when_read_any(struct span text, int64_t *out, struct err *err)
{
    struct scan s = { text.p, text.p ? text.p + text.n : NULL };
    struct when_parts p;
    int64_t t = 0, shift;

    if (read_seconds(text, out))
        return true;
    p = scan_parts(&s);
    if (s.at && s.at != s.end && *s.at == '.')
        for (s.at++; s.at != s.end && *s.at >= '0' && *s.at <= '9';)
            s.at++;
    if (s.at == s.end)
        s.at = NULL;
    shift = scan_offset(&s);
    if (!s.at || s.at != s.end || p.year < 1970 || !when_of_parts(&p, &t))
        return fail_time(text, "2024-01-15T12:00:00Z, and not seconds since 1970", err);
    *out = t - shift;
    return true;
}
