/*
 * info.c - asking the store who it is: muon_ping, muon_info.
 */
#include <muon/muon.h>

#include <inttypes.h>

#include "sdk/src/client.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"
#include "wire/codec.h"
#include "wire/text.h"

enum { DOCUMENT_MAX = 4096 };

static int32_t ask(muon_client *c, int32_t timeout_ms, struct info *out, muon_error *err)
{
    struct unary *unary = unary_new("/muon.v1.PhotonService/Info", bytes_new(0));
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK &&
        (unary->answer_len != 1 ||
         info_response_decode(bytes_span(unary->answer[0]), out) != REASON_NONE))
        status = status_fail(err, MUON_EPROTO, "the answer to Info is not a photon store's");
    unary_free(unary);
    return status;
}

int32_t muon_ping(muon_client *c, int32_t timeout_ms, muon_error *err)
{
    struct info info;
    int64_t deadline_ms;
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool valid = client_deadline(c, timeout_ms, &deadline_ms, err);
    client_leave(c);
    if (!valid)
        return MUON_EINVAL;
    status = ask(c, timeout_ms, &info, err);
    return status == MUON_OK ? serving_await(c, deadline_ms, err) : status;
}

int32_t muon_info(muon_client *c, int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    struct info info;
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_info: out must not be NULL");
    int32_t status = ask(c, timeout_ms, &info, err);
    if (status != MUON_OK)
        return status;
    struct text_out text = {.max = DOCUMENT_MAX};
    text_out_put(&text, "{\"store-id\":");
    text_out_string(&text, text_span(info.store_id));
    text_out_put(&text, ",\"incarnation\":%" PRIu64 ",\"head-order-id\":%" PRIu64 ",\"version\":",
                 info.incarnation, info.head_order_id);
    text_out_string(&text, text_span(info.version));
    text_out_put(&text, ",\"durability\":");
    text_out_string(&text, text_span(info.durability));
    text_out_put(&text, ",\"time\":%" PRId64 ",\"read-only\":%s", info.time_ms,
                 info.read_only ? "true" : "false");
    text_out_put(&text,
                 ",\"limits\":{\"event-bytes\":%" PRIu64 ",\"batch-bytes\":%" PRIu64
                 ",\"batch-events\":%u,\"name-bytes\":%u}}",
                 info.limits.event_bytes, info.limits.batch_bytes, info.limits.batch_events,
                 info.limits.name_bytes);
    return reply_new(&text, "application/json", out, err);
}
