/*
 * cq.h - the one place that polls a gRPC completion queue.
 *
 * Whoever waits for something embeds a struct cq_op and is called back on a poller thread when it is done. Pollers must
 * not block: no disk, no lock that is held across one, no user code. A queue counts what is pending; cq_close waits for
 * that count to reach 0, so whoever starts something must make sure that it ends (cancel calls first).
 *
 * The first cq_open of a process starts gRPC, and the last cq_close lets it go; that goes on in the background, so never close
 * from a destructor or an exit handler (hazards 8). Forking without exec is not supported while a queue is open.
 */
#ifndef MUON_WIRE_CQ_H
#define MUON_WIRE_CQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cq;
struct cq_op {
    void (*done)(struct cq_op *op, bool ok);
};

/* A queue with 1 to 64 poller threads, which block all signals. NULL: no memory or no threads. */
struct cq *cq_open(unsigned pollers);

/* Wait until nothing is pending, stop the pollers, free. Not from a poller. NULL is fine. */
void cq_close(struct cq *cq);

/* Run op->done(op, true) on a poller soon. Any thread. */
void cq_post(struct cq *cq, struct cq_op *op);

/* One shot timers. The op is done with ok = true when it fires and false when it was stopped; set again only after that (or from
 * within). done is the caller's, the rest is cq.c's: begin with an all-zero timer. Any thread. */
struct cq_timer {
    struct cq_op op;
    struct cq_op stopped;
    struct cq *cq;
    int64_t due_ms;
    size_t place; /* in the heap, from 1; 0: not set */
};
void cq_timer_set(struct cq *cq, struct cq_timer *timer, int64_t delay_ms);
/* Stop it before it fires; nothing happens when it has fired, or is not set. */
void cq_timer_stop(struct cq_timer *timer);

int64_t cq_now_ms(void);  /* since 1970 UTC */
int64_t cq_mono_ms(void); /* a clock that never jumps */

/* ---- for wire/ only ---- */
struct grpc_completion_queue;
struct grpc_completion_queue *cq_queue(struct cq *cq);
/* Before something is started whose tag is a cq_op; and when it could not be started after all. The count orders what the starter
 * wrote before what done reads (hazards 10). */
void cq_begin(struct cq *cq);
void cq_abandon(struct cq *cq);

#endif
