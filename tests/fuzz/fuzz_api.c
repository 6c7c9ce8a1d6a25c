/*
 * Fuzz the arguments of libmuon's public functions, on a client whose server does not exist: whatever they are, a call returns a status
 * that the header knows, a refusal says why, and what was accepted comes back, once, as an item.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

#include "tests/fuzz/fuzz.h"

enum { TEXTS = 10, EVENTS_MAX = 4, WAIT_MS = 60000 };

static muon_client *client;

/* The client lives as long as the process: opening one for each input would be all that is measured. */
static void close_client(void)
{
    muon_close(client, 0, NULL);
    muon_free(client);
}

static void open_client(void)
{
    if (client)
        return;
    muon_config *config;
    if (muon_config_new(&config) != MUON_OK ||
        muon_config_set(config, "service.name", "fuzz", NULL) != MUON_OK ||
        muon_open("muon+insecure://127.0.0.1:1", config, &client, NULL) != MUON_OK)
        abort();
    muon_config_free(config);
    atexit(close_client);
}

/* ---- texts that an input gives, kept until its end ---- */

struct texts {
    char *text[TEXTS];
    size_t len;
};

static const char *text_of(struct texts *texts, struct feed *feed)
{
    if (texts->len == TEXTS)
        return texts->text[feed_byte(feed) % TEXTS];
    return texts->text[texts->len++] = feed_text(feed);
}

static void texts_free(struct texts *texts)
{
    for (size_t i = 0; i < texts->len; i++)
        free(texts->text[i]);
}

/* ---- statuses ---- */

static bool told(int32_t status, const muon_error *err)
{
    if (status == MUON_OK)
        return true;
    assert(status < 0 && strcmp(muon_status_name(status), "MUON_?") != 0);
    assert(err->code == status && err->message[0]);
    assert(memchr(err->message, 0, sizeof err->message));
    return false;
}

/* The one item of an operation that was accepted; it is cancelled, since nobody will ever answer it. */
static void one_item(muon_queue *queue, uint64_t tag, int32_t kind)
{
    muon_item item;
    muon_cancel(queue, tag);
    assert(muon_queue_wait(queue, &item, 1, WAIT_MS) == 1);
    assert(item.tag == tag && item.kind == kind && item.status < 0 && item.error->message[0]);
    muon_item_clear(&item);
    assert(muon_cancel(queue, tag) == MUON_ENOENT);
}

/* ---- the calls ---- */

static void configuration(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_config *config;
    (void)queue;
    if (muon_config_new(&config) != MUON_OK)
        abort();
    while (feed->len && texts->len + 1 < TEXTS) {
        muon_error err = {0};
        const char *key = text_of(texts, feed), *value = text_of(texts, feed);
        told(muon_config_set(config, key, value, &err), &err);
    }
    muon_config_free(config);
}

static void event_of(struct feed *feed, struct texts *texts, muon_event_in *event)
{
    uint32_t with = (uint32_t)feed_number(feed);
    struct span payload = feed_line(feed);
    const char **fields[] = {&event->content_type, &event->event_id,           &event->id,
                             &event->schema,       &event->caused_by_relation, &event->service,
                             &event->caused_by,    &event->traceparent};
    *event = (muon_event_in){
        .type = text_of(texts, feed), .payload = payload.data, .payload_len = payload.len};
    if (with & 1)
        event->stream = text_of(texts, feed);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (with & 2u << i)
            *fields[i] = text_of(texts, feed);
    if (with & 1024)
        event->reserved[with % 4] = with;
    if (with & 2048)
        event->metadata_len = 1; /* and metadata NULL */
}

static void emit(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    muon_event_in events[EVENTS_MAX];
    muon_expect expect = {.kind = (int32_t)feed_number(feed), .version = feed_number(feed)};
    uint8_t with = feed_byte(feed);
    muon_emit_opts opts = {.flags = with & 32, .timeout_ms = (int32_t)feed_number(feed)};
    size_t len = feed_byte(feed) % (EVENTS_MAX + 1);
    const char *stream = text_of(texts, feed);
    if (with & 1)
        expect.stream = text_of(texts, feed);
    if (with & 2)
        opts.expects = &expect;
    opts.expects_len = with & 4 ? (size_t)with : (with & 2) / 2;
    if (opts.expects && opts.expects_len > 1)
        opts.expects_len = 1;
    for (size_t i = 0; i < len; i++)
        event_of(feed, texts, &events[i]);
    if (told(muon_emit_async(client, stream, events, len, with & 8 ? &opts : NULL, queue, 1, &err),
             &err))
        one_item(queue, 1, MUON_ITEM_EMITTED);
}

static void request(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    uint8_t with = feed_byte(feed);
    muon_request_opts opts = {.timeout_ms = (int32_t)feed_number(feed), .flags = with & 32};
    const char *url = text_of(texts, feed);
    struct span body = feed_line(feed);
    if (with & 1)
        opts.content_type = text_of(texts, feed);
    if (with & 2)
        opts.caused_by = text_of(texts, feed);
    if (with & 4)
        opts.traceparent = text_of(texts, feed);
    if (told(muon_request_async(client, url, body.data, body.len, with & 8 ? &opts : NULL, queue, 2,
                                &err),
             &err))
        one_item(queue, 2, MUON_ITEM_REPLY);
}

static void subscribe(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    muon_sub *sub;
    const char *types[2];
    uint8_t with = feed_byte(feed);
    muon_sub_opts opts = {.mode = (int32_t)feed_number(feed),
                          .from_kind = (int32_t)feed_number(feed),
                          .from = feed_number(feed),
                          .limit = (uint64_t)feed_number(feed),
                          .prefetch = (uint32_t)feed_number(feed),
                          .batch_max = (uint32_t)feed_number(feed),
                          .tag = 3};
    const char *stream = text_of(texts, feed);
    if (with & 1)
        opts.queue = queue;
    types[0] = text_of(texts, feed);
    types[1] = text_of(texts, feed);
    if (with & 2)
        opts.types = types;
    opts.types_len = with & 2 ? (size_t)(with & 3) % 3 : (size_t)(with & 4) >> 2;
    if (!told(muon_subscribe(client, stream, with & 8 ? &opts : NULL, &sub, &err), &err))
        return;
    muon_sub_close(sub);
    if ((with & 9) == 9)
        one_item(queue, 3, MUON_ITEM_BATCH);
    muon_sub_free(sub);
}

static void read_page(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    int32_t kind = (int32_t)feed_number(feed), timeout_ms = (int32_t)feed_number(feed);
    int64_t from = feed_number(feed);
    uint32_t max = (uint32_t)feed_number(feed), flags = (uint32_t)feed_number(feed);
    const char *stream = text_of(texts, feed);
    if (told(muon_read_async(client, stream, kind, from, max, flags, timeout_ms, queue, 4, &err),
             &err))
        one_item(queue, 4, MUON_ITEM_PAGE);
}

/* Calls that wait are given one millisecond. */
static void waiting(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    muon_reply *reply = NULL;
    muon_batch *batch = NULL;
    muon_place place = {.order_id = feed_number(feed), .version = feed_number(feed)};
    muon_expect expect = {.kind = (int32_t)feed_number(feed), .version = feed_number(feed)};
    uint32_t max = (uint32_t)feed_number(feed);
    const char *a = text_of(texts, feed), *b = text_of(texts, feed);
    (void)queue;
    place.event_id = a;
    place.stream = b;
    assert(!told(muon_get(client, &place, 1, &batch, &err), &err));
    assert(!told(muon_streams(client, a, b, max, 1, &reply, &err), &err));
    assert(!told(muon_delete(client, a, max % 2 ? &expect : NULL, 1, NULL, &err), &err));
    assert(!told(muon_discover(client, a, 1, &reply, &err), &err));
    assert(!told(muon_introspect(client, b, 1, &reply, &err), &err));
    if (told(muon_metrics(client, a, &reply, &err), &err))
        muon_reply_free(reply);
}

static void serve(struct feed *feed, struct texts *texts, muon_queue *queue)
{
    muon_error err = {0};
    muon_server *server;
    muon_call *call;
    uint8_t with = feed_byte(feed);
    muon_serve_opts opts = {.max_inflight = (uint32_t)feed_number(feed),
                            .flags = (uint32_t)feed_number(feed),
                            .queue = with & 1 ? queue : NULL,
                            .tag = 5};
    const char *path = text_of(texts, feed);
    opts.doc = with & 2 ? text_of(texts, feed) : NULL;
    if (!told(muon_serve(client, path, with & 4 ? &opts : NULL, &server, &err), &err))
        return;
    if ((with & 5) == 5) {
        muon_server_close(server);
        one_item(queue, 5, MUON_ITEM_CALL);
    } else {
        assert(muon_server_next(server, &call, 0, &err) == MUON_EAGAIN);
    }
    muon_server_free(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const calls[])(struct feed * feed, struct texts * texts, muon_queue * queue) = {
        configuration, emit, request, subscribe, read_page, waiting, serve};
    struct feed feed = {data, len};
    struct texts texts = {.len = 0};
    muon_queue *queue;
    open_client();
    if (muon_queue_new(client, &queue, NULL) != MUON_OK)
        abort();
    calls[feed_byte(&feed) % 7](&feed, &texts, queue);
    muon_queue_free(queue);
    texts_free(&texts);
    return 0;
}
