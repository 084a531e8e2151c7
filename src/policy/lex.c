#include "lex.h"
#include "limits.h"

#include "../base/utf8.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {
    "",
    "version",
    "configurationrules",
    "authorizationrules",
    "issuancerules",
    "permit",
    "deny",
    "add",
    "issue",
    "issueproperty",
    "type",
    "value",
    "valueType",
    "issuer",
    "claim",
    "true",
    "false",
};

const char *word_text(enum word word)
{
    return words[word];
}

struct lexer lexer_over(struct span text, struct arena *a, struct tree_comment **comments)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

    return (struct lexer){ .text = text,
                           .at = span_starts(text, span_of(mark, sizeof mark)) ? 3 : 0,
                           .arena = a,
                           .comments = comments };
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word_part(uint8_t c)
{
    return is_word_start(c) || is_digit(c);
}

/* The byte `ahead` of the finger, or 0 behind the end; a NUL in the text is an illegal character
 * anyway. */
static uint8_t peek(const struct lexer *lex, size_t ahead)
{
    return ahead < lex->text.n - lex->at ? lex->text.p[lex->at + ahead] : 0;
}

static struct place place_of(size_t offset, size_t length)
{
    return (struct place){ (uint32_t)offset, (uint32_t)length };
}

/* Hangs up the comment that begins at the finger, for the printer. */
static void keep_comment(struct lexer *lex, size_t length)
{
    struct tree_comment *c;

    if (!lex->comments)
        return;
    c = ARENA_NEW(lex->arena, struct tree_comment);
    if (!c) {
        lex->is_out_of_memory = true;
        return;
    }
    c->at = place_of(lex->at, length);
    *lex->comments = c;
    lex->comments = &c->next;
}

/* White space (2.2) and comments (2.3). */
static void skip_space(struct lexer *lex)
{
    while (lex->at < lex->text.n) {
        uint8_t c = peek(lex, 0);

        if (c == '/' && peek(lex, 1) == '/') {
            size_t n = 2;

            while (lex->at + n < lex->text.n && peek(lex, n) != '\n' && peek(lex, n) != '\r')
                n++;
            keep_comment(lex, n);
            lex->at += n;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            lex->at++;
        } else {
            return;
        }
    }
}

/* A token of `length` bytes at the finger, which moves behind it. */
static struct token take(struct lexer *lex, enum token_kind kind, size_t length)
{
    struct token t = { .kind = kind,
                       .at = place_of(lex->at, length),
                       .text = span_part(lex->text, lex->at, length) };

    lex->at += length;
    return t;
}

/* A bad token of `length` bytes; what is wrong lies at `bad`. */
static struct token take_bad(struct lexer *lex, unsigned code, size_t length, struct place bad)
{
    struct token t = take(lex, TOKEN_BAD, length);

    t.code = code;
    t.bad = bad;
    return t;
}

static enum word find_word(struct span text)
{
    for (size_t i = 1; i < COUNT(words); i++)
        if ((text.p[0] | 0x20) == (uint8_t)words[i][0] &&
            (i >= WORD_TRUE ? span_is(text, words[i]) : span_is_nocase(text, words[i])))
            return (enum word)i;
    return WORD_NONE;
}

/* IDENT = ( letter | "_" ) { letter | digit | "_" } */
static struct token lex_word(struct lexer *lex)
{
    struct token t;
    size_t n = 1;

    while (is_word_part(peek(lex, n)))
        n++;
    if (n > POLICY_NAME_LIMIT)
        return take_bad(lex, 230, n, place_of(lex->at, n));
    t = take(lex, TOKEN_WORD, n);
    t.word = find_word(t.text);
    return t;
}

/* Reads digits as int64; false beyond it. */
static bool read_integer(struct span text, int64_t *out)
{
    bool is_negative = text.p[0] == '-';
    int64_t v = 0;

    for (size_t i = is_negative; i < text.n; i++) {
        int digit = text.p[i] - '0';

        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, is_negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}

/* INTEGER = [ "-" ] digit { digit }, or the same with a fraction. */
static struct token lex_number(struct lexer *lex)
{
    size_t sign = peek(lex, 0) == '-', n = sign;
    enum token_kind kind = TOKEN_INTEGER;
    struct token t;

    while (is_digit(peek(lex, n)))
        n++;
    if (peek(lex, n) == '.' && is_digit(peek(lex, n + 1))) {
        kind = TOKEN_FRACTION;
        for (n++; is_digit(peek(lex, n));)
            n++;
    }
    if (is_word_start(peek(lex, n))) {
        size_t digits = n - sign;

        while (is_word_part(peek(lex, n)))
            n++;
        return take_bad(lex, 105, n, place_of(lex->at + sign, digits));
    }
    t = take(lex, kind, n);
    if (kind == TOKEN_INTEGER && !read_integer(t.text, &t.integer)) {
        t.kind = TOKEN_BAD;
        t.code = 106;
        t.bad = t.at;
    }
    return t;
}

/* How a string literal ends, found before anything is copied. */
struct string_scan {
    size_t length;  /* with both quotes */
    size_t escapes; /* how many backslashes go away */
    unsigned code;  /* 0: it ends well */
    size_t bad;     /* offset from the opening quote */
};

static struct string_scan scan_string(const struct lexer *lex)
{
    struct string_scan s = { .length = 1 };

    for (;;) {
        size_t at = lex->at + s.length;
        uint8_t c = at < lex->text.n ? lex->text.p[at] : '\n';
        uint8_t next = peek(lex, s.length + 1);

        if (c == '"') {
            s.length++;
            return s;
        }
        if (c == '\n' || c == '\r' ||
            (c == '\\' && (at + 1 >= lex->text.n || next == '\n' || next == '\r'))) {
            s.code = 103;
            return s;
        }
        s.bad = s.length;
        if (c == '\\' && next != '"' && next != '\\') {
            s.code = 104;
            return s;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            s.code = 107;
            return s;
        }
        s.escapes += c == '\\';
        s.length += c == '\\' ? 2 : 1;
    }
}

/* The characters between the quotes; a copy only where there are escapes. */
static struct span unescape(struct lexer *lex, struct span inside, size_t escapes)
{
    uint8_t *p;
    size_t n = 0;

    if (escapes == 0)
        return inside;
    p = arena_alloc(lex->arena, inside.n - escapes, 1);
    if (!p) {
        lex->is_out_of_memory = true;
        return (struct span){ 0 };
    }
    for (size_t i = 0; i < inside.n; i++) {
        i += inside.p[i] == '\\';
        p[n++] = inside.p[i];
    }
    return span_of(p, n);
}

/* STRING = '"' { char | "\" '"' | "\" "\" } '"' */
static struct token lex_string(struct lexer *lex)
{
    struct string_scan s = scan_string(lex);
    struct token t;

    if (s.code == 103)
        return take_bad(lex, s.code, s.length, place_of(lex->at, 1));
    if (s.code) {
        size_t bad = lex->at + s.bad;

        return take_bad(lex, s.code, s.length + 1, place_of(bad, s.code == 104 ? 2 : 1));
    }
    if (s.length - 2 - s.escapes > POLICY_STRING_LIMIT)
        return take_bad(lex, 230, s.length, place_of(lex->at, 1));
    t = take(lex, TOKEN_STRING, s.length);
    t.text = unescape(lex, span_part(t.text, 1, s.length - 2), s.escapes);
    return t;
}

/* The symbols (2.6), the longer ones first. */
/* clang-format off */
static const struct {
    char text[3];
    enum token_kind kind;
} symbols[] = {
    { "==", TOKEN_EQUAL },         { "=>", TOKEN_ARROW },          { "=~", TOKEN_MATCH },
    { "!=", TOKEN_DIFFERENT },     { "!~", TOKEN_MATCH },          { "<=", TOKEN_AT_MOST },
    { ">=", TOKEN_AT_LEAST },      { "&&", TOKEN_AND },            { "{",  TOKEN_BRACE_OPEN },
    { "}",  TOKEN_BRACE_CLOSE },   { "(",  TOKEN_PAREN_OPEN },     { ")",  TOKEN_PAREN_CLOSE },
    { "[",  TOKEN_BRACKET_OPEN },  { "]",  TOKEN_BRACKET_CLOSE },  { ";",  TOKEN_SEMICOLON },
    { ":",  TOKEN_COLON },         { ",",  TOKEN_COMMA },          { ".",  TOKEN_DOT },
    { "=",  TOKEN_ASSIGN },        { "<",  TOKEN_LESS },           { ">",  TOKEN_MORE },
    { "!",  TOKEN_NOT },
};
/* clang-format on */

static struct token lex_symbol(struct lexer *lex)
{
    struct span rest = span_part(lex->text, lex->at, SIZE_MAX);
    uint32_t c;
    size_t n;

    for (size_t i = 0; i < COUNT(symbols); i++)
        if (rest.p[0] == (uint8_t)symbols[i].text[0] &&
            span_starts(rest, span_str(symbols[i].text)))
            return take(lex, symbols[i].kind, strlen(symbols[i].text));
    n = utf8_next(rest, &c);
    n = n ? n : 1;
    return take_bad(lex, 102, n, place_of(lex->at, n));
}

struct token lex_next(struct lexer *lex)
{
    uint8_t c;

    skip_space(lex);
    if (lex->at >= lex->text.n)
        return take(lex, TOKEN_END, 0);
    c = peek(lex, 0);
    if (is_word_start(c))
        return lex_word(lex);
    if (is_digit(c) || (c == '-' && is_digit(peek(lex, 1))))
        return lex_number(lex);
    if (c == '"')
        return lex_string(lex);
    return lex_symbol(lex);
}

/* What an illegal character probably was meant to be. */
/* clang-format off */
static const struct {
    uint32_t from, to;
    const char *advice;
} characters[] = {
    { '|',    '|',    "\"or\" is written as two rules" },
    { '&',    '&',    "conditions are joined by \"&&\"" },
    { '\'',   '\'',   "strings stand between double quotes" },
    { '/',    '/',    "a comment begins with \"//\"" },
    { '*',    '*',    "the language has no arithmetic and no wildcards" },
    { '-',    '-',    "a minus stands right before its first digit" },
    { 0x00a0, 0x00a0, "a no-break space is not white space here" },
    { 0x2018, 0x201f, "typographic quotes are not string quotes" },
    { 0xfeff, 0xfeff, "a byte order mark may stand only at the very start" },
};
/* clang-format on */

static bool complain_character(struct notes *n, const struct token *bad)
{
    const char *advice = "no token begins with it";
    uint32_t c = 0;

    (void)utf8_next(bad->text, &c);
    for (size_t i = 0; i < COUNT(characters); i++)
        if (c >= characters[i].from && c <= characters[i].to)
            advice = characters[i].advice;
    if (c > 0x20 && c < 0x7f)
        return note_error(n, "E102", bad->bad, NULL, "\"%c\" is not part of the language: %s",
                          (int)c, advice);
    return note_error(n, "E102", bad->bad, NULL, "the character U+%04X is not part of a policy: %s",
                      (unsigned)c, advice);
}

static bool complain_escape(struct notes *n, const struct token *bad)
{
    char shown[8];

    utf8_show(span_part(n->text, bad->bad.offset + 1, 4), shown, 2);
    return note_error(n, "E104", bad->bad, "\\\\ for a backslash, \\\" for a quote",
                      "a string knows the escapes \\\" and \\\\ only, and here stands \\%s", shown);
}

static bool complain_length(struct notes *n, const struct token *bad)
{
    if (bad->text.p[0] == '"')
        return note_error(n, "E230", bad->bad, NULL, "this string is longer than %d bytes",
                          POLICY_STRING_LIMIT);
    return note_error(n, "E230", bad->bad, NULL, "this name is longer than %d characters",
                      POLICY_NAME_LIMIT);
}

static bool complain_digits(struct notes *n, const struct token *bad)
{
    char shown[40];

    utf8_show(bad->text, shown, sizeof shown);
    return note_error(n, "E105", bad->bad, NULL,
                      "digits run into letters in %s; integers are written in decimal", shown);
}

bool lex_complain(struct notes *n, const struct token *bad)
{
    switch (bad->code) {
    case 102:
        return complain_character(n, bad);
    case 103:
        return note_error(n, "E103", bad->bad, NULL, "this string does not end on its line");
    case 104:
        return complain_escape(n, bad);
    case 105:
        return complain_digits(n, bad);
    case 106:
        return note_error(n, "E106", bad->bad, NULL,
                          "integers lie between -9223372036854775808 and 9223372036854775807");
    case 107:
        return note_error(n, "E107", bad->bad, NULL,
                          "the control character U+%04X cannot stand in a string",
                          (unsigned)n->text.p[bad->bad.offset]);
    default:
        return complain_length(n, bad);
    }
}
