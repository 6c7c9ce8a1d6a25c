/*
 * Keys and index values: golden bytes, order, round trips, malformed input.
 */
#include "store/keys.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "wire/text.h"

static const char *hex(struct span s)
{
    static char text[2 * 600 + 1];
    assert_true(s.len < 600);
    text[0] = '\0';
    for (size_t i = 0; i < s.len; i++)
        snprintf(text + 2 * i, 3, "%02x", s.data[i]);
    return text;
}

#define ASSERT_KEY(expression, golden)                                                             \
    do {                                                                                           \
        struct key key_ = (expression);                                                            \
        assert_string_equal(hex(key_span(&key_)), golden);                                         \
    } while (0)

/* semantics 1, 3 */
static void keys_have_golden_bytes(void **state)
{
    (void)state;
    ASSERT_KEY(key_meta("format"), "4d666f726d6174");
    ASSERT_KEY(key_record(0x0102030405060708), "720102030405060708");
    ASSERT_KEY(key_erase(1), "450000000000000001");
    ASSERT_KEY(key_extent(text_span("a/b"), 258), "53612f62000000000000000102");
    ASSERT_KEY(key_event_id(text_span("01890a5d-ac96-774b-bcce-b302099a8057")),
               "5501890a5dac96774bbcceb302099a8057");
    ASSERT_KEY(key_event_id(text_span("f81d4fae-7dec-41d0-a765-00a0c91e6bf6")),
               "56f81d4fae7dec41d0a76500a0c91e6bf6");
    ASSERT_KEY(key_event_id(text_span("173688-7")), "543137333638382d37");
}

/* semantics 3 */
static void only_a_lower_case_canonical_uuid_is_shortened(void **state)
{
    (void)state;
    static const char *const text[] = {
        "01890A5D-ac96-774b-bcce-b302099a8057", "01890a5dac96774bbcceb302099a8057",
        "01890a5d-ac96-774b-bcce_b302099a8057", "01890a5d-ac96-774b-bcce-b302099a805g",
        "01890a5d-ac96-774b-bcce-b302099a80570"};
    uint8_t uuid[16];
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        struct key key = key_event_id(text_span(text[i]));
        assert_int_equal(key.data[0], 'T');
        assert_int_equal(key.len, 1 + strlen(text[i]));
        assert_true(key_is_event_id(key_span(&key)));
        assert_false(key_uuid7(text_span(text[i]), uuid));
    }
    assert_true(key_uuid7(text_span("01890a5d-ac96-774b-bcce-b302099a8057"), uuid));
    assert_int_equal(uuid[0], 0x01);
    assert_int_equal(uuid[15], 0x57);
    assert_false(
        key_uuid7(text_span("01890a5d-ac96-774b-0cce-b302099a8057"), uuid)); /* not that variant */
}

/* decision 19 */
static void records_are_behind_everything_else(void **state)
{
    (void)state;
    static const char high[] = "\xf4\x8f\xbf\xbf";
    const struct key first = key_record(0);
    const struct key others[] = {key_meta(high),
                                 key_extent(text_span(high), UINT64_MAX),
                                 key_stream_end(text_span(high)),
                                 key_erase(UINT64_MAX),
                                 key_policy(text_span(high)),
                                 key_event_id(text_span(high)),
                                 key_event_id(text_span("ffffffff-ffff-7fff-bfff-ffffffffffff")),
                                 key_event_id(text_span("ffffffff-ffff-ffff-ffff-ffffffffffff"))};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(key_is_behind(&first, &others[i]));
}

static void the_extents_of_a_stream_are_neighbours_in_order(void **state)
{
    (void)state;
    struct key sorted[] = {key_extent(text_span("a"), 0),   key_extent(text_span("a"), 1),
                           key_extent(text_span("a"), 256), key_extent(text_span("a"), UINT64_MAX),
                           key_extent(text_span("a!"), 0),  key_extent(text_span("ab"), 3),
                           key_extent(text_span("b"), 0)};
    for (size_t i = 1; i < sizeof sorted / sizeof *sorted; i++) {
        size_t len = sorted[i - 1].len < sorted[i].len ? sorted[i - 1].len : sorted[i].len;
        int order = memcmp(sorted[i - 1].data, sorted[i].data, len);
        assert_true(order < 0 || (order == 0 && sorted[i - 1].len < sorted[i].len));
    }
}

static void keys_are_read_back(void **state)
{
    (void)state;
    struct key key = key_extent(text_span("orders/1"), 42);
    struct span stream;
    uint64_t number;
    assert_true(key_extent_read(key_span(&key), &stream, &number));
    assert_true(text_equal(stream, text_span("orders/1")));
    assert_int_equal(number, 42);
    assert_false(key_record_read(key_span(&key), &number));
    key = key_record(77);
    assert_true(key_record_read(key_span(&key), &number));
    assert_int_equal(number, 77);
    assert_false(key_erase_read(key_span(&key), &number));
    assert_false(key_extent_read(key_span(&key), &stream, &number));
    assert_false(key_is_event_id(key_span(&key)));
}

static void malformed_keys_are_refused(void **state)
{
    (void)state;
    struct span stream;
    uint64_t number;
    static const uint8_t no_name[] = "S\0\0\0\0\0\0\0\0\1", no_end[] = "Sab\0\0\0\0\0\0\0\1",
                         two[] = "Sa\0b\0\0\0\0\0\0\0\0\1";
    assert_false(key_extent_read((struct span){no_name, 10}, &stream, &number));
    assert_false(key_extent_read((struct span){no_end, 10}, &stream, &number));
    assert_false(key_extent_read((struct span){two, 13}, &stream, &number));
    assert_false(key_record_read((struct span){(const uint8_t *)"r1234567", 8}, &number));
    assert_false(key_is_event_id((struct span){(const uint8_t *)"U123", 4}));
    assert_false(key_is_event_id((struct span){(const uint8_t *)"T", 1}));
}

/* ---- values ---- */

/* semantics 1 */
static void an_extent_has_golden_bytes(void **state)
{
    (void)state;
    static const struct extent_run runs[] = {{0, 1}, {1, 300}, {400, 2}};
    uint8_t value[64];
    size_t len = extent_encode(value, 0x0102030405060708, runs, 3);
    assert_true(len <= extent_size_max(3));
    assert_string_equal(hex((struct span){value, len}), "080706050403020100"
                                                        "01ac02"
                                                        "c70102");
}

static void extents_come_back_as_they_were(void **state)
{
    (void)state;
    enum { ROUNDS = 2000, RUNS = 40 };
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct extent_run runs[RUNS], run;
        size_t n = 1 + (size_t)rand() % RUNS;
        uint32_t end = 0;
        for (size_t i = 0; i < n; i++) {
            runs[i].ordinal = end + (uint32_t)(rand() % (rand() % 2 ? 2 : 300));
            runs[i].count = 1 + (uint32_t)(rand() % (rand() % 2 ? 2 : 300));
            end = runs[i].ordinal + runs[i].count;
        }
        uint8_t value[8 + RUNS * 10];
        size_t len = extent_encode(value, 5, runs, n), i = 0;
        struct extent extent;
        bool fault = false;
        assert_true(extent_decode((struct span){value, len}, &extent));
        assert_int_equal(extent.record, 5);
        for (; extent_next(&extent, &run, &fault); i++) {
            assert_int_equal(run.ordinal, runs[i].ordinal);
            assert_int_equal(run.count, runs[i].count);
        }
        assert_int_equal(i, n);
        assert_false(fault);
    }
}

/* hazards 3 */
static void malformed_extents_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t data[16];
        size_t len;
    } bad[] = {
        {{1, 0, 0, 0, 0, 0, 0, 0}, 8},                                /* no run */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0x80}, 9},                          /* half a number */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0x01}, 9},                          /* no count */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00}, 10},                   /* count 0 */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff, 0xff, 0xff, 0x0f}, 13}, /* more than a record holds */
        {{1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff}, 13},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct extent extent;
        struct extent_run run;
        bool fault = !extent_decode((struct span){bad[i].data, bad[i].len}, &extent);
        while (!fault && extent_next(&extent, &run, &fault)) {
        }
        assert_true(fault);
    }
}

/* semantics 5 */
static void a_cut_has_golden_bytes_and_comes_back(void **state)
{
    (void)state;
    struct cut cut = {.version = 1, .order_id = 2, .deletion = 3}, back;
    uint8_t value[CUT_BYTES_MAX];
    size_t len = cut_encode(value, &cut);
    assert_string_equal(hex((struct span){value, len}),
                        "010000000000000002000000000000000300000000000000");
    assert_true(cut_decode((struct span){value, len}, &back));
    assert_int_equal(back.version, 1);
    assert_int_equal(back.order_id, 2);
    assert_int_equal(back.deletion, 3);
    assert_false(back.tombstone);
    assert_false(cut_decode((struct span){value, len - 1}, &back));
    cut.tombstone = true;
    len = cut_encode(value, &cut);
    assert_string_equal(hex((struct span){value, len}),
                        "01000000000000000200000000000000030000000000000001");
    assert_true(cut_decode((struct span){value, len}, &back));
    assert_true(back.tombstone && !back.policy);
    cut.policy = true;
    assert_int_equal(cut_encode(value, &cut), CUT_BYTES_MAX);
    assert_true(cut_decode((struct span){value, CUT_BYTES_MAX}, &back) && back.policy &&
                back.tombstone);
    value[len - 1] = 4; /* of a version to come */
    assert_false(cut_decode((struct span){value, len}, &back));
}

/* semantics 3 */
static void an_id_entry_has_golden_bytes_and_comes_back(void **state)
{
    (void)state;
    struct id_entry entry = {.order_id = 1,
                             .version = 2,
                             .time_ms = 3,
                             .digest = "0123456789abcde"},
                    back;
    uint8_t value[ID_ENTRY_BYTES];
    id_entry_encode(value, &entry);
    assert_string_equal(hex((struct span){value, ID_ENTRY_BYTES}),
                        "010000000000000002000000000000000300000000000000"
                        "30313233343536373839616263646500");
    assert_true(id_entry_decode((struct span){value, ID_ENTRY_BYTES}, &back));
    assert_memory_equal(&entry, &back, sizeof entry);
    assert_false(id_entry_decode((struct span){value, ID_ENTRY_BYTES - 1}, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_golden_bytes),
        cmocka_unit_test(only_a_lower_case_canonical_uuid_is_shortened),
        cmocka_unit_test(records_are_behind_everything_else),
        cmocka_unit_test(the_extents_of_a_stream_are_neighbours_in_order),
        cmocka_unit_test(keys_are_read_back),
        cmocka_unit_test(malformed_keys_are_refused),
        cmocka_unit_test(an_extent_has_golden_bytes),
        cmocka_unit_test(extents_come_back_as_they_were),
        cmocka_unit_test(malformed_extents_are_refused),
        cmocka_unit_test(a_cut_has_golden_bytes_and_comes_back),
        cmocka_unit_test(an_id_entry_has_golden_bytes_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
