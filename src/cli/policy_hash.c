/* What stands as x-ms-policy-hash in tokens that a policy gives? */
#include "policy_desk.h"

#include <stdio.h>

static int hash(struct cli *c, struct crypto *crypto, struct desk_policy *p)
{
    struct err err = { 0 };

    if (!desk_open(c, crypto, c->arguments[0], p, &err))
        return cli_fail_err(c, &err);
    if (!p->policy) {
        desk_print_found(c, p);
        return EXIT_NOT_COMPILED;
    }
    printf("%.*s\n", SPAN_ARG(policy_hash(p->policy)));
    return EXIT_OK;
}

static int run(struct cli *c)
{
    struct desk_policy p = { 0 };
    struct err err = { 0 };
    struct crypto *crypto = crypto_new(&err);
    int status = crypto ? hash(c, crypto, &p) : cli_fail_err(c, &err);

    desk_close(&p);
    crypto_free(crypto);
    return status;
}

const struct verb verb_policy_hash = {
    .words = "policy hash",
    .summary = "print x-ms-policy-hash of a policy",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .details =
        "FILE holds the text of a policy, or a JWS as PUT /policies takes it: then the text\n"
        "inside is meant, and its signature, if it has one, must hold. The hash is over the\n"
        "exact bytes of the text: line ends and the last one count.\n"
        "Exit status: 0 printed, 2 does not compile, 64 usage.",
    .examples = "  cupel policy hash policy.txt",
    .run = run,
};
