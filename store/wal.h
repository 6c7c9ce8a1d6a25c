/*
 * wal.h - the file that LevelDB appends to, held from outside, so that it can be synced while LevelDB goes on.
 *
 * LevelDB syncs its write-ahead log only within a write, and holds up every other write meanwhile. fdatasync is about a file and
 * not about a descriptor, so we open the same file once more and sync that. Which file it is, is not believed but seen: after
 * each write one must have grown by what was written.
 *
 * LevelDB begins a new file when its buffer is full. Nothing may stand in a newer file while an older one is not synced, or a power
 * cut could leave a hole; so what the buffer holds is counted, generously, and once it may be full every write must be synced
 * within, after everything before, until the new file has been seen.
 *
 * Threads: wal_sync and wal_unref are anybody's, the rest is the writer's.
 */
#ifndef PHOTON_WAL_H
#define PHOTON_WAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wal_file;

enum { WAL_NAME_BYTES = 64 };
/* The greatest number below `below` of a log in LevelDB's directory; name is its file's. 0: there is none. Any thread. */
uint64_t wal_newest(int dir_fd, uint64_t below, char name[WAL_NAME_BYTES]);

struct wal {
    int dir_fd; /* -1: not open */
    struct wal_file *file;
    uint64_t number; /* of the file, as its name has it; 0: none is known */
    off_t size;      /* after the last write */
    size_t held;     /* at the most, by the buffer that belongs to the file */
};

/* dir: LevelDB's directory. 0, or the system's error number. */
int wal_open(struct wal *wal, const char *dir);
void wal_close(struct wal *wal); /* files in use stay until wal_unref */

/* What an entry of LevelDB's buffer takes at the most. */
size_t wal_entry_max(size_t key_bytes, size_t value_bytes);

/* After a write of at least `bytes`, whose entries take `held` at the most: the file that holds it, a reference for the caller; NULL:
 * none has grown by that, so the outcome cannot be made durable from here. */
struct wal_file *wal_follow(struct wal *wal, size_t bytes, size_t held);

/* Make durable what is in the file, and that it is there. 0, or the system's error number; never to be retried (hazards 2). */
int wal_sync(struct wal_file *file);

void wal_unref(struct wal_file *file); /* NULL is fine */

#endif
