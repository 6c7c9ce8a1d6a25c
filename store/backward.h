/*
 * backward.h - a page of a stream, of a pattern or of all towards the beginning, the newest first.
 *
 * The place to begin is inclusive: the last event whose order id, version or time is not greater. Threads: one at a time, a reader
 * thread.
 */
#ifndef PHOTON_BACKWARD_H
#define PHOTON_BACKWARD_H

#include "store/cursor.h"

struct backward {
    struct store *store;
    struct bytes *message;
    struct filter filter;
    uint64_t bound;         /* order ids from here on have been looked at */
    uint64_t bound_version; /* plain streams: versions from here on have been looked at */
    uint64_t cut_version;   /* plain streams: versions up to here are deleted */
    uint64_t number;        /* of the record that was looked at last; 0: none */
    uint64_t left;          /* events that may still be given */
};

/* As cursor_open; nothing beyond head is given. */
enum reason backward_open(struct backward *backward, struct store *store, struct bytes *message,
                          const struct subscribe_request *request, uint64_t head,
                          struct error *error);
void backward_close(struct backward *backward);

/* As cursor_read: one bounded step; batch->done: there is nothing more. A record is done whole, so up to its 16 KiB of events may be passed
 * over beyond CURSOR_PASSED_MAX. */
enum reason backward_read(struct backward *backward, size_t bytes_max, struct cursor_batch *batch,
                          struct error *error);

#endif
