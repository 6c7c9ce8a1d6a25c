/*
 * pinned.c - see pinned.h.
 *
 * Tables need no such care: what makes one superfluous is in a MANIFEST that is synced, with the directory, before the table is removed.
 */
#include "store/pinned.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_replaced(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(name, "CURRENT") == 0 || strncmp(name, "MANIFEST-", 9) == 0 ||
           (dot && strcmp(dot, ".log") == 0);
}

static int pin(struct pinned *pinned, const char *name)
{
    int *fds = realloc(pinned->fds, (pinned->len + 1) * sizeof *fds);
    if (!fds)
        return ENOMEM;
    pinned->fds = fds;
    int fd = openat(pinned->dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    fds[pinned->len++] = fd;
    return 0;
}

static void let_go(struct pinned *pinned)
{
    for (size_t i = 0; i < pinned->len; i++)
        close(pinned->fds[i]);
    free(pinned->fds);
    if (pinned->dir_fd >= 0)
        close(pinned->dir_fd);
    *pinned = (struct pinned){.dir_fd = -1};
}

int pinned_take(struct pinned *pinned, const char *dir)
{
    *pinned = (struct pinned){.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    DIR *list = pinned->dir_fd < 0 ? NULL : opendir(dir);
    int code = list ? 0 : errno;
    for (const struct dirent *entry; code == 0 && (entry = readdir(list));)
        if (is_replaced(entry->d_name))
            code = pin(pinned, entry->d_name);
    if (list)
        closedir(list);
    if (code != 0)
        let_go(pinned);
    return code;
}

int pinned_let_go(struct pinned *pinned)
{
    int code = fsync(pinned->dir_fd) == 0 ? 0 : errno;
    let_go(pinned);
    return code;
}
