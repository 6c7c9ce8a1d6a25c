/*
 * recorder.h - writes a history's file (history.h). One recorder for each thread. What cannot be written ends the process with a message:
 * without its history a test shows nothing.
 */
#ifndef TESTS_HISTORY_RECORDER_H
#define TESTS_HISTORY_RECORDER_H

#include "tests/history/history.h"

struct recorder {
    int fd;
    uint32_t operations, sessions; /* the next numbers */
};

/* A new file "dir/name.pid.history"; fails if it exists. */
struct recorder *recorder_open(const char *dir, const char *name);
void recorder_close(struct recorder *recorder);

/* Append records as they are. They are neighbours in the file. */
void recorder_put(struct recorder *recorder, const struct history_record *records, size_t count);
/* Append a name, and return its value. */
uint64_t recorder_name(struct recorder *recorder, const char *text);

#endif
