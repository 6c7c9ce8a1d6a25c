/*
 * served.h - the line that `muon serve` prints for each request that it has answered.
 */
#ifndef MUON_CLI_SERVED_H
#define MUON_CLI_SERVED_H

#include "cli/args.h"

enum { SERVED_NAME_BYTES = 512 };

/* What is kept of a call, which is given back with the answer. */
struct served {
    char path[SERVED_NAME_BYTES], caller[SERVED_NAME_BYTES];
    size_t request_bytes;
    double begin_ms;
};

/* Before it is answered. */
void served_begin(struct served *served, const muon_call *call);

/* After it was answered: to standard output. Any thread. An output that cannot be written ends no service: main tells it at the end. */
void served_print(const struct served *served, const struct args *args, int32_t status,
                  size_t answer_bytes);

#endif
