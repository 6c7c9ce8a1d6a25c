/*
 * The standard services: health and reflection.
 */
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "tests/wire/pair.h"
#include "wire/proto.h"

/* ---- health ---- */

static int status_of(const struct bytes *message)
{
    Grpc__Health__V1__HealthCheckResponse *response =
        proto_unpack(&grpc__health__v1__health_check_response__descriptor, bytes_span(message));
    assert_non_null(response);
    int status = (int)response->status;
    proto_free(response);
    return status;
}

static void ask_health(struct talk *talk, const char *path, const char *service)
{
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, service);
    talk_start(talk, channel, path, -1, false);
    client_call_read(talk->call);
    talk_send(talk, raw_span(&raw), true);
}

static int check(const char *service)
{
    struct talk talk;
    ask_health(&talk, "/grpc.health.v1.Health/Check", service);
    const struct error *end = talk_await_end(&talk);
    int status = end->grpc_status ? -end->grpc_status : status_of(talk.messages[0]);
    talk_free(&talk);
    return status;
}

static void health_tells_what_was_set(void **state)
{
    (void)state;
    assert_int_equal(check(""), 2); /* NOT_SERVING, until somebody says otherwise */
    serve_set_health(peer.serve, "", true);
    assert_int_equal(check(""), 1);
    assert_int_equal(check("test.Peer"), 2);
    serve_set_health(peer.serve, "test.Peer", true);
    assert_int_equal(check("test.Peer"), 1);
    serve_set_health(peer.serve, "test.Peer", false);
    assert_int_equal(check("test.Peer"), 2);
    assert_int_equal(check("no.such.Service"), -5);
    serve_set_health(peer.serve, "no.such.Service", true); /* ignored */
    assert_int_equal(check("no.such.Service"), -5);
}

static void a_malformed_health_request_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check("\xff"), -3);
    assert_int_equal(
        peer_call(channel, "/grpc.health.v1.Health/Watch", "\x0a\x09", NULL).grpc_status, 3);
}

static void watchers_are_told_every_change(void **state)
{
    (void)state;
    struct talk watch, unknown;
    ask_health(&watch, "/grpc.health.v1.Health/Watch", "test.Peer");
    ask_health(&unknown, "/grpc.health.v1.Health/Watch", "nobody");
    for (size_t i = 0; i < 10; i++) {
        talk_await_messages(&watch, i + 1);
        assert_int_equal(status_of(watch.messages[i]), i % 2 ? 1 : 2);
        serve_set_health(peer.serve, "test.Peer", i % 2 == 0);
        serve_set_health(peer.serve, "test.Peer", i % 2 == 0); /* no change, no message */
    }
    talk_await_messages(&unknown, 1);
    assert_int_equal(status_of(unknown.messages[0]), 3); /* SERVICE_UNKNOWN, and it goes on */
    assert_false(unknown.finished);
    talk_free(&watch);
    talk_free(&unknown);
}

static void a_stop_tells_watchers_and_ends_them(void **state)
{
    (void)state;
    struct peer other;
    struct talk watch, reflect;
    char target[64];
    struct channel *mine = channel;
    peer_start(&other, "127.0.0.1:0", NULL);
    serve_set_health(other.serve, "", true);
    snprintf(target, sizeof target, "127.0.0.1:%d", other.port);
    channel = peer_connect(cq, target, NULL);
    ask_health(&watch, "/grpc.health.v1.Health/Watch", "");
    talk_await_messages(&watch, 1);
    talk_start(&reflect, channel, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", -1,
               false);
    client_call_read(reflect.call);
    talk_send(&reflect, text_span("\x3a\x00"), false);
    talk_await_messages(&reflect, 1);
    peer_stop(&other, false); /* does not hang on either of them */
    assert_int_equal(talk_await_end(&watch)->reason, REASON_SHUTTING_DOWN);
    assert_int_equal(talk_await_end(&reflect)->reason, REASON_SHUTTING_DOWN);
    assert_int_equal(watch.received, 2);
    assert_int_equal(status_of(watch.messages[1]), 2);
    talk_free(&watch);
    talk_free(&reflect);
    channel_close(channel);
    channel = mine;
}

/* ---- reflection ---- */

/* Ask one question: its field and text. */
static Grpc__Reflection__V1__ServerReflectionResponse *reflect(const char *version, uint32_t field,
                                                               const char *text)
{
    char path[128];
    struct talk talk;
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "host");
    raw_text(&raw, field, text);
    snprintf(path, sizeof path, "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo",
             version);
    talk_start(&talk, channel, path, -1, false);
    client_call_read(talk.call);
    talk_send(&talk, raw_span(&raw), true);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    assert_int_equal(talk.received, 1);
    Grpc__Reflection__V1__ServerReflectionResponse *response =
        proto_unpack(&grpc__reflection__v1__server_reflection_response__descriptor,
                     bytes_span(talk.messages[0]));
    assert_non_null(response);
    assert_string_equal(response->valid_host, "host");
    assert_string_equal(response->original_request->host, "host");
    talk_free(&talk);
    return response;
}

static void only_services_that_are_served_are_listed(void **state)
{
    (void)state;
    static const char *const versions[] = {"v1", "v1alpha"};
    static const char *const names[] = {"test.Peer", "grpc.health.v1.Health",
                                        "grpc.reflection.v1.ServerReflection",
                                        "grpc.reflection.v1alpha.ServerReflection"};
    for (size_t v = 0; v < 2; v++) {
        Grpc__Reflection__V1__ServerReflectionResponse *response = reflect(versions[v], 7, "*");
        const Grpc__Reflection__V1__ListServiceResponse *list = response->list_services_response;
        assert_int_equal(list->n_service, 4);
        for (size_t i = 0; i < 4; i++)
            assert_string_equal(list->service[i]->name, names[i]);
        proto_free(response);
    }
}

/* The name in a FileDescriptorProto. */
static struct span file_name(const ProtobufCBinaryData *file)
{
    struct span rest = {file->data, file->len};
    struct pb_field field;
    assert_int_equal(pb_next(&rest, &field), 1);
    assert_int_equal(field.number, 1);
    return field.bytes;
}

static void a_symbol_is_answered_with_its_file_and_imports(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *file;
        size_t files;
    } cases[] = {
        {"muon.v1.PhotonService", "muon/v1/photon.proto", 3},
        {"muon.v1.PhotonService.EmitStream", "muon/v1/photon.proto", 3},
        {"muon.v1.Event", "muon/v1/event.proto", 1},
        {"muon.v1.Event.stream_name", "muon/v1/event.proto", 1},
        {"muon.v1.Reason", "muon/v1/error.proto", 1},
        {"google.rpc.Status", "google/rpc/status.proto", 2},
        {"google.protobuf.Any", "google/protobuf/any.proto", 1},
        {"grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Grpc__Reflection__V1__ServerReflectionResponse *response =
            reflect(i % 2 ? "v1" : "v1alpha", 4, cases[i].symbol);
        const Grpc__Reflection__V1__FileDescriptorResponse *files =
            response->file_descriptor_response;
        if (!files)
            fail_msg("%s is not found", cases[i].symbol);
        assert_int_equal(files->n_file_descriptor_proto, cases[i].files);
        assert_span(file_name(&files->file_descriptor_proto[0]), cases[i].file);
        proto_free(response);
    }
}

static void a_file_is_answered_by_its_name(void **state)
{
    (void)state;
    Grpc__Reflection__V1__ServerReflectionResponse *response =
        reflect("v1", 3, "muon/v1/bus.proto");
    assert_int_equal(response->file_descriptor_response->n_file_descriptor_proto, 2);
    proto_free(response);
}

static void what_is_not_known_is_answered_with_an_error(void **state)
{
    (void)state;
    static const struct {
        uint32_t field;
        const char *text;
        int code;
    } cases[] = {
        {3, "no/such.proto", 5},
        {4, "muon.v1.Nothing", 5},
        {4, "muon.v1", 5},
        {4, "muon.v1.Event.x.y", 5},
        {4, "", 5},
        {5, "", 5},
        {6, "muon.v1.Event", 5},
        {9, "x", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Grpc__Reflection__V1__ServerReflectionResponse *response =
            reflect("v1", cases[i].field, cases[i].text);
        assert_non_null(response->error_response);
        assert_int_equal(response->error_response->error_code, cases[i].code);
        proto_free(response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(health_tells_what_was_set, up, down),
        cmocka_unit_test_setup_teardown(a_malformed_health_request_is_refused, up, down),
        cmocka_unit_test_setup_teardown(watchers_are_told_every_change, up, down),
        cmocka_unit_test_setup_teardown(a_stop_tells_watchers_and_ends_them, up, down),
        cmocka_unit_test_setup_teardown(only_services_that_are_served_are_listed, up, down),
        cmocka_unit_test_setup_teardown(a_symbol_is_answered_with_its_file_and_imports, up, down),
        cmocka_unit_test_setup_teardown(a_file_is_answered_by_its_name, up, down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_answered_with_an_error, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
