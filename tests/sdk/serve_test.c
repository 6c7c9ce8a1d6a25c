/*
 * Serving: calls find their server, are answered once, and end when the caller, the session or the client does.
 */
#include "tests/sdk/fake_bus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

enum { PATIENCE_MS = 60000, LARGE = 300 << 10, FRAME = BUS_FRAME_BYTES };

static const made_settings billing[] = {{"service.name", "billing"}, {NULL, NULL}};

struct desk {
    struct fake_bus *bus;
    muon_client *c;
    unsigned call; /* the serving session */
};

static struct desk open_desk(void)
{
    struct desk desk = {.bus = fake_bus_new()};
    desk.c = made_client(fake_bus_url(desk.bus), billing);
    return desk;
}

static muon_server *serve(struct desk *desk, const char *path, const muon_serve_opts *opts)
{
    muon_server *s;
    muon_error err;
    if (muon_serve(desk->c, path, opts, &s, &err) != MUON_OK)
        fail_msg("%s", err.message);
    desk->call = fake_bus_next(desk->bus, FRAME_ENDPOINT).call;
    return s;
}

static void close_desk(struct desk *desk, muon_server *s)
{
    muon_server_free(s);
    made_close(desk->c);
    fake_bus_free(desk->bus);
}

static void call(struct desk *desk, uint64_t exchange, const char *url)
{
    const struct frame frame = {.exchange = exchange,
                                .kind = FRAME_CALL,
                                .call = {.url = text_span(url),
                                         .body = text_span("{\"a\":1}"),
                                         .traceparent = text_span("00-t"),
                                         .caused_by = text_span("cause-1"),
                                         .caller = text_span("web"),
                                         .timeout_ms = 30000,
                                         .credit_bytes = 1 << 20}};
    fake_bus_send(desk->bus, desk->call, &frame);
}

static muon_call *next(muon_server *s)
{
    muon_call *call;
    muon_error err;
    if (muon_server_next(s, &call, PATIENCE_MS, &err) != MUON_OK)
        fail_msg("%s", err.message);
    return call;
}

static void reply(muon_call *call, int32_t status, const char *body)
{
    assert_int_equal(muon_call_reply(call, status, NULL, body, strlen(body), NULL), MUON_OK);
}

static struct bus_answer next_answer(struct desk *desk, uint64_t exchange)
{
    struct seen seen = fake_bus_next(desk->bus, FRAME_ANSWER);
    assert_int_equal(seen.frame.exchange, exchange);
    return seen.frame.answer;
}

static enum reason next_error(struct desk *desk, uint64_t exchange)
{
    struct seen seen = fake_bus_next(desk->bus, FRAME_ERROR);
    struct error error;
    assert_int_equal(seen.frame.exchange, exchange);
    assert_int_equal(error_decode(seen.frame.error, &error), REASON_NONE);
    assert_false(error.maybe_applied);
    return error.reason;
}

static void cancel(struct desk *desk, uint64_t exchange)
{
    const struct frame frame = {.exchange = exchange, .kind = FRAME_CANCEL};
    fake_bus_send(desk->bus, desk->call, &frame);
}

static void a_call_brings_what_the_caller_gave_and_is_answered(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    const muon_serve_opts opts = {.doc = "takes orders"};
    muon_server *s;
    assert_int_equal(muon_serve(desk.c, "/orders", &opts, &s, NULL), MUON_OK);
    struct seen endpoint = fake_bus_next(desk.bus, FRAME_ENDPOINT);
    assert_true(text_equal(endpoint.frame.endpoint.doc, text_span("takes orders")));
    assert_false(endpoint.frame.endpoint.stream);
    desk.call = endpoint.call;
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    assert_int_equal(got->kind, MUON_CALL_REQUEST);
    assert_int_equal(got->number, 1);
    assert_string_equal(got->path.ptr, "/orders");
    assert_string_equal(got->args.ptr, "");
    assert_string_equal(got->content_type.ptr, "application/json");
    assert_string_equal(got->body.ptr, "{\"a\":1}");
    assert_string_equal(got->traceparent.ptr, "00-t");
    assert_string_equal(got->caused_by.ptr, "cause-1");
    assert_string_equal(got->service.ptr, "billing");
    assert_string_equal(got->caller.ptr, "web");
    assert_true(got->deadline_ms > 1600000000000);
    assert_int_equal(muon_call_wait(got, 0), MUON_OK);
    assert_int_equal(muon_call_reply(got, 201, "text/plain", "done", 4, NULL), MUON_OK);
    struct bus_answer answer = next_answer(&desk, 2);
    assert_int_equal(answer.status, 201);
    assert_true(text_equal(answer.content_type, text_span("text/plain")));
    assert_true(text_equal(answer.body, text_span("done")));
    close_desk(&desk, s);
}

static void an_exact_path_wins_and_then_the_longer_prefix(void **state)
{
    static const struct {
        const char *url;
        int server; /* -1: nobody */
    } rows[] = {{"rpc://billing/a", 0},   {"rpc://billing/a/x", 1},     {"rpc://billing/a/b/c", 2},
                {"rpc://billing/a/b", 1}, {"stream://billing/a/b", -1}, {"rpc://billing/z", -1}};
    (void)state;
    struct desk desk = open_desk();
    muon_server *s[] = {serve(&desk, "/a", NULL), serve(&desk, "/a/**", NULL),
                        serve(&desk, "/a/b/**", NULL)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t exchange = 2 * (i + 1);
        call(&desk, exchange, rows[i].url);
        if (rows[i].server < 0) {
            assert_int_equal(next_error(&desk, exchange), REASON_NO_SUCH_PATH);
            continue;
        }
        reply(next(s[rows[i].server]), 200, "");
        next_answer(&desk, exchange);
    }
    muon_server_free(s[0]);
    muon_server_free(s[1]);
    close_desk(&desk, s[2]);
}

static void a_call_that_is_freed_is_answered_with_500(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    call(&desk, 2, "rpc://billing/orders");
    muon_call_free(next(s));
    assert_int_equal(next_answer(&desk, 2).status, 500);
    close_desk(&desk, s);
}

static void more_calls_than_max_inflight_are_refused(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    const muon_serve_opts narrow = {.max_inflight = 2};
    muon_server *s = serve(&desk, "/orders", &narrow);
    for (uint64_t exchange = 2; exchange <= 6; exchange += 2)
        call(&desk, exchange, "rpc://billing/orders");
    assert_int_equal(next_error(&desk, 6), REASON_BUSY);
    reply(next(s), 200, "");
    next_answer(&desk, 2);
    call(&desk, 8, "rpc://billing/orders");
    reply(next(s), 200, "");
    reply(next(s), 200, "");
    next_answer(&desk, 4);
    next_answer(&desk, 8);
    close_desk(&desk, s);
}

/* Everything sent before has been looked at. */
static void settle(struct desk *desk, uint64_t exchange)
{
    call(desk, exchange, "rpc://billing/nowhere");
    assert_int_equal(next_error(desk, exchange), REASON_NO_SUCH_PATH);
}

static void an_answer_after_the_caller_has_gone_does_nothing(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    muon_call *none;
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    cancel(&desk, 2);
    settle(&desk, 4);
    assert_int_equal(muon_call_wait(got, 0), MUON_ECANCELLED);
    assert_int_equal(muon_call_reply(got, 200, NULL, "x", 1, NULL), MUON_ECANCELLED);
    call(&desk, 6, "rpc://billing/orders"); /* given up before somebody takes it */
    cancel(&desk, 6);
    settle(&desk, 8);
    assert_int_equal(muon_server_next(s, &none, 0, NULL), MUON_EAGAIN);
    assert_int_equal(fake_bus_count(desk.bus, FRAME_ANSWER), 0);
    close_desk(&desk, s);
}

static void calls_of_a_lost_session_are_gone_and_new_ones_come(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    call(&desk, 2, "rpc://billing/orders");
    muon_call *held = next(s);
    call(&desk, 4, "rpc://billing/orders"); /* nobody takes it */
    settle(&desk, 6);
    fake_bus_cut(desk.bus, desk.call, REASON_SHUTTING_DOWN);
    desk.call = fake_bus_next(desk.bus, FRAME_ENDPOINT).call;
    assert_int_equal(muon_call_reply(held, 200, NULL, NULL, 0, NULL), MUON_ECANCELLED);
    call(&desk, 2, "rpc://billing/orders");
    muon_call *again = next(s);
    assert_int_equal(again->number, 3);
    reply(again, 200, "");
    next_answer(&desk, 2);
    close_desk(&desk, s);
}

/* semantics 16 */
static void large_bodies_come_and_go_in_pieces(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    uint8_t *body = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        body[i] = (uint8_t)(i * 3);
    struct frame begin = {.exchange = 2, .kind = FRAME_CALL};
    begin.call = (struct bus_call){.url = text_span("rpc://billing/orders"),
                                   .body = {body, FRAME},
                                   .body_bytes = LARGE,
                                   .credit_bytes = 1};
    fake_bus_send(desk.bus, desk.call, &begin);
    int64_t credit = 0;
    for (size_t at = FRAME, len; at < LARGE; at += len) {
        len = LARGE - at < FRAME ? LARGE - at : FRAME;
        while (credit <= 0)
            credit += (int64_t)fake_bus_next(desk.bus, FRAME_CREDIT).frame.credit.bytes;
        const struct frame chunk = {.exchange = 2, .kind = FRAME_CHUNK, .chunk = {body + at, len}};
        fake_bus_send(desk.bus, desk.call, &chunk);
        credit -= (int64_t)len;
    }
    muon_call *got = next(s);
    assert_int_equal(got->body.len, LARGE);
    assert_memory_equal(got->body.ptr, body, LARGE);
    assert_int_equal(muon_call_reply(got, 200, NULL, body, LARGE, NULL), MUON_OK);
    struct bus_answer answer = next_answer(&desk, 2);
    assert_int_equal(answer.body_bytes, LARGE);
    size_t at = answer.body.len;
    for (const struct seen to = {desk.call, {.exchange = 2}}; at < LARGE;) {
        struct seen chunk = fake_bus_next(desk.bus, FRAME_CHUNK);
        assert_memory_equal(chunk.frame.chunk.data, body + at, chunk.frame.chunk.len);
        at += chunk.frame.chunk.len;
        fake_bus_credit(desk.bus, &to, 0, FRAME);
    }
    free(body);
    close_desk(&desk, s);
}

static void a_body_over_the_limit_leaves_the_call_to_be_answered(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    uint8_t *huge = calloc(1, (4 << 20) + 1);
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    assert_int_equal(muon_call_reply(got, 200, NULL, huge, (4 << 20) + 1, NULL), MUON_ETOOBIG);
    assert_int_equal(muon_call_reply(got, 99, NULL, NULL, 0, NULL), MUON_EINVAL);
    assert_int_equal(muon_call_reply(got, 200, "a\x01", NULL, 0, NULL), MUON_EINVAL);
    assert_int_equal(muon_call_reply(got, 200, NULL, NULL, 1, NULL), MUON_EINVAL);
    assert_int_equal(muon_call_send(got, NULL, NULL, 0, NULL), MUON_EINVAL);
    reply(got, 413, "");
    assert_int_equal(next_answer(&desk, 2).status, 413);
    free(huge);
    close_desk(&desk, s);
}

static void *close_client(void *c)
{
    assert_int_equal(muon_close(c, PATIENCE_MS, NULL), MUON_OK);
    return NULL;
}

static void closing_drains_and_lets_what_is_served_finish(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    pthread_t thread;
    muon_call *none;
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    call(&desk, 4, "rpc://billing/orders");
    settle(&desk, 6);
    pthread_create(&thread, NULL, close_client, desk.c);
    struct seen drain = fake_bus_next(desk.bus, FRAME_DRAIN);
    assert_in_range(drain.frame.drain_ms, 1, PATIENCE_MS);
    assert_int_equal(muon_server_next(s, &none, PATIENCE_MS, NULL), MUON_ECLOSED);
    assert_int_equal(next_error(&desk, 4), REASON_SHUTTING_DOWN);
    call(&desk, 8, "rpc://billing/orders");
    assert_int_equal(next_error(&desk, 8), REASON_SHUTTING_DOWN);
    reply(got, 200, "the last one");
    assert_true(text_equal(next_answer(&desk, 2).body, text_span("the last one")));
    pthread_join(thread, NULL);
    muon_server_free(s);
    muon_free(desk.c);
    fake_bus_free(desk.bus);
}

static void closing_returns_in_time_whatever_is_held(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    muon_error err;
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    assert_int_equal(muon_close(desk.c, 50, &err), MUON_ETIMEDOUT);
    assert_int_equal(muon_call_wait(got, 0), MUON_ECLOSED);
    assert_int_equal(muon_call_reply(got, 200, NULL, NULL, 0, NULL), MUON_ECLOSED);
    muon_free(desk.c);
    muon_server_free(s);
    fake_bus_free(desk.bus);
}

static void a_queue_gets_calls_and_one_last_item(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(desk.c, &q, NULL), MUON_OK);
    const muon_serve_opts opts = {.queue = q, .tag = 7};
    muon_server *s = serve(&desk, "/orders", &opts);
    for (uint64_t exchange = 2; exchange <= 4; exchange += 2) {
        call(&desk, exchange, "rpc://billing/orders");
        assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_MS), 1);
        assert_int_equal(item.kind, MUON_ITEM_CALL);
        assert_int_equal(item.tag, 7);
        if (exchange == 2) {
            reply(item.object, 200, "");
            item.object = NULL;
        }
        muon_item_clear(&item); /* answers what was not taken */
        assert_int_equal(next_answer(&desk, exchange).status, exchange == 2 ? 200 : 500);
    }
    assert_int_equal(muon_server_next(s, (muon_call **)&item.object, 0, NULL), MUON_EINVAL);
    muon_server_close(s);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    assert_int_equal(item.status, MUON_ECANCELLED);
    assert_null(item.object);
    muon_item_clear(&item);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 0);
    muon_queue_free(q);
    close_desk(&desk, s);
}

static void a_closed_server_refuses_what_nobody_has_taken(void **state)
{
    (void)state;
    struct desk desk = open_desk();
    muon_server *s = serve(&desk, "/orders", NULL);
    muon_call *none;
    call(&desk, 2, "rpc://billing/orders");
    muon_call *got = next(s);
    call(&desk, 4, "rpc://billing/orders");
    settle(&desk, 6);
    muon_server_close(s);
    assert_true(fake_bus_next(desk.bus, FRAME_ENDPOINT).frame.endpoint.removed);
    assert_int_equal(next_error(&desk, 4), REASON_SHUTTING_DOWN);
    assert_int_equal(muon_server_next(s, &none, 0, NULL), MUON_ECLOSED);
    reply(got, 200, ""); /* stays valid */
    next_answer(&desk, 2);
    close_desk(&desk, s);
}

static void what_may_not_be_served_is_named(void **state)
{
    static const char *const names[] = {"photon", "a/b", "__mine"};
    (void)state;
    muon_server *s, *other;
    muon_error err;
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", billing);
    assert_int_equal(muon_serve(c, "/a", NULL, &s, NULL), MUON_OK);
    assert_int_equal(muon_serve(c, "/a", NULL, &other, &err), MUON_EEXIST);
    const muon_serve_opts stream = {.flags = MUON_SERVE_STREAM}, many = {.max_inflight = 4097},
                          flags = {.flags = 2}, doc = {.doc = "two\nlines"};
    assert_int_equal(muon_serve(c, "/a", &stream, &other, &err), MUON_OK);
    muon_server_free(other);
    assert_int_equal(muon_serve(c, "a", NULL, &other, &err), MUON_EINVAL);
    assert_int_equal(muon_serve(c, NULL, NULL, &other, &err), MUON_EINVAL);
    assert_int_equal(muon_serve(c, "/**/x", NULL, &other, &err), MUON_EINVAL);
    assert_int_equal(muon_serve(c, "/b", &many, &other, &err), MUON_EINVAL);
    assert_int_equal(muon_serve(c, "/b", &flags, &other, &err), MUON_EINVAL);
    assert_int_equal(muon_serve(c, "/b", &doc, &other, &err), MUON_EINVAL);
    muon_server_free(s);
    made_close(c);
    c = made_client("muon+insecure://127.0.0.1:1", NULL);
    assert_int_equal(muon_serve(c, "/a", NULL, &s, &err), MUON_EINVAL);
    assert_non_null(strstr(err.message, "service.name"));
    made_close(c);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const made_settings settings[] = {{"service.name", names[i]}, {NULL, NULL}};
        c = made_client("muon+insecure://127.0.0.1:1", settings);
        assert_int_equal(muon_serve(c, "/a", NULL, &s, &err), MUON_EINVAL);
        made_close(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_brings_what_the_caller_gave_and_is_answered),
        cmocka_unit_test(an_exact_path_wins_and_then_the_longer_prefix),
        cmocka_unit_test(a_call_that_is_freed_is_answered_with_500),
        cmocka_unit_test(more_calls_than_max_inflight_are_refused),
        cmocka_unit_test(an_answer_after_the_caller_has_gone_does_nothing),
        cmocka_unit_test(calls_of_a_lost_session_are_gone_and_new_ones_come),
        cmocka_unit_test(large_bodies_come_and_go_in_pieces),
        cmocka_unit_test(a_body_over_the_limit_leaves_the_call_to_be_answered),
        cmocka_unit_test(closing_drains_and_lets_what_is_served_finish),
        cmocka_unit_test(closing_returns_in_time_whatever_is_held),
        cmocka_unit_test(a_queue_gets_calls_and_one_last_item),
        cmocka_unit_test(a_closed_server_refuses_what_nobody_has_taken),
        cmocka_unit_test(what_may_not_be_served_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
