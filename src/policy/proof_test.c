#include "proof_test.h"
#include "jmespath.h"
#include "limits.h"
#include "oracle_test.h"
#include "parse.h"
#include "walk_test.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

struct proof {
    struct crypto *crypto;
    struct span text; /* the policy */
    size_t version_at;
    struct claim_set claims;
    struct arena arena;
    struct proof_count *count;
};

/* Ends the program with what broke the rule. */
#define hold(p, condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            show_case(p);                                                                          \
            must(condition);                                                                       \
        }                                                                                          \
    } while (0)

static void show_case(const struct proof *p)
{
    static const char *const issuers[] = { "service", "policy", "client" };

    fprintf(stderr, "%.*s\n----\n", (int)p->text.n, (const char *)p->text.p);
    for (size_t i = 0; i < p->claims.count; i++) {
        const struct claim *c = &p->claims.items[i];
        struct arena a = arena_over(1 << 20);
        struct writer w = writer_in(&a, 64);

        claim_write_value(&w, c);
        fprintf(stderr, "%.*s (%s%s) = %.*s\n", SPAN_ARG(c->name), issuers[c->issuer],
                c->is_read_only ? ", read-only" : "", SPAN_ARG(writer_span(&w)));
        arena_fini(&a);
    }
}

/* what an evaluation came to, as text */

static void tell_claims(struct writer *w, const char *title, const struct claim_set *set)
{
    write_format(w, "\n%s:", title);
    for (size_t i = 0; i < set->count; i++) {
        write_text(w, " ");
        write_bytes(w, set->items[i].name);
        write_text(w, set->items[i].is_read_only ? "!=" : "=");
        claim_write_value(w, &set->items[i]);
    }
}

static struct span tell(struct arena *a, const struct policy_outcome *o, bool with_place)
{
    struct writer w = writer_in(a, 512);

    write_format(&w, "%s %s", policy_decision_name(o->decision), o->error_code);
    if (with_place && (o->decision == POLICY_FAILED || o->decision == POLICY_DENY))
        write_format(&w, " at %u:%u", o->line, o->column);
    tell_claims(&w, "issued", &o->issued);
    tell_claims(&w, "properties", &o->properties);
    tell_claims(&w, "configuration", &o->configuration);
    tell_claims(&w, "added", &o->added);
    return writer_span(&w);
}

static struct span tell_oracle(struct arena *a, struct span text, const struct oracle_outcome *o)
{
    struct policy_outcome same = { .decision = o->decision,
                                   .issued = o->issued,
                                   .properties = o->properties,
                                   .configuration = o->configuration,
                                   .added = o->added };

    memcpy(same.error_code, o->code, sizeof same.error_code);
    text_locate(text, o->at, &same.line, &same.column);
    return tell(a, &same, true);
}

static void agree(const struct proof *p, const char *what, struct span got, struct span want)
{
    if (span_equal(got, want))
        return;
    fprintf(stderr, "%s\n---- got\n%.*s\n---- want\n%.*s\n----\n", what, SPAN_ARG(got),
            SPAN_ARG(want));
    hold(p, span_equal(got, want));
}

/* trees */

static bool is_same_expression(const struct tree_expression *a, const struct tree_expression *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != EXPR_INTEGER && a->kind != EXPR_BOOLEAN && !span_equal(a->text, b->text))
        return false; /* digits may be written in several ways */
    return a->kind == b->kind && a->integer == b->integer && a->boolean == b->boolean &&
           a->property == b->property && a->argument_count == b->argument_count &&
           is_same_expression(a->arguments, b->arguments) && is_same_expression(a->next, b->next);
}

static bool is_same_condition(const struct tree_condition *a, const struct tree_condition *b)
{
    const struct tree_test *t = a->tests, *u = b->tests;

    for (; t && u; t = t->next, u = u->next)
        if (t->property != u->property ||
            t->operator!= u->operator|| !is_same_expression(t->right, u->right))
            return false;
    return t == NULL && u == NULL && span_equal(a->name, b->name) && a->is_negated == b->is_negated;
}

static bool is_same_rule(const struct tree_rule *a, const struct tree_rule *b)
{
    const struct tree_condition *c = a->conditions, *d = b->conditions;
    const struct tree_argument *x = a->arguments, *y = b->arguments;

    for (; c && d; c = c->next, d = d->next)
        if (!is_same_condition(c, d))
            return false;
    for (; x && y; x = x->next, y = y->next)
        if (x->name != y->name || !is_same_expression(x->value, y->value))
            return false;
    return !c && !d && !x && !y && a->verb == b->verb;
}

static bool is_same_tree(const struct tree *a, const struct tree *b)
{
    for (int s = 0; s < SECTIONS; s++) {
        const struct tree_rule *r = a->sections[s].rules, *q = b->sections[s].rules;

        for (; r && q; r = r->next, q = q->next)
            if (!is_same_rule(r, q))
                return false;
        if (r || q || a->sections[s].is_present != b->sections[s].is_present)
            return false;
    }
    return a->minor == b->minor && a->rule_count == b->rule_count;
}

static struct span print(struct proof *p, struct span text, struct tree *tree)
{
    struct notes notes = notes_about(text, &p->arena);
    struct span out = { 0 };
    struct err e = { 0 };

    hold(p, policy_parse(text, &p->arena, tree, &notes));
    hold(p, policy_format(text, &p->arena, &out, NULL, &e));
    return out;
}

/* What is printed parses to the same tree, and printing it again changes nothing. */
static struct span prove_print(struct proof *p)
{
    struct tree before, after;
    struct span once = print(p, p->text, &before), twice = print(p, once, &after);

    agree(p, "printed twice", twice, once);
    hold(p, is_same_tree(&before, &after));
    return once;
}

/* evaluations */

static bool judge(struct proof *p, const struct policy *policy, struct policy_outcome *o)
{
    struct err e = { 0 };

    hold(p, policy_eval(policy, &p->claims, &p->arena, o, &e));
    return o->decision != POLICY_FAILED || strcmp(o->error_code, "X411") != 0;
}

static void prove_shape(const struct proof *p, const struct policy_outcome *o)
{
    hold(p, o->decision == POLICY_PERMIT || o->issued.count + o->properties.count == 0);
    hold(p, (o->decision == POLICY_FAILED) == (o->error_code[0] == 'X'));
    hold(p, o->steps <= POLICY_WORK_LIMIT || strcmp(o->error_code, "X411") == 0);
    for (size_t i = 0; i < o->issued.count; i++)
        hold(p, !o->issued.items[i].is_read_only);
    for (size_t i = 0; i < o->added.count; i++)
        hold(p, o->added.items[i].issuer == ISSUER_POLICY);
}

/* The trail changes nothing, and tells the rules that ran and which of them fired. */
static void prove_trail(struct proof *p, const struct policy *policy, struct span plain,
                        const struct oracle_outcome *oracle)
{
    struct policy_outcome o;
    struct policy_trail trail;
    struct err e = { 0 };

    hold(p, policy_eval_trace(policy, &p->claims, &p->arena, &o, &trail, &e));
    agree(p, "traced", tell(&p->arena, &o, true), plain);
    hold(p, !oracle || trail.is_cut || trail.count == oracle->rule_count);
    for (size_t i = 0; oracle && i < trail.count; i++)
        hold(p, (trail.rules[i].times > 0) == oracle->fired[i]);
}

/* Other texts that mean the same: printed, and of the highest version. */
static void prove_same_meaning(struct proof *p, struct span text, struct span want, bool with_place)
{
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *q = policy_new(p->crypto, text, NULL, &e);

    hold(p, q || e.code == ERR_LIMIT);
    if (q && judge(p, q, &o))
        agree(p, "the same, written otherwise", tell(&p->arena, &o, with_place), want);
    policy_free(q);
}

static struct span of_highest_version(struct proof *p)
{
    struct span copy = arena_dup(&p->arena, p->text);

    must(copy.p != NULL);
    ((uint8_t *)(uintptr_t)copy.p)[p->version_at] = '2';
    return copy;
}

static void prove_evaluation(struct proof *p, const struct policy *policy, struct span printed)
{
    struct policy_outcome o, again;
    struct oracle_outcome *oracle = ARENA_NEW(&p->arena, struct oracle_outcome);
    bool is_within = judge(p, policy, &o), has_oracle;
    struct span told = tell(&p->arena, &o, true);

    must(oracle != NULL);
    prove_shape(p, &o);
    hold(p, judge(p, policy, &again) == is_within && again.steps == o.steps);
    agree(p, "evaluated again", tell(&p->arena, &again, true), told);
    p->count->permitted += o.decision == POLICY_PERMIT;
    p->count->failed += o.decision == POLICY_FAILED;
    has_oracle = is_within && oracle_eval(p->text, &p->claims, &p->arena, oracle);
    prove_trail(p, policy, told, has_oracle ? oracle : NULL);
    if (!has_oracle)
        return;
    p->count->compared++;
    agree(p, "the oracle", told, tell_oracle(&p->arena, p->text, oracle));
    prove_same_meaning(p, printed, tell(&p->arena, &o, false), false);
    prove_same_meaning(p, of_highest_version(p), told, true);
}

/* A draft may do a tenth of the work: the same, or X411. */
static void prove_draft(struct proof *p)
{
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *draft = policy_new_draft(p->crypto, p->text, NULL, &e);

    if (draft && !judge(p, draft, &o))
        prove_shape(p, &o);
    policy_free(draft);
}

void prove_policy(struct crypto *c, struct span choices, struct proof_count *count)
{
    struct proof p = { .crypto = c, .arena = arena_over((size_t)1 << 30), .count = count };
    struct walk k = walk_over(choices, &p.arena);
    struct policy_diagnostics d = { .arena = &p.arena };
    struct err e = { 0 };
    struct policy *policy;
    struct span printed;

    p.claims = walk_claims(&k);
    p.text = walk_policy(&k, &p.version_at);
    policy = policy_new(c, p.text, &d, &e);
    /* What the grammar makes parses; what is wrong with it is wrong in meaning. */
    for (size_t i = 0; i < d.count; i++)
        hold(&p, d.items[i].severity != POLICY_ERROR || strncmp(d.items[i].code, "E3", 2) == 0);
    for (size_t i = 0; i < d.count; i++)
        hold(&p, k.has_odd_query || strcmp(d.items[i].code, "E314") != 0);
    printed = prove_print(&p);
    count->compiled += policy != NULL;
    count->refused += policy == NULL;
    if (policy) {
        prove_evaluation(&p, policy, printed);
        prove_draft(&p);
    }
    policy_free(policy);
    arena_fini(&p.arena);
}

/* queries */

struct question {
    struct arena *arena;
    struct span query;
    struct jv document;
};

/* The kind of fault, and the answer as text where there is none. */
static enum jmes_error ask(const struct question *q, const char *before, const char *behind,
                           struct span *out)
{
    struct jmes_work w = { .arena = q->arena, .limit = 300000 };
    struct writer text = writer_in(q->arena, 256), answer = writer_in(q->arena, 256);
    const struct jmes_query *query;
    struct jmes_fault fault;
    struct jv result;
    size_t depth;

    write_text(&text, before);
    write_bytes(&text, q->query);
    write_text(&text, behind);
    if (!jmes_parse(writer_span(&text), q->arena, &query, &fault)) {
        fprintf(stderr, "%.*s: byte %zu: %s\n", SPAN_ARG(writer_span(&text)), fault.offset,
                fault.text);
        must(fault.kind == JMES_NONE);
    }
    if (!jmes_run(query, &q->document, &w, &result) || !jv_write(&w, &result, &answer, &depth)) {
        must(w.fault.kind != JMES_NONE && w.fault.kind != JMES_SYNTAX && w.fault.text[0]);
        must(w.fault.kind == JMES_LIMIT || w.steps <= w.limit);
        return w.fault.kind;
    }
    must(w.steps <= w.limit);
    *out = writer_span(&answer);
    return JMES_NONE;
}

/* What a query gives is JSON, and reads back to what prints the same. */
static void prove_answer(const struct question *q, struct span answer)
{
    static const struct json_limits limits = {
        .bytes = 4 << 20, .depth = JV_DEPTH + 2, .nodes = SIZE_MAX, .members = SIZE_MAX
    };
    struct jmes_work w = { .arena = q->arena, .limit = UINT64_MAX };
    struct writer again = writer_in(q->arena, 256);
    const struct json *j;
    struct jv v;
    size_t depth;
    struct err e = { 0 };

    must(json_parse(answer, &limits, q->arena, &j, &e));
    must(jv_from_json(&w, j, &v) && jv_write(&w, &v, &again, &depth));
    must(span_equal(writer_span(&again), answer));
}

/* Writings that mean the same over any value, or over any value but null. */
/* clang-format off */
static const struct { const char *before, *behind; bool needs_value; } laws[] = {
    { "(",            ")",                false },
    { "@ | (",        ")",                false },
    { "(",            ") | @",            false },
    { " ",            "\n",               false },
    { "[(",           ")] | [0]",         true  },
    { "{x: ",         "} | x",            true  },
    { "{x: `1`, x: ", "}.x",              true  },
    { "[@] | [0] | (",")",                true  },
    { "not_null(",    ")",                false },
    { "map(&(",       "), [@]) | [0]",    true  },
    { "[`1`, ",       "] | [-1]",         true  },
    { "reverse([",    ", `1`]) | [-1]",   true  },
    { "`true` && (",  ")",                false },
    { "`false` || (", ")",                false },
    { "(",            ") || `null`",      false },
};
/* clang-format on */

static void prove_laws(const struct question *q, enum jmes_error kind, struct span answer)
{
    for (size_t i = 0; i < COUNT(laws); i++) {
        struct span other = { 0 };
        enum jmes_error got;

        if (laws[i].needs_value && q->document.kind == JV_NULL)
            continue;
        /* "x || null" gives null for whatever counts as false. */
        if (i == COUNT(laws) - 1 && kind == JMES_NONE && answer.n <= 5)
            continue;
        got = ask(q, laws[i].before, laws[i].behind, &other);
        if (got == JMES_LIMIT)
            continue;
        if (got == kind && span_equal(other, answer))
            continue;
        fprintf(stderr, "%s%.*s%s\ngot  %s %.*s\nwant %s %.*s\n", laws[i].before,
                SPAN_ARG(q->query), laws[i].behind, jmes_error_name(got), SPAN_ARG(other),
                jmes_error_name(kind), SPAN_ARG(answer));
        must(got == kind && span_equal(other, answer));
    }
}

void prove_query(struct span choices, struct proof_count *count)
{
    struct arena a = arena_over((size_t)1 << 30);
    struct walk k = walk_over(choices, &a);
    struct jmes_work w = { .arena = &a, .limit = UINT64_MAX };
    struct question q = { .arena = &a };
    struct span text = walk_json(&k), answer = { 0 };
    const struct json *j;
    struct err e = { 0 };
    enum jmes_error kind;

    must(json_parse(text, NULL, &a, &j, &e) && jv_from_json(&w, j, &q.document));
    q.query = walk_query(&k);
    kind = ask(&q, "", "", &answer);
    count->compiled++;
    count->failed += kind != JMES_NONE;
    if (kind == JMES_NONE)
        prove_answer(&q, answer);
    if (kind != JMES_LIMIT)
        prove_laws(&q, kind, answer);
    arena_fini(&a);
}
