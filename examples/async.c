/*
 * async.c - many emits in flight from one thread with an event loop: the queue's descriptor goes into epoll like any other.
 *
 *   async STREAM COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <muon/muon.h>

/* Give as many as are taken: MUON_EAGAIN means that enough are in flight. */
static int32_t submit(muon_client *client, muon_queue *queue, const char *stream, long *next,
                      long count, muon_error *err)
{
    while (*next < count) {
        char payload[32];
        int len = snprintf(payload, sizeof payload, "{\"n\": %ld}", *next);
        const muon_event_in event = {
            .type = "Counted", .payload = payload, .payload_len = (size_t)len};
        int32_t status =
            muon_emit_async(client, stream, &event, 1, NULL, queue, (uint64_t)*next, err);
        if (status == MUON_EAGAIN)
            return MUON_OK;
        if (status != MUON_OK)
            return status;
        ++*next;
    }
    return MUON_OK;
}

/* Take what is finished. */
static long drain(muon_queue *queue, long *failed)
{
    muon_item items[64];
    long done = 0;
    for (int32_t n; (n = muon_queue_wait(queue, items, 64, 0)) > 0; done += n)
        for (int32_t i = 0; i < n; i++) {
            if (items[i].status != MUON_OK && (*failed)++ == 0)
                fprintf(stderr, "event %llu: %s\n", (unsigned long long)items[i].tag,
                        items[i].error->message);
            muon_item_clear(&items[i]);
        }
    return done;
}

int main(int argc, char **argv)
{
    muon_client *client;
    muon_queue *queue;
    muon_error err = {.message = ""};
    long next = 0, done = 0, failed = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s STREAM COUNT\n", argv[0]);
        return 2;
    }
    const long count = strtol(argv[2], NULL, 10);
    if (muon_open(NULL, NULL, &client, &err) != MUON_OK ||
        muon_queue_new(client, &queue, &err) != MUON_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(loop, EPOLL_CTL_ADD, (int)muon_queue_fd(queue), &event);
    int32_t status = MUON_OK;
    while (done < count && status == MUON_OK) {
        status = submit(client, queue, argv[1], &next, count, &err);
        epoll_wait(loop, &event, 1, -1);
        done += drain(queue, &failed);
    }
    if (status != MUON_OK)
        fprintf(stderr, "%s\n", err.message);
    printf("%ld stored, %ld failed\n", done - failed, failed);
    close(loop);
    muon_queue_free(queue);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return status == MUON_OK && failed == 0 ? 0 : 1;
}
