/*
 * retention.h - the policies that say how long events are kept: what is in force, and which one counts for a stream
 * (docs/decisions/0014-retention.md).
 *
 * They are 'P' keys in the log, and events of `__store__` that record each change. Threads: any; the committer changes them.
 */
#ifndef PHOTON_RETENTION_H
#define PHOTON_RETENTION_H

#include "store/log.h"
#include "wire/codec-retention.h"

enum { RETENTION_MAX = 256 };

struct retention_table;
struct retention_table *retention_new(void); /* NULL: no memory */
void retention_free(struct retention_table *table);

/* What the log says, in place of what is known. CORRUPT names what is malformed. */
enum reason retention_load(struct retention_table *table, struct log *log, struct error *error);

/* What a request changes: nothing, or it puts the policy into force, or ends it, or there is no room for it. */
enum retention_change { RETENTION_SAME, RETENTION_CHANGES, RETENTION_FULL };
enum retention_change retention_would(struct retention_table *table,
                                      const struct set_retention_request *request);
/* It is durable. order_id: of the event that records it. */
void retention_apply(struct retention_table *table, const struct set_retention_request *request,
                     uint64_t order_id);

/* The policies in the order of their patterns' bytes; a copy, to be freed with free(). NULL: no memory. */
struct retention_list {
    uint64_t generation; /* of retention_generation, when the copy was made */
    size_t len;
    struct retention policy[RETENTION_MAX];
    char text[RETENTION_MAX][255];
};
struct retention_list *retention_list(struct retention_table *table);
/* The policy that counts for a stream; NULL: none. */
const struct retention *retention_of(const struct retention_list *list, struct span stream);
/* Rises with every change. 0: there has never been a policy, or table is NULL. */
uint64_t retention_generation(const struct retention_table *table);

/* The policy that counts for a stream, into *policy, whose pattern views `pattern`. false: none, and *policy is all zero. */
bool retention_match(struct retention_table *table, struct span stream, char pattern[255],
                     struct retention *policy);

#endif
