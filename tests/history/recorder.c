/*
 * recorder.c - see recorder.h.
 */
#include "tests/history/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
    exit(3);
}

struct recorder *recorder_open(const char *dir, const char *name)
{
    char path[4096];
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        die("no memory");
    snprintf(path, sizeof path, "%s/%s.%d.history", dir, name, (int)getpid());
    recorder->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (recorder->fd < 0)
        die(path);
    struct history_record begin = {.kind = HISTORY_BEGIN, .number = HISTORY_FORMAT};
    memcpy(begin.id.bytes, "muon-history", sizeof "muon-history");
    recorder_put(recorder, &begin, 1);
    return recorder;
}

void recorder_close(struct recorder *recorder)
{
    if (!recorder)
        return;
    close(recorder->fd);
    free(recorder);
}

void recorder_put(struct recorder *recorder, const struct history_record *records, size_t count)
{
    const char *at = (const char *)records;
    size_t left = count * sizeof *records;
    while (left) {
        ssize_t done = write(recorder->fd, at, left);
        if (done < 0 && errno != EINTR)
            die("a history cannot be written");
        if (done > 0) {
            at += done;
            left -= (size_t)done;
        }
    }
}

uint64_t recorder_name(struct recorder *recorder, const char *text)
{
    struct history_record pieces[8] = {{0}};
    uint32_t len = (uint32_t)strlen(text), count = 0;
    uint64_t value = history_name(text);
    if (len > sizeof pieces / sizeof *pieces * HISTORY_PIECE)
        die("a name is too long");
    for (uint32_t at = 0; at < len; at += HISTORY_PIECE) {
        struct history_record *piece = &pieces[count++];
        uint32_t part = len - at < HISTORY_PIECE ? len - at : HISTORY_PIECE;
        *piece = (struct history_record){.kind = HISTORY_NAME, .number = at, .count = len};
        memcpy((char *)piece + offsetof(struct history_record, id), text + at, part);
    }
    recorder_put(recorder, pieces, count);
    return value;
}
