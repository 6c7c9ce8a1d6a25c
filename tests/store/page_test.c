/* page_test.c - pages towards the beginning, single events, and the list of streams, against a naive model. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "rig.h"
#include "store/backward.h"
#include "store/get.h"
#include "store/keys.h"
#include "store/list.h"
#include "store/pattern.h"
#include "wire/event.h"
#include "wire/text.h"

static void grow(struct rig *rig)
{
    uint64_t dice = rig_random(rig, 10);
    if (dice == 0) {
        rig_begin(rig, 1, 1);
        rig_delete(rig, (int)rig_random(rig, RIG_STREAMS));
        rig_end(rig);
    } else if (dice == 1) {
        rig_erase(rig);
    } else {
        rig_commit(rig, 1 + (int)rig_random(rig, 30));
    }
}

/* ---- backwards ---- */

static const char *const names[] = {"__all__", "a/1", "b", "nobody", "a/**", "**", "__store__"};
enum { NAMES = sizeof names / sizeof *names };

static bool wanted(const struct rig *rig, const struct subscribe_request *request,
                   const struct rig_event *event)
{
    bool name = text_equal(request->stream_name, text_span("__all__")) ||
                pattern_match(request->stream_name, text_span(rig_stream(event->stream)));
    bool type = request->event_types == 0 ||
                text_equal(request->event_type[0], text_span(rig_type(event->type)));
    bool from = request->from_kind == FROM_ORDER_ID  ? event->order_id <= request->from
                : request->from_kind == FROM_VERSION ? event->version <= request->from
                : request->from_kind == FROM_TIME    ? event->time_ms <= (int64_t)request->from
                                                     : true;
    return name && type && from && !rig_gone(rig, event);
}

static struct subscribe_request random_request(struct rig *rig)
{
    struct subscribe_request request = {.stream_name = text_span(names[rig_random(rig, NAMES)]),
                                        .type = STREAM_COLD,
                                        .backwards = true};
    const struct rig_event *event = &rig->events[rig_random(rig, rig->events_len)];
    bool plain = !text_is_pattern(request.stream_name) &&
                 !text_equal(request.stream_name, text_span("__all__"));
    request.from_kind = (enum from_kind)rig_random(rig, 4);
    if (request.from_kind == FROM_VERSION && !plain)
        request.from_kind = FROM_BEGIN;
    request.from = request.from_kind == FROM_ORDER_ID ? event->order_id + rig_random(rig, 3) - 1
                   : request.from_kind == FROM_VERSION
                       ? rig_random(rig, event->version + 2)
                       : (uint64_t)event->time_ms + rig_random(rig, 3) - 1;
    if (rig_random(rig, 3) == 0)
        request.event_type[request.event_types++] =
            text_span(rig_type((int)rig_random(rig, RIG_TYPES)));
    request.limit = rig_random(rig, 2) ? 0 : 1 + rig_random(rig, 20);
    return request;
}

/* The newest event below `below` that is wanted, or NULL. */
static const struct rig_event *before(const struct rig *rig,
                                      const struct subscribe_request *request, uint64_t below)
{
    for (size_t i = rig->events_len; i-- > 0;)
        if (rig->events[i].order_id < below && wanted(rig, request, &rig->events[i]))
            return &rig->events[i];
    return NULL;
}

static uint64_t compare_parts(struct rig *rig, const struct subscribe_request *request,
                              const struct parts *parts, uint64_t below)
{
    for (size_t i = 0; i < parts->len; i++) {
        struct span rest = bytes_span(parts->part[i]), frame, raw;
        struct event event;
        while (record_next(&rest, &frame, &raw) == 1) {
            assert_true(event_read(raw, &event));
            const struct rig_event *expected = before(rig, request, below);
            assert_non_null(expected);
            assert_int_equal(event.order_id, expected->order_id);
            below = event.order_id;
        }
        assert_int_equal(rest.len, 0);
    }
    return below;
}

static void read_and_compare(struct rig *rig)
{
    struct subscribe_request request = random_request(rig);
    struct bytes *message = bytes_new(0);
    struct backward backward;
    struct cursor_batch batch;
    struct error error;
    uint64_t below = UINT64_MAX, given = 0;
    assert_int_equal(backward_open(&backward, &rig->store, message, &request,
                                   atomic_load(&rig->store.head), &error),
                     REASON_NONE);
    do {
        if (backward_read(&backward, rig_random(rig, 2) ? 1 : 3000, &batch, &error))
            fail_msg("%s", error.message);
        below = compare_parts(rig, &request, &batch.parts, below);
        given += batch.events;
        parts_clear(&batch.parts);
    } while (!batch.done);
    assert_true(request.limit == 0 || given <= request.limit);
    if (request.limit == 0 || given < request.limit)
        assert_null(before(rig, &request, below));
    backward_close(&backward);
    bytes_unref(message);
}

/* semantics 5, 6 */
static void a_page_backwards_is_what_the_model_says_the_newest_first(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 100000, 11);
    rig_commit(&rig, 10);
    for (int i = 0; i < 80; i++) {
        grow(&rig);
        for (int k = 0; k < 8; k++)
            read_and_compare(&rig);
    }
    rig_close(&rig);
}

static void remove_key(struct rig *rig, struct key key)
{
    struct error error;
    struct log_batch *batch = log_batch_new();
    log_batch_delete(batch, key_span(&key));
    assert_int_equal(log_write(rig->store.log, batch, &error), REASON_NONE);
    log_batch_free(batch);
}

/* Reads all backwards; the reason why it ended. */
static enum reason read_all(struct rig *rig, const char *name, uint64_t *given)
{
    struct subscribe_request request = {.stream_name = text_span(name), .backwards = true};
    struct bytes *message = bytes_new(0);
    struct backward backward;
    struct cursor_batch batch = {0};
    struct error error;
    enum reason reason;
    *given = 0;
    backward_open(&backward, &rig->store, message, &request, rig->end.last_order_id, &error);
    while (!(reason = backward_read(&backward, 1, &batch, &error)) && !batch.done) {
        *given += batch.events;
        parts_clear(&batch.parts);
    }
    parts_clear(&batch.parts);
    backward_close(&backward);
    bytes_unref(message);
    return reason;
}

/* semantics 1; hazards 3 */
static void a_missing_record_or_extent_is_never_passed_over_backwards(void **state)
{
    (void)state;
    struct rig rig;
    uint64_t given, third = 0;
    rig_open(&rig, 0, 5);
    for (int i = 0; i < 10; i++) {
        rig_begin(&rig, 5, 1);
        rig_add(&rig, i % 2, 0, 10);
        rig_end(&rig);
        if (i == 3)
            third = rig.first;
    }
    assert_int_equal(read_all(&rig, "__all__", &given), REASON_NONE);
    remove_key(&rig, key_extent(text_span("a/1"), 1));
    assert_int_equal(read_all(&rig, "a/1", &given), REASON_CORRUPT);
    assert_int_equal(given, 4);
    remove_key(&rig, key_record(third)); /* "a/2", version 2 */
    assert_int_equal(read_all(&rig, "__all__", &given), REASON_CORRUPT);
    assert_int_equal(given, 6);
    assert_int_equal(read_all(&rig, "a/2", &given), REASON_CORRUPT);
    assert_int_equal(given, 3);
    rig_close(&rig);
}

/* ---- single events ---- */

static enum reason get(struct rig *rig, const struct get_request *request, uint64_t *order_id)
{
    struct bytes *value;
    struct event event;
    struct error error;
    enum reason reason = get_event(&rig->store, request, &value, &error);
    if (reason)
        return reason;
    assert_true(event_read(bytes_span(value), &event));
    *order_id = event.order_id;
    bytes_unref(value);
    return REASON_NONE;
}

static void get_and_compare(struct rig *rig, const struct rig_event *event)
{
    char id[32];
    snprintf(id, sizeof id, "id-%llu", (unsigned long long)event->order_id);
    const struct get_request requests[] = {{.by = GET_BY_ORDER_ID, .order_id = event->order_id},
                                           {.by = GET_BY_EVENT_ID, .event_id = text_span(id)},
                                           {.by = GET_BY_VERSION,
                                            .stream_name = text_span(rig_stream(event->stream)),
                                            .version = event->version}};
    for (size_t i = 0; i < 3; i++) {
        uint64_t order_id = 0;
        enum reason reason = get(rig, &requests[i], &order_id);
        assert_int_equal(reason, rig_gone(rig, event) ? REASON_NO_SUCH_EVENT : REASON_NONE);
        assert_int_equal(order_id, reason ? 0 : event->order_id);
    }
}

static void every_event_is_found_by_order_id_by_event_id_and_by_version_unless_deleted(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 20000, 3);
    for (int i = 0; i < 60; i++) {
        grow(&rig);
        for (int k = 0; rig.events_len && k < 10; k++)
            get_and_compare(&rig, &rig.events[rig_random(&rig, rig.events_len)]);
    }
    uint64_t order_id;
    const struct get_request none[] = {
        {.by = GET_BY_ORDER_ID, .order_id = rig.end.last_order_id + 1},
        {.by = GET_BY_ORDER_ID, .order_id = 0},
        {.by = GET_BY_EVENT_ID, .event_id = text_span("nobody's")},
        {.by = GET_BY_VERSION, .stream_name = text_span("nobody"), .version = 1},
        {.by = GET_BY_VERSION, .stream_name = text_span("a/1"), .version = 99999}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(get(&rig, &none[i], &order_id), REASON_NO_SUCH_EVENT);
    rig_close(&rig);
}

/* ---- the list ---- */

/* Compare what is listed with the model; returns how many streams there are. */
static uint64_t list_and_compare(struct rig *rig, const char *pattern, const char *after,
                                 uint64_t max)
{
    struct list_request request = {
        .pattern = text_span(pattern), .after = text_span(after), .max = max};
    struct list list;
    struct parts parts;
    struct error error;
    struct stream_info info;
    bool done = false;
    uint64_t count = 0;
    char last[256] = "";
    snprintf(last, sizeof last, "%s", after);
    for (list_start(&list, &rig->store, &request); !done; parts_clear(&parts)) {
        assert_int_equal(list_step(&list, &parts, &done, &error), REASON_NONE);
        for (size_t i = 0; i < parts.len; i++)
            for (struct span rest = bytes_span(parts.part[i]); stream_info_next(&rest, &info) == 1;
                 count++) {
                int stream = 0;
                while (!text_equal(info.stream_name, text_span(rig_stream(stream))))
                    stream++;
                assert_true(strcmp(last, rig_stream(stream)) < 0);
                snprintf(last, sizeof last, "%s", rig_stream(stream));
                uint64_t order_id = 0;
                for (size_t k = 0; k < rig->events_len; k++)
                    if (rig->events[k].stream == stream)
                        order_id = rig->events[k].order_id;
                assert_int_equal(info.last_version, rig->version[stream]);
                assert_int_equal(info.total_events, rig->version[stream] - rig->cut[stream]);
                assert_int_equal(info.last_order_id, order_id);
            }
    }
    return count;
}

static uint64_t streams_that_fit(struct rig *rig, const char *pattern, const char *after)
{
    uint64_t count = 0;
    for (int i = 0; i <= RIG_STREAMS; i++)
        count += rig->version[i] > rig->cut[i] && strcmp(rig_stream(i), after) > 0 &&
                 (*pattern ? pattern_match(text_span(pattern), text_span(rig_stream(i)))
                           : i < RIG_STREAMS);
    return count;
}

static void the_list_has_every_stream_that_holds_events_in_order(void **state)
{
    (void)state;
    static const char *const patterns[] = {"",    "**",        "a/**", "**/1", "b",
                                           "b**", "__store__", "__**", "x",    "a"};
    static const char *const afters[] = {"", "a/1", "b", "b/1", "zzz", "a", "__store__"};
    struct rig rig;
    rig_open(&rig, 20000, 9);
    for (int i = 0; i < 60; i++) {
        grow(&rig);
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++)
            for (size_t a = 0; a < sizeof afters / sizeof *afters; a++) {
                uint64_t all = streams_that_fit(&rig, patterns[p], afters[a]);
                assert_int_equal(list_and_compare(&rig, patterns[p], afters[a], 0), all);
                assert_int_equal(list_and_compare(&rig, patterns[p], afters[a], 2),
                                 all < 2 ? all : 2);
            }
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_backwards_is_what_the_model_says_the_newest_first),
        cmocka_unit_test(a_missing_record_or_extent_is_never_passed_over_backwards),
        cmocka_unit_test(
            every_event_is_found_by_order_id_by_event_id_and_by_version_unless_deleted),
        cmocka_unit_test(the_list_has_every_stream_that_holds_events_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
