/*
 * peers.c - see peers.h. Page after page, so that whoever holds what is listed is held up for a page and no longer.
 */
#include "store/peers.h"

#include <stdlib.h>

#include "bus/session-list.h"
#include "store/admin.h"
#include "store/subscribe.h"

enum { PAGE = 500 };

struct listing {
    struct admin_feed feed; /* first */
    /* A page from there on, each put; 0: there was nothing. */
    uint64_t (*page)(struct listing *listing);
    uint64_t before;
    struct parts *message;
    bool failed;
};

static void put(struct listing *l, struct bytes *part)
{
    if (!part || !parts_copy(l->message, bytes_span(part)))
        l->failed = true;
    bytes_unref(part);
}

static void see_subscription(void *user, const struct subscription_info *info)
{
    put(user, subscription_info_part(info));
}

static uint64_t page_of_subscriptions(struct listing *l)
{
    return subscriptions_list(l->feed.admin->store->subscriptions, l->before, PAGE,
                              see_subscription, l);
}

static void see_session(void *user, const struct session_info *info)
{
    put(user, session_info_part(info));
}

static uint64_t page_of_sessions(struct listing *l)
{
    return session_list(l->feed.admin->bus, l->before, PAGE, see_session, l);
}

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct listing *l = (struct listing *)feed;
    (void)ahead;
    l->message = message;
    uint64_t last = l->page(l);
    if (last == 0)
        return FEED_LAST;
    l->before = last;
    if (!l->failed && parts_close(message))
        return FEED_MORE;
    parts_clear(message);
    error_set(error, REASON_BUSY, "no memory for the list: try again later");
    return FEED_FAILED;
}

static void end(struct feed *feed)
{
    admin_feed_end((struct admin_feed *)feed);
}

static void free_listing(struct feed *feed)
{
    free(feed);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_listing};

static void start(struct serve_call *call, struct admin *admin,
                  uint64_t (*page)(struct listing *listing))
{
    struct error error;
    struct listing *l = calloc(1, sizeof *l);
    serve_call_set(call, NULL);
    if (l) {
        l->page = page;
        l->before = UINT64_MAX;
    } else {
        error_set(&error, REASON_BUSY, "no memory for another call: try again later");
    }
    if (l && admin_feed_start(&l->feed, admin, call, &maker, &error) == REASON_NONE)
        return;
    free(l);
    serve_finish(call, &error);
}

static void begin_subscriptions(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message; /* nothing is asked */
    start(call, service, page_of_subscriptions);
}

static void begin_sessions(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message; /* nothing is asked */
    start(call, service, page_of_sessions);
}

const struct serve_method subscriptions_method = {.path = "/muon.v1.AdminService/ListSubscriptions",
                                                  .gives_stream = true,
                                                  .begin = begin_subscriptions,
                                                  .sent = feed_sent,
                                                  .lost = feed_lost,
                                                  .gone = feed_gone};

const struct serve_method sessions_method = {.path = "/muon.v1.AdminService/ListSessions",
                                             .gives_stream = true,
                                             .begin = begin_sessions,
                                             .sent = feed_sent,
                                             .lost = feed_lost,
                                             .gone = feed_gone};
