/*
 * names.h - the names of the streams, one after the other in the order of their bytes, by skipping through the index.
 *
 * A walk is a name, so it costs no memory and goes on with any iterator. Threads: one at a time.
 */
#ifndef PHOTON_NAMES_H
#define PHOTON_NAMES_H

#include "store/log.h"

struct names {
    struct span
        pattern; /* every name begins with what stands before its first wildcard; "": all. It must stay */
    char after[255]; /* the name that the walk stands on; names up to it have been passed */
    size_t after_len;
};

/* Stand the iterator on the first entry of the next stream, a cut or an extent. 1; 0: there is none; -1: *error. */
int names_next(struct names *names, struct log_iter *iter, struct error *error);
/* Where the walk stands. */
struct span names_at(const struct names *names);

#endif
