/*
 * libmuon with a real photond: killed and started again, over TLS, with certificates that change.
 */
#include "tests/lib/photond.h"
#include "tests/lib/tempdir.h"
#include "tests/sdk/made.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct photond *running(bool plain)
{
    const struct photond_options options = {.plain = plain};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    return p;
}

/* A client with the certificate of this name. */
static muon_client *client_of(struct photond *p, const char *name)
{
    char cert[32], key[32];
    snprintf(cert, sizeof cert, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    const made_settings settings[] = {{"tls.ca_file", photond_tls(p, "ca.crt")},
                                      {"tls.cert_file", photond_tls(p, cert)},
                                      {"tls.key_file", photond_tls(p, key)},
                                      {NULL, NULL}};
    return made_client(photond_url(p), settings);
}

/* ---- killed ---- */

enum { EMITS = 3000, KILLS = 4 };

struct reader {
    muon_sub *sub;
    int seen;
    bool in_order;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    r->in_order = true;
    while (r->seen < EMITS) {
        muon_batch *batch;
        if (muon_sub_next(r->sub, &batch, 60000, NULL) != MUON_OK)
            return NULL;
        for (size_t i = 0; i < muon_batch_count(batch); i++)
            r->in_order &= atoi(muon_batch_at(batch, i)->payload.ptr) == r->seen++;
        muon_batch_free(batch);
    }
    return NULL;
}

static int drain(muon_queue *q, int32_t timeout_ms)
{
    muon_item items[64];
    int32_t n = muon_queue_wait(q, items, 64, timeout_ms);
    for (int32_t i = 0; i < n; i++) {
        if (items[i].status != MUON_OK)
            fail_msg("emit %d: %s", (int)items[i].tag, items[i].error->message);
        assert_int_equal(items[i].version, (int64_t)items[i].tag + 1);
        muon_item_clear(&items[i]);
    }
    return n > 0 ? n : 0;
}

static void emit_number(muon_client *c, muon_queue *q, int i)
{
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    const muon_event_in event = {.type = "T", .payload = text, .payload_len = strlen(text)};
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, q, (uint64_t)i, NULL), MUON_OK);
}

/* semantics 22 */
static void a_kill_is_invisible_to_emits_and_subscriptions(void **state)
{
    (void)state;
    struct photond *p = running(false);
    muon_client *c = client_of(p, "client");
    muon_queue *q;
    struct reader reader = {0};
    pthread_t thread;
    int done = 0, killed = 0;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(muon_subscribe(c, "s", NULL, &reader.sub, NULL), MUON_OK);
    pthread_create(&thread, NULL, read_all, &reader);
    for (int i = 0; i < EMITS; i++) {
        emit_number(c, q, i);
        done += drain(q, i % 100 == 0 ? 1 : 0);
        if (killed < KILLS && i > (killed + 1) * EMITS / (KILLS + 1)) {
            photond_kill(p);
            assert_true(photond_start(p));
            killed++;
        }
    }
    while (done < EMITS)
        done += drain(q, 60000);
    pthread_join(thread, NULL);
    assert_int_equal(reader.seen, EMITS);
    assert_true(reader.in_order);
    muon_sub_free(reader.sub);
    muon_queue_free(q);
    made_close(c);
    photond_free(p);
}

static void a_server_that_falls_silent_is_given_up_and_found_again(void **state)
{
    (void)state;
    struct photond *p = running(true);
    const made_settings settings[] = {{"keepalive.ms", "1000"}, {NULL, NULL}};
    muon_client *c = made_client(photond_url(p), settings);
    muon_queue *q;
    muon_item item = {.state = MUON_STATE_READY};
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(made_emit(c, "0", NULL, NULL), MUON_OK);
    assert_int_equal(muon_watch(c, q, 1), MUON_OK);
    photond_signal(p, SIGSTOP);
    while (item.state == MUON_STATE_READY)
        assert_int_equal(muon_queue_wait(q, &item, 1, 60000), 1);
    photond_signal(p, SIGCONT);
    assert_int_equal(made_emit(c, "1", NULL, NULL), MUON_OK);
    muon_queue_free(q);
    made_close(c);
    photond_free(p);
}

/* ---- TLS ---- */

static void copy(const char *from, const char *to)
{
    char *text = tempdir_read(from, NULL);
    assert_non_null(text);
    tempdir_write(to, text);
    free(text);
}

static void changed_certificates_are_used_by_the_next_connection_and_drop_nothing(void **state)
{
    (void)state;
    struct photond *p = running(false);
    char *dir = tempdir_new(), *cert = tempdir_path(dir, "c.crt"),
         *key = tempdir_path(dir, "c.key");
    copy(photond_tls(p, "client.crt"), cert);
    copy(photond_tls(p, "client.key"), key);
    const made_settings settings[] = {{"tls.ca_file", photond_tls(p, "ca.crt")},
                                      {"tls.cert_file", cert},
                                      {"tls.key_file", key},
                                      {NULL, NULL}};
    muon_client *c = made_client(photond_url(p), settings);
    muon_error err;
    assert_int_equal(made_emit(c, "1", NULL, NULL), MUON_OK);
    tempdir_write(cert, "no certificate");
    assert_int_equal(made_emit(c, "2", NULL, NULL), MUON_OK); /* the connection lives on */
    photond_kill(p);
    assert_true(photond_start(p));
    assert_int_equal(muon_ping(c, 500, &err), MUON_ETIMEDOUT);
    copy(photond_tls(p, "other.crt"), cert);
    copy(photond_tls(p, "other.key"), key);
    assert_int_equal(made_emit(c, "3", NULL, NULL), MUON_OK);
    made_close(c);
    photond_free(p);
    free(cert);
    free(key);
    tempdir_remove(dir);
}

static int32_t ask_for_ever(muon_client *c, muon_error *err)
{
    muon_reply *reply;
    const muon_request_opts opts = {.timeout_ms = MUON_FOREVER};
    return muon_request(c, "rpc://service/path", "1", 1, &opts, &reply, err);
}

static void a_connection_that_is_refused_says_why(void **state)
{
    (void)state;
    struct photond *p = running(false), *stranger = photond_new(NULL);
    char url[64];
    muon_error err;
    const made_settings wrong_ca[] = {{"tls.ca_file", photond_tls(stranger, "ca.crt")},
                                      {"tls.cert_file", photond_tls(p, "client.crt")},
                                      {"tls.key_file", photond_tls(p, "client.key")},
                                      {NULL, NULL}};
    const made_settings no_cert[] = {{"tls.ca_file", photond_tls(p, "ca.crt")}, {NULL, NULL}};
    const made_settings wrong_name[] = {{"tls.ca_file", photond_tls(p, "ca.crt")},
                                        {"tls.cert_file", photond_tls(p, "client.crt")},
                                        {"tls.key_file", photond_tls(p, "client.key")},
                                        {"tls.server_name", "elsewhere.example"},
                                        {NULL, NULL}};
    const struct {
        const made_settings *settings;
        int32_t status;
        const char *says;
    } bad[] = {
        {wrong_ca, MUON_EAUTH, "certificate is not accepted"},
        {no_cert, MUON_ETIMEDOUT, "client certificate"},
        {wrong_name, MUON_EAUTH, "another name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        muon_client *c = made_client(photond_url(p), bad[i].settings);
        const muon_event_in event = {.type = "T"};
        /* what is sure is told at once, however long one would wait */
        const muon_emit_opts opts = {.timeout_ms =
                                         bad[i].status == MUON_EAUTH ? MUON_FOREVER : 700};
        assert_int_equal(muon_ping(c, opts.timeout_ms, &err), bad[i].status);
        if (!strstr(err.message, bad[i].says))
            fail_msg("case %zu does not say \"%s\": %s", i, bad[i].says, err.message);
        assert_int_equal(muon_emit(c, "s", &event, 1, &opts, NULL, &err), bad[i].status);
        assert_int_equal(err.flags & MUON_MAYBE_APPLIED, 0);
        if (bad[i].status == MUON_EAUTH)
            assert_int_equal(ask_for_ever(c, &err), MUON_EAUTH);
        made_close(c);
    }
    snprintf(url, sizeof url, "muon+insecure://%s", photond_address(p));
    muon_client *c = made_client(url, NULL);
    assert_int_equal(muon_ping(c, 700, &err), MUON_ETIMEDOUT);
    assert_non_null(strstr(err.message, "muon://"));
    made_close(c);
    photond_free(stranger);
    photond_free(p);
}

/* ---- the rest of the store ---- */

static int32_t ignore(void *state, const muon_event *event)
{
    (void)event;
    ++*(int *)state;
    return 0;
}

static void streams_are_listed_got_and_deleted(void **state)
{
    (void)state;
    struct photond *p = running(true);
    muon_client *c = made_client(photond_url(p), NULL);
    muon_emit_result result;
    muon_reply *reply;
    muon_batch *batch;
    muon_error err;
    uint64_t deleted = 9;
    int64_t version = 1;
    int applied = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(made_emit(c, "x", &result, NULL), MUON_OK);
    assert_int_equal(muon_streams(c, NULL, NULL, 0, 0, &reply, NULL), MUON_OK);
    assert_non_null(
        strstr(reply->body.ptr, "{\"stream-name\":\"s\",\"total-events\":3,\"last-version\":3,"));
    muon_reply_free(reply);
    assert_int_equal(muon_streams(c, NULL, "s", 0, 0, &reply, NULL), MUON_OK);
    assert_string_equal(reply->body.ptr, "{\"streams\":[]}");
    muon_reply_free(reply);
    const muon_place places[] = {{.order_id = result.order_id}, {.stream = "s", .version = 3}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(muon_get(c, &places[i], 0, &batch, NULL), MUON_OK);
        assert_int_equal(muon_batch_at(batch, 0)->version, 3);
        const muon_place by_id = {.event_id = muon_batch_at(batch, 0)->event_id.ptr};
        muon_batch *same;
        assert_int_equal(muon_get(c, &by_id, 0, &same, NULL), MUON_OK);
        assert_int_equal(muon_batch_at(same, 0)->order_id, result.order_id);
        muon_batch_free(same);
        muon_batch_free(batch);
    }
    const muon_place nowhere = {.stream = "s", .version = 4},
                     two = {.stream = "s", .version = 1, .order_id = 1};
    assert_int_equal(muon_get(c, &nowhere, 0, &batch, NULL), MUON_ENOENT);
    assert_int_equal(muon_get(c, &two, 0, &batch, NULL), MUON_EINVAL);
    assert_int_equal(muon_load(c, "s", ignore, &applied, &version, 0, NULL), MUON_OK);
    assert_int_equal(applied, 2);
    version = 1;
    const muon_expect wrong = {.kind = MUON_EXPECT_VERSION, .version = 2},
                      right = {.kind = MUON_EXPECT_VERSION, .version = 3};
    assert_int_equal(muon_delete(c, "s", &wrong, 0, &deleted, &err), MUON_ECONFLICT);
    assert_int_equal(err.version, 3);
    assert_int_equal(muon_delete(c, "s", &right, 0, &deleted, NULL), MUON_OK);
    assert_int_equal(deleted, 3);
    assert_int_equal(muon_delete(c, "s", NULL, 0, &deleted, NULL), MUON_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(made_emit(c, "reborn", &result, NULL), MUON_OK);
    assert_int_equal(result.version, 4);
    assert_int_equal(muon_load(c, "s", ignore, &applied, &version, 0, &err), MUON_ECONFLICT);
    made_close(c);
    photond_free(p);
}

/* ---- the examples ---- */

/* Run one to its end; what it printed. */
static void example(const char *command, int status, const char *output)
{
    char line[512], seen[512] = "";
    snprintf(line, sizeof line, "%s/%s 2>&1", EXAMPLES, command);
    FILE *program = popen(line, "r");
    assert_non_null(program);
    seen[fread(seen, 1, sizeof seen - 1, program)] = 0;
    assert_int_equal(pclose(program) >> 8, status);
    if (!strstr(seen, output))
        fail_msg("%s printed \"%s\", not \"%s\"", command, seen, output);
}

static void the_examples_do_what_they_say(void **state)
{
    (void)state;
    struct photond *p = running(true);
    setenv("MUON_URL", photond_url(p), 1);
    example("example_emit orders/1 OrderPlaced '{}'", 0, "version 1\n");
    example("example_emit orders/** OrderPlaced '{}'", 1, "MUON_EINVAL");
    example("example_account ann 5", 0, "ann has 5\n");
    example("example_account ann -3", 0, "ann has 2\n");
    example("example_account ann -3", 1, "2 is not enough");
    example("example_async counted 20000", 0, "20000 stored, 0 failed\n");
    example("example_view counted 20000", 0, "20000\n");
    example("example_service 12", 0, "12 squared is 144\n");
    example("example_service twelve", 0, "400 not a number\n");
    unsetenv("MUON_URL");
    photond_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_is_invisible_to_emits_and_subscriptions),
        cmocka_unit_test(a_server_that_falls_silent_is_given_up_and_found_again),
        cmocka_unit_test(changed_certificates_are_used_by_the_next_connection_and_drop_nothing),
        cmocka_unit_test(a_connection_that_is_refused_says_why),
        cmocka_unit_test(streams_are_listed_got_and_deleted),
        cmocka_unit_test(the_examples_do_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
