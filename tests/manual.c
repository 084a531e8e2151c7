/*
 * manual - prints the parts of the manual that follow from tables: `manual NAME`
 *
 * In scdoc's form for docs/man, in Markdown for docs/policy-language.md. tools/manual puts them
 * between the marks of the pages and compares.
 */
#include "manual.h"

#include "../src/claims/def.h"
#include "../src/evidence/sgx/claims.h"
#include "../src/evidence/sgx/sgx.h"
#include "../src/evidence/tpm/claims.h"
#include "../src/evidence/tpm/tpm.h"
#include "../src/evidence/vbs/claims.h"
#include "../src/policy/function.h"
#include "../src/policy/known.h"
#include "../src/server/config.h"
#include "../src/verbs.h"

#include <stdio.h>
#include <string.h>

/* Text with scdoc's own characters made plain. */
static void put(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (strchr("_*\\<>#~", *p))
            putchar('\\');
        putchar(*p);
    }
}

static void put_sentence(const char *text)
{
    put(text);
    if (text[strlen(text) - 1] != '.')
        putchar('.');
}

static void put_bold(const char *text)
{
    putchar('*');
    put(text);
    putchar('*');
}

static void print_config(void)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];

        if (k->is_flag_only)
            continue;
        put_bold(k->name);
        printf(" = _");
        put(k->unit);
        printf("_\n\t");
        put_sentence(k->meaning);
        if (k->kind == CONFIG_NUMBER)
            printf(" From %lld to %lld.", (long long)k->least, (long long)k->most);
        if (k->fallback) {
            printf(" Default: ");
            put_bold(k->fallback);
            putchar('.');
        }
        printf("\n\n");
    }
}

static void print_option(const struct option_def *o)
{
    printf("*--%s*", o->name);
    if (o->value)
        printf(" _%s_", o->value);
    printf("\n\t");
    put_sentence(o->meaning);
    if (o->kind == OPTION_MANY)
        printf(" May be repeated.");
    printf("\n\n");
}

static void print_examples(const char *examples)
{
    printf("Examples:\n\n```\n");
    for (const char *p = examples; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t indent = strncmp(p, "  ", 2) == 0 ? 2 : 0;

        printf("%.*s\n", (int)(strcspn(p, "\n") - indent), p + indent);
    }
    printf("```\n\n");
}

static void print_verbs(void)
{
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *v = verbs[i];

        printf("## cupel %s\n\n*cupel %s*", v->words, v->words);
        if (v->arguments[0])
            printf(" _%s_", v->arguments);
        printf(v->option_count ? " [_option_ ...]\n\n" : "\n\n");
        put_sentence(v->summary);
        printf("\n\n");
        for (size_t o = 0; o < v->option_count; o++)
            print_option(&v->options[o]);
        if (v->details) {
            put(v->details);
            printf("\n\n");
        }
        if (v->examples)
            print_examples(v->examples);
    }
}

static void print_check_rows(const struct check *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_bold(rows[i].name);
        printf(" (reason _");
        put(rows[i].reason);
        printf("_)\n\t");
        put_sentence(rows[i].establishes);
        printf("\n\n");
    }
}

static void print_checks(void)
{
    print_check_rows(sgx_checks, sgx_check_count);
}

static void print_tpm_checks(void)
{
    print_check_rows(tpm_checks, tpm_check_count);
}

static void print_vbs_checks(void)
{
    print_check_rows(vbs_checks, vbs_check_count);
}

static void print_claim_rows(const struct claim_def *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct claim_def *d = &rows[i];

        put_bold(d->name);
        printf(" (%s%s%s)\n\t", d->flags & CLAIM_INCOMING ? "policy" : "",
               (d->flags & CLAIM_INCOMING) && (d->flags & CLAIM_OUTGOING) ? ", " : "",
               d->flags & CLAIM_OUTGOING ? "token" : "");
        put_sentence(d->meaning);
        if (d->instead) {
            printf(" Kept for old readers: see ");
            put_bold(d->instead);
            putchar('.');
        }
        printf("\n\n");
    }
}

static void print_claims(void)
{
    print_claim_rows(sgx_claims, sgx_claim_count);
}

static void print_tpm_claims(void)
{
    print_claim_rows(tpm_claims, tpm_claim_count);
}

static void print_vbs_claims(void)
{
    print_claim_rows(vbs_claims, vbs_claim_count);
}

static void print_functions(void)
{
    static const char *const takes[] = { "set", "value", "string", "boolean" };

    for (size_t i = 0; i < policy_function_count; i++) {
        const struct policy_function *f = &policy_functions[i];

        printf("*%s*(", f->name);
        for (uint32_t a = 0; a < f->arity; a++)
            printf("%s_%s_", a ? ", " : "", takes[f->takes[a]]);
        printf(")\n\t");
        put_sentence(f->meaning);
        printf("\n\n");
    }
}

static const struct manual_part parts[] = {
    { "config", print_config },
    { "verbs", print_verbs },
    { "sgx-checks", print_checks },
    { "sgx-claims", print_claims },
    { "tpm-checks", print_tpm_checks },
    { "tpm-claims", print_tpm_claims },
    { "vbs-checks", print_vbs_checks },
    { "vbs-claims", print_vbs_claims },
    { "policy-functions", print_functions },
    { NULL, NULL },
};

static bool print_part(const struct manual_part *rows, const char *name)
{
    while (rows->name && strcmp(rows->name, name) != 0)
        rows++;
    if (rows->name)
        rows->print();
    return rows->name != NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2 || (!print_part(parts, argv[1]) && !print_part(policy_parts, argv[1])))
        return 64;
    return fflush(stdout) != 0;
}
