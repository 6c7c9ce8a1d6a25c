/*
 * ids_hash_test.c - event ids of which all have one hash: the hash function is wrapped.
 */
#include "store/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <xxhash.h>

#include <cmocka.h>

#include "tests/lib/allocs.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

enum { IDS = 100 };

XXH64_hash_t __wrap_XXH3_64bits(const void *data, size_t len);

XXH64_hash_t __wrap_XXH3_64bits(const void *data, size_t len)
{
    (void)data, (void)len;
    return 7;
}

static struct key id_of(unsigned i)
{
    char id[32];
    snprintf(id, sizeof id, "id %u", i);
    return key_event_id(text_span(id));
}

/* semantics 3 */
static void ids_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    char *dir = tempdir_new();
    struct log *log = log_open(dir, &options, &fault, &error);
    assert_non_null(log);
    struct ids *ids = ids_new(log, 2 * IDS, &error);
    assert_non_null(ids);
    for (unsigned i = 0; i < IDS; i++) {
        struct key key = id_of(i);
        struct id_entry entry = {.order_id = i + 1, .version = 1};
        assert_int_equal(ids_find(ids, &key, &entry, &error), 0);
        assert_true(ids_put(ids, &key, &entry));
    }
    for (unsigned i = 0; i < IDS; i++) {
        struct key key = id_of(i);
        struct id_entry entry;
        assert_int_equal(ids_find(ids, &key, &entry, &error), 1);
        assert_int_equal(entry.order_id, i + 1);
    }
    ids_free(ids);
    ids_free(NULL);
    log_close(log);
    tempdir_remove(dir);
}

/* semantics 3 */
static void an_id_that_there_is_no_memory_for_is_not_kept_in_part(void **state)
{
    (void)state;
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    char *dir = tempdir_new();
    struct log *log = log_open(dir, &options, &fault, &error);
    assert_non_null(log);
    long nth = 0;
    do {
        struct ids *ids = ids_new(log, 2 * IDS, &error);
        struct id_entry entry = {.order_id = 1, .version = 1};
        unsigned put = 0;
        allocs_arm(++nth, false);
        for (struct key key; key = id_of(put), put < 2 * IDS && ids_put(ids, &key, &entry); put++) {
        }
        allocs_disarm();
        assert_true(put == 2 * IDS || allocs_hit()); /* a filter can do without */
        for (unsigned i = 0; i <= put; i++) {
            struct key key = id_of(i);
            assert_int_equal(ids_find(ids, &key, &entry, &error), i < put);
        }
        ids_free(ids);
    } while (allocs_hit());
    assert_true(nth > 10);
    log_close(log);
    tempdir_remove(dir);
}

/* An entry that is no entry is damage, and not "new". */
static void an_id_whose_entry_is_malformed_is_an_error(void **state)
{
    (void)state;
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    struct id_entry entry;
    struct key key = id_of(1);
    char *dir = tempdir_new();
    struct log *log = log_open(dir, &options, &fault, &error);
    struct log_batch *batch = log_batch_new();
    log_batch_put(batch, key_span(&key), text_span("x"));
    assert_int_equal(log_write(log, batch, &error), REASON_NONE);
    struct ids *ids = ids_new(log, IDS, &error);
    assert_int_equal(ids_find(ids, &key, &entry, &error), -1);
    assert_int_equal(error.reason, REASON_CORRUPT);
    ids_free(ids);
    log_batch_free(batch);
    log_close(log);
    tempdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_one_hash_are_told_apart),
        cmocka_unit_test(an_id_that_there_is_no_memory_for_is_not_kept_in_part),
        cmocka_unit_test(an_id_whose_entry_is_malformed_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
