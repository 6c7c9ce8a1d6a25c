/*
 * log_compact.c - see log_compact.h.
 *
 * A piece ends at a key up to which the tables hold so many bytes, by LevelDB's own estimate; it is found byte by byte of the key. What is in memory
 * only is not counted: LevelDB writes it to a table first.
 *
 * LevelDB does not say whether it has succeeded. But it begins with a new file of its log, unless an error is known to it; so each piece is seen
 * to have begun, and behind the last there is an empty one, to see that the last had no error.
 */
#include "store/log_compact.h"

#include <string.h>
#include <sys/statvfs.h>

#include "store/log_inside.h"

enum { FIRST = 0, BEHIND_ALL = 0xff }; /* our keys begin with letters */

static uint64_t table_bytes(struct log *log, struct span from, struct span until)
{
    const char *begin = (const char *)from.data, *end = (const char *)until.data;
    uint64_t bytes = 0;
    leveldb_approximate_sizes(log->db, 1, &begin, &from.len, &end, &until.len, &bytes);
    return bytes;
}

static struct key one_byte(uint8_t byte)
{
    return (struct key){.data = {byte}, .len = 1};
}

/* The next byte of the key: the greatest with which it is not too far away. */
static void find_byte(const struct log_compaction *c, struct key *key)
{
    unsigned low = 0, high = 256;
    key->len++;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        key->data[key->len - 1] = (uint8_t)middle;
        if (table_bytes(c->log, key_span(&c->from), key_span(key)) <= c->piece_bytes)
            low = middle;
        else
            high = middle;
    }
    key->data[key->len - 1] = (uint8_t)low;
}

/* Where the next piece ends. *bytes: what it holds. false: at the end. */
static bool find_end(const struct log_compaction *c, struct key *key, uint64_t *bytes)
{
    *bytes = table_bytes(c->log, key_span(&c->from), key_span(&c->until));
    if (*bytes <= c->piece_bytes)
        return false;
    uint64_t left = *bytes;
    key->len = 0;
    do {
        find_byte(c, key);
        *bytes = table_bytes(c->log, key_span(&c->from), key_span(key));
    } while (*bytes < c->piece_bytes / 2 && key->len < sizeof key->data);
    bool found = key_is_behind(key, &c->from);
    if (!found)
        *bytes = left;
    return found;
}

/* Is there a newer file of LevelDB's log? Whoever reads a directory that changes may miss both what comes and what goes, so a look that finds
 * nothing proves nothing: when commits go on, the next file may have come already, and this one gone. */
static bool is_newer(const struct log *log, uint64_t before)
{
    enum { LOOKS = 3 };
    char name[WAL_NAME_BYTES];
    bool newer = false;
    for (int i = 0; i < LOOKS && !newer; i++)
        newer = wal_newest(log->wal.dir_fd, UINT64_MAX, name) > before;
    return newer;
}

/* A range of which nothing may be written to LevelDB's log unsynced. false: it has not begun. */
static bool compact(struct log *log, const struct key *from, const struct key *until)
{
    char name[WAL_NAME_BYTES];
    uint64_t before = wal_newest(log->wal.dir_fd, UINT64_MAX, name);
    leveldb_compact_range(log->db, (const char *)from->data, from->len, (const char *)until->data,
                          until->len);
    return is_newer(log, before);
}

static bool compact_piece(struct log_compaction *c, bool *more)
{
    struct key until, end = one_byte(BEHIND_ALL);
    uint64_t bytes;
    *more = find_end(c, &until, &bytes);
    if (!*more)
        until = c->until;
    if (!compact(c->log, &c->from, &until))
        return false;
    c->done += bytes;
    c->from = until;
    return *more || compact(c->log, &end, &end);
}

uint64_t log_table_bytes(struct log *log)
{
    struct key begin = one_byte(FIRST), end = one_byte(BEHIND_ALL);
    return log_range_bytes(log, &begin, &end);
}

uint64_t log_range_bytes(struct log *log, const struct key *from, const struct key *until)
{
    if (!log_enter(log))
        return 0;
    uint64_t bytes = table_bytes(log, key_span(from), key_span(until));
    gate_leave(&log->gate);
    return bytes;
}

uint64_t log_write_buffer_bytes(const struct log *log)
{
    return log->options.write_buffer_bytes;
}

/* A table is written once for each piece that has a part of it. */
uint64_t log_piece_bytes(const struct log *log)
{
    uint64_t bytes = 2 * (uint64_t)log->options.file_bytes;
    return bytes < LOG_COMPACT_BYTES ? bytes : LOG_COMPACT_BYTES;
}

uint64_t log_free_bytes(const struct log *log)
{
    struct statvfs disk;
    if (fstatvfs(log->place.dir_fd, &disk) != 0)
        return 0;
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

void log_compact_begin(struct log_compaction *c, struct log *log)
{
    *c =
        (struct log_compaction){.log = log, .from = one_byte(FIRST), .until = one_byte(BEHIND_ALL)};
    c->piece_bytes = LOG_COMPACT_BYTES;
}

void log_compact_begin_range(struct log_compaction *c, struct log *log, const struct key *from,
                             const struct key *until)
{
    *c = (struct log_compaction){.log = log, .from = *from, .until = *until};
    c->piece_bytes = log_piece_bytes(log);
}

int log_compact_step(struct log_compaction *c, struct error *error)
{
    struct log *log = c->log;
    bool more = false;
    pthread_mutex_lock(&log->compacting);
    unsynced_close(&log->unsynced);
    bool open = log_enter(log);
    bool ok = open && compact_piece(c, &more);
    if (open)
        gate_leave(&log->gate);
    unsynced_open(&log->unsynced);
    pthread_mutex_unlock(&log->compacting);
    if (!open)
        log_closed(log, error);
    else if (!ok)
        error_set(error, REASON_STORE_UNAVAILABLE,
                  "the store in %s could not be compacted: LevelDB has met an error, as when the "
                  "disk is full; see photond's log, and try again",
                  log->place.dir);
    return ok ? more : -1;
}
