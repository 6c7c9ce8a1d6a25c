/*
 * lines.h - lines of a file descriptor, read in large pieces; the caller decides when to read.
 */
#ifndef MUON_CLI_LINES_H
#define MUON_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINES_MAX_BYTES = 16 * 1024 * 1024 }; /* of one line */

enum lines_state {
    LINES_LINE,     /* here is one */
    LINES_MORE,     /* none is whole yet: fill */
    LINES_END,      /* there are no more */
    LINES_TOO_LONG, /* the next one is over LINES_MAX_BYTES */
    LINES_ERROR     /* out of memory, or reading failed: errno */
};

struct lines {
    int fd;
    char *buffer;
    size_t start, end, capacity;
    uint64_t number; /* of the line given last, from 1 */
    uint64_t taken;  /* bytes of all lines given so far */
    bool ended;
    int error;
};

void lines_init(struct lines *lines, int fd);
void lines_fini(struct lines *lines);

/* The next line, without its line feed; valid until the next fill. The last one needs no line feed. */
enum lines_state lines_next(struct lines *lines, const char **line, size_t *len);

/* Read once from the descriptor: waits if nothing is there. */
void lines_fill(struct lines *lines);

#endif
