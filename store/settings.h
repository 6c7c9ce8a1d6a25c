/*
 * settings.h - the one table of what can be set: flags, environment, file, help, documents and the
 * example come from it.
 *
 * A setting has one name everywhere: `drain-time` is --drain-time, PHOTOND_DRAIN_TIME, and
 * `drain-time = 10 s` in the file. Its value comes from the strongest origin that gives one: flag >
 * environment > file > default, in whatever order they are read.
 */
#ifndef PHOTON_SETTINGS_H
#define PHOTON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting {
    SETTING_DATA_DIR,
    SETTING_CREATE_STORE,
    SETTING_LISTEN,
    SETTING_INSECURE_PLAINTEXT,
    SETTING_PORT_FILE,
    SETTING_KEEPALIVE_TIME,
    SETTING_CALLS_PER_CONNECTION,
    SETTING_TLS_CERT,
    SETTING_TLS_KEY,
    SETTING_TLS_CLIENT_CA,
    SETTING_INSECURE_ANONYMOUS_CLIENTS,
    SETTING_EVENT_BYTES_MAX,
    SETTING_BATCH_BYTES_MAX,
    SETTING_BATCH_EVENTS_MAX,
    SETTING_SUBSCRIPTIONS_MAX,
    SETTING_SESSIONS_MAX,
    SETTING_QUEUE_BYTES,
    SETTING_BEAT_TIME,
    SETTING_NAME_OWNERS,
    SETTING_ADMIN_SOCKET,
    SETTING_ADMIN_NAMES,
    SETTING_TAIL_BYTES,
    SETTING_HEADS_BYTES,
    SETTING_RECENT_IDS,
    SETTING_CACHE_BYTES,
    SETTING_WRITE_BUFFER_BYTES,
    SETTING_FILE_BYTES,
    SETTING_BALLAST_BYTES,
    SETTING_NETWORK_THREADS,
    SETTING_READER_THREADS,
    SETTING_METRICS_LISTEN,
    SETTING_INSECURE_METRICS,
    SETTING_LOG_LEVEL,
    SETTING_LOG_FORMAT,
    SETTING_DRAIN_TIME,
    SETTING_COUNT,
    SETTING_NONE = -1
};

enum setting_kind {
    SETTING_KIND_PATH, /* a file or directory; in a file relative to that file, else to the working
                          directory */
    SETTING_KIND_LIST, /* texts with commas between; given again, it adds */
    SETTING_KIND_NUMBER, /* a count */
    SETTING_KIND_SIZE,   /* bytes, with B, KiB, MiB or GiB */
    SETTING_KIND_TIME,   /* milliseconds, with ms, s, min or h */
    SETTING_KIND_CHOICE, /* one of the words; its number is the word's place */
    SETTING_KIND_SWITCH  /* yes or no; the flag alone means yes */
};

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

struct setting_def {
    const char *name;
    enum setting_kind kind;
    const char *fallback; /* as somebody would write it; "" = none */
    int64_t min, max;     /* numbers, sizes and times */
    const char *choices;  /* "error|warning|info|debug" */
    bool reloadable;      /* by SIGHUP */
    const char *group;    /* a heading, given where a group begins */
    const char *help;     /* sentences */
};
const struct setting_def *setting_def(enum setting setting);

struct setting_value {
    char *text;     /* never NULL after settings_init */
    int64_t number; /* what the text means; paths and lists: 0 */
    enum setting_origin origin;
    char *where; /* "photond.conf:12", "PHOTOND_LISTEN", "--listen"; NULL: default */
};
struct settings {
    struct setting_value value[SETTING_COUNT];
};

/* All defaults. false: no memory. */
bool settings_init(struct settings *settings);
void settings_fini(struct settings *settings);

/* Give a value. true: taken, or left because a stronger origin has spoken (it is checked all the
 * same). false: *fault is a sentence without its place, to be freed, or NULL for no memory. */
bool settings_set(struct settings *settings, enum setting setting, const char *text,
                  enum setting_origin origin, const char *where, char **fault);

int64_t settings_number(const struct settings *settings, enum setting setting);
bool settings_switch(const struct settings *settings, enum setting setting);
/* NULL: nothing is set. */
const char *settings_text(const struct settings *settings, enum setting setting);
/* The place that gave the value: "photond.conf:12", "default". */
const char *settings_where(const struct settings *settings, enum setting setting);

/* SETTING_NONE: there is no such name. */
enum setting settings_find(const char *name);
/* "DRAIN_TIME" behind PHOTOND_; out has room for SETTING_NAME_MAX. */
enum { SETTING_NAME_MAX = 48 };
void settings_env_name(enum setting setting, char out[SETTING_NAME_MAX]);
/* "a size from 1 KiB to 4 MiB, such as 1 MiB", "error, warning, info or debug". */
void settings_range(enum setting setting, char *out, size_t size);

#endif
