#include "function.h"
#include "diagnostic.h"
#include "json_claim.h"
#include "machine.h"

#include <string.h>

/* IsSubsetOf(a, b): every element of a is in b; the empty set is inside every set (7.5). */
static bool run_is_subset_of(struct machine *m, const struct code *call, const struct value *args,
                             struct value *out)
{
    struct facts elements;
    uint64_t steps = 0;
    uint32_t count, number;
    const struct value *items;
    bool is_new = false;

    items = value_items(&args[1], &count);
    /* Room for all of the second set is made before any of it is looked at. */
    if (!machine_charge(m, COST_FACT * (uint64_t)(count + 1), call->at))
        return false;
    if (!facts_init(&elements, m->program, m->arena, count, false))
        return machine_no_memory(m, call->at);
    for (uint32_t i = 0; i < count; i++)
        if (!facts_add(&elements, &(struct fact){ .value = items[i] }, &number, &is_new, &steps))
            return machine_no_memory(m, call->at);
    items = value_items(&args[0], &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!facts_add(&elements, &(struct fact){ .value = items[i] }, &number, &is_new, &steps))
            return machine_no_memory(m, call->at);
        if (is_new)
            break;
    }
    *out = value_boolean(count == 0 || !is_new);
    return machine_charge(m, steps + count, call->at);
}

/* AppendString(a, b) (7.6) */
static bool run_append_string(struct machine *m, const struct code *call, const struct value *args,
                              struct value *out)
{
    size_t n = args[0].text.n + args[1].text.n; /* each is far below half of SIZE_MAX */
    uint8_t *p;

    if (n > POLICY_COMPUTED_LIMIT)
        return machine_fail(m, "X411", call->at,
                            "the string would have %zu bytes, and at most %d "
                            "are computed",
                            n, POLICY_COMPUTED_LIMIT);
    if (!machine_charge(m, n / 8, call->at)) /* read, and written to new memory */
        return false;
    p = arena_alloc(m->arena, n, 1);
    if (!p)
        return machine_no_memory(m, call->at);
    if (args[0].text.n)
        memcpy(p, args[0].text.p, args[0].text.n);
    if (args[1].text.n)
        memcpy(p + args[0].text.n, args[1].text.p, args[1].text.n);
    *out = value_text(span_of(p, n));
    return true;
}

/* NegateBool(b) (7.7) */
static bool run_negate_bool(struct machine *m, const struct code *call, const struct value *args,
                            struct value *out)
{
    (void)m;
    (void)call;
    *out = value_boolean(!args[0].boolean);
    return true;
}

/* ContainsOnlyValue(set, v): not empty, and all elements equal v (7.8). */
static bool run_contains_only_value(struct machine *m, const struct code *call,
                                    const struct value *args, struct value *out)
{
    const struct value *items;
    uint32_t count;
    bool holds;

    items = value_items(&args[0], &count);
    holds = count > 0;
    for (uint32_t i = 0; i < count && holds; i++)
        holds = value_equal(&items[i], &args[1]);
    *out = value_boolean(holds);
    return machine_charge(m, count + value_cost(&args[1], &args[0]), call->at);
}

/* clang-format off */
const struct policy_function policy_functions[] = {
    { "JmesPath",          2, 2, { "json", "query" }, { TAKES_STRING, TAKES_STRING }, 0, TYPE_STRING,  true,  run_jmes_path,
      "the result of a JMESPath query on JSON text, as JSON text" },
    { "JsonToClaimValue",  2, 1, { "json" },          { TAKES_STRING },               0, TYPE_UNKNOWN, true,  run_json_to_claim_value,
      "the string, integer, Boolean or set that JSON text stands for" },
    { "IsSubsetOf",        2, 2, { "a", "b" },        { TAKES_SET, TAKES_SET },       3, TYPE_BOOLEAN, false, run_is_subset_of,
      "whether every element of the first set is in the second" },
    { "AppendString",      2, 2, { "a", "b" },        { TAKES_STRING, TAKES_STRING }, 0, TYPE_STRING,  true,  run_append_string,
      "the first string followed by the second" },
    { "NegateBool",        2, 1, { "b" },             { TAKES_BOOLEAN },              0, TYPE_BOOLEAN, true,  run_negate_bool,
      "the opposite of a Boolean" },
    { "ContainsOnlyValue", 2, 2, { "set", "v" },      { TAKES_SET, TAKES_ONE },       1, TYPE_BOOLEAN, false, run_contains_only_value,
      "whether a set is not empty and holds nothing but one value" },
};
/* clang-format on */

const size_t policy_function_count = COUNT(policy_functions);

const struct policy_function *function_find(struct span name)
{
    for (size_t i = 0; i < COUNT(policy_functions); i++)
        if (span_is(name, policy_functions[i].name))
            return &policy_functions[i];
    return NULL;
}

const char *function_nearest(struct span name)
{
    const char *names[COUNT(policy_functions)];

    for (size_t i = 0; i < COUNT(policy_functions); i++)
        names[i] = policy_functions[i].name;
    return nearest_word(name, names, COUNT(policy_functions));
}
