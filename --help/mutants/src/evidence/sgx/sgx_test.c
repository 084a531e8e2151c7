#include "sgx.h"

#include "test_case.h"

/* Every SGX scenario of the lab ends as the lab says. */
static void every_scenario_has_its_outcome(void **state)
{
    size_t count = 0;
    const struct lab_scenario *rows = lab_scenarios(&count);
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < count; i++) {
        const struct appraisal *out;

        if (strcmp(rows[i].kind, "sgx") != 0)
            continue;
        test_case_scenario(&t, rows[i].name);
        out = test_case_judge(&t);
        if (rows[i].reason && (!out->reason || strcmp(out->reason, rows[i].reason) != 0))
            fail_msg("row \"%s\": got %s at %s (%s), expected %s", rows[i].name,
                     out->reason ? out->reason : out->tcb.status, test_case_failed_row(out),
                     out->err.text, rows[i].reason);
        if (rows[i].status && (!out->is_accepted || strcmp(out->tcb.status, rows[i].status) != 0))
            fail_msg("row \"%s\": got %s at %s (%s), expected %s", rows[i].name,
                     out->is_accepted ? out->tcb.status : out->reason, test_case_failed_row(out),
                     out->err.text, rows[i].status);
    }
    test_case_fini(&t);
}

TEST_MAIN(every_scenario_has_its_outcome)
