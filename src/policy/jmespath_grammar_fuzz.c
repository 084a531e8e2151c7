/* Targets: jmes_parse, jmes_run, jv_write
 *
 * The input is choices: which production of the queries' grammar comes next, at every turn.
 */
#include "proof_test.h"

#include "../../fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof_count count = { 0 };

    prove_query(span_of(data, size), &count);
    return 0;
}
