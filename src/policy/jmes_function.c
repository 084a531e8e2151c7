#include "jmes_query.h"
#include "jmes_unsupported.h"

#include "../base/utf8.h"

#include <stdlib.h>
#include <string.h>

static unsigned class_of(const struct jv *v)
{
    static const unsigned classes[] = {
        [JV_NULL] = IS_OTHER,     [JV_FALSE] = IS_OTHER,   [JV_TRUE] = IS_OTHER,
        [JV_INTEGER] = IS_NUMBER, [JV_REAL] = IS_NUMBER,   [JV_STRING] = IS_STRING,
        [JV_ARRAY] = IS_ARRAY,    [JV_OBJECT] = IS_OBJECT,
    };

    return classes[v->kind];
}

/* An array whose elements are all of one class. */
static bool is_all(const struct jv *v, unsigned class)
{
    if (v->kind != JV_ARRAY)
        return false;
    for (uint32_t i = 0; i < v->n; i++)
        if (class_of(&v->items[i]) != class)
            return false;
    return true;
}

static const char *class_name(const struct jv *v)
{
    static const char *const names[] = {
        [JV_NULL] = "null",      [JV_FALSE] = "boolean", [JV_TRUE] = "boolean",
        [JV_INTEGER] = "number", [JV_REAL] = "number",   [JV_STRING] = "string",
        [JV_ARRAY] = "array",    [JV_OBJECT] = "object",
    };

    return names[v->kind];
}

/* numbers */

/* The integer below or above a double. From 2^53 on every double is one. */
static double to_whole(double v, bool is_up)
{
    static const double all_whole = 9007199254740992.0;
    double near;

    if (v >= all_whole || v <= -all_whole)
        return v;
    near = (double)(int64_t)v;
    if (is_up && near < v)
        return near + 1;
    return !is_up && near > v ? near - 1 : near;
}

static bool run_abs(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    const struct jv *v = &args[0].value;

    (void)w;
    (void)count;
    if (v->kind != JV_INTEGER || v->integer == INT64_MIN)
        *out = jv_real(jv_double(v) < 0 ? -jv_double(v) : jv_double(v));
    else
        *out = jv_integer(v->integer < 0 ? -v->integer : v->integer);
    return true;
}

static bool run_ceil(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                     struct jv *out)
{
    (void)w;
    (void)count;
    *out = args[0].value;
    if (out->kind != JV_INTEGER)
        *out = jv_real(to_whole(jv_double(out), true));
    return true;
}

static bool run_floor(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                      struct jv *out)
{
    (void)w;
    (void)count;
    *out = args[0].value;
    if (out->kind != JV_INTEGER)
        *out = jv_real(to_whole(jv_double(out), false));
    return true;
}

/* Exact as long as everything is an integer and fits. */
static struct jv sum_of(const struct jv *array)
{
    int64_t exact = 0;
    double sum = 0;
    bool is_exact = true;

    for (uint32_t i = 0; i < array->n; i++) {
        const struct jv *e = &array->items[i];

        is_exact =
            is_exact && e->kind == JV_INTEGER && !__builtin_add_overflow(exact, e->integer, &exact);
        sum += jv_double(e);
    }
    return is_exact ? jv_integer(exact) : jv_real(sum);
}

static bool run_sum(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    (void)count;
    *out = sum_of(&args[0].value);
    return __builtin_isfinite(jv_double(out)) ||
           work_fail(w, JMES_VALUE, "the sum overflows a double");
}

static bool run_avg(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    if (args[0].value.n == 0) {
        *out = jv_null();
        return true;
    }
    if (!run_sum(w, args, count, out))
        return false;
    *out = jv_real(jv_double(out) / args[0].value.n);
    return true;
}

/* strings */

static bool is_inside(struct span text, struct span part)
{
    return part.n == 0 || (text.n > 0 && memmem(text.p, text.n, part.p, part.n) != NULL);
}

static bool run_contains(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                         struct jv *out)
{
    const struct jv *in = &args[0].value, *what = &args[1].value;
    bool is_there = false;

    (void)count;
    if (in->kind == JV_STRING) {
        *out = jv_bool(what->kind == JV_STRING && is_inside(jv_text(in), jv_text(what)));
        return work_charge(w, in->n / 16);
    }
    for (uint32_t i = 0; i < in->n && !is_there; i++)
        if (!jv_equal(w, &in->items[i], what, &is_there))
            return false;
    *out = jv_bool(is_there);
    return true;
}

static bool run_starts_with(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                            struct jv *out)
{
    (void)w;
    (void)count;
    *out = jv_bool(span_starts(jv_text(&args[0].value), jv_text(&args[1].value)));
    return true;
}

static bool run_ends_with(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                          struct jv *out)
{
    struct span text = jv_text(&args[0].value), end = jv_text(&args[1].value);

    (void)w;
    (void)count;
    *out = jv_bool(text.n >= end.n && span_equal(span_part(text, text.n - end.n, end.n), end));
    return true;
}

static uint8_t fold_ascii(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* ASCII letters are folded, nothing else (7.3). */
static bool run_equals_ignore_case(struct jmes_work *w, const struct jmes_argument *args,
                                   uint32_t count, struct jv *out)
{
    struct span a = jv_text(&args[0].value), b = jv_text(&args[1].value);
    bool is_equal = a.n == b.n;

    (void)count;
    for (size_t i = 0; i < a.n && is_equal; i++)
        is_equal = fold_ascii(a.p[i]) == fold_ascii(b.p[i]);
    *out = jv_bool(is_equal);
    return work_charge(w, a.n / 2);
}

static bool run_join(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                     struct jv *out)
{
    struct span glue = jv_text(&args[0].value);
    const struct jv *list = &args[1].value;
    struct writer text = { 0 };
    uint64_t n = 0;
    uint8_t *p;

    (void)count;
    for (uint32_t i = 0; i < list->n; i++)
        n += list->items[i].n + (i ? glue.n : 0);
    if (n > JV_STRING_LIMIT)
        return work_fail(w, JMES_LIMIT, "the text would be longer than %d bytes", JV_STRING_LIMIT);
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (uint64_t)list->n + n / 16))
        return false;
    p = work_alloc(w, n, 1);
    if (!p)
        return false;
    text = writer_over(p, n);
    for (uint32_t i = 0; i < list->n; i++) {
        write_bytes(&text, i ? glue : (struct span){ 0 });
        write_bytes(&text, jv_text(&list->items[i]));
    }
    *out = jv_string(writer_span(&text));
    return true;
}

static struct jv reverse_text(struct span s, uint8_t *p)
{
    size_t to = s.n;

    for (size_t at = 0; at < s.n;) {
        uint32_t c;
        size_t n = utf8_next(span_part(s, at, SIZE_MAX), &c);

        n = n ? n : 1;
        to -= n;
        memcpy(p + to, s.p + at, n);
        at += n;
    }
    return jv_string(span_of(p, s.n));
}

static bool run_reverse(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                        struct jv *out)
{
    const struct jv *v = &args[0].value;
    struct jv *items;
    uint8_t *p;

    (void)count;
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (uint64_t)v->n))
        return false;
    if (v->kind == JV_STRING) {
        p = work_alloc(w, v->n, 1);
        if (p)
            *out = reverse_text(jv_text(v), p);
        return p != NULL;
    }
    items = WORK_ARRAY(w, struct jv, v->n);
    if (!items)
        return false;
    for (uint32_t i = 0; i < v->n; i++)
        items[i] = v->items[v->n - 1 - i];
    *out = jv_array(items, v->n);
    return true;
}

static bool run_length(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                       struct jv *out)
{
    const struct jv *v = &args[0].value;
    int64_t n = v->n;

    (void)count;
    if (v->kind == JV_STRING) {
        if (!work_charge(w, v->n / 8))
            return false;
        for (uint32_t i = 0; i < v->n; i++)
            n -= (v->text[i] & 0xc0) == 0x80;
    }
    *out = jv_integer(n);
    return true;
}

/* objects */

static bool run_keys(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                     struct jv *out)
{
    const struct jv *v = &args[0].value;
    struct jv *items;

    (void)count;
    items = work_items(w, v->n);
    if (!items)
        return false;
    for (uint32_t i = 0; i < v->n; i++)
        items[i] = jv_string(span_of(v->members[i].name, v->members[i].name_n));
    *out = jv_array(items, v->n);
    return true;
}

static bool run_values(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                       struct jv *out)
{
    (void)count;
    return jv_values(w, &args[0].value, out);
}

/* Later members win, in the place of the first of their name. */
static bool run_merge(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                      struct jv *out)
{
    struct jv_member *members;
    uint64_t room = 0;
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++)
        room += args[i].value.n;
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * room))
        return false;
    members = WORK_ARRAY(w, struct jv_member, room);
    if (!members)
        return false;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < args[i].value.n; k++) {
            const struct jv_member *m = &args[i].value.members[k];
            uint32_t at = 0;

            if (!work_charge(w, n))
                return false;
            while (at < n && (members[at].name_n != m->name_n ||
                              memcmp(members[at].name, m->name, m->name_n) != 0))
                at++;
            members[at] = *m;
            n += at == n;
        }
    *out = (struct jv){ .kind = JV_OBJECT, .n = n, .members = members };
    return true;
}

/* anything */

static bool run_type(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                     struct jv *out)
{
    (void)w;
    (void)count;
    *out = jv_string(span_str(class_name(&args[0].value)));
    return true;
}

static bool run_not_null(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                         struct jv *out)
{
    (void)w;
    *out = jv_null();
    for (uint32_t i = 0; i < count && out->kind == JV_NULL; i++)
        *out = args[i].value;
    return true;
}

static bool run_to_array(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                         struct jv *out)
{
    struct jv *item;

    (void)count;
    *out = args[0].value;
    if (out->kind == JV_ARRAY)
        return true;
    item = WORK_ARRAY(w, struct jv, 1);
    if (!item)
        return false;
    *item = args[0].value;
    *out = jv_array(item, 1);
    return true;
}

static bool run_to_string(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                          struct jv *out)
{
    struct writer text = writer_in(w->arena, 64);
    size_t depth;

    (void)count;
    *out = args[0].value;
    if (out->kind == JV_STRING)
        return true;
    if (!jv_write(w, &args[0].value, &text, &depth))
        return false;
    *out = jv_string(writer_span(&text));
    return true;
}

static size_t digits_at(struct span s, size_t at)
{
    size_t n = 0;

    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

/* number = [ minus ] int [ frac ] [ exp ] (RFC 8259, 6) */
static bool is_json_number(struct span s)
{
    size_t at = s.n && s.p[0] == '-', n = digits_at(s, at);

    if (n == 0 || (n > 1 && s.p[at] == '0'))
        return false;
    at += n;
    if (at < s.n && s.p[at] == '.') {
        n = digits_at(s, at + 1);
        if (n == 0)
            return false;
        at += 1 + n;
    }
    if (at < s.n && (s.p[at] | 0x20) == 'e') {
        at++;
        at += at < s.n && (s.p[at] == '-' || s.p[at] == '+');
        n = digits_at(s, at);
        if (n == 0)
            return false;
        at += n;
    }
    return at == s.n;
}

/* A number stays, a string is read as a JSON number, anything else is null. */
static bool run_to_number(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                          struct jv *out)
{
    const struct jv *v = &args[0].value;
    struct jmes_work apart = { .arena = w->arena, .limit = UINT64_MAX };
    struct json j = { .type = JSON_NUMBER };

    (void)count;
    *out = jv_is_number(v) ? *v : jv_null();
    if (v->kind != JV_STRING)
        return true;
    if (!work_charge(w, WORK_CALL + v->n / 4))
        return false;
    if (!is_json_number(jv_text(v)))
        return true;
    j.raw = jv_text(v);
    if (!jv_from_json(&apart, &j, out)) {
        *out = jv_null();
        return apart.fault.kind == JMES_VALUE ||
               work_fail(w, apart.fault.kind, "%s", apart.fault.text);
    }
    return work_charge(w, apart.steps);
}

/* order */

static int compare_values(const struct jv *a, const struct jv *b)
{
    if (a->kind == JV_STRING)
        return span_compare(jv_text(a), jv_text(b));
    return jv_compare_numbers(a, b);
}

struct keyed {
    struct jv key;
    const struct jv *value;
};

/* Equal keys keep their order: the values lie in one array. */
static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int d = compare_values(&x->key, &y->key);

    return d != 0 ? d : (x->value > y->value) - (x->value < y->value);
}

/* The keys of an array: its elements, or what a reference gives for them; all numbers or all
 * strings. */
static bool make_keys(struct jmes_work *w, const struct jv *array,
                      const struct jmes_query *reference, struct keyed **out)
{
    struct keyed *keys;

    if (!work_charge(w, WORK_MEMORY + 3 * WORK_ELEMENT * (uint64_t)array->n))
        return false;
    keys = WORK_ARRAY(w, struct keyed, array->n);
    if (!keys)
        return false;
    for (uint32_t i = 0; i < array->n; i++) {
        keys[i].value = &array->items[i];
        keys[i].key = array->items[i];
        if (reference && !jmes_run(reference, keys[i].value, w, &keys[i].key))
            return false;
        if ((class_of(&keys[i].key) & (IS_NUMBER | IS_STRING)) == 0 ||
            class_of(&keys[i].key) != class_of(&keys[0].key))
            return work_fail(w, JMES_TYPE,
                             "values are ordered when all are numbers or all are "
                             "strings, and one is of type %s",
                             class_name(&keys[i].key));
    }
    *out = keys;
    return true;
}

/* About as many comparisons as sorting n values takes, each with a string that may be long. */
static uint64_t sorting_cost(const struct keyed *keys, uint32_t n)
{
    uint64_t bytes = 0, rounds = 1;

    for (uint32_t i = 0; i < n; i++)
        bytes += keys[i].key.kind == JV_STRING ? keys[i].key.n / 16 : 0;
    for (uint32_t left = n; left > 1; left /= 2)
        rounds++;
    return (n + bytes) * rounds * WORK_SORTED;
}

static bool sort_by(struct jmes_work *w, const struct jv *array, const struct jmes_query *reference,
                    struct jv *out)
{
    struct keyed *keys;
    struct jv *items;

    if (!make_keys(w, array, reference, &keys) || !work_charge(w, sorting_cost(keys, array->n)))
        return false;
    items = WORK_ARRAY(w, struct jv, array->n);
    if (!items)
        return false;
    qsort(keys, array->n, sizeof *keys, by_key);
    for (uint32_t i = 0; i < array->n; i++)
        items[i] = *keys[i].value;
    *out = jv_array(items, array->n);
    return true;
}

/* The first of the largest (sign 1) or smallest (sign -1); null of an empty array. */
static bool pick(struct jmes_work *w, const struct jv *array, const struct jmes_query *reference,
                 int sign, struct jv *out)
{
    struct keyed *keys = NULL;
    uint32_t best = 0;

    if (!make_keys(w, array, reference, &keys))
        return false;
    for (uint32_t i = 1; i < array->n; i++)
        if (compare_values(&keys[i].key, &keys[best].key) * sign > 0)
            best = i;
    *out = array->n ? *keys[best].value : jv_null();
    return true;
}

static bool run_sort(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                     struct jv *out)
{
    (void)count;
    return sort_by(w, &args[0].value, NULL, out);
}

static bool run_sort_by(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                        struct jv *out)
{
    (void)count;
    return sort_by(w, &args[0].value, args[1].reference, out);
}

static bool run_max(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    (void)count;
    return pick(w, &args[0].value, NULL, 1, out);
}

static bool run_min(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    (void)count;
    return pick(w, &args[0].value, NULL, -1, out);
}

static bool run_max_by(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                       struct jv *out)
{
    (void)count;
    return pick(w, &args[0].value, args[1].reference, 1, out);
}

static bool run_min_by(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                       struct jv *out)
{
    (void)count;
    return pick(w, &args[0].value, args[1].reference, -1, out);
}

/* The reference applied to each element, nulls kept. */
static bool run_map(struct jmes_work *w, const struct jmes_argument *args, uint32_t count,
                    struct jv *out)
{
    const struct jv *array = &args[1].value;
    struct jv *items;

    (void)count;
    items = work_items(w, array->n);
    if (!items)
        return false;
    for (uint32_t i = 0; i < array->n; i++)
        if (!jmes_run(args[0].reference, &array->items[i], w, &items[i]))
            return false;
    *out = jv_array(items, array->n);
    return true;
}

/* clang-format off */
const struct jmes_function jmes_functions[] = {
    { "abs",                1, 1,          { IS_NUMBER },                       run_abs,
      "number", "the number without its sign" },
    { "avg",                1, 1,          { IS_NUMBERS },                      run_avg,
      "number or null", "the mean; null of an empty array" },
    { "ceil",               1, 1,          { IS_NUMBER },                       run_ceil,
      "number", "the next integer upwards" },
    { "contains",           2, 2,          { IS_ARRAY | IS_STRING, IS_ANY },    run_contains,
      "Boolean", "whether an element equals it, or a string has it inside" },
    { "ends_with",          2, 2,          { IS_STRING, IS_STRING },            run_ends_with,
      "Boolean", "whether the first string ends with the second" },
    { "equals_ignore_case", 2, 2,          { IS_STRING, IS_STRING },            run_equals_ignore_case,
      "Boolean", "whether two strings are the same but for ASCII case" },
    { "floor",              1, 1,          { IS_NUMBER },                       run_floor,
      "number", "the next integer downwards" },
    { "join",               2, 2,          { IS_STRING, IS_STRINGS },           run_join,
      "string", "the strings of the array with the first one between them" },
    { "keys",               1, 1,          { IS_OBJECT },                       run_keys,
      "array", "the names of the members, in their order" },
    { "length",             1, 1,          { IS_STRING | IS_ARRAY | IS_OBJECT }, run_length,
      "number", "how many characters, elements or members" },
    { "map",                2, 2,          { IS_REFERENCE, IS_ARRAY },          run_map,
      "array", "the reference applied to each element, nulls kept" },
    { "max",                1, 1,          { IS_NUMBERS | IS_STRINGS },         run_max,
      "element or null", "the largest; null of an empty array" },
    { "max_by",             2, 2,          { IS_ARRAY, IS_REFERENCE },          run_max_by,
      "element or null", "the element for which the reference gives the largest" },
    { "merge",              1, UINT32_MAX, { IS_OBJECT, IS_OBJECT },            run_merge,
      "object", "all members; later ones win" },
    { "min",                1, 1,          { IS_NUMBERS | IS_STRINGS },         run_min,
      "element or null", "the smallest; null of an empty array" },
    { "min_by",             2, 2,          { IS_ARRAY, IS_REFERENCE },          run_min_by,
      "element or null", "the element for which the reference gives the smallest" },
    { "not_null",           1, UINT32_MAX, { IS_ANY, IS_ANY },                  run_not_null,
      "any", "the first argument that is not null, or null" },
    { "reverse",            1, 1,          { IS_STRING | IS_ARRAY },            run_reverse,
      "the same", "the elements or characters from the end" },
    { "sort",               1, 1,          { IS_NUMBERS | IS_STRINGS },         run_sort,
      "array", "the elements in ascending order, strings by code point" },
    { "sort_by",            2, 2,          { IS_ARRAY, IS_REFERENCE },          run_sort_by,
      "array", "the elements in the order of what the reference gives; stable" },
    { "starts_with",        2, 2,          { IS_STRING, IS_STRING },            run_starts_with,
      "Boolean", "whether the first string begins with the second" },
    { "sum",                1, 1,          { IS_NUMBERS },                      run_sum,
      "number", "the sum; 0 of an empty array" },
    { "to_array",           1, 1,          { IS_ANY },                          run_to_array,
      "array", "an array as it is, anything else as an array of one" },
    { "to_number",          1, 1,          { IS_ANY },                          run_to_number,
      "number or null", "a number, or the number that a string spells" },
    { "to_string",          1, 1,          { IS_ANY },                          run_to_string,
      "string", "a string as it is, anything else as compact JSON text" },
    { "type",               1, 1,          { IS_ANY },                          run_type,
      "string", "number, string, boolean, array, object or null" },
    { "values",             1, 1,          { IS_OBJECT },                       run_values,
      "array", "the values of the members, in their order" },
};
/* clang-format on */

const size_t jmes_function_count = COUNT(jmes_functions);

static bool is_taken(const struct jmes_argument *arg, unsigned takes)
{
    if (arg->reference)
        return (takes & IS_REFERENCE) != 0;
    if (takes & class_of(&arg->value))
        return true;
    return ((takes & IS_NUMBERS) && is_all(&arg->value, IS_NUMBER)) ||
           ((takes & IS_STRINGS) && is_all(&arg->value, IS_STRING));
}

const struct jmes_function *jmes_function_find(struct span name)
{
    for (size_t i = 0; i < COUNT(jmes_functions); i++)
        if (span_is(name, jmes_functions[i].name))
            return &jmes_functions[i];
    return NULL;
}

bool jmes_call(struct jmes_work *w, const struct jmes_query *call, const struct jmes_argument *args,
               uint32_t count, struct jv *out)
{
    const struct jmes_function *f = call->function;
    char shown[40];

    if (!f)
        return work_fail(w, JMES_UNKNOWN_FUNCTION, "there is no function %s%s",
                         utf8_show(call->name, shown, sizeof shown),
                         jmes_unsupported_function(call->name) ? " in this dialect of JMESPath"
                                                               : "");
    if (count < f->least || count > f->most)
        return work_fail(w, JMES_ARITY, "%s takes %s%u argument%s, and here are %u", f->name,
                         f->most > f->least ? "at least " : "", f->least, f->least == 1 ? "" : "s",
                         count);
    for (uint32_t i = 0; i < count; i++) {
        unsigned takes = f->takes[i < 2 ? i : 1];

        if ((takes & (IS_NUMBERS | IS_STRINGS)) && args[i].value.kind == JV_ARRAY &&
            !work_charge(w, args[i].value.n))
            return false;
        if (!is_taken(&args[i], takes))
            return work_fail(w, JMES_TYPE, "%s does not take %s as argument %u", f->name,
                             args[i].reference ? "a reference" : class_name(&args[i].value), i + 1);
    }
    return f->run(w, args, count, out);
}
