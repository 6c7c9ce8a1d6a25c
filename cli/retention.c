/*
 * retention.c - `muon retention`: lists the policies, sets one, ends one.
 */
#include "cli/retention.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"

/* ---- words ---- */

/* In the largest unit that it is a multiple of. */
static void age_text(int64_t ms, char *out, size_t size)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;
    while (ms % units[i].ms != 0)
        i++;
    snprintf(out, size, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

void retention_text(int64_t max_age_ms, int64_t max_count, char out[RETENTION_TEXT_BYTES])
{
    char age[32] = "", count[32] = "";
    if (max_age_ms > 0)
        age_text(max_age_ms, age, sizeof(age));
    if (max_count > 0)
        snprintf(count, sizeof(count), "%" PRId64 " events", max_count);
    if (age[0] || count[0])
        snprintf(out, RETENTION_TEXT_BYTES, "%s%s%s", age, age[0] && count[0] ? ", " : "", count);
    else
        snprintf(out, RETENTION_TEXT_BYTES, "everything");
}

/* ---- list ---- */

static bool print_policies(const struct args *args, const muon_reply *reply)
{
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    json_t *policies = json_object_get(document, "retention");
    bool ok = json_is_array(policies);
    size_t count = json_array_size(policies);
    if (ok && count && !args->quiet)
        printf("%-24s  %s\n", "KEEPS", "STREAMS");
    for (size_t i = 0; ok && i < count; i++) {
        const char *pattern;
        json_int_t age, most;
        char text[RETENTION_TEXT_BYTES];
        ok = json_unpack(json_array_get(policies, i), "{s:s, s:I, s:I}", "pattern", &pattern,
                         "max-age-ms", &age, "max-count", &most) == 0;
        if (ok) {
            retention_text(age, most, text);
            printf("%-24s  %s\n", text, pattern);
        }
    }
    if (ok && count == 0)
        say_note(args, "no retention policies: everything is kept");
    json_decref(document);
    return ok;
}

static int list(const struct args *args, muon_client *client)
{
    muon_reply *reply;
    muon_error error;
    if (muon_retention(client, connect_timeout_ms(args), &reply, &error) != MUON_OK)
        return say_error(args, &error);
    int code = EXIT_DONE;
    if (args->json)
        printf("%s\n", reply->body.ptr);
    else if (!print_policies(args, reply))
        code = say_failure(args, EXIT_FAILED, NULL, "retention: the answer is no list of policies");
    muon_reply_free(reply);
    if (code == EXIT_DONE)
        out_flush(args, &code);
    return code;
}

/* ---- set, clear ---- */

static int change(const struct args *args, muon_client *client, bool clear)
{
    const char *pattern = args->operands[2];
    muon_error error;
    int32_t timeout_ms = connect_timeout_ms(args);
    int32_t status = clear ? muon_retention_clear(client, pattern, timeout_ms, &error)
                           : muon_retention_set(client, pattern, args->max_age_ms, args->max_count,
                                                timeout_ms, &error);
    char text[RETENTION_TEXT_BYTES];
    if (status != MUON_OK)
        return say_error(args, &error);
    if (args->json) {
        puts("{\"correct\":true}");
    } else if (clear && !args->quiet) {
        printf("no policy for %s any more\n", pattern);
    } else if (!args->quiet) {
        retention_text(args->max_age_ms, (int64_t)args->max_count, text);
        printf("%s keeps %s\n", pattern, text);
    }
    return EXIT_DONE;
}

/* What is wrong with the words; NULL: nothing. */
static const char *fault_of(const struct args *args, const char *action)
{
    uint64_t limits = args->given & (OPTION_MAX_AGE | OPTION_MAX_COUNT);
    bool set = strcmp(action, "set") == 0, clear = strcmp(action, "clear") == 0;
    if (!set && !clear && strcmp(action, "list") != 0)
        return "the action is one of set, clear and list";
    if ((set || clear) != (args->operand_count == 3))
        return "set and clear take a pattern, list takes none";
    if (limits && !set)
        return "--max-age and --max-count go with set";
    if ((args->given & OPTION_MAX_COUNT) && args->max_count == 0)
        return "--max-count 0 would keep nothing: give 1 or more, or delete the stream";
    return NULL;
}

int retention_run(const struct args *args)
{
    const char *action = args->operand_count > 1 ? args->operands[1] : "list";
    const char *fault = fault_of(args, action);
    muon_client *client;
    int code;
    if (fault)
        return say_failure(args, EXIT_USAGE, "See `muon help retention`.", "retention: %s", fault);
    if (!connect_open(args, &client, &code))
        return code;
    code = strcmp(action, "list") == 0 ? list(args, client)
                                       : change(args, client, strcmp(action, "clear") == 0);
    connect_close(client);
    return code;
}
