/*
 * reply.c - a document, or a service's answer: its text, and the struct that shows it.
 */
#include "sdk/src/reply.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/status.h"
#include "wire/text.h"

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
    reply->service = reply->instance = (muon_str){"", 0};
    *out = reply;
    return MUON_OK;
}

/* Copy a text to at, which is moved on. */
static muon_str keep(char **at, struct span text)
{
    muon_str kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.data, text.len);
    (*at)[text.len] = 0;
    *at += text.len + 1;
    return kept;
}

muon_reply *reply_of_answer(const struct bus_answer *answer, struct span service)
{
    struct span type =
        answer->content_type.len ? answer->content_type : text_span("application/json");
    muon_reply *reply =
        calloc(1, sizeof *reply + type.len + service.len + answer->instance_id.len + 3);
    if (!reply)
        return NULL;
    char *at = (char *)(reply + 1);
    reply->status = answer->status <= INT32_MAX ? (int32_t)answer->status : INT32_MAX;
    reply->content_type = keep(&at, type);
    reply->service = keep(&at, service);
    reply->instance = keep(&at, answer->instance_id);
    return reply;
}

void reply_set_body(muon_reply *reply, char *body, size_t len)
{
    reply->body = (muon_str){body, len};
}

void muon_reply_free(muon_reply *r)
{
    if (!r)
        return;
    free((char *)r->body.ptr);
    free(r);
}
