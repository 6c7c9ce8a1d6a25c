/*
 * load_serve.c - the services of soak_load: responders, which record what they act upon before they answer, and callers. A body is the
 * request's id and a checksum of what follows; an answer repeats the id and has a checksum of the whole body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/load.h"

enum { WAIT_MS = 100, BODY_MAX = 200000, ANSWER_BYTES = 24 };

/* ---- responders ---- */

static void act(struct load_thread *self, muon_call *call)
{
    char answer[ANSWER_BYTES] = {0};
    struct history_record record = {.kind = HISTORY_ACT,
                                    .client = self->number,
                                    .checksum =
                                        history_checksum("", call->body.ptr, call->body.len),
                                    .time_ns = history_now()};
    if (call->body.len >= sizeof record.id)
        memcpy(&record.id, call->body.ptr, sizeof record.id);
    recorder_put(self->recorder, &record, 1);
    memcpy(answer, &record.id, sizeof record.id);
    memcpy(answer + sizeof record.id, &record.checksum, sizeof record.checksum);
    if (muon_call_reply(call, 200, NULL, answer, sizeof answer, NULL) == MUON_ENOMEM)
        load_die("muon_call_reply", "no memory");
}

static void service_name(const struct load *load, char name[128])
{
    snprintf(name, 128, "%s-service", load->options.name);
}

void load_serve(struct load_thread *self)
{
    char name[128];
    muon_server *server;
    muon_call *call;
    muon_error error;
    service_name(self->load, name);
    self->client = load_open(self->load, name);
    if (muon_serve(self->client, "/act", NULL, &server, &error) != MUON_OK)
        load_die("muon_serve", error.message);
    while (!self->load->done) {
        int32_t status = muon_server_next(server, &call, WAIT_MS, &error);
        if (status == MUON_OK)
            act(self, call);
        else if (status != MUON_ETIMEDOUT && status != MUON_EAGAIN)
            load_die("muon_server_next", error.message);
    }
    muon_server_free(server);
    muon_close(self->client, 0, NULL);
    muon_free(self->client);
}

/* ---- callers ---- */

struct caller {
    struct load_thread *self;
    uint64_t id, requests;
    char url[160];
    char *body;
};

static void make_body(struct caller *caller, const struct history_id *id, size_t len)
{
    memcpy(caller->body, id, sizeof *id);
    for (size_t i = sizeof *id; i < len; i++)
        caller->body[i] = (char)(i * 31 + caller->requests);
}

static void record_answer(struct history_record *record, const muon_reply *reply)
{
    memset(&record->id, 0, sizeof record->id);
    record->checksum = 0;
    if (reply->status != 200 || reply->body.len != ANSWER_BYTES)
        return; /* of no request: a wrong answer */
    memcpy(&record->id, reply->body.ptr, sizeof record->id);
    memcpy(&record->checksum, reply->body.ptr + sizeof record->id, sizeof record->checksum);
}

/* One request. */
static enum history_outcome ask(struct caller *caller)
{
    struct load_thread *self = caller->self;
    muon_request_opts opts = {.timeout_ms = 500 + (int32_t)load_random(self, 4000)};
    size_t len = load_random(self, 50) ? 24 + load_random(self, 400)
                                       : BODY_MAX / 2 + load_random(self, BODY_MAX / 2);
    muon_reply *reply;
    muon_error error;
    struct history_record record = {.kind = HISTORY_ASK,
                                    .client = self->number,
                                    .number = self->recorder->operations++,
                                    .id = history_request_id(caller->id, caller->requests++)};
    make_body(caller, &record.id, len);
    record.checksum = history_checksum("", caller->body, len);
    record.time_ns = history_now();
    recorder_put(self->recorder, &record, 1);
    int32_t status =
        muon_request(self->client, caller->url, caller->body, len, &opts, &reply, &error);
    enum history_outcome outcome = load_outcome(status, &error);
    record.kind = HISTORY_ANSWER;
    record.outcome = (uint8_t)outcome;
    record.time_ns = history_now();
    if (outcome == HISTORY_OK) {
        record_answer(&record, reply);
        muon_reply_free(reply);
        self->load->answered++;
    }
    recorder_put(self->recorder, &record, 1);
    load_count(self->load, outcome);
    return outcome;
}

void load_ask(struct load_thread *self)
{
    struct caller caller = {.self = self, .body = malloc(BODY_MAX)};
    char name[128];
    service_name(self->load, name);
    snprintf(caller.url, sizeof caller.url, "rpc://%s/act", name);
    if (!caller.body)
        load_die("a caller", "no memory");
    /* unique among all processes of a history */
    caller.id = (uint64_t)history_now() << 12 | self->number;
    while (!self->load->stop)
        if (ask(&caller) != HISTORY_OK)
            load_pause(self->load, 10);
    load_healed(self);
    bool alive = false;
    while (!alive && load_has_time(self->load)) {
        alive = ask(&caller) == HISTORY_OK;
        if (!alive)
            load_pause(self->load, 10);
    }
    if (!alive)
        load_not_alive(self);
    free(caller.body);
}
