/* Targets: policy_jws_read, policy_jws_verify, policy_jws_input
 *
 * What must be true: a text that is read can be written again and is then read as the same; a
 * refusal has a code and a sentence. */
#include "policy_jws.h"

#include "../../fuzz/fuzz.h"
#include "jwt.h"

static struct crypto *crypto;

static void must_come_back(const struct policy_jws *p, struct arena *a)
{
    struct span input = { 0 }, jws = { 0 };
    struct policy_jws again;
    struct err e = { 0 };

    must(policy_jws_input(p->text, SIG_RS256, NULL, 0, a, &input, &e));
    must(jwt_attach(input, (struct span){ 0 }, a, &jws, &e));
    if (jws.n > JWS_BYTES_MAX)
        return;
    must(policy_jws_is(jws));
    must(policy_jws_read(jws, false, a, &again, &e));
    must(span_equal(again.text, p->text) && !again.is_plain && again.jws.is_unsecured);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct policy_jws p;
    struct err e = { 0 };

    if (!crypto)
        crypto = crypto_new(&e);
    must(crypto);
    if (policy_jws_read(span_of(data, size), size % 2 == 1, &a, &p, &e)) {
        must(p.jws.is_unsecured == (p.cert_count == 0 && p.bare_key.n == 0));
        must(!policy_jws_verify(crypto, &p, &e) || !p.jws.is_unsecured);
        must_come_back(&p, &a);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
