/* Known mistakes of verifiers of quotes: refused at the named check. */
#include "test_machine.h"

static struct machine machine;

static struct machine *again(void)
{
    if (!machine.crypto)
        machine_init(&machine);
    machine_again(&machine);
    return &machine;
}

/* The right data signed in another session, and data that runs together differently. */
static void km_49_the_quote_is_for_this_key_and_this_challenge(void **state)
{
    struct machine *m = again();
    const struct appraisal *v;

    (void)state;
    m->wish.extra_data = span_str(MACHINE_CHALLENGE); /* bound by quote, but the key is not in it */
    v = machine_judge(m);
    CHECK_TEXT("relayed", span_str(v->reason), "quote_qualifying_data");
    m = again();
    m->wish.is_certified = true;
    m->wish.certifies_other_challenge = true;
    v = machine_judge(m);
    CHECK_TEXT("old certification", span_str(v->reason), "key_certification");
    m = again();
    m->wish.is_certified = true;
    m->wish.certifies_restricted = true;
    v = machine_judge(m);
    CHECK_TEXT("restricted", span_str(v->reason), "key_certification");
}

static void km_45_no_other_magic_is_taken(void **state)
{
    static const uint32_t magics[] = { 0x474354FF, 0xFF544348, 0xFF544346, 0x00000001 };

    (void)state;
    for (size_t i = 0; i < COUNT(magics); i++) {
        struct machine *m = again();

        m->wish.magic = magics[i];
        CHECK_TEXT("magic", span_str(machine_judge(m)->reason), "not_tpm_generated");
    }
}

static void km_46_no_other_statement_is_taken_for_a_quote(void **state)
{
    (void)state;
    for (uint16_t type = 0x8014; type <= 0x801D; type++) {
        struct machine *m = again();

        if (type == TPM_ATTEST_QUOTE)
            continue;
        m->wish.attest_type = type;
        CHECK_TEXT("type", span_str(machine_judge(m)->reason), "wrong_attest_type");
    }
}

static void km_47_a_quote_over_less_than_demanded_is_none(void **state)
{
    static const uint32_t masks[] = { 0x000001, 0x00007F, 0xFFEFFF, 0xFFFFFE, 0x7FFFFF };
    struct machine *m = again();
    const struct appraisal *v;

    (void)state;
    m->wish.selects_nothing = true;
    CHECK_TEXT("nothing", span_str(machine_judge(m)->reason), "required_pcrs_missing");
    for (size_t i = 0; i < COUNT(masks); i++) {
        m = again();
        m->wish.mask = masks[i];
        CHECK_TEXT("subset", span_str(machine_judge(m)->reason), "required_pcrs_missing");
        m = again();
        m->wish.mask = masks[i];
        m->settings.waived_pcrs = ~masks[i];
        v = machine_judge(m);
        check_permitted("waived", v);
        CHECK_INT("PCR 12", claim_of(v, "vbsEnabled")->boolean,
                  masks[i] == 0x7FFFFF || masks[i] == 0xFFFFFE);
    }
    m = again();
    m->wish.is_vbs = true;
    m->wish.mask = 0xFFEFFF;
    m->settings.waived_pcrs = 1u << 12;
    CHECK_TEXT("enclaves need PCR 12", span_str(machine_judge(m)->reason), "required_pcrs_missing");
}

static size_t count_of(struct span text, const char *word)
{
    size_t n = 0, m = strlen(word);

    for (size_t i = 0; i + m <= text.n; i++)
        n += memcmp(text.p + i, word, m) == 0;
    return n;
}

/* Every number of PCRs, at and beside the borders of the selection's bytes. */
static void km_48_as_many_pcrs_count_as_are_selected(void **state)
{
    static const unsigned counts[] = { 1, 7, 8, 9, 16, 23, 24 };

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        uint32_t mask = TPM_PCRS_ALL >> (PCR_COUNT - counts[i]);
        struct machine *m = again();
        const struct appraisal *v;

        m->wish.mask = mask;
        m->settings.waived_pcrs = ~mask;
        v = machine_judge(m);
        check_permitted("as many as selected", v);
        CHECK_INT("listed", count_of(claim_of(v, "pcrs")->text, "\"Index\""), counts[i]);
        m = again();
        m->wish.mask = mask;
        m->settings.waived_pcrs = ~mask;
        m->wish.misses_value = true; /* that of PCR 9 */
        v = machine_judge(m);
        if (counts[i] > 9)
            CHECK_TEXT("one value too few", span_str(v->reason), "malformed_quote");
        else
            check_permitted("not selected", v);
    }
}

static void km_54_the_signature_is_of_the_keys_kind(void **state)
{
    struct machine *m = again();

    (void)state;
    m->wish.scheme_id = TPM_ALG_ECDSA;
    CHECK_TEXT("RSA as ECDSA", span_str(machine_judge(m)->reason), "quote_signature");
    m = again();
    m->wish.is_ecc = true;
    m->wish.scheme_id = TPM_ALG_RSASSA;
    CHECK_TEXT("ECDSA as RSA", span_str(machine_judge(m)->reason), "quote_signature");
}

TEST_MAIN(km_49_the_quote_is_for_this_key_and_this_challenge, km_45_no_other_magic_is_taken,
          km_46_no_other_statement_is_taken_for_a_quote,
          km_47_a_quote_over_less_than_demanded_is_none, km_48_as_many_pcrs_count_as_are_selected,
          km_54_the_signature_is_of_the_keys_kind)
