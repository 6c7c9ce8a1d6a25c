/*
 * scan.h - records one after the other by order id, from memory or from disk, each verified, and none missing.
 *
 * Lives for one step of work, as an iterator does (log.h). Threads: one at a time.
 */
#ifndef PHOTON_SCAN_H
#define PHOTON_SCAN_H

#include "store/store.h"

#define SCAN_NUMBER_UNKNOWN UINT64_MAX

struct scan {
    struct store *store;
    bool memory_only; /* give up rather than read the disk */
    uint64_t
        number; /* of the last record that lies wholly before what is wanted; 0: there is none; or unknown */
    struct record record; /* until the next scan_next or scan_close */
    struct bytes *value;  /* what record is a view of, if it came from memory; else NULL */

    struct log_iter *iter; /* scan.c's */
};

/* number: what an earlier scan's scan_close returned, 0 for a scan from the beginning, else SCAN_NUMBER_UNKNOWN. */
void scan_open(struct scan *scan, struct store *store, uint64_t number);

/* The record that holds the first event with an order id not smaller than next; next never decreases. 1: scan->record; 0: there
 * is none up to head, or it is not in memory and memory_only is set; -1: *error: CORRUPT names what is damaged or missing. */
int scan_next(struct scan *scan, uint64_t next, uint64_t head, struct error *error);
/* next: where another scan would go on. Returns the number to open that one with. */
uint64_t scan_close(struct scan *scan, uint64_t next);

#endif
