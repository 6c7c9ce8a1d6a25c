/*
 * served.c - one lock, so that the lines of several workers stay whole.
 */
#include "cli/served.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json-string.h"
#include "cli/time-text.h"

static double clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void served_begin(struct served *served, const muon_call *call)
{
    snprintf(served->path, SERVED_NAME_BYTES, "%s", call->path.ptr);
    snprintf(served->caller, SERVED_NAME_BYTES, "%s", call->caller.ptr);
    served->request_bytes = call->body.len;
    served->begin_ms = clock_ms(CLOCK_MONOTONIC);
}

static void print_json(const struct served *s, int64_t time_ms, int32_t status, size_t answer_bytes)
{
    printf("{\"time\":%lld,\"path\":", (long long)time_ms);
    json_string_print(stdout, s->path, strlen(s->path));
    fputs(",\"caller\":", stdout);
    json_string_print(stdout, s->caller, strlen(s->caller));
    printf(",\"status\":%d,\"request-bytes\":%zu,\"answer-bytes\":%zu,\"milliseconds\":%.3f}\n",
           status, s->request_bytes, answer_bytes, clock_ms(CLOCK_MONOTONIC) - s->begin_ms);
}

static void print_text(const struct served *s, int64_t time_ms, int32_t status, size_t answer_bytes)
{
    char time[TIME_TEXT_BYTES];
    time_text_print(time_ms, time);
    printf("%s  %d  %s  %zu bytes in, %zu out, in %.3f ms%s%s\n", time, status, s->path,
           s->request_bytes, answer_bytes, clock_ms(CLOCK_MONOTONIC) - s->begin_ms,
           s->caller[0] ? "  from " : "", s->caller);
}

void served_print(const struct served *served, const struct args *args, int32_t status,
                  size_t answer_bytes)
{
    static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
    int64_t time_ms = (int64_t)clock_ms(CLOCK_REALTIME);
    if (args->quiet && !args->json)
        return;
    pthread_mutex_lock(&printing);
    if (args->json)
        print_json(served, time_ms, status, answer_bytes);
    else
        print_text(served, time_ms, status, answer_bytes);
    fflush(stdout);
    pthread_mutex_unlock(&printing);
}
