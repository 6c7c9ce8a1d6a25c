/*
 * damage_test.c - a photond that serves while its tables are damaged: a compaction meets the damage, and photond says so, once and for
 * good. What is not damaged can be read.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/emits.h"
#include "tests/lib/tempdir.h"
#include "wire/codec.h"
#include "wire/text.h"

/* TABLES and one more make LevelDB compact; that one comes when so many events have filled its buffer (inside.c). */
enum { TABLES = 3, EVENTS_MAX = 1000, PAYLOAD = 60000, STEP = 256, PATH_BYTES = 4096 };

static enum reason emit(struct inside *in, struct error *error)
{
    struct emit_response response;
    enum reason reason = emits_send(in, emits_request("s", "", PAYLOAD), &response, error);
    if (reason == REASON_NONE)
        free(response.stored);
    return reason;
}

/* A store of several tables, all of which LevelDB will compact together, and photond serving it. */
static int setup(void **state)
{
    struct inside *in = inside_start();
    struct error error;
    for (int i = 0; i < TABLES; i++) {
        for (int n = 0; n < 5; n++)
            assert_int_equal(emit(in, &error), REASON_NONE);
        inside_restart(in); /* what was in the log is a table now */
    }
    *state = in;
    return 0;
}

static int teardown(void **state)
{
    inside_stop(*state);
    return 0;
}

/* Many bytes, of records alone: the index is in front of them, LevelDB's own behind. In place, as a disk does it. */
static void damage_file(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file);
    for (long at = end / 2; at < end / 4 * 3; at += STEP) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(byte ^ 0xff, file);
    }
    assert_int_equal(fclose(file), 0);
}

static int damage_tables(const char *dir)
{
    char *data = tempdir_path(dir, "data"), path[PATH_BYTES];
    int damaged = 0;
    DIR *d = opendir(data);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));) {
        if (!strstr(entry->d_name, ".ldb"))
            continue;
        snprintf(path, sizeof path, "%s/%s", data, entry->d_name);
        damage_file(path);
        damaged++;
    }
    closedir(d);
    free(data);
    return damaged;
}

/* Emit until one fails. Returns how many did not. */
static int emit_until_it_fails(struct inside *in, struct error *error)
{
    int emitted = 0;
    while (emit(in, error) == REASON_NONE) {
        emitted++;
        assert_true(emitted < EVENTS_MAX);
    }
    return emitted;
}

static bool is_healthy(struct inside *in)
{
    static const uint8_t photon[] = "\x0a\x15muon.v1.PhotonService";
    static const uint8_t serving[] = {0x08, 1};
    struct bytes *answer;
    struct error error;
    assert_int_equal(caller_ask(in->caller, "/grpc.health.v1.Health/Check",
                                bytes_copy(photon, sizeof photon - 1), &answer, &error),
                     REASON_NONE);
    bool healthy = text_equal(bytes_span(answer), (struct span){serving, sizeof serving});
    bytes_unref(answer);
    return healthy;
}

static void expect_readable(struct inside *in, uint64_t version)
{
    struct get_request get = {
        .by = GET_BY_VERSION, .stream_name = text_span("s"), .version = version};
    struct bytes *answer;
    struct error error;
    assert_int_equal(caller_ask(in->caller, "/muon.v1.PhotonService/GetEvent",
                                get_request_encode(&get), &answer, &error),
                     REASON_NONE);
    bytes_unref(answer);
}

/* LevelDB writes another one whenever it is opened. */
static char *current(struct inside *in)
{
    char *path = tempdir_path(in->dir, "data/CURRENT"), *text = tempdir_read(path, NULL);
    assert_non_null(text);
    free(path);
    return text;
}

/* semantics 8; hazards 3 */
static void damage_that_a_compaction_meets_ends_writing_and_not_reading(void **state)
{
    struct inside *in = *state;
    struct error error;
    assert_true(is_healthy(in));
    char *opened = current(in);
    assert_int_equal(damage_tables(in->dir), TABLES);
    int emitted = emit_until_it_fails(in, &error);
    if (error.reason ==
        REASON_STORE_UNAVAILABLE) { /* what was being written is unknown: ask again */
        assert_true(error.maybe_applied);
        emit(in, &error);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(error.reason, REASON_CORRUPT);
        assert_false(error.retryable || error.maybe_applied);
        assert_non_null(strstr(error.message, "photond verify"));
        assert_int_not_equal(emit(in, &error), REASON_NONE);
    }
    assert_true(service_is_damaged(in->service));
    assert_false(is_healthy(in));
    expect_readable(in, (uint64_t)(5 * TABLES + emitted));
    char *now = current(in);
    assert_string_equal(now, opened); /* opening anew would mend nothing */
    free(now);
    free(opened);
}

static void an_undamaged_store_goes_on_through_its_compactions(void **state)
{
    struct inside *in = *state;
    struct error error;
    for (int i = 0; i < 150; i++)
        assert_int_equal(emit(in, &error), REASON_NONE);
    assert_false(service_is_damaged(in->service));
    assert_true(is_healthy(in));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(damage_that_a_compaction_meets_ends_writing_and_not_reading),
        TEST(an_undamaged_store_goes_on_through_its_compactions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
