/*
 * sequence.h - the decision about a commit: duplicates, then expectations, then numbers (semantics 2 to 5).
 *
 * A deterministic function of the store's state, the submissions and the time stamped on them: no clock, no network, no threads. What it
 * reads of the state (heads, event ids) includes what the commit in the making has already decided. Used by the committer only.
 */
#ifndef PHOTON_SEQUENCE_H
#define PHOTON_SEQUENCE_H

#include "store/builder.h"
#include "store/heads.h"
#include "store/ids.h"

struct sequence {
    struct log *log;
    struct heads *heads;
    struct ids *ids;
    struct builder *builder;
    struct retention_table *retention;
    struct log_end end;       /* after the last commit */
    uint64_t last;            /* the last order id, that of the commit in the making included */
    struct imported imported; /* likewise */
    bool tombstones; /* there may be one, so emits are checked for it; the owner says so at first */
};

/* What the log says of an import; before the first commit, and by sequence_reset. */
enum reason sequence_recall(struct sequence *sequence, struct error *error);

/* Begin a commit at a moment: now_us since 1970. Order ids begin at max(last + 1, now_us). */
void sequence_start(struct sequence *sequence, int64_t now_us, size_t bytes);

/* Decide about one submission and set its outcome, which becomes true when the commit is durable. false: the commit must be given up
 * (no memory, or the log cannot be read), *error says why; nothing of it may be written. */
bool sequence_add(struct sequence *sequence, struct submission *submission, struct error *error);

/* Close the batch. On success `after` is the store's end once the batch is written; the same as before when there is nothing to write. */
bool sequence_finish(struct sequence *sequence, struct log_end *after, struct error *error);

/* The batch is written: whoever reads the log sees it. */
void sequence_settle(struct sequence *sequence, struct log_end after);

/* The batch was not written, or may not have been: forget what was decided, go on from `end`. */
enum reason sequence_reset(struct sequence *sequence, struct log_end end, struct error *error);

#endif
