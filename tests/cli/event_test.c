/*
 * event_test.c - a line becomes an event and an event a line, and nothing is lost on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/event-in.h"
#include "cli/event-out.h"

static struct event_in in;

static muon_event_in *parse(const char *line)
{
    struct event_fault fault;
    if (!event_in_parse(&in, line, strlen(line), &fault))
        fail_msg("%s: %s at %zu", line, fault.why, fault.column);
    return &in.event;
}

static void refuse(const char *line, const char *why)
{
    struct event_fault fault;
    if (event_in_parse(&in, line, strlen(line), &fault))
        fail_msg("taken: %s", line);
    if (!strstr(fault.why, why))
        fail_msg("%s: said \"%s\", not \"%s\"", line, fault.why, why);
}

#define HEAD "{\"stream-name\":\"s\",\"event-type\":\"T\""

static void assert_bytes(const void *data, size_t len, const char *expected)
{
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(data, expected, len);
}

/* semantics 11 */
static void every_field_is_taken_and_the_payload_stays_byte_for_byte(void **state)
{
    (void)state;
    const muon_event_in *e = parse("{\"event-id\":\"173688-7\",\"event-type\":\"W_Completeren "
                                   "\\u00e9\",\"stream-name\":\"a/b\",\"id\":\"i\","
                                   "\"service-id\":\"own\",\"schema\":\"1\",\"payload\": { "
                                   "\"x\":1.50, \"\\u0041\":\"\\/\" } ,\"content-type\":\"a/b\","
                                   "\"caused-by\":\"173688-6\",\"caused-by-relation\":\"follows\","
                                   "\"traceparent\":\"00-1-2-01\",\"metadata\":[1 ,2]}");
    assert_string_equal(e->event_id, "173688-7");
    assert_string_equal(e->type, "W_Completeren é");
    assert_string_equal(e->stream, "a/b");
    assert_string_equal(e->id, "i");
    assert_string_equal(e->service, "own");
    assert_string_equal(e->schema, "1");
    assert_bytes(e->payload, e->payload_len, "{ \"x\":1.50, \"\\u0041\":\"\\/\" }");
    assert_string_equal(e->content_type, "a/b");
    assert_string_equal(e->caused_by, "173688-6");
    assert_string_equal(e->caused_by_relation, "follows");
    assert_string_equal(e->traceparent, "00-1-2-01");
    assert_bytes(e->metadata, e->metadata_len, "[1 ,2]");
}

static void what_is_left_out_or_null_is_not_there(void **state)
{
    (void)state;
    const muon_event_in *e =
        parse(HEAD ",\"id\":null,\"schema\":null,\"event-id\":\"\",\"caused-by\":null}");
    assert_null(e->id);
    assert_null(e->schema);
    assert_null(e->event_id);
    assert_null(e->caused_by);
    assert_null(e->service);
    assert_null(e->metadata);
    assert_bytes(e->payload, e->payload_len, "{}");
    e = parse(HEAD ",\"payload\":null}");
    assert_bytes(e->payload, e->payload_len, "null");
}

static void a_cause_is_an_order_id_or_an_event_id_in_any_spelling(void **state)
{
    (void)state;
    assert_string_equal(parse(HEAD ",\"caused-by\":1763914719000001}")->caused_by,
                        "1763914719000001");
    assert_string_equal(parse(HEAD ",\"caused-by-id\":1.763914719000001e15}")->caused_by,
                        "1763914719000001");
    assert_string_equal(parse(HEAD ",\"caused-by\":17.0}")->caused_by, "17");
    assert_string_equal(parse(HEAD ",\"caused-by\":\"17\"}")->caused_by, "17");
    assert_null(parse(HEAD ",\"caused-by\":\"null\"}")->caused_by);
    assert_null(parse(HEAD ",\"caused-by-id\":\"null\"}")->caused_by);
    refuse(HEAD ",\"caused-by\":1.5}", "order id");
    refuse(HEAD ",\"caused-by\":-1}", "order id");
    refuse(HEAD ",\"caused-by\":0}", "order id");
    refuse(HEAD ",\"caused-by\":1e300}", "order id");
    refuse(HEAD ",\"caused-by\":true}", "order id");
    refuse(HEAD ",\"caused-by\":{}}", "order id");
    refuse(HEAD ",\"caused-by\":1,\"caused-by-id\":1}", "twice");
}

static void credentials_and_the_stores_own_fields_are_dropped(void **state)
{
    (void)state;
    muon_event_in plain = *parse(HEAD "}");
    muon_event_in rich = *parse(
        HEAD
        ",\"order-id\":5,\"version\":1,\"event-time\":9,\"provider\":\"p\",\"token\":\"secret\"}");
    plain.stream = plain.type = rich.stream = rich.type = NULL;
    assert_memory_equal(&plain, &rich, sizeof(plain));
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    refuse("", "malformed JSON");
    refuse("[]", "malformed JSON");
    refuse(HEAD, "malformed JSON");
    refuse(HEAD "} {}", "malformed JSON");
    refuse("{}", "\"stream-name\" is missing");
    refuse("{\"stream-name\":\"\",\"event-type\":\"T\"}", "\"stream-name\" is missing");
    refuse("{\"stream-name\":\"s\"}", "\"event-type\" is missing");
    refuse(HEAD ",\"event-typ\":1}", "did you mean \"event-type\"?");
    refuse(HEAD ",\"colour\":1}", "no field \"colour\"");
    refuse(HEAD ",\"id\":5}", "\"id\" must be a string");
    refuse(HEAD ",\"id\":\"a\\u0000b\"}", "NUL");
    refuse(HEAD ",\"event-type\":\"U\"}", "\"event-type\" is given twice");
    refuse(HEAD ",\"payload\":1,\"payload\":2}", "twice");
    refuse(HEAD ",\"payload-base64\":\"?\"}", "not base64");
}

static muon_str str(const char *text)
{
    return (muon_str){text, strlen(text)};
}

static char *print(const muon_event *event)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    event_out_print(out, event);
    fclose(out);
    return text;
}

static muon_event plain_event(void)
{
    muon_event e = {.order_id = 7, .version = 1, .time_ms = 9};
    e.event_id = str("i");
    e.type = str("T");
    e.stream = str("s");
    e.content_type = str("application/json");
    e.id = e.service = e.schema = e.caused_by = e.caused_by_relation = e.traceparent = e.metadata =
        str("");
    e.payload = str("{\"a\": 1}");
    return e;
}

/* semantics 11 */
static void a_stored_event_is_printed_in_the_form_that_it_came_in(void **state)
{
    (void)state;
    muon_event e = plain_event();
    e.id = str("17");
    e.service = str("own");
    e.schema = str("1");
    e.caused_by = str("h");
    e.caused_by_relation = str("follows");
    char *text = print(&e);
    assert_string_equal(text, "{\"event-id\":\"i\",\"event-type\":\"T\",\"stream-name\":\"s\","
                              "\"id\":\"17\",\"service-id\":\"own\","
                              "\"schema\":\"1\",\"payload\":{\"a\": "
                              "1},\"caused-by\":\"h\",\"caused-by-relation\":\"follows\","
                              "\"order-id\":7,\"version\":1,\"event-time\":9}\n");
    free(text);
}

/* semantics 11 */
static void any_payload_comes_back_from_its_line(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "{}",        "{\"a\":1}",    " {\"a\":1}", "{\"a\":\n1}",       "{\"a\":1}\n", "",
        "no json",   "\"text\"",     "\xff\xfe",   "{\"a\":1,\"a\":2}", "\"\\ud800\"", "1e999999",
        "[1,\r\n2]", "{\"a\":1} {}", "null"};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        for (int metadata = 0; metadata < 2; metadata++) {
            muon_event e = plain_event();
            *(metadata ? &e.metadata : &e.payload) = str(payloads[i]);
            char *text = print(&e);
            assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
            const muon_event_in *back = parse(text);
            if (metadata)
                assert_bytes(back->metadata ? back->metadata : "", back->metadata_len, payloads[i]);
            else
                assert_bytes(back->payload, back->payload_len, payloads[i]);
            free(text);
        }
    }
}

static void json_over_several_lines_is_printed_readable_and_exact(void **state)
{
    (void)state;
    muon_event e = plain_event();
    e.payload = str("{\"a\":\n1}");
    char *text = print(&e);
    assert_non_null(strstr(text, "\"payload\":{\"a\": 1},\"payload-base64\":\"eyJhIjoKMX0=\""));
    free(text);
}

static char *print_payload(const char *payload, size_t max)
{
    muon_event e = plain_event();
    char *text;
    size_t len;
    e.payload = str(payload);
    FILE *out = open_memstream(&text, &len);
    event_out_print_payload(out, &e, max);
    fclose(out);
    return text;
}

static void a_payload_for_people_fits_and_moves_no_cursor(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        size_t max;
        const char *shown;
    } cases[] = {{"{\"a\":1}", 80, "{\"a\":1}"},
                 {"{\"a\":1}", 7, "{\"a\":1}"},
                 {"{\"a\":1}", 4, "{\"a…"},
                 {"é", 2, "é"},
                 {"ééé", 4, "é…"},
                 {"\033[2J\n\t\x7f", 80, ".[2J  ."},
                 {"\xc2\x9b"
                  "2J\u00a0",
                  80, ".2J\u00a0"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = print_payload(cases[i].payload, cases[i].max);
        assert_string_equal(text, cases[i].shown);
        free(text);
    }
}

static void a_body_with_a_control_character_is_no_text_for_a_terminal(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a\nb\tc", "größer", "\u00a0", "€"};
    static const char *const others[] = {"\033[2J", "\x7f", "\302\2332J", "a\xc2\x80", "\xff"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_true(body_is_text(texts[i], strlen(texts[i])));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(body_is_text(others[i], strlen(others[i])));
}

static int forget(void **state)
{
    (void)state;
    event_in_free(&in);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_taken_and_the_payload_stays_byte_for_byte),
        cmocka_unit_test(what_is_left_out_or_null_is_not_there),
        cmocka_unit_test(a_cause_is_an_order_id_or_an_event_id_in_any_spelling),
        cmocka_unit_test(credentials_and_the_stores_own_fields_are_dropped),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_stored_event_is_printed_in_the_form_that_it_came_in),
        cmocka_unit_test(any_payload_comes_back_from_its_line),
        cmocka_unit_test(json_over_several_lines_is_printed_readable_and_exact),
        cmocka_unit_test(a_payload_for_people_fits_and_moves_no_cursor),
        cmocka_unit_test(a_body_with_a_control_character_is_no_text_for_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
