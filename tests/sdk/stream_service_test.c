/*
 * Streams of services: publishing under the subscriber's credit, and subscribing.
 */
#include "tests/sdk/fake_bus.h"

#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

enum { PATIENCE_MS = 60000, LARGE = 200 << 10, FRAME = BUS_FRAME_BYTES };

static const made_settings billing[] = {{"service.name", "billing"}, {NULL, NULL}};

/* ---- publishing ---- */

struct desk {
    struct fake_bus *bus;
    muon_client *c;
    muon_queue *q; /* NULL: muon_server_next */
    muon_server *s;
    struct seen to; /* the subscriber */
};

static void subscriber(struct desk *desk, uint64_t exchange, uint32_t items, uint64_t bytes)
{
    const struct frame frame = {.exchange = exchange,
                                .kind = FRAME_CALL,
                                .call = {.url = text_span("stream://billing/prices?from=1"),
                                         .credit_items = items,
                                         .credit_bytes = bytes}};
    desk->to.frame.exchange = exchange;
    fake_bus_send(desk->bus, desk->to.call, &frame);
}

static struct desk open_desk(bool queued)
{
    struct desk desk = {.bus = fake_bus_new()};
    desk.c = made_client(fake_bus_url(desk.bus), billing);
    if (queued)
        assert_int_equal(muon_queue_new(desk.c, &desk.q, NULL), MUON_OK);
    const muon_serve_opts opts = {.flags = MUON_SERVE_STREAM, .queue = desk.q, .tag = 3};
    assert_int_equal(muon_serve(desk.c, "/prices", &opts, &desk.s, NULL), MUON_OK);
    struct seen endpoint = fake_bus_next(desk.bus, FRAME_ENDPOINT);
    assert_true(endpoint.frame.endpoint.stream);
    desk.to.call = endpoint.call;
    return desk;
}

static void close_desk(struct desk *desk)
{
    muon_server_free(desk->s);
    muon_queue_free(desk->q);
    made_close(desk->c);
    fake_bus_free(desk->bus);
}

static muon_item next_item(struct desk *desk)
{
    muon_item item;
    assert_int_equal(muon_queue_wait(desk->q, &item, 1, PATIENCE_MS), 1);
    assert_int_equal(item.tag, 3);
    return item;
}

static muon_call *next(struct desk *desk)
{
    muon_call *call;
    if (!desk->q)
        assert_int_equal(muon_server_next(desk->s, &call, PATIENCE_MS, NULL), MUON_OK);
    else
        call = next_item(desk).object;
    return call;
}

static int32_t send(muon_call *call, const char *body)
{
    return muon_call_send(call, "text/plain", body, strlen(body), NULL);
}

static struct bus_item next_published(struct desk *desk)
{
    struct seen seen = fake_bus_next(desk->bus, FRAME_ITEM);
    assert_int_equal(seen.frame.exchange, desk->to.frame.exchange);
    return seen.frame.item;
}

/* semantics 16 */
static void a_publisher_is_told_to_wait_and_when_to_go_on(void **state)
{
    (void)state;
    struct desk desk = open_desk(false);
    subscriber(&desk, 2, 2, 1000);
    muon_call *call = next(&desk);
    assert_int_equal(call->kind, MUON_CALL_STREAM);
    assert_string_equal(call->path.ptr, "/prices");
    assert_string_equal(call->args.ptr, "from=1");
    assert_int_equal(call->deadline_ms, 0);
    assert_int_equal(send(call, "1"), MUON_OK);
    assert_int_equal(send(call, "2"), MUON_OK);
    assert_int_equal(send(call, "3"), MUON_EAGAIN);
    assert_int_equal(muon_call_wait(call, 0), MUON_EAGAIN);
    fake_bus_credit(desk.bus, &desk.to, 1, 0);
    assert_int_equal(muon_call_wait(call, PATIENCE_MS), MUON_OK);
    assert_int_equal(send(call, "3"), MUON_OK);
    assert_int_equal(send(call, "4"), MUON_EAGAIN);
    static const char *const sent[] = {"1", "2", "3"};
    for (int i = 0; i < 3; i++) {
        struct bus_item item = next_published(&desk);
        assert_true(text_equal(item.body, text_span(sent[i])));
        assert_true(text_equal(item.content_type, text_span("text/plain")));
    }
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_OK);
    assert_int_equal(fake_bus_next(desk.bus, FRAME_END).frame.exchange, 2);
    close_desk(&desk);
}

static void a_queue_tells_when_a_stream_can_take_more_and_that_it_is_over(void **state)
{
    (void)state;
    struct desk desk = open_desk(true);
    subscriber(&desk, 2, 1, 1000);
    muon_call *call = next(&desk);
    assert_int_equal(send(call, "1"), MUON_OK);
    assert_int_equal(send(call, "2"), MUON_EAGAIN);
    fake_bus_credit(desk.bus, &desk.to, 5, 0);
    muon_item item = next_item(&desk);
    assert_int_equal(item.kind, MUON_ITEM_WRITABLE);
    assert_int_equal(item.status, MUON_OK);
    assert_int_equal(item.version, call->number);
    muon_item_clear(&item);
    assert_int_equal(send(call, "2"), MUON_OK);
    const struct frame cancel = {.exchange = 2, .kind = FRAME_CANCEL};
    fake_bus_send(desk.bus, desk.to.call, &cancel);
    item = next_item(&desk);
    assert_int_equal(item.kind, MUON_ITEM_WRITABLE);
    assert_int_equal(item.status, MUON_ECANCELLED);
    assert_int_equal(item.version, call->number);
    muon_item_clear(&item);
    assert_int_equal(send(call, "3"), MUON_ECANCELLED);
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_ECANCELLED);
    assert_int_equal(fake_bus_count(desk.bus, FRAME_END), 0);
    close_desk(&desk);
}

/* semantics 16 */
static void a_large_item_goes_in_pieces_and_the_next_waits_for_it(void **state)
{
    (void)state;
    struct desk desk = open_desk(false);
    uint8_t *body = calloc(1, LARGE);
    subscriber(&desk, 2, 10, 1);
    muon_call *call = next(&desk);
    assert_int_equal(muon_call_send(call, NULL, body, LARGE, NULL), MUON_OK);
    assert_int_equal(send(call, "next"), MUON_EAGAIN);
    struct bus_item item = next_published(&desk);
    assert_int_equal(item.body.len, FRAME);
    assert_int_equal(item.body_bytes, LARGE);
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_OK);
    fake_bus_credit(desk.bus, &desk.to, 0, 2 * LARGE);
    for (size_t at = FRAME; at < LARGE;)
        at += fake_bus_next(desk.bus, FRAME_CHUNK).frame.chunk.len;
    fake_bus_next(desk.bus, FRAME_END); /* behind all of it */
    free(body);
    close_desk(&desk);
}

static void what_waits_for_a_slow_network_is_bounded_whatever_the_credit(void **state)
{
    enum { ITEM = 16 << 10, ITEMS_MAX = 1000 };
    (void)state;
    struct desk desk = open_desk(false);
    uint8_t *body = calloc(1, ITEM);
    subscriber(&desk, 2, UINT32_MAX, UINT64_MAX);
    muon_call *call = next(&desk);
    fake_bus_hold(desk.bus, true);
    int sent = 0;
    while (sent < ITEMS_MAX && muon_call_send(call, NULL, body, ITEM, NULL) == MUON_OK)
        sent++;
    assert_true(sent < ITEMS_MAX);
    fake_bus_hold(desk.bus, false);
    assert_int_equal(muon_call_wait(call, PATIENCE_MS), MUON_OK);
    assert_int_equal(muon_call_reply(call, 200, NULL, NULL, 0, NULL), MUON_OK);
    fake_bus_next(desk.bus, FRAME_END);
    assert_int_equal(fake_bus_count(desk.bus, FRAME_ITEM), sent);
    free(body);
    close_desk(&desk);
}

static void a_stream_that_fails_says_why(void **state)
{
    static const struct {
        int32_t status;
        enum reason reason;
    } rows[] = {{400, REASON_INVALID_ARGUMENT}, {403, REASON_DENIED},
                {404, REASON_NO_SUCH_PATH},     {408, REASON_TIMED_OUT},
                {500, REASON_RESPONDER_LOST},   {0, REASON_RESPONDER_LOST}};
    (void)state;
    struct desk desk = open_desk(false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error;
        subscriber(&desk, 2 * (i + 1), 1, 1);
        muon_call *call = next(&desk);
        if (rows[i].status)
            assert_int_equal(muon_call_reply(call, rows[i].status, NULL, "why", 3, NULL), MUON_OK);
        else
            muon_call_free(call);
        struct seen seen = fake_bus_next(desk.bus, FRAME_ERROR);
        assert_int_equal(seen.frame.exchange, 2 * (i + 1));
        assert_int_equal(error_decode(seen.frame.error, &error), REASON_NONE);
        assert_int_equal(error.reason, rows[i].reason);
        assert_string_equal(error.message, rows[i].status ? "why"
                                                          : "the publisher has ended the stream "
                                                            "without a reason");
    }
    close_desk(&desk);
}

/* ---- subscribing ---- */

struct line {
    struct fake_bus *bus;
    muon_client *c;
    muon_sub *sub;
    unsigned call;
};

static const char url[] = "stream://shop/prices?from=1";

static struct line open_line(const muon_sub_opts *opts)
{
    struct line line = {.bus = fake_bus_new()};
    line.c = made_client(fake_bus_url(line.bus), NULL);
    assert_int_equal(muon_subscribe(line.c, url, opts, &line.sub, NULL), MUON_OK);
    struct seen seen = fake_bus_next(line.bus, FRAME_CALL);
    assert_true(text_equal(seen.frame.call.url, text_span(url)));
    line.call = seen.call;
    return line;
}

static void close_line(struct line *line)
{
    muon_sub_free(line->sub);
    made_close(line->c);
    fake_bus_free(line->bus);
}

static void publish(struct line *line, const char *type, const char *body)
{
    const struct frame frame = {.kind = FRAME_ITEM,
                                .item = {.content_type = text_span(type), .body = text_span(body)}};
    fake_bus_send(line->bus, line->call, &frame);
}

static void items_come_as_events_and_outlive_the_client(void **state)
{
    (void)state;
    struct line line = open_line(NULL);
    muon_batch *batches[3];
    publish(&line, "", "{}");
    publish(&line, "text/plain", "two");
    publish(&line, "text/plain", "");
    for (int i = 0; i < 3; i++)
        assert_int_equal(muon_sub_next(line.sub, &batches[i], PATIENCE_MS, NULL), MUON_OK);
    close_line(&line);
    static const char *const types[] = {"application/json", "text/plain", "text/plain"};
    static const char *const bodies[] = {"{}", "two", ""};
    for (int i = 0; i < 3; i++) {
        const muon_event *event = muon_batch_at(batches[i], 0);
        assert_int_equal(muon_batch_count(batches[i]), 1);
        assert_int_equal(event->version, i + 1);
        assert_int_equal(event->order_id, 0);
        assert_string_equal(event->stream.ptr, url);
        assert_string_equal(event->content_type.ptr, types[i]);
        assert_string_equal(event->payload.ptr, bodies[i]);
        assert_string_equal(event->type.ptr, "");
        assert_string_equal(event->event_id.ptr, "");
        muon_batch_free(batches[i]);
    }
}

static void a_subscription_ends_as_its_publisher_does(void **state)
{
    static const struct {
        enum reason reason;
        int32_t status;
    } rows[] = {{REASON_NONE, MUON_END},
                {REASON_RESPONDER_LOST, MUON_EREMOTE},
                {REASON_NO_SUCH_SERVICE, MUON_ENOENT},
                {REASON_NO_SUCH_PATH, MUON_ENOENT},
                {REASON_SHUTTING_DOWN, MUON_EUNAVAIL},
                {REASON_BUSY, MUON_EUNAVAIL}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line line = open_line(NULL);
        muon_batch *batch;
        publish(&line, "", "last");
        assert_int_equal(muon_sub_next(line.sub, &batch, PATIENCE_MS, NULL), MUON_OK);
        muon_batch_free(batch);
        fake_bus_cut(line.bus, line.call, rows[i].reason);
        assert_int_equal(muon_sub_next(line.sub, &batch, PATIENCE_MS, NULL), rows[i].status);
        assert_int_equal(muon_sub_next(line.sub, &batch, 0, NULL), rows[i].status);
        assert_int_equal(fake_bus_count(line.bus, FRAME_CALL), 1); /* not resumed */
        close_line(&line);
    }
}

static void a_subscription_through_a_queue_gives_batches_and_the_end(void **state)
{
    (void)state;
    struct fake_bus *bus = fake_bus_new();
    muon_client *c = made_client(fake_bus_url(bus), NULL);
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    const muon_sub_opts opts = {.queue = q, .tag = 4, .prefetch = 1, .batch_max = 1};
    struct line line = {.bus = bus, .c = c};
    assert_int_equal(muon_subscribe(c, url, &opts, &line.sub, NULL), MUON_OK);
    line.call = fake_bus_next(bus, FRAME_CALL).call;
    publish(&line, "", "1");
    assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_MS), 1);
    assert_int_equal(item.kind, MUON_ITEM_BATCH);
    assert_string_equal(muon_batch_at(item.object, 0)->payload.ptr, "1");
    muon_item_clear(&item);
    fake_bus_cut(bus, line.call, REASON_NONE);
    assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_MS), 1);
    assert_int_equal(item.status, MUON_END);
    muon_queue_free(q);
    close_line(&line);
}

static void closing_a_subscription_tells_the_publisher(void **state)
{
    (void)state;
    struct line line = open_line(NULL);
    muon_sub_close(line.sub);
    fake_bus_wait_gone(line.bus, line.call);
    close_line(&line);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    static const char *const types[] = {"T"};
    static const muon_sub_opts rows[] = {{.mode = MUON_COLD},
                                         {.from_kind = MUON_FROM_TIME},
                                         {.from = 1},
                                         {.limit = 1},
                                         {.types = types, .types_len = 1}};
    (void)state;
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", NULL);
    muon_sub *sub;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(muon_subscribe(c, url, &rows[i], &sub, NULL), MUON_EINVAL);
    assert_int_equal(muon_subscribe(c, "stream://shop", NULL, &sub, NULL), MUON_EINVAL);
    made_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publisher_is_told_to_wait_and_when_to_go_on),
        cmocka_unit_test(a_queue_tells_when_a_stream_can_take_more_and_that_it_is_over),
        cmocka_unit_test(a_large_item_goes_in_pieces_and_the_next_waits_for_it),
        cmocka_unit_test(what_waits_for_a_slow_network_is_bounded_whatever_the_credit),
        cmocka_unit_test(a_stream_that_fails_says_why),
        cmocka_unit_test(items_come_as_events_and_outlive_the_client),
        cmocka_unit_test(a_subscription_ends_as_its_publisher_does),
        cmocka_unit_test(a_subscription_through_a_queue_gives_batches_and_the_end),
        cmocka_unit_test(closing_a_subscription_tells_the_publisher),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
