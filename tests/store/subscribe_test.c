/*
 * subscribe_test.c - the calls that read, over a real connection, against a store that the test fills by hand: what is sent, in which
 * order, and what neither slowness nor concurrency may change.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "rig.h"
#include "store/get.h"
#include "store/keys.h"
#include "store/list.h"
#include "store/read.h"
#include "store/readers.h"
#include "store/subscribe.h"
#include "tests/lib/caller.h"
#include "wire/codec.h"
#include "wire/text.h"

/* ---- a store, a server and a client ---- */

struct bench {
    struct rig rig;
    struct serve *serve;
    struct serve_method methods[4];
    struct serve_service service;
    struct caller *caller;
    char target[64];
    struct {
        struct cq_op op;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool done;
    } stopped;
};

static void stopped(struct cq_op *op, bool ok)
{
    struct bench *bench = (struct bench *)((char *)op - offsetof(struct bench, stopped.op));
    (void)ok;
    pthread_mutex_lock(&bench->stopped.lock);
    bench->stopped.done = true;
    pthread_cond_signal(&bench->stopped.changed);
    pthread_mutex_unlock(&bench->stopped.lock);
}

static void bench_open(struct bench *bench, size_t tail_bytes, size_t subscriptions_max)
{
    static const struct serve_options options = {.message_bytes_max = 4 << 20,
                                                 .metadata_bytes_max = 16384,
                                                 .calls_per_connection_max = 4096};
    struct error error;
    *bench = (struct bench){.stopped = {.op = {stopped}}};
    pthread_mutex_init(&bench->stopped.lock, NULL);
    pthread_cond_init(&bench->stopped.changed, NULL);
    rig_open(&bench->rig, tail_bytes, 42);
    struct store *store = &bench->rig.store;
    store->cq = cq_open(2);
    store->readers = readers_open(2);
    store->subscriptions = subscriptions_open(store, subscriptions_max);
    subscriptions_pace(store->subscriptions, 30, 100);
    bench->methods[0] = subscribe_method;
    bench->methods[1] = read_method;
    bench->methods[2] = get_method;
    bench->methods[3] = list_method;
    bench->service = (struct serve_service){"muon.v1.PhotonService", bench->methods, 4, store};
    bench->serve = serve_new(store->cq, &bench->service, 1, &options);
    int port = serve_listen(bench->serve, "127.0.0.1:0", NULL, &error);
    assert_int_not_equal(port, 0);
    serve_start(bench->serve);
    snprintf(bench->target, sizeof bench->target, "127.0.0.1:%d", port);
    bench->caller = caller_open(bench->target, NULL);
}

/* Every call of the client has been freed. */
static void bench_close(struct bench *bench)
{
    struct store *store = &bench->rig.store;
    caller_close(bench->caller);
    serve_stop(bench->serve, &bench->stopped.op);
    subscriptions_stop(store->subscriptions);
    serve_cancel_all(bench->serve);
    pthread_mutex_lock(&bench->stopped.lock);
    while (!bench->stopped.done)
        pthread_cond_wait(&bench->stopped.changed, &bench->stopped.lock);
    pthread_mutex_unlock(&bench->stopped.lock);
    serve_free(bench->serve);
    subscriptions_close(store->subscriptions);
    readers_close(store->readers);
    cq_close(store->cq);
    rig_close(&bench->rig);
}

/* ---- one subscription, part by part ---- */

struct follower {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
    size_t messages;
};

static void follower_open(struct follower *follower, struct caller *caller,
                          const struct subscribe_request *request)
{
    *follower =
        (struct follower){.stream = caller_stream_open(caller, "/muon.v1.PhotonService/Subscribe")};
    caller_stream_send(follower->stream, subscribe_request_encode(request), true);
}

static void follow(struct follower *follower, struct bench *bench, const char *name,
                   enum stream_type type)
{
    struct subscribe_request request = {.stream_name = text_span(name), .type = type};
    follower_open(follower, bench->caller, &request);
}

/* The next event or marker; false: the call has ended. */
static bool follower_next(struct follower *follower, struct part *part)
{
    int got;
    while ((got = part_next(&follower->rest, part)) == 0) {
        bytes_unref(follower->message);
        follower->message = caller_stream_read(follower->stream);
        if (!follower->message)
            return false;
        follower->rest = bytes_span(follower->message);
        follower->messages++;
    }
    assert_int_equal(got, 1);
    return true;
}

static enum reason follower_end(struct follower *follower, struct error *error)
{
    enum reason reason = caller_stream_end(follower->stream, error);
    caller_stream_free(follower->stream);
    bytes_unref(follower->message);
    return reason;
}

static void follower_cancel(struct follower *follower)
{
    struct error error;
    caller_stream_cancel(follower->stream);
    follower_end(follower, &error);
}

static void expect_marker(struct follower *follower, enum part_kind kind, uint64_t order_id)
{
    struct part part;
    assert_true(follower_next(follower, &part));
    assert_int_equal(part.kind, kind);
    assert_int_equal(part.order_id, order_id);
}

static void expect_ok(struct follower *follower)
{
    struct part part;
    struct error error;
    assert_false(follower_next(follower, &part));
    assert_int_equal(follower_end(follower, &error), REASON_NONE);
}

static uint64_t next_order_id(struct follower *follower)
{
    struct part part;
    struct event event;
    do
        assert_true(follower_next(follower, &part));
    while (part.kind == PART_CHECKPOINT);
    assert_int_equal(part.kind, PART_EVENT);
    assert_true(event_read(part.event, &event));
    return event.order_id;
}

/* The next events are those of the stream (-1: all) from the model's i-th event on. */
static void expect_events(struct follower *follower, const struct rig *rig, int stream, size_t i)
{
    for (; i < rig->events_len; i++)
        if (stream < 0 || rig->events[i].stream == stream)
            assert_int_equal(next_order_id(follower), rig->events[i].order_id);
}

static void add_one(struct bench *bench, int stream)
{
    rig_begin(&bench->rig, 1, 1);
    rig_add(&bench->rig, stream, 0, 10);
    rig_end(&bench->rig);
}

/* ---- what is sent ---- */

/* semantics 12 */
static void a_cold_call_gives_what_is_stored_and_ends_with_ok(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 50; i++)
        rig_commit(&bench.rig, 40);
    follow(&follower, &bench, "__all__", STREAM_COLD);
    expect_events(&follower, &bench.rig, -1, 0);
    expect_ok(&follower);
    follow(&follower, &bench, "a/2", STREAM_COLD);
    expect_events(&follower, &bench.rig, 1, 0);
    expect_ok(&follower);
    follow(&follower, &bench, "nobody", STREAM_COLD);
    expect_ok(&follower);
    bench_close(&bench);
}

/* semantics 12 */
static void a_hot_call_begins_with_caught_up_and_gives_only_what_comes(void **state)
{
    (void)state;
    static const char *const names[] = {"__all__", "a/1", "a/**"};
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    rig_commit(&bench.rig, 40);
    for (int i = 0; i < 3; i++) {
        struct follower follower;
        size_t before = bench.rig.events_len;
        follow(&follower, &bench, names[i], STREAM_HOT);
        expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
        for (int k = 0; k < 20; k++)
            add_one(&bench, 0);
        expect_events(&follower, &bench.rig, 0, before);
        follower_cancel(&follower);
    }
    bench_close(&bench);
}

/* semantics 12 */
static void a_hot_cold_call_gives_what_is_stored_then_the_marker_then_what_comes(void **state)
{
    (void)state;
    static const char *const names[] = {"__all__", "a/1", "a/1**", "nobody"};
    static const int streams[] = {-1, 0, 0, RIG_STREAMS};
    struct bench bench;
    bench_open(&bench, 0, 0); /* all from disk */
    rig_commit(&bench.rig, 60);
    for (int i = 0; i < 4; i++) {
        struct follower follower;
        follow(&follower, &bench, names[i], STREAM_HOT_COLD);
        expect_events(&follower, &bench.rig, streams[i], 0);
        assert_true(follower.messages <= 1);
        expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
        assert_int_equal(follower.messages, 1); /* events before the marker, in one message */
        for (int k = 0; k < 20; k++) {
            size_t before = bench.rig.events_len;
            add_one(&bench, 0);
            expect_events(&follower, &bench.rig, streams[i], before);
        }
        follower_cancel(&follower);
    }
    bench_close(&bench);
}

static void types_limits_and_places_are_kept_to(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 9; i++) {
        rig_begin(&bench.rig, 10, 1000);
        rig_add(&bench.rig, 0, i % 3, 10);
        rig_end(&bench.rig);
    }
    const struct rig_event *events = bench.rig.events;
    const struct {
        struct subscribe_request request;
        int given[10]; /* indexes, then -1 */
    } cases[] = {
        {{.event_type = {text_span("Changed")}, .event_types = 1}, {1, 4, 7, -1}},
        {{.event_type = {text_span("Made"), text_span("Ended")}, .event_types = 2, .limit = 3},
         {0, 2, 3, -1}},
        {{.limit = 2}, {0, 1, -1}},
        {{.from_kind = FROM_VERSION, .from = 8}, {7, 8, -1}},
        {{.from_kind = FROM_TIME, .from = (uint64_t)events[5].time_ms - 1}, {5, 6, 7, 8, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[6].order_id}, {6, 7, 8, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[6].order_id + 1, .limit = 1}, {7, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[8].order_id + 1000}, {-1}},
        {{.from_kind = FROM_VERSION, .from = 100}, {-1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct subscribe_request request = cases[i].request;
        request.stream_name = text_span("a/1");
        request.type = STREAM_COLD;
        follower_open(&follower, bench.caller, &request);
        for (const int *given = cases[i].given; *given >= 0; given++)
            assert_int_equal(next_order_id(&follower), events[*given].order_id);
        expect_ok(&follower);
    }
    bench_close(&bench);
}

static void a_place_in_the_future_is_waited_for(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 3; i++)
        add_one(&bench, 0);
    struct rig_event last = bench.rig.events[2];
    const struct subscribe_request requests[] = {
        {.stream_name = text_span("a/1"), .from_kind = FROM_VERSION, .from = 6},
        {.stream_name = text_span("__all__"),
         .from_kind = FROM_ORDER_ID,
         .from = last.order_id + 6},
        {.stream_name = text_span("a/**"),
         .from_kind = FROM_TIME,
         .from = (uint64_t)last.time_ms + 3},
        {.stream_name = text_span("a/1"),
         .from_kind = FROM_TIME,
         .from = (uint64_t)last.time_ms + 3}};
    struct follower followers[4];
    for (int i = 0; i < 4; i++) {
        struct subscribe_request request = requests[i];
        request.type = STREAM_HOT_COLD;
        follower_open(&followers[i], bench.caller, &request);
        expect_marker(&followers[i], PART_CAUGHT_UP, last.order_id);
    }
    for (int i = 0; i < 5; i++) /* two order ids and a millisecond apart */
        add_one(&bench, 0);
    for (int i = 0; i < 4; i++) {
        expect_events(&followers[i], &bench.rig, -1, 5);
        follower_cancel(&followers[i]);
    }
    bench_close(&bench);
}

/* semantics 5 */
static void truncated_comes_first_when_the_beginning_was_deleted(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    add_one(&bench, 0);
    rig_begin(&bench.rig, 0, 0);
    rig_delete(&bench.rig, 0);
    rig_end(&bench.rig);
    uint64_t cut = bench.rig.end.last_order_id;
    add_one(&bench, 0);
    follow(&follower, &bench, "a/1", STREAM_HOT_COLD);
    expect_marker(&follower, PART_TRUNCATED, cut);
    expect_events(&follower, &bench.rig, -1, 2);
    expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
    follower_cancel(&follower);
    bench_close(&bench);
}

/* semantics 9 */
static void another_store_or_incarnation_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct error error;
    struct part part;
    bench_open(&bench, 1 << 20, 0);
    const char *id = log_store_id(bench.rig.store.log);
    struct subscribe_request request = {.stream_name = text_span("a"),
                                        .type = STREAM_COLD,
                                        .store_id = text_span(id),
                                        .incarnation = log_incarnation(bench.rig.store.log)};
    follower_open(&follower, bench.caller, &request);
    expect_ok(&follower);
    request.incarnation++;
    follower_open(&follower, bench.caller, &request);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_WRONG_STORE);
    request.incarnation--;
    request.store_id = text_span("another");
    follower_open(&follower, bench.caller, &request);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_WRONG_STORE);
    bench_close(&bench);
}

/* semantics 13 */
static void a_reader_of_a_quiet_stream_is_told_how_far_it_is(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 13; i++)
        rig_commit(&bench.rig, 1000);
    uint64_t head = bench.rig.end.last_order_id, seen = 0;
    follow(&follower, &bench, "x**", STREAM_HOT_COLD);
    for (int i = 0; i < 2; i++) { /* 13,000 events passed over */
        assert_true(follower_next(&follower, &part));
        assert_int_equal(part.kind, PART_CHECKPOINT);
        assert_int_equal(part.head_order_id, head);
        assert_true(part.order_id > seen && part.order_id < head);
        seen = part.order_id;
    }
    expect_marker(&follower, PART_CAUGHT_UP, head);
    expect_marker(&follower, PART_CHECKPOINT, head); /* time passes */
    add_one(&bench, 0);
    do
        assert_true(follower_next(&follower, &part));
    while (part.order_id == head);
    assert_int_equal(part.kind, PART_CHECKPOINT);
    assert_int_equal(part.order_id, bench.rig.end.last_order_id);
    follower_cancel(&follower);
    bench_close(&bench);
}

static void a_damaged_record_ends_the_call_after_what_stands_before_it(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    struct error error;
    bench_open(&bench, 0, 0);
    add_one(&bench, 0);
    add_one(&bench, 0);
    struct key key = key_record(bench.rig.end.last_order_id);
    struct log_batch *batch = log_batch_new();
    log_batch_put(batch, key_span(&key), text_span("not a record"));
    assert_int_equal(log_write(bench.rig.store.log, batch, &error), REASON_NONE);
    log_batch_free(batch);
    follow(&follower, &bench, "__all__", STREAM_HOT_COLD);
    assert_int_equal(next_order_id(&follower), bench.rig.events[0].order_id);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_CORRUPT);
    bench_close(&bench);
}

/* ---- slowness, disconnection, numbers ---- */

static void wait_for(size_t (*count)(struct subscriptions *), struct subscriptions *all,
                     size_t wanted)
{
    while (count(all) != wanted)
        sched_yield();
}

static void a_stuck_reader_holds_its_place_and_no_memory_and_slows_nobody(void **state)
{
    (void)state;
    struct bench bench;
    struct follower stuck, honest;
    bench_open(&bench, 0, 0);
    struct subscriptions *all = bench.rig.store.subscriptions;
    for (int i = 0; i < 12; i++) {
        rig_begin(&bench.rig, 1, 1);
        for (int k = 0; k < 64; k++)
            rig_add(&bench.rig, k % 2, 0, 16000);
        rig_end(&bench.rig);
    }
    follow(&stuck, &bench, "__all__", STREAM_HOT_COLD); /* asks for nothing */
    follow(&honest, &bench, "__all__", STREAM_HOT_COLD);
    expect_events(&honest, &bench.rig, -1, 0);
    expect_marker(&honest, PART_CAUGHT_UP, bench.rig.end.last_order_id);
    wait_for(subscriptions_ahead, all, 0); /* what was made ahead for the stuck one is taken back */
    for (int i = 0; i < 100; i++) {
        add_one(&bench, 0);
        assert_int_equal(next_order_id(&honest), bench.rig.end.last_order_id);
    }
    expect_events(&stuck, &bench.rig, -1, 0);
    follower_cancel(&stuck);
    follower_cancel(&honest);
    wait_for(subscriptions_count, all, 0);
    bench_close(&bench);
}

static void a_client_that_goes_away_in_the_middle_leaves_nothing_behind(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 40; i++)
        rig_commit(&bench.rig, 500);
    for (int i = 0; i < 40; i++) {
        struct follower follower;
        follow(&follower, &bench, i % 2 ? "__all__" : "a/**", i % 3 ? STREAM_HOT_COLD : STREAM_HOT);
        for (int k = 0; k < i % 5 && i % 3; k++)
            next_order_id(&follower);
        follower_cancel(&follower);
    }
    wait_for(subscriptions_count, bench.rig.store.subscriptions, 0);
    assert_int_equal(subscriptions_ahead(bench.rig.store.subscriptions), 0);
    bench_close(&bench);
}

/* semantics 14 */
static void a_thousand_wait_and_each_gets_its_own(void **state)
{
    (void)state;
    enum { N = 1000 };
    static const char *const names[] = {"a/1", "a/2", "a/b/1", "b/1", "b", "c"};
    struct bench bench;
    struct follower *followers = calloc(N, sizeof *followers);
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < N; i++)
        follow(&followers[i], &bench, names[i % RIG_STREAMS], STREAM_HOT);
    for (int i = 0; i < N; i++)
        expect_marker(&followers[i], PART_CAUGHT_UP, 0);
    for (int k = 0; k < 2 * RIG_STREAMS; k++)
        add_one(&bench, k % RIG_STREAMS);
    for (int i = 0; i < N; i++) {
        expect_events(&followers[i], &bench.rig, i % RIG_STREAMS, 0);
        follower_cancel(&followers[i]);
    }
    bench_close(&bench);
    free(followers);
}

static void one_subscription_too_many_is_refused_with_advice(void **state)
{
    (void)state;
    struct bench bench;
    struct follower first, second;
    struct part part;
    struct error error;
    bench_open(&bench, 1 << 20, 1);
    follow(&first, &bench, "a", STREAM_HOT);
    expect_marker(&first, PART_CAUGHT_UP, 0);
    follow(&second, &bench, "a", STREAM_HOT);
    assert_false(follower_next(&second, &part));
    assert_int_equal(follower_end(&second, &error), REASON_BUSY);
    assert_int_equal(error.limit, 1);
    assert_true(error.retry_after_ms > 0);
    follower_cancel(&first);
    wait_for(subscriptions_count, bench.rig.store.subscriptions, 0);
    follow(&first, &bench, "a", STREAM_COLD);
    expect_ok(&first);
    bench_close(&bench);
}

static void going_down_ends_those_who_wait_and_refuses_new_ones(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    struct error error;
    bench_open(&bench, 1 << 20, 0);
    follow(&follower, &bench, "a", STREAM_HOT);
    expect_marker(&follower, PART_CAUGHT_UP, 0);
    subscriptions_stop(bench.rig.store.subscriptions);
    while (follower_next(&follower, &part))
        assert_int_equal(part.kind, PART_CHECKPOINT);
    assert_int_equal(follower_end(&follower, &error), REASON_SHUTTING_DOWN);
    follow(&follower, &bench, "a", STREAM_COLD);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_SHUTTING_DOWN);
    bench_close(&bench);
}

/* ---- from cold to live while others write ---- */

enum { COMMITS = 10000, READERS = 4 };

struct crossing {
    struct bench *bench;
    _Atomic uint64_t seen[READERS]; /* the last order id that each has seen */
    int number;
};

static void *write_commits(void *arg)
{
    struct crossing *crossing = arg;
    struct rig *rig = &crossing->bench->rig;
    for (int i = 0; i < COMMITS; i++) {
        rig_begin(rig, (uint64_t)i % 3, 0);
        for (int k = 0; k <= i % 3; k++)
            rig_add(rig, 0, 0, 20);
        rig_end(rig);
        for (int r = 0; i % 2 && r < READERS; r++) /* let them wait at the head, often */
            while (atomic_load(&crossing->seen[r]) < rig->end.last_order_id)
                sched_yield();
    }
    return NULL;
}

struct reader {
    struct crossing *crossing;
    int number;
    uint64_t *given;
    size_t given_len, calls;
    uint64_t until;
};

/* Reads on, and now and then leaves and comes back after the last event seen. */
static void *read_and_come_back(void *arg)
{
    static const char *const names[READERS] = {"__all__", "a/1", "a/**", "**1"};
    struct reader *reader = arg;
    struct caller *caller = caller_open(reader->crossing->bench->target, NULL);
    struct part part;
    struct event event;
    uint64_t last = 0;
    while (reader->given_len < reader->until) {
        struct follower follower;
        struct subscribe_request request = {.stream_name = text_span(names[reader->number]),
                                            .type = STREAM_HOT_COLD,
                                            .from_kind = FROM_ORDER_ID,
                                            .from = last + 1};
        size_t stay = 1 + (size_t)(reader->given_len * 7 + (size_t)reader->number) % 400;
        follower_open(&follower, caller, &request);
        for (; stay > 0 && reader->given_len < reader->until; stay--) {
            if (!follower_next(&follower, &part))
                break;
            if (part.kind != PART_EVENT || !event_read(part.event, &event))
                continue;
            reader->given[reader->given_len++] = last = event.order_id;
            atomic_store(&reader->crossing->seen[reader->number], last);
        }
        follower_cancel(&follower);
        reader->calls++;
    }
    caller_close(caller);
    return NULL;
}

static void cross(size_t tail_bytes)
{
    struct bench bench;
    struct crossing crossing = {.bench = &bench};
    struct reader readers[READERS];
    pthread_t threads[READERS], writer;
    uint64_t events = 0;
    bench_open(&bench, tail_bytes, 0);
    for (int i = 0; i < COMMITS; i++)
        events += (uint64_t)(i % 3) + 1;
    for (int r = 0; r < READERS; r++) {
        readers[r] = (struct reader){.crossing = &crossing, .number = r, .until = events};
        readers[r].given = calloc(events, sizeof *readers[r].given);
        pthread_create(&threads[r], NULL, read_and_come_back, &readers[r]);
    }
    pthread_create(&writer, NULL, write_commits, &crossing);
    pthread_join(writer, NULL);
    for (int r = 0; r < READERS; r++) {
        pthread_join(threads[r], NULL);
        assert_int_equal(readers[r].given_len, bench.rig.events_len);
        for (size_t i = 0; i < events; i++)
            assert_int_equal(readers[r].given[i], bench.rig.events[i].order_id);
        assert_true(readers[r].calls > 50);
        free(readers[r].given);
    }
    bench_close(&bench);
}

/* semantics 12, 14 */
static void ten_thousand_commits_are_crossed_without_a_gap_or_a_double(void **state)
{
    (void)state;
    cross(1 << 20);
}

/* ---- the other calls ---- */

static void a_page_an_event_and_the_list_come_over_the_wire(void **state)
{
    (void)state;
    struct bench bench;
    struct bytes *answer;
    struct error error;
    struct part part;
    struct event event;
    struct span span;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 3; i++)
        add_one(&bench, i);
    struct subscribe_request read = {
        .stream_name = text_span("__all__"), .backwards = true, .limit = 2};
    assert_int_equal(
        caller_ask(bench.caller, read_method.path, read_request_encode(&read), &answer, &error),
        REASON_NONE);
    span = bytes_span(answer);
    for (int i = 2; i >= 1; i--) {
        assert_int_equal(part_next(&span, &part), 1);
        assert_true(event_read(part.event, &event));
        assert_int_equal(event.order_id, bench.rig.events[i].order_id);
    }
    assert_int_equal(span.len, 0);
    bytes_unref(answer);

    struct get_request get = {.by = GET_BY_VERSION, .stream_name = text_span("a/2"), .version = 1};
    assert_int_equal(
        caller_ask(bench.caller, get_method.path, get_request_encode(&get), &answer, &error),
        REASON_NONE);
    assert_int_equal(get_response_decode(bytes_span(answer), &span), REASON_NONE);
    assert_true(event_read(span, &event));
    assert_int_equal(event.order_id, bench.rig.events[1].order_id);
    bytes_unref(answer);
    get.version = 2;
    assert_int_equal(
        caller_ask(bench.caller, get_method.path, get_request_encode(&get), &answer, &error),
        REASON_NO_SUCH_EVENT);

    struct list_request list = {.pattern = text_span("a/**")};
    struct stream_info info;
    assert_int_equal(
        caller_ask(bench.caller, list_method.path, list_request_encode(&list), &answer, &error),
        REASON_NONE);
    span = bytes_span(answer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stream_info_next(&span, &info), 1);
        assert_true(text_equal(info.stream_name, text_span(rig_stream(i))));
    }
    assert_int_equal(span.len, 0);
    bytes_unref(answer);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cold_call_gives_what_is_stored_and_ends_with_ok),
        cmocka_unit_test(a_hot_call_begins_with_caught_up_and_gives_only_what_comes),
        cmocka_unit_test(a_hot_cold_call_gives_what_is_stored_then_the_marker_then_what_comes),
        cmocka_unit_test(types_limits_and_places_are_kept_to),
        cmocka_unit_test(a_place_in_the_future_is_waited_for),
        cmocka_unit_test(truncated_comes_first_when_the_beginning_was_deleted),
        cmocka_unit_test(another_store_or_incarnation_is_refused),
        cmocka_unit_test(a_reader_of_a_quiet_stream_is_told_how_far_it_is),
        cmocka_unit_test(a_damaged_record_ends_the_call_after_what_stands_before_it),
        cmocka_unit_test(a_stuck_reader_holds_its_place_and_no_memory_and_slows_nobody),
        cmocka_unit_test(a_client_that_goes_away_in_the_middle_leaves_nothing_behind),
        cmocka_unit_test(a_thousand_wait_and_each_gets_its_own),
        cmocka_unit_test(one_subscription_too_many_is_refused_with_advice),
        cmocka_unit_test(going_down_ends_those_who_wait_and_refuses_new_ones),
        cmocka_unit_test(ten_thousand_commits_are_crossed_without_a_gap_or_a_double),
        cmocka_unit_test(a_page_an_event_and_the_list_come_over_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
