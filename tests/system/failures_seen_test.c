/*
 * failures_seen_test.c - what a client is told of a failure and what a real photond's log says of it are found by one id.
 */
#include "tests/lib/photond.h"
#include "tests/sdk/made.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/admin.h>

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct photond *started(const char *const *args)
{
    const struct photond_options options = {.plain = true, .args = args};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    return p;
}

/* The one line about the failure with this id; NULL: there is none. */
static json_t *line_of(struct photond *p, const char *request_id)
{
    char *log = photond_log(p), *state = NULL;
    json_t *found = NULL;
    for (char *text = strtok_r(log, "\n", &state); text; text = strtok_r(NULL, "\n", &state)) {
        json_t *line = json_loads(text, 0, NULL);
        const char *request = json_string_value(json_object_get(line, "request"));
        bool is_it = request && strcmp(request, request_id) == 0;
        assert_false(is_it && found);
        if (is_it)
            found = json_incref(line);
        json_decref(line);
    }
    free(log);
    return found;
}

static void assert_has(const json_t *line, const char *key, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(line, key)), value);
}

static void assert_told(struct photond *p, const muon_error *error, const char *level,
                        const char *call, const char *reason)
{
    char part[64];
    snprintf(part, sizeof part, "\"request\":\"%s\"", error->request_id);
    assert_string_not_equal(error->request_id, "");
    assert_true(photond_wait_log(p, part));
    json_t *line = line_of(p, error->request_id);
    assert_non_null(line);
    assert_has(line, "message", "a call failed");
    assert_has(line, "level", level);
    assert_has(line, "call", call);
    assert_has(line, "reason", reason);
    const char *text = json_string_value(json_object_get(line, "error"));
    assert_int_equal(strncmp(text, error->message, strlen(error->message)), 0); /* cut, at most */
    assert_int_equal(
        strncmp(json_string_value(json_object_get(line, "peer")), "ipv4:127.0.0.1:", 15), 0);
    json_decref(line);
}

static int32_t emit_as(muon_client *c, const char *id, const char *payload, muon_error *error)
{
    const muon_event_in event = {
        .type = "T", .payload = payload, .payload_len = strlen(payload), .event_id = id};
    return muon_emit(c, "s", &event, 1, NULL, NULL, error);
}

static void a_call_that_is_denied(void **state)
{
    (void)state;
    struct photond *p = started(NULL);
    muon_client *c = made_client(photond_url(p), NULL);
    muon_reply *reply;
    muon_error error;
    assert_int_equal(muon_admin_stats(c, 0, &reply, &error), MUON_EPERM);
    assert_told(p, &error, "info", "/muon.v1.AdminService/Stats", "DENIED");
    made_close(c);
    photond_free(p);
}

static void an_emit_that_is_refused_among_others(void **state)
{
    (void)state;
    struct photond *p = started(NULL);
    muon_client *c = made_client(photond_url(p), NULL);
    muon_error first, second;
    assert_int_equal(emit_as(c, "e1", "this", NULL), MUON_OK);
    assert_int_equal(emit_as(c, "e1", "a secret", &first), MUON_EEXIST);
    assert_int_equal(emit_as(c, "e2", "that", NULL), MUON_OK); /* the call goes on */
    assert_int_equal(emit_as(c, "e1", "a secret", &second), MUON_EEXIST);
    assert_string_not_equal(first.request_id, second.request_id);
    assert_told(p, &first, "info", "/muon.v1.PhotonService/EmitStream", "EVENT_ID_REUSED");
    assert_told(p, &second, "info", "/muon.v1.PhotonService/EmitStream", "EVENT_ID_REUSED");
    char *log = photond_log(p);
    assert_null(strstr(log, "secret"));
    free(log);
    made_close(c);
    photond_free(p);
}

static void a_request_that_finds_no_responder(void **state)
{
    (void)state;
    struct photond *p = started(ARGS("--log-level", "debug"));
    muon_client *c = made_client(photond_url(p), NULL);
    muon_reply *reply;
    muon_error error;
    assert_int_equal(muon_request(c, "rpc://photon/nothing", NULL, 0, NULL, &reply, &error),
                     MUON_ENOENT);
    assert_told(p, &error, "info", "/muon.v1.BusService/Connect", "NO_SUCH_PATH");
    assert_int_equal(muon_request(c, "rpc://nobody/x", NULL, 0, NULL, &reply, &error), MUON_ENOENT);
    assert_told(p, &error, "debug", "/muon.v1.BusService/Connect", "NO_SUCH_SERVICE");
    made_close(c);
    photond_free(p);
}

static void what_the_client_finds_by_itself_has_no_id(void **state)
{
    (void)state;
    struct photond *p = started(NULL);
    muon_client *c = made_client(photond_url(p), NULL);
    muon_error error = {.request_id = "left over"};
    const muon_event_in event = {.type = ""};
    assert_int_equal(muon_emit(c, "s", &event, 1, NULL, NULL, &error), MUON_EINVAL);
    assert_string_equal(error.request_id, "");
    made_close(c);
    photond_free(p);
}

static int lines(struct photond *p)
{
    char *log = photond_log(p);
    int n = 0;
    for (const char *at = log; (at = strstr(at, "\"a call failed\"")); at++)
        n++;
    free(log);
    return n;
}

static void a_client_that_fails_in_a_loop_does_not_fill_the_log(void **state)
{
    enum { ROUNDS = 300 };
    (void)state;
    struct photond *p = started(NULL);
    muon_client *c = made_client(photond_url(p), NULL);
    muon_error error;
    char *log;
    int failures = 0;
    bool counted = false;
    assert_int_equal(emit_as(c, "e1", "this", NULL), MUON_OK);
    while (!counted) { /* until a second is over */
        for (int i = 0; i < ROUNDS; i++)
            assert_int_equal(emit_as(c, "e1", "that", &error), MUON_EEXIST);
        failures += ROUNDS;
        log = photond_log(p);
        counted = strstr(log, "\"untold\":");
        free(log);
    }
    assert_true(lines(p) < failures / 2);
    made_close(c);
    photond_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_denied),
        cmocka_unit_test(an_emit_that_is_refused_among_others),
        cmocka_unit_test(a_request_that_finds_no_responder),
        cmocka_unit_test(what_the_client_finds_by_itself_has_no_id),
        cmocka_unit_test(a_client_that_fails_in_a_loop_does_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
