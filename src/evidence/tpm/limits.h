/*
 * limits - how much of everything a sender of measured-boot evidence may send
 *
 * Units    bytes unless the name says otherwise
 * Source   the TPM contract, 1 and 12; real logs are below 100,000 bytes and 200 events, and hold
 *          some 3,000 Windows records
 */
#ifndef CUPEL_EVIDENCE_TPM_LIMITS_H
#define CUPEL_EVIDENCE_TPM_LIMITS_H

enum {
    TPM_LOG_MAX = 4 * 1024 * 1024,          /* one log */
    TPM_LOGS_MAX = 16,                      /* logs of one attestation */
    TPM_EVENTS_MAX = 65536,                 /* events of one log, list entries of one IMA list */
    TPM_EVENT_MAX = 1024 * 1024,            /* data of one event */
    TPM_EVENTS_JSON_MAX = 16 * 1024 * 1024, /* the events as JSON text */
    TPM_LOG_ALGORITHMS_MAX = 8,             /* hash algorithms of one log */
    TPM_TRUST_POINTS_MAX = 4,               /* trust points behind the events of one log */

    TPM_SIPA_DEPTH_MAX = 4,       /* Windows records inside one another */
    TPM_SIPA_RECORDS_MAX = 65536, /* Windows records of one log */

    TPM_SIGNATURES_MAX = 8192,     /* entries of one signature database */
    TPM_DEVICE_NODES_MAX = 64,     /* nodes of one device path */
    TPM_GPT_PARTITIONS_MAX = 128,  /* partitions of one table */
    TPM_IMA_NAME_MAX = 255,        /* name of a template */
    TPM_IMA_DATA_MAX = 256 * 1024, /* template data of one entry */
};

#endif
