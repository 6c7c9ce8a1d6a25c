/*
 * uuid.h - UUIDv7 (RFC 9562, 5.7), as canonical lower-case text.
 */
#ifndef MUON_WIRE_UUID_H
#define MUON_WIRE_UUID_H

enum { UUID_BYTES = 36 };

/* A new one, greater than every one that this process made before (RFC 9562, 6.2, method 3 and 1: sub-millisecond time, then counting
 * on). NUL-terminated. Any thread. */
void uuid7_new(char out[UUID_BYTES + 1]);

#endif
