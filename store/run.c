/*
 * run.c - see run.h.
 *
 * The main thread opens everything and then only waits for signals. The first SIGTERM or SIGINT starts a thread that drains, so that a second
 * one is heard while it does. What is wrong before the log runs is printed; afterwards it is a log line with the exit code in it.
 */
#include "store/run.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/address.h"
#include "store/certs.h"
#include "store/describe.h"
#include "store/durable.h"
#include "store/files.h"
#include "store/logline.h"
#include "store/scrape.h"
#include "store/service.h"
#include "store/signals.h"
#include "store/supervisor.h"
#include "wire/tls.h"

enum { KEPT_EACH_BYTES = 1 << 20, KEPT_BYTES = 4 << 20 };

struct run {
    const struct options *options;
    struct settings settings;
    struct tls_server *tls; /* NULL: plain text */
    struct service *service;
    struct address address[SERVICE_LISTENERS_MAX];
    struct service_listener listener[SERVICE_LISTENERS_MAX];
    size_t listeners;
    struct scrape *scrape; /* NULL: nobody is told */
    char *admin_socket;
    int64_t drain_ms; /* as it was when draining began */
};

/* ---- what can be checked before anything is opened ---- */
static enum exit_code open_tls(const struct settings *settings, struct tls_server **tls)
{
    struct error error = {0};
    const char *cert = settings_text(settings, SETTING_TLS_CERT);
    const char *key = settings_text(settings, SETTING_TLS_KEY);
    const char *ca = settings_text(settings, SETTING_TLS_CLIENT_CA);
    bool anonymous = settings_switch(settings, SETTING_INSECURE_ANONYMOUS_CLIENTS);
    *tls = NULL;
    if (!cert)
        return EXIT_CODE_OK;
    enum tls_client_auth auth = !anonymous ? TLS_CLIENT_REQUIRED
                                : ca       ? TLS_CLIENT_OPTIONAL
                                           : TLS_CLIENT_NONE;
    *tls = tls_server_open(cert, key, ca, auth, &error);
    if (*tls)
        return EXIT_CODE_OK;
    fprintf(stderr, "photond: %s\n", error.message);
    return EXIT_CODE_CERTS;
}

enum exit_code run_check(const struct options *options)
{
    struct settings settings;
    struct tls_server *tls = NULL;
    enum exit_code code = options_load(options, &settings);
    if (code == EXIT_CODE_OK)
        code = open_tls(&settings, &tls);
    if (code == EXIT_CODE_OK)
        printf("The settings%s are good.\n", tls ? " and the certificates" : "");
    tls_server_free(tls);
    settings_fini(&settings);
    return code;
}

/* ---- opening ---- */
static void prepare_listeners(struct run *run)
{
    char *fault = NULL;
    run->listeners = address_list(settings_text(&run->settings, SETTING_LISTEN), run->address,
                                  SERVICE_LISTENERS_MAX, &fault);
    free(fault); /* config_check has seen the list */
    for (size_t i = 0; i < run->listeners; i++) {
        run->listener[i].address = run->address[i].text;
        run->listener[i].tls = run->address[i].is_unix ? NULL : run->tls;
    }
}

/* Where it was told to be, else in the store's directory. false: no memory. */
static bool prepare_admin_socket(struct run *run)
{
    const char *path = settings_text(&run->settings, SETTING_ADMIN_SOCKET);
    if (path)
        run->admin_socket = strdup(path);
    else if (asprintf(&run->admin_socket, "%s/admin.sock",
                      settings_text(&run->settings, SETTING_DATA_DIR)) < 0)
        run->admin_socket = NULL;
    return run->admin_socket;
}

static struct service_options service_options(const struct run *run)
{
    const struct settings *s = &run->settings;
    return (struct service_options){
        .data_dir = settings_text(s, SETTING_DATA_DIR),
        .create = settings_switch(s, SETTING_CREATE_STORE),
        .listeners = run->listener,
        .listeners_len = run->listeners,
        .limits = {.event_bytes = (uint64_t)settings_number(s, SETTING_EVENT_BYTES_MAX),
                   .batch_bytes = (uint64_t)settings_number(s, SETTING_BATCH_BYTES_MAX),
                   .batch_events = (uint32_t)settings_number(s, SETTING_BATCH_EVENTS_MAX),
                   .name_bytes = NAME_BYTES_MAX},
        .pollers = (unsigned)settings_number(s, SETTING_NETWORK_THREADS),
        .readers = (unsigned)settings_number(s, SETTING_READER_THREADS),
        .write_buffer_bytes = (size_t)settings_number(s, SETTING_WRITE_BUFFER_BYTES),
        .file_bytes = (size_t)settings_number(s, SETTING_FILE_BYTES),
        .cache_bytes = (size_t)settings_number(s, SETTING_CACHE_BYTES),
        .ballast_bytes = (size_t)settings_number(s, SETTING_BALLAST_BYTES),
        .tail_bytes = (size_t)settings_number(s, SETTING_TAIL_BYTES),
        .heads_bytes = (size_t)settings_number(s, SETTING_HEADS_BYTES),
        .recent_ids = (size_t)settings_number(s, SETTING_RECENT_IDS),
        .queue_bytes = (size_t)settings_number(s, SETTING_QUEUE_BYTES),
        .subscriptions = (size_t)settings_number(s, SETTING_SUBSCRIPTIONS_MAX),
        .sessions = (size_t)settings_number(s, SETTING_SESSIONS_MAX),
        .beat_ms = (uint32_t)settings_number(s, SETTING_BEAT_TIME),
        .name_owners = settings_text(s, SETTING_NAME_OWNERS),
        .admin_socket = run->admin_socket,
        .admin_socket_required = settings_text(s, SETTING_ADMIN_SOCKET),
        .admin_names = settings_text(s, SETTING_ADMIN_NAMES),
        .keepalive_ms = (int32_t)settings_number(s, SETTING_KEEPALIVE_TIME),
        .calls_per_connection = (uint32_t)settings_number(s, SETTING_CALLS_PER_CONNECTION),
        .alive_ms = supervisor_alive_ms(),
        .alive = supervisor_alive,
    };
}

static enum exit_code end_badly(enum exit_code code, const char *what, const char *reason)
{
    logline_with(LOGLINE_ERROR, what, logline_text("reason", reason),
                 logline_text("remedy", exit_code_entry(code)->remedy),
                 logline_int("exit_code", code));
    return code;
}

static enum exit_code refuse(enum exit_code code, const struct error *error)
{
    return end_badly(code, "cannot start", error->message);
}

/* As many files and connections as the system allows: when they run out, gRPC stops accepting for good (hazards 7). */
static uint64_t raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

/* Order ids and times never go back, so what a wrong year gives to one commit it gives to all that follow. */
static bool clock_is_set(struct error *error)
{
    const time_t from = 1577836800, until = 7258118400; /* the beginnings of 2020 and 2200, UTC */
    time_t now = time(NULL);
    if (now >= from && now < until)
        return true;
    error_set(
        error, REASON_STORE_UNAVAILABLE,
        "the system's clock is wrong: it says %lld s since 1970, not a time from 2020 to 2199",
        (long long)now);
    return false;
}

static enum exit_code open_service(struct run *run)
{
    struct error error = {0};
    enum log_fault fault = LOG_OK;
    struct service_options options = service_options(run);
    logline_with(LOGLINE_INFO, "starting", logline_text("version", MUON_BUILD_VERSION),
                 logline_text("data_dir", options.data_dir), logline_int("pid", getpid()),
                 logline_uint("open_files_max", raise_file_limit()));
    if (!clock_is_set(&error))
        return refuse(EXIT_CODE_CLOCK, &error);
    run->service = service_open(&options, &fault, &error);
    if (!run->service)
        return refuse(exit_code_of_fault(fault), &error);
    if (!service_start(run->service, &error))
        return refuse(EXIT_CODE_ADDRESS, &error);
    return EXIT_CODE_OK;
}

/* ---- monitoring ---- */
enum { DISK_WAIT_MS = 250 };

static void give_metrics(void *user, struct metrics *metrics)
{
    service_metrics(user, DISK_WAIT_MS, metrics);
}

static enum reason give_writable(void *user)
{
    return service_writable(user);
}

static enum exit_code open_scrape(struct run *run)
{
    struct error error = {0};
    const char *address = settings_text(&run->settings, SETTING_METRICS_LISTEN);
    const struct scrape_source source = {give_metrics, give_writable, run->service};
    if (!address)
        return EXIT_CODE_OK;
    run->scrape = scrape_open(address, &source, 0, &error);
    return run->scrape ? EXIT_CODE_OK : refuse(EXIT_CODE_ADDRESS, &error);
}

/* "127.0.0.1:10567", with the port that it has in fact; "off". */
static const char *scrape_address(const struct run *run, char out[ADDRESS_TEXT_MAX])
{
    const char *address = settings_text(&run->settings, SETTING_METRICS_LISTEN);
    if (!run->scrape)
        return "off";
    snprintf(out, ADDRESS_TEXT_MAX, "%.*s:%d", (int)(strrchr(address, ':') - address), address,
             scrape_port(run->scrape));
    return out;
}

/* ---- telling that it is ready ---- */
/* All listeners with the ports they have in fact, between them sep; a text to be freed, or NULL. */
static char *bound_addresses(const struct run *run, const char *sep)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    for (size_t i = 0; i < run->listeners; i++) {
        const char *address = run->address[i].text;
        if (run->address[i].is_unix)
            fprintf(out, "%s%s", i ? sep : "", address);
        else
            fprintf(out, "%s%.*s:%d", i ? sep : "", (int)(strrchr(address, ':') - address), address,
                    service_port(run->service, i));
    }
    fclose(out);
    return text;
}

static void warn_of_certificates(const struct settings *settings)
{
    enum { SOON_DAYS = 30 };
    static const enum setting FILES[] = {SETTING_TLS_CERT, SETTING_TLS_CLIENT_CA};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        const char *file = settings_text(settings, FILES[i]);
        int64_t days = file ? certs_days_left(file) : INT64_MAX;
        if (days < SOON_DAYS)
            logline_with(LOGLINE_WARNING, "a certificate ends soon", logline_text("file", file),
                         logline_int("days_left", days));
    }
}

static void warn_of_insecure(const struct settings *settings)
{
    static const enum setting FLAGS[] = {
        SETTING_INSECURE_PLAINTEXT, SETTING_INSECURE_ANONYMOUS_CLIENTS, SETTING_INSECURE_METRICS};
    for (size_t i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++) {
        if (settings_switch(settings, FLAGS[i]))
            logline_with(LOGLINE_WARNING, "insecure",
                         logline_text("setting", setting_def(FLAGS[i])->name),
                         logline_text("set_by", settings_where(settings, FLAGS[i])),
                         logline_text("means", setting_def(FLAGS[i])->help));
    }
}

static enum exit_code write_port_file(const struct run *run)
{
    struct error error = {0};
    const char *path = settings_text(&run->settings, SETTING_PORT_FILE);
    char *lines = path ? bound_addresses(run, "\n") : NULL;
    if (!path)
        return EXIT_CODE_OK;
    size_t len = lines ? strlen(lines) : 0;
    if (lines)
        lines[len] = '\n'; /* in place of the NUL: files_write is given a length */
    bool ok = lines && files_write(path, lines, len + 1, 0644, &error);
    free(lines);
    return ok ? EXIT_CODE_OK : refuse(EXIT_CODE_FAILED, &error);
}

static void say_ready(const struct run *run)
{
    struct service_info info;
    const char *dir = settings_text(&run->settings, SETTING_DATA_DIR);
    char *addresses = bound_addresses(run, ","), metrics[ADDRESS_TEXT_MAX];
    service_info(run->service, &info);
    warn_of_insecure(&run->settings);
    warn_of_certificates(&run->settings);
    logline_with(LOGLINE_INFO, "ready", logline_text("address", addresses),
                 logline_text("tls", run->tls ? "on" : "off"),
                 logline_text("admin_socket", service_admin_socket(run->service)),
                 logline_text("data_dir", dir), logline_text("store_id", info.store_id),
                 logline_uint("incarnation", info.incarnation), logline_uint("format", info.format),
                 logline_uint("head_order_id", info.head_order_id),
                 logline_text("durability", durable_worth(dir)),
                 logline_text("metrics", scrape_address(run, metrics)));
    free(addresses);
    supervisor_ready();
}

/* ---- SIGHUP ---- */
static void apply(struct run *run, struct settings *fresh)
{
    char was[DESCRIBE_VALUE_MAX], now[DESCRIBE_VALUE_MAX];
    unsigned reloaded = 0, left = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        const char *before = describe_value(&run->settings, s, was);
        const char *after = describe_value(fresh, s, now);
        if (strcmp(before, after) == 0)
            continue;
        bool can = setting_def(s)->reloadable;
        logline_with(can ? LOGLINE_INFO : LOGLINE_WARNING,
                     can ? "setting reloaded" : "setting needs a restart",
                     logline_text("setting", setting_def(s)->name), logline_text("was", before),
                     logline_text("file_says", after));
        reloaded += can;
        left += !can;
        if (can) {
            struct setting_value old = run->settings.value[i];
            run->settings.value[i] = fresh->value[i];
            fresh->value[i] = old;
        }
    }
    if (!service_set_admin_names(run->service, settings_text(&run->settings, SETTING_ADMIN_NAMES)))
        logline(LOGLINE_ERROR, "no memory for admin-names: those before stay in force");
    logline_set_level((enum logline_level)settings_number(&run->settings, SETTING_LOG_LEVEL));
    /* Last: who reads it may rely on all of it. A level that has just become quieter leaves it
     * out; that the level has changed was said above. */
    logline_with(LOGLINE_INFO, "settings reloaded", logline_uint("changed", reloaded),
                 logline_uint("need_a_restart", left));
}

static void reload_certificates(struct run *run)
{
    struct error error = {0};
    const struct settings *s = &run->settings;
    if (!run->tls)
        return;
    if (tls_server_reload(run->tls, &error)) {
        logline_with(LOGLINE_INFO, "certificates reloaded",
                     logline_int("days_left", certs_days_left(settings_text(s, SETTING_TLS_CERT))));
        warn_of_certificates(s);
        return;
    }
    logline_with(LOGLINE_ERROR, "certificates not reloaded, the old ones stay in force",
                 logline_text("reason", error.message));
}

static void reload(struct run *run)
{
    struct settings fresh;
    char *text = NULL;
    size_t len = 0;
    FILE *faults = open_memstream(&text, &len);
    if (!faults)
        return;
    supervisor_reloading();
    unsigned n = options_settings(run->options, &fresh, faults);
    fclose(faults);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        logline_with(LOGLINE_ERROR, "settings not reloaded, the old ones stay in force",
                     logline_text("reason", line));
    if (n == 0)
        apply(run, &fresh);
    reload_certificates(run);
    free(text);
    settings_fini(&fresh);
    supervisor_ready();
}

/* ---- the end ---- */
static void *drain(void *arg)
{
    struct run *run = arg;
    bool all = service_stop(run->service, run->drain_ms);
    logline(LOGLINE_INFO, all ? "drained" : "cancelled what was left");
    signals_wake();
    return NULL;
}

static void stop(struct run *run)
{
    pthread_t thread;
    run->drain_ms = settings_number(&run->settings, SETTING_DRAIN_TIME);
    logline_with(LOGLINE_INFO, "stopping", logline_int("drain_ms", run->drain_ms));
    supervisor_stopping(run->drain_ms);
    if (pthread_create(&thread, NULL, drain, run) != 0) {
        service_stop(run->service, run->drain_ms);
        return;
    }
    for (enum signals_event e = signals_wait(); e != SIGNALS_WOKEN; e = signals_wait()) {
        if (e != SIGNALS_STOP)
            continue;
        logline(LOGLINE_WARNING, "stopping at once");
        service_hurry(run->service);
    }
    pthread_join(thread, NULL);
}

static void serve(struct run *run)
{
    for (;;) {
        switch (signals_wait()) {
        case SIGNALS_STOP:
            stop(run);
            return;
        case SIGNALS_RELOAD:
            logline(LOGLINE_INFO, "reloading");
            reload(run);
            break;
        case SIGNALS_WOKEN:
            break;
        }
    }
}

static enum exit_code run_open(struct run *run)
{
    enum exit_code code = open_tls(&run->settings, &run->tls);
    if (code != EXIT_CODE_OK)
        return code;
    logline_set_level((enum logline_level)settings_number(&run->settings, SETTING_LOG_LEVEL));
    logline_start(STDERR_FILENO,
                  (enum logline_format)settings_number(&run->settings, SETTING_LOG_FORMAT));
    prepare_listeners(run);
    if (!prepare_admin_socket(run)) {
        struct error error;
        error_set(&error, REASON_STORE_UNAVAILABLE, "no memory for the admin socket's name");
        return refuse(EXIT_CODE_FAILED, &error);
    }
    code = open_service(run);
    if (code != EXIT_CODE_OK)
        return code;
    code = open_scrape(run);
    if (code == EXIT_CODE_OK)
        code = write_port_file(run);
    if (code == EXIT_CODE_OK) {
        say_ready(run);
        serve(run);
        if (settings_text(&run->settings, SETTING_PORT_FILE))
            unlink(settings_text(&run->settings, SETTING_PORT_FILE));
        if (service_is_damaged(run->service))
            code = end_badly(EXIT_CODE_STORE_DAMAGED, "stopped with a damaged store",
                             "damage was met while the store was written to");
    } else {
        service_stop(run->service, 0);
    }
    return code;
}

/* The memory of a message serves the next one. As glibc comes, whatever is larger than 128 KiB goes back to the system at once, and each
 * page of the next message is made anew: more than half of what a replay cost. What is kept is bounded for each of glibc's arenas. */
static void keep_message_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, KEPT_EACH_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

enum exit_code run_store(const struct options *options)
{
    struct run run = {.options = options};
    umask(077); /* whatever is made here is the store's own business */
    keep_message_memory();
    signals_block();
    enum exit_code code = options_load(options, &run.settings);
    if (code == EXIT_CODE_OK)
        code = run_open(&run);
    scrape_close(run.scrape);
    service_free(run.service);
    free(run.admin_socket);
    tls_server_free(run.tls);
    settings_fini(&run.settings);
    if (code == EXIT_CODE_OK)
        logline(LOGLINE_INFO, "stopped");
    logline_stop();
    return code;
}
