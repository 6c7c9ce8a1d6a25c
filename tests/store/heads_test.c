/*
 * Where streams end: read from extents and cuts, and from the cache in front of them.
 */
#include "store/heads.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/keys.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

static char *dir;
static struct log *store;

static int open_store(void **state)
{
    (void)state;
    const struct log_options options = {
        .create = true, .write_buffer_bytes = 1 << 16, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    dir = tempdir_new();
    store = log_open(dir, &options, &fault, &error);
    return store ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    log_close(store);
    tempdir_remove(dir);
    return 0;
}

static void put(struct key key, const void *value, size_t len)
{
    struct log_batch *batch = log_batch_new();
    if (value)
        log_batch_put(batch, key_span(&key), (struct span){value, len});
    else
        log_batch_delete(batch, key_span(&key));
    assert_int_equal(log_write(store, batch, NULL), REASON_NONE);
    log_batch_free(batch);
}

/* An extent of count versions from version on, in two runs where that is possible. */
static void put_extent(const char *stream, uint64_t version, uint32_t count)
{
    uint8_t value[32];
    struct extent_run runs[] = {{0, 1}, {5, count - 1}};
    put(key_extent(text_span(stream), version), value,
        extent_encode(value, 1, runs, count > 1 ? 2 : 1));
}

static void put_cut(const char *stream, uint64_t version)
{
    uint8_t value[CUT_BYTES_MAX];
    struct cut cut = {.version = version, .order_id = 1, .deletion = 1};
    put(key_extent(text_span(stream), 0), value, cut_encode(value, &cut));
}

static void expect(const char *stream, uint64_t last, uint64_t cut)
{
    struct head head;
    assert_int_equal(head_read(store, text_span(stream), &head, NULL), REASON_NONE);
    assert_int_equal(head.last_version, last);
    assert_int_equal(head.cut_version, cut);
}

/* Behind the last extent, where LevelDB puts it; nobody may take its stream for an empty one. */
static void a_key_that_is_none_at_the_end_of_a_stream_is_an_error(void **state)
{
    (void)state;
    static const char *const keys[] = {"Sa\0\xff", "Sa\0b\0\1\1\1\1\1\1\1\1"};
    static const size_t lens[] = {4, 13};
    struct error error;
    struct head head;
    put_extent("a", 1, 3);
    expect("a", 3, 0);
    for (size_t i = 0; i < 2; i++) {
        struct key key = {.len = lens[i]};
        memcpy(key.data, keys[i], lens[i]);
        put(key, "x", 1);
        assert_int_equal(head_read(store, text_span("a"), &head, &error), REASON_CORRUPT);
        put(key, NULL, 0);
    }
    expect("a", 3, 0);
}

static void a_cache_without_room_forgets_all_that_is_in_the_log(void **state)
{
    (void)state;
    struct heads *heads = heads_new(0);
    struct head *head;
    for (uint64_t version = 1; version <= 2; version++) {
        for (int i = 0; i < 2; i++) { /* of one hash: they are told apart by their names */
            assert_int_equal(heads_get(heads, store, text_span(i ? "b" : "a"), 7, &head, NULL),
                             REASON_NONE);
            assert_int_equal(head->last_version, version == 2 && i == 0);
            head->last_version++;
        }
        put_extent("a", 1, 1);
        heads_settle(heads);
    }
    heads_free(heads);
    heads_free(NULL);
}

/* semantics 4, 5 */
static void a_head_follows_from_extents_and_cut(void **state)
{
    (void)state;
    expect("b", 0, 0);
    put_extent("b", 1, 3);
    expect("b", 3, 0);
    put_extent("b", 4, 1);
    put_extent("a", 1, 9);
    put_extent("b!", 1, 7);
    expect("b", 4, 0);
    expect("a", 9, 0);
    put_cut("b", 4); /* deleted, not reclaimed */
    expect("b", 4, 4);
    put(key_extent(text_span("b"), 1), NULL, 0);
    put(key_extent(text_span("b"), 4), NULL, 0);
    expect("b", 4, 4); /* reclaimed: the versions survive */
    put_extent("b", 5, 2);
    expect("b", 6, 4);
    expect("c", 0, 0);
}

/* hazards 3 */
static void a_malformed_extent_or_cut_is_an_error(void **state)
{
    (void)state;
    struct head head;
    struct error error;
    put(key_extent(text_span("b"), 1), "x", 1);
    assert_int_equal(head_read(store, text_span("b"), &head, &error), REASON_CORRUPT);
    put(key_extent(text_span("c"), 0), "x", 1);
    assert_int_equal(head_read(store, text_span("c"), &head, &error), REASON_CORRUPT);
}

static struct head *head_of(struct heads *heads, unsigned stream)
{
    struct head *head;
    char name[32];
    snprintf(name, sizeof name, "s%u", stream);
    assert_int_equal(heads_get(heads, store, text_span(name), stream % 10, &head, NULL),
                     REASON_NONE);
    return head;
}

/* semantics 4 */
static void what_a_commit_changed_is_kept_until_it_is_in_the_log(void **state)
{
    (void)state;
    enum { STREAMS = 1000 };
    struct heads *heads = heads_new(4096);
    for (unsigned i = 0; i < STREAMS; i++)
        head_of(heads, i)->last_version = i + 1;
    for (unsigned i = 0; i < STREAMS; i++)
        assert_int_equal(head_of(heads, i)->last_version, i + 1);
    heads_settle(heads); /* the oldest are asked of the log again, which does not know them here */
    assert_int_equal(head_of(heads, 0)->last_version, 0);
    assert_int_equal(head_of(heads, 999)->last_version, 1000);
    heads_clear(heads);
    assert_int_equal(head_of(heads, 999)->last_version, 0);
    heads_free(heads);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_is_none_at_the_end_of_a_stream_is_an_error),
        TEST(a_cache_without_room_forgets_all_that_is_in_the_log),
        TEST(a_head_follows_from_extents_and_cut),
        TEST(a_malformed_extent_or_cut_is_an_error),
        TEST(what_a_commit_changed_is_kept_until_it_is_in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
