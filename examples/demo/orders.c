/*
 * orders.c - the order service of the demo: four baristas, each a thread, advance the orders of a café one event at a time.
 *
 * An order is an event-sourced aggregate: a barista loads it (muon_load), decides what comes next, and emits that with the
 * version that the decision rests on. Two of them often reach for the same order; the store takes one event, tells the other
 * "wrong version", and that one looks again. While the store is down a barista simply waits longer for the answer.
 *
 *   orders N FILE     serves N orders; prints marks on the way; writes to FILE, an order a line, what was acknowledged.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "examples/demo/order.h"

enum { BARISTAS = 4, ORDERS_MAX = 100000, AT_THE_BAR = 8, MARKS = 3 };

static const struct {
    const char *name;
    int cents;
} menu[] = {{"espresso", 220}, {"cortado", 310}, {"flat white", 380}, {"filter", 290}};

struct cafe {
    muon_client *client;
    int count;            /* orders to serve */
    pthread_mutex_t lock; /* of what follows */
    struct order *orders; /* what was acknowledged, from 1 */
    int first_open, finished, marked;
    long long events, conflicts, last_order_id;
    double longest_wait_ms;
    bool failed;
};

struct barista {
    struct cafe *cafe;
    pthread_t thread;
    unsigned seed;
    int number;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool is_over(const struct order *order)
{
    return order->state == ORDER_COLLECTED || order->state == ORDER_CANCELLED;
}

/* One of the few orders at the bar, so that baristas meet; 0: all are served. */
static int pick(struct barista *b)
{
    struct cafe *cafe = b->cafe;
    pthread_mutex_lock(&cafe->lock);
    while (cafe->first_open <= cafe->count && is_over(&cafe->orders[cafe->first_open]))
        cafe->first_open++;
    int left = cafe->count - cafe->first_open + 1;
    int number = 0;
    if (left > 0 && !cafe->failed)
        number = cafe->first_open + rand_r(&b->seed) % (left < AT_THE_BAR ? left : AT_THE_BAR);
    pthread_mutex_unlock(&cafe->lock);
    return number;
}

/* What comes next for an order, and the event's payload. The rules of the house. */
static enum order_state decide(struct barista *b, int number, const struct order *order,
                               char payload[128])
{
    const char *drink = menu[number % 4].name;
    int cents = menu[number % 4].cents;
    snprintf(payload, 128, "{\"drink\":\"%s\",\"cents\":%d,\"barista\":%d}", drink, cents,
             b->number);
    switch (order->state) {
    case ORDER_NONE:
        return ORDER_PLACED;
    case ORDER_PLACED:
        return rand_r(&b->seed) % 20 == 0 ? ORDER_CANCELLED : ORDER_PAID;
    case ORDER_PAID:
        return ORDER_BREWED;
    case ORDER_BREWED:
        return ORDER_COLLECTED;
    default:
        return ORDER_NONE; /* it is over */
    }
}

/* Tell the one who runs the demo how far we are: a third, two thirds, all. */
static void mark(struct cafe *cafe)
{
    while (cafe->marked < MARKS && cafe->finished >= cafe->count * (cafe->marked + 1) / MARKS) {
        cafe->marked++;
        printf("mark %d orders %d events %lld\n", cafe->marked, cafe->finished, cafe->events);
        fflush(stdout);
    }
}

/* The store has acknowledged an event. Two answers may be noted in the other order: a later version is not undone. */
static void note(struct cafe *cafe, int number, enum order_state state,
                 const muon_emit_result *result, double wait_ms)
{
    struct order *order = &cafe->orders[number];
    pthread_mutex_lock(&cafe->lock);
    cafe->events++;
    if (state == ORDER_PAID)
        order->paid_cents = menu[number % 4].cents;
    if (result->version > order->version) {
        order->version = result->version;
        order->state = state;
        cafe->finished += is_over(order);
    }
    if (result->order_id > cafe->last_order_id)
        cafe->last_order_id = result->order_id;
    if (wait_ms > cafe->longest_wait_ms)
        cafe->longest_wait_ms = wait_ms;
    mark(cafe);
    pthread_mutex_unlock(&cafe->lock);
}

static void fail(struct cafe *cafe, const char *doing, const muon_error *error)
{
    pthread_mutex_lock(&cafe->lock);
    fprintf(stderr, "orders: %s: %s\n", doing, error->message);
    cafe->failed = true;
    pthread_mutex_unlock(&cafe->lock);
}

/* Load, decide, emit. */
static void serve(struct barista *b, int number)
{
    struct cafe *cafe = b->cafe;
    struct order order = {.state = ORDER_NONE};
    char stream[32], payload[128];
    muon_error error;
    muon_emit_result result;
    int64_t version = 0;
    double begin_ms = now_ms();
    order_stream(number, stream);
    if (muon_load(cafe->client, stream, order_apply, &order, &version, 0, &error) != MUON_OK) {
        fail(cafe, "load", &error);
        return;
    }
    enum order_state next = decide(b, number, &order, payload);
    if (next == ORDER_NONE)
        return;
    muon_event_in event = {.type = order_event_type(next),
                           .payload = payload,
                           .payload_len = strlen(payload),
                           .id = stream + strlen("orders/"),
                           .schema = "1",
                           .caused_by = order.last_event_id[0] ? order.last_event_id : NULL,
                           .caused_by_relation = order.last_event_id[0] ? "follows" : NULL};
    muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = version};
    muon_emit_opts opts = {.expects = &expect, .expects_len = 1};
    int32_t status = muon_emit(cafe->client, stream, &event, 1, &opts, &result, &error);
    if (status == MUON_OK) {
        note(cafe, number, next, &result, now_ms() - begin_ms);
    } else if (status == MUON_ECONFLICT) {
        pthread_mutex_lock(&cafe->lock);
        cafe->conflicts++;
        pthread_mutex_unlock(&cafe->lock);
    } else {
        fail(cafe, "emit", &error);
    }
}

static void *work(void *barista)
{
    for (int number; (number = pick(barista)) != 0;)
        serve(barista, number);
    return NULL;
}

static bool write_orders(const struct cafe *cafe, const char *path)
{
    FILE *out = fopen(path, "w");
    for (int i = 1; out && i <= cafe->count; i++)
        order_print(out, i, &cafe->orders[i]);
    return out && fclose(out) == 0;
}

static int run(struct cafe *cafe, const char *path)
{
    struct barista baristas[BARISTAS];
    for (int i = 0; i < BARISTAS; i++) {
        baristas[i] = (struct barista){.cafe = cafe, .seed = (unsigned)i + 1, .number = i + 1};
        if (pthread_create(&baristas[i].thread, NULL, work, &baristas[i]) != 0)
            abort();
    }
    for (int i = 0; i < BARISTAS; i++)
        pthread_join(baristas[i].thread, NULL);
    if (cafe->failed || !write_orders(cafe, path))
        return 1;
    printf("done events %lld conflicts %lld longest-ms %.0f last %lld\n", cafe->events,
           cafe->conflicts, cafe->longest_wait_ms, cafe->last_order_id);
    return 0;
}

int main(int argc, char **argv)
{
    static struct cafe cafe = {.lock = PTHREAD_MUTEX_INITIALIZER, .first_open = 1};
    muon_config *config = NULL;
    muon_error error;
    cafe.count = argc == 3 ? atoi(argv[1]) : 0;
    if (cafe.count < 1 || cafe.count > ORDERS_MAX) {
        fprintf(stderr, "usage: orders N FILE\n");
        return 2;
    }
    cafe.orders = calloc((size_t)cafe.count + 1, sizeof(*cafe.orders));
    if (!cafe.orders || muon_config_new(&config) != MUON_OK ||
        muon_config_set(config, "service.name", "orders", &error) != MUON_OK ||
        muon_open(NULL, config, &cafe.client, &error) != MUON_OK) {
        fprintf(stderr, "orders: %s\n", cafe.orders && config ? error.message : "out of memory");
        return 1;
    }
    int code = run(&cafe, argv[2]);
    muon_close(cafe.client, 5000, NULL);
    muon_free(cafe.client);
    muon_config_free(config);
    free(cafe.orders);
    return code;
}
