#include "compile.h"
#include "jmespath.h"
#include "json_claim.h"
#include "machine.h"
#include "search.h"

#include <string.h>

/* A literal query that has been read: the same text again is the same query, so that its answers
 * are found again while a request is judged. */
struct known_query {
    struct span text;
    const struct jmes_query *query;
    struct known_query *next;
};

enum { QUERY_BUCKETS = 256 };

struct compiler {
    const struct tree *tree;
    struct span text;
    struct arena *keep, *scratch;
    struct notes *notes;
    struct program *program;
    struct code *codes;
    struct test_code *tests;
    struct condition_code *conditions;
    struct rule_code *rules;
    struct span *names;
    uint32_t *name_slots;
    struct known_query *queries[QUERY_BUCKETS];
    struct machine *machine; /* computes constants; one for all, so that one meter covers them */
    bool is_out_of_memory;
    /* of the rule being compiled */
    uint64_t uses[POLICY_CONDITION_LIMIT]; /* conditions whose choice a condition depends on */
    bool has_call[POLICY_CONDITION_LIMIT];
};

/* how much there is */

struct sizes {
    uint32_t codes, tests, conditions, rules, names;
};

static uint32_t count_codes(const struct tree_expression *e)
{
    uint32_t n = 1;

    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        n += count_codes(arg);
    return n;
}

static void count_rule(const struct tree_rule *r, struct sizes *s)
{
    s->rules++;
    s->conditions += r->condition_count;
    for (const struct tree_condition *c = r->conditions; c; c = c->next) {
        s->tests += c->test_count;
        s->names++;
        for (const struct tree_test *t = c->tests; t; t = t->next)
            s->codes += count_codes(t->right);
    }
    for (const struct tree_argument *a = r->arguments; a; a = a->next)
        s->codes += count_codes(a->value);
}

static bool make_room(struct compiler *k)
{
    struct sizes s = { 0 };
    uint32_t slots = 16;

    for (int i = 0; i < SECTIONS; i++)
        for (const struct tree_rule *r = k->tree->sections[i].rules; r; r = r->next)
            count_rule(r, &s);
    while (slots < 2 * s.names)
        slots *= 2;
    k->codes = ARENA_ARRAY(k->keep, struct code, s.codes);
    k->tests = ARENA_ARRAY(k->keep, struct test_code, s.tests);
    k->conditions = ARENA_ARRAY(k->keep, struct condition_code, s.conditions);
    k->rules = ARENA_ARRAY(k->keep, struct rule_code, s.rules);
    k->names = ARENA_ARRAY(k->keep, struct span, s.names);
    k->name_slots = ARENA_ARRAY(k->keep, uint32_t, slots);
    *k->program = (struct program){ .text = k->text,
                                    .codes = k->codes,
                                    .tests = k->tests,
                                    .conditions = k->conditions,
                                    .rules = k->rules,
                                    .names = k->names,
                                    .name_slots = k->name_slots,
                                    .name_slot_count = slots,
                                    .key = k->program->key,
                                    .work_limit = k->program->work_limit };
    return k->codes && k->tests && k->conditions && k->rules && k->names && k->name_slots;
}

static bool no_memory(struct compiler *k)
{
    k->is_out_of_memory = true;
    return false;
}

/* expressions */

/* Text that outlives the tree: what lies in the policy's own text stays there. */
static struct span keep_text(struct compiler *k, struct span s)
{
    struct span copy;

    if (s.n == 0 || (s.p >= k->text.p && s.p < k->text.p + k->text.n))
        return s;
    copy = arena_dup(k->keep, s);
    if (!copy.p)
        no_memory(k);
    return copy;
}

/* A computed value, copied out of the scratch memory. */
static struct value keep_value(struct compiler *k, const struct value *v)
{
    struct value copy = *v, *items;

    if (v->kind == VALUE_STRING)
        copy.text = keep_text(k, v->text);
    if (v->kind != VALUE_SET)
        return copy;
    items = ARENA_ARRAY(k->keep, struct value, v->count);
    if (!items) {
        no_memory(k);
        return value_boolean(false);
    }
    for (uint32_t i = 0; i < v->count; i++)
        items[i] = keep_value(k, &v->items[i]);
    copy.items = items;
    return copy;
}

static bool start_machine(struct compiler *k)
{
    static const struct rule_code no_rule = { 0 };

    k->machine = ARENA_NEW(k->scratch, struct machine);
    if (!k->machine || !machine_init(k->machine, k->program, k->scratch, 0))
        return no_memory(k);
    k->machine->rule = &no_rule;
    return true;
}

/* Computes a call without names (7.1): E315 where the run-time error would be. */
static void fold(struct compiler *k, struct tree_expression *e, struct code *code)
{
    struct place at = { 0 };
    struct failure *failure;
    struct value v;

    if (!k->machine && !start_machine(k))
        return;
    if (machine_value(k->machine, e->code, &v)) {
        code->constant = keep_value(k, &v);
        code->kind = CODE_CONSTANT;
        return;
    }
    e->is_broken = true;
    failure = &k->machine->failure;
    at.offset = failure->at;
    at.length = at.offset == e->at.offset ? (uint32_t)e->text.n : 1;
    if (failure->is_memory)
        no_memory(k);
    else
        note_error(k->notes, "E315", at, NULL, "this always fails (%s): %s", failure->code,
                   failure->text);
    failure->is_set = false;
}

static void compile_expression(struct compiler *k, struct tree_expression *e);

static bool find_query(struct compiler *k, struct span text, const struct jmes_query **out,
                       struct jmes_fault *fault)
{
    struct known_query **bucket =
        &k->queries[(hash_bytes(k->program->key, text) >> 32) % QUERY_BUCKETS];
    struct known_query *known;

    for (known = *bucket; known; known = known->next)
        if (span_equal(known->text, text)) {
            *out = known->query;
            return true;
        }
    if (!jmes_parse(text, k->keep, out, fault))
        return false;
    known = ARENA_NEW(k->scratch, struct known_query);
    if (!known)
        return no_memory(k);
    *known = (struct known_query){ .text = text, .query = *out, .next = *bucket };
    *bucket = known;
    return true;
}

/* A literal query of JmesPath is read once, here: E314 (7.2). */
static void read_query(struct compiler *k, struct tree_expression *e, struct code *code)
{
    const struct tree_expression *query = e->arguments ? e->arguments->next : NULL;
    struct jmes_fault fault;

    if (!e->function || e->function->run != run_jmes_path || !query || query->kind != EXPR_STRING)
        return;
    if (find_query(k, k->codes[query->code].constant.text, &code->query, &fault))
        return;
    e->is_broken = true;
    if (fault.kind == JMES_MEMORY)
        no_memory(k);
    if (!k->is_out_of_memory)
        note_error(k->notes, "E314", query->at, NULL, "the query cannot be read: byte %zu: %s",
                   fault.offset, fault.text);
}

static void compile_call(struct compiler *k, struct tree_expression *e)
{
    struct code *code = &k->codes[e->code];
    uint32_t i = 0;

    code->kind = CODE_CALL;
    code->function = e->function;
    for (struct tree_expression *arg = e->arguments; arg; arg = arg->next, i++) {
        compile_expression(k, arg);
        e->is_broken |= arg->is_broken;
        if (i < FUNCTION_ARGUMENTS)
            code->operands[i] = arg->code;
    }
    read_query(k, e, code);
    if (e->is_constant && !e->is_broken)
        fold(k, e, code);
}

static void compile_expression(struct compiler *k, struct tree_expression *e)
{
    struct code *code;

    e->code = k->program->code_count++;
    code = &k->codes[e->code];
    *code = (struct code){ .kind = CODE_CONSTANT, .at = e->at.offset };
    switch (e->kind) {
    case EXPR_STRING:
        code->constant = value_text(keep_text(k, e->text));
        break;
    case EXPR_INTEGER:
        code->constant = value_integer(e->integer);
        break;
    case EXPR_BOOLEAN:
        code->constant = value_boolean(e->boolean);
        break;
    case EXPR_PROPERTY:
        code->kind = e->is_whole_set ? CODE_WHOLE : CODE_PROPERTY;
        code->property = e->property;
        code->binding = e->binding;
        break;
    default:
        compile_call(k, e);
    }
}

/* All expressions of a rule, so that what is wrong with constants is found even in a policy that
 * has other errors. */
static void compile_expressions(struct compiler *k, const struct tree_rule *r)
{
    for (const struct tree_condition *c = r->conditions; c; c = c->next)
        for (const struct tree_test *t = c->tests; t; t = t->next)
            compile_expression(k, t->right);
    for (const struct tree_argument *a = r->arguments; a; a = a->next)
        compile_expression(k, a->value);
}

/* Which conditions' choices an expression depends on. */
static uint64_t expression_uses(const struct compiler *k, uint32_t number)
{
    const struct code *code = &k->codes[number];
    uint64_t uses = 0;

    if (code->kind == CODE_PROPERTY)
        return UINT64_C(1) << code->binding;
    if (code->kind == CODE_WHOLE)
        return k->uses[code->binding];
    for (uint32_t i = 0; code->kind == CODE_CALL && i < code->function->arity; i++)
        uses |= expression_uses(k, code->operands[i]);
    return uses;
}

/* conditions */

/* The number of a claim's name, entered when it is new. */
static uint32_t intern(struct compiler *k, struct span name)
{
    struct program *p = k->program;
    uint64_t hash = hash_bytes(p->key, name);
    uint32_t number = program_name(p, name, hash), at;

    if (number)
        return number;
    at = (uint32_t)hash & (p->name_slot_count - 1);
    while (k->name_slots[at])
        at = (at + 1) & (p->name_slot_count - 1);
    k->names[p->name_count++] = name;
    return k->name_slots[at] = p->name_count;
}

/* `type==` a literal: the condition is about the claims of one name. */
static bool is_name_test(const struct tree_test *t)
{
    return t->property == PROPERTY_TYPE && t->operator== OP_EQUAL && t->right->kind == EXPR_STRING;
}

/* A call that is no constant has to be made, and may fail. */
static bool is_call(const struct compiler *k, const struct tree_test *t)
{
    return k->codes[t->right->code].kind == CODE_CALL;
}

/* `value == name.value` can be answered by an index. */
static bool is_join(const struct compiler *k, const struct tree_test *t)
{
    return t->property == PROPERTY_VALUE &&
           t->operator== OP_EQUAL && k->codes[t->right->code].kind == CODE_PROPERTY;
}

/* An issuer or a value type compared with a literal compares as a number. */
static void settle_word(const struct code *right, struct test_code *test)
{
    bool is_issuer = test->property == PROPERTY_ISSUER;

    test->is_word = (is_issuer || test->property == PROPERTY_VALUE_TYPE) &&
                    right->kind == CODE_CONSTANT && right->constant.kind == VALUE_STRING;
    test->word = WORD_OF_NONE;
    for (uint32_t i = 0; test->is_word && i < 3; i++)
        if (span_is(right->constant.text, is_issuer ? issuer_name((enum claim_issuer)i)
                                                    : value_type_name((enum value_kind)i)))
            test->word = i;
}

static void add_test(struct compiler *k, const struct tree_test *t, struct condition_code *c,
                     struct rule_code *rule)
{
    struct test_code *test = &k->tests[k->program->test_count++];

    *test = (struct test_code){ .property = t->property,
                                .operator= t->operator,
                                .right = t->right->code,
                                .has_call = is_call(k, t) };
    if (test->has_call) {
        test->slot = rule->slot_count++;
        c->slot_count++;
    }
    settle_word(&k->codes[test->right], test);
    if (is_join(k, t) && c->join == NO_CODE)
        c->join = test->right;
    c->test_count++;
}

/* A condition: its name settled, its tests in order, those with calls last: as they are written,
 * for a constant in front of a call that fails would hide the failure (6.1). */
static void compile_condition(struct compiler *k, const struct tree_condition *from, uint32_t i,
                              struct rule_code *rule)
{
    struct condition_code *c = &k->conditions[k->program->condition_count++];
    const struct tree_test *by_name = NULL;

    *c = (struct condition_code){ .tests = k->program->test_count,
                                  .slots = rule->slot_count,
                                  .join = NO_CODE,
                                  .is_negated = from->is_negated,
                                  .back = NO_JUMP,
                                  .at = from->at.offset,
                                  .length = from->at.length };
    for (const struct tree_test *t = from->tests; t && !by_name; t = t->next)
        by_name = is_name_test(t) ? t : NULL;
    if (by_name)
        c->name_id = intern(k, k->codes[by_name->right->code].constant.text);
    for (int calls = 0; calls < 2; calls++)
        for (const struct tree_test *t = from->tests; t; t = t->next)
            if (t != by_name && (t->right->kind == EXPR_CALL) == (calls == 1))
                add_test(k, t, c, rule);
    k->uses[i] = 0;
    for (const struct tree_test *t = from->tests; t; t = t->next)
        k->uses[i] |= expression_uses(k, t->right->code);
    k->has_call[i] = c->slot_count > 0;
    c->is_independent = k->uses[i] == 0;
}

/* The deepest condition whose choice matters, or NO_JUMP when a call on the way there may fail, and
 * then has to be tried. */
static int jump_target(const struct compiler *k, uint64_t live, uint32_t from)
{
    int target = live ? 63 - __builtin_clzll(live) : -1;

    for (uint32_t i = (uint32_t)(target + 1); i < from; i++)
        if (k->has_call[i])
            return NO_JUMP;
    return target;
}

/* Which choices still matter behind each condition (11.2). */
static void settle_search(struct compiler *k, struct rule_code *rule, uint64_t action_uses)
{
    struct condition_code *conditions = k->conditions + rule->conditions;
    uint64_t needed = action_uses, chosen = 0;

    rule->back = jump_target(k, action_uses, rule->condition_count);
    for (uint32_t i = rule->condition_count; i-- > 0;) {
        conditions[i].live = needed & (UINT64_MAX >> (63 - i));
        conditions[i].is_enumerated = (needed >> i & 1) != 0;
        conditions[i].back = jump_target(k, conditions[i].live, i + 1);
        needed |= k->uses[i];
    }
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        uint64_t live = conditions[i].live;
        /* Choices before the deepest one that still matters. */
        uint64_t before = live ? (UINT64_C(1) << (63 - __builtin_clzll(live))) - 1 : 0;

        if (conditions[i].is_enumerated)
            chosen |= UINT64_C(1) << i;
        conditions[i].has_memo = (chosen & before & ~live) != 0;
    }
}

static uint32_t count_gate(const struct compiler *k, const struct rule_code *rule)
{
    for (uint32_t i = 0; i < rule->condition_count; i++)
        if (k->has_call[i])
            return i + 1;
    return rule->condition_count;
}

/* actions */

static const struct tree_argument *find_argument(const struct tree_rule *r,
                                                 enum policy_property name)
{
    for (const struct tree_argument *a = r->arguments; a; a = a->next)
        if (a->name == name)
            return a;
    return NULL;
}

static int kind_named(struct span name)
{
    int kind = VALUE_STRING;

    while (!span_is(name, value_type_name((enum value_kind)kind)))
        kind++;
    return kind;
}

/* The action's arguments; gives the conditions whose choice they depend on. */
static uint64_t compile_action(const struct compiler *k, const struct tree_rule *r,
                               struct rule_code *rule)
{
    const struct tree_argument *claim = find_argument(r, PROPERTY_CLAIM);
    const struct tree_argument *type = find_argument(r, PROPERTY_TYPE);
    const struct tree_argument *value = find_argument(r, PROPERTY_VALUE);
    const struct tree_argument *stated = find_argument(r, PROPERTY_VALUE_TYPE);

    rule->type = rule->value = NO_CODE;
    rule->stated_kind = -1;
    if (claim) {
        rule->is_copy = true;
        rule->value = claim->value->code;
        return expression_uses(k, rule->value);
    }
    if (!type || !value)
        return 0;
    rule->type = type->value->code;
    rule->value = value->value->code;
    rule->is_value_first = value->at.offset < type->at.offset;
    if (stated) {
        rule->stated_kind = kind_named(stated->value->text);
        rule->stated_at = stated->value->at.offset;
    }
    return expression_uses(k, rule->type) | expression_uses(k, rule->value);
}

static void compile_rule(struct compiler *k, const struct tree_rule *r, enum policy_section section)
{
    struct program *p = k->program;
    struct rule_code *rule = &k->rules[p->rule_count++];
    uint32_t i = 0;
    uint64_t uses;

    *rule = (struct rule_code){ .section = section,
                                .verb = r->verb,
                                .conditions = p->condition_count,
                                .condition_count = r->condition_count,
                                .at = r->at.offset,
                                .length = r->at.length,
                                .verb_at = r->verb_at.offset };
    for (const struct tree_condition *c = r->conditions; c; c = c->next)
        compile_condition(k, c, i++, rule);
    uses = compile_action(k, r, rule);
    settle_search(k, rule, uses);
    /* The first firing of a verdict is enough. */
    if (r->verb == VERB_PERMIT || r->verb == VERB_DENY)
        rule->back = -1;
    rule->gate = count_gate(k, rule);
    if (rule->condition_count > p->most_conditions)
        p->most_conditions = rule->condition_count;
    if (rule->slot_count > p->most_slots)
        p->most_slots = rule->slot_count;
}

bool policy_compile(const struct tree *tree, struct span text, uint64_t key, uint64_t work,
                    struct arena *keep, struct arena *scratch, struct notes *n, struct program *out)
{
    struct program program = { .key = key, .work_limit = work };
    struct compiler k = { .tree = tree,
                          .text = text,
                          .keep = keep,
                          .scratch = scratch,
                          .notes = n,
                          .program = &program };

    if (!make_room(&k)) {
        n->is_out_of_memory = true;
        return false;
    }
    for (int s = 0; s < SECTIONS; s++)
        for (const struct tree_rule *r = tree->sections[s].rules; r; r = r->next)
            compile_expressions(&k, r);
    n->is_out_of_memory |= k.is_out_of_memory;
    if (n->errors > 0 || n->is_out_of_memory)
        return false;
    for (int s = 0; s < SECTIONS; s++) {
        program.first_rule[s] = program.rule_count;
        for (const struct tree_rule *r = tree->sections[s].rules; r; r = r->next)
            compile_rule(&k, r, (enum policy_section)s);
    }
    program.first_rule[SECTIONS] = program.rule_count;
    *out = program;
    return true;
}
