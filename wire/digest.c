/*
 * digest.c - see digest.h.
 *
 * The canonical form is hashed field by field rather than put together first. What stands in a store is nearly always canonical
 * already, but it is the client's bytes, so nothing here relies on it.
 */
#include "wire/digest.h"

#include <string.h>

#define XXH_INLINE_ALL /* the header alone: libmuon needs no further library for it */
#include <xxhash.h>

#include "wire/pb.h"

enum { CHAIN_BYTES = 2 * DIGEST_BYTES + 3 * 8, HEAD_BYTES_MAX = 16, STORES_BYTES_MAX = 64 };

static void digest_out(XXH128_hash_t hash, uint8_t out[DIGEST_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(out, &canonical, DIGEST_BYTES);
}

void digest_event(const struct event *event, uint8_t out[DIGEST_BYTES])
{
    XXH3_state_t state;
    uint8_t head[HEAD_BYTES_MAX], stores[STORES_BYTES_MAX], *end;
    XXH3_128bits_reset(&state);
    for (uint32_t number = 1; number <= EVENT_FIELDS; number++) {
        struct span field = event_field(event, number);
        if (field.len == 0)
            continue;
        end = pb_put_frame(head, number, field.len);
        XXH3_128bits_update(&state, head, (size_t)(end - head));
        XXH3_128bits_update(&state, field.data, field.len);
    }
    end = event_put_place(stores, event);
    XXH3_128bits_update(&state, stores, (size_t)(end - stores));
    digest_out(XXH3_128bits_digest(&state), out);
}

static uint8_t *put64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

void digest_chain(uint8_t digest[DIGEST_BYTES], const struct event *place,
                  const uint8_t own[DIGEST_BYTES])
{
    uint8_t text[CHAIN_BYTES], *at = text;
    memcpy(at, digest, DIGEST_BYTES);
    at = put64(at + DIGEST_BYTES, place->order_id);
    at = put64(at, place->version);
    at = put64(at, (uint64_t)place->event_time);
    memcpy(at, own, DIGEST_BYTES);
    digest_out(XXH3_128bits(text, sizeof text), digest);
}
