/*
 * finallog.h - the log in the end, with which everything is compared, and what the history says of each of its events.
 *
 * An event was committed at some moment between two: not before `after_ns`, not later than `by_ns`. finallog_bound makes these of when its
 * emit was invoked and has returned, of when it was delivered, and of the log's order: both never fall along the log.
 */
#ifndef TESTS_HISTORY_FINALLOG_H
#define TESTS_HISTORY_FINALLOG_H

#include "tests/history/files.h"
#include "tests/history/idtable.h"
#include "tests/history/verdict.h"

struct entry {
    struct history_id id; /* first, for idtable.h */
    int64_t order_id, version;
    uint64_t checksum;
    uint32_t name;         /* of its stream */
    uint32_t file, record; /* its first emit's; file FINALLOG_NOBODY: it has none */
    uint32_t emits;        /* how often it was emitted */
    int64_t after_ns, by_ns;
    uint32_t twin; /* the place of an earlier one with its id, plus one; 0: there is none */
    bool maybe;    /* not each of its emits has failed for certain */
};

enum { FINALLOG_NOBODY = UINT32_MAX };

/* The events of a name, as places in the log: of a stream place[version - 1]. */
struct places {
    uint32_t *at;
    uint32_t count;
    bool known;
};

struct finallog {
    const struct files *files;
    struct entry *entries;
    uint32_t count;
    struct idtable ids;
    struct places *places; /* of each name */
    uint32_t file, session;
};

/* From the last session of mode HISTORY_FINAL that ended well. false: there is none. */
bool finallog_read(struct finallog *log, const struct files *files);
void finallog_free(struct finallog *log);

/* NULL: it is not there. */
struct entry *finallog_find(const struct finallog *log, const struct history_id *id);
/* The event of this version. NULL: there is none. */
const struct entry *finallog_at(const struct finallog *log, uint32_t name, int64_t version);
/* What a session of this stream or pattern is to deliver. */
const struct places *finallog_places(struct finallog *log, uint32_t name);

/* After the times of each event's own emits and deliveries are in it. A violation: VIOLATION_REAL_TIME. */
void finallog_bound(struct finallog *log, struct verdict *verdict);

/* "event ID (order id 7, a/b version 3) of emit 5 in x.history"; static, for up to four at a time. */
const char *finallog_text(const struct finallog *log, const struct entry *entry);

#endif
