/* Targets: policy_new, policy_eval, policy_eval_trace, policy_format
 *
 * The input is choices: which production of the policies' grammar comes next, at every turn.
 */
#include "proof_test.h"

#include "../../fuzz/fuzz.h"

static struct crypto *crypto;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof_count count = { 0 };
    struct err e = { 0 };

    if (!crypto)
        crypto = crypto_new(&e);
    must(crypto != NULL);
    prove_policy(crypto, span_of(data, size), &count);
    return 0;
}
