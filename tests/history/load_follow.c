/*
 * load_follow.c - the subscribers of soak_load. One of three follows from the beginning to the end; the others begin at random places and
 * moments, go from history to live, follow for a moment, and begin again. In the end each has to see all that was acknowledged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/load.h"

enum { WAIT_MS = 50, EVENTS_MAX = 256, FROM_START_UP_TO = 2000, QUIET_MS = 500, NAMED = 1024 };

struct follower {
    struct load_thread *self;
    muon_sub *sub;
    char stream[128];
    int which; /* of load->streams; -1: a pattern */
    muon_sub_opts opts;
    uint32_t session;
    bool live;
    enum history_outcome ended; /* 0: not yet */
    int64_t live_ns, last;      /* order id */
    uint64_t behind_live;       /* events */
    uint64_t named[NAMED];      /* names that are in the file, by a part of their values */
};

static void put(const struct follower *follower, struct history_record record)
{
    record.client = follower->self->number;
    record.number = follower->session;
    record.time_ns = history_now();
    recorder_put(follower->self->recorder, &record, 1);
}

static uint64_t name_of(struct follower *follower, const char *text)
{
    uint64_t value = history_name(text), *named = &follower->named[value % NAMED];
    if (*named != value)
        *named = recorder_name(follower->self->recorder, text);
    return value;
}

static void begin(struct follower *follower, enum history_mode mode)
{
    struct load_thread *self = follower->self;
    muon_error error;
    follower->session = self->recorder->sessions++;
    follower->live = false;
    follower->ended = 0;
    follower->last = 0;
    follower->behind_live = 0;
    put(follower,
        (struct history_record){.kind = HISTORY_SUBSCRIBE,
                                .mode = (uint8_t)mode,
                                .expect = (uint8_t)follower->opts.from_kind, /* the same numbers */
                                .stream = name_of(follower, follower->stream),
                                .version = follower->opts.from});
    if (muon_subscribe(self->client, follower->stream, &follower->opts, &follower->sub, &error) !=
        MUON_OK)
        load_die("muon_subscribe", error.message);
    self->load->sessions++;
}

static void record_batch(struct follower *follower, const muon_batch *batch)
{
    struct history_record records[EVENTS_MAX];
    size_t count = muon_batch_count(batch), filled = 0;
    int64_t now = history_now();
    for (size_t i = 0; i < count; i++) {
        const muon_event *event = muon_batch_at(batch, i);
        records[filled++] = (struct history_record){
            .kind = HISTORY_EVENT,
            .mode = follower->live,
            .client = follower->self->number,
            .number = follower->session,
            .id = history_event_id(event->event_id.ptr),
            .stream = name_of(follower, event->stream.ptr),
            .order_id = event->order_id,
            .version = event->version,
            .checksum = history_checksum(event->type.ptr, event->payload.ptr, event->payload.len),
            .time_ns = now};
        follower->last = event->order_id;
        if (filled == EVENTS_MAX || i + 1 == count) {
            recorder_put(follower->self->recorder, records, filled);
            filled = 0;
        }
    }
    follower->behind_live += follower->live ? count : 0;
    follower->self->load->delivered += count;
    if (muon_batch_flags(batch) & MUON_BATCH_LIVE) {
        put(follower, (struct history_record){.kind = HISTORY_LIVE});
        follower->live = true;
        follower->live_ns = now;
        follower->self->load->crossings += follower->opts.mode == MUON_HOT_COLD;
    }
}

static void end(struct follower *follower, enum history_outcome outcome)
{
    put(follower, (struct history_record){.kind = HISTORY_ENDED, .outcome = (uint8_t)outcome});
    follower->ended = outcome;
}

/* What comes within a moment. */
static void step(struct follower *follower)
{
    muon_batch *batch;
    muon_error error;
    int32_t status = muon_sub_next(follower->sub, &batch, WAIT_MS, &error);
    if (status == MUON_OK) {
        record_batch(follower, batch);
        muon_batch_free(batch);
    } else if (status == MUON_END) {
        end(follower, HISTORY_OK);
    } else if (status != MUON_ETIMEDOUT && status != MUON_EAGAIN) {
        fprintf(stderr, "soak_load: a subscription to %s ended: %s: %s\n", follower->stream,
                muon_status_name(status), error.message);
        end(follower, HISTORY_FAILED);
    }
}

static void choose_stream(struct follower *follower, bool whole)
{
    struct load_thread *self = follower->self;
    uint64_t kind = load_random(self, 4);
    follower->which = -1;
    if (whole || kind == 0) {
        snprintf(follower->stream, sizeof follower->stream, "%s/**", self->load->options.name);
    } else if (kind == 1) {
        strcpy(follower->stream, "__all__");
    } else {
        follower->which = (int)load_random(self, LOAD_STREAMS);
        strcpy(follower->stream, self->load->streams[follower->which]);
    }
}

static void choose_begin(struct follower *follower)
{
    struct load_thread *self = follower->self;
    uint64_t mode = load_random(self, 10);
    follower->opts =
        (muon_sub_opts){.mode = mode == 0   ? MUON_COLD
                                : mode == 1 ? MUON_HOT
                                            : MUON_HOT_COLD,
                        .batch_max = load_random(self, 4) ? 0 : 1 + (uint32_t)load_random(self, 20),
                        .prefetch = load_random(self, 4) ? 0 : 1 + (uint32_t)load_random(self, 50)};
    if (follower->opts.mode == MUON_HOT)
        return;
    if (self->load->recents > FROM_START_UP_TO || load_random(self, 4))
        follower->opts.from = load_some_recent(self);
    else if (follower->which >= 0) {
        follower->opts.from_kind = MUON_FROM_VERSION;
        follower->opts.from = (int64_t)load_random(self, 50);
    }
}

/* From some place to live, and a little farther. */
static void follow_for_a_moment(struct follower *follower)
{
    const struct load *load = follower->self->load;
    choose_stream(follower, false);
    choose_begin(follower);
    begin(follower, (enum history_mode)follower->opts.mode); /* the same numbers */
    uint64_t events = load_random(follower->self, 30);
    while (!load->stop && !follower->ended) {
        step(follower);
        if (follower->live && (follower->behind_live >= events ||
                               history_now() - follower->live_ns > QUIET_MS * INT64_C(1000000)))
            break;
    }
    muon_sub_free(follower->sub);
}

/* Until all that was acknowledged is seen. */
static void see_all(struct follower *follower)
{
    const struct load *load = follower->self->load;
    load_healed(follower->self);
    while (!follower->ended && load_has_time(load)) {
        if (load->drain && follower->live && follower->last >= load->last_of_all)
            end(follower, HISTORY_OK);
        else
            step(follower);
    }
    if (!follower->ended)
        end(follower, HISTORY_FAILED);
    if (follower->ended != HISTORY_OK)
        load_not_alive(follower->self);
}

void load_follow(struct load_thread *self)
{
    struct follower follower = {.self = self};
    if (self->number % 3 != 0) {
        while (!self->load->stop)
            follow_for_a_moment(&follower);
    }
    choose_stream(&follower, true);
    follower.opts = (muon_sub_opts){.mode = MUON_HOT_COLD, .from = load_some_recent(self)};
    begin(&follower, HISTORY_HOT_COLD);
    while (!self->load->stop && !follower.ended)
        step(&follower);
    see_all(&follower);
    muon_sub_free(follower.sub);
}

bool load_final(struct load *load)
{
    struct load_thread self = {.load = load, .role = "final"};
    struct follower follower = {.self = &self, .opts = {.mode = MUON_COLD}};
    int64_t until = history_now() + 10 * LOAD_ALIVE_S * INT64_C(1000000000);
    self.recorder = recorder_open(load->options.dir, "final");
    self.client = load_open(load, NULL);
    strcpy(follower.stream, "__all__");
    begin(&follower, HISTORY_FINAL);
    while (!follower.ended && history_now() < until)
        step(&follower);
    muon_sub_free(follower.sub);
    muon_close(self.client, 0, NULL);
    muon_free(self.client);
    recorder_close(self.recorder);
    return follower.ended == HISTORY_OK;
}
