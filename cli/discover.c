/*
 * discover.c - `muon discover [NAME|tag:WORD]`: a row for each service, or the document; once, or after each change.
 *
 * A row sums up the instances: how many, what they have in flight, since when the oldest is there, and what any of them offers.
 */
#include "cli/discover.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/connect.h"
#include "cli/format.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/time-text.h"

enum { TIME_WIDTH = 24 };

/* A service, in the words that the table shows. */
struct row {
    const char *name;
    char *tags, *endpoints; /* ours */
    size_t instances;
    json_int_t in_flight, since_ms;
};

static void row_fini(struct row *row)
{
    free(row->tags);
    free(row->endpoints);
}

/* ---- from the document ---- */

static void put_word(FILE *out, const char *word, bool stream)
{
    fprintf(out, "%s%s%s", ftell(out) > 0 ? " " : "", stream ? "stream:" : "", word);
}

static bool put_tags(FILE *out, json_t *tags)
{
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        if (!json_is_string(tag))
            return false;
        put_word(out, json_string_value(tag), false);
    }
    return true;
}

/* Does an instance before this one offer the same? */
static bool is_offered(json_t *instances, size_t before, json_t *endpoint)
{
    size_t j;
    json_t *other;
    for (size_t i = 0; i < before; i++) {
        json_t *endpoints = json_object_get(json_array_get(instances, i), "endpoints");
        json_array_foreach(endpoints, j, other)
        {
            if (json_equal(json_object_get(other, "path"), json_object_get(endpoint, "path")))
                return true;
        }
    }
    return false;
}

static bool put_endpoints(FILE *out, json_t *instances, size_t at)
{
    size_t j;
    json_t *endpoint;
    json_array_foreach(json_object_get(json_array_get(instances, at), "endpoints"), j, endpoint)
    {
        const char *path;
        int stream;
        if (json_unpack(endpoint, "{s:s, s:b}", "path", &path, "stream", &stream) != 0)
            return false;
        if (!is_offered(instances, at, endpoint))
            put_word(out, path, stream);
    }
    return true;
}

static bool add_instances(struct row *row, FILE *out, json_t *instances)
{
    size_t i;
    json_t *instance;
    row->instances = json_array_size(instances);
    json_array_foreach(instances, i, instance)
    {
        json_int_t since_ms, in_flight;
        if (json_unpack(instance, "{s:I, s:I}", "since", &since_ms, "in-flight", &in_flight) != 0)
            return false;
        row->in_flight += in_flight;
        if (i == 0 || since_ms < row->since_ms)
            row->since_ms = since_ms;
        if (!put_endpoints(out, instances, i))
            return false;
    }
    return json_is_array(instances);
}

/* False: it is no service. Fini the row either way. */
static bool row_of(struct row *row, json_t *service)
{
    size_t len;
    *row = (struct row){.name = json_string_value(json_object_get(service, "identifier"))};
    FILE *tags = open_memstream(&row->tags, &len);
    FILE *endpoints = open_memstream(&row->endpoints, &len);
    bool ok = row->name && tags && endpoints && put_tags(tags, json_object_get(service, "tags")) &&
              add_instances(row, endpoints, json_object_get(service, "instances"));
    if (tags && fclose(tags) != 0)
        ok = false;
    if (endpoints && fclose(endpoints) != 0)
        ok = false;
    return ok;
}

/* ---- the table ---- */

static void widen(int *width, const char *text)
{
    int len = (int)strlen(text);
    *width = len > *width ? len : *width;
}

static void print_rows(const struct args *args, const struct row *rows, size_t count)
{
    int name = (int)strlen("SERVICE"), tags = (int)strlen("TAGS");
    bool colour = say_in_colour(stdout);
    char time[TIME_TEXT_BYTES];
    for (size_t i = 0; i < count; i++) {
        widen(&name, rows[i].name);
        widen(&tags, rows[i].tags);
    }
    if (!args->quiet)
        printf("%s%-*s  %-*s  INSTANCES  IN-FLIGHT  %-*s  ENDPOINTS%s\n", colour ? "\033[1m" : "",
               name, "SERVICE", tags, "TAGS", TIME_WIDTH, "SINCE", colour ? "\033[0m" : "");
    for (size_t i = 0; i < count; i++) {
        time_text_print(rows[i].since_ms, time);
        printf("%-*s  %-*s  %9zu  %9lld  %-*s  %s\n", name, rows[i].name, tags, rows[i].tags,
               rows[i].instances, (long long)rows[i].in_flight, TIME_WIDTH, time,
               rows[i].endpoints);
    }
}

/* False: it is no list of services. */
static bool print_table(const struct args *args, json_t *services)
{
    size_t count = json_array_size(services), made = 0;
    struct row *rows = calloc(count + 1, sizeof(*rows));
    bool ok = rows && json_is_array(services);
    while (ok && made < count) {
        ok = row_of(&rows[made], json_array_get(services, made));
        made++;
    }
    if (ok && count == 0)
        say_note(args, "no services");
    else if (ok)
        print_rows(args, rows, count);
    for (size_t i = 0; i < made; i++)
        row_fini(&rows[i]);
    free(rows);
    return ok;
}

static void write_service(FILE *out, const void *service)
{
    json_dumpf(service, out, JSON_COMPACT);
}

/* False: it is no list of services. */
static bool print_format(const struct args *args, json_t *services)
{
    size_t i;
    json_t *service;
    json_array_foreach(services, i, service) format_show(args->format, write_service, service);
    return json_is_array(services);
}

/* Show a document. */
static int show(const struct args *args, const muon_reply *reply)
{
    int code = EXIT_DONE;
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    json_t *services = json_object_get(document, "services");
    if (args->raw || args->json)
        printf("%s\n", reply->body.ptr);
    else if (args->format ? !print_format(args, services) : !print_table(args, services))
        code = say_failure(args, EXIT_FAILED, NULL, "discover: the answer is no list of services");
    json_decref(document);
    return code;
}

static const char *filter_of(const struct args *args)
{
    return args->operand_count > 1 ? args->operands[1] : NULL;
}

static int show_once(const struct args *args, muon_client *client)
{
    muon_reply *reply;
    muon_error error;
    if (muon_discover(client, filter_of(args), connect_timeout_ms(args), &reply, &error) != MUON_OK)
        return say_service_error(args, &error);
    int code = show(args, reply);
    muon_reply_free(reply);
    return code;
}

/* ---- staying ---- */

/* When it was, above the table; the lines of --json and --format are for programs. */
static void print_moment(const struct args *args, uint64_t shown)
{
    struct timespec now;
    char time[TIME_TEXT_BYTES];
    if (args->raw || args->json || args->format || args->quiet)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    time_text_print((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, time);
    printf("%s-- %s --\n", shown > 0 ? "\n" : "", time);
}

/* Show what has come. False: the end, with *code. */
static bool take_item(const struct args *args, const muon_item *item, uint64_t *shown, int *code)
{
    if (item->status != MUON_OK) {
        *code = say_service_error(args, item->error);
        return false;
    }
    print_moment(args, *shown);
    *code = show(args, item->object);
    ++*shown;
    return *code == EXIT_DONE && out_flush(args, code) && !(args->limit && *shown >= args->limit);
}

/* Until there is a reason to end. Ctrl-C needs no care: what has been shown has been written. */
static int stay(const struct args *args, muon_client *client)
{
    muon_queue *queue;
    muon_error error;
    muon_item item;
    uint64_t shown = 0;
    int code = EXIT_DONE;
    if (muon_queue_new(client, &queue, &error) != MUON_OK)
        return say_error(args, &error);
    bool more = muon_discover_watch(client, filter_of(args), queue, 0, &error) == MUON_OK;
    if (!more)
        code = say_service_error(args, &error);
    while (more && muon_queue_wait(queue, &item, 1, MUON_FOREVER) == 1) {
        more = take_item(args, &item, &shown, &code);
        muon_item_clear(&item);
    }
    muon_queue_free(queue);
    return code;
}

int discover_run(const struct args *args)
{
    muon_client *client;
    int code;
    if (args->limit && !args->watch)
        return say_failure(args, EXIT_USAGE, "Give --watch, too.",
                           "--limit says how often a watch is told");
    if (!connect_open(args, &client, &code))
        return code;
    code = args->watch ? stay(args, client) : show_once(args, client);
    connect_close(client);
    return code;
}
