#include "parse.h"
#include "lex.h"
#include "limits.h"

#include "../base/utf8.h"

#include <stdio.h>

struct parser {
    struct lexer lex;
    struct token now;  /* the token to be looked at */
    struct token next; /* the one behind it, when has_next */
    bool has_next;
    size_t last_end; /* where the token before `now` ended */
    struct tree *tree;
    struct notes *notes;
    struct arena *arena;
    uint32_t depth; /* calls open */
    bool is_out_of_memory;
};

/* tokens */

/* Consumes a token; a reserved word in another letter case is worth a warning (2.4). */
static struct token advance(struct parser *p)
{
    struct token t = p->now;

    if (t.kind == TOKEN_WORD && t.word != WORD_NONE && !span_is(t.text, word_text(t.word)))
        note_warning(p->notes, "W501", t.at, word_text(t.word), "this word is spelled \"%s\"",
                     word_text(t.word));
    p->last_end = t.at.offset + t.at.length;
    p->now = p->has_next ? p->next : lex_next(&p->lex);
    p->has_next = false;
    return t;
}

/* The token behind `now`, read only where the grammar needs two. */
static const struct token *peek(struct parser *p)
{
    if (!p->has_next)
        p->next = lex_next(&p->lex);
    p->has_next = true;
    return &p->next;
}

static bool is(const struct parser *p, enum token_kind kind)
{
    return p->now.kind == kind;
}

static bool is_word(const struct parser *p, enum word word)
{
    return p->now.kind == TOKEN_WORD && p->now.word == word;
}

static struct place place_from(struct place first, size_t end)
{
    return (struct place){ first.offset, (uint32_t)(end - first.offset) };
}

/* What was found, for a message. */
static const char *token_show(const struct token *t, char *buf, size_t room)
{
    char text[40];

    if (t->kind == TOKEN_END)
        return "the end of the text";
    if (t->kind == TOKEN_STRING) {
        snprintf(buf, room, "a string");
        return buf;
    }
    utf8_show(t->text, text, sizeof text);
    snprintf(buf, room, "\"%s\"", text);
    return buf;
}

/* Hints for words of the ancestor languages (appendix B). */
static const char *ancestor_hint(const struct token *t)
{
    if (span_is_nocase(t->text, "exists"))
        return "a condition alone already asks whether such a claim exists";
    if (span_is_nocase(t->text, "not"))
        return "![...] asks that no claim matches (version 1.2)";
    if (span_is_nocase(t->text, "count"))
        return "the language cannot count claims";
    if (span_is_nocase(t->text, "and"))
        return "conditions are joined by \"&&\"";
    if (span_is_nocase(t->text, "or"))
        return "\"or\" is written as two rules";
    return NULL;
}

/* E201, or what is wrong with the token itself. */
static bool unexpected(struct parser *p, const char *expected, const char *hint)
{
    char shown[48];

    if (is(p, TOKEN_BAD))
        return lex_complain(p->notes, &p->now);
    return note_error(p->notes, "E201", p->now.at, hint, "expected %s, found %s", expected,
                      token_show(&p->now, shown, sizeof shown));
}

static bool take_if(struct parser *p, enum token_kind kind)
{
    if (!is(p, kind))
        return false;
    advance(p);
    return true;
}

static bool expect(struct parser *p, enum token_kind kind, const char *expected)
{
    return take_if(p, kind) || unexpected(p, expected, NULL);
}

/* Every semicolon is mandatory (2.7). */
static bool expect_semicolon(struct parser *p, const char *after)
{
    char shown[48];

    if (take_if(p, TOKEN_SEMICOLON))
        return true;
    if (is(p, TOKEN_BAD))
        return lex_complain(p->notes, &p->now);
    return note_error(p->notes, "E202", p->now.at, ";", "%s ends with \";\", and here stands %s",
                      after, token_show(&p->now, shown, sizeof shown));
}

static bool no_memory(struct parser *p)
{
    p->is_out_of_memory = true;
    return false;
}

/* What a version may hold (2.8). */
static bool need_version(struct parser *p, enum policy_feature feature, struct place at)
{
    if (p->tree->minor >= feature_since(feature))
        return true;
    return note_error(p->notes, "E208", at, NULL, "%s need version 1.%d, and the policy says 1.%d",
                      feature_text(feature), feature_since(feature), p->tree->minor);
}

static bool refuse_reserved(struct parser *p, const struct token *t)
{
    return note_error(p->notes, "E216", t->at, NULL,
                      "\"%s\" is a word of the language and cannot be a name", word_text(t->word));
}

/* property = "type" | "value" | "valueType" | "issuer" */
static bool parse_property(struct parser *p, enum policy_property *out, struct place *at)
{
    static const char *const names[] = { "type", "value", "valueType", "issuer" };
    char shown[48];
    const char *near;

    if (!is(p, TOKEN_WORD))
        return unexpected(p, "a property (type, value, valueType or issuer)", NULL);
    if (p->now.word >= WORD_TYPE && p->now.word <= WORD_ISSUER) {
        *out = (enum policy_property)(p->now.word - WORD_TYPE);
        *at = p->now.at;
        advance(p);
        return true;
    }
    near = nearest_word(p->now.text, names, COUNT(names));
    return note_error(p->notes, "E210", p->now.at, near,
                      "%s is not a property: a claim has type, value, valueType and issuer",
                      token_show(&p->now, shown, sizeof shown));
}

/* expressions */

static bool parse_expression(struct parser *p, struct tree_expression **out);

static struct tree_expression *new_expression(struct parser *p, enum expression_kind kind)
{
    struct tree_expression *e = ARENA_NEW(p->arena, struct tree_expression);

    if (!e) {
        no_memory(p);
        return NULL;
    }
    e->kind = kind;
    e->at = p->now.at;
    e->text = p->now.text;
    e->integer = p->now.integer;
    e->boolean = p->now.word == WORD_TRUE;
    return e;
}

/* "(" [ expression { "," expression } ] ")" behind a function's name */
static bool parse_call_arguments(struct parser *p, struct tree_expression *call)
{
    struct tree_expression **tail = &call->arguments;

    advance(p); /* the parenthesis */
    if (take_if(p, TOKEN_PAREN_CLOSE))
        return true;
    do {
        if (!parse_expression(p, tail))
            return false;
        tail = &(*tail)->next;
        call->argument_count++;
    } while (take_if(p, TOKEN_COMMA));
    return expect(p, TOKEN_PAREN_CLOSE, "\",\" or \")\" behind an argument");
}

/* call = FUNCTION "(" ... ")"      IDENT "." property */
static bool parse_named(struct parser *p, struct tree_expression **out)
{
    enum token_kind behind = peek(p)->kind;
    bool is_call = behind == TOKEN_PAREN_OPEN;
    struct tree_expression *e;
    struct place at;

    if (p->now.word != WORD_NONE && (is_call || behind == TOKEN_DOT))
        return refuse_reserved(p, &p->now);
    if (p->now.word != WORD_NONE)
        return unexpected(p, "a value", NULL);
    if (is_call && !need_version(p, FEATURE_CALL, p->now.at))
        return false;
    if (is_call && p->depth == POLICY_CALL_DEPTH)
        return note_error(p->notes, "E230", p->now.at, NULL,
                          "more than %d calls inside one another", POLICY_CALL_DEPTH);
    e = new_expression(p, is_call ? EXPR_CALL : EXPR_PROPERTY);
    if (!e)
        return false;
    advance(p);
    if (is_call) {
        bool is_read;

        p->depth++;
        is_read = parse_call_arguments(p, e);
        p->depth--;
        if (!is_read)
            return false;
    } else {
        if (!is(p, TOKEN_DOT))
            return unexpected(p, "\".\" and a property behind a name", ancestor_hint(&p->now));
        advance(p);
        if (!parse_property(p, &e->property, &at))
            return false;
    }
    e->at = place_from(e->at, p->last_end);
    *out = e;
    return true;
}

/* expression = STRING | INTEGER | "true" | "false" | IDENT "." property | call */
static bool parse_expression(struct parser *p, struct tree_expression **out)
{
    enum expression_kind kind;
    struct tree_expression *e;

    if (is(p, TOKEN_STRING))
        kind = EXPR_STRING;
    else if (is(p, TOKEN_INTEGER))
        kind = EXPR_INTEGER;
    else if (is_word(p, WORD_TRUE) || is_word(p, WORD_FALSE))
        kind = EXPR_BOOLEAN;
    else if (is(p, TOKEN_WORD))
        return parse_named(p, out);
    else if (is(p, TOKEN_FRACTION))
        return note_error(p->notes, "E218", p->now.at, NULL, "numbers have no fraction");
    else
        return unexpected(p, "a value", NULL);
    e = new_expression(p, kind);
    if (!e)
        return false;
    advance(p);
    *out = e;
    return true;
}

/* conditions */

/* operator = "==" | "!=" | "<" | "<=" | ">" | ">=" */
static bool parse_operator(struct parser *p, struct tree_test *test)
{
    if (is(p, TOKEN_ASSIGN))
        return note_error(p->notes, "E211", p->now.at,
                          "==", "\"=\" assigns; a condition compares with \"==\"");
    if (is(p, TOKEN_MATCH))
        return note_error(p->notes, "E214", p->now.at, NULL,
                          "regular expressions are not part of the language");
    if (p->now.kind < TOKEN_EQUAL || p->now.kind > TOKEN_AT_LEAST)
        return unexpected(p, "a comparison (==, !=, <, <=, >, >=)", NULL);
    test->operator=(enum policy_operator)(p->now.kind - TOKEN_EQUAL);
    test->operator_at = p->now.at;
    advance(p);
    return true;
}

/* test = property operator expression */
static bool parse_test(struct parser *p, struct tree_test **out)
{
    struct tree_test *test = ARENA_NEW(p->arena, struct tree_test);

    if (!test)
        return no_memory(p);
    if (!parse_property(p, &test->property, &test->at) || !parse_operator(p, test) ||
        !parse_expression(p, &test->right))
        return false;
    test->at = place_from(test->at, p->last_end);
    *out = test;
    return true;
}

/* "[" test { "," test } "]" */
static bool parse_tests(struct parser *p, struct tree_condition *c)
{
    struct tree_test **tail = &c->tests;

    c->at = p->now.at;
    if (!expect(p, TOKEN_BRACKET_OPEN, "\"[\""))
        return false;
    if (is(p, TOKEN_BRACKET_CLOSE))
        return note_error(p->notes, "E209", c->at, NULL, "an empty condition tests nothing");
    do {
        if (!parse_test(p, tail))
            return false;
        tail = &(*tail)->next;
        c->test_count++;
    } while (take_if(p, TOKEN_COMMA));
    if (is(p, TOKEN_BRACKET_CLOSE) && c->test_count > POLICY_TEST_LIMIT)
        return note_error(p->notes, "E230", c->at, NULL, "a condition has at most %d tests",
                          POLICY_TEST_LIMIT);
    if (!expect(p, TOKEN_BRACKET_CLOSE, "\",\" or \"]\" behind a test"))
        return false;
    c->at = place_from(c->at, p->last_end);
    return true;
}

/* "!" "[" ... "]" */
static bool parse_negation(struct parser *p, struct tree_condition *c)
{
    if (!need_version(p, FEATURE_NEGATION, p->now.at))
        return false;
    if (c->name.n)
        return note_error(p->notes, "E215", p->now.at, NULL,
                          "a negated condition matches no claim, so it cannot have a name");
    advance(p);
    if (is(p, TOKEN_WORD) && peek(p)->kind == TOKEN_COLON)
        return note_error(p->notes, "E215", p->now.at, NULL,
                          "a negated condition matches no claim, so it cannot have a name");
    c->is_negated = true;
    return parse_tests(p, c);
}

/* condition = [ IDENT ":" ] "[" ... "]" | "!" "[" ... "]" */
static bool parse_condition(struct parser *p, struct tree_condition **out)
{
    struct tree_condition *c = ARENA_NEW(p->arena, struct tree_condition);

    if (!c)
        return no_memory(p);
    *out = c;
    if (is(p, TOKEN_WORD)) {
        struct token name = p->now;

        if (name.word != WORD_NONE && peek(p)->kind == TOKEN_COLON)
            return refuse_reserved(p, &name);
        if (name.word != WORD_NONE)
            return unexpected(p, "a condition or \"=>\"", NULL);
        advance(p);
        if (!is(p, TOKEN_COLON))
            return unexpected(p, "\":\" behind the name of a condition", ancestor_hint(&name));
        advance(p);
        c->name = name.text;
        c->name_at = name.at;
    }
    if (is(p, TOKEN_NOT))
        return parse_negation(p, c);
    if (!is(p, TOKEN_BRACKET_OPEN))
        return unexpected(p, c->name.n ? "\"[\"" : "a condition or \"=>\"", NULL);
    return parse_tests(p, c);
}

/* conditions = condition { "&&" condition } */
static bool parse_conditions(struct parser *p, struct tree_rule *rule)
{
    struct tree_condition **tail = &rule->conditions;

    if (is(p, TOKEN_ARROW))
        return true;
    do {
        if (!parse_condition(p, tail))
            return false;
        tail = &(*tail)->next;
        rule->condition_count++;
    } while (take_if(p, TOKEN_AND));
    if (is(p, TOKEN_ARROW) && rule->condition_count > POLICY_CONDITION_LIMIT)
        return note_error(p->notes, "E230", rule->at, NULL, "a rule has at most %d conditions",
                          POLICY_CONDITION_LIMIT);
    return true;
}

/* actions */

/* "claim" "=" IDENT; the name becomes a property expression for the checker. */
static bool parse_claim_name(struct parser *p, struct tree_argument *arg)
{
    if (is(p, TOKEN_WORD) && p->now.word != WORD_NONE)
        return refuse_reserved(p, &p->now);
    if (!is(p, TOKEN_WORD))
        return unexpected(p, "the name of a condition", NULL);
    arg->value = new_expression(p, EXPR_PROPERTY);
    if (!arg->value)
        return false;
    arg->value->property = PROPERTY_CLAIM;
    advance(p);
    return true;
}

/* A value where the name of an argument should stand. */
static bool is_bare_value(struct parser *p)
{
    enum token_kind behind;

    if (is(p, TOKEN_STRING) || is(p, TOKEN_INTEGER) || is_word(p, WORD_TRUE) ||
        is_word(p, WORD_FALSE))
        return true;
    if (!is(p, TOKEN_WORD) || p->now.word != WORD_NONE)
        return false;
    behind = peek(p)->kind;
    return behind == TOKEN_DOT || behind == TOKEN_PAREN_OPEN;
}

/* argument = property "=" expression | "claim" "=" IDENT */
static bool parse_argument(struct parser *p, struct tree_argument **out)
{
    struct tree_argument *arg = ARENA_NEW(p->arena, struct tree_argument);

    if (!arg)
        return no_memory(p);
    if (is_bare_value(p))
        return note_error(p->notes, "E217", p->now.at, "type=..., value=...",
                          "an argument is given by name");
    if (is_word(p, WORD_CLAIM)) {
        arg->name = PROPERTY_CLAIM;
        arg->at = p->now.at;
        advance(p);
    } else if (!parse_property(p, &arg->name, &arg->at)) {
        return false;
    }
    if (is(p, TOKEN_EQUAL))
        return note_error(p->notes, "E212", p->now.at, "=",
                          "\"==\" compares; an argument is given with \"=\"");
    if (!expect(p, TOKEN_ASSIGN, "\"=\" behind the name of an argument"))
        return false;
    if (arg->name == PROPERTY_CLAIM ? !parse_claim_name(p, arg) : !parse_expression(p, &arg->value))
        return false;
    arg->at = place_from(arg->at, p->last_end);
    *out = arg;
    return true;
}

/* "(" [ argument { "," argument } ] ")" */
static bool parse_arguments(struct parser *p, struct tree_rule *rule)
{
    struct tree_argument **tail = &rule->arguments;

    if (!expect(p, TOKEN_PAREN_OPEN, "\"(\" behind the action"))
        return false;
    if (take_if(p, TOKEN_PAREN_CLOSE))
        return true;
    do {
        if (!parse_argument(p, tail))
            return false;
        tail = &(*tail)->next;
        rule->argument_count++;
    } while (take_if(p, TOKEN_COMMA));
    return expect(p, TOKEN_PAREN_CLOSE, "\",\" or \")\" behind an argument");
}

/* verb = "permit" | "deny" | "add" | "issue" | "issueproperty" */
static bool parse_verb(struct parser *p, struct tree_rule *rule)
{
    static const char *const names[] = { "permit", "deny", "add", "issue", "issueproperty" };
    char shown[48];

    if (!is(p, TOKEN_WORD))
        return unexpected(p, "an action (permit, deny, add, issue or issueproperty)", NULL);
    if (p->now.word < WORD_PERMIT || p->now.word > WORD_ISSUEPROPERTY)
        return note_error(p->notes, "E213", p->now.at,
                          nearest_word(p->now.text, names, COUNT(names)),
                          "%s is not an action: there are permit, deny, add, issue and "
                          "issueproperty",
                          token_show(&p->now, shown, sizeof shown));
    rule->verb = (enum policy_verb)(p->now.word - WORD_PERMIT);
    rule->verb_at = p->now.at;
    advance(p);
    return true;
}

/* rule = [ conditions ] "=>" action ";" */
static bool parse_rule(struct parser *p, struct tree_rule *rule)
{
    rule->at = p->now.at;
    if (!parse_conditions(p, rule))
        return false;
    if (!is(p, TOKEN_ARROW))
        return unexpected(p, "\"&&\" or \"=>\" behind a condition", ancestor_hint(&p->now));
    advance(p);
    if (!parse_verb(p, rule) || !parse_arguments(p, rule) || !expect_semicolon(p, "a rule"))
        return false;
    rule->at = place_from(rule->at, p->last_end);
    return true;
}

/* Whether there may be more to say after an error. */
static bool may_go_on(const struct parser *p)
{
    return !p->is_out_of_memory && p->notes->errors < POLICY_ERRORS_REPORTED;
}

/* Goes on behind the broken rule: its semicolon, or the brace that ends the section. */
static bool skip_rule(struct parser *p)
{
    if (!may_go_on(p))
        return false;
    p->depth = 0;
    while (!is(p, TOKEN_END) && !is(p, TOKEN_BRACE_CLOSE)) {
        bool is_end = is(p, TOKEN_SEMICOLON);

        advance(p);
        if (is_end)
            return true;
    }
    return is(p, TOKEN_BRACE_CLOSE);
}

/* sections */

static bool parse_rules(struct parser *p, struct tree_section *s)
{
    static const struct place start = { 0 };
    struct tree_rule **tail = &s->rules;

    while (!is(p, TOKEN_BRACE_CLOSE)) {
        struct tree_rule *rule;

        if (is(p, TOKEN_END))
            return unexpected(p, "a rule or \"}\"", NULL);
        if (p->tree->rule_count == POLICY_RULE_LIMIT)
            return note_error(p->notes, "E230", start, NULL, "a policy has at most %d rules",
                              POLICY_RULE_LIMIT);
        rule = ARENA_NEW(p->arena, struct tree_rule);
        if (!rule)
            return no_memory(p);
        p->tree->rule_count++;
        if (parse_rule(p, rule)) {
            *tail = rule;
            tail = &rule->next;
            s->rule_count++;
        } else if (!skip_rule(p)) {
            return false;
        }
    }
    s->end = p->now.at.offset;
    advance(p);
    return true;
}

static bool complain_section(struct parser *p)
{
    static const char *const names[] = { "configurationrules", "authorizationrules",
                                         "issuancerules" };
    char shown[48];

    return note_error(p->notes, "E203", p->now.at, nearest_word(p->now.text, names, COUNT(names)),
                      "%s is not a section: there are configurationrules, authorizationrules and "
                      "issuancerules",
                      token_show(&p->now, shown, sizeof shown));
}

/* The sections are tested for, in this order: unknown name, version too low, repeated, out of order
 * (2.7). */
static bool check_section(struct parser *p, enum policy_section *out)
{
    enum policy_section id;

    if (!is(p, TOKEN_WORD))
        return unexpected(p, "a section or the end of the text", NULL);
    if (p->now.word < WORD_CONFIGURATIONRULES || p->now.word > WORD_ISSUANCERULES)
        return complain_section(p);
    id = (enum policy_section)(p->now.word - WORD_CONFIGURATIONRULES);
    if (id == SECTION_CONFIGURATION && !need_version(p, FEATURE_CONFIGURATION, p->now.at))
        return false;
    if (p->tree->sections[id].is_present)
        return note_error(p->notes, "E205", p->now.at, NULL, "%s stand here a second time",
                          section_name(id));
    for (int later = (int)id + 1; later < SECTIONS; later++)
        if (p->tree->sections[later].is_present)
            return note_error(p->notes, "E204", p->now.at, NULL, "%s stand before %s",
                              section_name(id), section_name((enum policy_section)later));
    *out = id;
    return true;
}

/* section = NAME "{" { rule } "}" ";" */
static bool parse_section(struct parser *p)
{
    enum policy_section id = SECTION_CONFIGURATION;
    struct tree_section *s;

    if (!check_section(p, &id))
        return false;
    s = &p->tree->sections[id];
    s->is_present = true;
    s->at = p->now.at;
    advance(p);
    return expect(p, TOKEN_BRACE_OPEN, "\"{\" behind the section's name") && parse_rules(p, s);
}

/* Goes on behind the brace of a section that cannot be read. */
static bool skip_section(struct parser *p)
{
    while (may_go_on(p) && !is(p, TOKEN_END) && !is(p, TOKEN_BRACE_CLOSE))
        advance(p);
    return may_go_on(p) && take_if(p, TOKEN_BRACE_CLOSE);
}

/* { section ";" }: a section that cannot be read, or lacks its semicolon, does not hide the next.
 */
static bool parse_sections(struct parser *p)
{
    bool is_sound = true;

    while (!is(p, TOKEN_END)) {
        bool is_read = parse_section(p);

        if (!is_read && !skip_section(p))
            return false;
        is_sound &= is_read && expect_semicolon(p, "a section");
        if (!is_read)
            take_if(p, TOKEN_SEMICOLON);
    }
    return is_sound;
}

/* NUMBER is exactly 1.0, 1.1 or 1.2 */
static bool parse_number(struct parser *p)
{
    char shown[48];

    if (is(p, TOKEN_FRACTION) && p->now.text.n == 3 && span_starts(p->now.text, span_str("1.")) &&
        p->now.text.p[2] <= '2') {
        p->tree->minor = p->now.text.p[2] - '0';
        advance(p);
        return true;
    }
    if (!is(p, TOKEN_FRACTION) && !is(p, TOKEN_INTEGER) && !is(p, TOKEN_STRING) &&
        !is(p, TOKEN_WORD))
        return unexpected(p, "a version (1.0, 1.1 or 1.2)", NULL);
    return note_error(p->notes, "E207", p->now.at, "1.2",
                      "%s is not a version of the language: there are 1.0, 1.1 and 1.2",
                      token_show(&p->now, shown, sizeof shown));
}

/* "version" "=" NUMBER ";" */
static bool parse_version(struct parser *p)
{
    if (!is_word(p, WORD_VERSION))
        return unexpected(p, "\"version=\" at the start",
                          is(p, TOKEN_BRACE_OPEN) ? "policies in JSON belong to the preview service"
                                                  : NULL);
    p->tree->version_at = p->now.at;
    advance(p);
    return expect(p, TOKEN_ASSIGN, "\"=\" behind \"version\"") && parse_number(p) &&
           expect_semicolon(p, "the version");
}

/* policy = version [ configuration ] authorization [ issuance ] EOF */
static bool parse_policy(struct parser *p)
{
    p->now = lex_next(&p->lex);
    if (!parse_version(p))
        return false;
    if (!parse_sections(p))
        return false;
    p->tree->end = p->last_end;
    if (!p->tree->sections[SECTION_AUTHORIZATION].is_present)
        return note_error(p->notes, "E206", p->now.at, NULL, "authorizationrules are missing");
    return true;
}

bool policy_parse(struct span text, struct arena *a, struct tree *out, struct notes *n)
{
    struct place at = { 0 };
    struct tree tree = { 0 };
    bool is_parsed;
    struct parser p = {
        .lex = lexer_over(text, a, &tree.comments), .tree = &tree, .notes = n, .arena = a
    };

    if (text.n > POLICY_TEXT_LIMIT)
        return note_error(n, "E230", at, NULL, "the text has %zu bytes, and a policy at most %d",
                          text.n, POLICY_TEXT_LIMIT);
    at.offset = (uint32_t)utf8_check(text);
    if (at.offset < text.n)
        return note_error(n, "E101", at, NULL, "the byte 0x%02x here is not UTF-8",
                          (unsigned)text.p[at.offset]);
    is_parsed = parse_policy(&p) && n->errors == 0;
    n->is_out_of_memory |= p.is_out_of_memory || p.lex.is_out_of_memory;
    *out = tree;
    return is_parsed && !n->is_out_of_memory;
}
