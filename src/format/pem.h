/*
 * pem - the textual envelope of certificates, keys and revocation lists
 *
 * Shape    "-----BEGIN LABEL-----", base64 lines, "-----END LABEL-----"; LF or CRLF; white space
 * between blocks, other text between blocks is refused Errors   malformed; limit (more blocks than
 * asked for) Source   RFC 7468
 */
#ifndef CUPEL_FORMAT_PEM_H
#define CUPEL_FORMAT_PEM_H

#include "../base/arena.h"
#include "../base/writer.h"

struct pem_block {
    struct span label; /* "CERTIFICATE" */
    struct span der;   /* decoded, in the arena */
};

/* Reads all blocks of a text, at most `most`, each of the given label (NULL: any). A single NUL at
 * the very end is tolerated when tolerate_nul. */
bool pem_parse(struct span text, const char *label, bool tolerate_nul, size_t most, struct arena *a,
               struct pem_block *out, size_t *count, struct err *err) MUST_USE;

/* Writes one block: 64 columns, LF, final LF. */
void pem_write(struct writer *w, const char *label, struct span der);

#endif
