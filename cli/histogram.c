/*
 * histogram.c - the first 2048 values have a class each; from there on each doubling has 1024 classes.
 */
#include "cli/histogram.h"

#include <math.h>

enum { HALF = 1 << HISTOGRAM_FINE_BITS };

/* How far a value is shifted to fit into the classes of one doubling. */
static unsigned shift_of(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return bits > HISTOGRAM_FINE_BITS + 1 ? bits - HISTOGRAM_FINE_BITS - 1 : 0;
}

static uint64_t class_of(uint64_t value)
{
    unsigned shift = shift_of(value);
    return ((uint64_t)shift << HISTOGRAM_FINE_BITS) + (value >> shift);
}

/* The largest value of a class. */
static uint64_t end_of(uint64_t class)
{
    if (class < 2 * HALF)
        return class;
    uint64_t shift = (class >> HISTOGRAM_FINE_BITS) - 1;
    return ((HALF + class % HALF + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    if (value > HISTOGRAM_MOST)
        value = HISTOGRAM_MOST;
    if (h->count == 0 || value < h->least)
        h->least = value;
    if (value > h->most)
        h->most = value;
    h->classes[class_of(value)]++;
    h->sum += value;
    h->count++;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    uint64_t wanted = (uint64_t)ceil((double)h->count * percent / 100), seen = 0;
    for (uint64_t class = 0; class < HISTOGRAM_CLASSES && h->count; class ++) {
        seen += h->classes[class];
        if (seen >= wanted && seen > 0)
            return end_of(class) < h->most ? end_of(class) : h->most;
    }
    return h->most;
}

uint64_t histogram_mean(const struct histogram *h)
{
    return h->count ? h->sum / h->count : 0;
}
