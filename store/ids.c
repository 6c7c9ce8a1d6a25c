/*
 * ids.c - the newest ids in two generations, and filters, in front of the log.
 *
 * Ids are put into the younger generation; when that is full the older one is forgotten whole and takes its place. So nothing is
 * moved or freed one by one: an id is a few bytes appended to two arrays, and one place in an index with open addressing.
 *
 * UUIDv7 ids begin with their time, so fresh ones are greater than all that have left the memory: then the answer "new" needs no
 * lookup. A clock that runs ahead somewhere raises that bound and makes others' ids ask the log; the answers stay exact.
 *
 * Other ids have no order. Two filters know all of them, those that the log held at opening and those that were put since, and one that
 * neither knows is certainly new. What was put and not stored stays in them, and does no harm (docs/decisions/0023-filters-of-ids.md).
 */
#include "store/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/bloom.h"
#include "store/older.h"
#include "wire/text.h"

enum { UUID7_KEY = 17, INDEX_MIN = 256, FILTER_MAX = 16 * 1000 * 1000 };

struct known {
    uint64_t hash;
    struct id_entry entry;
    size_t key; /* where it begins in keys */
    size_t key_len;
};

struct generation {
    struct known *known;
    size_t len, room;
    uint8_t *keys;
    size_t keys_len, keys_room;
    uint32_t *index;           /* one more than a place in known; 0: free */
    size_t index_len;          /* a power of two, at least twice len */
    uint8_t latest[UUID7_KEY]; /* of its UUIDv7 keys */
};

struct ids {
    struct log *log;
    struct older *older; /* ids other than UUIDv7: what the log held when it was opened */
    struct bloom *since; /* what was put since */
    size_t generation_max;
    struct generation fresh, old;
    uint8_t greatest
        [UUID7_KEY]; /* of the UUIDv7 keys that are not in memory; all zero: there is none */
    uint8_t latest[UUID7_KEY]; /* likewise, of all */
};

static bool is_beyond(struct span key, const uint8_t bound[UUID7_KEY])
{
    return key.len == UUID7_KEY && key.data[0] == KEY_ID_UUID7 &&
           memcmp(key.data, bound, UUID7_KEY) > 0;
}

static void bound_raise(uint8_t bound[UUID7_KEY], struct span key)
{
    if (is_beyond(key, bound))
        memcpy(bound, key.data, UUID7_KEY);
}

/* ---- a generation ---- */

static void generation_fini(struct generation *g)
{
    free(g->known);
    free(g->keys);
    free(g->index);
    *g = (struct generation){0};
}

static void generation_clear(struct generation *g)
{
    g->len = g->keys_len = 0;
    memset(g->latest, 0, sizeof g->latest);
    if (g->index)
        memset(g->index, 0, g->index_len * sizeof *g->index);
}

static void index_put(struct generation *g, uint32_t place)
{
    size_t at = g->known[place - 1].hash & (g->index_len - 1);
    while (g->index[at])
        at = (at + 1) & (g->index_len - 1);
    g->index[at] = place;
}

static bool index_grow(struct generation *g)
{
    size_t len = g->index_len ? 2 * g->index_len : INDEX_MIN;
    uint32_t *index = calloc(len, sizeof *index);
    if (!index)
        return false;
    free(g->index);
    g->index = index;
    g->index_len = len;
    for (uint32_t place = 1; place <= g->len; place++)
        index_put(g, place);
    return true;
}

static bool grow(void *array, size_t *room, size_t want, size_t item)
{
    if (want <= *room)
        return true;
    size_t next = want > 2 * *room ? want : 2 * *room;
    void *grown = realloc(*(void **)array, next * item);
    if (!grown)
        return false;
    *(void **)array = grown;
    *room = next;
    return true;
}

static const struct known *generation_find(const struct generation *g, struct span key,
                                           uint64_t hash)
{
    if (g->len == 0)
        return NULL;
    for (size_t at = hash & (g->index_len - 1); g->index[at]; at = (at + 1) & (g->index_len - 1)) {
        const struct known *known = &g->known[g->index[at] - 1];
        if (known->hash == hash &&
            text_equal((struct span){g->keys + known->key, known->key_len}, key))
            return known;
    }
    return NULL;
}

static bool generation_put(struct generation *g, struct span key, uint64_t hash,
                           const struct id_entry *entry)
{
    assert(g->len + 1 < UINT32_MAX); /* commits and recent_max are bounded */
    if (!grow(&g->known, &g->room, g->len + 1, sizeof *g->known) ||
        !grow(&g->keys, &g->keys_room, g->keys_len + key.len, 1) ||
        (2 * (g->len + 1) > g->index_len && !index_grow(g)))
        return false;
    g->known[g->len++] = (struct known){hash, *entry, g->keys_len, key.len};
    memcpy(g->keys + g->keys_len, key.data, key.len);
    g->keys_len += key.len;
    index_put(g, (uint32_t)g->len);
    bound_raise(g->latest, key);
    return true;
}

/* ---- open and close ---- */

enum reason ids_reset(struct ids *ids, struct error *error)
{
    struct log_iter *iter = log_iter_open(ids->log, LOG_READ);
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the event ids cannot be read: the store is not open");
    generation_clear(&ids->fresh);
    generation_clear(&ids->old);
    memset(ids->greatest, 0, sizeof ids->greatest);
    uint8_t beyond = KEY_ID_UUID7 + 1;
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

static struct ids *no_memory(struct ids *ids, struct error *error)
{
    error_set(error, REASON_STORE_UNAVAILABLE, "no memory for the newest event ids");
    ids_free(ids);
    return NULL;
}

struct ids *ids_new(struct log *log, size_t recent_max, struct error *error)
{
    struct ids *ids = calloc(1, sizeof *ids);
    if (!ids)
        return no_memory(NULL, error);
    ids->log = log;
    ids->generation_max = recent_max / 2;
    if (ids_reset(ids, error) != REASON_NONE) {
        ids_free(ids);
        return NULL;
    }
    ids->since = bloom_new(FILTER_MAX);
    ids->older = older_new(log, FILTER_MAX);
    return ids->since && ids->older ? ids : no_memory(ids, error);
}

void ids_free(struct ids *ids)
{
    if (!ids)
        return;
    older_free(ids->older);
    bloom_free(ids->since);
    generation_fini(&ids->fresh);
    generation_fini(&ids->old);
    free(ids);
}

/* ---- use ---- */

/* The filters know every id of this kind. */
static bool is_filtered(const struct key *key)
{
    return key->data[0] != KEY_ID_UUID7;
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
    uint64_t hash = key_hash(key_span(key));
    if (is_filtered(key) && !bloom_perhaps(ids->since, hash) && !older_perhaps(ids->older, hash))
        return 0;
    const struct known *known = generation_find(&ids->fresh, key_span(key), hash);
    if (!known)
        known = generation_find(&ids->old, key_span(key), hash);
    if (known) {
        *out = known->entry;
        return 1;
    }
    if (is_beyond(key_span(key), ids->greatest))
        return 0;
    return ids_ask_log(ids, key, out, error);
}

bool ids_put(struct ids *ids, const struct key *key, const struct id_entry *entry)
{
    uint64_t hash = key_hash(key_span(key));
    if (!generation_put(&ids->fresh, key_span(key), hash, entry))
        return false;
    if (is_filtered(key))
        bloom_put(ids->since, hash); /* or it says "perhaps" */
    bound_raise(ids->latest, key_span(key));
    return true;
}

void ids_settle(struct ids *ids)
{
    if (ids->fresh.len < ids->generation_max)
        return;
    bound_raise(ids->greatest, (struct span){ids->old.latest, UUID7_KEY});
    struct generation forgotten = ids->old;
    generation_clear(&forgotten);
    ids->old = ids->fresh;
    ids->fresh = forgotten;
}
