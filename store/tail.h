/*
 * tail.h - the newest records, kept in memory by reference: live subscribers and fresh loads need
 * no disk.
 *
 * A ring of sealed records in order, bounded in bytes. Threads: any; the committer adds after a
 * commit is durable.
 */
#ifndef PHOTON_TAIL_H
#define PHOTON_TAIL_H

#include "store/record.h"

struct tail;
struct tail *tail_new(size_t bytes_max); /* NULL: no memory */
void tail_free(struct tail *tail);

/* The next record (its number is the last one's plus one, else the tail starts over with it). value
 * is referenced. */
void tail_add(struct tail *tail, struct bytes *value, const struct record *record);
/* The record that holds this order id was rewritten: forget it, and what is older. */
void tail_forget(struct tail *tail, uint64_t order_id);

/* The record that holds the first event with an order id not smaller than order_id: 1, *value is a
 * new reference and *record (verified when it was added) views it. 0: it is not here (read the
 * log), or nothing that new exists. */
int tail_find(struct tail *tail, uint64_t order_id, struct bytes **value, struct record *record);

#endif
