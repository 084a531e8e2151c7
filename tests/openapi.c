/*
 * openapi - prints the public and the admin surface as the paths of an OpenAPI document, from the
 * tables of routes, pages, errors and versions
 *
 * tools/openapi puts the bodies' schemas (tests/openapi_schemas.json) beside them, and keeps
 * docs/openapi.json in step.
 */
#include "../src/api/attest_tpm.h"
#include "../src/api/attest_v1.h"
#include "../src/api/baseline_v1.h"
#include "../src/api/certificate_v1.h"
#include "../src/api/errors.h"
#include "../src/api/health.h"
#include "../src/api/metadata.h"
#include "../src/api/policy_v1.h"
#include "../src/api/provider_v1.h"
#include "../src/format/json.h"
#include "../src/server/admin.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TABLES_MEMORY = 8 * 1024 * 1024, PATH_ROOM = 256 };

/* What goes in and comes out of a handler: names of schemas; NULL: no body. */
static const struct {
    route_fn *run;
    const char *request, *answer;
} handlers[] = {
    { attest_v1, "AttestRequest", "Token" },
    { attest_tpm, "TpmMessage", "TpmMessage" },
    { policy_get, NULL, "Token" },
    { policy_set, "PolicyDocument", "Token" },
    { policy_reset, "PolicyDocument", "Token" },
    { certificate_get, NULL, "Token" },
    { certificate_add, "CertificateDocument", "Token" },
    { certificate_remove, "CertificateDocument", "Token" },
    { policy_2018_update, "PolicyDocument", "Token" },
    { policy_2018_set, "PolicyDocument", "Token" },
    { policy_2018_get, NULL, "PolicyOf2018" },
    { policy_2018_reset, "PolicyDocument", "Token" },
    { baseline_get, NULL, "Baselines" },
    { metadata_certs, NULL, "KeySet" },
    { metadata_discovery, NULL, "Discovery" },
    { health_get, NULL, NULL },
    { provider_operations, NULL, "OperationList" },
    { provider_list, NULL, "ProviderList" },
    { provider_get, NULL, "Provider" },
    { provider_put, "ProviderRequest", "Provider" },
    { provider_patch, "ProviderRequest", "Provider" },
    { provider_delete, NULL, NULL },
    { provider_defaults, NULL, "DefaultProviders" },
    { provider_no_links, NULL, "NoLinks" },
};

/* Pieces of paths in the contract's spelling; the table of routes has them in lower case. */
static const char *const spelled[] = {
    "SgxEnclave",
    "OpenEnclave",
    "SevSnpVm",
    "TdxVm",
    "AzureGuest",
    "Tpm",
    "Tee",
    "resourceGroups",
    "Microsoft.Attestation",
    "attestationProviders",
    "privateEndpointConnections",
    "privateLinkResources",
    "defaultProviders",
    "defaultProvider",
};

static const char *const methods[] = { "get", "post", "put", "patch", "delete" };

static struct span name_of(const char *piece, size_t n)
{
    for (size_t i = 0; i < COUNT(spelled); i++)
        if (span_is_nocase(span_of((const uint8_t *)piece, n), spelled[i]))
            return span_str(spelled[i]);
    return span_of((const uint8_t *)piece, n);
}

/* The path as people write it. */
static void spell(const char *path, char out[PATH_ROOM])
{
    struct writer w = writer_over(out, PATH_ROOM - 1);

    while (*path) {
        size_t n = strcspn(path, "/:");

        write_bytes(&w, name_of(path, n));
        path += n;
        if (*path)
            write_u8(&w, (uint8_t)*path++);
    }
    out[w.n] = '\0';
}

static void write_member(struct writer *w, const char *before, const char *value)
{
    write_text(w, before);
    json_write_string(w, span_str(value));
}

static void write_versions(struct writer *w, enum route_version kind)
{
    const char *name;

    write_text(w, "{\"name\":\"api-version\",\"in\":\"query\",\"required\":");
    write_text(w, kind == VERSION_OPTIONAL ? "false" : "true");
    write_text(w, ",\"schema\":{\"type\":\"string\",\"enum\":[");
    for (size_t i = 0; (name = api_version_name(i, kind == VERSION_MANAGEMENT)) != NULL; i++) {
        if (kind == VERSION_2018_ONLY && i > 0)
            break;
        write_member(w, i ? "," : "", name);
    }
    write_text(w, "]}}");
}

static void write_parameters(struct writer *w, const struct route *r)
{
    write_text(w, ",\"parameters\":[");
    for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
        write_text(
            w, "{\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"},\"name\":\"");
        write_bytes(w, span_of((const uint8_t *)p + 1, strcspn(p + 1, "}")));
        write_text(w, "\"},");
    }
    write_versions(w, r->version);
    write_u8(w, ']');
}

static void write_content(struct writer *w, const char *schema)
{
    write_format(w,
                 "\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                 "\"#/components/schemas/%s\"}}}",
                 schema);
}

static void write_answer(struct writer *w, const char *status, const char *schema)
{
    write_format(w, "\"%s\":{\"description\":\"done\"", status);
    if (schema) {
        write_u8(w, ',');
        write_content(w, schema);
    }
    write_text(w, "},");
}

static enum access_need need_of(const struct route *r)
{
    return r->version == VERSION_2018_ONLY ? r->need_2018 : r->need;
}

static void write_responses(struct writer *w, const struct route *r, const char *schema)
{
    write_text(w, ",\"responses\":{");
    if (r->run != health_get)
        write_answer(w, "200", schema);
    if (r->run == provider_put)
        write_answer(w, "201", schema);
    if (r->run == provider_delete || r->run == health_get)
        write_answer(w, "204", NULL);
    if (need_of(r) != NEED_NOTHING)
        write_text(w, "\"401\":{\"$ref\":\"#/components/responses/Refusal\"},");
    write_text(w, "\"default\":{\"$ref\":\"#/components/responses/Refusal\"}}");
}

static const char *security_of(enum access_need need)
{
    if (need == NEED_NOTHING)
        return "[]";
    return need == NEED_ATTEST ? "[{},{\"bearer\":[]}]" : "[{\"bearer\":[]}]";
}

static void write_id(struct writer *w, const char *method, const char *path)
{
    write_format(w, ",\"operationId\":\"%s", method);
    for (const char *p = path; *p; p++)
        if (isalnum((unsigned char)*p) || p == path || isalnum((unsigned char)p[1]))
            write_u8(w, isalnum((unsigned char)*p) ? (uint8_t)*p : '_');
    write_u8(w, '"');
}

/* False: a handler that nobody has described. */
static bool write_operation(struct writer *w, const struct route *r, const char *path)
{
    size_t h = 0;

    while (h < COUNT(handlers) && handlers[h].run != r->run)
        h++;
    if (h == COUNT(handlers)) {
        fprintf(stderr, "openapi: the handler of %s has no row\n", r->path);
        return false;
    }
    write_format(w, "\"%s\":{", methods[r->method]);
    write_member(w, "\"summary\":", r->summary);
    write_member(w, ",\"tags\":[",
                 r->version == VERSION_MANAGEMENT ? "control plane" : "data plane");
    write_text(w, "]");
    write_id(w, methods[r->method], path);
    write_member(w, ",\"x-cupel-needs\":", access_need_name(need_of(r)));
    write_format(w, ",\"security\":%s", security_of(need_of(r)));
    write_parameters(w, r);
    if (handlers[h].request) {
        write_text(w, ",\"requestBody\":{\"required\":true,");
        write_content(w, handlers[h].request);
        write_u8(w, '}');
    }
    write_responses(w, r, handlers[h].answer);
    write_u8(w, '}');
    return true;
}

static bool is_first(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(routes[k].path, routes[i].path) == 0)
            return false;
    return true;
}

static bool write_path(struct writer *w, size_t i)
{
    char path[PATH_ROOM];
    const char *comma = "";

    spell(routes[i].path, path);
    write_member(w, i ? "," : "", path);
    write_text(w, ":{");
    for (size_t k = i; k < route_count; k++) {
        if (strcmp(routes[k].path, routes[i].path) != 0)
            continue;
        write_text(w, comma);
        if (!write_operation(w, &routes[k], path))
            return false;
        comma = ",";
    }
    write_u8(w, '}');
    return true;
}

/* The operator's listener: another server. */
static void write_page(struct writer *w, const struct admin_page *p)
{
    write_member(w, ",", p->path);
    write_text(w, ":{\"servers\":[{\"url\":\"http://"
                  "127.0.0.1:8444\",\"description\":\"admin_listen\"}],\"get\":{");
    write_member(w, "\"summary\":", p->summary);
    write_format(w, ",\"tags\":[\"admin\"],\"operationId\":\"admin_%s\",\"security\":[]",
                 p->path + 1);
    write_format(w, ",\"responses\":{\"200\":{\"description\":\"done\",\"content\":{\"%s\":{}}}",
                 p->type);
    if (p->may_be_unready)
        write_format(w, ",\"503\":{\"description\":\"not ready\",\"content\":{\"%s\":{}}}",
                     p->type);
    write_text(w, "}}}");
}

static void write_codes(struct writer *w)
{
    write_text(w, "{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{"
                  "\"type\":\"object\",\"required\":[\"code\",\"message\"],\"properties\":{"
                  "\"message\":{\"type\":\"string\"},\"innererror\":{\"type\":\"object\"},"
                  "\"code\":{\"type\":\"string\",\"description\":\"");
    for (size_t i = 0; i < API_ERRORS; i++)
        write_format(w, "%s%s (%d): %s", i ? "; " : "", api_errors[i].code, api_errors[i].status,
                     api_errors[i].when);
    write_text(w, "\"}}}}}");
}

/* What follows from the tables: the paths, and the schema of a refusal. */
static bool write_tables(struct writer *w)
{
    write_text(w, "{\"version\":\"" CUPEL_VERSION "\",\"paths\":{");
    for (size_t i = 0; i < route_count; i++)
        if (is_first(i) && !write_path(w, i))
            return false;
    for (size_t i = 0; i < admin_page_count; i++)
        write_page(w, &admin_pages[i]);
    write_text(w, "},\"error\":");
    write_codes(w);
    write_u8(w, '}');
    return true;
}

int main(void)
{
    struct arena a = arena_over(TABLES_MEMORY);
    struct writer w = writer_in(&a, 64 * 1024);
    struct span out = { 0 };
    bool is_well = write_tables(&w) && writer_done(&w, &out, NULL) &&
                   fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;

    arena_fini(&a);
    return is_well ? 0 : 1;
}
