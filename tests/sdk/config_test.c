/*
 * Configuration keys, URLs, statuses.
 */
#include "tests/sdk/made.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/config.h"
#include "sdk/src/status.h"
#include "sdk/src/url.h"

static void every_documented_key_can_be_set(void **state)
{
    (void)state;
    static const char *const values[][2] = {
        {"service.name", "orders"},
        {"service.tags", "eu,fast lane,ü"},
        {"tls.ca_file", "ca.crt"},
        {"tls.cert_file", "client.crt"},
        {"tls.key_file", "client.key"},
        {"tls.server_name", "photon.local"},
        {"timeout.default", "1"},
        {"emit.max_inflight", "1000000"},
        {"emit.max_inflight_bytes", "65536"},
        {"sub.prefetch", "1"},
        {"reconnect.max_ms", "60000"},
        {"keepalive.ms", "1000"},
    };
    muon_config *cfg;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(muon_config_set(cfg, values[i][0], values[i][1], NULL), MUON_OK);
        assert_non_null(strstr(muon_config_doc(), values[i][0]));
    }
    assert_int_equal(sizeof values / sizeof *values, CONFIG_KEYS);
    muon_config_free(cfg);
}

static void a_bad_value_is_refused_by_key_value_and_range(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "0", "-1", "86400001", "12x", " 12", "+12", "1e3", "99999999999999999999"};
    muon_config *cfg;
    muon_error err;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(muon_config_set(cfg, "timeout.default", bad[i], &err), MUON_EINVAL);
        assert_non_null(strstr(err.message, "timeout.default"));
        assert_non_null(strstr(err.message, bad[i]));
        assert_non_null(strstr(err.message, "from 1 to 86400000"));
    }
    assert_int_equal(muon_config_set(cfg, "timeout.defualt", "1", &err), MUON_EINVAL);
    assert_non_null(strstr(err.message, "timeout.defualt"));
    assert_int_equal(muon_config_set(cfg, "service.name", "", &err), MUON_EINVAL);
    assert_int_equal(muon_config_set(cfg, "service.name", "a\nb", &err), MUON_EINVAL);
    assert_int_equal(muon_config_set(cfg, NULL, "1", &err), MUON_EINVAL);
    assert_int_equal(muon_config_set(cfg, "service.name", NULL, &err), MUON_EINVAL);
    assert_int_equal(muon_config_set(NULL, "service.name", "x", &err), MUON_EINVAL);
    muon_config_free(cfg);
    muon_config_free(NULL);
}

static void tags_are_words_between_commas(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ",", "a,", ",a", "a,,b", "a\n"};
    char many[2 * 33] = "";
    muon_config *cfg;
    muon_error err;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(muon_config_set(cfg, "service.tags", bad[i], &err), MUON_EINVAL);
        assert_non_null(strstr(err.message, "service.tags"));
    }
    for (int i = 0; i < 32; i++)
        memcpy(many + 2 * i, "a,", 2);
    many[63] = '\0';
    assert_int_equal(muon_config_set(cfg, "service.tags", many, NULL), MUON_OK);
    many[63] = ',';
    many[64] = 'a';
    assert_int_equal(muon_config_set(cfg, "service.tags", many, NULL), MUON_EINVAL);
    muon_config_free(cfg);
}

static void what_is_not_set_comes_from_the_environment_then_from_the_table(void **state)
{
    (void)state;
    struct muon_config resolved;
    muon_config *cfg;
    setenv("MUON_CA", "from-env", 1);
    assert_int_equal(config_resolve(NULL, &resolved, NULL), MUON_OK);
    assert_string_equal(resolved.text[CONFIG_TLS_CA_FILE], "from-env");
    assert_null(resolved.text[CONFIG_SERVICE_NAME]);
    assert_int_equal(resolved.number[CONFIG_TIMEOUT_DEFAULT], 30000);
    config_fini(&resolved);
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    assert_int_equal(muon_config_set(cfg, "tls.ca_file", "set", NULL), MUON_OK);
    assert_int_equal(muon_config_set(cfg, "timeout.default", "7", NULL), MUON_OK);
    assert_int_equal(config_resolve(cfg, &resolved, NULL), MUON_OK);
    assert_string_equal(resolved.text[CONFIG_TLS_CA_FILE], "set");
    assert_int_equal(resolved.number[CONFIG_TIMEOUT_DEFAULT], 7);
    config_fini(&resolved);
    muon_config_free(cfg);
    unsetenv("MUON_CA");
}

static void a_certificate_without_its_key_is_refused(void **state)
{
    (void)state;
    struct muon_config resolved;
    muon_config *cfg;
    muon_error err;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    assert_int_equal(muon_config_set(cfg, "tls.cert_file", "c", NULL), MUON_OK);
    assert_int_equal(config_resolve(cfg, &resolved, &err), MUON_EINVAL);
    assert_non_null(strstr(err.message, "tls.key_file"));
    muon_config_free(cfg);
}

/* semantics 19 */
static void a_url_is_tls_unless_it_says_insecure(void **state)
{
    (void)state;
    struct url url;
    assert_int_equal(url_parse("muon://a:1", &url, NULL), MUON_OK);
    assert_true(url.tls);
    assert_string_equal(url.target, "a:1");
    assert_int_equal(url_parse("muon+insecure://127.0.0.1:65535/", &url, NULL), MUON_OK);
    assert_false(url.tls);
    assert_string_equal(url.target, "127.0.0.1:65535");
    assert_int_equal(url_parse("muon://[::1]:7,b.example:8", &url, NULL), MUON_OK);
    assert_string_equal(url.target, "[::1]:7,b.example:8");
    setenv("MUON_URL", "muon://env:9", 1);
    assert_int_equal(url_parse(NULL, &url, NULL), MUON_OK);
    assert_string_equal(url.target, "env:9");
    unsetenv("MUON_URL");
    assert_int_equal(url_parse(NULL, &url, NULL), MUON_EINVAL);
}

static void a_malformed_url_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "a:1",
                                      "http://a:1",
                                      "muon://",
                                      "muon://a",
                                      "muon://:1",
                                      "muon://a:",
                                      "muon://a:0",
                                      "muon://a:x",
                                      "muon://a:1,",
                                      "muon://,a:1",
                                      "muon://a:65536",
                                      "muon://a b:1",
                                      "muon://u@a:1",
                                      "muon://a/b:1",
                                      "muon://::1:7",
                                      "muon://a:1/x"};
    struct url url;
    muon_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (url_parse(bad[i], &url, &err) != MUON_EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err.code, MUON_EINVAL);
    }
}

static void every_reason_of_the_contract_becomes_a_status(void **state)
{
    (void)state;
    for (int reason = 1; reason < REASON_COUNT; reason++) {
        struct error error;
        muon_error err;
        error_set(&error, (enum reason)reason, "text %d", reason);
        error.retry_after_ms = 5;
        int32_t code = status_of_error(&err, &error);
        assert_true(code < 0);
        assert_int_equal(err.code, code);
        assert_int_equal(err.reason, reason);
        assert_int_equal(err.retry_after_ms, 5);
        assert_int_equal((err.flags & MUON_RETRYABLE) != 0, error.retryable);
        assert_int_equal((err.flags & MUON_MAYBE_APPLIED) != 0, error.maybe_applied);
        assert_string_not_equal(muon_status_name(code), "MUON_?");
        assert_int_equal(status_of_error(NULL, &error), code);
    }
    assert_string_equal(muon_status_name(MUON_ECONFLICT), "MUON_ECONFLICT");
    assert_string_equal(muon_status_name(-1000), "MUON_?");
}

static void a_conflict_tells_the_version_in_fact(void **state)
{
    (void)state;
    static struct error error;
    muon_error err;
    error_set(&error, REASON_WRONG_VERSION, "no");
    error.wrong_versions = 3;
    error.wrong_version[0].version = 42;
    assert_int_equal(status_of_error(&err, &error), MUON_ECONFLICT);
    assert_int_equal(err.version, 42);
    assert_int_equal(err.conflicts, 3);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[600];
    muon_error err;
    for (int shift = 0; shift < 2; shift++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 1 < sizeof text - 1; i += 2)
            memcpy(text + i, "\xc3\xa9", 2);
        text[400] = 0;
        status_fail(&err, MUON_EINVAL, "%s", text);
        size_t len = strlen(err.message);
        assert_true(len >= sizeof err.message - 3 && len < sizeof err.message);
        assert_true(err.message[len - 1] != '\xc3');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_documented_key_can_be_set),
        cmocka_unit_test(a_bad_value_is_refused_by_key_value_and_range),
        cmocka_unit_test(tags_are_words_between_commas),
        cmocka_unit_test(what_is_not_set_comes_from_the_environment_then_from_the_table),
        cmocka_unit_test(a_certificate_without_its_key_is_refused),
        cmocka_unit_test(a_url_is_tls_unless_it_says_insecure),
        cmocka_unit_test(a_malformed_url_is_refused),
        cmocka_unit_test(every_reason_of_the_contract_becomes_a_status),
        cmocka_unit_test(a_conflict_tells_the_version_in_fact),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
