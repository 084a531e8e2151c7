#include "pem.h"

#include "../base/b64.h"
#include "../base/utf8.h"

#include <string.h>

#define RFC7468 "RFC 7468"
#define DASHES  "-----"

enum { LINE_BYTES = 48 }; /* 64 columns of base64 */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is left of a text, and where it began in the whole. */
struct scan {
    struct span text;
    size_t at;
};

static struct span rest_of(const struct scan *s)
{
    return span_part(s->text, s->at, s->text.n - s->at);
}

static bool skip(struct scan *s, const char *word)
{
    if (!span_starts(rest_of(s), span_str(word)))
        return false;
    s->at += strlen(word);
    return true;
}

/* One line end: LF, CRLF or CR. */
static bool skip_line_end(struct scan *s)
{
    return skip(s, "\r\n") || skip(s, "\n") || skip(s, "\r");
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->text.n && is_blank(s->text.p[s->at]))
        s->at++;
}

static bool refuse(const struct scan *s, struct err *err, const char *path, const char *text)
{
    err_fail_at(err, s->at, ERR_MALFORMED, RFC7468, "%s", text);
    return err_in(err, path);
}

/* labelchar: printable, no hyphen at the ends; here no hyphen at all, since no label we read has
 * one. */
static bool is_label(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '-';
}

static bool begin_read(struct scan *s, struct span *label, struct err *err)
{
    size_t from;

    if (!skip(s, DASHES "BEGIN "))
        return refuse(s, err, "begin", "expected \"-----BEGIN \"");
    for (from = s->at; s->at < s->text.n && is_label(s->text.p[s->at]);)
        s->at++;
    *label = span_part(s->text, from, s->at - from);
    if (!skip(s, DASHES) || !skip_line_end(s))
        return refuse(s, err, "begin", "expected \"-----\" and a line end after the label");
    return true;
}

static bool end_read(struct scan *s, struct span label, struct err *err)
{
    if (!skip(s, DASHES "END ") || !span_starts(rest_of(s), label))
        return refuse(s, err, "end", "expected \"-----END \" and the label the block began with");
    s->at += label.n;
    if (!skip(s, DASHES))
        return refuse(s, err, "end", "expected \"-----\" after the label");
    if (s->at < s->text.n && !is_blank(s->text.p[s->at]))
        return refuse(s, err, "end", "expected a line end after \"-----\"");
    return true;
}

/* The length of the run of bytes that are no line end. */
static size_t line_of(struct span s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
        n++;
    return n;
}

/* The lines up to the next hyphen, without their ends. */
static bool lines_read(struct scan *s, struct arena *a, struct span *out, struct err *err)
{
    struct span rest = rest_of(s);
    const uint8_t *end = rest.n > 0 ? memchr(rest.p, '-', rest.n) : NULL;
    size_t all = end ? (size_t)(end - rest.p) : rest.n;
    struct writer w = writer_in(a, all);

    for (size_t at = 0; at < all; at++) {
        size_t n = line_of(span_part(rest, at, all - at));

        write_bytes(&w, span_part(rest, at, n));
        at += n;
        if (at == all) {
            s->at += all;
            return refuse(s, err, "end", "expected a line end before \"-----END\"");
        }
    }
    s->at += all;
    return writer_done(&w, out, err);
}

static bool body_read(struct scan *s, struct arena *a, struct span *out, struct err *err)
{
    size_t from = s->at;
    struct span lines = { 0 };

    if (!lines_read(s, a, &lines, err))
        return false;
    if (lines.n == 0)
        return refuse(s, err, "base64", "the block is empty");
    if (b64_read(a, lines, B64_STD, out, err))
        return true;
    if (err)
        err->offset = from;
    return err_in(err, "base64");
}

static bool label_check(struct span label, const char *want, size_t at, struct err *err)
{
    char show[40];

    if (!want || span_is(label, want))
        return true;
    err_fail_at(err, at, ERR_MALFORMED, RFC7468, "the block is labelled \"%s\", expected \"%s\"",
                utf8_show(label, show, sizeof show), want);
    return err_in(err, "begin");
}

static bool block_read(struct scan *s, const char *want, struct arena *a, struct pem_block *out,
                       struct err *err)
{
    size_t from = s->at;

    return begin_read(s, &out->label, err) && label_check(out->label, want, from, err) &&
           body_read(s, a, &out->der, err) && end_read(s, out->label, err);
}

bool pem_parse(struct span text, const char *label, bool tolerate_nul, size_t most, struct arena *a,
               struct pem_block *out, size_t *count, struct err *err)
{
    struct scan s = { .text = text };
    size_t n = 0;

    if (tolerate_nul && text.n > 0 && text.p[text.n - 1] == 0)
        s.text.n--;
    for (skip_blanks(&s); s.at < s.text.n; skip_blanks(&s)) {
        if (n == most)
            return err_fail_at(err, s.at, ERR_LIMIT, RFC7468, "holds more than %zu blocks", most);
        if (!block_read(&s, label, a, &out[n], err))
            return false;
        n++;
    }
    if (n == 0)
        return refuse(&s, err, "begin", "there is no block");
    *count = n;
    return true;
}

void pem_write(struct writer *w, const char *label, struct span der)
{
    write_format(w, DASHES "BEGIN %s" DASHES "\n", label);
    for (size_t at = 0; at < der.n; at += LINE_BYTES) {
        b64_write_std(w, span_part(der, at, LINE_BYTES));
        write_u8(w, '\n');
    }
    write_format(w, DASHES "END %s" DASHES "\n", label);
}
