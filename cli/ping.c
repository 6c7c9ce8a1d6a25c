/*
 * ping.c - `muon ping`: is the server there, and how far away?
 */
#include "cli/ping.h"

#include <stdio.h>
#include <time.h>

#include "cli/connect.h"
#include "cli/say.h"

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int ping_run(const struct args *args)
{
    muon_client *client;
    muon_error error;
    int code;
    if (!connect_open(args, &client, &code))
        return code;
    double begin_ms = now_ms();
    code = EXIT_DONE;
    if (muon_ping(client, connect_timeout_ms(args), &error) != MUON_OK)
        code = say_error(args, &error);
    else if (args->json)
        printf("{\"correct\":true,\"round-trip-ms\":%.3f}\n", now_ms() - begin_ms);
    else
        printf("the server answers, in %.3f ms\n", now_ms() - begin_ms);
    connect_close(client);
    return code;
}
