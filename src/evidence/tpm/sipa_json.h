/*
 * sipa_json - Windows records as the members of a JSON object
 *
 * Rule     several records of one id are an array where the table says so; elsewhere equal values
 *          count once and different ones become an array, so that a later one hides no earlier one
 * Source   the TPM contract, 15
 */
#ifndef CUPEL_EVIDENCE_TPM_SIPA_JSON_H
#define CUPEL_EVIDENCE_TPM_SIPA_JSON_H

#include "sipa.h"

/* Writes the measured records as one object. */
bool sipa_json_write(struct writer *w, const struct sipa *first, struct arena *a,
                     struct err *err) MUST_USE;

/* Tells whether any record, at any depth, is marked as not measured. */
bool sipa_has_unmeasured(const struct sipa *first);

/* Writes those, wherever they lie, as one object. */
bool sipa_json_write_unmeasured(struct writer *w, const struct sipa *first, struct arena *a,
                                struct err *err) MUST_USE;

/* Writes {"RawData": base64url}. */
void raw_json_write(struct writer *w, struct span bytes);

#endif
