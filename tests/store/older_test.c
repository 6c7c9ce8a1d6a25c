/*
 * What the log held when it was opened: what is not there is told apart once everything has been read, and not before.
 */
#include "store/older.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "reads.h"
#include "store/keys.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

enum { FEW = 300, MANY = 30000, MAX = 100000 };

/* Ids of all three sorts. */
static struct key id_key(unsigned i)
{
    static const char *const format[] = {"text %08x", "f81d4fae-0000-4000-8000-0000%08x",
                                         "01890a5d-0000-7000-8000-0000%08x"};
    char text[64];
    snprintf(text, sizeof text, format[i % 3], i * 2654435761u);
    return key_event_id(text_span(text));
}

static void store(struct log *log, unsigned from, unsigned to)
{
    struct log_batch *batch = log_batch_new();
    struct error error;
    for (unsigned i = from; i < to; i++) {
        struct key key = id_key(i);
        log_batch_put(batch, key_span(&key), text_span("its entry"));
    }
    log_batch_put(batch, text_span("What is behind them"), text_span("is not looked at"));
    assert_int_equal(log_write(log, batch, &error), REASON_NONE);
    log_batch_free(batch);
}

static bool perhaps(const struct older *older, unsigned i)
{
    struct key key = id_key(i);
    return older_perhaps(older, key_hash(key_span(&key)));
}

/* Of UUIDv7 ids nothing is asked. */
static size_t count(const struct older *older, unsigned from, unsigned to)
{
    size_t found = 0;
    for (unsigned i = from; i < to; i++)
        found += i % 3 != 2 && perhaps(older, i);
    return found;
}

/* Until it tells what is not there; fails by the test's own limit of time if it never does. */
static void await_whole(const struct older *older)
{
    while (count(older, MAX, MAX + FEW) == FEW * 2 / 3)
        sched_yield();
}

static struct log *log_with(void **state, unsigned ids)
{
    struct log *log = openlog(*state, &openlog_small);
    store(log, 0, ids);
    return log;
}

static void a_store_with_few_ids_is_known_at_once(void **state)
{
    struct log *log = log_with(state, FEW);
    struct older *older = older_new(log, MAX);
    assert_int_equal(count(older, 0, FEW), FEW * 2 / 3);
    assert_true(count(older, FEW, 2 * FEW) < FEW / 10);
    older_free(older);
    older_free(NULL);
    log_close(log);
}

/* semantics 3 */
static void an_id_that_was_there_is_perhaps_there_while_they_are_read_and_after(void **state)
{
    struct log *log = log_with(state, MANY);
    struct older *older = older_new(log, MAX);
    assert_int_equal(count(older, 0, MANY), MANY * 2 / 3);
    await_whole(older);
    assert_int_equal(count(older, 0, MANY), MANY * 2 / 3);
    assert_true(count(older, MANY, MANY + FEW) < FEW / 10);
    older_free(older);
    log_close(log);
}

static void it_can_be_given_up_in_the_middle(void **state)
{
    struct log *log = log_with(state, MANY);
    for (int i = 0; i < 20; i++)
        older_free(older_new(log, MAX));
    log_close(log);
}

static void the_log_can_be_opened_anew_meanwhile(void **state)
{
    struct log *log = log_with(state, MANY);
    struct error error;
    struct older *older = older_new(log, MAX);
    for (int i = 0; i < 3; i++)
        assert_int_equal(log_reopen(log, &error), REASON_NONE);
    await_whole(older);
    assert_int_equal(count(older, 0, MANY), MANY * 2 / 3);
    older_free(older);
    log_close(log);
}

static void of_more_than_it_may_hold_everything_is_perhaps_there(void **state)
{
    struct log *log = log_with(state, FEW);
    struct older *older = older_new(log, FEW / 2);
    assert_int_equal(count(older, 0, 2 * FEW), 2 * FEW * 2 / 3);
    older_free(older);
    log_close(log);
}

/* The nth read fails, each in turn: what was there is never denied. */
static void a_read_that_fails_hides_no_id(void **state)
{
    struct log *log = log_with(state, FEW);
    for (long nth = 1; nth <= FEW; nth += nth < 10 ? 1 : 29) {
        reads_arm(nth, false, REASON_CORRUPT);
        struct older *older = older_new(log, MAX);
        reads_disarm();
        assert_int_equal(count(older, 0, FEW), FEW * 2 / 3);
        assert_int_equal(count(older, MAX, MAX + FEW) == FEW * 2 / 3, reads_hit());
        older_free(older);
    }
    log_close(log);
}

/* One that passes is tried again. */
static void a_store_that_cannot_be_read_for_a_while_is_read_later(void **state)
{
    struct log *log = log_with(state, FEW);
    reads_arm(1, false, REASON_STORE_UNAVAILABLE);
    struct older *older = older_new(log, MAX);
    assert_true(reads_hit());
    reads_disarm();
    await_whole(older);
    assert_int_equal(count(older, 0, FEW), FEW * 2 / 3);
    older_free(older);
    log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_with_few_ids_is_known_at_once, openlog_setup,
                                        openlog_teardown),
        cmocka_unit_test_setup_teardown(
            an_id_that_was_there_is_perhaps_there_while_they_are_read_and_after, openlog_setup,
            openlog_teardown),
        cmocka_unit_test_setup_teardown(it_can_be_given_up_in_the_middle, openlog_setup,
                                        openlog_teardown),
        cmocka_unit_test_setup_teardown(the_log_can_be_opened_anew_meanwhile, openlog_setup,
                                        openlog_teardown),
        cmocka_unit_test_setup_teardown(of_more_than_it_may_hold_everything_is_perhaps_there,
                                        openlog_setup, openlog_teardown),
        cmocka_unit_test_setup_teardown(a_read_that_fails_hides_no_id, openlog_setup,
                                        openlog_teardown),
        cmocka_unit_test_setup_teardown(a_store_that_cannot_be_read_for_a_while_is_read_later,
                                        openlog_setup, openlog_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
