/*
 * orders.c - the order service of the demo: baristas, each a thread, advance the orders of a café one event at a time.
 *
 * An order is an event-sourced aggregate: a barista loads it (muon_load), decides what comes next, and emits that with the
 * version that the decision rests on. Two of them often reach for the same order; the store takes one event, tells the other
 * "wrong version", and that one looks again. Money is another service's business: a barista asks it (till.c) before the
 * order says that it is paid, and after it was cancelled. While the store is down a barista simply waits longer.
 *
 *   orders FILE       Its standard input: "serve N" serves N orders more, and says "served …". At the end of the input it writes
 *                     to FILE, an order a line, what was acknowledged.
 */
#include <stdlib.h>
#include <string.h>

#include "examples/demo/till.h"

enum { BARISTAS = 4 };

static const struct {
    const char *name;
    int cents;
} menu[] = {{"espresso", 220}, {"cortado", 310}, {"flat white", 380}, {"filter", 290}};

struct barista {
    struct cafe *cafe;
    pthread_t thread;
    unsigned seed;
    int number;
};

/* What comes next. */
struct decision {
    enum order_state next;
    int64_t cents;
    char cause[WORDS_ID_BYTES];
    char payload[256];
};

/* The rules of the house. ORDER_NONE: it is over. */
static enum order_state decide(struct barista *b, enum order_state state)
{
    switch (state) {
    case ORDER_NONE:
        return ORDER_PLACED;
    case ORDER_PLACED: /* now and then a guest leaves, */
        return rand_r(&b->seed) % 20 == 0 ? ORDER_CANCELLED : ORDER_PAID;
    case ORDER_PAID: /* or dislikes the music */
        return rand_r(&b->seed) % 40 == 0 ? ORDER_CANCELLED : ORDER_BREWED;
    case ORDER_BREWED:
        return ORDER_COLLECTED;
    case ORDER_CANCELLED:
        return ORDER_SETTLED;
    default:
        return ORDER_NONE;
    }
}

/* The payment service has answered: what the order is to say about it. */
static void write_answer(struct barista *b, const struct till_answer *answer, struct decision *d)
{
    d->cents = answer->cents;
    memcpy(d->cause, answer->event_id, sizeof(d->cause));
    snprintf(d->payload, sizeof(d->payload),
             "{\"cents\":%lld,\"barista\":%d,\"recorded-by\":\"%s\",\"answered-by\":\"%s\","
             "\"asked\":%d}",
             (long long)answer->cents, b->number, answer->recorded_by, answer->answered_by,
             answer->asked);
}

/* What to emit for an order in this state; for its money, whoever has gone to the till asks first. false: nothing. */
static bool prepare(struct barista *b, int number, const struct order *order, bool at_till,
                    struct decision *d)
{
    int cents = menu[number % 4].cents;
    d->cents = cents;
    memcpy(d->cause, order->last_event_id, sizeof(d->cause));
    if (at_till) {
        struct till_answer answer;
        enum cafe_call call = d->next == ORDER_PAID ? CAFE_CHARGE : CAFE_REFUND;
        if (!till_ask(b->cafe, call, number, cents, order->last_event_id, &answer))
            return false;
        write_answer(b, &answer, d);
        return !answer.refused; /* somebody was faster, and has cancelled it */
    }
    if (d->next == ORDER_PLACED)
        snprintf(d->payload, sizeof(d->payload), "{\"drink\":\"%s\",\"cents\":%d,\"barista\":%d}",
                 menu[number % 4].name, cents, b->number);
    else
        snprintf(d->payload, sizeof(d->payload), "{\"barista\":%d}", b->number);
    return d->next != ORDER_NONE;
}

/* Emit it, if the order is still in the version that it was decided for. */
static void emit(struct barista *b, int number, int64_t version, const struct decision *d,
                 double begin_ms)
{
    char stream[32];
    muon_error error;
    muon_emit_result result;
    words_stream(ORDER_STREAMS, number, stream);
    muon_event_in event = {.type = order_event_type(d->next),
                           .payload = d->payload,
                           .payload_len = strlen(d->payload),
                           .id = stream + strlen(ORDER_STREAMS),
                           .schema = "1",
                           .caused_by = d->cause[0] ? d->cause : NULL,
                           .caused_by_relation = d->cause[0] ? "CAUSED" : NULL};
    muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = version};
    muon_emit_opts opts = {.expects = &expect, .expects_len = 1};
    int32_t status = muon_emit(b->cafe->client, stream, &event, 1, &opts, &result, &error);
    if (status == MUON_OK)
        cafe_note(b->cafe, number, d->next, d->cents, &result, words_now_ms() - begin_ms);
    else if (status == MUON_ECONFLICT)
        cafe_note_conflict(b->cafe);
    else
        cafe_fail(b->cafe, "emit", error.message);
}

/* Load, decide, perhaps ask, emit. */
static void serve(struct barista *b, int number)
{
    struct cafe *cafe = b->cafe;
    struct order order = {.state = ORDER_NONE};
    char stream[32];
    int64_t version = 0;
    muon_error error;
    double begin_ms = words_now_ms();
    words_stream(ORDER_STREAMS, number, stream);
    if (muon_load(cafe->client, stream, order_apply, &order, &version, 0, &error) != MUON_OK) {
        cafe_fail(cafe, "load", error.message);
        return;
    }
    struct decision decision = {.next = decide(b, order.state)};
    bool at_till = decision.next == ORDER_PAID || decision.next == ORDER_SETTLED;
    if (at_till && !cafe_go_to_till(cafe, number))
        return;
    if (prepare(b, number, &order, at_till, &decision))
        emit(b, number, version, &decision, begin_ms);
    if (at_till)
        cafe_leave_till(cafe, number);
}

static void *work(void *barista)
{
    struct barista *b = barista;
    for (int number; (number = cafe_pick(b->cafe, &b->seed)) != 0;)
        serve(b, number);
    return NULL;
}

/* "word number word number …" of all that was counted so far. */
static void tell(const struct cafe *cafe, const char *word)
{
    static const char *const calls[] = {"charge", "refund"};
    printf("%s %d events %lld conflicts %lld longest %.0f last %lld", word, cafe->count,
           cafe->events, cafe->conflicts, cafe->longest_wait_ms, cafe->last_order_id);
    for (int i = 0; i < CAFE_CALLS; i++) {
        printf(" %s %lld %s-lost %lld %s-away %lld %s-refused %lld", calls[i], cafe->asked[i],
               calls[i], cafe->lost[i], calls[i], cafe->away[i], calls[i], cafe->refused[i]);
        for (int t = 0; t < CAFE_TILLS_MAX && cafe->tills[t].name[0]; t++)
            printf(" %s-%s %lld", calls[i], cafe->tills[t].name, cafe->tills[t].answers[i]);
    }
    printf("\n");
    fflush(stdout);
}

/* So many orders more, until the last of them is over. */
static void serve_more(struct cafe *cafe, int more)
{
    struct barista baristas[BARISTAS];
    cafe->count += more;
    cafe->longest_wait_ms = 0;
    for (int i = 0; i < BARISTAS; i++) {
        unsigned seed = (unsigned)(cafe->count * BARISTAS + i + 1);
        baristas[i] = (struct barista){.cafe = cafe, .seed = seed, .number = i + 1};
        if (pthread_create(&baristas[i].thread, NULL, work, &baristas[i]) != 0)
            abort();
    }
    for (int i = 0; i < BARISTAS; i++)
        pthread_join(baristas[i].thread, NULL);
    if (!cafe->failed)
        tell(cafe, "served");
}

static bool write_orders(const struct cafe *cafe, const char *path)
{
    FILE *out = fopen(path, "w");
    for (int i = 1; out && i <= cafe->count; i++)
        order_print(out, i, &cafe->orders[i]);
    return out && fclose(out) == 0;
}

int main(int argc, char **argv)
{
    static struct cafe cafe;
    char line[64];
    int more;
    if (argc != 2) {
        fprintf(stderr, "usage: orders FILE\n");
        return 2;
    }
    muon_client *client = words_open("orders");
    if (!client || !cafe_init(&cafe, client))
        return 1;
    while (!cafe.failed && fgets(line, sizeof(line), stdin))
        if (sscanf(line, "serve %d", &more) == 1 && more > 0 &&
            more <= WORDS_ORDERS_MAX - cafe.count)
            serve_more(&cafe, more);
    bool ok = !cafe.failed && write_orders(&cafe, argv[1]);
    if (ok)
        tell(&cafe, "done");
    muon_close(client, 5000, NULL);
    muon_free(client);
    cafe_fini(&cafe);
    return ok ? 0 : 1;
}
