/*
 * histogram.h - times, counted in classes that are fine where the times are short and coarse where they are long: each class is at
 * most a 1024th of its value wide, so that a percentile is wrong by less than that, whatever the times are.
 */
#ifndef MUON_CLI_HISTOGRAM_H
#define MUON_CLI_HISTOGRAM_H

#include <stdint.h>

/* Up to HISTOGRAM_MOST, which is 18 minutes when it counts nanoseconds; what is more counts as that. */
enum { HISTOGRAM_FINE_BITS = 10, HISTOGRAM_BITS = 40 };
#define HISTOGRAM_MOST ((UINT64_C(1) << HISTOGRAM_BITS) - 1)

enum { HISTOGRAM_CLASSES = (HISTOGRAM_BITS - HISTOGRAM_FINE_BITS + 1) << HISTOGRAM_FINE_BITS };

/* All zero: empty. 250 KiB: not for the stack. */
struct histogram {
    uint64_t count, least, most, sum;
    uint64_t classes[HISTOGRAM_CLASSES];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The smallest value that at least so many of a hundred do not exceed, 0 < percent <= 100; as the end of its class, but never
 * more than the largest one. 0: it is empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
uint64_t histogram_mean(const struct histogram *histogram);

#endif
