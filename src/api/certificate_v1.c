#include "certificate_v1.h"

#include "../service/certificates.h"
#include "document.h"
#include "errors.h"
#include "making.h"
#include "refusal.h"
#include "token_answer.h"

/* Under the present name, and under that of the preview: clients of later versions look for it,
 * too. */
enum api_step certificate_get(struct call *call)
{
    struct claim_set claims = claim_set_in(&call->x->arena);
    struct span list = span_str("{\"keys\":[]}");
    struct err err = { 0 };

    if (call->at &&
        !certificates_write(call->x->state, call->instance, &call->x->arena, &list, &err))
        return api_refuse_err(call, &err);
    if (!claim_add_json(&claims, "x-ms-policy-certificates", list, &err) ||
        !claim_add_json(&claims, "aas-policyCertificates", list, &err))
        return api_refuse_err(call, &err);
    return token_ask_management(call, &claims);
}

static bool judge(struct making *m)
{
    struct call *call = m->call;
    const struct proposal p = { .crypto = attest_crypto(api_service(call->api)),
                                .state = call->x->state,
                                .instance = call->at,
                                .jws = m->document,
                                .now = call->now };
    struct certificates_result r;
    struct store_certificate *kept = ARENA_NEW(&call->x->arena, struct store_certificate);

    if (!kept) {
        api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
        return false;
    }
    certificates_judge(&p, m->change.kind == CHANGE_CERTIFICATE_REMOVE, &call->x->arena, &r);
    if (!r.is_taken) {
        refuse_proposal(call, &r.no);
        return false;
    }
    if (r.has_signer_expired)
        making_remark(call, "the certificate that signed the request is not valid now");
    *kept = r.certificate;
    kept->instance = call->instance;
    m->change.certificates = kept;
    m->change.certificate_count = 1;
    return true;
}

/* What the list is like afterwards: the same whether something had to be changed or not. */
static enum api_step done(struct making *m)
{
    struct claim_set claims = claim_set_in(&m->call->x->arena);
    const char *state = m->change.kind == CHANGE_CERTIFICATE_ADD ? "IsPresent" : "IsAbsent";
    struct err err = { 0 };

    if (!claim_add_string(&claims, "x-ms-certificate-thumbprint",
                          m->change.certificates->thumbprint, &err) ||
        !claim_add_string(&claims, "x-ms-policycertificates-result", span_str(state), &err))
        return api_refuse_err(m->call, &err);
    return token_ask_management(m->call, &claims);
}

static enum api_step change(struct call *call, enum change_kind kind, const char *member)
{
    struct making m = { .call = call, .judge = judge, .done = done, .change = { .kind = kind } };
    struct err err = { 0 };

    return document_read(call->request->body, member, &call->x->arena, &m.document, &err)
               ? making_begin(&m)
               : api_refuse_err(call, &err);
}

enum api_step certificate_add(struct call *call)
{
    return change(call, CHANGE_CERTIFICATE_ADD, "policyCertificateToAdd");
}

enum api_step certificate_remove(struct call *call)
{
    return change(call, CHANGE_CERTIFICATE_REMOVE, "policyCertificateToRemove");
}
