/*
 * event_type - what each type of event is called, what its data is, and whether its digest covers
 * that data
 *
 * Rule     the type itself is not measured: nothing may be decided by it that the digest of the
 *          data does not confirm
 * Source   TCG PC Client Platform Firmware Profile, "Event Types"; the TPM contract, 9.5
 */
#ifndef CUPEL_EVIDENCE_TPM_EVENT_TYPE_H
#define CUPEL_EVIDENCE_TPM_EVENT_TYPE_H

#include "../../base/span.h"

enum {
    EV_NO_ACTION = 0x00000003,
    EV_SEPARATOR = 0x00000004,
    EV_ACTION = 0x00000005,
    EV_EVENT_TAG = 0x00000006,
    EV_COMPACT_HASH = 0x0000000C,
    EV_IPL = 0x0000000D,
    EV_TXT_FIRST = 0x00000401, /* the range of Intel TXT */
    EV_TXT_LAST = 0x000004FF,
};
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EV_EFI_VARIABLE_BOOT          0x80000002u
#define EV_EFI_APPLICATION            0x80000003u
#define EV_EFI_GPT_EVENT              0x80000006u
#define EV_EFI_ACTION                 0x80000007u
#define EV_EFI_VARIABLE_AUTHORITY     0x800000E0u

/* What the digest is made over, as the specification has it. */
enum digest_rule {
    DIGEST_OF_DATA,     /* the data */
    DIGEST_OF_OTHER,    /* something the data only describes */
    DIGEST_OF_VARIABLE, /* the data, or the value of the variable in it */
    DIGEST_BY_VENDOR,   /* not said: the data where it comes out so */
};

/* How the data is laid out. */
enum data_shape {
    DATA_RAW,
    DATA_TEXT,
    DATA_VARIABLE,
    DATA_IMAGE,
    DATA_GPT,
    DATA_TAGGED,
    DATA_SEPARATOR,
};

struct event_type {
    uint32_t number;
    const char *name;
    enum digest_rule rule;
    enum data_shape shape;
    const char *meaning; /* for people */
};

extern const struct event_type event_types[];
extern const size_t event_type_count;

/* The row of a type, or NULL for one that is not listed. */
const struct event_type *event_type_find(uint32_t number);

enum { EVENT_TYPE_TEXT = 40 };

/* The name, or the number as "0x..." where there is none, in buf (EVENT_TYPE_TEXT bytes). */
const char *event_type_show(uint32_t number, char *buf);

#endif
