/*
 * pem - the textual envelope of certificates, keys and revocation lists
 *
 * Shape    "-----BEGIN LABEL-----", base64 lines, "-----END LABEL-----"; LF or CRLF; white space
 *          between blocks; other text between blocks is refused, as is white space inside a line
 * Errors   malformed (path begin, base64 or end, with the byte's offset); limit (more blocks than
 *          asked for); memory
 * Source   RFC 7468
 */
#ifndef CUPEL_FORMAT_PEM_H
#define CUPEL_FORMAT_PEM_H

#include "../base/arena.h"
#include "../base/writer.h"

struct pem_block {
    struct span label; /* "CERTIFICATE", in the text */
    struct span der;   /* decoded, in the arena */
};

/* Reads all blocks of a text, at least one and at most `most`, each of the given label (NULL: any).
 * A single NUL at the very end is tolerated when tolerate_nul. `out` has room for `most`; on
 * failure *count is left alone and what stands in out has no meaning. */
bool pem_parse(struct span text, const char *label, bool tolerate_nul, size_t most, struct arena *a,
               struct pem_block *out, size_t *count, struct err *err) MUST_USE;

/* Writes one block: 64 columns, LF, final LF. */
void pem_write(struct writer *w, const char *label, struct span der);

#endif
