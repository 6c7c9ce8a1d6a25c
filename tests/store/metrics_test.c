/*
 * metrics_test.c - the table of metrics and what is made from it: every line is one that Prometheus takes.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/metrics_text.h"

static char *text_of(const struct metrics *metrics)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    metrics_text(metrics, out);
    fclose(out);
    return text;
}

/* The value behind "series ", or "" when there is no such line. */
static const char *value_of(const char *text, const char *series)
{
    static char value[64];
    size_t len = strlen(series);
    value[0] = '\0';
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, series, len) == 0 && line[len] == ' ')
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + len + 1, "\n"),
                     line + len + 1);
    return value;
}

static bool is_name(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
           islower((unsigned char)name[0]);
}

static bool ends(const char *name, const char *with)
{
    size_t len = strlen(name), end = strlen(with);
    return len > end && strcmp(name + len - end, with) == 0;
}

static void each_metric_is_named_after_its_type_and_unit(void **state)
{
    (void)state;
    size_t len;
    const struct metric *table = metrics_table(&len);
    for (size_t i = 0; i < len; i++) {
        char unit[32];
        bool counter = table[i].type == METRIC_COUNTER;
        snprintf(unit, sizeof unit, "_%s%s", table[i].unit ? table[i].unit : "",
                 counter ? "_total" : "");
        assert_true(is_name(table[i].name));
        assert_int_equal(ends(table[i].name, "_total"), counter);
        if (table[i].unit)
            assert_true(ends(table[i].name, unit));
        assert_true(strlen(table[i].help) > 5);
        assert_int_equal(table[i].help[strlen(table[i].help) - 1], '.');
        assert_null(strpbrk(table[i].help, "\\\n|"));
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(table[i].name, table[other].name);
    }
}

static void a_label_has_few_values_that_are_names_and_differ(void **state)
{
    (void)state;
    size_t len;
    const struct metric *table = metrics_table(&len);
    for (size_t i = 0; i < len; i++) {
        const struct metric_label *label = table[i].label;
        if (!label)
            continue;
        assert_true(is_name(label->name));
        assert_in_range(label->len, 1, METRICS_METHODS);
        for (size_t value = 0; value < label->len; value++) {
            assert_int_equal(strcspn(label->value(value), "\"\\\n"), strlen(label->value(value)));
            for (size_t other = 0; other < value; other++)
                assert_string_not_equal(label->value(value), label->value(other));
        }
    }
}

static void reasons_are_those_of_the_contract(void **state)
{
    (void)state;
    size_t len;
    const struct metric *metric = metrics_table(&len);
    while (strcmp(metric->name, "photond_emits_refused_total") != 0)
        metric++;
    assert_int_equal(metric->label->len, REASON_COUNT - 1);
    for (int reason = 1; reason < REASON_COUNT; reason++) {
        const char *shown = metric->label->value((size_t)reason - 1);
        const char *name = reason_name((enum reason)reason) + strlen("REASON_");
        assert_int_equal(strlen(shown), strlen(name));
        for (size_t i = 0; name[i]; i++)
            assert_int_equal(shown[i], tolower((unsigned char)name[i]));
    }
}

static void each_value_is_under_its_own_label(void **state)
{
    (void)state;
    struct metrics metrics = {.emits = 18446744073709551615u, .lag_max_us = 1500000};
    metrics.refused[REASON_WRONG_VERSION] = 3;
    metrics.refused[REASON_TIMED_OUT] = 4;
    metrics.requests[REASON_NONE] = 5;
    metrics.subscriptions[MEASURES_STALLED] = 6;
    metrics.calls[metrics_method("/muon.v1.BusService/Connect")] = 7;
    metrics.calls[metrics_method("/grpc.health.v1.Health/Check")] = 8;
    metrics.calls[metrics_method("/muon.v1.AdminService/Stats")] = 9;
    char *text = text_of(&metrics);
    assert_string_equal(value_of(text, "photond_emits_total"), "18446744073709551615");
    assert_string_equal(value_of(text, "photond_subscription_lag_max_seconds"), "1.500000");
    assert_string_equal(value_of(text, "photond_emits_refused_total{reason=\"wrong_version\"}"),
                        "3");
    assert_string_equal(value_of(text, "photond_emits_refused_total{reason=\"timed_out\"}"), "4");
    assert_string_equal(value_of(text, "photond_emits_refused_total{reason=\"busy\"}"), "0");
    assert_string_equal(value_of(text, "photond_requests_total{outcome=\"ok\"}"), "5");
    assert_string_equal(value_of(text, "photond_subscriptions{state=\"stalled\"}"), "6");
    assert_string_equal(value_of(text, "photond_calls_total{method=\"Connect\"}"), "7");
    assert_string_equal(value_of(text, "photond_calls_total{method=\"other\"}"), "8");
    assert_string_equal(value_of(text, "photond_calls_total{method=\"Stats\"}"), "9");
    free(text);
}

static void a_histogram_counts_from_below(void **state)
{
    (void)state;
    struct metrics metrics = {0};
    histogram_values_add(&metrics.sync_us, 1);       /* in the first that is shown */
    histogram_values_add(&metrics.sync_us, 1000);    /* up to 1024 µs */
    histogram_values_add(&metrics.sync_us, 1 << 30); /* in none that is shown */
    char *text = text_of(&metrics);
    const char *le = "photond_sync_duration_seconds_bucket{le=";
    char series[80];
    snprintf(series, sizeof series, "%s\"1.6e-05\"}", le);
    assert_string_equal(value_of(text, series), "1");
    snprintf(series, sizeof series, "%s\"0.000512\"}", le);
    assert_string_equal(value_of(text, series), "1");
    snprintf(series, sizeof series, "%s\"0.001024\"}", le);
    assert_string_equal(value_of(text, series), "2");
    snprintf(series, sizeof series, "%s\"16.777216\"}", le);
    assert_string_equal(value_of(text, series), "2");
    snprintf(series, sizeof series, "%s\"+Inf\"}", le);
    assert_string_equal(value_of(text, series), "3");
    assert_string_equal(value_of(text, "photond_sync_duration_seconds_count"), "3");
    assert_string_equal(value_of(text, "photond_sync_duration_seconds_sum"), "1073.742825");
    free(text);
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct metrics metrics = {.disk_bytes = 5, .leveldb_memory_bytes = 6, .open_fds = 7};
    char *text = text_of(&metrics);
    assert_null(strstr(text, "photond_disk_size_bytes"));
    assert_null(strstr(text, "photond_leveldb"));
    assert_null(strstr(text, "process_"));
    free(text);
    metrics.disk_known = metrics.leveldb_known = metrics.process_known = 1;
    text = text_of(&metrics);
    assert_string_equal(value_of(text, "photond_disk_size_bytes"), "5");
    assert_string_equal(value_of(text, "photond_leveldb_memory_bytes"), "6");
    assert_string_equal(value_of(text, "photond_leveldb_files{level=\"6\"}"), "0");
    assert_string_equal(value_of(text, "process_open_fds"), "7");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_metric_is_named_after_its_type_and_unit),
        cmocka_unit_test(a_label_has_few_values_that_are_names_and_differ),
        cmocka_unit_test(reasons_are_those_of_the_contract),
        cmocka_unit_test(each_value_is_under_its_own_label),
        cmocka_unit_test(a_histogram_counts_from_below),
        cmocka_unit_test(what_is_not_known_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
