/*
 * request_instance.c - an instance of the service "chaos" that can be killed, because it is a process of its own.
 *
 *   request_instance URL
 *
 * It answers "/echo" with what it was asked, and "/never" never. Each request begins with a number of eight bytes, which is written to
 * standard output as soon as it is seen; 0 comes first, once the paths are registered. A byte on standard input has it cut its own
 * connections; the end of it, leave in order.
 */
#include <muon/muon.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/system/cut.h"

enum { ECHOES = 2, HELD_MAX = 256, PATIENCE_MS = 60000 };

static void check(int32_t status, const muon_error *err)
{
    if (status == MUON_OK)
        return;
    fprintf(stderr, "request_instance: %s: %s\n", muon_status_name(status), err->message);
    exit(1);
}

static void tell(uint64_t number)
{
    if (write(STDOUT_FILENO, &number, sizeof number) != sizeof number)
        _exit(1);
}

static void see(const muon_call *call)
{
    uint64_t number = 0;
    if (call->body.len >= sizeof number)
        memcpy(&number, call->body.ptr, sizeof number);
    tell(number);
}

static void *echo(void *server)
{
    muon_call *call;
    while (muon_server_next(server, &call, MUON_FOREVER, NULL) == MUON_OK) {
        see(call);
        muon_call_reply(call, 200, NULL, call->body.ptr, call->body.len, NULL);
    }
    return NULL;
}

/* Holds every call until its caller has gone. */
static void *never(void *server)
{
    muon_call *held[HELD_MAX], *call;
    size_t len = 0;
    while (muon_server_next(server, &call, MUON_FOREVER, NULL) == MUON_OK) {
        size_t kept = 0;
        see(call);
        for (size_t i = 0; i < len; i++)
            if (muon_call_wait(held[i], 0) == MUON_OK)
                held[kept++] = held[i];
            else
                muon_call_free(held[i]);
        len = kept;
        if (len == HELD_MAX)
            muon_call_free(held[--len]);
        held[len++] = call;
    }
    while (len)
        muon_call_free(held[--len]);
    return NULL;
}

static muon_client *open_client(const char *url)
{
    muon_config *config;
    muon_client *client;
    muon_error err = {0};
    check(muon_config_new(&config), &err);
    check(muon_config_set(config, "service.name", "chaos", &err), &err);
    check(muon_open(url, config, &client, &err), &err);
    muon_config_free(config);
    return client;
}

int main(int argc, char **argv)
{
    muon_error err = {0};
    muon_server *echoes, *nevers;
    pthread_t threads[ECHOES + 1];
    char command;
    if (argc != 2)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    muon_client *client = open_client(argv[1]);
    check(muon_serve(client, "/echo", NULL, &echoes, &err), &err);
    check(muon_serve(client, "/never", NULL, &nevers, &err), &err);
    for (int i = 0; i < ECHOES; i++)
        pthread_create(&threads[i], NULL, echo, echoes);
    pthread_create(&threads[ECHOES], NULL, never, nevers);
    check(muon_ping(client, PATIENCE_MS, &err), &err);
    tell(0);
    while (read(STDIN_FILENO, &command, 1) == 1)
        cut_connections(0, SIZE_MAX);
    muon_server_close(echoes);
    muon_server_close(nevers);
    for (int i = 0; i <= ECHOES; i++)
        pthread_join(threads[i], NULL);
    muon_server_free(echoes);
    muon_server_free(nevers);
    check(muon_close(client, PATIENCE_MS, &err), &err);
    muon_free(client);
    return 0;
}
