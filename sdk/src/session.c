/*
 * session.c - Hello, Welcome, and frames to and from exchanges, until the call is lost.
 *
 * Everything goes through the outbox: while a message is being written frames gather, and the next message takes what is
 * there (semantics 23). When the call has ended each exchange is told, once, whether anything of it can have reached photond. What no
 * memory was left for breaks the session rather than its promises: all its exchanges end, and it begins anew.
 */
#include "sdk/src/session.h"

#include <stdio.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/log.h"
#include "wire/codec-error.h"
#include "wire/text.h"

enum {
    PARTS_MAX = 128,           /* of a message; as many as a call takes */
    MESSAGE_BYTES = 512 << 10, /* a message is not begun to be filled beyond this */
    WELCOME_MS = 10000,        /* photond's time to say Welcome */
    BODY_BYTES = 4 << 20       /* the contract's, until photond says its own */
};

static const struct client_handler handler;

void session_init(struct session *session, muon_client *c, const struct session_role *role)
{
    *session = (struct session){.client = c,
                                .role = role,
                                .frame_bytes = BUS_FRAME_BYTES,
                                .body_bytes = BODY_BYTES,
                                .max_calls = BUS_IN_FLIGHT};
    uuid7_new(session->instance_id);
}

/* ---- exchanges ---- */

static struct exchange **bucket_of(struct session *session, uint64_t number)
{
    return &session->bucket[number / 2 % SESSION_BUCKETS];
}

static struct exchange *find(struct session *session, uint64_t number)
{
    struct exchange *exchange = *bucket_of(session, number);
    while (exchange && exchange->number != number)
        exchange = exchange->next;
    return exchange;
}

/* Within outbox_take: the exchange is looked after once that is done. */
static void drained(struct outbox_lane *lane)
{
    struct exchange *exchange = (struct exchange *)((char *)lane - offsetof(struct exchange, lane));
    exchange->emptied = exchange->session->emptied;
    exchange->session->emptied = exchange;
}

void session_add(struct session *session, struct exchange *exchange, uint64_t number)
{
    if (number == 0) { /* ours are odd */
        session->last_number += session->last_number ? 2 : 1;
        number = session->last_number;
    }
    struct exchange **bucket = bucket_of(session, number);
    exchange->session = session;
    exchange->number = number;
    exchange->lane = (struct outbox_lane){.drained = drained};
    exchange->waiting = 0;
    exchange->items = exchange->bytes = 0;
    exchange->owed = 0;
    exchange->next = *bucket;
    *bucket = exchange;
    session->exchanges++;
}

bool session_remove(struct exchange *exchange)
{
    struct session *session = exchange->session;
    struct exchange **at = bucket_of(session, exchange->number);
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    for (at = &session->emptied; *at; at = &(*at)->emptied)
        if (*at == exchange) {
            *at = exchange->emptied;
            break;
        }
    session->exchanges--;
    outbox_drop(&session->outbox, &exchange->lane);
    exchange->session = NULL;
    exchange_fini(exchange);
    return exchange->lane.taken == 0;
}

bool session_cancel(struct exchange *exchange)
{
    struct session *session = exchange->session;
    const struct frame frame = {.exchange = exchange->number, .kind = FRAME_CANCEL};
    bool unsent = session_remove(exchange);
    if (!unsent)
        session_put(session, NULL, &frame, NULL);
    return unsent;
}

/* ---- sending ---- */

bool session_is_open(const struct session *session)
{
    return session->call && session->welcomed && !session->drained && !session->ending;
}

void session_put(struct session *session, struct exchange *exchange, const struct frame *frame,
                 struct bytes *body)
{
    if (!outbox_put(&session->outbox, exchange ? &exchange->lane : NULL, frame, body))
        session_break(session, "out of memory for a frame");
}

void session_give(struct exchange *exchange, uint64_t bytes)
{
    const struct frame frame = {
        .exchange = exchange->number, .kind = FRAME_CREDIT, .credit.bytes = bytes};
    session_put(exchange->session, NULL, &frame, NULL);
}

/* Those of which nothing waits any more may go on, or are done. */
static void go_on(struct session *session)
{
    struct exchange *exchange;
    while ((exchange = session->emptied)) {
        session->emptied = exchange->emptied;
        exchange->waiting = 0;
        exchange_send_on(exchange);
        exchange->end->room(exchange);
    }
}

void session_flush(struct session *session)
{
    struct bytes *parts[PARTS_MAX];
    if (!session->call || session->sending || session->ended)
        return;
    size_t n = outbox_take(&session->outbox, parts, PARTS_MAX, MESSAGE_BYTES);
    if (n > 0) {
        session->sending = true;
        session->spoke_ms = clock_now_ms();
        client_call_send(session->call, parts, n, false);
    } else if (session->ending) {
        session->ended = true;
        client_call_end(session->call);
    }
    for (size_t i = 0; i < n; i++)
        bytes_unref(parts[i]);
    go_on(session);
}

void session_break(struct session *session, const char *why)
{
    if (!session->call)
        return;
    snprintf(session->failure, sizeof session->failure, "%.255s", why);
    log_add(session->client, MUON_LOG_WARN, "a session is given up: %s", why);
    client_call_cancel(session->call);
}

void session_end(struct session *session)
{
    session->ending = true;
    session_flush(session);
}

void session_stop(struct session *session)
{
    if (session->call)
        client_call_cancel(session->call);
}

/* ---- beginning ---- */

void session_begin(struct session *session)
{
    muon_client *c = session->client;
    int64_t now_ms = clock_now_ms();
    if (session->call || !session->role->is_wanted(c))
        return;
    if (now_ms < session->retry_at_ms) {
        client_wake_at(c, session->retry_at_ms);
        return;
    }
    session->call =
        connection_call(c, "/muon.v1.BusService/Connect", -1, &handler, session, &session->link);
    if (!session->call)
        return;
    session->last_number = 0;
    session->heard_ms = session->spoke_ms = now_ms;
    struct frame frame = {.kind = FRAME_HELLO};
    frame.hello.instance_id = text_span(session->instance_id);
    frame.hello.epoch = ++session->epoch;
    if (session->role->hello)
        session->role->hello(c, &frame.hello);
    session_put(session, NULL, &frame, NULL);
    if (session->role->begun)
        session->role->begun(c);
    client_call_read(session->call);
    session_flush(session);
    client_wake_at(c, now_ms + WELCOME_MS);
}

/* One begun on a link at the moment it broke has made gRPC connect that link again: it lives on where nobody watches. */
void session_connected(struct session *session)
{
    if (session->call && session->link != session->client->connection.link)
        session_break(session, "its connection was given up");
    else
        session_begin(session);
}

/* ---- receiving ---- */

static void welcome(struct session *session, const struct bus_welcome *welcome)
{
    muon_client *c = session->client;
    session->welcomed = true;
    session->failure[0] = session->failure_id[0] = 0;
    session->beat_ms = welcome->beat_ms;
    bool short_frames = welcome->frame_bytes > 0 && welcome->frame_bytes < BUS_FRAME_BYTES;
    session->frame_bytes = short_frames ? welcome->frame_bytes : BUS_FRAME_BYTES;
    if (welcome->body_bytes > 0)
        session->body_bytes = welcome->body_bytes;
    if (welcome->max_calls > 0)
        session->max_calls = welcome->max_calls;
    if (session->beat_ms > 0)
        client_wake_at(c, clock_now_ms() + session->beat_ms / 2);
    if (session->role->welcomed)
        session->role->welcomed(c);
}

static void fail(struct exchange *exchange, struct span raw)
{
    struct error error;
    if (error_decode(raw, &error) != REASON_NONE)
        error_set(&error, REASON_RESPONDER_LOST, "it failed for a reason unknown to this library");
    session_remove(exchange);
    exchange->end->over(exchange, &error, false);
}

/* A frame of an exchange that is known. */
static void pass_on(struct exchange *exchange, const struct frame *frame)
{
    struct error error;
    switch (frame->kind) {
    case FRAME_CREDIT:
        exchange_credit(exchange, frame->credit.items, frame->credit.bytes);
        exchange_send_on(exchange);
        exchange->end->room(exchange);
        break;
    case FRAME_CANCEL:
        error_set(&error, REASON_CALLER_GONE, "the caller has gone");
        session_remove(exchange);
        exchange->end->over(exchange, &error, false);
        break;
    case FRAME_ERROR:
        fail(exchange, frame->error);
        break;
    default:
        exchange->end->frame(exchange, frame);
    }
}

/* One frame. false: it breaks the contract. */
static bool take(struct session *session, const struct frame *frame)
{
    const struct session_role *role = session->role;
    struct exchange *exchange;
    if (frame->kind != FRAME_WELCOME && frame->kind != FRAME_ERROR)
        session->backoff = (struct backoff){0}; /* more than a beginning has gone well */
    switch (frame->kind) {
    case FRAME_WELCOME:
        if (session->welcomed)
            return false;
        welcome(session, &frame->welcome);
        return true;
    case FRAME_DRAIN:
        session->drained = true;
        return true;
    case FRAME_BEAT:
        return true;
    case FRAME_CALL:
    case FRAME_ENDPOINT_DONE:
        return role->frame && role->frame(session->client, frame);
    case FRAME_HELLO:
    case FRAME_ENDPOINT:
        return false;
    default:
        exchange = frame->exchange ? find(session, frame->exchange) : NULL;
        if (exchange) /* else it is over, and this was under way */
            pass_on(exchange, frame);
        return true;
    }
}

static void message(struct client_call *call, struct bytes *message)
{
    struct session *session = client_call_user(call);
    muon_client *c = session->client;
    struct frame frame;
    struct error error;
    bool sound = true;
    int more = 0;
    if (!message)
        return;
    struct span rest = bytes_span(message);
    pthread_mutex_lock(&c->mutex);
    session->heard_ms = clock_now_ms();
    while (sound && (more = frame_next(&rest, &frame, &error)) > 0)
        sound = take(session, &frame);
    if (!sound)
        session_break(session, "photond has sent a frame that has no place here");
    else if (more < 0)
        session_break(session, error.message);
    else
        client_call_read(call);
    session_flush(session);
    pthread_mutex_unlock(&c->mutex);
}

static void sent(struct client_call *call, bool ok)
{
    struct session *session = client_call_user(call);
    muon_client *c = session->client;
    pthread_mutex_lock(&c->mutex);
    session->sending = false;
    if (ok)
        session_flush(session);
    pthread_mutex_unlock(&c->mutex);
}

/* ---- the end of one ---- */

/* Tell every exchange. */
static void lose_all(struct session *session, const struct error *status)
{
    struct error error;
    error_set(&error, REASON_RESPONDER_LOST, "the connection was lost before the answer: %s",
              session->failure[0]             ? session->failure
              : status->reason == REASON_NONE ? "photond has ended the session"
                                              : status->message);
    memcpy(error.request_id, status->request_id, sizeof error.request_id);
    for (size_t i = 0; i < SESSION_BUCKETS; i++)
        while (session->bucket[i]) {
            struct exchange *exchange = session->bucket[i];
            bool unsent = session_remove(exchange);
            exchange->end->over(exchange, &error, unsent);
        }
    outbox_clear(&session->outbox);
}

/* What no other session will change: who we are, or what we ask for, is not accepted. */
static bool is_refused(const struct session *session, const struct error *status)
{
    bool passing =
        status->reason == REASON_NONE || status->reason == REASON_CALLER_GONE || status->retryable;
    return !passing && (!session->welcomed || status->reason == REASON_DENIED);
}

static void finished(struct client_call *call, const struct error *status)
{
    struct session *session = client_call_user(call);
    muon_client *c = session->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    session->call = NULL;
    lose_all(session, status);
    bool refused = is_refused(session, status);
    if (status->reason != REASON_NONE && !session->failure[0])
        snprintf(session->failure, sizeof session->failure, "%.255s", status->message);
    memcpy(session->failure_id, status->request_id, sizeof session->failure_id);
    session->welcomed = session->drained = session->sending = false;
    session->ending = session->ended = false;
    session->role->lost(c, refused ? status : NULL);
    if (c->phase < CLIENT_STOPPING) {
        log_add(c, MUON_LOG_INFO, "a session has ended: %s",
                session->failure[0] ? session->failure : "in peace");
        int64_t pause_ms = backoff_next_ms(
            &session->backoff, c->config.number[CONFIG_RECONNECT_MAX_MS], backoff_random());
        session->retry_at_ms = clock_now_ms() + pause_ms + status->retry_after_ms;
        client_wake_at(c, session->retry_at_ms);
        connection_suspect(c, session->link);
    }
    pthread_cond_broadcast(&c->changed);
    connection_release(c, session->link);
    pthread_mutex_unlock(&c->mutex);
}

static const struct client_handler handler = {
    .message = message, .sent = sent, .finished = finished};

/* ---- time ---- */

int64_t session_tick(struct session *session, int64_t now_ms)
{
    session_begin(session);
    if (!session->call)
        return CLOCK_NEVER;
    int64_t silence_ms = session->welcomed ? 2 * session->beat_ms : WELCOME_MS;
    if (silence_ms == 0)
        return CLOCK_NEVER;
    if (now_ms - session->heard_ms >= silence_ms) {
        session_break(session, "photond was silent for too long");
        return CLOCK_NEVER;
    }
    int64_t due_ms = session->heard_ms + silence_ms;
    if (!session->welcomed)
        return due_ms;
    if (now_ms - session->spoke_ms >= session->beat_ms / 2) {
        const struct frame beat = {.kind = FRAME_BEAT};
        session->spoke_ms = now_ms;
        session_put(session, NULL, &beat, NULL);
        session_flush(session);
    }
    int64_t speak_ms = session->spoke_ms + session->beat_ms / 2;
    return speak_ms < due_ms ? speak_ms : due_ms;
}
