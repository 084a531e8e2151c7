/* Every row of both tables: a request that fails exactly there, and by its reason. */
#include "test_machine.h"

static struct machine machine;

static struct machine *again(void)
{
    if (!machine.crypto)
        machine_init(&machine);
    machine_again(&machine);
    return &machine;
}

/* ---------------------------------------------------------------- what good ones say */

static void good_requests_of_every_kind_are_accepted(void **state)
{
    static const struct {
        const char *name;
        struct machine_wish wish;
    } rows[] = {
        { "second form", { .form = TPM_FORM_SECOND } },
        { "first form", { .form = TPM_FORM_FIRST } },
        { "an EC key", { .form = TPM_FORM_SECOND, .is_ecc = true } },
        { "RSAPSS", { .form = TPM_FORM_SECOND, .scheme_id = TPM_ALG_RSAPSS } },
        { "SHA-384", { .form = TPM_FORM_SECOND, .hash_id = 0x000C } },
        { "certified key", { .form = TPM_FORM_SECOND, .is_certified = true } },
        { "other key", { .form = TPM_FORM_SECOND, .has_other_key = true } },
        { "after hibernations",
          { .form = TPM_FORM_SECOND, .has_boot = true, .quirk = QUIRK_RESUMED } },
        { "the same, first form",
          { .form = TPM_FORM_FIRST, .has_boot = true, .quirk = QUIRK_RESUMED } },
        { "enclave", { .form = TPM_FORM_SECOND, .is_vbs = true } },
        { "enclave, first form", { .form = TPM_FORM_FIRST, .is_vbs = true } },
        { "enclave after hibernations",
          { .form = TPM_FORM_SECOND, .is_vbs = true, .has_boot = true, .quirk = QUIRK_RESUMED } },
        { "no bare key", { .form = TPM_FORM_SECOND, .has_no_pub = true } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;

        m->wish = rows[i].wish;
        v = machine_judge(m);
        check_permitted(rows[i].name, v);
        CHECK(rows[i].name, claim_of(v, "aikValidated")->boolean);
        CHECK(rows[i].name, claim_of(v, "secureBootEnabled")->boolean);
        CHECK(rows[i].name, claim_of(v, "bootDebuggingDisabled")->boolean);
        CHECK(rows[i].name, claim_of(v, "vbsEnabled")->boolean);
        CHECK_INT(rows[i].name, claim_of(v, "vbsReportPresent")->boolean, m->wish.is_vbs);
        CHECK_INT(rows[i].name, claim_of(v, "enclaveSvn") != NULL, m->wish.is_vbs);
        CHECK_INT(rows[i].name, claim_of(v, "bootEvents") != NULL, m->wish.has_boot);
        CHECK(rows[i].name, claim_of(v, "pcrs")->is_read_only);
        CHECK_INT(rows[i].name, claim_of(v, "https://x.example/claims/site")->integer, 7);
        CHECK_INT(rows[i].name, claim_of(v, "https://x.example/claims/site")->issuer,
                  ISSUER_CLIENT);
        CHECK_TEXT(rows[i].name, claim_find(&v->outgoing, span_str("rp_data"))->text,
                   MACHINE_RP_DATA);
    }
}

/* ---------------------------------------------------------------- rows */

static uint8_t context_key[1][AEAD_KEY_SIZE];
static struct tpm_round_trip trip;
static bool everything_is_spent(const void *table, const struct tpm_opened *o, int64_t now)
{
    (void)table;
    (void)now;
    return o->challenge.n > 0;
}
static const struct tpm_spent spent = { .holds = everything_is_spent };
static struct span crls[1];
static struct tpm_anchor wrong_anchor;

static void with_context(struct machine *m, int64_t issued_at, const char *challenge)
{
    static const uint8_t nonce[AEAD_NONCE_SIZE];
    struct tpm_context x = { issued_at, span_str(challenge) };
    struct err e = { 0 };

    trip = (struct tpm_round_trip){ .keys = (const uint8_t(*)[AEAD_KEY_SIZE])context_key,
                                    .key_count = 1,
                                    .instance = span_str("contoso"),
                                    .api_version = span_str("2020-10-01"),
                                    .now = MACHINE_NOW,
                                    .lifetime = CONTEXT_LIFETIME };
    CHECK_OK("seal", tpm_context_seal(m->crypto, &trip, nonce, &x, &m->arena, &m->wish.context, &e),
             e);
    m->settings.round_trip = &trip;
}

static void wants_alg(struct machine *m)
{
    m->wish.alg = "RS256";
}
static void wants_typ(struct machine *m)
{
    m->wish.typ = "JWT";
}
static void wants_att_type(struct machine *m)
{
    m->wish.att_type = "other";
}
static void wants_large(struct machine *m)
{
    m->wish.quirk = QUIRK_TOO_LARGE;
}
static void wants_bad_context(struct machine *m)
{
    with_context(m, MACHINE_NOW, MACHINE_CHALLENGE);
    trip.instance = span_str("fabrikam");
}
static void wants_old_context(struct machine *m)
{
    with_context(m, MACHINE_NOW - CONTEXT_LIFETIME - 1, MACHINE_CHALLENGE);
}
static void wants_other_challenge(struct machine *m)
{
    with_context(m, MACHINE_NOW, "another challenge of 32 bytes...");
}
static void wants_used(struct machine *m)
{
    with_context(m, MACHINE_NOW, MACHINE_CHALLENGE);
    trip.spent = &spent;
}
static void wants_weak_key(struct machine *m)
{
    m->wish.has_weak_key = true;
}
static void wants_bad_jws(struct machine *m)
{
    m->wish.spoils_signature = true;
}
static void wants_bad_other_key(struct machine *m)
{
    m->wish.has_bad_other_key = true;
}
static void wants_ncrypt(struct machine *m)
{
    m->wish.binding = "{\"vbs_ncrypt\":{\"vbs_trustlet_report\":\"AA\"}}";
}
static void wants_unbound(struct machine *m)
{
    m->wish.binding = "{}";
}
static void wants_bad_claim(struct machine *m)
{
    m->wish.form = TPM_FORM_FIRST;
    m->wish.spoils_claim = true;
}
static void wants_magic(struct machine *m)
{
    m->wish.magic = 0x474354FF;
}
static void wants_attest_type(struct machine *m)
{
    m->wish.attest_type = TPM_ATTEST_NV;
}
static void wants_gap(struct machine *m)
{
    m->wish.misses_value = true;
}
static void wants_scheme(struct machine *m)
{
    m->wish.scheme_id = 0x0005;
}
static void wants_sha1(struct machine *m)
{
    m->wish.hash_id = TPM_ALG_SHA1;
}
static void wants_cut_log(struct machine *m)
{
    m->wish.quirk = QUIRK_CUT;
}
static void wants_large_event(struct machine *m)
{
    m->wish.quirk = QUIRK_LARGE_EVENT;
}
static void wants_other_cert(struct machine *m)
{
    m->wish.cert.is_of_other_key = true;
}
static void wants_no_cert(struct machine *m)
{
    m->wish.cert.is_none = true;
}
static void wants_garbage(struct machine *m)
{
    m->wish.cert.is_garbage = true;
}
static void wants_stranger(struct machine *m)
{
    m->wish.cert.is_of_other_issuer = true;
}
static void wants_forged_cert(struct machine *m)
{
    m->wish.cert.is_signed_by_other = true;
}
static void wants_ended(struct machine *m)
{
    m->wish.cert.to = MACHINE_NOW - 1;
}
static void wants_future(struct machine *m)
{
    m->wish.cert.from = MACHINE_NOW + 1;
}
static void with_crl(struct machine *m, struct signkey *k, int64_t from, int64_t to)
{
    crls[0] = machine_crl(m, k, from, to);
    m->settings.crls = crls;
    m->settings.crl_count = 1;
}
static void wants_bad_crl(struct machine *m)
{
    with_crl(m, m->other, MACHINE_NOW - 10, MACHINE_NOW + 10);
}
static void wants_old_crl(struct machine *m)
{
    with_crl(m, m->ca, MACHINE_NOW - 10, MACHINE_NOW - 1);
}
static void wants_revoked(struct machine *m)
{
    with_crl(m, m->ca, MACHINE_NOW - 10, MACHINE_NOW + 10);
    m->wish.cert.is_revoked = true;
}
static void wants_bad_quote(struct machine *m)
{
    m->wish.spoils_quote = true;
}
static void wants_old_quote(struct machine *m)
{
    m->wish.extra_data = span_str("a challenge of another day.....");
}
static void wants_value(struct machine *m)
{
    m->wish.spoils_value = true;
}
static void wants_subset(struct machine *m)
{
    m->wish.mask = 0xFFFFFE;
}
static void wants_blank(struct machine *m)
{
    m->wish.quirk = QUIRK_NOTHING_IN_PCR0;
}
static void wants_pcr(struct machine *m)
{
    m->wish.spoils_pcr = true;
}
static void wants_loose(struct machine *m)
{
    m->wish.quirk = QUIRK_LOOSE_DATA;
}
static void wants_two_separators(struct machine *m)
{
    m->wish.quirk = QUIRK_TWO_SEPARATORS;
}
static void wants_late(struct machine *m)
{
    m->wish.quirk = QUIRK_AFTER_WBCL;
}
static void wants_strange(struct machine *m)
{
    m->wish.quirk = QUIRK_STRANGE_EVENT;
}
static void wants_two(struct machine *m)
{
    m->wish.quirk = QUIRK_FLAG_OF_TWO;
}
static void wants_cycle(struct machine *m)
{
    m->wish.has_boot = true; /* and the current log is no resume's */
}
static void wants_certify(struct machine *m)
{
    m->wish.has_other_key = true;
    m->wish.spoils_certify = true;
}
static void wants_two_idks(struct machine *m)
{
    m->wish.quirk = QUIRK_TWO_IDKS;
}

static void vbs(struct machine *m)
{
    m->wish.is_vbs = true;
}
static void wants_cut_package(struct machine *m)
{
    vbs(m);
    m->wish.cuts_package = true;
}
static void wants_cut_statement(struct machine *m)
{
    vbs(m);
    m->wish.cuts_statement = true;
}
static void wants_package_version(struct machine *m)
{
    vbs(m);
    m->wish.package_version = 2;
}
static void wants_report_version(struct machine *m)
{
    vbs(m);
    m->wish.report_version = 2;
}
static void wants_vbs_scheme(struct machine *m)
{
    vbs(m);
    m->wish.scheme = 2;
}
static void wants_enclave_type(struct machine *m)
{
    vbs(m);
    m->wish.enclave_type = 1;
}
static void wants_block(struct machine *m)
{
    vbs(m);
    m->wish.block = 9;
}
static void wants_module(struct machine *m)
{
    vbs(m);
    m->wish.spoils_module = true;
}
static void wants_no_idks(struct machine *m)
{
    vbs(m);
    m->wish.quirk = QUIRK_NO_IDKS;
}
static void wants_short_idks(struct machine *m)
{
    vbs(m);
    m->wish.quirk = QUIRK_SHORT_IDKS;
}
static void wants_fault(struct machine *m)
{
    vbs(m);
    m->wish.quirk = QUIRK_GENERATION_FAULT;
}
static void wants_unlaunched(struct machine *m)
{
    vbs(m);
    m->wish.quirk = QUIRK_NOT_LAUNCHED;
}
static void wants_idk(struct machine *m)
{
    vbs(m);
    m->wish.signs_with_idk = true;
}
static void wants_data(struct machine *m)
{
    vbs(m);
    m->wish.spoils_data = true;
}

static const struct mutant {
    const char *row, *reason;
    void (*spoil)(struct machine *m);
    enum evidence_kind kind; /* 0: by the wish */
} mutants[] = {
    { "request", "malformed_request", wants_att_type },
    { "limits", "limit_exceeded", wants_large },
    { "algorithm", "unsupported_algorithm", wants_alg },
    { "request_type", "unsupported_request_type", wants_typ },
    { "attestation_type", "malformed_request", NULL, EVIDENCE_VBS },
    { "service_context", "invalid_service_context", wants_bad_context },
    { "context_age", "service_context_expired", wants_old_context },
    { "challenge", "challenge_mismatch", wants_other_challenge },
    { "challenge_unused", "challenge_replayed", wants_used },
    { "signing_key", "invalid_key", wants_weak_key },
    { "request_signature", "request_signature", wants_bad_jws },
    { "keys", "invalid_key", wants_bad_other_key },
    { "key_binding", "unsupported_key_binding", wants_ncrypt },
    { "key_bound", "unbound_request_key", wants_unbound },
    { "quote_frame", "malformed_quote", wants_bad_claim },
    { "quote_magic", "not_tpm_generated", wants_magic },
    { "quote_type", "wrong_attest_type", wants_attest_type },
    { "quote_form", "malformed_quote", wants_gap },
    { "signature_scheme", "unsupported_signature_scheme", wants_scheme },
    { "signature_hash", "sha1_not_allowed", wants_sha1 },
    { "logs", "malformed_log", wants_cut_log },
    { "log_limits", "limit_exceeded", wants_large_event },
    { "aik_key", "aik_mismatch", wants_other_cert },
    { "aik_certificate", "aik_certificate_missing", wants_no_cert },
    { "aik_form", "malformed_certificate", wants_garbage },
    { "aik_anchor", "untrusted_root", wants_stranger },
    { "aik_path", "invalid_certificate_chain", wants_forged_cert },
    { "aik_lasts", "certificate_expired", wants_ended },
    { "aik_begun", "certificate_not_yet_valid", wants_future },
    { "aik_crl", "invalid_crl", wants_bad_crl },
    { "aik_crl_lasts", "crl_expired", wants_old_crl },
    { "aik_not_revoked", "aik_revoked", wants_revoked },
    { "quote_signature", "quote_signature", wants_bad_quote },
    { "qualifying_data", "quote_qualifying_data", wants_old_quote },
    { "pcr_digest", "pcr_digest_mismatch", wants_value },
    { "required_pcrs", "required_pcrs_missing", wants_subset },
    { "bank_measured", "unmeasured_bank", wants_blank },
    { "replay", "log_replay_mismatch", wants_pcr },
    { "event_data", "event_data_mismatch", wants_loose },
    { "separators", "invalid_separator", wants_two_separators },
    { "log_end", "event_after_separator", wants_late },
    { "event_types", "unexpected_event", wants_strange },
    { "records", "inconsistent_log", wants_two },
    { "boot_cycle", "boot_attestation_mismatch", wants_cycle },
    { "certified_keys", "key_certification", wants_certify },
    { "idks_agree", "idks_conflict", wants_two_idks },
    { "vbs_package", "malformed_report", wants_cut_package },
    { "vbs_report", "malformed_report", wants_cut_statement },
    { "vbs_package_version", "unsupported_package_version", wants_package_version },
    { "vbs_report_version", "unsupported_report_version", wants_report_version },
    { "vbs_scheme", "unsupported_signature_scheme", wants_vbs_scheme },
    { "vbs_enclave_type", "wrong_enclave_type", wants_enclave_type },
    { "vbs_variable_data", "unsupported_variable_data", wants_block },
    { "vbs_modules", "module_mismatch", wants_module },
    { "vbs_idks", "idks_missing", wants_no_idks },
    { "vbs_idks_form", "malformed_idks", wants_short_idks },
    { "vbs_idks_made", "idk_generation_failed", wants_fault },
    { "vbs_launched", "vsm_not_launched", wants_unlaunched },
    { "vbs_signature", "report_signature", wants_idk },
    { "vbs_enclave_data", "enclave_data_mismatch", wants_data },
};

/* Proven over the vectors: this machine has no bank of SHA-1. */
static const char *const elsewhere[] = { "bank_hash" };

static bool is_named(const char *path, const char *row)
{
    size_t n = strlen(row);

    return strncmp(path, row, n) == 0 && (path[n] == 0 || path[n] == '.');
}

static void each_mutant_fails_exactly_at_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mutants); i++) {
        const struct mutant *x = &mutants[i];
        struct machine *m = again();
        const struct appraisal *v;

        if (x->spoil)
            x->spoil(m);
        v = x->kind ? machine_judge_bytes(m, machine_request(m), x->kind) : machine_judge(m);
        if (v->is_accepted)
            fail_msg("row \"%s\": accepted", x->row);
        if (!is_named(v->err.path, x->row) || strcmp(v->reason, x->reason) != 0)
            fail_msg("row \"%s\": failed at %s by %s: %s", x->row, v->err.path, v->reason,
                     v->err.text);
        CHECK_INT(x->row, v->incoming.count + v->outgoing.count, 0);
    }
}

static bool has_mutant(const char *row)
{
    for (size_t i = 0; i < COUNT(mutants); i++)
        if (strcmp(mutants[i].row, row) == 0)
            return true;
    for (size_t i = 0; i < COUNT(elsewhere); i++)
        if (strcmp(elsewhere[i], row) == 0)
            return true;
    return false;
}

static void every_row_has_a_mutant_and_every_mutant_a_row(void **state)
{
    size_t rows = tpm_check_count + vbs_check_count;

    (void)state;
    for (size_t i = 0; i < rows; i++) {
        const struct check *row =
            i < tpm_check_count ? &tpm_checks[i] : &vbs_checks[i - tpm_check_count];

        CHECK(row->name, has_mutant(row->name));
        CHECK(row->name, row->establishes[0] && row->reason[0] && row->spec[0]);
    }
    CHECK_INT("rows", rows, COUNT(mutants) + COUNT(elsewhere));
}

/* ---------------------------------------------------------------- certificates that are not
 * demanded */

static void bad_certificates_make_doubt_where_none_is_demanded(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mutants); i++) {
        struct machine *m = again();
        const struct appraisal *v;

        if (strncmp(mutants[i].row, "aik_", 4) != 0)
            continue;
        mutants[i].spoil(m);
        m->settings.aik_cert_is_optional = true;
        v = machine_judge(m);
        if (strcmp(mutants[i].row, "aik_key") == 0) {
            CHECK(mutants[i].row, !v->is_accepted);
            continue;
        }
        check_permitted(mutants[i].row, v);
        CHECK(mutants[i].row, !claim_of(v, "aikValidated")->boolean);
        CHECK(mutants[i].row, claim_of(v, "x-ms-tpm-aik-cert-manufacturer") == NULL);
    }
}

static void a_pinned_key_needs_no_certificate_and_is_not_validated(void **state)
{
    struct machine *m = again();
    struct span pin = { 0 };
    const struct appraisal *v;
    struct err e = { 0 };

    (void)state;
    m->wish.cert.is_none = true;
    CHECK_OK("pin", aik_pub_hash(m->crypto, machine_spki(m, m->aik), &m->arena, &pin, &e), e);
    m->settings.pins = &pin;
    m->settings.pin_count = 1;
    v = machine_judge(m);
    check_permitted("pinned", v);
    CHECK("pinned", !claim_of(v, "aikValidated")->boolean);
    CHECK_SPAN("pinned", claim_of(v, "aikPubHash")->text, pin);
    m->wish.has_no_pub = true;
    v = machine_judge(m);
    CHECK("no key at all", !v->is_accepted);
}

static void certificates_are_refused_for_what_stands_in_them(void **state)
{
    static const struct {
        const char *name;
        struct machine_cert cert;
    } rows[] = {
        { "another purpose", { .purpose = "2.23.133.8.1" } },
        { "an authority's", { .is_ca = true } },
        { "may not sign", { .has_no_usage = true } },
        { "no subject, and a name that is not critical", { .has_no_critical_name = true } },
        { "an extension nobody knows", { .critical = "1.2.3.4" } },
        { "given for a user's credentials", { .policy = "1.3.6.1.4.1.311.21.32" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;

        m->wish.cert = rows[i].cert;
        v = machine_judge(m);
        CHECK(rows[i].name, !v->is_accepted);
        CHECK_TEXT(rows[i].name, span_str(v->reason), "invalid_certificate_chain");
        CHECK_TEXT(rows[i].name, span_str(v->err.path), "aik_path.chain[0]");
    }
}

static void an_anchor_may_ask_for_a_policy(void **state)
{
    static const struct {
        const char *name, *policy;
        bool is_good;
    } rows[] = { { "by certificate", "1.3.6.1.4.1.311.21.31", true },
                 { "by key", "1.3.6.1.4.1.311.21.30", true },
                 { "by user", "1.3.6.1.4.1.311.21.32", false },
                 { "none", NULL, false } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();

        m->anchor.needs_policy = true;
        m->wish.cert.policy = rows[i].policy;
        CHECK_INT(rows[i].name, machine_judge(m)->is_accepted, rows[i].is_good);
    }
}

static void another_key_of_the_same_name_is_no_anchor(void **state)
{
    struct machine *m = again();
    const struct appraisal *v;

    (void)state;
    wrong_anchor = m->anchor;
    wrong_anchor.spki = machine_spki(m, m->other);
    m->settings.anchors = &wrong_anchor;
    v = machine_judge(m);
    CHECK("wrong key", !v->is_accepted);
    CHECK_TEXT("wrong key", span_str(v->reason), "invalid_certificate_chain");
    m->settings.anchor_count = 0;
    v = machine_judge(m);
    CHECK_TEXT("none", span_str(v->reason), "untrusted_root");
}

/* ---------------------------------------------------------------- settings */

static void sha1_is_allowed_by_form_or_by_setting(void **state)
{
    static const struct {
        enum tpm_form form;
        enum sha1_rule rule;
        const char *reason; /* the signature of the test's machine does not hold over SHA-1 */
    } rows[] = {
        { TPM_FORM_SECOND, SHA1_BY_FORM, "sha1_not_allowed" },
        { TPM_FORM_FIRST, SHA1_BY_FORM, "quote_signature" },
        { TPM_FORM_SECOND, SHA1_ALLOWED, "quote_signature" },
        { TPM_FORM_FIRST, SHA1_REFUSED, "sha1_not_allowed" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();

        m->wish.form = rows[i].form;
        m->wish.hash_id = TPM_ALG_SHA1;
        m->settings.sha1_signatures = rows[i].rule;
        CHECK_TEXT("rule", span_str(machine_judge(m)->reason), rows[i].reason);
    }
}

static void a_fresh_context_of_this_instance_is_taken(void **state)
{
    struct machine *m = again();
    const struct appraisal *v;

    (void)state;
    with_context(m, MACHINE_NOW - CONTEXT_LIFETIME, MACHINE_CHALLENGE);
    v = machine_judge(m);
    check_permitted("context", v);
    CHECK_INT("ran", v->trail.entries[5].outcome, CHECK_OK);
    m = again();
    v = machine_judge(m);
    check_permitted("no round trip", v);
    for (size_t i = 5; i < 9; i++)
        CHECK_INT(v->trail.entries[i].name, v->trail.entries[i].outcome, CHECK_NOT_RUN);
}

static void claims_of_ours_and_json_can_be_left_out(void **state)
{
    struct machine *m = again();
    const struct appraisal *v;

    (void)state;
    m->wish.is_vbs = true;
    m->settings.without_own_claims = m->settings.without_json_claims = true;
    v = machine_judge(m);
    check_permitted("less", v);
    for (size_t i = 0; i < v->incoming.count; i++)
        CHECK("ours", !span_starts(v->incoming.items[i].name, span_str("x-ms-")));
    CHECK("events", claim_of(v, "events") == NULL);
    CHECK("enclave", claim_of(v, "enclaveSvn") != NULL);
}

static void unknown_blocks_can_be_skipped(void **state)
{
    struct machine *m = again();

    (void)state;
    m->wish.is_vbs = true;
    m->wish.block = 9;
    m->settings.skips_unknown_variable_data = true;
    check_permitted("skipped", machine_judge(m));
}

static void debuggable_enclaves_are_told(void **state)
{
    static const struct {
        uint32_t flags;
        bool is_debug;
    } rows[] = { { 0, false }, { 1, true }, { 2, false }, { 4, true }, { 6, true }, { 8, true } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;

        m->wish.is_vbs = true;
        m->wish.flags = rows[i].flags;
        v = machine_judge(m);
        check_permitted("flags", v);
        CHECK_INT("debug", v->is_debug, rows[i].is_debug);
        CHECK_INT("claim", claim_of(v, "x-ms-vbs-is-debuggable")->boolean, rows[i].is_debug);
        CHECK_INT("number", claim_of(v, "enclaveFlags")->integer, rows[i].flags);
    }
}

TEST_MAIN(good_requests_of_every_kind_are_accepted, each_mutant_fails_exactly_at_its_row,
          every_row_has_a_mutant_and_every_mutant_a_row,
          bad_certificates_make_doubt_where_none_is_demanded,
          a_pinned_key_needs_no_certificate_and_is_not_validated,
          certificates_are_refused_for_what_stands_in_them, an_anchor_may_ask_for_a_policy,
          another_key_of_the_same_name_is_no_anchor, sha1_is_allowed_by_form_or_by_setting,
          a_fresh_context_of_this_instance_is_taken, claims_of_ours_and_json_can_be_left_out,
          unknown_blocks_can_be_skipped, debuggable_enclaves_are_told)
