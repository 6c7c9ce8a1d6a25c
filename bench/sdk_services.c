/*
 * sdk_services.c - services by libmuon: instances that answer at once or publish, and who asks and follows them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sdk_verbs.h"

enum { BODY_BYTES = 256, WINDOW_MAX = 1024, ITEMS = 256 };

static const char body[BODY_BYTES] = "{}";

/* ---- serving ---- */

static void *answer(void *server)
{
    muon_call *call;
    muon_error error;
    for (;;) {
        sdk_check(muon_server_next(server, &call, MUON_FOREVER, &error), &error,
                  "muon_server_next");
        muon_call_reply(call, 200, NULL, body, sizeof body, NULL);
    }
    return NULL;
}

/* "/items?N": publishes N items, one subscriber after the other. */
static void *publish(void *server)
{
    muon_call *call;
    muon_error error;
    for (;;) {
        sdk_check(muon_server_next(server, &call, MUON_FOREVER, &error), &error,
                  "muon_server_next");
        uint64_t left = strtoull(call->args.ptr, NULL, 10);
        int32_t status = MUON_OK;
        while (left && (status == MUON_OK || status == MUON_EAGAIN)) {
            status = muon_call_send(call, NULL, body, sizeof body, NULL);
            if (status == MUON_OK)
                left--;
            else
                status = muon_call_wait(call, MUON_FOREVER);
        }
        muon_call_reply(call, 200, NULL, NULL, 0, NULL);
    }
    return NULL;
}

static void serve(muon_client *client, const char *path, uint32_t flags, void *(*run)(void *))
{
    muon_serve_opts opts = {.max_inflight = 4096, .flags = flags};
    muon_server *server;
    muon_error error;
    pthread_t thread;
    sdk_check(muon_serve(client, path, &opts, &server, &error), &error, "muon_serve");
    if (pthread_create(&thread, NULL, run, server) != 0)
        die("no thread");
}

void sdk_serve(const struct args *args)
{
    uint64_t instances = args_number(args, "instances", 1);
    for (uint64_t i = 0; i < instances; i++) {
        muon_error error;
        muon_client *client = sdk_open(args);
        serve(client, "/echo", 0, answer);
        serve(client, "/items", MUON_SERVE_STREAM, publish);
        sdk_check(muon_ping(client, 30000, &error), &error, "muon_ping");
    }
    ready_wait();
}

/* ---- asking ---- */

static void ask_one_at_a_time(muon_client *client, uint64_t calls)
{
    struct samples samples = {0};
    uint64_t begin = mono_ns();
    for (uint64_t i = 0; i < calls; i++) {
        muon_reply *reply;
        muon_error error;
        uint64_t from = mono_ns();
        sdk_check(muon_request(client, "rpc://bench/echo", body, sizeof body, NULL, &reply, &error),
                  &error, "muon_request");
        samples_add(&samples, (int64_t)(mono_ns() - from));
        muon_reply_free(reply);
    }
    result_print_samples(&samples, seconds_since(begin));
}

struct asker {
    muon_client *client;
    uint64_t calls, window;
};

static void *ask_async(void *user)
{
    struct asker *asker = user;
    uint64_t begun = 0, ended = 0;
    muon_queue *q;
    muon_error error;
    muon_item items[ITEMS];
    sdk_check(muon_queue_new(asker->client, &q, &error), &error, "muon_queue_new");
    while (ended < asker->calls) {
        for (; begun < asker->calls && begun - ended < asker->window; begun++)
            sdk_check(muon_request_async(asker->client, "rpc://bench/echo", body, sizeof body, NULL,
                                         q, begun, &error),
                      &error, "muon_request_async");
        int32_t n = sdk_check(muon_queue_wait(q, items, ITEMS, MUON_FOREVER), NULL, "wait");
        for (int32_t i = 0; i < n; i++, ended++) {
            sdk_check(items[i].status, items[i].error, "a request");
            muon_item_clear(&items[i]);
        }
    }
    muon_queue_free(q);
    return NULL;
}

void sdk_ask(const struct args *args)
{
    enum { CONNECTIONS_MAX = 64 };
    uint64_t connections = args_number(args, "connections", 1);
    uint64_t calls = args_number(args, "calls", 10000), window = args_number(args, "window", 1);
    struct asker askers[CONNECTIONS_MAX];
    pthread_t threads[CONNECTIONS_MAX];
    if (connections > CONNECTIONS_MAX || window > WINDOW_MAX)
        die("connections=%d, window=%d at most", CONNECTIONS_MAX, WINDOW_MAX);
    if (connections == 1 && window == 1) {
        ask_one_at_a_time(sdk_open(args), calls);
        return;
    }
    for (uint64_t i = 0; i < connections; i++)
        askers[i] = (struct asker){sdk_open(args), calls / connections, window};
    uint64_t begin = mono_ns();
    for (uint64_t i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, ask_async, &askers[i]) != 0)
            die("no thread");
    for (uint64_t i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    result_print("count", (double)calls, "per_s", (double)calls / seconds_since(begin), NULL);
}

void sdk_follow(const struct args *args)
{
    char url[64];
    muon_error error;
    muon_sub *sub;
    muon_batch *batch;
    uint64_t items = args_number(args, "items", 100000), seen = 0;
    muon_client *client = sdk_open(args);
    snprintf(url, sizeof url, "stream://bench/items?%llu", (unsigned long long)items);
    uint64_t begin = mono_ns();
    sdk_check(muon_subscribe(client, url, NULL, &sub, &error), &error, "muon_subscribe");
    while (sdk_check(muon_sub_next(sub, &batch, MUON_FOREVER, &error), &error, "muon_sub_next") !=
           MUON_END) {
        seen += muon_batch_count(batch);
        muon_batch_free(batch);
    }
    double seconds = seconds_since(begin);
    if (seen != items)
        die("%llu items came", (unsigned long long)seen);
    result_print("count", (double)seen, "seconds", seconds, "per_s", (double)seen / seconds,
                 "mb_per_s", (double)seen * BODY_BYTES / 1e6 / seconds, NULL);
}
