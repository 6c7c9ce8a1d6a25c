/*
 * run.h - a command run for a call: the body on its standard input, what it prints is the answer.
 */
#ifndef MUON_CLI_RUN_H
#define MUON_CLI_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "muon/muon.h"

enum { RUN_OUTPUT_MAX_BYTES = 16 * 1024 * 1024, RUN_WHY_BYTES = 256 };

/* What became of it. */
struct run {
    bool done; /* it ended with 0; else why says what happened */
    char *output;
    size_t len;
    char why[RUN_WHY_BYTES]; /* the last line of its standard error, if it wrote any */
};

/* Run command (its words, with a NULL behind them) and wait for its end. It finds MUON_PATH, MUON_CALLER, MUON_CONTENT_TYPE
 * and, see handling.h, MUON_CAUSED_BY, MUON_REQUEST and MUON_TRACEPARENT in its environment. It is in a process group of its own, so that Ctrl-C leaves it be; it gets SIGTERM when the
 * caller has gone, or when it prints too much. Any thread may do this. Fini it. */
void run_command(struct run *run, char *const *command, muon_call *call);
void run_fini(struct run *run);

#endif
