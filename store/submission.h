/*
 * submission.h - one thing to be committed, from the call that brings it to the committer and back with its outcome.
 *
 * Whatever does not depend on the store's state is computed here, on the caller's thread, so that the committer, of whom there
 * is only one, has the least to do: hashes of stream names, digests of contents, keys of event ids.
 */
#ifndef PHOTON_SUBMISSION_H
#define PHOTON_SUBMISSION_H

#include "store/imported.h"
#include "store/keys.h"
#include "store/lane.h"
#include "wire/codec.h"

/* What the store adds to an event's own bytes, at the most: tag and length, order id, version, time. */
enum { SUBMISSION_FRAME_BYTES = 48 };

enum submission_kind {
    SUBMIT_EMIT, /* a batch of events */
    SUBMIT_DELETE, /* delete a stream; `request` holds the one event that records it, of the store's own */
    SUBMIT_RETENTION, /* change a retention policy; likewise */
    SUBMIT_IMPORT, /* entries with the store's own fields; none, and no end: only ask how far an import has got */
    SUBMIT_REFUSED, /* refused before it came here; it only keeps its place among the answers */
};

/* What is known of an event before it is committed. */
struct event_facts {
    uint64_t stream_hash; /* XXH3-64 of the stream's name */
    uint8_t digest[16];   /* of what makes it this event (semantics 3) */
    uint8_t id_key[17];   /* key_event_id, where it fits; */
    uint8_t id_key_len;   /*   0: it does not */
};

/* The digest of a stored event, to compare with its id's entry. */
void submission_digest(const struct event *event, uint8_t out[16]);

/* A stream's beginning is gone by an import, and its events are to be hidden. */
struct import_cut {
    struct span stream;
    uint64_t version, by; /* the number of its 'E' key */
};

/* … and a policy is changed. */
struct import_policy {
    struct set_retention_request change;
    uint64_t order_id; /* of the event that records it */
};

struct submission {
    enum submission_kind kind;
    struct emit_request request; /* spans into memory that the owner keeps until done */
    struct event_facts *facts;   /* one an event */
    size_t bytes;                /* about what it adds to a commit */
    struct lane *lane;           /* NULL: a call of its own, which can be told "busy" */
    struct span delete_stream;   /* SUBMIT_DELETE, as the next three */
    uint64_t delete_hash;
    uint64_t delete_before; /* only events of lower versions; 0: all */
    bool tombstone;
    struct set_retention_request retention; /* SUBMIT_RETENTION */
    struct span entries;                    /* SUBMIT_IMPORT: an ImportRequest, checked */
    struct import_request import_end;       /* SUBMIT_IMPORT */
    uint64_t received_us; /* tally_now_us when the message came; 0: commit_submit sets it */

    /* The outcome: an error, or the places of the events. */
    struct error *error; /* NULL: it is durable */
    bool duplicate;
    struct stored_at *stored;
    int64_t event_time;
    bool recorded;           /* SUBMIT_DELETE, SUBMIT_RETENTION: it has changed something */
    uint64_t deleted_events; /* SUBMIT_DELETE, as the next two */
    uint64_t cut_version;    /* events up to here are gone */
    uint64_t last_version;
    struct imported imported; /* SUBMIT_IMPORT: afterwards, as the next five */
    struct import_cut *cuts;
    size_t cuts_len;
    struct import_policy *policies;
    size_t policies_len;
    bool has_cuts; /* or policies: such as a store has from LOG_FORMAT_CUTS on */

    /* Called on a poller when the outcome is certain. same_owner_next: another of the same owner is handed over right after
     * this one, so answers may wait for it. The submission is the owner's again. */
    void (*done)(struct submission *submission, bool same_owner_next);
    void *owner;
    struct submission *next; /* the queue's */
};

/* Prepare a SUBMIT_EMIT for a decoded request, which it takes over. false: no memory; the request is still the caller's. */
bool submission_init_emit(struct submission *submission, struct emit_request *request);

/* Prepare a SUBMIT_DELETE. What the request views, and `event`, the encoded event that records it, stay with the owner. */
bool submission_init_delete(struct submission *submission, const struct delete_request *request,
                            struct span event);

/* Prepare a SUBMIT_RETENTION, likewise. */
bool submission_init_retention(struct submission *submission,
                               const struct set_retention_request *request, struct span event);

/* Prepare a SUBMIT_IMPORT for a decoded request, whose bytes stay with the owner. */
void submission_init_import(struct submission *submission, struct span raw,
                            const struct import_request *request);

/* Prepare a SUBMIT_REFUSED with a copy of the error. */
bool submission_init_refused(struct submission *submission, const struct error *error);

/* A chain that does not say yet when it was received: now. */
void submission_stamp(struct submission *chain);

void submission_fini(struct submission *submission);

/* Set the outcome to a failure. When there is no memory for the details, a static one that says so takes its place. */
void submission_fail(struct submission *submission, const struct error *error);

/* The key of event i's id. */
void submission_id_key(const struct submission *submission, size_t i, struct key *key);

uint64_t stream_hash(struct span stream);

#endif
