#include "jmes_unsupported.h"

/* clang-format off */
#define NEWER  "newer than the suite that fixes the dialect; "
#define NUMBER "the language computes no numbers; "
const struct jmes_unsupported jmes_unsupported[] = {
    { "find_first", JMES_UNKNOWN_FUNCTION, "position in a string",   NEWER "contains() says whether it is there", "find_first('a-b', '-')" },
    { "find_last",  JMES_UNKNOWN_FUNCTION, "position in a string",   NEWER "contains() says whether it is there", "find_last('a-b', '-')" },
    { "from_items", JMES_UNKNOWN_FUNCTION, "object from pairs",      NEWER "{a: x, b: y} makes an object of known names", "from_items(@)" },
    { "group_by",   JMES_UNKNOWN_FUNCTION, "grouping",               NEWER "[?...] selects one group", "group_by(@, &a)" },
    { "items",      JMES_UNKNOWN_FUNCTION, "object as pairs",        NEWER "keys() and values() give the halves", "items(@)" },
    { "lower",      JMES_UNKNOWN_FUNCTION, "letter case",            NEWER "equals_ignore_case() compares without it", "lower('A')" },
    { "upper",      JMES_UNKNOWN_FUNCTION, "letter case",            NEWER "equals_ignore_case() compares without it", "upper('a')" },
    { "pad_left",   JMES_UNKNOWN_FUNCTION, "padding",                NEWER "join() puts strings together", "pad_left('a', `3`)" },
    { "pad_right",  JMES_UNKNOWN_FUNCTION, "padding",                NEWER "join() puts strings together", "pad_right('a', `3`)" },
    { "replace",    JMES_UNKNOWN_FUNCTION, "replacing in a string",  NEWER "compare with the text as it is logged", "replace('a', 'b', 'c')" },
    { "split",      JMES_UNKNOWN_FUNCTION, "splitting a string",     NEWER "starts_with() and ends_with() look at its ends", "split('a,b', ',')" },
    { "trim",       JMES_UNKNOWN_FUNCTION, "trimming a string",      NEWER "compare with the text as it is logged", "trim(' a ')" },
    { "trim_left",  JMES_UNKNOWN_FUNCTION, "trimming a string",      NEWER "compare with the text as it is logged", "trim_left(' a')" },
    { "trim_right", JMES_UNKNOWN_FUNCTION, "trimming a string",      NEWER "compare with the text as it is logged", "trim_right('a ')" },
    { "zip",        JMES_UNKNOWN_FUNCTION, "pairing lists",          NEWER "[a, b] puts whole lists side by side", "zip(a, b)" },
    { "$",          JMES_SYNTAX, "the root, let and variables",      NEWER "a pipe keeps what it needs in {a: x, b: @}", "let $x = a in $x" },
    { "+",          JMES_SYNTAX, "addition",                         NUMBER "sum() adds a list up", "`1` + `2`" },
    { "-",          JMES_SYNTAX, "subtraction",                      NUMBER "compare with < and >", "a - b" },
    { "/",          JMES_SYNTAX, "division",                         NUMBER "compare with < and >", "a / b" },
    { "%",          JMES_SYNTAX, "remainder",                        NUMBER "compare with ==", "a % b" },
    { "\xc3\x97",   JMES_SYNTAX, "multiplication",                   NUMBER "compare with < and >", "a \xc3\x97 b" },
    { "\xc3\xb7",   JMES_SYNTAX, "division",                         NUMBER "compare with < and >", "a \xc3\xb7 b" },
    { "\xe2\x88\x92", JMES_SYNTAX, "subtraction",                    NUMBER "compare with < and >", "a \xe2\x88\x92 b" },
    { "?",          JMES_SYNTAX, "the conditional operator",         NEWER "(x && a) || b chooses", "a ? b : c" },
    { "#",          JMES_SYNTAX, "comments",                         "a policy has its own, outside the string: // to the end of the line", "a # b" },
    { "~",          JMES_SYNTAX, "regular expressions",              "the language has none: contains(), starts_with() and ends_with() look into strings", "a ~ 'b'" },
};
/* clang-format on */

const size_t jmes_unsupported_count = COUNT(jmes_unsupported);

const struct jmes_unsupported *jmes_unsupported_function(struct span name)
{
    for (size_t i = 0; i < COUNT(jmes_unsupported); i++)
        if (jmes_unsupported[i].kind != JMES_SYNTAX && span_is(name, jmes_unsupported[i].name))
            return &jmes_unsupported[i];
    return NULL;
}

const struct jmes_unsupported *jmes_unsupported_syntax(struct span rest)
{
    for (size_t i = 0; i < COUNT(jmes_unsupported); i++)
        if (jmes_unsupported[i].kind == JMES_SYNTAX &&
            span_starts(rest, span_str(jmes_unsupported[i].name)))
            return &jmes_unsupported[i];
    return NULL;
}
