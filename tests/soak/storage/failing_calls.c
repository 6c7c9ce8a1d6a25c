/*
 * failing_calls.c - the C library's functions that fail as told. What passes goes to the kernel, or to the library's own
 * allocator, directly.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failing.h"

#define EXPORT __attribute__((visibility("default")))

/* ---- memory ---- */

EXPORT void *malloc(size_t bytes);
EXPORT void *calloc(size_t len, size_t bytes);
EXPORT void *realloc(void *old, size_t bytes);
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t len, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static bool no_memory(const void *caller)
{
    int code = failing_due(FAIL_MALLOC);
    if (!code && failing_is_own(caller))
        code = failing_due(FAIL_OWN_MALLOC);
    if (code)
        errno = ENOMEM;
    return code != 0;
}

void *malloc(size_t bytes)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t len, size_t bytes)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(len, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return bytes && no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
}

/* ---- files ---- */

static bool fails(enum fail kind, int dir_fd, const char *name)
{
    int code = failing_is_stores(dir_fd, name) ? failing_due(kind) : 0;
    if (code)
        errno = code;
    return code != 0;
}

/* How much of a write may be done: all of it, half, or -1. */
static ssize_t room_for(int fd, size_t len)
{
    if (fails(FAIL_WRITE, fd, NULL))
        return -1;
    if (!fails(FAIL_SHORT_WRITE, fd, NULL))
        return (ssize_t)len;
    return len > 1 && failing_is_short(FAIL_SHORT_WRITE) ? (ssize_t)(len / 2) : -1;
}

EXPORT ssize_t write(int fd, const void *data, size_t len);
EXPORT ssize_t pwrite(int fd, const void *data, size_t len, off_t at);
EXPORT ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at);
EXPORT int posix_fallocate(int fd, off_t at, off_t len);
EXPORT int posix_fallocate64(int fd, off64_t at, off64_t len);

ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t room = room_for(fd, len);
    return room < 0 ? -1 : syscall(SYS_write, fd, data, (size_t)room);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    ssize_t room = room_for(fd, len);
    return room < 0 ? -1 : syscall(SYS_pwrite64, fd, data, (size_t)room, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return pwrite64(fd, data, len, at);
}

int posix_fallocate64(int fd, off64_t at, off64_t len)
{
    if (fails(FAIL_WRITE, fd, NULL))
        return errno;
    return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t at, off_t len)
{
    return posix_fallocate64(fd, at, len);
}

EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);

int fsync(int fd)
{
    return fails(FAIL_SYNC, fd, NULL) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(FAIL_SYNC, fd, NULL) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* ---- names ---- */

EXPORT int open(const char *name, int flags, ...);
EXPORT int open64(const char *name, int flags, ...);
EXPORT int openat(int dir_fd, const char *name, int flags, ...);
EXPORT int openat64(int dir_fd, const char *name, int flags, ...);
EXPORT FILE *fopen(const char *name, const char *mode);
EXPORT FILE *fopen64(const char *name, const char *mode);
EXPORT int rename(const char *from, const char *to);
EXPORT int renameat(int from_fd, const char *from, int to_fd, const char *to);
EXPORT int unlink(const char *name);
EXPORT int unlinkat(int dir_fd, const char *name, int flags);

#define MODE_OF(flags, mode)                                                                       \
    do {                                                                                           \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        (mode) = ((flags) & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0;                     \
        va_end(list);                                                                              \
    } while (0)

static int open_by(int dir_fd, const char *name, int flags, mode_t mode)
{
    if (!fails(FAIL_OPEN, dir_fd, name))
        return (int)syscall(SYS_openat, dir_fd, name, flags, mode);
    if (errno == ENOSPC && !(flags & O_CREAT))
        errno = EIO; /* what is there takes no room to open */
    return -1;
}

int open(const char *name, int flags, ...)
{
    mode_t mode;
    MODE_OF(flags, mode);
    return open_by(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    mode_t mode;
    MODE_OF(flags, mode);
    return open_by(AT_FDCWD, name, flags, mode);
}

int openat(int dir_fd, const char *name, int flags, ...)
{
    mode_t mode;
    MODE_OF(flags, mode);
    return open_by(dir_fd, name, flags, mode);
}

int openat64(int dir_fd, const char *name, int flags, ...)
{
    mode_t mode;
    MODE_OF(flags, mode);
    return open_by(dir_fd, name, flags, mode);
}

/* LevelDB's LOG, a text for people. */
FILE *fopen64(const char *name, const char *mode)
{
    FILE *(*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "fopen64");
    return fails(FAIL_OPEN, -1, name) ? NULL : real(name, mode);
}

FILE *fopen(const char *name, const char *mode)
{
    return fopen64(name, mode);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return fails(FAIL_RENAME, from_fd, from)
               ? -1
               : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir_fd, const char *name, int flags)
{
    return fails(FAIL_UNLINK, dir_fd, name) ? -1 : (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}
