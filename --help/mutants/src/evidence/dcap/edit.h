/*
 * edit - texts for tests with one thing changed
 */
#ifndef CUPEL_EVIDENCE_DCAP_EDIT_H
#define CUPEL_EVIDENCE_DCAP_EDIT_H

#include "../../../tests/check.h"
#include "../../base/writer.h"

/* The text with its first `from` become `to`; the test fails where there is none. */
static inline struct span edit(struct arena *a, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct writer w = writer_in(a, strlen(text) + strlen(to) + 1);

    if (!at)
        fail_msg("nothing to edit: \"%s\" is not there", from);
    write_bytes(&w, span_of(text, (size_t)(at - text)));
    write_text(&w, to);
    write_text(&w, at + strlen(from));
    write_u8(&w, 0);
    assert_false(w.has_failed);
    return span_of(w.p, w.n - 1);
}

/* The text once more as a C string. */
static inline const char *edit_str(struct arena *a, const char *text, const char *from,
                                   const char *to)
{
    return (const char *)edit(a, text, from, to).p;
}

/* `count` times the text. */
static inline const char *edit_repeat(struct arena *a, const char *text, size_t count)
{
    struct writer w = writer_in(a, strlen(text) * count + 1);

    for (size_t i = 0; i < count; i++)
        write_text(&w, text);
    write_u8(&w, 0);
    assert_false(w.has_failed);
    return (const char *)w.p;
}

#endif
