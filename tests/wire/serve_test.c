/*
 * Server and client against each other, in plain text.
 */
#include "tests/wire/peer.h"

static struct cq *cq;
static struct peer peer;
static struct channel *channel;

static int up(void **state)
{
    char target[64];
    (void)state;
    cq = cq_open(1);
    peer_start(&peer, "127.0.0.1:0", NULL);
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    channel = peer_connect(cq, target, NULL);
    return 0;
}

static int down(void **state)
{
    (void)state;
    channel_close(channel);
    cq_close(cq);
    peer_stop(&peer, false);
    return 0;
}

static void a_unary_call_is_answered(void **state)
{
    char reply[256];
    (void)state;
    struct error status = peer_call(channel, "/test.Peer/Echo", "hello", reply);
    assert_int_equal(status.reason, REASON_NONE);
    assert_string_equal(reply, "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_unary_call_is_answered, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
