/*
 * Fuzz what is read back from the disk's keys and small values: what is let through must be written as it was read.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "tests/fuzz/fuzz.h"

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void keys(struct span raw)
{
    struct key key;
    struct span stream;
    uint64_t order_id, version;
    if (key_record_read(raw, &order_id)) {
        key = key_record(order_id);
        assert(same(key_span(&key), raw));
    }
    if (key_erase_read(raw, &order_id)) {
        key = key_erase(order_id);
        assert(same(key_span(&key), raw));
    }
    if (key_extent_read(raw, &stream, &version)) {
        key = key_extent(stream, version);
        assert(same(key_span(&key), raw));
        key = key_stream_end(stream);
    }
    if (raw.len > 0 && raw.len <= 255) {
        key = key_event_id(raw);
        assert(key_is_event_id(key_span(&key)));
        key_streams(raw);
    }
    key_is_event_id(raw);
}

/* Runs come back as they were, but for neighbours that are one. */
static void extents(struct span raw)
{
    static struct extent_run runs[EXTENT_RUNS_MAX], run;
    struct extent extent, again;
    size_t len = 0;
    bool fault = false;
    if (!extent_decode(raw, &extent))
        return;
    while (len < EXTENT_RUNS_MAX && extent_next(&extent, &runs[len], &fault)) {
        assert(runs[len].count > 0);
        assert(len == 0 || runs[len].ordinal >= runs[len - 1].ordinal + runs[len - 1].count);
        len++;
    }
    if (fault || len == 0)
        return;
    uint8_t *out = malloc(extent_size_max(len));
    struct span written = {out, extent_encode(out, extent.record, runs, len)};
    assert(written.len <= extent_size_max(len));
    assert(extent_decode(written, &again) && again.record == extent.record);
    for (size_t i = 0; i < len; i++)
        assert(extent_next(&again, &run, &fault) && run.ordinal == runs[i].ordinal &&
               run.count == runs[i].count);
    free(out);
}

static void values(struct span raw)
{
    struct cut cut;
    struct id_entry entry;
    uint8_t cut_bytes[CUT_BYTES_MAX], entry_bytes[ID_ENTRY_BYTES];
    if (cut_decode(raw, &cut)) {
        size_t len = cut_encode(cut_bytes, &cut);
        assert(same((struct span){cut_bytes, len}, raw));
    }
    if (id_entry_decode(raw, &entry)) {
        id_entry_encode(entry_bytes, &entry);
        assert(same((struct span){entry_bytes, ID_ENTRY_BYTES}, raw));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span raw = {data, len};
    keys(raw);
    extents(raw);
    values(raw);
    return 0;
}
