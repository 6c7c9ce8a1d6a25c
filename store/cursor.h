/*
 * cursor.h - a reader's place in the log, and the one way to read on from it: for cold, hot and hot-cold subscriptions and for
 * pages, forwards. (Backwards: read.c.)
 *
 * "__all__" and patterns walk records by order id; a plain stream walks its extents by version. Threads: one at a time.
 */
#ifndef PHOTON_CURSOR_H
#define PHOTON_CURSOR_H

#include "store/store.h"
#include "wire/codec.h"

enum cursor_kind { CURSOR_ALL, CURSOR_STREAM, CURSOR_PATTERN };

struct cursor {
    struct store *store;
    enum cursor_kind kind;
    struct bytes *request; /* keeps the spans below alive */
    struct span name;
    struct span event_type[EVENT_TYPES_MAX];
    size_t event_types;
    uint64_t next;         /* the first order id that has not been looked at */
    uint64_t next_version; /* CURSOR_STREAM: the first version that has not been looked at */
    uint64_t left;         /* events that may still be given; UINT64_MAX: no limit */
    uint64_t truncated;    /* what was asked for was deleted up to this order id; 0: no */
};

enum { CURSOR_PARTS_MAX = 64 };
/* One step's result: parts that, one after the other, are framed events. */
struct cursor_batch {
    struct bytes *parts[CURSOR_PARTS_MAX]; /* references, given back by cursor_batch_clear */
    size_t parts_len;
    size_t bytes;
    uint64_t events;
    uint64_t passed; /* events looked at and left out */
    bool at_head;    /* everything up to head has been looked at */
    bool done;       /* the limit is reached */
};

/* Find the place that the request names; reads the disk. The message (for the spans) is referenced. */
enum reason cursor_open(struct cursor *cursor, struct store *store, struct bytes *message,
                        const struct subscribe_request *request, struct error *error);
void cursor_close(struct cursor *cursor);

/* One bounded step: at most about bytes_max of events (one event may exceed it) and at most 10,000 events passed over, nothing beyond
 * head. Reads memory only (tail) when it can, else the disk; disk = false: give 0 events and at_head = false rather than read it. */
enum reason cursor_read(struct cursor *cursor, uint64_t head, size_t bytes_max, bool disk, struct cursor_batch *batch,
                        struct error *error);
void cursor_batch_clear(struct cursor_batch *batch);

#endif
