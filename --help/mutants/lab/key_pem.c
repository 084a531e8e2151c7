/*
 * A lab key as a file that other programs read: PKCS #8 around RFC 5915.
 */
#include "lab_in.h"

#include "../src/format/der.h"
#include "../src/format/pem.h"

static void write_ec_private(struct writer *w, const struct lab_key *key)
{
    size_t whole = der_begin(w, DER_SEQUENCE), point;

    der_write_uint(w, DER_INTEGER, 1);
    der_write(w, DER_OCTET_STRING, span_of(key->d, sizeof key->d));
    point = der_begin(w, DER_CONTEXT_CONSTRUCTED(1));
    der_write_bits(w, span_of(key->point, sizeof key->point));
    der_end(w, point);
    der_end(w, whole);
}

static void write_pkcs8(struct writer *w, const struct lab_key *key)
{
    size_t whole = der_begin(w, DER_SEQUENCE), at;

    der_write_uint(w, DER_INTEGER, 0);
    at = der_begin(w, DER_SEQUENCE);
    der_write_oid(w, "1.2.840.10045.2.1");
    der_write_oid(w, "1.2.840.10045.3.1.7");
    der_end(w, at);
    at = der_begin(w, DER_OCTET_STRING);
    write_ec_private(w, key);
    der_end(w, at);
    der_end(w, whole);
}

struct span lab_key_pem(struct arena *a, const struct lab_key *key)
{
    struct writer der = writer_in(a, 256), text = writer_in(a, 512);
    struct span out = { 0 };

    write_pkcs8(&der, key);
    if (!writer_done(&der, &out, NULL))
        return (struct span){ 0 };
    pem_write(&text, "PRIVATE KEY", out);
    return writer_done(&text, &out, NULL) ? out : (struct span){ 0 };
}
