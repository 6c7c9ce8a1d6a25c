/*
 * log.c - a ring of lines, and a counted target, so that replacing it needs to wait for nobody.
 */
#include "sdk/src/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/src/client.h"
#include "sdk/src/fork.h"

struct log_target {
    atomic_size_t refs;
    int32_t level;
    muon_log_fn fn;
    void *user;
    void (*free_user)(void *user);
};

static void target_unref(struct log_target *target)
{
    if (!target || atomic_fetch_sub(&target->refs, 1) != 1)
        return;
    if (target->free_user)
        target->free_user(target->user);
    free(target);
}

void log_fini(struct log *log)
{
    target_unref(log->target);
    free(log->lines);
}

/* On the I/O thread: hand over one line after the other. */
static void flush(struct cq_op *op, bool ok)
{
    (void)ok;
    muon_client *c = (muon_client *)((char *)op - offsetof(struct muon_client, log.flush));
    struct log *log = &c->log;
    pthread_mutex_lock(&c->mutex);
    while (log->len > 0 && log->target) {
        struct log_line line = log->lines[log->first];
        struct log_target *target = log->target;
        log->first = (log->first + 1) % LOG_LINES_MAX;
        log->len--;
        atomic_fetch_add(&target->refs, 1);
        pthread_mutex_unlock(&c->mutex);
        target->fn(target->user, line.level, line.text);
        target_unref(target);
        pthread_mutex_lock(&c->mutex);
    }
    log->len = 0;
    log->posted = false;
    pthread_mutex_unlock(&c->mutex);
}

void log_add(muon_client *c, int32_t level, const char *format, ...)
{
    struct log *log = &c->log;
    if (!log->target || level > log->target->level || c->phase >= CLIENT_STOPPING)
        return;
    if (log->len == LOG_LINES_MAX) {
        log->lost++;
        return;
    }
    struct log_line *line = &log->lines[(log->first + log->len++) % LOG_LINES_MAX];
    line->level = level;
    va_list args;
    va_start(args, format);
    int at = log->lost ? snprintf(line->text, LOG_LINE_MAX, "(%u lines lost) ", log->lost) : 0;
    log->lost = 0;
    vsnprintf(line->text + at, (size_t)(LOG_LINE_MAX - at), format, args);
    va_end(args);
    if (!log->posted) {
        log->posted = true;
        log->flush.done = flush;
        cq_post(c->cq, &log->flush);
    }
}

void muon_set_log(muon_client *c, int32_t level, muon_log_fn fn, void *user,
                  void (*free_user)(void *user))
{
    if (!c || fork_happened())
        return;
    struct log_target *target = fn ? calloc(1, sizeof *target) : NULL;
    struct log_line *lines = fn ? calloc(LOG_LINES_MAX, sizeof *lines) : NULL;
    if (!target ||
        !lines) { /* off, or no memory for it: no logging, but the promise about user holds */
        free(target);
        free(lines);
        target = NULL;
        lines = NULL;
        if (free_user)
            free_user(user);
    } else {
        *target = (struct log_target){1, level, fn, user, free_user};
    }
    pthread_mutex_lock(&c->mutex);
    struct log_target *before = c->log.target;
    c->log.target = target;
    if (!c->log.lines) {
        c->log.lines = lines;
        lines = NULL;
    }
    pthread_mutex_unlock(&c->mutex);
    free(lines);
    target_unref(before);
}
