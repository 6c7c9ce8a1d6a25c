/*
 * feed_test.c - a feed alone: what carries the call, who runs the job and what makes the messages is played here, so that each order
 * of events can be brought about. A message is its number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/feed.h"
#include "wire/cq.h"

enum { AHEAD_BYTES = 8 * FEED_AHEAD_BYTES };

/* ---- what carries the call ---- */

struct serve_call {
    void *state;
    unsigned sent[64], sent_len;
    bool sending, finished;
    struct error end;
};

void serve_call_set(struct serve_call *call, void *state)
{
    call->state = state;
}

void *serve_call_get(const struct serve_call *call)
{
    return call->state;
}

static void keep(struct serve_call *call, struct bytes *const *parts, size_t parts_len)
{
    assert_false(call->sending || call->finished);
    assert_int_equal(parts_len, 1);
    assert_int_equal(parts[0]->len, sizeof *call->sent);
    memcpy(&call->sent[call->sent_len++], parts[0]->data, sizeof *call->sent);
}

void serve_send(struct serve_call *call, struct bytes *const *parts, size_t parts_len, bool more)
{
    assert_false(more);
    keep(call, parts, parts_len);
    call->sending = true;
}

void serve_send_last(struct serve_call *call, struct bytes *const *parts, size_t parts_len)
{
    keep(call, parts, parts_len);
    call->finished = true;
}

void serve_finish(struct serve_call *call, const struct error *error)
{
    assert_false(call->sending || call->finished);
    call->finished = true;
    if (error)
        call->end = *error;
}

/* ---- who runs the job ---- */

static struct readers_job *queued;

void readers_submit(struct readers *readers, struct readers_job *job)
{
    (void)readers;
    assert_null(queued);
    queued = job;
}

static void run_jobs(void)
{
    for (int i = 0; queued; i++) {
        struct readers_job *job = queued;
        assert_true(i < 50); /* or it turns in a circle */
        queued = NULL;
        job->run(job);
    }
}

/* ---- what makes the messages ---- */

struct counter {
    struct feed feed;     /* first */
    unsigned next, there; /* the next message, and how many there are */
    unsigned last, fails; /* the last message; the one that cannot be made; 0: none */
};

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct counter *counter = (struct counter *)feed;
    unsigned number = counter->next;
    if (number == counter->fails) {
        error_set(error, REASON_STORE_UNAVAILABLE, "as told");
        return FEED_FAILED;
    }
    if (number > counter->there)
        return ahead > 1 ? FEED_MORE : FEED_IDLE;
    assert_true(parts_copy(message, (struct span){(const uint8_t *)&number, sizeof number}));
    assert_true(parts_close(message));
    counter->next++;
    return number == counter->last ? FEED_LAST : FEED_MORE;
}

static void take_back(struct feed *feed, unsigned messages)
{
    ((struct counter *)feed)->next -= messages;
}

static void end(struct feed *feed)
{
    (void)feed;
}

static void no_free(struct feed *feed)
{
    (void)feed;
}

static const struct feed_maker maker = {make, take_back, end, no_free};

struct play {
    struct serve_call call;
    struct counter counter;
    _Atomic size_t ahead_left;
};

static void begin(struct play *play, struct counter counter, size_t ahead_left)
{
    *play = (struct play){.counter = counter};
    atomic_init(&play->ahead_left, ahead_left);
    play->counter.next = 1;
    play->counter.feed.call = &play->call;
    play->counter.feed.maker = &maker;
    play->counter.feed.ahead_left = &play->ahead_left;
    feed_init(&play->counter.feed);
    feed_start(&play->counter.feed);
    run_jobs();
}

static void client_takes(struct play *play)
{
    assert_true(play->call.sending);
    play->call.sending = false;
    feed_sent(&play->call, true);
}

static void client_takes_all(struct play *play)
{
    while (play->call.sending) {
        client_takes(play);
        run_jobs();
    }
}

static void client_waits_a_minute(struct play *play)
{
    enum feed_state state;
    feed_look(&play->counter.feed, cq_mono_ms() + 60000, 1000000, &state);
    run_jobs();
}

/* Each once, in order, and nothing is left that was set aside. */
static void assert_sent(struct play *play, unsigned count)
{
    assert_int_equal(play->call.sent_len, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(play->call.sent[i], i + 1);
}

static void finish(struct play *play, enum reason reason)
{
    assert_true(play->call.finished);
    assert_int_equal(play->call.end.reason, reason);
    feed_gone(&play->call);
    assert_null(queued);
}

/* ---- the tests ---- */

static void a_few_messages_are_made_ahead_and_leave_in_order(void **state)
{
    (void)state;
    struct play play;
    begin(&play, (struct counter){.there = 30, .last = 30}, AHEAD_BYTES);
    assert_sent(&play, 1);
    assert_int_equal(play.counter.next, 2 + FEED_READY_MAX);
    client_takes_all(&play);
    assert_sent(&play, 30);
    assert_int_equal(play.ahead_left, AHEAD_BYTES);
    finish(&play, REASON_NONE);
}

static void more_is_made_when_few_are_left_and_then_several(void **state)
{
    (void)state;
    struct play play;
    begin(&play, (struct counter){.there = 30, .last = 30}, AHEAD_BYTES);
    for (unsigned left = FEED_READY_MAX - 1; left > FEED_READY_LOW; left--) {
        client_takes(&play);
        assert_null(queued);
    }
    client_takes(&play);
    assert_non_null(queued);
    run_jobs();
    assert_int_equal(play.counter.next, 2 + FEED_READY_MAX + FEED_READY_MAX - FEED_READY_LOW);
    client_takes_all(&play);
    finish(&play, REASON_NONE);
}

static void what_nobody_takes_is_taken_back_and_made_again(void **state)
{
    (void)state;
    for (unsigned last = 2; last < 12; last++) { /* among what is taken back, or behind it */
        struct play play;
        begin(&play, (struct counter){.there = last, .last = last}, AHEAD_BYTES);
        client_waits_a_minute(&play);
        assert_int_equal(play.counter.next, 2);
        assert_int_equal(play.ahead_left, AHEAD_BYTES);
        client_takes_all(&play);
        assert_sent(&play, last);
        finish(&play, REASON_NONE);
    }
}

static void what_was_made_before_a_failure_leaves_before_it(void **state)
{
    (void)state;
    for (unsigned fails = 1; fails < 12; fails++)
        for (int stuck = 0; stuck < 2; stuck++) {
            struct play play;
            begin(&play, (struct counter){.there = 30, .last = 30, .fails = fails}, AHEAD_BYTES);
            if (stuck)
                client_waits_a_minute(&play);
            client_takes_all(&play);
            assert_sent(&play, fails - 1);
            assert_int_equal(play.ahead_left, AHEAD_BYTES);
            finish(&play, REASON_STORE_UNAVAILABLE);
        }
}

static void when_there_is_no_more_it_waits_once_all_has_left(void **state)
{
    (void)state;
    for (unsigned there = 0; there < 12; there++)
        for (int stuck = 0; stuck < 2; stuck++) {
            struct play play;
            begin(&play, (struct counter){.there = there, .last = 20}, AHEAD_BYTES);
            if (stuck)
                client_waits_a_minute(&play);
            client_takes_all(&play);
            assert_sent(&play, there);
            assert_true(play.counter.feed.idle);
            play.counter.there = 20;
            feed_wake(&play.counter.feed);
            run_jobs();
            client_takes_all(&play);
            assert_sent(&play, 20);
            finish(&play, REASON_NONE);
        }
}

static void without_room_one_is_made_after_the_other(void **state)
{
    (void)state;
    struct play play;
    begin(&play, (struct counter){.there = 9, .last = 9}, FEED_AHEAD_BYTES - 1);
    assert_int_equal(play.counter.next, 2);
    client_takes_all(&play);
    assert_sent(&play, 9);
    finish(&play, REASON_NONE);
}

static void whoever_stops_it_need_not_wait_for_what_is_ready(void **state)
{
    (void)state;
    struct play play;
    begin(&play, (struct counter){.there = 30, .last = 30}, AHEAD_BYTES);
    feed_stop(&play.counter.feed, REASON_SHUTTING_DOWN);
    run_jobs();
    assert_false(play.call.finished);
    client_takes_all(&play);
    run_jobs();
    assert_sent(&play, 1);
    assert_int_equal(play.ahead_left, AHEAD_BYTES);
    finish(&play, REASON_SHUTTING_DOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_messages_are_made_ahead_and_leave_in_order),
        cmocka_unit_test(more_is_made_when_few_are_left_and_then_several),
        cmocka_unit_test(what_nobody_takes_is_taken_back_and_made_again),
        cmocka_unit_test(what_was_made_before_a_failure_leaves_before_it),
        cmocka_unit_test(when_there_is_no_more_it_waits_once_all_has_left),
        cmocka_unit_test(without_room_one_is_made_after_the_other),
        cmocka_unit_test(whoever_stops_it_need_not_wait_for_what_is_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
