/*
 * backup_file_test.c - a backup file holds what was written, or says that it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/backup-file.h"
#include "cli/entry-in.h"
#include "cli/entry-out.h"

enum { RUNS = 3, EVENTS = 4, FILE_BYTES_MAX = 1 << 16 };

static char folder[] = "/tmp/muon-test.XXXXXX";
static char path[sizeof(folder) + 16], copy[sizeof(folder) + 16];

static muon_str str(const char *text)
{
    return (muon_str){text, strlen(text)};
}

static muon_entry entry_of(int number)
{
    return (muon_entry){.kind = MUON_ENTRY_EVENT,
                        .stream = str("orders/1"),
                        .type = str("Noted"),
                        .event_id = str("an-id"),
                        .payload = str("{\"n\":1}"),
                        .metadata = str("\x01 no JSON"),
                        .content_type = str("application/json"),
                        .order_id = 1000 + number,
                        .version = number + 1,
                        .time_ms = 77};
}

static size_t run_of(uint8_t *out, size_t room, int run)
{
    size_t len = 0;
    for (int i = 0; i < EVENTS; i++) {
        muon_entry entry = entry_of(run * EVENTS + i);
        len += muon_entry_put(&entry, out + len, room - len);
    }
    return len;
}

static void write_file(muon_sum *sum)
{
    struct backup_writer w;
    struct backup_head head = {.store_id = "a-store", .incarnation = 1, .up_to = 2000};
    uint8_t run[4096];
    size_t used;
    *sum = (muon_sum){0};
    unlink(path);
    assert_true(backup_create(&w, path, &head));
    for (int i = 0; i < RUNS; i++) {
        size_t len = run_of(run, sizeof(run), i);
        assert_int_equal(muon_sum_add(sum, run, len, INT64_MAX, &used, NULL), MUON_OK);
        assert_true(backup_write(&w, run, len));
    }
    assert_int_not_equal(access(path, F_OK), 0); /* it has not its name yet */
    assert_true(backup_finish(&w, sum));
    backup_writer_end(&w);
    assert_int_equal(access(path, F_OK), 0);
}

/* Read all of a file. */
static bool read_file(const char *file, muon_sum *sum, char why[BACKUP_WHY_BYTES])
{
    struct backup_reader r;
    const void *run;
    size_t len = 1;
    bool ok = backup_open(&r, file);
    while (ok && len > 0)
        ok = backup_read(&r, &run, &len);
    *sum = r.sum;
    memcpy(why, r.why, BACKUP_WHY_BYTES);
    backup_reader_end(&r);
    return ok;
}

static void what_was_written_is_read(void **state)
{
    muon_sum written, read;
    char why[BACKUP_WHY_BYTES];
    (void)state;
    write_file(&written);
    assert_true(read_file(path, &read, why));
    assert_int_equal(read.events, RUNS * EVENTS);
    assert_memory_equal(&written, &read, sizeof(read));
}

static size_t load(uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return len;
}

static void store(const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(copy, "wb");
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void a_flipped_bit_anywhere_is_noticed(void **state)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    muon_sum sum;
    char why[BACKUP_WHY_BYTES];
    (void)state;
    write_file(&sum);
    size_t len = load(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= (uint8_t)(1 << i % 8);
        store(bytes, len);
        if (read_file(copy, &sum, why))
            fail_msg("byte %zu was changed, and the file read all the same", i);
        assert_non_null(strstr(why, copy));
        bytes[i] ^= (uint8_t)(1 << i % 8);
    }
}

static void a_file_cut_anywhere_is_noticed(void **state)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    muon_sum sum;
    char why[BACKUP_WHY_BYTES];
    (void)state;
    write_file(&sum);
    size_t len = load(bytes);
    for (size_t cut = 0; cut < len; cut++) {
        store(bytes, cut);
        if (read_file(copy, &sum, why))
            fail_msg("the file was cut at byte %zu, and read all the same", cut);
    }
}

static void what_is_given_up_leaves_nothing_behind(void **state)
{
    struct backup_writer w;
    struct backup_head head = {.store_id = "a-store"};
    (void)state;
    unlink(path);
    assert_true(backup_create(&w, path, &head));
    backup_writer_end(&w);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(copy, sizeof(copy), "%s/f.new", folder);
    assert_int_not_equal(access(copy, F_OK), 0);
    snprintf(copy, sizeof(copy), "%s/c", folder);
}

/* ---- lines ---- */

static void assert_returns(const muon_entry *entry)
{
    char *line;
    size_t len;
    uint8_t before[1024], after[1024];
    struct entry_in in = {0};
    struct event_fault fault;
    FILE *out = open_memstream(&line, &len);
    entry_out_print(out, entry);
    fclose(out);
    if (!entry_in_parse(&in, line, len - 1, &fault))
        fail_msg("%s: %s", line, fault.why);
    size_t bytes = muon_entry_put(entry, before, sizeof(before));
    assert_int_equal(muon_entry_put(&in.entry, after, sizeof(after)), bytes);
    assert_memory_equal(before, after, bytes);
    entry_in_free(&in);
    free(line);
}

static void every_entry_returns_from_its_line_as_it_was(void **state)
{
    muon_entry event = entry_of(0);
    muon_entry erased = {.kind = MUON_ENTRY_ERASED,
                         .event_id = str("an \"id\""),
                         .order_id = 5,
                         .version = 6,
                         .time_ms = 7,
                         .content_digest = {1, 2, 250},
                         .event_digest = {9, 255}};
    muon_entry cut = {
        .kind = MUON_ENTRY_CUT, .stream = str("a\\b"), .order_id = 5, .version = 6, .cut_by = 8};
    (void)state;
    assert_returns(&event);
    event.payload = str("");
    event.content_type = str("");
    assert_returns(&event);
    event.payload = str(" [1,\n2] ");
    event.caused_by = str("null");
    event.traceparent = str("t");
    assert_returns(&event);
    assert_returns(&erased);
    assert_returns(&cut);
}

static void a_line_that_no_export_writes_is_refused(void **state)
{
    static const char *const bad[] = {
        "{\"event-id\":\"a\",\"event-type\":\"t\",\"stream-name\":\"s\",\"payload\":1}",
        "{\"event-id\":\"a\",\"event-type\":\"t\",\"stream-name\":\"s\",\"order-id\":1,\"version\":"
        "1,\"more\":1}",
        "{\"event-type\":\"t\",\"stream-name\":\"s\",\"order-id\":1,\"version\":1}",
        "{\"erased\":{\"event-id\":\"a\",\"content-digest\":\"00\",\"event-digest\":\"00\"},"
        "\"order-id\":1,\"version\":1}",
        "{\"erased\":{},\"cut\":{},\"order-id\":1,\"version\":1}",
        "{\"event-id\":\"a\",\"event-type\":\"t\",\"stream-name\":\"s\",\"order-id\":1.0,"
        "\"version\":1}",
        "[1]",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct entry_in in = {0};
        struct event_fault fault;
        if (entry_in_parse(&in, bad[i], strlen(bad[i]), &fault))
            fail_msg("%s was read", bad[i]);
        entry_in_free(&in);
    }
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/f", folder);
    snprintf(copy, sizeof(copy), "%s/c", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(copy);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_flipped_bit_anywhere_is_noticed),
        cmocka_unit_test(a_file_cut_anywhere_is_noticed),
        cmocka_unit_test(what_is_given_up_leaves_nothing_behind),
        cmocka_unit_test(every_entry_returns_from_its_line_as_it_was),
        cmocka_unit_test(a_line_that_no_export_writes_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
