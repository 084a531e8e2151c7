/*
 * snapshot - prints a table of the product as text: `snapshot NAME`, or the names without one
 *
 * What can be listed is a row, and every row stands in tests/golden/NAME.txt, so that a change of
 * behaviour shows up in review as a change of text. tools/snapshot compares and updates.
 */
#include "../src/api/errors.h"
#include "../src/evidence/appraise.h"
#include "../src/evidence/dcap/limits.h"
#include "../src/evidence/dcap/tcb_status.h"
#include "../src/evidence/sgx/claims.h"
#include "../src/evidence/sgx/sgx.h"
#include "../src/evidence/tpm/claims.h"
#include "../src/evidence/tpm/limits.h"
#include "../src/evidence/tpm/tpm.h"
#include "../src/evidence/vbs/claims.h"
#include "../src/policy/codes.h"
#include "../src/policy/function.h"
#include "../src/policy/known.h"
#include "../src/policy/limits.h"
#include "../src/policy/lint.h"
#include "../src/server/config.h"
#include "../src/server/limits.h"
#include "../src/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void print_check_rows(const struct check *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s\n    reason       %s\n    establishes  %s\n    source       %s\n", rows[i].name,
               rows[i].reason, rows[i].establishes, rows[i].spec);
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

static void print_flags(unsigned flags)
{
    static const struct {
        unsigned bit;
        const char *word;
    } rows[] = {
        { CLAIM_INCOMING, " incoming" },     { CLAIM_OUTGOING, " outgoing" },
        { CLAIM_KSS_ONLY, " kss-only" },     { CLAIM_MANY, " many" },
        { CLAIM_DEPRECATED, " deprecated" }, { CLAIM_OURS, " ours" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (flags & rows[i].bit)
            fputs(rows[i].word, stdout);
    putchar('\n');
}

static void print_claim_rows(const struct claim_def *rows, size_t count)
{
    static const char *const types[] = { "string", "integer", "boolean", "json" };

    for (size_t i = 0; i < count; i++) {
        const struct claim_def *d = &rows[i];

        printf("%s\n    type     %s\n    where   ", d->name, types[d->type]);
        print_flags(d->flags);
        printf("    meaning  %s\n    source   %s\n", d->meaning, d->spec);
        if (d->instead)
            printf("    instead  %s\n", d->instead);
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

static void print_routes(void)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
    static const char *const versions[] = { "optional", "required", "2018-09-01-preview only",
                                            "of the control plane" };

    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];

        printf("%s %s\n    api-version  %s\n    needs        %s; %s with 2018-09-01-preview\n"
               "    type         %s\n    summary      %s\n",
               methods[r->method], r->path, versions[r->version], access_need_name(r->need),
               access_need_name(r->need_2018), or_dash(r->argument), r->summary);
    }
}

static void print_errors(void)
{
    for (size_t i = 0; i < API_ERRORS; i++)
        printf("%d %s\n    %s\n", api_errors[i].status, api_errors[i].code, api_errors[i].when);
}

static void print_config(void)
{
    static const char *const kinds[] = { "text",  "path", "address", "number",
                                         "words", "list", "moment",  "switch" };

    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];

        printf("%s\n    kind      %s%s\n", k->name, kinds[k->kind],
               k->is_flag_only ? ", as a flag only" : "");
        if (k->fallback)
            printf("    default   %s\n", k->fallback);
        if (k->kind == CONFIG_WORD)
            printf("    words     %s\n", k->words);
        if (k->kind == CONFIG_NUMBER)
            printf("    range     %" PRId64 " to %" PRId64 "\n", k->least, k->most);
        if (k->unit)
            printf("    unit      %s\n", k->unit);
        printf("    meaning   %s\n", k->meaning);
    }
}

static void print_verbs(void)
{
    static const char *const kinds[] = { "", "", " (many)" };

    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *v = verbs[i];

        printf("%s %s\n    %s; %zu to %zu arguments\n", v->words, v->arguments, v->summary,
               v->least, v->most);
        for (size_t o = 0; o < v->option_count; o++)
            printf("    --%s %s%s\n        %s\n", v->options[o].name, or_dash(v->options[o].value),
                   kinds[v->options[o].kind], v->options[o].meaning);
    }
}

static void print_functions(void)
{
    static const char *const takes[] = { "set", "one", "string", "boolean" };

    for (size_t i = 0; i < policy_function_count; i++) {
        const struct policy_function *f = &policy_functions[i];

        printf("%s(", f->name);
        for (uint32_t a = 0; a < f->arity; a++)
            printf("%s%s", a ? ", " : "", takes[f->takes[a]]);
        printf(")\n    %s%s\n", f->meaning,
               f->keeps_read_only ? "; read-only when an argument is" : "");
    }
}

static void print_properties(void)
{
    for (size_t i = 0; i < policy_property_count; i++)
        printf("%s\n    section  %s\n    value    %s\n", policy_properties[i].name,
               policy_properties[i].section == SECTION_ISSUANCE ? "issuancerules"
                                                                : "configurationrules",
               policy_properties[i].range);
}

static void print_codes(void)
{
    for (size_t i = 0; i < policy_code_count; i++)
        printf("%s %s\n    meaning  %s\n    source   %s\n", policy_codes[i].code,
               policy_codes[i].name, policy_codes[i].meaning, policy_codes[i].spec);
}

static void print_words(void)
{
    printf("kinds of evidence:");
    for (int i = 0; i < EVIDENCE_KINDS; i++)
        printf(" %s", evidence_kind_name((enum evidence_kind)i));
    printf("\nTCB profiles:");
    for (int i = TCB_AZURE; i <= TCB_ANY; i++)
        printf(" %s", tcb_profile_name((enum tcb_profile)i));
    printf("\nTCB statuses:");
    for (int i = TCB_STATUS_NONE + 1; i < TCB_STATUSES; i++)
        printf(" %s", tcb_status_name((enum tcb_status)i));
    printf("\nerror codes:");
    for (int i = 0; i < ERR_CODES; i++)
        printf(" %s", err_code_name((enum err_code)i));
    printf("\n");
}

#define LIMIT(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }

static void print_limits(void)
{
    static const struct {
        const char *name;
        long value;
    } rows[] = {
        /* clang-format off */
        LIMIT(DCAP_QUOTE_MAX),
        LIMIT(DCAP_AUTH_DATA_MAX),
        LIMIT(DCAP_QE_AUTH_DATA_MAX),
        LIMIT(DCAP_CERTIFICATION_DATA_MAX),
        LIMIT(DCAP_TRAILING_ZEROS_MAX),
        LIMIT(DCAP_PEM_CERTIFICATES_MAX),
        LIMIT(DCAP_JSON_MAX),
        LIMIT(DCAP_JSON_DEPTH_MAX),
        LIMIT(DCAP_JSON_VALUES_MAX),
        LIMIT(DCAP_JSON_MEMBERS_MAX),
        LIMIT(DCAP_LEVELS_MAX),
        LIMIT(DCAP_LEVEL_ADVISORIES_MAX),
        LIMIT(DCAP_ADVISORY_ID_MAX),
        LIMIT(DCAP_ENDORSEMENTS_MAX),
        LIMIT(TPM_LOG_MAX),
        LIMIT(TPM_LOGS_MAX),
        LIMIT(TPM_EVENTS_MAX),
        LIMIT(TPM_EVENT_MAX),
        LIMIT(TPM_EVENTS_JSON_MAX),
        LIMIT(TPM_LOG_ALGORITHMS_MAX),
        LIMIT(TPM_TRUST_POINTS_MAX),
        LIMIT(TPM_SIPA_DEPTH_MAX),
        LIMIT(TPM_SIPA_RECORDS_MAX),
        LIMIT(TPM_SIGNATURES_MAX),
        LIMIT(TPM_DEVICE_NODES_MAX),
        LIMIT(TPM_GPT_PARTITIONS_MAX),
        LIMIT(TPM_IMA_NAME_MAX),
        LIMIT(TPM_IMA_DATA_MAX),
        LIMIT(POLICY_TEXT_LIMIT),
        LIMIT(POLICY_RULE_LIMIT),
        LIMIT(POLICY_CONDITION_LIMIT),
        LIMIT(POLICY_TEST_LIMIT),
        LIMIT(POLICY_CALL_DEPTH),
        LIMIT(POLICY_STRING_LIMIT),
        LIMIT(POLICY_NAME_LIMIT),
        LIMIT(POLICY_CLAIM_LIMIT),
        LIMIT(POLICY_JSON_DEPTH),
        LIMIT(POLICY_JSON_BYTES),
        LIMIT(POLICY_COMPUTED_LIMIT),
        LIMIT(POLICY_WORK_LIMIT),
        LIMIT(POLICY_DRAFT_WORK_LIMIT),
        LIMIT(POLICY_COMPILE_MEMORY),
        LIMIT(POLICY_ERRORS_REPORTED),
        LIMIT(POLICY_WARNINGS_REPORTED),
        LIMIT(LINT_GUESSES),
        LIMIT(LINT_OWN_NAMES),
        LIMIT(LINT_PAIRS),
        LIMIT(HTTP_HEAD_MAX),
        LIMIT(HTTP_TARGET_MAX),
        LIMIT(HTTP_BODY_DEFAULT),
        LIMIT(HTTP_FRAMING_SLACK),
        LIMIT(HTTP_READ_ROOM),
        LIMIT(HTTP_REQUESTS_PER_TURN),
        LIMIT(HTTP_BYTES_PER_TURN),
        LIMIT(HTTP_ACCEPTS_PER_TURN),
        LIMIT(HTTP_FIRST_GRACE_MS),
        LIMIT(HTTP_LINGER_BYTES),
        LIMIT(TLS_READ_BUFFER),
        LIMIT(SIGNATURES_OUTSTANDING_MAX),
        /* clang-format on */
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        printf("%-28s %ld\n", rows[i].name, rows[i].value);
}

static const struct {
    const char *name;
    void (*print)(void);
} tables[] = {
    { "sgx-checks", print_checks },
    { "sgx-claims", print_claims },
    { "tpm-checks", print_tpm_checks },
    { "tpm-claims", print_tpm_claims },
    { "vbs-checks", print_vbs_checks },
    { "vbs-claims", print_vbs_claims },
    { "routes", print_routes },
    { "api-errors", print_errors },
    { "config", print_config },
    { "verbs", print_verbs },
    { "policy-functions", print_functions },
    { "policy-properties", print_properties },
    { "policy-codes", print_codes },
    { "words", print_words },
    { "limits", print_limits },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (argc < 2)
            puts(tables[i].name);
        else if (strcmp(argv[1], tables[i].name) == 0)
            return tables[i].print(), fflush(stdout) != 0;
    }
    return argc < 2 ? 0 : 64;
}
