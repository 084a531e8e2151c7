/*
 * config - what an operator may say, and where it was said
 *
 * Shape    a table with one row for each key: its name, kind, default and meaning. A file in ini
 * form ("name = value", "[policy]" before "SgxEnclave = path" means "policy.SgxEnclave"), then the
 * environment (CUPEL_LISTEN), then the command line (--listen): the later wins
 * Limits   a file of 64 KiB, lines of 198 bytes
 * Errors   malformed: an unknown key (the nearest one is suggested), a value of the wrong kind, a
 * key said twice, keys that contradict each other; io: the file cannot be read
 */
#ifndef CUPEL_SERVER_CONFIG_H
#define CUPEL_SERVER_CONFIG_H

#include "../base/arena.h"
#include "../base/writer.h"

enum config_id {
    CONFIG_FILE,
    CONFIG_LISTEN,
    CONFIG_ADMIN_LISTEN,
    CONFIG_DATA_DIR,
    CONFIG_BASE_URL,
    CONFIG_INSTANCE_DOMAIN,
    CONFIG_DEFAULT_HOSTS,
    CONFIG_WORKERS,
    CONFIG_USER,
    CONFIG_TLS_CERT,
    CONFIG_TLS_KEY,
    CONFIG_SIGNING_ALG,
    CONFIG_SIGNING_KEY_BITS,
    CONFIG_TCB_PROFILE,
    CONFIG_FRESHNESS,
    CONFIG_FRESHNESS_GRACE,
    CONFIG_LEAST_EVALUATION_NUMBER,
    CONFIG_ROOTS,
    CONFIG_COLLATERAL_DIR,
    CONFIG_POLICY_PROFILE,
    CONFIG_POLICY_SGX,
    CONFIG_POLICY_OE,
    CONFIG_POLICY_TDX,
    CONFIG_POLICY_SNP,
    CONFIG_POLICY_GUEST,
    CONFIG_POLICY_TPM,
    CONFIG_AUDIT_RETENTION,
    CONFIG_TPM_ANCHORS,
    CONFIG_TPM_INTERMEDIATES,
    CONFIG_TPM_SHA1_SIGNATURES,
    CONFIG_TPM_SHA1_BANK,
    CONFIG_TPM_KNOWN_PCR0,
    CONFIG_TPM_CHALLENGE_SECONDS,
    CONFIG_TPM_REPLAY_MEMORY,
    CONFIG_TPM_OWN_CLAIMS,
    CONFIG_VBS_UNKNOWN_DATA,
    CONFIG_REPORT_KEY,
    CONFIG_REPORT_CHAIN,
    CONFIG_REPORT_RETIRED,
    CONFIG_ACCESS_FILE,
    CONFIG_ATTEST_AUTHENTICATION,
    CONFIG_TOKEN_ISSUERS,
    CONFIG_TOKEN_KEYS,
    CONFIG_TOKEN_AUDIENCES,
    CONFIG_TOKEN_SKEW,
    CONFIG_TOKEN_ISSUER_CA,
    CONFIG_TOKEN_REFRESH,
    CONFIG_TOKEN_KEYS_MAX_AGE,
    CONFIG_TLS_CLIENT_CA,
    CONFIG_NBF_BACKDATE,
    CONFIG_CACHE_ENTRIES,
    CONFIG_MEMORY_MAX,
    CONFIG_CONNECTIONS_MAX,
    CONFIG_CONNECTIONS_PER_ADDRESS_MAX,
    CONFIG_HANDSHAKES_MAX,
    CONFIG_HANDSHAKE_SECONDS,
    CONFIG_HEADER_SECONDS,
    CONFIG_BODY_SECONDS,
    CONFIG_RESPONSE_SECONDS,
    CONFIG_IDLE_SECONDS,
    CONFIG_DRAIN_SECONDS,
    CONFIG_LOG_LEVEL,
    CONFIG_LOG_FORMAT,
    CONFIG_DEV,
    CONFIG_INSECURE_JUDGE_AT,
    CONFIG_CHECK_CONFIG,
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_KEYS
};

enum config_kind {
    CONFIG_TEXT,
    CONFIG_PATH,
    CONFIG_ADDRESS, /* ADDR:PORT, numeric, or unix:PATH (listen.h) */
    CONFIG_NUMBER,  /* least .. most */
    CONFIG_WORD,    /* one of `words`; its number is its place among them */
    CONFIG_LIST,    /* values with commas between; a flag given again adds one */
    CONFIG_MOMENT,  /* seconds since 1970, or RFC 3339 */
    CONFIG_SWITCH   /* a flag without a value */
};

struct config_key {
    const char *name;
    enum config_kind kind;
    bool is_flag_only; /* neither in the file nor in the environment */
    const char *fallback;
    const char *words; /* CONFIG_WORD: separated by one space */
    int64_t least, most;
    const char *unit; /* for --help */
    const char *meaning;
};

extern const struct config_key config_keys[CONFIG_KEYS];

struct config {
    struct arena arena;
    const char *text[CONFIG_KEYS]; /* as said, or the fallback; NULL: not said and no fallback */
    int64_t number[CONFIG_KEYS];   /* NUMBER, WORD, MOMENT, SWITCH */
    bool is_said[CONFIG_KEYS];
};

/* All keys at their fallbacks. */
bool config_init(struct config *c, struct err *err) MUST_USE;
void config_fini(struct config *c);

/* Reads the text of a configuration file. */
bool config_read_text(struct config *c, struct span text, struct err *err) MUST_USE;

/* Reads "NAME=value" strings as in environ; those without the prefix CUPEL_ are not ours. */
bool config_read_environment(struct config *c, const char *const *environment,
                             struct err *err) MUST_USE;

/* Reads arguments, the program's name left out. Says so when an argument is not understood. */
bool config_read_arguments(struct config *c, int argc, const char *const *argv,
                           struct err *err) MUST_USE;

/* Checks what no single key can: --dev is for loopback, both halves of a certificate, ... */
bool config_check(const struct config *c, struct err *err) MUST_USE;

/* All of it: defaults, file (--config or CUPEL_CONFIG), environment, arguments, checks. */
bool config_load(struct config *c, int argc, const char *const *argv,
                 const char *const *environment, struct err *err) MUST_USE;

/* Says a value ourselves, in place of what was said. */
bool config_put(struct config *c, enum config_id id, const char *value, struct err *err) MUST_USE;

/* What was said, one "name=value" per entry with a NUL behind each: config_read_handed reads it
 * back in another process of ours. */
void config_write_handed(struct writer *w, const struct config *c);
bool config_read_handed(struct config *c, struct span handed, struct err *err) MUST_USE;

/* Puts what config_write_handed writes into a sealed memory file, for other processes of ours. */
bool config_hand_over(const struct config *c, int *out, struct err *err) MUST_USE;

/* Reads what config_write_handed wrote from a descriptor, from its beginning. */
bool config_receive(struct config *c, int fd, struct err *err) MUST_USE;

/* The next value of a CONFIG_LIST without surrounding white space: false when there is none left.
 * *at starts with 0. */
bool config_list_next(const struct config *c, enum config_id id, size_t *at, struct span *out);

/* --help, from the rows. */
void config_write_help(struct writer *w);

#endif
