/*
 * why.c - why is an order what it is? From its last event back, from cause to cause, across streams and services.
 *
 *   why STREAM        prints the chain, the first cause first: what happened, where, because of what, and its payload.
 */
#include <stdio.h>
#include <string.h>

#include "examples/demo/words.h"

enum { CHAIN_MAX = 32 };

/* The causes of the event in chain[0], one after the other. How many there are with it; -1: one is missing. */
static int follow(muon_client *client, muon_batch *chain[CHAIN_MAX], muon_error *error)
{
    for (int n = 1;; n++) {
        const muon_event *event = muon_batch_at(chain[n - 1], 0);
        if (event->caused_by.len == 0 || n == CHAIN_MAX)
            return n;
        const muon_place cause = {.event_id = event->caused_by.ptr};
        if (muon_get(client, &cause, 0, &chain[n], error) != MUON_OK)
            return -1;
    }
}

static void print(const muon_event *event, const muon_event *cause)
{
    char place[64];
    snprintf(place, sizeof(place), "%s, %lld", event->stream.ptr, (long long)event->version);
    printf("%-15s %-17s %-15s\n  %s\n", event->type.ptr, place, cause ? cause->type.ptr : "-",
           event->payload.ptr);
}

static int why(muon_client *client, const char *stream)
{
    muon_batch *chain[CHAIN_MAX] = {NULL};
    muon_error error = {.message = "there is no such order"};
    int n = -1;
    if (muon_read(client, stream, MUON_FROM_VERSION, 0, 1, MUON_BACKWARDS, 0, &chain[0], &error) ==
            MUON_OK &&
        muon_batch_count(chain[0]) == 1)
        n = follow(client, chain, &error);
    if (n < 0)
        fprintf(stderr, "why: %s\n", error.message);
    for (int i = n - 1; i >= 0; i--)
        print(muon_batch_at(chain[i], 0), i < n - 1 ? muon_batch_at(chain[i + 1], 0) : NULL);
    for (int i = 0; i < CHAIN_MAX; i++)
        muon_batch_free(chain[i]);
    return n < 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: why STREAM\n");
        return 2;
    }
    muon_client *client = words_open(NULL);
    if (!client)
        return 1;
    int code = why(client, argv[1]);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return code;
}
