/*
 * torn.c - see torn.h.
 *
 * A log is a sequence of blocks; a record lies within one, as a whole or as the first, a middle or the last part of a batch. Behind a record
 * that is broken nothing in its block can be believed, but the next block begins with a record again.
 */
#include "store/torn.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/files.h"
#include "store/logline.h"
#include "store/wal.h"

enum { BLOCK_BYTES = 32768, HEADER_BYTES = 7 };
enum part { PART_NONE, PART_FULL, PART_FIRST, PART_MIDDLE, PART_LAST };

/* ---- CRC-32C, as RFC 3720 has it; LevelDB stores it masked ---- */

struct crc {
    uint32_t table[256];
};

static void crc_init(struct crc *crc)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0x82f63b78 : value >> 1;
        crc->table[i] = value;
    }
}

static uint32_t crc_masked(const struct crc *crc, const uint8_t *data, size_t len)
{
    uint32_t value = 0xffffffff;
    for (size_t i = 0; i < len; i++)
        value = crc->table[(value ^ data[i]) & 0xff] ^ value >> 8;
    value = ~value;
    return (value >> 15 | value << 17) + 0xa282ead8;
}

/* ---- records ---- */

struct walk {
    struct crc crc;
    const uint8_t *data;
    size_t len, at;
};

/* The record at `at`, which moves behind it; PART_NONE: there is no sound one. */
static enum part next(struct walk *walk)
{
    size_t room = BLOCK_BYTES - walk->at % BLOCK_BYTES;
    if (room < HEADER_BYTES) { /* too little for a record: filled with zeros */
        walk->at += room;
        room = BLOCK_BYTES;
    }
    if (walk->at > walk->len || walk->len - walk->at < HEADER_BYTES)
        return PART_NONE;
    const uint8_t *header = walk->data + walk->at;
    uint32_t sum = (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 |
                   (uint32_t)header[3] << 24;
    size_t len = (size_t)header[4] | (size_t)header[5] << 8;
    bool fits = HEADER_BYTES + len <= room && HEADER_BYTES + len <= walk->len - walk->at;
    if (!fits || header[6] < PART_FULL || header[6] > PART_LAST ||
        crc_masked(&walk->crc, header + 6, len + 1) != sum)
        return PART_NONE;
    walk->at += HEADER_BYTES + len;
    return (enum part)header[6];
}

/* Where the last batch ends before which all are whole. */
static size_t whole_until(struct walk *walk)
{
    size_t whole = 0;
    bool within = false;
    for (enum part part; (part = next(walk)) != PART_NONE;) {
        if ((part == PART_MIDDLE || part == PART_LAST) != within)
            break;
        within = part == PART_FIRST || part == PART_MIDDLE;
        if (!within)
            whole = walk->at;
    }
    return whole;
}

/* How many batches begin in the blocks behind a place. */
static size_t batches_behind(struct walk *walk, size_t place)
{
    size_t count = 0;
    for (size_t block = (place / BLOCK_BYTES + 1) * BLOCK_BYTES; block < walk->len;
         block += BLOCK_BYTES) {
        walk->at = block;
        for (enum part part; walk->at < block + BLOCK_BYTES && (part = next(walk)) != PART_NONE;)
            count += part == PART_FULL || part == PART_FIRST;
    }
    return count;
}

/* ---- the file ---- */

/* Keep what is behind the place, then cut it off. */
static bool cut_off(const struct place *place, const char *name, int fd, const struct walk *walk,
                    size_t whole)
{
    char kept[WAL_NAME_BYTES + 32], path[FILES_PATH_MAX];
    struct error error;
    snprintf(kept, sizeof kept, "torn-%s-%zu", name, whole);
    if (!files_path(path, place->dir, kept, &error) ||
        !files_write(path, (const char *)walk->data + whole, walk->len - whole, 0600, &error) ||
        ftruncate(fd, (off_t)whole) != 0 || fsync(fd) != 0)
        return false;
    logline_with(LOGLINE_WARNING,
                 "the log ended in pieces, as after a power cut: what was not stored is cut off",
                 logline_text("log", name), logline_uint("bytes", walk->len - whole),
                 logline_text("kept", path));
    return true;
}

static bool mend(const struct place *place, const char *name, int fd, struct walk *walk)
{
    crc_init(&walk->crc);
    size_t whole = whole_until(walk);
    if (whole == walk->len || batches_behind(walk, whole) > TORN_BATCHES_MAX)
        return false;
    return cut_off(place, name, fd, walk, whole);
}

/* The newest log that holds anything. An empty one is newer where LevelDB was interrupted while it took over the older ones: it makes
 * the log that it will write to before it is done with them. */
static int open_newest_log(const struct place *place, char name[WAL_NAME_BYTES])
{
    struct stat is;
    int dir_fd = open(place->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (dir_fd < 0)
        return -1;
    for (uint64_t number = UINT64_MAX; (number = wal_newest(dir_fd, number, name)) > 0;) {
        fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &is) != 0 || is.st_size > 0)
            break;
        close(fd);
        fd = -1;
    }
    close(dir_fd);
    return fd;
}

bool torn_mend(const struct place *place)
{
    char name[WAL_NAME_BYTES];
    struct stat is;
    bool mended = false;
    int fd = open_newest_log(place, name);
    if (fd < 0)
        return false;
    void *data = fstat(fd, &is) == 0 && is.st_size > 0
                     ? mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                     : MAP_FAILED;
    if (data != MAP_FAILED) {
        struct walk walk = {.data = data, .len = (size_t)is.st_size};
        mended = mend(place, name, fd, &walk);
        munmap(data, (size_t)is.st_size);
    }
    close(fd);
    return mended;
}
