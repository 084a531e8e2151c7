/* What a line of the access file may ask of a client certificate. */
#include "../format/der.h"
#include "identify.h"

#include <string.h>

static const char subject_alternative_name[] = "2.5.29.17";

/* RFC 5280, 4.2.1.6: the tags of the names that are compared. */
static uint8_t tag_of(enum access_field field)
{
    switch (field) {
    case FIELD_EMAIL:
        return DER_CONTEXT(1);
    case FIELD_DNS:
        return DER_CONTEXT(2);
    case FIELD_URI:
        return DER_CONTEXT(6);
    case FIELD_SHA256:
    case FIELD_CN:
    case ACCESS_FIELDS:
        break;
    }
    return 0;
}

/* Names are compared as they stand: "*.example" is a name like any other, and matches itself. */
static bool has_name(const struct cert *cert, uint8_t tag, struct span value)
{
    const struct cert_extension *san = cert_extension_find(cert, subject_alternative_name);
    struct err e = { 0 };
    struct reader r, names;
    bool is_found = false;

    if (!san)
        return false;
    r = reader_over(san->value, &e);
    names = der_enter(&r, DER_SEQUENCE, "names");
    while (reader_left(&names) > 0) {
        uint8_t found = 0;
        struct span name = der_take_any(&names, &found, "name");

        is_found = is_found || (found == tag && span_equal(name, value));
    }
    return reader_join(&r, &names, "names") && reader_done(&r) && is_found;
}

bool identify_certificate_has(const struct access_line *line, const struct cert *cert,
                              const uint8_t digest[SHA256_SIZE])
{
    if (line->kind != ACCESS_CERTIFICATE)
        return false;
    if (line->field == FIELD_SHA256)
        return memcmp(line->digest, digest, SHA256_SIZE) == 0;
    if (line->field == FIELD_CN)
        return cert->subject_cn.n > 0 && span_equal(cert->subject_cn, line->value);
    return has_name(cert, tag_of(line->field), line->value);
}
