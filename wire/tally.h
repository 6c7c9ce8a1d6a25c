/*
 * tally.h - counts and histograms of what happens: any thread adds, any thread reads, nobody waits.
 *
 * Adding is one atomic instruction without order, so a count that is read beside another may be an instant older than it. A count that only
 * one thread at a time adds to may be a plain number instead, under whatever makes it one at a time.
 *
 * All-zero is the beginning of everything here.
 */
#ifndef MUON_WIRE_TALLY_H
#define MUON_WIRE_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

static inline void tally_add(_Atomic uint64_t *count, uint64_t more)
{
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

static inline void tally_sub(_Atomic uint64_t *count, uint64_t less)
{
    atomic_fetch_sub_explicit(count, less, memory_order_relaxed);
}

static inline uint64_t tally_get(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* Values in bins by powers of two: bin i has those up to 2^i that are in no bin before it; the last has all greater ones. What the unit
 * is (microseconds, bytes, events) and which of the bins are shown is the reader's business. */
enum { HISTOGRAM_BINS = 36 };
struct histogram {
    _Atomic uint64_t bin[HISTOGRAM_BINS], sum;
};

/* The same, not shared: gathered by one thread, or read. */
struct histogram_values {
    uint64_t bin[HISTOGRAM_BINS], sum;
};

static inline unsigned histogram_bin(uint64_t value)
{
    unsigned bin = value <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(value - 1);
    return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
    tally_add(&histogram->bin[histogram_bin(value)], 1);
    tally_add(&histogram->sum, value);
}

static inline void histogram_values_add(struct histogram_values *values, uint64_t value)
{
    values->bin[histogram_bin(value)]++;
    values->sum += value;
}

/* Add many at once. */
void histogram_add_all(struct histogram *histogram, const struct histogram_values *more);
void histogram_get(const struct histogram *histogram, struct histogram_values *values);

/* Microseconds of a clock that never jumps, for durations. */
uint64_t tally_now_us(void);

#endif
