/*
 * plants.c - see plants.h. The order ids of the story's log: 101 s/a (emit 0); 102 to 104 s/a, s/b, s/a (emit 1); 105 s/b (emit 2); 106 to 108
 * s/r (the racers' 0, 4 and 5); 109 s/a (6); 110 s/b (7); 111 to 113 s/a, s/b, s/c (8); 114 s/a (9); 115 and 116 s/r (the racers' 7, 8).
 */
#include "tests/history/plants.h"

#include <stddef.h>
#include <string.h>

/* ---- the log ---- */

static void two_of_one_order_id(struct story *story)
{
    story_find(story, STORY_FINAL, HISTORY_EVENT, 15)->order_id = 115;
    struct history_record *returned = story_find(story, STORY_RACER, HISTORY_EMITTED, 6);
    returned->order_id = 115;
    story_erase(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 0, 15));
}

static void raise_version(struct history_record *record)
{
    record->version++;
}

static void a_version_left_out(struct story *story)
{
    story_everywhere(story, 116, raise_version);
    raise_version(story_find(story, STORY_RACER, HISTORY_EMITTED, 6));
    raise_version(story_find(story, STORY_RACER, HISTORY_EMIT, 6));
}

static void an_event_twice(struct story *story)
{
    const struct history_record *event = story_find(story, STORY_FINAL, HISTORY_EVENT, 3);
    story_append(story, "s/a", event->id, event->checksum);
}

static void an_event_of_nobody(struct story *story)
{
    story_append(story, "s/a", story_new_id(story), 1);
}

static void alter(struct history_record *record)
{
    record->checksum ^= 1;
}

static void another_content(struct story *story)
{
    story_everywhere(story, 105, alter);
}

static void a_failure_stored(struct story *story)
{
    struct history_record *returned = story_find(story, STORY_RACER, HISTORY_EMITTED, 4);
    returned->outcome = HISTORY_FAILED;
}

static void an_early_emit_behind_later_ones(struct story *story)
{
    uint32_t number = story_emit(story, STORY_RACER, 2, "s/c", HISTORY_ANY, 0, HISTORY_OK, 2);
    struct history_record *emit = story_find(story, STORY_RACER, HISTORY_EMIT, number - 2);
    struct history_record *returned = story_find(story, STORY_RACER, HISTORY_EMITTED, number - 2);
    returned->order_id = story_append(story, "s/c", emit->id, emit->checksum);
    returned->time_ns = story_find(story, STORY_FOLLOWER, HISTORY_SUBSCRIBE, 3)->time_ns + 1;
    emit->time_ns = returned->time_ns - 1;
    struct history_record delivery = *story_find(story, STORY_FINAL, HISTORY_EVENT, 16);
    story_insert(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 0, 15), delivery);
}

static void a_clients_emits_the_other_way_round(struct story *story)
{
    for (size_t i = 0; i < story->files[STORY_WRITER].count; i++) {
        struct history_record *record = &story->files[STORY_WRITER].records[i];
        if ((record->kind == HISTORY_EMIT || record->kind == HISTORY_EMITTED) &&
            (record->number == 6 || record->number == 7))
            record->number = 13 - record->number;
    }
}

static void a_part_of_a_batch(struct story *story)
{
    story_erase_everywhere(story, 113);
}

static void a_batch_in_another_order(struct story *story)
{
    story_swap_everywhere(story, 112, 113);
}

/* ---- emits ---- */

static void an_acknowledged_event_missing(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_ANY, 0, HISTORY_OK, 6);
}

static void another_order_id_told(struct story *story)
{
    story_find(story, STORY_WRITER, HISTORY_EMITTED, 0)->order_id = 100;
}

static void another_version_told(struct story *story)
{
    story_find(story, STORY_WRITER, HISTORY_EMITTED, 1)->version = 2;
}

static void two_winners(struct story *story)
{
    struct history_record *refused = story_find(story, STORY_RACER, HISTORY_EMITTED, 2);
    refused->outcome = HISTORY_OK;
    refused->order_id = 107;
}

static void two_winners_and_both_stored(struct story *story)
{
    struct history_record *loser = story_find(story, STORY_RACER, HISTORY_EMIT, 6);
    loser->version = 3; /* which the one before it expected, too: "exists", but it took 4 */
}

static void an_expectation_ignored(struct story *story)
{
    struct history_record *emit = story_find(story, STORY_RACER, HISTORY_EMIT, 4);
    emit->expect = HISTORY_VERSION;
    emit->version = 7;
}

static void stored_though_there_was_a_stream(struct story *story)
{
    story_find(story, STORY_RACER, HISTORY_EMIT, 4)->expect = HISTORY_NO_STREAM;
}

static void refused_for_no_reason(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_VERSION, 5, HISTORY_REFUSED, -1);
}

static void refused_though_it_exists(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_EXISTS, 0, HISTORY_REFUSED, -1);
}

static void refused_though_there_is_none(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/none", HISTORY_NO_STREAM, 0, HISTORY_REFUSED, -1);
}

static void refused_with_a_version_of_the_past(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_VERSION, 1, HISTORY_REFUSED, 4);
}

static void refused_with_a_version_of_the_future(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_VERSION, 1, HISTORY_REFUSED, 6);
}

static void a_retry_refused(struct story *story)
{
    story_emit(story, STORY_RACER, 0, "s/r", HISTORY_ANY, 0, HISTORY_CLASH, 0);
}

/* ---- reads ---- */

static void a_read_of_the_past(struct story *story)
{
    story_find(story, STORY_RACER, HISTORY_READ_DONE, 1)->version = 2;
}

static void a_read_of_the_future(struct story *story)
{
    story_find(story, STORY_RACER, HISTORY_READ_DONE, 0)->version = 3;
}

/* ---- sessions ---- */

static void a_delivery_missing(struct story *story)
{
    story_erase(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 0, 4));
}

static void the_first_delivery_missing(struct story *story)
{
    story_erase(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 3, 0));
}

static void a_delivery_again(struct story *story)
{
    const struct history_record *delivery = story_delivery(story, STORY_FOLLOWER, 0, 4);
    story_insert(story, STORY_FOLLOWER, delivery, *delivery);
}

static void two_deliveries_the_other_way_round(struct story *story)
{
    struct history_record *first = story_delivery(story, STORY_FOLLOWER, 1, 2);
    struct history_record *second = story_delivery(story, STORY_FOLLOWER, 1, 3), old = *first;
    *first = *second;
    *second = old;
}

static void a_delivery_from_before_the_begin(struct story *story)
{
    struct history_record delivery = *story_delivery(story, STORY_FOLLOWER, 0, 0);
    delivery.number = 3;
    story_insert(story, STORY_FOLLOWER, story_find(story, STORY_FOLLOWER, HISTORY_SUBSCRIBE, 3),
                 delivery);
}

static void a_delivery_of_what_is_gone(struct story *story)
{
    struct history_record delivery = *story_delivery(story, STORY_FOLLOWER, 0, 15);
    delivery.id = story_new_id(story);
    delivery.order_id++;
    story_insert(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 0, 15), delivery);
}

static void a_log_that_went_back(struct story *story)
{
    struct history_record event = {.kind = HISTORY_SUBSCRIBE,
                                   .number = 1,
                                   .stream = history_name("__all__"),
                                   .mode = HISTORY_FINAL,
                                   .time_ns = 1500};
    story_insert(story, STORY_FINAL, NULL, event);
    event = *story_find(story, STORY_FINAL, HISTORY_EVENT, 0);
    event.number = 1;
    event.id = story_new_id(story);
    event.order_id = 99;
    story_insert(story, STORY_FINAL, NULL, event);
}

static void a_delivery_of_another_stream(struct story *story)
{
    struct history_record delivery = *story_delivery(story, STORY_FOLLOWER, 0, 4);
    delivery.number = 3;
    story_insert(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 3, 1), delivery);
}

static void a_delivery_of_another_content(struct story *story)
{
    alter(story_delivery(story, STORY_FOLLOWER, 0, 4));
}

static void a_marker_before_its_time(struct story *story)
{
    struct history_record live = *story_find(story, STORY_FOLLOWER, HISTORY_LIVE, 0);
    story_erase(story, STORY_FOLLOWER, story_find(story, STORY_FOLLOWER, HISTORY_LIVE, 0));
    story_insert(story, STORY_FOLLOWER, story_find(story, STORY_FOLLOWER, HISTORY_SUBSCRIBE, 0),
                 live);
}

static void a_marker_again(struct story *story)
{
    const struct history_record *live = story_find(story, STORY_FOLLOWER, HISTORY_LIVE, 0);
    story_insert(story, STORY_FOLLOWER, live, *live);
}

static void an_end_before_its_time(struct story *story)
{
    story_erase(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 1, 7));
}

static void the_first_live_delivery_missing(struct story *story)
{
    story_erase(story, STORY_FOLLOWER, story_delivery(story, STORY_FOLLOWER, 2, 0));
}

static void a_session_with_an_error(struct story *story)
{
    story_find(story, STORY_FOLLOWER, HISTORY_ENDED, 0)->outcome = HISTORY_FAILED;
}

/* ---- requests, and the end ---- */

static void acted_twice(struct story *story)
{
    const struct history_record *act = story_find(story, STORY_RESPONDER, HISTORY_ACT, 2);
    story_insert(story, STORY_RESPONDER, act, *act);
}

static void answered_by_nobody(struct story *story)
{
    story_erase(story, STORY_RESPONDER, story_find(story, STORY_RESPONDER, HISTORY_ACT, 1));
}

static void acted_upon_though_failed(struct story *story)
{
    struct history_record act = *story_find(story, STORY_CALLER, HISTORY_ASK, 4);
    act.kind = HISTORY_ACT;
    story_insert(story, STORY_RESPONDER, NULL, act);
}

static void acted_upon_though_not_asked(struct story *story)
{
    struct history_record act = *story_find(story, STORY_RESPONDER, HISTORY_ACT, 0);
    act.id = history_request_id(7, 99);
    story_insert(story, STORY_RESPONDER, NULL, act);
}

static void another_body_acted_upon(struct story *story)
{
    alter(story_find(story, STORY_RESPONDER, HISTORY_ACT, 0));
}

static void another_body_answered(struct story *story)
{
    alter(story_find(story, STORY_CALLER, HISTORY_ANSWER, 0));
}

static void the_answer_of_another(struct story *story)
{
    story_find(story, STORY_CALLER, HISTORY_ANSWER, 0)->id = history_request_id(7, 1);
}

static void a_client_that_never_came_back(struct story *story)
{
    story_find(story, STORY_CALLER, HISTORY_ANSWER, 5)->outcome = HISTORY_UNKNOWN;
}

#define PLANT(plant, violation, named)                                                             \
    {                                                                                              \
#plant, plant, violation, named, -1                                                        \
    }
#define PLANT_TWO(plant, one, named, second)                                                       \
    {                                                                                              \
#plant, plant, one, named, second                                                          \
    }

const struct plant plants[] = {
    PLANT(two_of_one_order_id, VIOLATION_ORDER, "emit 8 in racer.history"),
    PLANT(a_version_left_out, VIOLATION_GAP, "emit 8 in racer.history"),
    PLANT(an_event_twice, VIOLATION_DOUBLED, "order id 104"),
    PLANT(an_event_of_nobody, VIOLATION_PHANTOM, "order id 117"),
    PLANT(another_content, VIOLATION_ALTERED, "emit 2 in writer.history"),
    PLANT(a_failure_stored, VIOLATION_NOT_FAILED, "emit 5 in racer.history"),
    PLANT(an_early_emit_behind_later_ones, VIOLATION_REAL_TIME, "emit 9 in racer.history"),
    PLANT(a_clients_emits_the_other_way_round, VIOLATION_PIPELINE, "emit 6 in writer.history"),
    PLANT(a_part_of_a_batch, VIOLATION_TORN, "emit 8 in writer.history"),
    PLANT(a_batch_in_another_order, VIOLATION_SCATTERED, "emit 8 in writer.history"),
    PLANT(an_acknowledged_event_missing, VIOLATION_LOST, "emit 9 in racer.history"),
    PLANT(another_order_id_told, VIOLATION_MISPLACED, "emit 0 in writer.history"),
    PLANT(another_version_told, VIOLATION_MISPLACED, "emit 1 in writer.history"),
    PLANT(two_winners, VIOLATION_TWO_WINNERS, "emit 3 in racer.history"),
    PLANT(two_winners_and_both_stored, VIOLATION_TWO_WINNERS, "emit 8 in racer.history"),
    PLANT(an_expectation_ignored, VIOLATION_EXPECTATION, "emit 5 in racer.history"),
    PLANT(stored_though_there_was_a_stream, VIOLATION_TWO_WINNERS, "emit 5 in racer.history"),
    PLANT(refused_for_no_reason, VIOLATION_REFUSAL, "emit 9 in racer.history"),
    PLANT(refused_though_it_exists, VIOLATION_REFUSAL, "emit 9 in racer.history"),
    PLANT(refused_though_there_is_none, VIOLATION_REFUSAL, "emit 9 in racer.history"),
    PLANT(refused_with_a_version_of_the_past, VIOLATION_TOLD_VERSION, "emit 9 in racer.history"),
    PLANT(refused_with_a_version_of_the_future, VIOLATION_TOLD_VERSION, "emit 9 in racer.history"),
    PLANT(a_retry_refused, VIOLATION_CLASH, "emit 9 in racer.history"),
    PLANT(a_read_of_the_past, VIOLATION_STALE, "read 6 in racer.history"),
    PLANT(a_read_of_the_future, VIOLATION_FUTURE, "read 2 in racer.history"),
    PLANT(a_delivery_missing, VIOLATION_SKIPPED, "session 0 (__all__) in follower.history"),
    PLANT(the_first_delivery_missing, VIOLATION_SKIPPED, "session 3 (s/a) in follower.history"),
    PLANT(a_delivery_again, VIOLATION_REPEATED, "session 0 (__all__) in follower.history"),
    PLANT_TWO(two_deliveries_the_other_way_round, VIOLATION_REPEATED,
              "session 1 (s/**) in follower.history", VIOLATION_SKIPPED),
    PLANT(a_delivery_from_before_the_begin, VIOLATION_REPEATED, "from before its begin"),
    PLANT(a_delivery_of_what_is_gone, VIOLATION_VANISHED, "order id 117"),
    PLANT(a_log_that_went_back, VIOLATION_VANISHED, "session 1 (__all__) in final.history"),
    PLANT(a_delivery_of_another_stream, VIOLATION_FOREIGN, "order id 105"),
    PLANT(a_delivery_of_another_content, VIOLATION_DELIVERED, "emit 2 in writer.history"),
    PLANT(a_marker_before_its_time, VIOLATION_EARLY_LIVE, "emit 0 in writer.history"),
    PLANT(a_marker_again, VIOLATION_TWICE_LIVE, "session 0 (__all__) in follower.history"),
    PLANT(an_end_before_its_time, VIOLATION_EARLY_END, "emit 5 in racer.history"),
    PLANT(the_first_live_delivery_missing, VIOLATION_HOT_MISSED, "emit 6 in writer.history"),
    PLANT(a_session_with_an_error, VIOLATION_SESSION_LOST, "session 1 (s/**) in follower.history"),
    PLANT(acted_twice, VIOLATION_ACTED_TWICE, "request 2 of caller"),
    PLANT(answered_by_nobody, VIOLATION_NOT_ACTED, "request 1 of caller"),
    PLANT(acted_upon_though_failed, VIOLATION_FAILED_ACTED, "request 4 of caller"),
    PLANT(acted_upon_though_not_asked, VIOLATION_ASKED_BY_NONE, "request 99 of caller"),
    PLANT(another_body_acted_upon, VIOLATION_REQUEST_BODY, "request 0 of caller"),
    PLANT(another_body_answered, VIOLATION_REQUEST_BODY, "request 0 of caller"),
    PLANT(the_answer_of_another, VIOLATION_WRONG_CALLER, "got the answer to request 1 of caller"),
    PLANT(a_client_that_never_came_back, VIOLATION_NOT_ALIVE, "client 0 in caller.history"),
};
const size_t plants_count = sizeof plants / sizeof *plants;
