/*
 * admin_test.c - a real photond, administered: who may, who may not, and what becomes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/exit_codes.h"
#include "tests/lib/caller.h"
#include "tests/lib/photond.h"
#include "tests/lib/tempdir.h"
#include "wire/codec-admin.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct photond *started(bool plain, const char *const *args)
{
    struct photond_options options = {.plain = plain, .args = args};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    return p;
}

/* "unix:" and the path of a file in its directory. */
static const char *target(struct photond *p, const char *name)
{
    static char text[256];
    snprintf(text, sizeof text, "unix:%s/%s", photond_dir(p), name);
    return text;
}

static const char *admin_target(struct photond *p)
{
    return target(p, "data/admin.sock");
}

static enum reason ask(struct caller *caller, struct bytes *request, struct log_level_response *out,
                       struct error *error)
{
    struct bytes *answer = NULL;
    enum reason reason =
        caller_ask(caller, "/muon.v1.AdminService/SetLogLevel", request, &answer, error);
    if (reason == REASON_NONE)
        assert_int_equal(log_level_response_decode(bytes_span(answer), out), REASON_NONE);
    bytes_unref(answer);
    return reason;
}

static enum reason set_level(const char *where, const struct tls_client_options *tls,
                             enum admin_log_level level, struct log_level_response *out,
                             struct error *error)
{
    struct caller *caller = caller_open(where, tls);
    enum reason reason = ask(caller, log_level_request_encode(level), out, error);
    caller_close(caller);
    return reason;
}

static void assert_level(struct photond *p, enum admin_log_level ask_for, enum admin_log_level is,
                         enum admin_log_level was)
{
    struct log_level_response out;
    struct error error;
    if (set_level(admin_target(p), NULL, ask_for, &out, &error))
        fail_msg("%s", error.message);
    assert_int_equal(out.level, is);
    assert_int_equal(out.was, was);
}

static void assert_denied(const char *where, const struct tls_client_options *tls, const char *why)
{
    struct log_level_response out;
    struct error error;
    assert_int_equal(set_level(where, tls, ADMIN_LOG_DEBUG, &out, &error), REASON_DENIED);
    if (!strstr(error.message, why))
        fail_msg("\"%s\" does not say \"%s\"", error.message, why);
}

/* What a client shows, read from the files that `photond init` has made. */
struct identity {
    char *ca, *cert, *key;
    struct tls_client_options tls;
};

static struct identity identity(struct photond *p, const char *name)
{
    char cert[64], key[64];
    snprintf(cert, sizeof cert, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    struct identity who = {.ca = tempdir_read(photond_tls(p, "ca.crt"), NULL),
                           .cert = tempdir_read(photond_tls(p, cert), NULL),
                           .key = tempdir_read(photond_tls(p, key), NULL)};
    who.tls = (struct tls_client_options){who.ca, who.cert, who.key, "localhost"};
    return who;
}

static void identity_free(struct identity *who)
{
    free(who->ca);
    free(who->cert);
    free(who->key);
}

/* ---- who may ---- */

static void its_user_administers_it_by_the_admin_socket(void **state)
{
    (void)state;
    struct photond *p = started(true, NULL);
    char path[256];
    struct stat status;
    snprintf(path, sizeof path, "%s/data/admin.sock", photond_dir(p));
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(photond_wait_log(p, "/data/admin.sock\""));
    assert_level(p, ADMIN_LOG_DEBUG, ADMIN_LOG_DEBUG, ADMIN_LOG_INFO);
    assert_true(photond_wait_log(p, "\"message\":\"administration\",\"call\":\"/muon.v1."
                                    "AdminService/SetLogLevel\",\"peer\":\"admin socket\""));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    photond_free(p);
}

/* Neither loopback nor permissions that others may have widened say who somebody is. */
static void nobody_administers_it_by_another_listener(void **state)
{
    (void)state;
    char socket[256];
    struct photond *p = started(true, NULL);
    snprintf(socket, sizeof socket, "%s", target(p, "open.sock"));
    assert_denied(photond_address(p), NULL, "admin socket");
    assert_true(photond_wait_log(p, "\"reason\":\"DENIED\""));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    photond_set_args(p, ARGS("--listen", socket));
    assert_true(photond_start(p));
    assert_denied(socket, NULL, "admin socket");
    photond_free(p);
}

static void a_certificate_administers_it_if_admin_names_lists_it(void **state)
{
    (void)state;
    struct photond *p = started(false, ARGS("--admin-names", "ops, client"));
    struct identity client = identity(p, "client"), other = identity(p, "other");
    struct log_level_response out;
    struct error error;
    if (set_level(photond_address(p), &client.tls, ADMIN_LOG_WARNING, &out, &error))
        fail_msg("%s", error.message);
    assert_int_equal(out.level, ADMIN_LOG_WARNING);
    assert_denied(photond_address(p), &other.tls, "\"other\" is not an administrator");
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    photond_set_args(p, NULL);
    assert_true(photond_start(p));
    assert_denied(photond_address(p), &client.tls, "\"client\" is not an administrator");
    identity_free(&client);
    identity_free(&other);
    photond_free(p);
}

static void an_administrator_is_made_and_unmade_by_a_hangup(void **state)
{
    (void)state;
    struct photond *p = started(false, NULL);
    struct identity client = identity(p, "client");
    char *before = tempdir_read(photond_conf(p), NULL), *after;
    struct log_level_response out;
    struct error error;
    assert_denied(photond_address(p), &client.tls, "not an administrator");
    assert_true(asprintf(&after, "%s\nadmin-names = client\n", before) > 0);
    tempdir_write(photond_conf(p), after);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "certificates reloaded"));
    assert_int_equal(set_level(photond_address(p), &client.tls, ADMIN_LOG_SETTINGS, &out, &error),
                     REASON_NONE);
    tempdir_write(photond_conf(p), before);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "\"setting\":\"admin-names\",\"was\":\"client\""));
    while (set_level(photond_address(p), &client.tls, ADMIN_LOG_SETTINGS, &out, &error) ==
           REASON_NONE) {
    }
    assert_int_equal(error.reason, REASON_DENIED);
    identity_free(&client);
    free(before);
    free(after);
    photond_free(p);
}

static void whoever_shows_no_certificate_is_nobody(void **state)
{
    (void)state;
    struct photond *p =
        started(false, ARGS("--insecure-anonymous-clients", "--admin-names", "client"));
    struct identity nobody = identity(p, "client");
    nobody.tls.cert_pem = nobody.tls.key_pem = NULL;
    assert_denied(photond_address(p), &nobody.tls, "client certificate");
    identity_free(&nobody);
    photond_free(p);
}

/* ---- where ---- */

static void an_admin_socket_that_was_asked_for_must_be_private(void **state)
{
    (void)state;
    struct photond *p = started(true, NULL);
    char *open = tempdir_path(photond_dir(p), "open"), path[256];
    snprintf(path, sizeof path, "%s/admin.sock", open);
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    assert_int_equal(mkdir(open, 0700), 0);
    assert_int_equal(chmod(open, 0777), 0);
    photond_set_args(p, ARGS("--admin-socket", path));
    assert_false(photond_start(p));
    assert_int_equal(photond_exit_code(p), EXIT_CODE_ADDRESS);
    assert_true(photond_wait_log(p, "can be changed by others"));
    assert_int_equal(chmod(open, 0700), 0);
    assert_true(photond_start(p));
    struct log_level_response out;
    struct error error;
    assert_int_equal(set_level(target(p, "open/admin.sock"), NULL, ADMIN_LOG_DEBUG, &out, &error),
                     REASON_NONE);
    free(open);
    photond_free(p);
}

static void a_store_where_no_socket_can_be_is_served_without(void **state)
{
    (void)state;
    char name[101];
    struct photond *p = started(true, NULL);
    memset(name, 'd', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char *data = tempdir_path(photond_dir(p), name);
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    photond_set_args(p, ARGS("--data-dir", data));
    assert_true(photond_start(p));
    assert_true(photond_wait_log(p, "\"message\":\"no admin socket\""));
    assert_true(photond_wait_log(p, "1 to 107 bytes"));
    free(data);
    photond_free(p);
}

/* ---- the log's level ---- */

static void a_log_level_lasts_until_the_settings_are_read_again(void **state)
{
    (void)state;
    struct photond *p = started(true, NULL);
    assert_level(p, ADMIN_LOG_DEBUG, ADMIN_LOG_DEBUG, ADMIN_LOG_INFO);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "\"message\":\"settings reloaded\""));
    assert_true(photond_wait_log(p, "\"need_a_restart\":0"));
    assert_level(p, ADMIN_LOG_ERROR, ADMIN_LOG_ERROR, ADMIN_LOG_INFO);
    assert_level(p, ADMIN_LOG_SETTINGS, ADMIN_LOG_INFO, ADMIN_LOG_ERROR);
    photond_free(p);
}

static void a_level_that_does_not_exist_changes_nothing(void **state)
{
    (void)state;
    struct photond *p = started(true, NULL);
    struct caller *caller = caller_open(admin_target(p), NULL);
    static const uint8_t level_99[] = {0x08, 99};
    struct log_level_response out;
    struct error error;
    assert_int_equal(ask(caller, bytes_copy(level_99, sizeof level_99), &out, &error),
                     REASON_INVALID_ARGUMENT);
    assert_string_equal(error.field, "level");
    caller_close(caller);
    assert_level(p, ADMIN_LOG_SETTINGS, ADMIN_LOG_INFO, ADMIN_LOG_INFO);
    photond_free(p);
}

/* ---- compaction ---- */

/* A call's messages, to its end. */
static enum reason compact(struct photond *p, unsigned *messages, struct compact_response *last,
                           struct error *error)
{
    struct caller *caller = caller_open(admin_target(p), NULL);
    struct caller_stream *stream = caller_stream_open(caller, "/muon.v1.AdminService/Compact");
    struct bytes *message;
    *messages = 0;
    caller_stream_send(stream, bytes_new(0), true);
    while ((message = caller_stream_read(stream))) {
        assert_int_equal(compact_response_decode(bytes_span(message), last), REASON_NONE);
        ++*messages;
        bytes_unref(message);
    }
    enum reason reason = caller_stream_end(stream, error);
    caller_stream_free(stream);
    caller_close(caller);
    return reason;
}

static void a_store_is_compacted_and_says_how_far_it_is(void **state)
{
    (void)state;
    struct photond *p = started(true, NULL);
    struct compact_response last = {.done = false};
    struct error error;
    unsigned messages;
    for (int i = 0; i < 2; i++) {
        if (compact(p, &messages, &last, &error))
            fail_msg("%s", error.message);
        assert_in_range(messages, 1, 2); /* a store without tables has nothing to say at first */
        assert_true(last.done);
    }
    assert_true(photond_wait_log(p, "\"message\":\"compacted\""));
    photond_free(p);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(its_user_administers_it_by_the_admin_socket),
        cmocka_unit_test(nobody_administers_it_by_another_listener),
        cmocka_unit_test(a_certificate_administers_it_if_admin_names_lists_it),
        cmocka_unit_test(an_administrator_is_made_and_unmade_by_a_hangup),
        cmocka_unit_test(whoever_shows_no_certificate_is_nobody),
        cmocka_unit_test(an_admin_socket_that_was_asked_for_must_be_private),
        cmocka_unit_test(a_store_where_no_socket_can_be_is_served_without),
        cmocka_unit_test(a_log_level_lasts_until_the_settings_are_read_again),
        cmocka_unit_test(a_level_that_does_not_exist_changes_nothing),
        cmocka_unit_test(a_store_is_compacted_and_says_how_far_it_is),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
