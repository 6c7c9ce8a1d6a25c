/*
 * tail.c - a ring of references, oldest first. What is served is what was sealed: it is not
 * verified again.
 *
 * `before` is the last order id that is certainly not in the ring: an order id above it, up to the
 * ring's end, is answered from here; anything else is the log's to answer. So a gap between records
 * is as good as a hit, and a ring that has just started over never hides an older record.
 */
#include "store/tail.h"

#include <pthread.h>
#include <stdlib.h>

enum { ROOM_FIRST = 64 };

struct entry {
    struct bytes *value;
    struct record record;
};

struct tail {
    pthread_mutex_t mutex;
    size_t bytes_max, bytes;
    struct entry *entries; /* a ring; room is a power of two */
    size_t room, start, len;
    uint64_t before;
    uint64_t number; /* of the last record that was added */
};

struct tail *tail_new(size_t bytes_max)
{
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail)
        return NULL;
    tail->entries = calloc(ROOM_FIRST, sizeof *tail->entries);
    if (!tail->entries) {
        free(tail);
        return NULL;
    }
    tail->room = ROOM_FIRST;
    tail->bytes_max = bytes_max;
    pthread_mutex_init(&tail->mutex, NULL);
    return tail;
}

static struct entry *tail_entry(const struct tail *tail, size_t i)
{
    return &tail->entries[(tail->start + i) & (tail->room - 1)];
}

static size_t entry_bytes(const struct entry *entry)
{
    return entry->value->len + sizeof *entry;
}

static void tail_drop_oldest(struct tail *tail)
{
    struct entry *oldest = tail_entry(tail, 0);
    tail->bytes -= entry_bytes(oldest);
    tail->before = oldest->record.last;
    bytes_unref(oldest->value);
    tail->start = (tail->start + 1) & (tail->room - 1);
    tail->len--;
}

static void tail_empty(struct tail *tail)
{
    while (tail->len)
        tail_drop_oldest(tail);
}

void tail_free(struct tail *tail)
{
    if (!tail)
        return;
    tail_empty(tail);
    pthread_mutex_destroy(&tail->mutex);
    free(tail->entries);
    free(tail);
}

static void tail_grow(struct tail *tail)
{
    struct entry *entries = calloc(tail->room * 2, sizeof *entries);
    if (!entries) { /* a shorter tail will do */
        tail_drop_oldest(tail);
        return;
    }
    for (size_t i = 0; i < tail->len; i++)
        entries[i] = *tail_entry(tail, i);
    free(tail->entries);
    tail->entries = entries;
    tail->room *= 2;
    tail->start = 0;
}

void tail_add(struct tail *tail, struct bytes *value, const struct record *record)
{
    pthread_mutex_lock(&tail->mutex);
    if (record->number != tail->number + 1) {
        tail_empty(tail);
        tail->before = record->first - 1;
    }
    tail->number = record->number;
    if (tail->len == tail->room)
        tail_grow(tail);
    struct entry entry = {bytes_ref(value), *record};
    *tail_entry(tail, tail->len++) = entry;
    tail->bytes += entry_bytes(&entry);
    while (tail->bytes > tail->bytes_max)
        tail_drop_oldest(tail);
    pthread_mutex_unlock(&tail->mutex);
}

void tail_forget(struct tail *tail, uint64_t order_id)
{
    pthread_mutex_lock(&tail->mutex);
    while (tail->len && tail_entry(tail, 0)->record.first <= order_id)
        tail_drop_oldest(tail);
    pthread_mutex_unlock(&tail->mutex);
}

/* The first entry whose last order id is not smaller. */
static size_t tail_search(const struct tail *tail, uint64_t order_id)
{
    size_t low = 0, high = tail->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tail_entry(tail, middle)->record.last < order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int tail_find(struct tail *tail, uint64_t order_id, struct bytes **value, struct record *record)
{
    int found = 0;
    pthread_mutex_lock(&tail->mutex);
    if (order_id > tail->before) {
        size_t i = tail_search(tail, order_id);
        if (i < tail->len) {
            const struct entry *entry = tail_entry(tail, i);
            *value = bytes_ref(entry->value);
            *record = entry->record;
            found = 1;
        }
    }
    pthread_mutex_unlock(&tail->mutex);
    return found;
}
