#include "change.h"

#include <string.h>

#include "../base/num.h"
#include "../format/json.h"
#include "audit.h"

#define CHANGE_MAGIC 0x01434343u /* "CCC", version 1 */

enum { DETAIL_ROOM = 8192 };

/* A change while it is being made. */
struct making {
    const struct change *change;
    const struct change_watch *watch;
    struct change_result result;
};

/* What an apply function sees and says. */
struct step {
    struct tx *tx;
    const struct change *c;
    int64_t revision;    /* the one that this change makes */
    struct span subject; /* for the audit record */
    struct span instance;
    int64_t version;
    bool is_changed;
};

static bool refuse(struct err *err, enum err_code code, const char *path, const char *text)
{
    return err_fail(err, code, NULL, "%s", text) || err_in(err, path);
}

static bool find_instance(struct step *s, struct span name, struct store_instance *out,
                          struct err *err)
{
    const struct store_instance key = { .name = name };
    bool is_found;

    if (!tx_find(s->tx, STORE_INSTANCES, &key, tx_arena(s->tx), out, &is_found, err))
        return false;
    return is_found || refuse(err, ERR_MISSING, "change.instance", "there is no such instance");
}

/* A signature that was checked against certificates that have changed since proves nothing. */
static bool authority_stands(const struct step *s, const struct store_instance *i, struct err *err)
{
    return s->c->seen == 0 || i->authority <= s->c->seen ||
           refuse(err, ERR_CONFLICT, "change.authority",
                  "the certificates have changed since the change was allowed");
}

static bool expected_stands(const struct step *s, int64_t have, struct err *err)
{
    if (s->c->expected == CHANGE_ANY || s->c->expected == have)
        return true;
    err_fail(err, ERR_CONFLICT, NULL, "version %lld is in force, and the writer saw %lld",
             (long long)have, (long long)s->c->expected);
    return err_in(err, "change.expected");
}

/* Policies. */

static bool published_now(struct step *s, const struct store_policy *p, struct store_published *out,
                          struct err *err)
{
    const struct store_published key = { .instance = p->instance, .type = p->type };
    bool is_found;

    *out = key;
    return tx_find(s->tx, STORE_PUBLISHED, &key, tx_arena(s->tx), out, &is_found, err);
}

static bool publish(struct step *s, struct store_policy *p, struct store_published *at,
                    struct err *err)
{
    p->version = ++at->version;
    p->at = s->c->at;
    p->by = s->c->actor;
    s->version = p->version;
    s->is_changed = true;
    return tx_add(s->tx, STORE_POLICIES, p, err) && tx_put(s->tx, STORE_PUBLISHED, at, err);
}

static bool policy_begin(struct step *s, struct store_published *at, struct err *err)
{
    const struct store_policy *p = &s->c->policy;
    struct store_instance i;

    s->instance = p->instance;
    s->subject = p->type;
    if (p->type.n == 0)
        return refuse(err, ERR_MALFORMED, "change.policy", "has no type");
    if (!find_instance(s, p->instance, &i, err) || !authority_stands(s, &i, err) ||
        !published_now(s, p, at, err))
        return false;
    s->version = at->version;
    return expected_stands(s, at->version, err);
}

static bool policy_set(struct step *s, struct err *err)
{
    struct store_policy p = s->c->policy;
    struct store_published at;

    if (p.jws.n == 0)
        return refuse(err, ERR_MALFORMED, "change.policy", "is empty");
    return policy_begin(s, &at, err) && publish(s, &p, &at, err);
}

/* What is in force already is not recorded again. */
static bool is_reset(struct step *s, const struct store_published *at, bool *out, struct err *err)
{
    const struct store_policy key = { .instance = at->instance,
                                      .type = at->type,
                                      .version = at->version };
    struct store_policy now = { 0 };
    bool is_found = false;

    if (at->version > 0 &&
        !tx_find(s->tx, STORE_POLICIES, &key, tx_arena(s->tx), &now, &is_found, err))
        return false;
    *out = now.jws.n == 0;
    return true;
}

static bool policy_reset(struct step *s, struct err *err)
{
    struct store_policy p = { .instance = s->c->policy.instance,
                              .type = s->c->policy.type,
                              .signer = s->c->policy.signer };
    struct store_published at;
    bool is_default;

    return policy_begin(s, &at, err) && is_reset(s, &at, &is_default, err) &&
           (is_default || publish(s, &p, &at, err));
}

/* Certificates. */

static bool certificates_of(struct step *s, struct span instance, size_t *count, struct err *err)
{
    const struct store_certificate like = { .instance = instance };
    const struct store_range range = { .like = &like, .fixed = 1 };
    void *rows;

    return tx_scan(s->tx, STORE_CERTIFICATES, &range, tx_arena(s->tx), &rows, count, err);
}

static bool certificate_put(struct step *s, const struct store_certificate *given, struct err *err)
{
    uint8_t *digest = ARENA_ARRAY(tx_arena(s->tx), uint8_t, SHA256_SIZE);
    struct store_certificate row = *given;

    if (!digest)
        return arena_fail(tx_arena(s->tx), err);
    if (row.der.n == 0)
        return refuse(err, ERR_MALFORMED, "change.certificate", "is empty");
    if (!digest_sha256(tx_crypto(s->tx), row.der, digest, err))
        return false;
    row.digest = span_of(digest, SHA256_SIZE);
    row.instance = s->instance;
    row.at = s->c->at;
    row.by = s->c->actor;
    return tx_put(s->tx, STORE_CERTIFICATES, &row, err);
}

/* What is there before a certificate is added or removed. */
struct signers {
    struct store_instance instance;
    struct store_certificate found;
    bool is_there;
    size_t count;
};

/* By the certificate itself where it was given, by its digest otherwise. */
static bool find_certificate(struct step *s, struct store_certificate key, struct signers *out,
                             struct err *err)
{
    uint8_t digest[SHA256_SIZE];

    if (key.der.n > 0) {
        if (!digest_sha256(tx_crypto(s->tx), key.der, digest, err))
            return false;
        key.digest = span_of(digest, sizeof digest);
    }
    return tx_find(s->tx, STORE_CERTIFICATES, &key, tx_arena(s->tx), &out->found, &out->is_there,
                   err);
}

static bool certificate_begin(struct step *s, struct signers *out, struct err *err)
{
    const struct store_certificate *given = s->c->certificates;

    if (s->c->certificate_count != 1)
        return refuse(err, ERR_MALFORMED, "change.certificate", "is not one certificate");
    s->instance = given->instance;
    s->subject = given->thumbprint;
    return find_instance(s, given->instance, &out->instance, err) &&
           authority_stands(s, &out->instance, err) && find_certificate(s, *given, out, err) &&
           certificates_of(s, given->instance, &out->count, err);
}

static bool authority_moves(struct step *s, struct store_instance *i, struct err *err)
{
    s->is_changed = true;
    i->authority = s->revision;
    return tx_put(s->tx, STORE_INSTANCES, i, err);
}

static bool certificate_add(struct step *s, struct err *err)
{
    struct signers now;

    if (!certificate_begin(s, &now, err))
        return false;
    if (now.is_there)
        return true;
    if (now.count >= CHANGE_CERTIFICATES_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "an instance has at most %d certificates",
                        CHANGE_CERTIFICATES_MAX) ||
               err_in(err, "change.certificate");
    return certificate_put(s, s->c->certificates, err) && authority_moves(s, &now.instance, err);
}

static bool certificate_remove(struct step *s, struct err *err)
{
    struct signers now;
    const struct store_range one = { .like = &now.found, .fixed = 2 };

    if (!certificate_begin(s, &now, err))
        return false;
    if (!now.is_there)
        return true;
    if (now.count == 1 && span_is(now.instance.trust_model, "Isolated"))
        return refuse(err, ERR_DENIED, "change.last",
                      "an isolated instance keeps its last certificate");
    return tx_remove(s->tx, STORE_CERTIFICATES, &one, err) &&
           authority_moves(s, &now.instance, err);
}

/* Instances. */

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return s.n > 0;
}

static bool host_is_free(struct step *s, const struct store_instance *i, struct err *err)
{
    const struct store_range same = { .like = i, .is_by_second = true, .limit = 1 };
    const struct store_instance *found;
    void *rows;
    size_t count;

    if (i->host.n == 0)
        return refuse(err, ERR_MALFORMED, "change.host", "is empty");
    for (size_t k = 0; k < i->host.n; k++) {
        if (i->host.p[k] >= 'A' && i->host.p[k] <= 'Z')
            return refuse(err, ERR_MALFORMED, "change.host", "is not in lower case");
    }
    if (!tx_scan(s->tx, STORE_INSTANCES, &same, tx_arena(s->tx), &rows, &count, err))
        return false;
    found = rows;
    return count == 0 || span_equal(found->name, i->name) ||
           refuse(err, ERR_CONFLICT, "change.host", "another instance has that address");
}

static bool has_room(struct step *s, struct err *err)
{
    const struct store_range all = { 0 };
    size_t count;
    void *rows;

    if (!tx_scan(s->tx, STORE_INSTANCES, &all, tx_arena(s->tx), &rows, &count, err))
        return false;
    return count < CHANGE_INSTANCES_MAX ||
           err_fail(err, ERR_LIMIT, NULL, "a store has at most %d instances",
                    CHANGE_INSTANCES_MAX) ||
           err_in(err, "change.instance");
}

static bool instance_create(struct step *s, struct err *err)
{
    struct store_instance i = s->c->instance, found;
    bool is_there;

    s->instance = s->subject = i.name;
    if (!is_name(i.name))
        return refuse(err, ERR_MALFORMED, "change.name",
                      "is not made of lower-case letters, digits and hyphens");
    if (!tx_find(s->tx, STORE_INSTANCES, &i, tx_arena(s->tx), &found, &is_there, err))
        return false;
    if (is_there)
        return refuse(err, ERR_CONFLICT, "change.name", "there is an instance of that name");
    if (s->c->certificate_count > CHANGE_CERTIFICATES_MAX)
        return refuse(err, ERR_LIMIT, "change.certificate", "are too many");
    i.version = s->version = 1;
    i.created = i.updated = s->c->at;
    i.authority = s->revision;
    s->is_changed = true;
    if (!host_is_free(s, &i, err) || !has_room(s, err) || !tx_add(s->tx, STORE_INSTANCES, &i, err))
        return false;
    for (size_t k = 0; k < s->c->certificate_count; k++) {
        if (!certificate_put(s, &s->c->certificates[k], err))
            return false;
    }
    return true;
}

static bool instance_update(struct step *s, struct err *err)
{
    struct store_instance i = s->c->instance, now;

    s->instance = s->subject = i.name;
    if (!find_instance(s, i.name, &now, err) || !expected_stands(s, now.version, err) ||
        !host_is_free(s, &i, err))
        return false;
    i.created = now.created;
    i.updated = s->c->at;
    i.authority = now.authority;
    i.version = s->version = now.version + 1;
    s->is_changed = true;
    return tx_put(s->tx, STORE_INSTANCES, &i, err);
}

static bool remove_tokens_of(struct step *s, struct span instance, struct err *err)
{
    const struct store_range all = { 0 };
    const struct store_token *tokens;
    size_t count;
    void *rows;

    if (!tx_scan(s->tx, STORE_TOKENS, &all, tx_arena(s->tx), &rows, &count, err))
        return false;
    tokens = rows;
    for (size_t i = 0; i < count; i++) {
        const struct store_range one = { .like = &tokens[i], .fixed = 1 };

        if (span_equal(tokens[i].instance, instance) && !tx_remove(s->tx, STORE_TOKENS, &one, err))
            return false;
    }
    return true;
}

/* In this order: what points at others goes first. */
static bool instance_delete(struct step *s, struct err *err)
{
    const struct store_instance key = { .name = s->c->instance.name };
    const struct store_published published = { .instance = key.name };
    const struct store_policy policy = { .instance = key.name };
    const struct store_certificate certificate = { .instance = key.name };
    const struct store_role role = { .instance = key.name };
    const struct {
        enum store_table table;
        const void *like;
    } rows[] = { { STORE_PUBLISHED, &published },
                 { STORE_POLICIES, &policy },
                 { STORE_CERTIFICATES, &certificate },
                 { STORE_ROLES, &role },
                 { STORE_INSTANCES, &key } };
    struct store_instance now;

    s->instance = s->subject = key.name;
    if (!tx_find(s->tx, STORE_INSTANCES, &key, tx_arena(s->tx), &now, &s->is_changed, err))
        return false;
    if (!s->is_changed)
        return true;
    if (!expected_stands(s, now.version, err) || !remove_tokens_of(s, key.name, err))
        return false;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct store_range range = { .like = rows[i].like, .fixed = 1 };

        if (!tx_remove(s->tx, rows[i].table, &range, err))
            return false;
    }
    return true;
}

/* Roles and tokens. */

static bool scope_is_there(struct step *s, struct span instance, struct err *err)
{
    struct store_instance i;

    s->instance = instance;
    return span_is(instance, "*") || find_instance(s, instance, &i, err);
}

static bool role_grant(struct step *s, struct err *err)
{
    struct store_role row = s->c->role, found;
    bool is_there;

    s->subject = row.principal;
    if (row.principal.n == 0 || row.role.n == 0)
        return refuse(err, ERR_MALFORMED, "change.role", "names no principal or no role");
    if (!scope_is_there(s, row.instance, err) ||
        !tx_find(s->tx, STORE_ROLES, &row, tx_arena(s->tx), &found, &is_there, err))
        return false;
    row.at = s->c->at;
    row.by = s->c->actor;
    s->is_changed = !is_there;
    return is_there || tx_add(s->tx, STORE_ROLES, &row, err);
}

static bool role_revoke(struct step *s, struct err *err)
{
    const struct store_range one = { .like = &s->c->role, .fixed = 3 };
    struct store_role found;

    s->instance = s->c->role.instance;
    s->subject = s->c->role.principal;
    return tx_find(s->tx, STORE_ROLES, &s->c->role, tx_arena(s->tx), &found, &s->is_changed, err) &&
           tx_remove(s->tx, STORE_ROLES, &one, err);
}

static bool token_add(struct step *s, struct err *err)
{
    struct store_token row = s->c->token, found;
    bool is_there;

    s->subject = row.name;
    if (row.digest.n != SHA256_SIZE)
        return refuse(err, ERR_MALFORMED, "change.token", "is not a SHA-256");
    if (!scope_is_there(s, row.instance, err) ||
        !tx_find(s->tx, STORE_TOKENS, &row, tx_arena(s->tx), &found, &is_there, err))
        return false;
    row.created = s->c->at;
    row.by = s->c->actor;
    s->is_changed = !is_there;
    return is_there || tx_add(s->tx, STORE_TOKENS, &row, err);
}

static bool token_remove(struct step *s, struct err *err)
{
    const struct store_range one = { .like = &s->c->token, .fixed = 1 };
    struct store_token found = { 0 };

    if (!tx_find(s->tx, STORE_TOKENS, &s->c->token, tx_arena(s->tx), &found, &s->is_changed, err))
        return false;
    s->instance = found.instance;
    s->subject = found.name;
    return tx_remove(s->tx, STORE_TOKENS, &one, err);
}

/* The kinds: what each does, and what it brings along. */
enum { HAS_INSTANCE = 1, HAS_POLICY = 2, HAS_ROLE = 4, HAS_TOKEN = 8, HAS_CERTIFICATES = 16 };

/* clang-format off */
static const struct deed {
    bool (*apply)(struct step *s, struct err *err);
    unsigned has;
} deeds[CHANGE_KINDS] = {
    [CHANGE_POLICY_SET]         = { policy_set,         HAS_POLICY },
    [CHANGE_POLICY_RESET]       = { policy_reset,       HAS_POLICY },
    [CHANGE_CERTIFICATE_ADD]    = { certificate_add,    HAS_CERTIFICATES },
    [CHANGE_CERTIFICATE_REMOVE] = { certificate_remove, HAS_CERTIFICATES },
    [CHANGE_INSTANCE_CREATE]    = { instance_create,    HAS_INSTANCE | HAS_CERTIFICATES },
    [CHANGE_INSTANCE_UPDATE]    = { instance_update,    HAS_INSTANCE },
    [CHANGE_INSTANCE_DELETE]    = { instance_delete,    HAS_INSTANCE },
    [CHANGE_ROLE_GRANT]         = { role_grant,         HAS_ROLE },
    [CHANGE_ROLE_REVOKE]        = { role_revoke,        HAS_ROLE },
    [CHANGE_TOKEN_ADD]          = { token_add,          HAS_TOKEN },
    [CHANGE_TOKEN_REMOVE]       = { token_remove,       HAS_TOKEN },
};

const struct change_def change_defs[CHANGE_KINDS] = {
    [CHANGE_POLICY_SET]         = { "policy.set",         "a policy was put in force" },
    [CHANGE_POLICY_RESET]       = { "policy.reset",       "a policy was taken out of force: the default applies" },
    [CHANGE_CERTIFICATE_ADD]    = { "certificate.add",    "a policy signer was added" },
    [CHANGE_CERTIFICATE_REMOVE] = { "certificate.remove", "a policy signer was removed" },
    [CHANGE_INSTANCE_CREATE]    = { "instance.create",    "an instance was made, with its first policy signers" },
    [CHANGE_INSTANCE_UPDATE]    = { "instance.update",    "an instance's settings were changed" },
    [CHANGE_INSTANCE_DELETE]    = { "instance.delete",    "an instance was removed, with its policies, signers and roles" },
    [CHANGE_ROLE_GRANT]         = { "role.grant",         "a principal was given a role" },
    [CHANGE_ROLE_REVOKE]        = { "role.revoke",        "a role was taken from a principal" },
    [CHANGE_TOKEN_ADD]          = { "token.add",          "a static token was made known" },
    [CHANGE_TOKEN_REMOVE]       = { "token.remove",       "a static token was forgotten" },
};
/* clang-format on */

static bool is_kind(unsigned long kind)
{
    return kind > 0 && kind < CHANGE_KINDS;
}

/* The audit record. */

static void member(struct writer *w, const char *name, struct span text)
{
    if (text.n == 0)
        return;
    write_format(w, ",\"%s\":", name);
    json_write_string(w, text);
}

static bool write_detail(const struct step *s, struct span *out, struct err *err)
{
    const struct change *c = s->c;
    unsigned has = deeds[c->kind].has;
    struct writer w = writer_in(tx_arena(s->tx), DETAIL_ROOM);

    write_format(&w, "{\"revision\":%lld", (long long)s->revision);
    if (s->version > 0)
        write_format(&w, ",\"version\":%lld", (long long)s->version);
    if (has & HAS_POLICY) {
        member(&w, "policyHash", c->policy.hash);
        member(&w, "tokenHash", c->policy.token_hash);
        write_text(&w, c->policy.signer.n > 0 ? ",\"signed\":true" : ",\"signed\":false");
    }
    if (has & HAS_INSTANCE) {
        member(&w, "host", c->instance.host);
        member(&w, "trustModel", c->instance.trust_model);
    }
    for (size_t i = 0; i < c->certificate_count && c->kind == CHANGE_INSTANCE_CREATE; i++)
        write_format(&w, "%s\"%.*s\"%s", i ? "," : ",\"certificates\":[",
                     SPAN_ARG(c->certificates[i].thumbprint),
                     i + 1 == c->certificate_count ? "]" : "");
    if (has & HAS_ROLE)
        member(&w, "role", c->role.role);
    if (has & HAS_TOKEN)
        member(&w, "role", c->token.role);
    member(&w, "request", c->request_id);
    write_u8(&w, '}');
    return writer_done(&w, out, err);
}

static bool record(struct step *s, int64_t *number, struct err *err)
{
    struct store_audit r = { .at = s->c->at,
                             .actor = s->c->actor,
                             .action = span_str(change_defs[s->c->kind].action),
                             .instance = s->instance,
                             .subject = s->subject };
    struct audit_head tail;

    if (!write_detail(s, &r.detail, err) || !audit_tail(s->tx, &tail, err) ||
        !audit_append(s->tx, &tail, &r, err))
        return false;
    *number = tail.number;
    return true;
}

/* All of it in one transaction. */

static bool revision_now(struct tx *tx, struct store_meta *out, struct err *err)
{
    bool is_found;

    *out = (struct store_meta){ .name = span_str("revision") };
    return tx_find(tx, STORE_META, out, tx_arena(tx), out, &is_found, err);
}

/* Was it made before, and only the answer lost? */
static bool find_done(struct tx *tx, struct making *m, bool *is_done, struct err *err)
{
    const struct store_done key = { .id = span_of(m->change->id, CHANGE_ID_SIZE) };
    struct store_done done;

    if (!tx_find(tx, STORE_CHANGES, &key, tx_arena(tx), &done, is_done, err))
        return false;
    if (*is_done)
        m->result = (struct change_result){ done.revision, done.version, done.record,
                                            done.is_changed != 0 };
    return true;
}

static bool keep_done(struct step *s, struct store_meta *revision, struct making *m,
                      struct err *err)
{
    struct change_result r = { .revision = s->revision, .version = s->version, .is_changed = true };
    struct store_done done;

    revision->number = s->revision;
    if (!record(s, &r.record, err))
        return false;
    done = (struct store_done){ .id = span_of(m->change->id, CHANGE_ID_SIZE),
                                .revision = r.revision,
                                .version = r.version,
                                .record = r.record,
                                .is_changed = 1 };
    m->result = r;
    return tx_put(s->tx, STORE_META, revision, err) && tx_add(s->tx, STORE_CHANGES, &done, err) &&
           (!m->watch || m->watch->look(s->tx, m->watch->arg, err));
}

static bool make(struct tx *tx, void *arg, struct err *err)
{
    struct making *m = arg;
    struct step s = { .tx = tx, .c = m->change };
    struct store_meta revision;
    bool is_done;

    if (!find_done(tx, m, &is_done, err))
        return false;
    if (is_done)
        return true;
    if (!revision_now(tx, &revision, err))
        return false;
    s.revision = revision.number + 1;
    if (!deeds[s.c->kind].apply(&s, err))
        return false;
    if (s.is_changed)
        return keep_done(&s, &revision, m, err);
    m->result = (struct change_result){ .revision = revision.number, .version = s.version };
    return true;
}

bool store_change(struct store *s, const struct change *c, const struct change_watch *watch,
                  struct change_result *out, struct err *err)
{
    struct making m = { .change = c, .watch = watch };

    if (!is_kind((unsigned long)c->kind))
        return err_fail(err, ERR_INTERNAL, NULL, "%d is no kind of change", (int)c->kind);
    if (!store_run(s, make, &m, err))
        return false;
    *out = m.result;
    return true;
}

/* As bytes. */

static void text_write(struct writer *w, struct span s)
{
    write_u32le(w, (uint32_t)s.n);
    write_bytes(w, s);
}

bool change_write(struct writer *w, const struct change *c, struct err *err)
{
    unsigned has = is_kind((unsigned long)c->kind) ? deeds[c->kind].has : 0;
    size_t from = w->n;
    struct span all;

    write_u32le(w, CHANGE_MAGIC);
    write_u32le(w, (uint32_t)c->kind);
    write_bytes(w, span_of(c->id, sizeof c->id));
    write_u64le(w, (uint64_t)c->at);
    write_u64le(w, (uint64_t)c->expected);
    write_u64le(w, (uint64_t)c->seen);
    text_write(w, c->actor);
    text_write(w, c->request_id);
    if (has & HAS_INSTANCE)
        row_write(w, &store_tables[STORE_INSTANCES], &c->instance);
    if (has & HAS_POLICY)
        row_write(w, &store_tables[STORE_POLICIES], &c->policy);
    if (has & HAS_ROLE)
        row_write(w, &store_tables[STORE_ROLES], &c->role);
    if (has & HAS_TOKEN)
        row_write(w, &store_tables[STORE_TOKENS], &c->token);
    if (has & HAS_CERTIFICATES)
        write_u32le(w, (uint32_t)c->certificate_count);
    for (size_t i = 0; (has & HAS_CERTIFICATES) && i < c->certificate_count; i++)
        row_write(w, &store_tables[STORE_CERTIFICATES], &c->certificates[i]);
    if (w->n - from > CHANGE_BYTES_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "a change is over %d bytes", CHANGE_BYTES_MAX) ||
               err_in(err, "change");
    return writer_done(w, &all, err);
}

static struct span text_read(struct reader *r, size_t most, const char *name)
{
    uint32_t n = reader_u32le(r, name);

    if (reader_ok(r) && n > most)
        reader_fail(r, ERR_LIMIT, NULL, name, "%u bytes are more than %zu", n, most);
    return reader_take(r, n, name);
}

static void head_read(struct reader *r, struct change *c)
{
    uint32_t magic = reader_u32le(r, "magic"), kind = reader_u32le(r, "kind");
    struct span id = reader_take(r, CHANGE_ID_SIZE, "id");

    if (reader_ok(r) && magic != CHANGE_MAGIC)
        reader_fail(r, ERR_UNSUPPORTED, NULL, "magic", "0x%08x is not version 1 of the format",
                    magic);
    if (reader_ok(r) && !is_kind(kind))
        reader_fail(r, ERR_UNSUPPORTED, NULL, "kind", "%u is no kind of change", kind);
    if (!reader_ok(r))
        return;
    c->kind = (enum change_kind)kind;
    memcpy(c->id, id.p, sizeof c->id);
    c->at = (int64_t)reader_u64le(r, "at");
    c->expected = (int64_t)reader_u64le(r, "expected");
    c->seen = (int64_t)reader_u64le(r, "seen");
    c->actor = text_read(r, STORE_TEXT_MAX, "actor");
    c->request_id = text_read(r, STORE_TEXT_MAX, "request_id");
}

static void certificates_read(struct reader *r, struct arena *a, struct change *c)
{
    const struct table *t = &store_tables[STORE_CERTIFICATES];
    uint32_t n = reader_u32le(r, "certificates");
    struct store_certificate *rows;

    if (reader_ok(r) && n > CHANGE_CERTIFICATES_MAX)
        reader_fail(r, ERR_LIMIT, NULL, "certificates", "%u are more than %d", n,
                    CHANGE_CERTIFICATES_MAX);
    if (!reader_ok(r))
        return;
    rows = ARENA_ARRAY(a, struct store_certificate, n);
    if (!rows)
        reader_fail(r, ERR_MEMORY, NULL, "certificates", "no memory for %u", n);
    for (uint32_t i = 0; i < n && reader_ok(r); i++)
        row_read(r, t, &rows[i]);
    c->certificates = rows;
    c->certificate_count = n;
}

bool change_parse(struct span bytes, struct arena *a, struct change *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct change c = { 0 };
    unsigned has;

    head_read(&r, &c);
    has = reader_ok(&r) ? deeds[c.kind].has : 0;
    if (has & HAS_INSTANCE)
        row_read(&r, &store_tables[STORE_INSTANCES], &c.instance);
    if (has & HAS_POLICY)
        row_read(&r, &store_tables[STORE_POLICIES], &c.policy);
    if (has & HAS_ROLE)
        row_read(&r, &store_tables[STORE_ROLES], &c.role);
    if (has & HAS_TOKEN)
        row_read(&r, &store_tables[STORE_TOKENS], &c.token);
    if (has & HAS_CERTIFICATES)
        certificates_read(&r, a, &c);
    if (!reader_done(&r))
        return err_in(err, "change");
    *out = c;
    return true;
}
