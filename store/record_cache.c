/*
 * record_cache.c - a table and a list in the order of use, behind one lock that is held for a few pointers only.
 *
 * Who is wanted is told by a table of what was asked for, a place each, where the last one stays: the doorkeeper of G. Einziger, R. Friedman,
 * B. Manes: TinyLFU (2017), without its counters.
 */
#include "store/record_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/table.h"

enum { ASKED_BITS = 10 };

struct entry {
    struct table_node node; /* first, so that a node is an entry */
    struct entry *newer, *older;
    struct bytes *value;
    struct record record;
};

struct record_cache {
    pthread_mutex_t lock;
    struct table table;
    struct entry *newest, *oldest;
    size_t bytes, bytes_max;
    uint64_t asked[1 << ASKED_BITS]; /* order ids */
};

struct record_cache *record_cache_new(size_t bytes_max)
{
    struct record_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    if (!table_init(&cache->table)) {
        free(cache);
        return NULL;
    }
    cache->bytes_max = bytes_max;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static uint64_t hash_of(uint64_t order_id)
{
    return order_id *
           0x9e3779b97f4a7c15; /* Fibonacci hashing: spreads the low bits, which are what buckets go by */
}

static struct entry *find(const struct record_cache *cache, uint64_t order_id)
{
    struct table_node *node = table_first(&cache->table, hash_of(order_id));
    while (node && ((struct entry *)node)->record.first != order_id)
        node = table_next(node);
    return (struct entry *)node;
}

/* ---- the order of use ---- */

static void unlink_entry(struct record_cache *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct record_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void drop(struct record_cache *cache, struct entry *entry)
{
    unlink_entry(cache, entry);
    table_remove(&cache->table, &entry->node);
    cache->bytes -= entry->value->len;
    bytes_unref(entry->value);
    free(entry);
}

/* ---- use ---- */

bool record_cache_get(struct record_cache *cache, uint64_t order_id, struct bytes **value,
                      struct record *record)
{
    if (!cache)
        return false;
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = find(cache, order_id);
    if (entry) {
        unlink_entry(cache, entry);
        link_newest(cache, entry);
        *value = bytes_ref(entry->value);
        *record = entry->record;
    }
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

bool record_cache_wants(struct record_cache *cache, uint64_t order_id)
{
    if (!cache)
        return false;
    pthread_mutex_lock(&cache->lock);
    uint64_t *place = &cache->asked[hash_of(order_id) >> (64 - ASKED_BITS)];
    bool wants = *place == order_id;
    *place = order_id;
    pthread_mutex_unlock(&cache->lock);
    return wants;
}

static void insert(struct record_cache *cache, struct entry *entry)
{
    table_add(&cache->table, &entry->node);
    link_newest(cache, entry);
    cache->bytes += entry->value->len;
    while (cache->bytes > cache->bytes_max)
        drop(cache, cache->oldest);
}

void record_cache_put(struct record_cache *cache, struct bytes *value, const struct record *record)
{
    struct entry *entry = cache ? malloc(sizeof *entry) : NULL;
    if (!entry)
        return;
    *entry = (struct entry){
        .node.hash = hash_of(record->first), .value = bytes_ref(value), .record = *record};
    pthread_mutex_lock(&cache->lock);
    struct entry *before = find(cache, record->first); /* two readers may have met */
    if (before)
        drop(cache, before);
    insert(cache, entry);
    pthread_mutex_unlock(&cache->lock);
}

void record_cache_forget(struct record_cache *cache, uint64_t order_id)
{
    if (!cache)
        return;
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = find(cache, order_id);
    if (entry)
        drop(cache, entry);
    pthread_mutex_unlock(&cache->lock);
}

void record_cache_free(struct record_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        drop(cache, cache->oldest);
    table_fini(&cache->table);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}
