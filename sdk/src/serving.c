/*
 * serving.c - the serving session: servers are registered on it, and calls find their server.
 *
 * Each session begins with an Endpoint for each of them,
 * right behind the Hello; one is registered when photond has said so, and until all are the client does not say that it is
 * ready. How many calls one takes is decided here: photond is told the most it allows, because it counts by instance and not by path.
 */
#include "sdk/src/serving.h"

#include <string.h>

#include "sdk/src/call.h"
#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/server.h"
#include "sdk/src/status.h"
#include "wire/codec-error.h"
#include "wire/text.h"

/* ---- registration ---- */

bool serving_is_registered(const muon_client *c)
{
    /* Not by a session of a connection that is lost, even if nobody has noticed yet. */
    bool now = c->serves.call && c->serves.link == c->connection.link;
    return !c->servers.head || (c->servers.unconfirmed == 0 && now);
}

/* ---- the session ---- */

static bool is_wanted(const muon_client *c)
{
    return c->servers.head && c->phase == CLIENT_OPEN;
}

/* The words of "service.tags", which config.c has checked. */
static size_t put_tags(const char *text, struct span *tags)
{
    size_t n = 0;
    while (text && *text) {
        size_t len = strcspn(text, ",");
        tags[n++] = (struct span){(const uint8_t *)text, len};
        text += len + (text[len] == ',');
    }
    return n;
}

static void hello(muon_client *c, struct bus_hello *hello)
{
    hello->service = text_span(c->config.text[CONFIG_SERVICE_NAME]);
    hello->tags = put_tags(c->config.text[CONFIG_SERVICE_TAGS], hello->tag);
    hello->max_in_flight = BUS_IN_FLIGHT_MAX;
}

static void begun(muon_client *c)
{
    for (muon_server *s = c->servers.head; s; s = s->next)
        server_put_endpoint(s, false);
}

static void lost(muon_client *c, const struct error *refused)
{
    muon_error error;
    for (muon_server *s = c->servers.head; s; s = s->next)
        server_confirm(s, false);
    while (refused && c->servers.head) {
        int32_t status = status_of_error(&error, refused);
        server_end(c->servers.head, status, &error);
    }
    connection_tell(c);
}

static void registered(muon_client *c, const struct bus_endpoint *endpoint)
{
    if (endpoint->removed)
        return;
    for (muon_server *s = c->servers.head; s; s = s->next)
        if (s->stream == endpoint->stream && text_equal(text_span(s->path), endpoint->path))
            server_confirm(s, true);
    connection_tell(c);
}

/* How well the server fits the path: the bytes that it names, an exact one over any prefix; 0: not at all. */
static size_t fit(const muon_server *s, const struct bus_url *url)
{
    size_t len = strlen(s->path);
    if (s->stream != url->stream)
        return 0;
    if (text_equal((struct span){(const uint8_t *)s->path, len}, url->path))
        return SIZE_MAX;
    bool prefix = len > 2 && strcmp(s->path + len - 2, "**") == 0;
    len -= 2;
    return prefix && url->path.len > len && memcmp(url->path.data, s->path, len) == 0 ? len : 0;
}

static void refuse(muon_client *c, uint64_t exchange, enum reason reason, const char *why)
{
    struct error error;
    error_set(&error, reason, "%s", why);
    error.maybe_applied = false;
    struct bytes *encoded = error_encode(&error);
    const struct frame frame = {.exchange = exchange,
                                .kind = FRAME_ERROR,
                                .error = encoded ? bytes_span(encoded) : (struct span){NULL, 0}};
    session_put(&c->serves, NULL, &frame, NULL);
    bytes_unref(encoded);
}

static bool arrived(muon_client *c, const struct frame *frame)
{
    struct bus_url url;
    muon_server *best = NULL;
    size_t best_fit = 0;
    if (frame->exchange == 0 || frame->exchange % 2 || bus_url_split(frame->call.url, &url))
        return false;
    for (muon_server *s = c->servers.head; s; s = s->next) {
        size_t this_fit = fit(s, &url);
        if (this_fit > best_fit) {
            best = s;
            best_fit = this_fit;
        }
    }
    if (c->phase != CLIENT_OPEN)
        refuse(c, frame->exchange, REASON_SHUTTING_DOWN, "the responder is going away");
    else if (!best)
        refuse(c, frame->exchange, REASON_NO_SUCH_PATH, "the path is served no longer");
    else if (best->inflight >= best->inflight_max)
        refuse(c, frame->exchange, REASON_BUSY, "the responder has all the calls it can take");
    else if (!call_begin(c, best, frame, &url))
        refuse(c, frame->exchange, REASON_BUSY, "the responder is out of memory for the call");
    return true;
}

static bool frame(muon_client *c, const struct frame *frame)
{
    if (frame->kind == FRAME_CALL)
        return arrived(c, frame);
    registered(c, &frame->endpoint);
    return true;
}

const struct session_role serving_role = {
    .is_wanted = is_wanted, .hello = hello, .begun = begun, .frame = frame, .lost = lost};

/* ---- the client's end ---- */

bool serving_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    muon_server *next;
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the server was closed");
    for (muon_server *s = c->servers.head; s; s = next) {
        next = s->next;
        if ((q && s->queue != q) || (tag && s->tag != *tag))
            continue;
        found = true;
        server_end(s, MUON_ECANCELLED, &error);
    }
    return found;
}

void serving_drain(muon_client *c, int64_t left_ms)
{
    struct session *session = &c->serves;
    const struct frame frame = {
        .kind = FRAME_DRAIN,
        .drain_ms = left_ms < 0 || left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms};
    if (session->call)
        session_put(session, NULL, &frame, NULL);
    serving_cancel(c, NULL, NULL);
    session_flush(session);
}

bool serving_is_done(const muon_client *c)
{
    return c->servers.requests == 0;
}

int32_t serving_await(muon_client *c, int64_t deadline_ms, muon_error *err)
{
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool in_time = true;
    while (in_time && c->phase == CLIENT_OPEN && !serving_is_registered(c))
        in_time = clock_wait(&c->changed, &c->mutex, deadline_ms);
    if (c->phase != CLIENT_OPEN)
        status = status_fail(err, MUON_ECLOSED, "the client was closed");
    else if (!serving_is_registered(c))
        status = status_fail(err, MUON_ETIMEDOUT, "what is served is not registered yet: %s",
                             connection_why(c, c->serves.failure[0] ? c->serves.failure
                                                                    : "photond has not answered"));
    client_leave(c);
    return status;
}
