#include "lint.h"
#include "check.h"
#include "compile.h"
#include "lint_inside.h"
#include "parse.h"

/* Strings are hashed from here on: what an attacker can make collide costs time that the limits on
 * the text already bound. */
static const uint64_t lint_key = UINT64_C(0x6c696e746b6579);

/* parse, check, compile: what the service would say of the text. */
static bool compile(struct span text, struct tree *tree, struct program *program,
                    struct arena *arena, struct notes *n)
{
    if (!policy_parse(text, arena, tree, n)) {
        policy_check_rest(tree, n);
        return false;
    }
    policy_check(tree, n);
    return policy_compile(tree, text, lint_key, POLICY_WORK_LIMIT, arena, arena, n, program) &&
           n->errors == 0;
}

static bool advise(struct linter *l, size_t *silenced)
{
    if (!lint_gather(l))
        return false;
    lint_conditions(l);
    lint_rules(l);
    lint_issuance(l);
    lint_queries(l);
    return lint_silence(l, silenced) && !l->notes->is_out_of_memory;
}

bool policy_lint(struct span text, unsigned types, struct arena *a, struct policy_lint *out,
                 struct err *err)
{
    struct notes notes = notes_about(text, a);
    struct tree tree = { 0 };
    struct program program = { 0 };
    struct linter l = { .text = text,
                        .types = types,
                        .tree = &tree,
                        .program = &program,
                        .arena = a,
                        .notes = &notes,
                        .guesses = LINT_GUESSES };
    size_t silenced = 0;

    if (compile(text, &tree, &program, a, &notes)) {
        if (!advise(&l, &silenced))
            return arena_fail(a, err);
    } else if (notes.errors == 0) {
        return arena_fail(a, err);
    }
    notes_sort(&notes);
    if (notes.is_out_of_memory)
        return arena_fail(a, err);
    *out =
        (struct policy_lint){ .found = notes.list, .errors = notes.errors, .silenced = silenced };
    return true;
}
