/*
 * seeds_text.c - what people write, what is on the disk, and what programs ask of libmuon. A first line break parts what a target takes
 * apart at it; certificates are left to the fuzzer but for their outer shape.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "store/record.h"
#include "tests/fuzz/seeds.h"
#include "wire/event.h"
#include "wire/text.h"

#define SEED_TEXTS(target, prefix, ...)                                                            \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        seed_texts(target, prefix, texts, sizeof texts / sizeof texts[0]);                         \
    } while (0)

static void disk(void)
{
    const struct extent_run runs[] = {{0, 1}, {2, 3}, {900, 1}};
    const struct event events[] = {{.stream_name = text_span("orders/7"),
                                    .event_type = text_span("t"),
                                    .payload = text_span("{}")},
                                   {.stream_name = text_span("s"), .event_type = text_span("u")}};
    struct key record = key_record(1000), extent = key_extent(text_span("orders/7"), 7),
               erase = key_erase(7),
               uuid = key_event_id(text_span("0190b5f2-0000-7000-8000-000000000001"));
    uint8_t value[1024] = {0}, body[512], *at = body, id[ID_ENTRY_BYTES], cut[CUT_BYTES_MAX];
    seed("fuzz_keys", "record", -1, key_span(&record));
    seed("fuzz_keys", "extent", -1, key_span(&extent));
    seed("fuzz_keys", "erase", -1, key_span(&erase));
    seed("fuzz_keys", "event_id", -1, key_span(&uuid));
    seed("fuzz_keys", "runs", -1, (struct span){value, extent_encode(value, 1000, runs, 3)});
    id_entry_encode(id, &(struct id_entry){.order_id = 7, .version = 1, .time_ms = 9});
    seed("fuzz_keys", "id", -1, (struct span){id, sizeof id});
    seed("fuzz_keys", "cut", -1,
         (struct span){cut,
                       cut_encode(cut, &(struct cut){.version = 7, .order_id = 8, .deletion = 9})});
    seed("fuzz_keys", "tombstone", -1,
         (struct span){cut, cut_encode(cut, &(struct cut){7, 8, 9, true, false})});
    seed("fuzz_keys", "policy's cut", -1,
         (struct span){cut, cut_encode(cut, &(struct cut){7, 8, 9, false, true})});
    for (int i = 0; i < 2; i++) {
        uint8_t event[256];
        size_t len = (size_t)(event_put(event, &events[i]) - event);
        *at++ = 0x0a;
        *at++ = (uint8_t)len;
        memcpy(at, event, len);
        at += len;
    }
    size_t len = (size_t)(at - body);
    seed("fuzz_record", "body", 1, (struct span){body, len});
    memcpy(value + RECORD_HEADER_BYTES, body, len);
    record_seal(value, &(struct record){.kind = RECORD_EVENTS,
                                        .count = 2,
                                        .first = 1000,
                                        .last = 1001,
                                        .number = 1,
                                        .body = {value + RECORD_HEADER_BYTES, len}});
    seed("fuzz_record", "whole", -1, (struct span){value, RECORD_HEADER_BYTES + len});
}

/* A change with every field: the comparator, the log 7, the next file 9, the last sequence 100, a compact pointer, table 5 gone
 * and table 8 new. */
static void manifest(void)
{
    static const char change[] = "\x01\x1aleveldb.BytewiseComparator\x02\x07\x03\x09\x04\x64"
                                 "\x05\x01\x09key------\x06\x00\x05"
                                 "\x07\x01\x08\xe8\x07\x09"
                                 "a--------\x09"
                                 "z--------\x09\x00";
    seed("fuzz_manifest", "change", -1, (struct span){(const uint8_t *)change, sizeof change - 1});
}

static void configuration(void)
{
    SEED_TEXTS("fuzz_config", 0,
               "# photond\nlisten = 127.0.0.1:0, [::1]:10566\ndrain-time = 10 s\n"
               "event-bytes-max = 1 MiB\nlog-level = debug\n",
               "data-dir = data\ntls-cert = a.pem\ntls-key = b.pem\ntls-client-ca = c.pem\n"
               "name-owners = orders=orders.example, bills=\"x\"\ninsecure-plaintext = yes\n",
               "listen = 0.0.0.0:1\n; comment\n[section]\nlisen = x\n");
    SEED_TEXTS("fuzz_config", 1, "PHOTOND_LISTEN=127.0.0.1:0\nPHOTOND_DRAIN_TIME=10 s\n",
               "PHOTOND_LISEN=x\nHOME=/\nPHOTOND_LOG_LEVEL=loud\n");
    SEED_TEXTS("fuzz_config", 2, "64 MiB", "10s", "9223372036854775807", "0", "1500 ms", "2 h");
    SEED_TEXTS("fuzz_config", 3, "127.0.0.1:0,[::1]:80,unix:/run/p", "localhost:1", "a=b,c=d",
               "orders=orders.example");
    SEED_TEXTS("fuzz_config", 4,
               "\x02:0\n\x1d"
               "auto\n",
               "\x0b"
               "1 MiB\n\x0d"
               "7\n");
}

static void names(void)
{
    SEED_TEXTS("fuzz_names", 0, "orders/**\norders/7", "**\n__all__", "a**b***c\naxbxxc", "x\nx");
    SEED_TEXTS("fuzz_names", 1, "rpc://orders/a/b", "stream://photon/stream?a=b", "/orders/**",
               "request://s/p");
    SEED_TEXTS("fuzz_names", 2, "muon://localhost:10566", "muon+insecure://[::1]:1",
               "muon://a:1,b:2", "unix:/run/photond", "127.0.0.1:80", "host:1");
    SEED_TEXTS("fuzz_names", 3, "stream-name=a%2Fb&from=7&stream-type=cold\n{}",
               "\n{\"stream-name\":\"s\",\"event-type\":[\"a\",\"b\"],\"limit\":3}",
               "from-time=1700000000000&stream-name=s+t\n{\"from-version\":1}");
}

static void json(void)
{
    static const char *const events[] = {
        "{\"stream-name\":\"s\",\"event-type\":\"t\",\"payload\":{\"a\":[1,2.50,\"x\\\\\"]}}",
        ("{ \"event-type\" : \"t\", \"stream-name\":\"s\",\"payload\": \"\\ud83d\\ude00\" ,"
         "\"caused-by\":1700000000000000,\"metadata\":null,\"event-id\":\"e\",\"schema\":\"1\"}"),
        "{\"stream\":\"s\",\"type\":\"t\",\"payload-base64\":\"AAEC\",\"order-id\":7}",
        "{\"stream-name\":\"s\",\"event-type\":\"t\",\"payload\":1e400,\"p\\u0061yload\":2}"};
    const size_t len = sizeof events / sizeof events[0];
    seed_texts("fuzz_json", -1, events, len);
    seed_texts("fuzz_line", -1, events, len);
    seed_texts("fuzz_words", 4, events, len);
}

static void words(void)
{
    SEED_TEXTS("fuzz_words", 0, "replay\norders/**\n--from-version=7\n-n3\n--json\n",
               "serve\n/a\n--exec\nsh\n-c\nx\n", "emit\ns\nt\n--expect\nnone\n--\n--x",
               "--timeout=1.5s\n--tag\na\n--tag\nb\n--server\nmuon://a:1");
    SEED_TEXTS("fuzz_words", 1, "{\"stream-type\":\"cold\",\"from\":7,\"limit\":3}",
               "{\"event-type\":[\"a\",\"b\"],\"from-time\":\"2026-11-23T16:18\"}");
    SEED_TEXTS("fuzz_words", 2, "2026-11-23T16:18:39.123+02:00", "10m", "1.5s", "1700000000000",
               "2026-02-29", "exists", "7d");
    SEED_TEXTS("fuzz_words", 3, "AAEC", "YQ==", "any");
    SEED_TEXTS("fuzz_words", 6,
               "{order-id} {payload.a.1}\\t\n{\"order-id\":7,\"payload\":{\"a\":[1,\"\\n\"]}}",
               "type,time,payload.\"a.b\"\n{\"event-type\":\"t\",\"event-time\":1,"
               "\"p\\u0061yload\":{\"a.b\":null}}");
    SEED_TEXTS("fuzz_words", 5, "one\ntwo\r\n\nlast", "\n");
}

static void interface(void)
{
    SEED_TEXTS("fuzz_api", 0, "service.name\norders\ntimeout.default\n1000\n",
               "tls.ca_file\n/x\nservice.tags\na,b\nemit.max_inflight\n-1\n");
    SEED_TEXTS("fuzz_api", 1, "\x01\x01\x02\x01\x01orders/7\n\x02{}\ntype\n",
               "\x01\x01\x0b\x01\x02orders/7\na\n\x07{\"a\":1}\nt\ns\nb\n\x02x\nu\n");
    SEED_TEXTS("fuzz_api", 2, "\x01\x01rpc://orders/a\n{}\n",
               "\x0f\x01request://orders/a\nbody\ntext/plain\n7\n00-0-0-00\n");
    SEED_TEXTS("fuzz_api", 3, "\x09\x01\x01\x01\x01\x01\x01orders/**\nt\nu\n",
               "\x08\x02\x01\x01\x01\x01\x01stream://s/p?a=b\n-\n-\n");
    SEED_TEXTS("fuzz_api", 4, "\x01\x01\x01\x0a\x01orders/7\n", "\x01\x01\x01\x0a\x01__all__\n");
    SEED_TEXTS("fuzz_api", 5, "\x01\x01\x02\x01\x01json\ns\n",
               "\x01\x01\x02\x01\x02openmetrics\n-\n");
    SEED_TEXTS("fuzz_api", 6, "\x04\x01\x01/orders\n", "\x07\x01\x01/orders/**\nsays\n");
    SEED_TEXTS("fuzz_files", -1,
               "-----BEGIN CERTIFICATE-----\nMAAwADAA\n-----END CERTIFICATE-----\n",
               "-----BEGIN PRIVATE KEY-----\nMAAwADAA\n-----END PRIVATE KEY-----\n", "no PEM");
}

void seeds_text(void)
{
    disk();
    manifest();
    configuration();
    names();
    json();
    words();
    interface();
}
