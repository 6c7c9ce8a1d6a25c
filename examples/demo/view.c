/*
 * view.c - the view of the demo: built by replaying what is stored, then following what comes, in one subscription.
 *
 * It holds no connection to the order service, only to the store. It also checks what it is promised: order ids rise, and the
 * versions of each order come one by one, without a gap or a repeat, whatever happens to the store meanwhile.
 *
 *   view FILE     says "live …" when it has caught up; a line "until ORDER-ID" on its standard input makes it end once it
 *                 has seen that event, and write to FILE what it knows, an order a line.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "examples/demo/order.h"

enum { ORDERS_MAX = 100000 };

struct view {
    struct order orders[ORDERS_MAX + 1];
    int highest;
    long long events, last_order_id, until;
    double begin_ms;
    bool over; /* the subscription has ended, which it should not */
    bool wrong;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void take_event(struct view *view, const muon_event *event)
{
    int number = order_number(event->stream);
    if (number < 1 || number > ORDERS_MAX)
        return;
    struct order *order = &view->orders[number];
    if (event->order_id <= view->last_order_id || event->version != order->version + 1) {
        fprintf(stderr, "view: %s: version %lld after %lld\n", event->stream.ptr,
                (long long)event->version, (long long)order->version);
        view->wrong = true;
    }
    view->wrong |= order_apply(order, event) != 0;
    view->last_order_id = event->order_id;
    view->events++;
    if (number > view->highest)
        view->highest = number;
}

/* A muon_item_fn: the next events of the subscription. */
static void take_item(void *user, muon_item *item)
{
    struct view *view = user;
    const muon_batch *batch = item->object;
    if (item->status != MUON_OK) {
        fprintf(stderr, "view: %s\n",
                item->error ? item->error->message : "the subscription has ended");
        view->over = true;
        return;
    }
    for (size_t i = 0; i < muon_batch_count(batch); i++)
        take_event(view, muon_batch_at(batch, i));
    if (muon_batch_flags(batch) & MUON_BATCH_LIVE) {
        printf("live events %lld ms %.0f\n", view->events, now_ms() - view->begin_ms);
        fflush(stdout);
    }
}

/* "until ORDER-ID"; the end of the input ends the view, too. */
static void take_word(struct view *view)
{
    char line[128] = "";
    if (!fgets(line, sizeof(line), stdin) || sscanf(line, "until %lld", &view->until) != 1)
        view->over = true;
}

static void follow(struct view *view, muon_queue *queue)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = (int)muon_queue_fd(queue), .events = POLLIN}};
    while (!view->over && !(view->until && view->last_order_id >= view->until)) {
        if (poll(fds, 2, -1) < 0)
            return;
        if (fds[1].revents)
            muon_queue_run(queue, take_item, view, 0);
        if (fds[0].revents && !view->until) {
            take_word(view);
            fds[0].fd = -1;
        }
    }
}

static bool write_orders(const struct view *view, const char *path)
{
    FILE *out = fopen(path, "w");
    for (int i = 1; out && i <= view->highest; i++)
        order_print(out, i, &view->orders[i]);
    return out && fclose(out) == 0;
}

static int run(muon_client *client, struct view *view, const char *path)
{
    muon_queue *queue;
    muon_sub *sub;
    muon_error error;
    if (muon_queue_new(client, &queue, &error) != MUON_OK) {
        fprintf(stderr, "view: %s\n", error.message);
        return 1;
    }
    muon_sub_opts opts = {.mode = MUON_HOT_COLD, .queue = queue};
    view->begin_ms = now_ms();
    if (muon_subscribe(client, "orders/**", &opts, &sub, &error) != MUON_OK) {
        fprintf(stderr, "view: %s\n", error.message);
        muon_queue_free(queue);
        return 1;
    }
    follow(view, queue);
    muon_sub_free(sub);
    muon_queue_free(queue);
    printf("done events %lld\n", view->events);
    return !view->over && !view->wrong && write_orders(view, path) ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct view view;
    muon_client *client;
    muon_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: view FILE\n");
        return 2;
    }
    if (muon_open(NULL, NULL, &client, &error) != MUON_OK) {
        fprintf(stderr, "view: %s\n", error.message);
        return 1;
    }
    int code = run(client, &view, argv[1]);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return code;
}
