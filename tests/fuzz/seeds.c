/*
 * seeds DIR: write a few valid messages to begin fuzzing with, to DIR/fuzz_event, DIR/fuzz_emit, …
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "wire/codec.h"
#include "wire/text.h"

static const char *base;

/* One file; prefix < 0: none. */
static void seed(const char *target, const char *name, int prefix, struct span message)
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
    fclose(file);
}

static void seed_bytes(const char *target, const char *name, int prefix, struct bytes *message)
{
    seed(target, name, prefix, bytes_span(message));
    bytes_unref(message);
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
    struct info info = {"id", 2, 3, {4, 5, 6, 7}, "0.1.0"};
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
}

static void seed_bus(void)
{
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.service = text_span("orders"),
                                    .instance_id = text_span("1"),
                                    .epoch = 1,
                                    .tag = {text_span("t")},
                                    .tags = 1}};
    struct frame endpoint = {.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/a/**")}};
    struct frame credit = {.exchange = 1, .kind = FRAME_CREDIT, .credit = {1, 2}};
    struct bus_call call = {.url = text_span("rpc://orders/a"), .body = text_span("{}")};
    seed_bytes("fuzz_bus", "hello", -1, frame_head(&hello));
    seed_bytes("fuzz_bus", "endpoint", -1, frame_head(&endpoint));
    seed_bytes("fuzz_bus", "credit", -1, frame_head(&credit));
    seed_bytes("fuzz_bus", "call", -1, bus_request_encode(&call));
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
    return 0;
}
