/*
 * inside.c - see inside.h.
 */
#include "tests/lib/inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/tempdir.h"

struct service_options inside_options(const char *dir)
{
    static const struct service_listener loopback = {.address = "127.0.0.1:0"};
    return (struct service_options){
        .data_dir = dir,
        .create = true,
        .listeners = &loopback,
        .listeners_len = 1,
        .limits = {.event_bytes = 65536,
                   .batch_bytes = 262144,
                   .batch_events = 100,
                   .name_bytes = 255},
        .pollers = 2,
        .readers = 2,
        .write_buffer_bytes = 4 << 20,
        .file_bytes = 4 << 20,
        .cache_bytes = 4 << 20,
        .ballast_bytes = 65536,
        .tail_bytes = 1 << 20,
        .heads_bytes = 1 << 20,
        .recent_ids = 1000,
        .queue_bytes = 8 << 20,
        .sessions = 100,
        .beat_ms = 5000,
        .calls_per_connection = 1000,
    };
}

static void inside_open(struct inside *inside)
{
    struct service_options options = inside_options(inside->dir);
    enum log_fault fault;
    struct error error = {0};
    inside->service = service_open(&options, &fault, &error);
    if (!inside->service || !service_start(inside->service, &error)) {
        fprintf(stderr, "inside_start: %s\n", error.message);
        abort();
    }
    snprintf(inside->target, sizeof inside->target, "127.0.0.1:%d",
             service_port(inside->service, 0));
    inside->caller = caller_open(inside->target, NULL);
}

static void inside_close(struct inside *inside)
{
    caller_close(inside->caller);
    service_stop(inside->service, 5000);
    service_free(inside->service);
}

struct inside *inside_start(void)
{
    struct inside *inside = calloc(1, sizeof *inside);
    inside->dir = tempdir_new();
    inside_open(inside);
    return inside;
}

void inside_reopen(struct inside *inside)
{
    inside_open(inside);
}

void inside_restart(struct inside *inside)
{
    inside_close(inside);
    inside_open(inside);
}

void inside_stop(struct inside *inside)
{
    inside_close(inside);
    tempdir_remove(inside->dir);
    free(inside);
}
