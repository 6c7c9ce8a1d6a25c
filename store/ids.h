/*
 * ids.h - is this event id known? Exactly, for ever, and for fresh UUIDv7 ids without asking the
 * disk (semantics 3).
 *
 * The newest ids are kept in memory; of all older UUIDv7 ids the greatest is known. A UUIDv7 that
 * is greater than that and not among the newest is certainly new, and so is another id that is not
 * in the filters of them. Anything else is looked up behind
 * LevelDB's bloom filter. Used by the committer only. Entries of the commit in the making are put
 * at once, and kept until ids_settle says that the commit is in the log; ids_reset forgets after a
 * failure.
 */
#ifndef PHOTON_IDS_H
#define PHOTON_IDS_H

#include "store/keys.h"
#include "store/log.h"

struct ids;
/* Keeps the recent_max newest ids in memory; reads the greatest UUIDv7. NULL: *error. */
struct ids *ids_new(struct log *log, size_t recent_max, struct error *error);
void ids_free(struct ids *ids);
/* 1: known, *entry; 0: new; -1: *error. */
int ids_find(struct ids *ids, const struct key *key, struct id_entry *entry, struct error *error);
bool ids_put(struct ids *ids, const struct key *key,
             const struct id_entry *entry); /* false: no memory */
void ids_settle(
    struct ids *
        ids); /* what was put is in the log: all but about recent_max may be forgotten, the oldest first */
enum reason ids_reset(struct ids *ids, struct error *error);

#endif
