/*
 * An exchange between two ends that say anything, without a network: whatever they say, it ends exactly once.
 */
#include "bus/exchange.h"

#include "tests/wire/raw.h"
#include "wire/codec-error.h"

enum { BODY_BYTES = 1000 };

static struct bus *bus;
static struct instance *instance;

/* What an end has been given. */
struct heard {
    int calls, answers, items, chunks, ends, errors, cancels, credits, overs;
    size_t bytes; /* of items and chunks */
    enum reason reason;
    bool maybe_applied;
    struct end *end; /* NULL: it is over */
};
static struct heard caller, responder;

static void put(struct end *end, struct frame *frame, struct bytes *body)
{
    struct heard *heard = end->owner;
    struct error error;
    assert_int_equal(heard->overs, 0); /* nothing is said after the end */
    assert_true(!body || body->len > 0);
    heard->calls += frame->kind == FRAME_CALL;
    heard->answers += frame->kind == FRAME_ANSWER;
    heard->items += frame->kind == FRAME_ITEM;
    heard->chunks += frame->kind == FRAME_CHUNK;
    heard->ends += frame->kind == FRAME_END;
    heard->cancels += frame->kind == FRAME_CANCEL;
    heard->credits += frame->kind == FRAME_CREDIT;
    if (frame->kind == FRAME_ITEM || frame->kind == FRAME_CHUNK)
        heard->bytes += body ? body->len : 0;
    if (frame->kind != FRAME_ERROR)
        return;
    heard->errors++;
    assert_int_equal(error_decode(frame->error, &error), REASON_NONE);
    heard->reason = error.reason;
    heard->maybe_applied = error.maybe_applied;
}

static void over(struct end *end)
{
    struct heard *heard = end->owner;
    heard->overs++;
    heard->end = NULL;
}

static const struct end_ops end_ops = {put, over};

static void accept(struct instance *i, struct exchange *x)
{
    (void)i;
    x->responder.ops = &end_ops;
    x->responder.owner = &responder;
    responder.end = &x->responder;
}

static const struct instance_ops instance_ops = {.accept = accept};

static int open_bus(void **state)
{
    (void)state;
    struct bus_options options = {
        .store_id = "store", .beat_ms = 1000, .sessions_max = 10, .body_bytes = BODY_BYTES};
    struct bus_hello hello = {.service = text_span("s"), .instance_id = text_span("1")};
    struct bus_endpoint rpc = {.path = text_span("/p")}, stream = {text_span("/p"), .stream = true};
    struct error error;
    bus = bus_open(NULL, &options);
    assert_int_equal(registry_join(bus, &hello, "", false, &instance, &error), REASON_NONE);
    instance->ops = &instance_ops;
    assert_int_equal(registry_serve(bus, instance, &rpc, &error), REASON_NONE);
    assert_int_equal(registry_serve(bus, instance, &stream, &error), REASON_NONE);
    return 0;
}

static int close_bus(void **state)
{
    (void)state;
    assert_int_equal(instance->in_flight, 0);
    assert_int_equal(bus->dues.len, 0);
    assert_null(bus->streams);
    registry_leave(bus, instance);
    bus_close(bus);
    return 0;
}

static void begin(bool stream, uint64_t body_bytes, uint32_t items, uint64_t bytes)
{
    struct exchange *x = exchange_new(bus);
    struct bus_call call = {.url = text_span(stream ? "stream://s/p" : "rpc://s/p"),
                            .body_bytes = body_bytes,
                            .credit_items = items,
                            .credit_bytes = bytes};
    struct error error;
    caller = responder = (struct heard){.end = NULL};
    x->caller.ops = &end_ops;
    x->caller.owner = &caller;
    caller.end = &x->caller;
    assert_int_equal(exchange_begin(x, &call, NULL, &error), REASON_NONE);
    assert_int_equal(responder.calls, 1);
    assert_int_equal(instance->in_flight, 1);
}

/* A frame of this kind with so many bytes of body, of a whole of so many; size and total are of no use to some kinds. */
static void say(struct end *end, enum frame_kind kind, size_t size, uint64_t total)
{
    static uint8_t zeros[4096];
    struct bytes *body = size && kind != FRAME_CREDIT ? bytes_copy(zeros, size) : NULL;
    struct span view = body ? bytes_span(body) : (struct span){NULL, 0};
    struct frame frame = {.kind = kind};
    if (kind == FRAME_ANSWER)
        frame.answer = (struct bus_answer){.status = 200, .body = view, .body_bytes = total};
    else if (kind == FRAME_ITEM)
        frame.item = (struct bus_item){.body = view, .body_bytes = total};
    else if (kind == FRAME_CHUNK)
        frame.chunk = view;
    else if (kind == FRAME_CREDIT)
        frame.credit = (struct bus_credit){(uint32_t)size, total};
    exchange_frame(end, &frame, body);
    bytes_unref(body);
}

/* semantics 16 */
static void whatever_is_said_it_ends_once_and_within_credit(void **state)
{
    (void)state;
    static const enum frame_kind kinds[] = {FRAME_CALL,   FRAME_ANSWER, FRAME_ITEM,
                                            FRAME_END,    FRAME_ERROR,  FRAME_CANCEL,
                                            FRAME_CREDIT, FRAME_CHUNK,  FRAME_CHUNK};
    uint64_t seed = 4711;
    for (int round = 0; round < 20000; round++) {
        uint64_t granted = raw_random(&seed) % 300, items = raw_random(&seed) % 5;
        bool stream = round % 2;
        size_t largest = 0;
        begin(stream, raw_random(&seed) % 2 * 200, (uint32_t)items, granted);
        while (caller.end) {
            uint64_t dice = raw_random(&seed);
            struct end *end = dice % 3 ? responder.end : caller.end;
            enum frame_kind kind = kinds[(dice >> 8) % 9];
            size_t size = (dice >> 16) % 100 + (kind == FRAME_CHUNK);
            uint64_t total = (dice >> 32) % 4 ? 0 : size + (dice >> 40) % 1100;
            if (kind == FRAME_CREDIT)
                total = (dice >> 32) % 100;
            if (kind == FRAME_CREDIT && end == caller.end) {
                granted += total;
                items += size;
            }
            if ((dice >> 56) % 32 == 0)
                exchange_lost(end);
            else
                say(end, kind, size, total);
            largest = size > largest ? size : largest;
        }
        int last = (caller.answers && !caller.errors) + caller.ends + caller.errors;
        assert_true(last <= 1); /* none: the caller gave up, or had its answer in part */
        assert_true(caller.overs == 1 && responder.overs == 1);
        assert_true(caller.cancels == 0 && responder.cancels + responder.errors <= 1);
        assert_true((uint64_t)caller.items <= items);
        assert_true(caller.bytes < granted + largest || caller.bytes == 0);
        assert_true(stream ? caller.answers == 0 : caller.items + caller.ends == 0);
    }
}

/* semantics 18 */
static void only_what_may_have_left_may_have_been_acted_upon(void **state)
{
    (void)state;
    for (uint64_t taken = 0; taken < 2; taken++) {
        begin(false, 0, 0, 0);
        responder.end->lane.taken = taken;
        exchange_lost(responder.end);
        assert_int_equal(caller.reason, REASON_RESPONDER_LOST);
        assert_int_equal(caller.maybe_applied, taken);
        begin(false, 0, 0, 0);
        responder.end->lane.taken = taken;
        struct error error;
        error_set(&error, REASON_TIMED_OUT, "late");
        exchange_fail(caller.end->exchange, &error);
        assert_int_equal(caller.reason, REASON_TIMED_OUT);
        assert_int_equal(caller.maybe_applied, taken);
        assert_int_equal(responder.cancels, 1);
    }
}

static void credits_that_do_not_end_do_not_overflow(void **state)
{
    (void)state;
    begin(true, 0, UINT32_MAX, UINT64_MAX);
    for (int i = 0; i < 100; i++)
        say(caller.end, FRAME_CREDIT, UINT32_MAX, UINT64_MAX);
    assert_int_equal(responder.credits, 100);
    for (int i = 0; i < 100; i++)
        say(responder.end, FRAME_ITEM, 100, 0);
    assert_int_equal(caller.items, 100);
    say(responder.end, FRAME_END, 0, 0);
    assert_int_equal(caller.ends, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_said_it_ends_once_and_within_credit),
        cmocka_unit_test(only_what_may_have_left_may_have_been_acted_upon),
        cmocka_unit_test(credits_that_do_not_end_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, open_bus, close_bus);
}
