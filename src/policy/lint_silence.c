#include "codes.h"
#include "lint_inside.h"

#include "../base/utf8.h"

#include <string.h>

enum { NAMES_PER_COMMENT = 16 };

/* A comment that silences warnings. */
struct silence {
    struct place at;
    bool is_for_file;
    size_t from, to; /* bytes of the text it is about */
    const struct policy_code *codes[NAMES_PER_COMMENT];
    struct place places[NAMES_PER_COMMENT];
    bool is_used[NAMES_PER_COMMENT];
    uint32_t count;
};

struct silencer {
    struct linter *linter;
    struct silence *items;
    size_t count;
    size_t gap_from, gap_to; /* what was seen to hold no code */
};

/* which part of the text */

static bool is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

static size_t line_start(struct span text, size_t at)
{
    while (at > 0 && !is_line_end(text.p[at - 1]))
        at--;
    return at;
}

static size_t line_end(struct span text, size_t at)
{
    while (at < text.n && !is_line_end(text.p[at]))
        at++;
    return at;
}

/* The next byte that is neither white space nor in a comment. */
static size_t next_code(struct span text, size_t at)
{
    while (at < text.n) {
        if (text.p[at] == '/' && at + 1 < text.n && text.p[at + 1] == '/')
            at = line_end(text, at);
        else if (is_line_end(text.p[at]) || text.p[at] == ' ' || text.p[at] == '\t')
            at++;
        else
            break;
    }
    return at;
}

/* The same for comments in the order of the text: a thousand of them, one below the other, are
 * passed over once and not once for each. */
static size_t next_code_behind(struct silencer *z, size_t at)
{
    if (at < z->gap_from || at >= z->gap_to) {
        z->gap_from = at;
        z->gap_to = next_code(z->linter->text, at);
    }
    return z->gap_to;
}

static bool stands_alone(struct span text, size_t from, size_t at)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
    struct span before = span_part(text, from, at - from);

    if (from == 0 && span_starts(before, span_of(mark, sizeof mark)))
        before = span_part(before, 3, SIZE_MAX);
    return span_trim(before).n == 0;
}

/* The first rule that ends behind a byte: rules stand in the order of the text. */
static uint32_t rule_behind(const struct linter *l, size_t at)
{
    uint32_t low = 0, high = l->rule_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct place p = l->rules[middle].tree->at;

        if ((size_t)p.offset + p.length > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Stretches a part of a line over the whole of the rules that stand on it. */
static void stretch(const struct linter *l, struct silence *s)
{
    uint32_t i = rule_behind(l, s->from);
    size_t line = s->to;

    for (; i < l->rule_count && l->rules[i].tree->at.offset < line; i++) {
        struct place p = l->rules[i].tree->at;

        if (p.offset < s->from)
            s->from = p.offset;
        if ((size_t)p.offset + p.length > s->to)
            s->to = (size_t)p.offset + p.length;
    }
}

static void find_extent(struct silencer *z, struct silence *s)
{
    const struct linter *l = z->linter;
    size_t start = line_start(l->text, s->at.offset);

    if (s->is_for_file) {
        s->from = 0;
        s->to = SIZE_MAX;
        return;
    }
    if (stands_alone(l->text, start, s->at.offset)) {
        s->from = next_code_behind(z, s->at.offset);
        s->to = line_end(l->text, s->from);
    } else {
        s->from = start;
        s->to = s->at.offset;
    }
    stretch(l, s);
}

/* what the comment says */

struct words {
    struct span text; /* what is left */
    size_t at;        /* its offset in the policy */
};

static bool is_word_byte(uint8_t c)
{
    return c != ' ' && c != '\t' && c != ',';
}

/* The next word, and where it stands; empty at the end. */
static struct span next_word(struct words *w, struct place *at)
{
    size_t skip = 0, n;

    while (skip < w->text.n && !is_word_byte(w->text.p[skip]))
        skip++;
    n = skip;
    while (n < w->text.n && is_word_byte(w->text.p[n]))
        n++;
    *at = (struct place){ (uint32_t)(w->at + skip), (uint32_t)(n - skip) };
    w->text = span_part(w->text, n, SIZE_MAX);
    w->at += n;
    return span_of(w->text.p - (n - skip), n - skip);
}

static void complain_unknown(struct linter *l, struct span word, struct place at)
{
    const struct policy_code *code = policy_code_find(word);
    char shown[40];

    utf8_show(word, shown, sizeof shown);
    if (code)
        note_advice(l->notes, "L630", at, NULL, "%s is an error, and errors cannot be silenced",
                    shown);
    else if (l->guesses > 0 && l->guesses--)
        note_advice(l->notes, "L630", at, policy_code_nearest(word), "there is no warning %s",
                    shown);
    else
        note_advice(l->notes, "L630", at, NULL, "there is no warning %s", shown);
}

static void add_name(struct linter *l, struct silence *s, struct span word, struct place at)
{
    const struct policy_code *code = policy_code_find(word);

    if (!code || !policy_code_is_warning(code)) {
        complain_unknown(l, word, at);
        return;
    }
    if (s->count == NAMES_PER_COMMENT) {
        note_advice(l->notes, "L630", at, NULL, "one comment silences at most %d warnings",
                    NAMES_PER_COMMENT);
        return;
    }
    s->codes[s->count] = code;
    s->places[s->count++] = at;
}

/* "allow" NAMES [ "-" why ] | "allow-file" NAMES [ "-" why ] | NAMES "off" [ why ] */
static void read_words(struct linter *l, struct silence *s, struct words w)
{
    struct place at, first;
    struct span word = next_word(&w, &first);
    bool allows = span_is(word, "allow"), has_end = false, has_names = false;

    s->is_for_file = span_is(word, "allow-file");
    if (s->is_for_file && s->at.offset > l->tree->version_at.offset) {
        note_advice(l->notes, "L630", first, NULL, "allow-file stands above the version");
        return;
    }
    at = first;
    if (allows || s->is_for_file)
        word = next_word(&w, &at);
    for (; word.n && !has_end; word = next_word(&w, &at)) {
        has_end = span_is(word, "off") || word.p[0] == '-' || word.p[0] == '(';
        if (!has_end)
            add_name(l, s, word, at);
        has_names |= !has_end;
    }
    if (!has_names)
        note_advice(l->notes, "L630", s->at, "// lint: allow NAME",
                    "this comment names no warning");
}

/* What stands behind "lint:" in a comment; p is NULL where the comment is not ours. */
static struct span lint_words(const struct linter *l, const struct tree_comment *c)
{
    struct span text = span_part(l->text, c->at.offset, c->at.length);
    size_t at = 2;

    while (at < text.n && (text.p[at] == ' ' || text.p[at] == '\t' || text.p[at] == '/'))
        at++;
    if (!span_is_nocase(span_part(text, at, 5), "lint:"))
        return (struct span){ 0 };
    return span_of(text.p + at + 5, text.n - at - 5);
}

static bool read_comment(struct silencer *z, const struct tree_comment *c, struct silence *s)
{
    struct linter *l = z->linter;
    struct span words = lint_words(l, c);

    if (!words.p)
        return false;
    *s = (struct silence){ .at = c->at };
    read_words(l, s, (struct words){ words, (size_t)(words.p - l->text.p) });
    find_extent(z, s);
    return s->count > 0;
}

static size_t count_comments(const struct linter *l)
{
    size_t n = 0;

    for (const struct tree_comment *c = l->tree->comments; c; c = c->next)
        n += lint_words(l, c).p != NULL;
    return n;
}

static bool gather_comments(struct silencer *z)
{
    size_t room = count_comments(z->linter);

    z->items = ARENA_ARRAY(z->linter->arena, struct silence, room);
    if (!z->items)
        return false;
    for (const struct tree_comment *c = z->linter->tree->comments; c && z->count < room;
         c = c->next)
        z->count += read_comment(z, c, &z->items[z->count]);
    return true;
}

/* what is silenced */

static bool covers(struct silence *s, const struct policy_diagnostic *d)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (d->offset >= s->from && d->offset < s->to && strcmp(d->code, s->codes[i]->code) == 0) {
            s->is_used[i] = true;
            return true;
        }
    return false;
}

static bool is_silenced(struct silencer *z, const struct policy_diagnostic *d)
{
    bool is = false;

    for (size_t i = 0; i < z->count; i++)
        is |= covers(&z->items[i], d);
    return is;
}

/* Takes silenced findings out of the list, from number `first` on. */
static size_t take_away(struct silencer *z, size_t first)
{
    struct policy_diagnostics *list = &z->linter->notes->list;
    size_t kept = first, before = list->count;

    for (size_t i = first; i < list->count; i++)
        if (!is_silenced(z, &list->items[i]))
            list->items[kept++] = list->items[i];
    list->count = kept;
    return before - kept;
}

static void complain_useless(struct silencer *z)
{
    for (size_t i = 0; i < z->count; i++)
        for (uint32_t j = 0; j < z->items[i].count; j++)
            if (!z->items[i].is_used[j] && strcmp(z->items[i].codes[j]->code, "L631") != 0)
                note_advice(z->linter->notes, "L631", z->items[i].places[j], NULL,
                            "there is no %s here to silence", z->items[i].codes[j]->name);
}

bool lint_silence(struct linter *l, size_t *silenced)
{
    struct silencer z = { .linter = l };
    size_t first;

    if (!gather_comments(&z))
        return false;
    *silenced = take_away(&z, 0);
    first = l->notes->list.count;
    complain_useless(&z);
    *silenced += take_away(&z, first);
    return true;
}
