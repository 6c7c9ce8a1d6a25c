/*
 * check.c - after a cut: is everything there that had been acknowledged before it, in order, once, and nothing else?
 *
 *   power_check URL ACKS SEED UNTIL SEEN
 *
 * ACKS is what power_load has noted, and counts where the time is not after UNTIL. What the store holds must be, of each writer, its
 * operations from the first one without a gap up to one that is not before the last acknowledged one; each whole, each event as ops.h makes
 * it, where the acknowledgement said, and not one of what has been deleted. SEEN gets these operations as acknowledgements: what has been
 * read stays. 0: all is right; 1: what is wrong is said.
 */
#include <muon/muon.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/soak/power/ops.h"

enum { WRITERS_MAX = 64, OPERATIONS_MAX = 65536, PATIENCE_MS = 120000 };

struct place {
    int64_t order_id, version;
};

/* An event that was read, or (place -1) the store's telling of a deletion, whose number is found later. */
struct seen {
    struct place at;
    unsigned number;
    int place;
};

struct writer {
    struct place acks[OPERATIONS_MAX];
    unsigned acked; /* operations, from the first one */
    struct seen *seen;
    size_t len, cap;
    int64_t versions[OPS_STREAMS];
    size_t next; /* of seen, in the walk */
};

static struct writer *writers[WRITERS_MAX];
static uint64_t seed;
static unsigned wrong;

__attribute__((format(printf, 1, 2))) static void violation(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (wrong++ < 5) {
        vprintf(format, args);
        printf("\n");
    }
    va_end(args);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "power_check: %s\n", what);
    exit(2);
}

static struct writer *writer_of(unsigned number)
{
    if (number >= WRITERS_MAX)
        fail("a writer's number is too great");
    if (!writers[number])
        writers[number] = calloc(1, sizeof *writers[number]);
    if (!writers[number])
        fail("no memory");
    return writers[number];
}

static void acks_read(const char *path, uint64_t until)
{
    FILE *file = fopen(path, "r");
    unsigned number, operation;
    uint64_t time;
    struct place at;
    if (!file)
        fail(path);
    while (fscanf(file, "%u %u %" SCNu64 " %" SCNd64 " %" SCNd64, &number, &operation, &time,
                  &at.order_id, &at.version) == 5) {
        struct writer *writer = writer_of(number);
        if (time > until || operation >= OPERATIONS_MAX)
            continue;
        writer->acks[operation] = at;
        if (operation >= writer->acked)
            writer->acked = operation + 1;
    }
    fclose(file);
}

static void seen_add(struct writer *writer, struct seen seen)
{
    if (writer->len == writer->cap) {
        writer->cap = writer->cap ? 2 * writer->cap : 1024;
        writer->seen = realloc(writer->seen, writer->cap * sizeof *writer->seen);
        if (!writer->seen)
            fail("no memory");
    }
    writer->seen[writer->len++] = seen;
}

static bool equal(muon_str is, const char *wanted)
{
    return is.len == strlen(wanted) && memcmp(is.ptr, wanted, is.len) == 0;
}

static void see_event(const muon_event *event, struct place at)
{
    static uint8_t payload[OPS_PAYLOAD_MAX];
    char stream[OPS_NAME_BYTES];
    unsigned writer, number, place, events;
    if (sscanf(event->id.ptr, "%u.%u.%u.%u", &writer, &number, &place, &events) != 4) {
        violation("order id %" PRId64 ": nobody wrote this", event->order_id);
        return;
    }
    struct op op = op_make(seed, writer, number);
    struct op_event wanted = op_event(&op, place);
    op_stream_name(writer, wanted.stream, stream);
    op_payload(&op, place, payload, wanted.payload_len);
    if (!equal(event->id, wanted.entity) || !equal(event->event_id, wanted.event_id) ||
        !equal(event->stream, stream) || event->payload.len != wanted.payload_len ||
        memcmp(event->payload.ptr, payload, wanted.payload_len) != 0)
        violation("order id %" PRId64 ": not as it was written", event->order_id);
    seen_add(writer_of(writer), (struct seen){at, number, (int)place});
}

static void see(const muon_event *event)
{
    static int64_t last;
    unsigned writer;
    struct place at = {event->order_id, event->version};
    if (event->order_id <= last)
        violation("order id %" PRId64 " comes after %" PRId64, event->order_id, last);
    last = event->order_id;
    if (!equal(event->stream, "__store__"))
        see_event(event, at);
    else if (sscanf(event->id.ptr, "writer-%u/", &writer) == 1)
        seen_add(writer_of(writer), (struct seen){at, 0, -1});
}

static size_t read_all(const char *url)
{
    muon_client *client;
    muon_sub *sub;
    muon_batch *batch;
    muon_error err = {.message = ""};
    size_t events = 0;
    const muon_sub_opts opts = {.mode = MUON_COLD};
    int32_t status = muon_open(url, NULL, &client, &err);
    if (status == MUON_OK)
        status = muon_subscribe(client, "__all__", &opts, &sub, &err);
    if (status != MUON_OK)
        fail(err.message);
    while ((status = muon_sub_next(sub, &batch, PATIENCE_MS, &err)) == MUON_OK) {
        for (size_t i = 0; i < muon_batch_count(batch); i++, events++)
            see(muon_batch_at(batch, i));
        muon_batch_free(batch);
    }
    if (status != MUON_END)
        violation("reading ends: %s: %s", muon_status_name(status), err.message);
    muon_sub_free(sub);
    muon_free(client);
    return events;
}

/* Deletions have no number of ours: the nth that is told is the nth that was made. Returns the number of operations that show, and
 * *cut, those before which nothing of the doomed stream is left. */
static unsigned extent(struct writer *writer, unsigned number, unsigned *cut)
{
    unsigned operations = writer->acked, deletion = 0;
    *cut = 0;
    for (size_t i = 0; i < writer->len; i++) {
        struct seen *seen = &writer->seen[i];
        if (seen->place < 0) {
            while (!op_make(seed, number, deletion).deletes)
                deletion++;
            seen->number = *cut = deletion++;
        }
        if (seen->number >= operations)
            operations = seen->number + 1;
    }
    return operations;
}

static bool take(struct writer *writer, const struct op *op, int place, struct place *at)
{
    const struct seen *seen = &writer->seen[writer->next];
    if (writer->next >= writer->len || seen->number != op->number || seen->place != place) {
        violation("writer %u, operation %u%s, event %d of %u: not there, or not in its place",
                  op->writer, op->number,
                  op->number < writer->acked ? ", which was acknowledged" : "", place, op->events);
        return false;
    }
    *at = seen->at;
    writer->next++;
    return true;
}

/* Where its last event stands; 0: deleted since. False: something is missing. */
static bool walk_operation(struct writer *writer, const struct op *op, unsigned cut,
                           struct place *at)
{
    *at = (struct place){0};
    if (op->deletes)
        return take(writer, op, -1, at);
    for (unsigned i = 0; i < op->events; i++) {
        unsigned stream = op_event(op, i).stream;
        int64_t version = ++writer->versions[stream];
        *at = (struct place){0};
        if (stream == OPS_DOOMED && op->number < cut)
            continue;
        if (!take(writer, op, (int)i, at))
            return false;
        if (at->version != version)
            violation("order id %" PRId64 ": version %" PRId64 ", not %" PRId64, at->order_id,
                      at->version, version);
    }
    return true;
}

static void walk(struct writer *writer, unsigned number, FILE *out)
{
    struct timespec now;
    unsigned cut, operations = extent(writer, number, &cut);
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (unsigned n = 0; n < operations; n++) {
        struct op op = op_make(seed, number, n);
        struct place at, acked = n < writer->acked ? writer->acks[n] : (struct place){0};
        if (!walk_operation(writer, &op, cut, &at))
            return;
        bool told = acked.order_id && at.order_id && !op.deletes;
        if (told && (acked.order_id != at.order_id || acked.version != at.version))
            violation("writer %u, operation %u: acknowledged as order id %" PRId64 ", is %" PRId64,
                      number, n, acked.order_id, at.order_id);
        fprintf(out, "%u %u %lld%09ld %" PRId64 " %" PRId64 "\n", number, n, (long long)now.tv_sec,
                now.tv_nsec, at.order_id, at.version);
    }
    if (writer->next < writer->len)
        violation("writer %u: there is more than was written once", number);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: power_check URL ACKS SEED UNTIL SEEN\n");
        return 2;
    }
    seed = strtoull(argv[3], NULL, 10);
    acks_read(argv[2], strtoull(argv[4], NULL, 10));
    size_t events = read_all(argv[1]);
    FILE *out = fopen(argv[5], "w");
    if (!out)
        fail(argv[5]);
    unsigned acked = 0;
    for (unsigned i = 0; i < WRITERS_MAX; i++) {
        if (!writers[i])
            continue;
        acked += writers[i]->acked;
        walk(writers[i], i, out);
    }
    if (fclose(out) != 0)
        fail(argv[5]);
    if (wrong)
        printf("%u violations\n", wrong);
    else
        printf("%u operations acknowledged, %zu events\n", acked, events);
    return wrong != 0;
}
