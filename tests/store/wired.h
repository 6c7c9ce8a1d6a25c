/*
 * wired.h - a rig with a server and a client in one process, and subscriptions that are read part by part.
 */
#ifndef TESTS_STORE_WIRED_H
#define TESTS_STORE_WIRED_H

#include <pthread.h>

#include "rig.h"
#include "store/subscribe.h"
#include "tests/lib/caller.h"
#include "wire/codec.h"

struct bench {
    struct rig rig;
    struct serve *serve;
    struct serve_method methods[4];
    struct serve_service service;
    struct caller *caller;
    char target[64];
    struct {
        struct cq_op op;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool done;
    } stopped;
};

/* subscriptions_max: 0 = as many as by default. Quiet subscriptions are told after 100 ms. */
void bench_open(struct bench *bench, size_t tail_bytes, size_t subscriptions_max);
/* Every call of the client has been freed. */
void bench_close(struct bench *bench);
/* A commit of one event. */
void add_one(struct bench *bench, int stream);

struct follower {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
    size_t messages;
};

void follower_open(struct follower *follower, struct caller *caller,
                   const struct subscribe_request *request);
void follow(struct follower *follower, struct bench *bench, const char *name,
            enum stream_type type);
/* The next event or marker; false: the call has ended. */
bool follower_next(struct follower *follower, struct part *part);
/* Wait for the end, and free. */
enum reason follower_end(struct follower *follower, struct error *error);
void follower_cancel(struct follower *follower);

void expect_marker(struct follower *follower, enum part_kind kind, uint64_t order_id);
void expect_ok(struct follower *follower);
/* Of the next event; checkpoints are passed over. */
uint64_t next_order_id(struct follower *follower);
/* The next events are those of the stream (-1: all) from the model's i-th event on. */
void expect_events(struct follower *follower, const struct rig *rig, int stream, size_t i);

#endif
