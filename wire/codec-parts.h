/*
 * codec-parts.h - what the codec's files share among themselves.
 */
#ifndef MUON_WIRE_CODEC_PARTS_H
#define MUON_WIRE_CODEC_PARTS_H

#include "wire/error.h"

/* Where in a request a failure was found, added to an error already set; returns its reason. error may be NULL:
 * INVALID_ARGUMENT. */
enum reason codec_locate(struct error *error, const char *field, size_t index, uint64_t limit);

/* "subscribe: stream-name is empty": INVALID_ARGUMENT, located at field. */
enum reason codec_refuse(struct error *error, const char *what, const char *field,
                         const char *fault);

/* A framed NumberedEmit or NumberedResult: its number, then field with len bytes for the caller to write to *body. */
struct bytes *codec_part_new(uint64_t number, uint32_t field, size_t len, uint8_t **body);

#endif
