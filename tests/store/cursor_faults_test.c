/* cursor_faults_test.c - damaged and missing records and extents: who is failed by them, and who is not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "rig.h"
#include "store/cursor.h"
#include "store/keys.h"
#include "wire/text.h"

static struct log_batch *batch_of(struct rig *rig, struct log_batch *batch)
{
    struct error error;
    if (log_write(rig->store.log, batch, &error))
        fail_msg("%s", error.message);
    return batch;
}

/* Flip a bit in the record, or remove it. */
static void damage(struct rig *rig, uint64_t order_id, bool remove)
{
    struct key key = key_record(order_id);
    struct bytes *value;
    struct error error;
    assert_int_equal(log_get(rig->store.log, key_span(&key), &value, &error), REASON_NONE);
    assert_non_null(value);
    value->data[value->len - 1] ^= 1;
    struct log_batch *batch = log_batch_new();
    if (remove)
        log_batch_delete(batch, key_span(&key));
    else
        log_batch_put(batch, key_span(&key), bytes_span(value));
    log_batch_free(batch_of(rig, batch));
    bytes_unref(value);
}

/* Read all: how many events are given before the fault, whose message is *said; SIZE_MAX without one. */
static size_t read_until_fault(struct rig *rig, const char *name, enum from_kind kind,
                               uint64_t from, char *said)
{
    struct subscribe_request request = {
        .stream_name = text_span(name), .from_kind = kind, .from = from};
    struct bytes *message = bytes_new(0);
    struct cursor cursor;
    struct cursor_batch batch = {0};
    struct error error;
    size_t given = 0;
    enum reason reason = cursor_open(&cursor, &rig->store, message, &request, &error);
    assert_int_equal(reason, REASON_NONE);
    while (!batch.at_head &&
           !(reason = cursor_read(&cursor, rig->end.last_order_id, 1000, &batch, &error))) {
        given += batch.events;
        parts_clear(&batch.parts);
    }
    if (reason)
        assert_int_equal(reason, REASON_CORRUPT);
    if (reason && said)
        snprintf(said, 512, "%s", error.message);
    cursor_close(&cursor);
    bytes_unref(message);
    return reason ? given : SIZE_MAX;
}

/* 20 records of 10 events, of one stream each: stream i % 3; a second apart. */
static uint64_t make_20_records(struct rig *rig, uint64_t firsts[20])
{
    rig_open(rig, 0, 5);
    for (int i = 0; i < 20; i++) {
        rig_begin(rig, 5, 1000);
        for (int k = 0; k < 10; k++)
            rig_add(rig, i % 3, 0, 50);
        rig_end(rig);
        firsts[i] = rig->first;
    }
    return rig->end.last_order_id;
}

/* semantics 1; hazards 3 */
static void a_damaged_record_fails_those_who_need_it_after_what_stands_before_it(void **state)
{
    (void)state;
    struct rig rig;
    uint64_t firsts[20];
    char said[512], named[64];
    make_20_records(&rig, firsts);
    damage(&rig, firsts[7], false); /* of stream 1 */
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_BEGIN, 0, said), 70);
    snprintf(named, sizeof named, "%llu", (unsigned long long)firsts[7]);
    assert_non_null(strstr(said, named));
    assert_int_equal(read_until_fault(&rig, "a/**", FROM_BEGIN, 0, NULL), 70);
    assert_int_equal(read_until_fault(&rig, "a/2", FROM_BEGIN, 0, NULL), 20);
    assert_int_equal(read_until_fault(&rig, "a/1", FROM_BEGIN, 0, NULL), SIZE_MAX);
    assert_int_equal(read_until_fault(&rig, "a/b/1", FROM_BEGIN, 0, NULL), SIZE_MAX);
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_ORDER_ID, firsts[8], NULL), SIZE_MAX);
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_ORDER_ID, firsts[7] + 3, NULL), 0);
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_TIME, 1700000000u + 9001, NULL),
                     SIZE_MAX);
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_TIME, 1700000000u + 8000, NULL), 0);
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_TIME, 1700000000u + 3000, NULL), 50);
    rig_close(&rig);
}

/* semantics 1; hazards 3 */
static void a_missing_record_is_never_passed_over(void **state)
{
    (void)state;
    static const int gone[] = {0, 1, 7, 19};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        struct rig rig;
        uint64_t firsts[20];
        char said[512];
        make_20_records(&rig, firsts);
        damage(&rig, firsts[gone[i]], true);
        assert_int_equal(read_until_fault(&rig, "__all__", FROM_BEGIN, 0, said), 10 * gone[i]);
        assert_non_null(strstr(said, "missing"));
        assert_int_equal(read_until_fault(&rig, "__all__", FROM_ORDER_ID, firsts[gone[i]], NULL),
                         0);
        int stream = gone[i] % 3;
        assert_int_equal(read_until_fault(&rig, rig_stream(stream), FROM_BEGIN, 0, NULL),
                         gone[i] / 3 * 10);
        assert_int_equal(read_until_fault(&rig, rig_stream((stream + 1) % 3), FROM_BEGIN, 0, NULL),
                         SIZE_MAX);
        rig_close(&rig);
    }
}

/* semantics 1; hazards 3 */
static void the_neighbours_of_a_damaged_or_missing_record_do_not_hide_it(void **state)
{
    (void)state;
    for (int remove = 0; remove <= 1; remove++) {
        struct rig rig;
        uint64_t thirtieth = 0;
        rig_open(&rig, 0, 5);
        for (int i = 0; i < 40; i++) {
            rig_begin(&rig, 0, 0);
            for (int k = 0; k < 10; k++)
                rig_add(&rig, 0, 0, 50);
            rig_end(&rig);
            thirtieth = i == 29 ? rig.first : thirtieth;
        }
        assert_int_equal(read_until_fault(&rig, "a/1", FROM_BEGIN, 0, NULL), SIZE_MAX);
        damage(&rig, thirtieth, remove);
        assert_int_equal(read_until_fault(&rig, "a/1", FROM_BEGIN, 0, NULL), 290);
        assert_int_equal(read_until_fault(&rig, "a/1", FROM_VERSION, 301, NULL), SIZE_MAX);
        rig_close(&rig);
    }
}

/* hazards 3 */
static void a_hole_in_a_streams_index_is_never_passed_over(void **state)
{
    (void)state;
    struct rig rig;
    uint64_t firsts[20];
    char said[512];
    make_20_records(&rig, firsts);
    struct key key = key_extent(text_span("a/1"), 21);
    struct log_batch *batch = log_batch_new();
    log_batch_delete(batch, key_span(&key));
    log_batch_free(batch_of(&rig, batch));
    assert_int_equal(read_until_fault(&rig, "a/1", FROM_BEGIN, 0, said), 20);
    assert_non_null(strstr(said, "versions 21 to 30"));
    assert_int_equal(read_until_fault(&rig, "__all__", FROM_BEGIN, 0, NULL), SIZE_MAX);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_record_fails_those_who_need_it_after_what_stands_before_it),
        cmocka_unit_test(a_missing_record_is_never_passed_over),
        cmocka_unit_test(the_neighbours_of_a_damaged_or_missing_record_do_not_hide_it),
        cmocka_unit_test(a_hole_in_a_streams_index_is_never_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
