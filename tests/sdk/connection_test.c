/*
 * Connecting: when the next attempt is.
 */
#include "tests/sdk/made.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/src/client.h"

/* Somebody who takes connections and never says a word. */
static int deaf(char url[64], const char *scheme)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(url, 64, "%s://127.0.0.1:%d", scheme, ntohs(address.sin_port));
    return listener;
}

static void an_attempt_that_takes_long_is_not_followed_by_a_pause_as_well(void **state)
{
    (void)state;
    enum { MAX_MS = 10 };
    char url[64];
    int listener = deaf(url, "muon+insecure");
    const made_settings settings[] = {{"reconnect.max_ms", "10"}, {NULL, NULL}};
    muon_client *c = made_client(url, settings);
    muon_queue *q;
    muon_item item = {.state = MUON_STATE_CONNECTING};
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(muon_ping(c, 1, NULL), MUON_ETIMEDOUT); /* nobody waits for a second one */
    assert_int_equal(muon_watch(c, q, 1), MUON_OK);
    while (item.state == MUON_STATE_CONNECTING)
        assert_int_equal(muon_queue_wait(q, &item, 1, 60000), 1);
    pthread_mutex_lock(&c->mutex);
    assert_in_range(c->connection.retry_at_ms, c->connection.begun_ms,
                    c->connection.begun_ms + MAX_MS);
    pthread_mutex_unlock(&c->mutex);
    muon_queue_free(q);
    made_close(c);
    close(listener);
}

/* A client that has begun to connect so long ago, and the queue of its states. */
static muon_client *connecting(const char *url, const made_settings *settings, int32_t ago_ms,
                               muon_queue **q)
{
    muon_client *c = made_client(url, settings);
    assert_int_equal(muon_queue_new(c, q, NULL), MUON_OK);
    assert_int_equal(muon_ping(c, ago_ms, NULL), MUON_ETIMEDOUT);
    assert_int_equal(muon_watch(c, *q, 1), MUON_OK);
    muon_item item;
    assert_int_equal(muon_queue_wait(*q, &item, 1, 60000), 1);
    assert_int_equal(item.state, MUON_STATE_CONNECTING);
    return c;
}

static void who_gives_silent_servers_up_soon_does_so_while_connecting_too(void **state)
{
    (void)state;
    char url[64];
    int listener = deaf(url, "muon"); /* TLS waits for its answer */
    const made_settings settings[] = {{"keepalive.ms", "1000"}, {NULL, NULL}};
    muon_queue *soon, *late;
    muon_item item;
    muon_client *patient = connecting(url, NULL, 1000, &late);
    muon_client *quick = connecting(url, settings, 1, &soon);
    assert_int_equal(muon_queue_wait(soon, &item, 1, 60000), 1);
    assert_int_equal(muon_queue_wait(late, &item, 1, 0), 0);
    pthread_mutex_lock(
        &quick->mutex); /* the next time it waits longer: it may be one of too many */
    assert_int_equal(quick->connection.patience_ms, 4000);
    pthread_mutex_unlock(&quick->mutex);
    muon_queue_free(soon);
    muon_queue_free(late);
    made_close(quick);
    made_close(patient);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_that_takes_long_is_not_followed_by_a_pause_as_well),
        cmocka_unit_test(who_gives_silent_servers_up_soon_does_so_while_connecting_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
