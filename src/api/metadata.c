#include "metadata.h"

#include "../format/json.h"
#include "errors.h"

static const char *const claims_supported[] = {
    "cnf",
    "nonce",
    "x-ms-ver",
    "x-ms-attestation-type",
    "x-ms-policy-hash",
    "x-ms-policy-signer",
    "x-ms-sgx-is-debuggable",
    "x-ms-sgx-mrenclave",
    "x-ms-sgx-mrsigner",
    "x-ms-sgx-svn",
    "x-ms-sgx-ehd",
    "x-ms-sgx-collateral",
    "is-debuggable",
    "sgx-mrsigner",
    "sgx-mrenclave",
    "product-id",
    "svn",
    "tee",
};

static void write_names(struct writer *w, const char *const *names, size_t count)
{
    write_u8(w, '[');
    for (size_t i = 0; i < count; i++) {
        write_text(w, i ? "," : "");
        json_write_string(w, span_str(names[i]));
    }
    write_u8(w, ']');
}

static void write_url(struct writer *w, struct arena *a, struct span base, const char *rest)
{
    struct writer url = writer_in(a, base.n + 16);

    write_bytes(&url, base);
    write_text(&url, rest);
    json_write_string(w, writer_span(&url));
    w->has_failed |= url.has_failed;
}

static void write_algorithms(struct writer *w, const struct attest_key *keys, size_t count)
{
    const char *names[16];
    size_t n = 0;

    for (size_t i = 0; i < count && n < COUNT(names); i++) {
        const char *name = sig_alg_name(keys[i].alg);
        bool is_known = false;

        for (size_t k = 0; k < n; k++)
            is_known |= span_is(span_str(name), names[k]);
        if (!is_known)
            names[n++] = name;
    }
    write_names(w, names, n);
}

bool discovery_write(struct arena *a, struct span issuer, const struct attest_key *keys,
                     size_t key_count, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 1024);

    write_text(&w, "{\"response_types_supported\":[\"token\",\"none\"],"
                   "\"id_token_signing_alg_values_supported\":");
    write_algorithms(&w, keys, key_count);
    write_text(&w, ",\"revocation_endpoint\":");
    write_url(&w, a, issuer, "/revoke");
    write_text(&w, ",\"issuer\":");
    write_url(&w, a, issuer, "");
    write_text(&w, ",\"jwks_uri\":");
    write_url(&w, a, issuer, "/certs");
    write_text(&w, ",\"claims_supported\":");
    write_names(&w, claims_supported, COUNT(claims_supported));
    write_u8(&w, '}');
    return writer_done(&w, out, err);
}

/* Relying parties in a browser read these from any origin, and may keep them for five minutes. */
static enum api_step answer_public(struct call *call, struct span body)
{
    api_answer(call, body);
    http_answer_add(&call->x->answer, "Cache-Control", span_str("max-age=300"));
    http_answer_add(&call->x->answer, "Access-Control-Allow-Origin", span_str("*"));
    return API_ANSWERED;
}

enum api_step metadata_certs(struct call *call)
{
    return answer_public(call, attest_jwks(api_service(call->api)));
}

enum api_step metadata_discovery(struct call *call)
{
    struct span issuer = call_issuer(call), body = { 0 };
    size_t count = 0;
    const struct attest_key *keys = attest_keys(api_service(call->api), &count);
    struct err err = { 0 };

    if (span_equal(issuer, attest_issuer(api_service(call->api))))
        return answer_public(call, api_discovery(call->api));
    return discovery_write(&call->x->arena, issuer, keys, count, &body, &err)
               ? answer_public(call, body)
               : api_refuse_err(call, &err);
}
