/*
 * raw_grpc.h - gRPC core without anything of ours: a server that streams bytes or answers one message, and its client.
 */
#ifndef BENCH_RAW_GRPC_H
#define BENCH_RAW_GRPC_H

#include <grpc/grpc.h>

#include "bench/measure.h"

#define RAW_UNARY  "/bench.Raw/Unary"
#define RAW_STREAM "/bench.Raw/Stream"
#define RAW_ECHO   "/bench.Raw/Echo"

/* What a client asks for: each message is made of `slices` slices of `slice_bytes`. distinct: no two messages are the same memory, until
 * RAW_DISTINCT_BYTES of it have been sent. */
struct raw_request {
    uint32_t messages, slices, slice_bytes, distinct;
};
enum { RAW_DISTINCT_BYTES = 512 * 1024 * 1024 };

/* What a completion queue gives back. */
struct raw_op {
    void (*done)(struct raw_op *op, bool ok);
};

/* raw_grpc_echo.c: a call with streams both ways, where each message is answered by one that is equal. The server awaits such calls; the
 * client measures calls= messages of bytes, window of them in flight. */
void raw_echo_await(grpc_server *server, grpc_completion_queue *cq, void *method);
void raw_echo_measure(grpc_channel *channel, grpc_completion_queue *cq, void *method,
                      uint64_t calls, uint64_t window, uint32_t bytes);

/* Serve until standard input is closed. */
int raw_grpc_serve(const struct args *args);

#endif
