/*
 * entries_test.c - how far a sum goes into a run: that many bytes are left for whoever sends the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <muon/muon.h>

enum { EVENTS = 3, FIRST = 100, RUN_BYTES_MAX = 1024 };

/* As a snapshot's last message has it behind its entries: a field that is no entry. */
static const uint8_t mark[] = {3 << 3 | 2, 2, 8, 7};

struct run {
    uint8_t bytes[RUN_BYTES_MAX];
    size_t len;
    size_t ends[EVENTS]; /* where each event ends, the cut behind it included */
};

static muon_str str(const char *text)
{
    return (muon_str){text, strlen(text)};
}

static void put(struct run *run, const muon_entry *entry)
{
    size_t room = sizeof run->bytes - run->len;
    size_t size = muon_entry_put(entry, run->bytes + run->len, room);
    assert_in_range(size, 1, room);
    run->len += size;
}

/* Events with the order ids 100, 101, 102; behind the second a cut. */
static void fill(struct run *run)
{
    *run = (struct run){.len = 0};
    for (int i = 0; i < EVENTS; i++) {
        muon_entry event = {.kind = MUON_ENTRY_EVENT,
                            .stream = str("s"),
                            .type = str("Noted"),
                            .event_id = str("an-id"),
                            .order_id = FIRST + i,
                            .version = i + 1};
        muon_entry cut = {.kind = MUON_ENTRY_CUT, .stream = str("t"), .version = 1, .cut_by = 101};
        put(run, &event);
        if (i == 1)
            put(run, &cut);
        run->ends[i] = run->len;
    }
}

static size_t used_up_to(const struct run *run, int64_t up_to, muon_sum *sum)
{
    muon_error error;
    size_t used = SIZE_MAX;
    *sum = (muon_sum){0};
    assert_int_equal(muon_sum_add(sum, run->bytes, run->len, up_to, &used, &error), MUON_OK);
    return used;
}

static void a_sum_ends_behind_the_last_entry_that_it_takes(void **state)
{
    struct run run;
    muon_sum sum;
    (void)state;
    fill(&run);
    assert_int_equal(used_up_to(&run, FIRST - 1, &sum), 0);
    for (int i = 0; i < EVENTS; i++) {
        assert_int_equal(used_up_to(&run, FIRST + i, &sum), run.ends[i]);
        assert_int_equal(sum.events, i + 1);
        assert_int_equal(sum.last_order_id, FIRST + i);
    }
}

/* A restore that goes on reads over whole runs, and took the rest of one for entries that the store ought to have. */
static void a_run_of_which_all_entries_are_taken_is_used_to_its_end(void **state)
{
    struct run run;
    muon_sum sum;
    (void)state;
    fill(&run);
    memcpy(run.bytes + run.len, mark, sizeof mark);
    run.len += sizeof mark;
    assert_int_equal(used_up_to(&run, FIRST + EVENTS, &sum), run.len);
    assert_int_equal(sum.events, EVENTS);
    assert_int_equal(used_up_to(&run, FIRST + 1, &sum), run.ends[1]);
    run = (struct run){.len = sizeof mark};
    memcpy(run.bytes, mark, sizeof mark);
    assert_int_equal(used_up_to(&run, FIRST, &sum), run.len);
    assert_int_equal(sum.events, 0);
}

static void where_a_run_cannot_be_read_the_sum_says_how_far_it_was_sound(void **state)
{
    struct run run;
    muon_sum sum = {0};
    muon_error error;
    size_t used;
    (void)state;
    fill(&run);
    run.len--;
    assert_int_equal(muon_sum_add(&sum, run.bytes, run.len, INT64_MAX, &used, &error), MUON_EPROTO);
    assert_int_equal(used, run.ends[1]);
    assert_int_equal(sum.last_order_id, FIRST + 1);
    assert_int_equal(muon_sum_add(&sum, run.bytes, run.len, INT64_MAX, &used, &error), MUON_EPROTO);
    assert_int_equal(used, 0); /* it does not rise */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_ends_behind_the_last_entry_that_it_takes),
        cmocka_unit_test(a_run_of_which_all_entries_are_taken_is_used_to_its_end),
        cmocka_unit_test(where_a_run_cannot_be_read_the_sum_says_how_far_it_was_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
