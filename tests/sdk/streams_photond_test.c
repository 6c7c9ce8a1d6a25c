/*
 * Streams of services at a real photond: slow subscribers, large items, the loss of photond.
 */
#include "tests/sdk/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 5000, ITEM_BYTES = 4000 };

/* Publish numbers until told to wait; then as the queue says. Returns how often it was told to wait. */
static int publish(muon_queue *q, muon_call *call)
{
    static char body[ITEM_BYTES];
    int waited = 0;
    for (int i = 0; i < ITEMS;) {
        snprintf(body, sizeof body, "%d", i);
        int32_t status = muon_call_send(call, NULL, body, sizeof body, NULL);
        if (status == MUON_OK) {
            i++;
            continue;
        }
        assert_int_equal(status, MUON_EAGAIN);
        waited++;
        muon_item item = scene_item(q);
        assert_int_equal(item.kind, MUON_ITEM_WRITABLE);
        assert_int_equal(item.status, MUON_OK);
        assert_int_equal(item.version, call->number);
        muon_item_clear(&item);
    }
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_OK);
    return waited;
}

static void *read_all(void *sub)
{
    int seen = 0;
    for (;;) {
        muon_batch *batch;
        muon_error err;
        int32_t status = muon_sub_next(sub, &batch, PATIENCE_MS, &err);
        if (status == MUON_END)
            break;
        if (status != MUON_OK)
            fail_msg("%s", err.message);
        for (size_t i = 0; i < muon_batch_count(batch); i++) {
            const muon_event *event = muon_batch_at(batch, i);
            assert_int_equal(atoi(event->payload.ptr), seen++);
            assert_int_equal(event->version, seen);
        }
        muon_batch_free(batch);
    }
    assert_int_equal(seen, ITEMS);
    return NULL;
}

/* semantics 16 */
static void a_slow_subscriber_holds_back_its_publisher_and_loses_nothing(void **state)
{
    (void)state;
    struct scene scene = scene_open(NULL, NULL);
    muon_queue *q;
    muon_sub *sub;
    pthread_t thread;
    assert_int_equal(muon_queue_new(scene.serves, &q, NULL), MUON_OK);
    const muon_serve_opts opts = {.flags = MUON_SERVE_STREAM, .queue = q};
    const muon_sub_opts narrow = {.prefetch = 10};
    scene.s = scene_serve(scene.serves, "/numbers", &opts);
    assert_int_equal(
        muon_subscribe(scene.asks, "stream://shop/numbers?from=0", &narrow, &sub, NULL), MUON_OK);
    muon_item item = scene_item(q);
    muon_call *call = item.object;
    assert_string_equal(call->args.ptr, "from=0");
    static char body[ITEM_BYTES] = "0";
    int before = 0; /* nobody reads: it must come to a stop */
    while (muon_call_send(call, NULL, body, sizeof body, NULL) == MUON_OK)
        before++;
    assert_true(before < ITEMS);
    muon_sub_free(sub);
    do
        item = scene_item(q); /* perhaps that it could go on, for a moment */
    while (item.status == MUON_OK);
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_call_send(call, NULL, body, sizeof body, NULL), MUON_ECANCELLED);
    muon_call_free(call);
    assert_int_equal(muon_subscribe(scene.asks, "stream://shop/numbers", &narrow, &sub, NULL),
                     MUON_OK);
    item = scene_item(q);
    pthread_create(&thread, NULL, read_all, sub);
    assert_true(publish(q, item.object) > 0);
    pthread_join(thread, NULL);
    muon_sub_free(sub);
    muon_server_free(scene.s);
    scene.s = NULL;
    muon_queue_free(q);
    scene_close(&scene);
}

static void items_of_3_MiB_arrive_whole(void **state)
{
    enum { LARGE = 3 << 20, N = 3 };
    (void)state;
    const muon_serve_opts opts = {.flags = MUON_SERVE_STREAM};
    struct scene scene = scene_open("/large", &opts);
    muon_sub *sub;
    muon_batch *batch;
    char *body = malloc(LARGE);
    assert_int_equal(muon_subscribe(scene.asks, "stream://shop/large", NULL, &sub, NULL), MUON_OK);
    muon_call *call = scene_next(scene.s);
    for (int i = 0; i < N; i++) {
        memset(body, 'a' + i, LARGE);
        assert_int_equal(muon_call_wait(call, PATIENCE_MS), MUON_OK);
        assert_int_equal(muon_call_send(call, "text/plain", body, LARGE, NULL), MUON_OK);
        assert_int_equal(muon_sub_next(sub, &batch, PATIENCE_MS, NULL), MUON_OK);
        const muon_event *event = muon_batch_at(batch, 0);
        assert_int_equal(event->payload.len, LARGE);
        assert_memory_equal(event->payload.ptr, body, LARGE);
        muon_batch_free(batch);
    }
    muon_call_free(call);
    assert_int_equal(muon_sub_next(sub, &batch, PATIENCE_MS, NULL), MUON_EREMOTE);
    free(body);
    muon_sub_free(sub);
    scene_close(&scene);
}

static void a_subscription_ends_when_photond_is_lost(void **state)
{
    (void)state;
    const muon_serve_opts opts = {.flags = MUON_SERVE_STREAM};
    struct scene scene = scene_open("/numbers", &opts);
    muon_sub *sub;
    muon_batch *batch;
    muon_error err;
    assert_int_equal(muon_subscribe(scene.asks, "stream://shop/numbers", NULL, &sub, NULL),
                     MUON_OK);
    muon_call *call = scene_next(scene.s);
    photond_kill(scene.p);
    assert_int_equal(muon_sub_next(sub, &batch, PATIENCE_MS, &err), MUON_EUNAVAIL);
    assert_true(err.flags & MUON_RETRYABLE);
    assert_true(photond_start(scene.p));
    assert_int_equal(muon_ping(scene.serves, PATIENCE_MS, NULL), MUON_OK);
    assert_int_equal(muon_call_wait(call, PATIENCE_MS), MUON_ECANCELLED);
    muon_call_free(call);
    assert_int_equal(muon_sub_next(sub, &batch, 0, NULL), MUON_EUNAVAIL); /* not resumed */
    muon_sub_free(sub);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_subscriber_holds_back_its_publisher_and_loses_nothing),
        cmocka_unit_test(items_of_3_MiB_arrive_whole),
        cmocka_unit_test(a_subscription_ends_when_photond_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
