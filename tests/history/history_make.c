/*
 * history_make.c - history_make OPERATIONS DIR: makes up a sound history, to see how long history_check takes.
 *
 * Eight clients, a hundred streams. Of a hundred operations 85 are plain emits, 10 emits that expect a version, 2 are refused and 3 are reads.
 * One subscription follows a stream of ten. Then `time history_check DIR`.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/history.h"

enum { WRITERS = 8, STREAMS = 100, FOLLOWED = 10, FINAL = WRITERS, FOLLOWER, FILES };

struct maker {
    FILE *files[FILES];
    uint32_t numbers[WRITERS];
    uint64_t streams[STREAMS], followed, random;
    int64_t versions[STREAMS], order_id, now;
};

static void put(struct maker *maker, int file, struct history_record record)
{
    record.time_ns = maker->now += 100;
    if (fwrite(&record, sizeof record, 1, maker->files[file]) == 1)
        return;
    perror("history_make");
    exit(1);
}

static uint64_t random_below(struct maker *maker, uint64_t below)
{
    maker->random = maker->random * 6364136223846793005u + 1442695040888963407u;
    return (maker->random >> 33) % below;
}

static uint64_t put_name(struct maker *maker, const char *text)
{
    struct history_record record = {.kind = HISTORY_NAME, .count = (uint32_t)strlen(text)};
    memcpy((char *)&record + offsetof(struct history_record, id), text, strlen(text));
    if (fwrite(&record, sizeof record, 1, maker->files[FINAL]) != 1)
        exit(1);
    return history_name(text);
}

static void deliver(struct maker *maker, const struct history_record *emit, int64_t version)
{
    struct history_record record = {.kind = HISTORY_EVENT,
                                    .id = emit->id,
                                    .stream = emit->stream,
                                    .checksum = emit->checksum,
                                    .order_id = maker->order_id,
                                    .version = version};
    put(maker, FINAL, record);
    if (emit->stream % FOLLOWED == 0)
        put(maker, FOLLOWER, record);
}

static void operate(struct maker *maker)
{
    uint64_t what = random_below(maker, 100), stream = random_below(maker, STREAMS);
    int writer = (int)random_below(maker, WRITERS);
    uint32_t number = maker->numbers[writer]++;
    struct history_record record = {.kind = what < 97 ? HISTORY_EMIT : HISTORY_READ,
                                    .number = number,
                                    .count = 1,
                                    .stream = maker->streams[stream],
                                    .id = history_request_id((uint64_t)writer, number),
                                    .checksum = maker->random};
    if (what >= 85 && what < 97)
        record.expect = HISTORY_VERSION;
    record.version =
        maker->versions[stream] + (what >= 95); /* of those that are refused too much */
    put(maker, writer, record);
    struct history_record returned = {.kind = what < 97 ? HISTORY_EMITTED : HISTORY_READ_DONE,
                                      .outcome = HISTORY_OK,
                                      .number = number};
    if (what < 95) {
        maker->order_id++;
        deliver(maker, &record, ++maker->versions[stream]);
    } else if (what < 97) {
        returned.outcome = HISTORY_REFUSED;
    }
    returned.order_id = maker->order_id;
    returned.version = maker->versions[stream];
    put(maker, writer, returned);
}

/* Streams whose value is a multiple of FOLLOWED get a name that the pattern matches. */
static void name_streams(struct maker *maker)
{
    char text[32];
    int suffix = 0;
    for (int i = 0; i < STREAMS; i++) {
        bool is_followed;
        do {
            snprintf(text, sizeof text, "%s/%d", i < STREAMS / FOLLOWED ? "followed" : "other",
                     suffix++);
            is_followed = history_name(text) % FOLLOWED == 0;
        } while (is_followed != (i < STREAMS / FOLLOWED));
        maker->streams[i] = put_name(maker, text);
    }
    maker->followed = put_name(maker, "followed/**");
}

static void begin(struct maker *maker, const char *dir)
{
    for (int i = 0; i < FILES; i++) {
        char path[4096];
        struct history_record record = {.kind = HISTORY_BEGIN, .number = HISTORY_FORMAT};
        memcpy(record.id.bytes, "muon-history", sizeof "muon-history");
        snprintf(path, sizeof path, "%s/made-%d.history", dir, i);
        maker->files[i] = fopen(path, "wb");
        if (!maker->files[i]) {
            perror(path);
            exit(1);
        }
        put(maker, i, record);
    }
    name_streams(maker);
    put(maker, FINAL,
        (struct history_record){.kind = HISTORY_SUBSCRIBE,
                                .mode = HISTORY_FINAL,
                                .stream = put_name(maker, "__all__")});
    put(maker, FOLLOWER,
        (struct history_record){.kind = HISTORY_SUBSCRIBE, .stream = maker->followed});
}

int main(int argc, char **argv)
{
    static struct maker maker = {.random = 1};
    if (argc != 3) {
        fputs("usage: history_make OPERATIONS DIR\n", stderr);
        return 2;
    }
    begin(&maker, argv[2]);
    for (uint64_t left = strtoull(argv[1], NULL, 10); left > 0; left--)
        operate(&maker);
    put(&maker, FINAL, (struct history_record){.kind = HISTORY_ENDED, .outcome = HISTORY_OK});
    for (int i = 0; i < FILES; i++)
        if (fclose(maker.files[i]) != 0)
            return 1;
    return 0;
}
