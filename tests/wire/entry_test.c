/*
 * entry_test.c - entries and digests of histories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/codec-backup.h"
#include "wire/entry.h"
#include "wire/text.h"

static void a_digest_tells_every_field_and_place(void **state)
{
    struct event event = {.stream_name = text_span("s"),
                          .event_type = text_span("t"),
                          .event_id = text_span("i"),
                          .metadata = text_span("m"),
                          .order_id = 5,
                          .version = 6,
                          .event_time = 7};
    uint8_t first[DIGEST_BYTES], other[DIGEST_BYTES];
    (void)state;
    digest_event(&event, first);
    event.metadata = text_span("n");
    digest_event(&event, other);
    assert_memory_not_equal(first, other, DIGEST_BYTES);
    event.metadata = text_span("m");
    event.order_id = 6;
    digest_event(&event, other);
    assert_memory_not_equal(first, other, DIGEST_BYTES);
}

static void an_entry_is_read_as_it_was_written(void **state)
{
    uint8_t bytes[512];
    struct entry erased = {.kind = ENTRY_ERASED,
                           .event = {.event_id = text_span("i"),
                                     .order_id = 5,
                                     .version = 6,
                                     .event_time = 7},
                           .content = {1},
                           .own = {2}},
                 cut = {.kind = ENTRY_CUT,
                        .stream = text_span("s"),
                        .cut_version = 3,
                        .cut_order_id = 4,
                        .cut_by = 5},
                 read;
    (void)state;
    uint8_t *end = entry_put(entry_put(bytes, &erased), &cut);
    assert_int_equal(end - bytes, entry_size(&erased) + entry_size(&cut));
    struct span rest = {bytes, (size_t)(end - bytes)};
    assert_int_equal(entry_next(&rest, &read), 1);
    assert_int_equal(read.kind, ENTRY_ERASED);
    assert_int_equal(read.event.order_id, 5);
    assert_int_equal(read.event.event_time, 7);
    assert_memory_equal(read.own, erased.own, DIGEST_BYTES);
    assert_int_equal(entry_next(&rest, &read), 1);
    assert_int_equal(read.kind, ENTRY_CUT);
    assert_true(text_equal(read.stream, text_span("s")));
    assert_int_equal(read.cut_by, 5);
    assert_int_equal(entry_next(&rest, &read), 0);
}

static void any_part_of_an_entry_is_malformed_or_another(void **state)
{
    uint8_t bytes[512];
    struct entry erased = {.kind = ENTRY_ERASED,
                           .event = {.event_id = text_span("i"), .order_id = 5}},
                 read;
    struct import_request request;
    (void)state;
    size_t len = (size_t)(entry_put(bytes, &erased) - bytes);
    for (size_t cut = 1; cut < len; cut++) {
        struct span rest = {bytes, cut};
        assert_int_equal(entry_next(&rest, &read), -1);
        assert_int_equal(import_request_decode((struct span){bytes, cut}, 1 << 20, &request, NULL),
                         REASON_INVALID_ARGUMENT);
    }
}

static void marks_and_states_are_read_as_they_were_written(void **state)
{
    uint8_t bytes[2 * SNAPSHOT_MARK_BYTES_MAX];
    struct snapshot_begun begun = {text_span("id"), 1, 2, 3, {4}};
    struct snapshot_done done = {5, 6, 7, {8}};
    struct snapshot_marks marks;
    (void)state;
    size_t len = snapshot_begun_put(bytes, &begun);
    len += snapshot_done_put(bytes + len, &done);
    assert_true(snapshot_marks_read((struct span){bytes, len}, &marks));
    assert_true(marks.has_begun && marks.has_done);
    assert_int_equal(marks.begun.up_to_order_id, 3);
    assert_int_equal(marks.begun.after_digest[0], 4);
    assert_int_equal(marks.done.last_order_id, 7);
    assert_int_equal(marks.done.digest[0], 8);
    struct import_state at = {9, 10, {11}}, read;
    bool finished;
    struct bytes *message = import_response_encode(&at, true);
    assert_int_equal(import_response_decode(bytes_span(message), &read, &finished), REASON_NONE);
    assert_memory_equal(&at, &read, sizeof at);
    assert_true(finished);
    bytes_unref(message);
    struct import_request request;
    message = import_end_encode(&at);
    assert_int_equal(import_request_decode(bytes_span(message), 1, &request, NULL), REASON_NONE);
    assert_true(request.has_end);
    assert_int_equal(request.end.digest[0], 11);
    bytes_unref(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_tells_every_field_and_place),
        cmocka_unit_test(an_entry_is_read_as_it_was_written),
        cmocka_unit_test(any_part_of_an_entry_is_malformed_or_another),
        cmocka_unit_test(marks_and_states_are_read_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
