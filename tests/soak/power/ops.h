/*
 * ops.h - what the writers of power_load do, as a function of the seed: power_check knows what must be there without being told.
 *
 * A writer's operations are emits to its four streams, and now and then a deletion of one of them. Nobody else writes these streams.
 * An event says in its entity id which it is; all else of it follows from that.
 */
#ifndef SOAK_POWER_OPS_H
#define SOAK_POWER_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPS_STREAMS = 4, OPS_EVENTS_MAX = 60, OPS_PAYLOAD_MAX = 100000, OPS_NAME_BYTES = 40 };
enum { OPS_DOOMED = 0 }; /* the stream that is deleted */

struct op {
    unsigned writer, number; /* from 0 */
    uint64_t seed;
    bool deletes; /* the doomed stream; it has no events then */
    unsigned events;
};

/* Event `place` of an operation. */
struct op_event {
    unsigned stream;
    size_t payload_len;
    char entity[OPS_NAME_BYTES];       /* "writer.number.place.events" */
    char event_id[OPS_NAME_BYTES + 8]; /* a UUID, or another text */
};

struct op op_make(uint64_t seed, unsigned writer, unsigned number);
struct op_event op_event(const struct op *op, unsigned place);
void op_payload(const struct op *op, unsigned place, uint8_t *payload, size_t len);
void op_stream_name(unsigned writer, unsigned stream, char name[OPS_NAME_BYTES]);

#endif
