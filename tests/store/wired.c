/*
 * wired.c - see wired.h.
 */
#include "wired.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/get.h"
#include "store/list.h"
#include "store/read.h"
#include "store/readers.h"
#include "wire/event.h"
#include "wire/text.h"

static void stopped(struct cq_op *op, bool ok)
{
    struct bench *bench = (struct bench *)((char *)op - offsetof(struct bench, stopped.op));
    (void)ok;
    pthread_mutex_lock(&bench->stopped.lock);
    bench->stopped.done = true;
    pthread_cond_signal(&bench->stopped.changed);
    pthread_mutex_unlock(&bench->stopped.lock);
}

void bench_open(struct bench *bench, size_t tail_bytes, size_t subscriptions_max)
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
    bench->service =
        (struct serve_service){"muon.v1.PhotonService", bench->methods, 4, store, NULL};
    bench->serve = serve_new(store->cq, &bench->service, 1, &options);
    int port = serve_listen(bench->serve, "127.0.0.1:0", NULL, &error);
    assert_int_not_equal(port, 0);
    serve_start(bench->serve);
    snprintf(bench->target, sizeof bench->target, "127.0.0.1:%d", port);
    bench->caller = caller_open(bench->target, NULL);
}

/* Every call of the client has been freed. */
void bench_close(struct bench *bench)
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

void follower_open(struct follower *follower, struct caller *caller,
                   const struct subscribe_request *request)
{
    *follower =
        (struct follower){.stream = caller_stream_open(caller, "/muon.v1.PhotonService/Subscribe")};
    caller_stream_send(follower->stream, subscribe_request_encode(request), true);
}

void follow(struct follower *follower, struct bench *bench, const char *name, enum stream_type type)
{
    struct subscribe_request request = {.stream_name = text_span(name), .type = type};
    follower_open(follower, bench->caller, &request);
}

/* The next event or marker; false: the call has ended. */
bool follower_next(struct follower *follower, struct part *part)
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

enum reason follower_end(struct follower *follower, struct error *error)
{
    enum reason reason = caller_stream_end(follower->stream, error);
    caller_stream_free(follower->stream);
    bytes_unref(follower->message);
    return reason;
}

void follower_cancel(struct follower *follower)
{
    struct error error;
    caller_stream_cancel(follower->stream);
    follower_end(follower, &error);
}

void expect_marker(struct follower *follower, enum part_kind kind, uint64_t order_id)
{
    struct part part;
    assert_true(follower_next(follower, &part));
    assert_int_equal(part.kind, kind);
    assert_int_equal(part.order_id, order_id);
}

void expect_ok(struct follower *follower)
{
    struct part part;
    struct error error;
    assert_false(follower_next(follower, &part));
    assert_int_equal(follower_end(follower, &error), REASON_NONE);
}

uint64_t next_order_id(struct follower *follower)
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
void expect_events(struct follower *follower, const struct rig *rig, int stream, size_t i)
{
    for (; i < rig->events_len; i++)
        if (stream < 0 || rig->events[i].stream == stream)
            assert_int_equal(next_order_id(follower), rig->events[i].order_id);
}

void add_one(struct bench *bench, int stream)
{
    rig_begin(&bench->rig, 1, 1);
    rig_add(&bench->rig, stream, 0, 10);
    rig_end(&bench->rig);
}
