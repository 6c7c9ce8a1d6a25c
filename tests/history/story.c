/*
 * story.c - see story.h.
 *
 * The writer's emits (one client, in order): 0 to s/a; 1 a batch to s/a, s/b, s/a; 2 to s/b, unknown, and 3 the same again; 4 unknown and never
 * stored; 5 failed; 6 to s/a and 7 to s/b at the same time; 8 a batch to s/a, s/b, s/c of which it never heard, but which is stored; 9 in the
 * end. The racers' (two clients) on s/r: 0 and 1 at the same time, 0 wins; 2 a read; 3 and 4 at the same time, 4 wins; 5; 6 a read; 7
 * and 8 in the end. The sessions: 0 all, from history to live; 1 cold, of s/ and all below; 2 hot, s/a; 3 s/a from version 2 on, from history
 * to live. The requests: 0 and 1 answered, 2 acted upon and 3 not, and both unknown; 4 failed; 5 in the end.
 */
#include "tests/history/story.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static struct history_record *put(struct story *story, int file, struct history_record record)
{
    struct story_file *to = &story->files[file];
    assert_true(to->count < STORY_RECORDS_MAX);
    if (record.time_ns == 0)
        record.time_ns = story->now += 10;
    to->records[to->count] = record;
    return &to->records[to->count++];
}

static void put_name(struct story *story, int file, const char *text)
{
    struct history_record record = {.kind = HISTORY_NAME, .count = (uint32_t)strlen(text)};
    assert_true(strlen(text) <= HISTORY_PIECE);
    memcpy((char *)&record + offsetof(struct history_record, id), text, strlen(text));
    story->files[file].records[story->files[file].count++] = record;
}

struct history_id story_new_id(struct story *story)
{
    return history_request_id(0x1111111111111111u, ++story->made);
}

/* ---- emits ---- */

struct told {
    const char *streams[3];
    int expect;
    int64_t version;
    const struct history_id *id; /* NULL: a new one */
};

static uint32_t invoke(struct story *story, int file, uint32_t client, struct told told)
{
    uint32_t number = story->files[file].operations++, count = 0;
    while (count < 3 && told.streams[count])
        count++;
    for (uint32_t i = 0; i < count; i++)
        put(story, file,
            (struct history_record){.kind = HISTORY_EMIT,
                                    .mode = file == STORY_WRITER ? HISTORY_PIPELINED : 0,
                                    .expect = i == 0 ? (uint8_t)told.expect : 0,
                                    .version = i == 0 ? told.version : 0,
                                    .client = client,
                                    .number = number,
                                    .count = count,
                                    .id = told.id ? *told.id : story_new_id(story),
                                    .stream = history_name(told.streams[i]),
                                    .checksum = 1000 + number + i});
    return number;
}

static int64_t next_version(const struct story *story, uint64_t stream)
{
    int64_t version = 1;
    for (size_t i = 0; i < story->events; i++)
        version += story->log[i].stream == stream;
    return version;
}

static void commit(struct story *story, int file, uint32_t number)
{
    for (size_t i = 0; i < story->files[file].count; i++) {
        const struct history_record *emit = &story->files[file].records[i];
        if (emit->kind != HISTORY_EMIT || emit->number != number)
            continue;
        assert_true(story->events < STORY_EVENTS_MAX);
        story->log[story->events++] =
            (struct history_record){.kind = HISTORY_EVENT,
                                    .id = emit->id,
                                    .stream = emit->stream,
                                    .checksum = emit->checksum,
                                    .order_id = ++story->order_id,
                                    .version = next_version(story, emit->stream)};
    }
    story->now += 10;
}

/* ok: as it is in the log. */
static void returned(struct story *story, int file, uint32_t client, uint32_t number,
                     enum history_outcome outcome, int64_t told)
{
    struct history_record record = {.kind = HISTORY_EMITTED,
                                    .outcome = (uint8_t)outcome,
                                    .client = client,
                                    .number = number,
                                    .version = told};
    struct history_id last = {{0}};
    for (size_t i = 0; i < story->files[file].count; i++)
        if (story->files[file].records[i].kind == HISTORY_EMIT &&
            story->files[file].records[i].number == number)
            last = story->files[file].records[i].id;
    for (size_t i = 0; outcome == HISTORY_OK && i < story->events; i++) {
        if (memcmp(&story->log[i].id, &last, sizeof last) == 0) {
            record.order_id = story->log[i].order_id;
            record.version = story->log[i].version;
        }
    }
    put(story, file, record);
}

static void whole(struct story *story, int file, uint32_t client, struct told told,
                  enum history_outcome outcome)
{
    uint32_t number = invoke(story, file, client, told);
    if (outcome == HISTORY_OK)
        commit(story, file, number);
    returned(story, file, client, number, outcome, -1);
}

static void read_last(struct story *story, const char *stream)
{
    struct history_record read = {.kind = HISTORY_READ,
                                  .number = story->files[STORY_RACER].operations++,
                                  .stream = history_name(stream)};
    put(story, STORY_RACER, read);
    read.kind = HISTORY_READ_DONE;
    read.outcome = HISTORY_OK;
    read.version = next_version(story, read.stream) - 1;
    put(story, STORY_RACER, read);
}

/* ---- sessions ---- */

static void subscribe(struct story *story, int file, uint32_t session, const char *stream, int mode,
                      int64_t from_version)
{
    put(story, file,
        (struct history_record){.kind = HISTORY_SUBSCRIBE,
                                .number = session,
                                .stream = history_name(stream),
                                .mode = (uint8_t)mode,
                                .expect =
                                    from_version ? HISTORY_FROM_VERSION : HISTORY_FROM_ORDER_ID,
                                .version = from_version});
}

/* What is in the log from this place on, of a stream or (NULL) of all. */
static void deliver(struct story *story, int file, uint32_t session, const char *stream,
                    size_t from)
{
    for (size_t i = from; i < story->events; i++) {
        struct history_record event = story->log[i];
        if (stream && event.stream != history_name(stream))
            continue;
        event.number = session;
        put(story, file, event);
    }
}

static void mark(struct story *story, int file, uint32_t session, enum history_kind kind)
{
    put(story, file,
        (struct history_record){.kind = (uint8_t)kind, .number = session, .outcome = HISTORY_OK});
}

/* ---- requests ---- */

static void ask(struct story *story, enum history_outcome outcome, int acted)
{
    uint32_t number = story->files[STORY_CALLER].operations++;
    struct history_record record = {.kind = HISTORY_ASK,
                                    .number = number,
                                    .id = history_request_id(7, number),
                                    .checksum = 500 + number};
    put(story, STORY_CALLER, record);
    record.kind = HISTORY_ACT;
    if (acted)
        put(story, STORY_RESPONDER, record);
    record.kind = HISTORY_ANSWER;
    record.outcome = (uint8_t)outcome;
    put(story, STORY_CALLER, record);
}

/* ---- the story ---- */

static void healed(struct story *story, int file, uint32_t client)
{
    put(story, file, (struct history_record){.kind = HISTORY_HEALED, .client = client});
}

static void begin_files(struct story *story)
{
    static const char *const names[STORY_FILES] = {"writer", "racer",     "follower",
                                                   "caller", "responder", "final"};
    static const char *const streams[] = {"s/a", "s/b", "s/c", "s/r", "s/**", "__all__"};
    for (int f = 0; f < STORY_FILES; f++) {
        struct history_record begin = {
            .kind = HISTORY_BEGIN, .number = HISTORY_FORMAT, .time_ns = 1};
        memcpy(begin.id.bytes, "muon-history", sizeof "muon-history");
        story->files[f].name = names[f];
        put(story, f, begin);
    }
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        put_name(story, STORY_FINAL, streams[i]);
}

static void first_part(struct story *story)
{
    whole(story, STORY_WRITER, 0, (struct told){{"s/a"}, 0, 0, NULL}, HISTORY_OK);
    subscribe(story, STORY_FOLLOWER, 0, "__all__", HISTORY_HOT_COLD, 0);
    deliver(story, STORY_FOLLOWER, 0, NULL, 0);
    mark(story, STORY_FOLLOWER, 0, HISTORY_LIVE);
    whole(story, STORY_WRITER, 0, (struct told){{"s/a", "s/b", "s/a"}, 0, 0, NULL}, HISTORY_OK);
    struct history_id again = story_new_id(story);
    uint32_t unknown = invoke(story, STORY_WRITER, 0, (struct told){{"s/b"}, 0, 0, &again});
    commit(story, STORY_WRITER, unknown);
    returned(story, STORY_WRITER, 0, unknown, HISTORY_UNKNOWN, 0);
    uint32_t known = invoke(story, STORY_WRITER, 0, (struct told){{"s/b"}, 0, 0, &again});
    story_find(story, STORY_WRITER, HISTORY_EMIT, 5)->checksum--; /* the content of the first try */
    returned(story, STORY_WRITER, 0, known, HISTORY_OK, 0);
    whole(story, STORY_WRITER, 0, (struct told){{"s/a"}, 0, 0, NULL}, HISTORY_UNKNOWN);
    whole(story, STORY_WRITER, 0, (struct told){{"s/b"}, 0, 0, NULL}, HISTORY_FAILED);
}

static void race(struct story *story)
{
    uint32_t first =
        invoke(story, STORY_RACER, 0, (struct told){{"s/r"}, HISTORY_NO_STREAM, 0, NULL});
    uint32_t second =
        invoke(story, STORY_RACER, 1, (struct told){{"s/r"}, HISTORY_VERSION, 0, NULL});
    commit(story, STORY_RACER, first);
    returned(story, STORY_RACER, 0, first, HISTORY_OK, 0);
    returned(story, STORY_RACER, 1, second, HISTORY_REFUSED, 1);
    read_last(story, "s/r");
    first = invoke(story, STORY_RACER, 0, (struct told){{"s/r"}, HISTORY_VERSION, 1, NULL});
    second = invoke(story, STORY_RACER, 1, (struct told){{"s/r"}, HISTORY_VERSION, 1, NULL});
    commit(story, STORY_RACER, second);
    returned(story, STORY_RACER, 0, first, HISTORY_REFUSED, 2);
    returned(story, STORY_RACER, 1, second, HISTORY_OK, 0);
    whole(story, STORY_RACER, 0, (struct told){{"s/r"}, HISTORY_EXISTS, 0, NULL}, HISTORY_OK);
    read_last(story, "s/r");
}

static void second_part(struct story *story)
{
    subscribe(story, STORY_FOLLOWER, 1, "s/**", HISTORY_COLD, 0);
    deliver(story, STORY_FOLLOWER, 1, NULL, 0);
    mark(story, STORY_FOLLOWER, 1, HISTORY_ENDED);
    subscribe(story, STORY_FOLLOWER, 2, "s/a", HISTORY_HOT, 0);
    mark(story, STORY_FOLLOWER, 2, HISTORY_LIVE);
    size_t hot = story->events;
    uint32_t a = invoke(story, STORY_WRITER, 0, (struct told){{"s/a"}, 0, 0, NULL});
    uint32_t b = invoke(story, STORY_WRITER, 0, (struct told){{"s/b"}, 0, 0, NULL});
    commit(story, STORY_WRITER, a);
    commit(story, STORY_WRITER, b);
    returned(story, STORY_WRITER, 0, b, HISTORY_OK, 0);
    returned(story, STORY_WRITER, 0, a, HISTORY_OK, 0);
    commit(story, STORY_WRITER,
           invoke(story, STORY_WRITER, 0, (struct told){{"s/a", "s/b", "s/c"}, 0, 0, NULL}));
    deliver(story, STORY_FOLLOWER, 2, "s/a", hot);
    subscribe(story, STORY_FOLLOWER, 3, "s/a", HISTORY_HOT_COLD, 2);
    deliver(story, STORY_FOLLOWER, 3, "s/a", 1);
    mark(story, STORY_FOLLOWER, 3, HISTORY_LIVE);
}

static void the_end(struct story *story)
{
    healed(story, STORY_WRITER, 0);
    whole(story, STORY_WRITER, 0, (struct told){{"s/a"}, 0, 0, NULL}, HISTORY_OK);
    healed(story, STORY_RACER, 0);
    healed(story, STORY_RACER, 1);
    whole(story, STORY_RACER, 0, (struct told){{"s/r"}, 0, 0, NULL}, HISTORY_OK);
    whole(story, STORY_RACER, 1, (struct told){{"s/r"}, HISTORY_VERSION, 4, NULL}, HISTORY_OK);
    healed(story, STORY_CALLER, 0);
    ask(story, HISTORY_OK, 1);
    healed(story, STORY_FOLLOWER, 0);
    deliver(story, STORY_FOLLOWER, 0, NULL, 1);
    mark(story, STORY_FOLLOWER, 0, HISTORY_ENDED);
    subscribe(story, STORY_FINAL, 0, "__all__", HISTORY_FINAL, 0);
    deliver(story, STORY_FINAL, 0, NULL, 0);
    mark(story, STORY_FINAL, 0, HISTORY_ENDED);
}

void story_tell(struct story *story)
{
    *story = (struct story){.now = 1000, .order_id = 100};
    begin_files(story);
    first_part(story);
    ask(story, HISTORY_OK, 1);
    ask(story, HISTORY_OK, 1);
    race(story);
    ask(story, HISTORY_UNKNOWN, 1);
    ask(story, HISTORY_UNKNOWN, 0);
    ask(story, HISTORY_FAILED, 0);
    second_part(story);
    the_end(story);
}
