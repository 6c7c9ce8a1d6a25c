/*
 * bench.c - what is to be measured, and what has come of it.
 *
 * Nothing is ever emitted into streams of others: all of a bench's begin with "bench/" and a name made for it, which it tells, and
 * only such can be deleted here.
 */
#include "cli/bench.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/json-string.h"
#include "cli/out.h"
#include "cli/say.h"

#define OURS "bench/"

enum {
    DURATION_MS = 10000,
    IN_FLIGHT = 64,
    LATENCY_RATE = 100,
    PAYLOAD_BYTES = 256,
    PAYLOAD_LEAST = 12,
    PAYLOAD_MOST = 1000000,
    BATCH_MOST = 1000,
    STREAMS_MOST = 100000,
    RATE_MOST = 1000000,
    PAGE = 1000
};

/* ---- what is asked for ---- */

static uint64_t given_or(const struct args *args, uint64_t option, uint64_t value, uint64_t usual)
{
    return args->given & option ? value : usual;
}

static bool check(struct bench *b, int *code)
{
    const struct {
        const char *option;
        uint64_t value, least, most;
    } ranges[] = {{"--in-flight", b->in_flight, 1, BENCH_IN_FLIGHT_MAX},
                  {"--batch", b->batch, 1, BATCH_MOST},
                  {"--streams", b->streams, 1, STREAMS_MOST},
                  {"--payload", b->payload_bytes, PAYLOAD_LEAST, PAYLOAD_MOST},
                  {"--rate", b->rate, 0, RATE_MOST}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].value >= ranges[i].least && ranges[i].value <= ranges[i].most)
            continue;
        *code =
            say_failure(b->args, EXIT_USAGE, NULL, "%s is %llu to %llu", ranges[i].option,
                        (unsigned long long)ranges[i].least, (unsigned long long)ranges[i].most);
        return false;
    }
    return true;
}

static struct bench *bench_new(const struct args *args, const char *what, const char *url,
                               uint64_t usual_rate)
{
    char id[37];
    struct bench *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->args = args;
    b->what = what;
    b->url = url;
    b->rate = given_or(args, OPTION_RATE, args->rate, usual_rate);
    b->in_flight = given_or(args, OPTION_IN_FLIGHT, args->in_flight,
                            usual_rate ? BENCH_IN_FLIGHT_MAX : IN_FLIGHT);
    b->streams = given_or(args, OPTION_STREAMS, args->streams, 1);
    b->payload_bytes = given_or(args, OPTION_PAYLOAD, args->payload, PAYLOAD_BYTES);
    b->batch = given_or(args, OPTION_BATCH, args->batch, 1);
    b->duration_ms = args->duration_ms ? args->duration_ms : DURATION_MS;
    muon_event_id_new(id);
    snprintf(b->prefix, sizeof(b->prefix), OURS "%s", id);
    return b;
}

/* ---- what has come of it ---- */

static double ms_of(uint64_t ns)
{
    return (double)ns / 1e6;
}

static const struct {
    double percent;
    const char *name; /* with --json */
} percents[] = {{50, "p50"}, {90, "p90"}, {99, "p99"}, {99.9, "p999"}, {100, "max"}};
enum { PERCENTS = sizeof(percents) / sizeof(percents[0]) };

static void print_json(const struct bench *b)
{
    printf("{\"bench\":\"%s\",\"durability\":", b->what);
    json_string_print(stdout, b->durability, strlen(b->durability));
    printf(
        ",\"loop\":\"%s\",\"rate\":%llu,\"in-flight\":%llu,\"batch\":%llu,\"payload-bytes\":%llu,"
        "\"seconds\":%.3f,\"done\":%llu,\"failed\":%llu,\"behind\":%llu,\"unanswered\":%llu,"
        "\"events\":%llu,\"bytes\":%llu,\"interrupted\":%s,\"latency-ms\":{\"min\":%.3f,"
        "\"mean\":%.3f",
        b->rate ? "open" : "closed", (unsigned long long)b->rate, (unsigned long long)b->in_flight,
        (unsigned long long)b->batch, (unsigned long long)b->payload_bytes, b->seconds,
        (unsigned long long)b->done, (unsigned long long)b->failed, (unsigned long long)b->behind,
        (unsigned long long)b->unanswered, (unsigned long long)b->events,
        (unsigned long long)b->bytes, b->interrupted ? "true" : "false", ms_of(b->times.least),
        ms_of(histogram_mean(&b->times)));
    for (size_t i = 0; i < PERCENTS; i++)
        printf(",\"%s\":%.3f", percents[i].name,
               ms_of(histogram_percentile(&b->times, percents[i].percent)));
    fputs("}", stdout);
    if (strcmp(b->what, "emit") == 0)
        printf(",\"streams\":\"%s/**\"", b->prefix);
    fputs("}\n", stdout);
}

static void print_table(const struct bench *b)
{
    double seconds = b->seconds > 0 ? b->seconds : 1;
    printf("%-12s %s, %.1f s, ", "measured", b->what, b->seconds);
    if (b->rate)
        printf("open loop: %llu/s were due\n", (unsigned long long)b->rate);
    else if (strcmp(b->what, "replay") == 0)
        puts("one after the other");
    else
        printf("closed loop: %llu under way\n", (unsigned long long)b->in_flight);
    printf("%-12s %s\n", "durability",
           b->durability[0] ? b->durability : "the server does not tell");
    printf("%-12s %llu, %.1f/s\n", "done", (unsigned long long)b->done, (double)b->done / seconds);
    if (b->events)
        printf("%-12s %llu, %.1f/s, %.2f MiB/s\n", "events", (unsigned long long)b->events,
               (double)b->events / seconds, (double)b->bytes / seconds / 1048576);
    if (b->times.count == 0)
        return;
    printf("%-12s min %.3f  mean %.3f", "ms", ms_of(b->times.least),
           ms_of(histogram_mean(&b->times)));
    for (size_t i = 0; i < PERCENTS; i++)
        printf("  %g%% %.3f", percents[i].percent,
               ms_of(histogram_percentile(&b->times, percents[i].percent)));
    putchar('\n');
}

/* What must not be overlooked, and how to clean up. */
static void print_remarks(const struct bench *b)
{
    if (b->behind)
        say_note(
            b->args,
            "-- %llu were due and not sent, since %llu were under way: the times are too good; "
            "lower --rate or raise --in-flight --",
            (unsigned long long)b->behind, (unsigned long long)b->in_flight);
    if (b->failed)
        say_note(b->args, "-- %llu failed, the first: %s --", (unsigned long long)b->failed,
                 b->error.message);
    if (b->unanswered)
        say_note(b->args, "-- %llu were not answered in time --",
                 (unsigned long long)b->unanswered);
    if (strcmp(b->what, "emit") == 0 && !b->args->remove)
        say_note(b->args, "-- the events are in %s/**; `muon bench delete %s` deletes them --",
                 b->prefix, b->prefix);
}

static int code_of(const struct bench *b)
{
    if (b->interrupted)
        return EXIT_INTERRUPTED;
    if (b->done == 0 && b->failed)
        return (int)exit_of_status(b->error.code);
    if (b->done == 0 && b->unanswered)
        return EXIT_TIMED_OUT;
    return b->failed || b->unanswered ? EXIT_PARTLY_DONE : EXIT_DONE;
}

/* ---- deleting what was emitted ---- */

static bool delete_page(const struct args *args, muon_client *client, json_t *streams,
                        uint64_t *deleted, int *code)
{
    size_t i;
    json_t *stream;
    json_array_foreach(streams, i, stream)
    {
        muon_error error;
        uint64_t events = 0;
        const char *name = json_string_value(json_object_get(stream, "stream-name"));
        if (muon_delete(client, name ? name : "", NULL, connect_timeout_ms(args), &events,
                        &error) != MUON_OK) {
            *code = say_error(args, &error);
            return false;
        }
        *deleted += events;
    }
    return true;
}

/* All streams below a prefix; those that are deleted are not listed again. */
static bool delete_all(const struct args *args, muon_client *client, const char *prefix,
                       uint64_t *deleted, int *code)
{
    char pattern[BENCH_PREFIX_BYTES + 8];
    size_t count = 1;
    bool ok = true;
    snprintf(pattern, sizeof(pattern), "%s/**", prefix);
    *deleted = 0;
    while (ok && count > 0) {
        muon_reply *reply;
        muon_error error;
        if (muon_streams(client, pattern, NULL, PAGE, connect_timeout_ms(args), &reply, &error) !=
            MUON_OK) {
            *code = say_error(args, &error);
            return false;
        }
        json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
        json_t *streams = json_object_get(document, "streams");
        count = json_array_size(streams);
        ok = delete_page(args, client, streams, deleted, code);
        json_decref(document);
        muon_reply_free(reply);
    }
    return ok;
}

static bool is_ours(const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(prefix, OURS, strlen(OURS)) == 0 && len > strlen(OURS) &&
           len < BENCH_PREFIX_BYTES && !strstr(prefix, "**") && prefix[len - 1] != '/';
}

static int delete_prefix(const struct args *args, const char *prefix)
{
    muon_client *client;
    uint64_t deleted;
    int code = EXIT_DONE;
    if (!is_ours(prefix))
        return say_failure(
            args, EXIT_USAGE, "Other streams are deleted by `muon delete`, one by one.",
            "\"%.80s\" is no prefix of a bench: they begin with \"" OURS "\"", prefix);
    if (!connect_open(args, &client, &code))
        return code;
    code = EXIT_DONE;
    if (delete_all(args, client, prefix, &deleted, &code)) {
        if (args->json)
            printf("{\"correct\":true,\"streams\":\"%s/**\",\"deleted-events\":%llu}\n", prefix,
                   (unsigned long long)deleted);
        else
            printf("%llu events deleted from %s/**\n", (unsigned long long)deleted, prefix);
    }
    connect_close(client);
    return code;
}

/* ---- the verbs ---- */

static void ask_durability(struct bench *b, muon_client *client)
{
    muon_reply *reply;
    if (muon_info(client, connect_timeout_ms(b->args), &reply, NULL) != MUON_OK)
        return;
    json_t *info = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    const char *text = json_string_value(json_object_get(info, "durability"));
    snprintf(b->durability, sizeof(b->durability), "%s", text ? text : "");
    json_decref(info);
    muon_reply_free(reply);
}

static int measure(struct bench *b)
{
    muon_client *client;
    uint64_t deleted;
    int code = EXIT_DONE;
    if (!check(b, &code) || !connect_open(b->args, &client, &code))
        return code;
    ask_durability(b, client);
    bool replays = strcmp(b->what, "replay") == 0, emits = strcmp(b->what, "emit") == 0;
    bool ok = replays ? bench_replay(b, client, &code) : bench_load(b, client, &code);
    if (ok) {
        if (b->args->json)
            print_json(b);
        else
            print_table(b);
        if (out_flush(b->args, &code)) {
            print_remarks(b);
            code = code_of(b);
        }
    }
    if (emits && b->args->remove)
        delete_all(b->args, client, b->prefix, &deleted, &code);
    connect_close(client);
    return code;
}

static int measure_what(const struct args *args, const char *what, const char *url,
                        uint64_t usual_rate)
{
    struct bench *b = bench_new(args, what, url, usual_rate);
    if (!b)
        return say_failure(args, EXIT_FAILED, NULL, "out of memory");
    int code = measure(b);
    free(b);
    return code;
}

int bench_run(const struct args *args)
{
    const char *what = args->operands[1];
    const char *whom = args->operand_count > 2 ? args->operands[2] : NULL;
    if (strcmp(what, "emit") == 0 && !whom)
        return measure_what(args, "emit", NULL, 0);
    if (strcmp(what, "replay") == 0 && whom)
        return measure_what(args, "replay", whom, 0);
    if (strcmp(what, "request") == 0 && whom)
        return measure_what(args, "request", whom, 0);
    if (strcmp(what, "delete") == 0 && whom)
        return delete_prefix(args, whom);
    return say_failure(args, EXIT_USAGE, "See `muon help bench`.",
                       "muon bench wants emit, replay STREAM, request URL, or delete PREFIX");
}

int latency_run(const struct args *args)
{
    const char *url = args->operand_count > 1 ? args->operands[1] : NULL;
    return measure_what(args, url ? "request" : "emit", url, LATENCY_RATE);
}
