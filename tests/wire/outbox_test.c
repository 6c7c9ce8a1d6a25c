/*
 * What waits on a session, and in which order it leaves.
 */
#include "wire/outbox.h"

#include "tests/wire/raw.h"

static struct outbox outbox;

static void put(struct outbox_lane *lane, uint64_t exchange, enum frame_kind kind, const char *body)
{
    struct frame frame = {.exchange = exchange, .kind = kind};
    struct bytes *b = body ? bytes_copy(body, strlen(body)) : NULL;
    if (b)
        frame.chunk = bytes_span(b);
    assert_true(outbox_put(&outbox, lane, &frame, b));
    bytes_unref(b);
}

/* The exchanges of the frames taken, in order, as text. */
static const char *taken(size_t parts_max, size_t bytes_max)
{
    static char text[1024];
    static uint8_t message[1 << 20];
    struct bytes *parts[128];
    struct frame frame;
    struct span rest = {message, 0};
    size_t len = outbox_take(&outbox, parts, parts_max, bytes_max), at = 0;
    assert_true(len <= parts_max);
    for (size_t i = 0; i < len; i++) {
        memcpy(message + rest.len, parts[i]->data, parts[i]->len);
        rest.len += parts[i]->len;
        bytes_unref(parts[i]);
    }
    text[0] = '\0';
    while (frame_next(&rest, &frame, NULL) == 1)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%llu", at ? " " : "",
                               (unsigned long long)frame.exchange);
    assert_int_equal(rest.len, 0);
    return text;
}

/* semantics 16 */
static void exchanges_take_turns(void **state)
{
    (void)state;
    struct outbox_lane a = {0}, b = {0}, c = {0};
    for (int i = 0; i < 4; i++)
        put(&a, 1, FRAME_CHUNK, "aaa");
    for (int i = 0; i < 2; i++)
        put(&b, 3, FRAME_CHUNK, "bbb");
    put(&c, 5, FRAME_CHUNK, "ccc");
    assert_string_equal(taken(128, SIZE_MAX), "1 3 5 1 3 1 1");
    assert_int_equal(outbox.bytes, 0);
    assert_string_equal(taken(128, SIZE_MAX), "");
}

/* semantics 16 */
static void a_turn_is_remembered_from_one_message_to_the_next(void **state)
{
    (void)state;
    struct outbox_lane a = {0}, b = {0};
    for (int i = 0; i < 3; i++) {
        put(&a, 1, FRAME_CHUNK, "aaa");
        put(&b, 3, FRAME_CHUNK, "bbb");
    }
    assert_string_equal(taken(128, 1), "1");
    assert_string_equal(taken(128, 1), "3");
    assert_string_equal(taken(128, 1), "1");
    assert_string_equal(taken(128, SIZE_MAX), "3 1 3");
}

/* semantics 16 */
static void a_cancel_and_a_beat_pass_all_data(void **state)
{
    (void)state;
    struct outbox_lane a = {0};
    put(&a, 1, FRAME_CHUNK, "aaa");
    put(NULL, 7, FRAME_CANCEL, NULL);
    put(NULL, 0, FRAME_BEAT, NULL);
    assert_string_equal(taken(128, SIZE_MAX), "7 0 1");
}

static void a_lane_that_is_dropped_leaves_nothing_behind(void **state)
{
    (void)state;
    struct outbox_lane a = {0}, b = {0};
    assert_false(outbox_drop(&outbox, &a));
    put(&a, 1, FRAME_CHUNK, "aaa");
    put(&b, 3, FRAME_CHUNK, "bbb");
    put(&a, 1, FRAME_CHUNK, "aaa");
    assert_true(outbox_drop(&outbox, &a));
    assert_false(outbox_drop(&outbox, &a));
    put(&a, 1, FRAME_END, NULL);
    assert_string_equal(taken(128, SIZE_MAX), "3 1");
    put(&a, 1, FRAME_END, NULL);
    assert_true(outbox_drop(&outbox, &a));
    assert_int_equal(outbox.bytes, 0);
    assert_null(outbox.turn);
}

static void large_bodies_are_referenced_and_short_ones_put_together(void **state)
{
    (void)state;
    struct outbox_lane a = {0};
    struct bytes *parts[16], *body = bytes_new(4096);
    struct frame frame = {.exchange = 1, .kind = FRAME_CHUNK, .chunk = bytes_span(body)};
    memset(body->data, 'x', body->len);
    for (int i = 0; i < 10; i++)
        put(NULL, 1, FRAME_CANCEL, NULL);
    assert_true(outbox_put(&outbox, &a, &frame, body));
    assert_int_equal(outbox_take(&outbox, parts, 16, SIZE_MAX), 2);
    assert_ptr_equal(parts[1], body);
    bytes_unref(parts[0]);
    bytes_unref(parts[1]);
    bytes_unref(body);
}

static void a_message_has_no_more_parts_than_allowed(void **state)
{
    (void)state;
    struct outbox_lane a = {0};
    struct bytes *body = bytes_new(1024);
    memset(body->data, 'x', body->len);
    for (int i = 0; i < 5; i++) {
        struct frame frame = {.exchange = 1, .kind = FRAME_CHUNK, .chunk = bytes_span(body)};
        assert_true(outbox_put(&outbox, &a, &frame, body));
    }
    bytes_unref(body);
    assert_string_equal(taken(4, SIZE_MAX), "1 1");
    assert_string_equal(taken(5, SIZE_MAX), "1 1");
    assert_string_equal(taken(2, SIZE_MAX), "1");
}

static int drained;

static void count_drained(struct outbox_lane *lane)
{
    assert_null(lane->first);
    drained++;
}

static void a_lane_is_told_when_its_last_frame_has_left(void **state)
{
    (void)state;
    struct outbox_lane a = {.drained = count_drained};
    put(&a, 1, FRAME_CHUNK, "aaa");
    put(&a, 1, FRAME_END, NULL);
    assert_string_equal(taken(128, 1), "1");
    assert_int_equal(drained, 0);
    assert_string_equal(taken(128, 1), "1");
    assert_int_equal(drained, 1);
    put(&a, 1, FRAME_END, NULL);
    outbox_clear(&outbox);
    assert_int_equal(drained, 2);
}

/* Against a simple model: per exchange everything leaves, once and in order. */
static void whatever_happens_each_exchange_keeps_its_order(void **state)
{
    (void)state;
    enum { LANES = 7, ROUNDS = 20000 };
    struct outbox_lane lane[LANES] = {0};
    uint32_t put_next[LANES] = {0}, take_next[LANES] = {0};
    uint64_t seed = 4711;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t dice = raw_random(&seed), which = dice % LANES;
        if (dice >> 32 & 3) {
            struct frame frame = {
                .exchange = which, .kind = FRAME_CREDIT, .credit = {.items = ++put_next[which]}};
            assert_true(outbox_put(&outbox, &lane[which], &frame, NULL));
            continue;
        }
        if ((dice >> 40) % 50 == 0) {
            outbox_drop(&outbox, &lane[which]);
            take_next[which] = put_next[which];
        }
        struct bytes *parts[8];
        size_t len = outbox_take(&outbox, parts, 2 + (dice >> 48) % 6, (dice >> 52) % 64);
        for (size_t i = 0; i < len; i++) {
            struct span rest = bytes_span(parts[i]);
            struct frame frame;
            while (frame_next(&rest, &frame, NULL) == 1)
                assert_int_equal(frame.credit.items, ++take_next[frame.exchange]);
            bytes_unref(parts[i]);
        }
    }
    outbox_clear(&outbox);
    assert_int_equal(outbox.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_take_turns),
        cmocka_unit_test(a_turn_is_remembered_from_one_message_to_the_next),
        cmocka_unit_test(a_cancel_and_a_beat_pass_all_data),
        cmocka_unit_test(a_lane_that_is_dropped_leaves_nothing_behind),
        cmocka_unit_test(large_bodies_are_referenced_and_short_ones_put_together),
        cmocka_unit_test(a_message_has_no_more_parts_than_allowed),
        cmocka_unit_test(a_lane_is_told_when_its_last_frame_has_left),
        cmocka_unit_test(whatever_happens_each_exchange_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
