/*
 * builder.h - turns the events of a commit into records, extents and id entries of one batch (semantics 1).
 *
 * Used by the committer only. Events come in order; the builder frames them with what the store adds, seals a record whenever
 * 16 KiB are full, and writes one extent for each stream of each record.
 */
#ifndef PHOTON_BUILDER_H
#define PHOTON_BUILDER_H

#include "store/fanout.h"
#include "store/log.h"
#include "store/stub.h"
#include "store/submission.h"

struct builder;
struct builder *builder_new(void); /* NULL: no memory */
void builder_free(struct builder *builder);

/* Begin a commit whose first event gets order id `first` and whose first record gets `number`. bytes: about how much will come. */
void builder_start(struct builder *builder, uint64_t first, uint64_t number, int64_t time_ms,
                   size_t bytes);

/* The order id that the next event gets. */
uint64_t builder_next(const struct builder *builder);

/* Append an event. false: no memory; the commit must be given up. */
bool builder_add(struct builder *builder, const struct event *event,
                 const struct event_facts *facts, const struct key *id_key, uint64_t version);

/* Append the event that records a deletion, in a record of its own, and the cut of the stream, whose deletion is set here, and its
 * order_id unless it is given. */
bool builder_delete(struct builder *builder, const struct event *event,
                    const struct event_facts *facts, const struct key *id_key, uint64_t version,
                    struct span stream, struct cut cut);

/* Append the event that records a change of a retention policy, in a record of its own, and the policy, whose order_id is set here. */
bool builder_policy(struct builder *builder, const struct event *event,
                    const struct event_facts *facts, const struct key *id_key, uint64_t version,
                    const struct set_retention_request *change);

/* The next event gets this order id and time, which were given elsewhere. Neither goes back. */
bool builder_place(struct builder *builder, uint64_t order_id, int64_t time_ms);

/* Append what is left of an event that was erased elsewhere. */
bool builder_add_stub(struct builder *builder, const struct stub *stub,
                      const uint8_t content[DIGEST_BYTES]);

/* The stream is gone up to here. erase: the number of its 'E' key, if it still has events that are to be hidden, and their space to be given back;
 * 0: it has none. */
bool builder_cut(struct builder *builder, struct span stream, const struct cut *cut,
                 uint64_t erase);

/* A policy is changed, as the event with this order id says. */
void builder_policy_put(struct builder *builder, const struct set_retention_request *change,
                        uint64_t order_id);

/* The next event is in a record of its own, of this kind. */
bool builder_alone(struct builder *builder, enum record_kind kind);

/* Seal the last record. Afterwards the batch holds everything. */
bool builder_finish(struct builder *builder);

struct log_batch *builder_batch(struct builder *builder);

/* What was built: records with their sealed values, and the streams touched (each at least once). Until builder_start. */
struct built {
    struct bytes *value;
    struct record record;
};
const struct built *builder_records(const struct builder *builder, size_t *len);
const struct fanout_name *builder_names(const struct builder *builder, size_t *len);

#endif
