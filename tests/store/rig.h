/*
 * rig.h - a store without network and committer: a test commits by hand what it wants to read, and a model remembers it.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include "store/store.h"

enum { RIG_STREAMS = 6, RIG_TYPES = 3 };

struct rig_event {
    uint64_t order_id, version;
    int64_t time_ms;
    int stream, type; /* RIG_STREAMS: the store's own stream, type 0 */
};

struct rig {
    struct store store;
    char *dir;
    struct builder *builder;
    struct erase *erase;
    struct log_end end;
    uint64_t first;           /* order id of the commit in the making */
    uint64_t seed;            /* of rig_random */
    struct rig_event *events; /* everything ever committed */
    size_t events_len, events_room;
    uint64_t version[RIG_STREAMS + 1], cut[RIG_STREAMS + 1];
    struct
        rig_cut { /* of the commit in the making: hidden when they are written, as the committer does it */
        struct span stream;
        uint64_t version, deletion;
    } cuts[RIG_STREAMS];
    size_t cuts_len;
};

/* tail_bytes: 0 = nothing is found in memory. */
void rig_open(struct rig *rig, size_t tail_bytes, uint64_t seed);
void rig_close(struct rig *rig);
uint64_t rig_random(struct rig *rig, uint64_t below);

const char *rig_stream(int stream); /* "a/1", "a/2", "a/b/1", "b/1", "b", "c"; then "__store__" */
const char *rig_type(int type);

/* A commit: begin, any number of events, end. time_ms and order ids never decrease; gap: how far beyond the last order id it begins. */
void rig_begin(struct rig *rig, uint64_t gap, int64_t time_step_ms);
void rig_add(struct rig *rig, int stream, int type, size_t payload_bytes);
void rig_delete(struct rig *rig, int stream);
/* Delete the stream's events up to a random version that was written in an earlier commit. */
void rig_truncate(struct rig *rig, int stream);
void rig_end(struct rig *rig);
/* A commit of n small random events. */
void rig_commit(struct rig *rig, int n);
/* One step of giving space back, if there is anything. */
void rig_erase(struct rig *rig);
/* Was the event deleted? */
bool rig_gone(const struct rig *rig, const struct rig_event *event);

#endif
