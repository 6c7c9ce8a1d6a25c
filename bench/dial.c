/*
 * dial.c - see dial.h.
 */
#include "bench/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/codec.h"

enum { MESSAGE_BYTES_MAX = 8 * 1024 * 1024 };

void dial_ignore_message(struct client_call *call, struct bytes *message)
{
    (void)call, (void)message;
}

void dial_ignore_sent(struct client_call *call, bool ok)
{
    (void)call, (void)ok;
}

static void pinged(struct client_call *call, const struct error *status)
{
    struct dial *dial = client_call_user(call);
    dial_check(status, "Info");
    client_call_free(call);
    sem_post(&dial->done);
}

/* A whole call on each connection, so that what follows is not the first. */
static void dial_ping(struct dial *dial)
{
    static const struct client_handler handler = {dial_ignore_message, dial_ignore_sent, pinged};
    struct bytes *nothing = bytes_new(0);
    for (size_t i = 0; i < dial->len; i++) {
        struct client_call *call =
            client_call_new(dial->channels[i], PHOTON "Info", 30000, true, &handler, dial);
        if (!call)
            die("no memory");
        client_call_ask(call, nothing);
        sem_wait(&dial->done);
    }
    bytes_unref(nothing);
}

void dial_open(struct dial *dial, const struct args *args, size_t len)
{
    struct tls_client_options tls = {.ca_pem = file_text(args_text(args, "ca", "")),
                                     .cert_pem = file_text(args_text(args, "cert", "")),
                                     .key_pem = file_text(args_text(args, "key", ""))};
    *dial = (struct dial){.len = len, .cq = cq_open(1), .channels = calloc(len, sizeof(void *))};
    sem_init(&dial->done, 0, 0);
    for (size_t i = 0; i < len; i++) {
        char agent[32]; /* channels that differ in nothing would share one connection */
        snprintf(agent, sizeof agent, "bench-%zu", i);
        struct channel_options options = {.tls = tls.ca_pem ? &tls : NULL,
                                          .reconnect_max_ms = 1000,
                                          .message_bytes_max = MESSAGE_BYTES_MAX,
                                          .user_agent = agent};
        struct error error;
        dial->channels[i] =
            channel_open(dial->cq, args_text(args, "target", "127.0.0.1:10566"), &options, &error);
        if (!dial->channels[i])
            die("%s", error.message);
    }
    dial_ping(dial);
}

void dial_check(const struct error *status, const char *what)
{
    if (status && status->reason != REASON_NONE)
        die("%s: %s", what, status->message);
}
