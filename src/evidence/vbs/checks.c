/* The VBS contract's sections 7 and 7.1 as a table, behind that of the machine it runs on. */
#include "../../base/hex.h"
#include "../tpm/case.h"
#include "../tpm/measured.h"
#include "../tpm/tpm.h"

#define CONTRACT "the VBS contract, "
#define STEP     "the VBS contract, 7.1"

static bool check_package(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return vbs_package_parse(c->request.vsm_report, &c->package, err);
}

static bool fail_number(struct err *err, const char *path, const char *spec, uint32_t found,
                        uint32_t wanted)
{
    err_fail(err, ERR_UNSUPPORTED, spec, "is %u, expected %u", found, wanted);
    return err_in(err, path);
}

static bool check_package_version(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->package.version == VBS_PACKAGE_VERSION ||
           fail_number(err, "version", CONTRACT "3", c->package.version, VBS_PACKAGE_VERSION);
}

static bool check_report(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (!vbs_report_parse(c->package.statement, c->in->arena, &c->report, err))
        return err_in(err, "statement");
    trail_count(detail, c->report.module_count, " modules");
    return true;
}

static bool check_report_version(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->report.version == VBS_REPORT_VERSION ||
           fail_number(err, "report_version", CONTRACT "4", c->report.version, VBS_REPORT_VERSION);
}

static bool check_scheme(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->package.scheme == VBS_SCHEME_PSS ||
           fail_number(err, "scheme", CONTRACT "3", c->package.scheme, VBS_SCHEME_PSS);
}

static bool check_enclave_type(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->report.identity.enclave_type == VBS_ENCLAVE_TYPE ||
           fail_number(err, "enclave_type", CONTRACT "4", c->report.identity.enclave_type,
                       VBS_ENCLAVE_TYPE);
}

static bool check_variable_data(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->report.unknown_block == 0 || c->settings->skips_unknown_variable_data ||
           fail_number(err, "type", CONTRACT "5", c->report.unknown_block, VBS_MODULE_BLOCK);
}

static bool check_modules(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return vbs_report_check_modules(&c->report, err);
}

static bool check_idks(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return c->facts.idks.n > 0 || err_fail(err, ERR_MISSING, CONTRACT "6",
                                           "no log names the key that signs enclave reports");
}

static bool check_idks_form(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (!vsm_key_parse(c->facts.idks, &c->idks, err))
        return err_in(err, "idks");
    trail_count(detail, c->idks.bits, " bits");
    return true;
}

static bool check_generation(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return !c->facts.has_generation_fault ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT "6",
                    "the secure kernel could not make its keys, by the log's own word");
}

static bool check_launched(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return !c->facts.has_launch_type || c->facts.vsm_launch_type != 0 ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT "7",
                    "the log says that no secure kernel was started, and an enclave reports");
}

static struct span magnitude(struct span s)
{
    while (s.n > 0 && s.p[0] == 0)
        s = span_part(s, 1, s.n - 1);
    return s;
}

static bool check_signature(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct spki parts = { .kind = SPKI_RSA,
                          .modulus = magnitude(c->idks.modulus),
                          .exponent = magnitude(c->idks.exponent) };
    struct span spki = { 0 };
    struct pubkey *key;
    bool holds;

    (void)detail;
    if (!spki_write(&parts, c->in->arena, &spki, err))
        return false;
    key = pubkey_new_spki(c->in->crypto, spki, err);
    holds = key && pubkey_verify(c->in->crypto, key, SIG_PS256, c->package.statement,
                                 c->package.signature, err);
    pubkey_free(key);
    return holds;
}

static bool check_data(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    uint8_t sum[SHA512_SIZE];
    char a[DIGEST_TEXT], b[DIGEST_TEXT];

    (void)detail;
    if (!digest(c->in->crypto, DIGEST_SHA512, &c->request.report_signed, 1, sum, err))
        return false;
    if (span_equal(c->report.data, span_of(sum, sizeof sum)))
        return true;
    err_fail(err, ERR_UNTRUSTED, CONTRACT "2",
             "expected %s, the SHA-512 of report_signed as received, found %s",
             digest_show(sum, sizeof sum, a), digest_show(c->report.data.p, c->report.data.n, b));
    return err_in(err, "enclave_data");
}

/* clang-format off */
const struct check vbs_checks[] = {
    /* name                 function               reason                          what it establishes                                                  source */
    { "vbs_package",        check_package,         "malformed_report",             "every size in the enclave's package agrees with its bytes",         STEP },
    { "vbs_report",         check_report,          "malformed_report",             "the statement reads to its last byte",                              STEP },
    { "vbs_package_version", check_package_version, "unsupported_package_version", "the package is of a version we read",                               STEP },
    { "vbs_report_version", check_report_version,  "unsupported_report_version",   "the report is of a version we read",                                STEP },
    { "vbs_scheme",         check_scheme,          "unsupported_signature_scheme", "the report is signed with RSA-PSS and SHA-256",                     STEP },
    { "vbs_enclave_type",   check_enclave_type,    "wrong_enclave_type",           "the report speaks of a VBS enclave",                                STEP },
    { "vbs_variable_data",  check_variable_data,   "unsupported_variable_data",    "every block of the report is of a kind we read",                    STEP },
    { "vbs_modules",        check_modules,         "module_mismatch",              "a module with the enclave's identity is the enclave",               STEP },
    { "vbs_idks",           check_idks,            "idks_missing",                 "the measured log names the key that signs enclave reports",         STEP },
    { "vbs_idks_form",      check_idks_form,       "malformed_idks",               "that key is an RSA key of 2,048 to 4,096 bits",                     STEP },
    { "vbs_idks_made",      check_generation,      "idk_generation_failed",        "the secure kernel could make its keys",                             STEP },
    { "vbs_launched",       check_launched,        "vsm_not_launched",             "the log does not say that there is no secure kernel",               STEP },
    { "vbs_signature",      check_signature,       "report_signature",             "the secure kernel of this boot signed the report",                  STEP },
    { "vbs_enclave_data",   check_data,            "enclave_data_mismatch",        "the enclave vouches for this request and the key in it",            STEP },
};
/* clang-format on */

const size_t vbs_check_count = COUNT(vbs_checks);
