/*
 * info.c - see info.h.
 */
#include "store/info.h"

#include <string.h>

#include "store/commit.h"
#include "store/store.h"

static void info_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message; /* nothing is asked */
    struct store *store = service;
    struct info info = {.incarnation = log_incarnation(store->log),
                        .head_order_id = atomic_load(&store->head),
                        .limits = store->limits,
                        .version = MUON_BUILD_VERSION,
                        .time_ms = cq_now_ms(),
                        .read_only = commit_queue(store->commit).down != REASON_NONE};
    strncpy(info.store_id, log_store_id(store->log), sizeof info.store_id - 1);
    strncpy(info.durability, store->durability ? store->durability : "",
            sizeof info.durability - 1);
    struct bytes *answer = info_response_encode(&info);
    struct error error;
    serve_call_set(call, NULL);
    if (answer) {
        serve_reply(call, answer);
    } else {
        error_set(&error, REASON_BUSY, "the store is out of memory: retry later");
        serve_finish(call, &error);
    }
    bytes_unref(answer);
}

static void info_over(struct serve_call *call)
{
    (void)call; /* it was answered at once */
}

const struct serve_method info_method = {.path = "/muon.v1.PhotonService/Info",
                                         .begin = info_begin,
                                         .lost = info_over,
                                         .gone = info_over};
