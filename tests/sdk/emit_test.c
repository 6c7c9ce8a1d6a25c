/*
 * Emits against a store that misbehaves: every accepted emit gets exactly one result, in order, and is stored at most once.
 */
#include "tests/sdk/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void an_emit_is_answered_with_its_place(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_emit_result result = {0};
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(made_emit(c, "x", &result, NULL), MUON_OK);
        assert_int_equal(result.version, i);
        assert_int_equal(result.order_id, i);
        assert_int_equal(result.flags, 0);
    }
    assert_int_equal(muon_flush(c, 0, NULL), MUON_OK);
    made_close(c);
    fake_free(fake);
}

/* ---- a bad line ---- */

enum { EMITS = 40 };

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

static void submit_numbered(muon_client *c, muon_queue *q, int i)
{
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    const muon_event_in event = {.type = "T", .payload = text, .payload_len = strlen(text)};
    muon_error err;
    if (muon_emit_async(c, "s", &event, 1, NULL, q, (uint64_t)i, &err) != MUON_OK)
        fail_msg("%s", err.message);
}

/* Drain exactly n items, which must be successes in the order of their tags, from first. */
static void expect_items(muon_queue *q, uint64_t first, int n)
{
    muon_item items[7];
    for (int got = 0; got < n;) {
        int32_t some = muon_queue_wait(q, items, 7, 30000);
        assert_true(some > 0);
        for (int32_t i = 0; i < some; i++, got++) {
            if (items[i].status != MUON_OK)
                fail_msg("emit %d: %s", got, items[i].error->message);
            assert_int_equal(items[i].kind, MUON_ITEM_EMITTED);
            assert_int_equal(items[i].tag, first + (uint64_t)got);
            assert_int_equal(items[i].version, (int64_t)first + got + 1);
            muon_item_clear(&items[i]);
        }
    }
    assert_int_equal(muon_queue_wait(q, items, 7, 0), 0);
}

static void run_through(struct trouble trouble)
{
    struct fake *fake = fake_new(make_trouble, &trouble);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < EMITS; i++)
        submit_numbered(c, q, i);
    expect_items(q, 0, EMITS);
    assert_int_equal(fake_count(fake), EMITS);
    for (int i = 0; i < EMITS; i++)
        assert_int_equal(atoi(fake_payload(fake, (size_t)i)), i);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* semantics 7, 22 */
static void emits_survive_a_server_that_is_cut_at_any_message(void **state)
{
    (void)state;
    static const enum fake_act acts[] = {FAKE_CUT, FAKE_CUT_AFTER, FAKE_GARBAGE};
    for (unsigned nth = 1; nth <= 4; nth++)
        for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
            run_through((struct trouble){FAKE_EMIT, nth, acts[i]});
    run_through((struct trouble){FAKE_INFO, 1, FAKE_CUT});
    run_through((struct trouble){FAKE_INFO, 1, FAKE_GARBAGE});
}

static enum fake_act end_after_each(void *user, enum fake_step step, unsigned nth)
{
    (void)user;
    (void)nth;
    return step == FAKE_EMIT ? FAKE_LAST : FAKE_GO;
}

static void an_emit_accepted_during_the_pause_after_a_call_is_sent_when_it_is_over(void **state)
{
    (void)state;
    struct fake *fake = fake_new(end_after_each, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_OK);
    assert_int_equal(fake_count(fake), 20);
    made_close(c);
    fake_free(fake);
}

/* ---- one message ships what has gathered ---- */

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool open;
};

static enum fake_act wait_at_gate(void *user, enum fake_step step, unsigned nth)
{
    struct gate *gate = user;
    if (step != FAKE_EMIT || nth != 1)
        return FAKE_GO;
    pthread_mutex_lock(&gate->mutex);
    while (!gate->open)
        pthread_cond_wait(&gate->opened, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
    return FAKE_GO;
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

/* semantics 23 */
static void emits_gather_while_one_is_written_and_none_waits_for_company(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < 500; i++)
        submit_numbered(c, q, i);
    expect_items(q, 0, 500);
    assert_true(fake_most_emits(fake) > 1);
    assert_true(fake_steps(fake, FAKE_EMIT) < 500);
    unsigned before = fake_steps(fake, FAKE_EMIT);
    for (int i = 500; i < 505; i++) {
        submit_numbered(c, q, i);
        expect_items(q, (uint64_t)i, 1);
    }
    assert_int_equal(fake_steps(fake, FAKE_EMIT), before + 5);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

static void what_is_in_flight_counts_until_it_is_drained(void **state)
{
    (void)state;
    static const made_settings settings[] = {{"emit.max_inflight", "3"}, {NULL, NULL}};
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), settings);
    const muon_event_in event = {.type = "T", .payload = "x", .payload_len = 1};
    muon_queue *q;
    muon_error err;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < 3; i++)
        submit_numbered(c, q, i);
    assert_int_equal(muon_flush(c, 0, NULL), MUON_OK); /* answered, but not drained */
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, q, 9, &err), MUON_EAGAIN);
    assert_true(err.flags & MUON_RETRYABLE);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    muon_item_clear(&item);
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, q, 3, &err), MUON_OK);
    expect_items(q, 1, 3);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* ---- time limits ---- */

static enum fake_act hang_on_emits(void *user, enum fake_step step, unsigned nth)
{
    (void)user;
    (void)nth;
    return step == FAKE_EMIT ? FAKE_HANG : FAKE_GO;
}

static void an_emit_that_was_sent_and_not_answered_may_have_been_applied(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang_on_emits, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_event_in event = {.type = "T"};
    const muon_emit_opts opts = {.timeout_ms = 100};
    muon_error err;
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), MUON_ETIMEDOUT);
    assert_true(err.flags & MUON_MAYBE_APPLIED);
    assert_true(err.flags & MUON_RETRYABLE);
    assert_string_equal(err.request_id, ""); /* the store has not said that anything failed */
    made_close(c);
    fake_free(fake);
}

static void an_emit_that_never_left_says_so_and_says_why(void **state)
{
    (void)state;
    muon_client *c;
    muon_error err;
    const muon_event_in event = {.type = "T"};
    const muon_emit_opts opts = {.timeout_ms = 300};
    assert_int_equal(muon_open("muon+insecure://127.0.0.1:1", NULL, &c, NULL), MUON_OK);
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), MUON_ETIMEDOUT);
    assert_int_equal(err.flags & MUON_MAYBE_APPLIED, 0);
    if (!strstr(err.message, "refused"))
        fail_msg("%s", err.message);
    assert_int_equal(muon_ping(c, 200, &err), MUON_ETIMEDOUT);
    assert_non_null(strstr(err.message, "refused"));
    made_close(c);
}

/* The first message is left hanging until the emit has timed out; then the call is cut. */
struct late {
    struct gate gate;
};

static enum fake_act cut_late(void *user, enum fake_step step, unsigned nth)
{
    struct late *late = user;
    wait_at_gate(&late->gate, step, nth);
    return step == FAKE_EMIT && nth == 1 ? FAKE_CUT : FAKE_GO;
}

/* semantics 21 */
static void an_emit_is_never_sent_again_after_its_result(void **state)
{
    (void)state;
    struct late late = {{PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false}};
    struct fake *fake = fake_new(cut_late, &late);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_event_in lost = {.type = "T", .payload = "lost", .payload_len = 4};
    const muon_emit_opts opts = {.timeout_ms = 100};
    muon_error err;
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    assert_int_equal(muon_emit(c, "s", &lost, 1, &opts, NULL, &err), MUON_ETIMEDOUT);
    open_gate(&late.gate); /* now the call breaks, with the emit on it */
    assert_int_equal(made_emit(c, "kept", NULL, NULL), MUON_OK);
    assert_int_equal(fake_count(fake), 1);
    assert_string_equal(fake_payload(fake, 0), "kept");
    made_close(c);
    fake_free(fake);
}

static void a_failure_that_no_retry_mends_is_told_at_once(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_EMIT, 1, FAKE_REFUSE};
    struct fake *fake = fake_new(make_trouble, &trouble);
    fake_refuse(fake, REASON_DENIED, "you may not");
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_error err;
    assert_int_equal(made_emit(c, "x", NULL, &err), MUON_EPERM);
    assert_non_null(strstr(err.message, "you may not"));
    assert_int_equal(made_emit(c, "y", NULL, NULL), MUON_OK);
    made_close(c);
    fake_free(fake);
}

static void a_full_store_is_waited_out(void **state)
{
    (void)state;
    struct trouble trouble = {FAKE_EMIT, 1, FAKE_REFUSE};
    struct fake *fake = fake_new(make_trouble, &trouble);
    fake_refuse(fake, REASON_STORE_FULL, "the disk is full");
    muon_client *c = made_client(fake_url(fake), NULL);
    assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_OK);
    made_close(c);
    fake_free(fake);
}

static enum fake_act refuse_emits(void *user, enum fake_step step, unsigned nth)
{
    (void)user;
    (void)nth;
    return step == FAKE_EMIT ? FAKE_REFUSE : FAKE_GO;
}

static void a_refusal_that_was_retried_until_the_time_was_over_has_the_last_ones_id(void **state)
{
    (void)state;
    struct fake *fake = fake_new(refuse_emits, NULL);
    fake_refuse(fake, REASON_STORE_FULL, "the disk is full");
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_event_in event = {.type = "T"};
    const muon_emit_opts opts = {.timeout_ms = 1000};
    muon_error err;
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), MUON_ETIMEDOUT);
    assert_non_null(strstr(err.message, "the disk is full"));
    const char *number = strchr(err.request_id, '-');
    assert_non_null(number);
    int last = atoi(number + 1), of = (int)fake_steps(fake, FAKE_EMIT);
    assert_true(of >= 2);
    assert_true(last == of || last == of - 1); /* one may have been on its way */
    made_close(c);
    fake_free(fake);
}

/* ---- cancelling and closing ---- */

static void a_cancelled_emit_still_gives_its_one_item(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang_on_emits, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    submit_numbered(c, q, 1);
    submit_numbered(c, q, 2);
    assert_int_equal(muon_cancel(q, 2), MUON_OK);
    assert_int_equal(muon_cancel(q, 2), MUON_ENOENT);
    assert_int_equal(muon_queue_wait(q, &item, 1, MUON_FOREVER), 1);
    assert_int_equal(item.tag, 2);
    assert_int_equal(item.status, MUON_ECANCELLED);
    assert_int_equal(item.error->code, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_close(c, 0, NULL), MUON_ETIMEDOUT);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    assert_int_equal(item.tag, 1);
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_queue_wait(q, &item, 1, MUON_FOREVER), MUON_ECLOSED);
    assert_int_equal(muon_close(c, 0, NULL), MUON_OK);
    muon_free(c);
    muon_queue_free(q);
    fake_free(fake);
}

static void *emit_and_wait(void *client)
{
    static muon_error err;
    const muon_event_in event = {.type = "T"};
    const muon_emit_opts opts = {.timeout_ms = MUON_FOREVER};
    int32_t status = muon_emit(client, "s", &event, 1, &opts, NULL, &err);
    return (void *)(intptr_t)status;
}

static void blocked_calls_return_when_the_client_is_closed(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang_on_emits, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    pthread_t thread;
    void *status;
    pthread_create(&thread, NULL, emit_and_wait, c);
    while (fake_steps(fake, FAKE_EMIT) == 0)
        ;
    assert_int_equal(muon_close(c, 50, NULL), MUON_ETIMEDOUT);
    pthread_join(thread, &status);
    assert_int_equal((intptr_t)status, MUON_ECLOSED);
    assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_ECLOSED);
    muon_free(c);
    fake_free(fake);
}

static void a_client_may_be_freed_with_everything_still_going_on(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang_on_emits, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_item items[3];
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < 3; i++)
        submit_numbered(c, q, i);
    muon_free(c);
    for (int32_t got = 0; got < 3;) {
        int32_t n = muon_queue_wait(q, items, 3, MUON_FOREVER);
        assert_true(n > 0);
        for (int32_t i = 0; i < n; i++, got++) {
            assert_int_equal(items[i].status, MUON_ECANCELLED);
            muon_item_clear(&items[i]);
        }
    }
    muon_queue_free(q);
    fake_free(fake);
}

static void a_queue_may_be_freed_with_emits_bound_to_it(void **state)
{
    (void)state;
    struct fake *fake = fake_new(hang_on_emits, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < 3; i++)
        submit_numbered(c, q, i);
    muon_queue_free(q);
    assert_int_equal(muon_close(c, 1000, NULL), MUON_OK);
    muon_free(c);
    fake_free(fake);
}

static void an_emit_needs_a_queue_of_its_own_client(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL), *other = made_client(fake_url(fake), NULL);
    const muon_event_in event = {.type = "T"};
    muon_queue *q;
    assert_int_equal(muon_queue_new(other, &q, NULL), MUON_OK);
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, q, 1, NULL), MUON_EINVAL);
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, NULL, 1, NULL), MUON_EINVAL);
    muon_queue_free(q);
    made_close(other);
    made_close(c);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emit_is_answered_with_its_place),
        cmocka_unit_test(emits_survive_a_server_that_is_cut_at_any_message),
        cmocka_unit_test(an_emit_accepted_during_the_pause_after_a_call_is_sent_when_it_is_over),
        cmocka_unit_test(emits_gather_while_one_is_written_and_none_waits_for_company),
        cmocka_unit_test(what_is_in_flight_counts_until_it_is_drained),
        cmocka_unit_test(an_emit_that_was_sent_and_not_answered_may_have_been_applied),
        cmocka_unit_test(an_emit_that_never_left_says_so_and_says_why),
        cmocka_unit_test(an_emit_is_never_sent_again_after_its_result),
        cmocka_unit_test(a_failure_that_no_retry_mends_is_told_at_once),
        cmocka_unit_test(a_full_store_is_waited_out),
        cmocka_unit_test(a_refusal_that_was_retried_until_the_time_was_over_has_the_last_ones_id),
        cmocka_unit_test(a_cancelled_emit_still_gives_its_one_item),
        cmocka_unit_test(blocked_calls_return_when_the_client_is_closed),
        cmocka_unit_test(a_client_may_be_freed_with_everything_still_going_on),
        cmocka_unit_test(a_queue_may_be_freed_with_emits_bound_to_it),
        cmocka_unit_test(an_emit_needs_a_queue_of_its_own_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
