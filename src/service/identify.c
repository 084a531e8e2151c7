#include "identify.h"

#include "../base/hex.h"
#include "../base/when.h"

/* One caller being found out. */
struct search {
    const struct identify *id;
    const struct state *state;
    int64_t now;
    struct arena *arena;
    struct access_caller caller;
};

static bool fail(struct err *err, enum err_code code, const char *path, const char *text)
{
    return err_fail(err, code, "REST contract, 5", "%s", text) || err_in(err, path);
}

static bool name_principal(struct search *s, const char *kind, struct span name, struct err *err)
{
    struct writer w = writer_in(s->arena, name.n + 32);

    write_text(&w, kind);
    write_bytes(&w, name);
    return writer_done(&w, &s->caller.principal, err);
}

/* A grant of the store's is copied: the state may be another one before the caller is done with. */
static void add_kept(struct search *s, struct span role_name, struct span instance)
{
    struct span copy = arena_dup(s->arena, instance);
    enum access_role role;

    if (copy.p && access_role_find(role_name, &role))
        access_grant_add(&s->caller, role, copy);
}

static void add_roles_of(struct search *s, struct span principal)
{
    const struct state *state = s->state;

    for (size_t i = 0; state && i < state->role_count; i++)
        if (span_equal(state->roles[i].principal, principal))
            add_kept(s, state->roles[i].role, state->roles[i].instance);
}

/* static tokens */

static bool check_expiry(const struct search *s, int64_t expires, struct err *err)
{
    char a[WHEN_TEXT], b[WHEN_TEXT];

    if (expires == 0 || s->now < expires)
        return true;
    err_fail(err, ERR_STALE, "REST contract, 5", "ended %s, judged at %s", when_str(expires, a),
             when_str(s->now, b));
    return err_in(err, "token");
}

/* Every line is compared, whichever it is, so that time tells nothing. */
static const struct access_line *line_of(const struct access_list *l,
                                         const uint8_t digest[SHA256_SIZE])
{
    const struct access_line *found = NULL;

    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].kind == ACCESS_TOKEN && equal_ct(l->items[i].digest, digest, SHA256_SIZE))
            found = &l->items[i];
    return found;
}

static bool take_line(struct search *s, const struct access_line *line, struct err *err)
{
    struct span hex = hex_dup(s->arena, span_of(line->digest, 4));

    if (!hex.p)
        return arena_fail(s->arena, err);
    s->caller.is_known = true;
    access_grant_add(&s->caller, line->role, line->instance);
    return check_expiry(s, line->expires, err) &&
           name_principal(s, "token:", line->name.n > 0 ? line->name : hex, err);
}

static bool take_kept(struct search *s, const struct store_token *token, struct err *err)
{
    s->caller.is_known = true;
    add_kept(s, token->role, token->instance);
    return check_expiry(s, token->expires, err) && name_principal(s, "token:", token->name, err);
}

/* access tokens */

static bool name_bearer(struct search *s, struct span issuer, struct span subject, struct err *err)
{
    struct writer w = writer_in(s->arena, issuer.n + subject.n + 1);

    write_bytes(&w, issuer);
    write_u8(&w, '#');
    write_bytes(&w, subject);
    return writer_done(&w, &s->caller.principal, err);
}

static bool take_bearer(struct search *s, struct span token, struct err *err)
{
    const struct identify *id = s->id;
    const struct bearer_rules *rules = id->bearer;
    struct bearer b = { 0 };
    struct err e = { 0 };
    struct span issuer;

    if (id->refresh_keys)
        id->refresh_keys(id->context);
    if (!bearer_verify(id->crypto, token, rules, s->now, s->arena, &b, &e)) {
        if (e.code == ERR_MISSING && id->want_keys)
            id->want_keys(id->context, b.issuer);
        *err = e;
        return err_in(err, "bearer");
    }
    issuer = rules->issuers[b.issuer].issuer;
    s->caller.is_known = true;
    for (size_t i = 0; i < id->list->count; i++) {
        const struct access_line *l = &id->list->items[i];

        if (l->kind == ACCESS_CLAIM && span_equal(l->issuer, issuer) &&
            bearer_claim_has(b.payload, l->claim, l->value))
            access_grant_add(&s->caller, l->role, l->instance);
    }
    return name_bearer(s, issuer, bearer_subject(b.payload), err);
}

/* A static token may look like anything, also like an access token: it is looked for first. */
static bool is_compact(struct span token)
{
    size_t dots = 0;

    for (size_t i = 0; i < token.n; i++)
        dots += token.p[i] == '.';
    return dots == 2;
}

static bool take_token(struct search *s, struct span token, struct err *err)
{
    const struct access_line *line;
    const struct store_token *kept;
    uint8_t digest[SHA256_SIZE];

    if (!digest_sha256(s->id->crypto, token, digest, err))
        return false;
    line = line_of(s->id->list, digest);
    if (line)
        return take_line(s, line, err);
    kept = s->state ? state_token(s->state, digest) : NULL;
    if (kept)
        return take_kept(s, kept, err);
    if (s->id->bearer && is_compact(token))
        return take_bearer(s, token, err);
    return fail(err, ERR_UNTRUSTED, "token", "is none that was given out here");
}

static bool take_authorization(struct search *s, struct span value, struct err *err)
{
    struct span token;

    if (value.n < 7 || !span_is_nocase(span_part(value, 0, 7), "bearer "))
        return fail(err, ERR_MALFORMED, "authorization", "is not \"Bearer\" and a token");
    token = span_trim(span_part(value, 7, SIZE_MAX));
    if (token.n == 0)
        return fail(err, ERR_MALFORMED, "authorization", "has no token");
    return take_token(s, token, err);
}

/* client certificates */

static bool take_certificate(struct search *s, struct span der, struct err *err)
{
    const struct access_list *list = s->id->list;
    uint8_t digest[SHA256_SIZE];
    struct cert cert;
    struct span hex;

    if (!cert_parse(der, &cert, err))
        return err_in(err, "certificate");
    if (!digest_sha256(s->id->crypto, der, digest, err))
        return false;
    hex = hex_dup(s->arena, span_of(digest, sizeof digest));
    if (!hex.p)
        return arena_fail(s->arena, err);
    s->caller.is_known = true;
    for (size_t i = 0; i < list->count; i++)
        if (identify_certificate_has(&list->items[i], &cert, digest))
            access_grant_add(&s->caller, list->items[i].role, list->items[i].instance);
    if (!name_principal(s, "certificate:", hex, err))
        return false;
    add_roles_of(s, s->caller.principal);
    return true;
}

bool identify(const struct identify *id, const struct identify_proof *proof,
              const struct state *state, int64_t now, struct arena *a, struct access_caller *out,
              struct err *err)
{
    struct search s = { .id = id, .state = state, .now = now, .arena = a };

    if (proof->certificate.n > 0 && !take_certificate(&s, proof->certificate, err))
        return false;
    if (proof->authorization.n > 0 && !take_authorization(&s, proof->authorization, err))
        return false;
    if (proof->authorization.n > 0)
        add_roles_of(&s, s.caller.principal);
    *out = s.caller;
    return true;
}
