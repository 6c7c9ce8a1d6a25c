/*
 * entries.c - a history's entries, read and written where they stand.
 */
#include <limits.h>
#include <string.h>

#include <muon/muon.h>

#include "sdk/src/status.h"
#include "wire/entry.h"

static muon_str str_of(struct span span)
{
    return (muon_str){(const char *)span.data, span.len};
}

static struct span span_of(muon_str str)
{
    return (struct span){(const uint8_t *)str.ptr, str.len};
}

static void event_out(const struct event *event, muon_entry *out)
{
    out->stream = str_of(event->stream_name);
    out->type = str_of(event->event_type);
    out->event_id = str_of(event->event_id);
    out->payload = str_of(event->payload);
    out->content_type = str_of(event->content_type);
    out->schema = str_of(event->schema);
    out->id = str_of(event->id);
    out->service = str_of(event->service_id);
    out->caused_by = str_of(event->caused_by);
    out->caused_by_relation = str_of(event->caused_by_relation);
    out->metadata = str_of(event->metadata);
    out->traceparent = str_of(event->traceparent);
    out->order_id = (int64_t)event->order_id;
    out->version = (int64_t)event->version;
    out->time_ms = event->event_time;
}

static struct event event_in(const muon_entry *entry)
{
    return (struct event){.stream_name = span_of(entry->stream),
                          .event_type = span_of(entry->type),
                          .event_id = span_of(entry->event_id),
                          .payload = span_of(entry->payload),
                          .content_type = span_of(entry->content_type),
                          .schema = span_of(entry->schema),
                          .id = span_of(entry->id),
                          .service_id = span_of(entry->service),
                          .caused_by = span_of(entry->caused_by),
                          .caused_by_relation = span_of(entry->caused_by_relation),
                          .metadata = span_of(entry->metadata),
                          .traceparent = span_of(entry->traceparent),
                          .order_id = (uint64_t)entry->order_id,
                          .version = (uint64_t)entry->version,
                          .event_time = entry->time_ms};
}

/* ---- reading ---- */

int32_t muon_entry_next(const void *run, size_t len, size_t *at, muon_entry *out, muon_error *err)
{
    if (!run || !at || !out || *at > len)
        return status_fail(err, MUON_EINVAL, "muon_entry_next: no run, or at is not in it");
    struct span rest = {(const uint8_t *)run + *at, len - *at};
    struct entry entry;
    int more = entry_next(&rest, &entry);
    if (more == 0)
        return MUON_END;
    if (more < 0)
        return status_fail(err, MUON_EPROTO, "the entry at byte %zu of the run cannot be read",
                           *at);
    *at = len - rest.len;
    *out = (muon_entry){.kind = (int32_t)entry.kind};
    event_out(&entry.event, out);
    if (entry.kind == ENTRY_ERASED) {
        memcpy(out->content_digest, entry.content, DIGEST_BYTES);
        memcpy(out->event_digest, entry.own, DIGEST_BYTES);
    } else if (entry.kind == ENTRY_CUT) {
        out->stream = str_of(entry.stream);
        out->version = (int64_t)entry.cut_version;
        out->order_id = (int64_t)entry.cut_order_id;
        out->cut_by = (int64_t)entry.cut_by;
        out->tombstone = entry.tombstone;
    }
    return MUON_OK;
}

/* ---- writing ---- */

/* An event is written from its fields, which need not stand in one piece yet. */
static size_t event_entry_put(const struct event *event, uint8_t *out, size_t room)
{
    struct entry entry = {.kind = ENTRY_EVENT};
    size_t len = event_size(event) + event_place_size(event);
    entry.event.raw = (struct span){NULL, len};
    size_t size = entry_size(&entry);
    if (size > room)
        return size;
    uint8_t *at = out + size - len; /* its frame comes before it */
    entry.event.raw.data = at;
    event_put_place(event_put(at, event), event);
    entry_put_frame(out, &entry);
    return size;
}

size_t muon_entry_put(const muon_entry *from, void *out, size_t room)
{
    struct event event = event_in(from);
    struct entry entry = {.kind = (enum entry_kind)from->kind, .event = event};
    if (from->kind == MUON_ENTRY_EVENT)
        return event_entry_put(&event, out, room);
    if (from->kind == MUON_ENTRY_CUT) {
        entry.stream = event.stream_name;
        entry.cut_version = event.version;
        entry.cut_order_id = event.order_id;
        entry.cut_by = (uint64_t)from->cut_by;
        entry.tombstone = from->tombstone != 0;
    } else if (from->kind == MUON_ENTRY_ERASED) {
        memcpy(entry.content, from->content_digest, DIGEST_BYTES);
        memcpy(entry.own, from->event_digest, DIGEST_BYTES);
    } else {
        return 0;
    }
    size_t size = entry_size(&entry);
    if (size <= room)
        entry_put(out, &entry);
    return size;
}

/* ---- sums ---- */

static void sum_take(muon_sum *sum, const struct entry *entry)
{
    if (entry->kind == ENTRY_CUT)
        return;
    entry_digest(entry, sum->digest);
    sum->last_order_id = (int64_t)entry->event.order_id;
    if (sum->events++ == 0)
        sum->first_order_id = sum->last_order_id;
}

int32_t muon_sum_add(muon_sum *sum, const void *run, size_t len, int64_t up_to, size_t *used,
                     muon_error *err)
{
    if (!sum || !run || !used)
        return status_fail(err, MUON_EINVAL, "muon_sum_add: sum, run and used must not be NULL");
    struct span rest = {run, len}, before = rest;
    struct entry entry;
    int more;
    for (; (more = entry_next(&rest, &entry)) == 1; before = rest) {
        int64_t order_id = (int64_t)entry.event.order_id;
        bool place = entry.kind != ENTRY_CUT;
        *used = len - before.len;
        if (place && (order_id <= sum->last_order_id || entry.event.order_id > INT64_MAX))
            return status_fail(err, MUON_EPROTO,
                               "behind order id %lld comes %lld, which does not rise",
                               (long long)sum->last_order_id, (long long)order_id);
        if ((place ? order_id : (int64_t)entry.cut_by) > up_to)
            return MUON_OK;
        sum_take(sum, &entry);
    }
    *used = more == 0 ? len : len - before.len;
    if (more == 0)
        return MUON_OK;
    return status_fail(err, MUON_EPROTO, "behind order id %lld comes what cannot be read",
                       (long long)sum->last_order_id);
}
