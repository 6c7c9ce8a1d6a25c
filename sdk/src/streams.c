/*
 * streams.c - what streams there are, and deleting one, or a part: muon_streams, muon_delete, muon_truncate, muon_tombstone.
 */
#include <muon/muon.h>

#include <inttypes.h>

#include "sdk/src/client.h"
#include "sdk/src/reply.h"
#include "sdk/src/retention.h"
#include "sdk/src/status.h"
#include "wire/codec.h"
#include "wire/text.h"

enum { DOCUMENT_MAX = 64 << 20 };

static bool put_streams(struct text_out *out, const struct unary *unary)
{
    const char *comma = "";
    text_out_put(out, "{\"streams\":[");
    for (size_t i = 0; i < unary->answer_len; i++) {
        struct span rest = bytes_span(unary->answer[i]);
        struct stream_info info;
        int more;
        while ((more = stream_info_next(&rest, &info)) > 0) {
            text_out_put(out, "%s{\"stream-name\":", comma);
            text_out_string(out, info.stream_name);
            text_out_put(out,
                         ",\"total-events\":%" PRIu64 ",\"last-version\":%" PRIu64
                         ",\"last-order-id\":%" PRIu64 ",\"first-version\":%" PRIu64 "%s",
                         info.total_events, info.last_version, info.last_order_id,
                         info.first_version, info.tombstone ? ",\"tombstone\":true" : "");
            if (info.retention.pattern.len) {
                text_out_put(out, ",\"retention\":");
                retention_print(out, &info.retention);
            }
            text_out_put(out, "}");
            comma = ",";
        }
        if (more < 0)
            return false;
    }
    text_out_put(out, "]}");
    return true;
}

static int32_t list(muon_client *c, const struct list_request *ask, int32_t timeout_ms,
                    muon_reply **out, muon_error *err)
{
    struct list_request seen;
    struct error error;
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_streams: out must not be NULL");
    struct bytes *request = list_request_encode(ask);
    if (request && list_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    struct unary *unary = unary_new("/muon.v1.PhotonService/ListStreams", request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "muon_streams: out of memory");
    unary->answer_bytes_max = DOCUMENT_MAX;
    struct text_out text = {.max = DOCUMENT_MAX};
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK && !put_streams(&text, unary))
        status = status_fail(err, MUON_EPROTO, "muon_streams: the store's answer cannot be read");
    unary_free(unary);
    if (status == MUON_OK)
        return reply_new(&text, "application/json", out, err);
    text_out_fini(&text);
    return status;
}

int32_t muon_streams(muon_client *c, const char *pattern, const char *after, uint32_t max,
                     int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    const struct list_request ask = {
        .pattern = text_span(pattern), .after = text_span(after), .max = max};
    return list(c, &ask, timeout_ms, out, err);
}

int32_t muon_streams_all(muon_client *c, const char *pattern, const char *after, uint32_t max,
                         int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    const struct list_request ask = {
        .pattern = text_span(pattern), .after = text_span(after), .max = max, .deleted = true};
    return list(c, &ask, timeout_ms, out, err);
}

/* ---- deletion ---- */

/* Put the expectation into what is asked, and encode it. what: the function, for messages. */
static int32_t make_delete(struct delete_request *ask, const muon_expect *expect, const char *what,
                           struct bytes **out, muon_error *err)
{
    static const enum expect_kind kinds[] = {
        [MUON_EXPECT_ANY] = EXPECT_NONE,
        [MUON_EXPECT_VERSION] = EXPECT_VERSION,
        [MUON_EXPECT_NO_STREAM] = EXPECT_NO_STREAM,
        [MUON_EXPECT_EXISTS] = EXPECT_EXISTS,
    };
    struct delete_request seen;
    struct error error;
    if (expect && (expect->kind < 0 || expect->kind > MUON_EXPECT_EXISTS || expect->version < 0))
        return status_fail(err, MUON_EINVAL, "%s: expect has an unknown kind or a negative version",
                           what);
    if (expect && expect->stream && !text_equal(text_span(expect->stream), ask->stream_name))
        return status_fail(err, MUON_EINVAL, "%s: expect must be about the same stream", what);
    if (expect)
        ask->expect =
            (struct expect){ask->stream_name, kinds[expect->kind], (uint64_t)expect->version};
    struct bytes *request = delete_request_encode(ask);
    if (!request)
        return status_fail(err, MUON_ENOMEM, "%s: out of memory", what);
    if (delete_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    *out = request;
    return MUON_OK;
}

static int32_t delete_call(muon_client *c, struct delete_request *ask, const muon_expect *expect,
                           const char *what, int32_t timeout_ms, uint64_t *deleted, muon_error *err)
{
    struct bytes *request;
    struct delete_response response;
    int32_t status = make_delete(ask, expect, what, &request, err);
    if (status != MUON_OK)
        return status;
    struct unary *unary = unary_new("/muon.v1.PhotonService/DeleteStream", request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "%s: out of memory", what);
    unary->once = true; /* a second one would delete what was emitted in between */
    status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK &&
        (unary->answer_len != 1 || delete_response_decode(bytes_span(unary->answer[0]), &response)))
        status = status_fail(err, MUON_EPROTO, "%s: the store's answer cannot be read", what);
    unary_free(unary);
    if (status == MUON_OK && deleted)
        *deleted = response.deleted_events;
    return status;
}

int32_t muon_delete(muon_client *c, const char *stream, const muon_expect *expect,
                    int32_t timeout_ms, uint64_t *deleted, muon_error *err)
{
    struct delete_request ask = {.stream_name = text_span(stream)};
    return delete_call(c, &ask, expect, "muon_delete", timeout_ms, deleted, err);
}

int32_t muon_truncate(muon_client *c, const char *stream, int64_t before, const muon_expect *expect,
                      int32_t timeout_ms, uint64_t *deleted, muon_error *err)
{
    struct delete_request ask = {.stream_name = text_span(stream),
                                 .before_version = (uint64_t)before};
    if (before < 1)
        return status_fail(err, MUON_EINVAL, "muon_truncate: before must be 1 or more");
    return delete_call(c, &ask, expect, "muon_truncate", timeout_ms, deleted, err);
}

int32_t muon_tombstone(muon_client *c, const char *stream, const muon_expect *expect,
                       int32_t timeout_ms, uint64_t *deleted, muon_error *err)
{
    struct delete_request ask = {.stream_name = text_span(stream), .tombstone = true};
    return delete_call(c, &ask, expect, "muon_tombstone", timeout_ms, deleted, err);
}
