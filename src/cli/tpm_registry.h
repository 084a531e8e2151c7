/*
 * tpm_registry - the folder of whoever certifies a fleet's attestation keys
 *
 * Shape    DIR/authority.key.pem, DIR/authority.pem   who signs: made by `init`, or the operator's
 *          DIR/ek/anchors, ek/intermediates, ek/crls  whom to believe about endorsement keys
 *          DIR/pending/ID.json                        challenges not answered yet
 *          DIR/machines/NAME.json                     one enrolled machine each
 *          DIR/lock                                   held while anything is looked at or changed
 * Rule     a name belongs to one endorsement key and an endorsement key to one name, until the
 *          machine is removed; a challenge is answered once, rightly or wrongly
 * Owns     what was read is in the arena
 * Errors   conflict (name or endorsement key taken), missing, malformed, io
 * Source   docs/formats/tpm-enrolment.md
 */
#ifndef CUPEL_CLI_TPM_REGISTRY_H
#define CUPEL_CLI_TPM_REGISTRY_H

#include "../evidence/tpm/enrol_message.h"

enum { REGISTRY_FILE_MAX = 64 * 1024, REGISTRY_SECONDS = 24 * 3600 };

struct tpm_registry {
    const char *dir;
    struct arena *arena;
    int lock_fd;
};

/* Opens the folder and waits for whoever else holds it. */
bool registry_open(const char *dir, struct arena *a, struct tpm_registry *out,
                   struct err *err) MUST_USE;
void registry_close(struct tpm_registry *r);

/* "DIR/name" in the arena, or NULL. */
const char *registry_path(const struct tpm_registry *r, const char *name);

struct registry_machine {
    struct span machine;
    struct span ek_cert_hash; /* SHA-256 of the certificate, hexadecimal */
    struct span ek_key_hash;  /* SHA-256 of the key's SubjectPublicKeyInfo, base64 */
    struct span aik_hash;     /* the same of the attestation key: aikPubHash */
    struct span enrolled;     /* RFC 3339 */
    struct span certificate;  /* DER */
};

/* Tells whether the machine may be enrolled with that endorsement key; conflict otherwise. */
bool registry_admit(const struct tpm_registry *r, struct span machine, struct span ek_key_hash,
                    struct err *err) MUST_USE;

bool registry_put(const struct tpm_registry *r, const struct registry_machine *m,
                  struct err *err) MUST_USE;
bool registry_remove(const struct tpm_registry *r, struct span machine, struct err *err) MUST_USE;

/* All machines by name. */
bool registry_list(const struct tpm_registry *r, const struct registry_machine **out, size_t *count,
                   struct err *err) MUST_USE;

/* What a challenge was made for; the secret itself is not kept. */
struct registry_pending {
    struct span id;
    struct enrol_request request;
    struct span secret_hash; /* SHA-256 */
    int64_t until;
};
bool registry_put_pending(const struct tpm_registry *r, const struct registry_pending *p,
                          struct err *err) MUST_USE;

/* Reads a challenge and forgets it: whatever the answer is, there is no second one. */
bool registry_take_pending(const struct tpm_registry *r, struct span id,
                           struct registry_pending *out, struct err *err) MUST_USE;

#endif
