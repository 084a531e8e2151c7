/* Target: pck_extension_parse
 *
 * What must be true: every fact is made of bytes that stand in the input; one byte more is refused;
 * a refusal says why. */
#include "pck.h"

#include "../../../fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void must_hold(struct span input, const uint8_t *p, size_t n)
{
    must(memmem(input.p, input.n, p, n) != NULL);
}

static void must_come_from(struct span input, const struct pck *p)
{
    must_hold(input, p->ppid, sizeof p->ppid);
    must_hold(input, p->cpu_svn, sizeof p->cpu_svn);
    must_hold(input, p->pce_id, sizeof p->pce_id);
    must_hold(input, p->fmspc, sizeof p->fmspc);
    must_hold(input, p->components, 1);
    if (p->has_platform)
        must_hold(input, p->platform_instance_id, sizeof p->platform_instance_id);
    else
        must(p->dynamic_platform == PCK_UNKNOWN && p->smt_enabled == PCK_UNKNOWN);
    must(p->sgx_type <= PCK_SGX_SCALABLE_INTEGRITY);
}

static void must_refuse_more(struct span input)
{
    uint8_t *longer = calloc(1, input.n + 1);
    struct err e = { 0 };
    struct pck p;

    must(longer);
    memcpy(longer, input.p, input.n);
    must(!pck_extension_parse(span_of(longer, input.n + 1), &p, &e));
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct err e = { 0 };
    struct pck p = { 0 };

    if (pck_extension_parse(input, &p, &e)) {
        must_come_from(input, &p);
        must_refuse_more(input);
    } else {
        must(e.code == ERR_MALFORMED && e.text[0] != '\0' && e.path[0] == 's');
    }
    return 0;
}
