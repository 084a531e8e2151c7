#include "bound.h"

#include "../../format/json.h"
#include "../dcap/case.h"

#define SPEC_RUNTIME  "the SGX contract, 11.2"
#define SPEC_INITTIME "the SGX contract, 11.3"
#define SPEC_JSON     "the REST contract, 6.1"

/* The first half of a 64-byte field is the digest of data. */
static bool check_digest(const struct dcap_case *c, struct span data, struct span field,
                         const char *spec, const char *what, struct err *err)
{
    uint8_t sum[SHA256_SIZE];

    if (!digest_sha256(c->in->crypto, data, sum, err))
        return false;
    if (span_equal(span_part(field, 0, SHA256_SIZE), span_of(sum, sizeof sum)))
        return true;
    return err_fail(err, ERR_UNTRUSTED, spec, "%s", what);
}

static bool note_absent(char *detail, const char *what)
{
    trail_say(detail, "no ");
    trail_say(detail, what);
    trail_say(detail, " came");
    return true;
}

/* Open Enclave evidence carries its own data behind the quote. */
bool sgx_check_custom_claims(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    if (!c->container.has_custom_claims)
        return note_absent(detail, "custom claims");
    return check_digest(c, c->container.custom_claims, c->quote.report.report_data,
                        "the SGX contract, 2.7",
                        "SHA-256 of the custom claims is not the start of the report data", err);
}

bool sgx_check_runtime_data(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    if (c->in->runtime_data.type == DATA_NONE)
        return note_absent(detail, "runtime data");
    return check_digest(c, c->in->runtime_data.bytes, c->quote.report.report_data, SPEC_RUNTIME,
                        "SHA-256 of runtimeData is not the start of the report data", err);
}

bool sgx_check_inittime_data(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct sgx_report *report = &c->quote.report;

    if (c->in->inittime_data.type == DATA_NONE)
        return note_absent(detail, "init-time data");
    if (!report->has_kss)
        return err_fail(err, ERR_UNTRUSTED, SPEC_INITTIME,
                        "initTimeData came with an enclave that has no configuration id");
    if (!span_is_zero(span_part(report->config_id, SHA256_SIZE, SHA256_SIZE)))
        return err_fail(err, ERR_UNTRUSTED, SPEC_INITTIME,
                        "the second half of the configuration id is not zero");
    return check_digest(c, c->in->inittime_data.bytes, report->config_id, SPEC_INITTIME,
                        "SHA-256 of initTimeData is not the start of the configuration id", err);
}

/* Texts from C come with their terminator: hashed with it, read without. */
static struct span without_zeros(struct span s)
{
    while (s.n > 0 && s.p[s.n - 1] == 0)
        s.n--;
    return s;
}

static bool read_object(const struct dcap_case *c, const struct bound_data *data, const char *name,
                        const struct json **out, struct err *err)
{
    const struct json *json;

    if (data->type != DATA_JSON)
        return true;
    if (!json_parse(without_zeros(data->bytes), &json_limits_default, c->in->arena, &json, err))
        return err_in(err, name);
    if (json->type != JSON_OBJECT) {
        err_fail(err, ERR_MALFORMED, SPEC_JSON, "%s of type JSON is of JSON type %s, not an object",
                 name, json_type_name(json->type));
        return err_in(err, name);
    }
    *out = json;
    return true;
}

bool sgx_check_runtime_json(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    (void)detail;
    return read_object(c, &c->in->runtime_data, "runtimeData", &c->runtime, err);
}

bool sgx_check_inittime_json(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    (void)detail;
    return read_object(c, &c->in->inittime_data, "initTimeData", &c->inittime, err);
}
