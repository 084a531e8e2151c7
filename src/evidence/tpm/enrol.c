#include "enrol.h"

#include "../../base/utf8.h"
#include "../../format/der.h"

#include <stdio.h>

#define PROFILE  "TCG EK Credential Profile, 3.2"
#define CONTRACT "the TPM contract, 8.3"

#define OID_PURPOSES "2.5.29.37"
#define OID_EK       "2.23.133.8.1"

/* ---------------------------------------------------------------- the endorsement key */

static bool check_ek_form(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;
    bool has;

    (void)detail;
    return cert_parse(c->ek_cert, &c->ek_leaf, err) &&
           aik_list_has(&c->ek_leaf, OID_PURPOSES, OID_EK, &has, err) &&
           aik_names(&c->ek_leaf, &c->names, err);
}

static bool check_ek_anchor(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;
    char name[64];

    if (!aik_path_find(c->crypto, &c->ek_leaf, c->settings, &c->path, &c->is_path_signed, err))
        return false;
    if (c->path.anchor)
        snprintf(detail, TRAIL_DETAIL, "%.100s", c->path.anchor->name);
    else
        snprintf(detail, TRAIL_DETAIL, "by the name of issuer \"%s\" alone",
                 utf8_show(c->ek_leaf.issuer_cn, name, sizeof name));
    return true;
}

static bool check_ek_path(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;

    (void)detail;
    if (!c->is_path_signed)
        return err_fail(err, ERR_UNTRUSTED, "RFC 5280, 6.1.3",
                        "a signature on the way to the anchor does not hold");
    return aik_authorities_check(&c->path, err);
}

/* A certificate without purposes is not limited to any. */
static bool check_ek_purpose(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;
    bool has = false;

    (void)detail;
    if (!aik_list_has(&c->ek_leaf, OID_PURPOSES, OID_EK, &has, err))
        return false;
    return has || !cert_extension_find(&c->ek_leaf, OID_PURPOSES) ||
           err_fail(err, ERR_UNTRUSTED, PROFILE,
                    "the certificate is not for endorsement keys (2.23.133.8.1)");
}

static bool check_ek_key(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;

    snprintf(detail, TRAIL_DETAIL, "the default template around the certificate's key");
    return spki_parse(c->ek_leaf.spki, &c->ek_key, err) &&
           ek_template(&c->ek_key, c->arena, &c->ek, err);
}

static bool check_ek_usage(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;
    bool is_rsa = c->ek_key.kind == SPKI_RSA;
    uint16_t wanted = is_rsa ? CERT_KEY_ENCIPHERMENT : CERT_KEY_AGREEMENT;

    (void)detail;
    if (c->ek_leaf.is_ca)
        return err_fail(err, ERR_UNTRUSTED, PROFILE, "the certificate is an authority's");
    return (c->ek_leaf.has_key_usage && (c->ek_leaf.key_usage & wanted)) ||
           err_fail(err, ERR_UNTRUSTED, PROFILE, "the key's usage lacks %s",
                    is_rsa ? "keyEncipherment" : "keyAgreement");
}

static bool check_ek_names(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;
    const struct tpm_names *n = &c->names;
    const char *lacks = n->manufacturer.n == 0 ? "manufacturer"
                        : n->model.n == 0      ? "model"
                        : n->version.n == 0    ? "version"
                                               : NULL;
    char show[3][48];

    if (lacks)
        return err_fail(err, ERR_UNTRUSTED, PROFILE,
                        "the alternative name does not say the TPM's %s", lacks);
    snprintf(detail, TRAIL_DETAIL, "manufacturer %s, model %s, version %s",
             utf8_show(n->manufacturer, show[0], sizeof show[0]),
             utf8_show(n->model, show[1], sizeof show[1]),
             utf8_show(n->version, show[2], sizeof show[2]));
    return true;
}

static bool check_ek_lasts(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return aik_path_lasts(&c->path, c->now, err);
}

static bool check_ek_begun(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return aik_path_begun(&c->path, c->now, err);
}

static bool check_ek_crl(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return aik_crls_read(c->crypto, &c->path, c->settings, c->arena, c->now, err);
}

static bool check_ek_crl_lasts(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return aik_crls_last(&c->path, c->settings, c->arena, c->now, err);
}

static bool check_ek_not_revoked(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return aik_not_revoked(&c->path, c->settings, c->arena, err);
}

/* ---------------------------------------------------------------- the attestation key */

static bool check_aik_form(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;

    (void)detail;
    return tpm_public_parse(c->aik_public, &c->aik, err);
}

static bool needs(const struct enrol_case *c, uint32_t attribute, const char *name, struct err *err)
{
    return (c->aik.attributes & attribute) ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT, "attributes 0x%08x lack %s", c->aik.attributes,
                    name);
}

static bool check_aik_bound(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return needs(c, TPM_KEY_FIXED_TPM, "fixedTPM", err) &&
           needs(c, TPM_KEY_FIXED_PARENT, "fixedParent", err) &&
           needs(c, TPM_KEY_OWN_ORIGIN, "sensitiveDataOrigin", err);
}

/* Without it the key would sign whatever it is given, forged statements included. */
static bool check_aik_restricted(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    return needs(c, TPM_KEY_RESTRICTED, "restricted", err);
}

static bool check_aik_signs(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;

    (void)detail;
    if (!needs(c, TPM_KEY_SIGN, "sign", err))
        return false;
    return !(c->aik.attributes & TPM_KEY_DECRYPT) ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT, "attributes 0x%08x hold decrypt, too",
                    c->aik.attributes);
}

static bool check_aik_scheme(void *verifier_case, char *detail, struct err *err)
{
    const struct enrol_case *c = verifier_case;
    bool is_rsa = c->aik.type == TPM_ALG_RSA;
    bool fits = is_rsa ? c->aik.scheme == TPM_ALG_RSASSA || c->aik.scheme == TPM_ALG_RSAPSS
                       : c->aik.scheme == TPM_ALG_ECDSA;
    enum tpm_bank hash;

    (void)detail;
    if (!fits)
        return err_fail(err, ERR_UNSUPPORTED, CONTRACT, "scheme 0x%04x is not %s", c->aik.scheme,
                        is_rsa ? "RSASSA or RSAPSS" : "ECDSA");
    return bank_find(c->aik.scheme_hash, &hash) ||
           err_fail(err, ERR_UNSUPPORTED, CONTRACT, "the scheme's hash 0x%04x is none of ours",
                    c->aik.scheme_hash);
}

/* The secret is sealed for the name. Where two public areas can be made that have one name, the
 * name of a key that signs anything could stand for a key that does not. */
static bool check_aik_name(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;

    (void)detail;
    if (c->aik.name_alg == TPM_ALG_SHA1)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT,
                        "the key's name is made with SHA-1, of which collisions are known");
    return tpm_public_name(c->crypto, &c->aik, c->arena, &c->aik_name, err);
}

static bool check_aik_key(void *verifier_case, char *detail, struct err *err)
{
    struct enrol_case *c = verifier_case;
    struct pubkey *key;

    if (!tpm_public_key(&c->aik, c->arena, &c->aik_key, err) ||
        !spki_write(&c->aik_key, c->arena, &c->aik_spki, err))
        return false;
    key = pubkey_new_spki(c->crypto, c->aik_spki, err);
    if (!key)
        return false;
    trail_count(detail, pubkey_bits(key), " bits");
    pubkey_free(key);
    return true;
}

/* ---------------------------------------------------------------- the table */

/* clang-format off */
const struct check enrol_checks[] = {
    /* name               function               reason                        what it establishes                                                   source */
    { "ek_form",          check_ek_form,         "malformed_certificate",      "the endorsement key's certificate is one",                            CONTRACT ", step 2", NULL },
    { "ek_anchor",        check_ek_anchor,       "untrusted_root",             "it leads to an anchor held for endorsement keys",                     CONTRACT ", step 2", NULL },
    { "ek_path",          check_ek_path,         "invalid_certificate_chain",  "signatures and authorities hold on the way",                          CONTRACT ", step 2", NULL },
    { "ek_purpose",       check_ek_purpose,      "invalid_certificate_chain",  "it is for an endorsement key, where it says what it is for",          CONTRACT ", step 2", NULL },
    { "ek_key",           check_ek_key,          "unsupported_key",            "its key is one that the default template makes",                      CONTRACT ", step 4", NULL },
    { "ek_usage",         check_ek_usage,        "invalid_certificate_chain",  "its key may protect secrets",                                         CONTRACT ", step 2", NULL },
    { "ek_names",         check_ek_names,        "invalid_certificate_chain",  "it says who made the TPM, its model and its version",                 CONTRACT ", step 2", NULL },
    { "ek_lasts",         check_ek_lasts,        "certificate_expired",        "no certificate on the way has ended",                                 CONTRACT ", step 2", NULL },
    { "ek_begun",         check_ek_begun,        "certificate_not_yet_valid",  "every certificate on the way has begun",                              CONTRACT ", step 2", NULL },
    { "ek_crl",           check_ek_crl,          "invalid_crl",                "revocation lists of the issuers are theirs",                          CONTRACT ", step 2", NULL },
    { "ek_crl_lasts",     check_ek_crl_lasts,    "crl_expired",                "those lists have not ended",                                          CONTRACT ", step 2", NULL },
    { "ek_not_revoked",   check_ek_not_revoked,  "ek_revoked",                 "no certificate on the way is revoked",                                CONTRACT ", step 2", NULL },
    { "aik_form",         check_aik_form,        "malformed_key",              "the attestation key's public area reads to its last byte",            CONTRACT ", step 3", NULL },
    { "aik_bound",        check_aik_bound,       "key_attributes",             "the key was made in its TPM and cannot leave it",                     CONTRACT ", step 3", NULL },
    { "aik_restricted",   check_aik_restricted,  "key_attributes",             "the key signs only what the TPM itself says",                         CONTRACT ", step 3", NULL },
    { "aik_signs",        check_aik_signs,       "key_attributes",             "the key signs, and does nothing else",                                CONTRACT ", step 3", NULL },
    { "aik_scheme",       check_aik_scheme,      "unsupported_key",            "the key has a signing scheme of its own",                             CONTRACT ", step 3", NULL },
    { "aik_name",         check_aik_name,        "unsupported_key",            "no other public area has the key's name",                             CONTRACT ", step 5", NULL },
    { "aik_key",          check_aik_key,         "unsupported_key",            "the key is one that quotes are verified with",                        CONTRACT ", step 3", NULL },
};
/* clang-format on */

const size_t enrol_check_count = COUNT(enrol_checks);

/* ---------------------------------------------------------------- the certificate */

static void write_name(struct writer *w, const char *oid, struct span value)
{
    size_t pair = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_write(w, DER_UTF8_STRING, value);
    der_end(w, pair);
}

/* Three attributes of one name, as the makers of TPMs write them. Their identifiers differ in the
 * last octet, which is the order that a SET OF demands only where lengths agree: so each stands in
 * a set of its own. */
static void write_set(struct writer *w, const char *oid, struct span value)
{
    size_t set = der_begin(w, DER_SET);

    write_name(w, oid, value);
    der_end(w, set);
}

bool enrol_alt_name(const struct tpm_names *names, struct arena *a, struct span *out,
                    struct err *err)
{
    struct writer w = writer_in(a, 256);
    size_t all = der_begin(&w, DER_SEQUENCE);
    size_t directory = der_begin(&w, DER_CONTEXT_CONSTRUCTED(4)), name;

    name = der_begin(&w, DER_SEQUENCE);
    write_set(&w, "2.23.133.2.1", names->manufacturer);
    write_set(&w, "2.23.133.2.2", names->model);
    write_set(&w, "2.23.133.2.3", names->version);
    der_end(&w, name);
    der_end(&w, directory);
    der_end(&w, all);
    return writer_done(&w, out, err);
}
