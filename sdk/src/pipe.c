/*
 * pipe.c - see pipe.h.
 *
 * One message is read ahead of the driver, and one may be on its way out, so each side waits for the other one's flow control and
 * nothing is kept. The call ends on the I/O thread, in finished(), also when it is cancelled.
 */
#include "sdk/src/pipe.h"

#include <stdlib.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/status.h"

/* Under the lock. */
static bool unref(struct pipe *p)
{
    return --p->refs == 0;
}

static void destroy(struct pipe *p)
{
    muon_client *c = p->client;
    bytes_unref(p->message);
    pthread_cond_destroy(&p->changed);
    free(p);
    client_unref(c);
}

/* ---- the call's events, on the I/O thread ---- */

static void message(struct client_call *call, struct bytes *message)
{
    struct pipe *p = client_call_user(call);
    muon_client *c = p->client;
    if (!message)
        return;
    pthread_mutex_lock(&c->mutex);
    c->metrics.received_bytes += message->len;
    p->reading = false;
    p->message = bytes_ref(message);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&c->mutex);
}

static void sent(struct client_call *call, bool ok)
{
    struct pipe *p = client_call_user(call);
    muon_client *c = p->client;
    (void)ok; /* finished tells why */
    pthread_mutex_lock(&c->mutex);
    p->sending = false;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&c->mutex);
}

static void leave_list(muon_client *c, struct pipe *p)
{
    struct pipe **at = &c->pipes.head;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

static void finished(struct client_call *call, const struct error *status)
{
    struct pipe *p = client_call_user(call);
    muon_client *c = p->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    p->call = NULL;
    p->sending = p->reading = false;
    p->status = *status;
    leave_list(c, p);
    connection_suspect(c, p->link);
    connection_release(c, p->link);
    pthread_cond_broadcast(&p->changed);
    bool last = unref(p);
    pthread_mutex_unlock(&c->mutex);
    if (last)
        destroy(p);
}

static const struct client_handler handler = {
    .message = message, .sent = sent, .finished = finished};

/* ---- opening ---- */

static int32_t begin(muon_client *c, struct pipe *p, const char *path, muon_error *err)
{
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    p->call = connection_call(c, path, -1, &handler, p, &p->link);
    if (p->call) {
        p->client = client_ref(c);
        p->refs = 2;
        p->next = c->pipes.head;
        c->pipes.head = p;
        c->metrics.calls++;
    } else {
        status = status_fail(err, MUON_EUNAVAIL, "%s: try again",
                             connection_why(c, "the call cannot be begun"));
    }
    client_leave(c);
    return status;
}

int32_t pipe_open(muon_client *c, const char *path, int32_t timeout_ms, struct pipe **out,
                  muon_error *err)
{
    int32_t status = muon_ping(c, timeout_ms, err);
    if (status != MUON_OK)
        return status;
    struct pipe *p = calloc(1, sizeof *p);
    if (!p)
        return status_fail(err, MUON_ENOMEM, "out of memory for the call");
    pthread_cond_init(&p->changed, NULL);
    status = begin(c, p, path, err);
    if (status == MUON_OK) {
        *out = p;
        return MUON_OK;
    }
    pthread_cond_destroy(&p->changed);
    free(p);
    return status;
}

void pipe_free(struct pipe *p)
{
    if (!p || fork_happened())
        return;
    muon_client *c = p->client;
    pthread_mutex_lock(&c->mutex);
    if (p->call)
        client_call_cancel(p->call);
    bool last = unref(p);
    pthread_mutex_unlock(&c->mutex);
    if (last)
        destroy(p);
}

void pipe_cancel(muon_client *c)
{
    for (struct pipe *p = c->pipes.head; p; p = p->next)
        client_call_cancel(p->call);
}

/* ---- sending and receiving ---- */

/* Under the lock: how it ended. */
static int32_t end_of(const struct pipe *p, muon_error *err)
{
    if (p->client->phase >= CLIENT_STOPPING)
        return status_fail(err, MUON_ECLOSED, "the client is closed");
    return p->status.reason == REASON_NONE ? MUON_END : status_of_error(err, &p->status);
}

static int32_t too_late(const struct pipe *p, int32_t timeout_ms, muon_error *err)
{
    return status_fail(err, MUON_ETIMEDOUT, "nothing moved within %d ms: %s", timeout_ms,
                       connection_why(p->client, "the store has not answered"));
}

int32_t pipe_send(struct pipe *p, struct bytes *message, bool last, int32_t timeout_ms,
                  muon_error *err)
{
    muon_client *c = p->client;
    int64_t deadline_ms;
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool in_time = client_deadline(c, timeout_ms, &deadline_ms, err);
    if (!in_time)
        status = MUON_EINVAL;
    while (in_time && p->sending && p->call)
        in_time = clock_wait(&p->changed, &c->mutex, deadline_ms);
    if (status == MUON_OK && !p->call)
        status = end_of(p, err);
    else if (status == MUON_OK && !in_time)
        status = too_late(p, timeout_ms, err);
    if (status == MUON_OK) {
        p->sending = true;
        client_call_send(p->call, &message, 1, last);
    }
    client_leave(c);
    if (status == MUON_END)
        return status_fail(err, MUON_EPROTO, "the store has ended the call too early");
    return status;
}

/* Under the lock: take what is there, and ask for the next. */
static struct bytes *take(struct pipe *p)
{
    struct bytes *message = p->message;
    p->message = NULL;
    if (p->call && !p->reading) {
        p->reading = true;
        client_call_read(p->call);
    }
    return message;
}

int32_t pipe_next(struct pipe *p, int32_t timeout_ms, struct bytes **out, muon_error *err)
{
    muon_client *c = p->client;
    int64_t deadline_ms;
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool in_time = client_deadline(c, timeout_ms, &deadline_ms, err);
    if (!in_time)
        status = MUON_EINVAL;
    struct bytes *message = in_time ? take(p) : NULL;
    while (in_time && !message && p->call) {
        in_time = clock_wait(&p->changed, &c->mutex, deadline_ms);
        if (p->message)
            message = take(p);
    }
    if (!message && p->message)
        message = take(p); /* it came with the end */
    if (status == MUON_OK && !message)
        status = p->call ? too_late(p, timeout_ms, err) : end_of(p, err);
    client_leave(c);
    if (message)
        *out = message;
    return message ? MUON_OK : status;
}

struct bytes *pipe_look(struct pipe *p)
{
    pthread_mutex_lock(&p->client->mutex);
    struct bytes *message = p->message ? take(p) : NULL;
    pthread_mutex_unlock(&p->client->mutex);
    return message;
}
