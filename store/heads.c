/*
 * heads.c - a table of heads with a list of them in the order in which they came.
 *
 * A miss asks the log. A stream that it has never seen costs two lookups that the bloom filter
 * answers (keys.h); only a stream that exists is sought for. Nothing is forgotten before
 * heads_settle: until its commit is in the log, the cache is the only place that knows a head.
 */
#include "store/heads.h"

#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "store/table.h"
#include "wire/text.h"

struct entry {
    struct table_node node; /* first, so that a node is an entry */
    struct entry *newer;
    struct head head;
    size_t len;
    uint8_t name[];
};

struct heads {
    struct table table;
    struct entry *oldest, *newest;
    size_t bytes_max, bytes;
};

/* ---- the log ---- */

static enum reason extent_end(struct span stream, struct span value, uint64_t version,
                              uint64_t *end, struct error *error)
{
    struct extent extent;
    struct extent_run run;
    bool fault = !extent_decode(value, &extent);
    *end = version - 1;
    while (!fault && extent_next(&extent, &run, &fault))
        *end += run.count;
    if (fault)
        return error_set(
            error, REASON_CORRUPT,
            "the extent of stream %.*s at version %llu is malformed; run photond verify",
            (int)stream.len, (const char *)stream.data, (unsigned long long)version);
    return REASON_NONE;
}

/* Does the log know the stream at all? Answered by the bloom filter if not. */
static enum reason stream_find(struct log *log, struct span stream, bool *found, struct cut *cut,
                               struct error *error)
{
    struct key first = key_extent(stream, 1), zero = key_extent(stream, 0);
    struct bytes *extent, *value;
    enum reason reason = log_get(log, key_span(&first), &extent, error);
    if (reason != REASON_NONE)
        return reason;
    *found = extent != NULL;
    bytes_unref(extent);
    *cut = (struct cut){0};
    reason = log_get(log, key_span(&zero), &value, error);
    if (reason != REASON_NONE || !value)
        return reason;
    *found = true;
    if (!cut_decode(bytes_span(value), cut))
        reason = error_set(error, REASON_CORRUPT,
                           "the cut of stream %.*s is malformed; run photond verify",
                           (int)stream.len, (const char *)stream.data);
    bytes_unref(value);
    return reason;
}

/* The last extent of a stream that there is: *end stays as it is when there is only a cut. */
static enum reason stream_end(struct log *log, struct span stream, uint64_t *end,
                              struct error *error)
{
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the store is being opened anew; try again");
    struct key beyond = key_extent(stream, UINT64_MAX);
    log_iter_seek_before(iter, key_span(&beyond));
    enum reason reason = REASON_NONE;
    struct span name;
    uint64_t version;
    if (!log_iter_valid(iter))
        reason = log_iter_fault(iter, error);
    else if (!key_extent_read(log_iter_key(iter), &name, &version) || !text_equal(name, stream))
        reason = error_set(error, REASON_CORRUPT,
                           "the index of stream %.*s is malformed at its end; run photond verify",
                           (int)stream.len, (const char *)stream.data);
    else if (version > 0)
        reason = extent_end(stream, log_iter_value(iter), version, end, error);
    log_iter_close(iter);
    return reason;
}

enum reason head_read(struct log *log, struct span stream, struct head *out, struct error *error)
{
    bool found;
    struct cut cut;
    enum reason reason = stream_find(log, stream, &found, &cut, error);
    if (reason != REASON_NONE)
        return reason;
    uint64_t end = cut.version;
    if (found)
        reason = stream_end(log, stream, &end, error);
    if (reason == REASON_NONE)
        *out = (struct head){end > cut.version ? end : cut.version, cut.version};
    return reason;
}

/* ---- the cache ---- */

struct heads *heads_new(size_t bytes_max)
{
    struct heads *heads = calloc(1, sizeof *heads);
    if (!heads)
        return NULL;
    if (!table_init(&heads->table)) {
        free(heads);
        return NULL;
    }
    heads->bytes_max = bytes_max;
    return heads;
}

static void entry_free(struct table_node *node)
{
    free(node);
}

void heads_clear(struct heads *heads)
{
    table_clear(&heads->table, entry_free);
    heads->oldest = heads->newest = NULL;
    heads->bytes = 0;
}

void heads_free(struct heads *heads)
{
    if (!heads)
        return;
    heads_clear(heads);
    table_fini(&heads->table);
    free(heads);
}

static struct entry *heads_find(const struct heads *heads, struct span stream, uint64_t hash)
{
    struct table_node *node = table_first(&heads->table, hash);
    for (; node; node = table_next(node)) {
        struct entry *entry = (struct entry *)node;
        if (text_equal((struct span){entry->name, entry->len}, stream))
            return entry;
    }
    return NULL;
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof *entry + entry->len + 2 * sizeof(void *); /* and its bucket */
}

static struct entry *heads_add(struct heads *heads, struct span stream, uint64_t hash,
                               const struct head *head)
{
    struct entry *entry = malloc(sizeof *entry + stream.len);
    if (!entry)
        return NULL;
    *entry = (struct entry){.node.hash = hash, .head = *head, .len = stream.len};
    memcpy(entry->name, stream.data, stream.len);
    table_add(&heads->table, &entry->node);
    if (heads->newest)
        heads->newest->newer = entry;
    else
        heads->oldest = entry;
    heads->newest = entry;
    heads->bytes += entry_bytes(entry);
    return entry;
}

void heads_settle(struct heads *heads)
{
    while (heads->bytes > heads->bytes_max) {
        struct entry *entry = heads->oldest;
        heads->oldest = entry->newer;
        if (!heads->oldest)
            heads->newest = NULL;
        heads->bytes -= entry_bytes(entry);
        table_remove(&heads->table, &entry->node);
        free(entry);
    }
}

enum reason heads_get(struct heads *heads, struct log *log, struct span stream, uint64_t hash,
                      struct head **head, struct error *error)
{
    struct entry *entry = heads_find(heads, stream, hash);
    if (!entry) {
        struct head read;
        enum reason reason = head_read(log, stream, &read, error);
        if (reason != REASON_NONE)
            return reason;
        entry = heads_add(heads, stream, hash, &read);
    }
    if (!entry)
        return error_set(error, REASON_BUSY,
                         "the store is out of memory; nothing was stored: retry later");
    *head = &entry->head;
    return REASON_NONE;
}
