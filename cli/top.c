/*
 * top.c - see top.h.
 *
 * A sample at an interval, drawn on a terminal that is left as it was; without one a table an interval, with --json an object,
 * with --format a line. On a terminal an answer that does not come is told and waited for: a restart is something that one
 * wants to see the end of.
 */
#include "cli/top.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/columns.h"
#include "cli/connect.h"
#include "cli/format.h"
#include "cli/out.h"
#include "cli/sample.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "cli/time-text.h"

enum { INTERVAL_MS = 2000, INTERVAL_MIN_MS = 100, ONCE_MS = 1000, ANSWER_MS = 2000 };

struct top {
    const struct args *args;
    struct terminal terminal;
    muon_client *client;
    int64_t interval_ms;
    bool once;
    json_t *sample; /* the last one */
    char fault[sizeof(((muon_error *)0)->message)];
};

/* ---- a picture ---- */

static const json_t *of(const json_t *sample, const char *part, const char *name)
{
    return json_object_get(json_object_get(sample, part), name);
}

static void put_rate(FILE *out, const json_t *sample, const char *name, const char *unit)
{
    const json_t *rate = of(sample, "rates", name);
    char text[COLUMNS_TEXT_BYTES];
    if (!rate)
        snprintf(text, sizeof(text), "-");
    else if (strstr(name, "-bytes") || strcmp(name, "delivered-bytes") == 0)
        columns_bytes(json_real_value(rate), text);
    else
        snprintf(text, sizeof(text), "%.0f", json_real_value(rate));
    fprintf(out, "%10s%s/s", text, unit);
}

static void put_stat(FILE *out, const json_t *sample, const char *before, const char *name)
{
    char text[COLUMNS_TEXT_BYTES];
    columns_text(name, of(sample, "stats", name), text);
    fprintf(out, "%s%s", before, text);
}

static void put_head(FILE *out, const struct top *top, const json_t *sample)
{
    char up[COLUMNS_TEXT_BYTES];
    json_int_t now = json_integer_value(of(sample, "stats", "time"));
    columns_ms((double)(now - json_integer_value(of(sample, "stats", "started"))), up);
    put_stat(out, sample, "photond ", "version");
    put_stat(out, sample, "  store ", "store-id");
    put_stat(out, sample, "  log ", "log-level");
    fprintf(out, "  up %s%s\n", up,
            json_is_false(of(sample, "stats", "writable")) ? "  NOTHING CAN BE WRITTEN" : "");
    fputs("stored    ", out);
    put_rate(out, sample, "events", " events");
    put_rate(out, sample, "event-bytes", "");
    put_rate(out, sample, "commits", " commits");
    put_stat(out, sample, "  waiting ", "queue-bytes");
    fputs("\ndelivered ", out);
    put_rate(out, sample, "delivered-events", " events");
    put_rate(out, sample, "delivered-bytes", "");
    put_stat(out, sample, "  subscriptions ", "subscriptions");
    put_stat(out, sample, "  sessions ", "sessions");
    put_stat(out, sample, "\ntables    ", "table-bytes");
    put_stat(out, sample, ", free on the disk ", "disk-free-bytes");
    fprintf(out, "\n%s%s\n", top->fault[0] ? "! " : "", top->fault);
}

static void put_services(FILE *out, const json_t *sample, bool titles)
{
    static const struct column columns[] = {{"SERVICE", "identifier", false},
                                            {"INSTANCES", "instance-count", true},
                                            {"IN-FLIGHT", "in-flight", true}};
    const json_t *services = json_object_get(sample, "services");
    json_t *rows = json_array();
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);
        const json_t *instances = json_object_get(service, "instances");
        json_int_t in_flight = 0;
        for (size_t k = 0; k < json_array_size(instances); k++)
            in_flight +=
                json_integer_value(json_object_get(json_array_get(instances, k), "in-flight"));
        json_array_append_new(
            rows, json_pack("{s:O, s:I, s:I}", "identifier", json_object_get(service, "identifier"),
                            "instance-count", (json_int_t)json_array_size(instances), "in-flight",
                            in_flight));
    }
    columns_print(out, rows, columns, 3, titles);
    json_decref(rows);
}

static void put_subscriptions(FILE *out, const json_t *sample, bool titles)
{
    static const struct column columns[] = {{"SUBSCRIPTION", "stream-name", false},
                                            {"STATE", "state", false},
                                            {"LAG", "lag-ms", true},
                                            {"EVENTS", "events", true},
                                            {"WAITING", "waiting-bytes", true},
                                            {"IDENTITY", "identity", false},
                                            {"PEER", "peer", false}};
    const json_t *rows = json_object_get(sample, "subscriptions");
    if (json_array_size(rows))
        columns_print(out, rows, columns, sizeof(columns) / sizeof(columns[0]), titles);
}

static void put_streams(FILE *out, const json_t *sample, bool titles)
{
    const json_t *streams = json_object_get(sample, "streams");
    if (titles && json_array_size(streams))
        fprintf(out, "%10s  %12s  %s\n", "EVENTS/S", "EVENTS", "STREAM");
    for (size_t i = 0; i < json_array_size(streams); i++) {
        const json_t *stream = json_array_get(streams, i), *rate = json_object_get(stream, "rate");
        char text[COLUMNS_TEXT_BYTES] = "-";
        if (rate)
            snprintf(text, sizeof(text), "%.0f", json_real_value(rate));
        fprintf(out, "%10s  %12lld  %s\n", text,
                (long long)json_integer_value(json_object_get(stream, "total-events")),
                json_string_value(json_object_get(stream, "stream-name")));
    }
}

/* To be freed; NULL: no memory. */
static char *picture(const struct top *top)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    bool titles = !top->args->quiet;
    put_head(out, top, top->sample);
    put_services(out, top->sample, titles);
    fputc('\n', out);
    put_subscriptions(out, top->sample, titles);
    fputc('\n', out);
    put_streams(out, top->sample, titles);
    fclose(out);
    return text;
}

/* ---- shown ---- */

static void write_sample(FILE *out, const void *sample)
{
    json_t *shown = json_copy((json_t *)sample);
    json_object_del(shown, "totals");
    if (!shown || (json_dumpf(shown, out, JSON_COMPACT | JSON_REAL_PRECISION(6)) && !ferror(out)))
        out_lose(ENOMEM);
    json_decref(shown);
}

static bool print_record(const struct top *top, int *code)
{
    if (top->args->json) {
        write_sample(stdout, top->sample);
        putchar('\n');
    } else {
        format_show(top->args->format, write_sample, top->sample);
    }
    return out_flush(top->args, code);
}

/* false: it ends, with *code. */
static bool show(struct top *top, int *code)
{
    if (top->args->json || top->args->format)
        return print_record(top, code);
    char *text = picture(top);
    if (!text) {
        *code = say_failure(top->args, EXIT_FAILED, NULL, "top: out of memory");
        return false;
    }
    bool on = true;
    if (top->terminal.drawn)
        on = terminal_draw(&top->terminal, text);
    else
        printf("%s\n", text);
    free(text);
    return on && (top->terminal.drawn || out_flush(top->args, code));
}

/* ---- again and again ---- */

/* false: it ends, with *code. What passes is told in the picture. */
static bool take(struct top *top, int *code)
{
    json_t *sample;
    muon_error error;
    int32_t status = sample_take(top->client, top->sample, ANSWER_MS, &sample, &error);
    top->fault[0] = '\0';
    if (status == MUON_OK) {
        json_decref(top->sample);
        top->sample = sample;
        return true;
    }
    bool passes = status == MUON_ETIMEDOUT || status == MUON_EUNAVAIL;
    if (top->terminal.drawn && top->sample && passes) {
        snprintf(top->fault, sizeof(top->fault), "%s", error.message);
        return true;
    }
    terminal_leave(&top->terminal);
    *code = say_error(top->args, &error);
    return false;
}

static int run(struct top *top)
{
    int code = EXIT_DONE;
    bool shown = !top->once;
    if (!take(top, &code) || (shown && !show(top, &code)))
        return code;
    for (;;) {
        switch (terminal_wait(&top->terminal, top->interval_ms)) {
        case TERMINAL_END:
            return code;
        case TERMINAL_RESIZED:
            break;
        case TERMINAL_TIME:
            if (!take(top, &code))
                return code;
            break;
        }
        if (!show(top, &code) || top->once)
            return code;
    }
}

static bool read_operand(struct top *top, int *code)
{
    const char *word = top->args->operand_count > 1 ? top->args->operands[1] : NULL;
    top->interval_ms = INTERVAL_MS;
    if (!word)
        return true;
    top->once = strcmp(word, "once") == 0;
    if (top->once)
        top->interval_ms = ONCE_MS;
    else if (!time_text_duration(word, &top->interval_ms) || top->interval_ms < INTERVAL_MIN_MS) {
        *code = say_failure(top->args, EXIT_USAGE, "Say for example 500ms, 5s, or once.",
                            "\"%.60s\" is no interval from 100ms on", word);
        return false;
    }
    return true;
}

int top_run(const struct args *args)
{
    struct top top = {.args = args};
    int code = EXIT_DONE;
    if (!read_operand(&top, &code))
        return code;
    if (!terminal_open(&top.terminal)) /* before the client has threads */
        return say_failure(args, EXIT_FAILED, NULL, "top: no descriptor is left");
    if (connect_open(args, &top.client, &code)) {
        if (!args->json && !args->format && !top.once)
            terminal_enter(&top.terminal);
        code = run(&top);
    }
    terminal_close(&top.terminal);
    connect_close(top.client);
    json_decref(top.sample);
    return code;
}
