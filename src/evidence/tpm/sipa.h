/*
 * sipa - what Windows says about its own boot: records inside tagged events, as trees
 *
 * Shape    u32 id, u32 size, payload, one behind the other; a container's payload is records again,
 *          at most 4 deep
 * Rule     ids that are not known are kept; records marked as not measured, and what lies in them,
 *          are no evidence
 * Borrows  payloads point into the bytes parsed; the tree lies in the arena
 * Errors   malformed (a record that overruns its parent, bytes left over), limit (depth, count);
 *          the path is "records[3].records[0].size"
 * Source   Windows SDK, wbcl.h; the TPM contract, 12 and 15
 */
#ifndef CUPEL_EVIDENCE_TPM_SIPA_H
#define CUPEL_EVIDENCE_TPM_SIPA_H

#include "../../base/arena.h"
#include "../../base/reader.h"
#include "../../base/writer.h"
#include "limits.h"

#define SIPA_IS_CONTAINER  0x40000000u
#define SIPA_IS_UNMEASURED 0x80000000u

enum {
    SIPA_TRUSTBOUNDARY = 0x40010001,
    SIPA_ELAM_AGGREGATION = 0x40010002,
    SIPA_LOADEDMODULE_AGGREGATION = 0x40010003,
    SIPA_BOOTCOUNTER = 0x00020002,
    SIPA_TRANSFER_CONTROL = 0x00020003,
    SIPA_BITLOCKER_UNLOCK = 0x00020005,
    SIPA_EVENTCOUNTER = 0x00020006,
    SIPA_APPLICATION_SVN = 0x00020009,
    SIPA_IDK_GENERATION_STATUS = 0x0002000C,
    SIPA_BOOTDEBUGGING = 0x00040001,
    SIPA_OSKERNELDEBUG = 0x00050001,
    SIPA_CODEINTEGRITY = 0x00050002,
    SIPA_TESTSIGNING = 0x00050003,
    SIPA_SAFEMODE = 0x00050005,
    SIPA_WINPE = 0x00050006,
    SIPA_VSM_LAUNCH_TYPE = 0x00050012,
    SIPA_VSM_IDK_INFO = 0x00050020,
    SIPA_VSM_IDKS_INFO = 0x00050023,
    SIPA_FILEPATH = 0x00070001,
    SIPA_VBS_VSM_REQUIRED = 0x000A0001,
    SIPA_VBS_IOMMU_REQUIRED = 0x000A0003,
    SIPA_VBS_MANDATORY_ENFORCEMENT = 0x000A0006,
};

struct sipa {
    uint32_t id;
    struct span payload;
    const struct sipa *child; /* the first record of a container, or NULL */
    const struct sipa *next;  /* the next record beside it, or NULL */
};

/* How a payload is read, and what it becomes in JSON. */
enum sipa_form {
    SIPA_RECORDS, /* a container: an object */
    SIPA_BOOL,    /* 0 or 1: a boolean */
    SIPA_INT,     /* an integer */
    SIPA_VALUE,   /* an integer with a name: {"Value", "String"} */
    SIPA_BARE,    /* an integer alone in an object: {"Value"} */
    SIPA_TEXT,    /* UTF-16 with NUL: text */
    SIPA_RAW,     /* {"RawData"} */
};

struct sipa_word {
    uint64_t value;
    const char *text;
};

struct sipa_def {
    uint32_t id;
    const char *name; /* without SIPAEVENT_ */
    enum sipa_form form;
    bool is_many;                  /* always an array in JSON */
    const struct sipa_word *words; /* SIPA_VALUE: the names of its values; ended by a NULL text */
    bool has_bits;                 /* the words are bits of the value */
};

extern const struct sipa_def sipa_defs[];
extern const size_t sipa_def_count;

/* The row of an id, or NULL for one that is not listed. */
const struct sipa_def *sipa_def_find(uint32_t id);

/* Reads a sequence of records to its last byte. *budget is how many records may still come; it is
 * lowered. *out is NULL for an empty sequence. */
bool sipa_parse(struct reader *r, struct arena *a, size_t *budget,
                const struct sipa **out) MUST_USE;

/* The payload as an unsigned little-endian number; false unless it has 1 to 8 bytes. */
bool sipa_number(const struct sipa *record, uint64_t *out) MUST_USE;

/* The word for a value of a SIPA_VALUE row, in buf where it must be made. */
enum { SIPA_WORD_TEXT = 96 };
const char *sipa_word(const struct sipa_def *def, uint64_t value, char *buf);

/* Calls visit for each measured record below and beside `first`, parents first, with the outermost
 * record it lies in (itself at the top); stops when it returns false. */
typedef bool sipa_visit(void *arg, const struct sipa *record, const struct sipa *top);
bool sipa_walk(const struct sipa *first, sipa_visit *visit, void *arg);

/* Writes one record; `payload` is complete already. */
void sipa_write(struct writer *w, uint32_t id, struct span payload);

#endif
