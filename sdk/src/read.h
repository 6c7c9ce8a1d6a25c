/*
 * read.h - events asked for once, as a batch: muon_read, muon_get.
 */
#ifndef MUON_SDK_READ_H
#define MUON_SDK_READ_H

#include <muon/muon.h>

#include "wire/bytes.h"

/* All events of some ReadResponses. MUON_EPROTO, MUON_ENOMEM. */
int32_t read_batch(struct bytes *const *messages, size_t messages_len, muon_batch **out,
                   muon_error *err);

#endif
