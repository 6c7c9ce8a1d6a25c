/*
 * logline.h - what photond says while it runs: one line an occasion, text for people or JSON for
 * machines.
 *
 * A line is a level, a message that never varies (so that it can be searched for) and fields that
 * do. Callers never wait for whoever reads the log: lines go through a bounded buffer to a thread
 * that writes; when the buffer is full, lines are dropped and their number is reported once there
 * is room. Threads: any, at any time, also before logline_start (then lines are written at once).
 */
#ifndef PHOTON_LOGLINE_H
#define PHOTON_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum logline_level { LOGLINE_ERROR, LOGLINE_WARNING, LOGLINE_INFO, LOGLINE_DEBUG };
enum logline_format {
    LOGLINE_AUTO, /* text if the descriptor is a terminal, else JSON */
    LOGLINE_TEXT,
    LOGLINE_JSON
};

enum logline_kind { LOGLINE_FIELD_TEXT, LOGLINE_FIELD_INT, LOGLINE_FIELD_UINT };
struct logline_field {
    const char *key; /* lower_case; "time", "level" and "message" are taken */
    enum logline_kind kind;
    const char *text; /* NULL: the field is left out */
    int64_t i;
    uint64_t u;
};

/* Longer lines lose their last fields; a text longer than 1024 bytes is cut. */
enum { LOGLINE_BYTES_MAX = 4096, LOGLINE_BUFFER_BYTES = 256 * 1024 };

/* Write to fd (which stays the caller's) from a thread of its own. false: no thread; lines are
 * written at once. */
bool logline_start(int fd, enum logline_format format);
/* Write what is in the buffer, for at most 1 second if nobody reads, and end the thread. */
void logline_stop(void);

/* What the settings say, and so what is in force; LOGLINE_INFO at first. */
void logline_set_level(enum logline_level level);
/* Until the next logline_set_level another level is in force. */
void logline_override(enum logline_level level);
enum logline_level logline_level(void);          /* in force */
enum logline_level logline_settings_level(void); /* what the settings say */
bool logline_enabled(enum logline_level level);

void logline_write(enum logline_level level, const char *message,
                   const struct logline_field *fields, size_t fields_len);

/* logline(LOGLINE_INFO, "stopped"); logline_with(LOGLINE_INFO, "ready", logline_text("address", a),
 * logline_int("port", p)); */
#define logline(level, message) logline_write((level), (message), NULL, 0)
#define logline_with(level, message, ...)                                                          \
    logline_write((level), (message), (const struct logline_field[]){__VA_ARGS__},                 \
                  sizeof((const struct logline_field[]){__VA_ARGS__}) /                            \
                      sizeof(struct logline_field))

static inline struct logline_field logline_text(const char *key, const char *text)
{
    return (struct logline_field){.key = key, .kind = LOGLINE_FIELD_TEXT, .text = text};
}

static inline struct logline_field logline_int(const char *key, int64_t i)
{
    return (struct logline_field){.key = key, .kind = LOGLINE_FIELD_INT, .i = i};
}

static inline struct logline_field logline_uint(const char *key, uint64_t u)
{
    return (struct logline_field){.key = key, .kind = LOGLINE_FIELD_UINT, .u = u};
}

#endif
