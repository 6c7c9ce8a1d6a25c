/*
 * guest.c - clients that behave badly, or nearly.
 *
 *   net_guest URL KIND N
 *
 * opens N clients of one kind, says "ready" once all are known to photond, and goes on until its standard input ends. Whoever kills or
 * stops it meanwhile makes vanishing ones of them.
 *
 *   slow-subscriber    follows what the honest emit, an event a second
 *   stuck-subscriber   follows it, and never takes one
 *   slow-watcher       follows the honest service's stream, an item a second
 *   stuck-watcher      follows it, and never takes one
 *   slow-responder     serves as guest-0, guest-1, …, and answers one request a second
 *   stuck-responder    serves as stuck-0, stuck-1, …, and never takes a request
 *   slow-asker         asks guest-N with large bodies, more than it can answer
 *   stuck-asker        asks stuck-N likewise
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <muon/muon.h>
#include <muon/services.h>

enum { GUESTS_MAX = 1000, BEAT_MS = 1000, LIMIT_MS = 120000, ASKED = 4, BODY_BYTES = 16 << 10 };

struct guest {
    muon_client *client;
    muon_sub *sub;
    muon_server *server;
    muon_queue *queue;
    char url[64]; /* of the service it asks */
    int waiting;  /* requests */
};

struct kind {
    const char *name, *service; /* service: serves as, or asks; NULL: a subscriber */
    int32_t (*begin)(struct guest *guest, muon_error *error);
    void (*beat)(struct guest *guest); /* once a second; NULL: never moves */
};

static int32_t follow(struct guest *guest, muon_error *error)
{
    const muon_sub_opts opts = {.mode = MUON_HOT, .prefetch = 1, .batch_max = 1};
    return muon_subscribe(guest->client, "honest", &opts, &guest->sub, error);
}

static int32_t watch(struct guest *guest, muon_error *error)
{
    const muon_sub_opts opts = {.prefetch = 1, .batch_max = 1};
    return muon_subscribe(guest->client, "stream://honest/feed", &opts, &guest->sub, error);
}

static int32_t serve(struct guest *guest, muon_error *error)
{
    return muon_serve(guest->client, "/work", NULL, &guest->server, error);
}

static int32_t ask(struct guest *guest, muon_error *error)
{
    return muon_queue_new(guest->client, &guest->queue, error);
}

static void take_event(struct guest *guest)
{
    muon_batch *batch;
    if (muon_sub_next(guest->sub, &batch, 0, NULL) == MUON_OK)
        muon_batch_free(batch);
}

static void answer(struct guest *guest)
{
    muon_call *call;
    if (muon_server_next(guest->server, &call, 0, NULL) == MUON_OK &&
        muon_call_reply(call, 200, NULL, "{}", 2, NULL) == MUON_EINVAL)
        muon_call_free(call);
}

static void ask_on(struct guest *guest)
{
    static const char body[BODY_BYTES];
    const muon_request_opts opts = {.timeout_ms = 3 * BEAT_MS};
    muon_item items[ASKED];
    int32_t n = muon_queue_wait(guest->queue, items, ASKED, 0);
    for (int32_t i = 0; i < n; i++)
        muon_item_clear(&items[i]);
    guest->waiting -= n;
    while (guest->waiting < ASKED &&
           muon_request_async(guest->client, guest->url, body, sizeof body, &opts, guest->queue, 0,
                              NULL) == MUON_OK)
        guest->waiting++;
}

static const struct kind kinds[] = {
    {"slow-subscriber", NULL, follow, take_event}, {"stuck-subscriber", NULL, follow, NULL},
    {"slow-watcher", NULL, watch, take_event},     {"stuck-watcher", NULL, watch, NULL},
    {"slow-responder", "guest", serve, answer},    {"stuck-responder", "stuck", serve, NULL},
    {"slow-asker", "guest", ask, ask_on},          {"stuck-asker", "stuck", ask, ask_on},
};

static int32_t guest_open(struct guest *guest, const char *url, const struct kind *kind, int number,
                          muon_error *error)
{
    muon_config *config;
    char name[32];
    int32_t status = muon_config_new(&config);
    if (status != MUON_OK)
        return status;
    snprintf(name, sizeof name, "%s-%d", kind->service ? kind->service : "subscriber", number);
    snprintf(guest->url, sizeof guest->url, "rpc://%s/work", name);
    status = muon_config_set(config, "service.name", name, error);
    if (status == MUON_OK)
        status = muon_open(url, config, &guest->client, error);
    muon_config_free(config);
    if (status == MUON_OK)
        status = kind->begin(guest, error);
    return status == MUON_OK ? muon_ping(guest->client, LIMIT_MS, error) : status;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the input ends: one after the other, each once a second. */
static void go_on(struct guest *guests, int len, const struct kind *kind)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    int64_t begun_ms = now_ms();
    for (int64_t beats = 1;; beats++) {
        int64_t left_ms = begun_ms + beats * BEAT_MS / len - now_ms();
        if (poll(&input, 1, left_ms > 0 ? (int)left_ms : 0) > 0)
            return;
        if (kind->beat)
            kind->beat(&guests[beats % len]);
    }
}

int main(int argc, char **argv)
{
    static struct guest guests[GUESTS_MAX];
    const struct kind *kind = NULL;
    muon_error error;
    int len = argc == 4 ? atoi(argv[3]) : 0;
    for (size_t i = 0; argc == 4 && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[2], kinds[i].name) == 0)
            kind = &kinds[i];
    if (!kind || len < 1 || len > GUESTS_MAX)
        return 2;
    for (int i = 0; i < len; i++)
        if (guest_open(&guests[i], argv[1], kind, i, &error) != MUON_OK) {
            printf("%s %d: %s\n", kind->name, i, error.message);
            return 1;
        }
    puts("ready");
    fflush(stdout);
    go_on(guests, len, kind);
    for (int i = 0; i < len; i++) {
        muon_sub_free(guests[i].sub);
        muon_server_free(guests[i].server);
        muon_queue_free(guests[i].queue);
        muon_free(guests[i].client);
    }
    return 0;
}
