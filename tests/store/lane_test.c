/*
 * lane_test.c - whose turn it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/submission.h"

static void lane_fill(struct lane_ring *ring, struct lane *lane, struct submission *subs, size_t n,
                      size_t bytes)
{
    struct chain chain = {0};
    for (size_t i = 0; i < n; i++) {
        subs[i] = (struct submission){.bytes = bytes, .owner = lane};
        chain_push(&chain, &subs[i]);
    }
    lane_submit(ring, lane, &chain);
    assert_null(chain.first);
}

/* semantics 7 */
static void a_single_writer_does_not_wait_for_an_importer(void **state)
{
    (void)state;
    struct lane_ring ring = {0};
    struct lane bulk = {0}, single = {0};
    struct submission many[100], one[1];
    lane_fill(&ring, &bulk, many, 100, 1000);
    lane_fill(&ring, &single, one, 1, 100);
    struct chain taken = {0};
    lane_take(&ring, &taken, 20000, 5000);
    size_t before = 0;
    while (taken.first->owner != &single) {
        chain_shift(&taken);
        before++;
    }
    assert_int_equal(before, 5);
    assert_null(single.waiting.first);
}

/* semantics 7 */
static void a_lane_keeps_its_order_over_many_turns(void **state)
{
    (void)state;
    struct lane_ring ring = {0};
    struct lane lanes[3] = {0};
    static struct submission subs[3][50];
    for (size_t i = 0; i < 3; i++)
        lane_fill(&ring, &lanes[i], subs[i], 50, 100 + 50 * i);
    size_t next[3] = {0};
    while (ring.first) {
        struct chain taken = {0};
        lane_take(&ring, &taken, 1000, 300);
        assert_non_null(taken.first);
        while (taken.first) {
            struct submission *sub = chain_shift(&taken);
            size_t i = (size_t)((struct lane *)sub->owner - lanes);
            assert_ptr_equal(sub, &subs[i][next[i]++]);
        }
        assert_int_equal(taken.bytes, 0);
        assert_int_equal(taken.len, 0);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(next[i], 50);
}

static void a_submission_larger_than_a_commit_is_taken_alone(void **state)
{
    (void)state;
    struct lane_ring ring = {0};
    struct lane lane = {0};
    struct submission subs[2];
    lane_fill(&ring, &lane, subs, 2, 5000);
    struct chain taken = {0};
    lane_take(&ring, &taken, 1000, 300);
    assert_int_equal(taken.len, 1);
    assert_ptr_equal(ring.first, &lane);
}

static void everything_can_be_taken_at_once(void **state)
{
    (void)state;
    struct lane_ring ring = {0};
    struct lane lanes[2] = {0};
    struct submission subs[2][3];
    lane_fill(&ring, &lanes[0], subs[0], 3, 10);
    lane_fill(&ring, &lanes[1], subs[1], 3, 10);
    struct chain taken = {0};
    lane_take_all(&ring, &taken);
    assert_int_equal(taken.len, 6);
    assert_null(ring.first);
    assert_null(lanes[0].waiting.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_writer_does_not_wait_for_an_importer),
        cmocka_unit_test(a_lane_keeps_its_order_over_many_turns),
        cmocka_unit_test(a_submission_larger_than_a_commit_is_taken_alone),
        cmocka_unit_test(everything_can_be_taken_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
