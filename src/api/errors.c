#include "errors.h"

#include "../format/json.h"
#include "refused.h"

#include <stdarg.h>
#include <stdio.h>

/* clang-format off */
const struct api_error_row api_errors[API_ERRORS] = {
    [API_ERROR_UNAUTHORIZED]      = { 401, ERR_DENIED,      "Unauthorized",          "no or bad bearer token, or its role is missing" },
    [API_ERROR_VERSION_MISSING]   = { 400, ERR_MALFORMED,   "ApiVersionUnspecified", "the query has no api-version" },
    [API_ERROR_VERSION_UNKNOWN]   = { 400, ERR_UNSUPPORTED, "UnsupportedApiVersion", "the api-version is none of the contract's" },
    [API_ERROR_PARAMETER]         = { 400, ERR_MALFORMED,   "InvalidParameter",      "the request or its evidence is refused" },
    [API_ERROR_NO_POLICY]         = { 400, ERR_MISSING,     "Bad request",           "the TPM route of an instance that has no policy for it" },
    [API_ERROR_OPERATION]         = { 400, ERR_DENIED,      "InvalidOperation",      "not allowed here" },
    [API_ERROR_POLICY_EVALUATION] = { 400, ERR_DENIED,      "PolicyEvaluationError", "the policy did not permit" },
    [API_ERROR_POLICY_PARSING]    = { 400, ERR_MALFORMED,   "PolicyParsingError",    "the policy text does not compile" },
    [API_ERROR_NOT_FOUND]         = { 404, ERR_MISSING,     "NotFound",              "unknown path or attestation type" },
    [API_ERROR_METHOD]            = { 405, ERR_MALFORMED,   "MethodNotAllowed",      "the path exists under another method" },
    [API_ERROR_RESOURCE_MISSING]  = { 404, ERR_MISSING,     "ResourceNotFound",      "the control plane has no such instance" },
    [API_ERROR_CONFLICT]          = { 409, ERR_CONFLICT,    "Conflict",              "the name or address of an instance is taken" },
    [API_ERROR_HOST]              = { 421, ERR_MISSING,     "MisdirectedRequest",    "no instance has the address in the Host header" },
    [API_ERROR_CLOSED]            = { 403, ERR_DENIED,      "PublicNetworkAccessDisabled", "the instance answers this machine only" },
    [API_ERROR_TOO_LARGE]         = { 413, ERR_LIMIT,       "RequestTooLarge",       "more than the service reads or works on" },
    [API_ERROR_UNAVAILABLE]       = { 503, ERR_IO,          "ServiceUnavailable",    "collateral or the signing process is missing" },
    [API_ERROR_INTERNAL]          = { 500, ERR_INTERNAL,    "InternalServerError",   "our own fault" },
};
/* clang-format on */

static const char out_of_memory[] =
    "{\"error\":{\"code\":\"InternalServerError\",\"message\":\"out of memory\"}}";

void api_common_headers(struct call *call)
{
    struct http_answer *a = &call->x->answer;

    http_answer_add(a, "Content-Type", span_str("application/json; charset=utf-8"));
    if (call->request_id.n > 0)
        http_answer_add(a, "x-ms-request-id", call->request_id);
    http_answer_add(a, "x-ms-maa-service-version", api_version_text(call->api));
    if (call->client_id.n > 0)
        http_answer_add(a, "x-ms-client-request-id", call->client_id);
}

enum api_step api_answer(struct call *call, struct span body)
{
    call->x->answer.status = 200;
    call->x->answer.body = body;
    api_common_headers(call);
    return API_ANSWERED;
}

/* Text of our configuration between quotes of a header (RFC 9110, 5.6.4); what could end them or
 * the line is left out. */
static void write_quoted(struct writer *w, struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] >= ' ' && text.p[i] <= '~' && text.p[i] != '"' && text.p[i] != '\\')
            write_u8(w, text.p[i]);
}

/* Who gives tokens, and for what: the instance that was asked, unless the configuration says. */
static void add_challenge(struct call *call)
{
    const struct api_settings *set = api_set(call->api);
    struct span authority = set->token_authority, audience = set->token_audience;
    struct writer w = writer_in(&call->x->arena, 128);
    struct span out = { 0 };

    write_text(&w, "Bearer authorization=\"");
    write_quoted(&w, authority.n > 0 ? authority : call_issuer(call));
    write_text(&w, "\", resource=\"");
    write_quoted(&w, audience.n > 0 ? audience : span_str("https://attest.azure.net"));
    write_u8(&w, '"');
    if (!writer_done(&w, &out, NULL))
        out = span_str("Bearer");
    http_answer_add(&call->x->answer, "WWW-Authenticate", out);
}

static void add_error_headers(struct call *call, enum api_error error)
{
    struct http_answer *a = &call->x->answer;

    api_common_headers(call);
    http_answer_add(a, "x-ms-error-code", span_str(api_errors[error].code));
    if (error == API_ERROR_UNAUTHORIZED)
        add_challenge(call);
}

static enum api_step refuse_with(struct call *call, enum api_error error, struct writer *w)
{
    struct span body = { 0 };

    if (!writer_done(w, &body, NULL)) {
        error = API_ERROR_INTERNAL;
        body = span_str(out_of_memory);
    }
    call->x->answer.status = api_errors[error].status;
    call->x->answer.body = body;
    add_error_headers(call, error);
    return API_ANSWERED;
}

enum api_step api_refuse(struct call *call, enum api_error error, struct span message,
                         struct span inner)
{
    struct writer w = writer_in(&call->x->arena, message.n + inner.n + 96);

    refused_note(call, error, message);
    write_text(&w, "{\"error\":{\"code\":");
    json_write_string(&w, span_str(api_errors[error].code));
    write_text(&w, ",\"message\":");
    json_write_string(&w, message);
    if (inner.n > 0) {
        write_text(&w, ",\"innererror\":");
        write_bytes(&w, inner);
    }
    write_text(&w, "}}");
    return refuse_with(call, error, &w);
}

enum api_step api_refuse_bare(struct call *call, enum api_error error, struct span message)
{
    struct writer w = writer_in(&call->x->arena, message.n + 16);

    refused_note(call, error, message);
    json_write_string(&w, message);
    return refuse_with(call, error, &w);
}

enum api_step api_refuse_text(struct call *call, enum api_error error, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return api_refuse(call, error, span_str(text), (struct span){ 0 });
}

enum api_step api_refuse_err(struct call *call, const struct err *err)
{
    enum api_error error = API_ERROR_PARAMETER;

    if (err->code == ERR_LIMIT)
        error = API_ERROR_TOO_LARGE;
    else if (err_is_ours(err) || err->code == ERR_IO)
        error = API_ERROR_INTERNAL;
    return api_refuse_text(call, error, "%s%s%s", err->path, err->path[0] ? ": " : "", err->text);
}
