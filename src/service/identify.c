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

/* The store's roles are given to principals: here, and everywhere. */
static void add_roles_in(struct search *s, struct span principal, const struct store_role *roles,
                         size_t count)
{
    enum access_role role;

    for (size_t i = 0; i < count; i++)
        if (span_equal(roles[i].principal, principal) && access_role_find(roles[i].role, &role))
            access_grant_add(&s->caller, role, roles[i].instance);
}

static void add_roles_of(struct search *s, struct span principal)
{
    if (s->state)
        add_roles_in(s, principal, s->state->roles, s->state->role_count);
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
    enum access_role role;

    if (!access_role_find(token->role, &role))
        return fail(err, ERR_INTERNAL, "token", "its role is none that this version knows");
    s->caller.is_known = true;
    access_grant_add(&s->caller, role, token->instance);
    return check_expiry(s, token->expires, err) && name_principal(s, "token:", token->name, err);
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

bool identify(const struct identify *id, const struct identify_proof *proof,
              const struct state *state, int64_t now, struct arena *a, struct access_caller *out,
              struct err *err)
{
    struct search s = { .id = id, .state = state, .now = now, .arena = a };

    if (proof->authorization.n > 0 && !take_authorization(&s, proof->authorization, err))
        return false;
    if (s.caller.is_known)
        add_roles_of(&s, s.caller.principal);
    *out = s.caller;
    return true;
}
