/*
 * One machine: its certificates, lists, documents and quote, each from the parameters.
 */
#include "lab_in.h"

#include "../src/base/num.h"
#include "../src/format/der.h"
#include "../src/format/pem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SGX            "1.2.840.113741.1.13.1"
#define URI_ROOT_CRL   "https://lab.invalid/root.crl"
#define URI_PCK_CRL    "https://lab.invalid/pck.crl"
#define CN_PLATFORM    "Lab SGX PCK Platform CA"
#define CN_PROCESSOR   "Lab SGX PCK Processor CA"
#define CERT_LIFE_2020 INT64_C(1577836800) /* 2020-01-01T00:00:00Z */

bool lab_label(uint64_t seed, const char *head, const char *name, char out[LAB_LABEL],
               struct err *err)
{
    int n = seed ? snprintf(out, LAB_LABEL, "%s%" PRIu64 ":%s", head, seed, name)
                 : snprintf(out, LAB_LABEL, "%s%s", head, name);

    if (n < 0 || n >= LAB_LABEL)
        return err_fail(err, ERR_LIMIT, NULL, "a name has at most %d characters with its seed",
                        LAB_LABEL - 1);
    return true;
}

/* name, or name#N on the N-th machine of a seed. */
static bool of_platform(const struct lab_bench *b, const char *name, char out[LAB_LABEL])
{
    int n = b->p->platform ? snprintf(out, LAB_LABEL, "%s#%" PRIu64, name, b->p->platform)
                           : snprintf(out, LAB_LABEL, "%s", name);

    if (n < 0 || n >= LAB_LABEL)
        return err_fail(b->err, ERR_LIMIT, NULL, "a name has at most %d characters", LAB_LABEL - 1);
    return true;
}

bool lab_bench_key(const struct lab_bench *b, const char *name, struct lab_key *out)
{
    char full[LAB_LABEL];
    bool is_own = strcmp(name, "pck") == 0 || strcmp(name, "attestation") == 0;

    if (!is_own)
        return lab_key_of(b->p->seed, name, out, b->err);
    return of_platform(b, name, full) && lab_key_of(b->p->seed, full, out, b->err);
}

bool lab_bench_hash(const struct lab_bench *b, const char *name, bool per_platform, uint8_t out[32])
{
    char own[LAB_LABEL], label[LAB_LABEL];

    if (per_platform && !of_platform(b, name, own))
        return false;
    return lab_label(b->p->seed, "", per_platform ? own : name, label, b->err) &&
           lab_sha256(span_str(label), out, b->err);
}

static const char *ca_key_name(const struct lab_sgx_params *p)
{
    return p->is_processor ? "processor-ca" : "platform-ca";
}

static const char *ca_cn(const struct lab_sgx_params *p)
{
    return p->is_processor ? CN_PROCESSOR : CN_PLATFORM;
}

static bool bench_keys(struct lab_bench *b)
{
    return lab_bench_key(b, "root", &b->root) && lab_bench_key(b, ca_key_name(b->p), &b->ca) &&
           lab_bench_key(b, "pck", &b->pck) && lab_bench_key(b, "tcb-signing", &b->tcb_signing) &&
           lab_bench_key(b, "attestation", &b->attestation);
}

/* The SGX extension: SEQUENCE of (OID, value). */

static size_t pair_begin(struct writer *w, const char *oid)
{
    size_t at = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    return at;
}

static void write_octets(struct writer *w, const char *oid, struct span s)
{
    size_t at = pair_begin(w, oid);

    der_write(w, DER_OCTET_STRING, s);
    der_end(w, at);
}

static void write_number(struct writer *w, const char *oid, uint8_t tag, uint64_t v)
{
    size_t at = pair_begin(w, oid);

    der_write_uint(w, tag, v);
    der_end(w, at);
}

static void write_tcb(struct writer *w, const struct lab_sgx_params *p)
{
    size_t at = pair_begin(w, SGX ".2"), list = der_begin(w, DER_SEQUENCE);
    size_t count = LAB_TCB_COMPONENTS - (p->extension == LAB_EXTENSION_NO_COMPONENT);

    for (unsigned i = 0; i < count; i++) {
        char oid[48];

        snprintf(oid, sizeof oid, SGX ".2.%u", i + 1);
        write_number(w, oid, DER_INTEGER, p->comp[i]);
    }
    write_number(w, SGX ".2.17", DER_INTEGER, p->pcesvn);
    write_octets(w, SGX ".2.18", span_of(p->comp, sizeof p->comp));
    der_end(w, list);
    der_end(w, at);
}

static void write_fmspc(struct writer *w, const struct lab_sgx_params *p)
{
    if (p->extension == LAB_EXTENSION_WRONG_TYPE)
        write_number(w, SGX ".4", DER_INTEGER, 1);
    else
        write_octets(w, SGX ".4", span_of(p->pck_fmspc, sizeof p->pck_fmspc));
}

static void write_configuration(struct writer *w)
{
    static const char *const oids[] = { SGX ".7.1", SGX ".7.2", SGX ".7.3" };
    size_t at = pair_begin(w, SGX ".7"), list = der_begin(w, DER_SEQUENCE);

    for (size_t i = 0; i < COUNT(oids); i++) {
        size_t pair = pair_begin(w, oids[i]);

        der_write_boolean(w, true);
        der_end(w, pair);
    }
    der_end(w, list);
    der_end(w, at);
}

/* Entry i of the extension; a processor's certificate has the first five only. */
static bool write_entry(struct writer *w, const struct lab_bench *b, unsigned i)
{
    uint8_t id[32];

    if ((i == 0 && !lab_bench_hash(b, "ppid", true, id)) ||
        (i == 5 && !lab_bench_hash(b, "platform", true, id)))
        return false;
    switch (i) {
    case 0:
        write_octets(w, SGX ".1", span_of(id, 16));
        break;
    case 1:
        write_tcb(w, b->p);
        break;
    case 2:
        write_octets(w, SGX ".3", span_of(b->p->pck_pceid, sizeof b->p->pck_pceid));
        break;
    case 3:
        write_fmspc(w, b->p);
        break;
    case 4:
        write_number(w, SGX ".5", DER_ENUMERATED, b->p->is_processor ? 0 : 1);
        break;
    case 5:
        write_octets(w, SGX ".6", span_of(id, 16));
        break;
    default:
        write_configuration(w);
    }
    return true;
}

static bool write_sgx(struct writer *w, const struct lab_bench *b)
{
    size_t whole = der_begin(w, DER_SEQUENCE), value, list;
    unsigned count = b->p->is_processor ? 5 : 7;

    der_write_oid(w, SGX);
    value = der_begin(w, DER_OCTET_STRING);
    list = der_begin(w, DER_SEQUENCE);
    for (unsigned i = 0; i < count; i++)
        if (!write_entry(w, b, b->p->extension == LAB_EXTENSION_REVERSED ? count - 1 - i : i))
            return false;
    der_end(w, list);
    der_end(w, value);
    der_end(w, whole);
    return true;
}

static bool make_sgx_extension(const struct lab_bench *b, struct span *out)
{
    static const unsigned times[] = {
        [LAB_EXTENSION_SOUND] = 1,        [LAB_EXTENSION_MISSING] = 0,
        [LAB_EXTENSION_TWICE] = 2,        [LAB_EXTENSION_WRONG_TYPE] = 1,
        [LAB_EXTENSION_NO_COMPONENT] = 1, [LAB_EXTENSION_REVERSED] = 1
    };
    struct writer w = writer_in(b->a, 1024);

    for (unsigned i = 0; i < times[b->p->extension]; i++)
        if (!write_sgx(&w, b))
            return false;
    return writer_done(&w, out, b->err);
}

/* Certificates */

static bool make_root(const struct lab_bench *b, struct span *out)
{
    struct lab_cert c = { .key = &b->root,
                          .signer = &b->root,
                          .cn = b->p->root_cn,
                          .issuer_cn = b->p->root_cn,
                          .not_before = b->p->root_nb,
                          .not_after = b->p->root_na,
                          .is_ca = true,
                          .path_length = 1,
                          .crl_uri = URI_ROOT_CRL };

    return lab_cert_make(b->a, &c, out, b->err);
}

static bool make_ca(const struct lab_bench *b, struct span *out)
{
    struct lab_key signer;
    struct lab_cert c = { .key = &b->ca,
                          .signer = &signer,
                          .cn = ca_cn(b->p),
                          .issuer_cn = b->p->root_cn,
                          .not_before = CERT_LIFE_2020,
                          .not_after = b->p->plat_na,
                          .is_ca = true,
                          .crl_uri = URI_ROOT_CRL };

    return lab_bench_key(b, b->p->plat_signer, &signer) && lab_cert_make(b->a, &c, out, b->err);
}

static bool make_pck(const struct lab_bench *b, struct span *out)
{
    struct lab_key signer;
    struct lab_cert c = { .key = &b->pck,
                          .signer = &signer,
                          .cn = b->p->pck_cn,
                          .issuer_cn = ca_cn(b->p),
                          .not_before = b->p->pck_nb,
                          .not_after = b->p->pck_na,
                          .crl_uri = URI_PCK_CRL };

    return lab_bench_key(b, b->p->pck_signer ? b->p->pck_signer : ca_key_name(b->p), &signer) &&
           make_sgx_extension(b, &c.extensions) && lab_cert_make(b->a, &c, out, b->err);
}

static bool make_tcb_signing(const struct lab_bench *b, struct span *out)
{
    struct lab_key signer;
    struct lab_cert c = { .key = &b->tcb_signing,
                          .signer = &signer,
                          .cn = b->p->ts_cn,
                          .issuer_cn = b->p->root_cn,
                          .not_before = CERT_LIFE_2020,
                          .not_after = b->p->ts_na,
                          .crl_uri = URI_ROOT_CRL };

    return lab_bench_key(b, b->p->ts_signer, &signer) && lab_cert_make(b->a, &c, out, b->err);
}

/* Revocation lists */

static bool add_serial(const struct lab_bench *b, const struct lab_key *key, struct span *list,
                       size_t *count)
{
    uint8_t *p = arena_alloc(b->a, 16, 1);

    if (!p)
        return arena_fail(b->a, b->err);
    list[(*count)++] = span_of(p, 16);
    return lab_serial(key, p, b->err);
}

/* Serial numbers that no certificate has: 63 ones on top, which no lab key happens to give.
 */
static bool add_others(const struct lab_bench *b, size_t n, struct span *list, size_t *count)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *p = arena_alloc(b->a, 16, 1);
        struct writer w = writer_over(p, 16);

        if (!p)
            return arena_fail(b->a, b->err);
        write_u64be(&w, INT64_MAX);
        write_u64be(&w, i);
        list[(*count)++] = span_of(p, 16);
    }
    return true;
}

static bool make_crl(const struct lab_bench *b, const struct lab_revoked *named, struct lab_crl *c,
                     struct span *out)
{
    struct span *list =
        named->others < SIZE_MAX - 3 ? ARENA_ARRAY(b->a, struct span, named->others + 3) : NULL;

    if (!list)
        return arena_fail(b->a, b->err);
    c->serials = list;
    return add_others(b, named->others, list, &c->count) &&
           (!named->pck || add_serial(b, &b->pck, list, &c->count)) &&
           (!named->plat || add_serial(b, &b->ca, list, &c->count)) &&
           (!named->ts || add_serial(b, &b->tcb_signing, list, &c->count)) &&
           lab_crl_make(b->a, c, out, b->err);
}

static bool make_root_crl(const struct lab_bench *b, struct span *out)
{
    struct lab_key signer;
    struct lab_crl c = { .signer = &signer,
                         .issuer_cn = b->p->root_cn,
                         .this_update = b->p->rcrl[0],
                         .next_update = b->p->rcrl[1] };

    return lab_bench_key(b, b->p->rcrl_signer, &signer) && make_crl(b, &b->p->rrev, &c, out);
}

static bool make_pck_crl(const struct lab_bench *b, struct span *out)
{
    const struct lab_sgx_params *p = b->p;
    struct lab_key signer;
    struct lab_crl c = { .signer = &signer,
                         .issuer_cn = p->pcrl_issuer ? p->pcrl_issuer : ca_cn(p),
                         .this_update = p->pcrl[0],
                         .next_update = p->pcrl[1] };

    return lab_bench_key(b, p->pcrl_signer ? p->pcrl_signer : ca_key_name(p), &signer) &&
           make_crl(b, &p->prev, &c, out);
}

/* The set */

static bool make_chain(const struct lab_bench *b, const struct span *certs, size_t count,
                       bool has_nul, struct span *out)
{
    struct writer w = writer_in(b->a, 4096);

    for (size_t i = 0; i < count; i++)
        pem_write(&w, "CERTIFICATE", certs[i]);
    write_fill(&w, 0, has_nul);
    return writer_done(&w, out, b->err);
}

static bool make_chains(const struct lab_bench *b, struct lab_sgx_set *s)
{
    struct span pck[] = { s->pck_der, s->platform_ca_der, s->root_der };
    struct span tcb[] = { s->tcb_signing_der, s->root_der };
    struct span crl[] = { s->platform_ca_der, s->root_der };

    s->pck_chain = b->p->chain;
    return (b->p->chain.p ||
            make_chain(b, pck, b->p->drop_root ? 2 : 3, b->p->chain_nul, &s->pck_chain)) &&
           make_chain(b, tcb, 2, false, &s->tcb_chain) &&
           make_chain(b, tcb, 2, false, &s->qe_chain) &&
           make_chain(b, crl, 2, false, &s->crl_chain) &&
           make_chain(b, &s->root_der, 1, false, &s->root_pem);
}

bool lab_sgx_make(const struct lab_sgx_params *p, struct arena *a, struct lab_sgx_set *out,
                  struct err *err)
{
    struct lab_bench b = { .p = p, .a = a, .err = err };
    struct lab_sgx_set s = { .runtime = lab_runtime(p) };

    if (!bench_keys(&b) || !make_root(&b, &s.root_der) || !make_ca(&b, &s.platform_ca_der) ||
        !make_pck(&b, &s.pck_der) || !make_tcb_signing(&b, &s.tcb_signing_der) ||
        !make_root_crl(&b, &s.root_crl) || !make_pck_crl(&b, &s.pck_crl) ||
        !lab_tcb_info_make(&b, &s.tcb_info) || !lab_qe_identity_make(&b, &s.qe_identity) ||
        !make_chains(&b, &s) || !lab_quote_make(&b, s.pck_chain, &s.quote))
        return false;
    *out = s;
    return true;
}

void lab_sgx_artifacts(const struct lab_sgx_set *set, struct lab_artifact out[LAB_SGX_ARTIFACTS])
{
    const struct lab_artifact list[LAB_SGX_ARTIFACTS] = {
        { "root.der", set->root_der },      { "platform-ca.der", set->platform_ca_der },
        { "pck.der", set->pck_der },        { "tcb-signing.der", set->tcb_signing_der },
        { "root-crl.der", set->root_crl },  { "pck-crl.der", set->pck_crl },
        { "tcb_info.json", set->tcb_info }, { "qe_identity.json", set->qe_identity },
        { "quote.bin", set->quote },
    };

    memcpy(out, list, sizeof list);
}
