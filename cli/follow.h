/*
 * follow.h - a subscription shown on standard output: what replay and tail have in common.
 */
#ifndef MUON_CLI_FOLLOW_H
#define MUON_CLI_FOLLOW_H

#include <stdint.h>

#include "cli/args.h"

/* What is wanted of a stream. */
struct follow {
    const char *stream;
    int32_t mode; /* MUON_COLD, MUON_HOT, MUON_HOT_COLD */
    struct place from;
    uint64_t limit; /* 0: none; in every mode */
    const char *const *types;
    size_t types_len;
};

/* Show it until it ends: at the end of what is stored, at the limit, when the reader closes the pipe, or with Ctrl-C. Returns
 * the exit code; failures have been told. */
int follow_run(const struct args *args, muon_client *client, const struct follow *follow);

#endif
