/*
 * raw_scan.c - read all records of a store by LevelDB alone: what a replay can be at most. verify=1: with LevelDB's checksums;
 * own=1: with ours; copy=1: each value is copied, as whoever passes it on must.
 */
#include <leveldb/c.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "store/keys.h"
#include "store/record.h"

enum { MIB = 1024 * 1024 };

static leveldb_t *open_db(const char *dir)
{
    leveldb_options_t *options = leveldb_options_create();
    leveldb_options_set_paranoid_checks(options, 1);
    leveldb_options_set_cache(options, leveldb_cache_create_lru(64 * MIB));
    leveldb_options_set_write_buffer_size(options, 32 * MIB);
    leveldb_options_set_max_file_size(options, 64 * MIB);
    leveldb_options_set_block_size(options, 16 * 1024);
    leveldb_options_set_compression(options, leveldb_no_compression);
    leveldb_options_set_filter_policy(options, leveldb_filterpolicy_create_bloom(10));
    char *text = NULL;
    leveldb_t *db = leveldb_open(options, dir, &text);
    if (!db)
        die("%s: %s", dir, text);
    return db;
}

/* Returns the record's events. */
static uint32_t record_look(struct span key, struct span value, bool own, bool copy)
{
    uint64_t order_id;
    struct record record = {.count = 0};
    struct error error;
    if (!key_record_read(key, &order_id))
        return 0;
    if (own && record_open(order_id, value, &record, &error) != REASON_NONE)
        die("%s", error.message);
    if (!own)
        memcpy(&record.count, value.data + 12, sizeof record.count);
    if (copy) {
        uint8_t *copied = malloc(value.len);
        if (!copied)
            die("no memory");
        memcpy(copied, value.data, value.len);
        free(copied);
    }
    return record.count;
}

int main(int argc, char **argv)
{
    struct args args = {argc, argv};
    bool own = args_number(&args, "own", 1) != 0, copy = args_number(&args, "copy", 1) != 0;
    leveldb_t *db = open_db(args_text(&args, "dir", "data"));
    leveldb_readoptions_t *how = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(how, args_number(&args, "verify", 1) != 0);
    leveldb_readoptions_set_fill_cache(how, 0);
    uint64_t begin = mono_ns(), bytes = 0, events = 0;
    leveldb_iterator_t *iter = leveldb_create_iterator(db, how);
    struct span key, value;
    for (leveldb_iter_seek(iter, "r", 1); leveldb_iter_valid(iter); leveldb_iter_next(iter)) {
        key.data = (const uint8_t *)leveldb_iter_key(iter, &key.len);
        value.data = (const uint8_t *)leveldb_iter_value(iter, &value.len);
        if (key.data[0] != 'r')
            break;
        bytes += value.len;
        events += record_look(key, value, own, copy);
    }
    double seconds = seconds_since(begin);
    leveldb_iter_destroy(iter);
    leveldb_close(db);
    result_print("count", (double)events, "bytes", (double)bytes, "seconds", seconds, "per_s",
                 (double)events / seconds, "mb_per_s", (double)bytes / 1e6 / seconds, NULL);
    return 0;
}
