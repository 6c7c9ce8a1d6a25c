/*
 * measure.h - what every program of the benchmark needs: arguments, a clock, samples, one line of results.
 *
 * A program is one job: it takes "name=value" arguments, works, and prints one JSON object. bench/run starts the programs,
 * alternates them, and compares. Whatever goes wrong ends the program with a message: a benchmark has nothing to save.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Print a message to standard error and end with 1. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* "name=value" among the arguments, else the fallback. Numbers are whole. */
struct args {
    int argc;
    char **argv;
};
const char *args_text(const struct args *args, const char *name, const char *fallback);
uint64_t args_number(const struct args *args, const char *name, uint64_t fallback);

/* A file's bytes with a NUL behind them; lives until the program ends. NULL for an empty path. */
char *file_text(const char *path);

/* A clock that never jumps. */
uint64_t mono_ns(void);
double seconds_since(uint64_t begin_ns);

/* Numbers that look random and are the same in every run (SplitMix64). */
uint64_t random_next(uint64_t *state);

/* Durations, all of them. Not for two threads at once. */
struct samples {
    int64_t *ns;
    size_t len, room;
};
void samples_add(struct samples *samples, int64_t ns);
/* Sorts. In microseconds; part 0.5 is the median, 1 the greatest. 0 without samples. */
double samples_us(struct samples *samples, double part);

/* Print {"name": value, …} to standard output: alternately a name and a double, NULL at the end. */
void result_print(const char *name, ...) __attribute__((sentinel));
/* The same for samples: count, p50_us, p99_us, p999_us, max_us, and per_s over the given time. */
void result_print_samples(struct samples *samples, double seconds);

/* What all threads of this process have computed so far. */
double cpu_seconds(void);

/* Resident memory of this process now. */
double rss_mb(void);

/* Tell bench/run that everything is up, and wait until it closes our standard input. */
void ready_wait(void);

#endif
