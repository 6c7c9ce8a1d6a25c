/*
 * verify_record.c - see verify_record.h.
 *
 * The extents that a record asks for are built again, sorted by stream, and compared byte for byte. Events of a deleted stream may
 * have lost their extent already (erase.c), and events that were erased have neither name nor id left: they only keep their place.
 */
#include "store/verify_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/filter.h"
#include "store/keys.h"
#include "store/stub.h"
#include "store/submission.h"
#include "wire/event.h"
#include "wire/text.h"

struct place {
    struct span stream;
    uint64_t version;
    uint32_t ordinal;
};

struct verify_record {
    struct verify *verify;
    struct log *log;
    uint64_t extents;
    struct place *places; /* of the record's events, EXTENT_RUNS_MAX */
    size_t places_len;
    struct extent_run *runs;
    uint8_t *value;
};

struct verify_record *verify_record_new(struct verify *verify, struct log *log)
{
    struct verify_record *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->verify = verify;
    v->log = log;
    v->places = calloc(EXTENT_RUNS_MAX, sizeof *v->places);
    v->runs = calloc(EXTENT_RUNS_MAX, sizeof *v->runs);
    v->value = malloc(extent_size_max(EXTENT_RUNS_MAX));
    if (v->places && v->runs && v->value)
        return v;
    verify_record_free(v);
    return NULL;
}

void verify_record_free(struct verify_record *v)
{
    if (!v)
        return;
    free(v->places);
    free(v->runs);
    free(v->value);
    free(v);
}

uint64_t verify_record_extents(const struct verify_record *v)
{
    return v->extents;
}

/* The value of a key; NULL: it is missing, or cannot be read, which is reported. */
static struct bytes *value_get(struct verify *verify, struct log *log, const struct key *key)
{
    struct bytes *value = NULL;
    struct error error;
    if (log_get(log, key_span(key), &value, &error) != REASON_NONE)
        verify_report(verify, "%s", error.message);
    return value;
}

uint64_t verify_record_cut(struct verify *verify, struct log *log, struct span stream)
{
    struct key key = key_extent(stream, 0);
    struct bytes *value = value_get(verify, log, &key);
    struct cut cut = {0};
    if (value && !cut_decode(bytes_span(value), &cut))
        cut.version = 0; /* reported where the cut itself is checked */
    bytes_unref(value);
    return cut.version;
}

/* ---- event ids ---- */

static void check_id(struct verify_record *v, const struct event *event)
{
    if (event->event_id.len == 0 || event->event_id.len > NAME_BYTES_MAX) {
        verify_report(v->verify, "event %" PRIu64 ": it has no event id", event->order_id);
        return;
    }
    struct key key = key_event_id(event->event_id);
    struct bytes *value = value_get(v->verify, v->log, &key);
    struct id_entry entry;
    uint8_t digest[16];
    submission_digest(event, digest);
    if (!value)
        verify_report(v->verify, "event %" PRIu64 ": its event id %.*s has no entry",
                      event->order_id, (int)event->event_id.len,
                      (const char *)event->event_id.data);
    else if (!id_entry_decode(bytes_span(value), &entry) || entry.order_id != event->order_id ||
             entry.version != event->version || entry.time_ms != event->event_time ||
             memcmp(entry.digest, digest, sizeof digest) != 0)
        verify_report(
            v->verify, "event %" PRIu64 ": the entry of its event id %.*s is another event's",
            event->order_id, (int)event->event_id.len, (const char *)event->event_id.data);
    bytes_unref(value);
}

/* ---- extents ---- */

static int by_stream(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    size_t len = a->stream.len < b->stream.len ? a->stream.len : b->stream.len;
    int order = memcmp(a->stream.data, b->stream.data, len);
    if (order == 0 && a->stream.len != b->stream.len)
        order = a->stream.len < b->stream.len ? -1 : 1;
    if (order == 0)
        order = a->ordinal < b->ordinal ? -1 : 1;
    return order;
}

static size_t runs_of(struct verify_record *v, const struct place *places, size_t n)
{
    size_t runs = 0;
    for (size_t i = 0; i < n; i++) {
        if (runs && v->runs[runs - 1].ordinal + v->runs[runs - 1].count == places[i].ordinal)
            v->runs[runs - 1].count++;
        else
            v->runs[runs++] = (struct extent_run){places[i].ordinal, 1};
        if (places[i].version != places[0].version + i)
            verify_report(v->verify,
                          "stream %.*s: version %" PRIu64 " stands in the place of %" PRIu64,
                          (int)places[i].stream.len, (const char *)places[i].stream.data,
                          places[i].version, places[0].version + i);
    }
    return runs;
}

/* The events of one stream in the record. */
static void check_extent(struct verify_record *v, const struct record *record,
                         const struct place *places, size_t n)
{
    struct span stream = places[0].stream;
    struct key key = key_extent(stream, places[0].version);
    size_t len = extent_encode(v->value, record->first, v->runs, runs_of(v, places, n));
    bool deleted = places[n - 1].version <= verify_record_cut(v->verify, v->log, stream);
    struct bytes *value = value_get(v->verify, v->log, &key);
    v->extents += !deleted;
    if (!value && !deleted)
        verify_report(v->verify,
                      "stream %.*s: version %" PRIu64 ", event %" PRIu64 ", is not in its index",
                      (int)stream.len, (const char *)stream.data, places[0].version,
                      record->first + places[0].ordinal);
    if (value && !text_equal(bytes_span(value), (struct span){v->value, len}))
        verify_report(v->verify,
                      "stream %.*s: the index has another place for version %" PRIu64
                      ", event %" PRIu64,
                      (int)stream.len, (const char *)stream.data, places[0].version,
                      record->first + places[0].ordinal);
    bytes_unref(value);
}

static void check_extents(struct verify_record *v, const struct record *record)
{
    qsort(v->places, v->places_len, sizeof *v->places, by_stream);
    for (size_t from = 0, to; from < v->places_len; from = to) {
        to = from + 1;
        while (to < v->places_len && text_equal(v->places[to].stream, v->places[from].stream))
            to++;
        check_extent(v, record, v->places + from, to - from);
    }
}

/* ---- events ---- */

static void check_place(struct verify_record *v, const struct record *record, uint64_t order_id,
                        const struct event *event)
{
    if (event->order_id != order_id || event->version == 0 || event->event_time != record->time_ms)
        verify_report(v->verify,
                      "event %" PRIu64 ": it says order id %" PRIu64 ", version %" PRIu64
                      ", time %" PRId64 "; its record says time %" PRId64,
                      order_id, event->order_id, event->version, event->event_time,
                      record->time_ms);
}

/* The entry of its event id is looked up the other way round (verify_extras.h). */
static void check_stub(struct verify_record *v, const struct record *record, uint32_t ordinal,
                       struct span raw)
{
    struct stub stub;
    uint8_t own[DIGEST_BYTES];
    uint64_t order_id = record->first + ordinal;
    v->verify->erased++;
    if (!stub_read(raw, record, ordinal, &stub)) {
        verify_report(v->verify, "event %" PRIu64 ": what is left of it is malformed", order_id);
        return;
    }
    check_place(v, record, order_id, &stub.place);
    stub_digest(&stub, own);
    digest_chain(v->verify->digest, &stub.place, own);
}

static void check_event(struct verify_record *v, const struct record *record, uint32_t ordinal,
                        struct span raw)
{
    struct event event;
    uint8_t own[DIGEST_BYTES];
    uint64_t order_id = record->first + ordinal;
    v->verify->events++;
    v->verify->last_order_id = order_id;
    if (filter_erased(raw)) {
        check_stub(v, record, ordinal, raw);
        return;
    }
    if (!event_read(raw, &event)) {
        verify_report(v->verify, "event %" PRIu64 ": it is malformed", order_id);
        return;
    }
    check_place(v, record, order_id, &event);
    digest_event(&event, own);
    digest_chain(v->verify->digest, &event, own);
    if (text_name_fault(event.stream_name) || event.version == UINT64_MAX) {
        verify_report(v->verify, "event %" PRIu64 ": its stream has no proper name", order_id);
        return;
    }
    check_id(v, &event);
    v->places[v->places_len++] = (struct place){event.stream_name, event.version, ordinal};
}

void verify_record_check(struct verify_record *v, const struct record *record)
{
    struct span rest = record->body, frame, event;
    uint32_t ordinal = 0;
    int more = 0;
    v->places_len = 0;
    for (; ordinal < EXTENT_RUNS_MAX && (more = record_next(&rest, &frame, &event)) == 1; ordinal++)
        check_event(v, record, ordinal, event);
    if (more != 0 || ordinal != record->count)
        verify_report(v->verify,
                      "record %" PRIu64 ": it holds %" PRIu32 " events, its header says %" PRIu32,
                      record->first, ordinal, record->count);
    check_extents(v, record);
}
