/*
 * load_race.c - the racers of soak_load: all for the same stream, each expects the version that it has read, or been told by the last
 * refusal; one wins. After some hundred emits they go to the next stream, where some expect that there is none yet.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/history/load.h"

enum { EMITS_A_STREAM = 400, TIMEOUT_MS = 4000 };

struct racer {
    struct load_thread *self;
    char stream[128];
    uint64_t name, of; /* which stream it is */
    int64_t version;   /* the last one known; -1: to be read */
    char *payload;
};

static void next_stream(struct racer *racer)
{
    uint64_t of = racer->self->load->races++ / EMITS_A_STREAM;
    if (racer->name && of == racer->of)
        return;
    racer->of = of;
    snprintf(racer->stream, sizeof racer->stream, "%s/race/%llu", racer->self->load->options.name,
             (unsigned long long)of);
    racer->name = recorder_name(racer->self->recorder, racer->stream);
    racer->version = -1;
}

static void read_version(struct racer *racer)
{
    struct load_thread *self = racer->self;
    muon_batch *batch;
    struct history_record record = {.kind = HISTORY_READ,
                                    .client = self->number,
                                    .number = self->recorder->operations++,
                                    .stream = racer->name,
                                    .time_ns = history_now()};
    recorder_put(self->recorder, &record, 1);
    int32_t status = muon_read(self->client, racer->stream, MUON_FROM_VERSION, 0, 1, MUON_BACKWARDS,
                               TIMEOUT_MS, &batch, NULL);
    record.kind = HISTORY_READ_DONE;
    record.time_ns = history_now();
    record.outcome = status == MUON_OK ? HISTORY_OK : HISTORY_FAILED;
    if (status == MUON_OK) {
        const muon_event *last = muon_batch_at(batch, 0);
        racer->version = record.version = last ? last->version : 0;
        muon_batch_free(batch);
    } else {
        load_pause(self->load, 10);
    }
    recorder_put(self->recorder, &record, 1);
}

static void choose_expectation(struct racer *racer, muon_expect *expect)
{
    *expect = (muon_expect){.kind = MUON_EXPECT_VERSION, .version = racer->version};
    if (racer->version == 0 && load_random(racer->self, 2))
        *expect = (muon_expect){.kind = MUON_EXPECT_NO_STREAM};
    else if (racer->version > 0 && load_random(racer->self, 50) == 0)
        *expect = (muon_expect){.kind = MUON_EXPECT_EXISTS};
    else if (racer->version > 0 && load_random(racer->self, 50) == 0)
        expect->version += load_random(racer->self, 2) ? 1 : -1;
}

static void returned(struct racer *racer, struct history_record *record, int32_t status,
                     const muon_emit_result *result, const muon_error *error)
{
    enum history_outcome outcome = load_outcome(status, error);
    record->kind = HISTORY_EMITTED;
    record->outcome = (uint8_t)outcome;
    record->time_ns = history_now();
    if (outcome == HISTORY_OK) {
        record->order_id = result->order_id;
        racer->version = record->version = result->version;
        load_acknowledged(racer->self->load, -1, result->order_id);
    } else if (outcome == HISTORY_REFUSED) {
        record->version = error->version;
        racer->version = load_random(racer->self, 2) ? error->version : -1;
    }
    recorder_put(racer->self->recorder, record, 1);
    load_count(racer->self->load, outcome);
}

/* One try. */
static enum history_outcome emit(struct racer *racer, const char *id, const muon_expect *expect)
{
    struct load_thread *self = racer->self;
    muon_event_in event = {0};
    muon_emit_opts opts = {.expects = expect,
                           .expects_len = expect->kind != MUON_EXPECT_ANY,
                           .timeout_ms = 300 + (int32_t)load_random(self, TIMEOUT_MS)};
    muon_emit_result result;
    muon_error error;
    load_make(id, racer->payload, &event);
    struct history_record record = {
        .kind = HISTORY_EMIT,
        .expect = (uint8_t)expect->kind, /* the same numbers */
        .client = self->number,
        .number = self->recorder->operations++,
        .count = 1,
        .id = history_event_id(id),
        .stream = racer->name,
        .version = expect->version,
        .checksum = history_checksum(event.type, event.payload, event.payload_len),
        .time_ns = history_now()};
    recorder_put(self->recorder, &record, 1);
    int32_t status = muon_emit(self->client, racer->stream, &event, 1, &opts, &result, &error);
    returned(racer, &record, status, &result, &error);
    return (enum history_outcome)record.outcome;
}

/* With one event id until it is known how it ended. false: it is not known in time. */
static bool settle(struct racer *racer, const muon_expect *expect)
{
    char id[37];
    muon_event_id_new(id);
    while (load_has_time(racer->self->load)) {
        enum history_outcome outcome = emit(racer, id, expect);
        if (outcome == HISTORY_OK || outcome == HISTORY_REFUSED || outcome == HISTORY_CLASH)
            return true;
        load_pause(racer->self->load, 5);
    }
    return false;
}

void load_race(struct load_thread *self)
{
    struct racer racer = {.self = self, .version = -1, .payload = malloc(LOAD_PAYLOAD_MAX)};
    muon_expect expect;
    if (!racer.payload)
        load_die("a racer", "no memory");
    while (!self->load->stop) {
        next_stream(&racer);
        if (racer.version < 0)
            read_version(&racer);
        if (racer.version < 0)
            continue;
        choose_expectation(&racer, &expect);
        settle(&racer, &expect);
    }
    load_healed(self);
    next_stream(&racer);
    if (!settle(&racer, &(muon_expect){.kind = MUON_EXPECT_ANY}))
        load_not_alive(self);
    free(racer.payload);
}
