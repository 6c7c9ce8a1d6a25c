/*
 * retain.h - carries out the retention policies, little by little, between commits: it cuts streams, and erase.h gives the space back.
 *
 * Passes over the streams that have a policy follow each other, with pauses nine times as long as they take. Where a pass stands is a
 * name, in memory only: after a restart it begins anew, and finds what is still to do. Used by the committer only.
 */
#ifndef PHOTON_RETAIN_H
#define PHOTON_RETAIN_H

#include "store/erase.h"
#include "store/heads.h"
#include "store/retention.h"
#include "store/store.h"

struct retain;
struct retain *retain_new(struct store *store, struct heads *heads,
                          struct erase *erase); /* NULL: no memory */
void retain_free(struct retain *retain);

/* When the next step is due, as cq_mono_ms counts; INT64_MAX: there is no policy. */
int64_t retain_due_ms(const struct retain *retain);

/* One bounded step, with at most one write: a look at RETAIN_STEP_STREAMS streams, cuts in at most RETAIN_STEP_CUTS of them. Everything
 * that was appended to the log has been synced, and nothing waits for erase_step. end: of the log; now_ms: the time, since 1970; mono_ms:
 * as cq_mono_ms counts, for the pauses. An error of the write is returned as log_write gave it; a stream that cannot be read is logged
 * and passed over. */
enum { RETAIN_STEP_STREAMS = 64, RETAIN_STEP_CUTS = 16 };
enum reason retain_step(struct retain *retain, struct log_end end, int64_t now_ms, int64_t mono_ms,
                        struct error *error);

#endif
