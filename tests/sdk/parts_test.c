/*
 * The small parts: pauses, places, texts.
 */
#include "tests/sdk/made.h"

#include <string.h>

#include "sdk/src/backoff.h"
#include "sdk/src/inflight.h"
#include "sdk/src/text_out.h"
#include "wire/text.h"

static void pauses_are_anything_up_to_a_growing_ceiling(void **state)
{
    (void)state;
    int64_t ceiling = 50;
    struct backoff backoff = {0};
    for (int i = 0; i < 40; i++) {
        struct backoff before = backoff, zero = backoff;
        assert_int_equal(backoff_next_ms(&backoff, 2000, (uint64_t)ceiling), ceiling);
        assert_int_equal(backoff_next_ms(&zero, 2000, 0), 0);
        assert_int_equal(backoff_next_ms(&before, 2000, (uint64_t)ceiling + 1), 0);
        ceiling = ceiling * 2 > 2000 ? 2000 : ceiling * 2;
    }
}

static void jitter_differs_from_one_to_the_next(void **state)
{
    (void)state;
    uint64_t first = backoff_random(), same = 0;
    for (int i = 0; i < 100; i++)
        same += backoff_random() == first;
    assert_int_equal(same, 0);
}

static void places_are_counted_in_number_and_bytes(void **state)
{
    (void)state;
    struct inflight in;
    inflight_init(&in, 2, 100);
    assert_true(inflight_enter(&in, 60, 0));
    assert_false(inflight_enter(&in, 41, 0));
    assert_true(inflight_enter(&in, 40, 0));
    assert_false(inflight_enter(&in, 0, 0));
    inflight_leave(&in, 60);
    assert_true(inflight_enter(&in, 60, 0));
    assert_int_equal(inflight_count(&in), 2);
    inflight_leave(&in, 60);
    inflight_leave(&in, 40);
    assert_true(inflight_enter(&in, 1000, 0)); /* alone, anything may pass */
    assert_false(inflight_enter(&in, 1, 0));
    inflight_leave(&in, 1000);
    inflight_fini(&in);
}

static void *close_it(void *in)
{
    inflight_close(in);
    return NULL;
}

static void nobody_waits_for_room_once_it_is_closed(void **state)
{
    (void)state;
    struct inflight in;
    pthread_t thread;
    inflight_init(&in, 1, 100);
    assert_true(inflight_enter(&in, 1, 0));
    pthread_create(&thread, NULL, close_it, &in);
    assert_false(inflight_enter(&in, 1, INT64_MAX));
    pthread_join(thread, NULL);
    inflight_leave(&in, 1);
    assert_false(inflight_enter(&in, 1, 0));
    inflight_fini(&in);
}

static void texts_become_json_strings(void **state)
{
    (void)state;
    struct text_out out = {.max = 100};
    text_out_string(&out, text_span("a\"b\\c\n\x1f é"));
    assert_string_equal(out.text, "\"a\\\"b\\\\c\\u000a\\u001f é\"");
    text_out_fini(&out);
    text_out_string(&out, text_span("\xff!"));
    assert_string_equal(out.text, "\"?!\"");
    text_out_fini(&out);
}

static void a_text_stops_growing_at_its_limit(void **state)
{
    (void)state;
    struct text_out out = {.max = 16};
    text_out_put(&out, "%s", "123456789012345");
    assert_false(out.failed);
    text_out_put(&out, "6");
    assert_true(out.failed && out.too_big);
    assert_string_equal(out.text, "123456789012345");
    text_out_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_are_anything_up_to_a_growing_ceiling),
        cmocka_unit_test(jitter_differs_from_one_to_the_next),
        cmocka_unit_test(places_are_counted_in_number_and_bytes),
        cmocka_unit_test(nobody_waits_for_room_once_it_is_closed),
        cmocka_unit_test(texts_become_json_strings),
        cmocka_unit_test(a_text_stops_growing_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
