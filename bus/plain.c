/*
 * plain.c - see plain.h. A body's length is known from its first piece and within the limit, so its bytes are made once.
 */
#include "bus/plain.h"

#include <stdlib.h>
#include <string.h>

#include "wire/codec-error.h"

bool plain_body_begin(struct plain_body *body, struct bytes *piece, uint64_t total)
{
    plain_body_clear(body);
    size_t len = piece ? piece->len : 0;
    if (total <= len) {
        body->bytes = piece ? bytes_ref(piece) : NULL;
        body->len = len;
        return true;
    }
    body->bytes = bytes_new((size_t)total);
    if (!body->bytes)
        return false;
    plain_body_add(body, piece);
    return true;
}

void plain_body_add(struct plain_body *body, struct bytes *piece)
{
    if (!piece)
        return;
    memcpy(body->bytes->data + body->len, piece->data, piece->len);
    body->len += piece->len;
}

bool plain_body_whole(const struct plain_body *body)
{
    return !body->bytes || body->len == body->bytes->len;
}

void plain_body_clear(struct plain_body *body)
{
    bytes_unref(body->bytes);
    *body = (struct plain_body){NULL, 0};
}

void plain_fail(struct plain_failure *failure, const struct error *error)
{
    if (failure->reason)
        return;
    failure->reason = error->reason;
    failure->error = malloc(sizeof *error);
    if (failure->error)
        *failure->error = *error;
}

void plain_fail_frame(struct plain_failure *failure, const struct frame *frame)
{
    struct error error;
    if (error_decode(frame->error, &error) != REASON_NONE)
        error_set(&error, REASON_RESPONDER_LOST, "the exchange has failed");
    plain_fail(failure, &error);
}

void plain_finish(struct bus *bus, struct serve_call *call, struct plain_failure *failure)
{
    struct error error;
    struct error *kept = failure->error; /* the call may be no more once it is finished */
    bool failed = failure->reason != REASON_NONE;
    if (failed)
        error_set(&error, failure->reason, "photond is out of memory");
    failure->error = NULL;
    pthread_mutex_unlock(&bus->lock);
    serve_finish(call, kept ? kept : failed ? &error : NULL);
    free(kept);
    pthread_mutex_lock(&bus->lock);
}

void plain_failure_clear(struct plain_failure *failure)
{
    free(failure->error);
    *failure = (struct plain_failure){REASON_NONE, NULL};
}

uint32_t plain_left_ms(const struct serve_call *call)
{
    int64_t left = serve_call_left_ms(call);
    if (left == INT64_MAX)
        return 0;
    return left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}
