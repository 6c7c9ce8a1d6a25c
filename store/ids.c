/*
 * ids.c - a table of the newest ids, with a list of them in the order in which they came, in front
 * of the log.
 *
 * UUIDv7 ids begin with their time, so fresh ones are greater than all that have left the memory:
 * then the answer "new" needs no lookup. A clock that runs ahead somewhere raises that bound and
 * makes others' ids ask the log; the answers stay exact.
 */
#include "store/ids.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "store/table.h"
#include "wire/text.h"

enum { UUID7_KIND = 'U', UUID7_KEY = 17 };

struct entry {
    struct table_node node; /* first, so that a node is an entry */
    struct entry *newer;
    struct id_entry entry;
    size_t len;
    uint8_t key[];
};

struct ids {
    struct log *log;
    size_t recent_max;
    struct table table;
    struct entry *oldest, *newest;
    uint8_t greatest[UUID7_KEY]; /* of the UUIDv7 keys that are not in memory; all zero: there is
                                    none */
    uint8_t latest[UUID7_KEY];   /* likewise, of all */
};

static bool key_is_uuid7(struct span key)
{
    return key.len == UUID7_KEY && key.data[0] == UUID7_KIND;
}

static bool is_beyond(struct span key, const uint8_t bound[UUID7_KEY])
{
    return key_is_uuid7(key) && memcmp(key.data, bound, UUID7_KEY) > 0;
}

static void bound_raise(uint8_t bound[UUID7_KEY], struct span key)
{
    if (is_beyond(key, bound))
        memcpy(bound, key.data, UUID7_KEY);
}

static void entry_free(struct table_node *node)
{
    free(node);
}

enum reason ids_reset(struct ids *ids, struct error *error)
{
    struct log_iter *iter = log_iter_open(ids->log, false);
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the event ids cannot be read: the store is not open");
    table_clear(&ids->table, entry_free);
    ids->oldest = ids->newest = NULL;
    memset(ids->greatest, 0, sizeof ids->greatest);
    uint8_t beyond = UUID7_KIND + 1;
    log_iter_seek_before(iter, (struct span){&beyond, 1});
    enum reason reason = REASON_NONE;
    if (log_iter_valid(iter))
        bound_raise(ids->greatest, log_iter_key(iter));
    else
        reason = log_iter_fault(iter, error);
    memcpy(ids->latest, ids->greatest, UUID7_KEY);
    log_iter_close(iter);
    return reason;
}

struct ids *ids_new(struct log *log, size_t recent_max, struct error *error)
{
    struct ids *ids = calloc(1, sizeof *ids);
    if (!ids || !table_init(&ids->table)) {
        free(ids);
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory for the newest event ids");
        return NULL;
    }
    ids->log = log;
    ids->recent_max = recent_max;
    if (ids_reset(ids, error) != REASON_NONE) {
        ids_free(ids);
        return NULL;
    }
    return ids;
}

void ids_free(struct ids *ids)
{
    if (!ids)
        return;
    table_clear(&ids->table, entry_free);
    table_fini(&ids->table);
    free(ids);
}

static uint64_t key_hash(const struct key *key)
{
    return XXH3_64bits(key->data, key->len);
}

static struct entry *ids_recent(const struct ids *ids, const struct key *key, uint64_t hash)
{
    struct table_node *node = table_first(&ids->table, hash);
    for (; node; node = table_next(node)) {
        struct entry *entry = (struct entry *)node;
        if (text_equal((struct span){entry->key, entry->len}, key_span(key)))
            return entry;
    }
    return NULL;
}

static int ids_ask_log(struct ids *ids, const struct key *key, struct id_entry *out,
                       struct error *error)
{
    struct bytes *value;
    if (log_get(ids->log, key_span(key), &value, error) != REASON_NONE)
        return -1;
    if (!value)
        return 0;
    bool ok = id_entry_decode(bytes_span(value), out);
    bytes_unref(value);
    if (!ok) {
        error_set(error, REASON_CORRUPT, "an event id's entry is malformed; run photond verify");
        return -1;
    }
    return 1;
}

int ids_find(struct ids *ids, const struct key *key, struct id_entry *out, struct error *error)
{
    if (is_beyond(key_span(key), ids->latest))
        return 0;
    const struct entry *recent = ids_recent(ids, key, key_hash(key));
    if (recent) {
        *out = recent->entry;
        return 1;
    }
    if (is_beyond(key_span(key), ids->greatest))
        return 0;
    return ids_ask_log(ids, key, out, error);
}

bool ids_put(struct ids *ids, const struct key *key, const struct id_entry *id_entry)
{
    struct entry *entry = malloc(sizeof *entry + key->len);
    if (!entry)
        return false;
    *entry = (struct entry){.node.hash = key_hash(key), .entry = *id_entry, .len = key->len};
    memcpy(entry->key, key->data, key->len);
    bound_raise(ids->latest, key_span(key));
    table_add(&ids->table, &entry->node);
    if (ids->newest)
        ids->newest->newer = entry;
    else
        ids->oldest = entry;
    ids->newest = entry;
    return true;
}

void ids_settle(struct ids *ids)
{
    while (ids->table.count > ids->recent_max) {
        struct entry *entry = ids->oldest;
        ids->oldest = entry->newer;
        if (!ids->oldest)
            ids->newest = NULL;
        table_remove(&ids->table, &entry->node);
        bound_raise(ids->greatest, (struct span){entry->key, entry->len});
        free(entry);
    }
}
