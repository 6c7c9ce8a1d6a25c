/*
 * writeback.c - see writeback.h.
 *
 * The directory is watched for tables that begin and end, and the newest one for what is written to it. LevelDB's log is in the same
 * directory and is not watched: a wake-up for each commit would cost more than it brings. LevelDB compacts with one thread, so one table is
 * followed; when a write buffer's interrupts another one, the rest of that, a few MiB, is left to its sync.
 */
#include "store/writeback.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/thread.h"

struct table {
    char name[32]; /* of LevelDB's tables: a number of up to 20 digits, ".ldb" */
    int fd, watch;
    off_t handed; /* to the disk, of its bytes */
};

struct writeback {
    char *dir;
    writeback_hand *hand;
    void *user;
    int inotify, stop;  /* stop: an eventfd */
    struct table table; /* fd -1: none is followed */
    pthread_t thread;
};

static void hand_to_system(void *user, int fd, off_t offset, off_t bytes)
{
    (void)user;
    sync_file_range(fd, offset, bytes,
                    SYNC_FILE_RANGE_WRITE); /* LevelDB's sync would tell of an error */
}

/* ---- the table ---- */

static void table_leave(struct writeback *w)
{
    if (w->table.fd < 0)
        return;
    inotify_rm_watch(w->inotify, w->table.watch);
    close(w->table.fd);
    w->table.fd = -1;
}

static void table_hand(struct writeback *w)
{
    struct table *table = &w->table;
    struct stat is;
    if (table->fd < 0 || fstat(table->fd, &is) != 0 ||
        is.st_size - table->handed < WRITEBACK_PIECE_BYTES)
        return;
    w->hand(w->user, table->fd, table->handed, is.st_size - table->handed);
    table->handed = is.st_size;
}

static void table_follow(struct writeback *w, const char *name)
{
    char path[4096];
    table_leave(w);
    int len = snprintf(path, sizeof path, "%s/%s", w->dir, name);
    if (len < 0 || (size_t)len >= sizeof path || strlen(name) >= sizeof w->table.name)
        return;
    struct table table = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    strcpy(table.name, name);
    if (table.fd < 0)
        return;
    table.watch = inotify_add_watch(w->inotify, path, IN_MODIFY);
    if (table.watch < 0) {
        close(table.fd);
        return;
    }
    w->table = table;
    table_hand(w); /* what was written before the watch */
}

/* ---- the thread ---- */

static bool is_table(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".ldb") == 0;
}

static void take_event(struct writeback *w, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : "";
    if (event->mask & IN_MODIFY)
        table_hand(w);
    else if (event->mask & IN_CREATE && is_table(name))
        table_follow(w, name);
    else if (event->mask & IN_CLOSE_WRITE && w->table.fd >= 0 && strcmp(name, w->table.name) == 0)
        table_leave(w); /* it is synced, and may be deleted: then its space must not be held */
}

static void take_events(struct writeback *w)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t len = read(w->inotify, events, sizeof events);
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event = (const void *)(events + at);
        take_event(w, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

static void *writeback_thread(void *arg)
{
    struct writeback *w = arg;
    struct pollfd on[] = {{w->stop, POLLIN, 0}, {w->inotify, POLLIN, 0}};
    while (poll(on, 2, -1) >= 0 && !on[0].revents)
        if (on[1].revents)
            take_events(w);
    return NULL;
}

/* ---- open and close ---- */

static void writeback_free(struct writeback *w)
{
    table_leave(w);
    if (w->inotify >= 0)
        close(w->inotify);
    if (w->stop >= 0)
        close(w->stop);
    free(w->dir);
    free(w);
}

static bool writeback_start(struct writeback *w)
{
    if (!w->dir || w->inotify < 0 || w->stop < 0 ||
        inotify_add_watch(w->inotify, w->dir, IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
        return false;
    return thread_start(&w->thread, writeback_thread, w);
}

struct writeback *writeback_open(const char *dir, writeback_hand *hand, void *user)
{
    struct writeback *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct writeback){.dir = strdup(dir),
                            .hand = hand ? hand : hand_to_system,
                            .user = user,
                            .inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
                            .stop = eventfd(0, EFD_CLOEXEC),
                            .table.fd = -1};
    if (writeback_start(w))
        return w;
    writeback_free(w);
    return NULL;
}

void writeback_close(struct writeback *w)
{
    if (!w)
        return;
    eventfd_write(w->stop, 1);
    pthread_join(w->thread, NULL);
    writeback_free(w);
}
