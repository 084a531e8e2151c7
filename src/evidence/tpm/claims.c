#include "claims.h"

#include "../../base/b64.h"
#include "../vbs/claims.h"
#include "events_json.h"

/* What the rows read. */
struct tpm_facts {
    bool aik_validated;
    struct span aik_pub_hash; /* text */
    uint32_t tpm_version;
    bool secure_boot, iommu, boot_debugging_disabled, not_safe_mode, not_win_pe, vbs, report;
    struct span quote_hash, quote_bank, manufacturer, log_format, firmware; /* text */
    uint32_t reset_count, restart_count;
    uint64_t clock, boot_counter;
};

#define TEXT(field) CLAIM_STRING, FROM_TEXT, offsetof(struct tpm_facts, field)
#define JSON_TEXT   CLAIM_STRING, FROM_MADE, 0
#define IN          CLAIM_INCOMING
#define OURS        (CLAIM_INCOMING | CLAIM_OURS)
#define TWIN        (CLAIM_INCOMING | CLAIM_DEPRECATED)
#define OUT         CLAIM_OUTGOING

/* clang-format off */
const struct claim_def tpm_claims[] = {
    /* name                            type and value                              flags  what it means                                                          source                   instead */
    { "aikValidated",                  FROM(tpm_facts, aik_validated),             IN,    "the attestation key's certificate leads to an anchor",                "the TPM contract, 8.1", NULL },
    { "aikPubHash",                    TEXT(aik_pub_hash),                         IN,    "base64 of SHA-256 over the attestation key's SubjectPublicKeyInfo",   "the TPM contract, 8.2", NULL },
    { "tpmVersion",                    FROM(tpm_facts, tpm_version),               IN,    "major version of the TPM: 2",                                         "the TPM contract, 14",  NULL },
    { "secureBootEnabled",             FROM(tpm_facts, secure_boot),               IN,    "Secure Boot was on",                                                  "the TPM contract, 14",  NULL },
    { "iommuEnabled",                  FROM(tpm_facts, iommu),                     IN,    "the hypervisor demanded an IOMMU",                                    "the TPM contract, 14",  NULL },
    { "bootDebuggingDisabled",         FROM(tpm_facts, boot_debugging_disabled),   IN,    "boot debugging was off",                                              "the TPM contract, 14",  NULL },
    { "notSafeMode",                   FROM(tpm_facts, not_safe_mode),             IN,    "Windows is not in safe mode; true where nothing is said",             "the TPM contract, 14",  NULL },
    { "notWinPE",                      FROM(tpm_facts, not_win_pe),                IN,    "Windows is not its installer; true where nothing is said",            "the TPM contract, 14",  NULL },
    { "vbsEnabled",                    FROM(tpm_facts, vbs),                       IN,    "virtualization-based security was demanded",                          "the TPM contract, 14",  NULL },
    { "vbsReportPresent",              FROM(tpm_facts, report),                    IN,    "an enclave's report came and holds",                                  "the VBS contract, 9",   NULL },
    { "vsmReportPresent",              FROM(tpm_facts, report),                    TWIN,  "an enclave's report came and holds",                                  "the VBS contract, 9",   "vbsReportPresent" },
    { "x-ms-tpm-quote-hash",           TEXT(quote_hash),                           OURS,  "hash of the quote's signature: \"sha1\", \"sha256\", ...",            "the TPM contract, 14",  NULL },
    { "x-ms-tpm-quote-bank",           TEXT(quote_bank),                           OURS,  "bank of PCRs that was judged",                                        "the TPM contract, 14",  NULL },
    { "x-ms-tpm-reset-count",          FROM(tpm_facts, reset_count),               OURS,  "the TPM's count of resets",                                           "the TPM contract, 11",  NULL },
    { "x-ms-tpm-restart-count",        FROM(tpm_facts, restart_count),             OURS,  "the TPM's count of restarts",                                         "the TPM contract, 11",  NULL },
    { "x-ms-tpm-clock",                FROM(tpm_facts, clock),                     OURS,  "the TPM's clock, milliseconds",                                       "the TPM contract, 11",  NULL },
    { "x-ms-tpm-firmware-version",     TEXT(firmware),                             OURS,  "the TPM's firmware version, 16 hexadecimal digits",                   "the TPM contract, 6",   NULL },
    { "x-ms-tpm-boot-counter",         CLAIM_INT, FROM_MADE, 0,                    OURS,  "Windows' count of boots, where the log has it",                       "the TPM contract, 12",  NULL },
    { "x-ms-tpm-aik-cert-manufacturer", CLAIM_STRING, FROM_MADE, 0,                OURS,  "the TPM's manufacturer by the certificate: \"id:4E544300\"",          "the TPM contract, 8.1", NULL },
    { "x-ms-tpm-log-format",           CLAIM_STRING, FROM_MADE, 0,                 OURS,  "encoding of the log: \"sha1\", \"agile\"",                            "the TPM contract, 9.1", NULL },
    { "events",                        JSON_TEXT,                                  IN,    "the measured events, as JSON",                                        "the TPM contract, 15",  NULL },
    { "bootEvents",                    JSON_TEXT,                                  IN,    "those of the boot before a hibernation, as JSON",                     "the TPM contract, 15",  NULL },
    { "pcrs",                          JSON_TEXT,                                  IN,    "the quoted PCR values, as JSON; cannot be issued",                    "the TPM contract, 15",  NULL },
    { "x-ms-tpm-request-key",          JSON_TEXT,                                  IN,    "the key that signed the request and what binds it, as JSON",          "the TPM contract, 4",   NULL },
    { "x-ms-tpm-other-keys",           JSON_TEXT,                                  IN,    "further keys of the request, as JSON",                                "the TPM contract, 4",   NULL },
    { "x-ms-attestation-type",         CLAIM_STRING, FROM_MADE, 0,                 OUT,   "kind of evidence: \"tpm\", \"vbs\"",                                  "the TPM contract, 16",  NULL },
    { "ver",                           CLAIM_STRING, FROM_MADE, 0,                 OUT,   "version of the token: \"1.0\"",                                       "the TPM contract, 16",  NULL },
    { "cnf",                           CLAIM_JSON, FROM_MADE, 0,                   OUT,   "the key that the sender holds",                                       "RFC 7800, 3.2",         NULL },
    { "nonce",                         CLAIM_STRING, FROM_MADE, 0,                 OUT,   "the request's rp_data as it came",                                    "the TPM contract, 16",  NULL },
    { "rp_data",                       CLAIM_STRING, FROM_MADE, 0,                 OUT | CLAIM_DEPRECATED, "the request's rp_data as it came",                  "the TPM contract, 16",  "nonce" },
};
/* clang-format on */

const size_t tpm_claim_count = COUNT(tpm_claims);

/* ---------------------------------------------------------------- fields */

static bool write_firmware(const struct tpm_case *c, struct span *out, struct err *err)
{
    struct writer w = writer_in(c->in->arena, 24);

    write_format(&w, "%016llx", (unsigned long long)c->current.quote.attest.firmware_version);
    return writer_done(&w, out, err);
}

static bool facts_of(const struct tpm_case *c, struct tpm_facts *out, struct err *err)
{
    const struct tpm_attest *quote = &c->current.quote.attest;

    *out = (struct tpm_facts){
        .aik_validated = !c->is_aik_doubtful,
        .aik_pub_hash = c->aik_pub_hash,
        .tpm_version = 2,
        .secure_boot = c->facts.secure_boot,
        .iommu = facts_iommu_enabled(&c->facts),
        .boot_debugging_disabled = facts_boot_debugging_disabled(&c->facts),
        .not_safe_mode = facts_not_safe_mode(&c->facts),
        .not_win_pe = facts_not_win_pe(&c->facts),
        .vbs = facts_vbs_enabled(&c->facts),
        .report = c->request.is_vbs,
        .quote_hash = span_str(banks[c->current.quote.signature.hash].words),
        .quote_bank = span_str(banks[c->current.bank].words),
        .reset_count = quote->reset_count,
        .restart_count = quote->restart_count,
        .clock = quote->clock,
    };
    return write_firmware(c, &out->firmware, err);
}

static bool add_fields(const struct tpm_case *c, const struct tpm_facts *facts,
                       struct claim_set *set, struct err *err)
{
    for (size_t i = 0; i < tpm_claim_count; i++) {
        const struct claim_def *def = &tpm_claims[i];

        if (!(def->flags & CLAIM_INCOMING) ||
            ((def->flags & CLAIM_OURS) && c->settings->without_own_claims))
            continue;
        if (!claim_add_def(set, def, facts, err))
            return false;
    }
    return true;
}

/* Those that only some machines have. */
static bool add_own(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct span manufacturer = c->has_leaf ? aik_manufacturer(&c->leaf) : (struct span){ 0 };
    uint64_t counter = c->facts.boot_counter;

    if (c->settings->without_own_claims)
        return true;
    if (c->facts.has_boot_counter &&
        !claim_add_int(set, "x-ms-tpm-boot-counter",
                       counter > INT64_MAX ? INT64_MAX : (int64_t)counter, err))
        return false;
    if (manufacturer.n > 0 && !c->is_aik_doubtful &&
        !claim_add_string(set, "x-ms-tpm-aik-cert-manufacturer", manufacturer, err))
        return false;
    return !c->facts.log_format ||
           claim_add_string(set, "x-ms-tpm-log-format", span_str(c->facts.log_format), err);
}

/* ---------------------------------------------------------------- JSON texts */

static bool add_events(const struct tpm_case *c, const struct tpm_attestation *t, const char *name,
                       struct claim_set *set, struct err *err)
{
    struct events_json_in in = {
        .crypto = c->in->crypto, .arena = c->in->arena, .boot = &t->boot, .bank = t->bank
    };
    struct writer w = writer_in(c->in->arena, 64 * 1024);
    struct span text = { 0 };

    for (unsigned b = 0; b < BANK_COUNT; b++)
        in.held[b] = t->held[b];
    return events_json_write(&in, &w, err) && writer_done(&w, &text, err) &&
           claim_add_string(set, name, text, err);
}

static bool add_pcrs(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct writer w = writer_in(c->in->arena, 8 * 1024);
    struct claim claim = { .name = span_str("pcrs"), .type = CLAIM_STRING, .is_read_only = true };

    pcrs_json_write(&w, &c->current.quote.pcrs);
    return writer_done(&w, &claim.text, err) && claim_add(set, &claim, err);
}

static const struct tpm_certified *certified_of(const struct tpm_case *c,
                                                const struct tpm_key_object *k)
{
    for (size_t i = 0; i < c->certified_count; i++)
        if (c->certified[i].object == k)
            return &c->certified[i];
    return NULL;
}

/* What the TPM says of a key stands in place of the statement that proved it. */
static void write_key(const struct tpm_case *c, struct writer *w, const struct tpm_key_object *k)
{
    const struct tpm_certified *certified = certified_of(c, k);

    if (c->request.form == TPM_FORM_FIRST) {
        write_text(w, "{\"jwk\":");
        write_bytes(w, k->jwk->raw);
        write_text(w, "}");
        return;
    }
    if (!certified) {
        write_bytes(w, k->json->raw);
        return;
    }
    write_text(w, "{\"jwk\":");
    write_bytes(w, k->jwk->raw);
    write_format(w, ",\"info\":{\"tpm_certify\":{\"name_alg\":%u,\"obj_attr\":%u",
                 certified->area.name_alg, certified->area.attributes);
    if (certified->area.auth_policy.n > 0) {
        write_text(w, ",\"auth_policy\":\"");
        b64_write_url(w, certified->area.auth_policy);
        write_text(w, "\"");
    }
    write_text(w, "}}}");
}

static bool add_keys(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct writer one = writer_in(c->in->arena, 1024), others = writer_in(c->in->arena, 1024);
    struct span text = { 0 };

    write_key(c, &one, &c->request.request_key);
    if (!writer_done(&one, &text, err) || !claim_add_string(set, "x-ms-tpm-request-key", text, err))
        return false;
    write_text(&others, "[");
    for (size_t i = 0; i < c->request.other_key_count; i++) {
        write_text(&others, i ? "," : "");
        write_key(c, &others, &c->request.other_keys[i]);
    }
    write_text(&others, "]");
    return writer_done(&others, &text, err) &&
           claim_add_string(set, "x-ms-tpm-other-keys", text, err);
}

static bool add_json(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    if (c->settings->without_json_claims)
        return true;
    if (!add_events(c, &c->current, "events", set, err) ||
        (c->request.has_boot && !add_events(c, &c->boot, "bootEvents", set, err)))
        return false;
    return add_pcrs(c, set, err) && add_keys(c, set, err);
}

/* ---------------------------------------------------------------- the whole */

static bool add_customs(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct writer prefix = writer_in(c->in->arena, c->settings->instance_url.n + 16);
    struct span text = { 0 };

    write_bytes(&prefix, c->settings->instance_url);
    write_text(&prefix, "/claims/");
    return writer_done(&prefix, &text, err) &&
           tpm_custom_claims_add(c->request.custom_claims, text, set, err);
}

/* The caller's own nonce gives way to what the sender relays from his relying party. */
static bool add_nonce(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct span nonce = c->request.rp_data.p ? c->request.rp_data : c->in->nonce;

    if (c->request.rp_data.p && !claim_add_string(set, "rp_data", c->request.rp_data, err))
        return false;
    return !(c->request.rp_data.p || nonce.n > 0) || claim_add_string(set, "nonce", nonce, err);
}

static bool make_outgoing(const struct tpm_case *c, struct claim_set *set, struct err *err)
{
    struct writer cnf = writer_in(c->in->arena, 1024);
    struct span text = { 0 };

    tpm_jwk_write_confirmation(&cnf, &c->request_key);
    return writer_done(&cnf, &text, err) && claim_add_json(set, "cnf", text, err) &&
           claim_add_string(set, "ver", span_str("1.0"), err) &&
           claim_add_string(set, "x-ms-attestation-type",
                            span_str(c->request.is_vbs ? "vbs" : "tpm"), err) &&
           add_nonce(c, set, err);
}

bool tpm_claims_make(const struct tpm_case *c, struct claim_set *incoming,
                     struct claim_set *outgoing, struct err *err)
{
    struct tpm_facts facts;

    return facts_of(c, &facts, err) && add_fields(c, &facts, incoming, err) &&
           add_own(c, incoming, err) && (!c->request.is_vbs || vbs_claims_make(c, incoming, err)) &&
           add_json(c, incoming, err) && add_customs(c, incoming, err) &&
           make_outgoing(c, outgoing, err);
}
