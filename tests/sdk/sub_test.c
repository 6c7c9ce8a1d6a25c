/*
 * Subscriptions, reads and aggregates against a store that misbehaves: every event once, in order, whatever is cut.
 */
#include "tests/sdk/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 95 };

struct trouble {
    enum fake_step step;
    unsigned nth;
    enum fake_act act;
};

static enum fake_act make_trouble(void *user, enum fake_step step, unsigned nth)
{
    const struct trouble *trouble = user;
    return step == trouble->step && nth == trouble->nth ? trouble->act : FAKE_GO;
}

/* n events with the payloads first, first + 1, … in one batch. */
static void emit_many(muon_client *c, int first, int n)
{
    static char text[1000][8];
    static muon_event_in events[1000];
    muon_error err;
    for (int i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%d", first + i);
        events[i] =
            (muon_event_in){.type = "T", .payload = text[i], .payload_len = strlen(text[i])};
    }
    if (muon_emit(c, "s", events, (size_t)n, NULL, NULL, &err) != MUON_OK)
        fail_msg("%s", err.message);
}

/* Check that the batch goes on with *next, and free it. */
static uint32_t check_batch(muon_batch *batch, int *next)
{
    uint32_t flags = muon_batch_flags(batch);
    for (size_t i = 0; i < muon_batch_count(batch); i++)
        assert_int_equal(atoi(muon_batch_at(batch, i)->payload.ptr), (*next)++);
    muon_batch_free(batch);
    return flags;
}

/* Take batches until so many events have come, in order. */
static uint32_t expect_events(muon_sub *s, int *next, int until)
{
    uint32_t flags = 0;
    while (*next < until) {
        muon_batch *batch;
        muon_error err;
        if (muon_sub_next(s, &batch, 30000, &err) != MUON_OK)
            fail_msg("at %d: %s", *next, err.message);
        flags |= check_batch(batch, next);
    }
    return flags;
}

static void expect_end(muon_sub *s, int32_t status)
{
    muon_batch *batch;
    muon_error err;
    int32_t got;
    int next = 0;
    while ((got = muon_sub_next(s, &batch, 30000, &err)) == MUON_OK) {
        assert_int_equal(muon_batch_count(batch), 0);
        check_batch(batch, &next);
    }
    assert_int_equal(got, status);
}

static void run_through(struct trouble trouble, int32_t mode)
{
    struct fake *fake = fake_new(make_trouble, &trouble);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_sub_opts opts = {.mode = mode};
    muon_sub *s;
    int next = 0;
    emit_many(c, 0, EVENTS);
    assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
    expect_events(s, &next, EVENTS);
    if (mode == MUON_COLD) {
        expect_end(s, MUON_END);
    } else {
        emit_many(c, EVENTS, 15);
        expect_events(s, &next, EVENTS + 15);
    }
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

/* semantics 12, 22 */
static void a_subscription_cut_at_any_message_misses_and_repeats_nothing(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 12; nth++) {
        run_through((struct trouble){FAKE_EVENTS, nth, FAKE_CUT}, MUON_HOT_COLD);
        run_through((struct trouble){FAKE_EVENTS, nth, FAKE_CUT}, MUON_COLD);
    }
    run_through((struct trouble){FAKE_SUBSCRIBE, 1, FAKE_CUT}, MUON_HOT_COLD);
}

static void a_hot_subscription_gets_what_comes_and_is_live_at_once(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 3;
         nth++) { /* 1: the marker itself is lost, so it begins as hot again */
        struct trouble trouble = {FAKE_EVENTS, nth, FAKE_CUT};
        struct fake *fake = fake_new(make_trouble, &trouble);
        muon_client *c = made_client(fake_url(fake), NULL);
        const muon_sub_opts opts = {.mode = MUON_HOT};
        muon_sub *s;
        muon_batch *batch;
        int next = 20;
        emit_many(c, 0, 20);
        assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
        assert_int_equal(muon_sub_next(s, &batch, 30000, NULL), MUON_OK);
        assert_int_equal(check_batch(batch, &next), MUON_BATCH_LIVE);
        emit_many(c, 20, 15);
        assert_int_equal(expect_events(s, &next, 35) & MUON_BATCH_LIVE, 0);
        muon_sub_free(s);
        made_close(c);
        fake_free(fake);
    }
}

static void a_limit_holds_across_calls(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 3; nth++) {
        struct trouble trouble = {FAKE_EVENTS, nth, FAKE_CUT};
        struct fake *fake = fake_new(make_trouble, &trouble);
        muon_client *c = made_client(fake_url(fake), NULL);
        const muon_sub_opts opts = {.mode = MUON_COLD, .limit = 25};
        muon_sub *s;
        int next = 0;
        emit_many(c, 0, EVENTS);
        assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
        expect_events(s, &next, 25);
        expect_end(s, MUON_END);
        muon_sub_free(s);
        made_close(c);
        fake_free(fake);
    }
}

static void a_reader_that_does_not_read_is_not_sent_more(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_sub_opts opts = {.prefetch = 20};
    static char payload[60000];
    muon_event_in event = {.type = "T", .payload = payload, .payload_len = sizeof payload};
    muon_sub *s;
    muon_batch *batch;
    memset(payload, 'x', sizeof payload);
    fake_set_page(fake, 1);
    for (int i = 0; i < 300; i++)
        assert_int_equal(muon_emit(c, "s", &event, 1, NULL, NULL, NULL), MUON_OK);
    assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
    assert_int_equal(muon_sub_next(s, &batch, 30000, NULL), MUON_OK);
    muon_batch_free(batch);
    for (int i = 0; i < 100; i++)
        assert_int_equal(muon_ping(c, 0, NULL), MUON_OK); /* the connection is not held up by it */
    assert_true(fake_steps(fake, FAKE_EVENTS) < 200);
    for (int i = 1; i < 300; i++) {
        assert_int_equal(muon_sub_next(s, &batch, 30000, NULL), MUON_OK);
        assert_int_equal(muon_batch_at(batch, 0)->order_id, i + 1);
        muon_batch_free(batch);
    }
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

static void batches_are_as_small_as_asked(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_sub_opts opts = {.mode = MUON_COLD, .batch_max = 3};
    muon_sub *s;
    muon_batch *batch;
    int next = 0, batches = 0;
    emit_many(c, 0, 20);
    assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
    while (muon_sub_next(s, &batch, 30000, NULL) == MUON_OK) {
        assert_true(muon_batch_count(batch) <= 3);
        check_batch(batch, &next);
        batches++;
    }
    assert_int_equal(next, 20);
    assert_true(batches >= 7);
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

static void a_failure_that_no_retry_mends_ends_it(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_EVENTS, 2, FAKE_REFUSE};
    struct fake *fake = fake_new(make_trouble, &trouble);
    fake_refuse(fake, REASON_WRONG_STORE, "another store");
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_sub *s;
    muon_batch *batch;
    muon_error err;
    int next = 0;
    emit_many(c, 0, 20);
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    expect_events(s, &next, 10);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(muon_sub_next(s, &batch, 30000, &err), MUON_EWRONGSTORE);
        assert_string_equal(err.message, "another store");
    }
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

static void garbage_ends_it(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_EVENTS, 2, FAKE_GARBAGE};
    struct fake *fake = fake_new(make_trouble, &trouble);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_sub *s;
    int next = 0;
    emit_many(c, 0, 20);
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    expect_events(s, &next, 10);
    expect_end(s, MUON_EPROTO);
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

static void looking_and_waiting_in_vain_differ(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_sub *s;
    muon_batch *batch;
    int next = 0;
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    assert_int_equal(muon_sub_next(s, &batch, 30000, NULL), MUON_OK); /* caught up with nothing */
    assert_int_equal(check_batch(batch, &next), MUON_BATCH_LIVE);
    assert_int_equal(muon_sub_next(s, &batch, 0, NULL), MUON_EAGAIN);
    assert_int_equal(muon_sub_next(s, &batch, 20, NULL), MUON_ETIMEDOUT);
    assert_int_equal(muon_sub_next(s, &batch, -2, NULL), MUON_EINVAL);
    muon_sub_free(s);
    made_close(c);
    fake_free(fake);
}

static void *wait_for_next(void *sub)
{
    muon_batch *batch;
    int32_t status;
    while ((status = muon_sub_next(sub, &batch, MUON_FOREVER, NULL)) == MUON_OK)
        muon_batch_free(batch);
    return (void *)(intptr_t)status;
}

static void a_blocked_reader_is_woken_by_close(void **state)
{
    (void)state;
    for (int by_client = 0; by_client < 2; by_client++) {
        struct fake *fake = fake_new(NULL, NULL);
        muon_client *c = made_client(fake_url(fake), NULL);
        muon_sub *s;
        pthread_t thread;
        void *status;
        assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
        pthread_create(&thread, NULL, wait_for_next, s);
        while (fake_steps(fake, FAKE_SUBSCRIBE) == 0)
            ;
        if (by_client)
            assert_int_equal(muon_close(c, 0, NULL), MUON_OK);
        else
            muon_sub_close(s);
        pthread_join(thread, &status);
        assert_int_equal((intptr_t)status, MUON_ECLOSED);
        made_close(c);
        muon_sub_free(s);
        fake_free(fake);
    }
}

/* ---- with a queue ---- */

static void batches_come_to_a_queue_and_the_last_item_says_how_it_ended(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_sub *s;
    muon_item item = {0};
    int next = 0;
    emit_many(c, 0, EVENTS);
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    const muon_sub_opts opts = {.mode = MUON_COLD, .batch_max = 4, .queue = q, .tag = 7};
    assert_int_equal(muon_subscribe(c, "s", &opts, &s, NULL), MUON_OK);
    while (item.status == MUON_OK) {
        assert_int_equal(muon_queue_wait(q, &item, 1, 30000), 1);
        assert_int_equal(item.kind, MUON_ITEM_BATCH);
        assert_int_equal(item.tag, 7);
        if (item.object)
            check_batch(item.object, &next);
    }
    assert_int_equal(item.status, MUON_END);
    assert_int_equal(next, EVENTS);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 0);
    muon_sub_close(s);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 0);
    muon_sub_free(s);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

static void a_closed_subscription_gives_one_last_item_and_a_freed_one_none(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_sub *closed, *freed;
    muon_item item = {0};
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    muon_sub_opts opts = {.queue = q, .tag = 1};
    assert_int_equal(muon_subscribe(c, "s", &opts, &closed, NULL), MUON_OK);
    opts.tag = 2;
    assert_int_equal(muon_subscribe(c, "s", &opts, &freed, NULL), MUON_OK);
    emit_many(c, 0, 20);
    muon_sub_close(closed);
    muon_sub_free(freed);
    do {
        muon_item_clear(&item);
        assert_int_equal(muon_queue_wait(q, &item, 1, 30000), 1);
        assert_int_equal(item.tag, 1);
    } while (item.status == MUON_OK);
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 0);
    muon_sub_free(closed);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* ---- reads and aggregates ---- */

static void a_page_is_read_again_when_it_was_cut(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_READ, 1, FAKE_CUT};
    for (int cut_inside = 0; cut_inside < 2; cut_inside++) {
        if (cut_inside)
            trouble = (struct trouble){FAKE_EVENTS, 2, FAKE_CUT};
        struct fake *fake = fake_new(make_trouble, &trouble);
        muon_client *c = made_client(fake_url(fake), NULL);
        muon_queue *q;
        muon_batch *batch;
        muon_item item;
        int next = 0;
        emit_many(c, 0, 40);
        assert_int_equal(muon_read(c, "s", MUON_FROM_ORDER_ID, 0, 25, 0, 0, &batch, NULL), MUON_OK);
        assert_int_equal(muon_batch_count(batch), 25);
        check_batch(batch, &next);
        assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
        assert_int_equal(muon_read_async(c, "s", MUON_FROM_ORDER_ID, 26, 100, 0, 0, q, 5, NULL),
                         MUON_OK);
        assert_int_equal(muon_queue_wait(q, &item, 1, 30000), 1);
        assert_int_equal(item.kind, MUON_ITEM_PAGE);
        assert_int_equal(item.status, MUON_OK);
        assert_int_equal(item.tag, 5);
        check_batch(item.object, &next);
        assert_int_equal(next, 40);
        assert_int_equal(muon_read(c, "s", 0, 0, 0, 0, 0, &batch, NULL), MUON_EINVAL);
        assert_int_equal(muon_read(c, "s", 0, 0, 10001, 0, 0, &batch, NULL), MUON_EINVAL);
        assert_int_equal(muon_read(c, "s", 0, 0, 1, 2, 0, &batch, NULL), MUON_EINVAL);
        muon_queue_free(q);
        made_close(c);
        fake_free(fake);
    }
}

static int32_t add(void *state, const muon_event *event)
{
    int *sum = state;
    *sum += atoi(event->payload.ptr);
    return *sum > 1000 ? 5 : 0;
}

static void an_aggregate_is_folded_from_where_it_stands(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_EVENTS, 2, FAKE_CUT};
    struct fake *fake = fake_new(make_trouble, &trouble);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_error err;
    int64_t version = 0;
    int sum = 0;
    assert_int_equal(muon_load(c, "s", add, &sum, &version, 0, NULL), MUON_OK);
    assert_int_equal(version, 0);
    emit_many(c, 1, 20);
    assert_int_equal(muon_load(c, "s", add, &sum, &version, 0, NULL), MUON_OK);
    assert_int_equal(version, 20);
    assert_int_equal(sum, 210);
    emit_many(c, 21, 1);
    assert_int_equal(muon_load(c, "s", add, &sum, &version, 0, NULL), MUON_OK);
    assert_int_equal(version, 21);
    assert_int_equal(sum, 231);
    emit_many(c, 900, 3);
    assert_int_equal(muon_load(c, "s", add, &sum, &version, 0, &err), MUON_EUSER);
    assert_int_equal(version, 21);
    assert_int_equal(muon_load(c, "**", add, &sum, &version, 0, &err), MUON_EINVAL);
    assert_int_equal(muon_load(c, "s", NULL, &sum, &version, 0, &err), MUON_EINVAL);
    made_close(c);
    fake_free(fake);
}

static enum fake_act hang(void *user, enum fake_step step, unsigned nth)
{
    (void)user;
    (void)nth;
    return step == FAKE_INFO ? FAKE_GO : FAKE_HANG;
}

static void everything_that_hangs_ends_in_time(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_sub *s;
    muon_batch *batch;
    muon_item item;
    int64_t version = 0;
    int sum = 0;
    assert_int_equal(muon_read(c, "s", 0, 0, 1, 0, 50, &batch, NULL), MUON_ETIMEDOUT);
    assert_int_equal(muon_load(c, "s", add, &sum, &version, 50, NULL), MUON_ETIMEDOUT);
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(muon_read_async(c, "s", 0, 0, 1, 0, MUON_FOREVER, q, 1, NULL), MUON_OK);
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    assert_int_equal(muon_close(c, 50, NULL), MUON_OK); /* no emits wait */
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_sub_next(s, &batch, MUON_FOREVER, NULL), MUON_ECLOSED);
    muon_sub_free(s);
    muon_queue_free(q);
    muon_free(c);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_cut_at_any_message_misses_and_repeats_nothing),
        cmocka_unit_test(a_hot_subscription_gets_what_comes_and_is_live_at_once),
        cmocka_unit_test(a_limit_holds_across_calls),
        cmocka_unit_test(a_reader_that_does_not_read_is_not_sent_more),
        cmocka_unit_test(batches_are_as_small_as_asked),
        cmocka_unit_test(a_failure_that_no_retry_mends_ends_it),
        cmocka_unit_test(garbage_ends_it),
        cmocka_unit_test(looking_and_waiting_in_vain_differ),
        cmocka_unit_test(a_blocked_reader_is_woken_by_close),
        cmocka_unit_test(batches_come_to_a_queue_and_the_last_item_says_how_it_ended),
        cmocka_unit_test(a_closed_subscription_gives_one_last_item_and_a_freed_one_none),
        cmocka_unit_test(a_page_is_read_again_when_it_was_cut),
        cmocka_unit_test(an_aggregate_is_folded_from_where_it_stands),
        cmocka_unit_test(everything_that_hangs_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
