/*
 * durable.h - commits that are written and not durable yet: they are synced, shown to readers and answered, in their order.
 *
 * A sync takes about as long as deciding and writing a commit, so the two go side by side: while a thread of its own syncs, the
 * committer writes the next ones, which are then synced together. When nothing else is under way the committer does it by
 * itself, and spares a change of threads.
 *
 * When a sync fails, nothing that was written since the last good one is shown or answered; it stays here until durable_drain.
 */
#ifndef PHOTON_DURABLE_H
#define PHOTON_DURABLE_H

#include "store/builder.h"
#include "store/lane.h"
#include "store/store.h"

/* How many commits may be written and not durable; the next waits. */
enum { DURABLE_MAX = 4 };

/* One commit: what was built, and what is to be answered. */
struct written {
    struct written *next;
    struct chain taken;
    struct log_appended appended;
    uint64_t begun_us;         /* tally_now_us when it was taken */
    struct fanout_name *names; /* the streams it touches; views of what taken holds */
    size_t names_len, built_len;
    struct built built
        []; /* its records, referenced; none: nothing was written, but its answers rest on what was before */
};
/* A copy of what the builder has built. NULL: no memory. */
struct written *written_new(const struct builder *builder);
void written_free(struct written *written);

struct durable_options {
    /* Outcomes are certain. On the committer's or the syncing thread, one at a time, in order. */
    void (*answer)(void *user, struct chain *done);
    /* A sync has failed: durable_drain, please. On the syncing thread. */
    void (*failed)(void *user);
    void *user;
};

struct durable *durable_open(struct store *store, const struct durable_options *options);
void durable_close(struct durable *durable); /* after durable_drain. NULL is fine */

/* ---- the committer's ---- */

/* Take over a commit, and what is to be answered. alone: nothing waits to be committed, so this thread may sync. */
void durable_add(struct durable *durable, struct written *written, struct chain *taken, bool alone);

bool durable_has_failed(const struct durable *durable);

/* Wait as durable_drain does, then write the batch so that it is durable itself. */
enum reason durable_write(struct durable *durable, struct log_batch *batch, struct chain *unknown,
                          struct error *error);

/* Wait until nothing is under way. REASON_NONE: all is durable, shown and answered. Else why not, and *unknown gets what must be
 * answered: its commits may be stored or not. */
enum reason durable_drain(struct durable *durable, struct chain *unknown, struct error *error);

/* What an acknowledgement is worth: "synced" to a disk, or to "memory: …", which only looks like one. Static. */
const char *durable_worth(const char *dir);

#endif
