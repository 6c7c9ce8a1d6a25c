/*
 * streams.c - what streams there are, and deleting one: muon_streams, muon_delete.
 */
#include <muon/muon.h>

#include <inttypes.h>

#include "sdk/src/client.h"
#include "sdk/src/reply.h"
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
                         ",\"last-order-id\":%" PRIu64 "}",
                         info.total_events, info.last_version, info.last_order_id);
            comma = ",";
        }
        if (more < 0)
            return false;
    }
    text_out_put(out, "]}");
    return true;
}

int32_t muon_streams(muon_client *c, const char *pattern, const char *after, uint32_t max,
                     int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    struct list_request ask = {.pattern = text_span(pattern),
                               .after = text_span(after),
                               .max = max},
                        seen;
    struct error error;
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_streams: out must not be NULL");
    struct bytes *request = list_request_encode(&ask);
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

/* ---- deletion ---- */

static int32_t make_delete(const char *stream, const muon_expect *expect, struct bytes **out,
                           muon_error *err)
{
    static const enum expect_kind kinds[] = {
        [MUON_EXPECT_ANY] = EXPECT_NONE,
        [MUON_EXPECT_VERSION] = EXPECT_VERSION,
        [MUON_EXPECT_NO_STREAM] = EXPECT_NO_STREAM,
        [MUON_EXPECT_EXISTS] = EXPECT_EXISTS,
    };
    struct delete_request ask = {.stream_name = text_span(stream)}, seen;
    struct error error;
    if (expect && (expect->kind < 0 || expect->kind > MUON_EXPECT_EXISTS || expect->version < 0))
        return status_fail(err, MUON_EINVAL,
                           "muon_delete: expect has an unknown kind or a negative version");
    if (expect && expect->stream && !text_equal(text_span(expect->stream), ask.stream_name))
        return status_fail(err, MUON_EINVAL, "muon_delete: expect must be about the same stream");
    if (expect)
        ask.expect =
            (struct expect){ask.stream_name, kinds[expect->kind], (uint64_t)expect->version};
    struct bytes *request = delete_request_encode(&ask);
    if (!request)
        return status_fail(err, MUON_ENOMEM, "muon_delete: out of memory");
    if (delete_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    *out = request;
    return MUON_OK;
}

int32_t muon_delete(muon_client *c, const char *stream, const muon_expect *expect,
                    int32_t timeout_ms, uint64_t *deleted, muon_error *err)
{
    struct bytes *request;
    struct delete_response response;
    int32_t status = make_delete(stream, expect, &request, err);
    if (status != MUON_OK)
        return status;
    struct unary *unary = unary_new("/muon.v1.PhotonService/DeleteStream", request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "muon_delete: out of memory");
    unary->once = true; /* a second one would delete what was emitted in between */
    status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK &&
        (unary->answer_len != 1 || delete_response_decode(bytes_span(unary->answer[0]), &response)))
        status = status_fail(err, MUON_EPROTO, "muon_delete: the store's answer cannot be read");
    unary_free(unary);
    if (status == MUON_OK && deleted)
        *deleted = response.deleted_events;
    return status;
}
