#include "chain.h"

#include "../../base/utf8.h"
#include "../../format/pem.h"

#define SPEC_CHAIN "RFC 5280, 6.1"

bool dcap_chain_parse(const struct pck_chain *ders, struct dcap_chain *out, struct err *err)
{
    struct dcap_chain chain = { 0 };

    if (!cert_parse(ders->leaf, &chain.leaf, err) || !pck_parse(&chain.leaf, &chain.pck, err))
        return err_in(err, "chain[0]");
    if (!cert_parse(ders->intermediate, &chain.intermediate, err))
        return err_in(err, "chain[1]");
    if (!cert_parse(ders->root, &chain.root, err))
        return err_in(err, "chain[2]");
    *out = chain;
    return true;
}

static bool read_two(struct span pem, struct arena *a, struct cert *first, struct cert *second,
                     struct err *err)
{
    struct pem_block blocks[DCAP_PEM_CERTIFICATES_MAX];
    size_t found = 0;

    if (!pem_parse(pem, "CERTIFICATE", true, COUNT(blocks), a, blocks, &found, err))
        return err_in(err, "chain");
    if (found != 2)
        return err_fail(err, ERR_MALFORMED, SPEC_CHAIN, "the chain has %zu certificates, not 2",
                        found);
    if (!cert_parse(blocks[0].der, first, err))
        return err_in(err, "chain[0]");
    if (!cert_parse(blocks[1].der, second, err))
        return err_in(err, "chain[1]");
    return true;
}

bool authority_chain_read(struct span pem, struct arena *a, struct cert *authority,
                          struct cert *root, struct err *err)
{
    struct cert first, second;

    if (!read_two(pem, a, &first, &second, err))
        return false;
    *authority = first;
    *root = second;
    return true;
}

const struct root_key *root_find(const struct root_list *roots, struct span point)
{
    if (point.n !=
        P256_POINT_SIZE) /* a key of another kind has no point, and two empty ones are equal */
        return NULL;
    for (size_t i = 0; i < roots->count; i++)
        if (span_equal(roots->items[i].point, point))
            return &roots->items[i];
    return NULL;
}

static bool fail_named(struct err *err, const struct cert *cert, const char *spec, const char *what)
{
    char name[64];

    return err_fail(err, ERR_UNTRUSTED, spec, "certificate \"%s\" %s",
                    utf8_show(cert->subject_cn, name, sizeof name), what);
}

bool root_check_key(const struct root_list *roots, const struct cert *root, struct err *err)
{
    char name[64];

    if (root_find(roots, root->point))
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 3.4",
                    "the key of root \"%s\" is none of the %zu accepted ones",
                    utf8_show(root->subject_cn, name, sizeof name), roots->count);
}

/* Through the thread's own slot: preparing a key for one use costs half a verification. */
bool cert_check_issuer_signature(struct crypto *c, const struct cert *cert,
                                 const struct cert *issuer, struct err *err)
{
    if (cert->sig_alg != SIG_ES256)
        return fail_named(err, cert, "the SGX contract, 3.1",
                          "is not signed with ECDSA and SHA-256");
    return p256_verify_der(c, issuer->point, cert->tbs, cert->signature, err) ||
           err_in(err, "signature");
}

static bool check_phrase(const struct cert *cert, const char *phrase, struct err *err)
{
    char name[64];

    if (cert_cn_contains(cert->subject_cn, phrase))
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 3.1",
                    "the common name \"%s\" does not say \"%s\"",
                    utf8_show(cert->subject_cn, name, sizeof name), phrase);
}

static bool check_issuer(const struct cert *cert, const struct cert *issuer, struct err *err)
{
    char name[64];

    if (span_equal(cert->issuer, issuer->subject))
        return true;
    return err_fail(err, ERR_UNTRUSTED, SPEC_CHAIN,
                    "the issuer of certificate \"%s\" is not the subject of the next certificate",
                    utf8_show(cert->subject_cn, name, sizeof name));
}

static bool check_intermediate_phrase(const struct cert *ca, struct err *err)
{
    if (cert_cn_contains(ca->subject_cn, "SGX PCK Processor CA"))
        return true;
    return check_phrase(ca, "SGX PCK Platform CA", err);
}

bool dcap_chain_check_names(const struct dcap_chain *chain, struct err *err)
{
    if (!check_phrase(&chain->leaf, "SGX PCK Certificate", err) ||
        !check_issuer(&chain->leaf, &chain->intermediate, err))
        return err_in(err, "chain[0]");
    if (!check_intermediate_phrase(&chain->intermediate, err) ||
        !check_issuer(&chain->intermediate, &chain->root, err))
        return err_in(err, "chain[1]");
    if (!check_phrase(&chain->root, "SGX Root CA", err) ||
        !check_issuer(&chain->root, &chain->root, err))
        return err_in(err, "chain[2]");
    return true;
}

static bool check_algorithm(const struct cert *cert, struct err *err)
{
    if (cert->sig_alg != SIG_ES256 || cert->point.n != P256_POINT_SIZE)
        return fail_named(err, cert, "the SGX contract, 3.1", "is not ECDSA with SHA-256 on P-256");
    /*= RFC 5280, 4.2 */
    /*# A certificate-using system MUST reject the certificate if it encounters a critical extension
     *# it does not recognize. */
    if (cert->has_unknown_critical)
        return fail_named(err, cert, "RFC 5280, 4.2", "has a critical extension we do not know");
    return true;
}

static bool check_leaf(const struct cert *cert, struct err *err)
{
    if (!check_algorithm(cert, err))
        return false;
    if (cert->is_ca)
        return fail_named(err, cert, "RFC 5280, 4.2.1.9",
                          "is an authority where a leaf must stand");
    if (!cert->has_key_usage || !(cert->key_usage & CERT_KEY_DIGITAL_SIGNATURE))
        return fail_named(err, cert, "RFC 5280, 4.2.1.3", "may not sign (key usage)");
    return true;
}

/* `below`: how many authorities stand between this one and the leaf. */
static bool check_authority(const struct cert *cert, uint8_t below, struct err *err)
{
    const uint16_t needed = CERT_KEY_CERT_SIGN | CERT_KEY_CRL_SIGN;

    if (!check_algorithm(cert, err))
        return false;
    /*= RFC 5280, 4.2.1.9 */
    /*# If the basic constraints extension is not present in a version 3 certificate, or the
     *# extension is present but the cA boolean is not asserted, then the certified public key MUST
     *# NOT be used to verify certificate signatures. */
    if (!cert->has_basic_constraints || !cert->is_ca)
        return fail_named(err, cert, "RFC 5280, 4.2.1.9", "is not an authority");
    if (cert->path_length < below)
        return fail_named(err, cert, "RFC 5280, 4.2.1.9", "allows no such long path below it");
    if (!cert->has_key_usage || (cert->key_usage & needed) != needed)
        return fail_named(err, cert, "RFC 5280, 4.2.1.3",
                          "may not sign certificates and revocation lists (key usage)");
    return true;
}

bool dcap_chain_check_constraints(const struct dcap_chain *chain, struct err *err)
{
    if (!check_leaf(&chain->leaf, err))
        return err_in(err, "chain[0]");
    if (!check_authority(&chain->intermediate, 0, err))
        return err_in(err, "chain[1]");
    if (!check_authority(&chain->root, 1, err))
        return err_in(err, "chain[2]");
    return true;
}

static bool signing_chain_check(const struct signing_chain *chain, struct err *err)
{
    if (!check_phrase(&chain->signer, "SGX TCB Signing", err) ||
        !check_issuer(&chain->signer, &chain->root, err) || !check_leaf(&chain->signer, err))
        return err_in(err, "chain[0]");
    if (!check_phrase(&chain->root, "SGX Root CA", err) ||
        !check_issuer(&chain->root, &chain->root, err) || !check_authority(&chain->root, 0, err))
        return err_in(err, "chain[1]");
    return true;
}

bool signing_chain_prepare(struct span pem, const struct root_list *roots, struct crypto *c,
                           struct arena *a, struct signing_chain *out, struct err *err)
{
    struct signing_chain chain;

    if (!read_two(pem, a, &chain.signer, &chain.root, err))
        return false;
    if (!signing_chain_check(&chain, err))
        return false;
    if (!root_check_key(roots, &chain.root, err) ||
        !cert_check_issuer_signature(c, &chain.root, &chain.root, err))
        return err_in(err, "chain[1]");
    if (!cert_check_issuer_signature(c, &chain.signer, &chain.root, err))
        return err_in(err, "chain[0]");
    *out = chain;
    return true;
}
