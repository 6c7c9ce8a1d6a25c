/*
 * log.h - log lines of a client, for muon_set_log.
 *
 * A line may be added under the client's lock, but the application's function never runs under it: it may be waiting for a
 * lock of its own (an interpreter's) that another thread holds while it waits for ours. So lines are kept until the I/O
 * thread, without the lock, hands them over.
 */
#ifndef MUON_SDK_LOG_H
#define MUON_SDK_LOG_H

#include <stdbool.h>

#include <muon/muon.h>

#include "wire/cq.h"

enum { LOG_LINE_MAX = 400, LOG_LINES_MAX = 64 };

struct log_target;

struct log {
    struct log_target *target; /* counted; NULL: nowhere */
    struct cq_op flush;
    bool posted;
    unsigned first, len, lost; /* of the ring */
    struct log_line {
        int32_t level;
        char text[LOG_LINE_MAX];
    } * lines; /* LOG_LINES_MAX; made by the first muon_set_log */
};

void log_fini(struct log *log);

/* Under the client's lock. When 64 lines wait already, it is counted as lost. */
void log_add(muon_client *c, int32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
