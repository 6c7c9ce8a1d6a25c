/*
 * discover.c - see discover.h.
 *
 * A watch is dirty when something has changed since it was last told. It is told by one message at a time, so changes that come while one is
 * on its way are told together. A change that its filter hides, or that was undone, makes the same message again: that is not sent.
 */
#include "bus/discover.h"

#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

enum { WATCHES_MAX = 4096 };

struct watch {
    struct task task;
    struct bus *bus;
    struct serve_call *call;
    struct watch *next, *prev;
    bool watching, dirty, sending, ended, finished;
    enum reason reason; /* why it ended */
    struct bytes *told; /* the last message, but for how busy who is */
    size_t filter_len;
    char filter[NAME_BYTES_MAX + 1];
};

/* ---- the answer ---- */

static bool has_tag(const struct service *service, struct span tag)
{
    for (const struct instance *i = service->first; i; i = i->next)
        for (size_t t = 0; t < i->tags; t++)
            if (text_equal(text_span(i->tag[t]), tag))
                return true;
    return false;
}

static bool matches(const struct watch *w, const struct service *service)
{
    struct span filter = {(const uint8_t *)w->filter, w->filter_len};
    if (filter.len == 0)
        return true;
    if (filter.len < 4 || memcmp(filter.data, "tag:", 4) != 0)
        return text_equal(text_span(service->name), filter);
    return has_tag(service, (struct span){filter.data + 4, filter.len - 4});
}

static void put_endpoints(struct discover_writer *out, const struct instance *instance)
{
    struct served **list = malloc((instance->endpoints + 1) * sizeof(struct served *));
    char path[NAME_BYTES_MAX + 3];
    size_t len = 0;
    if (!list) {
        out->failed = true;
        return;
    }
    for (struct served *s = instance->first_served; s; s = s->instance_next)
        list[len++] = s;
    qsort(list, len, sizeof *list, registry_by_path);
    for (size_t i = 0; i < len; i++) {
        struct bus_endpoint endpoint = registry_endpoint(list[i], path);
        discover_instance_endpoint(out, &endpoint);
    }
    free(list);
}

static void put_instance(struct discover_writer *out, const struct instance *i, bool busy)
{
    struct instance_info info = {.instance_id = text_span(i->id),
                                 .identity = text_span(i->identity),
                                 .since = i->since,
                                 .in_flight = busy ? i->in_flight : 0,
                                 .draining = i->draining};
    size_t place = discover_instance_begin(out, &info);
    for (size_t t = 0; t < i->tags; t++)
        discover_instance_tag(out, text_span(i->tag[t]));
    put_endpoints(out, i);
    discover_instance_done(out, place);
}

/* Has an instance before this one, or this one before its t-th tag, the tag, too? */
static bool tag_seen(const struct service *service, const struct instance *instance, size_t tag)
{
    struct span text = text_span(instance->tag[tag]);
    for (const struct instance *i = service->first;; i = i->next)
        for (size_t t = 0; t < i->tags; t++) {
            if (i == instance && t == tag)
                return false;
            if (text_equal(text_span(i->tag[t]), text))
                return true;
        }
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct instance *const *)a)->id, (*(struct instance *const *)b)->id);
}

static void put_service(struct discover_writer *out, const struct service *service, bool busy)
{
    struct instance **list = malloc(service->len * sizeof(struct instance *));
    size_t len = 0, place = discover_service_begin(out, text_span(service->name));
    if (!list) {
        out->failed = true;
        return;
    }
    for (struct instance *i = service->first; i; i = i->next)
        list[len++] = i;
    qsort(list, len, sizeof *list, by_id);
    for (size_t i = 0; i < len; i++)
        put_instance(out, list[i], busy);
    for (size_t i = 0; i < len; i++)
        discover_service_instance_id(out, text_span(list[i]->id));
    for (const struct instance *i = service->first; i; i = i->next)
        for (size_t t = 0; t < i->tags; t++)
            if (!tag_seen(service, i, t))
                discover_service_tag(out, text_span(i->tag[t]));
    discover_service_done(out, place);
    free(list);
}

struct found {
    const struct watch *watch;
    struct service **list;
    size_t len;
};

static void find(struct hash_node *node, void *user)
{
    struct found *found = user;
    if (matches(found->watch, (struct service *)node))
        found->list[found->len++] = (struct service *)node;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct service *const *)a)->name, (*(struct service *const *)b)->name);
}

/* NULL: no memory. busy: with how many exchanges are under way. */
static struct bytes *answer(const struct watch *w, bool busy)
{
    const struct bus *bus = w->bus;
    struct discover_writer out = {0};
    struct found found = {.watch = w,
                          .list = malloc((bus->services.len + 1) * sizeof(struct service *))};
    if (!found.list)
        return NULL;
    hash_each(&bus->services, find, &found);
    qsort(found.list, found.len, sizeof *found.list, by_name);
    for (size_t i = 0; i < found.len; i++)
        put_service(&out, found.list[i], busy);
    free(found.list);
    return discover_message(&out);
}

/* ---- telling ---- */

static bool is_same(const struct bytes *a, const struct bytes *b)
{
    return a && text_equal(bytes_span(a), bytes_span(b));
}

/* The next message; NULL: there is nothing to tell, or (then it has ended) no memory. */
static struct bytes *news(struct watch *w)
{
    struct bytes *plain = answer(w, false);
    struct bytes *message = plain ? answer(w, true) : NULL;
    w->dirty = false;
    if (!message) {
        w->ended = true;
        w->reason = REASON_BUSY;
    } else if (is_same(w->told, plain)) {
        bytes_unref(message);
        message = NULL;
    } else {
        bytes_unref(w->told);
        w->told = bytes_ref(plain);
    }
    bytes_unref(plain);
    return message;
}

static void finish(struct watch *w)
{
    struct bus *bus = w->bus;
    struct error error;
    enum reason reason = w->reason;
    w->finished = true;
    if (reason)
        error_set(&error, reason, "%s",
                  reason == REASON_SHUTTING_DOWN ? "the store is going down: connect again"
                  : reason == REASON_BUSY        ? "too much is watched, or no memory: retry later"
                                                 : "the client has gone");
    pthread_mutex_unlock(&bus->lock);
    serve_finish(w->call, reason ? &error : NULL);
    pthread_mutex_lock(&bus->lock);
}

static void run(struct task *task)
{
    struct watch *w = (struct watch *)((char *)task - offsetof(struct watch, task));
    struct bus *bus = w->bus;
    if (w->sending || w->finished)
        return;
    struct bytes *message = w->dirty && !w->ended ? news(w) : NULL;
    if (message) {
        w->sending = true;
        pthread_mutex_unlock(&bus->lock);
        serve_send(w->call, &message, 1, false);
        bytes_unref(message);
        pthread_mutex_lock(&bus->lock);
        return;
    }
    if (w->ended)
        finish(w);
}

void discover_changed(struct bus *bus)
{
    for (struct watch *w = bus->watches; w; w = w->next) {
        w->dirty = true;
        core_task(bus, &w->task);
    }
}

static void end(struct watch *w, enum reason reason)
{
    if (!w->ended)
        w->reason = reason;
    w->ended = true;
    core_task(w->bus, &w->task);
}

void discover_stop_all(struct bus *bus)
{
    for (struct watch *w = bus->watches; w; w = w->next)
        end(w, REASON_SHUTTING_DOWN);
}

/* ---- the call ---- */

static void sent(struct serve_call *call, bool ok)
{
    struct watch *w = serve_call_get(call);
    (void)ok; /* broken: lost follows */
    core_enter(w->bus);
    w->sending = false;
    if (!w->watching)
        end(w, REASON_NONE);
    core_task(w->bus, &w->task);
    core_leave(w->bus);
}

static void lost(struct serve_call *call)
{
    struct watch *w = serve_call_get(call);
    if (!w)
        return;
    core_enter(w->bus);
    end(w, REASON_CALLER_GONE);
    core_leave(w->bus);
}

static void gone(struct serve_call *call)
{
    struct watch *w = serve_call_get(call);
    if (!w)
        return;
    struct bus *bus = w->bus;
    core_enter(bus);
    *(w->prev ? &w->prev->next : &bus->watches) = w->next;
    if (w->next)
        w->next->prev = w->prev;
    bus->watches_len--;
    core_leave(bus); /* its task may be queued once more: it runs now */
    bytes_unref(w->told);
    free(w);
}

static void start(struct watch *w, struct bus *bus)
{
    core_enter(bus);
    w->next = bus->watches;
    if (w->next)
        w->next->prev = w;
    bus->watches = w;
    w->dirty = true;
    if (bus->draining)
        end(w, REASON_SHUTTING_DOWN);
    else if (bus->watches_len >= WATCHES_MAX)
        end(w, REASON_BUSY);
    bus->watches_len++;
    core_task(bus, &w->task);
    core_leave(bus);
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct discover_request request;
    struct error error;
    struct watch *w = calloc(1, sizeof *w);
    enum reason reason =
        w ? discover_request_decode(bytes_span(message), &request, &error)
          : error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    serve_call_set(call, w);
    if (reason != REASON_NONE) {
        free(w);
        serve_call_set(call, NULL);
        serve_finish(call, &error);
        return;
    }
    w->bus = service;
    w->call = call;
    w->task.run = run;
    w->watching = request.watch;
    w->filter_len = request.filter.len;
    if (request.filter.len)
        memcpy(w->filter, request.filter.data, request.filter.len);
    start(w, service);
}

const struct serve_method discover_method = {.path = "/muon.v1.BusService/Discover",
                                             .gives_stream = true,
                                             .begin = begin,
                                             .sent = sent,
                                             .lost = lost,
                                             .gone = gone};
