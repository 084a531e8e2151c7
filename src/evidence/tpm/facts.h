/*
 * facts - what a measured boot says, for claims
 *
 * Rule     a fact counts only from an event whose PCR is quoted and replays, whose digest covers
 *          its data, and (for Windows) which lies in a trust boundary; a fact that may hide in a
 *          PCR nobody vouches for makes its claim false
 * Borrows  spans point into the logs
 * Source   the TPM contract, 10 and 14; the VBS contract, 6
 */
#ifndef CUPEL_EVIDENCE_TPM_FACTS_H
#define CUPEL_EVIDENCE_TPM_FACTS_H

#include "boot.h"

/* How often a flag was said to be off and on. */
struct fact_set {
    size_t off, on;
};

struct boot_facts {
    bool is_blind; /* records may stand in PCR 12, 13, 19 or 20 that nobody vouches for */
    bool secure_boot;
    const char *secure_boot_note; /* why not, in words; NULL when it is on */
    struct fact_set boot_debugging, safe_mode, win_pe, iommu_required, vbs_required;
    bool has_boot_counter;
    uint64_t boot_counter;
    bool has_transfer_control;
    uint64_t transfer_control; /* the first in PCR 12 */
    bool has_launch_type;
    uint64_t vsm_launch_type;  /* the first in PCR 12 */
    struct span idk, idks;     /* key blocks of PCR 12; empty where there is none */
    bool has_two_idks;         /* and they differ */
    bool has_generation_fault; /* the secure kernel could not make its keys */
    const char *log_format;    /* "sha1", "agile"; NULL without a TCG log */
};

/* Reads the facts of one boot. held: the PCRs that are quoted and replay; measured_settle has run
 * with the bank they replay in. */
void facts_read(const struct boot *b, uint32_t held, struct boot_facts *out);

/* Adds those of the boot before a hibernation: sets are united, Secure Boot must hold in both,
 * keys come from where they are. */
void facts_join(struct boot_facts *f, const struct boot_facts *boot);

/* Checks that a boot before hibernations and the current one are of one cold boot: the one was
 * started by the OS loader and the other by a resume, and the boot counters differ by `resets`, by
 * which the TPM's own reset counter grew between their quotes (modulo 2^32). Untrusted else. */
bool facts_check_cycle(const struct boot_facts *current, const struct boot_facts *boot,
                       uint32_t resets, struct err *err) MUST_USE;

/* Tells whether the set is not empty and all of it is v. */
bool facts_only(const struct fact_set *set, bool v);

/* The claims of the contract. */
bool facts_boot_debugging_disabled(const struct boot_facts *f);
bool facts_not_safe_mode(const struct boot_facts *f);
bool facts_not_win_pe(const struct boot_facts *f);
bool facts_iommu_enabled(const struct boot_facts *f);
bool facts_vbs_enabled(const struct boot_facts *f);

/* A public key of the secure kernel: VSM_IDK_INFO, VSM_IDKS_INFO. */
struct vsm_key {
    uint32_t bits;
    struct span exponent, modulus; /* big-endian */
};
bool vsm_key_parse(struct span block, struct vsm_key *out, struct err *err) MUST_USE;

#endif
