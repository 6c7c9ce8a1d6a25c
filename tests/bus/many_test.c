/*
 * As much of everything as photond allows, beside who does not listen.
 */
#include "tests/bus/meet.h"

static struct meet meet;

static int open_meet(void **state)
{
    (void)state;
    meet_open(&meet);
    return 0;
}

static int close_meet(void **state)
{
    (void)state;
    meet_close(&meet);
    return 0;
}

static void ended(struct caller_stream *stream, enum reason reason, struct error *error)
{
    struct error own;
    error = error ? error : &own;
    struct bytes *message = caller_stream_read(stream);
    assert_null(message);
    if (caller_stream_end(stream, error) != reason)
        fail_msg("%s: %s", reason_name(error->reason), error->message);
    caller_stream_free(stream);
}

static struct service_entry service_named(struct span message, const char *name)
{
    struct service_entry entry;
    while (service_entry_next(&message, &entry) == 1)
        if (text_equal(entry.name, text_span(name)))
            return entry;
    return (struct service_entry){.name = {NULL, 0}};
}

static struct bytes *discover_once(const char *filter)
{
    struct discover_request request = {.filter = text_span(filter)};
    struct caller_stream *stream = meet_begin(&meet, "Discover", discover_request_encode(&request));
    struct bytes *message = caller_stream_read(stream);
    assert_non_null(message);
    ended(stream, REASON_NONE, NULL);
    return message;
}

/* 10,000 paths, all that one instance may have, told to photond in few messages, and heard of one by one. */
static void serve_many(struct party *server, bool removed)
{
    char path[32];
    struct frame frame;
    for (int i = 0; i < BUS_ENDPOINTS_MAX; i++) {
        snprintf(path, sizeof path, "/%d", i);
        party_gather(server,
                     &(struct frame){.kind = FRAME_ENDPOINT,
                                     .endpoint = {.path = text_span(path), .removed = removed}});
    }
    party_flush(server);
    for (int i = 0; i < BUS_ENDPOINTS_MAX; i++)
        party_hear(server, FRAME_ENDPOINT_DONE, 0, &frame);
}

static void ten_thousand_paths_come_and_go_beside_a_watch_that_is_never_read(void **state)
{
    enum { ROUNDS = 2 };
    (void)state;
    struct party server;
    struct discover_request request = {.watch = true};
    struct instance_info instance;
    struct bus_endpoint endpoint;
    struct caller_stream *deaf = meet_begin(&meet, "Discover", discover_request_encode(&request));
    party_open(&server, meet.caller);
    party_hello(&server, "many", "1");
    for (int i = 0; i < ROUNDS; i++) {
        serve_many(&server, false);
        serve_many(&server, true);
    }
    struct bytes *message = discover_once("many");
    struct service_entry entry = service_named(bytes_span(message), "many");
    assert_int_equal(service_instance_next(&entry.raw, &instance), 1);
    assert_int_equal(instance_endpoint_next(&instance.raw, &endpoint), 0);
    bytes_unref(message);
    serve_many(&server, false); /* and go with their session */
    party_close(&server);
    message = discover_once("many");
    assert_int_equal(message->len, 0);
    bytes_unref(message);
    caller_stream_free(deaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_paths_come_and_go_beside_a_watch_that_is_never_read),
    };
    return cmocka_run_group_tests(tests, open_meet, close_meet);
}
