/*
 * enrol_message - what machine and authority say to one another until a key is certified
 *
 * Shape    three JSON objects, carried as files over any channel; bytes in base64url:
 *          {"machine", "ek_certificate", "aik_public"}      the machine asks
 *          {"id", "machine", "blob", "seed"}                the authority's challenge
 *          {"id", "secret"}                                 the machine's answer
 * Rule     a machine's name has 1 to 64 letters, digits, '.', '_' or '-', and begins with no dot;
 *          an id is 32 hexadecimal digits
 * Borrows  the arena
 * Errors   malformed, limit
 * Source   docs/formats/tpm-enrolment.md
 */
#ifndef CUPEL_EVIDENCE_TPM_ENROL_MESSAGE_H
#define CUPEL_EVIDENCE_TPM_ENROL_MESSAGE_H

#include "credential.h"

enum { ENROL_NAME_MAX = 64, ENROL_ID_SIZE = 16, ENROL_BYTES_MAX = 16384 };

struct enrol_request {
    struct span machine;
    struct span ek_cert;    /* DER */
    struct span aik_public; /* TPMT_PUBLIC */
};

struct enrol_challenge {
    struct span id, machine;
    struct tpm_credential credential;
};

struct enrol_answer {
    struct span id, secret;
};

/* Tells whether the text may be a machine's name; a file of the registry is called so. */
bool enrol_name_check(struct span name, struct err *err) MUST_USE;

bool enrol_request_parse(struct span text, struct arena *a, struct enrol_request *out,
                         struct err *err) MUST_USE;
bool enrol_challenge_parse(struct span text, struct arena *a, struct enrol_challenge *out,
                           struct err *err) MUST_USE;
bool enrol_answer_parse(struct span text, struct arena *a, struct enrol_answer *out,
                        struct err *err) MUST_USE;

void enrol_request_write(struct writer *w, const struct enrol_request *m);
void enrol_challenge_write(struct writer *w, const struct enrol_challenge *m);
void enrol_answer_write(struct writer *w, const struct enrol_answer *m);

#endif
