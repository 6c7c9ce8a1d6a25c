/*
 * read.c - see read.h.
 */
#include "store/read.h"

#include <stdlib.h>

#include "store/backward.h"
#include "store/cursor.h"
#include "store/feed.h"
#include "wire/codec-subscribe.h"

enum { MESSAGE_BYTES = 128 * 1024 };

struct page {
    struct feed feed; /* first */
    struct store *store;
    struct subscribe_request request; /* views of message */
    struct bytes *message;
    bool opened;
    uint64_t last; /* the head when it began */
    union {
        struct cursor cursor;
        struct backward backward; /* request.backwards */
    };
};

static bool open_page(struct page *page, struct error *error)
{
    page->last = atomic_load(&page->store->head);
    enum reason reason =
        page->request.backwards
            ? backward_open(&page->backward, page->store, page->message, &page->request, page->last,
                            error)
            : cursor_open(&page->cursor, page->store, page->message, &page->request, error);
    page->opened = !reason;
    return page->opened;
}

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct page *page = (struct page *)feed;
    struct cursor_batch batch;
    (void)ahead;
    if (!page->opened && !open_page(page, error))
        return FEED_FAILED;
    enum reason reason = page->request.backwards
                             ? backward_read(&page->backward, MESSAGE_BYTES, &batch, error)
                             : cursor_read(&page->cursor, page->last, MESSAGE_BYTES, &batch, error);
    if (reason)
        return FEED_FAILED;
    *message = batch.parts;
    message->events = batch.events;
    return batch.done || batch.at_head ? FEED_LAST : FEED_MORE;
}

static void end(struct feed *feed)
{
    (void)feed; /* nobody else knows it */
}

static void free_page(struct feed *feed)
{
    struct page *page = (struct page *)feed;
    if (page->opened && page->request.backwards)
        backward_close(&page->backward);
    else if (page->opened)
        cursor_close(&page->cursor);
    bytes_unref(page->message);
    free(page);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_page};

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    struct subscribe_request request;
    if (read_request_decode(bytes_span(message), &request, &error)) {
        serve_finish(call, &error);
        return;
    }
    struct page *page = calloc(1, sizeof *page);
    if (!page) {
        error_set(&error, REASON_BUSY, "no memory for another call: try again later");
        serve_finish(call, &error);
        return;
    }
    page->feed = (struct feed){.call = call,
                               .readers = store->readers,
                               .maker = &maker,
                               .delivered = &store->measures.delivered[MEASURES_READ]};
    page->store = store;
    page->request = request;
    page->request.type = STREAM_COLD;
    page->message = bytes_ref(message);
    feed_init(&page->feed);
    feed_start(&page->feed);
}

const struct serve_method read_method = {.path = "/muon.v1.PhotonService/Read",
                                         .gives_stream = true,
                                         .begin = begin,
                                         .sent = feed_sent,
                                         .lost = feed_lost,
                                         .gone = feed_gone};
