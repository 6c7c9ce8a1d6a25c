/* settings_test.c - the table, and where values come from: settings.c, quantity.c, nearest.c, config.c, describe.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "store/admins.h"
#include "store/config.h"
#include "store/describe.h"
#include "store/nearest.h"
#include "store/quantity.h"
#include "tests/lib/tempdir.h"

struct fixture {
    struct settings settings;
    char *dir, *path;
    char *said; /* the faults, after done_saying */
    size_t said_len;
    FILE *faults;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tempdir_new();
    f->path = tempdir_path(f->dir, "photond.conf");
    assert_true(settings_init(&f->settings));
    f->faults = open_memstream(&f->said, &f->said_len);
    assert_non_null(f->faults);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    settings_fini(&f->settings);
    fclose(f->faults);
    free(f->said);
    free(f->path);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static unsigned read_text(struct fixture *f, const char *text)
{
    tempdir_write(f->path, text);
    return config_read_file(&f->settings, f->path, f->faults);
}

static void assert_said(struct fixture *f, const char *part)
{
    fflush(f->faults);
    if (!strstr(f->said, part))
        fail_msg("\"%s\" is not in \"%s\"", part, f->said);
}

static void set(struct fixture *f, enum setting setting, const char *text,
                enum setting_origin origin, const char *where)
{
    char *fault;
    assert_true(settings_set(&f->settings, setting, text, origin, where, &fault));
}

static void quantities_are_read_and_written_with_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quantity quantity;
        int64_t value;
        const char *printed;
    } ROWS[] = {
        {"0", QUANTITY_MS, 0, "0"},
        {"10 s", QUANTITY_MS, 10000, "10 s"},
        {"1500ms", QUANTITY_MS, 1500, "1500 ms"},
        {"120 s", QUANTITY_MS, 120000, "2 min"},
        {"64MiB", QUANTITY_BYTES, 64 << 20, "64 MiB"},
        {"1024", QUANTITY_BYTES, 1024, "1 KiB"},
        {"1000", QUANTITY_BYTES, 1000, "1000 B"},
        {"1000", QUANTITY_COUNT, 1000, "1000"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int64_t value = -1;
        char out[QUANTITY_TEXT_MAX];
        assert_true(quantity_parse(ROWS[i].text, ROWS[i].quantity, &value));
        assert_int_equal(value, ROWS[i].value);
        assert_string_equal(quantity_print(value, ROWS[i].quantity, out), ROWS[i].printed);
    }
}

static void what_is_no_quantity_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quantity quantity;
    } ROWS[] = {
        {"", QUANTITY_COUNT},
        {"-1", QUANTITY_COUNT},
        {"1 ", QUANTITY_COUNT},
        {" 1", QUANTITY_COUNT},
        {"1s", QUANTITY_COUNT},
        {"10", QUANTITY_MS},
        {"12 parsecs", QUANTITY_MS},
        {"1.5 s", QUANTITY_MS},
        {"64 MB", QUANTITY_BYTES},
        {"9223372036854775808", QUANTITY_COUNT},
        {"9007199254740993 GiB", QUANTITY_BYTES},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int64_t value;
        assert_false(quantity_parse(ROWS[i].text, ROWS[i].quantity, &value));
    }
}

static void nearest_finds_a_slip_and_nothing_far(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"data-dir", "drain-time", "listen", "run"};
    assert_string_equal(nearest("drain-tiem", NAMES, 4), "drain-time");
    assert_string_equal(nearest("lsten", NAMES, 4), "listen");
    assert_string_equal(nearest("rnu", NAMES, 4), "run");
    assert_null(nearest("metrics-port", NAMES, 4));
    assert_null(nearest("", NAMES, 4));
}

static void every_default_is_a_value_of_its_setting(void **state)
{
    struct fixture *f = *state; /* settings_init asserts it */
    assert_int_equal(settings_number(&f->settings, SETTING_DRAIN_TIME), 10000);
    assert_int_equal(settings_number(&f->settings, SETTING_LOG_LEVEL), 2);
    assert_string_equal(settings_text(&f->settings, SETTING_LISTEN), "127.0.0.1:10566");
    assert_string_equal(settings_where(&f->settings, SETTING_LISTEN), "default");
    assert_null(settings_text(&f->settings, SETTING_TLS_CERT));
    assert_int_equal(config_check(&f->settings, f->faults), 0);
}

static void a_flag_beats_the_environment_and_that_the_file_in_any_order(void **state)
{
    struct fixture *f = *state;
    char *environment[] = {"PHOTOND_DRAIN_TIME=2 s", "PHOTOND_LOG_LEVEL=debug", NULL};
    set(f, SETTING_DRAIN_TIME, "1 s", ORIGIN_FLAG, "--drain-time");
    assert_int_equal(config_read_environment(&f->settings, environment, f->faults), 0);
    assert_int_equal(read_text(f, "drain-time = 3 s\nlog-level = error\nrecent-ids = 5000\n"), 0);
    assert_int_equal(settings_number(&f->settings, SETTING_DRAIN_TIME), 1000);
    assert_string_equal(settings_where(&f->settings, SETTING_DRAIN_TIME), "--drain-time");
    assert_int_equal(settings_number(&f->settings, SETTING_LOG_LEVEL), 3);
    assert_string_equal(settings_where(&f->settings, SETTING_LOG_LEVEL), "PHOTOND_LOG_LEVEL");
    assert_int_equal(settings_number(&f->settings, SETTING_RECENT_IDS), 5000);
    assert_non_null(strstr(settings_where(&f->settings, SETTING_RECENT_IDS), "photond.conf:3"));
}

static void a_list_adds_within_an_origin_and_replaces_a_weaker_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "listen = [::1]:1\n"), 0);
    set(f, SETTING_LISTEN, "127.0.0.1:0", ORIGIN_FLAG, "--listen");
    set(f, SETTING_LISTEN, "unix:/s", ORIGIN_FLAG, "--listen");
    assert_string_equal(settings_text(&f->settings, SETTING_LISTEN), "127.0.0.1:0,unix:/s");
}

static void paths_in_a_file_start_at_the_file(void **state)
{
    struct fixture *f = *state;
    char *expected = tempdir_path(f->dir, "data");
    assert_int_equal(read_text(f, "data-dir = data\ntls-key = /k\n"), 0);
    assert_string_equal(settings_text(&f->settings, SETTING_DATA_DIR), expected);
    assert_string_equal(settings_text(&f->settings, SETTING_TLS_KEY), "/k");
    free(expected);
}

static void every_fault_of_a_file_is_named_with_its_line_and_a_remedy(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "# a comment\n"
                                  "drain-tiem = 1 s\n"
                                  "drain-time = 12 parsecs ; a note\n"
                                  "log-level = loud\n"
                                  "recent-ids = 70000\n"
                                  "recent-ids = 80000\n"
                                  "zzzzzzzzzzzzzzz = 1\n"
                                  "nonsense\n"
                                  "[store]\n"
                                  "data-dir = x\n"),
                     7);
    assert_said(f, "photond.conf:2: there is no setting \"drain-tiem\"; did you mean drain-time?");
    assert_said(f, "photond.conf:3: drain-time: \"12 parsecs\" is not a time from 0 to 10 min, "
                   "such as 10 s");
    assert_said(f, "photond.conf:4: log-level: \"loud\" is not error, warning, info or debug");
    assert_said(f, "photond.conf:6: recent-ids is set in line 5 already");
    assert_said(f, "photond.conf:7: there is no setting \"zzzzzzzzzzzzzzz\"; photond config shows");
    assert_said(f, "photond.conf:8: neither `name = value` nor a comment");
    assert_said(f, "photond.conf:10: settings have no sections; remove the line [store]");
}

static void a_long_line_is_read_and_a_too_long_one_named(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    char path[3001];
    memset(path, 'a', 3000);
    path[3000] = '\0';
    assert_true(asprintf(&text, "data-dir = /%s\n", path) > 0);
    assert_int_equal(read_text(f, text), 0);
    assert_int_equal(strlen(settings_text(&f->settings, SETTING_DATA_DIR)), 3001);
    free(text);
    assert_true(asprintf(&text, "# x\ndata-dir = /%s%s\nlog-level = debug\n", path, path) > 0);
    assert_true(read_text(f, text) > 0);
    assert_said(f, "photond.conf:2: the line is longer than");
    assert_int_equal(settings_number(&f->settings, SETTING_LOG_LEVEL), 3);
    free(text);
}

static void a_missing_file_is_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(config_read_file(&f->settings, "/nonexistent/p.conf", f->faults), 1);
    assert_said(f, "/nonexistent/p.conf: cannot be read: No such file or directory");
}

static void a_wrong_variable_is_a_fault_and_a_foreign_one_is_not(void **state)
{
    struct fixture *f = *state;
    char *environment[] = {"PHOTOND_PORT=tcp://10.0.0.1:10566",
                           "PHOTOND_SERVICE_HOST=10.0.0.1",
                           "PHOTOND_LOG_LEVLE=debug",
                           "PHOTOND_RECENT_IDS=many",
                           "OTHER=1",
                           NULL};
    assert_int_equal(config_read_environment(&f->settings, environment, f->faults), 1);
    assert_said(f, "PHOTOND_RECENT_IDS: recent-ids: \"many\" is not a number from 1024");
    assert_said(f, "PHOTOND_LOG_LEVLE is not a setting and is ignored; did you mean "
                   "PHOTOND_LOG_LEVEL?");
    assert_null(strstr(f->said, "PHOTOND_PORT"));
    assert_null(strstr(f->said, "SERVICE"));
}

static void plain_text_outside_loopback_needs_an_insecure_flag(void **state)
{
    struct fixture *f = *state;
    set(f, SETTING_LISTEN, "127.0.0.1:0, [::1]:0, localhost:1, unix:/run/p", ORIGIN_FILE, "f:1");
    assert_int_equal(config_check(&f->settings, f->faults), 0);
    set(f, SETTING_LISTEN, "0.0.0.0:10566,[::]:1,db.example:1", ORIGIN_FLAG, "--listen");
    assert_int_equal(config_check(&f->settings, f->faults), 3);
    assert_said(f, "--listen: listen: 0.0.0.0:10566 can be reached from outside");
    assert_said(f, "--insecure-plaintext");
    set(f, SETTING_INSECURE_PLAINTEXT, "yes", ORIGIN_FLAG, "--insecure-plaintext");
    assert_int_equal(config_check(&f->settings, f->faults), 0);
}

static void administrators_have_names_and_certificates_that_are_checked(void **state)
{
    struct fixture *f = *state;
    set(f, SETTING_ADMIN_NAMES, "ops", ORIGIN_FILE, "f:1");
    assert_int_equal(config_check(&f->settings, f->faults), 1);
    assert_said(f, "admin-names is set (f:1) without tls-client-ca");
    set(f, SETTING_ADMIN_NAMES, "ops, ,ops-2", ORIGIN_FLAG, "--admin-names");
    assert_int_equal(config_check(&f->settings, f->faults), 1);
    assert_said(f, "--admin-names: admin-names: the list has a name that is empty");
    assert_true(admins_include("ops, ops-2 ", "ops-2"));
    assert_false(admins_include("ops,ops-2", "op"));
    assert_false(admins_include("ops", ""));
    assert_false(admins_include(NULL, "ops"));
}

/* hazards 7 */
static void tls_needs_a_client_ca_or_an_insecure_flag(void **state)
{
    struct fixture *f = *state;
    set(f, SETTING_LISTEN, "0.0.0.0:1", ORIGIN_FILE, "f:1");
    set(f, SETTING_TLS_CERT, "c", ORIGIN_FILE, "f:2");
    assert_int_equal(config_check(&f->settings, f->faults), 2);
    assert_said(f, "tls-cert is set (f:2) without tls-key");
    assert_said(f, "without tls-client-ca");
    set(f, SETTING_TLS_KEY, "k", ORIGIN_FILE, "f:3");
    assert_int_equal(config_check(&f->settings, f->faults), 1);
    set(f, SETTING_INSECURE_ANONYMOUS_CLIENTS, "yes", ORIGIN_FILE, "f:4");
    assert_int_equal(config_check(&f->settings, f->faults), 0);
    set(f, SETTING_INSECURE_ANONYMOUS_CLIENTS, "no", ORIGIN_FILE, "f:4");
    set(f, SETTING_TLS_CLIENT_CA, "a", ORIGIN_FILE, "f:5");
    assert_int_equal(config_check(&f->settings, f->faults), 0);
}

static void what_is_no_address_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const ROWS[] = {"127.0.0.1", "127.0.0.1:70000", "::1:80",    ":80",
                                       "[::1]",     "a b:1",           "1.2.3.4:x", "[1.2.3.4]:1",
                                       "unix:",     "h:1,,h:2"};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct settings settings;
        char *fault;
        assert_true(settings_init(&settings));
        assert_true(settings_set(&settings, SETTING_LISTEN, ROWS[i], ORIGIN_FILE, "f", &fault));
        set(f, SETTING_INSECURE_PLAINTEXT, "yes", ORIGIN_FLAG, "f");
        if (config_check(&settings, f->faults) != 1)
            fail_msg("%s was taken", ROWS[i]);
        settings_fini(&settings);
    }
    assert_said(f, "\"127.0.0.1:70000\" is not an address");
}

static void an_event_larger_than_a_batch_is_refused(void **state)
{
    struct fixture *f = *state;
    set(f, SETTING_EVENT_BYTES_MAX, "2 MiB", ORIGIN_FILE, "f:1");
    set(f, SETTING_BATCH_BYTES_MAX, "1 MiB", ORIGIN_FILE, "f:2");
    assert_int_equal(config_check(&f->settings, f->faults), 1);
    assert_said(f, "event-bytes-max (f:1) is larger than batch-bytes-max (f:2)");
}

static void the_written_file_reads_back_as_the_same_values(void **state)
{
    struct fixture *f = *state;
    struct settings again;
    set(f, SETTING_DRAIN_TIME, "90 s", ORIGIN_FLAG, "--drain-time");
    set(f, SETTING_LISTEN, "127.0.0.1:1,[::1]:2", ORIGIN_FLAG, "--listen");
    set(f, SETTING_CREATE_STORE, "no", ORIGIN_FLAG, "--create-store");
    FILE *out = fopen(f->path, "we");
    describe_file(&f->settings, out);
    fclose(out);
    assert_true(settings_init(&again));
    assert_int_equal(config_read_file(&again, f->path, f->faults), 0);
    for (int i = 0; i < SETTING_COUNT; i++) {
        assert_int_equal(again.value[i].number, f->settings.value[i].number);
        assert_int_equal(again.value[i].origin != ORIGIN_DEFAULT,
                         f->settings.value[i].origin != ORIGIN_DEFAULT);
    }
    assert_string_equal(settings_text(&again, SETTING_LISTEN), "127.0.0.1:1,[::1]:2");
    settings_fini(&again);
}

static void the_values_are_shown_with_their_origin_and_range(void **state)
{
    struct fixture *f = *state;
    set(f, SETTING_TAIL_BYTES, "33554432", ORIGIN_ENVIRONMENT, "PHOTOND_TAIL_BYTES");
    describe_values(&f->settings, f->faults);
    assert_said(f, "\ntail-bytes ");
    assert_said(f, " 32 MiB ");
    assert_said(f, "  PHOTOND_TAIL_BYTES  a size from 1 MiB to 16 GiB");
    assert_said(f, "error, warning, info or debug; SIGHUP reloads it");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest TESTS[] = {
        T(quantities_are_read_and_written_with_their_units),
        T(what_is_no_quantity_is_refused),
        T(nearest_finds_a_slip_and_nothing_far),
        T(every_default_is_a_value_of_its_setting),
        T(a_flag_beats_the_environment_and_that_the_file_in_any_order),
        T(a_list_adds_within_an_origin_and_replaces_a_weaker_one),
        T(paths_in_a_file_start_at_the_file),
        T(every_fault_of_a_file_is_named_with_its_line_and_a_remedy),
        T(a_long_line_is_read_and_a_too_long_one_named),
        T(a_missing_file_is_named),
        T(a_wrong_variable_is_a_fault_and_a_foreign_one_is_not),
        T(plain_text_outside_loopback_needs_an_insecure_flag),
        T(administrators_have_names_and_certificates_that_are_checked),
        T(tls_needs_a_client_ca_or_an_insecure_flag),
        T(what_is_no_address_is_refused),
        T(an_event_larger_than_a_batch_is_refused),
        T(the_written_file_reads_back_as_the_same_values),
        T(the_values_are_shown_with_their_origin_and_range),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
