/*
 * stock.h - events for the tests of the store: whole commits, made as the committer makes them, but of a known content.
 *
 * Event i (from 0) goes to stream stock_stream(i), has the id stock_id(i) and a payload that follows from i.
 */
#ifndef TESTS_STORE_STOCK_H
#define TESTS_STORE_STOCK_H

#include "store/log.h"

enum { STOCK_STREAMS = 7, STOCK_COMMIT_MAX = 512 };

struct stock {
    uint64_t events; /* so far */
    uint64_t next;   /* order id */
    uint64_t number; /* of the last record */
    uint64_t version[STOCK_STREAMS];
    int64_t time_ms;
};

struct stock stock_begin(void);

/* Write the next n events as a commit of one record. Only REASON_NONE changes the stock. */
enum reason stock_commit(struct stock *stock, struct log *log, unsigned n, struct error *error);

/* Read everything and compare it with the stock: records dense, each event as it was written, found through both indexes. Fails the
 * test. Returns the number of events, of which there may be more than the stock knows: those whose outcome was unknown. */
uint64_t stock_check(struct log *log, uint64_t events_min);

/* The stock as the log holds it: to go on after log_reopen. */
struct stock stock_resume(struct log *log);

const char *stock_stream(uint64_t i, char out[32]);
const char *stock_id(uint64_t i, char out[64]);

#endif
