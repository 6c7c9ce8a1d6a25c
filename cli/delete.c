/*
 * delete.c - `muon delete`: the events of a stream, gone for all readers.
 */
#include "cli/delete.h"

#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/json-string.h"
#include "cli/say.h"

static void print_deleted(const struct args *args, const char *stream, uint64_t deleted)
{
    if (!args->json) {
        if (!args->quiet)
            printf("%llu events deleted from %s\n", (unsigned long long)deleted, stream);
        return;
    }
    fputs("{\"correct\":true,\"stream-name\":", stdout);
    json_string_print(stdout, stream, strlen(stream));
    printf(",\"deleted-events\":%llu}\n", (unsigned long long)deleted);
}

int delete_run(const struct args *args)
{
    const char *stream = args->operands[1];
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
    if (muon_delete(client, stream, args->expect ? &expect : NULL, connect_timeout_ms(args),
                    &deleted, &error) == MUON_OK)
        print_deleted(args, stream, deleted);
    else
        code = say_error(args, &error);
    connect_close(client);
    return code;
}
