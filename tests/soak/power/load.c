/*
 * load.c - writers that note, outside of the store, what it has acknowledged and when.
 *
 *   power_load URL ACKS SEED FIRST WRITERS OPERATIONS
 *
 * WRITERS threads, each with a client of its own and the number FIRST, FIRST + 1, …, do operations of ops.h: the first thread OPERATIONS,
 * one at a time; the next ones so many more each, with four times as many under way. ACKS gets a line for each acknowledgement, as soon
 * as it is there: writer, operation, nanoseconds (CLOCK_MONOTONIC), order id, version. 0 if all was acknowledged.
 */
#include <muon/muon.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/soak/power/ops.h"

enum { WRITERS_MAX = 16, UNDER_WAY_MAX = 64, PATIENCE_MS = 120000 };

static struct {
    const char *url;
    FILE *acks;
    uint64_t seed;
    unsigned operations;
} load;

struct writer {
    pthread_t thread;
    muon_client *client;
    muon_queue *queue;
    unsigned number, operations, under_way, under_way_max;
    uint8_t *payloads; /* of one operation */
};

static void check(int32_t status, const muon_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "power_load: %s: %s\n", muon_status_name(status), err->message);
    exit(1);
}

static void acknowledged(const struct writer *writer, uint64_t operation, int64_t order_id,
                         int64_t version)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(load.acks, "%u %" PRIu64 " %lld%09ld %" PRId64 " %" PRId64 "\n", writer->number,
            operation, (long long)now.tv_sec, now.tv_nsec, order_id, version);
}

/* Until at most so many emits are under way. */
static void drain(struct writer *writer, unsigned left)
{
    while (writer->under_way > left) {
        muon_item items[UNDER_WAY_MAX];
        int32_t len = muon_queue_wait(writer->queue, items, UNDER_WAY_MAX, PATIENCE_MS);
        const muon_error late = {.message = "no acknowledgement"};
        check(len ? len : MUON_ETIMEDOUT, &late);
        for (int32_t i = 0; i < len; i++) {
            check(items[i].status, items[i].error);
            acknowledged(writer, items[i].tag, items[i].order_id, items[i].version);
            muon_item_clear(&items[i]);
        }
        writer->under_way -= (unsigned)len;
    }
}

static void emit(struct writer *writer, const struct op *op)
{
    struct op_event made[OPS_EVENTS_MAX];
    char names[OPS_EVENTS_MAX][OPS_NAME_BYTES];
    muon_event_in events[OPS_EVENTS_MAX];
    muon_error err;
    uint8_t *payload = writer->payloads;
    for (unsigned i = 0; i < op->events; i++) {
        made[i] = op_event(op, i);
        op_stream_name(op->writer, made[i].stream, names[i]);
        op_payload(op, i, payload, made[i].payload_len);
        events[i] = (muon_event_in){.stream = names[i],
                                    .type = "Written",
                                    .payload = payload,
                                    .payload_len = made[i].payload_len,
                                    .content_type = "application/octet-stream",
                                    .event_id = made[i].event_id,
                                    .id = made[i].entity};
        payload += made[i].payload_len;
    }
    const muon_emit_opts opts = {.timeout_ms = PATIENCE_MS};
    check(muon_emit_async(writer->client, NULL, events, op->events, &opts, writer->queue,
                          op->number, &err),
          &err);
    writer->under_way++;
}

static void delete (struct writer *writer, const struct op *op)
{
    char name[OPS_NAME_BYTES];
    muon_error err;
    op_stream_name(op->writer, OPS_DOOMED, name);
    drain(writer, 0);
    check(muon_delete(writer->client, name, NULL, PATIENCE_MS, NULL, &err), &err);
    acknowledged(writer, op->number, 0, 0);
}

static void *writer_run(void *user)
{
    struct writer *writer = user;
    muon_error err;
    check(muon_open(load.url, NULL, &writer->client, &err), &err);
    check(muon_queue_new(writer->client, &writer->queue, &err), &err);
    for (unsigned number = 0; number < writer->operations; number++) {
        struct op op = op_make(load.seed, writer->number, number);
        if (op.deletes)
            delete (writer, &op);
        else
            emit(writer, &op);
        drain(writer, writer->under_way_max - 1);
    }
    drain(writer, 0);
    muon_queue_free(writer->queue);
    check(muon_close(writer->client, PATIENCE_MS, &err), &err);
    muon_free(writer->client);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct writer writers[WRITERS_MAX];
    if (argc != 7) {
        fprintf(stderr, "usage: power_load URL ACKS SEED FIRST WRITERS OPERATIONS\n");
        return 2;
    }
    unsigned first = (unsigned)atoi(argv[4]), len = (unsigned)atoi(argv[5]);
    load.url = argv[1];
    load.acks = fopen(argv[2], "a");
    load.seed = strtoull(argv[3], NULL, 10);
    load.operations = (unsigned)atoi(argv[6]);
    if (!load.acks || len > WRITERS_MAX)
        return 2;
    setvbuf(load.acks, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < len; i++) {
        unsigned under_way = 1u << 2 * i;
        writers[i].number = first + i;
        writers[i].operations = (i + 1) * load.operations;
        writers[i].under_way_max = under_way < UNDER_WAY_MAX ? under_way : UNDER_WAY_MAX;
        writers[i].payloads = malloc((size_t)OPS_EVENTS_MAX * OPS_PAYLOAD_MAX);
        if (!writers[i].payloads ||
            pthread_create(&writers[i].thread, NULL, writer_run, &writers[i]) != 0)
            return 2;
    }
    for (unsigned i = 0; i < len; i++) {
        pthread_join(writers[i].thread, NULL);
        free(writers[i].payloads);
    }
    return fclose(load.acks) != 0;
}
