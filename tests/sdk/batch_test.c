/*
 * Received events: batches, held messages, and where a subscription resumes.
 */
#include "tests/sdk/made.h"

#include <string.h>

#include "sdk/src/batch.h"
#include "sdk/src/held.h"
#include "sdk/src/sub_request.h"
#include "tests/lib/allocs.h"
#include "wire/codec.h"
#include "wire/event.h"
#include "wire/pb.h"
#include "wire/text.h"

static struct held *hold(const uint64_t *order_ids, size_t n, const uint8_t *marker,
                         size_t marker_len)
{
    bool malformed;
    struct bytes *message = made_message(order_ids, n, marker, marker_len);
    struct held *held = held_new(message, &malformed);
    assert_non_null(held);
    assert_false(malformed);
    bytes_unref(message);
    return held;
}

static void texts_are_nul_terminated_views_of_the_buffer(void **state)
{
    (void)state;
    bool malformed;
    struct bytes *raw = made_event(7);
    muon_batch *batch = batch_new(1, 1);
    batch_hold(batch, raw);
    assert_true(batch_add(batch, bytes_span(raw), &malformed));
    const muon_event *event = muon_batch_at(batch, 0);
    assert_string_equal(event->stream.ptr, "s");
    assert_string_equal(event->type.ptr, "T");
    assert_string_equal(event->event_id.ptr, "some-id");
    assert_string_equal(event->payload.ptr, "p7");
    assert_int_equal(event->payload.len, 2);
    assert_true((const uint8_t *)event->payload.ptr > raw->data &&
                (const uint8_t *)event->payload.ptr < raw->data + raw->len);
    assert_string_equal(event->content_type.ptr, "application/json");
    assert_string_equal(event->schema.ptr, "");
    assert_string_equal(event->metadata.ptr, "");
    assert_int_equal(event->order_id, 7);
    assert_int_equal(event->version, 7);
    assert_int_equal(event->time_ms, 1700000000000);
    assert_null(muon_batch_at(batch, 1));
    bytes_unref(raw);
    muon_batch_free(batch);
}

static void a_text_at_the_very_end_of_an_event_is_copied(void **state)
{
    (void)state;
    uint8_t buffer[64];
    bool malformed;
    uint8_t *at = pb_put_bytes(buffer, 1, text_span("stream"));
    at = pb_put_bytes(at, 2, text_span("type"));
    struct bytes *raw = bytes_copy(buffer, (size_t)(at - buffer));
    muon_batch *batch = batch_new(1, 1);
    batch_hold(batch, raw);
    assert_true(batch_add(batch, bytes_span(raw), &malformed));
    assert_string_equal(muon_batch_at(batch, 0)->stream.ptr, "stream");
    assert_string_equal(muon_batch_at(batch, 0)->type.ptr, "type");
    bytes_unref(raw);
    muon_batch_free(batch);
}

/* What nobody has read is as it was, also when memory is short in between. */
static void without_memory_a_batch_is_smaller_and_the_rest_comes_later(void **state)
{
    (void)state;
    uint8_t texts[64], frames[256], *at = frames;
    uint8_t *end = pb_put_uint(texts, EVENT_ORDER_ID, 0);
    int64_t last = -1;
    size_t taken;
    bool malformed;
    for (uint8_t i = 1; i <= 3; i++) { /* the type is at the very end, and copied */
        texts[1] = i;
        uint8_t *past = pb_put_bytes(pb_put_bytes(end, 1, text_span("s")), 2, text_span("type"));
        at = pb_put_bytes(at, 1, (struct span){texts, (size_t)(past - texts)});
    }
    struct bytes *message = bytes_copy(frames, (size_t)(at - frames));
    struct held *held = held_new(message, &malformed);
    bytes_unref(message);
    allocs_arm(3, false); /* the batch's, the first copy, the second */
    muon_batch *batch = held_take(held, SIZE_MAX, &last, &taken, &malformed);
    allocs_disarm();
    assert_int_equal(muon_batch_count(batch), 1);
    assert_int_equal(taken, 1);
    muon_batch_free(batch);
    allocs_arm(2, false);
    assert_null(held_take(held, SIZE_MAX, &last, &taken, &malformed));
    allocs_disarm();
    assert_false(malformed);
    batch = held_take(held, SIZE_MAX, &last, &taken, &malformed);
    assert_int_equal(muon_batch_count(batch), 2);
    assert_int_equal(muon_batch_at(batch, 0)->order_id, 2);
    assert_string_equal(muon_batch_at(batch, 1)->type.ptr, "type");
    assert_string_equal(muon_batch_at(batch, 1)->stream.ptr, "s");
    assert_int_equal(held->events, 0);
    muon_batch_free(batch);
    held_free(held);
}

static struct muon_event read_one(const uint8_t *data, const uint8_t *end, muon_batch **batch)
{
    bool malformed;
    struct bytes *raw = bytes_copy(data, (size_t)(end - data));
    *batch = batch_new(1, 1);
    batch_hold(*batch, raw);
    assert_true(batch_add(*batch, bytes_span(raw), &malformed));
    bytes_unref(raw);
    return *muon_batch_at(*batch, 0);
}

static void every_field_arrives_where_it_belongs(void **state)
{
    (void)state;
    static const char *const names[] = {"",        "stream",   "type", "event-id", "payload",
                                        "text",    "schema",   "id",   "service",  "cause",
                                        "relates", "metadata", "trace"};
    uint8_t buffer[256], *at = buffer;
    muon_batch *batch;
    for (uint32_t n = 1; n <= EVENT_FIELDS; n++)
        at = pb_put_bytes(at, n, text_span(names[n]));
    at = pb_put_uint(pb_put_uint(at, EVENT_ORDER_ID, 13), EVENT_VERSION, 14);
    struct muon_event e = read_one(buffer, pb_put_uint(at, EVENT_TIME, 15), &batch);
    const muon_str *fields[] = {NULL,
                                &e.stream,
                                &e.type,
                                &e.event_id,
                                &e.payload,
                                &e.content_type,
                                &e.schema,
                                &e.id,
                                &e.service,
                                &e.caused_by,
                                &e.caused_by_relation,
                                &e.metadata,
                                &e.traceparent};
    for (uint32_t n = 1; n <= EVENT_FIELDS; n++)
        assert_string_equal(fields[n]->ptr, names[n]);
    assert_int_equal(e.order_id, 13);
    assert_int_equal(e.version, 14);
    assert_int_equal(e.time_ms, 15);
    muon_batch_free(batch);
}

static void the_last_of_repeated_fields_counts_and_unknown_ones_are_skipped(void **state)
{
    (void)state;
    uint8_t buffer[256], *at = buffer;
    muon_batch *batch;
    at = pb_put_bytes(at, 1, text_span("first"));
    at = pb_put_bytes(at, 5, text_span("text/plain"));
    at = pb_put_bytes(at, 6, text_span("schema"));
    at = pb_put_bytes(at, 300, text_span("unknown"));
    at = pb_put_uint(at, 2, 7);                              /* a number where a text belongs */
    at = pb_put_bytes(at, EVENT_VERSION, text_span("text")); /* and the other way around */
    at = pb_put_bytes(at, 1, text_span("last"));
    at = pb_put_bytes(at, 5, text_span(""));
    struct muon_event e = read_one(buffer, pb_put_bytes(at, 6, text_span("")), &batch);
    assert_string_equal(e.stream.ptr, "last");
    assert_string_equal(e.content_type.ptr, "application/json");
    assert_string_equal(e.schema.ptr, "");
    assert_string_equal(e.type.ptr, "");
    assert_int_equal(e.version, 0);
    muon_batch_free(batch);
}

static void a_batch_lives_until_its_last_owner_frees_it(void **state)
{
    (void)state;
    bool malformed;
    struct bytes *raw = made_event(1);
    muon_batch *batch = batch_new(1, 1);
    batch_hold(batch, raw);
    batch_add(batch, bytes_span(raw), &malformed);
    bytes_unref(raw);
    assert_ptr_equal(muon_batch_ref(batch), batch);
    muon_batch_free(batch);
    assert_string_equal(muon_batch_at(batch, 0)->payload.ptr, "p1");
    muon_batch_free(batch);
    muon_batch_free(NULL);
    assert_int_equal(muon_batch_count(NULL), 0);
}

static void a_malformed_event_is_not_added(void **state)
{
    (void)state;
    static const uint8_t cut[] = {0x0a, 0x05, 's'};
    bool malformed;
    struct bytes *raw = bytes_copy(cut, sizeof cut);
    muon_batch *batch = batch_new(1, 1);
    batch_hold(batch, raw);
    assert_false(batch_add(batch, bytes_span(raw), &malformed));
    assert_true(malformed);
    assert_int_equal(muon_batch_count(batch), 0);
    bytes_unref(raw);
    muon_batch_free(batch);
}

static void a_message_is_taken_in_batches_and_its_flags_come_last(void **state)
{
    (void)state;
    static const uint64_t ids[] = {1, 2, 3, 4, 5};
    uint8_t marker[32];
    size_t marker_len = marker_caught_up(marker, 9), taken;
    struct held *held = hold(ids, 5, marker, marker_len);
    int64_t last = -1;
    bool malformed;
    assert_int_equal(held->order_id, 9);
    for (int64_t first = 1; first <= 5; first += 2) {
        muon_batch *batch = held_take(held, 2, &last, &taken, &malformed);
        assert_int_equal(muon_batch_count(batch), first < 5 ? 2 : 1);
        assert_int_equal(muon_batch_at(batch, 0)->order_id, first);
        assert_int_equal(muon_batch_flags(batch), first < 5 ? 0 : MUON_BATCH_LIVE);
        muon_batch_free(batch);
    }
    assert_int_equal(held->events, 0);
    assert_int_equal(last, 5);
    held_free(held);
}

static void no_order_id_is_delivered_twice_or_out_of_order(void **state)
{
    (void)state;
    static const uint64_t ids[] = {3, 4, 4, 2, 6};
    struct held *held = hold(ids, 5, NULL, 0);
    int64_t last = 3;
    size_t taken;
    bool malformed;
    muon_batch *batch = held_take(held, 100, &last, &taken, &malformed);
    assert_int_equal(taken, 5);
    assert_int_equal(muon_batch_count(batch), 2);
    assert_int_equal(muon_batch_at(batch, 0)->order_id, 4);
    assert_int_equal(muon_batch_at(batch, 1)->order_id, 6);
    assert_int_equal(last, 6);
    muon_batch_free(batch);
    held_free(held);
}

static void a_cut_message_is_malformed_at_every_length(void **state)
{
    (void)state;
    static const uint64_t ids[] = {1, 2};
    struct bytes *whole = made_message(ids, 2, NULL, 0);
    size_t sound = 0;
    for (size_t len = 0; len <= whole->len; len++) {
        bool malformed;
        struct bytes *part = bytes_copy(whole->data, len);
        struct held *held = held_new(part, &malformed);
        sound += held != NULL;
        assert_int_equal(held == NULL, malformed);
        held_free(held);
        bytes_unref(part);
    }
    assert_int_equal(sound, 3); /* nothing, one event, both */
    bytes_unref(whole);
}

/* ---- what is asked for ---- */

static const struct info store = {.store_id = "8f7e9c30-0000-7000-8000-000000000001",
                                  .incarnation = 3};

static void asked(struct sub_request *request, struct subscribe_request *out, struct bytes **keep)
{
    struct error error;
    *keep = sub_request_encode(request, &store);
    assert_non_null(*keep);
    assert_int_equal(subscribe_request_decode(bytes_span(*keep), out, &error), REASON_NONE);
}

static void advance(struct sub_request *request, const uint64_t *ids, size_t n,
                    const uint8_t *marker, size_t marker_len)
{
    struct held *held = hold(ids, n, marker, marker_len);
    sub_request_advance(request, held);
    held_free(held);
}

/* semantics 12 */
static void a_hot_subscription_resumes_as_hot_cold_after_the_head_it_was_told(void **state)
{
    (void)state;
    const muon_sub_opts opts = {.mode = MUON_HOT};
    struct sub_request request;
    struct subscribe_request ask;
    struct bytes *keep;
    uint8_t marker[32];
    assert_int_equal(sub_request_init(&request, "s", &opts, NULL), MUON_OK);
    asked(&request, &ask, &keep);
    assert_int_equal(ask.type, STREAM_HOT); /* nothing was told: hot again */
    bytes_unref(keep);
    advance(&request, NULL, 0, marker, marker_caught_up(marker, 41));
    asked(&request, &ask, &keep);
    assert_int_equal(ask.type, STREAM_HOT_COLD);
    assert_int_equal(ask.from_kind, FROM_ORDER_ID);
    assert_int_equal(ask.from, 42);
    bytes_unref(keep);
    sub_request_fini(&request);
}

/* What it was told before its first event may stand before where it wants to begin. */
static void a_subscription_from_a_place_to_come_resumes_there(void **state)
{
    (void)state;
    static const struct {
        int32_t kind;
        int64_t from;
        enum from_kind resumed;
    } cases[] = {{MUON_FROM_VERSION, 30, FROM_VERSION},
                 {MUON_FROM_TIME, 30, FROM_TIME},
                 {MUON_FROM_ORDER_ID, 30, FROM_ORDER_ID}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const muon_sub_opts opts = {
            .mode = MUON_HOT_COLD, .from_kind = cases[i].kind, .from = cases[i].from};
        struct sub_request request;
        struct subscribe_request ask;
        struct bytes *keep;
        assert_int_equal(sub_request_init(&request, "s", &opts, NULL), MUON_OK);
        asked(&request, &ask, &keep);
        bytes_unref(keep);
        const struct held marker = {.placed = true, .order_id = 12, .flags = MUON_BATCH_LIVE};
        sub_request_advance(&request, &marker);
        asked(&request, &ask, &keep);
        assert_int_equal(ask.from_kind, cases[i].resumed);
        assert_int_equal(ask.from, 30);
        bytes_unref(keep);
        const struct held event = {.placed = true, .order_id = 40, .events = 1};
        sub_request_advance(&request, &event);
        asked(&request, &ask, &keep);
        assert_int_equal(ask.from_kind, FROM_ORDER_ID);
        assert_int_equal(ask.from, 41);
        bytes_unref(keep);
        sub_request_fini(&request);
    }
}

/* semantics 9, 12 */
static void a_lost_subscription_resumes_after_what_it_received_on_the_same_store(void **state)
{
    (void)state;
    static const uint64_t ids[] = {5, 8};
    static const char *const types[] = {"A", "B"};
    const muon_sub_opts opts = {.mode = MUON_COLD,
                                .from_kind = MUON_FROM_TIME,
                                .from = 9,
                                .limit = 10,
                                .types = types,
                                .types_len = 2};
    struct sub_request request;
    struct subscribe_request ask;
    struct bytes *keep;
    uint8_t marker[32];
    assert_int_equal(sub_request_init(&request, "orders/**", &opts, NULL), MUON_OK);
    asked(&request, &ask, &keep);
    assert_int_equal(ask.from_kind, FROM_TIME);
    assert_int_equal(ask.from, 9);
    assert_int_equal(ask.limit, 10);
    assert_int_equal(ask.store_id.len, 0);
    bytes_unref(keep);
    advance(&request, ids, 2, NULL, 0);
    advance(&request, NULL, 0, marker, marker_checkpoint(marker, 100, 200));
    asked(&request, &ask, &keep);
    assert_int_equal(ask.type, STREAM_COLD);
    assert_int_equal(ask.from_kind, FROM_ORDER_ID);
    assert_int_equal(ask.from, 101);
    assert_int_equal(ask.limit, 8);
    assert_int_equal(ask.event_types, 2);
    assert_true(text_equal(ask.store_id, text_span(store.store_id)));
    assert_int_equal(ask.incarnation, 3);
    bytes_unref(keep);
    sub_request_fini(&request);
}

static void what_makes_no_sense_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        muon_sub_opts opts;
    } bad[] = {
        {NULL, {0}},
        {"", {0}},
        {"a\nb", {0}},
        {"\xff", {0}},
        {"s", {.mode = 3}},
        {"s", {.mode = -1}},
        {"s", {.from_kind = 3}},
        {"s", {.from = -1}},
        {"s", {.limit = 1}}, /* hot-cold */
        {"s", {.mode = MUON_HOT, .from = 1}},
        {"a**", {.from_kind = MUON_FROM_VERSION, .from = 1}},
        {"__all__", {.from_kind = MUON_FROM_VERSION, .from = 1}},
        {"s", {.types_len = 1}},
        {"s", {.types_len = 65}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sub_request request;
        muon_error err;
        if (sub_request_init(&request, bad[i].stream, &bad[i].opts, &err) != MUON_EINVAL)
            fail_msg("case %zu was taken", i);
        assert_true(err.message[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_nul_terminated_views_of_the_buffer),
        cmocka_unit_test(a_text_at_the_very_end_of_an_event_is_copied),
        cmocka_unit_test(without_memory_a_batch_is_smaller_and_the_rest_comes_later),
        cmocka_unit_test(every_field_arrives_where_it_belongs),
        cmocka_unit_test(the_last_of_repeated_fields_counts_and_unknown_ones_are_skipped),
        cmocka_unit_test(a_batch_lives_until_its_last_owner_frees_it),
        cmocka_unit_test(a_malformed_event_is_not_added),
        cmocka_unit_test(a_message_is_taken_in_batches_and_its_flags_come_last),
        cmocka_unit_test(no_order_id_is_delivered_twice_or_out_of_order),
        cmocka_unit_test(a_cut_message_is_malformed_at_every_length),
        cmocka_unit_test(a_hot_subscription_resumes_as_hot_cold_after_the_head_it_was_told),
        cmocka_unit_test(a_subscription_from_a_place_to_come_resumes_there),
        cmocka_unit_test(a_lost_subscription_resumes_after_what_it_received_on_the_same_store),
        cmocka_unit_test(what_makes_no_sense_is_refused_before_it_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
