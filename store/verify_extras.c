/*
 * verify_extras.c - see verify_extras.h.
 */
#include "store/verify_extras.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/filter.h"
#include "store/keys.h"
#include "store/stub.h"
#include "wire/event.h"
#include "wire/text.h"

struct extras {
    struct verify *verify;
    struct log_iter *entries; /* the index */
    struct log_iter *records; /* stands on the record that was asked for last */
    struct record
        record; /* that record; first 0: none, or damaged, which the records' own check reports */
    struct span id_key; /* of the event found last, if it was erased and still has one */
};

static bool extras_open(struct extras *x, struct verify *verify, struct log *log)
{
    *x = (struct extras){.verify = verify,
                         .entries = log_iter_open(log, LOG_SCAN),
                         .records = log_iter_open(log, LOG_SCAN)};
    if (x->entries && x->records)
        return true;
    log_iter_close(x->entries);
    log_iter_close(x->records);
    return false;
}

static void extras_close(struct extras *x)
{
    log_iter_close(x->entries);
    log_iter_close(x->records);
}

/* The event with the order id. false: there is none. */
static bool event_at(struct extras *x, uint64_t order_id, struct event *event)
{
    struct span rest, frame, raw;
    uint64_t first;
    if (order_id < x->record.first || order_id > x->record.last) {
        struct key beyond = key_record(order_id + 1);
        x->record = (struct record){0};
        log_iter_seek_before(x->records, key_span(&beyond));
        if (!log_iter_valid(x->records) || !key_record_read(log_iter_key(x->records), &first) ||
            record_open(first, log_iter_value(x->records), &x->record, NULL) != REASON_NONE ||
            order_id > x->record.last)
            return false;
    }
    uint32_t ordinal = (uint32_t)(order_id - x->record.first);
    if (!record_at(&x->record, ordinal, &rest) || record_next(&rest, &frame, &raw) != 1)
        return false;
    x->id_key = (struct span){NULL, 0};
    if (!filter_erased(raw))
        return event_read(raw, event);
    struct stub stub;
    if (!stub_read(raw, &x->record, ordinal, &stub))
        return false;
    *event = stub.place;
    x->id_key = stub.id_key;
    return true;
}

/* ---- extents ---- */

static void check_extent(struct extras *x, struct span stream, uint64_t version)
{
    struct extent extent;
    struct extent_run run;
    struct event event;
    bool fault = false;
    if (!extent_decode(log_iter_value(x->entries), &extent) || !extent_next(&extent, &run, &fault))
        return; /* reported where the streams are walked */
    if (!event_at(x, extent.record + run.ordinal, &event) || event.version != version ||
        (event.stream_name.len && !text_equal(event.stream_name, stream)))
        verify_report(
            x->verify,
            "stream %.*s: the index has version %" PRIu64 " at event %" PRIu64 ", which is not it",
            (int)stream.len, (const char *)stream.data, version, extent.record + run.ordinal);
}

bool verify_extras_extents(struct verify *verify, struct log *log)
{
    struct extras x;
    struct span stream;
    uint64_t version;
    if (!extras_open(&x, verify, log))
        return false;
    for (log_iter_seek(x.entries, text_span("S"));
         log_iter_valid(x.entries) && log_iter_key(x.entries).data[0] == 'S';
         log_iter_next(x.entries))
        if (key_extent_read(log_iter_key(x.entries), &stream, &version) && version > 0)
            check_extent(&x, stream, version);
    extras_close(&x);
    return true;
}

/* ---- event ids ---- */

/* A key as text: its letter and its bytes, those that are not letters in hex. */
static const char *key_text(struct span key, char out[1200])
{
    size_t at = 0;
    for (size_t i = 0; i < key.len && at + 5 < 1200; i++) {
        bool plain = key.data[0] == KEY_ID_TEXT && key.data[i] >= ' ' && key.data[i] < 0x7f;
        at += (size_t)snprintf(out + at, 1200 - at, i == 0 || plain ? "%c" : "%02x", key.data[i]);
    }
    out[at] = '\0';
    return out;
}

static void check_id(struct extras *x, struct span key)
{
    struct id_entry entry;
    struct event event;
    char text[1200];
    if (!id_entry_decode(log_iter_value(x->entries), &entry))
        return; /* reported by the scan */
    if (!event_at(x, entry.order_id, &event)) {
        verify_report(x->verify,
                      "event id %s: its entry points to event %" PRIu64 ", which is not there",
                      key_text(key, text), entry.order_id);
        return;
    }
    struct key own = event.event_id.len && event.event_id.len <= NAME_BYTES_MAX
                         ? key_event_id(event.event_id)
                         : (struct key){.len = 0};
    if (x->id_key.len) {
        memcpy(own.data, x->id_key.data, x->id_key.len);
        own.len = x->id_key.len;
    }
    if (event.version != entry.version || event.event_time != entry.time_ms ||
        (own.len && !text_equal(key_span(&own), key)))
        verify_report(x->verify,
                      "event id %s: its entry points to event %" PRIu64 ", which is another",
                      key_text(key, text), entry.order_id);
}

bool verify_extras_ids(struct verify *verify, struct log *log)
{
    struct extras x;
    if (!extras_open(&x, verify, log))
        return false;
    for (log_iter_seek(x.entries, text_span("T")); log_iter_valid(x.entries);
         log_iter_next(x.entries))
        if (key_is_event_id(log_iter_key(x.entries)))
            check_id(&x, log_iter_key(x.entries));
    extras_close(&x);
    return true;
}
