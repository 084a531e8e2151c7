/* Targets: qe_identity_open, qe_identity_parse, qe_identity_match, qe_level_find
 *
 * The first 384 bytes are a report, the rest is tried as a document and as a signed body.
 * What must be true: levels are in strictly descending order; a report that matches has the
 * identity's signer and product, and its masked bits. */
#include "qe_identity.h"

#include "../../../fuzz/fuzz.h"

#include <string.h>

static void must_be_sound(const struct qe_identity *id)
{
    must(id->level_count >= 1 && id->level_count <= DCAP_LEVELS_MAX);
    for (size_t i = 0; i < id->level_count; i++) {
        enum tcb_status s = id->levels[i].standing.status;

        must(i == 0 || id->levels[i - 1].isv_svn > id->levels[i].isv_svn);
        must(s == TCB_STATUS_UP_TO_DATE || s == TCB_STATUS_OUT_OF_DATE || s == TCB_STATUS_REVOKED);
        must(qe_level_find(id, id->levels[i].isv_svn) == &id->levels[i]);
    }
    must(id->levels[id->level_count - 1].isv_svn == 0 || !qe_level_find(id, 0));
}

static void must_match(const struct qe_identity *id, const struct sgx_report *report)
{
    struct err e = { 0 };

    if (!qe_identity_match(id, report, &e)) {
        must(e.code == ERR_UNTRUSTED && e.path[0] != '\0');
        return;
    }
    must(!report->is_debug && report->isv_prod_id == id->isv_prod_id);
    must(memcmp(report->mr_signer.p, id->mr_signer, sizeof id->mr_signer) == 0);
    for (size_t i = 0; i < 16; i++)
        must((report->attributes.p[i] & id->attributes_mask[i]) == id->attributes[i]);
    for (size_t i = 0; i < 4; i++)
        must(((report->misc_select >> 8 * i) & id->misc_select_mask[i]) == id->misc_select[i]);
}

static void try_body(struct span body, const struct sgx_report *report, struct arena *a)
{
    struct qe_identity id = { 0 };
    struct err e = { 0 };

    if (qe_identity_parse(body, a, &id, &e)) {
        must_be_sound(&id);
        must_match(&id, report);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0' && e.path[0] == 'q');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct signed_json s = { 0 };
    struct sgx_report report;
    struct err e = { 0 };
    struct reader r = reader_over(span_of(data, size), &e);

    if (sgx_report_parse_qe(&r, &report)) {
        struct span text = reader_rest(&r);

        if (qe_identity_open(text, &a, &s, &e))
            try_body(s.body, &report, &a);
        else
            must(e.code != ERR_NONE && e.text[0] != '\0');
        try_body(text, &report, &a);
    }
    arena_fini(&a);
    return 0;
}
