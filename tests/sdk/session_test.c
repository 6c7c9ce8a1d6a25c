/*
 * Sessions with photond: who we say we are, when we are ready, signs of life, and beginning again.
 */
#include "tests/sdk/fake_bus.h"

#include <string.h>

#include "wire/text.h"

static const made_settings billing[] = {
    {"service.name", "billing"}, {"service.tags", "eu,fast"}, {NULL, NULL}};

static bool is(struct span text, const char *expected)
{
    return text_equal(text, text_span(expected));
}

static muon_server *serve(muon_client *c, const char *path)
{
    muon_server *s;
    muon_error err;
    if (muon_serve(c, path, NULL, &s, &err) != MUON_OK)
        fail_msg("%s", err.message);
    return s;
}

static void ask(muon_client *c, muon_queue *q, uint64_t tag)
{
    assert_int_equal(muon_request_async(c, "rpc://shop/orders", "{}", 2, NULL, q, tag, NULL),
                     MUON_OK);
}

/* semantics 17 */
static void the_hello_says_who_we_are_and_its_epoch_rises(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_server *s = serve(c, "/orders");
    struct seen first = fake_bus_next(bus, FRAME_HELLO);
    assert_true(is(first.frame.hello.service, "billing"));
    assert_int_equal(first.frame.hello.tags, 2);
    assert_true(is(first.frame.hello.tag[0], "eu") && is(first.frame.hello.tag[1], "fast"));
    assert_int_equal(first.frame.hello.epoch, 1);
    fake_bus_cut(bus, first.call, REASON_SHUTTING_DOWN);
    struct seen second = fake_bus_next(bus, FRAME_HELLO);
    assert_true(text_equal(first.frame.hello.instance_id, second.frame.hello.instance_id));
    assert_int_equal(second.frame.hello.epoch, 2);
    muon_server_free(s);
    made_close(c);
    fake_bus_free(bus);
}

static void who_only_asks_gives_no_name(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    ask(c, q, 1);
    struct seen asks = fake_bus_next(bus, FRAME_HELLO);
    assert_int_equal(asks.frame.hello.service.len, 0);
    muon_server *s = serve(c, "/orders");
    struct seen serves = fake_bus_next(bus, FRAME_HELLO);
    assert_true(is(serves.frame.hello.service, "billing"));
    assert_false(text_equal(asks.frame.hello.instance_id, serves.frame.hello.instance_id));
    muon_server_free(s);
    muon_queue_free(q);
    made_close(c);
    fake_bus_free(bus);
}

static int32_t next_state(muon_queue *q)
{
    muon_item item;
    assert_int_equal(muon_queue_wait(q, &item, 1, 60000), 1);
    assert_int_equal(item.kind, MUON_ITEM_STATE);
    return item.state;
}

static void a_client_is_ready_once_everything_served_is_registered(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_queue *q;
    muon_error err;
    fake_bus_confirm(bus, false);
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    muon_server *s = serve(c, "/orders");
    struct seen endpoint = fake_bus_next(bus, FRAME_ENDPOINT);
    assert_true(is(endpoint.frame.endpoint.path, "/orders"));
    assert_int_equal(muon_ping(c, 50, &err), MUON_ETIMEDOUT);
    assert_non_null(strstr(err.message, "registered"));
    assert_int_equal(muon_watch(c, q, 1), MUON_OK);
    assert_int_equal(next_state(q), MUON_STATE_CONNECTING);
    const struct frame done = {.kind = FRAME_ENDPOINT_DONE, .endpoint.path = text_span("/orders")};
    fake_bus_send(bus, endpoint.call, &done);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    assert_int_equal(next_state(q), MUON_STATE_READY);
    muon_server_free(s);
    muon_queue_free(q);
    made_close(c);
    fake_bus_free(bus);
}

/* semantics 22 */
static void registrations_are_restored_on_the_next_session(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_server *a = serve(c, "/a"), *b = serve(c, "/b");
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    fake_bus_next(bus, FRAME_ENDPOINT);
    struct seen last = fake_bus_next(bus, FRAME_ENDPOINT);
    muon_server_free(a);
    assert_true(fake_bus_next(bus, FRAME_ENDPOINT).frame.endpoint.removed);
    fake_bus_cut(bus, last.call, REASON_SHUTTING_DOWN);
    struct seen again = fake_bus_next(bus, FRAME_ENDPOINT);
    assert_true(is(again.frame.endpoint.path, "/b"));
    assert_true(again.call > last.call);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    assert_int_equal(fake_bus_count(bus, FRAME_ENDPOINT), 4);
    muon_server_free(b);
    made_close(c);
    fake_bus_free(bus);
}

/* semantics 16 */
static void a_silent_client_beats(void **state)
{
    (void)state;
    const struct bus_welcome welcome = {.beat_ms = 2000, .max_calls = 1};
    struct fake_bus *bus = fake_bus_new();
    fake_bus_welcome(bus, &welcome);
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_server *s = serve(c, "/orders");
    fake_bus_next(bus, FRAME_BEAT);
    muon_server_free(s);
    made_close(c);
    fake_bus_free(bus);
}

/* semantics 16 */
static void silence_for_two_beats_ends_a_session(void **state)
{
    (void)state;
    const struct bus_welcome silent = {.beat_ms = 50, .max_calls = 1},
                             patient = {.beat_ms = 600000, .max_calls = 1};
    struct fake_bus *bus = fake_bus_new();
    fake_bus_welcome(bus, &silent);
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_server *s = serve(c, "/orders");
    struct seen first = fake_bus_next(bus, FRAME_HELLO);
    fake_bus_welcome(bus, &patient);
    fake_bus_wait_gone(bus, first.call);
    assert_true(fake_bus_next(bus, FRAME_HELLO).frame.hello.epoch > first.frame.hello.epoch);
    muon_server_free(s);
    made_close(c);
    fake_bus_free(bus);
}

/* semantics 17 */
static void a_name_that_is_denied_ends_servers_but_not_requests(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_call *call;
    muon_error err;
    fake_bus_refuse(bus, REASON_DENIED);
    muon_server *s = serve(c, "/orders");
    assert_int_equal(muon_server_next(s, &call, 60000, &err), MUON_EPERM);
    assert_int_equal(muon_server_next(s, &call, 60000, &err), MUON_EPERM);
    fake_bus_refuse(bus, REASON_NONE);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK); /* nothing is served any more */
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    ask(c, q, 1);
    struct seen request = fake_bus_next(bus, FRAME_CALL);
    fake_bus_answer(bus, &request, 200, "");
    assert_int_equal(muon_queue_wait(q, &item, 1, 60000), 1);
    assert_int_equal(item.status, MUON_OK);
    muon_item_clear(&item);
    muon_server_free(s);
    muon_queue_free(q);
    made_close(c);
    fake_bus_free(bus);
}

static void a_session_that_is_not_welcome_yet_is_tried_again(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    fake_bus_refuse(bus, REASON_SHUTTING_DOWN);
    muon_server *s = serve(c, "/orders");
    fake_bus_next(bus, FRAME_HELLO);
    fake_bus_next(bus, FRAME_HELLO);
    fake_bus_refuse(bus, REASON_NONE);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    muon_server_free(s);
    made_close(c);
    fake_bus_free(bus);
}

static void frames_of_what_is_over_are_ignored_and_nonsense_begins_anew(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), billing);
    muon_server *s = serve(c, "/orders");
    struct seen hello = fake_bus_next(bus, FRAME_HELLO);
    const struct seen unknown = {hello.call, {.exchange = 77}};
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    fake_bus_answer(bus, &unknown, 200, "late");
    fake_bus_credit(bus, &unknown, 1, 1);
    fake_bus_error(bus, &unknown, REASON_BUSY);
    const struct frame nonsense = {.kind = FRAME_HELLO, .hello.instance_id = text_span("who?")};
    fake_bus_send(bus, hello.call, &nonsense);
    fake_bus_wait_gone(bus, hello.call);
    assert_int_equal(fake_bus_next(bus, FRAME_HELLO).frame.hello.epoch, 2);
    muon_server_free(s);
    made_close(c);
    fake_bus_free(bus);
}

static void no_request_begins_on_a_session_that_drains(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), NULL);
    muon_queue *q;
    muon_item items[2];
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    ask(c, q, 1);
    struct seen first = fake_bus_next(bus, FRAME_CALL);
    const struct frame drain = {.kind = FRAME_DRAIN, .drain_ms = 60000};
    fake_bus_send(bus, first.call, &drain);
    fake_bus_answer(bus, &first, 200, "");
    assert_int_equal(muon_queue_wait(q, items, 1, 60000), 1);
    muon_item_clear(items);
    ask(c, q, 2);
    fake_bus_cut(bus, first.call, REASON_NONE);
    struct seen second = fake_bus_next(bus, FRAME_CALL);
    assert_true(second.call > first.call);
    fake_bus_answer(bus, &second, 200, "");
    assert_int_equal(muon_queue_wait(q, items, 1, 60000), 1);
    assert_int_equal(items[0].status, MUON_OK);
    muon_item_clear(items);
    muon_queue_free(q);
    made_close(c);
    fake_bus_free(bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hello_says_who_we_are_and_its_epoch_rises),
        cmocka_unit_test(who_only_asks_gives_no_name),
        cmocka_unit_test(a_client_is_ready_once_everything_served_is_registered),
        cmocka_unit_test(registrations_are_restored_on_the_next_session),
        cmocka_unit_test(a_silent_client_beats),
        cmocka_unit_test(silence_for_two_beats_ends_a_session),
        cmocka_unit_test(a_name_that_is_denied_ends_servers_but_not_requests),
        cmocka_unit_test(a_session_that_is_not_welcome_yet_is_tried_again),
        cmocka_unit_test(frames_of_what_is_over_are_ignored_and_nonsense_begins_anew),
        cmocka_unit_test(no_request_begins_on_a_session_that_drains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
