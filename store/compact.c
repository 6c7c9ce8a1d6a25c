/*
 * compact.c - see compact.h. A message a piece, so that a client sees how far it is, and can give up between two.
 */
#include "store/compact.h"

#include <stdlib.h>

#include "store/admin.h"
#include "store/log_compact.h"
#include "store/logline.h"

enum { RETRY_MS = 10000 };

struct compact {
    struct admin_feed feed; /* first */
    struct log_compaction compaction;
    struct compact_response told;
    bool began;
};

static enum feed_result no_memory(struct error *error)
{
    error_set(error, REASON_BUSY, "no memory for the answer: try again later");
    return FEED_FAILED;
}

static bool tell(struct compact *c, struct parts *message)
{
    struct bytes *encoded = compact_response_encode(&c->told);
    bool ok = encoded && parts_copy(message, bytes_span(encoded)) && parts_close(message);
    bytes_unref(encoded);
    return ok;
}

/* The first message comes before the first piece, which takes seconds. */
static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct compact *c = (struct compact *)feed;
    struct log *log = c->feed.admin->store->log;
    int more = 1;
    (void)ahead;
    if (!c->began)
        log_compact_begin(&c->compaction, log);
    else
        more = log_compact_step(&c->compaction, error);
    if (more < 0) {
        logline_with(LOGLINE_ERROR, "compacting has failed", logline_text("error", error->message));
        return FEED_FAILED;
    }
    c->began = true;
    c->told.table_bytes = log_table_bytes(log);
    c->told.done_bytes = c->compaction.done;
    c->told.done = more == 0;
    if (!tell(c, message)) {
        parts_clear(message);
        return no_memory(error);
    }
    return more ? FEED_MORE : FEED_LAST;
}

static void end(struct feed *feed)
{
    struct compact *c = (struct compact *)feed;
    struct admin *admin = c->feed.admin;
    logline_with(LOGLINE_INFO, c->told.done ? "compacted" : "compacting has ended before its end",
                 logline_uint("done_bytes", c->told.done_bytes),
                 logline_uint("table_bytes", c->told.table_bytes));
    admin_feed_end(&c->feed);
    atomic_store(&admin->compacting, false);
}

static void free_compact(struct feed *feed)
{
    free(feed);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_compact};

static enum reason start(struct serve_call *call, struct admin *admin, struct error *error)
{
    if (atomic_exchange(&admin->compacting, true)) {
        error_set(error, REASON_BUSY, "the store is being compacted already: wait until it is");
        error->retry_after_ms = RETRY_MS;
        return error->reason;
    }
    struct compact *c = calloc(1, sizeof *c);
    enum reason reason =
        c ? admin_feed_start(&c->feed, admin, call, &maker, error)
          : error_set(error, REASON_BUSY, "no memory for another call: try again later");
    if (reason) {
        free(c);
        atomic_store(&admin->compacting, false);
    }
    return reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    (void)message; /* nothing is asked */
    serve_call_set(call, NULL);
    if (start(call, service, &error))
        serve_finish(call, &error);
}

const struct serve_method compact_method = {.path = "/muon.v1.AdminService/Compact",
                                            .gives_stream = true,
                                            .begin = begin,
                                            .sent = feed_sent,
                                            .lost = feed_lost,
                                            .gone = feed_gone};
