/*
 * record.c - the record on disk.
 *
 * The checksum stands first, so that everything else is one run of bytes behind it; the key is
 * covered as its seed. A record that was written under another key, or whose header, body or length
 * changed in any bit, does not open.
 */
#include "store/record.h"

#include <assert.h>
#include <inttypes.h>

#include "store/little.h"
#include "store/xxh.h"

enum {
    AT_CHECKSUM = 0,
    AT_FORMAT = 8,
    AT_KIND = 9,
    AT_ZERO = 10,
    AT_COUNT = 12,
    AT_FIRST = 16,
    AT_LAST = 24,
    AT_NUMBER = 32,
    AT_TIME = 40,
    AT_BODY_LEN = 48
};
enum { FRAME_TAG = 0x0a };

static uint64_t record_checksum(uint64_t key_order_id, struct span value)
{
    return XXH3_64bits_withSeed(value.data + AT_FORMAT, value.len - AT_FORMAT, key_order_id);
}

void record_seal(uint8_t *value, const struct record *record)
{
    assert(record->count > 0 && record->last == record->first + record->count - 1);
    value[AT_FORMAT] = RECORD_FORMAT;
    value[AT_KIND] = (uint8_t)record->kind;
    value[AT_ZERO] = value[AT_ZERO + 1] = 0;
    little_put32(value + AT_COUNT, record->count);
    little_put64(value + AT_FIRST, record->first);
    little_put64(value + AT_LAST, record->last);
    little_put64(value + AT_NUMBER, record->number);
    little_put64(value + AT_TIME, (uint64_t)record->time_ms);
    little_put64(value + AT_BODY_LEN, record->body.len);
    struct span all = {value, RECORD_HEADER_BYTES + record->body.len};
    little_put64(value + AT_CHECKSUM, record_checksum(record->first, all));
}

uint64_t record_number(const uint8_t value[RECORD_HEADER_BYTES])
{
    return little_get64(value + AT_NUMBER);
}

static bool record_is_whole(uint64_t key_order_id, struct span value)
{
    return value.len >= RECORD_HEADER_BYTES &&
           little_get64(value.data + AT_CHECKSUM) == record_checksum(key_order_id, value);
}

static bool record_is_known(struct span value)
{
    uint8_t kind = value.data[AT_KIND];
    return value.data[AT_FORMAT] == RECORD_FORMAT && kind >= RECORD_EVENTS &&
           kind <= RECORD_REDACTION;
}

bool record_is_newer(uint64_t key_order_id, struct span value)
{
    return record_is_whole(key_order_id, value) && !record_is_known(value);
}

enum reason record_open(uint64_t key_order_id, struct span value, struct record *record,
                        struct error *error)
{
    if (!record_is_whole(key_order_id, value))
        return error_set(error, REASON_CORRUPT,
                         "record %" PRIu64
                         ": the checksum is wrong (%zu bytes); run photond verify",
                         key_order_id, value.len);
    if (!record_is_known(value))
        return error_set(error, REASON_CORRUPT,
                         "record %" PRIu64
                         ": format %u, kind %u is not known; a newer photond wrote it",
                         key_order_id, value.data[AT_FORMAT], value.data[AT_KIND]);
    struct record r = {
        .kind = value.data[AT_KIND],
        .count = little_get32(value.data + AT_COUNT),
        .first = little_get64(value.data + AT_FIRST),
        .last = little_get64(value.data + AT_LAST),
        .number = little_get64(value.data + AT_NUMBER),
        .time_ms = (int64_t)little_get64(value.data + AT_TIME),
        .body = {value.data + RECORD_HEADER_BYTES, value.len - RECORD_HEADER_BYTES},
    };
    /* The checksum holds: what is wrong from here on was written so. */
    if (r.first != key_order_id || r.count == 0 || r.last != r.first + r.count - 1 ||
        r.number == 0 || little_get64(value.data + AT_BODY_LEN) != r.body.len)
        return error_set(error, REASON_CORRUPT,
                         "record %" PRIu64 ": the header contradicts itself; run photond verify",
                         key_order_id);
    *record = r;
    return REASON_NONE;
}

int record_next(struct span *rest, struct span *frame, struct span *event)
{
    if (rest->len == 0)
        return 0;
    if (rest->data[0] != FRAME_TAG)
        return -1;
    struct span at = {rest->data + 1, rest->len - 1};
    uint32_t len;
    if (!little_varint(&at, &len) || len > at.len)
        return -1;
    *event = (struct span){at.data, len};
    *frame = (struct span){rest->data, (size_t)(at.data - rest->data) + len};
    *rest = (struct span){at.data + len, at.len - len};
    return 1;
}

bool record_at(const struct record *record, uint32_t ordinal, struct span *rest)
{
    struct span body = record->body, frame, event;
    if (ordinal >= record->count)
        return false;
    for (uint32_t i = 0; i < ordinal; i++)
        if (record_next(&body, &frame, &event) != 1)
            return false;
    *rest = body;
    return body.len > 0;
}
