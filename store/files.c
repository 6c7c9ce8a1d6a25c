/* files.c - see files.h. */
#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_path(char out[FILES_PATH_MAX], const char *dir, const char *name, struct error *error)
{
    int len = snprintf(out, FILES_PATH_MAX, "%s/%s", dir, name);
    if (len > 0 && len < FILES_PATH_MAX)
        return true;
    error_set(error, REASON_INVALID_ARGUMENT, "the path of %s in its directory is too long", name);
    return false;
}

bool files_exist(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static bool write_synced(int fd, const char *data, size_t len, mode_t mode)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

void files_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool files_write(const char *path, const char *data, size_t len, mode_t mode, struct error *error)
{
    char temp[FILES_PATH_MAX], dir[FILES_PATH_MAX];
    int n = snprintf(temp, sizeof temp, "%s.new", path);
    if (n < 0 || n >= (int)sizeof temp) {
        error_set(error, REASON_INVALID_ARGUMENT, "%.200s…: the path is too long", path);
        return false;
    }
    unlink(temp); /* left by a crash */
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_synced(fd, data, len, mode);
    int cause = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        cause = errno;
        ok = false;
    }
    if (ok && rename(temp, path) != 0) {
        cause = errno;
        ok = false;
    }
    if (!ok) {
        if (fd >= 0)
            unlink(temp);
        error_set(error, REASON_STORE_UNAVAILABLE, "%s cannot be written: %s", path,
                  strerror(cause));
        return false;
    }
    memcpy(dir, path, strlen(path) + 1);
    files_sync_dir(dirname(dir));
    return true;
}
