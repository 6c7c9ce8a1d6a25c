/*
 * measure.c - see measure.h.
 */
#include "bench/measure.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

const char *args_text(const struct args *args, const char *name, const char *fallback)
{
    size_t len = strlen(name);
    for (int i = 1; i < args->argc; i++)
        if (strncmp(args->argv[i], name, len) == 0 && args->argv[i][len] == '=')
            return args->argv[i] + len + 1;
    return fallback;
}

uint64_t args_number(const struct args *args, const char *name, uint64_t fallback)
{
    const char *text = args_text(args, name, NULL);
    if (!text)
        return fallback;
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end)
        die("%s=%s: not a whole number", name, text);
    return number;
}

char *file_text(const char *path)
{
    if (!path || !*path)
        return NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        die("%s cannot be read", path);
    size_t room = 1 << 16, len;
    char *text = malloc(room);
    len = text ? fread(text, 1, room - 1, file) : 0;
    if (len == 0 || !feof(file))
        die("%s is empty or too long", path);
    text[len] = '\0';
    fclose(file);
    return text;
}

uint64_t mono_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double seconds_since(uint64_t begin_ns)
{
    return (double)(mono_ns() - begin_ns) / 1e9;
}

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void samples_add(struct samples *samples, int64_t ns)
{
    if (samples->len == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 1 << 16;
        samples->ns = realloc(samples->ns, samples->room * sizeof *samples->ns);
        if (!samples->ns)
            die("no memory");
    }
    samples->ns[samples->len++] = ns;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double samples_us(struct samples *samples, double part)
{
    if (samples->len == 0)
        return 0;
    qsort(samples->ns, samples->len, sizeof *samples->ns, compare);
    size_t at = (size_t)(part * (double)(samples->len - 1) + 0.5);
    return (double)samples->ns[at] / 1e3;
}

void result_print(const char *name, ...)
{
    va_list list;
    va_start(list, name);
    for (const char *between = "{"; name; name = va_arg(list, const char *), between = ", ")
        printf("%s\"%s\": %.6g", between, name, va_arg(list, double));
    va_end(list);
    printf("}\n");
    fflush(stdout);
}

void result_print_samples(struct samples *samples, double seconds)
{
    double count = (double)samples->len;
    result_print("count", count, "p50_us", samples_us(samples, 0.5), "p99_us",
                 samples_us(samples, 0.99), "p999_us", samples_us(samples, 0.999), "max_us",
                 samples_us(samples, 1), "seconds", seconds, "per_s", count / seconds, NULL);
}

double cpu_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double rss_mb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        die("/proc/self/statm cannot be read");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

void ready_wait(void)
{
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF)
        ;
}
