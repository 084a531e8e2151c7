/* The TPM contract, 17, step 5: who vouches for the key that signed the quote. */
#include "../../base/utf8.h"
#include "case.h"

#include <stdio.h>

#define CONTRACT "the TPM contract, 8"

/* Takes the certificate's key or the bare one, which must be the same when both came. */
static bool settle_key(struct tpm_case *c, struct err *err)
{
    struct spki certified = { 0 };

    if (c->has_leaf && !spki_parse(c->leaf.spki, &certified, err))
        return err_in(err, "aik_cert");
    if (c->has_leaf && c->has_aik_pub && !tpm_key_equal(&certified, &c->aik_pub.key))
        return err_fail(err, ERR_UNTRUSTED, "the TPM contract, 2",
                        "aik_cert and aik_pub hold different keys");
    c->aik = c->has_leaf ? certified : c->aik_pub.key;
    c->aik_spki = c->has_leaf ? c->leaf.spki : c->aik_pub.spki;
    return !(c->has_leaf || c->has_aik_pub) ||
           aik_pub_hash(c->in->crypto, c->aik_spki, c->in->arena, &c->aik_pub_hash, err);
}

bool tpm_check_aik_key(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct span der = c->request.current.aik_cert;

    c->has_leaf = der.n > 0 && aik_leaf_parse(der, &c->leaf, &c->leaf_error);
    if (!settle_key(c, err))
        return false;
    trail_say(detail, "aikPubHash ");
    snprintf(detail + 11, TRAIL_DETAIL - 11, "%.*s", SPAN_ARG(c->aik_pub_hash));
    return true;
}

static bool is_pinned(const struct tpm_case *c)
{
    for (size_t i = 0; i < c->settings->pin_count; i++)
        if (span_equal(c->settings->pins[i], c->aik_pub_hash))
            return true;
    return false;
}

/* A failure of the certificate, where none is demanded and the key came beside it, is remembered
 * and told instead of refused. Our own troubles are never taken for the sender's. */
static bool doubt(struct tpm_case *c, char *detail, struct err *err)
{
    bool is_ours = err_is_ours(err);

    if (!c->settings->aik_cert_is_optional || is_ours || c->aik_spki.n == 0)
        return false;
    c->is_aik_doubtful = true;
    snprintf(detail, TRAIL_DETAIL, "not demanded; else: %.160s", err->text);
    err_clear(err);
    return true;
}

bool tpm_check_aik_present(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (c->request.current.aik_cert.n > 0)
        return true;
    if (c->has_aik_pub && is_pinned(c)) {
        c->is_aik_doubtful = true;
        trail_say(detail, "the key is one that is held");
        return true;
    }
    err_fail(err, ERR_MISSING, CONTRACT ".1",
             c->has_aik_pub ? "no certificate vouches for the attestation key"
                            : "neither a certificate nor a key came");
    err_in(err, "aik_cert");
    return doubt(c, detail, err);
}

bool tpm_check_aik_form(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (c->is_aik_doubtful || c->has_leaf)
        return true;
    *err = c->leaf_error;
    err_in(err, "aik_cert");
    return doubt(c, detail, err);
}

static bool find_anchor(struct tpm_case *c, char *detail, struct err *err)
{
    char name[64];

    if (!aik_path_find(c->in->crypto, &c->leaf, c->settings, &c->path, &c->is_path_signed, err))
        return false;
    if (c->path.anchor)
        snprintf(detail, TRAIL_DETAIL, "%.100s%s", c->path.anchor->name,
                 c->path.anchor->is_lab ? " (lab)" : "");
    else
        snprintf(detail, TRAIL_DETAIL, "by the name of issuer \"%s\" alone",
                 utf8_show(c->leaf.issuer_cn, name, sizeof name));
    return true;
}

bool tpm_check_aik_anchor(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful || find_anchor(c, detail, err) || doubt(c, detail, err);
}

bool tpm_check_aik_path(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (c->is_aik_doubtful)
        return true;
    if (!c->is_path_signed)
        err_fail(err, ERR_UNTRUSTED, "RFC 5280, 6.1.3",
                 "a signature on the way to the anchor does not hold");
    else if (aik_path_check(&c->path, err))
        return true;
    return doubt(c, detail, err);
}

bool tpm_check_aik_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful || aik_path_lasts(&c->path, c->in->now, err) || doubt(c, detail, err);
}

bool tpm_check_aik_begun(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful || aik_path_begun(&c->path, c->in->now, err) || doubt(c, detail, err);
}

bool tpm_check_aik_crl(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful ||
           aik_crls_read(c->in->crypto, &c->path, c->settings, c->in->arena, c->in->now, err) ||
           doubt(c, detail, err);
}

bool tpm_check_aik_crl_lasts(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful ||
           aik_crls_last(&c->path, c->settings, c->in->arena, c->in->now, err) ||
           doubt(c, detail, err);
}

bool tpm_check_aik_not_revoked(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    return c->is_aik_doubtful || aik_not_revoked(&c->path, c->settings, c->in->arena, err) ||
           doubt(c, detail, err);
}
