/*
 * lex - the text of a policy, cut into tokens on demand
 *
 * Shape    white space and comments separate; the longest symbol wins; a token that cannot be one
 *          is TOKEN_BAD and is reported only when the parser comes to it
 * Borrows  token text points into the policy, but for strings with escapes
 * Source   the policy language, 2.1 to 2.6
 */
#ifndef CUPEL_POLICY_LEX_H
#define CUPEL_POLICY_LEX_H

#include "diagnostic.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD,
    TOKEN_WORD,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_FRACTION,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_SEMICOLON,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_ASSIGN,
    TOKEN_EQUAL,
    TOKEN_DIFFERENT,
    TOKEN_LESS,
    TOKEN_AT_MOST,
    TOKEN_MORE,
    TOKEN_AT_LEAST,
    TOKEN_ARROW,
    TOKEN_AND,
    TOKEN_NOT,
    TOKEN_MATCH, /* =~ and !~, recognised only to be refused */
};

/* The reserved words. */
enum word {
    WORD_NONE,
    WORD_VERSION,
    WORD_CONFIGURATIONRULES,
    WORD_AUTHORIZATIONRULES,
    WORD_ISSUANCERULES,
    WORD_PERMIT,
    WORD_DENY,
    WORD_ADD,
    WORD_ISSUE,
    WORD_ISSUEPROPERTY,
    WORD_TYPE,
    WORD_VALUE,
    WORD_VALUETYPE,
    WORD_ISSUER,
    WORD_CLAIM,
    WORD_TRUE,
    WORD_FALSE,
};

struct token {
    enum token_kind kind;
    enum word word; /* TOKEN_WORD: which reserved word, if any */
    struct place at;
    struct span text; /* as written; TOKEN_STRING: unescaped */
    int64_t integer;
    unsigned code;    /* TOKEN_BAD: what is wrong with it, 102 for E102 */
    struct place bad; /* TOKEN_BAD: and where exactly */
};

struct lexer {
    struct span text;
    size_t at;
    struct arena *arena;
    struct tree_comment **comments; /* where the next comment is hung */
    bool is_out_of_memory;
};

/* A lexer at the start of the text (behind a byte order mark). Comments are collected at `comments`
 * unless that is NULL. */
struct lexer lexer_over(struct span text, struct arena *a, struct tree_comment **comments);

/* The next token; behind the last one always TOKEN_END. */
struct token lex_next(struct lexer *lex);

/* Notes what is wrong with a bad token and returns false. */
bool lex_complain(struct notes *n, const struct token *bad);

/* The canonical spelling of a reserved word. */
const char *word_text(enum word word);

#endif
