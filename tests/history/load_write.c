/*
 * load_write.c - the writers of soak_load: many emits at a time, single ones and batches over several streams, each tried again with its
 * event ids until it is stored.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/history/load.h"

enum { WINDOW = 16, WAIT_MS = 100 };

/* An emit under way, or to be made again. */
struct slot {
    bool used, again, under_way;
    uint32_t number; /* of its last try */
    size_t count;
    int streams[LOAD_BATCH_MAX];
    char ids[LOAD_BATCH_MAX][37];
};

struct writer {
    struct load_thread *self;
    muon_queue *queue;
    struct slot slots[WINDOW];
    char (*payloads)[LOAD_PAYLOAD_MAX];
    uint64_t names[LOAD_STREAMS];
    uint64_t made; /* events */
    int64_t begun;
};

static void new_emit(struct writer *writer, struct slot *slot)
{
    struct load_thread *self = writer->self;
    *slot = (struct slot){.used = true, .count = 1};
    if (load_random(self, 8) == 0)
        slot->count = 2 + load_random(self, LOAD_BATCH_MAX - 1);
    for (size_t i = 0; i < slot->count; i++) {
        muon_event_id_new(slot->ids[i]);
        slot->streams[i] = (int)load_random(self, LOAD_STREAMS);
    }
    writer->made += slot->count;
}

static void returned(struct writer *writer, struct slot *slot, int32_t status,
                     const muon_error *error, const muon_item *item)
{
    struct load_thread *self = writer->self;
    enum history_outcome outcome = load_outcome(status, error);
    struct history_record record = {.kind = HISTORY_EMITTED,
                                    .outcome = (uint8_t)outcome,
                                    .client = self->number,
                                    .number = slot->number,
                                    .order_id = item ? item->order_id : 0,
                                    .version = item ? item->version : 0,
                                    .time_ns = history_now()};
    recorder_put(self->recorder, &record, 1);
    load_count(self->load, outcome);
    slot->under_way = false;
    slot->again = outcome != HISTORY_OK && outcome != HISTORY_CLASH;
    slot->used = slot->again;
    if (outcome == HISTORY_OK)
        load_acknowledged(self->load, slot->streams[slot->count - 1], record.order_id);
}

static void invoke(struct writer *writer, struct slot *slot)
{
    struct load_thread *self = writer->self;
    struct history_record records[LOAD_BATCH_MAX];
    muon_event_in events[LOAD_BATCH_MAX];
    muon_emit_opts opts = {.timeout_ms = 500 + (int32_t)load_random(self, 4000)};
    muon_error error;
    slot->number = self->recorder->operations++;
    for (size_t i = 0; i < slot->count; i++) {
        events[i] = (muon_event_in){.stream = self->load->streams[slot->streams[i]]};
        load_make(slot->ids[i], writer->payloads[i], &events[i]);
        records[i] = (struct history_record){
            .kind = HISTORY_EMIT,
            .mode = HISTORY_PIPELINED,
            .client = self->number,
            .number = slot->number,
            .count = (uint32_t)slot->count,
            .id = history_event_id(slot->ids[i]),
            .stream = writer->names[slot->streams[i]],
            .checksum = history_checksum(events[i].type, events[i].payload, events[i].payload_len),
            .time_ns = history_now()};
    }
    recorder_put(self->recorder, records, slot->count);
    int32_t status = muon_emit_async(self->client, NULL, events, slot->count, &opts, writer->queue,
                                     (uint64_t)(slot - writer->slots), &error);
    slot->under_way = status == MUON_OK;
    if (status != MUON_OK)
        returned(writer, slot, status, &error, NULL);
}

static bool may_make_more(const struct writer *writer)
{
    const struct load *load = writer->self->load;
    double seconds = (double)(history_now() - writer->begun) / 1e9;
    return !load->stop && (double)writer->made < seconds * (double)load->options.rate + WINDOW;
}

/* Make and make again what may be; returns how many are under way. */
static size_t invoke_all(struct writer *writer)
{
    size_t under_way = 0;
    for (size_t i = 0; i < WINDOW; i++) {
        struct slot *slot = &writer->slots[i];
        if (!slot->used && may_make_more(writer))
            new_emit(writer, slot);
        if (slot->used && !slot->under_way)
            invoke(writer, slot);
        under_way += slot->under_way;
    }
    return under_way;
}

/* Wait for what is under way, but for at most so long. */
static void take(struct writer *writer, int ms)
{
    muon_item items[WINDOW];
    int32_t count = muon_queue_wait(writer->queue, items, WINDOW, ms);
    for (int32_t i = 0; i < count; i++) {
        returned(writer, &writer->slots[items[i].tag], items[i].status, items[i].error, &items[i]);
        muon_item_clear(&items[i]);
    }
}

static bool is_all_known(const struct writer *writer)
{
    for (size_t i = 0; i < WINDOW; i++)
        if (writer->slots[i].used)
            return false;
    return true;
}

/* All is well again: what is unknown gets known, and one more is stored. */
static void succeed(struct writer *writer)
{
    load_healed(writer->self);
    while (!is_all_known(writer) && load_has_time(writer->self->load)) {
        invoke_all(writer);
        take(writer, WAIT_MS);
    }
    struct slot *last = &writer->slots[0];
    bool known = is_all_known(writer);
    if (known)
        new_emit(writer, last);
    while (last->used && load_has_time(writer->self->load)) {
        invoke_all(writer);
        take(writer, WAIT_MS);
    }
    if (!known || last->used)
        load_not_alive(writer->self);
}

void load_write(struct load_thread *self)
{
    struct writer writer = {.self = self, .begun = history_now()};
    muon_error error;
    if (muon_queue_new(self->client, &writer.queue, &error) != MUON_OK)
        load_die("muon_queue_new", error.message);
    writer.payloads = malloc(LOAD_BATCH_MAX * sizeof *writer.payloads);
    if (!writer.payloads)
        load_die("a writer", "no memory");
    for (int i = 0; i < LOAD_STREAMS; i++)
        writer.names[i] = recorder_name(self->recorder, self->load->streams[i]);
    while (!self->load->stop) {
        size_t under_way = invoke_all(&writer);
        if (under_way)
            take(&writer, WAIT_MS);
        else
            load_pause(self->load, 2);
    }
    succeed(&writer);
    muon_queue_free(writer.queue);
    free(writer.payloads);
}
