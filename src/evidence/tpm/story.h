/*
 * story - a measured boot in sentences, for people
 *
 * Rule     a sentence says when its data is not what was measured; nothing may be decided by it
 * Source   TCG PC Client Firmware Profile, "PCR usage"; the TPM contract, 9.5 to 12
 */
#ifndef CUPEL_EVIDENCE_TPM_STORY_H
#define CUPEL_EVIDENCE_TPM_STORY_H

#include "boot.h"

/* What a PCR is for: "firmware code", "Secure Boot policy", ... */
const char *story_pcr(uint32_t pcr);

/* Writes one sentence about an event: `SecureBoot is on`, `starts .../\EFI\BOOT\BOOTX64.EFI`. Text
 * of the sender's is made printable. What cannot be had for want of memory is left out. */
void story_event(struct writer *w, struct arena *a, const struct tpm_event *e);

/* Writes one sentence about an entry of an IMA list. */
void story_ima(struct writer *w, struct arena *a, const struct ima_entry *e);

#endif
