/*
 * codec-parts.c - what the codec's files share. codec-emit.c and codec-result.c: emitting;
 * codec-subscribe.c: reading; codec-store.c: the rest of PhotonService; codec-error.c: errors and
 * gRPC's statuses.
 */
#include "wire/codec-parts.h"

#include "wire/text.h"

enum reason codec_locate(struct error *error, const char *field, size_t index, uint64_t limit)
{
    if (!error)
        return REASON_INVALID_ARGUMENT;
    error_text(error->field, sizeof error->field, text_span(field));
    error->event_index = (uint32_t)index;
    error->limit = limit;
    return error->reason;
}

enum reason codec_refuse(struct error *error, const char *what, const char *field,
                         const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "%s %s", what, fault);
    return codec_locate(error, field, 0, 0);
}
