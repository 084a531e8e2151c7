#include "store_test.h"

#include "keep.h"

/* What the store does with changes: over every engine. */

static uint8_t next_id;

static struct change change_of(enum change_kind kind)
{
    struct change c = {
        .kind = kind, .at = NOW, .actor = span_str("alice"), .expected = CHANGE_ANY
    };

    memset(c.id, ++next_id, sizeof c.id);
    return c;
}

static struct change create(const char *name, const char *host, const char *trust_model)
{
    struct change c = change_of(CHANGE_INSTANCE_CREATE);

    c.instance.name = span_str(name);
    c.instance.host = span_str(host);
    c.instance.issuer = span_str("https://contoso.example");
    c.instance.trust_model = span_str(trust_model);
    return c;
}

static struct change set_policy(const char *instance, const char *type, const char *jws)
{
    struct change c = change_of(CHANGE_POLICY_SET);

    c.policy = (struct store_policy){ .instance = span_str(instance),
                                      .type = span_str(type),
                                      .jws = span_str(jws),
                                      .text = span_str("version= 1.0;"),
                                      .hash = span_str("hash"),
                                      .token_hash = span_str("token hash") };
    return c;
}

static struct change with_certificate(enum change_kind kind, const struct store_certificate *c)
{
    struct change out = change_of(kind);

    out.certificates = c;
    out.certificate_count = 1;
    return out;
}

static struct store_certificate certificate(const char *instance, const char *der)
{
    return (struct store_certificate){ .instance = span_str(instance),
                                       .thumbprint = span_str(der),
                                       .der = span_str(der),
                                       .jwk = span_str("{}") };
}

static struct change_result make(const char *row, struct store *s, const struct change *c)
{
    struct change_result r = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, store_change(s, c, NULL, &r, &e), e);
    return r;
}

static struct err refused(const char *row, struct store *s, const struct change *c)
{
    struct change_result r;
    struct err e = { 0 };

    CHECK(row, !store_change(s, c, NULL, &r, &e));
    return e;
}

static int64_t records(struct store *s)
{
    struct audit_head end;
    struct err e = { 0 };

    CHECK_OK("chain", audit_verify(s, NULL, &end, &e), e);
    return end.number;
}

static struct state *state_of(struct store *s)
{
    struct err e = { 0 };
    struct state *state = state_load(s, &e);

    CHECK_OK("state", state != NULL, e);
    return state;
}

static void policies_are_added_and_numbered(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change one = set_policy("contoso", "SgxEnclave", "a.b.");
        struct change two = set_policy("contoso", "SgxEnclave", "c.d.");
        struct change other = set_policy("contoso", "Tpm", "e.f.");
        struct change_result r = make(engine, s, &made);
        struct state *now;

        CHECK_INT("revision", r.revision, 1);
        CHECK_INT("first", make(engine, s, &one).version, 1);
        CHECK_INT("second", make(engine, s, &two).version, 2);
        r = make(engine, s, &other);
        CHECK_INT("another type", r.version, 1);
        CHECK_INT("record", r.record, 4);
        now = state_of(s);
        CHECK_INT("in force", now->policy_count, 2);
        CHECK_INT("revision", now->revision, 4);
        CHECK_TEXT("newest", state_policy(now, span_str("contoso"), span_str("sgxENCLAVE"))->jws,
                   "c.d.");
        CHECK("none", !state_policy(now, span_str("contoso"), span_str("TdxVm")));
        CHECK("none", !state_policy(now, span_str("contos"), span_str("Tpm")));
        state_release(now);
        CHECK_INT("audit", records(s), 4);
    }
}

static void a_reset_is_a_version_and_resetting_nothing_is_no_change(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change set = set_policy("contoso", "Tpm", "a.b.");
        struct change resets[3];
        struct change_result r;
        struct state *now;

        for (size_t i = 0; i < COUNT(resets); i++) {
            resets[i] = set_policy("contoso", "Tpm", "");
            resets[i].kind = CHANGE_POLICY_RESET;
        }
        make(engine, s, &made);
        r = make(engine, s, &resets[0]);
        CHECK("nothing to reset", !r.is_changed && r.version == 0 && r.record == 0);
        make(engine, s, &set);
        r = make(engine, s, &resets[1]);
        CHECK("reset", r.is_changed && r.version == 2);
        r = make(engine, s, &resets[2]);
        CHECK("again", !r.is_changed && r.version == 2);
        now = state_of(s);
        CHECK("the default applies", !state_policy(now, span_str("contoso"), span_str("Tpm")));
        state_release(now);
        CHECK_INT("audit", records(s), 3);
    }
}

static void two_writers_have_one_order_and_the_second_is_told(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change first = set_policy("contoso", "Tpm", "a.b.");
        struct change second = set_policy("contoso", "Tpm", "c.d.");

        make(engine, s, &made);
        first.expected = second.expected = 0;
        CHECK_INT("first", make(engine, s, &first).version, 1);
        CHECK_ERR("second", refused(engine, s, &second), ERR_CONFLICT, "change.expected");
        second.expected = 1;
        CHECK_INT("having looked again", make(engine, s, &second).version, 2);
    }
}

static void repeating_a_change_under_its_identifier_changes_nothing(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change set = set_policy("contoso", "Tpm", "a.b.");
        struct change later = set_policy("contoso", "Tpm", "c.d.");
        struct change_result first, again;

        make(engine, s, &made);
        first = make(engine, s, &set);
        make(engine, s, &later);
        again = make(engine, s, &set);
        CHECK_INT("version", again.version, first.version);
        CHECK_INT("record", again.record, first.record);
        CHECK("changed", again.is_changed);
        CHECK_INT("audit", records(s), 3);
    }
}

static void certificates_are_sets_and_the_last_one_stays(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct store_certificate a = certificate("contoso", "A"), b = certificate("contoso", "B");
        struct change made = create("contoso", "contoso.example", "Isolated");
        struct change add[2] = { with_certificate(CHANGE_CERTIFICATE_ADD, &b),
                                 with_certificate(CHANGE_CERTIFICATE_ADD, &b) };
        struct change remove[3] = { with_certificate(CHANGE_CERTIFICATE_REMOVE, &a),
                                    with_certificate(CHANGE_CERTIFICATE_REMOVE, &a),
                                    with_certificate(CHANGE_CERTIFICATE_REMOVE, &b) };
        struct state *now;
        size_t count;

        made.certificates = &a;
        made.certificate_count = 1;
        make(engine, s, &made);
        CHECK("added", make(engine, s, &add[0]).is_changed);
        CHECK("present already", !make(engine, s, &add[1]).is_changed);
        now = state_of(s);
        state_certificates(now, span_str("contoso"), &count);
        CHECK_INT("both", count, 2);
        state_release(now);
        CHECK("removed", make(engine, s, &remove[0]).is_changed);
        CHECK("absent already", !make(engine, s, &remove[1]).is_changed);
        CHECK_ERR("last", refused(engine, s, &remove[2]), ERR_DENIED, "change.last");
        now = state_of(s);
        CHECK_TEXT("B stays", state_certificates(now, span_str("contoso"), &count)->der, "B");
        CHECK_INT("authority", state_instance(now, span_str("contoso"))->authority, 3);
        state_release(now);
    }
}

static void km_80_a_signer_removed_meanwhile_allows_nothing(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct store_certificate a = certificate("contoso", "A"), b = certificate("contoso", "B");
        const struct store_certificate both[] = { a, b };
        struct change made = create("contoso", "contoso.example", "Isolated");
        struct change remove = with_certificate(CHANGE_CERTIFICATE_REMOVE, &a);
        struct change set = set_policy("contoso", "Tpm", "signed.by.A");

        made.certificates = both;
        made.certificate_count = 2;
        set.seen = make(engine, s, &made).revision;
        make(engine, s, &remove);
        CHECK_ERR("signed by A", refused(engine, s, &set), ERR_CONFLICT, "change.authority");
        set.seen = 2;
        CHECK_INT("having looked again", make(engine, s, &set).version, 1);
    }
}

static void instances_have_names_and_addresses_of_their_own(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change one = create("contoso", "contoso.example", "AAD");
        struct change same_name = create("contoso", "other.example", "AAD");
        struct change same_host = create("other", "contoso.example", "AAD");
        struct change bad[] = { create("", "x.example", "AAD"), create("../x", "x.example", "AAD"),
                                create("Upper", "x.example", "AAD") };
        struct change upper = create("upper", "X.example", "AAD");
        struct state *now;

        make(engine, s, &one);
        CHECK_ERR("name", refused(engine, s, &same_name), ERR_CONFLICT, "change.name");
        CHECK_ERR("host", refused(engine, s, &same_host), ERR_CONFLICT, "change.host");
        CHECK_ERR("case", refused(engine, s, &upper), ERR_MALFORMED, "change.host");
        for (size_t i = 0; i < COUNT(bad); i++)
            CHECK_ERR("km_82", refused(engine, s, &bad[i]), ERR_MALFORMED, "change.name");
        now = state_of(s);
        CHECK_INT("one", now->instance_count, 1);
        CHECK("by host", state_instance_at(now, span_str("CONTOSO.example")) == now->instances);
        CHECK("no other", !state_instance_at(now, span_str("contoso.exampl")));
        state_release(now);
    }
}

static void an_instance_changes_by_its_version_and_goes_with_all_it_has(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct store_certificate a = certificate("contoso", "A");
        struct change made = create("contoso", "contoso.example", "Isolated");
        struct change update = create("contoso", "new.example", "Isolated");
        struct change stale = create("contoso", "stale.example", "Isolated");
        struct change set = set_policy("contoso", "Tpm", "a.b.");
        struct change role = change_of(CHANGE_ROLE_GRANT), token = change_of(CHANGE_TOKEN_ADD);
        struct change gone[2] = { change_of(CHANGE_INSTANCE_DELETE),
                                  change_of(CHANGE_INSTANCE_DELETE) };
        uint8_t digest[SHA256_SIZE] = { 7 };
        struct state *now;

        made.certificates = &a;
        made.certificate_count = 1;
        update.kind = stale.kind = CHANGE_INSTANCE_UPDATE;
        update.expected = stale.expected = 1;
        role.role = (struct store_role){ .instance = span_str("contoso"),
                                         .principal = span_str("bob"),
                                         .role = span_str("reader") };
        token.token = (struct store_token){ .digest = span_of(digest, sizeof digest),
                                            .instance = span_str("contoso"),
                                            .role = span_str("reader") };
        gone[0].instance.name = gone[1].instance.name = span_str("contoso");
        make(engine, s, &made);
        CHECK_INT("updated", make(engine, s, &update).version, 2);
        CHECK_ERR("stale", refused(engine, s, &stale), ERR_CONFLICT, "change.expected");
        make(engine, s, &set);
        make(engine, s, &role);
        make(engine, s, &token);
        now = state_of(s);
        CHECK_TEXT("host", now->instances[0].host, "new.example");
        CHECK("token", state_token(now, digest) != NULL);
        state_release(now);
        CHECK("deleted", make(engine, s, &gone[0]).is_changed);
        CHECK("again", !make(engine, s, &gone[1]).is_changed);
        now = state_of(s);
        CHECK_INT("nothing left",
                  now->instance_count + now->policy_count + now->certificate_count +
                      now->role_count + now->token_count,
                  0);
        state_release(now);
        CHECK_INT("but the audit", records(s), 6);
    }
}

static void what_is_not_there_is_missing(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct store_certificate a = certificate("contoso", "A");
        struct change rows[] = { set_policy("contoso", "Tpm", "a.b."),
                                 with_certificate(CHANGE_CERTIFICATE_ADD, &a),
                                 create("contoso", "x.example", "AAD"),
                                 change_of(CHANGE_ROLE_GRANT) };

        rows[2].kind = CHANGE_INSTANCE_UPDATE;
        rows[3].role = (struct store_role){ .instance = span_str("contoso"),
                                            .principal = span_str("bob"),
                                            .role = span_str("reader") };
        for (size_t i = 0; i < COUNT(rows); i++)
            CHECK_ERR(engine, refused(engine, s, &rows[i]), ERR_MISSING, "change.instance");
        CHECK_INT("no trace", records(s), 0);
    }
}

static bool look_away(struct tx *tx, void *arg, struct err *err)
{
    (void)tx;
    (void)arg;
    return err_fail(err, ERR_LIMIT, NULL, "too much");
}

static void who_watches_may_refuse_and_nothing_is_left(void **state)
{
    const struct change_watch watch = { look_away, NULL };
    (void)state;

    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change_result r;
        struct err e = { 0 };
        struct state *now;

        CHECK(engine, !store_change(s, &made, &watch, &r, &e));
        CHECK_ERR(engine, e, ERR_LIMIT, "");
        now = state_of(s);
        CHECK_INT("none", now->instance_count + (size_t)now->revision, 0);
        state_release(now);
        CHECK_INT("audit", records(s), 0);
    }
}

static const struct change_result *result_seen;
static struct change_result result_copy;
static struct err err_copy;

static void done(void *arg, const struct change_result *result, const struct err *err)
{
    ++*(int *)arg;
    result_seen = result;
    if (result)
        result_copy = *result;
    if (err)
        err_copy = *err;
}

static void a_keep_over_a_store_answers_at_once(void **state)
{
    (void)state;
    FOR_EACH_ENGINE(s, engine)
    {
        struct change made = create("contoso", "contoso.example", "AAD");
        struct change missing = set_policy("other", "Tpm", "a.b.");
        struct err e = { 0 };
        struct keep_local *local = keep_local_new(s, &e);
        struct keep k;
        const struct state *before;
        int calls = 0;

        CHECK_OK(engine, local != NULL, e);
        k = keep_local_keep(local);
        before = state_hold(keep_state(&k));
        CHECK_OK(engine, keep_change(&k, &made, done, &calls, &e), e);
        CHECK("done", calls == 1 && result_seen && result_copy.is_changed);
        CHECK_INT("seen by the next", keep_state(&k)->instance_count, 1);
        CHECK_INT("and not by the one before", before->instance_count, 0);
        state_release(before);
        CHECK_OK(engine, keep_change(&k, &missing, done, &calls, &e), e);
        CHECK("refused", calls == 2 && !result_seen);
        CHECK_ERR(engine, err_copy, ERR_MISSING, "change.instance");
        keep_local_free(local);
    }
}

static struct change full(enum change_kind kind, const struct store_certificate *two)
{
    struct change c = create("contoso", "contoso.example", "Isolated");
    static const uint8_t digest[SHA256_SIZE] = { 9 };

    c.kind = kind;
    c.request_id = span_str("00-aa-bb-00");
    c.policy = set_policy("contoso", "Tpm", "a.b.").policy;
    c.role = (struct store_role){ .instance = span_str("*"), .principal = span_str("p") };
    c.token = (struct store_token){ .digest = span_of(digest, sizeof digest) };
    c.certificates = two;
    c.certificate_count = 2;
    return c;
}

static void a_change_is_written_and_read_back_and_no_part_of_it_is_read(void **state)
{
    const struct store_certificate two[] = { certificate("a", "A"), certificate("b", "B") };
    static uint8_t first[65536], second[65536];
    (void)state;

    for (int kind = 1; kind < CHANGE_KINDS; kind++) {
        struct change c = full((enum change_kind)kind, two), back;
        struct writer w = writer_over(first, sizeof first), v = writer_over(second, sizeof second);
        struct arena a = arena_over(1 << 20);
        struct err e = { 0 };
        const char *row = change_defs[kind].action;

        CHECK_OK(row, change_write(&w, &c, &e), e);
        CHECK_OK(row, change_parse(writer_span(&w), &a, &back, &e), e);
        CHECK_OK(row, change_write(&v, &back, &e), e);
        CHECK_SPAN(row, writer_span(&v), writer_span(&w));
        for (size_t n = 0; n < w.n; n++) {
            uint8_t *part = check_exact(span_of(first, n));
            struct err why = { 0 };

            CHECK(row, !change_parse(span_of(part, n), &a, &back, &why));
            CHECK(row, why.code == ERR_MALFORMED && why.text[0] != '\0');
            free(part);
        }
        arena_fini(&a);
    }
}

TEST_MAIN(policies_are_added_and_numbered, a_reset_is_a_version_and_resetting_nothing_is_no_change,
          two_writers_have_one_order_and_the_second_is_told,
          repeating_a_change_under_its_identifier_changes_nothing,
          certificates_are_sets_and_the_last_one_stays,
          km_80_a_signer_removed_meanwhile_allows_nothing,
          instances_have_names_and_addresses_of_their_own,
          an_instance_changes_by_its_version_and_goes_with_all_it_has, what_is_not_there_is_missing,
          who_watches_may_refuse_and_nothing_is_left, a_keep_over_a_store_answers_at_once,
          a_change_is_written_and_read_back_and_no_part_of_it_is_read)
