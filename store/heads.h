/*
 * heads.h - where each stream ends: a bounded cache in front of the stream index.
 *
 * Used by the committer only (one thread). A head that a commit in the making changes is changed here at once, and kept until
 * heads_settle says that the commit is in the log: only then is that as good a source. When the commit fails, heads_clear
 * forgets all.
 */
#ifndef PHOTON_HEADS_H
#define PHOTON_HEADS_H

#include "store/log.h"

struct heads;
struct head {
    uint64_t last_version; /* 0: the stream never held an event */
    uint64_t cut_version;  /* events up to here have been deleted; last_version > cut_version: it
                              holds events */
    bool tombstone;        /* it takes no event any more */
};

struct heads *heads_new(size_t bytes_max); /* NULL: no memory */
void heads_free(struct heads *heads);
/* From the cache, else from the log into it. hash: XXH3-64 of the name. *head may be changed; it is valid until heads_settle or
 * heads_clear. BUSY: no memory. */
enum reason heads_get(struct heads *heads, struct log *log, struct span stream, uint64_t hash,
                      struct head **head, struct error *error);
/* The stream was cut there, in the log: if it is in the cache, that is corrected. */
void heads_cut(struct heads *heads, struct span stream, uint64_t hash, uint64_t cut_version);
/* What was changed is in the log: what is over the bound is forgotten, the oldest first. */
void heads_settle(struct heads *heads);
void heads_clear(struct heads *heads);

/* Without a cache, for any thread. */
enum reason head_read(struct log *log, struct span stream, struct head *out, struct error *error);

#endif
