/*
 * progress.h - how an import is going: a line on a terminal while it runs, a summary at the end.
 */
#ifndef MUON_CLI_PROGRESS_H
#define MUON_CLI_PROGRESS_H

#include <stdint.h>

#include "cli/bar.h"

struct progress {
    struct bar bar;                      /* at, to: bytes of the input */
    uint64_t stored, duplicates, failed; /* events; the caller counts */
};

void progress_begin(struct progress *progress, const struct args *args);

/* Draw the line, if somebody watches and it is time. */
void progress_show(struct progress *progress);

/* Wipe the line, so that something else can be said. */
void progress_hide(struct progress *progress);

/* The summary: on standard error, or with --json on standard output. */
void progress_end(struct progress *progress);

#endif
