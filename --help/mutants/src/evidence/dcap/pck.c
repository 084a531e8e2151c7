#include "pck.h"

#include "../../format/der.h"

#include <string.h>

#define PROFILE "Intel SGX PCK certificate profile, 1.3.5"

/* Content octets of 1.2.840.113741.1.13.1 and of the TCB below it. */
static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };
static const uint8_t tcb_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x02 };
static const uint8_t config_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x07 };

/* The last arcs, in the order of the profile. */
enum sgx_arc {
    ARC_PPID = 1,
    ARC_TCB,
    ARC_PCE_ID,
    ARC_FMSPC,
    ARC_SGX_TYPE,
    ARC_INSTANCE,
    ARC_CONFIG
};
enum tcb_arc { ARC_PCESVN = TCB_COMPONENTS + 1, ARC_CPU_SVN };
enum config_arc { ARC_DYNAMIC_PLATFORM = 1, ARC_CACHED_KEYS, ARC_SMT_ENABLED };

#define BIT(arc)     ((uint32_t)1 << (arc))
#define BITS_UPTO(n) (BIT((n) + 1) - 2) /* arcs 1 to n */

/* One list of pairs: whose arcs these are, and what is done with each. */
struct pairs {
    struct span parent;
    const char *const *names; /* by arc */
    unsigned count;           /* the highest arc we know */
    void (*take)(struct reader *pair, unsigned arc, const char *name, struct pck *out);
};

/* The arc below the list's own OID; 0 for one that we do not know. */
static unsigned arc_take(struct reader *pair, const struct pairs *p)
{
    size_t at = reader_offset(pair);
    struct span oid = der_take(pair, DER_OID, "oid");
    unsigned arc;

    if (!reader_ok(pair))
        return 0;
    if (oid.n <= p->parent.n || !span_starts(oid, p->parent)) {
        reader_fail_at(pair, at, ERR_MALFORMED, PROFILE, "oid",
                       "is not below the identifier of the list it stands in");
        return 0;
    }
    arc = oid.p[p->parent.n];
    return oid.n == p->parent.n + 1 && arc <= p->count ? arc : 0;
}

static void value_take(struct reader *pair, unsigned arc, const struct pairs *p, struct pck *out)
{
    uint8_t tag;

    if (arc == 0)
        der_take_any(pair, &tag, "unknown");
    else
        p->take(pair, arc, p->names[arc], out);
}

/* Reads a list of pairs in any order and returns a bit for each arc that was there. */
static uint32_t pairs_take(struct reader *list, const struct pairs *p, struct pck *out)
{
    uint32_t seen = 0;

    while (reader_left(list) > 0) {
        size_t at = reader_offset(list);
        struct reader pair = der_enter(list, DER_SEQUENCE, "pair");
        unsigned arc = arc_take(&pair, p);

        if (arc > 0 && (seen & BIT(arc)))
            reader_fail_at(&pair, at, ERR_MALFORMED, PROFILE, p->names[arc], "stands there twice");
        seen |= BIT(arc);
        value_take(&pair, arc, p, out);
        if (!reader_join(list, &pair, "pair"))
            return 0;
    }
    return seen;
}

static void require(struct reader *list, const struct pairs *p, uint32_t seen, uint32_t wanted)
{
    for (unsigned arc = 1; arc <= p->count; arc++)
        if (wanted & ~seen & BIT(arc)) {
            reader_fail(list, ERR_MALFORMED, PROFILE, p->names[arc], "is missing");
            return;
        }
}

static void octets_take(struct reader *r, uint8_t *out, size_t n, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_take(r, DER_OCTET_STRING, name);

    if (!reader_ok(r))
        return;
    if (s.n == n)
        memcpy(out, s.p, n);
    else
        reader_fail_at(r, at, ERR_MALFORMED, PROFILE, name, "has %zu octets, expected %zu", s.n, n);
}

/* S.2: what the platform's security version is made of */

static const char *const tcb_names[] = { NULL,     "comp01", "comp02", "comp03", "comp04",
                                         "comp05", "comp06", "comp07", "comp08", "comp09",
                                         "comp10", "comp11", "comp12", "comp13", "comp14",
                                         "comp15", "comp16", "pcesvn", "cpu_svn" };

static void tcb_take(struct reader *pair, unsigned arc, const char *name, struct pck *out)
{
    if (arc == ARC_CPU_SVN)
        octets_take(pair, out->cpu_svn, sizeof out->cpu_svn, name);
    else if (arc == ARC_PCESVN)
        out->pcesvn = (uint16_t)der_uint(pair, DER_INTEGER, UINT16_MAX, name);
    else
        out->components[arc - 1] = (uint8_t)der_uint(pair, DER_INTEGER, UINT8_MAX, name);
}

static const struct pairs tcb_pairs = {
    { tcb_oid, sizeof tcb_oid }, tcb_names, ARC_CPU_SVN, tcb_take
};

static void tcb_list_take(struct reader *pair, const char *name, struct pck *out)
{
    struct reader list = der_enter(pair, DER_SEQUENCE, name);
    uint32_t seen = pairs_take(&list, &tcb_pairs, out);

    require(&list, &tcb_pairs, seen, BITS_UPTO(ARC_CPU_SVN));
    reader_join(pair, &list, name);
}

/* S.7: how the platform is configured */

static const char *const config_names[] = { NULL, "dynamic_platform", "cached_keys",
                                            "smt_enabled" };

static void config_take(struct reader *pair, unsigned arc, const char *name, struct pck *out)
{
    enum pck_known known = der_boolean(pair, name) ? PCK_YES : PCK_NO;

    if (arc == ARC_DYNAMIC_PLATFORM)
        out->dynamic_platform = known;
    else if (arc == ARC_CACHED_KEYS)
        out->cached_keys = known;
    else
        out->smt_enabled = known;
}

static const struct pairs config_pairs = {
    { config_oid, sizeof config_oid }, config_names, ARC_SMT_ENABLED, config_take
};

static void config_list_take(struct reader *pair, const char *name, struct pck *out)
{
    struct reader list = der_enter(pair, DER_SEQUENCE, name);

    pairs_take(&list, &config_pairs, out);
    reader_join(pair, &list, name);
}

/* S: the extension */

static const char *const sgx_names[] = { NULL,    "ppid",     "tcb",         "pce_id",
                                         "fmspc", "sgx_type", "instance_id", "configuration" };

static void sgx_take(struct reader *pair, unsigned arc, const char *name, struct pck *out)
{
    switch (arc) {
    case ARC_PPID:
        octets_take(pair, out->ppid, sizeof out->ppid, name);
        break;
    case ARC_TCB:
        tcb_list_take(pair, name, out);
        break;
    case ARC_PCE_ID:
        octets_take(pair, out->pce_id, sizeof out->pce_id, name);
        break;
    case ARC_FMSPC:
        octets_take(pair, out->fmspc, sizeof out->fmspc, name);
        break;
    case ARC_SGX_TYPE:
        out->sgx_type =
            (enum pck_sgx_type)der_uint(pair, DER_ENUMERATED, PCK_SGX_SCALABLE_INTEGRITY, name);
        break;
    case ARC_INSTANCE:
        octets_take(pair, out->platform_instance_id, sizeof out->platform_instance_id, name);
        break;
    default:
        config_list_take(pair, name, out);
        break;
    }
}

static const struct pairs sgx_pairs = {
    { sgx_oid, sizeof sgx_oid }, sgx_names, ARC_CONFIG, sgx_take
};

/* Five entries from the processor CA, seven from the platform CA: the last two come together. */
static void entries_check(struct reader *list, uint32_t seen, struct pck *out)
{
    uint32_t platform = BIT(ARC_INSTANCE) | BIT(ARC_CONFIG);

    require(list, &sgx_pairs, seen, BITS_UPTO(ARC_SGX_TYPE));
    if (seen & platform)
        require(list, &sgx_pairs, seen, platform);
    out->has_platform = (seen & platform) == platform;
}

bool pck_extension_parse(struct span value, struct pck *out, struct err *err)
{
    struct reader r = reader_over(value, err);
    struct reader list = der_enter(&r, DER_SEQUENCE, "entries");
    struct pck p = { 0 };

    entries_check(&list, pairs_take(&list, &sgx_pairs, &p), &p);
    reader_join(&r, &list, "entries");
    if (!reader_done(&r))
        return err_in(err, "sgx_extension");
    *out = p;
    return true;
}

bool pck_parse(const struct cert *cert, struct pck *out, struct err *err)
{
    const struct cert_extension *e = cert_extension_find(cert, PCK_EXTENSION_OID);

    if (e)
        return pck_extension_parse(e->value, out, err);
    err_fail(err, ERR_MALFORMED, PROFILE,
             "the certificate has no extension %s, expected in a PCK certificate",
             PCK_EXTENSION_OID);
    return err_in(err, "sgx_extension");
}
