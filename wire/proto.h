/*
 * proto.h - protobuf-c with what it lacks (hazards 14): a bound on memory, a check of texts and of depth.
 * For the rare messages; the frequent ones go by pb.h.
 */
#ifndef MUON_WIRE_PROTO_H
#define MUON_WIRE_PROTO_H

#include <protobuf-c/protobuf-c.h>

#include "wire/bytes.h"

/* What unpacking a message of raw_len bytes may allocate in all. */
size_t proto_bytes_max(size_t raw_len);

/* The message, or NULL: malformed, a text that is not UTF-8 or holds a NUL (protobuf-c would cut it there), nested deeper than
 * 8, more memory needed than proto_bytes_max, or none left. Nothing in it refers to raw. */
void *proto_unpack(const ProtobufCMessageDescriptor *type, struct span raw);
void proto_free(void *message); /* what proto_unpack gave; NULL is fine */

/* Any message, encoded; NULL: no memory. message points to a struct whose first member is the ProtobufCMessage. */
struct bytes *proto_pack(const void *message);

#endif
