/*
 * deleting.h - what the committer deletes: what it was asked to, and what the retention policies say, whose space it gives back
 * between commits (erase.h, retain.h), and the disk its (space.h). Used by the committer only.
 */
#ifndef PHOTON_DELETING_H
#define PHOTON_DELETING_H

#include "store/heads.h"
#include "store/imported.h"
#include "store/lane.h"
#include "store/space.h"
#include "store/store.h"

struct deleting;
/* While imported says that an import is open, no policy is carried out. NULL: no memory, no thread. */
struct deleting *deleting_new(struct store *store, struct heads *heads,
                              const struct imported *imported, const struct space_options *space);
void deleting_free(struct deleting *deleting);

/* Read from the log what is left to erase, and the policies in force. */
enum reason deleting_load(struct deleting *deleting, struct error *error);

/* Does one of what was decided delete anything, or change a policy? *format: the format of the store that this takes. */
bool deleting_is_in(const struct chain *decided, unsigned *format);
/* Does one of them end an import, perhaps without an event? */
bool deleting_ends_import(const struct chain *decided);
/* It is durable. */
void deleting_apply(struct deleting *deleting, const struct chain *decided);

/* When there is something to do between commits, as cq_mono_ms counts; 0: now; INT64_MAX: not before something is asked for. */
int64_t deleting_due_ms(const struct deleting *deleting);
/* One bounded step; see space_step, erase_step and retain_step. */
enum reason deleting_step(struct deleting *deleting, struct log_end end, int64_t now_ms,
                          int64_t mono_ms, struct error *error);

#endif
