/*
 * cli - verbs of the command line as a table: words, options, help and the function that runs
 *
 * Shape    cupel WORD [WORD] [options] [arguments]; --help anywhere; long options as --name value
 * or --name=value Errors   64 usage, 70 our own fault; the rest is each verb's own (docs/man)
 */
#ifndef CUPEL_CLI_CLI_H
#define CUPEL_CLI_CLI_H

#include "../base/arena.h"

enum {
    EXIT_OK = 0,
    EXIT_DENIED = 1,
    EXIT_REFUSED = 2,
    EXIT_USAGE = 64,
    EXIT_OURS = 70,
    CLI_OPTIONS_MAX = 24,
    CLI_VALUES_MAX = 16,
    CLI_ARGUMENTS_MAX = 1024,
    CLI_MEMORY = 512 * 1024 * 1024,
    CLI_FILE_MAX = 64 * 1024 * 1024,
};

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_MANY };

struct option_def {
    const char *name; /* without the dashes */
    enum option_kind kind;
    const char *value; /* "FILE", for the help; NULL for flags */
    const char *meaning;
};

struct option_values {
    const char *values[CLI_VALUES_MAX];
    size_t count; /* flags: how often */
};

struct cli {
    const struct verb *verb;
    struct option_values options[CLI_OPTIONS_MAX]; /* in the order of the verb's table */
    const char *arguments[CLI_ARGUMENTS_MAX];
    size_t argument_count;
    struct arena arena;
    bool has_color; /* standard output is a terminal that takes colour */
    bool is_tty;    /* standard error is a terminal: progress may be shown */
};

struct verb {
    const char *words;     /* "token verify" */
    const char *summary;   /* one line */
    const char *arguments; /* "FILE", "TOKEN|FILE|-", or "" */
    size_t least, most;    /* how many arguments */
    const struct option_def *options;
    size_t option_count;
    const char *details;  /* paragraphs for --help, exit statuses included; or NULL */
    const char *examples; /* lines; or NULL */
    int (*run)(struct cli *c);
};

/* Finds the verb, reads its options, runs it and returns the exit status. */
int cli_run(const char *program, const struct verb *const *verbs, size_t count, int argc,
            char **argv);

/* The value of an option, or NULL; whether a flag was given. The name must be in the verb's table.
 */
const char *cli_option(const struct cli *c, const char *name);
bool cli_flag(const struct cli *c, const char *name);
const struct option_values *cli_options(const struct cli *c, const char *name);

/* A message on standard error, "cupel VERB: ..."; returns status. */
int cli_fail(const struct cli *c, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for an error: usage problems and missing files give 64, memory and our own faults 70. */
int cli_fail_err(const struct cli *c, const struct err *err);
/* The same where what was looked at is not in order: 2, but for missing files and our own faults.
 */
int cli_refuse_err(const struct cli *c, const struct err *err);

/* Standard output. */
void cli_print(struct span text);
/* Colour on a terminal only. */
const char *cli_color(const struct cli *c, const char *code);

/* The verbs of this room. */
extern const struct verb verb_appraise, verb_attest, verb_token_new, verb_token_verify,
    verb_evidence_inspect, verb_policy_diff, verb_policy_eval, verb_policy_fmt, verb_policy_hash,
    verb_policy_sign, verb_policy_test, verb_policy_lint, verb_store_backup, verb_store_check,
    verb_store_restore, verb_audit_verify, verb_audit_show, verb_audit_export, verb_audit_prune,
    verb_tpm_collect, verb_tpm_request, verb_explain, verb_instance_list, verb_instance_show,
    verb_instance_create, verb_instance_update, verb_instance_delete, verb_tpm_enrol,
    verb_tpm_attest, verb_tpm_registry_init, verb_tpm_registry_challenge, verb_tpm_registry_issue,
    verb_tpm_baseline, verb_tpm_registry_list, verb_tpm_registry_remove;

extern const struct verb verb_role_list, verb_role_grant, verb_role_revoke;

#endif
