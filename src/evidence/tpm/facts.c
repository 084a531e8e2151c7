#include "facts.h"

#include "order.h"
#include "variable.h"

#include <inttypes.h>

enum { TRANSFER_OS_LOADER = 1, TRANSFER_RESUME = 2 };
enum { PCR_SECURE_BOOT = 7, VSM_KEY_RSA = 1, VSM_BITS_MIN = 2048, VSM_BITS_MAX = 4096 };

#define PCR_BIT(n) (1u << (n))

bool facts_only(const struct fact_set *set, bool v)
{
    return v ? set->on > 0 && set->off == 0 : set->off > 0 && set->on == 0;
}

/* ---------------------------------------------------------------- Secure Boot */

struct secure_boot {
    size_t count; /* events whose data is the variable, whatever their type */
    bool is_on, is_late, is_mislabelled;
    bool has_separator;
    const char *note;
};

/* Types that firmware measures into PCR 7, all of which hash their data. */
static bool belongs_to_pcr7(const struct tpm_event *e)
{
    return e->type == EV_SEPARATOR || e->type == EV_ACTION || e->type == EV_EFI_ACTION ||
           e->type == EV_EFI_VARIABLE_DRIVER_CONFIG ||
           (e->type >= EV_EFI_VARIABLE_AUTHORITY && e->type <= EV_EFI_VARIABLE_AUTHORITY + 4);
}

static void look_at_variable(struct secure_boot *s, const struct tpm_event *e)
{
    struct uefi_variable v;

    if (!variable_parse(e->content, &v, NULL) || !variable_is(&v, guid_global, "SecureBoot"))
        return;
    s->count++;
    s->is_on = v.data.n == 1 && v.data.p[0] == 1;
    s->is_late = s->has_separator;
    s->is_mislabelled = e->type != EV_EFI_VARIABLE_DRIVER_CONFIG;
}

/* The type is not measured, so the separator and the variable are known by their data, which every
 * event of this PCR must hash: relabelling one and adding another cannot help then. */
static bool look_at_pcr7(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct secure_boot *s = arg;

    (void)log;
    (void)seq;
    if (e->pcr != PCR_SECURE_BOOT || e->type == EV_NO_ACTION)
        return true;
    if (!belongs_to_pcr7(e) || e->measured != EVENT_DATA_HASHED)
        s->note = "an event in PCR 7 is of a strange type, or does not hash its data";
    look_at_variable(s, e);
    if (separator_is_plain(e->data))
        s->has_separator = true;
    return true;
}

static const char *secure_boot_note(const struct boot *b, uint32_t held)
{
    struct secure_boot s = { 0 };

    if ((held & PCR_BIT(PCR_SECURE_BOOT)) == 0)
        return "PCR 7 is not vouched for";
    (void)!boot_walk(b, look_at_pcr7, &s);
    if (s.note)
        return s.note;
    if (s.count != 1)
        return s.count ? "the variable SecureBoot was measured more than once"
                       : "the variable SecureBoot was not measured";
    if (s.is_mislabelled)
        return "the variable SecureBoot was measured as something else";
    if (s.is_late)
        return "the variable SecureBoot was measured after PCR 7's separator";
    return s.is_on ? NULL : "Secure Boot is off";
}

/* ---------------------------------------------------------------- Windows records */

struct records {
    struct boot_facts *f;
    uint32_t pcr;
};

static void count_flag(struct fact_set *set, const struct sipa *record)
{
    uint64_t v = 0;

    if (sipa_number(record, &v) && v == 0)
        set->off++;
    else
        set->on++;
}

static void keep_first(const struct sipa *record, bool *has, uint64_t *out)
{
    if (!*has && sipa_number(record, out))
        *has = true;
}

/* What stands in PCR 12 only. */
static void take_pcr12(struct boot_facts *f, const struct sipa *record)
{
    uint64_t v = 1;

    if (record->id == SIPA_TRANSFER_CONTROL)
        keep_first(record, &f->has_transfer_control, &f->transfer_control);
    else if (record->id == SIPA_VSM_LAUNCH_TYPE)
        keep_first(record, &f->has_launch_type, &f->vsm_launch_type);
    else if (record->id == SIPA_IDK_GENERATION_STATUS && (!sipa_number(record, &v) || v != 0))
        f->has_generation_fault = true;
    else if (record->id == SIPA_VSM_IDK_INFO && f->idk.n == 0)
        f->idk = record->payload;
    if (record->id != SIPA_VSM_IDKS_INFO)
        return;
    if (f->idks.n > 0 && !span_equal(f->idks, record->payload))
        f->has_two_idks = true;
    f->idks = record->payload;
}

static void take_flag(struct boot_facts *f, const struct sipa *record, uint32_t pcr)
{
    if (record->id == SIPA_BOOTDEBUGGING)
        count_flag(&f->boot_debugging, record);
    else if (record->id == SIPA_SAFEMODE)
        count_flag(&f->safe_mode, record);
    else if (record->id == SIPA_WINPE)
        count_flag(&f->win_pe, record);
    else if (record->id == SIPA_VBS_IOMMU_REQUIRED)
        count_flag(&f->iommu_required, record);
    else if (pcr != 13 && pcr != 20 &&
             (record->id == SIPA_VBS_VSM_REQUIRED || record->id == SIPA_VBS_MANDATORY_ENFORCEMENT))
        count_flag(&f->vbs_required, record);
}

static bool take_record(void *arg, const struct sipa *record, const struct sipa *top)
{
    struct records *r = arg;

    if (top->id != SIPA_TRUSTBOUNDARY)
        return true;
    take_flag(r->f, record, r->pcr);
    if (record->id == SIPA_BOOTCOUNTER)
        keep_first(record, &r->f->has_boot_counter, &r->f->boot_counter);
    if (r->pcr == 12)
        take_pcr12(r->f, record);
    return true;
}

static bool feeds_claims(uint32_t pcr)
{
    return pcr == 12 || pcr == 13 || pcr == 19 || pcr == 20;
}

struct reading {
    struct boot_facts *f;
    uint32_t held;
    uint32_t ended; /* bit i: PCR i has its WBCL, nothing counts any more */
};

static bool is_wbcl(const struct tpm_event *e)
{
    return e->type == EV_SEPARATOR && separator_is_wbcl(e->data);
}

static bool take_event(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct reading *r = arg;
    struct records records = { r->f, e->pcr };
    bool is_launch = e->pcr == 19 || e->pcr == 20;

    (void)seq;
    if (!feeds_claims(e->pcr) || e->type == EV_NO_ACTION)
        return true;
    if ((is_launch && log->origin == ORIGIN_SRTM) || (r->ended & PCR_BIT(e->pcr)) != 0)
        return true;
    if (is_wbcl(e))
        r->ended |= PCR_BIT(e->pcr);
    if ((r->held & PCR_BIT(e->pcr)) == 0 || e->measured != EVENT_DATA_HASHED ||
        (e->type != EV_EVENT_TAG && e->type != EV_SEPARATOR))
        r->f->is_blind = true;
    else if (e->type == EV_EVENT_TAG)
        (void)!sipa_walk(e->records, take_record, &records);
    return true;
}

static const char *format_of(const struct boot *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (!b->logs[i].is_ima)
            return b->logs[i].tcg.is_agile ? "agile" : "sha1";
    return NULL;
}

void facts_read(const struct boot *b, uint32_t held, struct boot_facts *out)
{
    struct boot_facts f = { 0 };
    struct reading r = { &f, held };

    f.is_blind = (held & PCR_BIT(12)) == 0 || (held & PCR_BIT(13)) == 0;
    (void)!boot_walk(b, take_event, &r);
    f.secure_boot_note = secure_boot_note(b, held);
    f.secure_boot = f.secure_boot_note == NULL;
    f.log_format = format_of(b);
    *out = f;
}

static void join_set(struct fact_set *a, const struct fact_set *b)
{
    a->off += b->off;
    a->on += b->on;
}

void facts_join(struct boot_facts *f, const struct boot_facts *boot)
{
    join_set(&f->boot_debugging, &boot->boot_debugging);
    join_set(&f->safe_mode, &boot->safe_mode);
    join_set(&f->win_pe, &boot->win_pe);
    join_set(&f->iommu_required, &boot->iommu_required);
    join_set(&f->vbs_required, &boot->vbs_required);
    f->is_blind = f->is_blind || boot->is_blind;
    f->secure_boot = f->secure_boot && boot->secure_boot;
    if (!f->secure_boot_note)
        f->secure_boot_note = boot->secure_boot_note;
    f->has_two_idks = f->has_two_idks || boot->has_two_idks ||
                      (f->idks.n > 0 && boot->idks.n > 0 && !span_equal(f->idks, boot->idks));
    f->has_generation_fault = f->has_generation_fault || boot->has_generation_fault;
    f->idk = f->idk.n ? f->idk : boot->idk;
    f->idks = f->idks.n ? f->idks : boot->idks;
    if (!f->has_launch_type && boot->has_launch_type) {
        f->has_launch_type = true;
        f->vsm_launch_type = boot->vsm_launch_type;
    }
}

static bool check_transfer(const struct boot_facts *f, uint64_t want, const char *path,
                           struct err *err)
{
    if (f->has_transfer_control && f->transfer_control == want)
        return true;
    err_fail(err, ERR_UNTRUSTED, "the TPM contract, 11",
             "control was first handed over as %" PRIu64 ", %" PRIu64 " (%s) was expected",
             f->has_transfer_control ? f->transfer_control : 0, want,
             want == TRANSFER_RESUME ? "a resume" : "the OS loader");
    return err_in(err, path);
}

bool facts_check_cycle(const struct boot_facts *current, const struct boot_facts *boot,
                       uint32_t resets, struct err *err)
{
    uint64_t grown;

    if (!check_transfer(boot, TRANSFER_OS_LOADER, "boot", err) ||
        !check_transfer(current, TRANSFER_RESUME, "current", err))
        return false;
    if (!current->has_boot_counter || !boot->has_boot_counter ||
        current->boot_counter <= boot->boot_counter)
        return err_fail(err, ERR_UNTRUSTED, "the TPM contract, 11",
                        "the boot counter did not grow between the two boots");
    grown = current->boot_counter - boot->boot_counter;
    if (grown != resets)
        return err_fail(err, ERR_UNTRUSTED, "the TPM contract, 11",
                        "the boot counter grew by %" PRIu64 ", the TPM was reset %" PRIu32 " times",
                        grown, resets);
    return true;
}

/* ---------------------------------------------------------------- claims */

bool facts_boot_debugging_disabled(const struct boot_facts *f)
{
    return !f->is_blind && facts_only(&f->boot_debugging, false);
}

/* Absent is fine here, as the contract has it: so a log of a resume alone says true. */
bool facts_not_safe_mode(const struct boot_facts *f)
{
    return !f->is_blind && f->safe_mode.on == 0;
}

bool facts_not_win_pe(const struct boot_facts *f)
{
    return !f->is_blind && f->win_pe.on == 0;
}

bool facts_iommu_enabled(const struct boot_facts *f)
{
    return !f->is_blind && facts_only(&f->iommu_required, true);
}

bool facts_vbs_enabled(const struct boot_facts *f)
{
    return !f->is_blind && facts_only(&f->vbs_required, true);
}

/* ---------------------------------------------------------------- keys of the secure kernel */

static uint32_t bit_length(struct span number)
{
    size_t i = 0;

    while (i < number.n && number.p[i] == 0)
        i++;
    if (i == number.n)
        return 0;
    return (uint32_t)(8 * (number.n - i)) - (uint32_t)__builtin_clz(number.p[i]) + 24;
}

bool vsm_key_parse(struct span block, struct vsm_key *out, struct err *err)
{
    struct reader r = reader_over(block, err);
    struct vsm_key k = { 0 };
    uint32_t alg = reader_u32le(&r, "algorithm"), exponent, modulus;

    if (reader_ok(&r) && alg != VSM_KEY_RSA)
        reader_fail(&r, ERR_UNSUPPORTED, "the VBS contract, 6", "algorithm", "is %u, RSA is 1",
                    alg);
    k.bits = reader_u32le(&r, "bits");
    if (reader_ok(&r) && (k.bits < VSM_BITS_MIN || k.bits > VSM_BITS_MAX))
        reader_fail(&r, ERR_UNSUPPORTED, "the VBS contract, 6", "bits",
                    "is %u, keys have %d to %d bits", k.bits, VSM_BITS_MIN, VSM_BITS_MAX);
    exponent = reader_u32le(&r, "exponent_size");
    modulus = reader_u32le(&r, "modulus_size");
    k.exponent = reader_take(&r, exponent, "exponent");
    k.modulus = reader_take(&r, modulus, "modulus");
    if (reader_ok(&r) && bit_length(k.modulus) != k.bits)
        reader_fail(&r, ERR_MALFORMED, "the VBS contract, 6", "modulus", "has %u bits, %u are said",
                    bit_length(k.modulus), k.bits);
    if (!reader_done(&r))
        return false;
    *out = k;
    return true;
}
