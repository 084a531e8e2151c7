#include "oracle_test.h"
#include "jmespath.h"
#include "known.h"
#include "limits.h"
#include "parse.h"

#include "../../fuzz/fuzz.h"

#include <math.h>
#include <string.h>

enum { EFFORT_MOST = 400000, TEXT_MOST = 1 << 18 };

struct oracle {
    struct arena *arena;
    struct claim_set facts, kept;
    const struct tree_rule *rule;
    enum policy_section section;
    const struct claim *bound[POLICY_CONDITION_LIMIT]; /* claims chosen for the conditions */
    uint32_t fired;
    char code[8];
    uint32_t at;
    uint64_t effort;
    bool has_given_up;
    struct oracle_outcome *out;
};

static bool fail(struct oracle *o, const char *code, uint32_t at)
{
    snprintf(o->code, sizeof o->code, "%s", code);
    o->at = at;
    return false;
}

static bool spend(struct oracle *o, uint64_t effort)
{
    o->effort += effort;
    o->has_given_up |= o->effort > EFFORT_MOST;
    return !o->has_given_up;
}

static void *take(struct oracle *o, size_t count, size_t size)
{
    void *p = arena_alloc(o->arena, count, size);

    must(p != NULL);
    return p;
}

static void append(struct claim_set *set, const struct claim *c)
{
    struct err e = { 0 };

    must(claim_add(set, c, &e));
}

/* values */

static bool is_same(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_STRING)
        return a->text.n == b->text.n &&
               (a->text.n == 0 || memcmp(a->text.p, b->text.p, a->text.n) == 0);
    return a->kind == VALUE_INTEGER ? a->integer == b->integer : a->boolean == b->boolean;
}

static uint32_t size_of(const struct value *v)
{
    return v->kind == VALUE_SET ? v->count : 1;
}

static const struct value *element(const struct value *v, uint32_t i)
{
    return v->kind == VALUE_SET ? &v->items[i] : v;
}

static bool is_in(const struct value *x, const struct value *set)
{
    for (uint32_t i = 0; i < size_of(set); i++)
        if (is_same(x, element(set, i)))
            return true;
    return false;
}

/* 4.3, 4.4, 7.9 */
static bool compares(const struct value *x, enum policy_operator op, const struct value *s)
{
    if (op == OP_EQUAL || op == OP_DIFFERENT)
        return is_in(x, s) == (op == OP_EQUAL);
    for (uint32_t i = 0; x->kind == VALUE_INTEGER && i < size_of(s); i++) {
        const struct value *y = element(s, i);

        if (y->kind == VALUE_INTEGER && ((op == OP_LESS && x->integer < y->integer) ||
                                         (op == OP_AT_MOST && x->integer <= y->integer) ||
                                         (op == OP_MORE && x->integer > y->integer) ||
                                         (op == OP_AT_LEAST && x->integer >= y->integer)))
            return true;
    }
    return false;
}

static struct value property_of(const struct claim *c, enum policy_property property)
{
    static const char *const types[] = { "String", "Integer", "Boolean" };
    static const char *const issuers[] = { "AttestationService", "AttestationPolicy",
                                           "CustomClaim" };

    if (property == PROPERTY_TYPE)
        return value_text(c->name);
    if (property == PROPERTY_VALUE_TYPE)
        return value_text(span_str(types[c->type]));
    if (property == PROPERTY_ISSUER)
        return value_text(span_str(issuers[c->issuer]));
    return value_of_claim(c);
}

/* functions (7) */

static bool evaluate(struct oracle *o, const struct tree_expression *e, struct value *out);
static bool holds(struct oracle *o, const struct tree_condition *c, const struct claim *claim,
                  bool *out);

static uint32_t number_of(const struct oracle *o, struct span name,
                          const struct tree_condition **out)
{
    uint32_t i = 0;

    for (*out = o->rule->conditions; *out; *out = (*out)->next, i++)
        if ((*out)->name.n && span_equal((*out)->name, name))
            return i;
    must(false);
    return 0;
}

/* All claims that satisfy the name's condition under the bindings before it (5.3). */
static bool whole_set(struct oracle *o, const struct tree_expression *e, struct value *out)
{
    const struct tree_condition *c;
    struct value *items = take(o, o->facts.count, sizeof *items);
    uint32_t count = 0;

    number_of(o, e->text, &c);
    for (size_t i = 0; i < o->facts.count; i++) {
        bool is_match;

        if (!holds(o, c, &o->facts.items[i], &is_match))
            return false;
        if (is_match)
            items[count++] = property_of(&o->facts.items[i], e->property);
    }
    *out = (struct value){ .kind = VALUE_SET, .count = count, .items = items };
    return true;
}

static bool one(struct oracle *o, struct value *v, uint32_t at)
{
    bool is_read_only = v->is_read_only;

    if (v->kind != VALUE_SET)
        return true;
    if (v->count != 1)
        return fail(o, "X406", at);
    *v = v->items[0];
    v->is_read_only |= is_read_only;
    return true;
}

static bool one_of_kind(struct oracle *o, struct value *v, enum value_kind kind, uint32_t at)
{
    return one(o, v, at) && (v->kind == kind || fail(o, "X401", at));
}

/* Strict JSON: X402; nested too deeply: X411. */
static bool read(struct oracle *o, struct span text, uint32_t at, const struct json **out)
{
    static const struct json_limits limits = {
        .bytes = 16 << 20, .depth = 64, .nodes = SIZE_MAX, .members = SIZE_MAX
    };
    struct err e = { 0 };

    if (!spend(o, text.n / 16))
        return false;
    return json_parse(text, &limits, o->arena, out, &e) ||
           fail(o, e.code == ERR_MALFORMED ? "X402" : "X411", at);
}

static bool jmes_path(struct oracle *o, const struct tree_expression *call, struct value *args,
                      struct value *out)
{
    const struct tree_expression *first = call->arguments;
    struct jmes_work w = { .arena = o->arena, .limit = EFFORT_MOST };
    struct writer text = writer_in(o->arena, 64);
    const struct jmes_query *q;
    const struct json *j;
    struct jmes_fault fault;
    struct jv document, result;
    size_t depth;

    if (!read(o, args[0].text, first->at.offset, &j))
        return false;
    if (!jv_from_json(&w, j, &document))
        return fail(o, "X402", first->at.offset);
    if (!jmes_parse(args[1].text, o->arena, &q, &fault))
        return fail(o, "X404", first->next->at.offset);
    if (!jmes_run(q, &document, &w, &result) || !jv_write(&w, &result, &text, &depth)) {
        o->has_given_up |= w.fault.kind == JMES_LIMIT;
        return fail(o, "X405", call->at.offset);
    }
    *out = value_text(writer_span(&text));
    return spend(o, w.steps);
}

/* Mathematically integral and within 64 bits. Long doubles hold every such number exactly. */
static bool to_integer(struct span raw, int64_t *out)
{
    char text[64];
    long double v;

    if (raw.n >= sizeof text)
        return false;
    memcpy(text, raw.p, raw.n);
    text[raw.n] = '\0';
    v = strtold(text, NULL);
    if (v != floorl(v) || v < -0x1p63L || v >= 0x1p63L)
        return false;
    *out = (int64_t)v;
    return true;
}

static bool primitive(const struct json *j, struct value *out)
{
    int64_t integer;

    if (j->type == JSON_TRUE || j->type == JSON_FALSE) {
        *out = value_boolean(j->type == JSON_TRUE);
        return true;
    }
    if (j->type == JSON_STRING) {
        *out = value_text(j->text);
        return true;
    }
    if (j->type != JSON_NUMBER || !to_integer(j->raw, &integer))
        return false;
    *out = value_integer(integer);
    return true;
}

static bool to_claim_value(struct oracle *o, const struct tree_expression *call, struct value *args,
                           struct value *out)
{
    const struct json *j;
    struct value *items;

    if (!read(o, args[0].text, call->arguments->at.offset, &j))
        return false;
    *out = (struct value){ .kind = VALUE_SET };
    if (j->type == JSON_NULL)
        return true;
    if (j->type != JSON_ARRAY)
        return primitive(j, out) || fail(o, "X403", call->at.offset);
    out->items = items = take(o, j->count, sizeof *items);
    for (const struct json *e = j->child; e; e = e->next) {
        struct value v;

        if (e->type == JSON_NULL)
            continue;
        if (!primitive(e, &v))
            return fail(o, "X403", call->at.offset);
        if (!is_in(&v, out))
            items[out->count++] = v;
        if (!spend(o, out->count))
            return false;
    }
    return true;
}

static bool append_string(struct oracle *o, struct value *args, struct value *out)
{
    size_t n = args[0].text.n + args[1].text.n;
    uint8_t *p;

    if (!spend(o, n > TEXT_MOST ? EFFORT_MOST + 1 : n / 16))
        return false;
    p = take(o, n, 1);
    for (size_t i = 0; i < n; i++)
        p[i] = i < args[0].text.n ? args[0].text.p[i] : args[1].text.p[i - args[0].text.n];
    *out = value_text(span_of(p, n));
    return true;
}

static bool is_subset(struct oracle *o, struct value *args, struct value *out)
{
    *out = value_boolean(true);
    for (uint32_t i = 0; i < size_of(&args[0]); i++)
        out->boolean &= is_in(element(&args[0], i), &args[1]);
    return spend(o, (uint64_t)size_of(&args[0]) * size_of(&args[1]));
}

static bool contains_only(struct oracle *o, struct value *args, struct value *out)
{
    *out = value_boolean(size_of(&args[0]) > 0);
    for (uint32_t i = 0; i < size_of(&args[0]); i++)
        out->boolean &= is_same(element(&args[0], i), &args[1]);
    return spend(o, size_of(&args[0]));
}

/* Arguments first, each made what the function takes, then the function. */
static bool apply(struct oracle *o, const struct tree_expression *e, struct value *args,
                  struct value *out)
{
    uint32_t at[2] = { e->arguments->at.offset,
                       e->arguments->next ? e->arguments->next->at.offset : 0 };

    if (span_is(e->text, "IsSubsetOf"))
        return is_subset(o, args, out);
    if (span_is(e->text, "ContainsOnlyValue"))
        return one(o, &args[1], at[1]) && contains_only(o, args, out);
    if (span_is(e->text, "NegateBool")) {
        if (!one_of_kind(o, &args[0], VALUE_BOOLEAN, at[0]))
            return false;
        *out = value_boolean(!args[0].boolean);
        return true;
    }
    if (!one_of_kind(o, &args[0], VALUE_STRING, at[0]))
        return false;
    if (span_is(e->text, "JsonToClaimValue"))
        return to_claim_value(o, e, args, out);
    if (!one_of_kind(o, &args[1], VALUE_STRING, at[1]))
        return false;
    if (span_is(e->text, "AppendString"))
        return append_string(o, args, out);
    must(span_is(e->text, "JmesPath"));
    return jmes_path(o, e, args, out);
}

static bool call(struct oracle *o, const struct tree_expression *e, struct value *out)
{
    bool is_only = span_is(e->text, "ContainsOnlyValue"),
         is_subset_of = span_is(e->text, "IsSubsetOf");
    struct value args[2] = { 0 };
    bool is_read_only = false;
    uint32_t i = 0;

    must(e->argument_count >= 1 && e->argument_count <= 2);
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next, i++) {
        bool is_whole = arg->kind == EXPR_PROPERTY && (is_subset_of || (is_only && i == 0));

        if (!(is_whole ? whole_set(o, arg, &args[i]) : evaluate(o, arg, &args[i])))
            return false;
        is_read_only |= args[i].is_read_only;
    }
    if (!spend(o, 1) || !apply(o, e, args, out))
        return false;
    out->is_read_only = is_read_only && !is_only && !is_subset_of;
    return true;
}

static bool evaluate(struct oracle *o, const struct tree_expression *e, struct value *out)
{
    const struct tree_condition *c;

    if (e->kind == EXPR_CALL)
        return call(o, e, out);
    if (e->kind == EXPR_STRING)
        *out = value_text(e->text);
    else if (e->kind == EXPR_INTEGER)
        *out = value_integer(e->integer);
    else if (e->kind == EXPR_BOOLEAN)
        *out = value_boolean(e->boolean);
    else
        *out = property_of(o->bound[number_of(o, e->text, &c)], e->property);
    return true;
}

/* conditions (4.2, 5.3, 6.1) */

/* Tests without calls first, then those with calls, each in the order written. */
static bool holds(struct oracle *o, const struct tree_condition *c, const struct claim *claim,
                  bool *out)
{
    *out = false;
    for (int calls = 0; calls < 2; calls++)
        for (const struct tree_test *t = c->tests; t; t = t->next) {
            struct value left = property_of(claim, t->property), right;

            if ((t->right->kind == EXPR_CALL) != (calls == 1))
                continue;
            if (!spend(o, 1) || !evaluate(o, t->right, &right))
                return false;
            if (!compares(&left, t->operator, & right))
                return true;
        }
    *out = true;
    return true;
}

static bool fire(struct oracle *o);

static bool extend(struct oracle *o, const struct tree_condition *c, uint32_t i)
{
    bool *matches, any = false;

    if (!c)
        return fire(o);
    matches = take(o, o->facts.count, sizeof *matches);
    for (size_t k = 0; k < o->facts.count; k++) {
        if (!holds(o, c, &o->facts.items[k], &matches[k]))
            return false;
        any |= matches[k];
    }
    if (c->is_negated || c->name.n == 0)
        return any == c->is_negated || extend(o, c->next, i + 1);
    for (size_t k = 0; k < o->facts.count; k++) {
        if (!matches[k])
            continue;
        o->bound[i] = &o->facts.items[k];
        if (!extend(o, c->next, i + 1))
            return false;
        if (o->fired && (o->rule->verb == VERB_PERMIT || o->rule->verb == VERB_DENY))
            return true;
    }
    return true;
}

/* actions (5.5) */

static const struct tree_expression *argument(const struct oracle *o, enum policy_property name)
{
    for (const struct tree_argument *a = o->rule->arguments; a; a = a->next)
        if (a->name == name)
            return a->value;
    return NULL;
}

static bool leaves(const struct oracle *o)
{
    return o->rule->verb == VERB_ISSUEPROPERTY ||
           (o->rule->verb == VERB_ISSUE && o->section == SECTION_ISSUANCE);
}

static void keep(struct oracle *o, struct span name, const struct value *v, bool is_read_only)
{
    struct claim c = { .name = name, .issuer = ISSUER_POLICY };

    value_to_claim(v, &c);
    c.is_read_only = is_read_only;
    append(&o->kept, &c);
}

static bool fire_copy(struct oracle *o, const struct tree_expression *name)
{
    const struct tree_condition *c;
    const struct claim *claim = o->bound[number_of(o, name->text, &c)];
    struct value v = value_of_claim(claim);

    if (claim->is_read_only && leaves(o))
        return fail(o, "X407", name->at.offset);
    keep(o, claim->name, &v, claim->is_read_only);
    return true;
}

static bool stated_kind_holds(struct oracle *o, const struct value *v)
{
    static const char *const names[] = { "String", "Integer", "Boolean" };
    const struct tree_expression *stated = argument(o, PROPERTY_VALUE_TYPE);

    for (uint32_t i = 0; stated && i < size_of(v); i++)
        if (!span_is(stated->text, names[element(v, i)->kind]))
            return fail(o, "X413", stated->at.offset);
    return true;
}

static bool fire(struct oracle *o)
{
    const struct tree_expression *type = argument(o, PROPERTY_TYPE),
                                 *value = argument(o, PROPERTY_VALUE);
    struct value name = { 0 }, v = { 0 };

    o->fired++;
    if (o->rule->verb == VERB_PERMIT || o->rule->verb == VERB_DENY)
        return true;
    if (argument(o, PROPERTY_CLAIM))
        return fire_copy(o, argument(o, PROPERTY_CLAIM));
    for (const struct tree_argument *a = o->rule->arguments; a; a = a->next)
        if ((a->value == type && !evaluate(o, type, &name)) ||
            (a->value == value && !evaluate(o, value, &v)))
            return false;
    if (!one(o, &name, type->at.offset))
        return false;
    if (name.kind != VALUE_STRING || name.text.n == 0)
        return fail(o, "X408", type->at.offset);
    if (!stated_kind_holds(o, &v))
        return false;
    if (leaves(o) && size_of(&v) && (v.is_read_only || name.is_read_only))
        return fail(o, "X407", v.is_read_only ? value->at.offset : type->at.offset);
    for (uint32_t i = 0; i < size_of(&v); i++)
        keep(o, name.text, element(&v, i), v.is_read_only || name.is_read_only);
    return true;
}

/* what was kept takes effect */

static bool is_same_claim(const struct claim *a, const struct claim *b)
{
    struct value x = value_of_claim(a), y = value_of_claim(b);

    return span_equal(a->name, b->name) && is_same(&x, &y);
}

static bool enter(struct oracle *o, const struct claim *c)
{
    for (size_t i = 0; i < o->facts.count; i++)
        if (o->facts.items[i].issuer == c->issuer && is_same_claim(&o->facts.items[i], c)) {
            o->facts.items[i].is_read_only &= c->is_read_only;
            return true;
        }
    append(&o->facts, c);
    return spend(o, o->facts.count / 16);
}

static void issue(struct claim_set *issued, const struct claim *c)
{
    for (size_t i = 0; i < issued->count; i++)
        if (is_same_claim(&issued->items[i], c))
            return;
    append(issued, c);
}

static bool set_property(struct oracle *o, const struct claim *c)
{
    struct claim_set *set =
        o->section == SECTION_CONFIGURATION ? &o->out->configuration : &o->out->properties;
    const struct property_def *def = property_find(o->section, c->name);
    struct value v = value_of_claim(c);

    if (def && !property_accepts(def, &v))
        return fail(o, "X409", o->rule->verb_at.offset);
    for (size_t i = 0; i < set->count; i++)
        if (span_equal(set->items[i].name, c->name))
            return is_same_claim(&set->items[i], c) || fail(o, "X410", o->rule->verb_at.offset);
    append(set, c);
    return true;
}

static bool apply_kept(struct oracle *o)
{
    bool is_issue = o->rule->verb == VERB_ISSUE && o->section == SECTION_ISSUANCE;

    for (size_t i = 0; i < o->kept.count; i++) {
        const struct claim *c = &o->kept.items[i];

        if (is_issue && is_reserved_claim(c->name))
            return fail(o, "X412", o->rule->verb_at.offset);
        if (o->rule->verb == VERB_ISSUEPROPERTY && !set_property(o, c))
            return false;
        if (!enter(o, c))
            return false;
        if (is_issue)
            issue(&o->out->issued, c);
    }
    return true;
}

/* sections */

static void note_fired(struct oracle *o)
{
    must(o->out->rule_count < ORACLE_RULES);
    if (o->section != SECTION_CONFIGURATION)
        o->out->fired[o->out->rule_count++] = o->fired > 0;
}

static bool run_section(struct oracle *o, const struct tree *tree, enum policy_section section)
{
    o->section = section;
    for (const struct tree_rule *r = tree->sections[section].rules; r; r = r->next) {
        bool is_done;

        o->rule = r;
        o->fired = 0;
        o->kept.count = 0;
        is_done = extend(o, r->conditions, 0);
        note_fired(o);
        if (!is_done || !apply_kept(o)) {
            o->out->decision = POLICY_FAILED;
            return false;
        }
        if (o->fired && r->verb == VERB_DENY) {
            o->out->decision = POLICY_DENY;
            o->at = r->at.offset;
            return false;
        }
        if (o->fired && r->verb == VERB_PERMIT)
            o->out->decision = POLICY_PERMIT;
    }
    return true;
}

static void run(struct oracle *o, const struct tree *tree, const struct claim_set *incoming)
{
    if (!run_section(o, tree, SECTION_CONFIGURATION)) {
        o->out->configuration.count = o->facts.count = 0;
        return;
    }
    for (size_t i = 0; i < incoming->count; i++)
        if (incoming->items[i].type != CLAIM_JSON && !enter(o, &incoming->items[i]))
            return;
    if (run_section(o, tree, SECTION_AUTHORIZATION) && o->out->decision == POLICY_PERMIT)
        run_section(o, tree, SECTION_ISSUANCE);
}

bool oracle_eval(struct span text, const struct claim_set *incoming, struct arena *a,
                 struct oracle_outcome *out)
{
    struct oracle o = { .arena = a, .facts = claim_set_in(a), .kept = claim_set_in(a), .out = out };
    struct notes notes = notes_about(text, a);
    struct tree tree;

    *out = (struct oracle_outcome){ .decision = POLICY_NO_PERMIT,
                                    .issued = claim_set_in(a),
                                    .properties = claim_set_in(a),
                                    .configuration = claim_set_in(a),
                                    .added = claim_set_in(a) };
    must(policy_parse(text, a, &tree, &notes));
    run(&o, &tree, incoming);
    memcpy(out->code, o.code, sizeof out->code);
    out->at = o.at;
    if (out->decision != POLICY_PERMIT)
        out->issued.count = out->properties.count = 0;
    for (size_t i = 0; i < o.facts.count; i++)
        if (o.facts.items[i].issuer == ISSUER_POLICY)
            append(&out->added, &o.facts.items[i]);
    return !o.has_given_up;
}
