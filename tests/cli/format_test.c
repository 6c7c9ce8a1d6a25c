/*
 * format_test.c - --format, the steps into a record that it takes, and the tables that it knows its fields from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/format.h"
#include "cli/scan.h"
#include "cli/shapes.h"

static struct format format;
static char why[FORMAT_WHY_BYTES];

static const char record[] =
    "{\"order-id\":7,\"event-type\":\"T\\u00e4t\",\"event-time\":0,\"payload\":"
    "{ \"sum\" : 12.50, "
    "\"big\":123456789012345678901234567890,\"a.b\":[true,null,{\"c\":\"\\\"\\n\"}],"
    "\"\\u0073um2\":1,\"twice\":1,\"twice\":2,\"e\":{},\"l\":[]}}";

static bool parse(const char *text, const char *verb)
{
    return format_parse(&format, text, shape_of_records(verb), why);
}

static void assert_shows(const char *text, const char *expected)
{
    char copy[sizeof(record)], *shown = NULL;
    size_t len;
    memcpy(copy, record, sizeof(record));
    if (!parse(text, "get"))
        fail_msg("%s: %s", text, why);
    FILE *out = open_memstream(&shown, &len);
    format_print(&format, out, false, copy, sizeof(record) - 1);
    fclose(out);
    assert_memory_equal(copy, record, sizeof(record)); /* a field may be wanted twice */
    assert_string_equal(shown, expected);
    free(shown);
}

static void fields_stand_in_braces_or_between_commas(void **state)
{
    (void)state;
    assert_shows("{order-id}: {event-type}", "7: T\xc3\xa4t\n");
    assert_shows("order-id,event-type", "7\tT\xc3\xa4t\n");
    assert_shows(" order-id , type ", "7\tT\xc3\xa4t\n");
    assert_shows("{order-id}{order-id}", "77\n");
    assert_shows("{{{order-id}}}\\t\\n\\\\\\x{{", "{7}\t\n\\\\x{\n");
    assert_shows("{time}", "1970-01-01T00:00:00.000Z\n");
}

static void a_way_leads_into_objects_and_lists(void **state)
{
    (void)state;
    assert_shows("payload.sum,payload.big", "12.50\t123456789012345678901234567890\n");
    assert_shows("payload.\"a.b\".0,payload.\"a.b\".1", "true\tnull\n");
    assert_shows("{payload.\"a.b\".2.c}", "\"\n\n");
    assert_shows("{payload.\"a.b\".2}", "{\"c\":\"\\\"\\n\"}\n");
    assert_shows("payload.sum2,payload.twice", "1\t2\n");
    assert_shows("payload.e,payload.l", "{}\t[]\n");
}

static void what_is_not_there_is_nothing(void **state)
{
    (void)state;
    assert_shows(
        "[{payload.nothing}{payload.sum.x}{payload.\"a.b\".3}{payload.\"a.b\".x}{payload.l.0}]",
        "[]\n");
    assert_shows("[{payload.e.x}{schema}{payload.\"a.b\".99999999999}]", "[]\n");
}

static void assert_refuses(const char *text, const char *verb, const char *says)
{
    assert_false(parse(text, verb));
    if (!strstr(why, says))
        fail_msg("%s: %s", text, why);
}

static void a_wrong_format_is_named(void **state)
{
    (void)state;
    assert_refuses("{ordr-id}", "get", "no field \"ordr-id\"; did you mean \"order-id\"?");
    assert_refuses("{limits.event}", "info", "\"limits\" holds no \"event\"");
    assert_refuses("order-id.x", "get", "\"order-id\" holds no \"x\"");
    assert_refuses("{identifier.0}", "discover", "\"identifier\" holds no \"0\"");
    assert_refuses("instances.first.path", "discover", "\"instances\" holds no \"first\"");
    assert_refuses("{order-id", "get", "without \"}\"");
    assert_refuses("order-id}", "get", "without \"{\"");
    assert_refuses("{}", "get", "no name");
    assert_refuses("order-id,", "get", "no name");
    assert_refuses("{payload.}", "get", "no name");
    assert_refuses("{payload.\"\"}", "get", "no name");
    assert_refuses("{payload.\"a\"b}", "get", "no name");
}

static void a_format_has_limits(void **state)
{
    (void)state;
    static char text[2 * FORMAT_TEXT_BYTES];
    memset(text, 'x', FORMAT_TEXT_BYTES);
    assert_refuses(text, "get", "longer than 4095 bytes");
    text[0] = '\0';
    for (int i = 0; i <= FORMAT_PARTS_MAX; i++)
        strcat(text, "{id}");
    assert_refuses(text, "get", "more than 128 parts");
    strcpy(text, "{payload");
    for (int i = 0; i < FORMAT_STEPS_MAX; i++)
        strcat(text, ".a");
    strcat(text, "}");
    assert_refuses(text, "get", "more than 16 names");
    text[0] = '\0';
    for (int i = 0; i < FORMAT_NAME_BYTES; i++)
        strcat(text, "n");
    assert_refuses(text, "get", "no name");
}

static void the_fields_that_there_are_are_listed_once(void **state)
{
    (void)state;
    char *fields = format_fields(shape_of_records("discover"));
    assert_string_equal(fields, "The fields are identifier, tags, instances, service.");
    free(fields);
    fields = format_fields(shape_of_records("info"));
    assert_string_equal(fields, "The fields are store-id, incarnation, head-order-id, version, "
                                "durability, time, read-only, limits.");
    free(fields);
}

static void a_verb_has_the_records_of_its_own_name(void **state)
{
    (void)state;
    assert_ptr_not_equal(shape_of_records("stream"), shape_of_records("streams"));
    assert_null(shape_of_records("rea"));
    assert_null(shape_of_records("delete"));
    for (size_t i = 0; i < shape_row_count; i++)
        for (size_t j = 0; j < shape_rows[i].field_count; j++)
            assert_true(shape_rows[i].fields[j].name[0] && shape_rows[i].fields[j].help[0]);
}

static void each_option_has_a_bit_a_name_and_a_letter_of_its_own(void **state)
{
    (void)state;
    uint64_t bits = 0;
    for (size_t i = 0; i < option_row_count; i++) {
        assert_true(option_rows[i].bit && !(bits & option_rows[i].bit));
        bits |= option_rows[i].bit;
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(option_rows[i].name, option_rows[j].name);
            assert_true(!option_rows[i].letter || option_rows[i].letter != option_rows[j].letter);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_stand_in_braces_or_between_commas),
        cmocka_unit_test(a_way_leads_into_objects_and_lists),
        cmocka_unit_test(what_is_not_there_is_nothing),
        cmocka_unit_test(a_wrong_format_is_named),
        cmocka_unit_test(a_format_has_limits),
        cmocka_unit_test(the_fields_that_there_are_are_listed_once),
        cmocka_unit_test(a_verb_has_the_records_of_its_own_name),
        cmocka_unit_test(each_option_has_a_bit_a_name_and_a_letter_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
