/*
 * settings.c - the table, and what a value may be.
 *
 * A new setting is one line in the enumeration, one here, and its use. Nothing else names it.
 */
#include "store/settings.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/quantity.h"

#define KIB    1024LL
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define SECOND 1000LL

/* No setting may be called `port`, `service-…` or `port-<number>-…`: Kubernetes sets PHOTOND_PORT
 * and the like by itself for a service of that name. */
static const struct setting_def TABLE[SETTING_COUNT] = {
    [SETTING_DATA_DIR] = {"data-dir", SETTING_KIND_PATH, "photond-data", 0, 0, NULL, false,
                          "The store",
                          "Directory of the store. One photond works on it at a time."},
    [SETTING_CREATE_STORE] = {"create-store", SETTING_KIND_SWITCH, "yes", 0, 0, NULL, false, NULL,
                              "Make the store if the directory is missing or empty. Say no where "
                              "an empty directory means that a disk is not mounted."},

    [SETTING_LISTEN] =
        {"listen", SETTING_KIND_LIST, "127.0.0.1:10566", 0, 0, NULL, false, "Listening",
         "Addresses to listen on, with commas between, or given several times: "
         "host:port, [v6]:port, unix:/path. Port 0: any free one. Any address that is not "
         "loopback needs TLS. A unix socket is plain text, guarded by its permissions."},
    [SETTING_INSECURE_PLAINTEXT] = {"insecure-plaintext", SETTING_KIND_SWITCH, "no", 0, 0, NULL,
                                    false, NULL,
                                    "Serve plain text on addresses that are not loopback: "
                                    "anybody on the way reads and changes everything."},
    [SETTING_PORT_FILE] = {"port-file", SETTING_KIND_PATH, "", 0, 0, NULL, false, NULL,
                           "Once ready, write the addresses actually bound to this file, a line "
                           "each; removed at the end."},
    [SETTING_KEEPALIVE_TIME] = {"keepalive-time", SETTING_KIND_TIME, "30 s", 0, 3600 * SECOND, NULL,
                                false, NULL,
                                "Ping a silent client this often, and drop it when it does not "
                                "answer. 0: never."},
    [SETTING_CALLS_PER_CONNECTION] = {"calls-per-connection", SETTING_KIND_NUMBER, "1000", 1,
                                      100000, NULL, false, NULL,
                                      "Calls that one connection may have open at a time."},

    [SETTING_TLS_CERT] = {"tls-cert", SETTING_KIND_PATH, "", 0, 0, NULL, false, "TLS",
                          "The server's certificate (PEM, intermediates after it). With it, all "
                          "listeners but unix sockets speak TLS. SIGHUP reads the file again."},
    [SETTING_TLS_KEY] = {"tls-key", SETTING_KIND_PATH, "", 0, 0, NULL, false, NULL,
                         "Its private key (PEM); nobody but its owner, and its group for "
                         "reading, may have access."},
    [SETTING_TLS_CLIENT_CA] = {"tls-client-ca", SETTING_KIND_PATH, "", 0, 0, NULL, false, NULL,
                               "The authorities (PEM) whose client certificates are accepted. "
                               "Clients must show one."},
    [SETTING_INSECURE_ANONYMOUS_CLIENTS] = {"insecure-anonymous-clients", SETTING_KIND_SWITCH, "no",
                                            0, 0, NULL, false, NULL,
                                            "Accept clients that show no certificate: anybody who "
                                            "reaches the port reads and writes everything."},

    [SETTING_EVENT_BYTES_MAX] = {"event-bytes-max", SETTING_KIND_SIZE, "1 MiB", 1 * KIB, 4 * MIB,
                                 NULL, false, "Limits", "The largest event, as encoded."},
    [SETTING_BATCH_BYTES_MAX] = {"batch-bytes-max", SETTING_KIND_SIZE, "4 MiB", 1 * KIB, 6 * MIB,
                                 NULL, false, NULL,
                                 "The largest batch; at least the largest event."},
    [SETTING_BATCH_EVENTS_MAX] = {"batch-events-max", SETTING_KIND_NUMBER, "1000", 1, 10000, NULL,
                                  false, NULL, "Events in a batch."},
    [SETTING_SUBSCRIPTIONS_MAX] = {"subscriptions-max", SETTING_KIND_NUMBER, "10000", 1, 1000000,
                                   NULL, false, NULL,
                                   "Subscriptions open at a time; more are answered \"busy\"."},
    [SETTING_SESSIONS_MAX] = {"sessions-max", SETTING_KIND_NUMBER, "1024", 1, 100000, NULL, false,
                              NULL,
                              "Sessions of services open at a time; more are answered \"busy\"."},
    [SETTING_QUEUE_BYTES] = {"queue-bytes", SETTING_KIND_SIZE, "32 MiB", 8 * MIB, 4 * GIB, NULL,
                             false, NULL,
                             "Emits that wait to be committed; beyond it single emits are "
                             "answered \"busy\" and pipelined ones are not read."},

    [SETTING_BEAT_TIME] = {"beat-time", SETTING_KIND_TIME, "5 s", 20, 600 * SECOND, NULL, false,
                           "Services",
                           "How often sessions show that they live. One that is silent for twice "
                           "as long is over, and what was asked of it has failed."},
    [SETTING_NAME_OWNERS] = {"name-owners", SETTING_KIND_LIST, "", 0, 0, NULL, false, NULL,
                             "Who may serve a name: name=identity, with commas between, or given "
                             "several times; the identity is that of a client certificate. A name "
                             "that is not listed belongs to whoever serves it first, for as long "
                             "as it does."},

    [SETTING_ADMIN_SOCKET] = {"admin-socket", SETTING_KIND_PATH, "", 0, 0, NULL, false,
                              "Administration",
                              "The unix socket by which photond is administered, for its own user "
                              "alone. Its directory must not be writable by others. Not set: "
                              "admin.sock in data-dir."},
    [SETTING_ADMIN_NAMES] = {"admin-names", SETTING_KIND_LIST, "", 0, 0, NULL, true, NULL,
                             "Who else may administer it: identities of client certificates, with "
                             "commas between, or given several times."},

    [SETTING_TAIL_BYTES] = {"tail-bytes", SETTING_KIND_SIZE, "16 MiB", 1 * MIB, 16 * GIB, NULL,
                            false, "Memory and threads",
                            "Newest events kept in memory for subscribers that keep up."},
    [SETTING_HEADS_BYTES] =
        {"heads-bytes", SETTING_KIND_SIZE, "96 MiB", 1 * MIB, 16 * GIB, NULL, false, NULL,
         "Cache of where streams end: some 100 bytes a stream, of as many as there are."},
    [SETTING_RECENT_IDS] = {"recent-ids", SETTING_KIND_NUMBER, "65536", 1024, 16777216, NULL, false,
                            NULL, "Newest event ids kept in memory."},
    [SETTING_CACHE_BYTES] =
        {"cache-bytes", SETTING_KIND_SIZE, "64 MiB", 1 * MIB, 256 * GIB, NULL, false, NULL,
         "Cache of what was read from the disk: half for records, half for the index."},
    [SETTING_WRITE_BUFFER_BYTES] = {"write-buffer-bytes", SETTING_KIND_SIZE, "32 MiB", 1 * MIB,
                                    1 * GIB, NULL, false, NULL,
                                    "Newest writes sorted in memory. More: fewer compactions, "
                                    "slower opening after a crash."},
    [SETTING_FILE_BYTES] = {"file-bytes", SETTING_KIND_SIZE, "4 MiB", 1 * MIB, 1 * GIB, NULL, false,
                            NULL, "Size of the store's files."},
    [SETTING_BALLAST_BYTES] = {"ballast-bytes", SETTING_KIND_SIZE, "16 MiB", 1 * MIB, 16 * GIB,
                               NULL, false, NULL,
                               "Space kept in a file and given up when the disk is full, so that "
                               "the store can recover by itself."},
    [SETTING_NETWORK_THREADS] = {"network-threads", SETTING_KIND_NUMBER, "1", 1, 64, NULL, false,
                                 NULL, "Threads for the network: one for each two cores."},
    [SETTING_READER_THREADS] = {"reader-threads", SETTING_KIND_NUMBER, "2", 1, 64, NULL, false,
                                NULL, "Threads that read the disk for subscribers."},

    [SETTING_METRICS_LISTEN] =
        {"metrics-listen", SETTING_KIND_LIST, "", 0, 0, NULL, false, "Monitoring",
         "Address of /metrics, /healthz and /readyz, over plain HTTP: host:port or [v6]:port. "
         "Port 0: any free one, which the log names. Nothing: they are not served."},
    [SETTING_INSECURE_METRICS] = {"insecure-metrics", SETTING_KIND_SWITCH, "no", 0, 0, NULL, false,
                                  NULL,
                                  "Serve them on an address that is not loopback: anybody who "
                                  "reaches it sees how much photond does, and nothing of what "
                                  "it stores."},

    [SETTING_LOG_LEVEL] = {"log-level", SETTING_KIND_CHOICE, "info", 0, 0,
                           "error|warning|info|debug", true, "Running",
                           "What is logged: this level and the graver ones."},
    [SETTING_LOG_FORMAT] = {"log-format", SETTING_KIND_CHOICE, "auto", 0, 0, "auto|text|json",
                            false, NULL,
                            "Logs go to standard error. auto: text on a terminal, else a JSON "
                            "object a line."},
    [SETTING_DRAIN_TIME] = {"drain-time", SETTING_KIND_TIME, "10 s", 0, 600 * SECOND, NULL, true,
                            NULL,
                            "After SIGTERM or SIGINT, how long calls may go on before they are "
                            "cancelled. A second signal ends them at once."},
};

const struct setting_def *setting_def(enum setting setting)
{
    assert(setting >= 0 && setting < SETTING_COUNT);
    return &TABLE[setting];
}

static char *printed(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *printed(const char *format, ...)
{
    char *s;
    va_list args;
    va_start(args, format);
    int rc = vasprintf(&s, format, args);
    va_end(args);
    return rc < 0 ? NULL : s;
}

/* The place of a word among "a|b|c"; -1: it is not there. */
static int64_t choice_place(const char *choices, const char *word)
{
    size_t len = strlen(word);
    for (int64_t place = 0;; place++) {
        size_t n = strcspn(choices, "|");
        if (n == len && memcmp(choices, word, len) == 0)
            return place;
        if (choices[n] == '\0')
            return -1;
        choices += n + 1;
    }
}

static const char *const YES[] = {"yes", "true", "on", "1"};
static const char *const NO[] = {"no", "false", "off", "0"};

static bool parse_switch(const char *text, int64_t *number)
{
    for (size_t i = 0; i < sizeof YES / sizeof YES[0]; i++) {
        if (strcmp(text, YES[i]) == 0 || strcmp(text, NO[i]) == 0) {
            *number = strcmp(text, YES[i]) == 0;
            return true;
        }
    }
    return false;
}

/* What the text means; false: not a value of this setting. */
static bool parse(const struct setting_def *def, const char *text, int64_t *number)
{
    *number = 0;
    switch (def->kind) {
    case SETTING_KIND_PATH:
        return true;
    case SETTING_KIND_LIST:
        return text[0] != '\0';
    case SETTING_KIND_CHOICE:
        *number = choice_place(def->choices, text);
        return *number >= 0;
    case SETTING_KIND_SWITCH:
        return parse_switch(text, number);
    case SETTING_KIND_NUMBER:
        return quantity_parse(text, QUANTITY_COUNT, number) && *number >= def->min &&
               *number <= def->max;
    case SETTING_KIND_SIZE:
        return quantity_parse(text, QUANTITY_BYTES, number) && *number >= def->min &&
               *number <= def->max;
    case SETTING_KIND_TIME:
        return quantity_parse(text, QUANTITY_MS, number) && *number >= def->min &&
               *number <= def->max;
    }
    return false;
}

static void value_clear(struct setting_value *value)
{
    free(value->text);
    free(value->where);
    *value = (struct setting_value){0};
}

bool settings_init(struct settings *settings)
{
    *settings = (struct settings){0};
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct setting_value *value = &settings->value[i];
        bool fits = parse(&TABLE[i], TABLE[i].fallback, &value->number);
        assert(fits || TABLE[i].fallback[0] == '\0'); /* a list of nothing */
        value->text = strdup(TABLE[i].fallback);
        if (!value->text) {
            settings_fini(settings);
            return false;
        }
    }
    return true;
}

void settings_fini(struct settings *settings)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        value_clear(&settings->value[i]);
}

bool settings_set(struct settings *settings, enum setting setting, const char *text,
                  enum setting_origin origin, const char *where, char **fault)
{
    const struct setting_def *def = setting_def(setting);
    struct setting_value *value = &settings->value[setting];
    struct setting_value new = {.origin = origin};
    *fault = NULL;
    if (!parse(def, text, &new.number)) {
        char range[160];
        settings_range(setting, range, sizeof range);
        *fault = printed("%s: \"%s\" is not %s", def->name, text, range);
        return false;
    }
    if (origin < value->origin)
        return true;
    bool adds = def->kind == SETTING_KIND_LIST && origin == value->origin;
    new.text = adds ? printed("%s,%s", value->text, text) : strdup(text);
    new.where = strdup(where);
    if (!new.text || !new.where) {
        value_clear(&new);
        return false;
    }
    value_clear(value);
    *value = new;
    return true;
}

int64_t settings_number(const struct settings *settings, enum setting setting)
{
    assert(TABLE[setting].kind != SETTING_KIND_PATH && TABLE[setting].kind != SETTING_KIND_LIST);
    return settings->value[setting].number;
}

bool settings_switch(const struct settings *settings, enum setting setting)
{
    assert(TABLE[setting].kind == SETTING_KIND_SWITCH);
    return settings->value[setting].number != 0;
}

const char *settings_text(const struct settings *settings, enum setting setting)
{
    const char *text = settings->value[setting].text;
    return text[0] ? text : NULL;
}

const char *settings_where(const struct settings *settings, enum setting setting)
{
    const char *where = settings->value[setting].where;
    return where ? where : "default";
}

enum setting settings_find(const char *name)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(TABLE[i].name, name) == 0)
            return (enum setting)i;
    }
    return SETTING_NONE;
}

void settings_env_name(enum setting setting, char out[SETTING_NAME_MAX])
{
    const char *name = setting_def(setting)->name;
    size_t len = strlen(name);
    assert(len < SETTING_NAME_MAX);
    for (size_t i = 0; i <= len; i++)
        out[i] = (char)(name[i] == '-' ? '_' : name[i] >= 'a' ? name[i] - 'a' + 'A' : name[i]);
}

static void range_of_choices(const char *choices, char *out, size_t size)
{
    size_t used = 0;
    while (used < size) {
        size_t n = strcspn(choices, "|");
        bool end = choices[n] == '\0';
        const char *rest = end ? NULL : choices + n + 1;
        const char *glue = end ? "" : strchr(rest, '|') ? ", " : " or ";
        int wrote = snprintf(out + used, size - used, "%.*s%s", (int)n, choices, glue);
        if (end || wrote < 0)
            return;
        used += (size_t)wrote;
        choices = rest;
    }
}

void settings_range(enum setting setting, char *out, size_t size)
{
    const struct setting_def *def = setting_def(setting);
    char min[QUANTITY_TEXT_MAX], max[QUANTITY_TEXT_MAX];
    enum quantity unit = def->kind == SETTING_KIND_SIZE   ? QUANTITY_BYTES
                         : def->kind == SETTING_KIND_TIME ? QUANTITY_MS
                                                          : QUANTITY_COUNT;
    switch (def->kind) {
    case SETTING_KIND_PATH:
        snprintf(out, size, "a path");
        return;
    case SETTING_KIND_LIST:
        snprintf(out, size, "a list with commas between");
        return;
    case SETTING_KIND_SWITCH:
        snprintf(out, size, "yes or no");
        return;
    case SETTING_KIND_CHOICE:
        range_of_choices(def->choices, out, size);
        return;
    case SETTING_KIND_NUMBER:
    case SETTING_KIND_SIZE:
    case SETTING_KIND_TIME:
        break;
    }
    snprintf(out, size, "a %s from %s to %s, such as %s",
             unit == QUANTITY_BYTES ? "size"
             : unit == QUANTITY_MS  ? "time"
                                    : "number",
             quantity_print(def->min, unit, min), quantity_print(def->max, unit, max),
             def->fallback);
}
