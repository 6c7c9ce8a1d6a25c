/*
 * sampler.c - see sampler.h.
 */
#include "store/sampler.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "store/until.h"

enum { STATS_BYTES = 4096 };
static const double MIB = 1024 * 1024;

struct sampler {
    struct readers_job job; /* first */
    struct log *log;
    const char *data_dir;
    struct readers *readers;
    pthread_mutex_t lock;
    pthread_cond_t looked;
    bool looking;
    struct metrics newest; /* but for the disk and LevelDB all zero */
};

/* ---- a look, on a reader thread ---- */

static void look_at_disk(const char *dir, struct metrics *metrics)
{
    struct statvfs fs;
    metrics->disk_known = statvfs(dir, &fs) == 0;
    if (!metrics->disk_known)
        return;
    metrics->disk_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    metrics->disk_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* Columns: level, files, size in MB, then of compactions: seconds, MB read, MB written. A level of which there is nothing to say has no line. */
static bool read_level(const char *line, struct metrics *metrics)
{
    unsigned level, files;
    double size, seconds, read, written;
    if (sscanf(line, "%u %u %lf %lf %lf %lf", &level, &files, &size, &seconds, &read, &written) !=
            6 ||
        level >= METRICS_LEVELS)
        return false;
    metrics->level_files[level] = files;
    metrics->level_bytes[level] = (uint64_t)(size * MIB);
    metrics->compaction_seconds[level] = (uint64_t)seconds;
    metrics->compaction_read_bytes[level] = (uint64_t)(read * MIB);
    metrics->compaction_written_bytes[level] = (uint64_t)(written * MIB);
    return true;
}

bool sampler_read_stats(const char *text, struct metrics *metrics)
{
    const char *line = strstr(text, "\n---");
    if (!line)
        return false;
    while ((line = strchr(line + 1, '\n')) && line[1])
        if (!read_level(line + 1, metrics))
            return false;
    return true;
}

static void look_at_leveldb(struct log *log, struct metrics *metrics)
{
    char memory[32], stats[STATS_BYTES];
    metrics->leveldb_known =
        log_property(log, "leveldb.approximate-memory-usage", memory, sizeof memory) &&
        log_property(log, "leveldb.stats", stats, sizeof stats) &&
        sampler_read_stats(stats, metrics);
    if (metrics->leveldb_known)
        metrics->leveldb_memory_bytes = strtoull(memory, NULL, 10);
}

static void look(struct readers_job *job)
{
    struct sampler *sampler = (struct sampler *)job;
    struct metrics found = {0};
    look_at_disk(sampler->data_dir, &found);
    look_at_leveldb(sampler->log, &found);
    pthread_mutex_lock(&sampler->lock);
    sampler->newest = found;
    sampler->looking = false;
    pthread_cond_broadcast(&sampler->looked);
    pthread_mutex_unlock(&sampler->lock);
}

/* ---- from outside ---- */

struct sampler *sampler_open(struct log *log, const char *data_dir, struct readers *readers)
{
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler)
        return NULL;
    sampler->job.run = look;
    sampler->log = log;
    sampler->data_dir = data_dir;
    sampler->readers = readers;
    pthread_mutex_init(&sampler->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sampler->looked, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return sampler;
}

void sampler_close(struct sampler *sampler)
{
    if (!sampler)
        return;
    pthread_mutex_lock(&sampler->lock);
    while (sampler->looking)
        pthread_cond_wait(&sampler->looked, &sampler->lock);
    pthread_mutex_unlock(&sampler->lock);
    pthread_cond_destroy(&sampler->looked);
    pthread_mutex_destroy(&sampler->lock);
    free(sampler);
}

static void copy(struct metrics *to, const struct metrics *from)
{
    to->disk_known = from->disk_known;
    to->disk_bytes = from->disk_bytes;
    to->disk_free_bytes = from->disk_free_bytes;
    to->leveldb_known = from->leveldb_known;
    to->leveldb_memory_bytes = from->leveldb_memory_bytes;
    memcpy(to->level_files, from->level_files, sizeof to->level_files);
    memcpy(to->level_bytes, from->level_bytes, sizeof to->level_bytes);
    memcpy(to->compaction_seconds, from->compaction_seconds, sizeof to->compaction_seconds);
    memcpy(to->compaction_read_bytes, from->compaction_read_bytes,
           sizeof to->compaction_read_bytes);
    memcpy(to->compaction_written_bytes, from->compaction_written_bytes,
           sizeof to->compaction_written_bytes);
}

void sampler_take(struct sampler *sampler, int64_t wait_ms, struct metrics *metrics)
{
    struct timespec until = until_ms(wait_ms);
    pthread_mutex_lock(&sampler->lock);
    if (!sampler->looking) {
        sampler->looking = true;
        readers_submit(sampler->readers, &sampler->job);
    }
    while (sampler->looking &&
           pthread_cond_timedwait(&sampler->looked, &sampler->lock, &until) == 0) {
    }
    copy(metrics, &sampler->newest);
    pthread_mutex_unlock(&sampler->lock);
}
