/*
 * ping.c - `muon ping`: is the server there, and how far away?
 */
#include "cli/ping.h"

#include <stdio.h>
#include <time.h>

#include "cli/connect.h"
#include "cli/format.h"
#include "cli/say.h"

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void write_answer(FILE *out, const void *took_ms)
{
    fprintf(out, "{\"correct\":true,\"round-trip-ms\":%.3f}", *(const double *)took_ms);
}

static void print_answer(const struct args *args, double took_ms)
{
    if (args->format) {
        format_show(args->format, write_answer, &took_ms);
    } else if (args->json) {
        write_answer(stdout, &took_ms);
        putchar('\n');
    } else if (!args->quiet) {
        printf("the server answers, in %.3f ms\n", took_ms);
    }
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
    else
        print_answer(args, now_ms() - begin_ms);
    connect_close(client);
    return code;
}
