/*
 * procfs.c - see procfs.h. The numbers are those that Prometheus's own libraries give under the same names.
 */
#include "store/procfs.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_BYTES = 1024 };

static uint64_t us_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* /proc/self/stat: fields with blanks between; the second is a name in parentheses, which may have blanks itself. */
static bool read_stat(struct metrics *metrics)
{
    char text[STAT_BYTES];
    uint64_t start_ticks;
    int64_t resident_pages;
    FILE *in = fopen("/proc/self/stat", "re");
    size_t len = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in)
        fclose(in);
    text[len] = '\0';
    const char *rest = strrchr(text, ')');
    /* From the third field on: the state; the number of threads is the 20th, the start the 22nd. */
    if (!rest ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
               "%" SCNu64 " %*d %" SCNu64 " %" SCNu64 " %" SCNd64,
               &metrics->threads, &start_ticks, &metrics->virtual_bytes, &resident_pages) != 4)
        return false;
    uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    metrics->resident_bytes = (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
    metrics->start_us = us_of(CLOCK_REALTIME) - us_of(CLOCK_BOOTTIME) + start_ticks * tick_us;
    return true;
}

static bool count_fds(struct metrics *metrics)
{
    struct rlimit limit;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir || getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        if (dir)
            closedir(dir);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        metrics->open_fds += entry->d_name[0] != '.';
    closedir(dir);
    metrics->open_fds--; /* the directory itself */
    metrics->max_fds = limit.rlim_cur;
    return true;
}

void procfs_take(struct metrics *metrics)
{
    metrics->open_fds = 0;
    metrics->cpu_us = us_of(CLOCK_PROCESS_CPUTIME_ID);
    metrics->process_known = read_stat(metrics) && count_fds(metrics);
}
