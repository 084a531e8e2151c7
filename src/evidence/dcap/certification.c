#include "certification.h"

#include <string.h>

#include "../../format/der.h"
#include "../../format/pem.h"

#define APP_A "DCAP quote, App. A, certification data"

enum {
    PPID_SIZE = 16,
    PPID_RSA2048_SIZE = 256,
    PPID_RSA3072_SIZE = 384,
    CHAIN_CERTIFICATES = 3, /* leaf, intermediate, root */
};

/* PPID forms */

static size_t ppid_size(enum certification_type type)
{
    if (type == CERTIFICATION_PPID)
        return PPID_SIZE;
    return type == CERTIFICATION_PPID_RSA2048 ? PPID_RSA2048_SIZE : PPID_RSA3072_SIZE;
}

static bool ppid_parse(struct certification *c, struct err *err)
{
    struct reader r = reader_over(c->data, err);

    c->ppid = reader_take(&r, ppid_size(c->type), "ppid");
    c->cpu_svn = reader_take(&r, 16, "cpu_svn");
    c->pcesvn = reader_u16le(&r, "pcesvn");
    c->pce_id = reader_take(&r, 2, "pce_id");
    return reader_done(&r);
}

/* PEM forms */

static bool blocks_parse(const struct certification *c, struct arena *a, struct pem_block *blocks,
                         size_t *count, struct err *err)
{
    return pem_parse(c->data, "CERTIFICATE", true, DCAP_PEM_CERTIFICATES_MAX, a, blocks, count,
                     err);
}

/* A lone leaf is of use only when it is one certificate and nothing else. */
static bool leaf_check(const struct certification *c, struct arena *a, struct err *err)
{
    struct pem_block blocks[DCAP_PEM_CERTIFICATES_MAX];
    size_t count = 0;
    struct err why = { 0 };

    if (!blocks_parse(c, a, blocks, &count, &why)) {
        if (err_is_ours(&why) || a->is_full)
            return arena_fail(a, err);
        return err_fail(err, ERR_UNSUPPORTED, APP_A,
                        "type 4 is one PCK certificate, and this is not: %.120s", why.text);
    }
    if (count != 1)
        return err_fail(err, ERR_UNSUPPORTED, APP_A,
                        "type 4 is one PCK certificate, found %zu of them", count);
    return true;
}

static bool unsupported(uint16_t type, struct err *err)
{
    static const char *const why[] = {
        [CERTIFICATION_QE_REPORT] = "a quoting enclave's report, which cannot stand here",
        [CERTIFICATION_MANIFEST] = "a platform manifest, which proves no key",
    };

    if (type < COUNT(why) && why[type])
        return err_fail(err, ERR_UNSUPPORTED, APP_A, "type %u is %s", type, why[type]);
    return err_fail(err, ERR_UNSUPPORTED, APP_A, "type %u is not one of 1 to 5", type);
}

static bool data_parse(struct certification *c, struct arena *a, struct err *err)
{
    if (c->type >= CERTIFICATION_PPID && c->type <= CERTIFICATION_PPID_RSA3072)
        return ppid_parse(c, err);
    c->has_certificate = true;
    return c->type == CERTIFICATION_PCK_CHAIN || leaf_check(c, a, err);
}

static bool judge(uint16_t type, struct span data, struct arena *a, struct certification *c,
                  struct err *err)
{
    if (type < CERTIFICATION_PPID || type > CERTIFICATION_PCK_CHAIN)
        return unsupported(type, err);
    if (data.n > DCAP_CERTIFICATION_DATA_MAX)
        return err_fail(err, ERR_LIMIT, APP_A, "%zu bytes, at most %d are taken", data.n,
                        DCAP_CERTIFICATION_DATA_MAX);
    c->type = (enum certification_type)type;
    c->data = data;
    return data_parse(c, a, err);
}

bool certification_parse(uint16_t type, struct span data, struct arena *a,
                         struct certification *out, struct err *err)
{
    struct certification c = { 0 };

    if (!judge(type, data, a, &c, err))
        return err_in(err, "certification");
    *out = c;
    return true;
}

bool certification_has_pck(const struct certification *c, struct err *err)
{
    if (c->has_certificate)
        return true;
    err_fail(err, ERR_UNSUPPORTED, APP_A,
             "PCK certificate not in quote: type %d only names the platform", (int)c->type);
    return err_in(err, "certification");
}

bool certification_leaf(const struct certification *c, struct arena *a, struct span *der,
                        struct err *err)
{
    static const char end[] = "-----END CERTIFICATE-----";
    const size_t n = sizeof end - 1;
    const uint8_t *at = c->data.n > 0 ? memmem(c->data.p, c->data.n, end, n) : NULL;
    struct span first = at ? span_part(c->data, 0, (size_t)(at - c->data.p) + n) : c->data;
    struct pem_block block = { 0 };
    size_t count = 0;

    if (!pem_parse(first, "CERTIFICATE", true, 1, a, &block, &count, err))
        return err_in(err, "certification");
    *der = block.der;
    return true;
}

bool certification_chain(const struct certification *c, struct arena *a, struct pck_chain *out,
                         struct err *err)
{
    struct pem_block blocks[DCAP_PEM_CERTIFICATES_MAX] = { 0 };
    size_t want = c->type == CERTIFICATION_PCK_CHAIN ? CHAIN_CERTIFICATES : 1;
    size_t count = 0;

    if (!blocks_parse(c, a, blocks, &count, err))
        return err_in(err, "certification");
    if (count != want) {
        err_fail(err, ERR_MALFORMED, APP_A, "%zu certificates, expected %zu", count, want);
        return err_in(err, "certification");
    }
    *out = (struct pck_chain){
        .count = count,
        .leaf = blocks[0].der,
        .intermediate = blocks[1].der,
        .root = blocks[2].der,
    };
    return true;
}

/* Carriers */

#define CARRIER_SPEC       "Open Enclave, attested TLS certificates"
#define RAW_QUOTE_OID      "1.2.840.113556.10.1.1" /* an OCTET STRING around the quote */
#define RAW_QUOTE_KIND_OID "1.2.840.113556.10.1.2" /* INTEGER 1 beside it */
#define OE_REPORT_OID      "1.3.6.1.4.1.311.105.1" /* the report itself */

static bool raw_quote_take(const struct cert *cert, struct span value, struct span *out,
                           struct err *err)
{
    const struct cert_extension *kind = cert_extension_find(cert, RAW_QUOTE_KIND_OID);
    struct reader r = reader_over(value, err), k;
    struct span quote = der_take(&r, DER_OCTET_STRING, "quote");

    if (!reader_done(&r))
        return false;
    k = reader_over(kind ? kind->value : (struct span){ 0 }, err);
    if (kind && der_uint(&k, DER_INTEGER, UINT8_MAX, "kind") != 1)
        return err_fail(err, ERR_MALFORMED, CARRIER_SPEC, "the kind beside the quote is not 1");
    if (!reader_done(&k))
        return false;
    *out = quote;
    return true;
}

bool carrier_find(const struct cert *cert, struct carrier *out, struct err *err)
{
    const struct cert_extension *raw = cert_extension_find(cert, RAW_QUOTE_OID);
    const struct cert_extension *oe = cert_extension_find(cert, OE_REPORT_OID);
    struct carrier c = { .kind = CARRIER_NONE };

    if (raw && oe) {
        err_fail(err, ERR_MALFORMED, CARRIER_SPEC,
                 "the certificate carries a raw quote and an Open Enclave report, expected one");
        return err_in(err, "carrier");
    }
    if (raw && !raw_quote_take(cert, raw->value, &c.evidence, err))
        return err_in(err, "carrier");
    if (raw)
        c.kind = CARRIER_RAW_QUOTE;
    else if (oe)
        c = (struct carrier){ .kind = CARRIER_OE_REPORT, .evidence = oe->value };
    *out = c;
    return true;
}
