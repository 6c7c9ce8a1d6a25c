/*
 * reply.c - a document: its text, and the struct that shows it.
 */
#include "sdk/src/reply.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/status.h"

int32_t reply_new(struct text_out *text, const char *content_type, muon_reply **out,
                  muon_error *err)
{
    muon_reply *reply = text->failed ? NULL : calloc(1, sizeof *reply);
    if (!reply) {
        bool too_big = text->too_big;
        text_out_fini(text);
        if (too_big)
            return status_fail(err, MUON_ETOOBIG, "the document is over %zu bytes: ask in pages",
                               text->max);
        return status_fail(err, MUON_ENOMEM, "out of memory for the document");
    }
    reply->status = 200;
    reply->content_type = (muon_str){content_type, strlen(content_type)};
    reply->body = (muon_str){text->text, text->len};
    reply->service = (muon_str){"", 0};
    *out = reply;
    return MUON_OK;
}

void muon_reply_free(muon_reply *r)
{
    if (!r)
        return;
    free((char *)r->body.ptr);
    free(r);
}
