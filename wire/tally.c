/*
 * tally.c - see tally.h.
 */
#include "wire/tally.h"

#include <time.h>

void histogram_add_all(struct histogram *histogram, const struct histogram_values *more)
{
    for (unsigned i = 0; i < HISTOGRAM_BINS; i++)
        if (more->bin[i])
            tally_add(&histogram->bin[i], more->bin[i]);
    if (more->sum)
        tally_add(&histogram->sum, more->sum);
}

void histogram_get(const struct histogram *histogram, struct histogram_values *values)
{
    for (unsigned i = 0; i < HISTOGRAM_BINS; i++)
        values->bin[i] = tally_get(&histogram->bin[i]);
    values->sum = tally_get(&histogram->sum);
}

uint64_t tally_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
