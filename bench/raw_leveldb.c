/*
 * raw_leveldb.c - LevelDB alone, without sync, given what photond would give it: the same records and index entries, made
 * beforehand by the store's own sequence and builder, with the options of store/log.c and photond's defaults.
 *
 * Only leveldb_write is timed. Commits are made a slice at a time, so that ten million events need not be in memory at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/raw_log.h"
#include "bench/workload.h"
#include "store/sequence.h"
#include "wire/bytes.h"

enum { MIB = 1024 * 1024 };

static const struct limits limits = {MIB, 4 * MIB, 1000, 255};

/* ---- making commits ---- */

static void add_batch(struct sequence *sequence, struct submission *sub, struct span message)
{
    struct emit_request request;
    struct error error;
    if (emit_request_decode(message, &limits, &request, &error) != REASON_NONE ||
        !submission_init_emit(sub, &request) || !sequence_add(sequence, sub, &error) || sub->error)
        die("an emit was refused");
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One commit of so many emits of w->batch events. */
static leveldb_writebatch_t *make_commit(struct sequence *sequence, struct workload *w,
                                         uint64_t emits)
{
    struct submission *subs = calloc(emits, sizeof *subs);
    struct bytes **messages = calloc(emits, sizeof(struct bytes *));
    if (!subs || !messages)
        die("no memory");
    size_t bytes = 0;
    for (uint64_t i = 0; i < emits; i++) {
        messages[i] = workload_request(w, w->batch);
        bytes += messages[i]->len + w->batch * 32;
    }
    sequence_start(sequence, now_us(), bytes);
    for (uint64_t i = 0; i < emits; i++)
        add_batch(sequence, &subs[i], bytes_span(messages[i]));
    struct log_end after;
    struct error error;
    if (!sequence_finish(sequence, &after, &error))
        die("a commit could not be built");
    leveldb_writebatch_t *commit = raw_log_take(builder_batch(sequence->builder));
    sequence_settle(sequence, after);
    for (uint64_t i = 0; i < emits; i++) {
        submission_fini(&subs[i]);
        bytes_unref(messages[i]);
    }
    free(subs);
    free(messages);
    return commit;
}

/* ---- writing them ---- */

static leveldb_t *open_db(const char *dir)
{
    leveldb_options_t *options = leveldb_options_create();
    leveldb_options_set_create_if_missing(options, 1);
    leveldb_options_set_error_if_exists(options, 1);
    leveldb_options_set_paranoid_checks(options, 1);
    leveldb_options_set_filter_policy(options, leveldb_filterpolicy_create_bloom(10));
    leveldb_options_set_cache(options, leveldb_cache_create_lru(64 * MIB));
    leveldb_options_set_write_buffer_size(options, 32 * MIB);
    leveldb_options_set_max_file_size(options, 4 * MIB);
    leveldb_options_set_block_size(options, 16 * 1024);
    leveldb_options_set_compression(options, leveldb_no_compression);
    char *text = NULL;
    leveldb_t *db = leveldb_open(options, dir, &text);
    if (!db)
        die("%s: %s", dir, text);
    return db;
}

/* Returns the seconds that the writes took, and the longest. */
static double write_slice(leveldb_t *db, leveldb_writeoptions_t *how,
                          leveldb_writebatch_t **commits, size_t len, double *longest_ms)
{
    uint64_t begin = mono_ns(), from = begin;
    for (size_t i = 0; i < len; i++) {
        char *text = NULL;
        leveldb_write(db, how, commits[i], &text);
        if (text)
            die("%s", text);
        uint64_t now = mono_ns();
        if ((double)(now - from) / 1e6 > *longest_ms)
            *longest_ms = (double)(now - from) / 1e6;
        from = now;
    }
    return (double)(from - begin) / 1e9;
}

int main(int argc, char **argv)
{
    struct args args = {argc, argv};
    struct workload w = workload_new(&args);
    uint64_t events = args_number(&args, "events", 1000000);
    uint64_t slice = args_number(&args, "slice", events);
    uint64_t emits = args_number(&args, "emits", 1); /* in a commit */
    size_t per_slice = slice / (emits * w.batch);
    struct error error;
    struct sequence sequence = {.heads = heads_new((size_t)4 << 30), .builder = builder_new()};
    sequence.ids = ids_new(NULL, 1 << 16, &error);
    leveldb_writebatch_t **commits = calloc(per_slice, sizeof(leveldb_writebatch_t *));
    if (!sequence.heads || !sequence.ids || !sequence.builder || !commits || !per_slice)
        die("no memory, or a slice smaller than a commit");
    leveldb_t *db = open_db(args_text(&args, "dir", "leveldb"));
    leveldb_writeoptions_t *how = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(how, args_number(&args, "sync", 0) != 0);
    double seconds = 0, cpu = 0, longest_ms = 0;
    uint64_t written = 0;
    while (written < events) {
        for (size_t i = 0; i < per_slice; i++)
            commits[i] = make_commit(&sequence, &w, emits);
        double before = cpu_seconds();
        double took = write_slice(db, how, commits, per_slice, &longest_ms);
        cpu += cpu_seconds() - before;
        for (size_t i = 0; i < per_slice; i++)
            leveldb_writebatch_destroy(commits[i]);
        seconds += took;
        written += per_slice * emits * w.batch;
        result_print("events", (double)written, "slice_per_s",
                     (double)(per_slice * emits * w.batch) / took, NULL);
    }
    leveldb_close(db);
    result_print("count", (double)written, "seconds", seconds, "per_s", (double)written / seconds,
                 "max_pause_ms", longest_ms, "cpu_us", cpu * 1e6 / (double)written, NULL);
    return 0;
}
