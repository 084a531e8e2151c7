/* A policy proposed from one machine's evidence. */
#include "../base/hex.h"
#include "../base/when.h"
#include "../collateral/tpm_anchors.h"
#include "../host/file.h"
#include "cli.h"
#include "tpm_proposal.h"

#include "../evidence/appraise.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "from",  OPTION_VALUE, "FILE", "the machine's request, a compact JWS, as cupel appraise --type tpm takes it" },
    { "roots", OPTION_MANY,  "ROOT", "vendor, lab=DIR, DIR or FILE: who may vouch for attestation keys; default vendor" },
    { "at",    OPTION_VALUE, "TIME", "judge at this time: seconds since 1970 or RFC 3339; default now" },
    { "out",   OPTION_VALUE, "FILE", "write the policy there instead of standard output" },
    /* clang-format on */
};

struct baseline {
    struct cli *c;
    struct crypto *crypto;
    struct tpm_settings settings;
    struct appraise_in in;
    struct appraisal *appraisal;
    struct err err;
};

static bool read_inputs(struct baseline *b)
{
    const struct option_values *roots = cli_options(b->c, "roots");
    const char *at = cli_option(b->c, "at");
    struct arena *a = &b->c->arena;
    struct tpm_anchor_list list;

    b->in.now = (int64_t)time(NULL);
    if (at && !when_read_any(span_str(at), &b->in.now, &b->err))
        return err_in(&b->err, "at");
    if (!tpm_anchors_load(roots->values, roots->count, NULL, a, &list, &b->err) ||
        !file_read(cli_option(b->c, "from"), CLI_FILE_MAX, a, &b->in.evidence, &b->err))
        return false;
    tpm_anchors_apply(&list, &b->settings);
    return true;
}

/* Nobody need vouch for the key: then the proposal names it. */
static bool judge(struct baseline *b)
{
    struct root_list *none = ARENA_NEW(&b->c->arena, struct root_list);

    b->appraisal = ARENA_NEW(&b->c->arena, struct appraisal);
    if (!b->appraisal || !none)
        return arena_fail(&b->c->arena, &b->err);
    b->settings.aik_cert_is_optional = true;
    b->in.kind = EVIDENCE_TPM;
    b->in.crypto = b->crypto;
    b->in.arena = &b->c->arena;
    b->in.roots = none;
    b->in.tpm = &b->settings;
    return appraise(&b->in, b->appraisal, &b->err);
}

static bool give(struct baseline *b)
{
    const char *path = cli_option(b->c, "out");
    struct span text = { 0 };

    if (!tpm_propose(b->crypto, &b->appraisal->incoming, &b->c->arena, &text, &b->err))
        return false;
    if (path)
        return file_put(path, text, 0644, &b->err);
    cli_print(text);
    return true;
}

static int propose(struct baseline *b)
{
    if (!read_inputs(b) || !judge(b))
        return cli_fail_err(b->c, &b->err);
    if (!b->appraisal->is_accepted)
        return cli_fail(b->c, EXIT_REFUSED, "refused (%s): %s: %s", b->appraisal->reason,
                        b->appraisal->err.path, b->appraisal->err.text);
    return give(b) ? EXIT_OK : cli_fail_err(b->c, &b->err);
}

static int run(struct cli *c)
{
    struct baseline b = { .c = c };
    int status;

    if (!cli_option(c, "from"))
        return cli_fail(c, EXIT_USAGE, "--from is needed");
    b.crypto = crypto_new(&b.err);
    status = b.crypto ? propose(&b) : cli_fail_err(c, &b.err);
    crypto_free(b.crypto);
    return status;
}

const struct verb verb_tpm_baseline = {
    .words = "tpm baseline",
    .summary = "propose a policy from one machine's evidence",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "The policy asks for what the machine has now: Secure Boot with these keys, databases and "
        "authorities, debuggers off, whatever else it measured. What it has not stands there as a "
        "comment. Evidence whose quote, log or request does not hold is refused: there is nothing "
        "to learn from it. Exit status: 0 proposed, 2 refused, 64 usage, 70 our own fault.",
    .examples = "  cupel lab make tpm --out /tmp/lab\n"
                "  cupel tpm baseline --from /tmp/lab/request.jws --roots lab=/tmp/lab "
                "--at 2026-01-15T12:00:00Z > /tmp/machine.pol\n"
                "  cupel policy lint /tmp/machine.pol --type Tpm",
    .run = run,
};
