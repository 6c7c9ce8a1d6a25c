/*
 * connection.c - one link after the other.
 *
 *   IDLE ──want──▶ CONNECTING ──Info answered──▶ READY ──broken──▶ DOWN (somebody waits) or IDLE
 *                      └──────────failed──────────────────────────▶ DOWN ──pause──▶ CONNECTING
 *
 * The attempt is a call of Info that does not wait: gRPC lets it fail at once with the reason why no address could be
 * connected to, which no other way of waiting tells. It also proves that there is a photon store behind the port and that it
 * accepts our certificate, which TLS 1.3 does not say before the first read.
 */
#include "sdk/src/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/credentials.h"
#include "sdk/src/log.h"
#include "sdk/src/status.h"

enum { CONNECT_MS = 5000, WATCH_MS = INT32_MAX, REPLY_BYTES_MAX = 8 << 20 };

struct link {
    muon_client *client;
    struct channel *channel; /* NULL: closed */
    struct client_call *probe;
    size_t calls;  /* begun and not released, the probe included */
    bool watching; /* the channel's state */
    bool retired;
    bool answered; /* info holds the probe's answer */
    struct info info;
    struct cq_op watch;
};

static void attempt(struct cq_op *op, bool ok);
static void watch_begin(struct link *link);

void connection_init(struct connection *connection)
{
    *connection = (struct connection){.state = MUON_STATE_IDLE};
    connection->info.limits = (struct limits){.event_bytes = 1 << 20,
                                              .batch_bytes = 4 << 20,
                                              .batch_events = 1000,
                                              .name_bytes = NAME_BYTES_MAX};
    connection->attempt.done = attempt;
}

void connection_tell(muon_client *c)
{
    int32_t state = c->connection.state;
    bool early = state == MUON_STATE_READY && !serving_is_registered(c);
    watch_tell(c, early ? MUON_STATE_CONNECTING : state);
}

static void set_state(muon_client *c, int32_t state)
{
    c->connection.state = state;
    connection_tell(c);
}

/* ---- links ---- */

/* Free what nobody uses. A pending watch ends when the channel is closed. */
static void link_sweep(struct link *link)
{
    if (!link->retired || link->calls > 0)
        return;
    if (link->channel)
        channel_close(link->channel);
    link->channel = NULL;
    if (!link->watching)
        free(link);
}

static void link_retire(muon_client *c, struct link *link)
{
    if (c->connection.link == link)
        c->connection.link = NULL;
    link->retired = true;
    link_sweep(link);
}

/* Whoever has gone while we shook hands is not heard of by TCP, which waits for him, nor pinged yet. */
static int32_t connect_ms(const muon_client *c)
{
    int64_t ms = 2 * c->config.number[CONFIG_KEEPALIVE_MS];
    if (ms < c->connection.patience_ms)
        ms = c->connection.patience_ms;
    return ms < CONNECT_MS ? (int32_t)ms : CONNECT_MS;
}

static struct link *link_open(muon_client *c, struct error *error)
{
    struct credentials credentials = {0};
    muon_error why;
    struct link *link = calloc(1, sizeof *link);
    if (!link || (c->url.tls && credentials_load(&c->config, &credentials, &why) != MUON_OK)) {
        error_set(error, REASON_INVALID_ARGUMENT, "%s", link ? why.message : "out of memory");
        free(link);
        return NULL;
    }
    struct tls_client_options tls = {
        .ca_pem = credentials.ca,
        .cert_pem = credentials.cert,
        .key_pem = credentials.key,
        .server_name = c->config.text[CONFIG_TLS_SERVER_NAME],
    };
    struct channel_options options = {
        .tls = c->url.tls ? &tls : NULL,
        .keepalive_ms = (int32_t)c->config.number[CONFIG_KEEPALIVE_MS],
        .reconnect_max_ms = (int32_t)c->config.number[CONFIG_RECONNECT_MAX_MS],
        .connect_ms = connect_ms(c),
        .message_bytes_max = REPLY_BYTES_MAX,
        .user_agent = "libmuon/0.1.0",
    };
    link->client = c;
    link->channel = channel_open(c->cq, c->url.target, &options, error);
    credentials_fini(&credentials);
    if (link->channel)
        return link;
    free(link);
    return NULL;
}

/* ---- attempts ---- */

static void failed(muon_client *c, const char *message, bool denied)
{
    static const char marker[] = "last error: ";
    struct connection *connection = &c->connection;
    const char *last = strstr(message, marker); /* what gRPC says before that is the same for all */
    const char *words = strchr(message, '(');   /* wire's advice is before gRPC's words */
    int advice = last && words && words < last ? (int)(words + 1 - message) : 0;
    snprintf(connection->failure, sizeof connection->failure, "%.*s%s", advice, message,
             last ? last + sizeof marker - 1 : message);
    connection->denied = denied;
    if (clock_now_ms() - connection->begun_ms >= connect_ms(c)) /* or too many come at once */
        connection->patience_ms = 2 * (int64_t)connect_ms(c);
    c->metrics.connect_failures++;
    log_add(c, MUON_LOG_WARN, "cannot connect to %s: %s", c->url.target, connection->failure);
    connection->retry_at_ms =
        connection->begun_ms + backoff_next_ms(&connection->backoff,
                                               c->config.number[CONFIG_RECONNECT_MAX_MS],
                                               backoff_random());
    set_state(c, MUON_STATE_DOWN);
    client_wake_at(c, connection_is_refused(c) ? clock_now_ms() : connection->retry_at_ms);
}

static void ready(muon_client *c, struct link *link)
{
    struct connection *connection = &c->connection;
    connection->info = link->info;
    connection->failure[0] = 0;
    connection->denied = false;
    connection->backoff = (struct backoff){0};
    connection->patience_ms = 0;
    c->metrics.connects++;
    log_add(c, MUON_LOG_INFO, "connected to %s, store %s", c->url.target, link->info.store_id);
    set_state(c, MUON_STATE_READY);
    watch_begin(link);
    client_connected(c);
}

static void probe_message(struct client_call *call, struct bytes *message)
{
    struct link *link = client_call_user(call);
    struct info info;
    if (!message || info_response_decode(bytes_span(message), &info) != REASON_NONE)
        return;
    pthread_mutex_lock(&link->client->mutex);
    link->info = info;
    link->answered = true;
    pthread_mutex_unlock(&link->client->mutex);
}

static void probe_finished(struct client_call *call, const struct error *status)
{
    struct link *link = client_call_user(call);
    muon_client *c = link->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    link->probe = NULL;
    bool current = c->connection.link == link && c->phase < CLIENT_STOPPING;
    if (current && status->reason == REASON_NONE && link->answered) {
        ready(c, link);
    } else if (current) {
        link_retire(c, link);
        failed(c,
               status->reason == REASON_NONE ? "the answer to Info is not a photon store's"
                                             : status->message,
               status->reason == REASON_DENIED);
    }
    connection_release(c, link);
    pthread_mutex_unlock(&c->mutex);
}

void connection_sent(struct client_call *call, bool ok)
{
    (void)call;
    (void)ok;
}

static const struct client_handler probe_handler = {
    .message = probe_message,
    .sent = connection_sent,
    .finished = probe_finished,
};

static bool probe(struct link *link)
{
    struct bytes *nothing = bytes_new(0);
    if (nothing)
        link->probe = client_call_new(link->channel, "/muon.v1.PhotonService/Info",
                                      2 * connect_ms(link->client), false, &probe_handler, link);
    if (link->probe) {
        link->calls++;
        client_call_ask(link->probe, nothing);
    }
    bytes_unref(nothing);
    return link->probe != NULL;
}

/* On the I/O thread; files are read without the lock. */
static void attempt(struct cq_op *op, bool ok)
{
    (void)ok;
    muon_client *c = (muon_client *)((char *)op - offsetof(struct muon_client, connection.attempt));
    struct error error;
    struct link *link = link_open(c, &error);
    pthread_mutex_lock(&c->mutex);
    c->connection.attempt_posted = false;
    if (c->phase >= CLIENT_STOPPING) {
        if (link)
            link_retire(c, link);
    } else if (!link) {
        failed(c, error.message, false);
    } else {
        c->connection.link = link;
        if (!probe(link)) {
            link_retire(c, link);
            failed(c, "out of memory", false);
        }
    }
    pthread_mutex_unlock(&c->mutex);
}

static void begin(muon_client *c)
{
    if (c->connection.attempt_posted || c->phase >= CLIENT_STOPPING)
        return;
    c->connection.attempt_posted = true;
    c->connection.begun_ms = clock_now_ms();
    set_state(c, MUON_STATE_CONNECTING);
    cq_post(c->cq, &c->connection.attempt);
}

void connection_want(muon_client *c)
{
    if (c->connection.state == MUON_STATE_IDLE)
        begin(c);
}

int64_t connection_tick(muon_client *c, int64_t now_ms)
{
    struct connection *connection = &c->connection;
    if (connection->state != MUON_STATE_DOWN)
        return CLOCK_NEVER;
    if (now_ms < connection->retry_at_ms)
        return connection->retry_at_ms;
    if (client_is_busy(c))
        begin(c);
    else
        set_state(c, MUON_STATE_IDLE);
    return CLOCK_NEVER;
}

/* ---- while it lasts ---- */

static void lost(muon_client *c, struct link *link)
{
    log_add(c, MUON_LOG_WARN, "the connection to %s is lost", c->url.target);
    link_retire(c, link);
    snprintf(c->connection.failure, sizeof c->connection.failure, "the connection was lost");
    c->connection.retry_at_ms =
        clock_now_ms() + backoff_next_ms(&c->connection.backoff,
                                         c->config.number[CONFIG_RECONNECT_MAX_MS],
                                         backoff_random());
    set_state(c, client_is_busy(c) ? MUON_STATE_DOWN : MUON_STATE_IDLE);
    client_wake_at(c, c->connection.retry_at_ms);
}

static void watched(struct cq_op *op, bool ok)
{
    (void)ok;
    struct link *link = (struct link *)((char *)op - offsetof(struct link, watch));
    muon_client *c = link->client;
    pthread_mutex_lock(&c->mutex);
    link->watching = false;
    if (link->retired)
        link_sweep(link);
    else if (channel_state(link->channel, false) == CHANNEL_READY)
        watch_begin(link);
    else
        lost(c, link);
    pthread_mutex_unlock(&c->mutex);
}

static void watch_begin(struct link *link)
{
    link->watching = true;
    link->watch.done = watched;
    channel_watch(link->channel, CHANNEL_READY, WATCH_MS, &link->watch);
}

void connection_suspect(muon_client *c, struct link *link)
{
    if (c->connection.link == link && c->connection.state == MUON_STATE_READY &&
        channel_state(link->channel, false) != CHANNEL_READY)
        lost(c, link);
}

struct client_call *connection_call(muon_client *c, const char *path, int64_t timeout_ms,
                                    const struct client_handler *handler, void *user,
                                    struct link **link)
{
    struct connection *connection = &c->connection;
    if (connection->state != MUON_STATE_READY || c->phase >= CLIENT_STOPPING)
        return NULL;
    struct client_call *call =
        client_call_new(connection->link->channel, path, timeout_ms, false, handler, user);
    if (!call)
        return NULL;
    connection->link->calls++;
    *link = connection->link;
    return call;
}

void connection_release(muon_client *c, struct link *link)
{
    (void)c;
    link->calls--;
    link_sweep(link);
}

void connection_stop(muon_client *c)
{
    struct link *link = c->connection.link;
    set_state(c, MUON_STATE_IDLE);
    if (!link)
        return;
    if (link->probe)
        client_call_cancel(link->probe);
    link_retire(c, link);
}

const char *connection_why(const muon_client *c, const char *fallback)
{
    if (c->connection.state == MUON_STATE_READY)
        return fallback;
    return c->connection.failure[0] ? c->connection.failure : "no connection yet";
}

int32_t connection_timeout_status(const muon_client *c)
{
    return c->connection.state != MUON_STATE_READY && c->connection.denied ? MUON_EAUTH
                                                                           : MUON_ETIMEDOUT;
}

bool connection_is_refused(const muon_client *c)
{
    return c->connection.state == MUON_STATE_DOWN && c->connection.denied &&
           c->metrics.connects == 0;
}
