/*
 * wal.c - see wal.h.
 *
 * LevelDB names its logs by rising numbers, "000123.log"; the newest is the one in use. It writes each batch to its file at once
 * (write(2), no buffer left over), so a file that has grown by a batch holds all of it. A new file's name is made durable by a sync of
 * the directory, once, before the first sync of the file counts.
 */
#include "store/wal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* LevelDB's memtable, 1.23: an entry is two lengths, the key, an 8-byte number, the value; its node is 8 bytes and 8 more a level, 1.33
 * levels on average, and is aligned: 22 bytes. What is at most a quarter of a block shares blocks, and when it no longer fits the
 * rest of one is lost: for an entry of s bytes s*s/4096 at the most, half of it on average. Over the thousands of entries
 * of a buffer (1 MiB at least) chance is a tenth of what is added here.
 * https://github.com/google/leveldb/blob/1.23/util/arena.cc, db/memtable.cc, db/skiplist.h */
enum { ENTRY_BYTES = 5 + 8 + 5, NODE_BYTES = 24, BLOCK_BYTES = 4096 };

struct wal_file {
    atomic_size_t refs;
    int fd, dir_fd;
    atomic_bool named; /* the directory has been synced since the file was made */
};

int wal_open(struct wal *wal, const char *dir)
{
    *wal = (struct wal){.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return wal->dir_fd < 0 ? errno : 0;
}

void wal_close(struct wal *wal)
{
    wal_unref(wal->file);
    if (wal->dir_fd >= 0)
        close(wal->dir_fd);
    *wal = (struct wal){.dir_fd = -1};
}

void wal_unref(struct wal_file *file)
{
    if (!file || atomic_fetch_sub(&file->refs, 1) != 1)
        return;
    close(file->fd);
    close(file->dir_fd);
    free(file);
}

/* The number of a log's name; 0: it is none. */
static uint64_t number_of(const char *name)
{
    char *end;
    uint64_t number = strtoull(name, &end, 10);
    return end != name && strcmp(end, ".log") == 0 ? number : 0;
}

uint64_t wal_newest(int dir_fd, uint64_t below, char name[WAL_NAME_BYTES])
{
    uint64_t greatest = 0;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        uint64_t number = number_of(entry->d_name);
        if (number > greatest && number < below && strlen(entry->d_name) < WAL_NAME_BYTES) {
            greatest = number;
            strcpy(name, entry->d_name);
        }
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return greatest;
}

static struct wal_file *file_open(const struct wal *wal, const char *name)
{
    struct wal_file *file = calloc(1, sizeof *file);
    if (!file)
        return NULL;
    atomic_init(&file->refs, 1);
    file->fd = openat(wal->dir_fd, name, O_RDONLY | O_CLOEXEC);
    file->dir_fd = fcntl(wal->dir_fd, F_DUPFD_CLOEXEC, 0);
    if (file->fd >= 0 && file->dir_fd >= 0)
        return file;
    if (file->fd >= 0)
        close(file->fd);
    if (file->dir_fd >= 0)
        close(file->dir_fd);
    free(file);
    return NULL;
}

/* Has the file that we hold grown by this much? */
static bool has_grown(struct wal *wal, size_t bytes)
{
    struct stat is;
    if (!wal->file || fstat(wal->file->fd, &is) != 0 || is.st_size - wal->size < (off_t)bytes)
        return false;
    wal->size = is.st_size;
    return true;
}

/* Hold the newest file instead. */
static bool move_on(struct wal *wal)
{
    char name[WAL_NAME_BYTES];
    uint64_t number = wal_newest(wal->dir_fd, UINT64_MAX, name);
    struct wal_file *file = number > wal->number ? file_open(wal, name) : NULL;
    if (!file)
        return false;
    wal_unref(wal->file);
    wal->file = file;
    wal->number = number;
    wal->size = 0;
    wal->held = 0;
    return true;
}

size_t wal_entry_max(size_t key_bytes, size_t value_bytes)
{
    size_t entry = key_bytes + value_bytes + ENTRY_BYTES;
    size_t lost = entry > BLOCK_BYTES / 4 ? sizeof(void *) : entry * entry / BLOCK_BYTES;
    return entry + lost + NODE_BYTES;
}

struct wal_file *wal_follow(struct wal *wal, size_t bytes, size_t held)
{
    if (!has_grown(wal, bytes) && !(move_on(wal) && has_grown(wal, bytes)))
        return NULL;
    wal->held += held;
    atomic_fetch_add(&wal->file->refs, 1);
    return wal->file;
}

int wal_sync(struct wal_file *file)
{
    if (!atomic_load(&file->named)) {
        if (fsync(file->dir_fd) != 0)
            return errno;
        atomic_store(&file->named, true);
    }
    return fdatasync(file->fd) == 0 ? 0 : errno;
}
