#include "crl.h"

#include "../base/hex.h"
#include "../base/num.h"
#include "../format/pem.h"

#include <stdlib.h>
#include <string.h>

#include "x509.h"

#define RFC5280 "RFC 5280, 5"
#define LABEL   "X509 CRL"

/* The smallest entry: an INTEGER of one octet and a UTCTime, with their heads and the entry's. */
enum { VERSION_2 = 1, ENTRY_LEAST = 2 + 3 + 15 };

/* Entry extensions tell why and since when; one that names another issuer belongs to an indirect
 * list, and an unknown critical one may change what the entry means. */
static void entry_extension_read(struct reader *list)
{
    struct cert_extension x = { 0 };
    struct reader value, box = x509_extension_enter(list, &x, &value);

    if (reader_ok(&box) && x509_extension_of(x.oid) == X509_CERTIFICATE_ISSUER)
        reader_fail(&box, ERR_UNSUPPORTED, RFC5280 ".3.3", "certificate_issuer",
                    "belongs to an indirect list");
    else if (reader_ok(&box) && x.is_critical)
        reader_fail(&box, ERR_UNSUPPORTED, RFC5280 ".3", "oid", "is unknown and critical");
    reader_rest(&value);
    x509_extension_leave(list, &box, &value, "value");
}

static struct span entry_read(struct reader *entries)
{
    struct reader box = der_enter(entries, DER_SEQUENCE, "entry");
    struct span serial = x509_number_read(&box, "serial");

    der_time(&box, "revocation_date");
    if (reader_left(&box) > 0) {
        struct reader list = der_enter(&box, DER_SEQUENCE, "extensions");

        do
            entry_extension_read(&list);
        while (reader_left(&list) > 0);
        reader_join(&box, &list, "extensions");
    }
    reader_join(entries, &box, "entry");
    return serial;
}

/* As numbers: without leading zeros, the longer one is the larger. */
static int serial_compare(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return x->n == 0 ? 0 : memcmp(x->p, y->p, x->n);
}

/* Room for as many entries as the bytes could hold: less than those bytes take themselves. */
static size_t serials_alloc(struct reader *entries, struct arena *a, struct crl *crl)
{
    size_t most = size_min(reader_left(entries) / ENTRY_LEAST, CRL_ENTRIES_MAX);

    if (!reader_ok(entries))
        return 0;
    crl->serials = ARENA_ARRAY(a, struct span, most);
    if (crl->serials)
        return most;
    entries->has_failed = true;
    arena_fail(a, entries->err);
    return 0;
}

static void entries_read(struct reader *tbs, struct arena *a, struct crl *crl)
{
    struct reader entries = der_enter(tbs, DER_SEQUENCE, "revoked");
    size_t most = serials_alloc(&entries, a, crl);

    while (reader_left(&entries) > 0) {
        struct span serial = entry_read(&entries);

        if (crl->count < most)
            crl->serials[crl->count++] = serial;
        else
            reader_fail(&entries, ERR_LIMIT, NULL, "entry", "is one more than the %d that are read",
                        CRL_ENTRIES_MAX);
    }
    if (reader_join(tbs, &entries, "revoked") && crl->count > 1)
        qsort(crl->serials, crl->count, sizeof *crl->serials, serial_compare);
}

struct seen {
    bool authority, number;
};

static void once(struct reader *box, bool *seen)
{
    if (*seen)
        reader_fail(box, ERR_MALFORMED, RFC5280 ".2", "oid", "occurs a second time");
    *seen = true;
}

static void extension_read(struct reader *list, struct crl *crl, struct seen *seen)
{
    struct cert_extension x = { 0 };
    struct reader value, box = x509_extension_enter(list, &x, &value);
    const char *name = "value";

    switch (x509_extension_of(x.oid)) {
    case X509_AUTHORITY_KEY_ID:
        once(&box, &seen->authority);
        crl->authority_key_id = x509_authority_read(&value);
        name = "authority_key_id";
        break;
    case X509_CRL_NUMBER:
        once(&box, &seen->number);
        crl->number = x509_number_read(&value, "number");
        name = "crl_number";
        break;
    case X509_DELTA_CRL:
    case X509_ISSUING_POINT:
        reader_fail(&box, ERR_UNSUPPORTED, RFC5280 ".2", "oid",
                    "says that the list covers only a part of what its issuer revoked");
        break;
    default:
        /*= RFC 5280, 5.2 */
        /*# If a CRL contains a critical extension that the application cannot process, then the
         *# application MUST NOT use that CRL to determine the status of certificates. */
        if (reader_ok(&box) && x.is_critical)
            reader_fail(&box, ERR_UNSUPPORTED, RFC5280 ".2", "oid", "is unknown and critical");
        reader_rest(&value);
    }
    x509_extension_leave(list, &box, &value, name);
}

static void extensions_read(struct reader *tbs, struct crl *crl)
{
    struct reader box = der_enter(tbs, DER_CONTEXT_CONSTRUCTED(0), "extensions");
    struct reader list = der_enter(&box, DER_SEQUENCE, NULL);
    struct seen seen = { 0 };

    do
        extension_read(&list, crl, &seen);
    while (reader_left(&list) > 0);
    if (reader_ok(&list) && !seen.number)
        reader_fail(&list, ERR_MALFORMED, RFC5280 ".2.3", "crl_number", "is not there");
    if (reader_ok(&list) && crl->authority_key_id.n == 0)
        reader_fail(&list, ERR_MALFORMED, RFC5280 ".2.1", "authority_key_id", "is not there");
    reader_join(&box, &list, NULL);
    reader_join(tbs, &box, "extensions");
}

static void version_read(struct reader *tbs)
{
    size_t at = reader_offset(tbs);
    uint64_t v = 0;

    if (der_peek(tbs) == DER_INTEGER)
        v = der_uint(tbs, DER_INTEGER, UINT32_MAX, "version");
    /*= RFC 5280, 5.1.2.1 */
    /*# When extensions are used, as required by this profile, this field MUST be present and MUST
     *# specify version 2 (the integer value is 1). */
    if (reader_ok(tbs) && v != VERSION_2)
        reader_fail_at(tbs, at, ERR_MALFORMED, RFC5280 ".1.2.1", "version",
                       "is %llu, expected 1 (version 2)", (unsigned long long)v);
}

static void dates_read(struct reader *tbs, struct crl *crl)
{
    crl->this_update = der_time(tbs, "this_update");
    crl->next_update = der_time(tbs, "next_update");
    if (reader_ok(tbs) && crl->next_update < crl->this_update)
        reader_fail(tbs, ERR_MALFORMED, RFC5280 ".1.2.5", "next_update",
                    "is earlier than this_update");
}

/* TBSCertList */
static void tbs_read(struct reader *tbs, struct arena *a, struct crl *crl, struct span *algorithm)
{
    struct span cn;

    version_read(tbs);
    x509_algorithm_read(tbs, "algorithm", algorithm, &crl->sig_alg);
    x509_name_read(tbs, "issuer", &crl->issuer, &cn);
    dates_read(tbs, crl);
    if (der_peek(tbs) == DER_SEQUENCE)
        entries_read(tbs, a, crl);
    extensions_read(tbs, crl);
}

static void list_read(struct reader *box, struct arena *a, struct crl *crl)
{
    struct span inner = { 0 }, outer = { 0 };
    enum sig_alg outer_alg = SIG_ES256;
    size_t from = box->at;
    struct reader tbs = der_enter(box, DER_SEQUENCE, "tbs");

    crl->tbs = span_part(box->in, from, box->at - from);
    tbs_read(&tbs, a, crl, &inner);
    reader_join(box, &tbs, "tbs");
    x509_algorithm_read(box, "algorithm", &outer, &outer_alg);
    /*= RFC 5280, 5.1.1.2 */
    /*# This field MUST contain the same algorithm identifier as the signature field in the sequence
     *# tbsCertList. */
    if (reader_ok(box) && !span_equal(inner, outer))
        reader_fail(box, ERR_MALFORMED, RFC5280 ".1.1.2", "algorithm",
                    "differs from the one inside the signed part");
    crl->signature = der_bits(box, "signature");
}

static bool der_parse(struct span der, struct arena *a, struct crl *out, struct err *err)
{
    struct err none = { 0 };
    struct crl crl = { .der = der };
    struct reader r = reader_over(der, err ? err : &none);
    struct reader box = der_enter(&r, DER_SEQUENCE, "crl");

    list_read(&box, a, &crl);
    if (!reader_join(&r, &box, "crl"))
        return false;
    if (!reader_done(&r))
        return err_in(r.err, "crl");
    *out = crl;
    return true;
}

/* Tells whether the bytes are one element of DER by its own length. */
static bool is_element(struct span s)
{
    struct err none = { 0 };
    struct reader r = reader_over(s, &none);

    der_take(&r, DER_SEQUENCE, NULL);
    return reader_done(&r);
}

static bool is_hex(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) < 0)
            return false;
    return s.n > 0;
}

static bool pem_read(struct span text, struct arena *a, struct span *out, struct err *err)
{
    struct pem_block block = { 0 };
    size_t count = 0;

    if (!pem_parse(text, LABEL, false, 1, a, &block, &count, err))
        return err_in(err, "crl");
    *out = block.der;
    return true;
}

/* What is DER by its own length is DER, whatever its last byte: a list whose signature ends in a
 * zero must not lose it to the search for a final NUL. */
bool crl_parse(struct span input, struct arena *a, struct crl *out, struct err *err)
{
    struct span in = input, der = { 0 };

    if (!is_element(in) && in.n > 0 && in.p[in.n - 1] == 0)
        in.n--;
    if (span_starts(in, span_str("-----BEGIN " LABEL "-----")))
        return pem_read(in, a, &der, err) && der_parse(der, a, out, err);
    if (is_hex(in))
        return hex_read_dup(a, in, &der, err) ? der_parse(der, a, out, err) : err_in(err, "crl");
    return der_parse(in, a, out, err);
}

bool crl_verify(struct crypto *c, const struct crl *crl, struct pubkey *issuer_key, struct err *err)
{
    return pubkey_verify_der(c, issuer_key, crl->sig_alg, crl->tbs, crl->signature, err) ||
           err_in(err, "signature");
}

bool crl_lists(const struct crl *crl, struct span serial)
{
    while (serial.n > 0 && serial.p[0] == 0)
        serial = span_part(serial, 1, serial.n - 1);
    return crl->count > 0 &&
           bsearch(&serial, crl->serials, crl->count, sizeof serial, serial_compare) != NULL;
}
