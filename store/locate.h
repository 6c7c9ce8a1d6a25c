/*
 * locate.h - finding the place in the store that a reader names: by version, by order id, by time. Reads indexes and, by
 * time, records; an iterator lives for one call. Threads: any.
 */
#ifndef PHOTON_LOCATE_H
#define PHOTON_LOCATE_H

#include "store/keys.h"
#include "store/store.h"

/* One extent of a stream, found by an iterator; views last until that moves. */
struct located {
    uint64_t version, last_version; /* its first and last */
    struct extent extent;
};

/* The extent that holds the version, or else the first after it. 1; 0: there is none; -1: *error. */
int locate_find(struct log_iter *iter, struct span stream, uint64_t version, struct located *at,
                struct error *error);
/* The stream's extent that the iterator stands on. The same results. */
int locate_here(struct log_iter *iter, struct span stream, struct located *at, struct error *error);
/* From an extent to its neighbours. The same results. */
int locate_next(struct log_iter *iter, struct span stream, struct located *at, struct error *error);
int locate_prev(struct log_iter *iter, struct span stream, struct located *at, struct error *error);
/* The last extent whose version is not greater; UINT64_MAX: the stream's last one. */
int locate_before(struct log_iter *iter, struct span stream, uint64_t version, struct located *at,
                  struct error *error);

/* The order id of the version at a place, which must be in it; 0: the extent is malformed. */
uint64_t locate_order_id(const struct located *at, uint64_t version);

/* *version: the first of the stream's whose order id is not smaller; one more than the last if there is none. */
enum reason locate_version(struct log *log, struct span stream, uint64_t order_id,
                           uint64_t *version, struct error *error);

/* *cut is all zero if the stream was never deleted. */
enum reason locate_cut(struct log *log, struct span stream, struct cut *cut, struct error *error);

/* *order_id: no event before it has a time of time_ms or later; head + 1 if none has. Damaged records do not matter unless the
 * place is among them: then it is the first of them. */
enum reason locate_time(struct log *log, int64_t time_ms, uint64_t head, uint64_t *order_id,
                        struct error *error);

#endif
