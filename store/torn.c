/*
 * torn.c - see torn.h.
 */
#include "store/torn.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/files.h"
#include "store/logline.h"
#include "store/logwalk.h"
#include "store/manifest.h"
#include "store/wal.h"

/* A file of LevelDB's, in memory. */
struct file {
    const char *name;
    int fd;
    uint8_t *data;
    size_t len;
};

static bool file_map(struct file *file)
{
    struct stat is;
    if (file->fd < 0 || fstat(file->fd, &is) != 0 || is.st_size == 0)
        return false;
    file->len = (size_t)is.st_size;
    file->data = mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, file->fd, 0);
    return file->data != MAP_FAILED;
}

/* Keep what is behind the place, then cut it off. */
static bool cut_off(const struct place *place, const struct file *file, size_t whole)
{
    char kept[WAL_NAME_BYTES + 32], path[FILES_PATH_MAX];
    struct error error;
    snprintf(kept, sizeof kept, "torn-%s-%zu", file->name, whole);
    if (!files_path(path, place->dir, kept, &error) ||
        !files_write(path, (const char *)file->data + whole, file->len - whole, 0600, &error) ||
        ftruncate(file->fd, (off_t)whole) != 0 || fsync(file->fd) != 0)
        return false;
    logline_with(LOGLINE_WARNING,
                 "a file ended in pieces, as after a power cut: what was not stored is cut off",
                 logline_text("file", file->name), logline_uint("bytes", file->len - whole),
                 logline_text("kept", path));
    return true;
}

/* ---- the log ---- */

/* How many batches begin in the blocks behind a place. */
static size_t batches_behind(struct logwalk *walk, size_t place)
{
    size_t count = 0;
    enum { BYTES = LOGWALK_BLOCK_BYTES };
    for (size_t block = (place / BYTES + 1) * BYTES; block < walk->len; block += BYTES) {
        walk->at = block;
        for (enum logwalk_part part;
             walk->at < block + BYTES && (part = logwalk_next(walk)) != LOGWALK_NONE;)
            count += part == LOGWALK_FULL || part == LOGWALK_FIRST;
    }
    return count;
}

/* The newest log that holds anything. An empty one is newer where LevelDB was interrupted while it took over the older ones: it makes
 * the log that it will write to before it is done with them. */
static int open_newest_log(int dir_fd, char name[WAL_NAME_BYTES])
{
    struct stat is;
    int fd = -1;
    for (uint64_t number = UINT64_MAX; (number = wal_newest(dir_fd, number, name)) > 0;) {
        fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &is) != 0 || is.st_size > 0)
            break;
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool mend_log(const struct place *place, int dir_fd)
{
    char name[WAL_NAME_BYTES];
    struct file file = {.name = name, .fd = open_newest_log(dir_fd, name)};
    bool mended = false;
    if (file_map(&file)) {
        struct logwalk walk;
        logwalk_begin(&walk, file.data, file.len);
        size_t whole = logwalk_whole(&walk);
        if (whole < file.len && batches_behind(&walk, whole) <= TORN_BATCHES_MAX)
            mended = cut_off(place, &file, whole);
        munmap(file.data, file.len);
    }
    if (file.fd >= 0)
        close(file.fd);
    return mended;
}

/* ---- the MANIFEST ---- */

static bool mend_manifest(const struct place *place, int dir_fd)
{
    struct manifest manifest;
    if (manifest_look(dir_fd, &manifest) != MANIFEST_TORN)
        return false;
    struct file file = {.name = manifest.name,
                        .fd = openat(dir_fd, manifest.name, O_RDWR | O_CLOEXEC)};
    bool mended = false;
    if (file_map(&file)) {
        mended = cut_off(place, &file, manifest.whole);
        munmap(file.data, file.len);
    }
    if (file.fd >= 0)
        close(file.fd);
    return mended;
}

bool torn_mend(const struct place *place)
{
    int dir_fd = open(place->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return false;
    bool manifest = mend_manifest(place, dir_fd), log = mend_log(place, dir_fd);
    close(dir_fd);
    return manifest || log;
}
