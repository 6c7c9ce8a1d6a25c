/*
 * payment.c - the payment service of the demo: rpc://payment/charge and rpc://payment/refund. Several instances may run.
 *
 * The money of an order is an event-sourced aggregate, too: payments/17. Each event has an id that is derived from the order, "17/charge",
 * and is emitted for the version that it was decided for. So whoever asks twice, of the same instance or of another one, because an answer was
 * lost or because two ask at once: there is one charge, and everybody is told the same. It is emitted "in the call", so that the cause
 * that came with the request - the event of the order - becomes the cause of the charge.
 *
 *   payment NAME      says "ready" once it is registered. Its standard input:
 *                     "hold"       store the next charge, and keep the answer back until "go"; says "holding N", N being the order
 *                     "book FILE"  write to FILE what is stored of all payments, an order a line; says "booked", and how many events
 *                     the end      answer what is asked, and leave
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "examples/demo/money.h"

enum { WORKERS = 4 };

struct till {
    const char *name;
    muon_client *client;
    muon_server *server;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool hold, holding;
};

/* What is to happen to the money, for this to be answered; the state that it is in: nothing. *refused: it cannot be. */
static enum money_state decide(const muon_call *call, enum money_state state, bool *refused)
{
    bool charge = strcmp(call->path.ptr, "/charge") == 0;
    *refused = charge && (state == MONEY_REFUNDED || state == MONEY_VOIDED);
    if (state == MONEY_NONE)
        return charge ? MONEY_CHARGED : MONEY_VOIDED;
    return !charge && state == MONEY_CHARGED ? MONEY_REFUNDED : state;
}

/* MUON_OK, or as muon_emit. */
static int32_t record(struct till *till, const muon_call *call, int number, int64_t version,
                      enum money_state next, muon_error *error)
{
    static const char *const deeds[] = {"", "charge", "refund", "void"};
    char stream[32], id[WORDS_ID_BYTES], payload[128];
    int64_t cents = next == MONEY_VOIDED ? 0 : words_number(call->body, "cents");
    words_stream(MONEY_STREAMS, number, stream);
    snprintf(id, sizeof(id), "%d/%s", number, deeds[next]); /* the idempotency key */
    snprintf(payload, sizeof(payload), "{\"order\":%d,\"cents\":%lld,\"by\":\"%s\"}", number,
             (long long)cents, till->name);
    muon_event_in event = {.type = money_event_type(next),
                           .event_id = id,
                           .payload = payload,
                           .payload_len = strlen(payload)};
    muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = version};
    muon_emit_opts opts = {.expects = &expect, .expects_len = 1, .in_call = call};
    return muon_emit(till->client, stream, &event, 1, &opts, NULL, error);
}

/* The worst moment to lose an instance: the charge is stored, and nobody has been told. */
static void hold_if_asked(struct till *till, int number)
{
    pthread_mutex_lock(&till->lock);
    if (till->hold) {
        till->hold = false;
        till->holding = true;
        printf("holding %d\n", number);
        fflush(stdout);
        while (till->holding)
            pthread_cond_wait(&till->changed, &till->lock);
    }
    pthread_mutex_unlock(&till->lock);
}

/* Load, decide, record; again if somebody was faster. */
static int32_t handle(struct till *till, const muon_call *call, int number, struct money *money,
                      bool *refused, muon_error *error)
{
    char stream[32];
    words_stream(MONEY_STREAMS, number, stream);
    for (;;) {
        int32_t status =
            muon_load(till->client, stream, money_apply, money, &money->version, 0, error);
        if (status != MUON_OK)
            return status;
        enum money_state next = decide(call, money->state, refused);
        if (*refused || next == money->state)
            return MUON_OK; /* it was done before */
        status = record(till, call, number, money->version, next, error);
        if (status == MUON_OK && next == MONEY_CHARGED)
            hold_if_asked(till, number);
        /* The id is taken by what another instance has recorded: that is no other thing than a version that has moved on. */
        if (status != MUON_OK && status != MUON_ECONFLICT && status != MUON_EEXIST)
            return status;
    }
}

static void answer(struct till *till, muon_call *call)
{
    struct money money = {.state = MONEY_NONE};
    muon_error error = {.message = ""};
    char body[256];
    bool refused = false;
    int32_t status = 200;
    int64_t number = words_number(call->body, "order");
    if (number < 1 || number > WORDS_ORDERS_MAX || words_number(call->body, "cents") < 1) {
        status = 400;
        snprintf(body, sizeof(body), "an order and its price are needed");
    } else if (handle(till, call, (int)number, &money, &refused, &error) != MUON_OK) {
        status = 500;
        snprintf(body, sizeof(body), "%.200s", error.message);
    } else {
        status = refused ? 409 : 200;
        int64_t cents = money.state == MONEY_CHARGED ? money.charged_cents : money.refunded_cents;
        snprintf(body, sizeof(body),
                 "{\"cents\":%lld,\"event-id\":\"%s\",\"by\":\"%s\",\"answered-by\":\"%s\"}",
                 (long long)cents, money.last_event_id, money.by, till->name);
    }
    status = muon_call_reply(call, status, NULL, body, strlen(body), &error);
    if (status != MUON_OK && status != MUON_ECANCELLED && status != MUON_ECLOSED)
        muon_call_free(call); /* it is still ours */
}

static void *work(void *user)
{
    struct till *till = user;
    muon_call *call;
    muon_error error;
    int32_t status;
    while ((status = muon_server_next(till->server, &call, MUON_FOREVER, &error)) == MUON_OK)
        answer(till, call);
    if (status != MUON_ECLOSED)
        fprintf(stderr, "%s: %s\n", till->name, error.message);
    return NULL;
}

/* What is stored, not what this instance remembers: others have recorded, too. */
static bool write_book(struct till *till, const char *path)
{
    static struct money book[WORDS_ORDERS_MAX + 1];
    muon_sub_opts opts = {.mode = MUON_COLD};
    muon_error error;
    muon_batch *batch;
    muon_sub *sub;
    long long events = 0;
    int32_t status = muon_subscribe(till->client, MONEY_STREAMS "**", &opts, &sub, &error);
    if (status != MUON_OK)
        return false;
    memset(book, 0, sizeof(book));
    while ((status = muon_sub_next(sub, &batch, MUON_FOREVER, &error)) == MUON_OK) {
        for (size_t i = 0; i < muon_batch_count(batch); i++, events++) {
            const muon_event *event = muon_batch_at(batch, i);
            money_apply(&book[words_order(event->stream, MONEY_STREAMS)], event);
        }
        muon_batch_free(batch);
    }
    muon_sub_free(sub);
    FILE *out = status == MUON_END ? fopen(path, "w") : NULL;
    for (int i = 1; out && i <= WORDS_ORDERS_MAX; i++)
        if (book[i].version)
            money_print(out, i, &book[i]);
    if (!out || fclose(out) != 0)
        return false;
    printf("booked %lld\n", events);
    fflush(stdout);
    return true;
}

static void set_hold(struct till *till, bool hold)
{
    pthread_mutex_lock(&till->lock);
    till->hold = hold;
    till->holding = false;
    pthread_cond_broadcast(&till->changed);
    pthread_mutex_unlock(&till->lock);
}

/* Until the end of the input. */
static bool obey(struct till *till)
{
    char line[512], path[512];
    bool ok = true;
    while (ok && fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, "hold\n") == 0)
            set_hold(till, true);
        else if (strcmp(line, "go\n") == 0)
            set_hold(till, false);
        else if (sscanf(line, "book %511[^\n]", path) == 1)
            ok = write_book(till, path);
    }
    set_hold(till, false);
    return ok;
}

int main(int argc, char **argv)
{
    static struct till till = {.lock = PTHREAD_MUTEX_INITIALIZER,
                               .changed = PTHREAD_COND_INITIALIZER};
    const muon_serve_opts opts = {.doc = "the money of orders: charge, refund"};
    pthread_t workers[WORKERS];
    muon_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: payment NAME\n");
        return 2;
    }
    till.name = argv[1];
    till.client = words_open("payment");
    if (!till.client)
        return 1;
    if (muon_serve(till.client, "/**", &opts, &till.server, &error) != MUON_OK ||
        muon_ping(till.client, 0, &error) != MUON_OK) {
        fprintf(stderr, "%s: %s\n", till.name, error.message);
        return 1;
    }
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, work, &till) != 0)
            abort();
    printf("ready\n");
    fflush(stdout);
    bool ok = obey(&till);
    muon_server_close(till.server);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    muon_server_free(till.server);
    muon_close(till.client, 5000, NULL);
    muon_free(till.client);
    return ok ? 0 : 1;
}
