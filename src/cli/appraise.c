#include "../base/hex.h"
#include "../base/when.h"
#include "../collateral/disk.h"
#include "../collateral/roots.h"
#include "../collateral/tpm_anchors.h"
#include "../evidence/dcap/collateral.h"
#include "../host/file.h"
#include "../service/baseline.h"
#include "../service/measured.h"
#include "evidence_dir.h"
#include "verdict_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "type",          OPTION_VALUE, "KIND",   "sgx, oe, tdx, sevsnp, azureguest, tpm or vbs" },
    { "evidence",      OPTION_VALUE, "FILE",   "the evidence: a quote, an Open Enclave report or evidence" },
    { "collateral",    OPTION_VALUE, "DIR",    "folder with tcb_info.json, qe_identity.json, pck_crl.der, ...; tpm, vbs: intermediate certificates" },
    { "at",            OPTION_VALUE, "TIME",   "judge at this time: seconds since 1970 or RFC 3339; default now" },
    { "roots",         OPTION_MANY,  "WORD",   "accepted roots: vendor, lab=DIR, a file, or (tpm, vbs) a folder; default vendor" },
    { "runtime-data",  OPTION_VALUE, "FILE",   "data whose SHA-256 the evidence must hold" },
    { "runtime-type",  OPTION_VALUE, "TYPE",   "binary (default) or json" },
    { "inittime-data", OPTION_VALUE, "FILE",   "data whose SHA-256 the configuration id must hold" },
    { "inittime-type", OPTION_VALUE, "TYPE",   "binary (default) or json" },
    { "nonce",         OPTION_VALUE, "TEXT",   "becomes the claim nonce" },
    { "expect-nonce",  OPTION_VALUE, "HEX",    "what a TPM must have signed (tpm, vbs, azureguest)" },
    { "policy",        OPTION_VALUE, "POLICY", "a file, default (the built-in one) or none; default: default" },
    { "tcb-profile",   OPTION_VALUE, "NAME",   "azure, strict, lenient or any; default azure, any with --policy none" },
    { "json",          OPTION_FLAG,  NULL,     "print one JSON object" },
    /* clang-format on */
};

/* What the command line said, read. */
struct wish {
    enum evidence_kind kind;
    struct appraise_in in;
    struct root_list roots;
    struct dcap_collateral *collateral;
    struct tpm_settings tpm;
    struct crypto *crypto;
    bool has_policy;
    struct span policy_text;
    struct policy *policy;
};

static bool read_time(struct cli *c, int64_t *out, struct err *err)
{
    const char *at = cli_option(c, "at");

    if (!at) {
        *out = (int64_t)time(NULL);
        return true;
    }
    return when_read_any(span_str(at), out, err) || err_in(err, "--at");
}

static bool read_data(struct cli *c, const char *file_option, const char *type_option,
                      struct bound_data *out, struct err *err)
{
    const char *path = cli_option(c, file_option), *type = cli_option(c, type_option);

    *out = (struct bound_data){ 0 };
    if (type && strcmp(type, "binary") != 0 && strcmp(type, "json") != 0) {
        err_fail(err, ERR_MALFORMED, NULL, "needs binary or json, found \"%.40s\"", type);
        return err_in(err, type_option);
    }
    if (!path)
        return !type || err_fail(err, ERR_MISSING, NULL, "--%s is given without --%s", type_option,
                                 file_option);
    if (!file_read(path, CLI_FILE_MAX, &c->arena, &out->bytes, err))
        return err_in(err, file_option);
    out->type = type && strcmp(type, "json") == 0 ? DATA_JSON : DATA_BINARY;
    return true;
}

static bool is_measured(enum evidence_kind kind)
{
    return kind == EVIDENCE_TPM || kind == EVIDENCE_VBS;
}

static bool read_policy(struct cli *c, struct wish *w, struct err *err)
{
    const char *word = cli_option(c, "policy");
    const char *type = evidence_policy_type(w->kind);

    w->has_policy = !word || strcmp(word, "none") != 0;
    if (!w->has_policy)
        return true;
    if (word && strcmp(word, "default") != 0)
        return file_read(word, CLI_FILE_MAX, &c->arena, &w->policy_text, err) ||
               err_in(err, "policy");
    w->policy_text = policy_default(span_str(type), "azure");
    if (w->policy_text.n > 0 || !is_measured(w->kind))
        return true;
    err_fail(err, ERR_MISSING, "the policy language, 9.5",
             "%s evidence has no default policy: name a file, or none",
             evidence_kind_name(w->kind));
    return err_in(err, "policy");
}

static bool read_profile(struct cli *c, struct wish *w, struct err *err)
{
    const char *name = cli_option(c, "tcb-profile");

    w->in.profile = w->has_policy ? TCB_AZURE : TCB_ANY;
    if (!name || tcb_profile_find(span_str(name), &w->in.profile))
        return true;
    err_fail(err, ERR_MALFORMED, NULL, "needs azure, strict, lenient or any, found \"%.40s\"",
             name);
    return err_in(err, "tcb-profile");
}

static bool read_kind(struct cli *c, struct wish *w, struct err *err)
{
    const char *type = cli_option(c, "type");

    if (!type || !cli_option(c, "evidence"))
        return err_fail(err, ERR_MISSING, NULL, "--type and --evidence are needed");
    if (!evidence_kind_find(span_str(type), &w->kind)) {
        err_fail(err, ERR_MALFORMED, NULL,
                 "needs sgx, oe, tdx, sevsnp, azureguest, tpm or vbs, found \"%.40s\"", type);
        return err_in(err, "type");
    }
    if (cli_option(c, "expect-nonce") && (w->kind == EVIDENCE_SGX || w->kind == EVIDENCE_OE))
        return err_fail(err, ERR_MALFORMED, NULL,
                        "--expect-nonce is for tpm, vbs and azureguest evidence");
    return true;
}

static bool read_collateral(struct cli *c, struct wish *w, struct err *err)
{
    const char *dir = cli_option(c, "collateral");
    struct dcap_collateral_files files = { 0 };

    if (!dir) {
        w->in.collateral_note = "no --collateral folder was given";
        return true;
    }
    if (!collateral_read_dir(dir, &c->arena, &files, err))
        return err_in(err, "collateral");
    w->collateral = dcap_collateral_new(w->crypto, &files, &w->roots, err);
    w->in.collateral = w->collateral;
    return w->collateral != NULL;
}

static bool read_expected_nonce(struct cli *c, struct wish *w, struct err *err)
{
    const char *hex = cli_option(c, "expect-nonce");

    return !hex || hex_read_dup(&c->arena, span_str(hex), &w->in.expect_nonce, err) ||
           err_in(err, "expect-nonce");
}

/* For a measured boot the folder of --collateral holds intermediate certificates and lists. */
static bool read_anchors(struct cli *c, struct wish *w, struct err *err)
{
    const struct option_values *roots = cli_options(c, "roots");
    struct tpm_anchor_list list;

    if (!tpm_anchors_load(roots->values, roots->count, cli_option(c, "collateral"), &c->arena,
                          &list, err))
        return false;
    for (size_t i = 0; i < list.note_count; i++)
        fprintf(stderr, "cupel: %s is left out: %s\n", list.notes[i].path, list.notes[i].text);
    tpm_anchors_apply(&list, &w->tpm);
    w->in.tpm = &w->tpm;
    return true;
}

static bool read_roots(struct cli *c, struct wish *w, struct err *err)
{
    const struct option_values *roots = cli_options(c, "roots");

    if (is_measured(w->kind))
        return read_anchors(c, w, err);
    return roots_load(w->crypto, roots->values, roots->count, &c->arena, &w->roots, err) &&
           read_collateral(c, w, err);
}

static bool read_wish(struct cli *c, struct wish *w, struct err *err)
{
    struct appraise_in *in = &w->in;

    if (!read_kind(c, w, err) || !read_time(c, &in->now, err) || !read_policy(c, w, err) ||
        !read_profile(c, w, err))
        return false;
    w->crypto = crypto_new(err);
    if (!w->crypto || !read_roots(c, w, err))
        return false;
    if (!file_read(cli_option(c, "evidence"), CLI_FILE_MAX, &c->arena, &in->evidence, err) ||
        !read_data(c, "runtime-data", "runtime-type", &in->runtime_data, err) ||
        !read_data(c, "inittime-data", "inittime-type", &in->inittime_data, err) ||
        !read_expected_nonce(c, w, err))
        return false;
    in->kind = w->kind;
    in->takes_oe_evidence = true;
    in->crypto = w->crypto;
    in->arena = &c->arena;
    in->roots = &w->roots;
    in->nonce = span_str(cli_option(c, "nonce"));
    return true;
}

/* A policy that does not compile: every diagnostic, as a compiler prints them, and a no that names
 * the first error. The evidence is judged all the same: its refusal comes first. */
static bool fail_policy(struct cli *c, const struct wish *w, const struct policy_diagnostics *found,
                        struct policy_outcome *out)
{
    const char *name = cli_option(c, "policy");
    struct writer shown = writer_in(&c->arena, 1024);
    size_t first = found->count;

    for (size_t i = found->count; i-- > 0;)
        if (found->items[i].severity == POLICY_ERROR)
            first = i;
    if (first == found->count)
        return false;
    for (size_t i = 0; i < found->count; i++)
        policy_diagnostic_write(&shown, name ? name : "default", w->policy_text, &found->items[i]);
    fwrite(writer_span(&shown).p, 1, writer_span(&shown).n, stderr);
    out->decision = POLICY_FAILED;
    out->line = found->items[first].line;
    out->column = found->items[first].column;
    snprintf(out->error_code, sizeof out->error_code, "%s", found->items[first].code);
    snprintf(out->error_text, sizeof out->error_text, "%s", found->items[first].text);
    return true;
}

static int print_verdict(struct cli *c, const struct verdict *v)
{
    struct writer w = writer_in(&c->arena, 16 * 1024);
    struct span text = { 0 };
    struct err err = { 0 };

    if (!cli_flag(c, "json"))
        verdict_write_text(c, &w, v);
    else if (!verdict_write_json(&w, v, &err))
        return cli_fail_err(c, &err);
    if (!writer_done(&w, &text, &err))
        return cli_fail_err(c, &err);
    cli_print(text);
    if (!v->appraisal->is_accepted)
        return EXIT_REFUSED;
    return strcmp(v->word, "permit") == 0 ? EXIT_OK : EXIT_DENIED;
}

static int judge(struct cli *c, struct wish *w)
{
    struct policy_diagnostics found = { .arena = &c->arena };
    struct appraisal *appraisal = ARENA_NEW(&c->arena, struct appraisal);
    struct policy_outcome outcome = { 0 };
    struct verdict v = { .word = "permit", .appraisal = appraisal };
    struct err err = { 0 };

    if (!appraisal)
        return cli_fail(c, EXIT_OURS, "out of memory");
    if (w->has_policy) {
        w->policy = policy_new(w->crypto, w->policy_text, &found, &err);
        if (!w->policy && !fail_policy(c, w, &found, &outcome))
            return cli_fail_err(c, &err);
        if (w->policy)
            v.policy_hash = policy_hash(w->policy);
        err_clear(&err);
    }
    if (!baseline_require(w->policy, &w->in, &err) ||
        !measured_apply(w->policy, &c->arena, &w->tpm, &err) || !appraise(&w->in, appraisal, &err))
        return cli_fail_err(c, &err);
    if (!appraisal->is_accepted) {
        v.word = "refuse";
        return print_verdict(c, &v);
    }
    if (w->has_policy) {
        if (w->policy && !policy_eval(w->policy, &appraisal->incoming, &c->arena, &outcome, &err))
            return cli_fail_err(c, &err);
        v.policy = &outcome;
        v.word = outcome.decision == POLICY_PERMIT ? "permit" : "deny";
    }
    return print_verdict(c, &v);
}

static int run(struct cli *c)
{
    struct wish w = { 0 };
    struct err err = { 0 };
    int status = read_wish(c, &w, &err) ? judge(c, &w) : cli_fail_err(c, &err);

    policy_free(w.policy);
    dcap_collateral_free(w.collateral);
    crypto_free(w.crypto);
    return status;
}

const struct verb verb_appraise = {
    .words = "appraise",
    .summary = "judge one piece of evidence, offline",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Uses no network, no state and no environment: the same arguments give the same bytes.\n"
        "Exit status: 0 permitted, 1 denied by the policy, 2 evidence refused, 64 usage, 70 our "
        "own fault.",
    .examples =
        "  cupel lab make sgx --out /tmp/lab\n"
        "  cupel appraise --type sgx --evidence /tmp/lab/quote.bin --collateral "
        "/tmp/lab/collateral \\\n"
        "      --roots lab=/tmp/lab --at 2024-01-15T12:00:00Z --runtime-data /tmp/lab/runtime.bin",
    .run = run,
};
