/*
 * health.c - what serves, and who watches.
 *
 * A watcher is sent the state of its service when it comes and whenever that differs from what it was sent last; while a
 * message is on its way, changes wait, and only the last one counts.
 */
#include "wire/health.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "wire/proto.h"

enum state {
    STATE_SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING,
    STATE_NOT_SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING,
    STATE_UNKNOWN = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN,
};

struct service {
    const char *name;
    enum state state;
};

struct watcher {
    struct health *health;
    struct serve_call *call;
    const struct service *service; /* NULL: unknown */
    int sent;                      /* the state that it was sent last; 0: none */
    bool sending, finished;
    struct watcher *next, **link;
};

struct health {
    pthread_mutex_t lock; /* of what follows */
    bool stopped;
    struct watcher *watchers;
    size_t services_len;
    struct service services[];
};

struct health *health_new(const char *const *names, size_t names_len)
{
    struct health *health = calloc(1, sizeof *health + (names_len + 1) * sizeof(struct service));
    if (!health)
        return NULL;
    pthread_mutex_init(&health->lock, NULL);
    health->services_len = names_len + 1;
    health->services[0] = (struct service){"", STATE_NOT_SERVING};
    for (size_t i = 0; i < names_len; i++)
        health->services[i + 1] = (struct service){names[i], STATE_NOT_SERVING};
    return health;
}

void health_free(struct health *health)
{
    if (!health)
        return;
    pthread_mutex_destroy(&health->lock);
    free(health);
}

static struct service *find(struct health *health, const char *name)
{
    for (size_t i = 0; i < health->services_len; i++)
        if (strcmp(health->services[i].name, name) == 0)
            return &health->services[i];
    return NULL;
}

static struct bytes *response(enum state state)
{
    Grpc__Health__V1__HealthCheckResponse message = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    message.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)state;
    return proto_pack(&message);
}

/* The request, or NULL: the call was finished with what is wrong. */
static Grpc__Health__V1__HealthCheckRequest *request_of(struct serve_call *call,
                                                        struct bytes *message)
{
    Grpc__Health__V1__HealthCheckRequest *request =
        proto_unpack(&grpc__health__v1__health_check_request__descriptor, bytes_span(message));
    struct error error;
    if (!request) {
        error_set(&error, REASON_INVALID_ARGUMENT, "the HealthCheckRequest is malformed");
        serve_finish(call, &error);
    }
    return request;
}

/* ---- Check ---- */

static void check_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct health *health = service;
    Grpc__Health__V1__HealthCheckRequest *request = request_of(call, message);
    if (!request)
        return;
    pthread_mutex_lock(&health->lock);
    const struct service *known = find(health, request->service);
    struct bytes *answer = known ? response(known->state) : NULL;
    pthread_mutex_unlock(&health->lock);
    struct error error;
    if (answer) {
        serve_reply(call, answer);
    } else {
        error_set(&error, known ? REASON_BUSY : REASON_NO_SUCH_SERVICE,
                  known ? "out of memory" : "no service \"%s\" here", request->service);
        serve_finish(call, &error);
    }
    bytes_unref(answer);
    proto_free(request);
}

static void ignore(struct serve_call *call)
{
    (void)call; /* a call that was answered at once has nothing to stop or to free */
}

/* ---- Watch ---- */

/* With the lock held: bring the watcher up to date, unless a message is under way. */
static void update(struct watcher *w)
{
    enum state state = w->service ? w->service->state : STATE_UNKNOWN;
    if (w->finished || w->sending)
        return;
    if ((int)state != w->sent) {
        struct bytes *message = response(state);
        if (message) {
            w->sending = true;
            w->sent = (int)state;
            serve_send(w->call, &message, 1, false);
            bytes_unref(message);
        }
    } else if (w->health->stopped) {
        struct error error;
        error_set(&error, REASON_SHUTTING_DOWN, "the server is going down: connect again");
        w->finished = true;
        serve_finish(w->call, &error);
    }
}

static void watch_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct health *health = service;
    Grpc__Health__V1__HealthCheckRequest *request = request_of(call, message);
    if (!request)
        return;
    struct watcher *w = calloc(1, sizeof *w);
    struct error error;
    if (!w) {
        error_set(&error, REASON_BUSY, "out of memory: retry later");
        serve_finish(call, &error);
    } else {
        *w = (struct watcher){.health = health, .call = call};
        serve_call_set(call, w);
        pthread_mutex_lock(&health->lock);
        w->service = find(health, request->service);
        w->next = health->watchers;
        w->link = &health->watchers;
        if (w->next)
            w->next->link = &w->next;
        health->watchers = w;
        update(w);
        pthread_mutex_unlock(&health->lock);
    }
    proto_free(request);
}

static void watch_sent(struct serve_call *call, bool ok)
{
    struct watcher *w = serve_call_get(call);
    pthread_mutex_lock(&w->health->lock);
    w->sending = false;
    if (ok)
        update(w);
    pthread_mutex_unlock(&w->health->lock);
}

static void watch_lost(struct serve_call *call)
{
    struct watcher *w = serve_call_get(call);
    struct error error;
    if (!w)
        return;
    pthread_mutex_lock(&w->health->lock);
    if (!w->finished) {
        w->finished = true;
        error_set(&error, REASON_CALLER_GONE, "the watcher is gone");
        serve_finish(call, &error);
    }
    pthread_mutex_unlock(&w->health->lock);
}

static void watch_gone(struct serve_call *call)
{
    struct watcher *w = serve_call_get(call);
    if (!w)
        return;
    pthread_mutex_lock(&w->health->lock);
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    pthread_mutex_unlock(&w->health->lock);
    free(w);
}

/* ---- from the server ---- */

static void update_all(struct health *health)
{
    for (struct watcher *w = health->watchers; w; w = w->next)
        update(w);
}

void health_set(struct health *health, const char *service, bool serving)
{
    pthread_mutex_lock(&health->lock);
    struct service *known = find(health, service);
    if (known && !health->stopped) {
        known->state = serving ? STATE_SERVING : STATE_NOT_SERVING;
        update_all(health);
    }
    pthread_mutex_unlock(&health->lock);
}

void health_stop(struct health *health)
{
    pthread_mutex_lock(&health->lock);
    health->stopped = true;
    for (size_t i = 0; i < health->services_len; i++)
        health->services[i].state = STATE_NOT_SERVING;
    update_all(health);
    pthread_mutex_unlock(&health->lock);
}

void health_service(struct health *health, struct serve_service *out)
{
    static const struct serve_method methods[] = {
        {"/grpc.health.v1.Health/Check", false, false, check_begin, NULL, NULL, ignore, ignore},
        {"/grpc.health.v1.Health/Watch", false, true, watch_begin, NULL, watch_sent, watch_lost,
         watch_gone},
    };
    *out = (struct serve_service){"grpc.health.v1.Health", methods, 2, health, NULL};
}
