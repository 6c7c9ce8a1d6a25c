/*
 * serve-call.h - the server and its calls, as serve.c and serve-call.c share them. serve.c has the server, serve-call.c one call.
 */
#ifndef MUON_WIRE_SERVE_CALL_H
#define MUON_WIRE_SERVE_CALL_H

#include <stdatomic.h>

#include <grpc/grpc.h>

#include "wire/serve.h"
#include "wire/tally.h"

struct health;
struct reflection;

/* A method that can be called: an entry of a hash table; method NULL: free. */
struct serve_entry {
    const struct serve_method *method;
    void *service;
    bool (*admit)(struct serve_call *call, void *service, struct error *error);
    _Atomic uint64_t begun, open; /* its calls */
};

enum { SERVE_ACCEPTS = 32 }; /* calls that are waited for at a time */

struct serve {
    struct cq *cq;
    grpc_server *server;
    struct health *health;
    struct reflection *reflection;
    struct serve_entry *table;
    size_t mask;                             /* entries - 1 */
    struct serve_call *first[SERVE_ACCEPTS]; /* until serve_start waits for them */
    atomic_size_t
        parts; /* calls, those still waited for, and the shutdown: stopped when none is left */
    struct cq_op shut;
    struct cq_op *stopped;                 /* the caller's */
    _Atomic uint64_t failed[REASON_COUNT]; /* calls that ended with it */
    uint32_t start;                        /* random: ids of failures begin with it, */
    _Atomic uint64_t failures;             /* and go on with their number */
    void (*tell)(const struct serve_call *call, const struct error *error);
};

/* The method of a path; NULL: there is none. */
struct serve_entry *serve_find(const struct serve *serve, struct span path);
/* One of serve->parts has ended. */
void serve_part_done(struct serve *serve);

/* A call that is still to arrive. NULL: no memory. */
struct serve_call *serve_call_new(struct serve *serve);
/* Wait for it, as one more of serve->parts. From now on it ends by itself. */
void serve_call_accept(struct serve_call *call);
/* One that is not waited for. NULL is fine. */
void serve_call_free(struct serve_call *call);

#endif
