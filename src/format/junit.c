#include "junit.h"

#include "../base/utf8.h"

#include <inttypes.h>

/*= XML 1.0, 2.2 */
/*# Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF] */
static bool is_char(uint32_t c)
{
    return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xfffd) || c >= 0x10000;
}

static const char *entity_of(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;"; /* attributes turn these three into spaces otherwise */
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void xml_write_text(struct writer *w, struct span text)
{
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = utf8_next(text, &c);
        const char *entity = n ? entity_of(c) : NULL;

        if (entity)
            write_text(w, entity);
        else
            utf8_write(w, n && is_char(c) ? c : 0xfffd);
        text = span_part(text, n ? n : 1, text.n);
    }
}

static void write_attribute(struct writer *w, const char *name, struct span value)
{
    write_format(w, " %s=\"", name);
    xml_write_text(w, value);
    write_text(w, "\"");
}

static void write_time(struct writer *w, int64_t microseconds)
{
    write_format(w, " time=\"%" PRId64 ".%06" PRId64 "\"", microseconds / 1000000,
                 microseconds % 1000000);
}

static void write_case(struct writer *w, struct span suite, const struct junit_case *k)
{
    write_text(w, "    <testcase");
    write_attribute(w, "classname", suite);
    write_attribute(w, "name", k->name);
    write_time(w, k->microseconds);
    if (!k->has_failed) {
        write_text(w, "/>\n");
        return;
    }
    write_text(w, ">\n      <failure type=\"disagreement\"");
    write_attribute(w, "message", k->message);
    write_text(w, ">");
    xml_write_text(w, k->text);
    write_text(w, "</failure>\n    </testcase>\n");
}

static void write_totals(struct writer *w, const char *element, struct span name,
                         const struct junit_case *cases, size_t count)
{
    int64_t microseconds = 0;
    size_t failed = 0;

    for (size_t i = 0; i < count; i++) {
        microseconds += cases[i].microseconds;
        failed += cases[i].has_failed;
    }
    write_text(w, element);
    write_attribute(w, "name", name);
    write_format(w, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"", count, failed);
    write_time(w, microseconds);
    write_text(w, ">\n");
}

void junit_write(struct writer *w, struct span suite, const struct junit_case *cases, size_t count)
{
    write_text(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_totals(w, "<testsuites", suite, cases, count);
    write_totals(w, "  <testsuite", suite, cases, count);
    for (size_t i = 0; i < count; i++)
        write_case(w, suite, &cases[i]);
    write_text(w, "  </testsuite>\n</testsuites>\n");
}
