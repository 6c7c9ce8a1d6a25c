/*
 * raw_log.c - see raw_log.h. Every stream and every event id of the benchmark is new, so reading finds nothing, which is right.
 */
#include "bench/raw_log.h"

#include <stdlib.h>

#include "bench/measure.h"

struct log_batch {
    leveldb_writebatch_t *writes;
};

struct log_batch *log_batch_new(void)
{
    struct log_batch *batch = malloc(sizeof *batch);
    if (!batch)
        die("no memory");
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
}

void log_batch_put(struct log_batch *batch, struct span key, struct span value)
{
    leveldb_writebatch_put(batch->writes, (const char *)key.data, key.len, (const char *)value.data,
                           value.len);
}

void log_batch_delete(struct log_batch *batch, struct span key)
{
    leveldb_writebatch_delete(batch->writes, (const char *)key.data, key.len);
}

leveldb_writebatch_t *raw_log_take(struct log_batch *batch)
{
    leveldb_writebatch_t *taken = batch->writes;
    batch->writes = leveldb_writebatch_create();
    return taken;
}

enum reason log_write(struct log *log, struct log_batch *batch, struct error *error)
{
    (void)log, (void)batch;
    return error_set(error, REASON_STORE_UNAVAILABLE, "the benchmark writes by itself");
}

enum reason log_get(struct log *log, struct span key, struct bytes **value, struct error *error)
{
    (void)log, (void)key, (void)error;
    *value = NULL;
    return REASON_NONE;
}

struct log_iter *log_iter_open(struct log *log, enum log_how how)
{
    (void)log, (void)how;
    static char empty;
    return (struct log_iter *)&empty;
}

void log_iter_close(struct log_iter *iter)
{
    (void)iter;
}

void log_iter_seek(struct log_iter *iter, struct span key)
{
    (void)iter, (void)key;
}

void log_iter_seek_before(struct log_iter *iter, struct span key)
{
    (void)iter, (void)key;
}

void log_iter_next(struct log_iter *iter)
{
    (void)iter;
}

void log_iter_prev(struct log_iter *iter)
{
    (void)iter;
}

bool log_iter_valid(const struct log_iter *iter)
{
    (void)iter;
    return false;
}

struct span log_iter_key(const struct log_iter *iter)
{
    (void)iter;
    return (struct span){0};
}

struct span log_iter_value(const struct log_iter *iter)
{
    (void)iter;
    return (struct span){0};
}

enum reason log_iter_fault(const struct log_iter *iter, struct error *error)
{
    (void)iter, (void)error;
    return REASON_NONE;
}
