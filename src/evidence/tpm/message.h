/*
 * message - the JSON around the two round trips
 *
 * Shape    {"payload": MESSAGE}, or MESSAGE itself: the answer has the form of the request
 * Borrows  the text and the arena
 * Errors   malformed, limit
 * Source   the TPM contract, 1
 */
#ifndef CUPEL_EVIDENCE_TPM_MESSAGE_H
#define CUPEL_EVIDENCE_TPM_MESSAGE_H

#include "../../base/writer.h"

enum tpm_message_kind { TPM_MESSAGE_INIT, TPM_MESSAGE_REQUEST };

struct tpm_message {
    enum tpm_message_kind kind;
    bool is_wrapped;
    struct span request; /* the compact JWS */
};

/* Reads the first or the third message. */
bool tpm_message_parse(struct span text, struct arena *a, struct tpm_message *out,
                       struct err *err) MUST_USE;

/* Writes the second: the challenge and the sealed context. */
void tpm_message_write_challenge(struct writer *w, bool is_wrapped, struct span challenge,
                                 struct span context);

/* Writes the fourth: the report, a JWT. */
void tpm_message_write_report(struct writer *w, bool is_wrapped, struct span token);

/* The client's side: writes the first and the third, reads the second and the fourth. */
void tpm_message_write_init(struct writer *w, bool is_wrapped);
void tpm_message_write_request(struct writer *w, bool is_wrapped, struct span jws);
bool tpm_message_read_challenge(struct span text, struct arena *a, struct span *challenge,
                                struct span *context, struct err *err) MUST_USE;
bool tpm_message_read_report(struct span text, struct arena *a, struct span *token,
                             struct err *err) MUST_USE;

#endif
