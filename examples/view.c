/*
 * view.c - build a view by replaying, then follow live: how many events of each type a stream (or pattern) holds.
 *
 *   view STREAM [COUNT]      ends after COUNT events; else it follows for ever
 *
 * The same loop serves history and what is stored from now on; MUON_BATCH_LIVE tells when the one becomes the other. A restart of the
 * store goes unnoticed: nothing is missed, nothing comes twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

enum { TYPES_MAX = 100 };

static struct {
    char type[256];
    unsigned long long count;
} view[TYPES_MAX];

static void count(const muon_event *event)
{
    int i = 0;
    while (i < TYPES_MAX - 1 && view[i].count && strcmp(view[i].type, event->type.ptr) != 0)
        i++;
    snprintf(view[i].type, sizeof view[i].type, "%s", event->type.ptr);
    view[i].count++;
}

static void show(void)
{
    for (int i = 0; i < TYPES_MAX && view[i].count; i++)
        printf("%-32s %llu\n", view[i].type, view[i].count);
}

int main(int argc, char **argv)
{
    muon_client *client;
    muon_sub *sub;
    muon_batch *batch;
    muon_error err;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s STREAM [COUNT]\n", argv[0]);
        return 2;
    }
    unsigned long long left = argc == 3 ? strtoull(argv[2], NULL, 10) : ~0ULL;
    if (muon_open(NULL, NULL, &client, &err) != MUON_OK ||
        muon_subscribe(client, argv[1], NULL, &sub, &err) != MUON_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int32_t status = MUON_OK;
    while (left > 0 && (status = muon_sub_next(sub, &batch, MUON_FOREVER, &err)) == MUON_OK) {
        for (size_t i = 0; i < muon_batch_count(batch) && left > 0; i++, left--)
            count(muon_batch_at(batch, i));
        if (muon_batch_flags(batch) & MUON_BATCH_LIVE)
            printf("-- live\n");
        muon_batch_free(batch);
    }
    show();
    if (status != MUON_OK)
        fprintf(stderr, "%s: %s\n", muon_status_name(status), err.message);
    muon_sub_free(sub);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return status == MUON_OK ? 0 : 1;
}
