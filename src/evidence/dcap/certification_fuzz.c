/* Targets: certification_parse, certification_chain, carrier_find
 *
 * The first two bytes are the type, the rest is the data; the rest is tried as a certificate, too.
 * What must be true: only types 1 to 5 are usable; a chain has three certificates, a leaf is one;
 * what a certificate carries lies inside it. */
#include "certification.h"

#include "../../../fuzz/fuzz.h"

static void must_have_a_chain(const struct certification *c, struct arena *a)
{
    struct pck_chain chain = { 0 };
    struct err e = { 0 };
    bool ok = certification_chain(c, a, &chain, &e);

    must(ok || c->type == CERTIFICATION_PCK_CHAIN);
    must(ok || (e.code != ERR_NONE && e.text[0] != '\0'));
    if (ok)
        must(chain.count == (c->type == CERTIFICATION_PCK_CHAIN ? 3u : 1u) && chain.leaf.n > 0);
}

static void try_type(uint16_t type, struct span data, struct arena *a)
{
    struct certification c = { 0 };
    struct err e = { 0 };

    if (!certification_parse(type, data, a, &c, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0' && e.path[0] == 'c');
        return;
    }
    must(type >= 1 && type <= 5 && c.type == (enum certification_type)type);
    must(certification_has_pck(&c, &e) == (type >= 4));
    if (c.has_certificate)
        must_have_a_chain(&c, a);
    else
        must(c.ppid.n + c.cpu_svn.n + 2 + c.pce_id.n == data.n);
}

static void try_carrier(struct span der)
{
    struct carrier carrier = { 0 };
    struct cert cert;
    struct err e = { 0 };

    if (!cert_parse(der, &cert, &e))
        return;
    if (carrier_find(&cert, &carrier, &e))
        must(carrier.kind == CARRIER_NONE ||
             (carrier.evidence.p >= der.p && carrier.evidence.n <= der.n));
    else
        must(e.code == ERR_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);

    if (size >= 2) {
        struct span rest = span_of(data + 2, size - 2);

        try_type((uint16_t)(data[0] | data[1] << 8), rest, &a);
        try_carrier(rest);
    }
    arena_fini(&a);
    return 0;
}
