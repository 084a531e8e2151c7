/*
 * limits - how much of everything a sender of SGX evidence or collateral may send
 *
 * Units    bytes unless the name says otherwise
 * Source   the SGX contract, 1, 2.5 and 5.1; real version 3 quotes are below 5,000 bytes
 */
#ifndef CUPEL_EVIDENCE_DCAP_LIMITS_H
#define CUPEL_EVIDENCE_DCAP_LIMITS_H

enum {
    DCAP_QUOTE_MAX = 64 * 1024,
    DCAP_AUTH_DATA_MAX = 16 * 1024,
    DCAP_QE_AUTH_DATA_MAX = 1024,
    DCAP_CERTIFICATION_DATA_MAX = 32 * 1024,
    DCAP_TRAILING_ZEROS_MAX = 16 * 1024,
    DCAP_PEM_CERTIFICATES_MAX = 8, /* certificates of one PEM chain */

    DCAP_JSON_MAX = 256 * 1024,     /* TCB info and QE identity documents */
    DCAP_JSON_DEPTH_MAX = 16,       /* nested objects and arrays */
    DCAP_JSON_VALUES_MAX = 32768,   /* values in one document */
    DCAP_JSON_MEMBERS_MAX = 256,    /* members of one object */
    DCAP_LEVELS_MAX = 64,           /* TCB levels of one document */
    DCAP_LEVEL_ADVISORIES_MAX = 64, /* advisory ids of one level; a verdict merges two levels */
    DCAP_ADVISORY_ID_MAX = 64,      /* characters of one advisory id */

    DCAP_ENDORSEMENTS_MAX = 1024 * 1024, /* archived collateral in one file */
};

#endif
