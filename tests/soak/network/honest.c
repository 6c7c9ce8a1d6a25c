/*
 * honest.c - what honest services have to wait for, while others behave badly.
 *
 *   net_honest URL
 *
 * Emits, follows what it has emitted, asks a service of its own, and publishes the stream stream://honest/feed to whoever wants it: each 200
 * times a second, however long the answers take. For each line on its standard input it prints what it has seen since the last one, as
 * {"failed": N, "emit": {"n", "p50_us", "p99_us"}, "deliver": {…}, "request": {…}}. It ends with its input.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <muon/muon.h>
#include <muon/services.h>

enum { TICK_US = 5000, TIMES_MAX = 100000, ITEMS = 64, LIMIT_MS = 120000, FEEDS_MAX = 4096 };
enum { EMIT, DELIVER, REQUEST, WHATS };
enum { TAG_SUB = 1, TAG_ECHO, TAG_FEED }; /* of what lasts; of others: when it began, in us */

static const char *const names[WHATS] = {"emit", "deliver", "request"};

struct times {
    uint32_t us[TIMES_MAX];
    size_t len;
};

static struct {
    muon_client *asker, *server;
    muon_queue *answers, *calls; /* of the asker, of the server */
    muon_sub *sub;
    muon_server *echo, *feed;
    muon_call *feeds[FEEDS_MAX];
    size_t feeds_len, failed;
    struct times times[WHATS];
} here;

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void took(int what, uint64_t begun_us)
{
    struct times *times = &here.times[what];
    if (times->len < TIMES_MAX)
        times->us[times->len++] = (uint32_t)(now_us() - begun_us);
}

/* ---- what comes ---- */

static void deliver(const muon_batch *batch)
{
    for (size_t i = 0; i < muon_batch_count(batch); i++)
        took(DELIVER, strtoull(muon_batch_at(batch, i)->payload.ptr, NULL, 10));
}

static void called(muon_item *item)
{
    muon_call *call = item->object;
    item->object = NULL;
    if (call->kind == MUON_CALL_REQUEST)
        muon_call_reply(call, 200, NULL, call->body.ptr, call->body.len, NULL);
    else if (here.feeds_len < FEEDS_MAX)
        here.feeds[here.feeds_len++] = call;
    else
        muon_call_free(call);
}

static void handle(muon_item *item)
{
    if (item->kind == MUON_ITEM_WRITABLE)
        return;
    if (item->status != MUON_OK)
        here.failed++;
    else if (item->kind == MUON_ITEM_CALL)
        called(item);
    else if (item->kind == MUON_ITEM_BATCH)
        deliver(item->object);
    else
        took(item->kind == MUON_ITEM_EMITTED ? EMIT : REQUEST, item->tag);
}

static void drain(muon_queue *queue)
{
    muon_item items[ITEMS];
    for (int32_t n; (n = muon_queue_wait(queue, items, ITEMS, 0)) > 0;)
        for (int32_t i = 0; i < n; i++) {
            handle(&items[i]);
            muon_item_clear(&items[i]);
        }
}

/* ---- what goes out ---- */

static void publish(void)
{
    static const char item[1024];
    for (size_t i = here.feeds_len; i-- > 0;)
        if (muon_call_send(here.feeds[i], NULL, item, sizeof item, NULL) == MUON_ECANCELLED) {
            muon_call_free(here.feeds[i]);
            here.feeds[i] = here.feeds[--here.feeds_len];
        }
}

static void tick(void)
{
    char payload[1024];
    uint64_t now = now_us();
    snprintf(payload, sizeof payload, "%-1023llu", (unsigned long long)now);
    const muon_event_in event = {.type = "Ticked", .payload = payload, .payload_len = 1023};
    if (muon_emit_async(here.asker, "honest", &event, 1, NULL, here.answers, now, NULL) != MUON_OK)
        here.failed++;
    if (muon_request_async(here.asker, "rpc://honest/echo", payload, 255, NULL, here.answers, now,
                           NULL) != MUON_OK)
        here.failed++;
    publish();
}

/* ---- what is told ---- */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void tell(void)
{
    printf("{\"failed\": %zu", here.failed);
    for (int i = 0; i < WHATS; i++) {
        struct times *times = &here.times[i];
        size_t n = times->len;
        qsort(times->us, n, sizeof *times->us, by_size);
        printf(", \"%s\": {\"n\": %zu, \"p50_us\": %u, \"p99_us\": %u}", names[i], n,
               n ? times->us[n / 2] : 0, n ? times->us[n * 99 / 100] : 0);
        times->len = 0;
    }
    puts("}");
    here.failed = 0;
}

static void go_on(void)
{
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
                           {(int)muon_queue_fd(here.answers), POLLIN, 0},
                           {(int)muon_queue_fd(here.calls), POLLIN, 0}};
    for (uint64_t next_us = now_us();;) {
        int64_t left_us = (int64_t)(next_us - now_us());
        const struct timespec wait = {.tv_nsec = left_us > 0 ? left_us * 1000 : 0};
        char line[64];
        ppoll(fds, 3, &wait, NULL);
        drain(here.calls);
        drain(here.answers);
        if (fds[0].revents && !fgets(line, sizeof line, stdin))
            return;
        if (fds[0].revents)
            tell();
        if (now_us() >= next_us) {
            tick();
            next_us += TICK_US;
            if (next_us + 100 * TICK_US < now_us()) /* held up ourselves: no burst */
                next_us = now_us();
        }
    }
}

static bool begin(const char *url, muon_error *error)
{
    muon_config *config;
    if (muon_config_new(&config) != MUON_OK ||
        muon_config_set(config, "service.name", "honest", error) != MUON_OK ||
        muon_open(url, config, &here.server, error) != MUON_OK ||
        muon_open(url, NULL, &here.asker, error) != MUON_OK ||
        muon_queue_new(here.server, &here.calls, error) != MUON_OK ||
        muon_queue_new(here.asker, &here.answers, error) != MUON_OK)
        return false;
    muon_config_free(config);
    const muon_sub_opts follow = {.mode = MUON_HOT, .queue = here.calls, .tag = TAG_SUB};
    const muon_serve_opts echo = {.queue = here.calls, .tag = TAG_ECHO};
    const muon_serve_opts feed = {.queue = here.calls,
                                  .tag = TAG_FEED,
                                  .flags = MUON_SERVE_STREAM,
                                  .max_inflight = FEEDS_MAX};
    return muon_serve(here.server, "/echo", &echo, &here.echo, error) == MUON_OK &&
           muon_serve(here.server, "/feed", &feed, &here.feed, error) == MUON_OK &&
           muon_subscribe(here.server, "honest", &follow, &here.sub, error) == MUON_OK &&
           muon_ping(here.server, LIMIT_MS, error) == MUON_OK;
}

int main(int argc, char **argv)
{
    muon_error error;
    if (argc != 2)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    if (!begin(argv[1], &error)) {
        printf("%s\n", error.message);
        return 1;
    }
    puts("ready");
    go_on();
    muon_free(here.asker);
    muon_free(here.server);
    return 0;
}
