/*
 * progress.h - how an import is going: a line on a terminal while it runs, a summary at the end.
 */
#ifndef MUON_CLI_PROGRESS_H
#define MUON_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/args.h"

struct progress {
    const struct args *args;
    uint64_t stored, duplicates, failed; /* events; the caller counts */
    uint64_t done_bytes, total_bytes;    /* of the input; total 0: nobody knows */
    double begin_s, shown_s;
    bool on_terminal, visible;
};

void progress_begin(struct progress *progress, const struct args *args);

/* Draw the line, if somebody watches and it is time: as wide as the terminal is at that moment. */
void progress_show(struct progress *progress);

/* Wipe the line, so that something else can be said. */
void progress_hide(struct progress *progress);

/* The summary: on standard error, or with --json on standard output. */
void progress_end(struct progress *progress);

#endif
