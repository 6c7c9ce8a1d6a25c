/*
 * unary.c - a list of calls that wait for a connection, run, or pause before the next try.
 *
 * Whatever runs ends in finished(), on the I/O thread, also when it is cancelled or out of time (gRPC knows the deadline); what
 * does not run is ended by the tick or by unary_cancel. Either way the outcome is delivered once, and after that the unary belongs to
 * the blocked caller, or is freed.
 */
#include "sdk/src/unary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/status.h"

enum { ANSWER_BYTES_MAX = 256 << 20 };

struct unary *unary_new(const char *path, struct bytes *request)
{
    struct unary *unary = request ? calloc(1, sizeof *unary) : NULL;
    if (!unary) {
        bytes_unref(request);
        return NULL;
    }
    unary->path = path;
    unary->request = request;
    unary->answer_bytes_max = ANSWER_BYTES_MAX;
    return unary;
}

static void forget_answer(struct unary *unary)
{
    for (size_t i = 0; i < unary->answer_len; i++)
        bytes_unref(unary->answer[i]);
    unary->answer_len = unary->answer_bytes = 0;
}

void unary_free(struct unary *unary)
{
    if (!unary)
        return;
    forget_answer(unary);
    free(unary->answer);
    bytes_unref(unary->request);
    outcome_free(unary->outcome);
    free(unary);
}

/* ---- the end of one ---- */

static void leave_list(muon_client *c, struct unary *unary)
{
    struct unary **at = &c->unaries.head;
    while (*at != unary)
        at = &(*at)->next;
    *at = unary->next;
    c->unaries.len--;
}

/* Deliver; error NULL: success. */
static void end(muon_client *c, struct unary *unary, const muon_error *error)
{
    struct outcome *outcome = unary->outcome;
    bool blocked = !outcome->queue;
    leave_list(c, unary);
    if (error)
        outcome_fail(outcome, error);
    else if (!blocked)
        unary->convert(unary, &outcome->item);
    if (!blocked) {
        unary->outcome = NULL;
        unary_free(unary);
    }
    outcome_deliver(outcome);
}

/* reached: it was on its way to the store. */
static void time_out(muon_client *c, struct unary *unary, bool reached)
{
    muon_error error;
    const char *why = unary->failure[0] ? unary->failure : "the store has not answered";
    if (!reached && connection_is_refused(c))
        status_fail(&error, MUON_EAUTH, "no connection: %s", connection_why(c, why));
    else
        status_fail(&error, connection_timeout_status(c), "no answer within %lld ms: %s",
                    (long long)(clock_now_ms() - unary->begun_ms), connection_why(c, why));
    if (unary->once && reached)
        error.flags |= MUON_MAYBE_APPLIED;
    memcpy(error.request_id, unary->failure_id, sizeof error.request_id);
    end(c, unary, &error);
}

/* ---- the call's events, on the I/O thread ---- */

static bool keep(struct unary *unary, struct bytes *message)
{
    if (unary->answer_bytes + message->len > unary->answer_bytes_max) {
        unary->too_big = true;
        return false;
    }
    if (unary->answer_len == unary->answer_room) {
        size_t room = unary->answer_room ? 2 * unary->answer_room : 4;
        struct bytes **more = realloc(unary->answer, room * sizeof(struct bytes *));
        if (!more)
            return false;
        unary->answer = more;
        unary->answer_room = room;
    }
    unary->answer[unary->answer_len++] = bytes_ref(message);
    unary->answer_bytes += message->len;
    return true;
}

static void message(struct client_call *call, struct bytes *message)
{
    struct unary *unary = client_call_user(call);
    muon_client *c = unary->client;
    if (!message)
        return;
    pthread_mutex_lock(&c->mutex);
    c->metrics.received_bytes += message->len;
    if (keep(unary, message)) {
        client_call_read(call);
    } else {
        unary->cancelled = true;
        client_call_cancel(call);
    }
    pthread_mutex_unlock(&c->mutex);
}

static void fail(muon_client *c, struct unary *unary, const struct error *status)
{
    muon_error error;
    if (unary->too_big)
        status_fail(&error, MUON_ETOOBIG, "the answer is over %zu bytes: ask for less",
                    unary->answer_bytes_max);
    else if (unary->cancelled)
        status_fail(&error, MUON_ECANCELLED, "the call was cancelled");
    else
        status_of_error(&error, status);
    if (unary->once && (unary->cancelled || status->retryable) && status->reason != REASON_BUSY &&
        status->reason != REASON_STORE_FULL)
        error.flags |= MUON_MAYBE_APPLIED;
    end(c, unary, &error);
}

/* Whether to try again: it may go better, and doing it twice does no harm. */
static bool try_again(const muon_client *c, const struct unary *unary, const struct error *status)
{
    bool passing = status->retryable || status->reason == REASON_CALLER_GONE;
    bool harmless =
        !unary->once || status->reason == REASON_BUSY || status->reason == REASON_STORE_FULL;
    return passing && harmless && !unary->cancelled && c->phase < CLIENT_STOPPING &&
           status->reason != REASON_TIMED_OUT && status->reason != REASON_NO_SUCH_SERVICE;
}

static void finished(struct client_call *call, const struct error *status)
{
    struct unary *unary = client_call_user(call);
    muon_client *c = unary->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    unary->call = NULL;
    struct link *link = unary->link;
    int64_t now_ms = clock_now_ms();
    if (status->reason == REASON_NONE && !unary->cancelled) {
        end(c, unary, NULL);
    } else if (status->reason == REASON_TIMED_OUT && !unary->cancelled) {
        time_out(c, unary, true);
    } else if (try_again(c, unary, status)) {
        forget_answer(unary);
        snprintf(unary->failure, sizeof unary->failure, "%.127s", status->message);
        memcpy(unary->failure_id, status->request_id, sizeof unary->failure_id);
        unary->retry_at_ms =
            now_ms + status->retry_after_ms +
            backoff_next_ms(&unary->backoff, c->config.number[CONFIG_RECONNECT_MAX_MS],
                            backoff_random());
        client_wake_at(c, unary->retry_at_ms);
        connection_suspect(c, link);
    } else {
        fail(c, unary, status);
    }
    connection_release(c, link);
    pthread_mutex_unlock(&c->mutex);
}

static const struct client_handler handler = {
    .message = message, .sent = connection_sent, .finished = finished};

/* ---- beginning ---- */

static void begin(muon_client *c, struct unary *unary, int64_t now_ms)
{
    if (unary->call || now_ms < unary->retry_at_ms)
        return;
    int64_t left_ms = unary->deadline_ms == CLOCK_NEVER ? -1 : unary->deadline_ms - now_ms;
    if (unary->deadline_ms != CLOCK_NEVER && left_ms < 1)
        left_ms = 1;
    unary->call = connection_call(c, unary->path, left_ms, &handler, unary, &unary->link);
    if (!unary->call)
        return;
    client_call_ask(unary->call, unary->request);
}

void unary_connected(muon_client *c)
{
    int64_t now_ms = clock_now_ms();
    for (struct unary *unary = c->unaries.head; unary; unary = unary->next)
        begin(c, unary, now_ms);
}

/* The next moment at which something is to be done about it. */
static int64_t due_ms(const struct unary *unary, int64_t now_ms)
{
    if (unary->call)
        return CLOCK_NEVER; /* gRPC looks after the deadline */
    bool paused = unary->retry_at_ms > now_ms && unary->retry_at_ms < unary->deadline_ms;
    return paused ? unary->retry_at_ms : unary->deadline_ms;
}

int64_t unary_tick(muon_client *c, int64_t now_ms)
{
    int64_t next_ms = CLOCK_NEVER;
    struct unary *next;
    for (struct unary *unary = c->unaries.head; unary; unary = next) {
        next = unary->next;
        if (!unary->call && (unary->deadline_ms <= now_ms || connection_is_refused(c))) {
            time_out(c, unary, false);
            continue;
        }
        begin(c, unary, now_ms);
        int64_t due = due_ms(unary, now_ms);
        next_ms = due < next_ms ? due : next_ms;
    }
    return next_ms;
}

bool unary_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    struct unary *next;
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the call was cancelled");
    for (struct unary *unary = c->unaries.head; unary; unary = next) {
        next = unary->next;
        const struct outcome *outcome = unary->outcome;
        if ((q && outcome->queue != q) || (tag && outcome->item.tag != *tag))
            continue;
        found = true;
        unary->cancelled = true;
        if (unary->call)
            client_call_cancel(unary->call);
        else
            end(c, unary, &error);
    }
    return found;
}

/* Under the lock. */
static void submit(muon_client *c, struct unary *unary)
{
    unary->client = c;
    unary->next = c->unaries.head;
    c->unaries.head = unary;
    c->unaries.len++;
    c->metrics.calls++;
    connection_want(c);
    begin(c, unary, unary->begun_ms);
    client_wake_at(c, due_ms(unary, unary->begun_ms));
}

/* Check what is common, and make the outcome. MUON_OK: the lock is held. */
static int32_t prepare(muon_client *c, struct unary *unary, int32_t timeout_ms, muon_queue *q,
                       uint64_t tag, int32_t kind, muon_error *err)
{
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    unary->begun_ms = clock_now_ms();
    unary->outcome = outcome_new(q, tag, kind);
    if (!unary->outcome)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    if (client_deadline(c, timeout_ms, &unary->deadline_ms, err))
        return MUON_OK;
    client_leave(c);
    return MUON_EINVAL;
}

int32_t unary_run(muon_client *c, struct unary *unary, int32_t timeout_ms, muon_error *err)
{
    int32_t status = prepare(c, unary, timeout_ms, NULL, 0, 0, err);
    if (status != MUON_OK)
        return status;
    submit(c, unary);
    client_leave(c);
    outcome_wait(unary->outcome);
    status = unary->outcome->item.status;
    return status == MUON_OK ? MUON_OK : status_copy(err, unary->outcome->item.error);
}

int32_t unary_start(muon_client *c, struct unary *unary, int32_t timeout_ms, muon_queue *q,
                    uint64_t tag, int32_t kind, muon_error *err)
{
    int32_t status = prepare(c, unary, timeout_ms, q, tag, kind, err);
    if (status != MUON_OK) {
        unary_free(unary);
        return status;
    }
    bool room = c->unaries.len < UNARY_ASYNC_MAX;
    if (room)
        submit(c, unary);
    client_leave(c);
    if (room)
        return MUON_OK;
    unary_free(unary);
    return status_fail(err, MUON_EAGAIN, "%d calls are in flight: drain the queue, try again",
                       UNARY_ASYNC_MAX);
}
