/*
 * info.c - `muon info`: which store it is.
 */
#include "cli/info.h"

#include <jansson.h>
#include <stdio.h>

#include "cli/connect.h"
#include "cli/format.h"
#include "cli/say.h"

static void print_value(const char *name, const json_t *value)
{
    if (json_is_string(value))
        printf("%-16s %s\n", name, json_string_value(value));
    else if (json_is_integer(value))
        printf("%-16s %lld\n", name, (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        printf("%-16s %s\n", name, json_is_true(value) ? "yes" : "no");
}

/* The members in their order, those of an inner object in their places. */
static void print_members(json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (json_is_object(value))
            print_members(value);
        else
            print_value(key, value);
    }
}

static void write_body(FILE *out, const void *reply)
{
    fputs(((const muon_reply *)reply)->body.ptr, out);
}

static int show_info(const struct args *args, muon_client *client)
{
    muon_reply *reply;
    muon_error error;
    if (muon_info(client, connect_timeout_ms(args), &reply, &error) != MUON_OK)
        return say_error(args, &error);
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    if (args->json)
        printf("%s\n", reply->body.ptr);
    else if (args->format && document)
        format_show(args->format, write_body, reply);
    else
        print_members(document);
    int code =
        document ? EXIT_DONE : say_failure(args, EXIT_FAILED, NULL, "info: the answer is no JSON");
    json_decref(document);
    muon_reply_free(reply);
    return code;
}

int info_run(const struct args *args)
{
    muon_client *client;
    int code;
    if (!connect_open(args, &client, &code))
        return code;
    code = show_info(args, client);
    connect_close(client);
    return code;
}
