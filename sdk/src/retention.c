/*
 * retention.c - how long events are kept: muon_retention_set, muon_retention_clear, muon_retention. Each may be done twice, so it is
 * repeated until it is known to be done.
 */
#include "sdk/src/retention.h"

#include <muon/muon.h>

#include <inttypes.h>

#include "sdk/src/client.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"
#include "wire/text.h"

enum { DOCUMENT_MAX = 1 << 20 };

void retention_print(struct text_out *out, const struct retention *r)
{
    text_out_put(out, "{\"pattern\":");
    text_out_string(out, r->pattern);
    text_out_put(out,
                 ",\"max-age-ms\":%" PRIu64 ",\"max-count\":%" PRIu64 ",\"order-id\":%" PRIu64 "}",
                 r->max_age_ms, r->max_count, r->order_id);
}

static int32_t change(muon_client *c, const struct set_retention_request *ask, int32_t timeout_ms,
                      muon_error *err)
{
    struct set_retention_request seen;
    struct error error;
    uint64_t order_id;
    struct bytes *request = set_retention_request_encode(ask);
    if (request &&
        set_retention_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    struct unary *unary = unary_new("/muon.v1.PhotonService/SetRetention", request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK &&
        (unary->answer_len != 1 ||
         set_retention_response_decode(bytes_span(unary->answer[0]), &order_id) != REASON_NONE))
        status =
            status_fail(err, MUON_EPROTO, "the answer to SetRetention is not a photon store's");
    unary_free(unary);
    return status;
}

int32_t muon_retention_set(muon_client *c, const char *pattern, int64_t max_age_ms,
                           uint64_t max_count, int32_t timeout_ms, muon_error *err)
{
    const struct set_retention_request ask = {.retention = {.pattern = text_span(pattern),
                                                            .max_age_ms = (uint64_t)max_age_ms,
                                                            .max_count = max_count}};
    if (max_age_ms < 0)
        return status_fail(err, MUON_EINVAL, "muon_retention_set: max_age_ms is negative");
    return change(c, &ask, timeout_ms, err);
}

int32_t muon_retention_clear(muon_client *c, const char *pattern, int32_t timeout_ms,
                             muon_error *err)
{
    const struct set_retention_request ask = {.retention = {.pattern = text_span(pattern)},
                                              .clear = true};
    return change(c, &ask, timeout_ms, err);
}

static bool put_policies(struct text_out *out, struct span rest)
{
    struct retention policy;
    const char *comma = "";
    int more;
    text_out_put(out, "{\"retention\":[");
    for (; (more = retention_next(&rest, &policy)) > 0; comma = ",") {
        text_out_put(out, "%s", comma);
        retention_print(out, &policy);
    }
    text_out_put(out, "]}");
    return more == 0;
}

int32_t muon_retention(muon_client *c, int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_retention: out must not be NULL");
    struct unary *unary = unary_new("/muon.v1.PhotonService/ListRetention", bytes_new(0));
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    struct text_out text = {.max = DOCUMENT_MAX};
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK &&
        (unary->answer_len != 1 || !put_policies(&text, bytes_span(unary->answer[0]))))
        status =
            status_fail(err, MUON_EPROTO, "the answer to ListRetention is not a photon store's");
    unary_free(unary);
    if (status == MUON_OK)
        return reply_new(&text, "application/json", out, err);
    text_out_fini(&text);
    return status;
}
