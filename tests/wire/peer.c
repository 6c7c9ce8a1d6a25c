/*
 * peer.c - a server made of serve.h and a client made of client.h.
 */
#include "tests/wire/peer.h"

#include <time.h>

#include "wire/codec.h"

enum { WAIT_S = 20 };

const struct serve_options peer_options = {
    .message_bytes_max = 1 << 20,
    .metadata_bytes_max = 16 * 1024,
    .calls_per_connection_max = 1000,
};

/* ---- methods ---- */

struct chat {
    struct peer *peer;
    struct bytes *request;
    size_t left, size; /* /Flood */
    bool sending;
    pthread_mutex_t lock;
    bool finished;
};

static struct chat *chat_begin(struct serve_call *call, void *service)
{
    struct chat *chat = calloc(1, sizeof *chat);
    chat->peer = service;
    pthread_mutex_init(&chat->lock, NULL);
    serve_call_set(call, chat);
    atomic_fetch_add(&chat->peer->begun, 1);
    return chat;
}

static void chat_finish(struct serve_call *call, const struct error *error)
{
    struct chat *chat = serve_call_get(call);
    pthread_mutex_lock(&chat->lock);
    bool first = !chat->finished;
    chat->finished = true;
    pthread_mutex_unlock(&chat->lock);
    if (first)
        serve_finish(call, error);
}

static void lost(struct serve_call *call)
{
    struct chat *chat = serve_call_get(call);
    struct error error;
    error_set(&error, REASON_CALLER_GONE, "gone");
    atomic_fetch_add(&chat->peer->lost, 1);
    chat_finish(call, &error);
}

static void gone(struct serve_call *call)
{
    struct chat *chat = serve_call_get(call);
    atomic_fetch_add(&chat->peer->gone, 1);
    bytes_unref(chat->request);
    pthread_mutex_destroy(&chat->lock);
    free(chat);
}

static void echo_begin(struct serve_call *call, void *service, struct bytes *message)
{
    chat_begin(call, service)->finished = true;
    serve_reply(call, message);
}

static void hang_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    chat_begin(call, service);
}

static void fail_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    (void)message;
    chat_begin(call, service)->finished = true;
    error_set(&error, REASON_WRONG_VERSION, "the stream has moved on");
    error.limit = 77;
    serve_finish(call, &error);
}

static void who_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    chat_begin(call, service)->finished = true;
    const char *who = serve_call_identity(call);
    struct bytes *reply = bytes_copy(who, strlen(who));
    serve_reply(call, reply);
    bytes_unref(reply);
}

static void how_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    chat_begin(call, service)->finished = true;
    const char *how = serve_call_is_private(call) ? "private" : "not";
    struct bytes *reply = bytes_copy(how, strlen(how));
    serve_reply(call, reply);
    bytes_unref(reply);
}

static void talk_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    chat_begin(call, service);
    serve_read(call);
}

static void talk_message(struct serve_call *call, struct bytes *message)
{
    if (message)
        serve_send(call, &message, 1, false);
    else
        chat_finish(call, NULL);
}

static void talk_sent(struct serve_call *call, bool ok)
{
    if (ok)
        serve_read(call);
}

static void flood_on(struct serve_call *call, struct chat *chat)
{
    struct error none = {0};
    if (chat->left == 0) {
        chat_finish(call, &none);
        return;
    }
    chat->left--;
    struct bytes *message = bytes_new(chat->size);
    memset(message->data, 'f', chat->size);
    serve_send(call, &message, 1, chat->left > 0);
    bytes_unref(message);
}

static void flood_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct chat *chat = chat_begin(call, service);
    struct span rest = bytes_span(message);
    struct pb_field field;
    while (pb_next(&rest, &field) > 0)
        *(field.number == 1 ? &chat->left : &chat->size) = field.value;
    flood_on(call, chat);
}

static void flood_sent(struct serve_call *call, bool ok)
{
    struct chat *chat = serve_call_get(call);
    atomic_fetch_add(&chat->peer->sent, 1);
    if (ok)
        flood_on(call, chat);
}

static const struct serve_method methods[] = {
    {"/test.Peer/Echo", false, false, echo_begin, NULL, NULL, lost, gone},
    {"/test.Peer/Hang", false, false, hang_begin, NULL, NULL, lost, gone},
    {"/test.Peer/Fail", false, false, fail_begin, NULL, NULL, lost, gone},
    {"/test.Peer/Who", false, false, who_begin, NULL, NULL, lost, gone},
    {"/test.Peer/How", false, false, how_begin, NULL, NULL, lost, gone},
    {"/test.Peer/Chat", true, true, talk_begin, talk_message, talk_sent, lost, gone},
    {"/test.Peer/Flood", false, true, flood_begin, NULL, flood_sent, lost, gone},
};

/* ---- the server ---- */

static void peer_make(struct peer *peer, const struct serve_options *options)
{
    struct serve_service service = {"test.Peer", methods, sizeof methods / sizeof *methods, peer,
                                    NULL};
    memset(peer, 0, sizeof *peer);
    peer->cq = cq_open(2);
    assert_non_null(peer->cq);
    peer->serve = serve_new(peer->cq, &service, 1, options);
    assert_non_null(peer->serve);
}

void peer_start_with(struct peer *peer, const char *address, struct tls_server *tls,
                     const struct serve_options *options)
{
    struct error error;
    peer_make(peer, options);
    peer->port = serve_listen(peer->serve, address, tls, &error);
    if (peer->port == 0)
        fail_msg("%s", error.message);
    serve_start(peer->serve);
}

bool peer_start_private(struct peer *peer, const char *path, struct error *error)
{
    struct error other;
    peer_make(peer, &peer_options);
    peer->port = serve_listen(peer->serve, "127.0.0.1:0", NULL, &other);
    assert_int_not_equal(peer->port, 0);
    bool listens = serve_listen_private(peer->serve, path, error);
    serve_start(peer->serve);
    if (!listens)
        peer_stop(peer, false);
    return listens;
}

void peer_start(struct peer *peer, const char *address, struct tls_server *tls)
{
    peer_start_with(peer, address, tls, &peer_options);
}

struct stop {
    struct cq_op op;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool done;
};

static void stop_done(struct cq_op *op, bool ok)
{
    struct stop *stop = (struct stop *)op;
    (void)ok;
    pthread_mutex_lock(&stop->lock);
    stop->done = true;
    pthread_cond_signal(&stop->change);
    pthread_mutex_unlock(&stop->lock);
}

void peer_stop(struct peer *peer, bool cancel)
{
    struct stop stop = {.op = {stop_done}};
    pthread_mutex_init(&stop.lock, NULL);
    pthread_cond_init(&stop.change, NULL);
    serve_stop(peer->serve, &stop.op);
    if (cancel)
        serve_cancel_all(peer->serve);
    pthread_mutex_lock(&stop.lock);
    while (!stop.done)
        pthread_cond_wait(&stop.change, &stop.lock);
    pthread_mutex_unlock(&stop.lock);
    serve_free(peer->serve);
    cq_close(peer->cq);
    pthread_mutex_destroy(&stop.lock);
    pthread_cond_destroy(&stop.change);
    assert_int_equal(peer->begun, peer->gone); /* gone: exactly once a call */
}

void peer_await(atomic_int *counter, int value)
{
    int64_t until_ms = cq_mono_ms() + WAIT_S * 1000;
    while (atomic_load(counter) < value) {
        if (cq_mono_ms() > until_ms)
            fail_msg("waited in vain: %d of %d", atomic_load(counter), value);
        sched_yield();
    }
}

/* ---- the client ---- */

struct channel *peer_connect(struct cq *cq, const char *target,
                             const struct tls_client_options *tls)
{
    struct channel_options options = {
        .tls = tls,
        .reconnect_max_ms = 200,
        .message_bytes_max = 8 << 20,
        .user_agent = "peer",
    };
    struct error error;
    struct channel *channel = channel_open(cq, target, &options, &error);
    if (!channel)
        fail_msg("%s", error.message);
    return channel;
}

static void on_message(struct client_call *call, struct bytes *message)
{
    struct talk *talk = client_call_user(call);
    pthread_mutex_lock(&talk->lock);
    bool read_on = talk->read_on && message;
    if (!message)
        talk->no_more = true;
    else if (talk->received < TALK_MESSAGES)
        talk->messages[talk->received++] = bytes_ref(message);
    pthread_cond_broadcast(&talk->change);
    pthread_mutex_unlock(&talk->lock);
    if (read_on)
        client_call_read(call);
}

static void on_sent(struct client_call *call, bool ok)
{
    struct talk *talk = client_call_user(call);
    pthread_mutex_lock(&talk->lock);
    *(ok ? &talk->sent : &talk->failed) += 1;
    pthread_cond_broadcast(&talk->change);
    pthread_mutex_unlock(&talk->lock);
}

static void on_finished(struct client_call *call, const struct error *status)
{
    struct talk *talk = client_call_user(call);
    pthread_mutex_lock(&talk->lock);
    talk->finished = true;
    talk->status = *status;
    pthread_cond_broadcast(&talk->change);
    pthread_mutex_unlock(&talk->lock);
}

void talk_start(struct talk *talk, struct channel *channel, const char *path, int64_t timeout_ms,
                bool wait_for_ready)
{
    static const struct client_handler handler = {on_message, on_sent, on_finished};
    memset(talk, 0, sizeof *talk);
    talk->read_on = true;
    pthread_mutex_init(&talk->lock, NULL);
    pthread_cond_init(&talk->change, NULL);
    talk->call = client_call_new(channel, path, timeout_ms, wait_for_ready, &handler, talk);
    assert_non_null(talk->call);
}

/* Wait for a change, not for ever. */
static void await_change(struct talk *talk)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    if (pthread_cond_timedwait(&talk->change, &talk->lock, &until) != 0)
        fail_msg("waited in vain: %zu messages, %s", talk->received,
                 talk->finished ? talk->status.message : "not finished");
}

void talk_send(struct talk *talk, struct span message, bool last)
{
    struct bytes *part = bytes_copy(message.data, message.len);
    pthread_mutex_lock(&talk->lock);
    int before = talk->sent + talk->failed;
    pthread_mutex_unlock(&talk->lock);
    client_call_send(talk->call, &part, 1, last);
    bytes_unref(part);
    pthread_mutex_lock(&talk->lock);
    while (talk->sent + talk->failed == before)
        await_change(talk);
    pthread_mutex_unlock(&talk->lock);
}

void talk_await_sent(struct talk *talk, int count)
{
    pthread_mutex_lock(&talk->lock);
    while (talk->sent < count)
        await_change(talk);
    pthread_mutex_unlock(&talk->lock);
}

void talk_await_messages(struct talk *talk, size_t count)
{
    pthread_mutex_lock(&talk->lock);
    while (talk->received < count)
        await_change(talk);
    pthread_mutex_unlock(&talk->lock);
}

const struct error *talk_await_end(struct talk *talk)
{
    pthread_mutex_lock(&talk->lock);
    while (!talk->finished)
        await_change(talk);
    pthread_mutex_unlock(&talk->lock);
    return &talk->status;
}

void talk_free(struct talk *talk)
{
    client_call_free(talk->call);
    for (size_t i = 0; i < talk->received; i++)
        bytes_unref(talk->messages[i]);
    pthread_mutex_destroy(&talk->lock);
    pthread_cond_destroy(&talk->change);
}

struct error peer_call(struct channel *channel, const char *path, const char *request, char *reply)
{
    struct talk talk;
    talk_start(&talk, channel, path, WAIT_S * 1000, false);
    struct bytes *message = bytes_copy(request, strlen(request));
    client_call_ask(talk.call, message);
    bytes_unref(message);
    struct error status = *talk_await_end(&talk);
    if (reply && talk.received) {
        assert_true(talk.messages[0]->len < 256);
        memcpy(reply, talk.messages[0]->data, talk.messages[0]->len);
        reply[talk.messages[0]->len] = '\0';
    }
    talk_free(&talk);
    return status;
}
