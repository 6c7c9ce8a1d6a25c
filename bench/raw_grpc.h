/*
 * raw_grpc.h - gRPC core without anything of ours: a server that streams bytes or answers one message, and its client.
 */
#ifndef BENCH_RAW_GRPC_H
#define BENCH_RAW_GRPC_H

#include "bench/measure.h"

#define RAW_UNARY  "/bench.Raw/Unary"
#define RAW_STREAM "/bench.Raw/Stream"

/* What a client asks for: each message is made of `slices` slices of `slice_bytes`. */
struct raw_request {
    uint32_t messages, slices, slice_bytes;
};

/* Serve until standard input is closed. */
int raw_grpc_serve(const struct args *args);

#endif
