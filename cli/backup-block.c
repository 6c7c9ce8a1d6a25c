/*
 * backup-block.c - see backup-block.h.
 */
#include "cli/backup-block.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Over the header but its checksum, and the content; the number of the block is its seed, so that none can take another's place. */
static uint64_t checksum_of(const uint8_t header[BLOCK_HEADER_BYTES], const void *content,
                            size_t len, uint64_t number)
{
    XXH3_state_t state = {0}; /* or the compiler cannot see that it is set */
    XXH3_64bits_reset_withSeed(&state, number);
    XXH3_64bits_update(&state, header, BLOCK_AT_CHECKSUM);
    XXH3_64bits_update(&state, content, len);
    return XXH3_64bits_digest(&state);
}

void block_put(uint8_t header[BLOCK_HEADER_BYTES], const struct block *block, const void *content,
               uint64_t number)
{
    memset(header, 0, BLOCK_HEADER_BYTES);
    header[0] = (uint8_t)block->kind;
    put32(header + 4, block->stored_bytes);
    put32(header + 8, block->bytes);
    uint64_t checksum = checksum_of(header, content, block->stored_bytes, number);
    put32(header + BLOCK_AT_CHECKSUM, (uint32_t)checksum);
    put32(header + BLOCK_AT_CHECKSUM + 4, (uint32_t)(checksum >> 32));
}

bool block_read(const uint8_t header[BLOCK_HEADER_BYTES], struct block *block)
{
    block->kind = (enum block_kind)header[0];
    block->stored_bytes = get32(header + 4);
    block->bytes = get32(header + 8);
    return (block->kind == BLOCK_HEAD || block->kind == BLOCK_RUN || block->kind == BLOCK_END) &&
           block->stored_bytes <= BLOCK_BYTES_MAX && block->bytes <= BLOCK_BYTES_MAX;
}

bool block_is_whole(const uint8_t header[BLOCK_HEADER_BYTES], const struct block *block,
                    const void *content, uint64_t number)
{
    uint64_t said =
        get32(header + BLOCK_AT_CHECKSUM) | (uint64_t)get32(header + BLOCK_AT_CHECKSUM + 4) << 32;
    return said == checksum_of(header, content, block->stored_bytes, number);
}
