/*
 * tcb_info - which platform security versions Intel calls current
 *
 * Shape    signed JSON, version 2 (SGX) or 3; at most DCAP_LEVELS_MAX levels, in any order
 * Units    dates in seconds since 1970 UTC; components 0..255 as written
 * Borrows  spans point into the document, levels lie in the arena in descending order
 * Errors   tcb_info_open: malformed, limit; tcb_info_parse: malformed, limit - a version or status
 *          we do not know is malformed, too
 * Source   Intel PCS API v3 and v4, "Get SGX TCB Info"; the SGX contract, 5
 */
#ifndef CUPEL_EVIDENCE_DCAP_TCB_INFO_H
#define CUPEL_EVIDENCE_DCAP_TCB_INFO_H

#include "../appraise.h"
#include "pck.h"
#include "signed_json.h"
#include "tcb_status.h"

enum tcb_info_id { TCB_INFO_SGX, TCB_INFO_TDX };

struct tcb_component {
    uint8_t svn;
    struct span category, type; /* "BIOS", "Early Microcode Update"; or empty */
};

struct tcb_level {
    struct tcb_component sgx[TCB_COMPONENTS];
    uint16_t pcesvn;
    bool has_tdx; /* TDX documents only */
    struct tcb_component tdx[TCB_COMPONENTS];
    struct tcb_standing standing;
};

struct tcb_info {
    uint32_t version; /* 2 or 3 */
    enum tcb_info_id id;
    int64_t issue_date, next_update;
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    uint32_t evaluation_data_number;
    const struct tcb_level *levels; /* highest first */
    size_t level_count;
    const struct json *tdx_module;            /* TDX documents: as it stands, or NULL */
    const struct json *tdx_module_identities; /* likewise */
};

/* Finds the signed body and its signature; believes nothing in it. */
bool tcb_info_open(struct span text, struct arena *a, struct signed_json *out,
                   struct err *err) MUST_USE;

/* Reads a body whose signature holds. */
bool tcb_info_parse(struct span body, struct arena *a, struct tcb_info *out,
                    struct err *err) MUST_USE;

/* The first level, from the highest down, that the platform reaches in every one of its components
 * and in PCESVN; NULL when there is none. It need not be the one with the best status. */
const struct tcb_level *tcb_level_find(const struct tcb_info *info,
                                       const uint8_t components[TCB_COMPONENTS], uint16_t pcesvn);

/* The level to strive for: of those with the best status the one that the platform misses in the
 * fewest places. */
const struct tcb_level *tcb_level_goal(const struct tcb_info *info,
                                       const uint8_t components[TCB_COMPONENTS], uint16_t pcesvn);

/* Lists where the platform is lower than the level: "sgxtcbcomp01svn" to "16svn", then "pcesvn".
 * Returns how many there are (at most 17); the first `room` of them are in out. */
size_t tcb_level_short(const struct tcb_level *level, const uint8_t components[TCB_COMPONENTS],
                       uint16_t pcesvn, struct tcb_short *out, size_t room);

#endif
