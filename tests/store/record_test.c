/*
 * The record on disk: its bytes, its checksum, its frames.
 */
#include "store/record.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { BODY = 9, VALUE = RECORD_HEADER_BYTES + BODY };
static const uint8_t body[BODY] = {0x0a, 0x02, 0x10, 0x11, 0x0a, 0x00, 0x0a, 0x01, 0x20};

static const struct record small = {.kind = RECORD_EVENTS,
                                    .count = 3,
                                    .first = 1000,
                                    .last = 1002,
                                    .number = 7,
                                    .time_ms = 1600000000123};

static void seal_small(uint8_t value[VALUE])
{
    struct record record = small;
    memcpy(value + RECORD_HEADER_BYTES, body, BODY);
    record.body = (struct span){value + RECORD_HEADER_BYTES, BODY};
    record_seal(value, &record);
}

/* semantics 1 */
static void a_sealed_record_has_golden_bytes(void **state)
{
    (void)state;
    static const char golden[] = "3a639445a185ccc8"                 /* checksum */
                                 "01010000"                         /* format, kind, zero */
                                 "03000000"                         /* count */
                                 "e803000000000000ea03000000000000" /* first, last */
                                 "0700000000000000"                 /* number */
                                 "7b806e8774010000"                 /* time */
                                 "0900000000000000"                 /* body length */
                                 "0a0210110a000a0120";
    uint8_t value[VALUE];
    char hex[2 * VALUE + 1];
    seal_small(value);
    for (size_t i = 0; i < VALUE; i++)
        snprintf(hex + 2 * i, 3, "%02x", value[i]);
    assert_string_equal(hex, golden);
}

/* semantics 1 */
static void a_sealed_record_opens_as_it_was(void **state)
{
    (void)state;
    uint8_t value[VALUE];
    struct record record;
    struct error error;
    seal_small(value);
    assert_int_equal(record_open(1000, (struct span){value, VALUE}, &record, &error), REASON_NONE);
    assert_int_equal(record.kind, small.kind);
    assert_int_equal(record.count, small.count);
    assert_int_equal(record.first, small.first);
    assert_int_equal(record.last, small.last);
    assert_int_equal(record.number, small.number);
    assert_int_equal(record_number(value), small.number);
    assert_int_equal(record.time_ms, small.time_ms);
    assert_int_equal(record.body.len, BODY);
    assert_memory_equal(record.body.data, body, BODY);
}

/* semantics 1; hazards 3 */
static void every_flipped_bit_of_a_record_is_noticed(void **state)
{
    (void)state;
    uint8_t value[VALUE];
    struct record record;
    for (size_t bit = 0; bit < 8 * VALUE; bit++) {
        struct error error = {0};
        seal_small(value);
        value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(record_open(1000, (struct span){value, VALUE}, &record, &error),
                         REASON_CORRUPT);
        assert_non_null(strstr(error.message, "record 1000"));
    }
}

/* semantics 1; hazards 3 */
static void a_record_under_another_key_or_cut_short_does_not_open(void **state)
{
    (void)state;
    uint8_t value[VALUE + 1] = {0};
    struct record record;
    seal_small(value);
    assert_int_equal(record_open(1001, (struct span){value, VALUE}, &record, NULL), REASON_CORRUPT);
    assert_int_equal(record_open(1000, (struct span){value, VALUE + 1}, &record, NULL),
                     REASON_CORRUPT);
    for (size_t len = 0; len < VALUE; len++)
        assert_int_equal(record_open(1000, (struct span){value, len}, &record, NULL),
                         REASON_CORRUPT);
}

/* semantics 1 */
static void an_unknown_kind_is_told_from_damage(void **state)
{
    (void)state;
    uint8_t value[VALUE];
    struct record record = small;
    struct error error;
    memcpy(value + RECORD_HEADER_BYTES, body, BODY);
    record.body = (struct span){value + RECORD_HEADER_BYTES, BODY};
    record.kind = (enum record_kind)9;
    record_seal(value, &record);
    assert_true(record_is_newer(1000, (struct span){value, VALUE}));
    assert_int_equal(record_open(1000, (struct span){value, VALUE}, &record, &error),
                     REASON_CORRUPT);
    assert_non_null(strstr(error.message, "newer"));
    value[VALUE - 1] ^= 1;
    assert_false(record_is_newer(1000, (struct span){value, VALUE}));
}

static void frames_are_walked_one_by_one(void **state)
{
    (void)state;
    struct span rest = {body, BODY}, frame, event;
    static const size_t len[] = {2, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(record_next(&rest, &frame, &event), 1);
        assert_int_equal(event.len, len[i]);
        assert_int_equal(frame.len, len[i] + 2);
        assert_ptr_equal(frame.data + 2, event.data);
    }
    assert_int_equal(record_next(&rest, &frame, &event), 0);
}

static void a_frame_is_found_by_its_ordinal(void **state)
{
    (void)state;
    struct record record = small;
    struct span rest;
    record.body = (struct span){body, BODY};
    assert_true(record_at(&record, 0, &rest));
    assert_ptr_equal(rest.data, body);
    assert_true(record_at(&record, 2, &rest));
    assert_ptr_equal(rest.data, body + 6);
    assert_int_equal(rest.len, 3);
    assert_false(record_at(&record, 3, &rest));
}

static void malformed_frames_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t data[7];
        size_t len;
    } bad[] = {
        {{0x12, 0x00}, 2},                               /* another field */
        {{0x0a}, 1},                                     /* no length */
        {{0x0a, 0x80}, 2},                               /* half a length */
        {{0x0a, 0x02, 0x00}, 3},                         /* longer than what is left */
        {{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 7}, /* longer than 32 bits */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct span rest = {bad[i].data, bad[i].len}, frame, event;
        assert_int_equal(record_next(&rest, &frame, &event), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_record_has_golden_bytes),
        cmocka_unit_test(a_sealed_record_opens_as_it_was),
        cmocka_unit_test(every_flipped_bit_of_a_record_is_noticed),
        cmocka_unit_test(a_record_under_another_key_or_cut_short_does_not_open),
        cmocka_unit_test(an_unknown_kind_is_told_from_damage),
        cmocka_unit_test(frames_are_walked_one_by_one),
        cmocka_unit_test(a_frame_is_found_by_its_ordinal),
        cmocka_unit_test(malformed_frames_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
