/*
 * history.h - what clients did and saw, as records: the contract between those who record (recorder.h, soak_load) and the checker (check.h).
 *
 * A history is a folder of files that end with ".history", one for each thread that records. A file is a sequence of records of 72 bytes in
 * the machine's own byte order, appended with write(2) as things happen, so that a process that is killed loses nothing of what it has
 * recorded; a part of a record at the end is ignored. The first record is HISTORY_BEGIN.
 *
 * An operation is recorded twice: before it is invoked, and after it has returned, by which its outcome is known. What has no second record
 * never returned: its outcome is unknown. A timeout, or whatever else comes with MUON_MAYBE_APPLIED, is HISTORY_UNKNOWN too; HISTORY_FAILED
 * is only what certainly was not and never will be applied. Who tries again records a new operation, with the same event ids.
 *
 * Times are CLOCK_MONOTONIC in ns: one clock for all processes of a machine. "invoked" is read before the call, and the record written
 * before it, too; "returned" is read after it.
 *
 * Not recorded, hence not to be used by who records: deletions, filters by type, limits, replays from a time.
 */
#ifndef TESTS_HISTORY_HISTORY_H
#define TESTS_HISTORY_HISTORY_H

#include <stddef.h>
#include <stdint.h>

enum { HISTORY_FORMAT = 1, HISTORY_PIECE = 48 };

enum history_kind {
    /* number: HISTORY_FORMAT; id: "muon-history". */
    HISTORY_BEGIN = 1,
    /* The text behind a value of `stream`: count bytes in all, of which this record holds up to 48 from byte `number` on, from its field id
     * on. The pieces of a name are neighbours. Of each name that is used there is one somewhere in the folder; more do no harm. */
    HISTORY_NAME,
    /* Invoked: one event of emit `number`, an emit of `count` events; the events of one emit are neighbours. id: its event id; stream;
     * checksum: its content; expect, version: what is expected of its stream, told with the emit's first event of that stream; mode:
     * HISTORY_PIPELINED if the emits of this client so marked are to be stored in the order of their numbers. */
    HISTORY_EMIT,
    /* Emit `number` has returned. outcome; of HISTORY_OK: order_id, version: of its last event; of HISTORY_REFUSED: version: what the stream
     * was said to have instead, if it is known to whom that refers (one expectation), else -1. */
    HISTORY_EMITTED,
    /* Invoked: read `number` asks for the last version of a stream. */
    HISTORY_READ,
    /* Read `number` has returned. outcome; version: the last one, 0: none. */
    HISTORY_READ_DONE,
    /* A subscription begins, of which what follows speaks as session `number`, from 0 in each file. stream: the stream or pattern; mode:
     * enum history_mode; expect: HISTORY_FROM_ORDER_ID or _VERSION; version: from there on, inclusive; 0: from the beginning. */
    HISTORY_SUBSCRIBE,
    /* Session `number` delivered an event: order_id, version, stream, id, checksum. mode: 1 behind the marker, else 0. */
    HISTORY_EVENT,
    /* Session `number` delivered the marker "live". */
    HISTORY_LIVE,
    /* Session `number` has ended. outcome: HISTORY_OK: a cold one by itself, another because it has seen all that it was to wait for;
     * HISTORY_FAILED: with an error, or it was given up because nothing came. A session that is closed on purpose has no such record. */
    HISTORY_ENDED,
    /* Invoked: request `number`. id: caller and request, unique (history_request_id); checksum: its body. */
    HISTORY_ASK,
    /* A responder acts upon a request, recorded before it answers. id, checksum: as it got them. */
    HISTORY_ACT,
    /* Request `number` has returned. outcome; of HISTORY_OK: id, checksum: of the request that is answered, as the answer says. */
    HISTORY_ANSWER,
    /* All is well again. From here on `client` has to succeed once: with an emit, a request, or the end of a session, invoked or ended
     * behind this record. */
    HISTORY_HEALED,
    HISTORY_KINDS
};

enum history_outcome {
    HISTORY_OK = 1,
    HISTORY_FAILED,  /* for certain */
    HISTORY_UNKNOWN, /* may be applied, may be applied yet */
    HISTORY_REFUSED, /* an expectation did not hold: a certain failure, too */
    HISTORY_CLASH /* the store says that an event id has other content, or that part of a batch is stored */
};

enum history_expect {
    HISTORY_ANY,
    HISTORY_VERSION,   /* the stream's last version */
    HISTORY_NO_STREAM, /* it holds no event */
    HISTORY_EXISTS
};

enum history_mode {
    HISTORY_HOT_COLD,
    HISTORY_COLD,
    HISTORY_HOT,
    HISTORY_FINAL /* cold, of __all__ from the beginning: the log that all is compared with, if no later one has ended well */
};

enum { HISTORY_PIPELINED = 1 };
enum { HISTORY_FROM_ORDER_ID, HISTORY_FROM_VERSION };

struct history_id {
    uint8_t bytes[16];
};

struct history_record {
    uint8_t kind, outcome, expect, mode;
    uint32_t client; /* who, within this file */
    uint32_t
        number; /* of the operation (emits, reads and requests count together) or session, from 0, without holes */
    uint32_t count;
    struct history_id id;
    uint64_t stream; /* history_name() of the name */
    int64_t order_id;
    int64_t version;
    uint64_t checksum;
    int64_t time_ns; /* invoked, returned, delivered */
};
_Static_assert(sizeof(struct history_record) == 72, "the format of a record");

int64_t history_now(void); /* CLOCK_MONOTONIC, ns */
uint64_t history_name(const char *text);
/* Of an event id: a canonical UUID's own bytes, else a hash. */
struct history_id history_event_id(const char *text);
struct history_id history_request_id(uint64_t caller, uint64_t request);
/* Of an event: type and payload. Of a body: type "". */
uint64_t history_checksum(const char *type, const void *payload, size_t len);
/* As people read it, with a UUID's hyphens; static, for up to four ids at a time. Not for several threads. */
const char *history_id_text(const struct history_id *id);

#endif
