/*
 * logline.c - a line is formatted by its caller, appended to a ring of bytes, and written by one
 * thread.
 *
 * What can go wrong: nobody reads the descriptor (a full pipe). Then the writer's write() blocks,
 * the ring fills, and lines are counted instead of kept; callers notice nothing. At the end the
 * writer gets a second, and is left behind if it still blocks.
 */
#include "store/logline.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* bytes were added, or stopping */
    pthread_cond_t ended;   /* the writer has left */
    char ring[LOGLINE_BUFFER_BYTES];
    size_t begin, len;
    uint64_t dropped;
    bool running, stopping;
    pthread_t writer;
    int fd;
    bool json;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER,
           .ended = PTHREAD_COND_INITIALIZER,
           .fd = STDERR_FILENO};

static _Atomic int level_now = LOGLINE_INFO, level_settings = LOGLINE_INFO;

static const char *const LEVEL_NAMES[] = {"error", "warning", "info", "debug"};

/* ---- formatting: into a buffer that never overflows; what does not fit whole is left out ---- */
struct text {
    char data[LOGLINE_BYTES_MAX];
    size_t len;
    bool full;
};

enum { ROOM_FOR_THE_END = 4 }; /* "}" and a new line */

static void text_add(struct text *t, const char *s, size_t len)
{
    if (t->full || len > sizeof t->data - ROOM_FOR_THE_END - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->data + t->len, s, len);
    t->len += len;
}

static void text_puts(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

/* The length of the UTF-8 character at s, of which left bytes remain; 0: it is none. Overlong forms
 * pass: harmless here. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 0;
    if (s[0] >= 0xf0 && s[0] <= 0xf4)
        len = 4;
    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

/* Between quotes, for JSON and for text: no line of ours can be forged by what somebody calls a
 * stream. */
static void text_quoted(struct text *t, const char *s)
{
    enum { TEXT_BYTES_MAX = 1024 };
    size_t left = strnlen(s, TEXT_BYTES_MAX);
    text_puts(t, "\"");
    while (left > 0) {
        const unsigned char *c = (const unsigned char *)s;
        size_t len = utf8_len(c, left);
        char escape[8];
        if (len == 0)
            text_puts(t, "\\ufffd");
        else if (*c == '"' || *c == '\\')
            text_add(t, (char[]){'\\', (char)*c}, 2);
        else if (*c < 0x20 || *c == 0x7f)
            text_add(t, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *c));
        else
            text_add(t, s, len);
        len = len ? len : 1;
        s += len;
        left -= len;
    }
    text_puts(t, "\"");
}

static bool is_plain(const char *s)
{
    size_t len = strlen(s);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return len > 0 && len < 256;
}

static void text_time(struct text *t)
{
    struct timespec now;
    struct tm tm;
    char s[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t len = strftime(s, sizeof s, "%Y-%m-%dT%H:%M:%S", &tm);
    len += (size_t)snprintf(s + len, sizeof s - len, ".%03ldZ", now.tv_nsec / 1000000);
    text_add(t, s, len);
}

static void text_value(struct text *t, const struct logline_field *field, bool json)
{
    char number[24];
    switch (field->kind) {
    case LOGLINE_FIELD_INT:
        text_add(t, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)field->i));
        break;
    case LOGLINE_FIELD_UINT:
        text_add(t, number,
                 (size_t)snprintf(number, sizeof number, "%llu", (unsigned long long)field->u));
        break;
    case LOGLINE_FIELD_TEXT:
        if (!json && is_plain(field->text))
            text_puts(t, field->text);
        else
            text_quoted(t, field->text);
        break;
    }
}

static void text_field(struct text *t, const struct logline_field *field, bool json)
{
    if (field->kind == LOGLINE_FIELD_TEXT && !field->text)
        return;
    size_t before = t->len;
    text_puts(t, json ? ",\"" : " ");
    text_puts(t, field->key);
    text_puts(t, json ? "\":" : "=");
    text_value(t, field, json);
    if (t->full)
        t->len = before; /* half a field would break the line's syntax */
}

static void text_line(struct text *t, bool json, enum logline_level level, const char *message,
                      const struct logline_field *fields, size_t fields_len)
{
    t->len = 0;
    t->full = false;
    text_puts(t, json ? "{\"time\":\"" : "");
    text_time(t);
    text_puts(t, json ? "\",\"level\":\"" : " ");
    text_puts(t, LEVEL_NAMES[level]);
    text_puts(t, json ? "\",\"message\":" : &"        "[strlen(LEVEL_NAMES[level])]);
    if (json)
        text_quoted(t, message);
    else
        text_puts(t, message);
    for (size_t i = 0; i < fields_len && !t->full; i++)
        text_field(t, &fields[i], json);
    if (json)
        t->data[t->len++] = '}';
    t->data[t->len++] = '\n';
}

/* ---- writing ---- */
static void write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nowhere to complain */
        data += n;
        len -= (size_t)n;
    }
}

static void ring_add(const char *data, size_t len)
{
    size_t end = (state.begin + state.len) % sizeof state.ring;
    size_t first = len < sizeof state.ring - end ? len : sizeof state.ring - end;
    memcpy(state.ring + end, data, first);
    memcpy(state.ring, data + first, len - first);
    state.len += len;
}

static void report_dropped(void)
{
    struct text t;
    struct logline_field lines = logline_uint("lines", state.dropped);
    text_line(&t, state.json, LOGLINE_WARNING, "log lines dropped", &lines, 1);
    if (t.len > sizeof state.ring - state.len)
        return;
    ring_add(t.data, t.len);
    state.dropped = 0;
}

static void *writer_run(void *unused)
{
    char chunk[16 * 1024];
    (void)unused;
    pthread_mutex_lock(&state.mutex);
    for (;;) {
        if (state.dropped > 0)
            report_dropped();
        while (state.len == 0 && !state.stopping)
            pthread_cond_wait(&state.changed, &state.mutex);
        if (state.len == 0)
            break;
        size_t len = sizeof state.ring - state.begin;
        len = len < state.len ? len : state.len;
        len = len < sizeof chunk ? len : sizeof chunk;
        memcpy(chunk, state.ring + state.begin, len);
        state.begin = (state.begin + len) % sizeof state.ring;
        state.len -= len;
        pthread_mutex_unlock(&state.mutex);
        write_all(state.fd, chunk, len);
        pthread_mutex_lock(&state.mutex);
    }
    state.running = false;
    pthread_cond_broadcast(&state.ended);
    pthread_mutex_unlock(&state.mutex);
    return NULL;
}

bool logline_start(int fd, enum logline_format format)
{
    sigset_t all, before;
    pthread_mutex_lock(&state.mutex);
    state.fd = fd;
    state.json = format == LOGLINE_JSON || (format == LOGLINE_AUTO && !isatty(fd));
    state.stopping = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    state.running = pthread_create(&state.writer, NULL, writer_run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    bool running = state.running;
    pthread_mutex_unlock(&state.mutex);
    return running;
}

void logline_stop(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&state.mutex);
    if (!state.running) {
        pthread_mutex_unlock(&state.mutex);
        return;
    }
    state.stopping = true;
    pthread_cond_signal(&state.changed);
    int rc = 0;
    while (state.running && rc == 0)
        rc = pthread_cond_clockwait(&state.ended, &state.mutex, CLOCK_MONOTONIC, &until);
    bool left = !state.running;
    pthread_mutex_unlock(&state.mutex);
    if (left)
        pthread_join(state.writer, NULL);
    else
        pthread_detach(state.writer); /* it ends with the process, or when somebody reads again */
}

void logline_set_level(enum logline_level level)
{
    atomic_store(&level_settings, (int)level);
    atomic_store(&level_now, (int)level);
}

void logline_override(enum logline_level level)
{
    atomic_store(&level_now, (int)level);
}

enum logline_level logline_level(void)
{
    return (enum logline_level)atomic_load(&level_now);
}

enum logline_level logline_settings_level(void)
{
    return (enum logline_level)atomic_load(&level_settings);
}

bool logline_enabled(enum logline_level level)
{
    return (int)level <= atomic_load(&level_now);
}

void logline_write(enum logline_level level, const char *message,
                   const struct logline_field *fields, size_t fields_len)
{
    if (!logline_enabled(level))
        return;
    struct text t;
    pthread_mutex_lock(&state.mutex);
    bool json = state.json;
    pthread_mutex_unlock(&state.mutex);
    text_line(&t, json, level, message, fields, fields_len);

    pthread_mutex_lock(&state.mutex);
    bool queued = state.running && !state.stopping;
    int fd = state.fd;
    if (queued && t.len <= sizeof state.ring - state.len && state.dropped == 0)
        ring_add(t.data, t.len);
    else if (queued)
        state.dropped++;
    pthread_cond_signal(&state.changed);
    pthread_mutex_unlock(&state.mutex);
    if (!queued)
        write_all(fd, t.data, t.len);
}
