/*
 * Fuzz stored records: as they are, with a checksum that is right (only then is the rest of the header looked at), and as a body of any
 * bytes in a sound header. Walks must stay within the value, and what is no event must be told.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "store/filter.h"
#include "store/gone.h"
#include "store/record.h"
#include "tests/fuzz/fuzz.h"
#include "wire/text.h"

enum { KEY = 1000, CHECKSUM_BYTES = 8 };

static bool wanted(struct span event)
{
    const struct subscribe_request every = {.stream_name = text_span("__all__")},
                                   some = {.stream_name = text_span("o**r**"),
                                           .event_type = {text_span("t")},
                                           .event_types = 1};
    struct filter all, few;
    struct gone *gone = gone_new();
    if (!gone || !filter_init(&all, &every, gone) || !filter_init(&few, &some, gone))
        abort();
    int everything = filter_wants(&all, event), something = filter_wants(&few, event);
    assert((everything < 0) == (something < 0) && something <= everything);
    filter_fini(&all);
    filter_fini(&few);
    gone_free(gone);
    return everything > 0;
}

static void walk(const struct record *record)
{
    struct span rest = record->body, frame, event, there;
    uint32_t ordinal = 0;
    int more;
    while ((more = record_next(&rest, &frame, &event)) > 0) {
        const uint8_t *end = record->body.data + record->body.len;
        assert(frame.data >= record->body.data && frame.data + frame.len <= end);
        assert(event.data >= frame.data && event.data + event.len == frame.data + frame.len);
        if (ordinal < record->count && ordinal < 16)
            assert(record_at(record, ordinal, &there) && there.data == frame.data);
        wanted(event);
        ordinal++;
    }
    assert(!record_at(record, record->count, &there));
}

static void open_value(struct span value)
{
    struct record record;
    struct error error = {0};
    bool newer = record_is_newer(KEY, value);
    enum reason reason = record_open(KEY, value, &record, &error);
    assert(reason == REASON_NONE || (reason == REASON_CORRUPT && error.message[0]));
    assert(reason != REASON_NONE || !newer);
    if (reason == REASON_NONE)
        walk(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct record record = {.kind = RECORD_EVENTS, .first = KEY, .number = 1};
    uint8_t *value = malloc(RECORD_HEADER_BYTES + len);
    open_value((struct span){data, len});
    if (len > CHECKSUM_BYTES) {
        uint64_t sum = XXH3_64bits_withSeed(data + CHECKSUM_BYTES, len - CHECKSUM_BYTES, KEY);
        memcpy(value, &sum, sizeof sum);
        memcpy(value + CHECKSUM_BYTES, data + CHECKSUM_BYTES, len - CHECKSUM_BYTES);
        open_value((struct span){value, len});
    }
    if (len > 0) {
        record.count = 1 + data[0] % 8;
        record.last = KEY + record.count - 1;
        record.body = (struct span){value + RECORD_HEADER_BYTES, len - 1};
        memcpy(value + RECORD_HEADER_BYTES, data + 1, len - 1);
        record_seal(value, &record);
        open_value((struct span){value, RECORD_HEADER_BYTES + len - 1});
    }
    free(value);
    return 0;
}
