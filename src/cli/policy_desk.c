#include "policy_desk.h"

#include "../host/file.h"
#include "../policy/known_claims.h"
#include "../token/policy_jws.h"

#include <stdio.h>

static bool unwrap(struct cli *c, struct crypto *crypto, struct desk_policy *p, struct err *err)
{
    struct policy_jws jws;

    if (!policy_jws_read(span_trim(p->text), true, &c->arena, &jws, err))
        return err_in(err, "jws");
    if (!jws.jws.is_unsecured && !policy_jws_verify(crypto, &jws, err))
        return err_in(err, "jws");
    p->text = jws.text;
    p->is_jws = true;
    return true;
}

bool desk_read(struct cli *c, struct crypto *crypto, const char *path, struct desk_policy *out,
               struct err *err)
{
    *out = (struct desk_policy){ .path = path, .found = { .arena = &c->arena } };
    if (!file_read(path, CLI_FILE_MAX, &c->arena, &out->text, err))
        return false;
    return !policy_jws_is(out->text) || unwrap(c, crypto, out, err);
}

bool desk_compile(struct crypto *crypto, struct desk_policy *p, struct err *err)
{
    struct err why = { 0 };

    p->policy = policy_new(crypto, p->text, &p->found, &why);
    for (size_t i = 0; !p->policy && i < p->found.count; i++)
        if (p->found.items[i].severity == POLICY_ERROR)
            return true;
    if (!p->policy)
        *err = why;
    return p->policy != NULL;
}

bool desk_open(struct cli *c, struct crypto *crypto, const char *path, struct desk_policy *out,
               struct err *err)
{
    return desk_read(c, crypto, path, out, err) && desk_compile(crypto, out, err);
}

void desk_close(struct desk_policy *p)
{
    policy_free(p->policy);
    p->policy = NULL;
}

void desk_print_found(struct cli *c, const struct desk_policy *p)
{
    struct writer w = writer_in(&c->arena, 1024);

    for (size_t i = 0; i < p->found.count; i++)
        policy_diagnostic_write(&w, p->path, p->text, &p->found.items[i]);
    fwrite(writer_span(&w).p, 1, writer_span(&w).n, stderr);
}

bool desk_check_type(const char *word, struct err *err)
{
    return (word && known_type_find(span_str(word)) != 0) ||
           err_fail(err, ERR_MALFORMED, NULL,
                    "--type needs SgxEnclave, OpenEnclave, SevSnpVm, TdxVm, Tpm, VbsEnclave or "
                    "AzureGuest");
}
