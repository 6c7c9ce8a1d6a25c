/*
 * Event ids: a long random run is compared with a naive set, across what is in memory, what is on disk, and what failed.
 */
#include "store/ids.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "tests/lib/tempdir.h"
#include "wire/text.h"

enum { RECENT = 50, IDS = 3000, COMMITS = 1500, COMMIT_MAX = 8 };

/* The naive set. */
enum knowing { NEW, MAKING, KNOWN };
static enum knowing known[IDS];
static uint64_t stored_as[IDS];

/* Ids of all three sorts, whose order is not that of their numbers. */
static struct key id_key(unsigned i)
{
    static const char *const format[] = {"01890a5d-%04x-7000-8000-%012x",
                                         "f81d4fae-%04x-4000-8000-%012x", "text %u/%u"};
    char text[64];
    snprintf(text, sizeof text, format[i % 3], i * 7919u & 0xffff, i);
    return key_event_id(text_span(text));
}

static struct log *open_log(const char *dir)
{
    const struct log_options options = {
        .create = true, .write_buffer_bytes = 1 << 16, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error = {0};
    struct log *log = log_open(dir, &options, &fault, &error);
    if (!log)
        fail_msg("%s", error.message);
    return log;
}

static void check(struct ids *ids, unsigned i)
{
    struct key key = id_key(i);
    struct id_entry entry;
    struct error error;
    int found = ids_find(ids, &key, &entry, &error);
    assert_int_equal(found, known[i] != NEW);
    if (found)
        assert_int_equal(entry.order_id, stored_as[i]);
}

static void put(struct ids *ids, struct log_batch *batch, unsigned i, uint64_t order_id)
{
    struct key key = id_key(i);
    struct id_entry entry = {.order_id = order_id};
    uint8_t value[ID_ENTRY_BYTES];
    id_entry_encode(value, &entry);
    log_batch_put(batch, key_span(&key), (struct span){value, sizeof value});
    assert_true(ids_put(ids, &key, &entry));
    known[i] = MAKING;
    stored_as[i] = order_id;
}

/* Every commit puts fresh ids; one in ten is given up. Mostly ids that lie near the newest are asked for, as clients do. */
static void commit(struct ids *ids, struct log *log, struct log_batch *batch, unsigned *fresh,
                   uint64_t *order_id)
{
    struct error error;
    unsigned from = *fresh;
    log_batch_clear(batch);
    for (unsigned n = 1 + (unsigned)rand() % COMMIT_MAX; n && *fresh < IDS; n--) {
        unsigned i = rand() % 4 ? *fresh : (unsigned)rand() % IDS;
        *fresh += i == *fresh;
        check(ids, i);
        if (known[i] == NEW)
            put(ids, batch, i, ++*order_id);
        check(ids, i);
        check(ids, (unsigned)rand() % IDS);
    }
    bool given_up = rand() % 10 == 0;
    if (given_up) {
        assert_int_equal(ids_reset(ids, &error), REASON_NONE);
        *fresh = from;
    } else {
        assert_int_equal(log_write(log, batch, &error), REASON_NONE);
        ids_settle(ids);
    }
    for (unsigned i = 0; i < IDS; i++)
        if (known[i] == MAKING)
            known[i] = given_up ? NEW : KNOWN;
}

/* semantics 3 */
static void ids_answer_as_a_naive_set_does(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    struct log *log = open_log(dir);
    struct log_batch *batch = log_batch_new();
    struct error error;
    struct ids *ids = ids_new(log, RECENT, &error);
    assert_non_null(ids);
    srand(3);
    uint64_t order_id = 0;
    unsigned fresh = 0;
    for (unsigned i = 0; i < COMMITS; i++) {
        commit(ids, log, batch, &fresh, &order_id);
        if (i % 500 == 250) { /* a restart */
            ids_free(ids);
            ids = ids_new(log, RECENT, &error);
            assert_non_null(ids);
        }
    }
    for (unsigned i = 0; i < IDS; i++)
        check(ids, i);
    assert_true(order_id > IDS / 2);
    ids_free(ids);
    log_batch_free(batch);
    log_close(log);
    tempdir_remove(dir);
}

/* semantics 3 */
static void a_commit_larger_than_the_memory_is_seen_whole(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    struct log *log = open_log(dir);
    struct error error;
    struct ids *ids = ids_new(log, RECENT, &error);
    struct id_entry entry = {0};
    for (unsigned i = 0; i < 10 * RECENT; i++) {
        struct key key = id_key(i);
        assert_true(ids_put(ids, &key, &entry));
    }
    for (unsigned i = 0; i < 10 * RECENT; i++) {
        struct key key = id_key(i);
        assert_int_equal(ids_find(ids, &key, &entry, &error), 1);
    }
    ids_free(ids);
    log_close(log);
    tempdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_answer_as_a_naive_set_does),
        cmocka_unit_test(a_commit_larger_than_the_memory_is_seen_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
