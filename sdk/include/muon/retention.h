/*
 * retention.h - deleting a part of a stream, or a stream for good; and how long events are kept. Part of muon.h, whose RULES are in
 * force here, too: include that. (Deleting a stream: muon_delete.)
 *
 * What is deleted is gone for all readers at once, and its space comes back in the background. Versions go on where they were, event
 * ids stay taken. A reader of one stream whose place is gone, or who comes to where a part was deleted meanwhile, is told:
 * MUON_BATCH_TRUNCATED. Readers of patterns and of "__all__" pass over what was deleted.
 */
#ifndef MUON_RETENTION_H
#define MUON_RETENTION_H

#include <muon/muon.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Delete the events of a stream whose versions are lower than before (1 or more). The stream lives on. A version beyond the
 * stream's end takes what there is.
 *   expect   NULL, or what must hold (its stream must be NULL or the same), else MUON_ECONFLICT and nothing is deleted.
 *   deleted  NULL, or how many events were deleted; 0 is not an error.
 * MUON_EUNAVAIL with MUON_MAYBE_APPLIED: the connection was lost before the answer. Doing it twice does no harm. */
MUON_API int32_t muon_truncate(muon_client *c, const char *stream, int64_t before,
                               const muon_expect *expect, int32_t timeout_ms, uint64_t *deleted,
                               muon_error *err);

/* Delete a stream for good: all of its events, and it never takes an event again. Emits to it fail with MUON_EINVAL
 * (muon_error.reason 20, STREAM_TOMBSTONED), but for retries of what was stored. Cannot be undone. Also of a stream that holds no
 * event, or never did.
 *   expect, deleted, and errors as of muon_truncate. Doing it twice does no harm. */
MUON_API int32_t muon_tombstone(muon_client *c, const char *stream, const muon_expect *expect,
                                int32_t timeout_ms, uint64_t *deleted, muon_error *err);

/* As muon_streams, with the streams that hold no event any more. Of each stream: "first-version", that of the first event it holds
 * (one more than "last-version": it holds none); "tombstone":true, if it was deleted for good; and "retention", the policy that counts
 * for it, as muon_retention has it, if there is one. "last-order-id" is 0 when it holds no event. */
MUON_API int32_t muon_streams_all(muon_client *c, const char *pattern, const char *after,
                                  uint32_t max, int32_t timeout_ms, muon_reply **out,
                                  muon_error *err);

/* Keep the events of a stream, or of each stream that matches a pattern, for a time, or up to a number: from now on, in place of what
 * was said for the same pattern before. What is beyond is deleted in the background, soon after, and after each start of the server. Of
 * several policies that match a stream one counts: that of its own name, else the pattern with the most bytes beside its
 * wildcards, of equal ones the first in the order of bytes.
 *   pattern     a name or a pattern, not beginning with "__".
 *   max_age_ms  events that were stored longer ago than this are deleted (muon_event.time_ms, against the server's clock), up to 100
 *               years; 0: they may have any age.
 *   max_count   only the newest so many of each stream are kept; 0: any number.
 * Both 0: everything is kept, an exception from a wider pattern. Doing it twice does no harm.
 * MUON_ETOOBIG: there are 256 policies: clear one. */
MUON_API int32_t muon_retention_set(muon_client *c, const char *pattern, int64_t max_age_ms,
                                    uint64_t max_count, int32_t timeout_ms, muon_error *err);

/* End the policy with this pattern; one that is not in force is not an error. What it has deleted stays deleted. */
MUON_API int32_t muon_retention_clear(muon_client *c, const char *pattern, int32_t timeout_ms,
                                      muon_error *err);

/* The policies in force, in the order of their patterns' bytes, as {"retention":[{"pattern","max-age-ms","max-count","order-id"}]};
 * "order-id" is that of the event `retention-set` in the stream "__store__". */
MUON_API int32_t muon_retention(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                muon_error *err);

#ifdef __cplusplus
}
#endif
#endif /* MUON_RETENTION_H */
