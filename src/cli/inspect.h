/*
 * inspect - what lies in a file: fields by name, with their place and value
 *
 * Shape    a list in the order of the bytes; nothing is verified and nothing here may be trusted
 */
#ifndef CUPEL_CLI_INSPECT_H
#define CUPEL_CLI_INSPECT_H

#include "../base/arena.h"
#include "../base/writer.h"

enum { INSPECT_FIELDS_MAX = 2048 };

struct inspect_field {
    const char *path; /* "quote.header.version" */
    size_t offset;    /* in the file, or ERR_NO_OFFSET for what was decoded out of it */
    size_t length;
    struct span value; /* printable */
};

struct inspection {
    const char *kind; /* "sgx quote", "open enclave report", ... */
    struct span file;
    struct arena *arena;
    struct inspect_field fields[INSPECT_FIELDS_MAX];
    size_t count;
    size_t left_out; /* fields for which there was no room */
};

/* Recognises the file (or takes `type` at its word) and lists its fields. */
bool inspect(struct inspection *i, const char *type, struct err *err) MUST_USE;

/* The parts: bytes of the file as hex; a number; text; a moment. `bytes` decides the place. */
void inspect_hex(struct inspection *i, const char *path, struct span bytes);
void inspect_number(struct inspection *i, const char *path, struct span bytes, uint64_t v,
                    const char *meaning);
void inspect_text(struct inspection *i, const char *path, struct span text);
void inspect_time(struct inspection *i, const char *path, int64_t t);

/* What was made out of bytes, in words. */
void inspect_said(struct inspection *i, const char *path, struct span bytes, struct span value);

/* One for each kind of file. */
bool inspect_quote(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_oe(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_cert(struct inspection *i, const char *under, struct span der,
                  struct err *err) MUST_USE;
bool inspect_crl(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_tcb_info(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_qe_identity(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_log(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_ima(struct inspection *i, struct span bytes, struct err *err) MUST_USE;
bool inspect_token(struct inspection *i, struct span bytes, struct err *err) MUST_USE;

/* Tells whether bytes begin like an IMA list. */
bool inspect_looks_like_ima(struct span bytes);

#endif
