/*
 * service.c - a service and who asks it, in one program, on one thread: calls to answer and answers come through one queue.
 *
 *   service NUMBER
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

static muon_client *open_client(muon_error *err)
{
    muon_config *config;
    muon_client *client = NULL;
    if (muon_config_new(&config) != MUON_OK)
        return NULL;
    if (muon_config_set(config, "service.name", "calculator", err) == MUON_OK)
        muon_open(NULL, config, &client, err);
    muon_config_free(config);
    return client;
}

/* Give the call back, with an answer. */
static void answer(muon_call *call)
{
    char *end, text[64];
    long number = strtol(call->body.ptr, &end, 10); /* every text of ours ends with a NUL */
    if (call->body.len == 0 || *end) {
        muon_call_reply(call, 400, "text/plain", "not a number", 12, NULL);
        return;
    }
    int len = snprintf(text, sizeof text, "%ld squared is %ld", number, number * number);
    muon_call_reply(call, 200, "text/plain", text, (size_t)len, NULL);
}

/* true: the answer has come, or will not. */
static bool handle(muon_item *item)
{
    if (item->kind == MUON_ITEM_CALL && item->object) {
        answer(item->object);
        item->object = NULL; /* it was given back */
        return false;
    }
    if (item->status != MUON_OK) {
        fprintf(stderr, "%s: %s\n", muon_status_name(item->status), item->error->message);
        return true;
    }
    const muon_reply *reply = item->object;
    if (reply->status == 200)
        printf("%s\n", reply->body.ptr);
    else
        printf("%d %s\n", reply->status, reply->body.ptr);
    return true;
}

int main(int argc, char **argv)
{
    muon_queue *queue;
    muon_server *server;
    muon_item item;
    muon_error err = {.message = "out of memory"};
    if (argc != 2) {
        fprintf(stderr, "usage: %s NUMBER\n", argv[0]);
        return 2;
    }
    muon_client *client = open_client(&err);
    if (!client || muon_queue_new(client, &queue, &err) != MUON_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const muon_serve_opts opts = {.queue = queue, .doc = "the square of a number"};
    int32_t status = muon_serve(client, "/square", &opts, &server, &err);
    if (status == MUON_OK)
        status = muon_ping(client, 0, &err); /* until it is registered */
    if (status == MUON_OK)
        status = muon_request_async(client, "rpc://calculator/square", argv[1], strlen(argv[1]),
                                    NULL, queue, 1, &err);
    if (status != MUON_OK) {
        fprintf(stderr, "%s: %s\n", muon_status_name(status), err.message);
        muon_free(client);
        return 1;
    }
    for (bool done = false; !done && muon_queue_wait(queue, &item, 1, MUON_FOREVER) > 0;) {
        done = handle(&item);
        muon_item_clear(&item);
    }
    muon_server_free(server);
    muon_queue_free(queue);
    status = muon_close(client, 5000, &err);
    muon_free(client);
    return status == MUON_OK ? 0 : 1;
}
