#include "eval.h"
#include "inside.h"

#include <stdio.h>
#include <string.h>

/* The incoming set: configuration claims first, then what the verifier and the client offer (5.1).
 */
static bool offer(struct machine *m, const struct claim_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct claim *c = &set->items[i];
        struct fact fact = { .type = c->name, .issuer = c->issuer, .value = value_of_claim(c) };
        uint32_t number;
        bool is_new;

        if (c->type == CLAIM_JSON)
            continue; /* nested objects are not offered (9.1) */
        if (!facts_add(&m->facts, &fact, &number, &is_new, &m->steps))
            return machine_no_memory(m, 0);
        if (m->facts.count > POLICY_CLAIM_LIMIT)
            return machine_fail(m, "X411", 0, "more than %d claims are offered",
                                POLICY_CLAIM_LIMIT);
        if (!machine_charge(m, 1, 0))
            return false;
    }
    return true;
}

/* A section, rule by rule. `stop` is told the deny rule that fired, and `permits` whether a permit
 * did. */
struct verdict {
    const struct rule_code *deny;
    bool permits;
};

static bool run_section(struct machine *m, enum policy_section section, struct results *r,
                        struct verdict *verdict, struct trail_writer *trail)
{
    const struct program *p = m->program;

    for (uint32_t i = p->first_rule[section]; i < p->first_rule[section + 1]; i++) {
        const struct rule_code *rule = &p->rules[i];
        bool is_done = machine_run(m, rule);

        if (trail)
            trail_rule(trail, m, rule);
        if (!is_done || !action_apply(m, r))
            return false;
        if (m->fired && rule->verb == VERB_DENY) {
            verdict->deny = rule;
            return true;
        }
        verdict->permits |= m->fired && rule->verb == VERB_PERMIT;
    }
    return true;
}

static bool take_failure(const struct failure *f, struct span text, struct policy_outcome *out,
                         struct err *err)
{
    if (f->is_memory)
        return err_fail(err, ERR_MEMORY, NULL, "out of memory");
    out->decision = POLICY_FAILED;
    snprintf(out->error_code, sizeof out->error_code, "%s", f->code);
    snprintf(out->error_text, sizeof out->error_text, "%s", f->text);
    text_locate(text, f->at, &out->line, &out->column);
    return true;
}

/* Every claim of the policy's own in the incoming set. */
static bool collect_added(const struct machine *m, struct claim_set *out, struct err *err)
{
    for (uint32_t i = 0; i < m->facts.count; i++) {
        const struct fact *f = &m->facts.items[i];
        struct claim c = { .name = f->type, .issuer = f->issuer };

        if (f->issuer != ISSUER_POLICY)
            continue;
        value_to_claim(&f->value, &c);
        if (!claim_add(out, &c, err))
            return false;
    }
    return true;
}

/* The claims that made the deny rule fire. */
static bool collect_blamed(const struct machine *m, struct claim_set *out, struct err *err)
{
    for (uint32_t i = 0; i < m->blamed_count; i++) {
        const struct fact *f = &m->facts.items[m->blamed[i]];
        struct claim c = { .name = f->type, .issuer = f->issuer };

        value_to_claim(&f->value, &c);
        if (!claim_add(out, &c, err))
            return false;
    }
    return true;
}

bool eval_configuration(struct policy *p, struct arena *scratch, struct err *err)
{
    struct machine m;
    struct results r = { .properties = claim_set_in(&p->arena) };
    struct verdict verdict = { 0 };

    p->configuration = claim_set_in(&p->arena);
    if (p->program.first_rule[SECTION_CONFIGURATION + 1] == 0)
        return true;
    if (!machine_init(&m, &p->program, scratch, 0) ||
        !run_section(&m, SECTION_CONFIGURATION, &r, &verdict, NULL)) {
        p->configuration_failure = m.failure;
        return !m.failure.is_memory || err_fail(err, ERR_MEMORY, NULL, "out of memory");
    }
    for (size_t i = 0; i < r.properties.count; i++) {
        struct claim *c = &r.properties.items[i];

        c->name = arena_dup(&p->arena, c->name);
        if (c->type == CLAIM_STRING)
            c->text = arena_dup(&p->arena, c->text);
        if (!c->name.p || (c->type == CLAIM_STRING && !c->text.p))
            return arena_fail(&p->arena, err);
    }
    p->configuration = r.properties;
    return true;
}

/* Permitted, denied or neither, and then the issuance. */
static bool judge(struct machine *m, struct policy_outcome *out, struct trail_writer *trail)
{
    struct results r = { .issued = out->issued, .properties = out->properties };
    struct verdict verdict = { 0 };

    if (!run_section(m, SECTION_AUTHORIZATION, &r, &verdict, trail))
        return false;
    if (verdict.deny) {
        out->decision = POLICY_DENY;
        text_locate(m->program->text, verdict.deny->at, &out->line, &out->column);
        return true;
    }
    if (!verdict.permits)
        return true;
    if (!run_section(m, SECTION_ISSUANCE, &r, &verdict, trail))
        return false;
    out->decision = POLICY_PERMIT;
    out->issued = r.issued;
    out->properties = r.properties;
    return true;
}

bool eval_policy(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                 struct policy_outcome *out, struct trail_writer *trail, struct err *err)
{
    struct policy_outcome o = { .decision = POLICY_NO_PERMIT,
                                .issued = claim_set_in(a),
                                .properties = claim_set_in(a),
                                .configuration = claim_set_in(a),
                                .added = claim_set_in(a),
                                .blamed = claim_set_in(a) };
    struct machine m;
    uint32_t expected = incoming->count < POLICY_CLAIM_LIMIT ? (uint32_t)incoming->count + 8
                                                             : POLICY_CLAIM_LIMIT + 1;

    for (size_t i = 0; i < p->configuration.count; i++)
        if (!claim_add(&o.configuration, &p->configuration.items[i], err))
            return false;
    if (p->configuration_failure.is_set) {
        *out = o;
        return take_failure(&p->configuration_failure, p->text, out, err);
    }
    if (!machine_init(&m, &p->program, a, expected) || !offer(&m, &p->configuration) ||
        !offer(&m, incoming) || !judge(&m, &o, trail)) {
        if (!take_failure(&m.failure, p->text, &o, err))
            return false;
    }
    o.steps = m.steps;
    if (m.facts.items && !collect_added(&m, &o.added, err))
        return false;
    if (o.decision == POLICY_DENY && !collect_blamed(&m, &o.blamed, err))
        return false;
    *out = o;
    return true;
}
