/*
 * photond verify: silent about a sound store, and exact about everything that can be wrong with one.
 */
#include "store/verify.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "stock.h"
#include "store/keys.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"
#include "wire/pb.h"
#include "wire/text.h"

enum { COMMITS = 30, TEXT_MAX = 8192 };

static struct log *must_open(const char *dir)
{
    const struct log_options options = {
        .create = true, .write_buffer_bytes = 1 << 16, .ballast_bytes = 4096};
    return openlog(dir, &options);
}

/* A store of COMMITS commits in *state. */
static int setup(void **state)
{
    char *dir = tempdir_new();
    struct log *log = must_open(dir);
    struct stock stock = stock_begin();
    for (unsigned i = 0; i < COMMITS; i++)
        assert_int_equal(stock_commit(&stock, log, 20, NULL), REASON_NONE);
    log_close(log);
    *state = dir;
    return 0;
}

static int teardown(void **state)
{
    tempdir_remove(*state);
    return 0;
}

static void gather(void *user, const char *text)
{
    char *all = user;
    size_t len = strlen(all);
    snprintf(all + len, TEXT_MAX - len, "%s\n", text);
}

/* All faults, a line each; static. */
static const char *verify(const char *dir, struct verify *counts)
{
    static char text[TEXT_MAX];
    struct error error = {0};
    text[0] = '\0';
    *counts = (struct verify){.fault = gather, .user = text};
    enum log_fault fault = verify_run(dir, counts, &error);
    assert_int_equal(fault, counts->faults ? LOG_DAMAGED : LOG_OK);
    return text;
}

static void expect_faults(const char *dir, uint64_t faults, const char *words)
{
    struct verify counts;
    const char *text = verify(dir, &counts);
    if (counts.faults != faults || !strstr(text, words))
        fail_msg("%" PRIu64 " faults:\n%s", counts.faults, text);
}

/* NULL value: delete. */
static void put(const char *dir, struct key key, const void *value, size_t len)
{
    const struct log_options options = {.write_buffer_bytes = 1 << 16, .ballast_bytes = 4096};
    enum log_fault fault;
    struct log *log = log_open(dir, &options, &fault, NULL);
    struct log_batch *batch = log_batch_new();
    assert_non_null(log);
    if (value)
        log_batch_put(batch, key_span(&key), (struct span){value, len});
    else
        log_batch_delete(batch, key_span(&key));
    assert_int_equal(log_write(log, batch, NULL), REASON_NONE);
    log_batch_free(batch);
    log_close(log);
}

static struct key extent_of(unsigned stream, uint64_t version)
{
    char name[32];
    return key_extent(text_span(stock_stream(stream, name)), version);
}

static struct key id_of(unsigned i)
{
    char id[64];
    return key_event_id(text_span(stock_id(i, id)));
}

static uint64_t first_of(unsigned commit)
{
    return stock_begin().next + commit * 30; /* 20 events and a gap of ten */
}

/* ---- records ---- */

/* semantics 1; hazards 3 */
static void a_sound_store_has_no_faults(void **state)
{
    struct verify counts;
    assert_string_equal(verify(*state, &counts), "");
    assert_int_equal(counts.records, COMMITS);
    assert_int_equal(counts.events, 20 * COMMITS);
    assert_int_equal(counts.ids, 20 * COMMITS);
    assert_int_equal(counts.streams, STOCK_STREAMS);
    assert_int_equal(counts.extents, STOCK_STREAMS * COMMITS);
}

/* semantics 1; hazards 3 */
static void a_missing_record_is_reported_with_what_points_to_it(void **state)
{
    struct verify counts;
    put(*state, key_record(first_of(5)), NULL, 0);
    const char *text = verify(*state, &counts);
    assert_non_null(strstr(text, "what was between is missing"));
    assert_non_null(strstr(text, "event ids, and"));
    assert_int_equal(counts.records, COMMITS - 1);
    assert_int_equal(counts.faults, 1 + 1 + STOCK_STREAMS + 1 + 20);
}

/* semantics 1 */
static void a_missing_last_record_is_reported(void **state)
{
    struct verify counts;
    put(*state, key_record(first_of(COMMITS - 1)), NULL, 0);
    assert_non_null(strstr(verify(*state, &counts), "was acknowledged"));
}

static void a_damaged_mark_is_reported_and_the_next_one_is_sound(void **state)
{
    static const uint8_t zeros[16];
    char *mark = tempdir_path(*state, "mark");
    for (size_t len = 1; len <= sizeof zeros; len += 15) { /* cut short; lost */
        FILE *file = fopen(mark, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(zeros, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        expect_faults(*state, 1, "the file mark");
        struct log *log = must_open(*state);
        struct stock stock = stock_resume(log);
        uint64_t marked;
        assert_false(log_marked(log, &marked));
        assert_int_equal(stock_commit(&stock, log, 20, NULL), REASON_NONE);
        log_close(log);
        struct verify counts;
        assert_string_equal(verify(*state, &counts), "");
    }
    free(mark);
}

/* Change the body of a record and seal it again: what a bug of ours could write. */
static void rewrite(const char *dir, unsigned commit,
                    void (*change)(struct record *record, uint8_t *body))
{
    struct log *log = must_open(dir);
    struct bytes *value = NULL;
    struct record record;
    struct key key = key_record(first_of(commit));
    assert_int_equal(log_get(log, key_span(&key), &value, NULL), REASON_NONE);
    log_close(log);
    assert_int_equal(record_open(first_of(commit), bytes_span(value), &record, NULL), REASON_NONE);
    change(&record, value->data + RECORD_HEADER_BYTES);
    record_seal(value->data, &record);
    put(dir, key, value->data, RECORD_HEADER_BYTES + record.body.len);
    bytes_unref(value);
}

static void change_number(struct record *record, uint8_t *body)
{
    (void)body;
    record->number += 3;
}

static void change_time(struct record *record, uint8_t *body)
{
    (void)body;
    record->time_ms++;
}

static void change_name(struct record *record, uint8_t *body)
{
    uint8_t *name = memmem(body, record->body.len, "stock/", 6);
    assert_non_null(name);
    name[0] = 'S';
}

static void change_payload(struct record *record, uint8_t *body)
{
    uint8_t *payload = memmem(body, record->body.len, "{\"n\":", 5);
    assert_non_null(payload);
    payload[0] = '[';
}

static void change_frame(struct record *record, uint8_t *body)
{
    (void)record;
    body[0] = 0x12;
}

/* semantics 1 */
static void a_number_out_of_sequence_is_reported(void **state)
{
    rewrite(*state, 7, change_number);
    expect_faults(*state, 2, "it has number");
}

/* semantics 2 */
static void a_time_that_contradicts_the_header_is_reported(void **state)
{
    struct verify counts;
    rewrite(*state, 7, change_time);
    assert_non_null(strstr(verify(*state, &counts), "its record says time"));
    assert_int_equal(counts.faults, 20);
}

static void a_stream_that_is_not_the_indexed_one_is_reported(void **state)
{
    struct verify counts;
    rewrite(*state, 7, change_name);
    const char *text = verify(*state, &counts);
    assert_non_null(strstr(text, "Stock/"));
    assert_non_null(strstr(text, "is not in its index"));
}

/* semantics 3 */
static void content_that_differs_from_its_digest_is_reported(void **state)
{
    rewrite(*state, 7, change_payload);
    expect_faults(*state, 1, "another event's");
}

static void a_body_that_cannot_be_walked_is_reported(void **state)
{
    struct verify counts;
    rewrite(*state, 7, change_frame);
    assert_non_null(strstr(verify(*state, &counts), "its header says 20"));
}

/* ---- indexes ---- */

/* semantics 3 */
static void a_missing_id_entry_is_reported(void **state)
{
    struct verify counts;
    put(*state, id_of(77), NULL, 0);
    const char *text = verify(*state, &counts);
    assert_non_null(strstr(text, "has no entry"));
    assert_int_equal(counts.faults, 2);
}

/* semantics 3 */
static void an_id_entry_of_no_event_is_reported(void **state)
{
    uint8_t value[ID_ENTRY_BYTES];
    struct id_entry entry = {.order_id = first_of(3) + 1, .version = 1};
    id_entry_encode(value, &entry);
    put(*state, key_event_id(text_span("nobody's")), value, sizeof value);
    expect_faults(*state, 2, "event id Tnobody's: its entry points to event");
    put(*state, key_event_id(text_span("nobody's")), "short", 5);
    expect_faults(*state, 2, "malformed");
}

static void a_missing_extent_is_reported(void **state)
{
    struct verify counts;
    put(*state, extent_of(2, 1), NULL, 0);
    const char *text = verify(*state, &counts);
    assert_non_null(strstr(text, "stream stock/2: version 1, event 1002, is not in its index"));
    assert_non_null(strstr(text, "goes on with version"));
    assert_int_equal(counts.faults, 3);
}

static void an_extent_that_points_elsewhere_is_reported(void **state)
{
    uint8_t value[32];
    size_t len = extent_encode(value, first_of(0), (struct extent_run[]){{3, 3}}, 1);
    put(*state, extent_of(2, 1), value, len);
    expect_faults(*state, 1, "the index has another place for version 1");
}

static void an_extent_of_no_event_is_reported(void **state)
{
    uint8_t value[32];
    size_t len = extent_encode(value, first_of(0), (struct extent_run[]){{3, 1}}, 1);
    put(*state, key_extent(text_span("nobody"), 1), value, len);
    expect_faults(*state, 2,
                  "stream nobody: the index has version 1 at event 1003, which is not it");
}

static void a_key_of_no_known_kind_is_reported(void **state)
{
    put(*state, (struct key){"Xyz", 3}, "", 0);
    expect_faults(*state, 1, "no known kind");
}

/* ---- deletion ---- */

/* semantics 5 */
static void a_cut_without_its_deletion_is_reported(void **state)
{
    uint8_t value[CUT_BYTES];
    struct cut cut = {.version = 3, .order_id = first_of(1), .deletion = first_of(2)};
    cut_encode(value, &cut);
    put(*state, extent_of(1, 0), value, sizeof value);
    expect_faults(*state, 1, "which deleted it, is not there");
    put(*state, key_erase(9), "stock/2", 7);
    expect_faults(*state, 2, "to be erased, but has no cut");
}

/* ---- flipped bytes ---- */

static char (*files)[512];
static size_t files_len;

static int note_file(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)ftw;
    if (flag == FTW_F && st->st_size > 0 && !strstr(path, "/LOG") && !strstr(path, "/ballast")) {
        files = realloc(files, (files_len + 1) * sizeof *files);
        snprintf(files[files_len++], sizeof *files, "%s", path);
    }
    return 0;
}

/* LevelDB changes its directory whenever it is opened, so each trial works on a copy. */
static char *copy_of(const char *dir)
{
    char command[1024];
    char *copy = tempdir_new();
    snprintf(command, sizeof command, "cp -a %s/. %s/", dir, copy);
    assert_int_equal(system(command), 0);
    return copy;
}

static void flip(const char *path, off_t at, unsigned bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= (uint8_t)(1u << bit);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void note_fault(void *user, const char *text)
{
    (void)user;
    (void)text;
}

/* Either opening or verify reports it, or everything is read as it was written. */
static bool trial(const char *dir, const char *file, off_t at, unsigned bit, uint64_t events)
{
    char *copy = copy_of(dir), path[1024];
    snprintf(path, sizeof path, "%s%s", copy, file + strlen(dir));
    flip(path, at, bit);
    struct verify counts = {.fault = note_fault};
    struct error error;
    bool noticed = verify_run(copy, &counts, &error) != LOG_OK;
    if (!noticed) {
        struct log *log = must_open(copy);
        if (stock_check(log, events) != events)
            fail_msg("byte %lld of %s: events are missing and nobody noticed", (long long)at, path);
        log_close(log);
    }
    tempdir_remove(copy);
    return noticed;
}

static void flip_all(const char *dir, unsigned trials, unsigned noticed_min)
{
    unsigned noticed = 0;
    uint64_t events = 20 * COMMITS;
    files_len = 0;
    nftw(dir, note_file, 8, FTW_PHYS);
    srand(11);
    for (unsigned i = 0; i < trials; i++) {
        struct stat st;
        const char *file = files[i % files_len];
        assert_int_equal(stat(file, &st), 0);
        off_t at = i / files_len < 12 ? (off_t)(i / files_len) % st.st_size /* the headers */
                                      : (off_t)((unsigned)rand() % (unsigned)st.st_size);
        noticed += trial(dir, file, at, (unsigned)rand() % 8, events);
    }
    free(files);
    files = NULL;
    assert_true(noticed >= noticed_min);
}

/* hazards 3 */
static void a_flipped_byte_never_hides_or_changes_an_event(void **state)
{
    flip_all(*state, 150, 50); /* fresh: nearly everything is in LevelDB's log */
    struct verify counts;
    verify(*state, &counts); /* opening moves it into tables */
    flip_all(*state, 150, 50);
}

/* A wrong length in LevelDB's log looks like a write that was torn by a crash, and LevelDB drops what follows without a word. */
/* hazards 3 */
static void a_flipped_length_in_leveldbs_log_hides_nothing(void **state)
{
    enum { HEADER = 7 }; /* checksum, length, type */
    struct log *log = must_open(*state);
    struct stock stock = stock_resume(log);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(stock_commit(&stock, log, 20, NULL), REASON_NONE);
    log_close(log);
    files_len = 0;
    nftw(*state, note_file, 8, FTW_PHYS);
    unsigned noticed = 0;
    for (size_t i = 0; i < files_len; i++)
        if (strstr(files[i], ".log") || strstr(files[i], "MANIFEST"))
            for (unsigned bit = 0; bit < 8 * HEADER; bit++)
                noticed += trial(*state, files[i], bit / 8, bit % 8, stock.events);
    free(files);
    files = NULL;
    assert_true(noticed >= 8 * HEADER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_store_has_no_faults),
        TEST(a_missing_record_is_reported_with_what_points_to_it),
        TEST(a_missing_last_record_is_reported),
        TEST(a_damaged_mark_is_reported_and_the_next_one_is_sound),
        TEST(a_number_out_of_sequence_is_reported),
        TEST(a_time_that_contradicts_the_header_is_reported),
        TEST(a_stream_that_is_not_the_indexed_one_is_reported),
        TEST(content_that_differs_from_its_digest_is_reported),
        TEST(a_body_that_cannot_be_walked_is_reported),
        TEST(a_missing_id_entry_is_reported),
        TEST(an_id_entry_of_no_event_is_reported),
        TEST(a_missing_extent_is_reported),
        TEST(an_extent_that_points_elsewhere_is_reported),
        TEST(an_extent_of_no_event_is_reported),
        TEST(a_key_of_no_known_kind_is_reported),
        TEST(a_cut_without_its_deletion_is_reported),
        TEST(a_flipped_byte_never_hides_or_changes_an_event),
        TEST(a_flipped_length_in_leveldbs_log_hides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
