/*
 * view.c - the view of the demo: built by replaying what is stored, then following what comes, in one subscription.
 *
 * It asks neither the order service nor the payment service, only the store. It also checks what it is promised: order ids rise, the
 * versions of each stream come one by one, without a gap or a repeat, whatever happens to the store meanwhile; and each event has its
 * cause among those before it.
 *
 *   view FOLDER   says "live …" when it has caught up; a line "until ORDER-ID" on its standard input makes it end once it has
 *                 seen that event, and write to FOLDER what it knows, an order a line: view-orders, view-book; and view-causes.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/demo/causes.h"
#include "examples/demo/money.h"
#include "examples/demo/order.h"

struct view {
    struct order orders[WORDS_ORDERS_MAX + 1];
    struct money book[WORDS_ORDERS_MAX + 1];
    struct causes causes;
    int highest;
    long long events, last_order_id, until;
    double begin_ms;
    bool over; /* the subscription has ended, which it should not */
    bool wrong;
};

static void take_event(struct view *view, const muon_event *event)
{
    int number = words_order(event->stream, ORDER_STREAMS);
    int paid = words_order(event->stream, MONEY_STREAMS);
    if (!number && !paid)
        return;
    struct order *order = &view->orders[number];
    struct money *money = &view->book[paid];
    int64_t last = number ? order->version : money->version;
    if (event->order_id <= view->last_order_id || event->version != last + 1) {
        fprintf(stderr, "view: %s: version %lld after %lld\n", event->stream.ptr,
                (long long)event->version, (long long)last);
        view->wrong = true;
    }
    view->wrong |= (number ? order_apply(order, event) : money_apply(money, event)) != 0;
    view->wrong |= !causes_note(&view->causes, number ? number : paid, event);
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
        printf("live %lld ms %.0f\n", view->events, words_now_ms() - view->begin_ms);
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

static FILE *create(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return fopen(path, "w");
}

static bool write_all(const struct view *view, const char *folder)
{
    FILE *orders = create(folder, "view-orders"), *book = create(folder, "view-book");
    FILE *causes = create(folder, "view-causes");
    if (!orders || !book || !causes)
        return false;
    for (int i = 1; i <= view->highest; i++) {
        order_print(orders, i, &view->orders[i]);
        if (view->book[i].version)
            money_print(book, i, &view->book[i]);
    }
    causes_print(causes, &view->causes);
    return (fclose(orders) | fclose(book) | fclose(causes)) == 0;
}

static int run(muon_client *client, struct view *view, const char *folder)
{
    muon_queue *queue;
    muon_sub *sub;
    muon_error error;
    if (muon_queue_new(client, &queue, &error) != MUON_OK) {
        fprintf(stderr, "view: %s\n", error.message);
        return 1;
    }
    muon_sub_opts opts = {.mode = MUON_HOT_COLD, .queue = queue};
    view->begin_ms = words_now_ms();
    if (muon_subscribe(client, "__all__", &opts, &sub, &error) != MUON_OK) {
        fprintf(stderr, "view: %s\n", error.message);
        muon_queue_free(queue);
        return 1;
    }
    follow(view, queue);
    muon_sub_free(sub);
    muon_queue_free(queue);
    printf("done %lld\n", view->events);
    return !view->over && !view->wrong && write_all(view, folder) ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct view view;
    if (argc != 2) {
        fprintf(stderr, "usage: view FOLDER\n");
        return 2;
    }
    muon_client *client = words_open(NULL);
    if (!client)
        return 1;
    int code = run(client, &view, argv[1]);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return code;
}
