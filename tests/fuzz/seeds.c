/*
 * seeds DIR: write a few valid inputs to begin fuzzing with, to DIR/fuzz_event, DIR/fuzz_emit, …
 */
#include "tests/fuzz/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "wire/codec-admin.h"
#include "wire/codec.h"
#include "wire/pb.h"
#include "wire/text.h"

static const char *base;

void seed(const char *target, const char *name, int prefix, struct span message)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", base, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", base, target, name);
    FILE *file = fopen(path, "wbe");
    if (!file) {
        perror(path);
        exit(1);
    }
    if (prefix >= 0)
        fputc(prefix, file);
    fwrite(message.data, 1, message.len, file);
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

void seed_bytes(const char *target, const char *name, int prefix, struct bytes *message)
{
    seed(target, name, prefix, bytes_span(message));
    bytes_unref(message);
}

void seed_texts(const char *target, int prefix, const char *const *texts, size_t len)
{
    char name[32];
    for (size_t i = 0; i < len; i++) {
        snprintf(name, sizeof name, "%d.%zu", prefix, i);
        seed(target, name, prefix, text_span(texts[i]));
    }
}

static void seed_emit(void)
{
    struct event events[2] = {
        {.stream_name = text_span("orders/7"),
         .event_type = text_span("OrderPlaced"),
         .event_id = text_span("0190b5f2-0000-7000-8000-000000000001"),
         .payload = text_span("{\"total\":7}"),
         .content_type = text_span("application/json"),
         .schema = text_span("1"),
         .id = text_span("7"),
         .service_id = text_span("orders"),
         .caused_by = text_span("1700000000000000"),
         .caused_by_relation = text_span("CAUSED"),
         .metadata = text_span("m"),
         .traceparent = text_span("00-0-0-00")},
        {.stream_name = text_span("größer"), .event_type = text_span("t")},
    };
    struct expect expects[3] = {{text_span("a"), EXPECT_VERSION, 7},
                                {text_span("b"), EXPECT_NO_STREAM, 0},
                                {text_span("c"), EXPECT_EXISTS, 0}};
    uint8_t event[1024];
    seed("fuzz_event", "whole", -1,
         (struct span){event, (size_t)(event_put(event, &events[0]) - event)});
    seed("fuzz_event", "least", -1,
         (struct span){event, (size_t)(event_put(event, &events[1]) - event)});
    struct emit_request request = {events, 2, expects, 3};
    struct bytes *batch = emit_request_encode(&request);
    seed("fuzz_emit", "batch", -1, bytes_span(batch));
    seed_bytes("fuzz_emit", "stream", -1, emit_stream_part(1, bytes_span(batch)));
    bytes_unref(batch);
}

static void seed_part(void)
{
    uint8_t marker[32];
    struct stored_at stored = {1700000000000000, 3};
    struct emit_response response = {true, &stored, 1, 1700000000000};
    struct stream_info info = {text_span("orders/7"), 1, 2, 3};
    seed("fuzz_part", "caught_up", -1, (struct span){marker, marker_caught_up(marker, 99)});
    seed("fuzz_part", "checkpoint", -1, (struct span){marker, marker_checkpoint(marker, 9, 99)});
    seed_bytes("fuzz_part", "event", -1, get_response_encode(text_span("\x0a\x01s\x12\x01t")));
    seed_bytes("fuzz_part", "result", -1, emit_result_part(1, &response, NULL));
    seed_bytes("fuzz_part", "stream", -1, stream_info_part(&info));
    seed_bytes("fuzz_codec", "response", 2, emit_response_encode(&response));
}

static void seed_codec(void)
{
    struct subscribe_request subscribe = {.stream_name = text_span("orders/**"),
                                          .type = STREAM_COLD,
                                          .from_kind = FROM_TIME,
                                          .from = 17,
                                          .limit = 9,
                                          .event_type = {text_span("t")},
                                          .event_types = 1,
                                          .store_id = text_span("id")};
    struct get_request get = {.by = GET_BY_VERSION, .stream_name = text_span("s"), .version = 1};
    struct delete_request deletion = {text_span("s"), {.kind = EXPECT_VERSION, .version = 9}};
    struct info info = {"id", 2, 3, {4, 5, 6, 7}, "0.1.0", 8, true, "synced"};
    struct error error;
    error_set(&error, REASON_WRONG_VERSION, "moved");
    error.wrong_versions = 1;
    error.wrong_version[0] = (struct wrong_version){"s", EXPECT_VERSION, 1, 2, true};
    seed_bytes("fuzz_codec", "subscribe", 0, subscribe_request_encode(&subscribe));
    seed_bytes("fuzz_codec", "read", 0, read_request_encode(&subscribe));
    seed_bytes("fuzz_codec", "get", 1, get_request_encode(&get));
    seed_bytes("fuzz_codec", "delete", 1, delete_request_encode(&deletion));
    seed_bytes("fuzz_codec", "info", 2, info_response_encode(&info));
    seed_bytes("fuzz_codec", "error", 3, error_encode(&error));
    seed_bytes("fuzz_codec", "status", 3, error_status_encode(&error));
    seed_bytes("fuzz_codec", "log_level", 4, log_level_request_encode(ADMIN_LOG_DEBUG));
}

static void seed_frames(void)
{
    const struct bus_call call = {.url = text_span("rpc://orders/a"),
                                  .body_bytes = 9,
                                  .timeout_ms = 1000,
                                  .caused_by = text_span("7"),
                                  .credit_bytes = 9};
    const struct frame frames[] = {
        {.kind = FRAME_HELLO,
         .hello = {.service = text_span("orders"),
                   .instance_id = text_span("1"),
                   .epoch = 1,
                   .tag = {text_span("t")},
                   .tags = 1}},
        {.kind = FRAME_WELCOME, .welcome = {text_span("id"), 1, 2, 3, 4}},
        {.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/a/**"), .stream = true}},
        {.kind = FRAME_ENDPOINT_DONE, .endpoint = {.path = text_span("/a"), .removed = true}},
        {.exchange = 1, .kind = FRAME_CALL, .call = call},
        {.exchange = 1, .kind = FRAME_ANSWER, .answer = {.status = 200, .body_bytes = 1}},
        {.exchange = 1, .kind = FRAME_ITEM, .item = {.content_type = text_span("a/b")}},
        {.exchange = 1, .kind = FRAME_END},
        {.exchange = 1, .kind = FRAME_CANCEL},
        {.exchange = 1, .kind = FRAME_CREDIT, .credit = {1, 2}},
        {.kind = FRAME_DRAIN, .drain_ms = 9},
        {.kind = FRAME_BEAT},
    };
    char name[32];
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        snprintf(name, sizeof name, "frame%d", (int)frames[i].kind);
        seed_bytes("fuzz_bus", name, -1, frame_head(&frames[i]));
    }
}

static void seed_bus(void)
{
    const struct bus_call call = {.url = text_span("rpc://orders/a"), .body = text_span("{}")},
                          stream = {.url = text_span("stream://orders/a?b"), .credit_items = 1};
    const struct bus_answer answer = {.status = 200, .instance_id = text_span("1")};
    const struct discover_request discover = {text_span("tag:x"), true};
    seed_frames();
    seed_bytes("fuzz_bus", "request", -1, bus_request_encode(&call));
    seed_bytes("fuzz_bus", "stream", -1, bus_stream_encode(&stream));
    seed_bytes("fuzz_bus", "response", -1, bus_response_encode(&answer));
    seed_bytes("fuzz_bus", "discover", -1, discover_request_encode(&discover));
    seed_bytes("fuzz_bus", "introspect", -1, introspect_request_encode(text_span("orders")));
}

/* The numbers are the places in fuzz_calls.c; where a client says more than one message, the next byte says how many, less one. */
static void seed_calls(void)
{
    const struct event event = {.stream_name = text_span("s"), .event_type = text_span("t")};
    const struct emit_request request = {(struct event *)&event, 1, NULL, 0};
    const struct subscribe_request cold = {.stream_name = text_span("s"), .type = STREAM_COLD};
    const struct bus_call stats = {.url = text_span("rpc://photon/stats")},
                          stream = {.url = text_span("stream://photon/stream?stream-name=s")};
    const struct frame hello = {.kind = FRAME_HELLO,
                                .hello = {.service = text_span("s"),
                                          .instance_id = text_span("1"),
                                          .epoch = 1}},
                       call = {.exchange = 1,
                               .kind = FRAME_CALL,
                               .call = {.url = text_span("rpc://s/a")}};
    static const uint8_t two_frames = 1;
    const struct get_request get = {
        .by = GET_BY_VERSION, .stream_name = text_span("s"), .version = 1};
    const struct delete_request deletion = {.stream_name = text_span("s")};
    struct bytes *batch = emit_request_encode(&request),
                 *one = emit_stream_part(1, bytes_span(batch));
    struct bytes *part = bytes_new(1 + one->len), *head = frame_head(&hello),
                 *next = frame_head(&call);
    struct bytes *session = bytes_new(1 + head->len + next->len);
    part->data[0] = 0;
    memcpy(part->data + 1, one->data, one->len);
    session->data[0] = two_frames;
    memcpy(session->data + 1, head->data, head->len);
    memcpy(session->data + 1 + head->len, next->data, next->len);
    seed("fuzz_calls", "emit", 1, bytes_span(batch));
    seed_bytes("fuzz_calls", "emit_stream", 2, part);
    seed_bytes("fuzz_calls", "subscribe", 3, subscribe_request_encode(&cold));
    seed_bytes("fuzz_calls", "get", 5, get_request_encode(&get));
    seed_bytes("fuzz_calls", "delete", 7, delete_request_encode(&deletion));
    seed_bytes("fuzz_calls", "request", 8, bus_request_encode(&stats));
    seed_bytes("fuzz_calls", "stream", 9, bus_stream_encode(&stream));
    seed_bytes("fuzz_calls", "connect", 10, session);
    seed_bytes("fuzz_calls", "introspect", 12, introspect_request_encode(text_span("photon")));
    bytes_unref(batch);
    bytes_unref(one);
    bytes_unref(head);
    bytes_unref(next);
}

/* What libmuon is told: two events, two items, one service. */
static void seed_answers(void)
{
    uint8_t raw[128], *end = raw, page[256];
    const struct event event = {.stream_name = text_span("s"), .event_type = text_span("t")};
    end = pb_put_uint(event_put(end, &event), 13, 7);
    struct span one = {raw, (size_t)(end - raw)};
    end = pb_put_bytes(pb_put_bytes(page, 1, one), 1, one);
    end += marker_caught_up(end, 99);
    seed("fuzz_answers", "events", 0, (struct span){page, (size_t)(end - page)});
    seed("fuzz_answers", "resuming", 3, (struct span){page, (size_t)(end - page)});
    seed_bytes("fuzz_answers", "item", 1, bus_item_head(&(struct bus_item){.body_bytes = 0}));
    struct discover_writer w = {0};
    struct instance_info info = {.instance_id = text_span("1"), .identity = text_span("me")};
    const struct bus_endpoint endpoint = {.path = text_span("/a"), .doc = text_span("says")};
    size_t service = discover_service_begin(&w, text_span("orders"));
    size_t instance = discover_instance_begin(&w, &info);
    discover_instance_tag(&w, text_span("t"));
    discover_instance_endpoint(&w, &endpoint);
    discover_instance_done(&w, instance);
    discover_service_tag(&w, text_span("t"));
    discover_service_done(&w, service);
    seed_bytes("fuzz_answers", "discover", 2, discover_message(&w));
    introspect_name(&w, text_span("orders"));
    introspect_endpoint(&w, &endpoint);
    seed_bytes("fuzz_answers", "introspect", 2, discover_message(&w));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds DIR\n");
        return 2;
    }
    base = argv[1];
    mkdir(base, 0777);
    seed_emit();
    seed_part();
    seed_codec();
    seed_bus();
    seed_calls();
    seed_answers();
    seeds_text();
    return 0;
}
