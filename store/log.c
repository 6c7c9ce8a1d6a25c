/*
 * log.c - LevelDB, opened with care. Only files log*.c know it (log_inside.h).
 *
 * Reads (log_read.c) pass a gate. log_reopen closes it, waits until nobody is inside, and then may close LevelDB (hazards 4: an iterator that is
 * alive at close aborts the process).
 *
 * What is appended is synced through a descriptor of our own (wal.h), or by LevelDB within the write. The first failure of either makes
 * all later writes fail until log_reopen has succeeded: LevelDB would go on to acknowledge what the next opening cannot find
 * (hazards 1). A failed sync is not retried (hazards 2).
 */
#include "store/log.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fault.h"
#include "store/keys.h"
#include "store/log_inside.h"
#include "store/manifest.h"
#include "store/meta.h"
#include "store/pinned.h"
#include "store/tailcheck.h"

/* Tables: 16 GiB of them stay open, with files of 4 MiB. LevelDB maps the first thousand, and takes a fifth of our descriptors for the others at the most. */
enum { MIB = 1 << 20, BLOCK_BYTES = 16 * 1024, BLOOM_BITS = 10, TABLES_OPEN = 4096 };

struct log_batch {
    leveldb_writebatch_t *writes;
    uint64_t number; /* the greatest record number in it */
    size_t bytes;    /* of keys and values */
    size_t held;     /* by LevelDB's buffer, at the most */
};

/* ---- opening ---- */

static leveldb_readoptions_t *read_options(bool verify, bool fill_cache)
{
    leveldb_readoptions_t *options = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(options, verify);
    leveldb_readoptions_set_fill_cache(options, fill_cache);
    return options;
}

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
    leveldb_options_set_max_open_files(log->db_options, TABLES_OPEN);
    leveldb_options_set_block_size(log->db_options, BLOCK_BYTES);
    leveldb_options_set_compression(log->db_options, leveldb_no_compression);
    log->read[LOG_READ] = read_options(true, true);
    log->read[LOG_SCAN] = read_options(true, false);
    log->read[LOG_SCAN_RECORDS] = read_options(false, false);
    log->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(log->write, 1);
    log->append = leveldb_writeoptions_create();
}

static struct log *log_new(const struct log_options *options)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->options = *options;
    struct log_options *o = &log->options;
    o->write_buffer_bytes = o->write_buffer_bytes ? o->write_buffer_bytes : 64 * MIB;
    o->file_bytes = o->file_bytes ? o->file_bytes : 64 * MIB;
    o->cache_bytes = o->cache_bytes ? o->cache_bytes : 64 * MIB;
    o->ballast_bytes = o->ballast_bytes ? o->ballast_bytes : 16 * MIB;
    gate_init(&log->gate);
    unsynced_init(&log->unsynced);
    pthread_mutex_init(&log->compacting, NULL);
    ack_init(&log->ack, &log->place);
    log->wal.dir_fd = -1;
    return log;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    writeback_close(log->writeback);
    if (log->db)
        leveldb_close(log->db);
    if (log->db_options) {
        leveldb_options_destroy(log->db_options);
        leveldb_filterpolicy_destroy(log->bloom);
        leveldb_cache_destroy(log->cache);
        for (int how = 0; how < LOG_HOWS; how++)
            leveldb_readoptions_destroy(log->read[how]);
        leveldb_writeoptions_destroy(log->write);
        leveldb_writeoptions_destroy(log->append);
    }
    wal_close(&log->wal);
    ack_fini(&log->ack);
    place_close(&log->place);
    gate_fini(&log->gate);
    unsynced_fini(&log->unsynced);
    pthread_mutex_destroy(&log->compacting);
    free(log);
}

static enum log_fault no_memory(struct error *error)
{
    error_set(error, REASON_STORE_UNAVAILABLE, "no memory to open the store");
    return LOG_FAILED;
}

/* LevelDB would remove the tables that its MANIFEST has forgotten. */
static enum log_fault check_manifest(const struct place *place, struct error *error)
{
    struct manifest manifest;
    int fd = open(place->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum manifest_state state = fd < 0 ? MANIFEST_UNKNOWN : manifest_look(fd, &manifest);
    if (fd >= 0)
        close(fd);
    switch (state) {
    case MANIFEST_NO_MEMORY:
        return no_memory(error);
    case MANIFEST_DAMAGED:
        error_set(
            error, REASON_CORRUPT,
            "the store in %s is damaged: data/%s holds a change that is not whole, and others "
            "behind it; nothing was touched; restore a backup",
            place->dir, manifest.name);
        return LOG_DAMAGED;
    case MANIFEST_BEHIND:
        error_set(
            error, REASON_CORRUPT,
            "the store in %s is damaged: data/%s names data/%s, which is missing, or has lost "
            "its own end; nothing was touched; restore a backup",
            place->dir, manifest.name, manifest.missing);
        return LOG_DAMAGED;
    default:
        return LOG_OK;
    }
}

static enum log_fault open_leveldb(struct log *log, struct error *error)
{
    char *text = NULL;
    leveldb_t *db = leveldb_open(log->db_options, log->place.data, &text);
    if (text && place_make_way(&log->place, fault_from_text(text))) {
        leveldb_free(text);
        text = NULL;
        db = leveldb_open(log->db_options, log->place.data, &text);
    }
    if (text) {
        enum log_fault fault = fault_tell(log->place.dir, "cannot be opened", text, error);
        leveldb_free(text);
        return fault;
    }
    log->db = db;
    return LOG_OK;
}

/* The system has failed a call around LevelDB's opening. */
static enum log_fault pinning_failed(struct log *log, int code, struct error *error)
{
    if (log->db)
        leveldb_close(log->db);
    log->db = NULL;
    return fault_tell(log->place.dir, "cannot be opened", strerror(code), error);
}

static enum log_fault log_open_db(struct log *log, struct error *error)
{
    struct pinned pinned;
    log->replayed = place_log_bytes(&log->place);
    enum log_fault fault = check_manifest(&log->place, error);
    if (fault != LOG_OK)
        return fault;
    int code = pinned_take(&pinned, log->place.data);
    if (code != 0)
        return pinning_failed(log, code, error);
    fault = open_leveldb(log, error);
    code = pinned_let_go(&pinned);
    if (fault == LOG_OK && code != 0)
        return pinning_failed(log, code, error);
    if (fault != LOG_OK)
        return fault;
    wal_close(&log->wal);
    log->wal_is_unknown |= wal_open(&log->wal, log->place.data) != 0;
    return LOG_OK;
}

static enum log_fault log_check(struct log *log, struct error *error)
{
    struct log_end end;
    uint64_t marked = ack_recall(&log->ack, !log->options.inspect);
    enum log_fault fault = tailcheck_run(log, marked, log->replayed, &end, error);
    if (fault == LOG_DAMAGED && log->options.inspect) {
        ack_refuse(&log->ack, REASON_CORRUPT, "it is damaged, and open for inspection only", NULL);
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
        *fault = no_memory(error);
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
        log_close(log);
        return NULL;
    }
    leveldb_options_set_create_if_missing(log->db_options, 0);
    if (!options->inspect) {
        place_ballast_make(&log->place, log->options.ballast_bytes);
        log->writeback = writeback_open(log->place.data, NULL, NULL);
    }
    return log;
}

const char *log_store_id(const struct log *log)
{
    return log->place.store_id;
}

uint64_t log_incarnation(const struct log *log)
{
    return log->incarnation;
}

struct place *log_place(struct log *log)
{
    return &log->place;
}

bool log_marked(const struct log *log, uint64_t *number)
{
    return ack_marked((struct ack *)&log->ack, number); /* asking changes nothing */
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
    leveldb_writebatch_destroy(batch->writes);
    free(batch);
}

void log_batch_clear(struct log_batch *batch)
{
    leveldb_writebatch_clear(batch->writes);
    batch->number = 0;
    batch->bytes = batch->held = 0;
}

void log_batch_put(struct log_batch *batch, struct span key, struct span value)
{
    uint64_t order_id;
    if (key_record_read(key, &order_id) && value.len >= RECORD_HEADER_BYTES &&
        record_number(value.data) > batch->number)
        batch->number = record_number(value.data);
    batch->bytes += key.len + value.len;
    batch->held += wal_entry_max(key.len, value.len);
    leveldb_writebatch_put(batch->writes, (const char *)key.data, key.len, (const char *)value.data,
                           value.len);
}

void log_batch_delete(struct log_batch *batch, struct span key)
{
    batch->bytes += key.len;
    batch->held += wal_entry_max(key.len, 0);
    leveldb_writebatch_delete(batch->writes, (const char *)key.data, key.len);
}

/* *file: what must be synced for it, if LevelDB was not asked to; NULL: the file was not found. */
static enum reason log_put(struct log *log, struct log_batch *batch,
                           const leveldb_writeoptions_t *how, struct wal_file **file,
                           struct error *error)
{
    char *text = NULL;
    enum reason reason = ack_check(&log->ack, error);
    if (reason != REASON_NONE)
        return reason;
    leveldb_write(log->db, how, batch->writes, &text);
    if (text)
        reason = ack_refuse(&log->ack, fault_of_write(fault_from_text(text)), text, error);
    else
        *file = wal_follow(&log->wal, batch->bytes, batch->held);
    leveldb_free(text);
    return reason;
}

enum reason log_write(struct log *log, struct log_batch *batch, struct error *error)
{
    struct wal_file *file;
    enum reason reason = log_put(log, batch, log->write, &file, error);
    if (reason != REASON_NONE)
        return reason;
    wal_unref(file);
    ack_mark(&log->ack, batch->number);
    return REASON_NONE;
}

void log_settle(struct log *log)
{
    ack_settle(&log->ack);
}

bool log_may_append(struct log *log)
{
    return !log->wal_is_unknown && log->wal.held <= log->options.write_buffer_bytes &&
           unsynced_enter(&log->unsynced);
}

enum reason log_append(struct log *log, struct log_batch *batch, struct log_appended *appended,
                       struct error *error)
{
    *appended = (struct log_appended){.number = batch->number, .unsynced = &log->unsynced};
    enum reason reason = log_put(log, batch, log->append, &appended->file, error);
    if (reason == REASON_NONE && appended->file)
        return REASON_NONE;
    log_appended_end(appended);
    if (reason != REASON_NONE)
        return reason;
    log->wal_is_unknown = true;
    return ack_refuse(&log->ack, REASON_STORE_UNAVAILABLE,
                      "LevelDB's log is not where it should be; LevelDB syncs it from now on",
                      error);
}

enum reason log_sync(struct log *log, const struct log_appended *appended, struct error *error)
{
    int code = wal_sync(appended->file);
    if (code != 0)
        return ack_refuse(&log->ack, fault_of_sync(code), strerror(code), error);
    ack_mark(&log->ack, appended->number);
    return REASON_NONE;
}

void log_appended_end(struct log_appended *appended)
{
    wal_unref(appended->file);
    if (appended->unsynced)
        unsynced_leave(appended->unsynced);
    *appended = (struct log_appended){.file = NULL};
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
    if (fault != LOG_OK)
        return ack_refuse(&log->ack, fault_reason(fault), "it could not be opened again", NULL);
    place_ballast_make(&log->place, log->options.ballast_bytes);
    ack_accept(&log->ack);
    return REASON_NONE;
}
