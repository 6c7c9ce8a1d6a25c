/*
 * log.c - LevelDB, opened with care. The only file that knows it.
 *
 * Reads pass a gate. log_reopen closes it, waits until nobody is inside, and then may close LevelDB (hazards 4: an iterator that is
 * alive at close aborts the process).
 *
 * Writes are synced. The first that fails makes all others fail until log_reopen has succeeded: LevelDB would go on to acknowledge
 * what the next opening cannot find (hazards 1). A failed sync is not retried (hazards 2).
 *
 * After an error inside a scan LevelDB's iterators go on behind the hole; ours stop where the error is first known (hazards 3).
 */
#include "store/log.h"

#include <inttypes.h>
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/fault.h"
#include "store/gate.h"
#include "store/keys.h"
#include "store/meta.h"
#include "store/place.h"
#include "store/tailcheck.h"

enum {
    MIB = 1 << 20,
    DEFAULT_BYTES = 64 * MIB,
    DEFAULT_BALLAST = 16 * MIB,
    BLOCK_BYTES = 16 * 1024,
    BLOOM_BITS = 10
};
enum { WHY_BYTES = 256 };

struct log {
    struct place place;
    struct log_options options;
    uint64_t incarnation;
    struct log_end end;

    leveldb_options_t *db_options;
    leveldb_filterpolicy_t *bloom;
    leveldb_cache_t *cache;
    leveldb_readoptions_t *read, *read_bulk, *read_records;
    leveldb_writeoptions_t *write;

    struct gate gate;
    leveldb_t
        *db; /* NULL: closed, and not open again yet. Changes by whoever has closed the gate */

    /* the writer's */
    uint64_t marked;     /* the greatest record number that was acknowledged */
    enum reason refused; /* why writes are refused; REASON_NONE: they are not */
    char why[WHY_BYTES];
};

struct log_batch {
    leveldb_writebatch_t *writes;
    uint64_t number; /* the greatest record number in it */
};

struct log_iter {
    struct log *log;
    leveldb_iterator_t *at;
    char *fault;  /* LevelDB's words; NULL: none */
    bool went_on; /* LevelDB never forgets an error, so later ones are not seen */
};

/* ---- LevelDB's errors ---- */

/* Takes text over. */
static enum log_fault fault_text(const struct log *log, const char *what, char *text,
                                 struct error *error)
{
    enum log_fault fault = fault_from_text(text);
    const char *advice = fault == LOG_FULL      ? "; make room"
                         : fault == LOG_DAMAGED ? "; run photond verify, restore a backup"
                                                : "";
    error_set(error, fault_reason(fault), "the store in %s %s: %s%s", log->place.dir, what, text,
              advice);
    leveldb_free(text);
    return fault;
}

/* ---- opening ---- */

static void log_make_options(struct log *log)
{
    const struct log_options *o = &log->options;
    log->bloom = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
    log->cache = leveldb_cache_create_lru(o->cache_bytes);
    log->db_options = leveldb_options_create();
    leveldb_options_set_paranoid_checks(log->db_options, 1);
    leveldb_options_set_create_if_missing(log->db_options, !log->place.made);
    leveldb_options_set_filter_policy(log->db_options, log->bloom);
    leveldb_options_set_cache(log->db_options, log->cache);
    leveldb_options_set_write_buffer_size(log->db_options, o->write_buffer_bytes);
    leveldb_options_set_max_file_size(log->db_options, o->file_bytes);
    leveldb_options_set_block_size(log->db_options, BLOCK_BYTES);
    leveldb_options_set_compression(log->db_options, leveldb_no_compression);
    log->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(log->read, 1);
    log->read_bulk = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(log->read_bulk, 1);
    leveldb_readoptions_set_fill_cache(log->read_bulk, 0);
    log->read_records =
        leveldb_readoptions_create(); /* who reads a record verifies its own checksum */
    leveldb_readoptions_set_fill_cache(log->read_records, 0);
    log->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(log->write, 1);
}

static struct log *log_new(const struct log_options *options)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->options = *options;
    struct log_options *o = &log->options;
    o->write_buffer_bytes = o->write_buffer_bytes ? o->write_buffer_bytes : DEFAULT_BYTES;
    o->file_bytes = o->file_bytes ? o->file_bytes : DEFAULT_BYTES;
    o->cache_bytes = o->cache_bytes ? o->cache_bytes : DEFAULT_BYTES;
    o->ballast_bytes = o->ballast_bytes ? o->ballast_bytes : DEFAULT_BALLAST;
    gate_init(&log->gate);
    return log;
}

static void log_free(struct log *log)
{
    if (log->db)
        leveldb_close(log->db);
    if (log->db_options) {
        leveldb_options_destroy(log->db_options);
        leveldb_filterpolicy_destroy(log->bloom);
        leveldb_cache_destroy(log->cache);
        leveldb_readoptions_destroy(log->read);
        leveldb_readoptions_destroy(log->read_bulk);
        leveldb_readoptions_destroy(log->read_records);
        leveldb_writeoptions_destroy(log->write);
    }
    place_close(&log->place);
    gate_fini(&log->gate);
    free(log);
}

static enum log_fault log_open_db(struct log *log, struct error *error)
{
    char *text = NULL;
    leveldb_t *db = leveldb_open(log->db_options, log->place.data, &text);
    if (text &&
        fault_from_text(text) == LOG_FULL) { /* opening writes: the ballast is kept for this */
        leveldb_free(text);
        text = NULL;
        place_ballast_free(&log->place);
        db = leveldb_open(log->db_options, log->place.data, &text);
    }
    if (text)
        return fault_text(log, "cannot be opened", text, error);
    log->db = db;
    return LOG_OK;
}

/* ---- opening: what is there is sound ---- */

/* The end, if it is sound, and is not before what was acknowledged. */
static enum log_fault log_check(struct log *log, struct error *error)
{
    struct log_end end;
    enum log_fault fault = tailcheck_run(log, &end, error);
    uint64_t marked = place_marked(&log->place);
    log->marked = marked > log->marked ? marked : log->marked;
    if (fault == LOG_OK && end.last_number < log->marked) {
        error_set(error, REASON_CORRUPT,
                  "the store in %s ends with record number %" PRIu64 ", but number %" PRIu64
                  " was acknowledged; restore a backup",
                  log->place.dir, end.last_number, log->marked);
        fault = LOG_DAMAGED;
    }
    if (fault == LOG_DAMAGED && log->options.inspect) {
        log->refused = REASON_CORRUPT;
        snprintf(log->why, sizeof log->why, "it is damaged, and open for inspection only");
        return LOG_OK;
    }
    if (fault == LOG_OK)
        log->end = end;
    return fault;
}

struct log *log_open(const char *dir, const struct log_options *options, enum log_fault *fault,
                     struct error *error)
{
    umask(umask(077) | 077);
    struct log *log = log_new(options);
    if (!log) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to open the store");
        *fault = LOG_FAILED;
        return NULL;
    }
    *fault = place_open(&log->place, dir, options->create, error);
    if (*fault == LOG_OK) {
        log_make_options(log);
        *fault = log_open_db(log, error);
    }
    if (*fault == LOG_OK && !log->place.made)
        *fault = meta_write(log, log->place.store_id, error);
    if (*fault == LOG_OK && !log->place.made)
        *fault = place_finish(&log->place, error);
    if (*fault == LOG_OK)
        *fault = meta_read(log, log->place.store_id, &log->incarnation, error);
    if (*fault == LOG_OK)
        *fault = log_check(log, error);
    if (*fault != LOG_OK) {
        log_free(log);
        return NULL;
    }
    leveldb_options_set_create_if_missing(log->db_options, 0);
    if (!options->inspect)
        place_ballast_make(&log->place, log->options.ballast_bytes);
    return log;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    log_free(log);
}

const char *log_store_id(const struct log *log)
{
    return log->place.store_id;
}

uint64_t log_incarnation(const struct log *log)
{
    return log->incarnation;
}

uint64_t log_marked(const struct log *log)
{
    return log->marked;
}

struct log_end log_end(const struct log *log)
{
    return log->end;
}

/* ---- writing ---- */

struct log_batch *log_batch_new(void)
{
    struct log_batch *batch = calloc(1, sizeof *batch);
    if (batch)
        batch->writes = leveldb_writebatch_create();
    return batch;
}

void log_batch_free(struct log_batch *batch)
{
    if (!batch)
        return;
    leveldb_writebatch_destroy(batch->writes);
    free(batch);
}

void log_batch_clear(struct log_batch *batch)
{
    leveldb_writebatch_clear(batch->writes);
    batch->number = 0;
}

void log_batch_put(struct log_batch *batch, struct span key, struct span value)
{
    uint64_t order_id;
    if (key_record_read(key, &order_id) && value.len >= RECORD_HEADER_BYTES &&
        record_number(value.data) > batch->number)
        batch->number = record_number(value.data);
    leveldb_writebatch_put(batch->writes, (const char *)key.data, key.len, (const char *)value.data,
                           value.len);
}

void log_batch_delete(struct log_batch *batch, struct span key)
{
    leveldb_writebatch_delete(batch->writes, (const char *)key.data, key.len);
}

/* Rewriting an old record does not move the mark. */
static void log_mark(struct log *log, uint64_t number)
{
    if (number <= log->marked)
        return;
    log->marked = number;
    place_mark(&log->place, number);
}

/* Refuse writes from now on. Takes text over. */
static void log_refuse(struct log *log, char *text)
{
    log->refused = fault_from_text(text) == LOG_FULL ? REASON_STORE_FULL : REASON_STORE_UNAVAILABLE;
    snprintf(log->why, sizeof log->why, "%s", text);
    leveldb_free(text);
}

enum reason log_write(struct log *log, struct log_batch *batch, struct error *error)
{
    bool tried = log->refused == REASON_NONE;
    if (tried) {
        char *text = NULL;
        leveldb_write(log->db, log->write, batch->writes, &text);
        if (!text) {
            log_mark(log, batch->number);
            return REASON_NONE;
        }
        log_refuse(log, text);
    }
    enum reason reason = error_set(error, log->refused, "the store in %s cannot write: %s",
                                   log->place.dir, log->why);
    if (error)
        error->maybe_applied = tried;
    return reason;
}

enum reason log_reopen(struct log *log, struct error *error)
{
    place_ballast_free(&log->place);
    enum reason reason = place_probe(&log->place, error);
    if (reason != REASON_NONE)
        return reason;
    gate_close(&log->gate);
    if (log->db)
        leveldb_close(log->db);
    log->db = NULL;
    enum log_fault fault = log_open_db(log, error);
    if (fault == LOG_OK)
        fault = log_check(log, error);
    if (fault != LOG_OK && log->db) {
        leveldb_close(log->db);
        log->db = NULL;
    }
    gate_open(&log->gate);
    if (fault != LOG_OK) {
        snprintf(log->why, sizeof log->why, "it could not be opened again");
        return log->refused = fault_reason(fault);
    }
    place_ballast_make(&log->place, log->options.ballast_bytes);
    log->refused = REASON_NONE;
    return REASON_NONE;
}

/* ---- reading ---- */

static bool log_enter(struct log *log)
{
    gate_enter(&log->gate);
    if (log->db)
        return true;
    gate_leave(&log->gate);
    return false;
}

static enum reason log_closed(const struct log *log, struct error *error)
{
    return error_set(error, REASON_STORE_UNAVAILABLE,
                     "the store in %s is being opened anew; try again", log->place.dir);
}

static void value_free(void *data)
{
    leveldb_free(data);
}

enum reason log_get(struct log *log, struct span key, struct bytes **value, struct error *error)
{
    if (!log_enter(log))
        return log_closed(log, error);
    char *text = NULL;
    size_t len;
    uint64_t order_id;
    leveldb_readoptions_t *how = key_record_read(key, &order_id) ? log->read_records : log->read;
    char *data = leveldb_get(log->db, how, (const char *)key.data, key.len, &len, &text);
    gate_leave(&log->gate);
    if (text)
        return fault_reason(fault_text(log, "cannot be read", text, error));
    struct bytes *found = data ? bytes_wrap(data, len, value_free) : NULL;
    if (data && !found) {
        leveldb_free(data);
        return error_set(error, REASON_STORE_UNAVAILABLE, "no memory to read the store");
    }
    *value = found;
    return REASON_NONE;
}

static struct log_iter *iter_open(struct log *log, const leveldb_readoptions_t *how)
{
    struct log_iter *iter = calloc(1, sizeof *iter);
    if (!iter)
        return NULL;
    if (!log_enter(log)) {
        free(iter);
        return NULL;
    }
    iter->log = log;
    iter->at = leveldb_create_iterator(log->db, how);
    return iter;
}

struct log_iter *log_iter_open(struct log *log, bool bulk)
{
    return iter_open(log, bulk ? log->read_bulk : log->read);
}

struct log_iter *log_iter_open_records(struct log *log)
{
    return iter_open(log, log->read_records);
}

void log_iter_close(struct log_iter *iter)
{
    if (!iter)
        return;
    leveldb_iter_destroy(iter->at);
    leveldb_free(iter->fault);
    gate_leave(&iter->log->gate);
    free(iter);
}

/* After every step: an error may leave the iterator valid, on the other side of a hole. */
static void log_iter_look(struct log_iter *iter)
{
    if (!iter->fault && !iter->went_on)
        leveldb_iter_get_error(iter->at, &iter->fault);
}

void log_iter_go_on(struct log_iter *iter)
{
    leveldb_free(iter->fault);
    iter->fault = NULL;
    iter->went_on = true;
}

void log_iter_seek(struct log_iter *iter, struct span key)
{
    leveldb_iter_seek(iter->at, (const char *)key.data, key.len);
    log_iter_look(iter);
}

void log_iter_seek_before(struct log_iter *iter, struct span key)
{
    log_iter_seek(iter, key);
    if (iter->fault)
        return;
    if (leveldb_iter_valid(iter->at))
        leveldb_iter_prev(iter->at);
    else
        leveldb_iter_seek_to_last(iter->at);
    log_iter_look(iter);
}

void log_iter_next(struct log_iter *iter)
{
    leveldb_iter_next(iter->at);
    log_iter_look(iter);
}

void log_iter_prev(struct log_iter *iter)
{
    leveldb_iter_prev(iter->at);
    log_iter_look(iter);
}

bool log_iter_valid(const struct log_iter *iter)
{
    return !iter->fault && leveldb_iter_valid(iter->at);
}

struct span log_iter_key(const struct log_iter *iter)
{
    struct span key;
    key.data = (const uint8_t *)leveldb_iter_key(iter->at, &key.len);
    return key;
}

struct span log_iter_value(const struct log_iter *iter)
{
    struct span value;
    value.data = (const uint8_t *)leveldb_iter_value(iter->at, &value.len);
    return value;
}

enum reason log_iter_fault(const struct log_iter *iter, struct error *error)
{
    if (!iter->fault)
        return REASON_NONE;
    enum log_fault fault = fault_from_text(iter->fault);
    return error_set(error, fault_reason(fault == LOG_FULL ? LOG_FAILED : fault),
                     "the store in %s cannot be read: %s", iter->log->place.dir, iter->fault);
}
