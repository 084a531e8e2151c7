#include "routes.h"

#include "../format/uri.h"
#include "attest_tpm.h"
#include "attest_v1.h"
#include "baseline_v1.h"
#include "certificate_v1.h"
#include "health.h"
#include "metadata.h"
#include "policy_v1.h"
#include "provider_v1.h"

/* clang-format off */
const struct route routes[] = {
    /* method  path                                    handler                version            2018           later          argument        summary */
    { HTTP_POST, "/attest/sgxenclave",                   attest_v1,             VERSION_REQUIRED,  NEED_READ,     NEED_ATTEST,   "SgxEnclave",   "attest an SGX enclave by its quote" },
    { HTTP_POST, "/attest/openenclave",                  attest_v1,             VERSION_REQUIRED,  NEED_READ,     NEED_ATTEST,   "OpenEnclave",  "attest an SGX enclave by its Open Enclave report" },
    { HTTP_POST, "/attest/tee/sgxenclave",               attest_v1,             VERSION_2018_ONLY, NEED_READ,     NEED_ATTEST,   "SgxEnclave",   "the same under its path of 2018-09-01-preview" },
    { HTTP_POST, "/attest/tee/openenclave",              attest_v1,             VERSION_2018_ONLY, NEED_READ,     NEED_ATTEST,   "OpenEnclave",  "the same under its path of 2018-09-01-preview" },
    { HTTP_POST, "/attest/tpm",                          attest_tpm,            VERSION_REQUIRED,  NEED_READ,     NEED_TPM,      "Tpm",          "attest a machine by its TPM, or an enclave of one: two round trips" },
    { HTTP_GET,  "/policies/sgxenclave",                 policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "SgxEnclave",   "the policy in force for SgxEnclave" },
    { HTTP_PUT,  "/policies/sgxenclave",                 policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "SgxEnclave",   "put a policy in force for SgxEnclave" },
    { HTTP_POST, "/policies/sgxenclave:reset",           policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "SgxEnclave",   "go back to the default policy for SgxEnclave" },
    { HTTP_GET,  "/policies/openenclave",                policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "OpenEnclave",  "the policy in force for OpenEnclave" },
    { HTTP_PUT,  "/policies/openenclave",                policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "OpenEnclave",  "put a policy in force for OpenEnclave" },
    { HTTP_POST, "/policies/openenclave:reset",          policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "OpenEnclave",  "go back to the default policy for OpenEnclave" },
    { HTTP_GET,  "/policies/sevsnpvm",                   policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "SevSnpVm",     "the policy in force for SevSnpVm" },
    { HTTP_PUT,  "/policies/sevsnpvm",                   policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "SevSnpVm",     "put a policy in force for SevSnpVm" },
    { HTTP_POST, "/policies/sevsnpvm:reset",             policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "SevSnpVm",     "go back to the default policy for SevSnpVm" },
    { HTTP_GET,  "/policies/tdxvm",                      policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "TdxVm",        "the policy in force for TdxVm" },
    { HTTP_PUT,  "/policies/tdxvm",                      policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "TdxVm",        "put a policy in force for TdxVm" },
    { HTTP_POST, "/policies/tdxvm:reset",                policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "TdxVm",        "go back to the default policy for TdxVm" },
    { HTTP_GET,  "/policies/azureguest",                 policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "AzureGuest",   "the policy in force for AzureGuest" },
    { HTTP_PUT,  "/policies/azureguest",                 policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "AzureGuest",   "put a policy in force for AzureGuest" },
    { HTTP_POST, "/policies/azureguest:reset",           policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "AzureGuest",   "go back to the default policy for AzureGuest" },
    { HTTP_GET,  "/policies/tpm",                        policy_get,            VERSION_REQUIRED,  NEED_READ,     NEED_READ,     "Tpm",          "the policy in force for Tpm" },
    { HTTP_PUT,  "/policies/tpm",                        policy_set,            VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    "Tpm",          "put a policy in force for Tpm" },
    { HTTP_POST, "/policies/tpm:reset",                  policy_reset,          VERSION_REQUIRED,  NEED_DELETE,   NEED_DELETE,   "Tpm",          "go back to the default policy for Tpm" },
    { HTTP_GET,  "/certificates",                        certificate_get,       VERSION_REQUIRED,  NEED_READ,     NEED_READ,     NULL,           "the certificates whose keys sign policies" },
    { HTTP_POST, "/certificates:add",                    certificate_add,       VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    NULL,           "add one" },
    { HTTP_POST, "/certificates:remove",                 certificate_remove,    VERSION_REQUIRED,  NEED_WRITE,    NEED_WRITE,    NULL,           "remove one" },
    { HTTP_POST, "/operations/policy/updatepolicy",      policy_2018_update,    VERSION_2018_ONLY, NEED_WRITE,    NEED_WRITE,    NULL,           "a policy as a token that the next call takes" },
    { HTTP_PUT,  "/operations/policy/current",           policy_2018_set,       VERSION_2018_ONLY, NEED_WRITE,    NEED_WRITE,    NULL,           "put a policy in force, under its path of 2018-09-01-preview" },
    { HTTP_GET,  "/operations/policy/current",           policy_2018_get,       VERSION_2018_ONLY, NEED_READ,     NEED_READ,     NULL,           "the policy in force, under its path of 2018-09-01-preview" },
    { HTTP_POST, "/operations/policy/current",           policy_2018_reset,     VERSION_2018_ONLY, NEED_DELETE,   NEED_DELETE,   NULL,           "go back to the default, under its path of 2018-09-01-preview" },
    { HTTP_GET,  "/operations/policy/certificates",      certificate_get,       VERSION_2018_ONLY, NEED_READ,     NEED_READ,     NULL,           "the policy signers, under their path of 2018-09-01-preview" },
    { HTTP_PUT,  "/operations/policy/certificates",      certificate_add,       VERSION_2018_ONLY, NEED_WRITE,    NEED_WRITE,    NULL,           "add one, under its path of 2018-09-01-preview" },
    { HTTP_POST, "/operations/policy/certificates",      certificate_remove,    VERSION_2018_ONLY, NEED_WRITE,    NEED_WRITE,    NULL,           "remove one, under its path of 2018-09-01-preview" },
    { HTTP_GET,  "/tcbbaselines/sgxenclave",             baseline_get,          VERSION_REQUIRED,  NEED_READ,     NEED_NOTHING,  "SgxEnclave",   "the TCB baselines that there is collateral for" },
    { HTTP_GET,  "/tcbbaselines/openenclave",            baseline_get,          VERSION_REQUIRED,  NEED_READ,     NEED_NOTHING,  "OpenEnclave",  "the same list for OpenEnclave" },
    { HTTP_GET,  "/certs",                               metadata_certs,        VERSION_OPTIONAL,  NEED_NOTHING,  NEED_NOTHING,  NULL,           "the keys that sign tokens" },
    { HTTP_GET,  "/.well-known/openid-configuration",    metadata_discovery,    VERSION_OPTIONAL,  NEED_NOTHING,  NEED_NOTHING,  NULL,           "the OpenID discovery document" },
    { HTTP_GET,  "/servicehealth",                       health_get,            VERSION_OPTIONAL,  NEED_NOTHING,  NEED_NOTHING,  NULL,           "204 while the service answers" },
    { HTTP_GET, "/providers/microsoft.attestation/operations", provider_operations, VERSION_MANAGEMENT, NEED_CALLER, NEED_CALLER, NULL, "the actions that roles are made of" },
    { HTTP_GET, "/subscriptions/{subscription}/providers/microsoft.attestation/attestationproviders", provider_list, VERSION_MANAGEMENT, NEED_CALLER, NEED_CALLER, NULL, "the instances of a subscription that the caller may look at" },
    { HTTP_GET, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders", provider_list, VERSION_MANAGEMENT, NEED_CALLER, NEED_CALLER, NULL, "those of a resource group" },
    { HTTP_GET, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}", provider_get, VERSION_MANAGEMENT, NEED_PROVIDER_READ, NEED_PROVIDER_READ, NULL, "one instance" },
    { HTTP_PUT, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}", provider_put, VERSION_MANAGEMENT, NEED_PROVIDER_WRITE, NEED_PROVIDER_WRITE, NULL, "create an instance, or replace its settings" },
    { HTTP_PATCH, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}", provider_patch, VERSION_MANAGEMENT, NEED_PROVIDER_WRITE, NEED_PROVIDER_WRITE, NULL, "change some settings of an instance" },
    { HTTP_DELETE, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}", provider_delete, VERSION_MANAGEMENT, NEED_PROVIDER_DELETE, NEED_PROVIDER_DELETE, NULL, "delete an instance with its policies, certificates and roles" },
    { HTTP_GET, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}/privateendpointconnections", provider_no_links, VERSION_MANAGEMENT, NEED_PROVIDER_READ, NEED_PROVIDER_READ, NULL, "private connections: none" },
    { HTTP_GET, "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}/privatelinkresources", provider_no_links, VERSION_MANAGEMENT, NEED_PROVIDER_READ, NEED_PROVIDER_READ, NULL, "kinds of private connections: none" },
    { HTTP_GET, "/subscriptions/{subscription}/providers/microsoft.attestation/defaultproviders", provider_defaults, VERSION_MANAGEMENT, NEED_CALLER, NEED_CALLER, NULL, "the default instance, as a list" },
    { HTTP_GET, "/subscriptions/{subscription}/providers/microsoft.attestation/locations/{location}/defaultprovider", provider_defaults, VERSION_MANAGEMENT, NEED_CALLER, NEED_CALLER, NULL, "the default instance, as that of a region" },
};
/* clang-format on */

enum { PATH_MEMORY = 256 * 1024 };

const size_t route_count = COUNT(routes);

static const struct {
    const char *text;
    enum api_version version;
} versions[] = {
    { "2018-09-01-preview", API_2018_09_01_PREVIEW },
    { "2020-10-01", API_2020_10_01 },
    { "2022-08-01", API_2022_08_01 },
    { "2022-09-01-preview", API_2022_09_01_PREVIEW },
    { "2022-09-01", API_2022_09_01 },
    { "2023-04-01-preview", API_2023_04_01_PREVIEW },
    { "2025-06-01", API_2025_06_01 },
    { "2026-03-11-preview", API_2026_03_11_PREVIEW },
};

static const char *const management_versions[] = { "2018-09-01-preview", "2020-10-01",
                                                   "2021-06-01-preview", "2021-06-01" };

enum api_version api_version_find(struct span text)
{
    for (size_t i = 0; i < COUNT(versions); i++)
        if (span_is_nocase(text, versions[i].text))
            return versions[i].version;
    return API_UNKNOWN;
}

struct span api_version_text_of(enum api_version version)
{
    for (size_t i = 0; i < COUNT(versions); i++)
        if (versions[i].version == version)
            return span_str(versions[i].text);
    return (struct span){ 0 };
}

/* What M3 of the TPM contract may have, in base64. */
size_t api_body_limit(const struct http_request *head)
{
    struct arena a = arena_over(PATH_MEMORY);
    struct span path, query, normal = { 0 };
    struct err unused = { 0 };
    bool is_tpm;

    uri_split(head->target, &path, &query);
    is_tpm = route_normal_path(&a, path, &normal, &unused) && span_is(normal, "/attest/tpm");
    arena_fini(&a);
    return is_tpm ? API_TPM_BODY_MAX : API_BODY_MAX;
}

enum api_version api_version_find_management(struct span text)
{
    for (size_t i = 0; i < COUNT(management_versions); i++)
        if (span_is_nocase(text, management_versions[i]))
            return API_MANAGEMENT;
    return API_UNKNOWN;
}

const char *api_version_name(size_t i, bool is_management)
{
    if (is_management)
        return i < COUNT(management_versions) ? management_versions[i] : NULL;
    return i < COUNT(versions) ? versions[i].text : NULL;
}

/* Piece by piece: "{name}" takes one that is not empty. */
static bool path_fits(const char *pattern, struct span path)
{
    size_t at = 0;

    while (*pattern) {
        if (*pattern != '{') {
            if (at >= path.n || path.p[at++] != (uint8_t)*pattern++)
                return false;
            continue;
        }
        if (at >= path.n || path.p[at] == '/')
            return false;
        while (at < path.n && path.p[at] != '/')
            at++;
        while (*pattern++ != '}')
            ;
    }
    return at == path.n;
}

static bool fits(enum http_method asked, enum http_method row)
{
    return asked == row || (asked == HTTP_HEAD && row == HTTP_GET);
}

const struct route *route_find(enum http_method method, struct span normal_path, bool *path_exists)
{
    *path_exists = false;
    for (size_t i = 0; i < route_count; i++) {
        if (!path_fits(routes[i].path, normal_path))
            continue;
        *path_exists = true;
        if (fits(method, routes[i].method))
            return &routes[i];
    }
    return NULL;
}

const char *route_method_name(enum http_method method)
{
    static const char *const names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

    return method < COUNT(names) ? names[method] : "";
}

bool route_methods(struct span normal_path, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 64);

    for (size_t i = 0; i < route_count; i++) {
        if (!path_fits(routes[i].path, normal_path))
            continue;
        write_format(&w, "%s%s%s", w.n > 0 ? ", " : "", route_method_name(routes[i].method),
                     routes[i].method == HTTP_GET ? ", HEAD" : "");
    }
    return writer_done(&w, out, err);
}

bool route_normal_path(struct arena *a, struct span path, struct span *out, struct err *err)
{
    struct span plain = { 0 };
    uint8_t *p;
    size_t n = 0;

    if (!uri_decode(a, path, &plain, err))
        return err_in(err, "path");
    p = arena_alloc(a, plain.n + 1, 1);
    if (!p)
        return arena_fail(a, err);
    for (size_t i = 0; i < plain.n; i++) {
        uint8_t c = plain.p[i];

        if (c == '/' && n > 0 && p[n - 1] == '/')
            continue;
        p[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    if (n > 1 && p[n - 1] == '/')
        n--;
    *out = span_of(p, n);
    return true;
}
