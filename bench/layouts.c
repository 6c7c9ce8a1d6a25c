/*
 * layouts.c - see layouts.h. The two layouts that were not chosen are written as tightly as the one that was.
 */
#include "bench/layouts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "store/builder.h"
#include "store/little.h"
#include "store/record.h"
#include "wire/pb.h"
#include "wire/text.h"

enum {
    REPLY_BYTES = 256 * 1024,
    VALUE_MAX = RECORD_HEADER_BYTES + RECORD_BODY_BYTES,
    FRAME_MAX = 4096,
    CHECKSUM = 8
};

struct bed {
    enum layout layout;
    struct log *log;
    struct log_batch *batch; /* not LAYOUT_EXTENT */
    struct builder *builder; /* LAYOUT_EXTENT */
    uint64_t next, number;
    int64_t time_ms;          /* of the commit */
    uint8_t value[VALUE_MAX]; /* the record being built */
    size_t len;
    uint32_t count;
    uint8_t reply[REPLY_BYTES];
    size_t reply_len;
};

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "bench_layout: %s: %s\n", what, error ? error->message : "no memory");
    exit(1);
}

struct bed *bed_open(enum layout layout, const char *dir)
{
    const struct log_options options = {.create = true};
    enum log_fault fault;
    struct error error;
    struct bed *bed = calloc(1, sizeof *bed);
    if (!bed)
        die("open", NULL);
    bed->layout = layout;
    bed->next = 1700000000000000;
    bed->log = log_open(dir, &options, &fault, &error);
    if (!bed->log)
        die("open", &error);
    bed->batch = log_batch_new();
    bed->builder = builder_new();
    if (!bed->batch || !bed->builder)
        die("open", NULL);
    return bed;
}

void bed_close(struct bed *bed)
{
    log_batch_free(bed->batch);
    builder_free(bed->builder);
    log_close(bed->log);
    free(bed);
}

/* The key of a record; LAYOUT_EVENT has a letter of its own, since its values are no records of photond. */
static struct key key_of(const struct bed *bed, uint64_t order_id)
{
    struct key key = key_record(order_id);
    if (bed->layout == LAYOUT_EVENT)
        key.data[0] = 'b';
    return key;
}

static bool key_read(const struct bed *bed, struct span key, uint64_t *order_id)
{
    if (key.len != 9 || key.data[0] != (bed->layout == LAYOUT_EVENT ? 'b' : 'r'))
        return false;
    *order_id = big_get64(key.data + 1);
    return true;
}

/* ---- writing ---- */

static size_t frame_put(const struct bed *bed, uint8_t *at, const struct bed_event *e)
{
    uint8_t *end = at;
    size_t len = e->event.raw.len + pb_uint_size(13, bed->next) + pb_uint_size(14, e->version) +
                 pb_uint_size(15, (uint64_t)bed->time_ms);
    *end++ = 0x0a;
    end = pb_put_varint(end, len);
    memcpy(end, e->event.raw.data, e->event.raw.len);
    end = pb_put_uint(end + e->event.raw.len, 13, bed->next);
    end = pb_put_uint(end, 14, e->version);
    end = pb_put_uint(end, 15, (uint64_t)bed->time_ms);
    return (size_t)(end - at);
}

static void id_put(const struct bed *bed, const struct bed_event *e)
{
    uint8_t value[ID_ENTRY_BYTES];
    struct id_entry entry = {.order_id = bed->next, .version = e->version, .time_ms = bed->time_ms};
    id_entry_encode(value, &entry);
    log_batch_put(bed->batch, key_span(&e->id), (struct span){value, sizeof value});
}

static void write_one(struct bed *bed, const struct bed_event *e)
{
    uint8_t value[CHECKSUM + FRAME_MAX], place[8];
    size_t len = CHECKSUM + frame_put(bed, value + CHECKSUM, e);
    little_put64(value, XXH3_64bits_withSeed(value + CHECKSUM, len - CHECKSUM, bed->next));
    struct key record = key_of(bed, bed->next),
               stream = key_extent(e->event.stream_name, e->version);
    little_put64(place, bed->next);
    log_batch_put(bed->batch, key_span(&record), (struct span){value, len});
    log_batch_put(bed->batch, key_span(&stream), (struct span){place, sizeof place});
    id_put(bed, e);
    bed->next++;
}

static void record_end(struct bed *bed)
{
    if (bed->count == 0)
        return;
    struct record record = {
        .kind = RECORD_EVENTS,
        .count = bed->count,
        .first = bed->next - bed->count,
        .last = bed->next - 1,
        .number = ++bed->number,
        .time_ms = bed->time_ms,
        .body = {bed->value + RECORD_HEADER_BYTES, bed->len - RECORD_HEADER_BYTES}};
    record_seal(bed->value, &record);
    struct key key = key_record(record.first);
    log_batch_put(bed->batch, key_span(&key), (struct span){bed->value, bed->len});
    bed->count = 0;
}

static void write_into_record(struct bed *bed, const struct bed_event *e)
{
    uint8_t frame[FRAME_MAX], place[32];
    size_t len = frame_put(bed, frame, e);
    if (bed->count && bed->len + len > VALUE_MAX)
        record_end(bed);
    if (bed->count == 0)
        bed->len = RECORD_HEADER_BYTES;
    memcpy(bed->value + bed->len, frame, len);
    bed->len += len;
    struct key stream = key_extent(e->event.stream_name, e->version);
    size_t place_len =
        extent_encode(place, bed->next - bed->count, &(struct extent_run){bed->count, 1}, 1);
    log_batch_put(bed->batch, key_span(&stream), (struct span){place, place_len});
    id_put(bed, e);
    bed->count++;
    bed->next++;
}

static void write_built(struct bed *bed, const struct bed_event *events, size_t n)
{
    size_t built;
    builder_start(bed->builder, bed->next, bed->number + 1, bed->time_ms, n * 400);
    for (size_t i = 0; i < n; i++) {
        struct event_facts facts = {.stream_hash = events[i].hash};
        if (!builder_add(bed->builder, &events[i].event, &facts, &events[i].id, events[i].version))
            die("build", NULL);
    }
    if (!builder_finish(bed->builder))
        die("build", NULL);
    builder_records(bed->builder, &built);
    bed->number += built;
    bed->next = builder_next(bed->builder);
}

void bed_write(struct bed *bed, const struct bed_event *events, size_t n)
{
    struct error error;
    log_batch_clear(bed->batch);
    bed->time_ms = (int64_t)(bed->next / 1000);
    if (bed->layout == LAYOUT_EXTENT)
        write_built(bed, events, n);
    for (size_t i = 0; i < n && bed->layout == LAYOUT_EVENT; i++)
        write_one(bed, &events[i]);
    for (size_t i = 0; i < n && bed->layout == LAYOUT_COMMIT; i++)
        write_into_record(bed, &events[i]);
    record_end(bed);
    struct log_batch *batch =
        bed->layout == LAYOUT_EXTENT ? builder_batch(bed->builder) : bed->batch;
    if (log_write(bed->log, batch, &error) != REASON_NONE)
        die("write", &error);
}

/* ---- reading ---- */

static void reply_put(struct bed *bed, struct span frames)
{
    if (bed->reply_len + frames.len > sizeof bed->reply)
        bed->reply_len = 0; /* sent */
    memcpy(bed->reply + bed->reply_len, frames.data, frames.len);
    bed->reply_len += frames.len;
}

/* The frames of a record's value, verified; how many. */
static uint32_t frames_of(const struct bed *bed, uint64_t order_id, struct span value,
                          struct span *frames)
{
    struct record record;
    struct error error;
    if (bed->layout == LAYOUT_EVENT) {
        *frames = (struct span){value.data + CHECKSUM, value.len - CHECKSUM};
        if (little_get64(value.data) != XXH3_64bits_withSeed(frames->data, frames->len, order_id))
            die("checksum", NULL);
        return 1;
    }
    if (record_open(order_id, value, &record, &error) != REASON_NONE)
        die("record", &error);
    *frames = record.body;
    return record.count;
}

uint64_t bed_replay(struct bed *bed)
{
    struct log_iter *iter = log_iter_open(bed->log, LOG_SCAN);
    uint64_t order_id, events = 0;
    if (!iter)
        die("read", NULL);
    struct span frames;
    struct key from = key_of(bed, 0);
    for (log_iter_seek(iter, key_span(&from));
         log_iter_valid(iter) && key_read(bed, log_iter_key(iter), &order_id);
         log_iter_next(iter)) {
        events += frames_of(bed, order_id, log_iter_value(iter), &frames);
        reply_put(bed, frames);
    }
    log_iter_close(iter);
    return events;
}

/* The record that was read last: events of one stream often share it. An iterator shows it without the two copies that a get makes. */
struct loaded {
    struct log_iter *records;
    uint64_t first;
    struct span frames;
};

static void load(struct bed *bed, struct loaded *loaded, uint64_t order_id)
{
    uint64_t found;
    if (loaded->first == order_id)
        return;
    struct key key = key_of(bed, order_id);
    log_iter_seek(loaded->records, key_span(&key));
    if (!log_iter_valid(loaded->records) || !key_read(bed, log_iter_key(loaded->records), &found) ||
        found != order_id)
        die("record", NULL);
    frames_of(bed, order_id, log_iter_value(loaded->records), &loaded->frames);
    loaded->first = order_id;
}

static uint64_t read_extent(struct bed *bed, struct span value, struct loaded *loaded,
                            uint64_t skip, uint64_t max)
{
    struct extent extent;
    struct extent_run run;
    struct span rest, frame, event;
    bool fault = false;
    uint64_t events = 0;
    if (!extent_decode(value, &extent))
        die("extent", NULL);
    load(bed, loaded, extent.record);
    uint32_t ordinal = 0;
    rest = loaded->frames;
    while (events < max && extent_next(&extent, &run, &fault)) {
        for (; ordinal < run.ordinal; ordinal++)
            record_next(&rest, &frame, &event);
        for (; ordinal < run.ordinal + run.count && events < max; ordinal++) {
            record_next(&rest, &frame, &event);
            if (skip) {
                skip--;
                continue;
            }
            reply_put(bed, frame);
            events++;
        }
    }
    return events;
}

uint64_t bed_read(struct bed *bed, struct span stream, uint64_t version, uint64_t max)
{
    struct loaded loaded = {.records = log_iter_open(bed->log, LOG_READ)};
    struct span name;
    uint64_t events = 0, at;
    struct log_iter *iter = log_iter_open(bed->log, LOG_READ);
    if (!iter || !loaded.records)
        die("read", NULL);
    struct key from = key_extent(stream, version + 1);
    log_iter_seek_before(iter, key_span(&from)); /* the extent that holds the version */
    for (; events < max && log_iter_valid(iter) &&
           key_extent_read(log_iter_key(iter), &name, &at) && text_equal(name, stream);
         log_iter_next(iter)) {
        if (bed->layout == LAYOUT_EVENT) {
            load(bed, &loaded, little_get64(log_iter_value(iter).data));
            reply_put(bed, loaded.frames);
            events++;
        } else {
            events += read_extent(bed, log_iter_value(iter), &loaded,
                                  at < version ? version - at : 0, max - events);
        }
    }
    log_iter_close(loaded.records);
    log_iter_close(iter);
    return events;
}
