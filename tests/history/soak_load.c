/*
 * soak_load.c - drives libmuon as services would, through every outage, and records what it did and saw (history.h).
 *
 *   soak_load --url URL [--certs DIR] --dir DIR --seed N --seconds S [--writers N] [--racers N] [--subscribers N] [--services N]
 *             [--rate N] [--name PREFIX] [--set KEY=VALUE]… [--log]
 *   soak_load --url URL [--certs DIR] --dir DIR --final
 *
 * The first ends after its seconds, or at SIGTERM, or SIGINT. All is taken to be well from then on: each client has to succeed once more. The
 * second records the whole log. Prints one line of JSON; ends with 0, with 1 when a client did not succeed again or the log was not read to
 * its end, with 2 when it is started wrongly, and with 3 when it can do nothing. --set: a setting of libmuon's; --log: what libmuon logs goes
 * to standard error.
 */
#include "tests/history/load.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { THREADS_MAX = 512, RACERS_A_CLIENT = 4, FOLLOWERS_A_CLIENT = 8, CLIENTS_MAX = 256 };

struct soak {
    struct load load;
    struct load_thread threads[THREADS_MAX];
    size_t count;
    muon_client *clients[CLIENTS_MAX];
    size_t clients_count;
};

/* ---- options ---- */

static int usage(void)
{
    fputs(
        "usage: soak_load --url URL [--certs DIR] --dir DIR --seed N --seconds S [--writers N] "
        "[--racers N]\n                 [--subscribers N] [--services N] [--rate N] [--name "
        "PREFIX] [--set KEY=VALUE]... [--log]\n       soak_load --url URL [--certs DIR] --dir DIR "
        "--final\n",
        stderr);
    return 2;
}

static bool number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* A setting of libmuon's for each client. */
static bool keep_set(struct load_options *options, char *text)
{
    char *value = strchr(text, '=');
    for (size_t i = 0; value && i < LOAD_SETS; i++)
        if (!options->set[i][0]) {
            *value = 0;
            options->set[i][0] = text;
            options->set[i][1] = value + 1;
            return true;
        }
    return false;
}

static bool parse(struct load_options *options, int argc, char **argv)
{
    enum { FINAL = 256, SET, LOG };
    static const struct option known[] = {
        {"url", 1, 0, 'u'},    {"certs", 1, 0, 'c'},       {"dir", 1, 0, 'd'},
        {"seed", 1, 0, 's'},   {"seconds", 1, 0, 't'},     {"writers", 1, 0, 'w'},
        {"racers", 1, 0, 'r'}, {"subscribers", 1, 0, 'b'}, {"services", 1, 0, 'v'},
        {"rate", 1, 0, 'e'},   {"name", 1, 0, 'n'},        {"final", 0, 0, FINAL},
        {"set", 1, 0, SET},    {"log", 0, 0, LOG},         {NULL, 0, NULL, 0}};
    *options = (struct load_options){.name = "load", .writers = 4, .subscribers = 4, .rate = 500};
    struct {
        int flag;
        uint64_t *to;
    } numbers[] = {{'s', &options->seed},   {'t', &options->seconds},     {'w', &options->writers},
                   {'r', &options->racers}, {'b', &options->subscribers}, {'v', &options->services},
                   {'e', &options->rate}};
    for (int flag; (flag = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        bool fits = flag != '?';
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            if (flag == numbers[i].flag)
                fits = number(optarg, numbers[i].to);
        if (flag == 'u')
            options->url = optarg;
        else if (flag == 'c')
            options->certs = optarg[0] ? optarg : NULL;
        else if (flag == 'd')
            options->dir = optarg;
        else if (flag == 'n')
            options->name = optarg;
        else if (flag == FINAL)
            options->final = true;
        else if (flag == LOG)
            options->log = true;
        else if (flag == SET)
            fits = keep_set(options, optarg);
        if (!fits)
            return false;
    }
    uint64_t threads =
        options->writers + options->racers + options->subscribers + 2 * options->services;
    return optind == argc && options->url && options->dir && strlen(options->name) < 40 &&
           threads <= THREADS_MAX && (options->final || options->seconds);
}

/* ---- threads ---- */

static muon_client *new_client(struct soak *soak)
{
    if (soak->clients_count == CLIENTS_MAX)
        load_die("soak_load", "too many clients");
    return soak->clients[soak->clients_count++] = load_open(&soak->load, NULL);
}

static void *run(void *thread)
{
    struct load_thread *self = thread;
    self->run(self);
    return NULL;
}

/* a_client: how many share one; 0: they open their own. */
static void start(struct soak *soak, const char *role, void (*what)(struct load_thread *),
                  uint64_t count, uint64_t a_client)
{
    const struct load_options *options = &soak->load.options;
    char name[128];
    for (uint32_t i = 0; i < count; i++) {
        struct load_thread *thread = &soak->threads[soak->count++];
        *thread = (struct load_thread){.load = &soak->load, .run = what, .role = role, .number = i};
        thread->random = options->seed * 1000003 + history_name(role) + i;
        snprintf(name, sizeof name, "%s-%s-%u", options->name, role, i);
        thread->recorder = recorder_open(options->dir, name);
        if (a_client)
            thread->client = i % a_client ? thread[-1].client : new_client(soak);
        if (pthread_create(&thread->thread, NULL, run, thread) != 0)
            load_die("soak_load", "no thread");
    }
}

static void join(struct soak *soak, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        pthread_join(soak->threads[i].thread, NULL);
        recorder_close(soak->threads[i].recorder);
    }
}

/* Until the time is over, or a signal comes. */
static void wait_for_end(const struct soak *soak, int signals)
{
    int64_t until = history_now() + (int64_t)soak->load.options.seconds * 1000000000;
    for (int64_t left; (left = until - history_now()) > 0;) {
        struct pollfd fd = {.fd = signals, .events = POLLIN};
        int64_t ms = left / 1000000 + 1;
        if (poll(&fd, 1, (int)(ms < 60000 ? ms : 60000)) > 0)
            return;
    }
}

static void stop(struct load *load)
{
    uint64_t one = 1;
    load->stopped_ns = history_now();
    load->stop = true;
    if (write(load->stop_fd, &one, sizeof one) != sizeof one)
        load_die("eventfd", strerror(errno));
}

/* The store's clients are lost with the process otherwise, and photond would find out only by and by. */
static void close_clients(struct soak *soak)
{
    for (size_t i = 0; i < soak->clients_count; i++) {
        muon_close(soak->clients[i], 0, NULL);
        muon_free(soak->clients[i]);
    }
}

static void drive(struct soak *soak, int signals)
{
    const struct load_options *options = &soak->load.options;
    for (int i = 0; i < LOAD_STREAMS; i++)
        snprintf(soak->load.streams[i], sizeof soak->load.streams[i], "%s/s%d", options->name, i);
    start(soak, "responder", load_serve, options->services, 0);
    size_t emitters = soak->count;
    start(soak, "writer", load_write, options->writers, 1);
    start(soak, "racer", load_race, options->racers, RACERS_A_CLIENT);
    start(soak, "caller", load_ask, options->services, 1);
    size_t followers = soak->count;
    start(soak, "follower", load_follow, options->subscribers, FOLLOWERS_A_CLIENT);
    wait_for_end(soak, signals);
    stop(&soak->load);
    join(soak, emitters, followers);
    soak->load.stopped_ns = history_now(); /* the followers' time begins */
    soak->load.drain = true;
    join(soak, followers, soak->count);
    soak->load.done = true;
    join(soak, 0, emitters);
    close_clients(soak);
}

static void tell(const struct load *load)
{
    printf("{\"ok\": %" PRIu64 ", \"unknown\": %" PRIu64 ", \"failed\": %" PRIu64
           ", \"refused\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"sessions\": %" PRIu64
           ", \"crossings\": %" PRIu64 ", \"answered\": %" PRIu64 ", \"alive\": %s}\n",
           (uint64_t)load->ok, (uint64_t)load->unknown, (uint64_t)load->failed,
           (uint64_t)load->refused, (uint64_t)load->delivered, (uint64_t)load->sessions,
           (uint64_t)load->crossings, (uint64_t)load->answered, load->not_alive ? "false" : "true");
}

int main(int argc, char **argv)
{
    static struct soak soak;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* in all threads */
    if (!parse(&soak.load.options, argc, argv))
        return usage();
    if (soak.load.options.final) {
        bool whole = load_final(&soak.load);
        printf("{\"delivered\": %" PRIu64 "}\n", (uint64_t)soak.load.delivered);
        return whole ? 0 : 1;
    }
    int signals = signalfd(-1, &ends, SFD_CLOEXEC);
    soak.load.stop_fd = eventfd(0, EFD_CLOEXEC);
    if (signals < 0 || soak.load.stop_fd < 0)
        load_die("soak_load", strerror(errno));
    drive(&soak, signals);
    tell(&soak.load);
    return soak.load.not_alive ? 1 : 0;
}
