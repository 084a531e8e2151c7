/*
 * replay - what the PCRs must hold if the logs are true, and whether the quote agrees
 *
 * Rule     notes (EV_NO_ACTION) extend nothing; PCR 0 starts with the startup locality; PCR 17 to
 *          22 start with ones, and with zeros once something was measured into them; data is not
 *          looked at here
 * Errors   untrusted: a PCR differs, naming it, what was expected and what is quoted and, where one
 *          changed event explains it, that event; malformed; missing (a log without the bank)
 * Source   the TPM contract, 7 and 9.2; TCG PC Client Firmware Profile, "PCR usage"
 */
#ifndef CUPEL_EVIDENCE_TPM_REPLAY_H
#define CUPEL_EVIDENCE_TPM_REPLAY_H

#include "boot.h"

/* Values that a quote covers; an empty span where it does not. */
struct pcr_set {
    struct span values[BANK_COUNT][PCR_COUNT];
};

struct replay {
    enum tpm_bank bank;
    uint8_t pcrs[PCR_COUNT][PCR_SIZE_MAX];
    uint32_t touched; /* bit i: something was measured into PCR i */
    uint32_t
        unknown; /* bit i: and one event has no digest of this bank, so its value is not known */
};

/* PCRs whose events feed claims: 7, 11 to 14, 19 and 20. */
#define PCRS_OF_CLAIMS 0x00187880u
/* PCRs for debugging and for applications: anything may stand in them. */
#define PCRS_IGNORED 0x00810000u

struct replay_rules {
    uint32_t required_mask;        /* PCRs that must replay, beside those of claims */
    bool pcr10_is_open;            /* the request's form has no place for an IMA log */
    const struct span *known_pcr0; /* values accepted although they do not replay */
    size_t known_pcr0_count;
};

struct replay_result {
    uint32_t held;    /* quoted and as replayed, or blank and not measured into */
    uint32_t differs; /* quoted and something else */
};

/* A PCR that is not what the logs say. */
struct pcr_mismatch {
    uint32_t pcr;
    size_t size;
    uint8_t expected[PCR_SIZE_MAX]; /* by the logs */
    uint8_t actual[PCR_SIZE_MAX];   /* by the quote */
    const struct tpm_event *event;  /* whose digest alone explains it, or NULL */
    size_t seq;
    uint8_t
        event_expected[PCR_SIZE_MAX];   /* the hash of its data, with which the PCR is as quoted */
    uint8_t event_actual[PCR_SIZE_MAX]; /* the digest in the log */
};

/* Replays all logs in one bank. */
bool replay_run(struct crypto *c, const struct boot *b, enum tpm_bank bank, struct replay *out,
                struct err *err) MUST_USE;

/* Compares every PCR of the replay's bank that is quoted. */
void replay_compare(const struct replay *r, const struct pcr_set *quoted,
                    struct replay_result *out);

/* Fails for the first compulsory PCR that differs. `out` (may be NULL) says more about it. */
bool replay_check(struct crypto *c, const struct boot *b, const struct replay *r,
                  const struct pcr_set *quoted, const struct replay_rules *rules,
                  struct replay_result *result, struct pcr_mismatch *out, struct err *err) MUST_USE;

/* Replays and checks every bank that the quote covers and the logs list; none may differ. held: the
 * PCRs that hold in each bank; empty for the others. */
bool replay_check_all(struct crypto *c, const struct boot *b, const struct pcr_set *quoted,
                      const struct replay_rules *rules, uint32_t held[BANK_COUNT],
                      struct pcr_mismatch *out, struct err *err) MUST_USE;

/* The strongest bank that the quote covers for all PCRs of the mask and that every log has; missing
 * when there is none. */
bool replay_choose_bank(const struct boot *b, const struct pcr_set *quoted, uint32_t required_mask,
                        enum tpm_bank *out, struct err *err) MUST_USE;

/* Banks that the quote covers for at least one PCR. */
unsigned pcr_set_banks(const struct pcr_set *set);

/* Tells whether PCR 0 of a bank is neither all zeros nor all ones: somebody measured into it. */
bool pcr_set_is_measured(const struct pcr_set *set, enum tpm_bank bank);

#endif
