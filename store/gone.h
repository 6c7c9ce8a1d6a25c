/*
 * gone.h - streams that have been deleted while their events still stand in records: readers leave
 * those out.
 *
 * Nearly always empty, and then it costs one atomic read. Threads: any; the committer changes it. A
 * reader brackets each step with gone_enter and gone_leave: records that it took in hand before they
 * were rewritten stay hidden from it.
 */
#ifndef PHOTON_GONE_H
#define PHOTON_GONE_H

#include <stdbool.h>

#include "wire/bytes.h"

struct gone;
struct gone *gone_new(void);
void gone_free(struct gone *gone);
bool gone_any(const struct gone *gone);
/* Every event of the stream up to version is deleted (a later call for the same stream raises the
 * version). */
bool gone_add(struct gone *gone, struct span stream, uint64_t version); /* false: no memory */
/* Wait until every step that has begun is over. */
void gone_wait(struct gone *gone);
/* Reclaimed up to here; after gone_wait, so that no step still has the records of before in hand. */
void gone_remove(struct gone *gone, struct span stream, uint64_t version);
void gone_enter(struct gone *gone);
void gone_leave(struct gone *gone);
bool gone_covers(const struct gone *gone, struct span stream, uint64_t version);

#endif
