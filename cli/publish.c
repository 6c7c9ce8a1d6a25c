/*
 * publish.c - `muon publish SERVICE PATH`: lines of standard input become items for whoever subscribes.
 *
 * One thread: lines go to a shelf, from which every subscriber is fed at its own pace. When a hot shelf is full because somebody is
 * behind, we read no further - whoever writes the lines is slowed down, nothing is lost - but only for so long: then those that
 * took nothing are let go. A cold shelf keeps all lines, and need not wait for anybody.
 *
 * At the end of the input a hot stream ends: what is on the shelf is still handed out. A cold one goes on for later subscribers, until
 * Ctrl-C or --count.
 */
#include "cli/publish.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/interrupts.h"
#include "cli/lines.h"
#include "cli/say.h"
#include "cli/subscribers.h"

enum { PATIENCE_MS = 5000, ITEMS = 64, TAG = 1 };

struct publish {
    const struct args *args;
    const char *path;
    muon_client *client;
    muon_queue *queue;
    muon_server *server;
    struct lines lines;
    struct shelf shelf;
    struct subscribers subscribers;
    int64_t patience_ms;
    int interrupts;
    bool over;   /* the input is at its end */
    bool ending; /* no new subscribers: those that are there get the rest */
    bool failed; /* with code, which has been told */
    int code;
};

static void publish_fail(struct publish *p, int code)
{
    p->failed = true;
    p->code = code;
}

static void publish_end(struct publish *p)
{
    if (!p->ending)
        muon_server_close(p->server);
    p->ending = true;
}

/* ---- lines ---- */

static void take_line(struct publish *p, const char *line, size_t len)
{
    if (len > 0 && !shelf_put(&p->shelf, line, len))
        publish_fail(p, say_failure(p->args, EXIT_FAILED, NULL, "out of memory"));
}

/* The end of the input, in order or not. */
static void end_of_lines(struct publish *p, enum lines_state state)
{
    unsigned long long number = p->lines.number + 1;
    p->over = true;
    if (state == LINES_TOO_LONG)
        publish_fail(p, say_failure(p->args, EXIT_TOO_LARGE, "Publish it in parts.",
                                    "line %llu: longer than any item can be", number));
    else if (state == LINES_ERROR)
        publish_fail(p, say_failure(p->args, EXIT_FAILED, NULL, "line %llu: %s", number,
                                    strerror(p->lines.error)));
    else if (!p->args->cold)
        publish_end(p);
}

/* Those that are there, as far as the shelf takes them. True: there may be more to come, wait for it. */
static bool take_lines(struct publish *p)
{
    const char *line;
    size_t len;
    while (!p->over && !p->failed && !shelf_is_full(&p->shelf)) {
        enum lines_state state = lines_next(&p->lines, &line, &len);
        if (state == LINES_MORE)
            return true;
        if (state == LINES_LINE)
            take_line(p, line, len);
        else
            end_of_lines(p, state);
    }
    return false;
}

/* ---- subscribers ---- */

static void take_item(struct publish *p, muon_item *item)
{
    if (item->kind == MUON_ITEM_CALL && item->status == MUON_OK) {
        subscribers_add(&p->subscribers, item->object, p->args->cold ? 0 : p->shelf.next);
        item->object = NULL;
    } else if (item->kind == MUON_ITEM_WRITABLE) {
        subscribers_wake(&p->subscribers, item->version, item->status != MUON_OK);
    } else if (item->kind == MUON_ITEM_CALL && !p->ending && item->error) {
        publish_fail(p, say_service_error(p->args, item->error));
    }
}

static void take_items(struct publish *p)
{
    muon_item items[ITEMS];
    int32_t got = muon_queue_wait(p->queue, items, ITEMS, 0);
    for (int32_t i = 0; i < got; i++) {
        take_item(p, &items[i]);
        muon_item_clear(&items[i]);
    }
}

/* Hand out what there is, and make room. Returns how long to wait at most, in ms; -1: for ever. */
static int hand_out(struct publish *p)
{
    struct subscribers *s = &p->subscribers;
    int wait_ms = -1;
    subscribers_feed(s, p->ending || p->over);
    if (p->args->count && s->served >= p->args->count)
        publish_end(p);
    if (s->too_large)
        publish_fail(p, say_failure(p->args, EXIT_TOO_LARGE, "Publish it in parts.",
                                    "item %llu is over the server's limit",
                                    (unsigned long long)s->too_large));
    bool full = !p->args->cold && shelf_is_full(&p->shelf);
    if (full || p->ending)
        wait_ms = subscribers_let_go(s, p->patience_ms);
    if (!p->args->cold)
        shelf_drop(&p->shelf, subscribers_need(s));
    return full && !shelf_is_full(&p->shelf) ? 0 : wait_ms;
}

/* The one place where we wait. */
static void publish_wait(struct publish *p, bool for_input, int wait_ms)
{
    struct pollfd fds[] = {{.fd = for_input ? p->lines.fd : -1, .events = POLLIN},
                           {.fd = (int)muon_queue_fd(p->queue), .events = POLLIN},
                           {.fd = p->interrupts, .events = POLLIN}};
    if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms) < 0)
        return;
    if (fds[2].revents && interrupts_take(&p->interrupts)) {
        p->over = true;
        publish_end(p);
    }
    if (fds[1].revents)
        take_items(p);
    if (fds[0].revents)
        lines_fill(&p->lines);
}

static void publish_lines(struct publish *p)
{
    while (!p->failed && !(p->ending && p->subscribers.count == 0)) {
        bool for_input = take_lines(p);
        if (p->args->cold && shelf_is_full(&p->shelf)) {
            publish_fail(p, say_failure(p->args, EXIT_TOO_LARGE, "Leave --cold out.",
                                        "more than 1 GiB of lines to be kept"));
            break;
        }
        int wait_ms = hand_out(p);
        if (!p->failed && !(p->ending && p->subscribers.count == 0))
            publish_wait(p, for_input, wait_ms);
    }
    muon_server_close(p->server);
    subscribers_fail(&p->subscribers, "the publisher has failed");
}

/* ---- begin ---- */

static int publish_registered(struct publish *p)
{
    muon_error error;
    if (muon_ping(p->client, connect_timeout_ms(p->args), &error) != MUON_OK) {
        take_items(p); /* which may say more */
        return p->failed ? p->code : say_service_error(p->args, &error);
    }
    say_note(p->args, "publishing stream://%s%s; Ctrl-C ends", p->args->service, p->path);
    publish_lines(p);
    if (p->args->json)
        printf("{\"lines\":%llu,\"subscribers\":%llu}\n", (unsigned long long)p->shelf.next,
               (unsigned long long)p->subscribers.served);
    else
        say_note(p->args, "%llu lines, %llu subscribers", (unsigned long long)p->shelf.next,
                 (unsigned long long)p->subscribers.served);
    return p->code;
}

static int publish_path(struct publish *p)
{
    muon_error error;
    if (muon_queue_new(p->client, &p->queue, &error) != MUON_OK)
        return say_service_error(p->args, &error);
    const muon_serve_opts opts = {.max_inflight = SUBSCRIBERS_MAX,
                                  .flags = MUON_SERVE_STREAM,
                                  .queue = p->queue,
                                  .tag = TAG,
                                  .doc = p->args->doc};
    int code;
    if (muon_serve(p->client, p->path, &opts, &p->server, &error) == MUON_OK)
        code = publish_registered(p);
    else
        code = say_service_error(p->args, &error);
    muon_server_free(p->server);
    muon_queue_free(p->queue);
    return code;
}

int publish_run(const struct args *given)
{
    static struct publish p; /* with all that may subscribe: large */
    struct args args;
    int code;
    if (!connect_service(given, &args, &p.path, &code))
        return code;
    p.args = &args;
    p.code = EXIT_DONE;
    p.patience_ms = args.timeout_ms ? args.timeout_ms : PATIENCE_MS;
    p.interrupts = interrupts_open(true);
    lines_init(&p.lines, STDIN_FILENO);
    shelf_init(&p.shelf, args.cold);
    p.subscribers = (struct subscribers){.args = &args, .shelf = &p.shelf};
    if (connect_open(&args, &p.client, &code)) {
        code = publish_path(&p);
        connect_close(p.client);
    }
    lines_fini(&p.lines);
    shelf_fini(&p.shelf);
    return code;
}
