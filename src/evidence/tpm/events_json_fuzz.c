/* Targets: boot_add_tcg, boot_add_ima, measured_settle, measured_check, replay_run, replay_check,
 * order_check_*, facts_read, events_json_write
 *
 * The first byte says which kind of log the rest is. What must be true: nothing fails without a
 * reason; a log replays to itself; no claim is true that its PCRs do not carry; the events are
 * JSON.
 */
#include "events_json.h"

#include "../../../fuzz/fuzz.h"
#include "../../format/json.h"
#include "facts.h"
#include "measured.h"
#include "order.h"

static void must_be_json(struct span text, struct arena *a)
{
    struct json_limits limits = json_limits_default;
    const struct json *root;
    struct err e = { 0 };

    limits.bytes = SIZE_MAX;
    limits.nodes = 1u << 24;
    must(json_parse(text, &limits, a, &root, &e) || e.code == ERR_LIMIT);
}

static void must_be_ordered_or_say_why(const struct boot *b)
{
    static bool (*const checks[])(const struct boot *,
                                  struct err *) = { order_check_separators, order_check_end,
                                                    order_check_types, order_check_records };

    for (size_t i = 0; i < COUNT(checks); i++) {
        struct err e = { 0 };

        must(checks[i](b, &e) || (e.code == ERR_UNTRUSTED && e.text[0] != '\0'));
    }
}

static void must_claim_nothing_unheld(const struct boot *b)
{
    struct boot_facts f;

    facts_read(b, 0, &f);
    must(!f.secure_boot && f.secure_boot_note);
    must(!facts_not_safe_mode(&f) && !facts_not_win_pe(&f) && !facts_vbs_enabled(&f));
    must(!facts_boot_debugging_disabled(&f) && !facts_iommu_enabled(&f));
    facts_read(b, 0xFFFFFF, &f);
}

static void judge(struct crypto *c, struct boot *b, enum tpm_bank bank, struct arena *a)
{
    static const struct replay_rules rules = { .required_mask = 0xFFFFFF };
    struct events_json_in in = { .crypto = c, .arena = a, .boot = b, .bank = bank };
    struct writer w = writer_in(a, 1024);
    struct replay_result result;
    struct pcr_set quoted = { 0 };
    struct replay r;
    struct err e = { 0 };

    must(measured_settle(c, bank, b, &e));
    must(measured_check(c, bank, b, NULL, &e) || e.code == ERR_UNTRUSTED);
    err_clear(&e);
    if (!replay_run(c, b, bank, &r, &e)) {
        must(e.code == ERR_MISSING || e.code == ERR_MALFORMED);
        return;
    }
    for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
        quoted.values[bank][pcr] = span_of(r.pcrs[pcr], banks[bank].size);
    must(replay_check(c, b, &r, &quoted, &rules, &result, NULL, &e) || r.unknown != 0);
    must((result.held | r.unknown) == 0xFFFFFF);
    err_clear(&e);
    must_be_ordered_or_say_why(b);
    must_claim_nothing_unheld(b);
    in.held[bank] = 0xFFFFFF;
    if (events_json_write(&in, &w, &e))
        must_be_json(writer_span(&w), a);
    else
        must(e.code == ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c;
    struct arena a = arena_over(256u << 20);
    struct boot b = { 0 };
    struct err e = { 0 };
    struct span log = size ? span_of(data + 1, size - 1) : (struct span){ 0 };
    bool is_ima = size > 0 && (data[0] & 4) != 0;

    if (!c)
        must((c = crypto_new(&e)) != NULL);
    if (is_ima ? boot_add_ima(&b, log, &a, &e)
               : boot_add_tcg(&b, log, (enum boot_origin)(size ? data[0] % 3 : 0), &a, &e))
        judge(c, &b, size && (data[0] & 8) != 0 ? BANK_SHA256 : BANK_SHA1, &a);
    else
        must(e.code != ERR_NONE && e.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
