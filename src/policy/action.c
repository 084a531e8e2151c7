#include "action.h"
#include "known.h"
#include "search.h"

#include "../base/utf8.h"

/* Whether what the rule makes leaves the evaluation, so that nothing read-only may be in it. In
 * authorizationrules issue acts as add (5.9). */
static bool is_going_out(const struct rule_code *rule)
{
    return rule->verb == VERB_ISSUEPROPERTY ||
           (rule->verb == VERB_ISSUE && rule->section == SECTION_ISSUANCE);
}

static uint32_t code_at(const struct machine *m, uint32_t code)
{
    return m->program->codes[code].at;
}

/* Keeps one claim for later. More than the incoming set can ever hold is refused at once. */
static bool keep(struct machine *m, struct span type, struct value value)
{
    struct fact fact = { .type = type, .issuer = ISSUER_POLICY, .value = value };
    uint32_t number;
    bool is_new;

    if (!facts_add(&m->kept, &fact, &number, &is_new, &m->steps))
        return machine_no_memory(m, m->rule->verb_at);
    if (m->kept.count > POLICY_CLAIM_LIMIT)
        return machine_fail(m, "X411", m->rule->verb_at,
                            "there would be more than %d claims in the incoming set",
                            POLICY_CLAIM_LIMIT);
    return true;
}

/* claim=c: type and value of one claim, in the policy's own name. */
static bool fire_copy(struct machine *m)
{
    const struct code *code = &m->program->codes[m->rule->value];
    const struct fact *f = &m->facts.items[m->frames[code->binding].fact];

    if (f->value.is_read_only && is_going_out(m->rule))
        return machine_fail(m, "X407", code->at, "a read-only claim cannot be issued");
    return keep(m, f->type, f->value);
}

/* The name of the new claim: X406, X408. */
static bool check_type(struct machine *m, struct value *type)
{
    uint32_t at = code_at(m, m->rule->type);

    if (!machine_single(m, type, at))
        return false;
    if (type->kind != VALUE_STRING)
        return machine_fail(m, "X408", at, "a claim's name is a string, and this is of type %s",
                            value_type_name(type->kind));
    if (type->text.n == 0)
        return machine_fail(m, "X408", at, "a claim's name cannot be empty");
    return true;
}

/* valueType= checks and never converts: X413. */
static bool check_stated_kind(struct machine *m, const struct value *value)
{
    const struct value *items;
    uint32_t count;

    if (m->rule->stated_kind < 0)
        return true;
    items = value_items(value, &count);
    for (uint32_t i = 0; i < count; i++)
        if ((int)items[i].kind != m->rule->stated_kind)
            return machine_fail(m, "X413", m->rule->stated_at, "the value is of type %s, not %s",
                                value_type_name(items[i].kind),
                                value_type_name((enum value_kind)m->rule->stated_kind));
    return true;
}

/* Neither a read-only value nor a read-only name may go out; an empty value issues nothing. */
static bool check_read_only(struct machine *m, const struct value *type, const struct value *value)
{
    if (!is_going_out(m->rule) || (value->kind == VALUE_SET && value->count == 0))
        return true;
    if (value->is_read_only)
        return machine_fail(m, "X407", code_at(m, m->rule->value),
                            "this value is read-only and cannot be issued");
    if (type->is_read_only)
        return machine_fail(m, "X407", code_at(m, m->rule->type),
                            "this name is read-only and cannot be issued");
    return true;
}

static bool evaluate_arguments(struct machine *m, struct value *type, struct value *value)
{
    const struct rule_code *rule = m->rule;

    if (rule->is_value_first)
        return machine_value(m, rule->value, value) && machine_value(m, rule->type, type);
    return machine_value(m, rule->type, type) && machine_value(m, rule->value, value);
}

static bool fire_claim(struct machine *m)
{
    struct value type, value;
    const struct value *items;
    uint32_t count;

    if (!evaluate_arguments(m, &type, &value) || !check_type(m, &type) ||
        !check_stated_kind(m, &value) || !check_read_only(m, &type, &value))
        return false;
    items = value_items(&value, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct value one = items[i];

        one.is_read_only = value.is_read_only || type.is_read_only;
        if (!keep(m, type.text, one))
            return false;
    }
    return machine_charge(m, count, m->rule->verb_at);
}

/* Remembers what made a deny rule fire: the claims its conditions are bound to. */
static bool note_blamed(struct machine *m)
{
    m->blamed = ARENA_ARRAY(m->arena, uint32_t, m->rule->condition_count);
    if (!m->blamed)
        return machine_no_memory(m, m->rule->at);
    for (uint32_t i = 0; i < m->rule->condition_count; i++)
        if (!m->conditions[i].is_negated)
            m->blamed[m->blamed_count++] = m->frames[i].fact;
    return true;
}

bool action_fire(struct machine *m)
{
    m->fired++;
    if (!machine_charge(m, COST_COMBINATION, m->rule->at))
        return false;
    if (m->rule->verb == VERB_DENY)
        return m->fired > 1 || note_blamed(m);
    if (m->rule->verb == VERB_PERMIT)
        return true;
    return m->rule->is_copy ? fire_copy(m) : fire_claim(m);
}

/* what was kept takes effect */

static bool apply_property(struct machine *m, struct results *r, const struct claim *claim,
                           const struct value *value)
{
    const struct property_def *def = property_find(m->rule->section, claim->name);
    const struct claim *old = claim_find(&r->properties, claim->name);
    struct err err = { 0 };
    char shown[48];

    if (!machine_charge(m, r->properties.count * (1 + claim->name.n / 16) + claim->text.n / 16,
                        m->rule->verb_at))
        return false;
    if (def && !property_accepts(def, value))
        return machine_fail(m, "X409", m->rule->verb_at, "%s is %s", def->name, def->range);
    if (old && !claim_value_equal(old, claim))
        return machine_fail(m, "X410", m->rule->verb_at, "%s is given a second, different value",
                            utf8_show(claim->name, shown, sizeof shown));
    return old || claim_add(&r->properties, claim, &err) || machine_no_memory(m, m->rule->verb_at);
}

static bool apply_issue(struct machine *m, struct results *r, const struct claim *claim,
                        uint32_t number)
{
    struct err err = { 0 };

    if (m->facts.items[number].is_issued)
        return true;
    m->facts.items[number].is_issued = true;
    return claim_add(&r->issued, claim, &err) || machine_no_memory(m, m->rule->verb_at);
}

static bool enter(struct machine *m, const struct fact *fact, uint32_t *number)
{
    bool is_new;

    if (!facts_add(&m->facts, fact, number, &is_new, &m->steps))
        return machine_no_memory(m, m->rule->verb_at);
    if (m->facts.count > POLICY_CLAIM_LIMIT)
        return machine_fail(m, "X411", m->rule->verb_at,
                            "there would be more than %d claims in the incoming set",
                            POLICY_CLAIM_LIMIT);
    return machine_charge(m, 1, m->rule->verb_at);
}

static bool apply_one(struct machine *m, struct results *r, const struct fact *fact)
{
    const struct rule_code *rule = m->rule;
    bool is_issue = rule->verb == VERB_ISSUE && rule->section == SECTION_ISSUANCE;
    struct claim claim = { .name = fact->type, .issuer = ISSUER_POLICY };
    char shown[48];
    uint32_t number;

    value_to_claim(&fact->value, &claim);
    if (is_issue && is_reserved_claim(fact->type))
        return machine_fail(m, "X412", rule->verb_at, "the token writes %s itself",
                            utf8_show(fact->type, shown, sizeof shown));
    if (rule->verb == VERB_ISSUEPROPERTY && !apply_property(m, r, &claim, &fact->value))
        return false;
    return enter(m, fact, &number) && (!is_issue || apply_issue(m, r, &claim, number));
}

bool action_apply(struct machine *m, struct results *r)
{
    for (uint32_t i = 0; i < m->kept.count; i++)
        if (!apply_one(m, r, &m->kept.items[i]))
            return false;
    return true;
}
