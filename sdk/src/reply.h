/*
 * reply.h - making a document, or a service's answer, to give away.
 */
#ifndef MUON_SDK_REPLY_H
#define MUON_SDK_REPLY_H

#include <muon/muon.h>

#include "sdk/src/text_out.h"
#include "wire/codec-bus.h"

/* A reply that takes over the text. content_type: static. MUON_ENOMEM or MUON_ETOOBIG: out had failed; the text is freed. */
int32_t reply_new(struct text_out *text, const char *content_type, muon_reply **out,
                  muon_error *err);

/* The answer of a service, still without its body. NULL: no memory. */
muon_reply *reply_of_answer(const struct bus_answer *answer, struct span service);
/* Give it its body: from malloc, ended by NUL. */
void reply_set_body(muon_reply *reply, char *body, size_t len);

#endif
