/*
 * log_read.c - reading the log: see log.h.
 *
 * After an error inside a scan LevelDB's iterators go on behind the hole; ours stop where the error is first known (hazards 3).
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/fault.h"
#include "store/keys.h"
#include "store/log_inside.h"

struct log_iter {
    struct log *log;
    leveldb_iterator_t *at;
    char *fault;  /* LevelDB's words; NULL: none */
    bool went_on; /* LevelDB never forgets an error, so later ones are not seen */
};

/* ---- the gate ---- */

bool log_enter(struct log *log)
{
    gate_enter(&log->gate);
    if (log->db)
        return true;
    gate_leave(&log->gate);
    return false;
}

enum reason log_closed(struct log *log, struct error *error)
{
    bool damaged = ack_check(&log->ack, NULL) == REASON_CORRUPT;
    return error_set(error, damaged ? REASON_CORRUPT : REASON_STORE_UNAVAILABLE,
                     damaged ? "the store in %s is damaged and was not opened; run photond verify"
                             : "the store in %s is being opened anew; try again",
                     log->place.dir);
}

/* ---- one key ---- */

enum reason log_get(struct log *log, struct span key, struct bytes **value, struct error *error)
{
    if (!log_enter(log))
        return log_closed(log, error);
    char *text = NULL;
    size_t len;
    uint64_t order_id;
    enum log_how how = key_record_read(key, &order_id) ? LOG_SCAN_RECORDS : LOG_READ;
    char *data = leveldb_get(log->db, log->read[how], (const char *)key.data, key.len, &len, &text);
    gate_leave(&log->gate);
    if (text) {
        enum log_fault fault = fault_tell(log->place.dir, "cannot be read", text, error);
        leveldb_free(text);
        return fault_reason(fault);
    }
    struct bytes *found = data ? bytes_wrap(data, len, leveldb_free) : NULL;
    if (data && !found) {
        leveldb_free(data);
        return error_set(error, REASON_STORE_UNAVAILABLE, "no memory to read the store");
    }
    *value = found;
    return REASON_NONE;
}

bool log_property(struct log *log, const char *name, char *out, size_t size)
{
    if (!log_enter(log))
        return false;
    char *text = leveldb_property_value(log->db, name);
    gate_leave(&log->gate);
    bool known = text && snprintf(out, size, "%s", text) >= 0;
    leveldb_free(text);
    return known;
}

/* ---- many ---- */

struct log_iter *log_iter_open(struct log *log, enum log_how how)
{
    struct log_iter *iter = calloc(1, sizeof *iter);
    if (!iter || !log_enter(log)) {
        free(iter);
        return NULL;
    }
    iter->log = log;
    iter->at = leveldb_create_iterator(log->db, log->read[how]);
    return iter;
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
    return error_set(error, fault_reason(fault_from_text(iter->fault)),
                     "the store in %s cannot be read: %s", iter->log->place.dir, iter->fault);
}
