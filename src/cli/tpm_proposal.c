#include "tpm_proposal.h"

#include "../base/b64.h"
#include "../base/utf8.h"
#include "../crypto/cert.h"
#include "../evidence/tpm/bank.h"
#include "../evidence/tpm/limits.h"
#include "../format/json.h"
#include "../policy/policy.h"

#include <stdio.h>
#include <string.h>

enum { RULE_MAX = 64 * 1024, OWNER_SIZE = 16, DIGESTS_MAX = 256 };

/* ---------------------------------------------------------------- facts worth asking for */

/* Of the service's own claims, or read from the tagged events that Windows' boot manager and
 * loader measured before they handed over. */
struct fact {
    const char *name; /* claim of the service, or added by the rule */
    const char *comment;
    const char *record; /* Windows record whose flag counts; NULL: a claim of the service */
    bool wanted;        /* every such flag has this value */
    bool is_debugging;  /* tells of debuggers */
};

/* clang-format off */
static const struct fact facts[] = {
    { "aikValidated",          "An authority vouches for the key that signed the quote: it lives in a TPM.", NULL, true },
    { "secureBootEnabled",     "Secure Boot is on, and was measured before the firmware closed PCR 7.",      NULL, true },
    { "bootDebuggingDisabled", "No boot debugger is attached.",                                              NULL, true, true },
    { "vbsEnabled",            "Virtualization-based security is required.",                                 NULL, true },
    { "iommuEnabled",          "The hypervisor requires an IOMMU.",                                          NULL, true },
    { "notSafeMode",           "Not safe mode; holds of systems that do not say, too.",                      NULL, true },
    { "notWinPE",              "Not a preinstallation environment; holds of systems that do not say, too.",  NULL, true },
    { "codeIntegrity",         "The kernel checks what it loads.",                                           "EVENT_CODEINTEGRITY", true },
    { "noKernelDebugger",      "No kernel debugger is attached.",                                            "EVENT_OSKERNELDEBUG", false, true },
    { "noTestSigning",         "Test signatures are not accepted.",                                          "EVENT_TESTSIGNING", false },
    { "noFlightSigning",       "Signatures of pre-releases are not accepted.",                               "EVENT_FLIGHTSIGNING", false },
};
/* clang-format on */

struct proposal {
    struct crypto *crypto;
    const struct claim_set *claims;
    struct arena *arena;
    const struct json *events;
    const char *bank;         /* "SHA256" */
    struct writer rules;      /* what adds claims */
    struct writer conditions; /* what permits */
    struct writer aside;      /* comments about what is not so */
    bool asks_debugging;
    struct err *err;
};

static void write_record_rule(struct writer *w, const struct fact *f)
{
    write_format(w,
                 "    c:[type==\"events\", issuer==\"AttestationService\"] => add(type=\"%s\", "
                 "value=JsonToClaimValue(JmesPath(c.value,\n",
                 f->name);
    write_format(w,
                 "        \"Events[?PcrIndex == `12` || PcrIndex == `13`].ProcessedData"
                 ".EVENT_TRUSTBOUNDARY.%s | length(@) > `0` && length([?@ != `%s`]) == `0`\")));\n",
                 f->record, f->wanted ? "true" : "false");
}

static void write_condition(struct writer *w, const char *name, const char *issuer)
{
    write_format(w, "[type==\"%s\", value==true, issuer==\"%s\"]", name, issuer);
}

/* ---------------------------------------------------------------- asking the language */

static void begin_policy(struct writer *w)
{
    write_text(w, "version=1.2;\n\nauthorizationrules {\n");
}

/* Whether the claims have what rule and condition ask for. */
static bool holds(struct proposal *p, struct span rule, struct span condition, bool *out)
{
    struct policy_diagnostics found = { .arena = p->arena };
    struct policy_outcome outcome = { 0 };
    struct writer w = writer_in(p->arena, 1024 + rule.n);
    struct span text = { 0 };
    struct policy *policy;
    bool ok;

    begin_policy(&w);
    write_bytes(&w, rule);
    write_text(&w, "    ");
    write_bytes(&w, condition);
    write_text(&w, " => permit();\n};\n\nissuancerules {};\n");
    if (!writer_done(&w, &text, p->err))
        return false;
    policy = policy_new(p->crypto, text, &found, p->err);
    if (!policy)
        return p->err->code != ERR_NONE ||
               err_fail(p->err, ERR_INTERNAL, NULL, "a rule of ours does not compile");
    ok = policy_eval(policy, p->claims, p->arena, &outcome, p->err);
    policy_free(policy);
    *out = outcome.decision == POLICY_PERMIT;
    return ok;
}

/* Takes what holds into the policy, and notes what does not. */
static bool offer(struct proposal *p, const char *comment, struct span rule, struct span condition,
                  const char *name)
{
    bool is_so = false;

    if (!holds(p, rule, condition, &is_so))
        return false;
    if (!is_so) {
        write_format(&p->aside, "    //   %s: %s\n", name, comment);
        return true;
    }
    if (rule.n > 0) {
        write_format(&p->rules, "    // %s\n", comment);
        write_bytes(&p->rules, rule);
        write_text(&p->rules, "\n");
    } else {
        write_format(&p->conditions, "    // %s: %s\n", name, comment);
    }
    return true;
}

/* The same condition again, for the last rule. */
static void demand(struct writer *all, struct span condition)
{
    write_text(all, all->n > 0 ? " &&\n    " : "    ");
    write_bytes(all, condition);
}

static bool ask(struct proposal *p, const struct fact *f, struct writer *all)
{
    struct writer rule = writer_in(p->arena, 512), condition = writer_in(p->arena, 128);
    size_t noted = p->aside.n;

    if (f->record)
        write_record_rule(&rule, f);
    write_condition(&condition, f->name, f->record ? "AttestationPolicy" : "AttestationService");
    if (!offer(p, f->comment, writer_span(&rule), writer_span(&condition), f->name))
        return false;
    if (p->aside.n != noted)
        return true;
    p->asks_debugging = p->asks_debugging || f->is_debugging;
    demand(all, writer_span(&condition));
    return true;
}

/* ---------------------------------------------------------------- the record of Secure Boot */

/* "db: Microsoft Windows Production PCA 2011", or the variable's name alone. */
static void write_event_name(struct proposal *p, struct writer *w, const struct json *event)
{
    const struct json *data = json_member(event, "ProcessedData");
    struct span name = { 0 }, text = { 0 }, bytes = { 0 }, kind = { 0 };
    struct err ignored = { 0 };
    char show[96];
    struct cert cert;

    if (!json_get_string(event, "EventTypeString", &kind, &ignored))
        kind = span_str("an event");
    if (!json_get_string(data, "UnicodeName", &name, &ignored)) {
        write_text(w, utf8_show(kind, show, sizeof show));
        return;
    }
    write_text(w, utf8_show(name, show, sizeof show));
    if (span_is(kind, "EV_EFI_VARIABLE_AUTHORITY") &&
        json_get_string(data, "VariableData", &text, &ignored) &&
        b64_read(p->arena, text, B64_URL, &bytes, &ignored) && bytes.n > OWNER_SIZE &&
        cert_parse(span_part(bytes, OWNER_SIZE, bytes.n), &cert, &ignored))
        write_format(w, ", authority \"%s\"", utf8_show(cert.subject_cn, show, sizeof show));
}

static bool is_of_pcr7(const struct json *event)
{
    int64_t index = -1;
    struct err ignored = { 0 };

    return json_get_int(event, "PcrIndex", &index, &ignored) && index == 7;
}

/* One line of comment and one digest for each event, in the order of the log. */
static size_t gather(struct proposal *p, struct writer *names, struct writer *digests)
{
    size_t count = 0;

    for (const struct json *e = p->events->child; e && count < DIGESTS_MAX; e = e->next) {
        struct err ignored = { 0 };
        struct span digest = { 0 };

        if (!is_of_pcr7(e) ||
            !json_get_string(json_member(e, "Digests"), p->bank, &digest, &ignored))
            continue;
        write_format(names, "    //   %.16s  ", (const char *)digest.p);
        write_event_name(p, names, e);
        write_text(names, "\n");
        write_format(digests, "%s\\\"%.*s\\\"", count++ > 0 ? ", " : "", SPAN_ARG(digest));
    }
    return count;
}

static bool ask_record(struct proposal *p, struct writer *all)
{
    struct writer names = writer_in(p->arena, 4096), digests = writer_in(p->arena, 4096);
    struct writer rule = writer_in(p->arena, 8192), condition = writer_in(p->arena, 128);
    size_t noted = p->aside.n;

    if (gather(p, &names, &digests) == 0)
        return true;
    write_bytes(&rule, writer_span(&names));
    write_text(&rule, "    c:[type==\"events\", issuer==\"AttestationService\"] => "
                      "add(type=\"pcr7Known\", value=JsonToClaimValue(JmesPath(c.value,\n");
    write_format(&rule,
                 "        \"Events[?PcrIndex == `7`].Digests.%s | length(@) > `0` && "
                 "length([?!contains(`[",
                 p->bank);
    write_bytes(&rule, writer_span(&digests));
    write_text(&rule, "]`, @)]) == `0`\")));\n");
    write_condition(&condition, "pcr7Known", "AttestationPolicy");
    if (rule.has_failed || digests.has_failed || names.has_failed)
        return arena_fail(p->arena, p->err);
    if (!offer(p,
               "Secure Boot's keys, databases and authorities are these and no others. An update "
               "of db or dbx brings a new digest: propose again, and add it.",
               writer_span(&rule), writer_span(&condition), "pcr7Known"))
        return false;
    if (p->aside.n == noted)
        demand(all, writer_span(&condition));
    return true;
}

/* ---------------------------------------------------------------- whose machine */

/* Without a certificate the key itself is what is known of the machine. */
static bool ask_key(struct proposal *p, struct writer *all)
{
    const struct claim *is_validated = claim_find(p->claims, span_str("aikValidated"));
    const struct claim *hash = claim_find(p->claims, span_str("aikPubHash"));
    struct writer condition = writer_in(p->arena, 256);

    if (!hash || hash->type != CLAIM_STRING)
        return true;
    write_format(&condition,
                 "[type==\"aikPubHash\", value==\"%.*s\", issuer==\"AttestationService\"]",
                 SPAN_ARG(hash->text));
    if (is_validated && is_validated->boolean) {
        write_text(&p->aside, "    //   to permit this machine alone, ask for\n    //     ");
        write_bytes(&p->aside, writer_span(&condition));
        write_text(&p->aside, "\n");
        return true;
    }
    write_text(&p->conditions, "    // aikPubHash: no authority vouches for the key, so it is this "
                               "one or none.\n");
    demand(all, writer_span(&condition));
    return true;
}

/* ---------------------------------------------------------------- the whole */

static bool read_events(struct proposal *p)
{
    static const struct json_limits limits = {
        .bytes = TPM_EVENTS_JSON_MAX, .depth = 64, .nodes = 4 * 1024 * 1024, .members = 65536
    };
    const struct claim *events = claim_find(p->claims, span_str("events"));
    const struct claim *bank = claim_find(p->claims, span_str("x-ms-tpm-quote-bank"));
    const struct json *root = NULL;

    if (!events)
        return err_fail(p->err, ERR_MISSING, NULL, "the evidence gives no events");
    p->bank = banks[BANK_SHA256].name;
    for (size_t i = 0; bank && i < BANK_COUNT; i++)
        if (span_is(bank->text, banks[i].words))
            p->bank = banks[i].name;
    return json_parse(events->text, &limits, p->arena, &root, p->err) &&
           json_get_array(root, "Events", &p->events, p->err);
}

static bool put_together(const struct proposal *p, struct span all, struct span *out)
{
    struct writer w = writer_in(p->arena, RULE_MAX);

    write_text(&w,
               "// Proposed from one machine's evidence. What it has now is asked for; read it, "
               "and drop what\n// machines that you trust need not have.\n");
    if (!p->asks_debugging)
        write_text(&w, "// lint: allow-file debug-evidence-let-through - this machine does not say "
                       "that no debugger is attached\n");
    begin_policy(&w);
    write_bytes(&w, writer_span(&p->rules));
    write_bytes(&w, writer_span(&p->conditions));
    if (p->aside.n > 0) {
        write_text(&w, "    // Not so of this machine, or not asked:\n");
        write_bytes(&w, writer_span(&p->aside));
    }
    write_bytes(&w, all);
    write_text(&w, "\n        => permit();\n};\n\nissuancerules {\n"
                   "    c:[type==\"secureBootEnabled\", issuer==\"AttestationService\"] => "
                   "issue(claim=c);\n"
                   "    c:[type==\"aikPubHash\", issuer==\"AttestationService\"] => "
                   "issue(claim=c);\n};\n");
    return writer_done(&w, out, p->err);
}

bool tpm_propose(struct crypto *c, const struct claim_set *claims, struct arena *a,
                 struct span *out, struct err *err)
{
    struct proposal p = { .crypto = c, .claims = claims, .arena = a, .err = err };
    struct writer all = writer_in(a, 2048);

    p.rules = writer_in(a, 8192);
    p.conditions = writer_in(a, 2048);
    p.aside = writer_in(a, 2048);
    if (!read_events(&p))
        return false;
    for (size_t i = 0; i < COUNT(facts); i++)
        if (!ask(&p, &facts[i], &all))
            return false;
    if (!ask_key(&p, &all) || !ask_record(&p, &all))
        return false;
    if (p.rules.has_failed || p.conditions.has_failed || p.aside.has_failed || all.has_failed)
        return arena_fail(a, err);
    return put_together(&p, writer_span(&all), out);
}
