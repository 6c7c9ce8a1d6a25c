/*
 * codec.h - the messages of muon.v1 other than Event, as plain structs. The only users of generated code are the files codec-*.c,
 * error.c, health.c and reflection.c.
 *
 * Decoders never keep the input and never allocate more than a small multiple of its length (a capped allocator; hazards 14);
 * what they return as spans are views of the input, which must stay. *_decode returns REASON_NONE or INVALID_ARGUMENT.
 * *_encode returns one new message, or NULL: no memory.
 */
#ifndef MUON_WIRE_CODEC_H
#define MUON_WIRE_CODEC_H

#include "wire/codec-backup.h"
#include "wire/codec-bus.h"
#include "wire/codec-discover.h"
#include "wire/codec-emit.h"
#include "wire/codec-error.h"
#include "wire/codec-result.h"
#include "wire/codec-store.h"
#include "wire/codec-subscribe.h"

#endif
