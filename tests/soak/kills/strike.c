/*
 * strike.c - see strike.h. Its functions come before those of the C library; they go to the kernel directly, so that nothing is needed
 * before the library is ready. Which file a descriptor is, /proc says: that holds for every way to come by one.
 */
#include "tests/soak/kills/strike.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int open(const char *path, int flags, ...);
EXPORT int openat(int dir, const char *path, int flags, ...);
EXPORT ssize_t write(int fd, const void *data, size_t len);
EXPORT ssize_t pwrite(int fd, const void *data, size_t len, off_t offset);
EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);
EXPORT int rename(const char *from, const char *to);
EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to);
EXPORT int unlink(const char *path);
EXPORT int unlinkat(int dir, const char *path, int flags);
EXPORT int rmdir(const char *path);
EXPORT int mkdir(const char *path, mode_t mode);
EXPORT int mkdirat(int dir, const char *path, mode_t mode);
EXPORT int ftruncate(int fd, off_t len);
EXPORT int posix_fallocate(int fd, off_t offset, off_t len);

static struct strike_tally *tally; /* NULL: nothing is counted */
static char below[PATH_MAX];

__attribute__((constructor)) static void strike_load(void)
{
    const char *dir = getenv("STRIKE_DIR"), *file = getenv("STRIKE_TALLY");
    if (!dir || !file || snprintf(below, sizeof below, "%s", dir) >= (int)sizeof below)
        abort();
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    void *shared = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || shared == MAP_FAILED)
        abort();
    close(fd);
    tally = shared;
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* ---- which file ---- */

static bool is_below(const char *path)
{
    size_t len = strlen(below);
    return strncmp(path, below, len) == 0 && (path[len] == '/' || path[len] == 0);
}

/* The descriptor's path. false: it has none. */
static bool path_of(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);
    path[len > 0 ? len : 0] = 0;
    return len > 0;
}

static bool is_ours(int dir, const char *path)
{
    char folder[PATH_MAX];
    if (!tally)
        return false;
    return path[0] == '/' ? is_below(path) : path_of(dir, folder) && is_below(folder);
}

/* ---- the count ---- */

struct blow {
    bool now; /* this call is the one */
    enum strike_moment moment;
};

static struct blow count(const char *call, const char *path)
{
    uint64_t number = atomic_fetch_add(&tally->calls, 1) + 1;
    const char *slash = strrchr(path, '/');
    if (number <= STRIKE_CALLS_MAX)
        snprintf(tally->names[number - 1], STRIKE_NAME_BYTES, "%s %s", call,
                 slash ? slash + 1 : path);
    struct blow blow = {number == tally->at, (enum strike_moment)tally->moment};
    if (blow.now && blow.moment == STRIKE_BEFORE)
        die();
    return blow;
}

static struct blow count_path(int dir, const char *path, const char *call)
{
    return is_ours(dir, path) ? count(call, path) : (struct blow){0};
}

static struct blow count_fd(int fd, const char *call)
{
    char path[PATH_MAX];
    return tally && path_of(fd, path) && is_below(path) ? count(call, path) : (struct blow){0};
}

static long after(struct blow blow, long result)
{
    if (blow.now)
        die();
    return result;
}

/* ---- the calls ---- */

static int open_by(int dir, const char *path, int flags, mode_t mode)
{
    bool changes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    struct blow blow = changes ? count_path(dir, path, "open") : (struct blow){0};
    return (int)after(blow, syscall(SYS_openat, dir, path, flags, mode));
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_by(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_by(dir, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t len)
{
    struct blow blow = count_fd(fd, "write");
    if (blow.now && blow.moment == STRIKE_HALF)
        len /= 2;
    return after(blow, syscall(SYS_write, fd, data, len));
}

/* The mark is written so, within a page, which no kill divides: there it strikes after. */
enum { PAGE_BYTES = 4096 };

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    struct blow blow = count_fd(fd, "pwrite");
    bool divisible = offset / PAGE_BYTES != (offset + (off_t)len - 1) / PAGE_BYTES;
    if (blow.now && blow.moment == STRIKE_HALF && divisible)
        len /= 2;
    return after(blow, syscall(SYS_pwrite64, fd, data, len, offset));
}

int fsync(int fd)
{
    return (int)after(count_fd(fd, "fsync"), syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    return (int)after(count_fd(fd, "fdatasync"), syscall(SYS_fdatasync, fd));
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    struct blow blow = count_path(to_dir, to, "rename");
    return (int)after(blow, syscall(SYS_renameat2, from_dir, from, to_dir, to, 0));
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir, const char *path, int flags)
{
    struct blow blow = count_path(dir, path, flags & AT_REMOVEDIR ? "rmdir" : "unlink");
    return (int)after(blow, syscall(SYS_unlinkat, dir, path, flags));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return (int)after(count_path(dir, path, "mkdir"), syscall(SYS_mkdirat, dir, path, mode));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int ftruncate(int fd, off_t len)
{
    return (int)after(count_fd(fd, "ftruncate"), syscall(SYS_ftruncate, fd, len));
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    struct blow blow = count_fd(fd, "fallocate");
    return (int)after(blow, syscall(SYS_fallocate, fd, 0, offset, len) == 0 ? 0 : errno);
}
