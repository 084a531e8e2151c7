/* Targets: policy_eval, policy_eval_trace, policy_case_write
 *
 * The input is a list of claims, a line each ("name type issuer text"), an empty line, and a
 * policy.
 */
#include "case.h"

#include "../../fuzz/fuzz.h"

#include "../format/json.h"

#include <string.h>

static struct crypto *crypto;

static struct span cut(struct span *rest, uint8_t end)
{
    const uint8_t *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    struct span part = span_part(*rest, 0, n);

    *rest = span_part(*rest, n + 1, SIZE_MAX);
    return part;
}

static void add_claim(struct claim_set *set, struct span line)
{
    struct claim c = { .name = cut(&line, ' ') };
    struct span type = cut(&line, ' '), issuer = cut(&line, ' ');
    struct err e = { 0 };

    c.type = span_is(type, "i") ? CLAIM_INT : span_is(type, "b") ? CLAIM_BOOL : CLAIM_STRING;
    c.issuer = span_is(issuer, "S")   ? ISSUER_SERVICE
               : span_is(issuer, "P") ? ISSUER_POLICY
                                      : ISSUER_CLIENT;
    c.is_read_only = span_is(issuer, "R");
    c.text = line;
    c.integer = (int64_t)line.n;
    c.boolean = line.n % 2 == 1;
    must(claim_add(set, &c, &e));
}

static void check_outcome(const struct policy_outcome *o)
{
    must(o->decision == POLICY_PERMIT || o->issued.count + o->properties.count == 0);
    must((o->decision == POLICY_FAILED) == (o->error_code[0] == 'X'));
    must(o->decision != POLICY_DENY || o->line > 0);
    for (size_t i = 0; i < o->issued.count; i++)
        must(!o->issued.items[i].is_read_only && o->issued.items[i].issuer == ISSUER_POLICY);
    for (size_t i = 0; i < o->added.count; i++)
        must(o->added.items[i].issuer == ISSUER_POLICY);
}

static void evaluate(const struct policy *p, const struct policy_diagnostics *d,
                     const struct claim_set *claims)
{
    struct arena a = arena_over(512 << 20), b = arena_over(512 << 20);
    struct policy_outcome traced, plain;
    struct policy_trail trail;
    struct err e = { 0 };
    struct writer w = writer_in(&a, 1024);

    if (policy_eval_trace(p, claims, &a, &traced, &trail, &e)) {
        struct policy_case c = { p, d, &traced, &trail };

        check_outcome(&traced);
        must(policy_eval(p, claims, &b, &plain, &e));
        must(plain.decision == traced.decision && plain.issued.count == traced.issued.count);
        must(strcmp(plain.error_code, traced.error_code) == 0 && plain.line == traced.line);
        must(policy_case_write(&w, &c, &e));
    } else {
        must(e.code == ERR_LIMIT || e.code == ERR_MEMORY);
    }
    arena_fini(&a);
    arena_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct claim_set claims = claim_set_in(&a);
    struct span rest = span_of(data, size), line;
    struct err e = { 0 };
    struct policy *p;

    if (!crypto)
        crypto = crypto_new(&e);
    must(crypto != NULL);
    while ((line = cut(&rest, '\n')).n && claims.count < 200)
        add_claim(&claims, line);
    p = policy_new_draft(crypto, rest, &d, &e);
    if (p)
        evaluate(p, &d, &claims);
    policy_free(p);
    arena_fini(&a);
    return 0;
}
