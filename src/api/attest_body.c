#include "../base/b64.h"
#include "../base/utf8.h"
#include "../format/json.h"
#include "attest_v1.h"

/* 1 MiB of body, names that differ in case only are duplicates. */
static const struct json_limits body_limits = {
    .bytes = 1024 * 1024, .depth = 32, .nodes = 4096, .members = 256, .names_fold_case = true
};

static bool is_absent(const struct json *v)
{
    return !v || v->type == JSON_NULL;
}

static bool fail_type(const struct json *v, const char *want, const char *name, struct err *err)
{
    err_fail_at(err, v->offset, ERR_MALFORMED, "rest-api, 6.1", "needs %s, found %s", want,
                json_type_name(v->type));
    return err_in(err, name);
}

/* A base64 member in any of the forms that clients send. */
static bool read_binary(const struct json *v, const char *name, struct arena *a, struct span *out,
                        struct err *err)
{
    if (v->type != JSON_STRING)
        return fail_type(v, "a string of base64url", name, err);
    return b64_read(a, v->text, B64_TOLERANT, out, err) || err_in(err, name);
}

static bool read_data_type(const struct json *v, enum data_type *out, struct err *err)
{
    char shown[32];

    *out = DATA_BINARY;
    if (is_absent(v))
        return true;
    if (v->type != JSON_STRING)
        return fail_type(v, "a string, \"Binary\" or \"JSON\"", "dataType", err);
    if (v->text.n == 0 || span_is_nocase(v->text, "Binary"))
        return true;
    if (!span_is_nocase(v->text, "JSON")) {
        err_fail_at(err, v->offset, ERR_MALFORMED, "rest-api, 6.1",
                    "needs \"Binary\" or \"JSON\", found \"%s\"",
                    utf8_show(v->text, shown, sizeof shown));
        return err_in(err, "dataType");
    }
    *out = DATA_JSON;
    return true;
}

/* {"data": base64url, "dataType": "Binary" | "JSON"}. A hash of nothing binds nothing: empty data
 * counts as absent. */
static bool read_bound_data(const struct json *v, const char *name, struct arena *a,
                            struct bound_data *out, struct err *err)
{
    const struct json *data;
    enum data_type type = DATA_BINARY;

    *out = (struct bound_data){ 0 };
    if (is_absent(v))
        return true;
    if (v->type != JSON_OBJECT)
        return fail_type(v, "an object with data and dataType", name, err);
    data = json_member_nocase(v, "data");
    if (is_absent(data))
        return true;
    if (!read_binary(data, "data", a, &out->bytes, err))
        return err_in(err, name);
    if (out->bytes.n == 0)
        return true;
    if (!read_data_type(json_member_nocase(v, "dataType"), &type, err))
        return err_in(err, name);
    out->type = type;
    return true;
}

/* A string as it is; one client sends a number, whose digits are kept. */
static bool read_nonce(const struct json *v, struct span *out, struct err *err)
{
    if (is_absent(v))
        return true;
    if (v->type == JSON_STRING) {
        *out = v->text;
        return true;
    }
    if (v->type != JSON_NUMBER)
        return fail_type(v, "a string", "nonce", err);
    for (size_t i = 0; i < v->raw.n; i++)
        if (v->raw.p[i] < '0' || v->raw.p[i] > '9')
            return fail_type(v, "a string or a number of digits only", "nonce", err);
    *out = v->raw;
    return true;
}

static bool read_draft(const struct json *v, struct attest_body *out, struct err *err)
{
    if (is_absent(v))
        return true;
    if (v->type != JSON_STRING)
        return fail_type(v, "a string with policy text", "draftPolicyForAttestation", err);
    out->has_draft_policy = true;
    out->draft_policy = v->text;
    return true;
}

static bool read_held_data(const struct json *v, struct arena *a, struct attest_body *out,
                           struct err *err)
{
    if (is_absent(v))
        return true;
    if (!read_binary(v, "EnclaveHeldData", a, &out->runtime_data.bytes, err))
        return false;
    out->runtime_data.type = out->runtime_data.bytes.n > 0 ? DATA_BINARY : DATA_NONE;
    return true;
}

static bool read_evidence(const struct json *body, const char *member, struct arena *a,
                          struct attest_body *out, struct err *err)
{
    const struct json *v = json_member_nocase(body, member);

    if (is_absent(v)) {
        err_fail(err, ERR_MALFORMED, "rest-api, 6.2", "is required: the evidence in base64url");
        return err_in(err, member);
    }
    return read_binary(v, member, a, &out->evidence, err);
}

bool attest_body_parse(struct span body, const char *evidence_member, bool is_2018, struct arena *a,
                       struct attest_body *out, struct err *err)
{
    const struct json *j = NULL;

    *out = (struct attest_body){ 0 };
    if (!json_parse(span_trim(body), &body_limits, a, &j, err))
        return err_in(err, "body");
    if (j->type != JSON_OBJECT)
        return fail_type(j, "a JSON object", "body", err);
    if (is_2018)
        return read_evidence(j, "quote", a, out, err) &&
               read_held_data(json_member_nocase(j, "EnclaveHeldData"), a, out, err);
    return read_evidence(j, evidence_member, a, out, err) &&
           read_bound_data(json_member_nocase(j, "runtimeData"), "runtimeData", a,
                           &out->runtime_data, err) &&
           read_bound_data(json_member_nocase(j, "initTimeData"), "initTimeData", a,
                           &out->inittime_data, err) &&
           read_draft(json_member_nocase(j, "draftPolicyForAttestation"), out, err) &&
           read_nonce(json_member_nocase(j, "nonce"), &out->nonce, err);
}
