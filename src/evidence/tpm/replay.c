#include "replay.h"

#include "measured.h"

#include <stdio.h>
#include <string.h>

#define CONTRACT  "the TPM contract, 9.2"
#define DRTM_MASK 0x007E0000u

enum { DRTM_FIRST = 17, DRTM_LAST = 22, SUSPECTS_MAX = 16 };

static bool is_drtm(uint32_t pcr)
{
    return pcr >= DRTM_FIRST && pcr <= DRTM_LAST;
}

static void start(struct replay *r, enum tpm_bank bank)
{
    *r = (struct replay){ .bank = bank };
    for (unsigned i = DRTM_FIRST; i <= DRTM_LAST; i++)
        memset(r->pcrs[i], 0xFF, banks[bank].size);
}

/* digest_p NULL: the event has none of this bank. */
static bool extend(struct crypto *c, struct replay *r, uint32_t pcr, const uint8_t *digest_p,
                   struct err *err)
{
    if (is_drtm(pcr) && (r->touched & DRTM_MASK) == 0)
        for (unsigned i = DRTM_FIRST; i <= DRTM_LAST; i++)
            memset(r->pcrs[i], 0, banks[r->bank].size);
    r->touched |= 1u << pcr;
    if (!digest_p)
        r->unknown |= 1u << pcr;
    return !digest_p || bank_extend(c, r->bank, r->pcrs[pcr], digest_p, err);
}

/* Allowed once in a boot, before anything was measured into PCR 0. */
static bool set_locality(struct replay *r, const struct eventlog *log, struct err *err)
{
    uint8_t *last = &r->pcrs[0][banks[r->bank].size - 1];

    if (!log->has_locality)
        return true;
    if ((r->touched & 1) != 0 || *last != 0)
        return err_fail(err, ERR_MALFORMED, CONTRACT,
                        "a startup locality of %u comes after PCR 0 was in use", log->locality);
    *last = log->locality;
    return true;
}

/* What stands for an event's digest while somebody asks "what if". */
struct instead {
    const struct tpm_event *event;
    const uint8_t *digest;
};

static bool run_tcg(struct crypto *c, struct replay *r, const struct eventlog *log,
                    uint32_t pcr_mask, const struct instead *what_if, struct err *err)
{
    if ((log->bank_mask & 1u << r->bank) == 0)
        return err_fail(err, ERR_MISSING, CONTRACT, "the log has no %s digests",
                        banks[r->bank].words);
    if (!set_locality(r, log, err))
        return false;
    for (size_t i = 0; i < log->count; i++) {
        const struct tpm_event *e = &log->events[i];
        bool is_asked = what_if && what_if->event == e;

        if (e->type == EV_NO_ACTION || (pcr_mask & 1u << e->pcr) == 0)
            continue;
        if (!extend(c, r, e->pcr, is_asked ? what_if->digest : e->digests[r->bank], err))
            return false;
    }
    return true;
}

static bool run_ima(struct crypto *c, struct replay *r, const struct ima_log *log, struct err *err)
{
    uint8_t made[PCR_SIZE_MAX];

    for (size_t i = 0; i < log->count; i++)
        if (!ima_digest(c, r->bank, &log->entries[i], made, err) ||
            !extend(c, r, IMA_PCR, made, err))
            return false;
    return true;
}

static bool run(struct crypto *c, const struct boot *b, enum tpm_bank bank, uint32_t pcr_mask,
                const struct instead *what_if, struct replay *out, struct err *err)
{
    char place[24];

    start(out, bank);
    for (size_t i = 0; i < b->count; i++) {
        const struct boot_log *log = &b->logs[i];
        bool ok = log->is_ima ? (pcr_mask & 1u << IMA_PCR) == 0 || run_ima(c, out, &log->ima, err)
                              : run_tcg(c, out, &log->tcg, pcr_mask, what_if, err);

        snprintf(place, sizeof place, "logs[%zu]", i);
        if (!ok)
            return err_in(err, place);
    }
    return true;
}

bool replay_run(struct crypto *c, const struct boot *b, enum tpm_bank bank, struct replay *out,
                struct err *err)
{
    return run(c, b, bank, UINT32_MAX, NULL, out, err);
}

/* ---------------------------------------------------------------- comparison */

static bool is_all(struct span s, uint8_t byte)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != byte)
            return false;
    return s.n > 0;
}

static bool is_blank(struct span s)
{
    return is_all(s, 0x00) || is_all(s, 0xFF);
}

static bool is_known(struct span value, const struct replay_rules *rules)
{
    for (size_t i = 0; i < rules->known_pcr0_count; i++)
        if (span_equal(value, rules->known_pcr0[i]))
            return true;
    return false;
}

/* PCR 0 is not blank when only its locality was set, hence two ways for what was not measured into.
 */
static bool holds(const struct replay *r, uint32_t pcr, struct span quoted)
{
    bool is_touched = (r->touched & 1u << pcr) != 0;

    if ((r->unknown & 1u << pcr) != 0)
        return false;
    return span_equal(quoted, span_of(r->pcrs[pcr], banks[r->bank].size)) ||
           (!is_touched && is_blank(quoted));
}

void replay_compare(const struct replay *r, const struct pcr_set *quoted, struct replay_result *out)
{
    struct replay_result result = { 0 };

    for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
        struct span value = quoted->values[r->bank][pcr];

        if (value.n == 0)
            continue;
        if (holds(r, pcr, value))
            result.held |= 1u << pcr;
        else
            result.differs |= 1u << pcr;
    }
    *out = result;
}

static uint32_t compulsory(const struct replay *r, const struct pcr_set *quoted,
                           const struct replay_rules *rules)
{
    uint32_t mask = (rules->required_mask | PCRS_OF_CLAIMS) & ~PCRS_IGNORED;

    if (rules->pcr10_is_open && (r->touched & 1u << IMA_PCR) == 0)
        mask &= ~(1u << IMA_PCR);
    if (is_known(quoted->values[r->bank][0], rules))
        mask &= ~1u;
    return mask;
}

/* ---------------------------------------------------------------- which event explains it */

struct search {
    struct crypto *crypto;
    const struct boot *boot;
    enum tpm_bank bank;
    struct pcr_mismatch *m;
    size_t suspects;
    struct err *err;
};

/* An event whose data its digest is not the hash of, although it should be: would the PCR be as
 * quoted with the hash of the data in its place? */
static bool try_event(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct search *s = arg;
    const struct event_type *type = event_type_find(e->type);
    struct instead what_if = { e, s->m->event_expected };
    struct replay again;

    (void)log;
    if (e->pcr != s->m->pcr || e->type == EV_NO_ACTION || !e->digests[s->bank] ||
        (type && type->rule == DIGEST_OF_OTHER))
        return true;
    if (!bank_digest(s->crypto, s->bank, e->data, s->m->event_expected, s->err))
        return false;
    if (memcmp(s->m->event_expected, e->digests[s->bank], s->m->size) == 0)
        return true;
    if (s->suspects++ == SUSPECTS_MAX ||
        !run(s->crypto, s->boot, s->bank, 1u << e->pcr, &what_if, &again, s->err))
        return false;
    if (memcmp(again.pcrs[e->pcr], s->m->actual, s->m->size) != 0)
        return true;
    memcpy(s->m->event_actual, e->digests[s->bank], s->m->size);
    s->m->event = e;
    s->m->seq = seq;
    return false;
}

static bool fail_pcr(const struct pcr_mismatch *m, const struct replay *r, struct err *err)
{
    enum tpm_bank bank = r->bank;
    char a[DIGEST_TEXT], b[DIGEST_TEXT], name[EVENT_TYPE_TEXT], place[16];

    snprintf(place, sizeof place, "pcrs[%u]", m->pcr);
    if (m->event)
        err_fail_at(err, m->event->offset, ERR_UNTRUSTED, CONTRACT,
                    "PCR %u: event %zu, %s, expected %s (the %s of its data, which leads to the "
                    "quoted value), the log says %s",
                    m->pcr, m->seq, event_type_show(m->event->type, name),
                    digest_show(m->event_expected, m->size, a), banks[bank].words,
                    digest_show(m->event_actual, m->size, b));
    else if ((r->unknown & 1u << m->pcr) != 0)
        err_fail(err, ERR_UNTRUSTED, CONTRACT,
                 "PCR %u: an event measured into it has no %s digest, the quote holds %s", m->pcr,
                 banks[bank].words, digest_show(m->actual, m->size, b));
    else if ((r->touched & 1u << m->pcr) != 0)
        err_fail(err, ERR_UNTRUSTED, CONTRACT,
                 "PCR %u (%s): expected %s, to which the logs replay, the quote holds %s", m->pcr,
                 banks[bank].words, digest_show(m->expected, m->size, a),
                 digest_show(m->actual, m->size, b));
    else
        err_fail(err, ERR_UNTRUSTED, CONTRACT,
                 "PCR %u (%s): nothing was measured into it by the logs, the quote holds %s",
                 m->pcr, banks[bank].words, digest_show(m->actual, m->size, b));
    return err_in(err, place);
}

bool replay_check(struct crypto *c, const struct boot *b, const struct replay *r,
                  const struct pcr_set *quoted, const struct replay_rules *rules,
                  struct replay_result *result, struct pcr_mismatch *out, struct err *err)
{
    struct pcr_mismatch m = { .size = banks[r->bank].size };
    struct search search = { c, b, r->bank, &m, 0, err };
    uint32_t bad;

    replay_compare(r, quoted, result);
    bad = result->differs & compulsory(r, quoted, rules);
    if (bad == 0)
        return true;
    m.pcr = (uint32_t)__builtin_ctz(bad);
    memcpy(m.expected, r->pcrs[m.pcr], m.size);
    memcpy(m.actual, quoted->values[r->bank][m.pcr].p, m.size);
    (void)!boot_walk(b, try_event, &search);
    fail_pcr(&m, r, err);
    if (out)
        *out = m;
    return false;
}

/* ---------------------------------------------------------------- banks */

static uint32_t quoted_mask(const struct pcr_set *set, enum tpm_bank bank)
{
    uint32_t mask = 0;

    for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++)
        if (set->values[bank][pcr].n == banks[bank].size)
            mask |= 1u << pcr;
    return mask;
}

bool replay_choose_bank(const struct boot *b, const struct pcr_set *quoted, uint32_t required_mask,
                        enum tpm_bank *out, struct err *err)
{
    for (unsigned i = BANK_COUNT; i-- > 0;) {
        enum tpm_bank bank = (enum tpm_bank)i;

        if ((b->bank_mask & 1u << bank) == 0 || quoted_mask(quoted, bank) == 0)
            continue;
        if ((quoted_mask(quoted, bank) & required_mask) == required_mask) {
            *out = bank;
            return true;
        }
    }
    return err_fail(err, ERR_MISSING, "the TPM contract, 7",
                    "no bank is both in every log and quoted for the PCRs 0x%06x", required_mask);
}

unsigned pcr_set_banks(const struct pcr_set *set)
{
    unsigned mask = 0;

    for (unsigned b = 0; b < BANK_COUNT; b++)
        if (quoted_mask(set, (enum tpm_bank)b) != 0)
            mask |= 1u << b;
    return mask;
}

bool pcr_set_is_measured(const struct pcr_set *set, enum tpm_bank bank)
{
    struct span value = set->values[bank][0];

    return value.n > 0 && !is_blank(value);
}

bool replay_check_all(struct crypto *c, const struct boot *b, const struct pcr_set *quoted,
                      const struct replay_rules *rules, uint32_t held[BANK_COUNT],
                      struct pcr_mismatch *out, struct err *err)
{
    unsigned mask = pcr_set_banks(quoted) & b->bank_mask;
    uint32_t all[BANK_COUNT] = { 0 };

    for (unsigned i = 0; i < BANK_COUNT; i++) {
        struct replay_result result = { 0 };
        struct replay r;

        if ((mask & 1u << i) == 0)
            continue;
        if (!replay_run(c, b, (enum tpm_bank)i, &r, err) ||
            !replay_check(c, b, &r, quoted, rules, &result, out, err))
            return false;
        all[i] = result.held;
    }
    memcpy(held, all, sizeof all);
    return true;
}
