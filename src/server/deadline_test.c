#include "deadline.h"

#include "../../tests/check.h"

static const uint32_t lengths[PHASES] = {
    [PHASE_HANDSHAKE] = 10, [PHASE_IDLE] = 100, [PHASE_HEADER] = 20
};

static void the_one_longest_in_a_phase_is_late_first(void **state)
{
    struct deadlines q;
    struct deadline d[3] = { 0 };

    (void)state;
    deadlines_init(&q, lengths);
    for (uint64_t i = 0; i < COUNT(d); i++)
        deadline_set(&q, &d[i], PHASE_IDLE, 1000 + i * 10);
    assert_int_equal(deadlines_count(&q, PHASE_IDLE), 3);
    assert_ptr_equal(deadlines_first(&q, PHASE_IDLE), &d[0]);
    assert_null(deadlines_late(&q, PHASE_IDLE, 1099));
    assert_ptr_equal(deadlines_late(&q, PHASE_IDLE, 1100), &d[0]);
    deadline_clear(&q, &d[0]);
    assert_null(deadlines_late(&q, PHASE_IDLE, 1109));
    assert_ptr_equal(deadlines_late(&q, PHASE_IDLE, 5000), &d[1]);
}

static void setting_again_moves_to_the_end_or_to_another_phase(void **state)
{
    struct deadlines q;
    struct deadline d[2] = { 0 };

    (void)state;
    deadlines_init(&q, lengths);
    deadline_set(&q, &d[0], PHASE_HANDSHAKE, 0);
    deadline_set(&q, &d[1], PHASE_HANDSHAKE, 1);
    deadline_set(&q, &d[0], PHASE_HANDSHAKE, 2);
    assert_ptr_equal(deadlines_first(&q, PHASE_HANDSHAKE), &d[1]);
    deadline_set(&q, &d[1], PHASE_HEADER, 3);
    assert_ptr_equal(deadlines_first(&q, PHASE_HANDSHAKE), &d[0]);
    assert_int_equal(deadlines_count(&q, PHASE_HANDSHAKE), 1);
    assert_int_equal(deadlines_count(&q, PHASE_HEADER), 1);
    assert_int_equal(d[1].at, 23);
    assert_int_equal(d[1].phase, PHASE_HEADER);
}

static void clearing_what_is_in_no_queue_is_fine(void **state)
{
    struct deadlines q;
    struct deadline d = { 0 };

    (void)state;
    deadlines_init(&q, lengths);
    deadline_clear(&q, &d);
    deadline_set(&q, &d, PHASE_IDLE, 0);
    deadline_clear(&q, &d);
    deadline_clear(&q, &d);
    assert_int_equal(deadlines_count(&q, PHASE_IDLE), 0);
    assert_null(deadlines_first(&q, PHASE_IDLE));
}

TEST_MAIN(the_one_longest_in_a_phase_is_late_first,
          setting_again_moves_to_the_end_or_to_another_phase, clearing_what_is_in_no_queue_is_fine)
