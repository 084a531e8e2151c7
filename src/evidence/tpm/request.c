#include "request.h"

#include "../../base/b64.h"

#include <stdio.h>
#include <string.h>

#define CONTRACT "the TPM contract, "

/* ---------------------------------------------------------------- members */

static bool fail_type(const struct json *j, const char *wanted, struct err *err)
{
    return err_fail_at(err, j->offset, ERR_MALFORMED, CONTRACT "3", "needs %s, found a %s", wanted,
                       json_type_name(j->type));
}

/* A member in base64url; absent leaves *out alone, "" gives a span that is empty and not NULL. */
static bool take_bytes(const struct json *o, const char *name, struct arena *a, struct span *out,
                       struct err *err)
{
    const struct json *j = json_member(o, name);

    if (!j)
        return true;
    if (j->type != JSON_STRING)
        return fail_type(j, "a string", err) || err_in(err, name);
    return b64_read(a, j->text, B64_URL, out, err) || err_in(err, name);
}

static bool need_bytes(const struct json *o, const char *name, struct arena *a, struct span *out,
                       struct err *err)
{
    if (!json_member(o, name)) {
        err_fail(err, ERR_MALFORMED, CONTRACT "3", "is missing");
        return err_in(err, name);
    }
    return take_bytes(o, name, a, out, err);
}

static bool take_string(const struct json *o, const char *name, struct span *out, struct err *err)
{
    return !json_member(o, name) || json_get_string(o, name, out, err);
}

static bool take_object(const struct json *o, const char *name, const struct json **out,
                        struct err *err)
{
    return !json_member(o, name) || json_get_object(o, name, out, err);
}

/* Members of the other form: whoever mixes the two may mean that two readers see different things.
 */
static bool refuse_members(const struct json *o, const char *const *names, size_t count,
                           struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (json_member(o, names[i])) {
            err_fail(err, ERR_MALFORMED, CONTRACT "3", "belongs to the other form of requests");
            return err_in(err, names[i]);
        }
    return true;
}

/* ---------------------------------------------------------------- logs */

static bool add_log(struct tpm_statement *s, bool is_ima, enum boot_origin origin,
                    struct span bytes, struct err *err)
{
    if (bytes.n == 0)
        return true;
    if (bytes.n > TPM_LOG_MAX)
        return err_fail(err, ERR_LIMIT, CONTRACT "1", "has %zu bytes, a log may have %d", bytes.n,
                        TPM_LOG_MAX);
    if (s->log_count == TPM_LOGS_MAX)
        return err_fail(err, ERR_LIMIT, CONTRACT "1", "an attestation may have %d logs",
                        TPM_LOGS_MAX);
    s->logs[s->log_count++] = (struct tpm_log_text){ is_ima, origin, bytes };
    return true;
}

static bool read_log(const struct json *j, struct arena *a, struct tpm_statement *s,
                     struct err *err)
{
    struct span type = { 0 }, bytes = { 0 };

    if (j->type != JSON_OBJECT)
        return fail_type(j, "an object", err);
    if (!json_get_string(j, "type", &type, err) || !need_bytes(j, "log", a, &bytes, err))
        return false;
    if (!span_is(type, "TCG") && !span_is(type, "IMA")) {
        err_fail(err, ERR_MALFORMED, CONTRACT "3", "is neither TCG nor IMA");
        return err_in(err, "type");
    }
    return add_log(s, span_is(type, "IMA"), ORIGIN_ANY, bytes, err) || err_in(err, "log");
}

static bool read_logs(const struct json *o, struct arena *a, struct tpm_statement *s,
                      struct err *err)
{
    const struct json *logs = NULL;
    size_t at = 0;

    if (!json_get_array(o, "logs", &logs, err))
        return false;
    for (const struct json *j = logs->child; j; j = j->next, at++) {
        char place[24];

        snprintf(place, sizeof place, "logs[%zu]", at);
        if (!read_log(j, a, s, err))
            return err_in(err, place);
    }
    return true;
}

/* ---------------------------------------------------------------- attestations */

static bool read_aik(const struct json *o, struct arena *a, struct tpm_statement *s,
                     struct err *err)
{
    return take_bytes(o, "aik_cert", a, &s->aik_cert, err) &&
           take_object(o, "aik_pub", &s->aik_pub, err);
}

static bool read_statement(const struct json *o, struct arena *a, struct tpm_statement *s,
                           struct err *err)
{
    return read_logs(o, a, s, err) && read_aik(o, a, s, err) &&
           json_get_array(o, "pcrs", &s->pcrs, err) && need_bytes(o, "quote", a, &s->quote, err) &&
           need_bytes(o, "signature", a, &s->signature, err);
}

static bool take_log(const struct json *o, const char *name, enum boot_origin origin,
                     struct arena *a, struct tpm_statement *s, struct err *err)
{
    struct span bytes = { 0 };

    if (!take_bytes(o, name, a, &bytes, err))
        return false;
    return add_log(s, false, origin, bytes, err) || err_in(err, name);
}

/* The current claim speaks for the resume log where there is one; the boot's, for the boot log. */
static bool read_first_logs(const struct json *t, struct arena *a, struct tpm_request *q,
                            struct err *err)
{
    struct tpm_statement resume = { 0 }, boot = { 0 };

    if (!take_log(t, "srtm_boot_log", ORIGIN_SRTM, a, &boot, err) ||
        !take_log(t, "drtm_boot_log", ORIGIN_DRTM, a, &boot, err) ||
        !take_log(t, "srtm_resume_log", ORIGIN_SRTM, a, &resume, err) ||
        !take_log(t, "drtm_resume_log", ORIGIN_DRTM, a, &resume, err))
        return false;
    q->current = resume.log_count > 0 ? resume : boot;
    if (q->has_boot)
        q->boot = boot;
    return true;
}

static bool read_first_tpm(const struct json *t, struct arena *a, struct tpm_request *q,
                           struct err *err)
{
    static const char *const foreign[] = { "current_attestation", "boot_attestation" };
    struct span current = { 0 }, boot = { 0 };

    if (!refuse_members(t, foreign, COUNT(foreign), err) ||
        !need_bytes(t, "current_claim", a, &current, err) ||
        !take_bytes(t, "boot_claim", a, &boot, err))
        return false;
    q->has_boot = boot.n > 0;
    if (!read_first_logs(t, a, q, err) || !read_aik(t, a, &q->current, err))
        return false;
    q->current.claim = current;
    q->boot.claim = boot;
    q->boot.aik_cert = q->current.aik_cert;
    q->boot.aik_pub = q->current.aik_pub;
    return true;
}

static bool read_second_tpm(const struct json *t, struct arena *a, struct tpm_request *q,
                            struct err *err)
{
    static const char *const foreign[] = { "srtm_boot_log",   "srtm_resume_log", "drtm_boot_log",
                                           "drtm_resume_log", "aik_cert",        "aik_pub",
                                           "current_claim",   "boot_claim" };
    const struct json *current = NULL, *boot = NULL;

    if (!refuse_members(t, foreign, COUNT(foreign), err) ||
        !json_get_object(t, "current_attestation", &current, err) ||
        !take_object(t, "boot_attestation", &boot, err))
        return false;
    if (!read_statement(current, a, &q->current, err))
        return err_in(err, "current_attestation");
    q->has_boot = boot != NULL;
    return !boot || read_statement(boot, a, &q->boot, err) || err_in(err, "boot_attestation");
}

/* ---------------------------------------------------------------- key objects */

static bool read_certify(const struct json *certify, struct arena *a, struct tpm_key_object *k,
                         struct err *err)
{
    k->binding = KEY_BY_CERTIFY;
    return need_bytes(certify, "public", a, &k->area, err) &&
           need_bytes(certify, "certification", a, &k->certification, err) &&
           need_bytes(certify, "signature", a, &k->signature, err);
}

static bool read_info(const struct json *info, struct arena *a, struct tpm_key_object *k,
                      struct err *err)
{
    const struct json *quote = NULL, *certify = NULL;

    k->is_ncrypt = json_member(info, "vbs_ncrypt") != NULL;
    if (!take_object(info, "tpm_quote", &quote, err) ||
        !take_object(info, "tpm_certify", &certify, err))
        return false;
    if (quote && certify)
        return err_fail(err, ERR_MALFORMED, CONTRACT "4",
                        "a key is bound by the quote or certified, not both");
    if (quote) {
        k->binding = KEY_BY_QUOTE;
        return json_get_string(quote, "hash_alg", &k->hash_alg, err) || err_in(err, "tpm_quote");
    }
    return !certify || read_certify(certify, a, k, err) || err_in(err, "tpm_certify");
}

static bool read_key(const struct json *o, struct arena *a, struct tpm_key_object *k,
                     struct err *err)
{
    const struct json *info = NULL;

    k->json = o;
    if (!json_get_object(o, "jwk", &k->jwk, err) || !take_object(o, "info", &info, err))
        return false;
    return !info || read_info(info, a, k, err) || err_in(err, "info");
}

static bool read_other_keys(const struct json *d, struct arena *a, struct tpm_request *q,
                            struct err *err)
{
    const struct json *keys = NULL;

    if (!json_member(d, "other_keys"))
        return true;
    if (!json_get_array(d, "other_keys", &keys, err))
        return false;
    if (keys->count > TPM_OTHER_KEYS_MAX) {
        err_fail(err, ERR_LIMIT, CONTRACT "3", "holds %zu keys, at most %d", keys->count,
                 TPM_OTHER_KEYS_MAX);
        return err_in(err, "other_keys");
    }
    for (const struct json *j = keys->child; j; j = j->next) {
        char place[24];

        snprintf(place, sizeof place, "other_keys[%zu]", q->other_key_count);
        if (j->type != JSON_OBJECT)
            return fail_type(j, "an object", err) || err_in(err, place);
        if (!read_key(j, a, &q->other_keys[q->other_key_count++], err))
            return err_in(err, place);
    }
    return true;
}

static bool read_keys(const struct json *d, struct arena *a, struct tpm_request *q, struct err *err)
{
    static const char *const first[] = { "attest_key" }, *const second[] = { "request_key",
                                                                             "other_keys" };
    const struct json *key = NULL;

    if (q->form == TPM_FORM_FIRST) {
        if (!refuse_members(d, second, COUNT(second), err) ||
            !json_get_object(d, "attest_key", &key, err))
            return false;
        q->request_key = (struct tpm_key_object){ .json = key, .jwk = key };
        return true;
    }
    if (!refuse_members(d, first, COUNT(first), err) ||
        !json_get_object(d, "request_key", &key, err))
        return false;
    if (!read_key(key, a, &q->request_key, err))
        return err_in(err, "request_key");
    return read_other_keys(d, a, q, err);
}

/* ---------------------------------------------------------------- custom claims */

static bool read_custom_bool(struct span text, bool *out)
{
    *out = span_is(text, "true");
    return *out || span_is(text, "false");
}

static bool read_custom_int(struct span text, int64_t *out)
{
    uint64_t v = 0;
    size_t i = text.n > 0 && text.p[0] == '-';
    bool is_negative = i == 1;

    if (text.n == i || text.n - i > 18)
        return false;
    for (; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    }
    *out = is_negative ? -(int64_t)v : (int64_t)v;
    return true;
}

/* The value's text: a string's characters, or a number or boolean as it stands. */
static struct span value_text(const struct json *value)
{
    return value->type == JSON_STRING ? value->text : value->raw;
}

static bool set_value(struct claim *c, struct span type, const struct json *value, struct err *err)
{
    struct span text = value_text(value);

    if (type.n == 0 || span_is_nocase(type, "string")) {
        c->type = CLAIM_STRING;
        c->text = value->text;
        return value->type == JSON_STRING ||
               err_fail(err, ERR_MALFORMED, CONTRACT "2", "needs a string, found a %s",
                        json_type_name(value->type));
    }
    if (span_is_nocase(type, "bool") || span_is_nocase(type, "boolean")) {
        c->type = CLAIM_BOOL;
        return read_custom_bool(text, &c->boolean) ||
               err_fail(err, ERR_MALFORMED, CONTRACT "2", "is neither true nor false");
    }
    if (span_is_nocase(type, "int") || span_is_nocase(type, "integer")) {
        c->type = CLAIM_INT;
        return read_custom_int(text, &c->integer) ||
               err_fail(err, ERR_MALFORMED, CONTRACT "2", "is no integer of up to 18 digits");
    }
    return err_fail(err, ERR_MALFORMED, CONTRACT "2", "is of a type that custom claims have not");
}

static bool read_custom(const struct json *j, struct claim *out, struct err *err)
{
    struct span name = { 0 }, type = { 0 };
    const struct json *value = json_member(j, "value");
    struct claim c = { .issuer = ISSUER_CLIENT };

    if (j->type != JSON_OBJECT)
        return fail_type(j, "an object", err);
    if (!json_get_string(j, "name", &name, err) || !take_string(j, "value_type", &type, err))
        return false;
    if (!value || name.n == 0)
        return err_fail(err, ERR_MALFORMED, CONTRACT "2", "needs a name and a value");
    if (name.n + value_text(value).n > TPM_CUSTOM_CLAIM_MAX)
        return err_fail(err, ERR_LIMIT, CONTRACT "1", "has %zu bytes, a custom claim may have %d",
                        name.n + value_text(value).n, TPM_CUSTOM_CLAIM_MAX);
    c.name = name;
    if (!set_value(&c, type, value, err))
        return err_in(err, "value");
    *out = c;
    return true;
}

static bool read_customs(const struct json *d, struct tpm_request *q, struct err *err)
{
    const struct json *list = NULL;
    size_t at = 0;

    if (!json_member(d, "custom_claims"))
        return true;
    if (!json_get_array(d, "custom_claims", &list, err))
        return false;
    if (list->count > TPM_CUSTOM_CLAIMS_MAX) {
        err_fail(err, ERR_LIMIT, CONTRACT "1", "holds %zu claims, at most %d", list->count,
                 TPM_CUSTOM_CLAIMS_MAX);
        return err_in(err, "custom_claims");
    }
    for (const struct json *j = list->child; j; j = j->next, at++) {
        struct claim ignored;
        char place[32];

        snprintf(place, sizeof place, "custom_claims[%zu]", at);
        if (!read_custom(j, &ignored, err))
            return err_in(err, place);
    }
    q->custom_claims = list;
    return true;
}

bool tpm_custom_claims_add(const struct json *claims, struct span prefix, struct claim_set *set,
                           struct err *err)
{
    for (const struct json *j = claims ? claims->child : NULL; j; j = j->next) {
        struct writer name = writer_in(set->arena, prefix.n + 64);
        struct claim c;

        if (!read_custom(j, &c, err))
            return false;
        write_bytes(&name, prefix);
        write_bytes(&name, c.name);
        if (!writer_done(&name, &c.name, err) || !claim_add(set, &c, err))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- the whole */

static bool check_challenge(const struct tpm_request *q, struct err *err)
{
    if (q->challenge.n >= TPM_CHALLENGE_MIN && q->challenge.n <= TPM_CHALLENGE_MAX)
        return true;
    err_fail(err, ERR_MALFORMED, CONTRACT "1", "has %zu bytes, expected %d to %d", q->challenge.n,
             TPM_CHALLENGE_MIN, TPM_CHALLENGE_MAX);
    return err_in(err, "challenge");
}

/* rp_data comes back as it came, so it is kept as text; that it is base64url is checked. */
static bool read_texts(const struct json *d, struct arena *a, struct tpm_request *q,
                       struct err *err)
{
    struct span ignored = { 0 };

    return take_string(d, "rp_id", &q->rp_id, err) && take_string(d, "rp_data", &q->rp_data, err) &&
           take_bytes(d, "rp_data", a, &ignored, err) &&
           need_bytes(d, "challenge", a, &q->challenge, err) && check_challenge(q, err) &&
           take_bytes(d, "service_context", a, &q->service_context, err);
}

/* What both types of attestation have. */
static bool read_common(const struct json *d, struct arena *a, struct tpm_request *q,
                        struct err *err)
{
    const struct json *t = NULL;

    if (!read_texts(d, a, q, err) || !json_get_object(d, "tpm_att_data", &t, err))
        return false;
    if (!(q->form == TPM_FORM_FIRST ? read_first_tpm(t, a, q, err) : read_second_tpm(t, a, q, err)))
        return err_in(err, "tpm_att_data");
    return read_keys(d, a, q, err) && read_customs(d, q, err);
}

static bool read_vsm_report(const struct json *d, struct arena *a, struct tpm_request *q,
                            struct err *err)
{
    const struct json *report = NULL, *enclave = NULL;

    if (q->form == TPM_FORM_FIRST)
        return need_bytes(d, "vsm_report", a, &q->vsm_report, err);
    if (!json_get_object(d, "vsm_report", &report, err))
        return false;
    if (json_get_object(report, "enclave", &enclave, err)) {
        if (need_bytes(enclave, "report", a, &q->vsm_report, err))
            return true;
        err_in(err, "enclave");
    }
    return err_in(err, "vsm_report");
}

static bool read_data(const struct json *d, struct arena *a, struct tpm_request *q, struct err *err)
{
    static const char *const inside[] = { "tpm_att_data", "attest_key", "request_key", "challenge",
                                          "service_context" };
    static const char *const outside[] = { "report_signed", "vsm_report" };
    const struct json *inner = NULL;

    if (!q->is_vbs)
        return refuse_members(d, outside, COUNT(outside), err) && read_common(d, a, q, err);
    if (!refuse_members(d, inside, COUNT(inside), err) ||
        !json_get_object(d, "report_signed", &inner, err) || !read_vsm_report(d, a, q, err))
        return false;
    q->report_signed = inner->raw;
    return read_common(inner, a, q, err) || err_in(err, "report_signed");
}

bool tpm_request_read(struct tpm_request *q, struct arena *a, struct err *err)
{
    struct json_limits limits = json_limits_default;
    const struct json *root = NULL, *data = NULL;
    struct span type = { 0 };

    limits.bytes = TPM_REQUEST_MAX;
    if (!json_parse(q->jws.payload, &limits, a, &root, err))
        return err_in(err, "payload");
    if (!json_get_string(root, "att_type", &type, err) ||
        !json_get_object(root, "att_data", &data, err))
        return false;
    if (!span_is(type, "basic") && !span_is(type, "vbs")) {
        err_fail(err, ERR_MALFORMED, CONTRACT "2", "is neither basic nor vbs");
        return err_in(err, "att_type");
    }
    q->is_vbs = span_is(type, "vbs");
    return read_data(data, a, q, err) || err_in(err, "att_data");
}

bool tpm_request_open(struct span text, struct arena *a, struct tpm_request *out, struct err *err)
{
    struct tpm_request q = { 0 };

    if (!jws_parse_within(text, TPM_REQUEST_MAX, a, &q.jws, err) ||
        !take_string(q.jws.header_json, "typ", &q.typ, err))
        return false;
    *out = q;
    return true;
}

bool tpm_request_form(const struct tpm_request *q, enum tpm_form *out)
{
    bool is_second = span_is(q->typ, "attReqV2");

    if (!is_second && !span_is(q->typ, "attReq"))
        return false;
    *out = is_second ? TPM_FORM_SECOND : TPM_FORM_FIRST;
    return true;
}
