/*
 * verify.c - see verify.h.
 *
 * One scan over all keys, in their order: what is left to erase, what the store says it is, records, streams, ids. Records are checked
 * against both indexes on the way (verify_record.c). If both indexes then hold as many entries as the records ask for, there are no
 * others; only when the counts differ is every entry looked up (verify_extras.c).
 *
 * What LevelDB cannot read is reported once, and the scan goes on behind it: what is missing shows in numbers and versions.
 */
#include "store/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/keys.h"
#include "store/verify_extras.h"
#include "store/verify_record.h"
#include "wire/text.h"

struct scan {
    struct verify *verify;
    struct log *log;
    struct verify_record *records;
    struct record before; /* the last record that opened; its body is not looked at */

    uint8_t stream[NAME_BYTES_MAX]; /* the stream whose extents are being walked */
    size_t stream_len;
    uint64_t cut;      /* its cut's version */
    uint64_t expected; /* the version that comes next */
    uint64_t extents;  /* of all streams, those of deleted events not counted */
};

void verify_report(struct verify *verify, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    verify->faults++;
    verify->fault(verify->user, text);
}

/* ---- records ---- */

static void scan_succession(struct scan *s, const struct record *record)
{
    const struct record *before = &s->before;
    if (record->number != before->number + 1)
        verify_report(s->verify,
                      "record %" PRIu64 ": it has number %" PRIu64
                      ", and the one before it %" PRIu64 ": what was between is missing",
                      record->first, record->number, before->number);
    if (record->first <= before->last || record->time_ms < before->time_ms)
        verify_report(s->verify, "record %" PRIu64 ": order ids or times run backwards",
                      record->first);
}

static void scan_record(struct scan *s, struct span key, struct span value)
{
    uint64_t order_id;
    struct record record;
    struct error error;
    if (!key_record_read(key, &order_id)) {
        verify_report(s->verify, "a record's key has %zu bytes", key.len);
        return;
    }
    s->verify->records++;
    if (record_open(order_id, value, &record, &error) != REASON_NONE) {
        verify_report(s->verify, "%s", error.message);
        return;
    }
    scan_succession(s, &record);
    verify_record_check(s->records, &record);
    s->before = record;
}

/* ---- streams ---- */

/* Is there a record of what the store did, with this order id? What cannot be read is reported. */
static bool scan_is_recorded(struct scan *s, uint64_t order_id)
{
    struct bytes *value = NULL;
    struct record record;
    struct error error;
    struct key key = key_record(order_id);
    if (log_get(s->log, key_span(&key), &value, &error) != REASON_NONE) {
        verify_report(s->verify, "%s", error.message);
        return true;
    }
    bool is = value && record_open(order_id, bytes_span(value), &record, NULL) == REASON_NONE &&
              record.kind == RECORD_DELETION;
    bytes_unref(value);
    return is;
}

static void scan_cut(struct scan *s, struct span stream, struct span value)
{
    struct cut cut;
    s->verify->cuts++;
    if (!cut_decode(value, &cut) || (cut.version == 0 && !cut.tombstone)) {
        verify_report(s->verify, "stream %.*s: its cut is malformed", (int)stream.len,
                      (const char *)stream.data);
        return;
    }
    s->cut = cut.version;
    /* 0: a policy of the store that it was imported from did it, or the event that says so has not come yet, or its place was taken. */
    if (cut.deletion != 0 && !scan_is_recorded(s, cut.deletion))
        verify_report(s->verify, "stream %.*s: event %" PRIu64 ", which deleted it, is not there",
                      (int)stream.len, (const char *)stream.data, cut.deletion);
}

/* How many events, or 0: malformed. */
static uint64_t extent_count(struct span value)
{
    struct extent extent;
    struct extent_run run;
    uint64_t count = 0;
    bool fault = !extent_decode(value, &extent);
    while (!fault && extent_next(&extent, &run, &fault))
        count += run.count;
    return fault ? 0 : count;
}

static void scan_extent(struct scan *s, struct span stream, uint64_t version, struct span value)
{
    uint64_t count = extent_count(value);
    s->verify->extents++;
    s->extents += version + count > s->cut + 1; /* some of them are left */
    if (count == 0)
        verify_report(s->verify, "stream %.*s: the index at version %" PRIu64 " is malformed",
                      (int)stream.len, (const char *)stream.data, version);
    /* Of what was deleted any part may be gone already, but from the front. */
    bool begins = s->expected == 0 && version <= s->cut;
    uint64_t expected = s->expected ? s->expected : s->cut + 1;
    if (!begins && version != expected)
        verify_report(s->verify,
                      "stream %.*s: the index goes on with version %" PRIu64 " instead of %" PRIu64,
                      (int)stream.len, (const char *)stream.data, version, expected);
    s->expected = version + count;
}

static void scan_stream(struct scan *s, struct span key, struct span value)
{
    struct span stream;
    uint64_t version;
    if (!key_extent_read(key, &stream, &version)) {
        verify_report(s->verify, "a key of the stream index is malformed (%zu bytes)", key.len);
        return;
    }
    if (!text_equal(stream, (struct span){s->stream, s->stream_len})) {
        memcpy(s->stream, stream.data, stream.len);
        s->stream_len = stream.len;
        s->cut = s->expected = 0;
        s->verify->streams++;
    }
    if (version == 0)
        scan_cut(s, stream, value);
    else
        scan_extent(s, stream, version, value);
}

/* ---- the rest ---- */

static void scan_id(struct scan *s, struct span key, struct span value)
{
    struct id_entry entry;
    s->verify->ids++;
    if (!key_is_event_id(key) || !id_entry_decode(value, &entry))
        verify_report(s->verify,
                      "an event id's entry is malformed (key of %zu bytes, value of %zu)", key.len,
                      value.len);
}

static void scan_erase(struct scan *s, struct span key, struct span value)
{
    uint64_t deletion;
    if (!key_erase_read(key, &deletion) || text_name_fault(value))
        verify_report(s->verify, "a note of what is to be erased is malformed");
    else if (verify_record_cut(s->verify, s->log, value) == 0)
        verify_report(s->verify, "stream %.*s: it is to be erased, but has no cut", (int)value.len,
                      (const char *)value.data);
}

static void scan_policy(struct scan *s, struct span key, struct span value)
{
    struct span pattern;
    struct policy policy;
    if (!key_policy_read(key, &pattern) || text_name_fault(pattern) ||
        !policy_decode(value, &policy))
        verify_report(s->verify, "a retention policy is malformed");
    else if (!scan_is_recorded(s, policy.order_id))
        verify_report(s->verify,
                      "retention policy %.*s: event %" PRIu64 ", which set it, is not there",
                      (int)pattern.len, (const char *)pattern.data, policy.order_id);
}

static void scan_key(struct scan *s, struct span key, struct span value)
{
    switch (key.len ? key.data[0] : 0) {
    case 'E':
        scan_erase(s, key, value);
        break;
    case 'M': /* checked when the store was opened */
        break;
    case 'P':
        scan_policy(s, key, value);
        break;
    case 'r':
        scan_record(s, key, value);
        break;
    case 'S':
        scan_stream(s, key, value);
        break;
    case KEY_ID_TEXT:
    case KEY_ID_UUID7:
    case KEY_ID_UUID:
        scan_id(s, key, value);
        break;
    default:
        verify_report(s->verify, "a key of %zu bytes is of no known kind", key.len);
    }
}

static bool scan_all(struct scan *s)
{
    struct log_iter *iter = log_iter_open(s->log, LOG_SCAN);
    struct error error;
    if (!iter)
        return false;
    for (log_iter_seek(iter, (struct span){NULL, 0});; log_iter_next(iter)) {
        if (log_iter_fault(iter, &error) != REASON_NONE) {
            verify_report(s->verify, "%s", error.message);
            log_iter_go_on(iter);
        }
        if (!log_iter_valid(iter))
            break;
        scan_key(s, log_iter_key(iter), log_iter_value(iter));
    }
    log_iter_close(iter);
    return true;
}

/* ---- counts ---- */

static bool compare_counts(struct scan *s)
{
    struct verify *v = s->verify;
    uint64_t marked;
    bool ok = true;
    if (!log_marked(s->log, &marked))
        verify_report(
            v, "the file mark, which says up to where records were acknowledged, is damaged: "
               "whether some are missing at the end cannot be told");
    if (s->before.number < marked)
        verify_report(
            v, "the last record has number %" PRIu64 ", but number %" PRIu64 " was acknowledged",
            s->before.number, marked);
    if (s->extents != verify_record_extents(s->records)) {
        verify_report(v, "the stream index has %" PRIu64 " entries, the records ask for %" PRIu64,
                      s->extents, verify_record_extents(s->records));
        ok = verify_extras_extents(v, s->log);
    }
    if (v->ids != v->events)
        verify_report(v, "there are %" PRIu64 " event ids, and %" PRIu64 " events", v->ids,
                      v->events);
    if (ok && (v->ids != v->events || v->erased))
        ok = verify_extras_ids(v, s->log);
    return ok;
}

enum log_fault verify_run(const char *dir, struct verify *verify, struct error *error)
{
    const struct log_options options = {.inspect = true};
    enum log_fault fault;
    struct log *log = log_open(dir, &options, &fault, error);
    if (!log)
        return fault;
    struct scan scan = {.verify = verify, .log = log, .records = verify_record_new(verify, log)};
    bool ok = scan.records && scan_all(&scan) && compare_counts(&scan);
    verify_record_free(scan.records);
    log_close(log);
    if (!ok) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to verify the store in %s", dir);
        return LOG_FAILED;
    }
    return verify->faults ? LOG_DAMAGED : LOG_OK;
}
