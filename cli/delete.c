/*
 * delete.c - `muon delete` and `muon truncate`: the events of a stream, or those before a version, gone for all readers.
 */
#include "cli/delete.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/json-string.h"
#include "cli/say.h"

static void print_deleted(const struct args *args, const char *stream, uint64_t deleted)
{
    if (!args->json) {
        if (!args->quiet)
            printf("%" PRIu64 " events deleted from %s%s\n", deleted, stream,
                   args->tombstone ? ", which takes no more" : "");
        return;
    }
    fputs("{\"correct\":true,\"stream-name\":", stdout);
    json_string_print(stdout, stream, strlen(stream));
    printf(",\"deleted-events\":%" PRIu64 "%s}\n", deleted,
           args->tombstone ? ",\"tombstone\":true" : "");
}

/* What the options ask for. */
static int32_t ask(const struct args *args, muon_client *client, const muon_expect *expect,
                   uint64_t *deleted, muon_error *error)
{
    const char *stream = args->operands[1];
    int32_t timeout_ms = connect_timeout_ms(args);
    if (args->given & OPTION_BEFORE)
        return muon_truncate(client, stream, (int64_t)args->before, expect, timeout_ms, deleted,
                             error);
    if (args->tombstone)
        return muon_tombstone(client, stream, expect, timeout_ms, deleted, error);
    return muon_delete(client, stream, expect, timeout_ms, deleted, error);
}

int delete_run(const struct args *args)
{
    muon_expect expect;
    muon_client *client;
    muon_error error;
    uint64_t deleted = 0;
    int code;
    if (args->expect && !args_expectation(args->expect, &expect))
        return say_failure(args, EXIT_USAGE, "A version, \"none\" or \"exists\".",
                           "--expect cannot be \"%s\"", args->expect);
    if (!connect_open(args, &client, &code))
        return code;
    code = EXIT_DONE;
    if (ask(args, client, args->expect ? &expect : NULL, &deleted, &error) == MUON_OK)
        print_deleted(args, args->operands[1], deleted);
    else
        code = say_error(args, &error);
    connect_close(client);
    return code;
}

int truncate_run(const struct args *args)
{
    if (!(args->given & OPTION_BEFORE))
        return say_failure(args, EXIT_USAGE, "`muon delete` deletes all of a stream.",
                           "truncate wants --before VERSION");
    return delete_run(args);
}
