#include "policy_v1.h"

#include "../base/utf8.h"
#include "../format/json.h"
#include "../format/uri.h"
#include "../service/policies.h"
#include "document.h"
#include "errors.h"
#include "making.h"
#include "refusal.h"
#include "token_answer.h"

/* Reading. */

/* The document in force: as it was received, or the default as one. */
static bool find_document(struct call *call, struct span type, struct span *out, struct err *err)
{
    const struct store_policy *p =
        call->at ? state_policy(call->x->state, call->instance, type) : NULL;
    struct span profile = call->at ? call->at->policy_profile : (struct span){ 0 };

    if (p) {
        *out = p->jws;
        return true;
    }
    return policies_wrap(
        attest_default_policy(api_service(call->api), policies_type(type), profile),
        &call->x->arena, out, err);
}

static enum api_step answer_document(struct call *call, struct span document)
{
    struct claim_set claims = claim_set_in(&call->x->arena);
    struct err err = { 0 };

    return claim_add_string(&claims, "x-ms-policy", document, &err)
               ? token_ask_management(call, &claims)
               : api_refuse_err(call, &err);
}

enum api_step policy_get(struct call *call)
{
    struct span document = { 0 };
    struct err err = { 0 };

    return find_document(call, span_str(call->route->argument), &document, &err)
               ? answer_document(call, document)
               : api_refuse_err(call, &err);
}

/* Changing. */

static bool judge(struct making *m)
{
    struct call *call = m->call;
    const struct proposal p = { .crypto = attest_crypto(api_service(call->api)),
                                .state = call->x->state,
                                .instance = call->at,
                                .jws = m->document,
                                .now = call->now };
    const struct policies_wish wish = { .type = m->type,
                                        .is_reset = m->change.kind == CHANGE_POLICY_RESET,
                                        .takes_plain = call->version == API_2018_09_01_PREVIEW };
    struct policies_result *r = ARENA_NEW(&call->x->arena, struct policies_result);

    if (!r) {
        api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
        return false;
    }
    policies_judge(&p, &wish, &call->x->arena, r);
    if (r->is_taken) {
        if (r->has_signer_expired)
            making_remark(call, "the certificate of the policy's signer is not valid now");
        m->change.policy = r->policy;
        m->change.policy.instance = call->instance;
    } else if (r->no.why == PROPOSAL_POLICY_TEXT) {
        refuse_policy(call, r->policy.text, &r->diagnostic, &r->no.err);
    } else {
        refuse_proposal(call, &r->no);
    }
    return r->is_taken;
}

static enum api_step done_set(struct making *m)
{
    struct claim_set claims = claim_set_in(&m->call->x->arena);
    const struct store_policy *p = &m->change.policy;
    struct err err = { 0 };

    if (!claim_add_string(&claims, "x-ms-policy-result", span_str("Updated"), &err) ||
        !claim_add_string(&claims, "x-ms-policy-token-hash", p->token_hash, &err) ||
        (p->signer.n > 0 && !claim_add_json(&claims, "x-ms-policy-signer", p->signer, &err)))
        return api_refuse_err(m->call, &err);
    return token_ask_management(m->call, &claims);
}

/* Nothing else is said, whoever signed. */
static enum api_step done_reset(struct making *m)
{
    struct claim_set claims = claim_set_in(&m->call->x->arena);
    struct err err = { 0 };

    return claim_add_string(&claims, "x-ms-policy-result", span_str("Removed"), &err)
               ? token_ask_management(m->call, &claims)
               : api_refuse_err(m->call, &err);
}

static enum api_step change_to(struct call *call, struct span document, const char *type,
                               enum change_kind kind)
{
    const struct making m = { .call = call,
                              .judge = judge,
                              .done = kind == CHANGE_POLICY_SET ? done_set : done_reset,
                              .document = document,
                              .type = span_str(type),
                              .change = { .kind = kind } };

    return making_begin(&m);
}

static enum api_step change_by_body(struct call *call, const char *type, enum change_kind kind)
{
    struct span document = { 0 };
    struct err err = { 0 };

    return document_read(call->request->body, "AttestationPolicy", &call->x->arena, &document, &err)
               ? change_to(call, document, type, kind)
               : api_refuse_err(call, &err);
}

enum api_step policy_set(struct call *call)
{
    return change_by_body(call, call->route->argument, CHANGE_POLICY_SET);
}

enum api_step policy_reset(struct call *call)
{
    return change_by_body(call, call->route->argument, CHANGE_POLICY_RESET);
}

/* 2018-09-01-preview. */

/* The type that the query names; NULL: the refusal is written. */
static const char *find_tee(struct call *call)
{
    struct span path, query, tee = { 0 };
    struct err err = { 0 };
    bool found = false;
    const char *type;
    char shown[48];

    uri_split(call->request->target, &path, &query);
    if (!uri_query(&call->x->arena, query, "tee", &found, &tee, &err)) {
        api_refuse_err(call, &err);
        return NULL;
    }
    type = found ? policies_type(tee) : NULL;
    if (!type)
        api_refuse_text(call, API_ERROR_PARAMETER,
                        "tee: needs an attestation type, for example SgxEnclave; found \"%s\"",
                        utf8_show(tee, shown, sizeof shown));
    return type;
}

/* The document that our own answer to an update holds. */
static bool open_update(struct call *call, struct span token, struct span *out, struct err *err)
{
    struct crypto *c = attest_crypto(api_service(call->api));
    const struct jwt_check_wish wish = { .now = call->now, .is_management = true };
    struct jwks *keys = jwks_new(c, attest_jwks(api_service(call->api)), err);
    struct jwt_parts parts = { 0 };
    bool is_ours = keys && jwt_verify(c, token, keys, &wish, &call->x->arena, &parts, err) &&
                   json_get_string(parts.payload_json, "x-ms-policy", out, err);

    jwks_free(keys);
    return is_ours;
}

/* Our own token is known by its header: a policy's has no `jku`. */
static bool is_update(struct call *call, struct span document)
{
    struct jws jws = { 0 };
    struct err err = { 0 };

    return jws_parse(document, &call->x->arena, &jws, &err) && json_member(jws.header_json, "jku");
}

enum api_step policy_2018_set(struct call *call)
{
    const char *type = find_tee(call);
    struct span document = { 0 };
    struct err err = { 0 };

    if (!type)
        return API_ANSWERED;
    if (!document_read(call->request->body, "AttestationPolicy", &call->x->arena, &document, &err))
        return api_refuse_err(call, &err);
    if (is_update(call, document) && !open_update(call, document, &document, &err))
        return api_refuse_text(call, API_ERROR_OPERATION, "the policy update token: %s%s%s",
                               err.path, err.path[0] ? ": " : "", err.text);
    return change_to(call, document, type, CHANGE_POLICY_SET);
}

enum api_step policy_2018_reset(struct call *call)
{
    const char *type = find_tee(call);

    return type ? change_by_body(call, type, CHANGE_POLICY_RESET) : API_ANSWERED;
}

/* {"policy":"<JWS>"} */
enum api_step policy_2018_get(struct call *call)
{
    const char *type = find_tee(call);
    struct span document = { 0 }, body = { 0 };
    struct err err = { 0 };
    struct writer w;

    if (!type)
        return API_ANSWERED;
    if (!find_document(call, span_str(type), &document, &err))
        return api_refuse_err(call, &err);
    w = writer_in(&call->x->arena, document.n + 16);
    write_text(&w, "{\"policy\":");
    json_write_string(&w, document);
    write_u8(&w, '}');
    return writer_done(&w, &body, &err) ? api_answer(call, body) : api_refuse_err(call, &err);
}

enum api_step policy_2018_update(struct call *call)
{
    const char *type = find_tee(call);
    struct span document = { 0 };
    struct err err = { 0 };

    if (!type)
        return API_ANSWERED;
    return document_read(call->request->body, "AttestationPolicy", &call->x->arena, &document, &err)
               ? answer_document(call, document)
               : api_refuse_err(call, &err);
}
