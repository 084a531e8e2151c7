/*
 * routes - what the public listener answers to: one row each
 *
 * Shape    method and path, compared without regard to ASCII case after percent-decoding and
 * folding of slashes Rule     every row says which role it needs; a row without one cannot be
 * written Source   rest-api 2, 3.1, 5
 */
#ifndef CUPEL_API_ROUTES_H
#define CUPEL_API_ROUTES_H

#include "api.h"

/* The api versions of the contract. */
enum api_version {
    API_ABSENT,
    API_2018_09_01_PREVIEW,
    API_2020_10_01,
    API_2022_08_01,
    API_2022_09_01_PREVIEW,
    API_2022_09_01,
    API_2023_04_01_PREVIEW,
    API_2025_06_01,
    API_2026_03_11_PREVIEW,
    API_MANAGEMENT, /* any version of the control plane */
    API_UNKNOWN
};

enum route_version { VERSION_OPTIONAL, VERSION_REQUIRED, VERSION_2018_ONLY, VERSION_MANAGEMENT };

/* One request being answered. */
struct call {
    struct api *api;
    const struct http_request *request;
    const struct route *route;
    struct api_exchange *x;
    enum api_version version;
    struct span instance;               /* the name of the instance that is spoken to */
    const struct store_instance *at;    /* the instance itself; NULL: nothing is kept */
    const struct access_caller *caller; /* once call_caller was asked */
    struct err caller_err;              /* why there is none that is known */
    int64_t now;
    const uint8_t *entropy; /* API_ENTROPY bytes */
    struct span request_id; /* value of x-ms-request-id */
    struct span
        client_id; /* x-ms-client-request-id, when it is to be echoed; in the exchange's arena */
};

typedef enum api_step route_fn(struct call *call);

struct route {
    enum http_method method;
    const char *path; /* normal form, lower case; "{name}" stands for any one piece */
    route_fn *run;
    enum route_version version;
    enum access_need need_2018; /* with 2018-09-01-preview */
    enum access_need need;      /* with every later version */
    const char *argument;       /* the attestation type, where the path names one */
    const char *summary;        /* for the manual */
};

extern const struct route routes[];
extern const size_t route_count;

/* Finds the row. NULL: no such path (*path_exists false), or the path under other methods only
 * (true). */
const struct route *route_find(enum http_method method, struct span normal_path, bool *path_exists);

/* What a path answers to, as the Allow header tells it: "GET, HEAD" (RFC 9110, 10.2.1). */
bool route_methods(struct span normal_path, struct arena *a, struct span *out,
                   struct err *err) MUST_USE;

/* The word for a method; empty for one that no route has. */
const char *route_method_name(enum http_method method);

/* Decodes, folds repeated and trailing slashes and lowers ASCII letters. */
bool route_normal_path(struct arena *a, struct span path, struct span *out,
                       struct err *err) MUST_USE;

/* The issuer of what is signed for the instance of the call: its base URL, no trailing slash. */
struct span call_issuer(const struct call *call);

/* Who calls; found out when it is first asked. Never NULL: somebody unknown when what was brought
 * does not hold (caller_err says why), or nothing was. */
const struct access_caller *call_caller(struct call *call);

/* Tells whether the caller may do that in the instance of the call. */
bool call_may(struct call *call, enum access_action action);

/* True when the caller has what the route needs; otherwise the refusal is written. */
bool call_check_access(struct call *call) MUST_USE;

/* The version of the data plane, or API_MANAGEMENT for one of the control plane. */
enum api_version api_version_find(struct span text);
enum api_version api_version_find_management(struct span text);

/* The i-th version that is served, oldest first, for the manual; NULL after the last. */
const char *api_version_name(size_t i, bool is_management);

/* The version as the contract writes it. */
struct span api_version_text_of(enum api_version version);

#endif
