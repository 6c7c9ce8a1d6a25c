/*
 * emit.h - the calls of one answer that write: Emit and DeleteStream. Their `service` is a struct store.
 */
#ifndef PHOTON_EMIT_H
#define PHOTON_EMIT_H

#include "wire/codec.h"
#include "wire/serve.h"

extern const struct serve_method emit_method, delete_method;

/* Give each event that has no event id a UUIDv7, and encode it anew. *made keeps the new encodings; NULL: none was needed. false: no
 * memory. */
bool emit_make_ids(struct emit_request *request, struct bytes **made);

/* The event of the store's own that records what is deleted, encoded; NULL: no memory. */
struct bytes *emit_deletion(const struct delete_request *request);

#endif
