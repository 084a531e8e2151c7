#include "junit.h"

#include "../../tests/check.h"

static void what_xml_cannot_hold_is_replaced_and_what_it_reads_is_escaped(void **state)
{
    static const struct {
        const char *name, *text;
        size_t n;
        const char *want;
    } rows[] = {
        { "plain", "abc", 3, "abc" },
        { "markup", "<a b=\"c\">&'", 11, "&lt;a b=&quot;c&quot;&gt;&amp;'" },
        { "end of a section", "]]>", 3, "]]&gt;" },
        { "line ends", "a\r\n\tb", 5, "a&#13;&#10;&#9;b" },
        { "NUL and escape", "a\0\x1b[1m", 6, "a\xef\xbf\xbd\xef\xbf\xbd[1m" },
        { "U+FFFE", "\xef\xbf\xbe", 3, "\xef\xbf\xbd" },
        { "not UTF-8", "\xc3(\xff", 3, "\xef\xbf\xbd(\xef\xbf\xbd" },
        { "beyond the first plane", "\xf0\x9f\x94\xa5", 4, "\xf0\x9f\x94\xa5" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[128];
        struct writer w = writer_over(buf, sizeof buf);

        xml_write_text(&w, span_of(rows[i].text, rows[i].n));
        CHECK_TEXT(rows[i].name, writer_span(&w), rows[i].want);
    }
}

static void a_report_names_each_case_and_counts_what_failed(void **state)
{
    static const char want[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"a&amp;b\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
        "time=\"1.000007\">\n"
        "  <testsuite name=\"a&amp;b\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
        "time=\"1.000007\">\n"
        "    <testcase classname=\"a&amp;b\" name=\"one\" time=\"0.000007\"/>\n"
        "    <testcase classname=\"a&amp;b\" name=\"two\" time=\"1.000000\">\n"
        "      <failure type=\"disagreement\" message=\"x&lt;y\">x is &quot;1&quot;</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n";
    const struct junit_case cases[] = {
        { .name = span_str("one"), .microseconds = 7 },
        { span_str("two"), true, span_str("x<y"), span_str("x is \"1\""), 1000000 },
    };
    uint8_t buf[2048];
    struct writer w = writer_over(buf, sizeof buf);

    (void)state;
    junit_write(&w, span_str("a&b"), cases, COUNT(cases));
    CHECK_TEXT("report", writer_span(&w), want);
}

TEST_MAIN(what_xml_cannot_hold_is_replaced_and_what_it_reads_is_escaped,
          a_report_names_each_case_and_counts_what_failed)
