/*
 * introspect.c - `muon introspect SERVICE`: the original's document, or a list for people.
 */
#include "cli/introspect.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/say.h"

static int width_of(json_t *protocols)
{
    size_t widest = 0, i, j;
    json_t *protocol, *operation;
    json_array_foreach(protocols, i, protocol)
    {
        json_array_foreach(json_object_get(protocol, "operations"), j, operation)
        {
            size_t len = json_string_length(json_object_get(operation, "resource"));
            widest = len > widest ? len : widest;
        }
    }
    return (int)widest;
}

static bool print_operation(const char *scheme, json_t *operation, int width)
{
    const char *resource, *doc = "";
    if (json_unpack(operation, "{s:s, s?s}", "resource", &resource, "doc", &doc) != 0)
        return false;
    printf("%-6s  %-*s%s%s\n", scheme, doc[0] ? width : 0, resource, doc[0] ? "  " : "", doc);
    return true;
}

/* False: it is no such document. */
static bool print_list(json_t *document)
{
    size_t i, j;
    json_t *protocol, *operation, *protocols = json_object_get(document, "protocols");
    bool ok = json_is_array(protocols);
    json_array_foreach(protocols, i, protocol)
    {
        const char *scheme = json_string_value(json_object_get(protocol, "protocolScheme"));
        json_array_foreach(json_object_get(protocol, "operations"), j, operation) ok =
            ok && scheme && print_operation(scheme, operation, width_of(protocols));
    }
    return ok;
}

static int show_service(const struct args *args, muon_client *client)
{
    muon_reply *reply;
    muon_error error;
    int code = EXIT_DONE;
    if (muon_introspect(client, args->operands[1], connect_timeout_ms(args), &reply, &error) !=
        MUON_OK)
        return say_service_error(args, &error);
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    if (args->raw || args->json)
        printf("%s\n", reply->body.ptr);
    else if (!print_list(document))
        code = say_failure(args, EXIT_FAILED, NULL, "introspect: the answer is no list");
    json_decref(document);
    muon_reply_free(reply);
    return code;
}

int introspect_run(const struct args *args)
{
    muon_client *client;
    int code;
    if (!connect_open(args, &client, &code))
        return code;
    code = show_service(args, client);
    connect_close(client);
    return code;
}
