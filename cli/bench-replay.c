/*
 * bench-replay.c - what a stream holds, from its first event to its last; and when that is over, once more.
 */
#include "cli/bench.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/interrupts.h"
#include "cli/say.h"

struct replay {
    struct bench *bench;
    int interrupt;
    int64_t end_ns;
};

static bool is_over(struct replay *r)
{
    struct pollfd fd = {.fd = r->interrupt, .events = POLLIN};
    if (r->interrupt >= 0 && poll(&fd, 1, 0) > 0) {
        interrupts_take(&r->interrupt);
        r->bench->interrupted = true;
    }
    return r->bench->interrupted || bench_now_ns() >= r->end_ns;
}

static void count(struct bench *b, const muon_batch *batch)
{
    size_t events = muon_batch_count(batch);
    for (size_t i = 0; i < events; i++)
        b->bytes += muon_batch_at(batch, i)->payload.len;
    b->events += events;
}

/* One replay. MUON_END: all of it; MUON_OK: the time was over before. */
static int32_t replay_once(struct replay *r, muon_client *client)
{
    struct bench *b = r->bench;
    const muon_sub_opts opts = {.mode = MUON_COLD};
    muon_sub *sub;
    int32_t status = muon_subscribe(client, b->url, &opts, &sub, &b->error);
    if (status != MUON_OK)
        return status;
    b->sent++;
    do {
        muon_batch *batch = NULL;
        status = muon_sub_next(sub, &batch, connect_timeout_ms(b->args), &b->error);
        if (status == MUON_OK)
            count(b, batch);
        muon_batch_free(batch);
    } while (status == MUON_OK && !is_over(r));
    muon_sub_free(sub);
    return status;
}

bool bench_replay(struct bench *b, muon_client *client, int *code)
{
    struct replay r = {.bench = b, .interrupt = interrupts_open(true)};
    int64_t begin_ns = bench_now_ns();
    int32_t status = MUON_END;
    r.end_ns = begin_ns + b->duration_ms * 1000000;
    while (status == MUON_END && !is_over(&r)) {
        int64_t since_ns = bench_now_ns();
        status = replay_once(&r, client);
        if (status == MUON_END) {
            histogram_add(&b->times, (uint64_t)(bench_now_ns() - since_ns));
            b->done++;
        }
        if (status == MUON_END && b->events == 0)
            break; /* there is nothing to replay */
    }
    b->seconds = (double)(bench_now_ns() - begin_ns) / 1e9;
    if (r.interrupt >= 0)
        close(r.interrupt);
    if (status >= 0)
        return true;
    *code = say_error(b->args, &b->error);
    return false;
}
