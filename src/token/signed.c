#include "signed.h"

#include "../base/utf8.h"

bool signed_fail(struct err *err, const char *path, enum err_code code, const char *spec,
                 const char *text)
{
    err_fail(err, code, spec, "%s", text);
    return err_in(err, path);
}

bool signed_alg(const struct jws *jws, const char *kind, enum sig_alg *out, struct err *err)
{
    char shown[33];

    /*= RFC 7518, 3.6 */
    /*# Implementations that support Unsecured JWSs MUST NOT accept such objects as valid unless the
     *# application specifies that it is acceptable for a specific object to not be integrity
     *# protected. */
    if (jws->is_unsecured)
        return signed_fail(err, "header.alg", ERR_UNTRUSTED, "RFC 8725, 3.2",
                           "the token is unsecured: nobody signed it");
    /*= RFC 8725, 3.1 */
    /*# Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use
     *# any other algorithms when performing cryptographic operations. */
    if (sig_alg_find(jws->alg, out))
        return true;
    err_fail(err, ERR_UNTRUSTED, "RFC 8725, 3.1", "\"%s\" is not an algorithm that %s may use",
             utf8_show(jws->alg, shown, sizeof shown), kind);
    return err_in(err, "header.alg");
}
