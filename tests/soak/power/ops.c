/*
 * ops.c - see ops.h. Sizes are such that commits share blocks of LevelDB's log, fill them, and span several; the payload is noise,
 * which does not get smaller.
 */
#include "tests/soak/power/ops.h"

#include <stdio.h>
#include <string.h>

/* splitmix64: the nth number of a seed. */
static uint64_t noise(uint64_t seed, uint64_t nth)
{
    uint64_t z = seed + (nth + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static unsigned events_of(uint64_t dice, uint64_t more)
{
    if (dice % 20 < 14)
        return 1;
    return dice % 20 < 18 ? 2 + (unsigned)(more % 9)
                          : 11 + (unsigned)(more % (OPS_EVENTS_MAX - 10));
}

struct op op_make(uint64_t seed, unsigned writer, unsigned number)
{
    struct op op = {.writer = writer, .number = number};
    op.seed = noise(noise(seed, writer), number);
    op.deletes = number % 50 == 49;
    if (!op.deletes)
        op.events = events_of(noise(op.seed, 0), noise(op.seed, 1));
    return op;
}

static size_t payload_len(uint64_t dice, uint64_t more)
{
    if (dice % 512 == 0)
        return OPS_PAYLOAD_MAX - more % 40000;
    return dice % 16 == 1 ? more % 8000 : more % 300;
}

struct op_event op_event(const struct op *op, unsigned place)
{
    struct op_event event;
    uint64_t seed = noise(op->seed, 2 + place), id = noise(seed, 0);
    event.stream = (unsigned)(noise(seed, 1) % OPS_STREAMS);
    event.payload_len = payload_len(noise(seed, 2), noise(seed, 3));
    snprintf(event.entity, sizeof event.entity, "%u.%u.%u.%u", op->writer, op->number, place,
             op->events);
    if (id % 4)
        snprintf(event.event_id, sizeof event.event_id, "%08x-%04x-4%03x-8%03x-%04x%08x",
                 (unsigned)(id >> 32), (unsigned)(id >> 16 & 0xffff), (unsigned)(id & 0xfff),
                 op->writer & 0xfffu, place & 0xffffu, op->number);
    else
        snprintf(event.event_id, sizeof event.event_id, "event %s", event.entity);
    return event;
}

void op_payload(const struct op *op, unsigned place, uint8_t *payload, size_t len)
{
    uint64_t seed = noise(noise(op->seed, 2 + place), 4);
    for (size_t at = 0; at < len; at += sizeof seed) {
        uint64_t word = noise(seed, at);
        memcpy(payload + at, &word, len - at < sizeof word ? len - at : sizeof word);
    }
}

void op_stream_name(unsigned writer, unsigned stream, char name[OPS_NAME_BYTES])
{
    snprintf(name, OPS_NAME_BYTES, "writer-%u/stream-%u", writer, stream);
}
