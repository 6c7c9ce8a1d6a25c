/*
 * config.c - see config.h. Debian's inih gives no line numbers to its handler, so the reader that
 * feeds it counts them.
 */
#include "store/config.h"

#include <errno.h>
#include <ini.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "bus/owners.h"
#include "store/address.h"
#include "store/admins.h"
#include "store/nearest.h"
#include "store/service.h"

enum { LINE_BYTES_MAX = 4096 };

struct file {
    struct settings *settings;
    const char *path;
    char *dir;
    FILE *in, *faults;
    unsigned line, faults_len;
    unsigned seen[SETTING_COUNT]; /* the line; 0: not seen */
};

/* ---- faults ---- */
static void say_unknown(FILE *faults, const char *place, const char *name)
{
    const char *names[SETTING_COUNT];
    for (int i = 0; i < SETTING_COUNT; i++)
        names[i] = setting_def((enum setting)i)->name;
    const char *guess = nearest(name, names, SETTING_COUNT);
    fprintf(faults, "%s: there is no setting \"%s\"; ", place, name);
    if (guess)
        fprintf(faults, "did you mean %s?\n", guess);
    else
        fprintf(faults, "photond config shows those there are\n");
}

/* Set one value; returns the number of faults. */
static unsigned set(struct settings *settings, enum setting setting, const char *text,
                    enum setting_origin origin, const char *place, FILE *faults)
{
    char *fault;
    if (settings_set(settings, setting, text, origin, place, &fault))
        return 0;
    fprintf(faults, "%s: %s\n", place, fault ? fault : "no memory");
    free(fault);
    return 1;
}

/* ---- the file ---- */
static char *read_line(char *line, int size, void *arg)
{
    struct file *file = arg;
    if (!fgets(line, size, file->in))
        return NULL;
    file->line++;
    size_t len = strlen(line);
    if (len + 1 == (size_t)size && line[len - 1] != '\n') {
        fprintf(file->faults, "%s:%u: the line is longer than %d bytes\n", file->path, file->line,
                size - 1);
        file->faults_len++;
        for (int c = getc(file->in); c != EOF && c != '\n';)
            c = getc(file->in);
        line[0] = '\0';
    }
    return line;
}

/* A relative path means: beside the file, wherever photond is started. NULL: no memory. */
static char *resolved(const struct file *file, enum setting setting, const char *value)
{
    char *path;
    bool relative = setting_def(setting)->kind == SETTING_KIND_PATH && value[0] && value[0] != '/';
    if (!relative || strcmp(file->dir, ".") == 0)
        return strdup(value);
    return asprintf(&path, "%s/%s", file->dir, value) < 0 ? NULL : path;
}

static unsigned take_line(struct file *file, const char *section, const char *name,
                          const char *value, const char *place)
{
    if (section[0]) {
        fprintf(file->faults, "%s: settings have no sections; remove the line [%s]\n", place,
                section);
        return 1;
    }
    enum setting setting = settings_find(name);
    if (setting == SETTING_NONE) {
        say_unknown(file->faults, place, name);
        return 1;
    }
    if (file->seen[setting] && setting_def(setting)->kind != SETTING_KIND_LIST) {
        fprintf(file->faults, "%s: %s is set in line %u already; keep one of them\n", place, name,
                file->seen[setting]);
        return 1;
    }
    file->seen[setting] = file->line;
    char *text = resolved(file, setting, value);
    unsigned faults =
        text ? set(file->settings, setting, text, ORIGIN_FILE, place, file->faults) : 1;
    free(text);
    return faults;
}

static int on_line(void *arg, const char *section, const char *name, const char *value)
{
    struct file *file = arg;
    char *place;
    if (asprintf(&place, "%s:%u", file->path, file->line) < 0)
        return 0;
    file->faults_len += take_line(file, section, name, value, place);
    free(place);
    return 1;
}

static void parse(struct file *file)
{
    ini_use_stack = false;
    ini_max_line = LINE_BYTES_MAX;
    ini_initial_alloc = LINE_BYTES_MAX;
    ini_allow_multiline = false;
    int rc = ini_parse_stream(read_line, file, on_line, file);
    if (rc > 0) {
        fprintf(file->faults, "%s:%d: neither `name = value` nor a comment\n", file->path, rc);
        file->faults_len++;
    }
    if (rc < 0 || ferror(file->in)) {
        fprintf(file->faults, "%s: cannot be read: %s\n", file->path,
                rc < 0 ? "no memory" : strerror(errno));
        file->faults_len++;
    }
}

unsigned config_read_file(struct settings *settings, const char *path, FILE *faults)
{
    struct file file = {.settings = settings, .path = path, .faults = faults};
    char *copy = strdup(path);
    file.in = copy ? fopen(path, "re") : NULL;
    if (!file.in) {
        fprintf(faults, "%s: cannot be read: %s\n", path, strerror(errno));
        free(copy);
        return 1;
    }
    file.dir = dirname(copy);
    parse(&file);
    fclose(file.in);
    free(copy);
    return file.faults_len;
}

/* ---- the environment ---- */
static const char PREFIX[] = "PHOTOND_";

static void warn_if_near(const char *name, FILE *faults)
{
    char upper[SETTING_COUNT][SETTING_NAME_MAX];
    const char *names[SETTING_COUNT];
    for (int i = 0; i < SETTING_COUNT; i++) {
        settings_env_name((enum setting)i, upper[i]);
        names[i] = upper[i];
    }
    const char *guess = nearest(name, names, SETTING_COUNT);
    if (guess)
        fprintf(faults, "%s%s is not a setting and is ignored; did you mean %s%s?\n", PREFIX, name,
                PREFIX, guess);
}

static unsigned take_variable(struct settings *settings, const char *name, const char *value,
                              FILE *faults)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        char upper[SETTING_NAME_MAX], place[sizeof PREFIX + SETTING_NAME_MAX];
        settings_env_name((enum setting)i, upper);
        if (strcmp(upper, name) != 0)
            continue;
        snprintf(place, sizeof place, "%s%s", PREFIX, upper);
        return set(settings, (enum setting)i, value, ORIGIN_ENVIRONMENT, place, faults);
    }
    if (strcmp(name, "CONFIG") != 0) /* options.c's */
        warn_if_near(name, faults);
    return 0;
}

unsigned config_read_environment(struct settings *settings, char *const *environment, FILE *faults)
{
    unsigned faults_len = 0;
    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (!equals || strncmp(*environment, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        char *name = strndup(*environment + sizeof PREFIX - 1,
                             (size_t)(equals - *environment) - (sizeof PREFIX - 1));
        faults_len += name ? take_variable(settings, name, equals + 1, faults) : 1;
        free(name);
    }
    return faults_len;
}

/* ---- the rules ---- */
static unsigned check_tls(const struct settings *settings, FILE *faults)
{
    const char *cert = settings_text(settings, SETTING_TLS_CERT);
    const char *key = settings_text(settings, SETTING_TLS_KEY);
    const char *ca = settings_text(settings, SETTING_TLS_CLIENT_CA);
    bool anonymous = settings_switch(settings, SETTING_INSECURE_ANONYMOUS_CLIENTS);
    unsigned n = 0;
    if (!cert != !key) {
        fprintf(faults, "%s is set (%s) without %s: give both or none\n",
                cert ? "tls-cert" : "tls-key",
                settings_where(settings, cert ? SETTING_TLS_CERT : SETTING_TLS_KEY),
                cert ? "tls-key" : "tls-cert");
        n++;
    }
    if (cert && !ca && !anonymous) {
        fprintf(faults,
                "tls-cert is set (%s) without tls-client-ca, so that no client could come in: name "
                "the authorities of the clients' certificates (photond init makes one), or accept "
                "anybody with --insecure-anonymous-clients\n",
                settings_where(settings, SETTING_TLS_CERT));
        n++;
    }
    if (ca && !cert) {
        fprintf(faults, "tls-client-ca is set (%s) without tls-cert and tls-key: give them too\n",
                settings_where(settings, SETTING_TLS_CLIENT_CA));
        n++;
    }
    return n;
}

static unsigned check_listen(const struct settings *settings, FILE *faults)
{
    struct address address[SERVICE_LISTENERS_MAX];
    char *fault;
    const char *where = settings_where(settings, SETTING_LISTEN);
    size_t len = address_list(settings_text(settings, SETTING_LISTEN), address,
                              SERVICE_LISTENERS_MAX, &fault);
    if (len == 0) {
        fprintf(faults, "%s: listen: %s\n", where, fault ? fault : "no memory");
        free(fault);
        return 1;
    }
    unsigned n = 0;
    bool plain_is_fine = settings_text(settings, SETTING_TLS_CERT) ||
                         settings_switch(settings, SETTING_INSECURE_PLAINTEXT);
    for (size_t i = 0; i < len; i++) {
        if (plain_is_fine || address[i].is_unix || address[i].is_loopback)
            continue;
        fprintf(faults,
                "%s: listen: %s can be reached from outside and there is no TLS: set tls-cert, "
                "tls-key and tls-client-ca (photond init DIR makes them), or serve plain text to "
                "anybody with --insecure-plaintext\n",
                where, address[i].text);
        n++;
    }
    return n;
}

static unsigned check_metrics(const struct settings *settings, FILE *faults)
{
    struct address address;
    char *fault = NULL;
    const char *text = settings_text(settings, SETTING_METRICS_LISTEN);
    const char *where = settings_where(settings, SETTING_METRICS_LISTEN);
    if (!text)
        return 0;
    if (address_list(text, &address, 1, &fault) == 0)
        fprintf(faults, "%s: metrics-listen: %s\n", where, fault ? fault : "no memory");
    else if (address.is_unix)
        fprintf(faults, "%s: metrics-listen: %s is a unix socket: write host:port or [v6]:port\n",
                where, address.text);
    else if (!address.is_loopback && !settings_switch(settings, SETTING_INSECURE_METRICS))
        fprintf(faults,
                "%s: metrics-listen: %s can be reached from outside, without TLS and by anybody: "
                "listen on 127.0.0.1, or say that this is meant with --insecure-metrics\n",
                where, address.text);
    else
        return 0;
    free(fault);
    return 1;
}

static unsigned check_owners(const struct settings *settings, FILE *faults)
{
    const char *fault = owners_fault(settings_text(settings, SETTING_NAME_OWNERS));
    if (!fault)
        return 0;
    fprintf(faults, "%s: name-owners: the list %s\n", settings_where(settings, SETTING_NAME_OWNERS),
            fault);
    return 1;
}

static unsigned check_admins(const struct settings *settings, FILE *faults)
{
    const char *names = settings_text(settings, SETTING_ADMIN_NAMES);
    const char *fault = admins_fault(names);
    const char *where = settings_where(settings, SETTING_ADMIN_NAMES);
    if (fault)
        fprintf(faults, "%s: admin-names: the list %s\n", where, fault);
    else if (names && !settings_text(settings, SETTING_TLS_CLIENT_CA))
        fprintf(faults,
                "admin-names is set (%s) without tls-client-ca, so that no certificate could be "
                "trusted: name the authorities of the clients' certificates, or use the admin "
                "socket\n",
                where);
    else
        return 0;
    return 1;
}

unsigned config_check(const struct settings *settings, FILE *faults)
{
    unsigned n = check_tls(settings, faults) + check_listen(settings, faults) +
                 check_owners(settings, faults) + check_admins(settings, faults) +
                 check_metrics(settings, faults);
    if (settings_number(settings, SETTING_EVENT_BYTES_MAX) >
        settings_number(settings, SETTING_BATCH_BYTES_MAX)) {
        fprintf(faults,
                "event-bytes-max (%s) is larger than batch-bytes-max (%s): no batch could hold "
                "such an event; make the batch as large\n",
                settings_where(settings, SETTING_EVENT_BYTES_MAX),
                settings_where(settings, SETTING_BATCH_BYTES_MAX));
        n++;
    }
    return n;
}
