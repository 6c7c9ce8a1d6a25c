/*
 * calls.c - see calls.h.
 */
#include "tests/lib/calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

static atomic_int armed = CALLS, with;
static atomic_long left_over;
static atomic_bool hit;

/* Is this the call that fails? Then errno says how. */
static bool fails(enum call call)
{
    if (atomic_load(&armed) != (int)call || atomic_fetch_sub(&left_over, 1) != 1)
        return false;
    atomic_store(&hit, true);
    errno = atomic_load(&with);
    return true;
}

/* WRAP(kind, what it returns, name, (parameters), (arguments), failed) */
#define WRAP(call, type, name, parameters, arguments, failed)                                      \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(call) ? (failed) : __real_##name arguments;                                   \
    }

WRAP(CALL_OPENDIR, DIR *, opendir, (const char *path), (path), NULL)
WRAP(CALL_FDOPENDIR, DIR *, fdopendir, (int fd), (fd), NULL)
WRAP(CALL_FSTAT, int, fstat, (int fd, struct stat *out), (fd, out), -1)
WRAP(CALL_READ, ssize_t, read, (int fd, void *data, size_t len), (fd, data, len), -1)
WRAP(CALL_WRITE, ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len), -1)
WRAP(CALL_FSYNC, int, fsync, (int fd), (fd), -1)
WRAP(CALL_RENAMEAT, int, renameat, (int a, const char *from, int b, const char *to),
     (a, from, b, to), -1)
WRAP(CALL_MKDIR, int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAP(CALL_MKDIRAT, int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode), -1)
WRAP(CALL_FLOCK, int, flock, (int fd, int how), (fd, how), -1)
WRAP(CALL_GETRANDOM, ssize_t, getrandom, (void *data, size_t len, unsigned flags),
     (data, len, flags), -1)
WRAP(CALL_THREAD, int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),
     (thread, attr, run, arg), EAGAIN)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;
    va_end(args);
    return fails(CALL_OPEN) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int fd, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;
    va_end(args);
    return fails(CALL_OPENAT) ? -1 : __real_openat(fd, path, flags, mode);
}

int __wrap_fcntl(int fd, int what, ...)
{
    va_list args;
    va_start(args, what);
    long value = va_arg(args, long); /* ours always have one */
    va_end(args);
    return fails(CALL_DUP) ? -1 : __real_fcntl(fd, what, value);
}

void calls_arm(enum call call, long nth, int error)
{
    atomic_store(&hit, false);
    atomic_store(&with, error);
    atomic_store(&left_over, nth);
    atomic_store(&armed, (int)call);
}

void calls_disarm(void)
{
    atomic_store(&armed, CALLS);
}

bool calls_hit(void)
{
    return atomic_load(&hit);
}
