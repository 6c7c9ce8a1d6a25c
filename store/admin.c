/*
 * admin.c - see admin.h.
 */
#include "store/admin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/admins.h"
#include "store/compact.h"
#include "store/import.h"
#include "store/log_level.h"
#include "store/logline.h"
#include "store/peers.h"
#include "store/snapshot_call.h"
#include "store/stats.h"

enum { THREADS = 2 };

const struct serve_method *const admin_methods[ADMIN_METHODS] = {
    &log_level_method, &compact_method,       &snapshot_method, &import_method,
    &stats_method,     &subscriptions_method, &sessions_method};

/* ---- who may ---- */

static void say(const struct serve_call *call)
{
    bool local = serve_call_is_private(call);
    const char *identity = serve_call_identity(call);
    logline_with(LOGLINE_INFO, "administration", logline_text("call", serve_call_path(call)),
                 logline_text("peer", local ? "admin socket" : serve_call_peer(call)),
                 logline_text("identity", identity[0] ? identity : NULL));
}

static bool is_named(struct admin *admin, const char *identity)
{
    pthread_mutex_lock(&admin->lock);
    bool named = admins_include(admin->names, identity);
    pthread_mutex_unlock(&admin->lock);
    return named;
}

bool admin_admit(struct serve_call *call, void *service, struct error *error)
{
    const char *identity = serve_call_identity(call);
    if (serve_call_is_private(call) || is_named(service, identity)) {
        say(call);
        return true;
    }
    if (identity[0])
        error_set(error, REASON_DENIED,
                  "\"%s\" is not an administrator of this photond: use its admin socket, or have "
                  "--admin-names list it",
                  identity);
    else
        error_set(error, REASON_DENIED,
                  "administration is for those who come by photond's admin socket, or show a "
                  "client certificate that --admin-names lists");
    return false;
}

/* ---- feeds ---- */

enum reason admin_feed_start(struct admin_feed *feed, struct admin *admin, struct serve_call *call,
                             const struct feed_maker *maker, struct error *error)
{
    enum reason reason = REASON_NONE;
    feed->admin = admin;
    feed->feed.call = call;
    feed->feed.readers = admin->threads;
    feed->feed.maker = maker;
    pthread_mutex_lock(&admin->lock);
    if (admin->stopping) {
        reason = error_set(error, REASON_SHUTTING_DOWN,
                           "the server is going down: connect again and go on");
    } else {
        feed->next = admin->first;
        feed->back = &admin->first;
        if (feed->next)
            feed->next->back = &feed->next;
        admin->first = feed;
        feed_init(&feed->feed);
    }
    pthread_mutex_unlock(&admin->lock);
    if (!reason)
        feed_start(&feed->feed);
    return reason;
}

void admin_feed_end(struct admin_feed *feed)
{
    pthread_mutex_lock(&feed->admin->lock);
    *feed->back = feed->next;
    if (feed->next)
        feed->next->back = feed->back;
    pthread_mutex_unlock(&feed->admin->lock);
}

/* ---- answers ---- */

void admin_answer(struct serve_call *call, struct bytes *message)
{
    struct error error;
    if (message) {
        serve_reply(call, message);
    } else {
        error_set(&error, REASON_BUSY, "no memory for the answer: try again later");
        serve_finish(call, &error);
    }
    bytes_unref(message);
}

void admin_over(struct serve_call *call)
{
    (void)call; /* it was answered at once */
}

/* ---- all of them ---- */

struct admin *admin_open(struct store *store, struct bus *bus, const char *names)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        return NULL;
    admin->store = store;
    admin->bus = bus;
    admin->started_ms = cq_now_ms();
    pthread_mutex_init(&admin->lock, NULL);
    admin->threads = readers_open(THREADS);
    if (admin->threads && admin_set_names(admin, names))
        return admin;
    admin_close(admin);
    return NULL;
}

bool admin_set_names(struct admin *admin, const char *names)
{
    char *copy = names ? strdup(names) : NULL;
    if (names && !copy)
        return false;
    pthread_mutex_lock(&admin->lock);
    char *old = admin->names;
    admin->names = copy;
    pthread_mutex_unlock(&admin->lock);
    free(old);
    return true;
}

void admin_stop(struct admin *admin)
{
    pthread_mutex_lock(&admin->lock);
    admin->stopping = true;
    for (struct admin_feed *feed = admin->first; feed; feed = feed->next)
        feed_stop(&feed->feed, REASON_SHUTTING_DOWN);
    import_stop(admin->imports);
    pthread_mutex_unlock(&admin->lock);
}

void admin_close(struct admin *admin)
{
    if (!admin)
        return;
    readers_close(admin->threads);
    assert(!admin->first && !admin->imports);
    pthread_mutex_destroy(&admin->lock);
    free(admin->names);
    free(admin);
}
