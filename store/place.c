/*
 * place.c - see place.h.
 *
 * A directory is looked at before anything in it is opened for writing: what is not ours is not
 * touched. The lock is the kernel's (flock), so it ends with its process whatever becomes of the
 * file.
 */
#include "store/place.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include "store/little.h"
#include "store/torn.h"

#define MARKER     "PHOTON"
#define MARKER_NEW "PHOTON.new"
enum { MARKER_BYTES_MAX = 512, MARK_BYTES = 16, PROBE_MARGIN = 1 << 20, PROBE_CHUNK = 1 << 16 };

/* What stands in the directory. */
enum contents { CONTENTS_EMPTY, CONTENTS_UNFINISHED, CONTENTS_STORE, CONTENTS_FOREIGN };

static enum log_fault fault_errno(const struct place *place, const char *what, struct error *error)
{
    int code = errno;
    enum log_fault fault =
        code == ENOSPC || code == EDQUOT ? LOG_FULL
        : code == EACCES || code == EPERM || code == ENOENT || code == ENOTDIR || code == EROFS
            ? LOG_UNREADABLE
            : LOG_FAILED;
    error_set(error, fault == LOG_FULL ? REASON_STORE_FULL : REASON_STORE_UNAVAILABLE,
              "the store's directory %s: %s: %s", place->dir, what, strerror(code));
    return fault;
}

static bool name_is(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static enum log_fault place_look(const struct place *place, enum contents *contents,
                                 struct error *error)
{
    static const char *const nothing[] = {".", "..", "lost+found", "lock", NULL};
    static const char *const unfinished[] = {MARKER_NEW, "data", "mark", "ballast", NULL};
    int fd = openat(place->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        enum log_fault fault = fault_errno(place, "cannot be listed", error);
        if (fd >= 0)
            close(fd);
        return fault;
    }
    bool marker = false, begun = false, ours = false, foreign = false;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, MARKER) == 0)
            marker = true;
        else if (name_is(entry->d_name, unfinished))
            *(strcmp(entry->d_name, MARKER_NEW) == 0 ? &begun : &ours) = true;
        else if (!name_is(entry->d_name, nothing))
            foreign = true;
    }
    closedir(dir);
    *contents = marker                        ? CONTENTS_STORE
                : foreign || (ours && !begun) ? CONTENTS_FOREIGN
                : begun                       ? CONTENTS_UNFINISHED
                                              : CONTENTS_EMPTY;
    return LOG_OK;
}

static enum log_fault place_judge(const struct place *place, enum contents contents, bool create,
                                  struct error *error)
{
    if (contents == CONTENTS_FOREIGN) {
        error_set(error, REASON_WRONG_STORE,
                  "%s is not a store: it holds other files, and no file %s; name another directory",
                  place->dir, MARKER);
        return LOG_FOREIGN;
    }
    if (contents != CONTENTS_STORE && !create) {
        error_set(error, REASON_STORE_UNAVAILABLE, "%s holds no store", place->dir);
        return LOG_UNREADABLE;
    }
    return LOG_OK;
}

/* ---- the lock ---- */

static enum log_fault place_lock(struct place *place, struct error *error)
{
    place->lock_fd = openat(place->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (place->lock_fd < 0)
        return fault_errno(place, "lock cannot be opened", error);
    char pid[32] = "";
    if (flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return fault_errno(place, "lock cannot be taken", error);
        ssize_t len = pread(place->lock_fd, pid, sizeof pid - 1, 0);
        pid[len > 0 ? strcspn(pid, "\n") : 0] = '\0';
        error_set(error, REASON_STORE_UNAVAILABLE,
                  "another photond (process %s) works on the store in %s", pid[0] ? pid : "unknown",
                  place->dir);
        return LOG_LOCKED;
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(place->lock_fd, 0) != 0 || pwrite(place->lock_fd, pid, (size_t)len, 0) != len)
        return LOG_OK; /* the number is for messages only: a full disk must not stop the start */
    return LOG_OK;
}

/* ---- the marker ---- */

static enum log_fault marker_damaged(const struct place *place, struct error *error)
{
    error_set(error, REASON_CORRUPT, "the store's file %s/%s is damaged; restore it from a backup",
              place->dir, MARKER);
    return LOG_DAMAGED;
}

static enum log_fault marker_read(struct place *place, struct error *error)
{
    char text[MARKER_BYTES_MAX + 1];
    int fd = openat(place->dir_fd, MARKER, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (len < 0) {
        enum log_fault fault = fault_errno(place, MARKER " cannot be read", error);
        if (fd >= 0)
            close(fd);
        return fault;
    }
    close(fd);
    text[len] = '\0';
    unsigned format;
    int end = 0;
    const char *at = strstr(text, "\nformat ");
    if (!at ||
        sscanf(at, "\nformat %9u\nidentity %36[0-9a-f-]\n%n", &format, place->store_id, &end) !=
            2 ||
        end == 0 || at[end] != '\0' || strlen(place->store_id) != STORE_ID_BYTES - 1)
        return marker_damaged(place, error);
    place->format = format;
    if (format >= LOG_FORMAT_FIRST && format <= LOG_FORMAT_LAST)
        return LOG_OK;
    bool newer = format > LOG_FORMAT_LAST;
    error_set(error, REASON_WRONG_STORE,
              "the store in %s has format %u, this photond knows %d to %d; %s", place->dir, format,
              LOG_FORMAT_FIRST, LOG_FORMAT_LAST,
              newer ? "use a newer one"
                    : "back it up with the version that made it (muon backup), and restore that "
                      "with this one (muon restore)");
    return LOG_FORMAT;
}

static bool store_id_make(char out[STORE_ID_BYTES])
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* a random UUID, version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, STORE_ID_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return true;
}

static bool file_write(const struct place *place, const char *name, const char *text)
{
    int fd = openat(place->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ssize_t len = (ssize_t)strlen(text);
    bool ok = write(fd, text, (size_t)len) == len && fsync(fd) == 0;
    int code = errno;
    close(fd);
    errno = code;
    return ok;
}

/* Write it beside the one that counts. */
static enum log_fault marker_write(const struct place *place, unsigned format, struct error *error)
{
    char text[MARKER_BYTES_MAX];
    snprintf(text, sizeof text,
             "This directory is a store of photond. Change nothing in it; back it up as a whole, "
             "while photond is "
             "stopped.\nformat %u\nidentity %s\n",
             format, place->store_id);
    if (!file_write(place, MARKER_NEW, text) || fsync(place->dir_fd) != 0)
        return fault_errno(place, MARKER_NEW " cannot be written", error);
    return LOG_OK;
}

static enum log_fault marker_begin(struct place *place, struct error *error)
{
    place->format = LOG_FORMAT_FIRST;
    if (!store_id_make(place->store_id))
        return fault_errno(place, "no random bytes for an identity", error);
    return marker_write(place, LOG_FORMAT_FIRST, error);
}

enum log_fault place_finish(struct place *place, struct error *error)
{
    int old = openat(place->dir_fd, MARKER, O_RDONLY | O_CLOEXEC); /* its blocks: see pinned.h */
    bool ok = renameat(place->dir_fd, MARKER_NEW, place->dir_fd, MARKER) == 0 &&
              fsync(place->dir_fd) == 0;
    enum log_fault fault = ok ? LOG_OK : fault_errno(place, MARKER " cannot be written", error);
    if (old >= 0)
        close(old);
    place->made |= ok;
    return fault;
}

enum reason place_raise(struct place *place, unsigned format, struct error *error)
{
    if (place->format >= format)
        return REASON_NONE;
    if (marker_write(place, format, error) != LOG_OK || place_finish(place, error) != LOG_OK)
        return error->reason;
    place->format = format;
    return REASON_NONE;
}

/* ---- opening ---- */

/* Is this a store whose marker is lost, and not one that was never finished? It is marked what was acknowledged in it. */
static enum log_fault place_check_unused(const struct place *place, struct error *error)
{
    struct stat mark;
    if (fstatat(place->dir_fd, "mark", &mark, 0) != 0 || mark.st_size == 0)
        return LOG_OK;
    error_set(error, REASON_CORRUPT,
              "the store in %s has lost its file " MARKER ", though events were stored in it; "
              "nothing was touched; restore that file from a backup",
              place->dir);
    return LOG_DAMAGED;
}

/* Nothing was ever stored in a store that was not finished, and what a crash has left of its database may be none. */
static enum log_fault data_begin(const struct place *place, struct error *error)
{
    if (mkdirat(place->dir_fd, "data", 0700) != 0 && errno != EEXIST)
        return fault_errno(place, "data cannot be made", error);
    DIR *dir = opendir(place->data);
    if (!dir)
        return fault_errno(place, "data cannot be listed", error);
    enum log_fault fault = LOG_OK;
    for (struct dirent *entry; fault == LOG_OK && (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            fault = fault_errno(place, "data cannot be emptied", error);
    closedir(dir);
    return fault;
}

static enum log_fault place_open_dir(struct place *place, bool create, struct error *error)
{
    if (create && mkdir(place->dir, 0700) != 0 && errno != EEXIST)
        return fault_errno(place, "cannot be made", error);
    place->dir_fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->dir_fd < 0 ? fault_errno(place, "cannot be opened", error) : LOG_OK;
}

static enum log_fault place_look_and_lock(struct place *place, bool create, struct error *error)
{
    enum contents contents;
    enum log_fault fault = place_look(place, &contents, error);
    if (fault == LOG_OK)
        fault = place_judge(place, contents, create, error);
    if (fault == LOG_OK)
        fault = place_lock(place, error);
    if (fault == LOG_OK) /* another one may have made the store before we had the lock */
        fault = place_look(place, &contents, error);
    if (fault == LOG_OK)
        fault = place_judge(place, contents, create, error);
    place->made = contents == CONTENTS_STORE;
    return fault;
}

enum log_fault place_open(struct place *place, const char *dir, bool create, struct error *error)
{
    *place = (struct place){.dir_fd = -1, .lock_fd = -1, .mark_fd = -1};
    place->dir = strdup(dir);
    if (!place->dir || asprintf(&place->data, "%s/data", dir) < 0) {
        place->data = NULL;
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to open the store");
        place_close(place);
        return LOG_FAILED;
    }
    enum log_fault fault = place_open_dir(place, create, error);
    if (fault == LOG_OK)
        fault = place_look_and_lock(place, create, error);
    if (fault == LOG_OK && !place->made)
        fault = place_check_unused(place, error);
    if (fault == LOG_OK)
        fault = place->made ? marker_read(place, error) : marker_begin(place, error);
    if (fault == LOG_OK && !place->made)
        fault = data_begin(place, error);
    if (fault == LOG_OK) {
        place->mark_fd = openat(place->dir_fd, "mark", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (place->mark_fd < 0)
            fault = fault_errno(place, "mark cannot be opened", error);
    }
    if (fault != LOG_OK)
        place_close(place);
    return fault;
}

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

void place_close(struct place *place)
{
    if (place->mark_fd >= 0)
        place_mark_sync(place);
    fd_close(place->mark_fd);
    fd_close(place->lock_fd);
    fd_close(place->dir_fd);
    free(place->dir);
    free(place->data);
    *place = (struct place){.dir_fd = -1, .lock_fd = -1, .mark_fd = -1};
}

/* ---- the mark ---- */

void place_mark(const struct place *place, uint64_t number)
{
    uint8_t mark[MARK_BYTES];
    little_put64(mark, number);
    little_put64(mark + 8, XXH3_64bits(mark, 8));
    ssize_t written = pwrite(place->mark_fd, mark, sizeof mark, 0);
    (void)written; /* an older mark guards less, and no more than that */
}

bool place_mark_sync(const struct place *place)
{
    return fdatasync(place->mark_fd) == 0;
}

bool place_marked(const struct place *place, uint64_t *number)
{
    uint8_t mark[MARK_BYTES];
    ssize_t len = pread(place->mark_fd, mark, sizeof mark, 0);
    bool sound = len == (ssize_t)sizeof mark && little_get64(mark + 8) == XXH3_64bits(mark, 8);
    *number = sound ? little_get64(mark) : 0;
    return sound || len == 0;
}

/* ---- room ---- */

void place_ballast_free(const struct place *place)
{
    unlinkat(place->dir_fd, "ballast", 0);
}

bool place_make_way(const struct place *place, enum log_fault fault)
{
    if (fault == LOG_FULL) /* opening writes, and the ballast is kept for this */
        place_ballast_free(place);
    return fault == LOG_FULL || (fault == LOG_DAMAGED && torn_mend(place));
}

static uint64_t place_room(const struct place *place)
{
    struct statvfs fs;
    return fstatvfs(place->dir_fd, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
}

void place_ballast_make(const struct place *place, size_t bytes)
{
    struct stat stat;
    if (fstatat(place->dir_fd, "ballast", &stat, 0) == 0 && (size_t)stat.st_size == bytes)
        return;
    if (place_room(place) / 3 < bytes)
        return;
    int fd = openat(place->dir_fd, "ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool ok = ftruncate(fd, 0) == 0 && posix_fallocate(fd, 0, (off_t)bytes) == 0;
    close(fd);
    if (!ok)
        place_ballast_free(place);
}

size_t place_log_bytes(const struct place *place)
{
    size_t bytes = 0;
    DIR *dir = opendir(place->data);
    if (!dir)
        return bytes;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        struct stat stat;
        if (dot && strcmp(dot, ".log") == 0 && fstatat(dirfd(dir), entry->d_name, &stat, 0) == 0)
            bytes += (size_t)stat.st_size;
    }
    closedir(dir);
    return bytes;
}

/* Room is asked for before it is taken: a trial must not fill the disk for others. */
static bool probe_write(const struct place *place, int fd, size_t bytes)
{
    static const uint8_t zero[PROBE_CHUNK];
    int code = place_room(place) < bytes ? ENOSPC : posix_fallocate(fd, 0, (off_t)bytes);
    if (code != 0) {
        errno = code;
        return false;
    }
    return write(fd, zero, sizeof zero) == (ssize_t)sizeof zero && fsync(fd) == 0;
}

enum reason place_probe(const struct place *place, struct error *error)
{
    size_t bytes = place_log_bytes(place) + PROBE_MARGIN;
    int fd = openat(place->dir_fd, "probe", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && probe_write(place, fd, bytes);
    int code = errno;
    fd_close(fd);
    unlinkat(place->dir_fd, "probe", 0);
    if (ok)
        return REASON_NONE;
    return error_set(
        error, code == ENOSPC || code == EDQUOT ? REASON_STORE_FULL : REASON_STORE_UNAVAILABLE,
        "the store in %s cannot write yet: a trial of %zu bytes failed: %s", place->dir, bytes,
        strerror(code));
}
