/*
 * Fuzz every other decoder: the first byte says which.
 */
#include <assert.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "wire/codec-admin.h"
#include "wire/codec.h"

/* What both sides encode themselves must be taken by the other. */
static void subscribe(struct span raw)
{
    struct subscribe_request request, again;
    struct error error;
    if (subscribe_request_decode(raw, &request, &error) == REASON_NONE) {
        struct bytes *b = subscribe_request_encode(&request);
        assert(subscribe_request_decode(bytes_span(b), &again, NULL) == REASON_NONE);
        assert(again.from == request.from && again.event_types == request.event_types);
        bytes_unref(b);
    }
    if (read_request_decode(raw, &request, &error) == REASON_NONE) {
        struct bytes *b = read_request_encode(&request);
        assert(read_request_decode(bytes_span(b), &again, NULL) == REASON_NONE);
        bytes_unref(b);
    }
}

static void rest_of_store(struct span raw)
{
    struct get_request get;
    struct list_request list;
    struct delete_request deletion;
    struct error error;
    get_request_decode(raw, &get, &error);
    list_request_decode(raw, &list, &error);
    delete_request_decode(raw, &deletion, &error);
}

static void answers(struct span raw)
{
    struct emit_response response;
    struct info info;
    struct delete_response deletion;
    struct span event;
    if (emit_response_decode(raw, &response) == REASON_NONE)
        free(response.stored);
    info_response_decode(raw, &info);
    delete_response_decode(raw, &deletion);
    get_response_decode(raw, &event);
}

static void errors(struct span raw)
{
    struct error error;
    if (error_decode(raw, &error) == REASON_NONE) {
        struct bytes *b = error_encode(&error);
        assert(error_decode(bytes_span(b), &error) == REASON_NONE);
        bytes_unref(b);
    }
    error_from_status(2, raw, raw, &error);
    assert(error.reason != REASON_NONE);
}

static void admin(struct span raw)
{
    enum admin_log_level level;
    struct log_level_response response;
    struct compact_response compacted;
    struct stats_response stats;
    struct subscription_info subscription;
    struct session_info session;
    struct span rest = raw;
    uint32_t interval_ms;
    struct error error;
    if (log_level_request_decode(raw, &level, &error) == REASON_NONE)
        assert(admin_log_level_name(level));
    log_level_response_decode(raw, &response);
    compact_response_decode(raw, &compacted);
    stats_request_decode(raw, &interval_ms, &error);
    stats_response_decode(raw, &stats);
    while (subscription_info_next(&rest, &subscription) > 0) {
    }
    rest = raw;
    while (session_info_next(&rest, &session) > 0) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const decoders[])(struct span raw) = {subscribe, rest_of_store, answers, errors,
                                                        admin};
    if (len > 0)
        decoders[data[0] % 5]((struct span){data + 1, len - 1});
    return 0;
}
