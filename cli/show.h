/*
 * show.h - events on standard output: a table for people, or one JSON object a line.
 */
#ifndef MUON_CLI_SHOW_H
#define MUON_CLI_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"

struct show {
    bool json, header_due, colour;
    const struct format *format;     /* NULL: none */
    size_t columns;                  /* a line's, which may change with every batch */
    size_t stream_width, type_width; /* the widest so far: a table that grows as it is written */
    uint64_t shown;
};

void show_begin(struct show *show, const struct args *args);

/* Show the events from index first on, at most count of them. */
void show_batch(struct show *show, const muon_batch *batch, size_t first, size_t count);

/* Remark that there was nothing to show of the stream that the operands name. */
void show_nothing(const struct args *args);

#endif
