/*
 * process_test.c - photond as a process: its verbs, its ready line, its signals and each of its exit codes: main.c, options.c, run.c,
 * signals.c. The store inside is fake_service.c, which fails as told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/exit_codes.h"
#include "store/settings.h"
#include "tests/lib/photond.h"
#include "tests/lib/tempdir.h"

static const char *const NO_ENV[] = {NULL};

static struct photond *fake(bool plain, const char *const *env)
{
    struct photond_options options = {.program = FAKE_PROGRAM, .plain = plain, .env = env};
    return photond_new(&options);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void assert_log(struct photond *p, const char *part)
{
    char *log = photond_log(p);
    assert_contains(log, part);
    free(log);
}

/* Help is wrapped to a width and tables are aligned: what counts is the words. */
static void collapse_blanks(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool blank = *from == ' ' || *from == '\n';
        if (!blank || to == text || to[-1] != ' ')
            *to++ = blank ? ' ' : *from;
    }
    *to = '\0';
}

/* Run with these words; what it says must contain `part`. */
static void assert_run(int code, const char *part, const char *const *args, const char *const *env)
{
    struct photond_options options = {.program = FAKE_PROGRAM, .env = env};
    char *said;
    int got = photond_run(&options, args, &said);
    if (got != code)
        fail_msg("exit code %d instead of %d: %s", got, code, said);
    collapse_blanks(said);
    assert_contains(said, part);
    free(said);
}
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void it_says_where_it_listens_and_which_store_it_is(void **state)
{
    (void)state;
    struct photond *p = fake(true, NO_ENV);
    char *file = tempdir_path(photond_dir(p), "port");
    const char *args[] = {"--port-file",       file, "--listen", "127.0.0.1:0",
                          "--log-format=json", NULL};
    photond_set_args(p, args);
    assert_true(photond_start(p));
    assert_int_not_equal(atoi(strchr(photond_address(p), ':') + 1), 0);
    char *ports = tempdir_read(file, NULL);
    assert_int_equal(strncmp(ports, photond_address(p), strlen(photond_address(p))), 0);
    assert_string_equal(ports + strlen(photond_address(p)), "\n");
    assert_log(p, "\"store_id\":\"00000000-0000-4000-8000-000000000000\"");
    assert_log(p, "\"durability\":\"");
    assert_log(p, "\"tls\":\"off\"");
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    assert_log(p, "\"message\":\"stopped\"");
    assert_int_not_equal(access(file, F_OK), 0);
    free(ports);
    free(file);
    photond_free(p);
}

static void every_line_of_its_log_is_json_where_nobody_reads_along(void **state)
{
    (void)state;
    struct photond *p = fake(false, NO_ENV);
    assert_true(photond_start(p));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    char *log = photond_log(p);
    int lines = 0;
    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json_string_value(json_object_get(o, "time")));
        assert_non_null(json_string_value(json_object_get(o, "level")));
        json_decref(o);
        lines++;
    }
    assert_true(lines >= 4);
    free(log);
    photond_free(p);
}

/* hazards 7 */
static void it_may_open_as_many_files_as_the_system_allows(void **state)
{
    (void)state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){256, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct photond *p = fake(true, NO_ENV);
    assert_true(photond_start(p));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    char expected[64];
    snprintf(expected, sizeof expected, "\"open_files_max\":%llu",
             (unsigned long long)before.rlim_max);
    assert_log(p, expected);
    photond_free(p);
}

static void it_starts_again_on_the_same_port_after_a_kill(void **state)
{
    (void)state;
    struct photond *p = fake(false, NO_ENV);
    assert_true(photond_start(p));
    char *before = strdup(photond_address(p));
    photond_kill(p);
    assert_int_equal(photond_exit_code(p), 128 + SIGKILL);
    assert_true(photond_start(p));
    assert_string_equal(photond_address(p), before);
    free(before);
    photond_free(p);
}

static void a_first_signal_drains_and_a_second_ends_at_once(void **state)
{
    (void)state;
    static const char *const STUCK[] = {"FAKE_STUCK=1", "PHOTOND_DRAIN_TIME=10 min", NULL};
    static const int SIGNALS[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        struct photond *p = fake(true, STUCK);
        assert_true(photond_start(p));
        photond_signal(p, SIGNALS[i]);
        assert_true(photond_wait_log(p, "\"drain_ms\":600000"));
        photond_signal(p, SIGNALS[1 - i]);
        assert_int_equal(photond_wait(p), EXIT_CODE_OK);
        assert_log(p, "stopping at once");
        assert_log(p, "cancelled what was left");
        photond_free(p);
    }
}

static void a_hangup_reloads_what_can_be_and_names_what_cannot(void **state)
{
    (void)state;
    struct photond *p = fake(false, NO_ENV);
    char *before = tempdir_read(photond_conf(p), NULL), *after;
    assert_true(photond_start(p));
    assert_true(asprintf(&after, "%s\nlog-level = debug\ntail-bytes = 2 MiB\n", before) > 0);
    tempdir_write(photond_conf(p), after);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "certificates reloaded"));
    assert_log(p, "\"message\":\"setting reloaded\",\"setting\":\"log-level\",\"was\":\"info\"");
    assert_log(p, "\"message\":\"setting needs a restart\",\"setting\":\"tail-bytes\"");
    tempdir_write(photond_conf(p), "log-levle = debug\n");
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "did you mean log-level?"));
    assert_int_equal(chmod(photond_tls(p, "server.key"), 0644), 0);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "certificates not reloaded"));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    free(before);
    free(after);
    photond_free(p);
}

static void each_fault_of_the_store_has_its_exit_code(void **state)
{
    (void)state;
    for (int fault = LOG_OK + 1; fault <= LOG_FAILED; fault++) {
        char variable[32], code_text[32];
        const char *env[] = {variable, NULL};
        enum exit_code code = exit_code_of_fault((enum log_fault)fault);
        snprintf(variable, sizeof variable, "FAKE_FAULT=%d", fault);
        snprintf(code_text, sizeof code_text, "\"exit_code\":%d", (int)code);
        struct photond *p = fake(true, env);
        assert_false(photond_start(p));
        assert_int_equal(photond_exit_code(p), code);
        assert_log(p, "cannot start");
        assert_log(p, code_text);
        assert_log(p, exit_code_entry(code)->remedy);
        photond_free(p);
    }
}

/* A supervisor must not take it for a stop like any other, nor start it again. */
static void damage_that_was_met_while_serving_is_told_at_the_end(void **state)
{
    (void)state;
    static const char *const DAMAGED[] = {"FAKE_DAMAGED=1", NULL};
    struct photond *p = fake(true, DAMAGED);
    assert_true(photond_start(p));
    assert_int_equal(photond_stop(p), EXIT_CODE_STORE_DAMAGED);
    assert_log(p, "stopped with a damaged store");
    assert_log(p, exit_code_entry(EXIT_CODE_STORE_DAMAGED)->remedy);
    photond_free(p);
}

static void an_address_in_use_has_its_exit_code(void **state)
{
    (void)state;
    struct photond *first = fake(true, NO_ENV), *second = fake(true, NO_ENV);
    assert_true(photond_start(first));
    const char *args[] = {"--listen", photond_address(first), NULL};
    photond_set_args(second, args);
    assert_false(photond_start(second));
    assert_int_equal(photond_exit_code(second), EXIT_CODE_ADDRESS);
    assert_log(second, photond_address(first));
    photond_free(first);
    photond_free(second);
}

static void a_wrong_command_line_says_what_is_meant(void **state)
{
    (void)state;
    assert_run(EXIT_CODE_USAGE, "there is no verb \"chekc-config\"; did you mean check-config?",
               ARGS("chekc-config"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "the verb comes first: photond config",
               ARGS("--listen=x", "config"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "there is no flag --lissten; did you mean --listen?",
               ARGS("--lissten=x"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "name a directory", ARGS("init"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "say for whom", ARGS("cert", "d"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "say for whom", ARGS("cert", "d", "client"), NO_ENV);
    assert_run(EXIT_CODE_USAGE, "neither", ARGS("cert", "d", "sever"), NO_ENV);
}

static void wrong_settings_are_all_named(void **state)
{
    (void)state;
    static const char *const ENV[] = {"PHOTOND_RECENT_IDS=many", NULL};
    const char *const *args = ARGS("check-config", "--drain-time=soon", "--reader-threads=65");
    assert_run(EXIT_CODE_CONFIG, "photond: --drain-time: \"soon\" is not a time", args, ENV);
    assert_run(EXIT_CODE_CONFIG, "--reader-threads: \"65\" is not a number from 1 to 64", args,
               ENV);
    assert_run(EXIT_CODE_CONFIG, "PHOTOND_RECENT_IDS: recent-ids: \"many\"", args, ENV);
    assert_run(EXIT_CODE_CONFIG, "/none.conf: cannot be read", ARGS("run", "--config=/none.conf"),
               NO_ENV);
    assert_run(EXIT_CODE_CONFIG, "/none.conf: cannot be read", ARGS("check-config"),
               ARGS("PHOTOND_CONFIG=/none.conf"));
}

static void a_listener_that_is_not_loopback_needs_tls_or_an_insecure_flag(void **state)
{
    (void)state;
    struct photond *p = fake(true, NO_ENV);
    const char *args[] = {"--listen", "0.0.0.0:0", NULL, NULL};
    photond_set_args(p, args);
    assert_false(photond_start(p));
    assert_int_equal(photond_exit_code(p), EXIT_CODE_CONFIG);
    assert_log(p, "0.0.0.0:0 can be reached from outside and there is no TLS");
    args[2] = "--insecure-plaintext";
    assert_true(photond_start(p));
    assert_log(p, "\"level\":\"warning\",\"message\":\"insecure\"");
    photond_free(p);
}

static void metrics_are_served_where_told_and_on_loopback_unless_meant_otherwise(void **state)
{
    (void)state;
    struct photond *p = fake(true, NO_ENV), *second = fake(true, NO_ENV);
    const char *args[] = {"--metrics-listen", "0.0.0.0:0", NULL, NULL};
    photond_set_args(p, args);
    assert_false(photond_start(p));
    assert_int_equal(photond_exit_code(p), EXIT_CODE_CONFIG);
    assert_log(p, "metrics-listen: 0.0.0.0:0 can be reached from outside");
    args[1] = "unix:/x";
    assert_false(photond_start(p));
    assert_log(p, "unix:/x is a unix socket");
    args[1] = "127.0.0.1:1,127.0.0.1:2";
    assert_false(photond_start(p));
    assert_log(p, "too many addresses");
    args[1] = "0.0.0.0:0";
    args[2] = "--insecure-metrics";
    assert_true(photond_start(p));
    assert_log(p, "\"setting\":\"insecure-metrics\"");
    assert_log(p, "\"metrics\":\"0.0.0.0:");
    photond_kill(p);
    args[1] = photond_address(p);
    photond_set_args(p, NO_ENV);
    assert_true(photond_start(p));
    assert_log(p, "\"metrics\":\"off\"");
    photond_set_args(second, args);
    assert_false(photond_start(second)); /* where the first one listens */
    assert_int_equal(photond_exit_code(second), EXIT_CODE_ADDRESS);
    photond_free(second);
    photond_free(p);
}

/* semantics 2 */
static void a_clock_before_2020_or_after_2199_has_its_exit_code(void **state)
{
    (void)state;
    const struct {
        const char *time;
        bool starts;
    } ROWS[] = {{"FAKE_TIME=-5", false},
                {"FAKE_TIME=1577836799", false},
                {"FAKE_TIME=1577836800", true},
                {"FAKE_TIME=7258118399", true},
                {"FAKE_TIME=7258118400", false}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const char *env[] = {ROWS[i].time, NULL};
        struct photond *p = fake(true, env);
        assert_int_equal(photond_start(p), ROWS[i].starts);
        if (!ROWS[i].starts) {
            assert_int_equal(photond_exit_code(p), EXIT_CODE_CLOCK);
            assert_log(p, "the system's clock is wrong");
        }
        photond_free(p);
    }
}

static void bad_certificates_have_their_exit_code(void **state)
{
    (void)state;
    struct photond *p = fake(false, NO_ENV);
    assert_int_equal(chmod(photond_tls(p, "server.key"), 0604), 0);
    assert_false(photond_start(p));
    assert_int_equal(photond_exit_code(p), EXIT_CODE_CERTS);
    assert_log(p, "server.key can be read or changed by others");
    assert_int_equal(chmod(photond_tls(p, "server.key"), 0600), 0);
    assert_run(EXIT_CODE_OK, "The settings and the certificates are good.",
               ARGS("check-config", "--config", photond_conf(p)), NO_ENV);
    assert_int_equal(unlink(photond_tls(p, "ca.crt")), 0);
    assert_run(EXIT_CODE_CERTS, "ca.crt: No such file or directory",
               ARGS("check-config", "--config", photond_conf(p)), NO_ENV);
    photond_free(p);
}

static void help_shows_every_setting_and_each_verb_its_own(void **state)
{
    (void)state;
    const char *const *args = ARGS("--help");
    for (int i = 0; i < SETTING_COUNT; i++)
        assert_run(EXIT_CODE_OK, setting_def((enum setting)i)->name, args, NO_ENV);
    assert_run(EXIT_CODE_OK, "(default: 127.0.0.1:10566)", args, NO_ENV);
    assert_run(EXIT_CODE_OK, "check-config", args, NO_ENV);
    assert_run(EXIT_CODE_OK, "Usage: photond init [OPTION...] DIR", ARGS("init", "--help"), NO_ENV);
    assert_run(EXIT_CODE_OK, "photond 0.", ARGS("--version"), NO_ENV);
}

static void config_shows_values_and_origins(void **state)
{
    (void)state;
    static const char *const ENV[] = {"PHOTOND_LOG_LEVEL=debug", NULL};
    const char *const *args = ARGS("config", "--create-store=no", "--insecure-plaintext");
    assert_run(EXIT_CODE_OK, "log-level debug PHOTOND_LOG_LEVEL error, warning, info or debug",
               args, ENV);
    assert_run(EXIT_CODE_OK, "create-store no --create-store yes or no", args, ENV);
    assert_run(EXIT_CODE_OK, "#listen = 127.0.0.1:10566", ARGS("config", "--example"), NO_ENV);
}

/* Each table of the documents is what the program prints. */
static void the_documents_are_what_the_tables_say(void **state)
{
    (void)state;
    static const struct {
        const char *file, *flag;
    } ROWS[] = {{DOCS_DIR "/configuration.md", "--markdown"},
                {DOCS_DIR "/operating.md", "--exit-codes"},
                {DOCS_DIR "/metrics.md", "--metrics"}};
    struct photond_options options = {.program = FAKE_PROGRAM};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char *said, *document = tempdir_read(ROWS[i].file, NULL);
        assert_non_null(document);
        assert_int_equal(photond_run(&options, ARGS("config", ROWS[i].flag), &said), EXIT_CODE_OK);
        assert_contains(document, said);
        free(said);
        free(document);
    }
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(it_says_where_it_listens_and_which_store_it_is),
        cmocka_unit_test(every_line_of_its_log_is_json_where_nobody_reads_along),
        cmocka_unit_test(it_may_open_as_many_files_as_the_system_allows),
        cmocka_unit_test(it_starts_again_on_the_same_port_after_a_kill),
        cmocka_unit_test(a_first_signal_drains_and_a_second_ends_at_once),
        cmocka_unit_test(a_hangup_reloads_what_can_be_and_names_what_cannot),
        cmocka_unit_test(each_fault_of_the_store_has_its_exit_code),
        cmocka_unit_test(damage_that_was_met_while_serving_is_told_at_the_end),
        cmocka_unit_test(an_address_in_use_has_its_exit_code),
        cmocka_unit_test(a_wrong_command_line_says_what_is_meant),
        cmocka_unit_test(wrong_settings_are_all_named),
        cmocka_unit_test(a_listener_that_is_not_loopback_needs_tls_or_an_insecure_flag),
        cmocka_unit_test(metrics_are_served_where_told_and_on_loopback_unless_meant_otherwise),
        cmocka_unit_test(a_clock_before_2020_or_after_2199_has_its_exit_code),
        cmocka_unit_test(bad_certificates_have_their_exit_code),
        cmocka_unit_test(help_shows_every_setting_and_each_verb_its_own),
        cmocka_unit_test(config_shows_values_and_origins),
        cmocka_unit_test(the_documents_are_what_the_tables_say),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
