/*
 * layouts.h - three ways to put events into LevelDB, behind one face, for layout.c to compare.
 *
 *   LAYOUT_EVENT   a record an event: body by order id, a stream key an event
 *   LAYOUT_COMMIT  a record a commit (up to 64 KiB), a stream key an event
 *   LAYOUT_EXTENT  a record a commit, a stream key for all events of a stream in a record: photond's own code (builder.c)
 *
 * In all of them an event has an id entry, every record a checksum, and LevelDB is photond's (log.c).
 */
#ifndef BENCH_LAYOUTS_H
#define BENCH_LAYOUTS_H

#include "store/keys.h"
#include "store/log.h"
#include "wire/event.h"

enum layout { LAYOUT_EVENT, LAYOUT_COMMIT, LAYOUT_EXTENT, LAYOUTS };

struct bed_event {
    struct event event; /* raw is the client's encoding */
    struct key id;
    uint64_t hash; /* of the stream's name */
    uint64_t version;
};

struct bed;
struct bed *bed_open(enum layout layout, const char *dir); /* ends the process when it cannot */
void bed_close(struct bed *bed);

/* One commit. */
void bed_write(struct bed *bed, const struct bed_event *events, size_t n);

/* Everything in order, copied as replies carry it. Returns the number of events. */
uint64_t bed_replay(struct bed *bed);

/* Up to max events of a stream, from a version on. Returns their number. */
uint64_t bed_read(struct bed *bed, struct span stream, uint64_t version, uint64_t max);

#endif
