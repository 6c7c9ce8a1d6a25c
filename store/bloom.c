/*
 * bloom.c - see bloom.h.
 */
#include "store/bloom.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_BYTES = 64, /* a line of the cache */
    BLOCK_WORDS = BLOCK_BYTES / 8,
    BLOCK_HOLDS = 48, /* hashes, on the average: 10 bits and two thirds for each */
    BITS = 7,         /* set by a hash */
    BIT_SHIFT = 9,    /* a number below 512: a bit of the block */
    FIRST_BLOCKS = 4096,
    GROWTH = 4,
    LAYERS_MAX = 8
};

struct layer {
    uint64_t (*blocks)[BLOCK_WORDS];
    size_t len; /* blocks */
    size_t held;
};

struct bloom {
    struct layer layers[LAYERS_MAX];
    int layers_len;
    size_t left;  /* how many may still be put */
    bool useless; /* what was to be put was not */
};

/* ---- one layer ---- */

static bool layer_init(struct layer *layer, size_t len)
{
    *layer = (struct layer){.blocks = aligned_alloc(BLOCK_BYTES, len * BLOCK_BYTES), .len = len};
    if (layer->blocks)
        memset(layer->blocks, 0, len * BLOCK_BYTES);
    return layer->blocks;
}

/* The block is told by a hash's upper half. */
static uint64_t *layer_block(const struct layer *layer, uint64_t hash)
{
    return layer->blocks[(hash >> 32) * layer->len >> 32];
}

/* The bits by all of it, mixed once more: Fibonacci hashing. */
static uint64_t bits_of(uint64_t hash)
{
    return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static void block_set(uint64_t *block, uint64_t bits)
{
    for (int i = 0; i < BITS; i++, bits >>= BIT_SHIFT)
        block[bits >> 6 & (BLOCK_WORDS - 1)] |= UINT64_C(1) << (bits & 63);
}

static bool block_holds(const uint64_t *block, uint64_t bits)
{
    for (int i = 0; i < BITS; i++, bits >>= BIT_SHIFT)
        if (!(block[bits >> 6 & (BLOCK_WORDS - 1)] >> (bits & 63) & 1))
            return false;
    return true;
}

/* ---- all ---- */

struct bloom *bloom_new(size_t max)
{
    struct bloom *bloom = calloc(1, sizeof *bloom);
    if (bloom)
        bloom->left = max;
    return bloom;
}

void bloom_free(struct bloom *bloom)
{
    if (!bloom)
        return;
    for (int i = 0; i < bloom->layers_len; i++)
        free(bloom->layers[i].blocks);
    free(bloom);
}

/* The layer that has room; NULL: there is none. */
static struct layer *growing(struct bloom *bloom)
{
    struct layer *last = bloom->layers_len ? &bloom->layers[bloom->layers_len - 1] : NULL;
    if (last && last->held < last->len * BLOCK_HOLDS)
        return last;
    struct layer *next = &bloom->layers[bloom->layers_len];
    if (bloom->layers_len == LAYERS_MAX ||
        !layer_init(next, last ? GROWTH * last->len : FIRST_BLOCKS))
        return NULL;
    bloom->layers_len++;
    return next;
}

bool bloom_put(struct bloom *bloom, uint64_t hash)
{
    struct layer *layer = bloom->left && !bloom->useless ? growing(bloom) : NULL;
    if (!layer) {
        bloom->useless = true;
        return false;
    }
    bloom->left--;
    layer->held++;
    block_set(layer_block(layer, hash), bits_of(hash));
    return true;
}

bool bloom_perhaps(const struct bloom *bloom, uint64_t hash)
{
    uint64_t bits = bits_of(hash);
    for (int i = bloom->layers_len; i > 0; i--)
        if (block_holds(layer_block(&bloom->layers[i - 1], hash), bits))
            return true;
    return bloom->useless;
}
