/*
 * gone.c - a table of stream names behind a lock for readers and one writer, and a count in front
 * of it.
 */
#include "store/gone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "store/table.h"
#include "wire/text.h"

struct entry {
    struct table_node node; /* first, so that a node is an entry */
    uint64_t version;
    size_t len;
    uint8_t name[];
};

struct gone {
    atomic_size_t count;
    pthread_rwlock_t
        steps; /* held for reading during a step, for writing by nobody but gone_wait */
    pthread_rwlock_t lock;
    struct table streams;
};

struct gone *gone_new(void)
{
    struct gone *gone = calloc(1, sizeof *gone);
    if (!gone)
        return NULL;
    if (!table_init(&gone->streams)) {
        free(gone);
        return NULL;
    }
    pthread_rwlock_init(&gone->lock, NULL);
    pthread_rwlockattr_t fair; /* else gone_wait could wait for ever while steps overlap */
    pthread_rwlockattr_init(&fair);
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&gone->steps, &fair);
    pthread_rwlockattr_destroy(&fair);
    return gone;
}

static void entry_free(struct table_node *node)
{
    free(node);
}

void gone_free(struct gone *gone)
{
    if (!gone)
        return;
    table_clear(&gone->streams, entry_free);
    table_fini(&gone->streams);
    pthread_rwlock_destroy(&gone->lock);
    pthread_rwlock_destroy(&gone->steps);
    free(gone);
}

void gone_enter(struct gone *gone)
{
    pthread_rwlock_rdlock(&gone->steps);
}

void gone_leave(struct gone *gone)
{
    pthread_rwlock_unlock(&gone->steps);
}

bool gone_any(const struct gone *gone)
{
    return atomic_load_explicit(&gone->count, memory_order_acquire) > 0;
}

static struct entry *gone_find(const struct gone *gone, struct span stream, uint64_t hash)
{
    struct table_node *node = table_first(&gone->streams, hash);
    for (; node; node = table_next(node)) {
        struct entry *entry = (struct entry *)node;
        if (text_equal((struct span){entry->name, entry->len}, stream))
            return entry;
    }
    return NULL;
}

static bool gone_insert(struct gone *gone, struct span stream, uint64_t hash, uint64_t version)
{
    struct entry *entry = malloc(sizeof *entry + stream.len);
    if (!entry)
        return false;
    *entry = (struct entry){.node.hash = hash, .version = version, .len = stream.len};
    memcpy(entry->name, stream.data, stream.len);
    table_add(&gone->streams, &entry->node);
    atomic_store_explicit(&gone->count, gone->streams.count, memory_order_release);
    return true;
}

bool gone_add(struct gone *gone, struct span stream, uint64_t version)
{
    uint64_t hash = XXH3_64bits(stream.data, stream.len);
    bool ok = true;
    pthread_rwlock_wrlock(&gone->lock);
    struct entry *entry = gone_find(gone, stream, hash);
    if (!entry)
        ok = gone_insert(gone, stream, hash, version);
    else if (entry->version < version)
        entry->version = version;
    pthread_rwlock_unlock(&gone->lock);
    return ok;
}

void gone_wait(struct gone *gone)
{
    pthread_rwlock_wrlock(&gone->steps);
    pthread_rwlock_unlock(&gone->steps);
}

void gone_remove(struct gone *gone, struct span stream, uint64_t version)
{
    uint64_t hash = XXH3_64bits(stream.data, stream.len);
    pthread_rwlock_wrlock(&gone->lock);
    struct entry *entry = gone_find(gone, stream, hash);
    if (entry && entry->version <= version) {
        table_remove(&gone->streams, &entry->node);
        atomic_store_explicit(&gone->count, gone->streams.count, memory_order_release);
        free(entry);
    }
    pthread_rwlock_unlock(&gone->lock);
}

bool gone_covers(const struct gone *gone, struct span stream, uint64_t version)
{
    if (!gone_any(gone))
        return false;
    uint64_t hash = XXH3_64bits(stream.data, stream.len);
    pthread_rwlock_t *lock =
        (pthread_rwlock_t *)&gone->lock; /* reading changes the lock, not the set */
    pthread_rwlock_rdlock(lock);
    const struct entry *entry = gone_find(gone, stream, hash);
    bool covers = entry && version <= entry->version;
    pthread_rwlock_unlock(lock);
    return covers;
}
