#include "policy.h"
#include "check.h"
#include "compile.h"
#include "eval.h"
#include "inside.h"
#include "parse.h"

#include "../base/b64.h"
#include "../base/hex.h"

#include <stdlib.h>
#include <string.h>

static const char spec[] = "policy language, 8.2";

/* The class of the error that is reported. */
static enum err_code code_class(const char *code)
{
    if (strcmp(code, "E230") == 0)
        return ERR_LIMIT;
    if (strcmp(code, "E207") == 0 || strcmp(code, "E208") == 0)
        return ERR_UNSUPPORTED;
    return ERR_MALFORMED;
}

/* Turns the first error into err. */
static bool report(const struct notes *n, const struct arena *a, struct err *err)
{
    for (size_t i = 0; i < n->list.count; i++) {
        const struct policy_diagnostic *d = &n->list.items[i];

        if (d->severity == POLICY_ERROR)
            return err_fail_at(err, d->offset, code_class(d->code), spec, "%s at %u:%u: %.*s",
                               d->code, d->line, d->column, 160, d->text);
    }
    return arena_fail(a, err);
}

static bool hand_over(const struct notes *n, struct policy_diagnostics *out, struct err *err)
{
    if (!out || n->list.count == 0)
        return true;
    if (!out->arena)
        return err_fail(err, ERR_INTERNAL, NULL, "diagnostics have no arena");
    out->items = ARENA_ARRAY(out->arena, struct policy_diagnostic, n->list.count);
    if (!out->items)
        return arena_fail(out->arena, err);
    memcpy(out->items, n->list.items, n->list.count * sizeof *out->items);
    out->count = out->room = n->list.count;
    return true;
}

/* Both hashes of the text (10.1), and the key for hashing strings from outside: it differs from
 * policy to policy, and what an attacker can still collide costs steps of the meter. */
static bool hash_text(struct crypto *c, struct policy *p, struct arena *scratch, uint64_t *key,
                      struct err *err)
{
    struct span inner = b64_dup_url(scratch, p->text);
    uint8_t sum[SHA256_SIZE];
    struct writer w = writer_over(p->hash, sizeof p->hash - 1);

    if (!inner.p)
        return arena_fail(scratch, err);
    if (!digest_sha256(c, inner, sum, err))
        return false;
    b64_write_url(&w, span_of(sum, sizeof sum));
    memcpy(key, sum, sizeof *key);
    if (!digest_sha256(c, p->text, sum, err))
        return false;
    w = writer_over(p->legacy_hash, sizeof p->legacy_hash - 1);
    hex_write(&w, span_of(sum, sizeof sum));
    return true;
}

/* lex, parse, check, compile. */
static bool build(struct policy *p, uint64_t key, uint64_t work, struct arena *scratch,
                  struct notes *n, struct err *err)
{
    struct tree tree = { 0 };
    bool is_built;

    if (!policy_parse(p->text, scratch, &tree, n)) {
        policy_check_rest(&tree, n);
        notes_sort(n);
        return report(n, scratch, err);
    }
    p->minor = tree.minor;
    policy_check(&tree, n);
    is_built = policy_compile(&tree, p->text, key, work, &p->arena, scratch, n, &p->program);
    notes_sort(n);
    if (n->is_out_of_memory)
        return arena_fail(p->arena.is_full ? &p->arena : scratch, err);
    return is_built || report(n, scratch, err);
}

bool policy_fill(struct policy *p, struct crypto *c, struct span text, uint64_t work,
                 struct arena *scratch, struct policy_diagnostics *diagnostics, struct err *err)
{
    struct notes notes = notes_about(text, scratch);
    uint64_t key = 0;
    bool is_built;

    if (text.n > POLICY_TEXT_LIMIT) {
        note_error(&notes, "E230", (struct place){ 0 }, NULL,
                   "the text has %zu bytes, and a policy at most %d", text.n, POLICY_TEXT_LIMIT);
        notes_sort(&notes);
        return hand_over(&notes, diagnostics, err) && report(&notes, scratch, err);
    }
    p->text = arena_dup(&p->arena, text);
    if (!p->text.p)
        return arena_fail(&p->arena, err);
    notes.text = p->text;
    if (!hash_text(c, p, scratch, &key, err))
        return false;
    is_built = build(p, key, work, scratch, &notes, err);
    return hand_over(&notes, diagnostics, err) && is_built && eval_configuration(p, scratch, err);
}

static struct policy *new_policy(struct crypto *c, struct span text, uint64_t work,
                                 struct policy_diagnostics *diagnostics, struct err *err)
{
    struct policy *p = calloc(1, sizeof *p);
    struct arena scratch = arena_over(POLICY_COMPILE_MEMORY);

    if (!p) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    p->arena = arena_over(POLICY_COMPILE_MEMORY);
    if (diagnostics)
        *diagnostics = (struct policy_diagnostics){ .arena = diagnostics->arena };
    if (!policy_fill(p, c, text, work, &scratch, diagnostics, err)) {
        policy_free(p);
        p = NULL;
    }
    arena_fini(&scratch);
    return p;
}

struct policy *policy_new(struct crypto *c, struct span text,
                          struct policy_diagnostics *diagnostics, struct err *err)
{
    return new_policy(c, text, POLICY_WORK_LIMIT, diagnostics, err);
}

struct policy *policy_new_draft(struct crypto *c, struct span text,
                                struct policy_diagnostics *diagnostics, struct err *err)
{
    return new_policy(c, text, POLICY_DRAFT_WORK_LIMIT, diagnostics, err);
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    arena_fini(&p->arena);
    free(p);
}

struct span policy_text(const struct policy *p)
{
    return p->text;
}

int policy_minor(const struct policy *p)
{
    return p->minor;
}

struct span policy_hash(const struct policy *p)
{
    return span_str(p->hash);
}

struct span policy_legacy_hash(const struct policy *p)
{
    return span_str(p->legacy_hash);
}

bool policy_configuration(const struct policy *p, struct arena *a, struct claim_set *out,
                          struct err *err)
{
    struct claim_set set = claim_set_in(a);

    if (p->configuration_failure.is_set)
        return err_fail_at(err, p->configuration_failure.at, ERR_MALFORMED, "policy language, 5.8",
                           "the configuration rules fail: %s", p->configuration_failure.text);
    for (size_t i = 0; i < p->configuration.count; i++)
        if (!claim_add(&set, &p->configuration.items[i], err))
            return false;
    *out = set;
    return true;
}

bool policy_eval(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                 struct policy_outcome *out, struct err *err)
{
    return eval_policy(p, incoming, a, out, NULL, err);
}

bool policy_eval_trace(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                       struct policy_outcome *out, struct policy_trail *trail, struct err *err)
{
    struct trail_writer writer = trail_in(a);

    if (!eval_policy(p, incoming, a, out, &writer, err))
        return false;
    *trail = writer.trail;
    return true;
}

const char *policy_decision_name(enum policy_decision d)
{
    static const char *const names[] = { "permit", "deny", "no-permit", "error" };

    return names[d];
}
