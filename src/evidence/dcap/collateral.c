#include "collateral.h"

#include "../../base/when.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/hex.h"
#include "../../format/pem.h"
#include "certification.h"
#include "container.h"
#include "prepared.h"

#define SPEC_CRL "the SGX contract, 4"

/* A list of CRL_ENTRIES_MAX entries and its index, the documents, and room for the rest. */
enum { COLLATERAL_MEMORY_MAX = 256 * 1024 * 1024 };

struct preparation {
    struct crypto *crypto;
    const struct root_list *roots;
    struct dcap_collateral *k;
};

static void settle(struct dcap_step *step, bool holds)
{
    step->holds = holds;
}

/* The text as it was received, or why there is nothing to read. */
static bool need_file(struct span file, const char *name, struct err *err)
{
    if (file.n > 0)
        return true;
    return err_fail(err, ERR_MISSING, NULL, "%s is empty or not there", name);
}

/* The root list belongs to the caller and may be gone before the set is. */
static bool keep_signer(const struct preparation *p, struct dcap_list *list, struct span point,
                        struct err *err)
{
    list->signer_key = arena_dup(&p->k->arena, point);
    return list->signer_key.p ? true : arena_fail(&p->k->arena, err);
}

/* Whichever accepted root made the list: the checks compare it with the platform's own root. */
static bool find_root_crl_signer(const struct preparation *p, struct dcap_list *list,
                                 struct err *err)
{
    for (size_t i = 0; i < p->roots->count; i++) {
        struct err no = { 0 };
        struct pubkey *key = pubkey_new_p256(p->crypto, p->roots->items[i].point, &no);
        bool holds = key && crl_verify(p->crypto, &list->crl, key, &no);

        pubkey_free(key);
        if (holds)
            return keep_signer(p, list, p->roots->items[i].point, err);
        if (err_is_ours(&no)) {
            *err = no;
            return false;
        }
    }
    return err_fail(err, ERR_UNTRUSTED, SPEC_CRL,
                    "the list's signature holds under none of the %zu accepted roots",
                    p->roots->count);
}

static bool prepare_root_crl(const struct preparation *p, struct dcap_list *list)
{
    struct dcap_collateral *k = p->k;
    struct err *err = &list->step.err;

    return need_file(k->files.root_ca_crl, "root_ca_crl.der", err) &&
           crl_parse(k->files.root_ca_crl, &k->arena, &list->crl, err) &&
           find_root_crl_signer(p, list, err);
}

static bool check_pck_crl_signer(const struct preparation *p, struct dcap_list *list,
                                 const struct cert *authority, struct err *err)
{
    struct pubkey *key;
    bool holds;

    if (!span_equal(list->crl.issuer, authority->subject))
        return err_fail(err, ERR_UNTRUSTED, SPEC_CRL,
                        "the list's issuer is not the authority of its chain");
    key = pubkey_new_p256(p->crypto, authority->point, err);
    holds = key && crl_verify(p->crypto, &list->crl, key, err);
    pubkey_free(key);
    list->signer_key = authority->point;
    return holds;
}

static bool prepare_pck_authority(const struct preparation *p, struct err *err)
{
    struct dcap_collateral *k = p->k;

    return need_file(k->files.pck_crl_issuer_chain, "pck_crl_issuer_chain.pem", err) &&
           authority_chain_read(k->files.pck_crl_issuer_chain, &k->arena, &k->pck_authority,
                                &k->pck_root, err);
}

/* The list is believed for the key that signed it. That this key is the platform's authority, and
 * that the authority leads to a root, is established with the platform's own chain. */
static bool prepare_pck_crl(const struct preparation *p, struct dcap_list *list)
{
    struct dcap_collateral *k = p->k;
    struct err *err = &list->step.err;

    if (!need_file(k->files.pck_crl, "pck_crl.der", err) ||
        !crl_parse(k->files.pck_crl, &k->arena, &list->crl, err))
        return false;
    if (!k->pck_authority_step.holds) {
        *err = k->pck_authority_step.err;
        return err_in(err, "pck_crl_issuer_chain");
    }
    return check_pck_crl_signer(p, list, &k->pck_authority, err);
}

static bool check_document_signature(const struct preparation *p, struct dcap_document *d)
{
    struct err *err = &d->signature.err;
    struct pubkey *key = pubkey_new_p256(p->crypto, d->chain.signer.point, err);
    bool holds = key && pubkey_verify(p->crypto, key, SIG_ES256, d->json.body,
                                      span_of(d->json.signature, sizeof d->json.signature), err);

    pubkey_free(key);
    return holds;
}

/* True when the document's content may be read. */
static bool prepare_document(const struct preparation *p, struct dcap_document *d, struct span text,
                             struct span chain,
                             bool (*envelope)(struct span, struct arena *, struct signed_json *,
                                              struct err *))
{
    struct arena *a = &p->k->arena;

    settle(&d->chain_step,
           signing_chain_prepare(chain, p->roots, p->crypto, a, &d->chain, &d->chain_step.err));
    settle(&d->envelope, envelope(text, a, &d->json, &d->envelope.err));
    if (!d->chain_step.holds || !d->envelope.holds)
        return false;
    settle(&d->signature, check_document_signature(p, d));
    return d->signature.holds;
}

static void prepare_documents(const struct preparation *p)
{
    struct dcap_collateral *k = p->k;
    struct dcap_document *ti = &k->tcb_info_document, *qi = &k->qe_identity_document;

    if (prepare_document(p, ti, k->files.tcb_info, k->files.tcb_info_issuer_chain, tcb_info_open))
        settle(&ti->shape, tcb_info_parse(ti->json.body, &k->arena, &k->tcb_info, &ti->shape.err));
    if (prepare_document(p, qi, k->files.qe_identity, k->files.qe_identity_issuer_chain,
                         qe_identity_open))
        settle(&qi->shape,
               qe_identity_parse(qi->json.body, &k->arena, &k->qe_identity, &qi->shape.err));
}

/* Every endorsement is hashed as a text with the NUL at its end counted. */
static bool hash_text(const struct preparation *p, struct span text, struct span *hex,
                      struct err *err)
{
    const struct span parts[] = { text, span_of("", 1) };
    uint8_t sum[SHA256_SIZE];

    if (!digest(p->crypto, DIGEST_SHA256, parts, COUNT(parts), sum, err))
        return false;
    *hex = hex_dup(&p->k->arena, span_of(sum, sizeof sum));
    return hex->p ? true : arena_fail(&p->k->arena, err);
}

static bool hash_pem(const struct preparation *p, const char *label, const struct span *ders,
                     size_t count, struct span *hex, struct err *err)
{
    struct writer w = writer_in(&p->k->arena, 4096);
    struct span pem;

    for (size_t i = 0; i < count; i++)
        pem_write(&w, label, ders[i]);
    return writer_done(&w, &pem, err) && hash_text(p, pem, hex, err);
}

static bool hash_chain(const struct preparation *p, const struct dcap_document *d, struct span *hex,
                       struct err *err)
{
    const struct span ders[] = { d->chain.signer.der, d->chain.root.der };

    return !d->chain_step.holds || hash_pem(p, "CERTIFICATE", ders, COUNT(ders), hex, err);
}

static bool prepare_hashes(const struct preparation *p, struct err *err)
{
    struct dcap_collateral *k = p->k;
    struct dcap_hashes *h = &k->hashes;

    if (k->root_crl.step.holds &&
        !hash_pem(p, "X509 CRL", &k->root_crl.crl.der, 1, &h->tcb_info_crl, err))
        return false;
    h->qe_id_crl = h->tcb_info_crl; /* the same list covers both signing certificates */
    return hash_chain(p, &k->tcb_info_document, &h->tcb_info_certs, err) &&
           hash_chain(p, &k->qe_identity_document, &h->qe_id_certs, err) &&
           hash_text(p, k->files.tcb_info, &h->tcb_info, err) &&
           hash_text(p, k->files.qe_identity, &h->qe_id, err);
}

bool root_list_identity(struct crypto *c, const struct root_list *roots, uint8_t out[SHA256_SIZE],
                        struct err *err)
{
    uint8_t sum[SHA256_SIZE] = { 0 };

    for (size_t i = 0; i < roots->count; i++) {
        const struct span parts[] = { span_of(sum, sizeof sum), roots->items[i].point };

        if (!digest(c, DIGEST_SHA256, parts, COUNT(parts), sum, err))
            return false;
    }
    memcpy(out, sum, sizeof sum);
    return true;
}

enum { FILE_COUNT = 7 };

static void list_files(struct dcap_collateral_files *f, struct span *list[FILE_COUNT])
{
    struct span *const all[FILE_COUNT] = {
        &f->tcb_info, &f->tcb_info_issuer_chain, &f->qe_identity, &f->qe_identity_issuer_chain,
        &f->pck_crl,  &f->pck_crl_issuer_chain,  &f->root_ca_crl,
    };

    memcpy(list, all, sizeof all);
}

static bool copy_files(struct dcap_collateral *k, const struct dcap_collateral_files *files,
                       struct err *err)
{
    struct span *list[FILE_COUNT];

    k->files = *files;
    list_files(&k->files, list);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        *list[i] = arena_dup(&k->arena, *list[i]);
        if (!list[i]->p)
            return arena_fail(&k->arena, err);
    }
    return true;
}

/* Two sets are the same when they hold the same bytes, prepared under the same roots. */
static bool make_identity(const struct preparation *p, struct err *err)
{
    struct dcap_collateral *k = p->k;
    struct span *list[FILE_COUNT], parts[FILE_COUNT + 1];
    uint8_t sums[FILE_COUNT + 1][SHA256_SIZE];

    list_files(&k->files, list);
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (!digest_sha256(p->crypto, *list[i], sums[i], err))
            return false;
    if (!root_list_identity(p->crypto, p->roots, sums[FILE_COUNT], err))
        return false;
    for (size_t i = 0; i <= FILE_COUNT; i++)
        parts[i] = span_of(sums[i], SHA256_SIZE);
    return digest(p->crypto, DIGEST_SHA256, parts, COUNT(parts), k->identity, err);
}

/* Trouble of our own must not be remembered as a fault of the vendor's. */
static bool check_own_trouble(const struct dcap_collateral *k, struct err *err)
{
    const struct dcap_document *ti = &k->tcb_info_document, *qi = &k->qe_identity_document;
    const struct dcap_step *steps[] = {
        &k->root_crl.step, &k->pck_authority_step, &k->pck_crl.step, &ti->chain_step,
        &ti->envelope,     &ti->signature,         &ti->shape,       &qi->chain_step,
        &qi->envelope,     &qi->signature,         &qi->shape,
    };

    for (size_t i = 0; i < COUNT(steps); i++)
        if (err_is_ours(&steps[i]->err)) {
            *err = steps[i]->err;
            return false;
        }
    return true;
}

bool dcap_collateral_prepare(struct dcap_collateral *k, struct crypto *c,
                             const struct dcap_collateral_files *files,
                             const struct root_list *roots, struct err *err)
{
    const struct preparation p = { c, roots, k };

    if (!copy_files(k, files, err) || !make_identity(&p, err))
        return false;
    settle(&k->root_crl.step, prepare_root_crl(&p, &k->root_crl));
    settle(&k->pck_authority_step, prepare_pck_authority(&p, &k->pck_authority_step.err));
    settle(&k->pck_crl.step, prepare_pck_crl(&p, &k->pck_crl));
    prepare_documents(&p);
    return check_own_trouble(k, err) && prepare_hashes(&p, err);
}

struct dcap_collateral *dcap_collateral_new(struct crypto *c,
                                            const struct dcap_collateral_files *files,
                                            const struct root_list *roots, struct err *err)
{
    struct dcap_collateral *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    k->arena = arena_over(COLLATERAL_MEMORY_MAX);
    if (dcap_collateral_prepare(k, c, files, roots, err))
        return k;
    dcap_collateral_free(k);
    return NULL;
}

void dcap_collateral_free(struct dcap_collateral *k)
{
    if (!k)
        return;
    arena_fini(&k->arena);
    free(k);
}

struct span dcap_collateral_fmspc(const struct dcap_collateral *k)
{
    if (!k->tcb_info_document.shape.holds)
        return (struct span){ 0 };
    return span_of(k->tcb_info.fmspc, sizeof k->tcb_info.fmspc);
}

uint32_t dcap_collateral_evaluation_number(const struct dcap_collateral *k)
{
    if (!k->tcb_info_document.shape.holds || !k->qe_identity_document.shape.holds)
        return 0;
    return k->tcb_info.evaluation_data_number < k->qe_identity.evaluation_data_number
               ? k->tcb_info.evaluation_data_number
               : k->qe_identity.evaluation_data_number;
}

struct span dcap_collateral_ca(const struct dcap_collateral *k)
{
    return k->pck_authority_step.holds ? k->pck_authority.subject_cn : (struct span){ 0 };
}

struct span dcap_collateral_identity(const struct dcap_collateral *k)
{
    return span_of(k->identity, sizeof k->identity);
}

/* Narrows the window to one more item. */
static void narrow(struct dcap_window *w, int64_t from, int64_t to)
{
    if (from > w->not_before)
        w->not_before = from;
    if (to < w->not_after)
        w->not_after = to;
}

struct dcap_window dcap_collateral_window(const struct dcap_collateral *k)
{
    static const struct dcap_window never = { 0, -1 };
    struct dcap_window w = { 0, WHEN_NEVER };
    const struct dcap_document *documents[] = { &k->tcb_info_document, &k->qe_identity_document };

    if (!k->root_crl.step.holds || !k->pck_crl.step.holds)
        return never;
    narrow(&w, k->root_crl.crl.this_update, k->root_crl.crl.next_update);
    narrow(&w, k->pck_crl.crl.this_update, k->pck_crl.crl.next_update);
    for (size_t i = 0; i < COUNT(documents); i++) {
        if (!documents[i]->shape.holds)
            return never;
        narrow(&w, documents[i]->chain.signer.not_before, documents[i]->chain.signer.not_after);
        narrow(&w, documents[i]->chain.root.not_before, documents[i]->chain.root.not_after);
    }
    narrow(&w, k->tcb_info.issue_date, k->tcb_info.next_update);
    narrow(&w, k->qe_identity.issue_date, k->qe_identity.next_update);
    return w;
}
