/*
 * What may be emitted, and what an event gets by itself.
 */
#include "tests/sdk/fake.h"

#include <string.h>

#include "sdk/src/emit.h"
#include "wire/text.h"

/* semantics 10 */
static void what_breaks_a_limit_or_a_rule_never_leaves(void **state)
{
    (void)state;
    static char big[(1 << 20) + 1], name[257];
    memset(big, 'x', sizeof big);
    memset(name, 'n', sizeof name - 1);
    const struct {
        const char *stream;
        muon_event_in event;
        int32_t status;
        const char *says;
    } bad[] = {
        {"", {.type = "T"}, MUON_EINVAL, "stream-name"},
        {NULL, {.type = "T"}, MUON_EINVAL, "stream-name"},
        {"a**", {.type = "T"}, MUON_EINVAL, "stream-name"},
        {"__mine", {.type = "T"}, MUON_EINVAL, "stream-name"},
        {"a\tb", {.type = "T"}, MUON_EINVAL, "stream-name"},
        {"\xff", {.type = "T"}, MUON_EINVAL, "stream-name"},
        {name, {.type = "T"}, MUON_ETOOBIG, "255"},
        {"s", {.type = NULL}, MUON_EINVAL, "event-type"},
        {"s", {.type = "T", .schema = "\x01"}, MUON_EINVAL, "schema"},
        {"s", {.type = "T", .payload_len = 1}, MUON_EINVAL, "payload"},
        {"s", {.type = "T", .payload = big, .payload_len = sizeof big}, MUON_ETOOBIG, "1048576"},
        {"s",
         {.type = "T", .metadata = big, .metadata_len = sizeof big - 2},
         MUON_ETOOBIG,
         "1048576"},
    };
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t status = muon_emit(c, bad[i].stream, &bad[i].event, 1, NULL, NULL, &err);
        if (status != bad[i].status &&
            !(status == MUON_EINVAL && bad[i].status == MUON_ETOOBIG && bad[i].stream == name))
            fail_msg("case %zu: %s %s", i, muon_status_name(status), err.message);
        if (!strstr(err.message, bad[i].says))
            fail_msg("case %zu does not say \"%s\": %s", i, bad[i].says, err.message);
    }
    muon_event_in same[2] = {{.type = "T", .event_id = "one"}, {.type = "T", .event_id = "one"}};
    assert_int_equal(muon_emit(c, "s", same, 2, NULL, NULL, &err), MUON_EINVAL);
    assert_int_equal(muon_emit(c, "s", same, 0, NULL, NULL, &err), MUON_EINVAL);
    assert_int_equal(muon_emit(c, "s", same, 1001, NULL, NULL, &err), MUON_ETOOBIG);
    assert_int_equal(fake_steps(fake, FAKE_EMIT), 0);
    assert_int_equal(made_emit(c, "fine", NULL, NULL), MUON_OK);
    made_close(c);
    fake_free(fake);
}

static void a_wrong_version_comes_back_with_the_right_one(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    const muon_event_in event = {.type = "T"};
    muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = 0};
    const muon_emit_opts opts = {.expects = &expect, .expects_len = 1};
    muon_error err;
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, NULL), MUON_OK);
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), MUON_ECONFLICT);
    assert_int_equal(err.version, 1);
    assert_int_equal(err.conflicts, 1);
    assert_int_equal(err.flags & MUON_MAYBE_APPLIED, 0);
    expect.version = err.version;
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, NULL), MUON_OK);
    expect.kind = 77;
    assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), MUON_EINVAL);
    made_close(c);
    fake_free(fake);
}

/* ---- cause and trace ---- */

/* semantics 20 */
static void what_reacts_to_an_event_inherits_its_cause_and_trace(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    static const made_settings settings[] = {{"service.name", "billing"}, {NULL, NULL}};
    muon_client *c = made_client(fake_url(fake), settings);
    const muon_event_in first = {.type = "T", .event_id = "first", .traceparent = "00-trace"};
    const muon_event_in reactions[] = {
        {.type = "T"},
        {.type = "T", .caused_by = "other", .traceparent = "00-own", .service = "mine"}};
    muon_batch *batch;
    assert_int_equal(muon_emit(c, "s", &first, 1, NULL, NULL, NULL), MUON_OK);
    assert_int_equal(muon_read(c, "s", 0, 0, 10, 0, 0, &batch, NULL), MUON_OK);
    const muon_emit_opts opts = {.in_event = muon_batch_at(batch, 0)};
    assert_int_equal(muon_emit(c, "s", reactions, 2, &opts, NULL, NULL), MUON_OK);
    muon_batch_free(batch);
    assert_int_equal(muon_read(c, "s", 0, 0, 10, 0, 0, &batch, NULL), MUON_OK);
    assert_int_equal(muon_batch_count(batch), 3);
    const muon_event *inherited = muon_batch_at(batch, 1), *own = muon_batch_at(batch, 2);
    assert_string_equal(inherited->caused_by.ptr, "first");
    assert_string_equal(inherited->caused_by_relation.ptr, "CAUSED");
    assert_string_equal(inherited->traceparent.ptr, "00-trace");
    assert_string_equal(inherited->service.ptr, "billing");
    assert_int_equal(inherited->event_id.len, 36);
    assert_string_equal(own->caused_by.ptr, "other");
    assert_string_equal(own->caused_by_relation.ptr, "");
    assert_string_equal(own->traceparent.ptr, "00-own");
    assert_string_equal(own->service.ptr, "mine");
    muon_batch_free(batch);
    made_close(c);
    fake_free(fake);
}

/* The one event that an emit in this call would send; encoded is to be given back. */
static struct event emitted_in(const muon_call *call, struct bytes **encoded)
{
    static const struct limits limits = {1 << 20, 4 << 20, 1000, 255};
    const muon_event_in in = {.type = "T"};
    const muon_emit_opts opts = {.in_call = call};
    struct emit_request request;
    assert_int_equal(emit_encode("s", &in, 1, &opts, NULL, &limits, encoded, NULL), MUON_OK);
    assert_int_equal(emit_request_decode(bytes_span(*encoded), &limits, &request, NULL),
                     REASON_NONE);
    struct event event = request.events[0];
    emit_request_fini(&request);
    return event;
}

static void assert_relation(const muon_call *call, const char *relation)
{
    struct bytes *encoded;
    assert_true(text_equal(emitted_in(call, &encoded).caused_by_relation, text_span(relation)));
    bytes_unref(encoded);
}

/* semantics 20 */
static void what_is_emitted_in_a_call_passes_on_its_cause_and_trace(void **state)
{
    (void)state;
    static const struct limits limits = {1 << 20, 4 << 20, 1000, 255};
    const muon_call call = {.service = {"shop", 4},
                            .path = {"/orders", 7},
                            .caused_by = {"cause-1", 7},
                            .traceparent = {"00-t", 4}};
    const muon_event event = {.event_id = {"e", 1}};
    const muon_event_in in = {.type = "T"};
    const muon_emit_opts both = {.in_call = &call, .in_event = &event};
    struct bytes *encoded;
    struct event emitted = emitted_in(&call, &encoded);
    assert_true(text_equal(emitted.caused_by, text_span("cause-1")));
    assert_true(text_equal(emitted.traceparent, text_span("00-t")));
    bytes_unref(encoded);
    assert_int_equal(emit_encode("s", &in, 1, &both, NULL, &limits, &encoded, NULL), MUON_EINVAL);
}

static void the_relation_of_what_is_emitted_in_a_call_is_the_request(void **state)
{
    (void)state;
    char path[256] = "/";
    memset(path + 1, 'a', sizeof path - 2);
    assert_relation(&(muon_call){.service = {"shop", 4}, .path = {"/orders", 7}},
                    "rpc://shop/orders");
    assert_relation(
        &(muon_call){.kind = MUON_CALL_STREAM, .service = {"shop", 4}, .path = {"/new", 4}},
        "stream://shop/new");
    assert_relation(&(muon_call){.service = {"shop", 4}, .path = {path, 255}}, "CAUSED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_a_limit_or_a_rule_never_leaves),
        cmocka_unit_test(a_wrong_version_comes_back_with_the_right_one),
        cmocka_unit_test(what_reacts_to_an_event_inherits_its_cause_and_trace),
        cmocka_unit_test(what_is_emitted_in_a_call_passes_on_its_cause_and_trace),
        cmocka_unit_test(the_relation_of_what_is_emitted_in_a_call_is_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
