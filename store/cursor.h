/*
 * cursor.h - a reader's place in the log, and the one way to read on from it: for cold, hot and hot-cold subscriptions and for
 * pages, forwards. (Backwards: backward.h.)
 *
 * "__all__" and patterns walk records by order id. A plain stream walks its extents by version; once it has reached the head,
 * it walks the records in memory, too, for as long as it keeps up. Threads: one at a time, a reader thread.
 */
#ifndef PHOTON_CURSOR_H
#define PHOTON_CURSOR_H

#include "store/filter.h"
#include "store/keys.h"
#include "store/parts.h"
#include "store/store.h"

/* Where it stands: may be copied, and put back to read the same again. */
struct cursor_at {
    uint64_t next; /* the first order id that has not been looked at */
    uint64_t
        next_version; /* plain streams: no version before it is wanted; if located, the first not looked at */
    bool located;
    bool live;       /* plain streams: it has reached the head, and walks records */
    uint64_t read;   /* plain streams: the number of the record read last */
    bool in_row;     /* plain streams: it is the next of the one before */
    uint64_t number; /* of the last record wholly before next, as scan.h has it */
    uint64_t left;   /* events that may still be given; UINT64_MAX: no limit */
    /* plain streams: what would come next was deleted up to this order id, which must be told before another step, or it is
     * forgotten; 0: no. And which was told last. */
    uint64_t truncated, told;
};

struct cursor {
    struct store *store;
    struct bytes *message; /* keeps the filter's spans alive */
    struct filter filter;
    struct cursor_at at;
    int64_t time_min_ms; /* events before are left out */
};

/* One step's result: framed events. */
struct cursor_batch {
    struct parts parts;
    uint64_t events;
    uint64_t passed; /* events looked at and left out */
    bool at_head;    /* everything up to head has been looked at */
    bool done;       /* the limit is reached */
};

/* Find the place that the request names; reads the disk. The message (for the spans) is referenced. On failure there is nothing to
 * close. STREAM_HOT begins behind the head of this moment. */
enum reason cursor_open(struct cursor *cursor, struct store *store, struct bytes *message,
                        const struct subscribe_request *request, struct error *error);
void cursor_close(struct cursor *cursor);

/* Nothing that the cursor wants stands before order_id: go on there. Never goes back. */
void cursor_skip(struct cursor *cursor, uint64_t order_id);

/* The cursor's stream is cut there: whatever the cursor had still to give of what is gone, it goes on behind it. */
void cursor_cut(struct cursor *cursor, const struct cut *cut);

/* At most so many events are passed over in one step. */
enum { CURSOR_PASSED_MAX = 5000 };

/* One bounded step, nothing beyond head. A plain stream's ends where a part has been deleted that was still to come: at.truncated. It ends after the record that makes bytes_max full, so it gives at most that, and 16 KiB or
 * one large event more. On success, the batch's parts are the caller's to clear (parts_clear). CORRUPT names where: a damaged record
 * fails the readers that need it, after they have been given what stands before it; a missing one is never passed over. */
enum reason cursor_read(struct cursor *cursor, uint64_t head, size_t bytes_max,
                        struct cursor_batch *batch, struct error *error);

#endif
