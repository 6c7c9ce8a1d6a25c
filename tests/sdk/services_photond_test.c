/*
 * Services that meet at a real photond: asked, overtaken, killed, large, slow, closed.
 */
#include "tests/sdk/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers everything with what was asked, until its server is closed. */
static void *echo(void *server)
{
    muon_call *call;
    while (muon_server_next(server, &call, MUON_FOREVER, NULL) == MUON_OK)
        muon_call_reply(call, 200, call->content_type.ptr, call->body.ptr, call->body.len, NULL);
    return NULL;
}

static void start_echo(struct scene *scene)
{
    pthread_create(&scene->thread, NULL, echo, scene->s);
}

static void stop_echo(struct scene *scene)
{
    muon_server_close(scene->s);
    pthread_join(scene->thread, NULL);
}

/* Until it is answered: what fails although it may go well the next time is asked again. */
static void ask_surely(muon_client *c, const char *url)
{
    muon_reply *reply;
    muon_error err;
    int32_t status;
    do
        status = muon_request(c, url, NULL, 0, NULL, &reply, &err);
    while (status != MUON_OK && err.flags & MUON_RETRYABLE);
    if (status != MUON_OK)
        fail_msg("%s: %s", url, err.message);
    assert_int_equal(reply->status, 200);
    muon_reply_free(reply);
}

static void ask_async(muon_client *c, muon_queue *q, uint64_t tag)
{
    muon_error err;
    if (muon_request_async(c, "rpc://shop/echo", &tag, sizeof tag, NULL, q, tag, &err) != MUON_OK)
        fail_msg("%s", err.message);
}

static void a_thousand_requests_are_under_way_at_once(void **state)
{
    enum { N = 1000 };
    (void)state;
    const muon_serve_opts opts = {.max_inflight = N};
    struct scene scene = scene_open("/echo", &opts);
    muon_queue *q;
    uint64_t sum = 0;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    start_echo(&scene);
    for (uint64_t i = 0; i < N; i++)
        ask_async(scene.asks, q, i);
    for (int i = 0; i < N; i++) {
        muon_item item = scene_item(q);
        const muon_reply *reply = item.object;
        if (item.status != MUON_OK)
            fail_msg("%s", item.error->message);
        assert_int_equal(reply->status, 200);
        assert_memory_equal(reply->body.ptr, &item.tag, sizeof item.tag);
        sum += item.tag;
        muon_item_clear(&item);
    }
    assert_int_equal(sum, N * (N - 1) / 2);
    muon_queue_free(q);
    stop_echo(&scene);
    scene_close(&scene);
}

static void nobody_is_there_is_told_at_once(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_reply *reply;
    muon_sub *sub;
    muon_batch *batch;
    muon_error err;
    assert_int_equal(muon_request(scene.asks, "rpc://nobody/x", NULL, 0, NULL, &reply, &err),
                     MUON_ENOENT);
    assert_true(err.flags & MUON_RETRYABLE);
    assert_int_equal(muon_request(scene.asks, "rpc://shop/nowhere", NULL, 0, NULL, &reply, &err),
                     MUON_ENOENT);
    assert_false(err.flags & MUON_RETRYABLE);
    assert_int_equal(muon_subscribe(scene.asks, "stream://shop/echo", NULL, &sub, NULL), MUON_OK);
    assert_int_equal(muon_sub_next(sub, &batch, PATIENCE_MS, NULL), MUON_ENOENT);
    muon_sub_free(sub);
    scene_close(&scene);
}

/* semantics 18 */
static void a_responder_that_is_lost_is_told_and_nobody_is_asked_twice(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_client *other = made_client(photond_url(scene.p), scene_shop);
    muon_queue *q;
    muon_call *none;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    ask_async(scene.asks, q, 1);
    muon_call *held = scene_next(scene.s);
    muon_server *spare = scene_serve(other, "/echo", NULL);
    muon_close(scene.serves, 0, NULL); /* as its process would be killed */
    muon_item item = scene_item(q);
    assert_int_equal(item.status, MUON_EREMOTE);
    assert_true(item.error->flags & MUON_MAYBE_APPLIED);
    muon_item_clear(&item);
    assert_int_equal(muon_call_reply(held, 200, NULL, NULL, 0, NULL), MUON_ECLOSED);
    assert_int_equal(muon_server_next(spare, &none, 0, NULL), MUON_EAGAIN);
    ask_async(scene.asks, q, 2); /* the other one answers */
    muon_call_free(scene_next(spare));
    item = scene_item(q);
    assert_int_equal(((muon_reply *)item.object)->status, 500);
    muon_item_clear(&item);
    muon_queue_free(q);
    muon_server_free(spare);
    made_close(other);
    scene_close(&scene);
}

/* semantics 22 */
static void a_kill_of_photond_is_survived_by_what_is_served_and_what_waits(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    ask_async(scene.asks, q, 1);
    muon_call *held = scene_next(scene.s);
    for (int i = 0; i < 3; i++) {
        photond_kill(scene.p);
        assert_true(photond_start(scene.p));
    }
    muon_item item = scene_item(q);
    assert_int_equal(item.status, MUON_EREMOTE); /* it had left */
    assert_true(item.error->flags & MUON_MAYBE_APPLIED);
    muon_item_clear(&item);
    assert_int_equal(muon_ping(scene.serves, PATIENCE_MS, NULL), MUON_OK);
    assert_int_equal(muon_call_reply(held, 200, NULL, NULL, 0, NULL), MUON_ECANCELLED);
    start_echo(&scene);
    ask_surely(scene.asks, "rpc://shop/echo");
    muon_queue_free(q);
    stop_echo(&scene);
    scene_close(&scene);
}

/* semantics 16 */
static void bodies_of_3_MiB_go_both_ways_beside_small_ones(void **state)
{
    enum { LARGE = 3 << 20, SMALL = 50 };
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    uint8_t *body = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        body[i] = (uint8_t)(i * 7 + i / 253);
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    start_echo(&scene);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(
            muon_request_async(scene.asks, "rpc://shop/echo", body, LARGE, NULL, q, i, NULL),
            MUON_OK);
    for (uint64_t i = 0; i < SMALL; i++)
        ask_async(scene.asks, q, 100 + i);
    for (int i = 0; i < 4 + SMALL; i++) {
        muon_item item = scene_item(q);
        const muon_reply *reply = item.object;
        if (item.status != MUON_OK)
            fail_msg("%s", item.error->message);
        if (item.tag < 4) {
            assert_int_equal(reply->body.len, LARGE);
            assert_memory_equal(reply->body.ptr, body, LARGE);
        }
        muon_item_clear(&item);
    }
    free(body);
    muon_queue_free(q);
    stop_echo(&scene);
    scene_close(&scene);
}

/* ---- the end ---- */

static void who_gives_up_is_known_to_who_answers(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    ask_async(scene.asks, q, 1);
    muon_call *call = scene_next(scene.s);
    assert_int_equal(muon_cancel(q, 1), MUON_OK);
    muon_item item = scene_item(q);
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    ask_async(scene.asks, q, 2); /* behind the cancel, on the same session */
    muon_call_free(scene_next(scene.s));
    assert_int_equal(muon_call_wait(call, 0), MUON_ECANCELLED);
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_ECANCELLED);
    muon_queue_free(q);
    scene_close(&scene);
}

static void *close_client(void *c)
{
    assert_int_equal(muon_close(c, PATIENCE_MS, NULL), MUON_OK);
    return NULL;
}

static void an_answer_given_while_closing_arrives(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    muon_call *none;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    ask_async(scene.asks, q, 1);
    muon_call *call = scene_next(scene.s);
    pthread_create(&scene.thread, NULL, close_client, scene.serves);
    assert_int_equal(muon_server_next(scene.s, &none, MUON_FOREVER, NULL), MUON_ECLOSED);
    assert_int_equal(muon_call_reply(call, 200, NULL, "last", 4, NULL), MUON_OK);
    muon_item item = scene_item(q);
    assert_int_equal(item.status, MUON_OK);
    assert_string_equal(((muon_reply *)item.object)->body.ptr, "last");
    muon_item_clear(&item);
    pthread_join(scene.thread, NULL);
    muon_queue_free(q);
    scene_close(&scene);
}

/* ---- who is who ---- */

static muon_client *client_of(struct photond *p, const char *name)
{
    char cert[32], key[32];
    snprintf(cert, sizeof cert, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    const made_settings settings[] = {{"service.name", "shop"},
                                      {"tls.ca_file", photond_tls(p, "ca.crt")},
                                      {"tls.cert_file", photond_tls(p, cert)},
                                      {"tls.key_file", photond_tls(p, key)},
                                      {NULL, NULL}};
    return made_client(photond_url(p), settings);
}

/* semantics 17 */
static void the_caller_and_the_owner_of_a_name_are_who_their_certificates_say(void **state)
{
    (void)state;
    const struct photond_options options = {.plain = false};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    muon_client *mine = client_of(p, "client"), *others = client_of(p, "other");
    muon_server *s = scene_serve(mine, "/echo", NULL), *denied;
    muon_queue *q;
    muon_call *none;
    muon_error err;
    assert_int_equal(muon_queue_new(others, &q, NULL), MUON_OK);
    assert_int_equal(muon_serve(others, "/echo", NULL, &denied, NULL), MUON_OK);
    assert_int_equal(muon_server_next(denied, &none, PATIENCE_MS, &err), MUON_EPERM);
    ask_async(others, q, 1);
    muon_call *call = scene_next(s);
    assert_string_equal(call->caller.ptr, "other");
    muon_call_free(call);
    muon_item item = scene_item(q);
    muon_item_clear(&item);
    muon_server_free(denied);
    muon_server_free(s);
    muon_queue_free(q);
    made_close(others);
    made_close(mine);
    photond_free(p);
}

/* ---- who is there ---- */

static bool has(const muon_reply *reply, const char *text)
{
    return strstr(reply->body.ptr, text) != NULL;
}

static void who_is_there_can_be_found_and_asked_what_it_offers(void **state)
{
    (void)state;
    const muon_serve_opts opts = {.doc = "gives back what it gets"};
    struct scene scene = scene_open("/echo", &opts);
    muon_reply *reply;
    assert_int_equal(muon_discover(scene.asks, "tag:fast", 0, &reply, NULL), MUON_OK);
    assert_true(has(reply, "{\"services\":[{\"identifier\":\"shop\",\"tags\":[\"eu\",\"fast\"]"));
    muon_reply_free(reply);
    assert_int_equal(muon_discover(scene.asks, "nobody", 0, &reply, NULL), MUON_OK);
    assert_string_equal(reply->body.ptr, "{\"services\":[]}");
    muon_reply_free(reply);
    assert_int_equal(muon_introspect(scene.asks, "shop", 0, &reply, NULL), MUON_OK);
    assert_true(has(reply, "{\"resource\":\"/echo\",\"doc\":\"gives back what it gets\"}"));
    muon_reply_free(reply);
    assert_int_equal(muon_introspect(scene.asks, "nobody", 0, &reply, NULL), MUON_ENOENT);
    muon_server_close(scene.s);
    made_close(scene.serves);
    assert_int_equal(muon_discover(scene.asks, "shop", 0, &reply, NULL), MUON_OK);
    assert_string_equal(reply->body.ptr, "{\"services\":[]}");
    muon_reply_free(reply);
    scene.serves = made_client(photond_url(scene.p), NULL);
    scene_close(&scene);
}

/* Documents until one is this, or begins so. */
static void drain_until(muon_queue *q, const char *beginning)
{
    bool found = false;
    while (!found) {
        muon_item item = scene_item(q);
        assert_int_equal(item.kind, MUON_ITEM_REPLY);
        assert_int_equal(item.tag, 7);
        assert_int_equal(item.status, MUON_OK);
        const muon_reply *reply = item.object;
        found = strncmp(reply->body.ptr, beginning, strlen(beginning)) == 0;
        muon_item_clear(&item);
    }
}

/* semantics 22 */
static void who_is_there_is_told_again_at_each_change(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    assert_int_equal(muon_discover_watch(scene.asks, "shop", q, 7, NULL), MUON_OK);
    drain_until(q, "{\"services\":[{\"identifier\":\"shop\"");
    muon_server_close(scene.s);
    made_close(scene.serves);
    drain_until(q, "{\"services\":[]}");
    photond_kill(scene.p);
    assert_true(photond_start(scene.p));
    drain_until(q, "{\"services\":[]}"); /* who is there, although it is as it was */
    scene.serves = made_client(photond_url(scene.p), NULL);
    assert_int_equal(muon_cancel(q, 7), MUON_OK);
    muon_item item = scene_item(q);
    while (item.status == MUON_OK) { /* it was there before */
        muon_item_clear(&item);
        item = scene_item(q);
    }
    assert_int_equal(item.status, MUON_ECANCELLED);
    muon_item_clear(&item);
    assert_int_equal(muon_cancel(q, 7), MUON_ENOENT);
    muon_queue_free(q);
    scene_close(&scene);
}

static void a_watch_of_services_that_nobody_drains_keeps_the_newest(void **state)
{
    (void)state;
    struct scene scene = scene_open("/echo", NULL);
    muon_queue *q;
    muon_reply *reply;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    assert_int_equal(muon_discover_watch(scene.asks, NULL, q, 7, NULL), MUON_OK);
    muon_server *more[20];
    for (int i = 0; i < 20; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%d", i);
        more[i] = scene_serve(scene.serves, path, NULL);
        assert_int_equal(muon_discover(scene.asks, NULL, 0, &reply, NULL), MUON_OK);
        muon_reply_free(reply);
    }
    muon_item item;
    int items = 0;
    for (bool last = false; !last; items++) {
        item = scene_item(q);
        assert_int_equal(item.status, MUON_OK);
        last = has(item.object, "\"/19\"");
        muon_item_clear(&item);
    }
    assert_true(items <= 2); /* the newest, and perhaps one that was on its way */
    for (int i = 0; i < 20; i++)
        muon_server_free(more[i]);
    muon_queue_free(q);
    scene_close(&scene);
}

static void watches_of_services_are_checked_and_counted(void **state)
{
    (void)state;
    struct scene scene = scene_open(NULL, NULL);
    muon_queue *q;
    muon_error err;
    assert_int_equal(muon_queue_new(scene.asks, &q, NULL), MUON_OK);
    assert_int_equal(muon_discover_watch(scene.asks, NULL, NULL, 0, &err), MUON_EINVAL);
    assert_int_equal(muon_discover_watch(scene.serves, NULL, q, 0, &err), MUON_EINVAL);
    assert_int_equal(muon_discover_watch(scene.asks, "a\nb", q, 0, &err), MUON_EINVAL);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(muon_discover_watch(scene.asks, NULL, q, i, NULL), MUON_OK);
    assert_int_equal(muon_discover_watch(scene.asks, NULL, q, 16, &err), MUON_EAGAIN);
    assert_int_equal(muon_cancel(q, 3), MUON_OK);
    assert_int_equal(muon_discover_watch(scene.asks, NULL, q, 16, NULL), MUON_OK);
    muon_queue_free(q);
    scene_close(&scene);
}

static void photond_is_a_service_like_any_other(void **state)
{
    (void)state;
    struct scene scene = scene_open(NULL, NULL);
    muon_reply *reply;
    muon_sub *sub;
    muon_batch *batch;
    muon_error err;
    assert_int_equal(made_emit(scene.asks, "{\"n\":1}", NULL, NULL), MUON_OK);
    if (muon_request(scene.asks, "rpc://photon/stream-names", NULL, 0, NULL, &reply, &err))
        fail_msg("%s", err.message);
    assert_int_equal(reply->status, 200);
    assert_true(has(reply, "\"stream-name\":\"s\""));
    muon_reply_free(reply);
    assert_int_equal(muon_subscribe(scene.asks,
                                    "stream://photon/stream?stream-name=s&stream-type=cold", NULL,
                                    &sub, NULL),
                     MUON_OK);
    if (muon_sub_next(sub, &batch, PATIENCE_MS, &err) != MUON_OK)
        fail_msg("%s", err.message);
    assert_non_null(strstr(muon_batch_at(batch, 0)->payload.ptr, "{\"n\":1}"));
    muon_batch_free(batch);
    assert_int_equal(muon_sub_next(sub, &batch, PATIENCE_MS, NULL), MUON_END);
    muon_sub_free(sub);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_requests_are_under_way_at_once),
        cmocka_unit_test(nobody_is_there_is_told_at_once),
        cmocka_unit_test(a_responder_that_is_lost_is_told_and_nobody_is_asked_twice),
        cmocka_unit_test(a_kill_of_photond_is_survived_by_what_is_served_and_what_waits),
        cmocka_unit_test(bodies_of_3_MiB_go_both_ways_beside_small_ones),
        cmocka_unit_test(the_caller_and_the_owner_of_a_name_are_who_their_certificates_say),
        cmocka_unit_test(who_gives_up_is_known_to_who_answers),
        cmocka_unit_test(an_answer_given_while_closing_arrives),
        cmocka_unit_test(who_is_there_can_be_found_and_asked_what_it_offers),
        cmocka_unit_test(who_is_there_is_told_again_at_each_change),
        cmocka_unit_test(a_watch_of_services_that_nobody_drains_keeps_the_newest),
        cmocka_unit_test(watches_of_services_are_checked_and_counted),
        cmocka_unit_test(photond_is_a_service_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
