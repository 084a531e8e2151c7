/* Whose verdict changes when this policy follows that one, and by which rule? */
#include "policy_diff.h"

#include "../base/when.h"
#include "../claims/claim_list.h"
#include "../host/file.h"

#include <string.h>
#include <time.h>

enum { EXIT_CHANGED = 1, EXIT_NOT_COMPARED = 2 };

static const struct option_def options[] = {
    /* clang-format off */
    { "evidence-dir", OPTION_VALUE, "DIR",  "evidence: lists of claims, and folders as lab make writes them" },
    { "type",         OPTION_VALUE, "TYPE", "leave aside evidence of other attestation types" },
    { "at",           OPTION_VALUE, "TIME", "judge evidence without a time of its own at this; default now" },
    { "roots",        OPTION_MANY,  "WORD", "roots for evidence without its own: vendor, lab=DIR, a file" },
    { "tcb-profile",  OPTION_VALUE, "NAME", "azure, strict, lenient or any; default azure" },
    { "json",         OPTION_FLAG,  NULL,   "print one JSON object" },
    /* clang-format on */
};

/* What is needed to judge one item. */
struct loaded {
    struct claim_set claims;
    struct appraise_in in;
    struct root_list roots;
    struct dcap_collateral *collateral;
};

/* bringing */

static bool load_data(const struct evidence_item *item, const char *path, enum data_type type,
                      struct arena *a, struct bound_data *out, struct err *err)
{
    const char *full = path ? evidence_item_path(item, path, a) : NULL;

    if (!path)
        return true;
    if (!full)
        return arena_fail(a, err);
    out->type = type;
    return file_read(full, CLI_FILE_MAX, a, &out->bytes, err);
}

/* A root's word with its path as it is from here. */
static const char *root_word(const struct evidence_item *item, const char *word, struct arena *a)
{
    bool is_lab = strncmp(word, "lab=", 4) == 0;
    struct writer w = writer_in(a, 64);
    const char *path;

    if (strcmp(word, "vendor") == 0)
        return word;
    path = evidence_item_path(item, is_lab ? word + 4 : word, a);
    if (!path)
        return NULL;
    write_text(&w, is_lab ? "lab=" : "");
    write_text(&w, path);
    write_u8(&w, 0);
    return w.has_failed ? NULL : (const char *)w.p;
}

static bool load_roots(struct diff *d, const struct evidence_item *item, struct arena *a,
                       struct root_list *out, struct err *err)
{
    const struct option_values *given = cli_options(d->c, "roots");
    const char *words[EXHIBIT_ROOTS_MAX];

    if (item->exhibit.root_count == 0)
        return roots_load(d->crypto, given->values, given->count, a, out, err);
    for (size_t i = 0; i < item->exhibit.root_count; i++) {
        words[i] = root_word(item, item->exhibit.roots[i], a);
        if (!words[i])
            return arena_fail(a, err);
    }
    return roots_load(d->crypto, words, item->exhibit.root_count, a, out, err);
}

static bool load_collateral(struct diff *d, const struct evidence_item *item, struct arena *a,
                            struct loaded *l, struct err *err)
{
    const char *dir = item->exhibit.collateral;
    struct dcap_collateral_files files = { 0 };

    if (!dir) {
        l->in.collateral_note = "the evidence names no folder of collateral";
        return true;
    }
    dir = evidence_item_path(item, dir, a);
    if (!dir)
        return arena_fail(a, err);
    if (!collateral_read_dir(dir, a, &files, err))
        return err_in(err, "collateral");
    l->collateral = dcap_collateral_new(d->crypto, &files, &l->roots, err);
    l->in.collateral = l->collateral;
    return l->collateral != NULL;
}

static bool load_claims(const struct evidence_item *item, struct arena *a, struct loaded *l,
                        struct err *err)
{
    struct span text = { 0 };

    return file_read(item->claims, CLI_FILE_MAX, a, &text, err) &&
           claims_of_text(text, a, &l->claims, err);
}

static bool load_evidence(struct diff *d, const struct evidence_item *item, struct arena *a,
                          struct loaded *l, struct err *err)
{
    const struct exhibit *x = &item->exhibit;
    const char *path = evidence_item_path(item, x->evidence, a);

    if (!path)
        return arena_fail(a, err);
    l->in = (struct appraise_in){
        .kind = x->kind,
        .now = x->has_time ? x->at : d->now,
        .crypto = d->crypto,
        .arena = a,
        .roots = &l->roots,
        .nonce = span_str(x->nonce),
        .profile = d->profile,
        .takes_oe_evidence = true,
    };
    return file_read(path, CLI_FILE_MAX, a, &l->in.evidence, err) &&
           (load_roots(d, item, a, &l->roots, err) || err_in(err, "roots")) &&
           load_collateral(d, item, a, l, err) &&
           (load_data(item, x->runtime_data, x->runtime_type, a, &l->in.runtime_data, err) ||
            err_in(err, "runtimeData")) &&
           (load_data(item, x->inittime_data, x->inittime_type, a, &l->in.inittime_data, err) ||
            err_in(err, "inittimeData"));
}

/* judging */

/* The collateral that a policy asks for is part of the judgement, so each policy has its own. */
static bool appraise_under(const struct desk_policy *p, const struct loaded *l,
                           struct finding_side *out, const struct claim_set **claims,
                           struct err *err)
{
    struct appraisal *appraisal = ARENA_NEW(l->in.arena, struct appraisal);
    struct appraise_in in = l->in;

    if (!appraisal)
        return arena_fail(l->in.arena, err);
    if (!baseline_require(p->policy, &in, err) || !appraise(&in, appraisal, err))
        return false;
    *claims = &appraisal->incoming;
    if (!appraisal->is_accepted) {
        out->refused = appraisal->reason ? appraisal->reason : "internal";
        out->why = appraisal->err;
    }
    return true;
}

static bool judge(const struct evidence_item *item, const struct desk_policy *p,
                  const struct loaded *l, struct arena *a, struct finding_side *out,
                  struct err *err)
{
    const struct claim_set *claims = &l->claims;

    if (!item->claims && !appraise_under(p, l, out, &claims, err))
        return false;
    return out->refused || policy_eval_trace(p->policy, claims, a, &out->outcome, &out->trail, err);
}

static enum finding_kind kind_of(const struct finding *f)
{
    const char *before = f->sides[0].refused, *after = f->sides[1].refused;

    if (before && after)
        return FINDING_REFUSED;
    return before || after || policy_delta_is(&f->delta) ? FINDING_CHANGED : FINDING_SAME;
}

static bool compare(struct diff *d, const struct evidence_item *item, const struct loaded *l,
                    struct arena *a, struct finding *f, struct err *err)
{
    for (size_t i = 0; i < 2; i++)
        if (!judge(item, &d->policies[i], l, a, &f->sides[i], err))
            return false;
    if (!f->sides[0].refused && !f->sides[1].refused &&
        !policy_delta(&f->sides[0].outcome, &f->sides[1].outcome, a, &f->delta, err))
        return false;
    f->kind = kind_of(f);
    return true;
}

/* What stands in the way of reading an item is told with it; memory of ours ends the run. */
static bool find(struct diff *d, const struct evidence_item *item, struct arena *a,
                 struct finding *f, struct err *err)
{
    struct loaded l = { .claims = claim_set_in(a) };
    bool is_loaded, ok;

    f->kind = FINDING_UNREADABLE;
    f->trouble = item->trouble;
    if (f->trouble.code != ERR_NONE)
        return true;
    is_loaded = item->claims ? load_claims(item, a, &l, &f->trouble)
                             : load_evidence(d, item, a, &l, &f->trouble);
    ok = is_loaded ? compare(d, item, &l, a, f, err) : true;
    dcap_collateral_free(l.collateral);
    return ok;
}

static bool is_of_another_type(struct diff *d, const struct evidence_item *item)
{
    const char *type = cli_option(d->c, "type");

    if (!type || item->claims || item->trouble.code != ERR_NONE)
        return false;
    return !span_is_nocase(span_str(type), evidence_policy_type(item->exhibit.kind)) &&
           !(item->exhibit.kind == EVIDENCE_VBS && span_is_nocase(span_str(type), "VbsEnclave"));
}

static bool compare_item(struct diff *d, const struct evidence_item *item, struct err *err)
{
    struct arena a = arena_over(CLI_MEMORY);
    struct finding f = { .name = item->name };
    bool ok = true;

    if (is_of_another_type(d, item))
        f.kind = FINDING_OTHER_TYPE;
    else
        ok = find(d, item, &a, &f, err);
    if (ok) {
        d->counts[f.kind]++;
        ok = diff_tell(d, &f, &a, err);
    }
    arena_fini(&a);
    return ok;
}

/* running */

static bool read_wish(struct diff *d, struct err *err)
{
    const char *at = cli_option(d->c, "at"), *profile = cli_option(d->c, "tcb-profile");
    const char *dir = cli_option(d->c, "evidence-dir"), *type = cli_option(d->c, "type");

    d->now = (int64_t)time(NULL);
    d->profile = TCB_AZURE;
    if (!dir)
        return err_fail(err, ERR_MISSING, NULL, "--evidence-dir is needed");
    if (type && !desk_check_type(type, err))
        return false;
    if (at && !when_read_any(span_str(at), &d->now, err))
        return err_in(err, "--at");
    if (profile && !tcb_profile_find(span_str(profile), &d->profile))
        return err_fail(err, ERR_MALFORMED, NULL,
                        "--tcb-profile needs azure, strict, lenient or any, found \"%.40s\"",
                        profile);
    return evidence_dir_find(dir, &d->c->arena, &d->dir, err);
}

static bool open_policies(struct diff *d, struct err *err)
{
    for (size_t i = 0; i < 2; i++) {
        if (!desk_open(d->c, d->crypto, d->c->arguments[i], &d->policies[i], err))
            return false;
        desk_print_found(d->c, &d->policies[i]);
    }
    return true;
}

static int exit_status(const struct diff *d)
{
    if (d->counts[FINDING_UNREADABLE] > 0 || d->counts[FINDING_REFUSED] > 0)
        return EXIT_NOT_COMPARED;
    if (d->counts[FINDING_CHANGED] > 0)
        return EXIT_CHANGED;
    return d->counts[FINDING_SAME] > 0 ? EXIT_OK : EXIT_NOT_COMPARED;
}

static int diff(struct diff *d)
{
    struct err err = { 0 };

    if (!read_wish(d, &err) || !open_policies(d, &err))
        return cli_fail_err(d->c, &err);
    if (!d->policies[0].policy || !d->policies[1].policy)
        return EXIT_NOT_COMPARED;
    diff_begin(d);
    for (size_t i = 0; i < d->dir.count; i++)
        if (!compare_item(d, &d->dir.items[i], &err))
            return cli_fail_err(d->c, &err);
    if (!diff_end(d, &err))
        return cli_fail_err(d->c, &err);
    return exit_status(d);
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct diff d = { .c = c, .crypto = crypto_new(&err) };
    int status = d.crypto ? diff(&d) : cli_fail_err(c, &err);

    desk_close(&d.policies[0]);
    desk_close(&d.policies[1]);
    crypto_free(d.crypto);
    return status;
}

const struct verb verb_policy_diff = {
    .words = "policy diff",
    .summary = "judge evidence under two policies: whose verdict changes, by which rule",
    .arguments = "OLD NEW",
    .least = 2,
    .most = 2,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "DIR is walked. A file NAME.claims.json is a list of claims as policy eval takes it; a\n"
        "folder with evidence.json, quote.bin or oe_report.bin is evidence, judged with the\n"
        "collateral, roots and time that lie beside it (docs/formats/evidence-dir.md).\n"
        "Exit status: 0 nothing changes; 1 a verdict or an issued claim changes; 2 a policy does\n"
        "not compile, something could not be read, evidence is refused under both policies, or\n"
        "there is none; 64 usage.",
    .examples = "  cupel lab make sgx --out /tmp/evidence/base\n"
                "  cupel policy diff policy.txt policy.txt --evidence-dir /tmp/evidence",
    .run = run,
};
