/*
 * stock.c - see stock.h. Order ids have gaps between commits, as those of a clock do.
 */
#include "stock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/heads.h"
#include "store/ids.h"
#include "store/keys.h"
#include "store/submission.h"
#include "wire/event.h"
#include "wire/pb.h"
#include "wire/text.h"

enum { FIRST = 1000, GAP = 10, EVENT_MAX = 512, TIME_FIRST = 1700000000 };

struct stock stock_begin(void)
{
    return (struct stock){.next = FIRST, .time_ms = TIME_FIRST};
}

const char *stock_stream(uint64_t i, char out[32])
{
    snprintf(out, 32, "stock/%" PRIu64, i % STOCK_STREAMS);
    return out;
}

/* By turns a UUIDv7, another UUID, and any text. */
const char *stock_id(uint64_t i, char out[64])
{
    static const char *const format[] = {"01890a5d-%04x-7000-8000-0000%08x",
                                         "f81d4fae-%04x-4000-8000-0000%08x", "any text %u/%u"};
    snprintf(out, 64, format[i % 3], (unsigned)(i >> 16), (unsigned)i);
    return out;
}

struct texts {
    char stream[32], id[64], payload[64];
};

/* What the client sent. */
static struct event event_make(uint64_t i, struct texts *texts)
{
    snprintf(texts->payload, sizeof texts->payload, "{\"n\":%" PRIu64 "}", i * 2654435761u);
    return (struct event){.stream_name = text_span(stock_stream(i, texts->stream)),
                          .event_type = text_span("Stocked"),
                          .event_id = text_span(stock_id(i, texts->id)),
                          .payload = text_span(texts->payload)};
}

/* The stored event: a client's fields, then the store's. */
static uint8_t *event_write(uint8_t *at, uint64_t i, uint64_t order_id, uint64_t version,
                            int64_t time_ms)
{
    struct texts texts;
    struct event event = event_make(i, &texts);
    size_t len = event_size(&event) + pb_uint_size(13, order_id) + pb_uint_size(14, version) +
                 pb_uint_size(15, (uint64_t)time_ms);
    *at++ = 0x0a;
    at = pb_put_varint(at, len);
    at = event_put(at, &event);
    at = pb_put_uint(at, 13, order_id);
    at = pb_put_uint(at, 14, version);
    return pb_put_uint(at, 15, (uint64_t)time_ms);
}

static void put_id(struct log_batch *batch, uint64_t i, uint64_t order_id, uint64_t version,
                   int64_t time_ms)
{
    struct texts texts;
    struct event event = event_make(i, &texts);
    uint8_t value[ID_ENTRY_BYTES];
    struct id_entry entry = {.order_id = order_id, .version = version, .time_ms = time_ms};
    submission_digest(&event, entry.digest);
    id_entry_encode(value, &entry);
    struct key key = key_event_id(event.event_id);
    log_batch_put(batch, key_span(&key), (struct span){value, sizeof value});
}

static void put_extent(struct log_batch *batch, const struct stock *stock, uint64_t stream,
                       uint64_t first, unsigned n, uint64_t version)
{
    struct extent_run runs[STOCK_COMMIT_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < n; i++)
        if ((stock->events + i) % STOCK_STREAMS == stream)
            runs[len++] = (struct extent_run){i, 1};
    if (len == 0)
        return;
    char name[32];
    uint8_t value[8 + 10 * STOCK_COMMIT_MAX];
    struct key key = key_extent(text_span(stock_stream(stream, name)), version);
    size_t bytes = extent_encode(value, first, runs, len);
    log_batch_put(batch, key_span(&key), (struct span){value, bytes});
}

/* As the committer does it. */
static enum reason write_durably(struct log *log, struct log_batch *batch, struct error *error)
{
    struct log_appended appended;
    if (!log_may_append(log))
        return log_write(log, batch, error);
    enum reason reason = log_append(log, batch, &appended, error);
    if (reason == REASON_NONE)
        reason = log_sync(log, &appended, error);
    log_appended_end(&appended);
    return reason;
}

enum reason stock_commit(struct stock *stock, struct log *log, unsigned n, struct error *error)
{
    assert_in_range(n, 1, STOCK_COMMIT_MAX);
    struct stock after = *stock;
    struct log_batch *batch = log_batch_new();
    uint8_t *value = malloc(RECORD_HEADER_BYTES + (size_t)n * EVENT_MAX),
            *at = value + RECORD_HEADER_BYTES;
    for (uint64_t s = 0; s < STOCK_STREAMS; s++)
        put_extent(batch, stock, s, stock->next, n, stock->version[s] + 1);
    for (unsigned k = 0; k < n; k++) {
        uint64_t i = stock->events + k, version = ++after.version[i % STOCK_STREAMS];
        at = event_write(at, i, stock->next + k, version, stock->time_ms);
        put_id(batch, i, stock->next + k, version, stock->time_ms);
    }
    struct record record = {
        .kind = RECORD_EVENTS,
        .count = n,
        .first = stock->next,
        .last = stock->next + n - 1,
        .number = ++after.number,
        .time_ms = stock->time_ms,
        .body = {value + RECORD_HEADER_BYTES, (size_t)(at - value) - RECORD_HEADER_BYTES}};
    record_seal(value, &record);
    struct key key = key_record(record.first);
    log_batch_put(batch, key_span(&key), (struct span){value, (size_t)(at - value)});
    enum reason reason = write_durably(log, batch, error);
    log_batch_free(batch);
    free(value);
    after.events += n;
    after.next += n + GAP;
    after.time_ms += 1;
    if (reason == REASON_NONE)
        *stock = after;
    return reason;
}

/* ---- reading it back ---- */

static void check_event(struct log *log, struct span frame, uint64_t i, const struct record *record,
                        uint64_t order_id, uint64_t version)
{
    uint8_t expected[EVENT_MAX];
    char id[64];
    size_t len = (size_t)(event_write(expected, i, order_id, version, record->time_ms) - expected);
    assert_int_equal(frame.len, len);
    assert_memory_equal(frame.data, expected, len);
    struct key key = key_event_id(text_span(stock_id(i, id)));
    struct bytes *value = NULL;
    struct id_entry entry;
    assert_int_equal(log_get(log, key_span(&key), &value, NULL), REASON_NONE);
    assert_non_null(value);
    assert_true(id_entry_decode(bytes_span(value), &entry));
    assert_int_equal(entry.order_id, order_id);
    assert_int_equal(entry.version, version);
    bytes_unref(value);
}

static void check_record(struct log *log, const struct record *record, struct stock *stock)
{
    struct span rest = record->body, frame, event;
    uint64_t order_id = record->first;
    assert_int_equal(record->number, ++stock->number);
    assert_true(record->first >= stock->next);
    while (record_next(&rest, &frame, &event) == 1) {
        uint64_t i = stock->events++;
        check_event(log, frame, i, record, order_id++, ++stock->version[i % STOCK_STREAMS]);
    }
    assert_int_equal(order_id, record->last + 1);
    stock->next = record->last + 1 + GAP;
    stock->time_ms = record->time_ms + 1;
}

static void check_heads(struct log *log, const struct stock *stock)
{
    for (uint64_t s = 0; s < STOCK_STREAMS; s++) {
        char name[32];
        struct head head;
        assert_int_equal(head_read(log, text_span(stock_stream(s, name)), &head, NULL),
                         REASON_NONE);
        assert_int_equal(head.last_version, stock->version[s]);
        assert_int_equal(head.cut_version, 0);
    }
}

struct stock stock_resume(struct log *log)
{
    struct stock stock = stock_begin();
    struct log_iter *iter = log_iter_open(log, LOG_SCAN);
    struct record record;
    uint64_t order_id;
    assert_non_null(iter);
    struct key key = key_record(0);
    for (log_iter_seek(iter, key_span(&key));
         log_iter_valid(iter) && key_record_read(log_iter_key(iter), &order_id);
         log_iter_next(iter)) {
        assert_int_equal(record_open(order_id, log_iter_value(iter), &record, NULL), REASON_NONE);
        check_record(log, &record, &stock);
    }
    assert_int_equal(log_iter_fault(iter, NULL), REASON_NONE);
    log_iter_close(iter);
    check_heads(log, &stock);
    return stock;
}

uint64_t stock_check(struct log *log, uint64_t events_min)
{
    struct stock stock = stock_resume(log);
    assert_true(stock.events >= events_min);
    return stock.events;
}
