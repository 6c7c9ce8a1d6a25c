/*
 * photond as the service `photon`: what the originals offered over Muon, asked by plain calls.
 */
#include <jansson.h>

#include "tests/lib/inside.h"
#include "tests/wire/raw.h"
#include "wire/codec.h"

static struct inside *photond;

static int start(void **state)
{
    (void)state;
    photond = inside_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    inside_stop(photond);
    return 0;
}

/* ---- asking ---- */

static enum reason request(const struct bus_call *call, json_t **answer, struct error *error)
{
    struct bytes *raw;
    struct bus_answer decoded;
    enum reason reason = caller_ask(photond->caller, "/muon.v1.BusService/Request",
                                    bus_request_encode(call), &raw, error);
    *answer = NULL;
    if (reason != REASON_NONE)
        return reason;
    assert_int_equal(bus_response_decode(bytes_span(raw), &decoded), REASON_NONE);
    assert_int_equal(decoded.status, 200);
    assert_true(decoded.instance_id.len > 0);
    *answer = json_loadb((const char *)decoded.body.data, decoded.body.len, 0, NULL);
    if (!*answer) /* an integer that is too large for jansson */
        *answer = json_loadb((const char *)decoded.body.data, decoded.body.len,
                             JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(*answer);
    bytes_unref(raw);
    return REASON_NONE;
}

static json_t *ask(const char *path, const char *body)
{
    char url[64];
    json_t *answer;
    struct error error;
    snprintf(url, sizeof url, "rpc://photon%s", path);
    struct bus_call call = {.url = text_span(url), .body = text_span(body)};
    if (request(&call, &answer, &error) != REASON_NONE)
        fail_msg("%s: %s", path, error.message);
    return answer;
}

static void refused(const char *path, const char *body, const char *field)
{
    char url[64];
    json_t *answer;
    struct error error;
    snprintf(url, sizeof url, "rpc://photon%s", path);
    struct bus_call call = {.url = text_span(url), .body = text_span(body)};
    if (request(&call, &answer, &error) != REASON_INVALID_ARGUMENT)
        fail_msg("%s was taken: %s", body, error.message);
    if (strcmp(error.field, field) != 0)
        fail_msg("%s: at %s, not at %s: %s", body, error.field, field, error.message);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void store_one(const char *stream, const char *payload)
{
    char event[4096];
    snprintf(event, sizeof event,
             "{\"stream-name\":\"%s\",\"event-type\":\"Noted\",\"payload\":%s}", stream, payload);
    json_decref(ask("/events", event));
}

/* ---- requests ---- */

static void an_event_is_stored_and_given_back(void **state)
{
    (void)state;
    json_t *stored = ask("/events", "{\"event-type\":\"OrderPlaced\",\"stream-name\":\"orders/7\","
                                    "\"payload\": {\"total\": 7} ,\"schema\":\"1\",\"id\":\"7\","
                                    "\"service-id\":\"shop\",\"caused-by-id\":4711.0,"
                                    "\"caused-by-relation\":\"CAUSED\",\"order-id\":1,"
                                    "\"provider\":\"x\",\"token\":\"secret\"}");
    assert_string_equal(text_of(stored, "event-type"), "OrderPlaced");
    assert_string_equal(text_of(stored, "stream-name"), "orders/7");
    assert_string_equal(text_of(stored, "schema"), "1");
    assert_string_equal(text_of(stored, "id"), "7");
    assert_string_equal(text_of(stored, "service-id"), "shop");
    assert_string_equal(text_of(stored, "caused-by"), "4711");
    assert_string_equal(text_of(stored, "caused-by-relation"), "CAUSED");
    assert_int_equal(strlen(text_of(stored, "event-id")), 36);
    assert_int_equal(number_of(json_object_get(stored, "payload"), "total"), 7);
    assert_true(number_of(stored, "order-id") > 1000000);
    assert_true(number_of(stored, "event-time") > 1000000);
    assert_int_equal(number_of(stored, "version"), 1);
    assert_null(json_object_get(stored, "token"));
    json_decref(stored);
}

/* semantics 11 */
static void a_payload_is_stored_as_it_was_written(void **state)
{
    (void)state;
    static const char payload[] =
        "{ \"b\":1.50,\"a\":[ 1e2, \"\\u00e4,}]\\\\\" ], \"n\":123456789012345678901 }";
    char event[512];
    struct bytes *raw;
    struct error error;
    struct span stored;
    struct event read;
    snprintf(event, sizeof event,
             "{\"x\":1,\"stream-name\":\"verbatim\",\"event-type\":\"t\",\"payload\":\n %s\n}",
             payload);
    refused("/events", event, "x");
    snprintf(event, sizeof event,
             "{\"stream-name\":\"verbatim\",\"event-type\":\"t\",\"payload\":\n %s\n}", payload);
    json_decref(ask("/events", event));
    struct get_request get = {
        .by = GET_BY_VERSION, .stream_name = text_span("verbatim"), .version = 1};
    assert_int_equal(caller_ask(photond->caller, "/muon.v1.PhotonService/GetEvent",
                                get_request_encode(&get), &raw, &error),
                     REASON_NONE);
    assert_int_equal(get_response_decode(bytes_span(raw), &stored), REASON_NONE);
    assert_true(event_read(stored, &read));
    assert_span(read.payload, payload);
    bytes_unref(raw);
}

/* semantics 16 */
static void a_large_event_travels_in_pieces_both_ways(void **state)
{
    (void)state;
    enum { PAYLOAD = 65400, BLANKS = 100000 };
    static char event[PAYLOAD + BLANKS + 200];
    char *at =
        event + sprintf(event, "{\"stream-name\":\"big\",\"event-type\":\"t\",\"payload\":\"");
    memset(at, 'x', PAYLOAD - 2);
    at += PAYLOAD - 2;
    *at++ = '"';
    memset(at, ' ', BLANKS);
    at[BLANKS] = '}';
    json_t *stored = ask("/events", event);
    assert_int_equal(strlen(text_of(stored, "payload")), PAYLOAD - 2);
    json_decref(stored);
}

/* semantics 20 */
static void an_event_inherits_the_cause_and_the_trace_of_its_request(void **state)
{
    (void)state;
    json_t *stored;
    struct error error;
    struct bus_call call = {
        .url = text_span("rpc://photon/events"),
        .body = text_span("{\"stream-name\":\"caused\",\"event-type\":\"t\"}"),
        .traceparent = text_span("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .caused_by = text_span("4711")};
    assert_int_equal(request(&call, &stored, &error), REASON_NONE);
    assert_string_equal(text_of(stored, "caused-by"), "4711");
    assert_string_equal(text_of(stored, "traceparent"),
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    json_decref(stored);
    call.body =
        text_span("{\"stream-name\":\"caused\",\"event-type\":\"t\",\"caused-by\":\"other\"}");
    assert_int_equal(request(&call, &stored, &error), REASON_NONE);
    assert_string_equal(text_of(stored, "caused-by"), "other");
    json_decref(stored);
}

static void an_event_that_breaks_a_rule_is_refused_by_field(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "body"},
        {"[]", "body"},
        {"{\"stream-name\":\"s\"", "body"},
        {"{\"event-type\":\"t\"}", "stream-name"},
        {"{\"stream-name\":\"s\"}", "event-type"},
        {"{\"stream-name\":7,\"event-type\":\"t\"}", "stream-name"},
        {"{\"stream-name\":\"__s\",\"event-type\":\"t\"}", "stream-name"},
        {"{\"stream-name\":\"s/**\",\"event-type\":\"t\"}", "stream-name"},
        {"{\"stream-name\":\"s\",\"event-type\":\"t\",\"caused-by\":0.5}", "caused-by"},
        {"{\"stream-name\":\"s\",\"event-type\":\"t\",\"colour\":1}", "colour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused("/events", cases[i][0], cases[i][1]);
}

static json_int_t events_of(const char *stream)
{
    json_t *answer = ask("/stream-names", ""), *one;
    size_t i;
    json_int_t events = 0;
    json_array_foreach(json_object_get(answer, "streams"), i,
                       one) if (strcmp(text_of(one, "stream-name"), stream) == 0) events =
        number_of(one, "total-events");
    json_decref(answer);
    return events;
}

static void streams_are_listed_counted_and_deleted(void **state)
{
    (void)state;
    json_t *before = ask("/stats", ""), *after;
    for (int i = 0; i < 3; i++)
        store_one("de\\\"leted", "{}");
    assert_int_equal(events_of("de\"leted"), 3);
    after = ask("/stats", "");
    assert_int_equal(number_of(after, "events") - number_of(before, "events"), 3);
    assert_int_equal(number_of(after, "streams") - number_of(before, "streams"), 1);
    assert_true(number_of(after, "head-order-id") > number_of(before, "head-order-id"));
    json_decref(before);
    json_decref(after);
    json_t *answer = ask("/stream/delete", "{\"stream-name\":\"de\\\"leted\"}");
    assert_true(json_is_true(json_object_get(answer, "correct")));
    json_decref(answer);
    assert_int_equal(events_of("de\"leted"), 0);
    refused("/stream/delete", "", "stream-name");
    refused("/stream/delete", "{\"stream-name\":\"__all__\"}", "stream-name");
}

static void the_store_is_found_by_its_tag(void **state)
{
    (void)state;
    struct discover_request asked = {.filter = text_span("tag:eventstore")};
    struct bytes *raw;
    struct error error;
    struct service_entry entry;
    struct span rest, tag;
    assert_int_equal(caller_ask(photond->caller, "/muon.v1.BusService/Discover",
                                discover_request_encode(&asked), &raw, &error),
                     REASON_NONE);
    rest = bytes_span(raw);
    assert_int_equal(service_entry_next(&rest, &entry), 1);
    assert_span(entry.name, "photon");
    assert_int_equal(service_tag_next(&entry.raw, &tag), 1);
    assert_span(tag, "photon");
    assert_int_equal(service_entry_next(&rest, &entry), 0);
    bytes_unref(raw);
}

/* ---- the stream ---- */

struct reader {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
};

static struct reader subscribe(const char *args, const char *body)
{
    char url[256];
    snprintf(url, sizeof url, "stream://photon/stream%s", args);
    struct bus_call call = {.url = text_span(url), .body = text_span(body)};
    struct reader reader = {.stream =
                                caller_stream_open(photond->caller, "/muon.v1.BusService/Stream")};
    caller_stream_send(reader.stream, bus_stream_encode(&call), true);
    return reader;
}

/* The next event; NULL: the stream is over. */
static json_t *next(struct reader *reader)
{
    struct bus_item item;
    int got;
    while ((got = bus_item_next(&reader->rest, &item)) == 0) {
        bytes_unref(reader->message);
        reader->message = caller_stream_read(reader->stream);
        if (!reader->message)
            return NULL;
        reader->rest = bytes_span(reader->message);
    }
    assert_int_equal(got, 1);
    json_t *event = json_loadb((const char *)item.body.data, item.body.len, 0, NULL);
    assert_non_null(event);
    return event;
}

static json_int_t next_version(struct reader *reader)
{
    json_t *event = next(reader);
    json_int_t version = event ? number_of(event, "version") : 0;
    json_decref(event);
    return version;
}

static void over(struct reader *reader, enum reason reason)
{
    struct error error;
    assert_int_equal(next_version(reader), 0);
    if (caller_stream_end(reader->stream, &error) != reason)
        fail_msg("%s", error.message);
    caller_stream_free(reader->stream);
}

static void a_cold_stream_is_replayed_and_ends(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        store_one("cold & quiet", "{\"n\":1}");
    static const char *const asked[][2] = {
        {"?stream-name=cold%20%26+quiet&stream-type=cold", ""},
        {"?stream-type=REPLAY_ONLY&from=0", "{\"stream-name\":\"cold & quiet\"}"},
        {"", "{\"stream-name\":\"cold & quiet\",\"stream-type\":\"cold\",\"from\":1.0}"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct reader reader = subscribe(asked[i][0], asked[i][1]);
        for (int version = 1; version <= 5; version++)
            assert_int_equal(next_version(&reader), version);
        over(&reader, REASON_NONE);
    }
    struct reader reader =
        subscribe("?limit=2", "{\"stream-name\":\"cold & quiet\",\"stream-type\":"
                              "\"cold\"}");
    assert_int_equal(next_version(&reader), 1);
    json_t *event = next(&reader);
    char args[64];
    snprintf(args, sizeof args, "?stream-type=cold&from=%lld",
             (long long)number_of(event, "order-id"));
    json_decref(event);
    over(&reader, REASON_NONE);
    reader = subscribe(args, "{\"stream-name\":\"cold & quiet\"}");
    assert_int_equal(next_version(&reader), 2);
    for (int version = 3; version <= 5; version++)
        assert_int_equal(next_version(&reader), version);
    over(&reader, REASON_NONE);
    reader = subscribe("?stream-type=cold&stream-name=unknown", "");
    over(&reader, REASON_NONE);
}

static void a_hot_cold_stream_goes_on_with_what_comes(void **state)
{
    (void)state;
    struct error error;
    store_one("live", "{}");
    struct reader reader = subscribe("?stream-name=live", "");
    for (int version = 1; version <= 50; version++) {
        assert_int_equal(next_version(&reader), version);
        store_one("elsewhere", "{}");
        store_one("live", "{}");
    }
    caller_stream_cancel(reader.stream);
    caller_stream_end(reader.stream, &error);
    caller_stream_free(reader.stream);
    bytes_unref(reader.message);
}

static void a_long_replay_waits_for_whoever_reads_it(void **state)
{
    (void)state;
    enum { EVENTS = 400 };
    char payload[3000];
    memset(payload, 'x', sizeof payload);
    payload[0] = payload[sizeof payload - 2] = '"';
    payload[sizeof payload - 1] = '\0';
    for (int i = 0; i < EVENTS; i++)
        store_one("long", payload);
    struct reader reader = subscribe("?stream-name=long&stream-type=cold", "");
    struct reader left = subscribe("?stream-name=long&stream-type=cold", "");
    for (int version = 1; version <= EVENTS; version++)
        assert_int_equal(next_version(&reader), version);
    over(&reader, REASON_NONE);
    assert_int_equal(next_version(&left), 1);
    caller_stream_free(left.stream); /* in the middle */
    bytes_unref(left.message);
}

static void arguments_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"?stream-type=warm", ""}, {"?from=x", ""},          {"?from=-1", ""},
        {"?colour=red", ""},       {"?stream-name=%zz", ""}, {"", "[]"},
        {"?limit=7", ""},          {"?stream-name=", ""},    {"?stream-name=a&%ff=b", ""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reader reader = subscribe(bad[i][0], bad[i][1]);
        over(&reader, REASON_INVALID_ARGUMENT);
    }
}

static void waiting_streams_do_not_hold_up_the_end(void **state)
{
    (void)state;
    struct error error;
    store_one("ending", "{}");
    struct reader reader = subscribe("?stream-name=ending", "");
    assert_int_equal(next_version(&reader), 1);
    assert_true(service_stop(photond->service, 60000));
    assert_int_equal(next_version(&reader), 0);
    assert_int_equal(caller_stream_end(reader.stream, &error), REASON_SHUTTING_DOWN);
    caller_stream_free(reader.stream);
    caller_close(photond->caller);
    service_free(photond->service);
    inside_reopen(photond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_stored_and_given_back),
        cmocka_unit_test(a_payload_is_stored_as_it_was_written),
        cmocka_unit_test(a_large_event_travels_in_pieces_both_ways),
        cmocka_unit_test(an_event_inherits_the_cause_and_the_trace_of_its_request),
        cmocka_unit_test(an_event_that_breaks_a_rule_is_refused_by_field),
        cmocka_unit_test(streams_are_listed_counted_and_deleted),
        cmocka_unit_test(the_store_is_found_by_its_tag),
        cmocka_unit_test(a_cold_stream_is_replayed_and_ends),
        cmocka_unit_test(a_hot_cold_stream_goes_on_with_what_comes),
        cmocka_unit_test(a_long_replay_waits_for_whoever_reads_it),
        cmocka_unit_test(arguments_that_are_wrong_are_refused),
        cmocka_unit_test(waiting_streams_do_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
