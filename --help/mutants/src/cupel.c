/* cupel - the command line: the verbs of the house and of the lab in its garden. */
#include "../lab/verb.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
    static const struct verb *const verbs[] = {
        &verb_appraise,    &verb_attest,      &verb_token_verify, &verb_evidence_inspect,
        &verb_policy_eval, &verb_policy_hash, &verb_lab_make,     &verb_lab_verify_golden,
    };

    return cli_run("cupel", verbs, COUNT(verbs), argc, argv);
}
