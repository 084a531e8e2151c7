/*
 * junit - test results in the XML that build servers read
 *
 * Shape    <testsuites><testsuite><testcase>, a <failure> inside where a case failed
 * Rule     any bytes may be given as text: what XML cannot hold is written as U+FFFD
 * Source   XML 1.0, 2.2 and 2.4; the JUnit report format as Ant writes it
 */
#ifndef CUPEL_FORMAT_JUNIT_H
#define CUPEL_FORMAT_JUNIT_H

#include "../base/writer.h"

struct junit_case {
    struct span name;
    bool has_failed;
    struct span message; /* one line */
    struct span text;    /* what a person reads */
    int64_t microseconds;
};

/* Writes a report on the cases of one suite. */
void junit_write(struct writer *w, struct span suite, const struct junit_case *cases, size_t count);

/* Writes text so that an attribute's or an element's value holds it. */
void xml_write_text(struct writer *w, struct span text);

#endif
