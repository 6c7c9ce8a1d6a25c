/*
 * layout.c - the layout benchmark: which way of storing events is the fastest, written and read in every shape that matters?
 *
 *   bench_layout [--quick] [--rounds N] [--events N] [--seconds S] [DIR]
 *
 * For each number of streams, size of commit and kind of ids, the layouts take turns; every cell is a store of its own. Events fall
 * on streams at random, but for 64 aggregates of 20 events each, spread over the whole. Prints a table of medians (Markdown).
 * Writes are not synced, so that the layout is measured and not the disk, but for a second run of half a second. Reads are measured
 * in CPU time: everything is in the page cache, and other work on the machine does not count.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#include "bench/layouts.h"
#include "wire/text.h"

enum {
    PAYLOAD = 256,
    AGGREGATES = 64,
    AGGREGATE_EVENTS = 20,
    COMMIT_MAX = 1000,
    ROUNDS_MAX = 9,
    RAW_MAX = 512
};
enum { STREAM_READS = 50, STREAM_EVENTS_MAX = 200000 };

/* ---- a sync that can be left out ---- */

static bool synced = true;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return synced ? (int)syscall(SYS_fdatasync, fd) : 0;
}

/* ---- what is measured ---- */

struct cell {
    unsigned streams, commit;
    bool uuid7;
};

enum measure { WRITE, WRITE_CPU, WRITE_SYNCED, REPLAY, STREAM, AGGREGATE_US, OPEN_MS, MEASURES };

struct config {
    unsigned rounds;
    uint64_t events;
    double seconds;
    const char *dir;
};

/* CLOCK_MONOTONIC: as it was; CLOCK_PROCESS_CPUTIME_ID: what it cost, compactions included, whoever else uses the machine;
 * CLOCK_THREAD_CPUTIME_ID: what reading cost. */
static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- the events ---- */

struct source {
    struct cell cell;
    uint64_t made, spread; /* every spread-th event is an aggregate's */
    uint64_t random;
    uint32_t *versions; /* the streams', then the aggregates' */
    struct bed_event events[COMMIT_MAX];
    uint8_t raw[COMMIT_MAX][RAW_MAX];
    char name[COMMIT_MAX][32], id[COMMIT_MAX][40];
};

static void stream_name(const struct cell *cell, uint64_t stream, char out[32])
{
    if (stream < cell->streams)
        snprintf(out, 32, "orders/%07u", (unsigned)stream);
    else
        snprintf(out, 32, "aggregate/%u", (unsigned)(stream - cell->streams));
}

static uint64_t stream_pick(struct source *s)
{
    uint64_t i = s->made++;
    if (i % s->spread == 0)
        return s->cell.streams + i / s->spread % AGGREGATES;
    return next_random(&s->random) % s->cell.streams;
}

/* A UUIDv7 counts up, another UUID is anywhere. */
static void id_make(struct source *s, char out[40])
{
    uint64_t a = s->cell.uuid7 ? 1700000000000 + s->made / 1000 : next_random(&s->random),
             b = next_random(&s->random);
    snprintf(out, 40, "%08x-%04x-%c%03x-8%03x-%012" PRIx64, (unsigned)(a >> 16 & 0xffffffff),
             (unsigned)(a & 0xffff), s->cell.uuid7 ? '7' : '4', (unsigned)(s->made % 1000),
             (unsigned)(b >> 52), b & 0xffffffffffff);
}

static void event_make(struct source *s, size_t i)
{
    static const uint8_t payload[PAYLOAD] = "{\"a\":\"payload of 256 bytes, as a client sent it\"}";
    struct bed_event *e = &s->events[i];
    uint64_t stream = stream_pick(s);
    stream_name(&s->cell, stream, s->name[i]);
    id_make(s, s->id[i]);
    e->event = (struct event){.stream_name = text_span(s->name[i]),
                              .event_type = text_span("OrderPlaced"),
                              .event_id = text_span(s->id[i]),
                              .payload = {payload, sizeof payload}};
    e->event.raw = (struct span){s->raw[i], event_size(&e->event)};
    event_put(s->raw[i], &e->event);
    e->id = key_event_id(e->event.event_id);
    e->hash = XXH3_64bits(e->event.stream_name.data, e->event.stream_name.len);
    e->version = ++s->versions[stream];
}

static struct source *source_new(const struct cell *cell, uint64_t events)
{
    struct source *s = calloc(1, sizeof *s);
    uint32_t *versions = calloc(cell->streams + AGGREGATES, sizeof *versions);
    if (!s || !versions)
        abort();
    s->cell = *cell;
    s->spread = events / (AGGREGATES * AGGREGATE_EVENTS);
    s->random = 88172645463325252;
    s->versions = versions;
    return s;
}

static void source_free(struct source *s)
{
    free(s->versions);
    free(s);
}

/* ---- one cell ---- */

/* Commits until events or seconds are used up. Only the store's time counts: *wall is events a second, *cpu events a second of CPU. */
static void write_for(struct bed *bed, struct source *s, uint64_t events, double seconds,
                      double *wall, double *cpu)
{
    uint64_t done = 0;
    double spent = 0, made = 0, start_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    while (done < events && spent < seconds) {
        double before = now();
        for (size_t i = 0; i < s->cell.commit; i++)
            event_make(s, i);
        made += now() - before;
        double start = seconds_of(CLOCK_MONOTONIC);
        bed_write(bed, s->events, s->cell.commit);
        spent += seconds_of(CLOCK_MONOTONIC) - start;
        done += s->cell.commit;
    }
    *wall = (double)done / spent;
    *cpu = (double)done / (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start_cpu - made);
}

static double read_streams(struct bed *bed, const struct source *s)
{
    uint64_t random = 7, events = 0;
    char name[32];
    double start = now();
    for (unsigned i = 0; i < STREAM_READS && events < STREAM_EVENTS_MAX; i++) {
        stream_name(&s->cell, next_random(&random) % s->cell.streams, name);
        events += bed_read(bed, text_span(name), 1, STREAM_EVENTS_MAX);
    }
    return (double)events / (now() - start);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *samples, size_t n)
{
    qsort(samples, n, sizeof *samples, by_size);
    return n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

/* Microseconds for the 20 events of an aggregate, the median over all of them. */
static double read_aggregates(struct bed *bed, const struct source *s)
{
    double took[AGGREGATES];
    char name[32];
    for (unsigned i = 0; i < AGGREGATES; i++) {
        stream_name(&s->cell, s->cell.streams + i, name);
        double start = now();
        bed_read(bed, text_span(name), 1, AGGREGATE_EVENTS);
        took[i] = (now() - start) * 1e6;
    }
    return median(took, AGGREGATES);
}

static void remove_dir(const char *dir)
{
    char command[1024];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command) != 0)
        fprintf(stderr, "bench_layout: %s is still there\n", dir);
}

static void measure(const struct config *config, enum layout layout, const struct cell *cell,
                    double out[MEASURES])
{
    remove_dir(config->dir);
    struct bed *bed = bed_open(layout, config->dir);
    struct source *s = source_new(cell, config->events);
    synced = false;
    write_for(bed, s, config->events, config->seconds, &out[WRITE], &out[WRITE_CPU]);
    bed_replay(bed); /* warm */
    double start = now();
    uint64_t events = bed_replay(bed);
    out[REPLAY] = (double)events / (now() - start);
    out[STREAM] = read_streams(bed, s);
    out[AGGREGATE_US] = read_aggregates(bed, s);
    synced = true;
    double cpu;
    write_for(bed, s, config->events, 0.5, &out[WRITE_SYNCED], &cpu);
    source_free(s);
    bed_close(bed); /* LevelDB leaves its log to the next opening, as a kill does */
    start = seconds_of(CLOCK_MONOTONIC);
    bed = bed_open(layout, config->dir);
    out[OPEN_MS] = (seconds_of(CLOCK_MONOTONIC) - start) * 1e3;
    bed_close(bed);
    remove_dir(config->dir);
}

/* ---- the table ---- */

static void print_row(const char *name, const struct cell *cell,
                      double samples[MEASURES][ROUNDS_MAX], unsigned rounds)
{
    double m[MEASURES];
    for (int i = 0; i < MEASURES; i++)
        m[i] = median(samples[i], rounds);
    char stream[32] = "–"; /* of a million streams most hold one event, or none */
    if (cell->streams < 1000000)
        snprintf(stream, sizeof stream, "%.0f", m[STREAM] / 1e3);
    printf("| %u | %u | %s | %s | %.0f | %.0f | %.1f | %.1f | %s | %.0f | %.0f |\n", cell->streams,
           cell->commit, cell->uuid7 ? "UUIDv7" : "others", name, m[WRITE] / 1e3,
           m[WRITE_CPU] / 1e3, m[WRITE_SYNCED] / 1e3, m[REPLAY] / 1e6, stream, m[AGGREGATE_US],
           m[OPEN_MS]);
    fflush(stdout);
}

static void run_cell(const struct config *config, const struct cell *cell)
{
    static const char *const names[LAYOUTS] = {"event", "commit", "extent"};
    static double samples[LAYOUTS][MEASURES][ROUNDS_MAX];
    for (unsigned round = 0; round < config->rounds; round++) {
        for (int i = 0; i < LAYOUTS; i++) {
            enum layout layout = (enum layout)((i + (int)round) % LAYOUTS);
            double out[MEASURES];
            measure(config, layout, cell, out);
            for (int m = 0; m < MEASURES; m++)
                samples[layout][m][round] = out[m];
        }
    }
    for (int i = 0; i < LAYOUTS; i++)
        print_row(names[i], cell, samples[i], config->rounds);
}

static struct config config_read(int argc, char **argv)
{
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"events", required_argument, NULL, 'e'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct config config = {3, 300000, 20, "bench-layout.store"};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'q')
            config = (struct config){1, 30000, 5, config.dir};
        else if (c == 'r')
            config.rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'e')
            config.events = strtoull(optarg, NULL, 10);
        else if (c == 's')
            config.seconds = strtod(optarg, NULL);
        else
            exit(2);
    }
    if (optind < argc)
        config.dir = argv[optind];
    if (config.rounds < 1 || config.rounds > ROUNDS_MAX ||
        config.events < AGGREGATES * AGGREGATE_EVENTS) {
        fprintf(stderr, "bench_layout: 1 to %d rounds, at least %d events\n", ROUNDS_MAX,
                AGGREGATES * AGGREGATE_EVENTS);
        exit(2);
    }
    return config;
}

int main(int argc, char **argv)
{
    static const unsigned streams[] = {1, 10000, 1000000}, commits[] = {1, 100, 1000};
    struct config config = config_read(argc, argv);
    printf("| streams | commit | ids | record of | write, k/s | write, k/CPU s | synced, k/s | "
           "replay, M/s | one "
           "stream, k/s | 20 events, µs | open, ms |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t s = 0; s < 3; s++)
        for (size_t c = 0; c < 3; c++)
            for (int uuid7 = 1; uuid7 >= 0; uuid7--)
                if (uuid7 || commits[c] == 100)
                    run_cell(&config, &(struct cell){streams[s], commits[c], uuid7});
    return 0;
}
