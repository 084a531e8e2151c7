#include "jwt.h"
#include "../format/jws.h"

#include "../base/b64.h"
#include "owned.h"

static bool encode(struct writer *w, struct arena *a, struct span *out, struct err *err)
{
    struct span text = { 0 }, encoded;

    if (!writer_done(w, &text, err))
        return false;
    encoded = b64_dup_url(a, text);
    if (!encoded.p)
        return arena_fail(a, err);
    *out = encoded;
    return true;
}

bool jwt_header(enum sig_alg alg, struct span issuer, struct span kid, struct arena *a,
                struct span *encoded, struct err *err)
{
    struct writer jku = writer_in(a, issuer.n + 8), w = writer_in(a, issuer.n + kid.n + 64);
    struct span url = { 0 };

    write_bytes(&jku, issuer);
    write_text(&jku, "/certs");
    if (!writer_done(&jku, &url, err))
        return false;
    write_format(&w, "{\"alg\":\"%s\",\"jku\":", sig_alg_name(alg));
    json_write_string(&w, url);
    write_text(&w, ",\"kid\":");
    json_write_string(&w, kid);
    write_text(&w, ",\"typ\":\"JWT\"}");
    return encode(&w, a, encoded, err);
}

/* What every token says, whatever was attested. */
static bool add_common(const struct jwt_wish *wish, struct claim_set *all, struct err *err)
{
    int64_t not_before = 0, expires = 0;

    if (__builtin_sub_overflow(wish->now, wish->backdate, &not_before) ||
        __builtin_add_overflow(wish->now, wish->lifetime, &expires))
        return err_fail(err, ERR_INTERNAL, NULL, "the token's times do not fit");
    if (wish->jti.n > 0 && !claim_add_string(all, "jti", wish->jti, err))
        return false;
    if (wish->policy_hash.n > 0 &&
        !claim_add_string(all, "x-ms-policy-hash", wish->policy_hash, err))
        return false;
    if (!wish->is_management && !claim_add_string(all, "x-ms-ver", span_str("1.0"), err))
        return false;
    return claim_add_string(all, "iss", wish->issuer, err) &&
           claim_add_int(all, "iat", wish->now, err) &&
           claim_add_int(all, "nbf", not_before, err) && claim_add_int(all, "exp", expires, err);
}

/* The service's claims may share names with each other, never with what every token says. */
static bool add_service(const struct claim_set *service, struct claim_set *all, struct err *err)
{
    const struct claim_set common = *all;

    for (size_t i = 0; service && i < service->count; i++) {
        if (claim_find(&common, service->items[i].name))
            return err_fail(err, ERR_INTERNAL, NULL, "the token already says \"%.*s\"",
                            SPAN_ARG(service->items[i].name));
        if (!claim_add(all, &service->items[i], err))
            return false;
    }
    return true;
}

static bool add_policy_object(const struct claim_set *policy, struct claim_set *all,
                              struct err *err)
{
    struct writer w = writer_in(all->arena, 512);
    struct span text = { 0 };

    return claim_set_write(&w, policy, err) && writer_done(&w, &text, err) &&
           claim_add_json(all, "x-ms-policy", text, err);
}

/* The policy's claims stand at the top level unless the service owns the name, and all together in
 * `x-ms-policy`. */
static bool add_policy(const struct claim_set *policy, struct claim_set *all, struct err *err)
{
    const struct claim_set service = *all;

    if (!policy || policy->count == 0)
        return true;
    for (size_t i = 0; i < policy->count; i++) {
        const struct claim *c = &policy->items[i];

        /* the compiler and the evaluation have refused these: nothing else may bring them here */
        if (token_reserves(c->name))
            return err_fail(err, ERR_INTERNAL, "policy language, 5.10",
                            "a policy cannot issue \"%.*s\"", SPAN_ARG(c->name));
        if (!token_owns(c->name) && !claim_find(&service, c->name) && !claim_add(all, c, err))
            return false;
    }
    return add_policy_object(policy, all, err);
}

static bool write_payload(const struct jwt_wish *wish, struct arena *a, struct span *out,
                          struct err *err)
{
    struct claim_set all = claim_set_in(a);
    struct writer w = writer_in(a, 8192); /* most payloads fit without growing */

    return add_common(wish, &all, err) && add_service(wish->service, &all, err) &&
           add_policy(wish->policy, &all, err) && claim_set_write(&w, &all, err) &&
           writer_done(&w, out, err);
}

_Static_assert(JWT_INPUT_MAX + 1024 <= JWS_BYTES_MAX, "what is made can be read");

/* Whoever asked hears how long the token became, not that nobody signed it. */
static bool check_size(struct span input, struct span *out, struct err *err)
{
    if (input.n > JWT_INPUT_MAX)
        return err_fail(err, ERR_LIMIT, NULL,
                        "the token would have %zu bytes before its signature, at most %d are "
                        "allowed: the bound "
                        "data, the nonce or what the policy issues is too long",
                        input.n, JWT_INPUT_MAX);
    *out = input;
    return true;
}

bool jwt_signing_input(const struct jwt_wish *wish, struct arena *a, struct span *out,
                       struct err *err)
{
    struct span payload = { 0 }, input = { 0 };
    struct writer w;

    if (!write_payload(wish, a, &payload, err))
        return false;
    w = writer_in(a, wish->encoded_header.n + payload.n / 3 * 4 + 64);
    if (wish->encoded_header.n > 0)
        write_bytes(&w, wish->encoded_header);
    else
        b64_write_url(&w, span_str("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    write_u8(&w, '.');
    b64_write_url(&w, payload);
    return writer_done(&w, &input, err) && check_size(input, out, err);
}

bool jwt_attach(struct span signing_input, struct span signature, struct arena *a, struct span *out,
                struct err *err)
{
    struct writer w = writer_in(a, signing_input.n + signature.n / 3 * 4 + 8);

    write_bytes(&w, signing_input);
    write_u8(&w, '.');
    b64_write_url(&w, signature);
    return writer_done(&w, out, err);
}
