/*
 * reply.h - making a document to give away.
 */
#ifndef MUON_SDK_REPLY_H
#define MUON_SDK_REPLY_H

#include <muon/muon.h>

#include "sdk/src/text_out.h"

/* A reply that takes over the text. content_type: static. MUON_ENOMEM or MUON_ETOOBIG: out had failed; the text is freed. */
int32_t reply_new(struct text_out *text, const char *content_type, muon_reply **out,
                  muon_error *err);

#endif
