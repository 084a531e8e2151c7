/*
 * The parameters of measured boots: their defaults, and how each is read from text.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/base/hex.h"
#include "../src/base/utf8.h"
#include "../src/base/when.h"

#include <string.h>

#define SPEC "docs/formats/lab-tpm.md"

#define Y2023 INT64_C(1672531200)
#define Y2030 INT64_C(1893456000)
#define Y2035 INT64_C(2051222400)

static void log_defaults(struct lab_tpm_params *p)
{
    p->os = "windows";
    p->bank = "sha256";
    p->secure_boot = "on";
    p->boot_counter = 42;
    p->transfer_control = 1;
    p->second_counter = LAB_ABSENT;
    p->late_debugging = LAB_ABSENT;
    p->code_integrity = 1;
    p->vsm_launch = 1;
    p->vsm_required = 1;
    p->vbs_enforced = 1;
    p->iommu = 1;
    p->hvci = 1;
    p->idks = "one";
    p->idk_status = 0;
    p->oddity = "none";
    p->edit = "none";
    p->ima_odd = "none";
}

static void key_defaults(struct lab_tpm_params *p)
{
    p->aik = "rsa";
    p->aik_hash = "sha256";
    p->aik_cert = true;
    p->aik_pub = true;
    p->aik_pub_key = "aik";
    p->aik_signer = "tpm-aik-ca";
    p->aik_nb = Y2023;
    p->aik_na = Y2030;
    p->issuing_na = Y2035;
    p->aik_purpose = "aik";
    p->aik_policy = "cert";
    p->aik_alt_name = true;
    p->crl = "none";
}

static void request_defaults(struct lab_tpm_params *p)
{
    p->magic = TPM_GENERATED;
    p->attest_type = TPM_ATTEST_QUOTE;
    p->selection = 0xFFFFFF;
    p->clock = 123456;
    p->safe = 1;
    p->nonce = "right";
    p->pcrs = "right";
    p->quote_signer = "aik";
    p->form = 2;
    p->alg = "PS256";
    p->context = "TGFi";
    p->binding = "quote";
    p->request_signer = "request";
    p->exponent = "AQAB";
    p->other_key = "none";
    p->certify = "right";
    p->request_odd = "none";
}

static void enclave_defaults(struct lab_tpm_params *p)
{
    p->package_version = 1;
    p->package_scheme = 1;
    p->report_version = 1;
    p->enclave_type = 0x10;
    p->block_type = 1;
    p->enclave_svn = 3;
    p->report_signer = "idks";
    p->report_padding = "pss";
    p->enclave_data = "right";
}

struct lab_tpm_params lab_tpm_params(const char *kind, uint64_t seed)
{
    struct lab_tpm_params p = { .seed = seed, .is_vbs = strcmp(kind, "vbs") == 0 };

    log_defaults(&p);
    key_defaults(&p);
    request_defaults(&p);
    enclave_defaults(&p);
    return p;
}

void lab_tpm_params_at(struct lab_tpm_params *p, int64_t now)
{
    p->aik_nb += now - LAB_NOW;
    p->aik_na += now - LAB_NOW;
    p->issuing_na += now - LAB_NOW;
}

/* ---------------------------------------------------------------- from text */

enum type { NUMBER, STATE, DELTA, WORD, TEXT, MOMENT, BYTES, FLAG };

struct param {
    const char *name;
    enum type type;
    size_t at;
    const char *words; /* of a WORD, parted by blanks */
};

/* clang-format off */
#define P(type, field)      { #field, type, offsetof(struct lab_tpm_params, field), NULL }
#define W(field, words)     { #field, WORD, offsetof(struct lab_tpm_params, field), words }

static const struct param params[] = {
    P(NUMBER, platform),
    W(os, "windows linux none"), W(bank, "sha256 both sha1"), W(secure_boot, "on off twice late absent"), P(NUMBER, locality),
    P(NUMBER, boot_counter), P(STATE, transfer_control), P(STATE, boot_debugging), P(STATE, second_counter), P(STATE, late_debugging),
    P(STATE, kernel_debug), P(STATE, code_integrity), P(STATE, test_signing), P(STATE, flight_signing), P(STATE, safe_mode),
    P(STATE, win_pe), P(STATE, vsm_launch), P(STATE, vsm_required), P(STATE, vbs_enforced), P(STATE, iommu), P(STATE, hvci),
    W(idks, "one none two same-twice odd"), P(STATE, idk_status),
    W(oddity, "none tagged-after no-wbcl compact-12 overrun separator-twice separator-bad"), P(TEXT, edit),
    P(NUMBER, log_cut), P(BYTES, log_trail), P(FLAG, trust_point), P(NUMBER, ima), W(ima_odd, "none drop violation"),
    P(NUMBER, resumes), P(NUMBER, resets),
    W(aik, "rsa rsa-pss ec"), W(aik_hash, "sha256 sha1 sha384"), P(FLAG, aik_cert), P(FLAG, aik_pub), P(TEXT, aik_pub_key),
    P(TEXT, aik_signer), P(MOMENT, aik_nb), P(MOMENT, aik_na), P(MOMENT, issuing_na), W(aik_purpose, "aik none other"),
    W(aik_policy, "none cert user"), P(FLAG, aik_is_ca), P(FLAG, aik_alt_name), P(FLAG, pin), P(NUMBER, aik_cut),
    W(crl, "none clean revoked stale forged"),
    P(NUMBER, magic), P(NUMBER, attest_type), P(NUMBER, selection), P(NUMBER, clock), P(NUMBER, safe), W(nonce, "right wrong empty"),
    W(pcrs, "right changed missing twice stranger"), P(NUMBER, scheme), P(TEXT, quote_signer), P(FLAG, quote_flip), P(BYTES, quote_trail),
    P(NUMBER, form), P(TEXT, alg), P(TEXT, typ), P(BYTES, challenge), P(TEXT, context), W(binding, "quote certify none ncrypt"),
    P(TEXT, request_signer), P(TEXT, exponent), W(other_key, "none plain certified"), W(certify, "right nonce name signer restricted"),
    W(request_odd, "none mixed duplicate padding challenge"), P(TEXT, rp_data), P(TEXT, custom),
    P(NUMBER, package_version), P(NUMBER, package_scheme), P(NUMBER, report_version), P(NUMBER, enclave_type), P(NUMBER, block_type),
    P(NUMBER, enclave_flags), P(NUMBER, enclave_svn), P(DELTA, package_size), P(DELTA, statement_size), P(DELTA, report_size),
    P(TEXT, report_signer), W(report_padding, "pss salt-20 pkcs1"), P(FLAG, report_flip), P(FLAG, module_differs), P(FLAG, respaced),
    W(enclave_data, "right wrong"), P(NUMBER, report_cut), P(BYTES, report_trail),
};
/* clang-format on */

/* A value on its way into its place. */
struct setting {
    const struct param *param;
    struct span value;
    struct lab_tpm_params *p;
    struct arena *a;
    struct err *err;
};

static void *place(const struct setting *s)
{
    return (uint8_t *)s->p + s->param->at;
}

static bool refuse(const struct setting *s, const char *expected)
{
    char show[48];

    return err_fail(s->err, ERR_MALFORMED, SPEC, "%s wants %s, not \"%s\"", s->param->name,
                    expected, utf8_show(s->value, show, sizeof show));
}

static bool set_number(const struct setting *s)
{
    uint64_t v = 0;

    if (!lab_number(s->value, &v))
        return refuse(s, "a number");
    memcpy(place(s), &v, sizeof v);
    return true;
}

static bool set_state(const struct setting *s)
{
    int64_t state = LAB_ABSENT;
    uint64_t v = 0;

    if (!span_is(s->value, "absent")) {
        if (!lab_number(s->value, &v) || v > INT32_MAX)
            return refuse(s, "a number, or absent");
        state = (int64_t)v;
    }
    memcpy(place(s), &state, sizeof state);
    return true;
}

static bool set_delta(const struct setting *s)
{
    bool is_negative = span_starts(s->value, span_str("-"));
    struct span digits = is_negative ? span_part(s->value, 1, s->value.n) : s->value;
    uint64_t v = 0;
    int64_t delta;

    if (!lab_number(digits, &v) || v > INT32_MAX)
        return refuse(s, "a number, or one behind a minus sign");
    delta = is_negative ? -(int64_t)v : (int64_t)v;
    memcpy(place(s), &delta, sizeof delta);
    return true;
}

static bool set_text(const struct setting *s)
{
    struct span copy = arena_dup(s->a, s->value);

    if (!copy.p)
        return arena_fail(s->a, s->err);
    *(const char **)place(s) = (const char *)copy.p;
    return true;
}

static bool is_listed(const char *words, struct span value)
{
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, " ");

        if (span_equal(value, span_of(w, n)))
            return true;
        w += n + (w[n] == ' ');
    }
    return false;
}

static bool set_word(const struct setting *s)
{
    return is_listed(s->param->words, s->value) ? set_text(s) : refuse(s, s->param->words);
}

static bool set_moment(const struct setting *s)
{
    return when_read_any(s->value, place(s), s->err);
}

static bool set_bytes(const struct setting *s)
{
    return hex_read_dup(s->a, s->value, place(s), s->err);
}

static bool set_flag(const struct setting *s)
{
    if (!span_is(s->value, "true") && !span_is(s->value, "false"))
        return refuse(s, "true or false");
    *(bool *)place(s) = span_is(s->value, "true");
    return true;
}

static bool set(const struct setting *s)
{
    static bool (*const by_type[])(const struct setting *) = {
        [NUMBER] = set_number, [STATE] = set_state,   [DELTA] = set_delta, [WORD] = set_word,
        [TEXT] = set_text,     [MOMENT] = set_moment, [BYTES] = set_bytes, [FLAG] = set_flag,
    };

    return by_type[s->param->type](s) || err_in(s->err, s->param->name);
}

const char *lab_tpm_param_name(size_t i)
{
    return i < COUNT(params) ? params[i].name : NULL;
}

static const struct param *param_find(struct span name)
{
    for (size_t i = 0; i < COUNT(params); i++)
        if (span_is(name, params[i].name))
            return &params[i];
    return NULL;
}

/* Cuts text at the first mark; the tail is empty where there is none. */
static struct span cut(struct span *text, char mark)
{
    const uint8_t *at = text->n ? memchr(text->p, mark, text->n) : NULL;
    size_t n = at ? (size_t)(at - text->p) : text->n;
    struct span head = span_part(*text, 0, n);

    *text = at ? span_part(*text, n + 1, text->n) : (struct span){ 0 };
    return head;
}

/* What no single value shows. */
static bool check(const struct lab_tpm_params *p, struct err *err)
{
    enum { IMA_MOST = 100000, RESUMES_MOST = 1000 };

    if (p->form != 1 && p->form != 2)
        return err_fail(err, ERR_MALFORMED, SPEC, "form wants 1 or 2");
    if (p->ima > IMA_MOST || p->resumes > RESUMES_MOST)
        return err_fail(err, ERR_LIMIT, SPEC, "at most %d entries of an IMA list, %d resumes",
                        IMA_MOST, RESUMES_MOST);
    if (strcmp(p->aik, "ec") == 0 && strcmp(p->aik_hash, "sha256") != 0)
        return err_fail(err, ERR_UNSUPPORTED, SPEC, "this lab signs with P-256 over SHA-256 only");
    return true;
}

bool lab_tpm_set(struct lab_tpm_params *p, const char *changes, struct arena *a, struct err *err)
{
    struct lab_tpm_params changed = *p;
    struct span rest = span_str(changes);
    char show[48];

    while (rest.n > 0) {
        struct setting s = { .p = &changed, .a = a, .err = err };
        struct span name;

        s.value = cut(&rest, ';');
        name = cut(&s.value, '=');
        s.param = param_find(name);
        if (!s.param)
            return err_fail(err, ERR_MISSING, SPEC, "there is no parameter \"%s\"",
                            utf8_show(name, show, sizeof show));
        if (!set(&s))
            return false;
    }
    if (!check(&changed, err))
        return false;
    *p = changed;
    return true;
}
