/* cursor_test.c - whatever is asked for, from wherever, in steps of whatever size: what a naive model says, nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "rig.h"
#include "store/cursor.h"
#include "store/pattern.h"
#include "wire/event.h"
#include "wire/text.h"

/* ---- asking, and what the model answers ---- */

static const char *const names[] = {"__all__", "a/1",  "a/2", "c",         "b",   "nobody",
                                    "a/**",    "**/1", "**",  "__store__", "x**", "__**"};
enum { NAMES = sizeof names / sizeof *names };

struct ask {
    struct subscribe_request request;
    uint64_t last; /* the head while asking, unless it grows */
};

static bool name_fits(struct span name, const char *stream)
{
    return text_equal(name, text_span("__all__")) || pattern_match(name, text_span(stream));
}

static bool type_fits(const struct subscribe_request *request, const char *type)
{
    for (size_t i = 0; i < request->event_types; i++)
        if (text_equal(request->event_type[i], text_span(type)))
            return true;
    return request->event_types == 0;
}

static bool from_fits(const struct subscribe_request *request, const struct rig_event *event)
{
    switch (request->from_kind) {
    case FROM_ORDER_ID:
        return event->order_id >= request->from;
    case FROM_VERSION:
        return event->version >= request->from;
    case FROM_TIME:
        return event->time_ms >= (int64_t)request->from;
    default:
        return true;
    }
}

static bool wanted(const struct rig *rig, const struct ask *ask, const struct rig_event *event)
{
    return name_fits(ask->request.stream_name, rig_stream(event->stream)) &&
           from_fits(&ask->request, event) && type_fits(&ask->request, rig_type(event->type)) &&
           !rig_gone(rig, event) && event->order_id <= ask->last;
}

static void random_from(struct rig *rig, struct ask *ask)
{
    const struct rig_event *event = &rig->events[rig_random(rig, rig->events_len)];
    bool plain = ask->request.stream_name.len > 0 && !text_is_pattern(ask->request.stream_name) &&
                 !text_equal(ask->request.stream_name, text_span("__all__"));
    ask->request.from_kind = (enum from_kind)rig_random(rig, 4);
    switch (ask->request.from_kind) {
    case FROM_ORDER_ID:
        ask->request.from =
            event->order_id + rig_random(rig, 3) - 1 + (rig_random(rig, 20) == 0 ? 1000 : 0);
        break;
    case FROM_VERSION:
        ask->request.from_kind = plain ? FROM_VERSION : FROM_BEGIN;
        ask->request.from = plain ? rig_random(rig, event->version + 3) : 0;
        break;
    case FROM_TIME:
        ask->request.from = (uint64_t)event->time_ms + rig_random(rig, 3) - 1;
        break;
    default:
        break;
    }
}

static struct ask random_ask(struct rig *rig)
{
    struct ask ask = {
        .request = {.stream_name = text_span(names[rig_random(rig, NAMES)]), .type = STREAM_COLD}};
    ask.last = atomic_load(&rig->store.head);
    random_from(rig, &ask);
    if (rig_random(rig, 3) == 0)
        ask.request.event_type[ask.request.event_types++] =
            text_span(rig_type((int)rig_random(rig, RIG_TYPES)));
    if (rig_random(rig, 4) == 0)
        ask.request.limit = 1 + rig_random(rig, 20);
    return ask;
}

/* ---- following a cursor ---- */

struct follow {
    struct rig *rig;
    const struct ask *ask;
    struct cursor cursor;
    struct bytes *message;
    uint64_t *given; /* order ids */
    size_t given_len;
};

static void follow_open(struct follow *follow, struct rig *rig, const struct ask *ask)
{
    struct error error;
    *follow = (struct follow){.rig = rig, .ask = ask, .message = bytes_new(0)};
    follow->given = calloc(1 << 20, sizeof *follow->given);
    if (cursor_open(&follow->cursor, &rig->store, follow->message, &ask->request, &error))
        fail_msg("%s", error.message);
}

static void follow_close(struct follow *follow)
{
    cursor_close(&follow->cursor);
    bytes_unref(follow->message);
    free(follow->given);
}

static void take(struct follow *follow, const struct parts *parts)
{
    size_t bytes = 0;
    for (size_t i = 0; i < parts->len; i++) {
        struct span rest = bytes_span(parts->part[i]), frame, raw;
        struct event event;
        bytes += rest.len;
        int got;
        while ((got = record_next(&rest, &frame, &raw)) == 1) {
            assert_true(event_read(raw, &event));
            assert_true(follow->given_len == 0 ||
                        follow->given[follow->given_len - 1] < event.order_id);
            follow->given[follow->given_len++] = event.order_id;
        }
        assert_int_equal(got, 0);
    }
    assert_int_equal(bytes, parts->bytes);
}

/* One step. Returns whether there is nothing more up to head. */
static bool follow_step(struct follow *follow, uint64_t head, size_t bytes_max)
{
    struct cursor_batch batch;
    struct error error;
    size_t before = follow->given_len;
    if (cursor_read(&follow->cursor, head, bytes_max, &batch, &error))
        fail_msg("%s", error.message);
    take(follow, &batch.parts);
    assert_int_equal(batch.events, follow->given_len - before);
    assert_true(batch.passed <= CURSOR_PASSED_MAX + 200);
    assert_true(batch.parts.bytes <= bytes_max + 101 * 1024);
    assert_true(follow->given_len == 0 || follow->given[follow->given_len - 1] <= head);
    parts_clear(&batch.parts);
    return batch.at_head || batch.done;
}

static void compare(const struct follow *follow, const struct ask *ask)
{
    size_t at = 0;
    uint64_t limit = ask->request.limit ? ask->request.limit : UINT64_MAX;
    for (size_t i = 0; i < follow->rig->events_len && at < limit; i++) {
        const struct rig_event *event = &follow->rig->events[i];
        if (!wanted(follow->rig, ask, event))
            continue;
        if (at >= follow->given_len || follow->given[at] != event->order_id)
            fail_msg("%.*s from %d:%llu: event %zu should be %llu",
                     (int)ask->request.stream_name.len, (const char *)ask->request.stream_name.data,
                     ask->request.from_kind, (unsigned long long)ask->request.from, at,
                     (unsigned long long)event->order_id);
        at++;
    }
    assert_int_equal(at, follow->given_len);
}

static void ask_and_compare(struct rig *rig, const struct ask *ask)
{
    static const size_t sizes[] = {1, 300, 5000, 128 * 1024};
    struct follow follow;
    follow_open(&follow, rig, ask);
    for (int i = 0; !follow_step(&follow, ask->last, sizes[rig_random(rig, 4)]); i++)
        assert_true(i < 100000);
    compare(&follow, ask);
    follow_close(&follow);
}

/* ---- tests ---- */

static void grow(struct rig *rig)
{
    switch (rig_random(rig, 12)) {
    case 0:
        rig_begin(rig, 1, 1);
        rig_delete(rig, (int)rig_random(rig, RIG_STREAMS));
        rig_end(rig);
        break;
    case 1:
        rig_erase(rig);
        break;
    case 2: /* several records, one of them a large event */
        rig_begin(rig, 0, 1);
        for (int i = 0; i < 5; i++)
            rig_add(rig, (int)rig_random(rig, RIG_STREAMS), 0, rig_random(rig, 2) ? 30000 : 100000);
        rig_end(rig);
        break;
    case 3: /* many records of one stream, next to each other */
        rig_begin(rig, 0, 1);
        for (int i = 0; i < 40; i++)
            rig_add(rig, 5, 0, 9000);
        rig_end(rig);
        break;
    default:
        rig_commit(rig, 1 + (int)rig_random(rig, 30));
    }
}

static void compare_at_random(size_t tail_bytes, uint64_t seed)
{
    struct rig rig;
    rig_open(&rig, tail_bytes, seed);
    rig_commit(&rig, 10);
    for (int i = 0; i < 50; i++) {
        grow(&rig);
        for (int k = 0; k < 8; k++) {
            struct ask ask = random_ask(&rig);
            ask_and_compare(&rig, &ask);
        }
    }
    rig_close(&rig);
}

/* semantics 1, 5, 6 */
static void what_is_read_is_what_the_model_says_from_disk_from_memory_and_from_both(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        compare_at_random(0, seed);
        compare_at_random(20000, seed);
        compare_at_random(64 << 20, seed);
    }
}

/* A reader that goes on while the store grows, and waits at the head as a subscription does. */
static void follow_while_it_grows(size_t tail_bytes, uint64_t seed)
{
    struct rig rig;
    rig_open(&rig, tail_bytes, seed);
    rig_commit(&rig, 10);
    for (int n = 0; n < NAMES; n++) {
        struct follow follow;
        struct ask ask = {.request = {.stream_name = text_span(names[n]), .type = STREAM_HOT_COLD}};
        random_from(&rig, &ask);
        if (rig_random(&rig, 3) == 0) {
            ask.request.type = STREAM_HOT;
            ask.request.from_kind = FROM_ORDER_ID;
            ask.request.from = atomic_load(&rig.store.head) + 1;
        }
        follow_open(&follow, &rig, &ask);
        for (int i = 0; i < 100; i++) {
            uint64_t first = rig.end.last_order_id + 1;
            if (rig_random(&rig, 2))
                rig_commit(&rig, 1 + (int)rig_random(&rig, 20));
            if (rig_random(&rig, 40) == 0) /* far behind, or much of others' */
                rig_commit(&rig, 6000);
            bool at_head =
                rig_random(&rig, 3) && follow_step(&follow, atomic_load(&rig.store.head), 4000);
            first = atomic_load(&rig.store.head) + 1;
            if (at_head && rig_random(&rig, 2)) {
                rig_commit(&rig, 1 + (int)rig_random(&rig, 20));
                cursor_skip(&follow.cursor, first);
            }
        }
        while (!follow_step(&follow, atomic_load(&rig.store.head), 50000)) {
        }
        ask.last = UINT64_MAX;
        compare(&follow, &ask);
        follow_close(&follow);
    }
    rig_close(&rig);
}

/* semantics 12 */
static void a_reader_that_goes_on_sees_all_that_comes_once_and_in_order(void **state)
{
    (void)state;
    follow_while_it_grows(0, 1);
    follow_while_it_grows(100000, 2);
    follow_while_it_grows(64 << 20, 3);
}

/* semantics 5 */
static void what_is_deleted_while_being_read_is_left_out_and_nothing_else(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct rig rig;
        struct follow follow;
        struct ask ask = {.request = {.stream_name = text_span(names[seed % NAMES])},
                          .last = UINT64_MAX};
        rig_open(&rig, seed % 2 ? 0 : 1 << 20, seed);
        for (int i = 0; i < 20; i++)
            rig_commit(&rig, 20);
        uint64_t last = rig.end.last_order_id;
        follow_open(&follow, &rig, &ask);
        for (int i = 0; i < 3; i++)
            follow_step(&follow, last, 1000);
        uint64_t seen = follow.given_len ? follow.given[follow.given_len - 1] : 0;
        rig_begin(&rig, 1, 1);
        rig_delete(&rig, 0);
        rig_delete(&rig, 3);
        rig_end(&rig);
        while (!follow_step(&follow, last, 1000))
            rig_erase(&rig);
        size_t at = 0;
        for (size_t i = 0; i < rig.events_len; i++) {
            const struct rig_event *event = &rig.events[i];
            bool given = at < follow.given_len && follow.given[at] == event->order_id;
            bool fits = name_fits(ask.request.stream_name, rig_stream(event->stream)) &&
                        event->order_id <= last;
            assert_int_equal(given, fits && (event->order_id <= seen || !rig_gone(&rig, event)));
            at += given;
        }
        assert_int_equal(at, follow.given_len);
        follow_close(&follow);
        rig_close(&rig);
    }
}

/* semantics 5 */
static void who_asks_for_what_was_deleted_is_told(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 1 << 20, 1);
    rig_begin(&rig, 0, 0);
    rig_add(&rig, 0, 0, 0);
    rig_add(&rig, 0, 0, 0);
    rig_end(&rig);
    rig_begin(&rig, 0, 5);
    rig_delete(&rig, 0);
    rig_end(&rig);
    uint64_t cut = rig.end.last_order_id;
    rig_begin(&rig, 0, 5);
    rig_add(&rig, 0, 0, 0);
    rig_end(&rig);
    const struct {
        enum from_kind kind;
        uint64_t from, truncated;
    } cases[] = {{FROM_BEGIN, 0, cut},
                 {FROM_VERSION, 2, cut},
                 {FROM_VERSION, 3, 0},
                 {FROM_ORDER_ID, 1, cut},
                 {FROM_ORDER_ID, cut + 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ask ask = {.request = {.stream_name = text_span("a/1"),
                                      .from_kind = cases[i].kind,
                                      .from = cases[i].from},
                          .last = UINT64_MAX};
        struct follow follow;
        follow_open(&follow, &rig, &ask);
        assert_int_equal(follow.cursor.truncated, cases[i].truncated);
        while (!follow_step(&follow, rig.end.last_order_id, 1000)) {
        }
        compare(&follow, &ask);
        follow_close(&follow);
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_the_model_says_from_disk_from_memory_and_from_both),
        cmocka_unit_test(a_reader_that_goes_on_sees_all_that_comes_once_and_in_order),
        cmocka_unit_test(what_is_deleted_while_being_read_is_left_out_and_nothing_else),
        cmocka_unit_test(who_asks_for_what_was_deleted_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
