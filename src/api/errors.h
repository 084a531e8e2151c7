/*
 * errors - what a caller is told when the answer is no: a status, a code of the contract, a
 * sentence
 *
 * Source   rest-api 4
 */
#ifndef CUPEL_API_ERRORS_H
#define CUPEL_API_ERRORS_H

#include "routes.h"

enum api_error {
    API_ERROR_UNAUTHORIZED,
    API_ERROR_VERSION_MISSING,
    API_ERROR_VERSION_UNKNOWN,
    API_ERROR_PARAMETER,
    API_ERROR_NO_POLICY,
    API_ERROR_OPERATION,
    API_ERROR_POLICY_EVALUATION,
    API_ERROR_POLICY_PARSING,
    API_ERROR_NOT_FOUND,
    API_ERROR_METHOD,
    API_ERROR_RESOURCE_MISSING,
    API_ERROR_CONFLICT,
    API_ERROR_HOST,
    API_ERROR_CLOSED,
    API_ERROR_TOO_LARGE,
    API_ERROR_UNAVAILABLE,
    API_ERROR_INTERNAL,
    API_ERRORS
};

struct api_error_row {
    int status;
    enum err_code class;
    const char *code;
    const char *when; /* for the manual */
};
extern const struct api_error_row api_errors[API_ERRORS];

/* Answers {"error":{"code":..,"message":..}}; `inner` is the JSON text of innererror, or empty. */
enum api_step api_refuse(struct call *call, enum api_error error, struct span message,
                         struct span inner);
enum api_step api_refuse_text(struct call *call, enum api_error error, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Answers a bare JSON string, as 2018-09-01-preview does with 401. */
enum api_step api_refuse_bare(struct call *call, enum api_error error, struct span message);

/* Answers for a failure of the request's own form: limit gives 413, memory 500, the rest 400. */
enum api_step api_refuse_err(struct call *call, const struct err *err);

/* Puts the headers of every answer on it. */
void api_common_headers(struct call *call);

/* An answer of 200 with a JSON body. */
enum api_step api_answer(struct call *call, struct span body);

#endif
