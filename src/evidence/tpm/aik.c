#include "aik.h"

#include "../../base/b64.h"
#include "../../base/utf8.h"
#include "../../base/when.h"
#include "../../format/der.h"
#include "../../format/pem.h"

#include <stdio.h>
#include <string.h>

#define RFC5280  "RFC 5280, "
#define CONTRACT "the TPM contract, 8.1"

#define OID_POLICIES     "2.5.29.32"
#define OID_ALT_NAME     "2.5.29.17"
#define OID_PURPOSES     "2.5.29.37"
#define OID_ANY_PURPOSE  "2.5.29.37.0"
#define OID_AIK          "2.23.133.8.3"
#define OID_MANUFACTURER "2.23.133.2.1"
#define OID_MODEL        "2.23.133.2.2"
#define OID_VERSION      "2.23.133.2.3"
#define OID_NOTICE       "1.3.6.1.5.5.7.2.2"
#define OID_CPS          "1.3.6.1.5.5.7.2.1"
#define OID_BY_CERT      "1.3.6.1.4.1.311.21.31"
#define OID_BY_KEY       "1.3.6.1.4.1.311.21.30"
#define OID_BY_USER      "1.3.6.1.4.1.311.21.32"

enum { DER_VISIBLE_STRING = 0x1a, DER_BMP_STRING = 0x1e };

/* ---------------------------------------------------------------- extensions */

/*= RFC 5280, 4.2.1.4 */
/*# DisplayText ::= CHOICE { ia5String, visibleString, bmpString, utf8String } */
static bool is_display_text(uint8_t tag)
{
    return tag == DER_IA5_STRING || tag == DER_VISIBLE_STRING || tag == DER_BMP_STRING ||
           tag == DER_UTF8_STRING;
}

/* Real notices are longer than the 200 characters allowed; their length is not looked at. */
static void read_notice(struct reader *qualifier)
{
    struct reader notice = der_enter(qualifier, DER_SEQUENCE, "notice");
    uint8_t tag = 0;

    if (der_peek(&notice) == DER_SEQUENCE)
        der_take(&notice, DER_SEQUENCE, "reference");
    if (reader_left(&notice) > 0) {
        der_take_any(&notice, &tag, "text");
        if (reader_ok(&notice) && !is_display_text(tag))
            reader_fail(&notice, ERR_MALFORMED, RFC5280 "4.2.1.4", "text",
                        "has tag 0x%02x, which is no DisplayText", tag);
    }
    reader_join(qualifier, &notice, "notice");
}

static void read_qualifier(struct reader *list)
{
    struct reader q = der_enter(list, DER_SEQUENCE, "qualifier");
    struct span oid = der_take(&q, DER_OID, "oid");
    uint8_t tag = 0;

    if (der_oid_is(oid, OID_NOTICE))
        read_notice(&q);
    else if (der_oid_is(oid, OID_CPS))
        der_take(&q, DER_IA5_STRING, "cps");
    else
        der_take_any(&q, &tag, "value");
    reader_join(list, &q, "qualifier");
}

/* The next policy of a list: its OID. */
static struct span read_policy(struct reader *list)
{
    struct reader policy = der_enter(list, DER_SEQUENCE, "policy");
    struct span oid = der_take(&policy, DER_OID, "oid");

    if (reader_left(&policy) > 0) {
        struct reader qualifiers = der_enter(&policy, DER_SEQUENCE, "qualifiers");

        do
            read_qualifier(&qualifiers);
        while (reader_left(&qualifiers) > 0);
        reader_join(&policy, &qualifiers, "qualifiers");
    }
    reader_join(list, &policy, "policy");
    return oid;
}

bool aik_list_has(const struct cert *cert, const char *extension, const char *oid, bool *has,
                  struct err *err)
{
    const struct cert_extension *x = cert_extension_find(cert, extension);
    bool is_policies = strcmp(extension, OID_POLICIES) == 0;
    struct reader r, list;

    *has = false;
    if (!x)
        return true;
    r = reader_over(x->value, err);
    list = der_enter(&r, DER_SEQUENCE, NULL);
    do {
        struct span found = is_policies ? read_policy(&list) : der_take(&list, DER_OID, "oid");

        *has = *has || der_oid_is(found, oid);
    } while (reader_left(&list) > 0);
    reader_join(&r, &list, NULL);
    return reader_done(&r) || err_in(err, is_policies ? "policies" : "purposes");
}

static void keep_name(struct tpm_names *out, struct span oid, struct span value)
{
    if (utf8_check(value) != value.n)
        return;
    if (der_oid_is(oid, OID_MANUFACTURER))
        out->manufacturer = value;
    else if (der_oid_is(oid, OID_MODEL))
        out->model = value;
    else if (der_oid_is(oid, OID_VERSION))
        out->version = value;
}

/* One attribute after the other of a directoryName; what is said of the TPM is kept. */
static void read_name(struct reader *general, struct tpm_names *out)
{
    struct reader name = der_enter(general, DER_SEQUENCE, "name");

    while (reader_left(&name) > 0) {
        struct reader rdn = der_enter(&name, DER_SET, "rdn");

        do {
            struct reader attribute = der_enter(&rdn, DER_SEQUENCE, "attribute");
            struct span oid = der_take(&attribute, DER_OID, "oid");
            uint8_t tag = 0;
            struct span value = der_take_any(&attribute, &tag, "value");

            keep_name(out, oid, value);
            reader_join(&rdn, &attribute, "attribute");
        } while (reader_left(&rdn) > 0);
        reader_join(&name, &rdn, "rdn");
    }
    reader_join(general, &name, "name");
}

bool aik_names(const struct cert *cert, struct tpm_names *out, struct err *err)
{
    const struct cert_extension *x = cert_extension_find(cert, OID_ALT_NAME);
    struct reader r, list;
    uint8_t tag = 0;

    *out = (struct tpm_names){ 0 };
    if (!x)
        return true;
    r = reader_over(x->value, err);
    list = der_enter(&r, DER_SEQUENCE, NULL);
    while (reader_left(&list) > 0) {
        if (der_peek(&list) != DER_CONTEXT_CONSTRUCTED(4)) {
            der_take_any(&list, &tag, "name");
            continue;
        }
        struct reader general = der_enter(&list, DER_CONTEXT_CONSTRUCTED(4), "directory");

        read_name(&general, out);
        reader_join(&list, &general, "directory");
    }
    reader_join(&r, &list, NULL);
    return reader_done(&r) || err_in(err, "alt_name");
}

struct span aik_manufacturer(const struct cert *leaf)
{
    struct err ignored = { 0 };
    struct tpm_names names;

    return aik_names(leaf, &names, &ignored) ? names.manufacturer : (struct span){ 0 };
}

bool aik_leaf_parse(struct span der, struct cert *out, struct err *err)
{
    struct tpm_names names;
    struct cert cert;
    bool ignored;

    if (!cert_parse(der, &cert, err) ||
        !aik_list_has(&cert, OID_POLICIES, OID_BY_CERT, &ignored, err) ||
        !aik_list_has(&cert, OID_PURPOSES, OID_AIK, &ignored, err) ||
        !aik_names(&cert, &names, err))
        return false;
    *out = cert;
    return true;
}

/* ---------------------------------------------------------------- the way to an anchor */

struct search {
    struct crypto *crypto;
    const struct tpm_settings *s;
    struct aik_path *path;
    bool has_anchor; /* names led to one, whatever signatures said */
    struct err why;  /* the first signature that did not hold */
    size_t tries;    /* signatures that may still be checked */
};

enum { AIK_TRIES_MAX = 32 };

static bool is_signed_by(struct search *f, const struct cert *cert, struct span spki)
{
    struct err found = { 0 }, *err = &found;
    struct pubkey *key;
    bool holds;

    if (f->tries == 0)
        return false;
    f->tries--;
    key = pubkey_new_spki(f->crypto, spki, err);
    holds = key && cert_verify(f->crypto, cert, key, err);
    pubkey_free(key);
    if (!holds && f->why.code == ERR_NONE)
        f->why = found;
    return holds;
}

static bool try_anchors(struct search *f, const struct cert *cert)
{
    for (size_t i = 0; i < f->s->anchor_count; i++) {
        const struct tpm_anchor *anchor = &f->s->anchors[i];

        if (!span_equal(cert->issuer, anchor->subject))
            continue;
        f->has_anchor = true;
        if (is_signed_by(f, cert, anchor->spki)) {
            f->path->anchor = anchor;
            return true;
        }
    }
    return false;
}

static bool is_on_path(const struct aik_path *path, const struct cert *cert)
{
    for (size_t i = 0; i < path->count; i++)
        if (span_equal(path->certs[i].der, cert->der))
            return true;
    return false;
}

/* Puts authority i of the pool onto the path, if it names and signs its end. */
static bool push(struct search *f, size_t i)
{
    const struct cert *end = &f->path->certs[f->path->count - 1];
    struct cert *next = &f->path->certs[f->path->count];
    struct err ignored = { 0 };

    if (!cert_parse(f->s->intermediates[i], next, &ignored) ||
        !span_equal(end->issuer, next->subject) || is_on_path(f->path, next) ||
        !is_signed_by(f, end, next->spki))
        return false;
    f->path->count++;
    return true;
}

/* AIK_PATH_MAX deep at most. */
static bool search(struct search *f)
{
    if (try_anchors(f, &f->path->certs[f->path->count - 1]))
        return true;
    if (f->path->count == AIK_PATH_MAX)
        return false;
    for (size_t i = 0; i < f->s->intermediate_count; i++) {
        if (!push(f, i))
            continue;
        if (search(f))
            return true;
        f->path->count--;
    }
    return false;
}

/* By names alone: an authority of the pool may head the way although nothing signs it. */
static bool names_lead_to_anchor(const struct tpm_settings *s, const struct cert *leaf)
{
    struct span issuer = leaf->issuer;

    for (size_t depth = 0; depth < AIK_PATH_MAX; depth++) {
        bool is_found = false;

        for (size_t i = 0; i < s->anchor_count; i++)
            if (span_equal(issuer, s->anchors[i].subject))
                return true;
        for (size_t i = 0; i < s->intermediate_count && !is_found; i++) {
            struct err ignored = { 0 };
            struct cert cert;

            if (cert_parse(s->intermediates[i], &cert, &ignored) &&
                span_equal(cert.subject, issuer) && !span_equal(cert.issuer, issuer)) {
                issuer = cert.issuer;
                is_found = true;
            }
        }
        if (!is_found)
            return false;
    }
    return false;
}

bool aik_path_find(struct crypto *c, const struct cert *leaf, const struct tpm_settings *s,
                   struct aik_path *out, bool *is_signed, struct err *err)
{
    struct search f = { .crypto = c, .s = s, .path = out, .tries = AIK_TRIES_MAX };
    char name[64];

    *out = (struct aik_path){ .certs = { *leaf }, .count = 1 };
    *is_signed = search(&f);
    if (*is_signed)
        return true;
    if (err_is_ours(&f.why)) {
        *err = f.why;
        return false;
    }
    if (f.has_anchor || names_lead_to_anchor(s, leaf))
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT,
                    "nothing leads from issuer \"%s\" to one of the %zu anchors over the %zu "
                    "intermediate authorities held",
                    utf8_show(leaf->issuer_cn, name, sizeof name), s->anchor_count,
                    s->intermediate_count);
}

/* ---------------------------------------------------------------- what stands in the certificates
 */

static bool fail_cert(struct err *err, const struct cert *cert, const char *spec, const char *what)
{
    char name[64];

    return err_fail(err, ERR_UNTRUSTED, spec, "the certificate \"%s\" of issuer \"%s\" %s",
                    cert->subject_cn.n ? utf8_show(cert->subject_cn, name, 32) : "",
                    utf8_show(cert->issuer_cn, name + 32, 32), what);
}

/* The critical extensions that are looked at here or by the parser. */
static bool understands(const struct cert *cert)
{
    static const char *const known[] = { "2.5.29.15", OID_ALT_NAME, "2.5.29.19", OID_POLICIES,
                                         OID_PURPOSES };

    for (size_t i = 0; i < cert->extension_count; i++) {
        bool is_known = !cert->extensions[i].is_critical;

        for (size_t k = 0; k < COUNT(known); k++)
            is_known = is_known || der_oid_is(cert->extensions[i].oid, known[k]);
        if (!is_known)
            return false;
    }
    return true;
}

static bool check_leaf(const struct cert *leaf, struct err *err)
{
    const struct cert_extension *alt = cert_extension_find(leaf, OID_ALT_NAME);

    if (leaf->is_ca)
        return fail_cert(err, leaf, RFC5280 "4.2.1.9", "is an authority's");
    if (!leaf->has_key_usage || !(leaf->key_usage & CERT_KEY_DIGITAL_SIGNATURE))
        return fail_cert(err, leaf, RFC5280 "4.2.1.3", "may not sign (key usage)");
    /*= RFC 5280, 4.1.2.6 */
    /*# If the subject field contains an empty sequence, then the issuing CA MUST include a
     *# subjectAltName extension that is marked as critical. */
    if (leaf->subject.n == 2 && (!alt || !alt->is_critical))
        return fail_cert(err, leaf, RFC5280 "4.1.2.6",
                         "has no subject and no critical alternative name");
    return true;
}

/* `below`: how many authorities stand between this one and the leaf. */
static bool check_authority(const struct cert *ca, size_t below, struct err *err)
{
    if (!ca->has_basic_constraints || !ca->is_ca)
        return fail_cert(err, ca, RFC5280 "4.2.1.9", "is no authority's");
    if (ca->path_length < below)
        return fail_cert(err, ca, RFC5280 "4.2.1.9", "allows no such long path below it");
    if (!ca->has_key_usage || !(ca->key_usage & CERT_KEY_CERT_SIGN))
        return fail_cert(err, ca, RFC5280 "4.2.1.3", "may not sign certificates (key usage)");
    return true;
}

/* An authority without purposes permits all of them; a leaf must name its own. */
static bool check_purpose(const struct cert *cert, bool is_leaf, struct err *err)
{
    bool has = false, has_any = false;

    if (!aik_list_has(cert, OID_PURPOSES, OID_AIK, &has, err) ||
        !aik_list_has(cert, OID_PURPOSES, OID_ANY_PURPOSE, &has_any, err))
        return false;
    if (has || (!is_leaf && (has_any || !cert_extension_find(cert, OID_PURPOSES))))
        return true;
    return fail_cert(err, cert, CONTRACT, "is not for attestation keys (2.23.133.8.3)");
}

static bool check_policies(const struct aik_path *path, struct err *err)
{
    const struct cert *leaf = &path->certs[0];
    bool by_cert = false, by_key = false, by_user = false;

    if (!aik_list_has(leaf, OID_POLICIES, OID_BY_CERT, &by_cert, err) ||
        !aik_list_has(leaf, OID_POLICIES, OID_BY_KEY, &by_key, err) ||
        !aik_list_has(leaf, OID_POLICIES, OID_BY_USER, &by_user, err))
        return false;
    if (by_user)
        return fail_cert(err, leaf, CONTRACT,
                         "was given for a user's credentials (1.3.6.1.4.1.311.21.32)");
    if (path->anchor && path->anchor->needs_policy && !by_cert && !by_key)
        return fail_cert(err, leaf, CONTRACT, "does not say that the endorsement key was checked");
    return true;
}

static bool check_understood(const struct cert *cert, struct err *err)
{
    return understands(cert) ||
           fail_cert(err, cert, RFC5280 "4.2", "has a critical extension we do not know");
}

static bool check_one(const struct aik_path *path, size_t i, struct err *err)
{
    const struct cert *cert = &path->certs[i];

    return check_understood(cert, err) &&
           (i == 0 ? check_leaf(cert, err) : check_authority(cert, i - 1, err)) &&
           check_purpose(cert, i == 0, err);
}

/* Of a chain for another purpose. */
static bool check_other(const struct aik_path *path, size_t i, struct err *err)
{
    const struct cert *cert = &path->certs[i];

    return check_understood(cert, err) && (i == 0 || check_authority(cert, i - 1, err));
}

static bool check_each(const struct aik_path *path,
                       bool (*check)(const struct aik_path *path, size_t i, struct err *err),
                       struct err *err)
{
    for (size_t i = 0; i < path->count; i++) {
        char place[24];

        snprintf(place, sizeof place, "chain[%zu]", i);
        if (!check(path, i, err))
            return err_in(err, place);
    }
    return true;
}

bool aik_authorities_check(const struct aik_path *path, struct err *err)
{
    return check_each(path, check_other, err);
}

bool aik_path_check(const struct aik_path *path, struct err *err)
{
    return check_each(path, check_one, err) &&
           (check_policies(path, err) || err_in(err, "chain[0]"));
}

/* ---------------------------------------------------------------- dates */

static bool fail_date(struct err *err, size_t i, int64_t date, int64_t now, const char *what)
{
    char a[WHEN_TEXT], b[WHEN_TEXT], place[24];

    err_fail(err, ERR_STALE, RFC5280 "6.1.3", "%s %s, judged at %s", what, when_str(date, a),
             when_str(now, b));
    snprintf(place, sizeof place, "chain[%zu]", i);
    return err_in(err, place);
}

bool aik_path_begun(const struct aik_path *path, int64_t now, struct err *err)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->certs[i].not_before > now)
            return fail_date(err, i, path->certs[i].not_before, now, "begins");
    return true;
}

bool aik_path_lasts(const struct aik_path *path, int64_t now, struct err *err)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->certs[i].not_after < now)
            return fail_date(err, i, path->certs[i].not_after, now, "ended");
    return true;
}

/* ---------------------------------------------------------------- revocation */

/* The key that signs what certificate i of the path names as its issuer. */
static struct span issuer_key(const struct aik_path *path, size_t i)
{
    return i + 1 < path->count ? path->certs[i + 1].spki : path->anchor->spki;
}

typedef bool crl_visit(void *arg, const struct crl *crl, size_t i, struct err *err);

/* Each list of an issuer on the path, with the number of the certificate that it speaks of. */
static bool each_crl(const struct aik_path *path, const struct tpm_settings *s, struct arena *a,
                     crl_visit *visit, void *arg, struct err *err)
{
    for (size_t k = 0; k < s->crl_count; k++) {
        char place[24];
        struct crl crl;

        snprintf(place, sizeof place, "crls[%zu]", k);
        if (!crl_parse(s->crls[k], a, &crl, err))
            return err_in(err, place);
        for (size_t i = 0; i < path->count; i++)
            if (span_equal(crl.issuer, path->certs[i].issuer) && !visit(arg, &crl, i, err))
                return err_in(err, place);
    }
    return true;
}

struct crl_case {
    struct crypto *crypto;
    const struct aik_path *path;
    int64_t now;
};

static bool check_crl(void *arg, const struct crl *crl, size_t i, struct err *err)
{
    const struct crl_case *c = arg;
    struct pubkey *key = pubkey_new_spki(c->crypto, issuer_key(c->path, i), err);
    bool holds = key && crl_verify(c->crypto, crl, key, err);

    pubkey_free(key);
    if (holds && crl->this_update > c->now)
        return err_fail(err, ERR_STALE, RFC5280 "6.3.3", "the list is of a later date");
    return holds;
}

static bool check_crl_lasts(void *arg, const struct crl *crl, size_t i, struct err *err)
{
    const struct crl_case *c = arg;
    char a[WHEN_TEXT], b[WHEN_TEXT];

    (void)i;
    if (crl->next_update >= c->now)
        return true;
    return err_fail(err, ERR_STALE, RFC5280 "6.3.3", "the list ended %s, judged at %s",
                    when_str(crl->next_update, a), when_str(c->now, b));
}

static bool check_not_listed(void *arg, const struct crl *crl, size_t i, struct err *err)
{
    const struct crl_case *c = arg;

    if (!crl_lists(crl, c->path->certs[i].serial))
        return true;
    return fail_cert(err, &c->path->certs[i], RFC5280 "6.3.3", "is revoked");
}

bool aik_crls_read(struct crypto *c, const struct aik_path *path, const struct tpm_settings *s,
                   struct arena *a, int64_t now, struct err *err)
{
    struct crl_case k = { c, path, now };

    return each_crl(path, s, a, check_crl, &k, err);
}

bool aik_crls_last(const struct aik_path *path, const struct tpm_settings *s, struct arena *a,
                   int64_t now, struct err *err)
{
    struct crl_case k = { NULL, path, now };

    return each_crl(path, s, a, check_crl_lasts, &k, err);
}

bool aik_not_revoked(const struct aik_path *path, const struct tpm_settings *s, struct arena *a,
                     struct err *err)
{
    struct crl_case k = { NULL, path, 0 };

    return each_crl(path, s, a, check_not_listed, &k, err);
}

bool aik_pub_hash(struct crypto *c, struct span spki, struct arena *a, struct span *out,
                  struct err *err)
{
    uint8_t sum[SHA256_SIZE];

    if (!digest_sha256(c, spki, sum, err))
        return false;
    *out = b64_dup_std(a, span_of(sum, sizeof sum));
    return out->p ? true : arena_fail(a, err);
}
