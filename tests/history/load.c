/*
 * load.c - see load.h.
 */
#include "tests/history/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void load_die(const char *what, const char *why)
{
    fprintf(stderr, "soak_load: %s: %s\n", what, why);
    exit(3);
}

static void set(muon_config *config, const char *key, const char *value)
{
    muon_error error;
    if (muon_config_set(config, key, value, &error) != MUON_OK)
        load_die(key, error.message);
}

/* As `photond init` leaves it, or all in one folder. */
static void set_certs(muon_config *config, const char *dir)
{
    static const char *const files[][2] = {
        {"tls.ca_file", "ca.crt"}, {"tls.cert_file", "client.crt"}, {"tls.key_file", "client.key"}};
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/tls/%s", dir, files[i][1]);
        if (access(path, R_OK) != 0)
            snprintf(path, sizeof path, "%s/%s", dir, files[i][1]);
        set(config, files[i][0], path);
    }
}

static void log_line(void *client, int32_t level, const char *line)
{
    (void)level;
    fprintf(stderr, "%.3f %p %s\n", (double)history_now() / 1e9, client, line);
}

muon_client *load_open(const struct load *load, const char *service)
{
    muon_config *config;
    muon_client *client;
    muon_error error;
    if (muon_config_new(&config) != MUON_OK)
        load_die("muon_config_new", "no memory");
    if (load->options.certs)
        set_certs(config, load->options.certs);
    for (size_t i = 0; i < LOAD_SETS && load->options.set[i][0]; i++)
        set(config, load->options.set[i][0], load->options.set[i][1]);
    if (service)
        set(config, "service.name", service);
    if (muon_open(load->options.url, config, &client, &error) != MUON_OK)
        load_die("muon_open", error.message);
    muon_config_free(config);
    if (load->options.log)
        muon_set_log(client, MUON_LOG_INFO, log_line, client, NULL);
    return client;
}

uint64_t load_random(struct load_thread *self, uint64_t below)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

void load_pause(const struct load *load, int ms)
{
    struct pollfd stop = {.fd = load->stop_fd, .events = POLLIN};
    poll(&stop, load->stop ? 0 : 1, ms);
}

bool load_has_time(const struct load *load)
{
    return !load->stop || history_now() < load->stopped_ns + LOAD_ALIVE_S * INT64_C(1000000000);
}

void load_healed(struct load_thread *self)
{
    struct history_record record = {
        .kind = HISTORY_HEALED, .client = self->number, .time_ns = history_now()};
    recorder_put(self->recorder, &record, 1);
}

void load_not_alive(struct load_thread *self)
{
    fprintf(stderr, "soak_load: %s %u did not succeed once more within %d s\n", self->role,
            self->number, LOAD_ALIVE_S);
    self->load->not_alive = true;
}

enum history_outcome load_outcome(int32_t status, const muon_error *error)
{
    if (status == MUON_OK)
        return HISTORY_OK;
    if (error && error->flags & MUON_MAYBE_APPLIED)
        return HISTORY_UNKNOWN;
    return status == MUON_ECONFLICT ? HISTORY_REFUSED
           : status == MUON_EEXIST  ? HISTORY_CLASH
                                    : HISTORY_FAILED;
}

void load_count(struct load *load, enum history_outcome outcome)
{
    if (outcome == HISTORY_OK)
        load->ok++;
    else if (outcome == HISTORY_UNKNOWN)
        load->unknown++;
    else if (outcome == HISTORY_REFUSED)
        load->refused++;
    else
        load->failed++;
}

static void raise_to(atomic_int_fast64_t *value, int64_t to)
{
    int_fast64_t now = *value;
    while (now < to && !atomic_compare_exchange_weak(value, &now, to))
        ;
}

void load_acknowledged(struct load *load, int stream, int64_t order_id)
{
    if (stream >= 0)
        raise_to(&load->last[stream], order_id);
    raise_to(&load->last_of_all, order_id);
    load->recent[load->recents++ % LOAD_RECENT] = order_id;
}

int64_t load_some_recent(struct load_thread *self)
{
    uint64_t known = self->load->recents;
    return known ? self->load->recent[load_random(self, known < LOAD_RECENT ? known : LOAD_RECENT)]
                 : 0;
}

/* Mostly some hundred bytes, now and then some thousand, seldom more than a record holds. */
static size_t size_of(uint64_t hash)
{
    if (hash % 500 == 0)
        return 20000 + hash % 45000;
    return hash % 25 == 0 ? 2000 + hash % 6000 : 60 + hash % 400;
}

void load_make(const char *id, char *buffer, muon_event_in *in)
{
    static const char *const types[] = {"Happened", "Changed", "Ended"};
    uint64_t hash = history_name(id);
    size_t size = size_of(hash);
    int len = snprintf(buffer, LOAD_PAYLOAD_MAX, "{\"id\":\"%s\",\"text\":\"", id);
    for (size_t i = (size_t)len; i < size - 2; i++) {
        hash = hash * 6364136223846793005u + 1442695040888963407u;
        buffer[i] = (char)('a' + (hash >> 60));
    }
    if (size < (size_t)len + 2)
        size = (size_t)len + 2;
    memcpy(buffer + size - 2, "\"}", 2);
    in->event_id = id;
    in->type = types[hash % 3];
    in->payload = buffer;
    in->payload_len = size;
}
