/*
 * admin.c - see admin.h. What is asked is a word of its own, found in a table like a verb; an answer is a document, shown as it is
 * or as a table.
 */
#include "cli/admin.h"

#include <inttypes.h>
#include <jansson.h>
#include <muon/admin.h>
#include <stdio.h>
#include <string.h>

#include "cli/columns.h"
#include "cli/connect.h"
#include "cli/guess.h"
#include "cli/say.h"

struct subject {
    const char *name;
    size_t operands_max;
    int32_t (*ask)(muon_client *client, const struct args *args, muon_reply **reply,
                   muon_error *error);
    void (*show)(const struct args *args, const json_t *document);
};

/* ---- asked ---- */

static int32_t ask_stats(muon_client *client, const struct args *args, muon_reply **reply,
                         muon_error *error)
{
    return muon_admin_stats(client, connect_timeout_ms(args), reply, error);
}

static int32_t ask_subscriptions(muon_client *client, const struct args *args, muon_reply **reply,
                                 muon_error *error)
{
    return muon_admin_subscriptions(client, connect_timeout_ms(args), reply, error);
}

static int32_t ask_sessions(muon_client *client, const struct args *args, muon_reply **reply,
                            muon_error *error)
{
    return muon_admin_sessions(client, connect_timeout_ms(args), reply, error);
}

static int32_t ask_log_level(muon_client *client, const struct args *args, muon_reply **reply,
                             muon_error *error)
{
    const char *level = args->operand_count > 2 ? args->operands[2] : NULL;
    return level ? muon_admin_log_level(client, level, connect_timeout_ms(args), reply, error)
                 : muon_admin_stats(client, connect_timeout_ms(args), reply, error);
}

/* As long as it takes, unless somebody has said how long. */
static int32_t ask_compact(muon_client *client, const struct args *args, muon_reply **reply,
                           muon_error *error)
{
    return muon_admin_compact(client, args->timeout_ms ? connect_timeout_ms(args) : MUON_FOREVER,
                              reply, error);
}

/* ---- shown ---- */

static void show_stats(const struct args *args, const json_t *document)
{
    const char *name;
    json_t *value;
    (void)args;
    json_object_foreach((json_t *)document, name, value)
    {
        char text[COLUMNS_TEXT_BYTES];
        columns_text(name, value, text);
        printf("%-16s  %s\n", name, text);
    }
}

static void show_subscriptions(const struct args *args, const json_t *document)
{
    static const struct column columns[] = {
        {"STREAM", "stream-name", false},
        {"TYPE", "stream-type", false},
        {"STATE", "state", false},
        {"LAG", "lag-ms", true},
        {"POSITION", "position", true},
        {"EVENTS", "events", true},
        {"WAITING", "waiting-bytes", true},
        {"IDENTITY", "identity", false},
        {"PEER", "peer", false},
        {"SINCE", "since", false},
    };
    const json_t *rows = json_object_get(document, "subscriptions");
    if (json_array_size(rows) == 0)
        say_note(args, "no subscriptions");
    else
        columns_print(stdout, rows, columns, sizeof(columns) / sizeof(columns[0]), !args->quiet);
}

static void show_sessions(const struct args *args, const json_t *document)
{
    static const struct column columns[] = {
        {"SERVICE", "service", false},    {"INSTANCE", "instance-id", false},
        {"ENDPOINTS", "endpoints", true}, {"IN-FLIGHT", "in-flight", true},
        {"CALLS", "calls", true},         {"WAITING", "waiting-bytes", true},
        {"DRAINING", "draining", false},  {"IDENTITY", "identity", false},
        {"PEER", "peer", false},          {"SINCE", "since", false},
    };
    const json_t *rows = json_object_get(document, "sessions");
    if (json_array_size(rows) == 0)
        say_note(args, "no sessions");
    else
        columns_print(stdout, rows, columns, sizeof(columns) / sizeof(columns[0]), !args->quiet);
}

static void show_log_level(const struct args *args, const json_t *document)
{
    const char *level = json_string_value(json_object_get(document, "level"));
    const char *was = json_string_value(json_object_get(document, "was"));
    const char *now = json_string_value(json_object_get(document, "log-level"));
    if (level && was && args->quiet)
        return;
    if (level && was)
        printf("%s (was %s)\n", level, was);
    else
        printf("%s\n", now ? now : "unknown");
}

static void show_compact(const struct args *args, const json_t *document)
{
    char done[COLUMNS_TEXT_BYTES], left[COLUMNS_TEXT_BYTES];
    if (args->quiet)
        return;
    columns_text("done-bytes", json_object_get(document, "done-bytes"), done);
    columns_text("table-bytes", json_object_get(document, "table-bytes"), left);
    printf("%s gone over; the tables take %s now\n", done, left);
}

/* ---- which ---- */

static const struct subject subjects[] = {
    {"stats", 0, ask_stats, show_stats},
    {"subscriptions", 0, ask_subscriptions, show_subscriptions},
    {"sessions", 0, ask_sessions, show_sessions},
    {"log-level", 1, ask_log_level, show_log_level},
    {"compact", 0, ask_compact, show_compact},
};

enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

/* NULL: told, *code. */
static const struct subject *find(const struct args *args, int *code)
{
    const char *names[SUBJECTS], *word = args->operands[1];
    for (size_t i = 0; i < SUBJECTS; i++) {
        names[i] = subjects[i].name;
        if (strcmp(word, names[i]) != 0)
            continue;
        if (args->operand_count - 2 <= subjects[i].operands_max)
            return &subjects[i];
        *code = say_failure(args, EXIT_USAGE, "See `muon help admin`.",
                            "too many words: muon admin %s", word);
        return NULL;
    }
    const char *guess = guess_nearest(word, names, SUBJECTS);
    *code = say_failure(args, EXIT_USAGE, "See `muon help admin`.",
                        "there is nothing called \"%.60s\" to administer%s%s%s", word,
                        guess ? "; did you mean \"" : "", guess ? guess : "", guess ? "\"?" : "");
    return NULL;
}

static int ask(const struct args *args, const struct subject *subject, muon_client *client)
{
    muon_reply *reply;
    muon_error error;
    if (subject->ask(client, args, &reply, &error) != MUON_OK)
        return say_error(args, &error);
    int code = EXIT_DONE;
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    if (args->json)
        printf("%s\n", reply->body.ptr);
    else if (document)
        subject->show(args, document);
    else
        code = say_failure(args, EXIT_FAILED, NULL, "admin: the answer is no JSON");
    json_decref(document);
    muon_reply_free(reply);
    return code;
}

int admin_run(const struct args *args)
{
    muon_client *client;
    int code;
    const struct subject *subject = find(args, &code);
    if (!subject || !connect_open(args, &client, &code))
        return code;
    code = ask(args, subject, client);
    connect_close(client);
    return code;
}
