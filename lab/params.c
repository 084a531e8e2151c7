/*
 * The parameters: their defaults, and how each is read from text.
 */
#include "lab_in.h"

#include "../src/base/hex.h"
#include "../src/base/num.h"
#include "../src/base/utf8.h"
#include "../src/base/when.h"

#include <string.h>

/* clang-format off */
static const struct lab_level levels_base[] = {
    { { 6, 6, 2, 2, 3, 1, 0, 3 }, 11, "2023-12-01", "UpToDate",                          { 0 },                { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-08-01", "SWHardeningNeeded",                 { "00001" },          { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 0 }, 11, "2023-08-01", "ConfigurationAndSWHardeningNeeded", { "00001", "00002" }, { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 3 }, 10, "2022-08-01", "OutOfDate",                         { "00001", "00003" }, { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 0 }, 10, "2022-08-01", "OutOfDateConfigurationNeeded",      { "00002", "00003" }, { 0 } },
    { { 3, 3, 2, 2, 3, 1, 0, 3 },  9, "2021-01-01", "Revoked",                           { "00004" },          { 0 } },
};

static const struct lab_level levels_shuffled[] = {
    { { 3, 3, 2, 2, 3, 1, 0, 3 },  9, "2021-01-01", "Revoked",                           { "00004" },          { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 0 }, 10, "2022-08-01", "OutOfDateConfigurationNeeded",      { "00002", "00003" }, { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 3 }, 10, "2022-08-01", "OutOfDate",                         { "00001", "00003" }, { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 0 }, 11, "2023-08-01", "ConfigurationAndSWHardeningNeeded", { "00001", "00002" }, { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-08-01", "SWHardeningNeeded",                 { "00001" },          { 0 } },
    { { 6, 6, 2, 2, 3, 1, 0, 3 }, 11, "2023-12-01", "UpToDate",                          { 0 },                { 0 } },
};

static const struct lab_level levels_doubled[] = {
    { { 6, 6, 2, 2, 3, 1, 0, 3 }, 11, "2023-12-01", "UpToDate",                          { 0 },                { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-08-01", "SWHardeningNeeded",                 { "00001" },          { 0 } },
    { { 5, 5, 2, 2, 3, 1, 0, 0 }, 11, "2023-08-01", "ConfigurationAndSWHardeningNeeded", { "00001", "00002" }, { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 3 }, 10, "2022-08-01", "OutOfDate",                         { "00001", "00003" }, { 0 } },
    { { 4, 4, 2, 2, 3, 1, 0, 0 }, 10, "2022-08-01", "OutOfDateConfigurationNeeded",      { "00002", "00003" }, { 0 } },
    { { 3, 3, 2, 2, 3, 1, 0, 3 },  9, "2021-01-01", "Revoked",                           { "00004" },          { 0 } },
    { { 6, 6, 2, 2, 3, 1, 0, 3 }, 11, "2023-12-01", "UpToDate",                          { 0 },                { 0 } },
};

static const struct lab_level levels_config[] = {
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-08-01", "ConfigurationNeeded",               { "00002" },          { 0 } },
};

static const struct lab_level levels_unknown_word[] = {
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-08-01", "Fine",                              { 0 },                { 0 } },
};

static const struct lab_level levels_tdx[] = {
    { { 5, 5, 2, 2, 3, 1, 0, 3 }, 11, "2023-12-01", "UpToDate",                          { 0 },                { 5, 0, 6 } },
    { { 4, 4, 2, 2, 3, 1, 0, 3 }, 10, "2022-08-01", "OutOfDate",                         { "00003" },          { 3, 0, 5 } },
};

static const struct lab_qe_level qe_levels_base[] = {
    { 8, "2023-12-01", "UpToDate",  { 0 } },
    { 6, "2022-08-01", "OutOfDate", { "00005" } },
    { 4, "2021-01-01", "Revoked",   { "00006" } },
};

static const struct {
    const char *name;
    const struct lab_level *levels;
    size_t count;
} level_lists[] = {
    { "base",         levels_base,         COUNT(levels_base)         },
    { "shuffled",     levels_shuffled,     COUNT(levels_shuffled)     },
    { "doubled",      levels_doubled,      COUNT(levels_doubled)      },
    { "config",       levels_config,       COUNT(levels_config)       },
    { "unknown-word", levels_unknown_word, COUNT(levels_unknown_word) },
    { "tdx",          levels_tdx,          COUNT(levels_tdx)          },
};

static const char *const extension_names[] = {
    [LAB_EXTENSION_SOUND] = "sound",           [LAB_EXTENSION_MISSING] = "missing",
    [LAB_EXTENSION_TWICE] = "twice",           [LAB_EXTENSION_WRONG_TYPE] = "wrong-type",
    [LAB_EXTENSION_NO_COMPONENT] = "no-component", [LAB_EXTENSION_REVERSED] = "reversed",
};

/* Moments of the base. */
#define Y2023     INT64_C(1672531200)
#define Y2024     INT64_C(1704067200)
#define Y2024_10  INT64_C(1704844800) /* January the 10th */
#define Y2024_11  INT64_C(1704931200)
#define Y2024_31  INT64_C(1706659200)
#define Y2024_40  INT64_C(1707436800) /* February the 9th */
#define Y2024_41  INT64_C(1707523200)
#define Y2025     INT64_C(1735689600)
#define Y2030     INT64_C(1893456000)
#define Y2035     INT64_C(2051222400)
#define Y2020     INT64_C(1577836800)
#define Y2049_END INT64_C(2524607999)
/* clang-format on */

const struct lab_level *lab_levels_for(const char *ti_id, size_t *count)
{
    bool is_tdx = strcmp(ti_id, "TDX") == 0;

    *count = is_tdx ? COUNT(levels_tdx) : COUNT(levels_base);
    return is_tdx ? levels_tdx : levels_base;
}

static struct lab_sgx_params collateral_defaults(void)
{
    return (struct lab_sgx_params){
        .rcrl = { Y2024, Y2025 },
        .pcrl = { Y2024, Y2024_31 },
        .rcrl_signer = "root",
        .ti = { Y2024_10, Y2024_40 },
        .ti_id = "SGX",
        .ti_version = 3,
        .eval = 16,
        .ti_signer = "tcb-signing",
        .qi = { Y2024_11, Y2024_41 },
        .qi_id = "QE",
        .qi_signer = "tcb-signing",
        .qi_version = 2,
        .qi_prod = 1,
        .qi_misc = "01000000",
        .qi_misc_mask = "FDFFFFFF",
        .qi_attr = "11000000000000000000000000000000",
        .qi_attr_mask = "FBFFFFFFFFFFFFFF0000000000000000",
        .qe_levels = qe_levels_base,
        .qe_level_count = COUNT(qe_levels_base),
    };
}

static void certificate_defaults(struct lab_sgx_params *p)
{
    static const uint8_t comp[LAB_TCB_COMPONENTS] = { 5, 5, 2, 2, 3, 1, 0, 3 };
    static const uint8_t fmspc[6] = { 0x00, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5 };

    memcpy(p->comp, comp, sizeof comp);
    memcpy(p->pck_fmspc, fmspc, sizeof fmspc);
    p->pcesvn = 11;
    p->pck_cn = "Lab SGX PCK Certificate";
    p->pck_nb = Y2023;
    p->pck_na = Y2030;
    p->plat_signer = "root";
    p->plat_na = Y2035;
    p->ts_signer = "root";
    p->ts_cn = "Lab SGX TCB Signing";
    p->ts_na = Y2030;
    p->root_cn = "Lab SGX Root CA";
    p->root_nb = Y2020;
    p->root_na = Y2049_END;
}

static void evidence_defaults(struct lab_sgx_params *p)
{
    static const uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                        0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
    static const uint8_t qe_attr[16] = { 0x15, [8] = 0xe7 }, isv_attr[16] = { 0x05, [8] = 0xe7 };

    memcpy(p->vendor, vendor, sizeof vendor);
    memcpy(p->qe_attr, qe_attr, sizeof qe_attr);
    memcpy(p->isv_attr, isv_attr, sizeof isv_attr);
    p->qe_svn = 8;
    p->qe_prod = 1;
    p->qe_misc = 3;
    p->qe_signer = "pck";
    p->ver = 3;
    p->akt = 2;
    p->ct = 5;
    p->isv_signer = "attestation";
    p->chain_nul = true;
    p->isv_prod = 7;
    p->isv_svn = 3;
}

struct lab_sgx_params lab_sgx_params(uint64_t seed)
{
    struct lab_sgx_params p = collateral_defaults();

    p.seed = seed;
    certificate_defaults(&p);
    evidence_defaults(&p);
    return p;
}

void lab_sgx_params_at(struct lab_sgx_params *p, int64_t now)
{
    int64_t *const moments[] = { &p->rcrl[0], &p->rcrl[1], &p->pcrl[0], &p->pcrl[1],
                                 &p->ti[0],   &p->ti[1],   &p->qi[0],   &p->qi[1],
                                 &p->pck_nb,  &p->pck_na,  &p->plat_na, &p->ts_na };

    for (size_t i = 0; i < COUNT(moments); i++)
        *moments[i] += now - LAB_NOW;
}

/* From text */

enum type {
    COMPONENTS,
    NUMBER,
    TEXT,
    MOMENT,
    WINDOW,
    FIXED,
    BYTES,
    FLAG,
    LEVELS,
    REVOKED,
    EDIT,
    EXTENSION
};

struct param {
    const char *name;
    enum type type;
    size_t at, size;
};

#define AT(field) offsetof(struct lab_sgx_params, field), sizeof((struct lab_sgx_params *)0)->field
#define P(type, name)                                                                              \
    {                                                                                              \
#name, type, AT(name)                                                                      \
    }

/* clang-format off */
static const struct param params[] = {
    P(NUMBER, platform),
    P(COMPONENTS, comp), P(NUMBER, pcesvn), P(FIXED, pck_fmspc), P(FIXED, pck_pceid), P(TEXT, pck_cn), P(TEXT, pck_signer),
    P(MOMENT, pck_nb), P(MOMENT, pck_na), { "processor", FLAG, AT(is_processor) }, P(EXTENSION, extension),
    P(TEXT, plat_signer), P(MOMENT, plat_na), P(TEXT, ts_signer), P(TEXT, ts_cn), P(MOMENT, ts_na),
    P(TEXT, root_cn), P(MOMENT, root_nb), P(MOMENT, root_na),
    P(WINDOW, rcrl), P(WINDOW, pcrl), P(TEXT, rcrl_signer), P(TEXT, pcrl_signer), P(TEXT, pcrl_issuer),
    P(REVOKED, rrev), P(REVOKED, prev),
    P(WINDOW, ti), P(TEXT, ti_id), P(TEXT, ti_fmspc), P(TEXT, ti_pceid), P(NUMBER, ti_version), P(NUMBER, tcb_type), P(NUMBER, eval),
    { "levels", LEVELS, 0, 0 }, P(TEXT, ti_signer), P(EDIT, ti_pre), P(EDIT, ti_post),
    P(WINDOW, qi), P(TEXT, qi_id), P(TEXT, qi_signer), P(NUMBER, qi_version), P(BYTES, qi_mrs), P(NUMBER, qi_prod), P(TEXT, qi_misc),
    P(TEXT, qi_misc_mask), P(TEXT, qi_attr), P(TEXT, qi_attr_mask), P(EDIT, qi_pre), P(EDIT, qi_post),
    P(NUMBER, qe_svn), P(NUMBER, qe_prod), P(NUMBER, qe_misc), P(FIXED, qe_attr), P(BYTES, qe_data), P(NUMBER, qe_tail),
    P(TEXT, qe_signer), P(FLAG, qe_sig_flip), P(BYTES, auth),
    P(NUMBER, ver), P(NUMBER, akt), P(NUMBER, tee), P(FIXED, vendor), P(NUMBER, ct), P(TEXT, isv_signer), P(FLAG, isv_flip),
    P(BYTES, trail), P(BYTES, chain), P(FLAG, chain_nul), P(FLAG, drop_root),
    P(FIXED, isv_attr), P(NUMBER, isv_misc), P(NUMBER, isv_prod), P(NUMBER, isv_svn), P(NUMBER, config_svn), P(BYTES, mr_enclave),
    P(BYTES, mr_signer), P(BYTES, config_id), P(BYTES, ext_prod_id), P(BYTES, family_id), P(BYTES, runtime), P(BYTES, report_data),
};
/* clang-format on */

/* A value on its way into its place. */
struct setting {
    const struct param *param;
    struct span value;
    struct lab_sgx_params *p;
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

    return err_fail(s->err, ERR_MALFORMED, "docs/formats/lab.md", "%s wants %s, not \"%s\"",
                    s->param->name, expected, utf8_show(s->value, show, sizeof show));
}

/* Parts text at the first mark; the second part is empty where there is none. */
static bool part(struct span text, const char *mark, struct span *left, struct span *right)
{
    const uint8_t *at = text.n ? memmem(text.p, text.n, mark, strlen(mark)) : NULL;
    size_t n = at ? (size_t)(at - text.p) : text.n;

    *left = span_part(text, 0, n);
    *right = at ? span_part(text, n + strlen(mark), text.n) : (struct span){ 0 };
    return at != NULL;
}

bool lab_number(struct span text, uint64_t *out)
{
    bool is_hex = span_starts(text, span_str("0x"));
    struct span digits = is_hex ? span_part(text, 2, text.n) : text;
    uint64_t v = 0, base = is_hex ? 16 : 10;

    for (size_t i = 0; i < digits.n; i++) {
        int d = hex_digit(digits.p[i]);

        if (d < 0 || (uint64_t)d >= base || v > (UINT64_MAX - (uint64_t)d) / base)
            return false;
        v = v * base + (uint64_t)d;
    }
    *out = v;
    return digits.n > 0;
}

/* Integers lie in the struct in their own width. */
static bool set_number(const struct setting *s)
{
    uint64_t v = 0;
    size_t bits = s->param->size * 8;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;

    if (!lab_number(s->value, &v) || (bits < 64 && v >> bits))
        return refuse(s, "a number that fits");
    u8 = (uint8_t)v;
    u16 = (uint16_t)v;
    u32 = (uint32_t)v;
    memcpy(place(s),
           bits == 8    ? (const void *)&u8
           : bits == 16 ? (const void *)&u16
           : bits == 32 ? (const void *)&u32
                        : (const void *)&v,
           s->param->size);
    return true;
}

static bool set_components(const struct setting *s)
{
    uint8_t comp[LAB_TCB_COMPONENTS] = { 0 };
    struct span rest = s->value, one;

    for (size_t i = 0; rest.n > 0; i++) {
        uint64_t v = 0;

        part(rest, " ", &one, &rest);
        if (i == LAB_TCB_COMPONENTS || !lab_number(one, &v) || v > UINT8_MAX)
            return refuse(s, "at most 16 numbers of 0 to 255");
        comp[i] = (uint8_t)v;
    }
    memcpy(place(s), comp, sizeof comp);
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

static bool set_moment(const struct setting *s)
{
    return when_read_any(s->value, place(s), s->err);
}

static bool set_window(const struct setting *s)
{
    struct span from, to;
    int64_t w[2];

    if (!part(s->value, "..", &from, &to))
        return refuse(s, "two moments parted by \"..\"");
    if (!when_read_any(from, &w[0], s->err) || !when_read_any(to, &w[1], s->err))
        return false;
    memcpy(place(s), w, sizeof w);
    return true;
}

static bool set_fixed(const struct setting *s)
{
    return hex_read(s->value, place(s), s->param->size, s->err);
}

/* Hex, or hex*N: those bytes N times. */
static bool set_bytes(const struct setting *s)
{
    enum { MOST = 65536 };
    struct span hex, times, unit = { 0 }, out = { 0 };
    uint64_t n = 1;
    struct writer w;

    if (part(s->value, "*", &hex, &times) && (!lab_number(times, &n) || n > MOST))
        return refuse(s, "hex*N with N up to 65536");
    if (!hex_read_dup(s->a, hex, &unit, s->err))
        return false;
    w = writer_in(s->a, 64);
    for (uint64_t i = 0; i < n; i++)
        write_bytes(&w, unit);
    if (!writer_done(&w, &out, s->err))
        return false;
    *(struct span *)place(s) = out;
    return true;
}

static bool set_flag(const struct setting *s)
{
    if (!span_is(s->value, "true") && !span_is(s->value, "false"))
        return refuse(s, "true or false");
    *(bool *)place(s) = span_is(s->value, "true");
    return true;
}

static bool set_levels(const struct setting *s)
{
    for (size_t i = 0; i < COUNT(level_lists); i++)
        if (span_is(s->value, level_lists[i].name)) {
            s->p->levels = level_lists[i].levels;
            s->p->level_count = level_lists[i].count;
            return true;
        }
    return refuse(s, "the name of a level list");
}

static bool set_revoked(const struct setting *s)
{
    struct lab_revoked r = { 0 };
    struct span rest = s->value, one, count;

    while (rest.n > 0) {
        uint64_t n = 0;

        part(rest, ",", &one, &rest);
        r.pck |= span_is(one, "pck");
        r.plat |= span_is(one, "plat");
        r.ts |= span_is(one, "ts");
        if (part(one, ":", &one, &count) && span_is(one, "others") && lab_number(count, &n))
            r.others = (size_t)n;
        else if (!span_is(one, "pck") && !span_is(one, "plat") && !span_is(one, "ts"))
            return refuse(s, "pck, plat, ts or others:N, parted by commas");
    }
    *(struct lab_revoked *)place(s) = r;
    return true;
}

static bool set_edit(const struct setting *s)
{
    struct span from, to;

    if (!part(s->value, "=>", &from, &to))
        return refuse(s, "FROM=>TO");
    from = arena_dup(s->a, from);
    to = arena_dup(s->a, to);
    if (!from.p || !to.p)
        return arena_fail(s->a, s->err);
    *(struct lab_edit *)place(s) = (struct lab_edit){ (const char *)from.p, (const char *)to.p };
    return true;
}

static bool set_extension(const struct setting *s)
{
    for (size_t i = 0; i < COUNT(extension_names); i++)
        if (span_is(s->value, extension_names[i])) {
            s->p->extension = (enum lab_extension)i;
            return true;
        }
    return refuse(s, "sound, missing, twice, wrong-type, no-component or reversed");
}

static bool set(const struct setting *s)
{
    static bool (*const by_type[])(const struct setting *) = {
        [COMPONENTS] = set_components, [NUMBER] = set_number, [TEXT] = set_text,
        [MOMENT] = set_moment,         [WINDOW] = set_window, [FIXED] = set_fixed,
        [BYTES] = set_bytes,           [FLAG] = set_flag,     [LEVELS] = set_levels,
        [REVOKED] = set_revoked,       [EDIT] = set_edit,     [EXTENSION] = set_extension,
    };

    return by_type[s->param->type](s) || err_in(s->err, s->param->name);
}

const char *lab_param_name(size_t i)
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

bool lab_sgx_set(struct lab_sgx_params *p, const char *changes, struct arena *a, struct err *err)
{
    struct lab_sgx_params changed = *p;
    struct span rest = span_str(changes), one, name;
    char show[48];

    while (rest.n > 0) {
        struct setting s = { .p = &changed, .a = a, .err = err };

        part(rest, ";", &one, &rest);
        part(one, "=", &name, &s.value);
        s.param = param_find(name);
        if (!s.param)
            return err_fail(err, ERR_MISSING, "docs/formats/lab.md", "there is no parameter \"%s\"",
                            utf8_show(name, show, sizeof show));
        if (!set(&s))
            return false;
    }
    *p = changed;
    return true;
}
