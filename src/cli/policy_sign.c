/* A policy as PUT /policies takes it: a JWS, signed or not. */
#include "../base/b64.h"
#include "../crypto/cert.h"
#include "../crypto/signkey.h"
#include "../format/pem.h"
#include "../host/file.h"
#include "../token/jwt.h"
#include "../token/policy_jws.h"
#include "policy_desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 64 * 1024, CERT_FILE_MAX = 256 * 1024, SIGNATURE_ROOM = 512 };

static const struct option_def options[] = {
    /* clang-format off */
    { "key",       OPTION_VALUE, "KEY.pem",  "the private key: RSA from 2,048 bits, or P-256; not encrypted" },
    { "cert",      OPTION_VALUE, "CERT.pem", "its certificate; those that certify it may follow" },
    { "unsecured", OPTION_FLAG,  NULL,       "make an unsecured JWS, for instances that take unsigned policies" },
    { "force",     OPTION_FLAG,  NULL,       "also when the policy does not compile here" },
    /* clang-format on */
};

struct signing {
    struct cli *c;
    struct crypto *crypto;
    struct desk_policy p;
    struct signkey *key;
    enum sig_alg alg;
    struct span certs[POLICY_JWS_CERTS_MAX];
    size_t cert_count;
};

/* the key, which is seen by locked memory only */

static bool fill(int fd, const char *path, struct secret *out, size_t *n, struct err *err)
{
    ssize_t got = 0;

    for (*n = 0; *n < KEY_FILE_MAX; *n += (size_t)got) {
        got = read(fd, out->p + *n, KEY_FILE_MAX - *n);
        if (got < 0)
            return err_fail(err, ERR_IO, NULL, "cannot read %.100s: %s", path, strerror(errno));
        if (got == 0)
            return true;
    }
    return err_fail(err, ERR_LIMIT, NULL, "%.100s is longer than %d bytes", path, KEY_FILE_MAX - 1);
}

static bool read_key(struct signing *s, struct err *err)
{
    const char *path = cli_option(s->c, "key");
    struct secret pem = { 0 };
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_fail(err, ERR_MISSING, NULL, "cannot open %.100s: %s", path, strerror(errno));
    if (secret_new(KEY_FILE_MAX, &pem, err) && fill(fd, path, &pem, &n, err))
        s->key = signkey_read_pem(s->crypto, span_of(pem.p, n), err);
    secret_free(&pem);
    close(fd);
    return s->key || err_in(err, "--key");
}

static bool choose_alg(struct signing *s, struct err *err)
{
    enum pubkey_type type = signkey_type(s->key);

    s->alg = type == PUBKEY_RSA ? SIG_RS256 : SIG_ES256;
    if (type != PUBKEY_P384)
        return true;
    err_fail(err, ERR_UNSUPPORTED, "REST contract, 7.1",
             "policies are signed with RS256 or ES256: an RSA or a P-256 key, not P-384");
    return err_in(err, "--key");
}

/* the certificates */

static bool read_pem(struct signing *s, struct span text, struct err *err)
{
    struct pem_block blocks[POLICY_JWS_CERTS_MAX];

    if (!pem_parse(text, "CERTIFICATE", false, POLICY_JWS_CERTS_MAX, &s->c->arena, blocks,
                   &s->cert_count, err))
        return false;
    for (size_t i = 0; i < s->cert_count; i++)
        s->certs[i] = blocks[i].der;
    return true;
}

static bool read_certs(struct signing *s, struct err *err)
{
    struct span text = { 0 };

    if (!file_read(cli_option(s->c, "cert"), CERT_FILE_MAX, &s->c->arena, &text, err))
        return false;
    if (span_starts(span_trim(text), span_str("-----BEGIN")))
        return read_pem(s, text, err);
    s->certs[0] = text;
    s->cert_count = 1;
    return true;
}

/* `openssl x509 -req` makes version 1 where nobody asks for extensions, so that is said in words.
 */
static bool read_cert(struct signing *s, size_t at, struct cert *out, struct err *err)
{
    struct err why = { 0 };

    if (cert_parse(s->certs[at], out, &why))
        return true;
    if (strcmp(why.path, "certificate.tbs.version") == 0)
        return err_fail(err, ERR_MALFORMED, "RFC 5280, 4.1.2.1",
                        "certificate %zu is of an old kind; X.509 version 3 is needed", at + 1);
    *err = why;
    return false;
}

static bool did_sign(struct signing *s, const struct cert *issuer, const struct cert *subject)
{
    struct err why = { 0 };
    struct pubkey *key = pubkey_new_spki(s->crypto, issuer->spki, &why);
    bool ok = key && span_equal(issuer->subject, subject->issuer) &&
              cert_verify(s->crypto, subject, key, &why);

    pubkey_free(key);
    return ok;
}

/*= RFC 7515, 4.1.6 */
/*# The certificate containing the public key corresponding to the key used to digitally sign the
 *JWS # MUST be the first certificate. */
static bool check_is_ours(struct signing *s, const struct cert *certs, struct err *err)
{
    struct span spki = { 0 };
    size_t at = 0;

    if (!signkey_spki(s->key, &s->c->arena, &spki, err))
        return false;
    while (at < s->cert_count && !span_equal(certs[at].spki, spki))
        at++;
    if (at == 0)
        return true;
    if (at == s->cert_count)
        return err_fail(err, ERR_UNTRUSTED, "RFC 7515, 4.1.6",
                        "the certificate is of another key than --key");
    return err_fail(err, ERR_UNTRUSTED, "RFC 7515, 4.1.6",
                    "the certificate of --key must stand first, here it is number %zu", at + 1);
}

/*= RFC 7515, 4.1.6 */
/*# This MAY be followed by additional certificates, with each subsequent certificate being the one
 *# used to certify the previous one. */
static bool check_certs(struct signing *s, struct err *err)
{
    struct cert *certs = ARENA_ARRAY(&s->c->arena, struct cert, POLICY_JWS_CERTS_MAX);

    if (!certs)
        return arena_fail(&s->c->arena, err);
    for (size_t i = 0; i < s->cert_count; i++)
        if (!read_cert(s, i, &certs[i], err))
            return false;
    if (!check_is_ours(s, certs, err))
        return false;
    for (size_t i = 1; i < s->cert_count; i++)
        if (!did_sign(s, &certs[i], &certs[i - 1]))
            return err_fail(err, ERR_UNTRUSTED, "RFC 7515, 4.1.6",
                            "certificate %zu did not certify the one before it", i + 1);
    return true;
}

/* making it */

static bool read_signer(struct signing *s, struct err *err)
{
    bool has_key = cli_option(s->c, "key"), has_cert = cli_option(s->c, "cert");

    if (cli_flag(s->c, "unsecured"))
        return (!has_key && !has_cert) ||
               err_fail(err, ERR_MALFORMED, NULL, "--unsecured takes neither --key nor --cert");
    if (!has_key || !has_cert)
        return err_fail(err, ERR_MISSING, NULL, "--key and --cert are needed, or --unsecured");
    return read_key(s, err) && choose_alg(s, err) &&
           ((read_certs(s, err) && check_certs(s, err)) || err_in(err, "--cert"));
}

static bool sign(struct signing *s, struct span input, struct span *out, struct err *err)
{
    uint8_t signature[SIGNATURE_ROOM];
    size_t n = 0;

    if (s->key &&
        !signkey_sign(s->crypto, s->key, s->alg, input, signature, sizeof signature, &n, err))
        return false;
    return jwt_attach(input, span_of(signature, n), &s->c->arena, out, err);
}

/* What leaves here is read as the service reads it, and must hold. */
static bool check_made(struct signing *s, struct span jws, struct err *err)
{
    struct policy_jws made;

    return policy_jws_read(jws, false, &s->c->arena, &made, err) &&
           (!s->key || policy_jws_verify(s->crypto, &made, err)) &&
           (span_equal(made.text, s->p.text) ||
            err_fail(err, ERR_INTERNAL, NULL, "the policy inside is not the one that was read"));
}

static bool print_made(struct signing *s, struct span jws, struct err *err)
{
    uint8_t hash[SHA256_SIZE];
    struct span shown;

    if (!digest_sha256(s->crypto, jws, hash, err))
        return false;
    shown = b64_dup_url(&s->c->arena, span_of(hash, sizeof hash));
    if (!shown.p)
        return arena_fail(&s->c->arena, err);
    cli_print(jws);
    printf("\n");
    if (s->p.policy)
        fprintf(stderr, "x-ms-policy-hash        %.*s\n", SPAN_ARG(policy_hash(s->p.policy)));
    fprintf(stderr, "x-ms-policy-token-hash  %.*s\n", SPAN_ARG(shown));
    return true;
}

static int make(struct signing *s)
{
    struct span input = { 0 }, jws = { 0 };
    struct err err = { 0 };

    if (!read_signer(s, &err) || !desk_open(s->c, s->crypto, s->c->arguments[0], &s->p, &err))
        return cli_fail_err(s->c, &err);
    if (s->p.is_jws)
        return cli_fail(s->c, EXIT_USAGE, "%s is a JWS already; sign the policy's text", s->p.path);
    desk_print_found(s->c, &s->p);
    if (!s->p.policy && !cli_flag(s->c, "force"))
        return EXIT_NOT_COMPILED;
    if (!policy_jws_input(s->p.text, s->alg, s->certs, s->cert_count, &s->c->arena, &input, &err) ||
        !sign(s, input, &jws, &err) || !check_made(s, jws, &err) || !print_made(s, jws, &err))
        return cli_fail_err(s->c, &err);
    return EXIT_OK;
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct signing s = { .c = c, .crypto = crypto_new(&err) };
    int status = s.crypto ? make(&s) : cli_fail_err(c, &err);

    signkey_free(s.key);
    desk_close(&s.p);
    crypto_free(s.crypto);
    return status;
}

const struct verb verb_policy_sign = {
    .words = "policy sign",
    .summary = "wrap a policy into the JWS that PUT /policies takes",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Prints the JWS; the hashes that the service will answer with go to standard error.\n"
        "The text is wrapped byte for byte. A service refuses a policy that does not compile,\n"
        "so this does, too: --force is for a service that reads more than this one.\n"
        "Exit status: 0 printed, 2 does not compile, 64 usage: also a key that is not the\n"
        "certificate's, or certificates that are no chain.",
    .examples = "  cupel policy sign policy.txt --key signer.key --cert signer.pem > policy.jws\n"
                "  cupel policy hash policy.jws\n"
                "  cupel policy sign policy.txt --unsecured",
    .run = run,
};
