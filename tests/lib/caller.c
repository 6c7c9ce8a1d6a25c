/*
 * caller.c - see caller.h.
 */
#include "tests/lib/caller.h"

#include <pthread.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 60000 };

struct caller {
    struct cq *cq;
    struct channel *channel;
};

struct caller_stream {
    struct client_call *call;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool reading, have_message, sending, sent_ok, finished;
    struct bytes *message;
    struct error status;
};

struct caller *caller_open(const char *target, const struct tls_client_options *tls)
{
    struct caller *caller = calloc(1, sizeof *caller);
    struct channel_options options = {
        .tls = tls, .reconnect_max_ms = 200, .message_bytes_max = 16 << 20, .user_agent = "test"};
    struct error error;
    caller->cq = cq_open(1);
    caller->channel = channel_open(caller->cq, target, &options, &error);
    if (!caller->channel)
        abort();
    return caller;
}

void caller_close(struct caller *caller)
{
    channel_close(caller->channel);
    cq_close(caller->cq);
    free(caller);
}

/* ---- handlers, on the poller ---- */

static void on_message(struct client_call *call, struct bytes *message)
{
    struct caller_stream *s = client_call_user(call);
    pthread_mutex_lock(&s->lock);
    s->message = message ? bytes_ref(message) : NULL;
    s->have_message = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_sent(struct client_call *call, bool ok)
{
    struct caller_stream *s = client_call_user(call);
    pthread_mutex_lock(&s->lock);
    s->sending = false;
    s->sent_ok = ok;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_finished(struct client_call *call, const struct error *status)
{
    struct caller_stream *s = client_call_user(call);
    pthread_mutex_lock(&s->lock);
    s->status = *status;
    s->finished = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static const struct client_handler handler = {on_message, on_sent, on_finished};

/* ---- calls ---- */

struct caller_stream *caller_stream_open(struct caller *caller, const char *path)
{
    struct caller_stream *s = calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->call = client_call_new(caller->channel, path, TIMEOUT_MS, true, &handler, s);
    if (!s->call)
        abort();
    return s;
}

bool caller_stream_send(struct caller_stream *s, struct bytes *message, bool last)
{
    s->sending = true;
    client_call_send(s->call, &message, 1, last);
    bytes_unref(message);
    pthread_mutex_lock(&s->lock);
    while (s->sending && !s->finished) /* of a call that has ended nothing more is heard */
        pthread_cond_wait(&s->changed, &s->lock);
    bool ok = !s->sending && s->sent_ok;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

struct bytes *caller_stream_read(struct caller_stream *s)
{
    s->have_message = false;
    client_call_read(s->call);
    pthread_mutex_lock(&s->lock);
    while (!s->have_message && !s->finished)
        pthread_cond_wait(&s->changed, &s->lock);
    struct bytes *message = s->message;
    s->message = NULL;
    pthread_mutex_unlock(&s->lock);
    return message;
}

enum reason caller_stream_end(struct caller_stream *s, struct error *error)
{
    pthread_mutex_lock(&s->lock);
    while (!s->finished)
        pthread_cond_wait(&s->changed, &s->lock);
    *error = s->status;
    pthread_mutex_unlock(&s->lock);
    return error->reason;
}

void caller_stream_cancel(struct caller_stream *s)
{
    client_call_cancel(s->call);
}

void caller_stream_free(struct caller_stream *s)
{
    client_call_free(s->call);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    bytes_unref(s->message);
    free(s);
}

enum reason caller_ask(struct caller *caller, const char *path, struct bytes *request,
                       struct bytes **answer, struct error *error)
{
    struct caller_stream *s = caller_stream_open(caller, path);
    caller_stream_send(s, request, true);
    *answer = caller_stream_read(s);
    enum reason reason = caller_stream_end(s, error);
    if (reason != REASON_NONE) {
        bytes_unref(*answer);
        *answer = NULL;
    }
    caller_stream_free(s);
    return reason;
}
