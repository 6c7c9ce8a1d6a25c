/*
 * keys.h - the keys and small values on disk. Everything but records can be rebuilt from the
 * records.
 *
 *   'M' name                     what the store is: "format", "identity" (meta.h); "freed" (space.h)
 *   'S' stream 0x00 version      extent: where the stream's events from this version on are,
 *                                within one record
 *   'S' stream 0x00 0            cut: up to which version the stream's events are gone
 *   'U' 16 bytes                 event id that is a canonical lower-case UUIDv7
 *   'V' 16 bytes                 event id that is another canonical lower-case UUID
 *   'T' text                     any other event id
 *   'P' pattern                  a retention policy: which events of matching streams are kept
 *   'E' order id                 a cut whose space is still to be reclaimed: the stream
 *   'r' order id                 record (record.h)
 *
 * Records are three quarters of the bytes, each greater than all before, and LevelDB can move files of them down its levels without
 * rewriting any: if no file holds both the end of something else and the beginning of new records. Behind everything
 * else that comes by itself: between what precedes and the new ones lie the old ones, and LevelDB ends a file rather than let it span so
 * much of the level below (docs/decisions/0019-records-last.md).
 *
 * Numbers in keys are 8 bytes, big-endian, so that they sort. A name has no control characters,
 * hence 0x00 ends it, and all extents of a stream are neighbours, in order. A stream that ever held
 * an event has an extent at version 1, or a cut: so a new stream is told from the bloom filter
 * alone.
 */
#ifndef PHOTON_KEYS_H
#define PHOTON_KEYS_H

#include <stdbool.h>

#include "wire/bytes.h"

enum { KEY_BYTES_MAX = 1 + 255 + 1 + 8 };
struct key {
    uint8_t data[KEY_BYTES_MAX];
    size_t len;
};

struct key key_meta(const char *name);
struct key key_record(uint64_t order_id);
struct key key_extent(struct span stream, uint64_t version);
/* To seek with: not behind anything of the streams that begin with prefix (0 to 255 bytes); behind all of a stream, and of no other. */
struct key key_streams(struct span prefix);
struct key key_stream_end(struct span stream);
enum { KEY_ID_TEXT = 'T', KEY_ID_UUID7 = 'U', KEY_ID_UUID = 'V' }; /* no other kind is between */
struct key key_event_id(struct span event_id);                     /* 1 to 255 bytes */
struct key key_erase(uint64_t order_id);
struct key key_policy(struct span pattern); /* 1 to 255 bytes */
bool key_is_event_id(struct span key);
/* The event id of such a key, as text; returns its length. */
enum { EVENT_ID_BYTES_MAX = 255 };
size_t key_event_id_text(struct span key, char out[EVENT_ID_BYTES_MAX]);
/* The parts again; false: not such a key. */
bool key_record_read(struct span key, uint64_t *order_id);
bool key_extent_read(struct span key, struct span *stream, uint64_t *version);
bool key_erase_read(struct span key, uint64_t *order_id);
bool key_policy_read(struct span key, struct span *pattern);

static inline struct span key_span(const struct key *key)
{
    return (struct span){key->data, key->len};
}

uint64_t key_hash(struct span key); /* for tables in memory */

/* Does the store have it behind the other? */
bool key_is_behind(const struct key *key, const struct key *other);

/* Is the event id a canonical UUIDv7? Then its 16 bytes. */
bool key_uuid7(struct span event_id, uint8_t out[16]);

/* ---- extent: the events of one stream in one record, of consecutive versions ---- */
struct extent_run {
    uint32_t ordinal, count; /* consecutive in the record */
};
enum { EXTENT_RUNS_MAX = 32768 }; /* a record holds at most this many frames */
/* Value: record 8 bytes little-endian, then a run: varint(gap since the last run's end, times two,
 * plus one if the count is not one), and varint(count) in that case. Bytes needed at most for n
 * runs; encode; returns the length. */
size_t extent_size_max(size_t runs);
size_t extent_encode(uint8_t *out, uint64_t record, const struct extent_run *runs, size_t n);
/* Walk: start, then next until false. *fault is set when the value is malformed. */
struct extent {
    uint64_t record; /* the record's key: its first order id */
    struct span rest;
    uint32_t end; /* keys.c's: the end of the last run */
};
bool extent_decode(struct span value, struct extent *extent);
bool extent_next(struct extent *extent, struct extent_run *run, bool *fault);

/* ---- cut ---- */
struct cut {
    uint64_t version;  /* every event up to this version is gone */
    uint64_t order_id; /* no event of the stream up to this order id is left */
    uint64_t deletion; /* the order id of the record that says so, of kind RECORD_DELETION */
    bool tombstone;    /* the stream never takes an event again */
    bool policy; /* a policy did it, which `deletion` is the record of; 0: that of another store */
};
enum { CUT_BYTES = 24, CUT_BYTES_MAX = 25 }; /* the byte more says tombstone and policy */
size_t cut_encode(uint8_t out[CUT_BYTES_MAX], const struct cut *cut); /* returns the length */
bool cut_decode(struct span value, struct cut *cut);

/* ---- policy ---- */
struct policy {
    uint64_t max_age_ms, max_count; /* 0: no limit */
    uint64_t order_id;              /* of the record that says so, of kind RECORD_DELETION */
};
enum { POLICY_BYTES = 24 };
void policy_encode(uint8_t out[POLICY_BYTES], const struct policy *policy);
bool policy_decode(struct span value, struct policy *policy);

/* ---- event id entry ---- */
struct id_entry {
    uint64_t order_id, version;
    int64_t time_ms;
    uint8_t digest[16];
};
enum { ID_ENTRY_BYTES = 40 };
void id_entry_encode(uint8_t out[ID_ENTRY_BYTES], const struct id_entry *entry);
bool id_entry_decode(struct span value, struct id_entry *entry);

#endif
