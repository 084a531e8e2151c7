/*
 * TCB info and QE identity of the lab: compact JSON, members in a fixed order, signed as it stands.
 */
#include "lab_in.h"

#include "../src/base/hex.h"
#include "../src/base/when.h"

#include <string.h>

static const char module_mask[] = "FFFFFFFFFFFFFFFF";

static const struct lab_qe_level tdx_module_levels[] = {
    { 4, "2023-12-01", "UpToDate", { 0 } },
    { 2, "2022-08-01", "OutOfDate", { "00007" } },
    { 1, "2021-01-01", "Revoked", { 0 } },
};

static void write_hex_upper(struct writer *w, struct span s)
{
    static const char digit[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        write_u8(w, (uint8_t)digit[s.p[i] >> 4]);
        write_u8(w, (uint8_t)digit[s.p[i] & 15]);
    }
}

static void write_times(struct writer *w, const int64_t t[2])
{
    char issue[WHEN_TEXT], next[WHEN_TEXT];

    write_format(w, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\"", when_str(t[0], issue),
                 when_str(t[1], next));
}

/* Behind a level's tcb: when and what it means. The member advisoryIDs is absent where there are
 * none. */
static void write_standing(struct writer *w, const char *date, const char *status,
                           const char *const *advisories)
{
    write_format(w, ",\"tcbDate\":\"%sT00:00:00Z\",\"tcbStatus\":\"%s\"", date, status);
    for (size_t i = 0; i < LAB_ADVISORIES && advisories[i]; i++)
        write_format(w, "%s\"INTEL-SA-%s\"", i ? "," : ",\"advisoryIDs\":[", advisories[i]);
    write_text(w, advisories[0] ? "]}" : "}");
}

static void write_components(struct writer *w, const char *name,
                             const uint8_t comp[LAB_TCB_COMPONENTS])
{
    write_format(w, "\"%s\":[", name);
    for (size_t i = 0; i < LAB_TCB_COMPONENTS; i++)
        write_format(w, "%s{\"svn\":%u}", i ? "," : "", comp[i]);
    write_text(w, "]");
}

/* Version 2 names each component by its number. */
static void write_components_v2(struct writer *w, const uint8_t comp[LAB_TCB_COMPONENTS])
{
    for (unsigned i = 0; i < LAB_TCB_COMPONENTS; i++)
        write_format(w, "%s\"sgxtcbcomp%02usvn\":%u", i ? "," : "", i + 1, comp[i]);
}

static bool is_tdx(const struct lab_sgx_params *p)
{
    return strcmp(p->ti_id, "TDX") == 0;
}

/* Only version 3 has an id and numbered lists: anything else is written as version 2 is. */
static bool is_v3(const struct lab_sgx_params *p)
{
    return p->ti_version == 3;
}

static void write_level(struct writer *w, const struct lab_sgx_params *p,
                        const struct lab_level *level)
{
    write_text(w, "{\"tcb\":{");
    if (is_v3(p))
        write_components(w, "sgxtcbcomponents", level->comp);
    else
        write_components_v2(w, level->comp);
    write_format(w, ",\"pcesvn\":%u", level->pcesvn);
    if (is_tdx(p)) {
        write_text(w, ",");
        write_components(w, "tdxtcbcomponents", level->tdx);
    }
    write_text(w, "}");
    write_standing(w, level->date, level->status, level->advisories);
}

static void write_svn_levels(struct writer *w, const struct lab_qe_level *levels, size_t count)
{
    write_text(w, "\"tcbLevels\":[");
    for (size_t i = 0; i < count; i++) {
        write_format(w, "%s{\"tcb\":{\"isvsvn\":%u}", i ? "," : "", levels[i].isv_svn);
        write_standing(w, levels[i].date, levels[i].status, levels[i].advisories);
    }
    write_text(w, "]");
}

static void write_module_identity(struct writer *w)
{
    write_text(w, "\"mrsigner\":\"");
    write_fill(w, '0', 96);
    write_format(w, "\",\"attributes\":\"0000000000000000\",\"attributesMask\":\"%s\"",
                 module_mask);
}

static void write_modules(struct writer *w)
{
    write_text(w, ",\"tdxModule\":{");
    write_module_identity(w);
    write_text(w, "},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\",");
    write_module_identity(w);
    write_text(w, ",");
    write_svn_levels(w, tdx_module_levels, COUNT(tdx_module_levels));
    write_text(w, "}]");
}

/* The value given, or else the bytes as upper-case hex. */
static void write_id(struct writer *w, const char *name, const char *given, struct span bytes)
{
    write_format(w, ",\"%s\":\"", name);
    if (given)
        write_text(w, given);
    else
        write_hex_upper(w, bytes);
    write_text(w, "\"");
}

static void write_tcb_info(struct writer *w, const struct lab_sgx_params *p)
{
    size_t count = p->level_count;
    const struct lab_level *levels = p->levels ? p->levels : lab_levels_for(p->ti_id, &count);

    write_text(w, "{");
    if (is_v3(p))
        write_format(w, "\"id\":\"%s\",", p->ti_id);
    write_format(w, "\"version\":%u,", p->ti_version);
    write_times(w, p->ti);
    write_id(w, "fmspc", p->ti_fmspc, span_of(p->pck_fmspc, sizeof p->pck_fmspc));
    write_id(w, "pceId", p->ti_pceid, span_of(p->pck_pceid, sizeof p->pck_pceid));
    write_format(w, ",\"tcbType\":%u,\"tcbEvaluationDataNumber\":%u", p->tcb_type, p->eval);
    if (is_tdx(p))
        write_modules(w);
    write_text(w, ",\"tcbLevels\":[");
    for (size_t i = 0; i < count; i++) {
        write_text(w, i ? "," : "");
        write_level(w, p, &levels[i]);
    }
    write_text(w, "]}");
}

static void write_qe_identity(struct writer *w, const struct lab_sgx_params *p, struct span signer)
{
    write_format(w, "{\"id\":\"%s\",\"version\":%u,", p->qi_id, p->qi_version);
    write_times(w, p->qi);
    write_format(w, ",\"tcbEvaluationDataNumber\":%u", p->eval);
    write_format(w, ",\"miscselect\":\"%s\",\"miscselectMask\":\"%s\"", p->qi_misc,
                 p->qi_misc_mask);
    write_format(w, ",\"attributes\":\"%s\",\"attributesMask\":\"%s\",\"mrsigner\":\"", p->qi_attr,
                 p->qi_attr_mask);
    write_hex_upper(w, signer);
    write_format(w, "\",\"isvprodid\":%u,", p->qi_prod);
    write_svn_levels(w, p->qe_levels, p->qe_level_count);
    write_text(w, "}");
}

/* text with the first `from` replaced; the text itself where it does not occur. */
static bool edit(struct arena *a, struct lab_edit e, struct span *text, struct err *err)
{
    const uint8_t *at = e.from ? memmem(text->p, text->n, e.from, strlen(e.from)) : NULL;
    struct writer w;
    size_t before;

    if (!e.from)
        return true;
    if (!at)
        return err_fail(err, ERR_MALFORMED, NULL, "the document has no \"%s\" to replace", e.from);
    before = (size_t)(at - text->p);
    w = writer_in(a, text->n + strlen(e.to));
    write_bytes(&w, span_part(*text, 0, before));
    write_text(&w, e.to);
    write_bytes(&w, span_part(*text, before + strlen(e.from), text->n));
    return writer_done(&w, text, err);
}

static bool document(struct arena *a, const char *member, struct span body,
                     const struct lab_key *key, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, body.n + 256);
    uint8_t rs[64];

    if (!lab_sign(key, body, rs, err))
        return false;
    write_format(&w, "{\"%s\":", member);
    write_bytes(&w, body);
    write_text(&w, ",\"signature\":\"");
    hex_write(&w, span_of(rs, sizeof rs));
    write_text(&w, "\"}");
    return writer_done(&w, out, err);
}

struct span lab_sign_document(struct arena *a, const char *member, struct span body,
                              const struct lab_key *key, struct err *err)
{
    struct span out = { 0 };

    return document(a, member, body, key, &out, err) ? out : (struct span){ 0 };
}

/* Signs the body by the key of that name, edited before and after. */
static bool finish(const struct lab_bench *b, const char *member, struct writer *w,
                   const char *signer, const struct lab_edit edits[2], struct span *out)
{
    struct span body = { 0 }, whole = { 0 };
    struct lab_key key;

    if (!writer_done(w, &body, b->err) || !edit(b->a, edits[0], &body, b->err) ||
        !lab_bench_key(b, signer, &key) || !document(b->a, member, body, &key, &whole, b->err) ||
        !edit(b->a, edits[1], &whole, b->err))
        return false;
    *out = whole;
    return true;
}

bool lab_tcb_info_make(const struct lab_bench *b, struct span *out)
{
    struct writer w = writer_in(b->a, 4096);
    struct lab_edit edits[] = { b->p->ti_pre, b->p->ti_post };

    write_tcb_info(&w, b->p);
    return finish(b, "tcbInfo", &w, b->p->ti_signer, edits, out);
}

bool lab_qe_identity_make(const struct lab_bench *b, struct span *out)
{
    struct writer w = writer_in(b->a, 2048);
    struct lab_edit edits[] = { b->p->qi_pre, b->p->qi_post };
    uint8_t derived[32];

    if (!lab_bench_hash(b, "qe signer", false, derived))
        return false;
    write_qe_identity(&w, b->p, b->p->qi_mrs.n > 0 ? b->p->qi_mrs : span_of(derived, 32));
    return finish(b, "enclaveIdentity", &w, b->p->qi_signer, edits, out);
}
