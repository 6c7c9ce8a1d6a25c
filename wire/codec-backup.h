/*
 * codec-backup.h - Snapshot and Import: what is asked and answered. The entries between are entry.h's.
 */
#ifndef MUON_WIRE_CODEC_BACKUP_H
#define MUON_WIRE_CODEC_BACKUP_H

#include "wire/digest.h"

struct snapshot_request {
    uint64_t after_order_id;
    uint64_t up_to_order_id; /* 0: the head */
    bool digest_only;
    struct span store_id;     /* empty: any */
    struct span after_digest; /* empty: to be computed */
};
enum reason snapshot_request_decode(struct span raw, struct snapshot_request *out,
                                    struct error *error);
struct bytes *snapshot_request_encode(const struct snapshot_request *request);

/* What a snapshot is, and at its end what it was: each a field of a SnapshotResponse, behind the entries. */
struct snapshot_begun {
    struct span store_id;
    uint64_t incarnation, after_order_id, up_to_order_id;
    uint8_t after_digest[DIGEST_BYTES];
};
struct snapshot_done {
    uint64_t events, first_order_id, last_order_id; /* of what was given; 0: none */
    uint8_t digest[DIGEST_BYTES];
};
enum { SNAPSHOT_MARK_BYTES_MAX = 384 };
size_t snapshot_begun_put(uint8_t out[SNAPSHOT_MARK_BYTES_MAX], const struct snapshot_begun *begun);
size_t snapshot_done_put(uint8_t out[SNAPSHOT_MARK_BYTES_MAX], const struct snapshot_done *done);
/* The marks in a SnapshotResponse; NULL members: it has none. false: malformed. */
struct snapshot_marks {
    bool has_begun, has_done;
    struct snapshot_begun begun;
    struct snapshot_done done;
};
bool snapshot_marks_read(struct span raw, struct snapshot_marks *out);

/* How far an import has got: ImportResponse, and what an ImportRequest at the end expects. */
struct import_state {
    uint64_t last_order_id; /* 0: nothing yet */
    uint64_t events;
    uint8_t digest[DIGEST_BYTES];
};
struct import_request {
    bool has_end;
    struct import_state end; /* its events are not looked at */
};
/* The entries are checked as well: each must be whole, by itself. */
enum reason import_request_decode(struct span raw, uint64_t event_bytes_max,
                                  struct import_request *out, struct error *error);
/* Only the end; entries are put before it. */
struct bytes *import_end_encode(const struct import_state *end);
struct bytes *import_response_encode(const struct import_state *state, bool finished);
enum reason import_response_decode(struct span raw, struct import_state *state, bool *finished);

#endif
