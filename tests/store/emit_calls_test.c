/*
 * emit_calls_test.c - Emit, EmitStream and DeleteStream as a client of any language sees them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/emits.h"
#include "wire/codec.h"
#include "wire/pb.h"
#include "wire/text.h"

#define PHOTON "/muon.v1.PhotonService/"

static int setup(void **state)
{
    *state = inside_start();
    return 0;
}

static int teardown(void **state)
{
    inside_stop(*state);
    return 0;
}

/* ---- Emit ---- */

static void an_empty_store_is_empty_and_not_damaged(void **state)
{
    struct inside *in = *state;
    assert_int_equal(emits_count(in, "__all__"), 0);
    assert_int_equal(emits_count(in, "orders/**"), 0);
    assert_int_equal(emits_count(in, "orders"), 0);
}

static void an_emit_is_answered_with_the_places_of_its_events(void **state)
{
    struct inside *in = *state;
    struct emit_response response;
    struct error error;
    for (uint64_t version = 1; version <= 3; version++) {
        assert_int_equal(emits_send(in, emits_request("orders", "", 10), &response, &error),
                         REASON_NONE);
        assert_false(response.duplicate);
        assert_int_equal(response.stored_len, 1);
        assert_int_equal(response.stored[0].version, version);
        assert_true(response.event_time > 1700000000000);
        free(response.stored);
    }
}

/* semantics 3 */
static void an_event_without_an_id_gets_one_each_time(void **state)
{
    struct inside *in = *state;
    struct emit_response response;
    struct error error;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(emits_send(in, emits_request("s", "", 1), &response, &error), REASON_NONE);
        assert_false(response.duplicate);
        free(response.stored);
    }
    struct get_request get = {.by = GET_BY_VERSION, .stream_name = text_span("s"), .version = 2};
    struct bytes *answer;
    assert_int_equal(
        caller_ask(in->caller, PHOTON "GetEvent", get_request_encode(&get), &answer, &error),
        REASON_NONE);
    struct span raw;
    struct event event;
    assert_int_equal(get_response_decode(bytes_span(answer), &raw), REASON_NONE);
    assert_true(event_read(raw, &event));
    assert_int_equal(event.event_id.len, 36);
    assert_int_equal(event.event_id.data[14], '7');
    bytes_unref(answer);
}

/* semantics 3 */
static void a_retry_after_a_restart_is_a_duplicate(void **state)
{
    struct inside *in = *state;
    struct emit_response first, again;
    struct error error;
    assert_int_equal(emits_send(in, emits_request("s", "id-1", 10), &first, &error), REASON_NONE);
    inside_restart(in);
    assert_int_equal(emits_send(in, emits_request("s", "id-1", 10), &again, &error), REASON_NONE);
    assert_true(again.duplicate);
    assert_int_equal(again.stored[0].order_id, first.stored[0].order_id);
    assert_int_equal(again.event_time, first.event_time);
    free(first.stored);
    free(again.stored);
    assert_int_equal(emits_send(in, emits_request("s", "id-1", 11), NULL, &error),
                     REASON_EVENT_ID_REUSED);
    assert_int_equal(error.grpc_status, 6);
}

/* semantics 10 */
static void what_is_too_large_is_refused_and_the_connection_lives(void **state)
{
    struct inside *in = *state;
    struct error error;
    assert_int_equal(emits_send(in, emits_request("s", "", 65536), NULL, &error), REASON_TOO_LARGE);
    assert_int_equal(error.limit, 65536);
    assert_int_equal(error.grpc_status, 8);
    assert_int_equal(emits_send(in, emits_request("s", "", 300000), NULL, &error),
                     REASON_TOO_LARGE);
    assert_int_equal(emits_send(in, emits_request("s", "", 10), NULL, &error), REASON_NONE);
}

/* hazards 14 */
static void garbage_is_refused_and_the_server_lives(void **state)
{
    struct inside *in = *state;
    struct error error;
    srand(3);
    for (int i = 0; i < 200; i++) {
        struct bytes *good = emits_request("s", "", 40);
        size_t len = i % 2 ? (size_t)rand() % good->len : good->len;
        struct bytes *bad = bytes_copy(good->data, len);
        for (int n = 0; len && n < 4; n++)
            bad->data[(size_t)rand() % len] = (uint8_t)rand();
        bytes_unref(good);
        enum reason reason = emits_send(in, bad, NULL, &error);
        assert_true(reason == REASON_NONE || reason == REASON_INVALID_ARGUMENT ||
                    reason == REASON_TOO_LARGE);
    }
    assert_int_equal(emits_send(in, emits_request("s", "", 10), NULL, &error), REASON_NONE);
}

static void refused(struct inside *in, const char *stream, const char *field)
{
    struct error error;
    assert_int_equal(emits_send(in, emits_request(stream, "", 1), NULL, &error),
                     REASON_INVALID_ARGUMENT);
    assert_int_equal(error.grpc_status, 3);
    assert_string_equal(error.field, field);
}

/* semantics 6 */
static void names_that_break_a_rule_are_refused(void **state)
{
    struct inside *in = *state;
    char longer[258];
    memset(longer, 'x', 256);
    longer[256] = '\0';
    refused(in, "", "stream-name");
    refused(in, longer, "stream-name");
    refused(in, "a\xff", "stream-name");
    refused(in, "a\tb", "stream-name");
    refused(in, "orders/**", "stream-name");
    refused(in, "__store__", "stream-name");
    longer[255] = '\0';
    struct error error;
    assert_int_equal(emits_send(in, emits_request(longer, "", 1), NULL, &error), REASON_NONE);
}

/* ---- EmitStream ---- */

static struct bytes *numbered(uint64_t number, struct bytes *request)
{
    struct bytes *part = emit_stream_part(number, bytes_span(request));
    bytes_unref(request);
    return part;
}

static struct bytes *joined(struct bytes **parts, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += parts[i]->len;
    struct bytes *all = bytes_new(len);
    uint8_t *at = all->data;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, parts[i]->data, parts[i]->len);
        at += parts[i]->len;
        bytes_unref(parts[i]);
    }
    return all;
}

/* Answers in the order of their numbers, from `number` on; each is what the caller expects. */
struct answers {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
};

static enum reason answer_next(struct answers *a, uint64_t number, struct emit_response *response)
{
    uint64_t got;
    struct span ok, failed;
    while (a->rest.len == 0) {
        bytes_unref(a->message);
        a->message = caller_stream_read(a->stream);
        assert_non_null(a->message);
        a->rest = bytes_span(a->message);
    }
    assert_int_equal(emit_result_next(&a->rest, &got, &ok, &failed), 1);
    assert_int_equal(got, number);
    if (failed.data) {
        struct error error;
        error_decode(failed, &error);
        return error.reason;
    }
    assert_int_equal(emit_response_decode(ok, response), REASON_NONE);
    return REASON_NONE;
}

/* semantics 7 */
static void numbered_emits_are_committed_and_answered_in_order(void **state)
{
    struct inside *in = *state;
    struct answers a = {.stream = caller_stream_open(in->caller, PHOTON "EmitStream")};
    uint64_t last = 0, number = 1;
    for (int message = 0; message < 20; message++) {
        struct bytes *parts[50];
        for (int i = 0; i < 50; i++)
            parts[i] = numbered(number++, emits_request("s", "", 100));
        assert_true(caller_stream_send(a.stream, joined(parts, 50), message == 19));
    }
    for (uint64_t n = 1; n < number; n++) {
        struct emit_response response;
        assert_int_equal(answer_next(&a, n, &response), REASON_NONE);
        assert_true(response.stored[0].order_id > last);
        assert_int_equal(response.stored[0].version, n);
        last = response.stored[0].order_id;
        free(response.stored);
    }
    struct error error;
    assert_null(caller_stream_read(a.stream));
    assert_int_equal(caller_stream_end(a.stream, &error), REASON_NONE);
    bytes_unref(a.message);
    caller_stream_free(a.stream);
}

/* semantics 7 */
static void a_refused_emit_keeps_its_place_and_the_call_lives(void **state)
{
    struct inside *in = *state;
    struct answers a = {.stream = caller_stream_open(in->caller, PHOTON "EmitStream")};
    struct emit_response response;
    struct bytes *parts[] = {
        numbered(1, emits_request("s", "1", 10)), numbered(2, emits_request("**", "", 10)),
        numbered(3, emits_request("s", "1", 11)), numbered(7, emits_request("s", "1", 10)),
        numbered(9, emits_request("s", "2", 10))};
    static const enum reason expected[] = {REASON_NONE, REASON_INVALID_ARGUMENT,
                                           REASON_EVENT_ID_REUSED, REASON_NONE, REASON_NONE};
    static const uint64_t numbers[] = {1, 2, 3, 7, 9};
    assert_true(caller_stream_send(a.stream, joined(parts, 5), false));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(answer_next(&a, numbers[i], &response), expected[i]);
        if (expected[i] == REASON_NONE) {
            assert_int_equal(response.duplicate, i == 3);
            free(response.stored);
        }
    }
    bytes_unref(a.message);
    caller_stream_free(a.stream);
}

/* semantics 7 */
static void numbers_that_do_not_rise_end_the_call(void **state)
{
    struct inside *in = *state;
    struct caller_stream *s = caller_stream_open(in->caller, PHOTON "EmitStream");
    struct bytes *parts[] = {numbered(2, emits_request("s", "1", 10)),
                             numbered(2, emits_request("s", "2", 10))};
    struct error error;
    caller_stream_send(s, joined(parts, 2), false);
    struct bytes *message;
    while ((message = caller_stream_read(s)))
        bytes_unref(message);
    assert_int_equal(caller_stream_end(s, &error), REASON_INVALID_ARGUMENT);
    caller_stream_free(s);
}

static void a_flood_of_invalid_batches_ends_the_call(void **state)
{
    struct inside *in = *state;
    struct caller_stream *s = caller_stream_open(in->caller, PHOTON "EmitStream");
    struct bytes *parts[200];
    struct error error;
    for (uint64_t i = 0; i < 200; i++)
        parts[i] = numbered(i + 1, emits_request("", "", 1));
    caller_stream_send(s, joined(parts, 200), false);
    struct bytes *message;
    while ((message = caller_stream_read(s)))
        bytes_unref(message);
    assert_int_equal(caller_stream_end(s, &error), REASON_INVALID_ARGUMENT);
    caller_stream_free(s);
    assert_int_equal(emits_send(in, emits_request("s", "", 10), NULL, &error), REASON_NONE);
}

static void a_message_that_is_none_ends_the_call_and_no_other(void **state)
{
    struct inside *in = *state;
    struct caller_stream *s = caller_stream_open(in->caller, PHOTON "EmitStream");
    struct error error;
    caller_stream_send(s, bytes_copy("\x0a\xff", 2), false);
    assert_null(caller_stream_read(s));
    assert_int_equal(caller_stream_end(s, &error), REASON_INVALID_ARGUMENT);
    caller_stream_free(s);
    assert_int_equal(emits_send(in, emits_request("s", "", 10), NULL, &error), REASON_NONE);
}

/* semantics 8 */
static void a_call_that_is_open_when_the_store_goes_down_has_its_answers_and_is_told(void **state)
{
    struct inside *in = *state;
    struct answers a = {.stream = caller_stream_open(in->caller, PHOTON "EmitStream")};
    struct emit_response response;
    struct error error;
    assert_true(caller_stream_send(a.stream, numbered(1, emits_request("s", "1", 10)), false));
    assert_int_equal(answer_next(&a, 1, &response), REASON_NONE);
    free(response.stored);
    service_stop(in->service, 5000);
    assert_null(caller_stream_read(a.stream));
    assert_int_equal(caller_stream_end(a.stream, &error), REASON_SHUTTING_DOWN);
    assert_true(error.retryable);
    bytes_unref(a.message);
    caller_stream_free(a.stream);
    caller_close(in->caller);
    service_free(in->service);
    inside_reopen(in);
    assert_int_equal(emits_count(in, "s"), 1);
}

static void a_client_that_vanishes_in_the_middle_loses_nothing_that_was_answered(void **state)
{
    struct inside *in = *state;
    for (uint64_t round = 0; round < 20; round++) {
        struct answers a = {.stream = caller_stream_open(in->caller, PHOTON "EmitStream")};
        struct emit_response response;
        char id[32];
        snprintf(id, sizeof id, "r%d", (int)round);
        assert_true(caller_stream_send(a.stream, numbered(1, emits_request("s", id, 10)), false));
        assert_int_equal(answer_next(&a, 1, &response), REASON_NONE);
        assert_int_equal(response.stored[0].version, round + 1);
        free(response.stored);
        bytes_unref(a.message);
        caller_stream_free(a.stream);
    }
}

/* ---- DeleteStream ---- */

static enum reason delete_stream(struct inside *in, const char *stream, struct delete_response *out)
{
    struct delete_request request = {.stream_name = text_span(stream)};
    struct bytes *answer;
    struct error error;
    enum reason reason = caller_ask(in->caller, PHOTON "DeleteStream",
                                    delete_request_encode(&request), &answer, &error);
    if (reason == REASON_NONE)
        assert_int_equal(delete_response_decode(bytes_span(answer), out), REASON_NONE);
    bytes_unref(answer);
    return reason;
}

/* semantics 5 */
static void deletion_hides_at_once_and_for_ever(void **state)
{
    struct inside *in = *state;
    struct delete_response deleted;
    struct error error;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(emits_send(in, emits_request("gone", "", 200), NULL, &error), REASON_NONE);
        assert_int_equal(emits_send(in, emits_request("kept", "", 200), NULL, &error), REASON_NONE);
    }
    assert_int_equal(delete_stream(in, "gone", &deleted), REASON_NONE);
    assert_int_equal(deleted.deleted_events, 300);
    assert_int_equal(deleted.last_version, 300);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(emits_count(in, "gone"), 0);
        assert_int_equal(emits_count(in, "kept"), 300);
        assert_int_equal(emits_count(in, "__store__"), 1);
        assert_int_equal(emits_count(in, "__all__"), 301);
        if (i < 2)
            inside_restart(in);
    }
    struct emit_response response;
    assert_int_equal(emits_send(in, emits_request("gone", "", 1), &response, &error), REASON_NONE);
    assert_int_equal(response.stored[0].version, 301);
    free(response.stored);
    assert_int_equal(emits_count(in, "gone"), 1);
}

/* semantics 5, 6 */
static void the_stores_own_streams_cannot_be_deleted(void **state)
{
    struct inside *in = *state;
    struct delete_response deleted;
    assert_int_equal(delete_stream(in, "__store__", &deleted), REASON_INVALID_ARGUMENT);
    assert_int_equal(delete_stream(in, "a/**", &deleted), REASON_INVALID_ARGUMENT);
    assert_int_equal(delete_stream(in, "never", &deleted), REASON_NONE);
    assert_int_equal(deleted.deleted_events, 0);
    assert_int_equal(deleted.order_id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_store_is_empty_and_not_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(an_emit_is_answered_with_the_places_of_its_events, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_event_without_an_id_gets_one_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_retry_after_a_restart_is_a_duplicate, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused_and_the_connection_lives,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_refused_and_the_server_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(names_that_break_a_rule_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(numbered_emits_are_committed_and_answered_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_refused_emit_keeps_its_place_and_the_call_lives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_rise_end_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_invalid_batches_ends_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_that_is_none_ends_the_call_and_no_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_call_that_is_open_when_the_store_goes_down_has_its_answers_and_is_told, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_client_that_vanishes_in_the_middle_loses_nothing_that_was_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(deletion_hides_at_once_and_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(the_stores_own_streams_cannot_be_deleted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
