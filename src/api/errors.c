#include "errors.h"

#include "../format/json.h"

#include <stdarg.h>
#include <stdio.h>

/* clang-format off */
const struct api_error_row api_errors[API_ERRORS] = {
    [API_ERROR_UNAUTHORIZED]      = { 401, "Unauthorized",          "no or bad bearer token, or its role is missing" },
    [API_ERROR_VERSION_MISSING]   = { 400, "ApiVersionUnspecified", "the query has no api-version" },
    [API_ERROR_VERSION_UNKNOWN]   = { 400, "UnsupportedApiVersion", "the api-version is none of the contract's" },
    [API_ERROR_PARAMETER]         = { 400, "InvalidParameter",      "the request or its evidence is refused" },
    [API_ERROR_OPERATION]         = { 400, "InvalidOperation",      "not allowed here" },
    [API_ERROR_POLICY_EVALUATION] = { 400, "PolicyEvaluationError", "the policy did not permit" },
    [API_ERROR_POLICY_PARSING]    = { 400, "PolicyParsingError",    "the policy text does not compile" },
    [API_ERROR_NOT_FOUND]         = { 404, "NotFound",              "unknown path or attestation type" },
    [API_ERROR_METHOD]            = { 405, "MethodNotAllowed",      "the path exists under another method" },
    [API_ERROR_RESOURCE_MISSING]  = { 404, "ResourceNotFound",      "the control plane has no such instance" },
    [API_ERROR_CONFLICT]          = { 409, "Conflict",              "the name or address of an instance is taken" },
    [API_ERROR_HOST]              = { 421, "MisdirectedRequest",    "no instance has the address in the Host header" },
    [API_ERROR_CLOSED]            = { 403, "PublicNetworkAccessDisabled", "the instance answers this machine only" },
    [API_ERROR_TOO_LARGE]         = { 413, "RequestTooLarge",       "more than the service reads or works on" },
    [API_ERROR_UNAVAILABLE]       = { 503, "ServiceUnavailable",    "collateral or the signing process is missing" },
    [API_ERROR_INTERNAL]          = { 500, "InternalServerError",   "our own fault" },
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

static void add_error_headers(struct call *call, enum api_error error)
{
    struct http_answer *a = &call->x->answer;

    api_common_headers(call);
    http_answer_add(a, "x-ms-error-code", span_str(api_errors[error].code));
    if (error == API_ERROR_UNAUTHORIZED)
        http_answer_add(a, "WWW-Authenticate", api_challenge(call->api));
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
