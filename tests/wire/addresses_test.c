/*
 * Where a server can listen, and how a client names it.
 */
#include <unistd.h>

#include "tests/wire/pair.h"

static void a_unix_socket_serves(void **state)
{
    (void)state;
    char address[64], reply[256];
    struct error error;
    snprintf(address, sizeof address, "unix:/tmp/muon-serve-test-%d.sock", (int)getpid());
    struct peer at_socket;
    peer_start(&at_socket, address, NULL);
    assert_int_equal(at_socket.port, 1);
    struct channel *there = peer_connect(cq, address, NULL);
    assert_int_equal(peer_call(there, "/test.Peer/Echo", "hello", reply).reason, REASON_NONE);
    assert_string_equal(reply, "hello");
    assert_int_equal(serve_listen(peer.serve, address, NULL, &error), 0); /* not taken over */
    assert_non_null(strstr(error.message, "another process"));
    channel_close(there);
    peer_stop(&at_socket, false);
    unlink(address + 5);
}

static void an_address_that_cannot_be_listened_on_is_explained(void **state)
{
    (void)state;
    static const struct {
        const char *address, *why;
    } cases[] = {
        {"192.0.2.1:0", "does not have that address"},
        {"no-such-host.invalid:1", "cannot listen on no-such-host.invalid:1"},
        {"no-port", "give host:port"},
        {"unix:/no-such-directory/socket", "directory does not exist"},
        {"unix:", "path has 1 to"},
    };
    struct error error;
    char taken[64];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", peer.port);
    struct serve *serve = serve_new(peer.cq, NULL, 0, &peer_options);
    assert_int_equal(serve_listen(serve, taken, NULL, &error), 0);
    assert_non_null(strstr(error.message, "another process listens there"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(serve_listen(serve, cases[i].address, NULL, &error), 0);
        if (!strstr(error.message, cases[i].why))
            fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i].why);
    }
    serve_start(serve);
    struct peer stopped = {.cq = cq_open(1), .serve = serve};
    peer_stop(&stopped, false);
}

static void a_list_of_addresses_finds_the_one_that_serves(void **state)
{
    (void)state;
    char target[128], reply[256];
    snprintf(target, sizeof target, "127.0.0.1:1,localhost:%d", peer.port);
    struct channel *any = peer_connect(cq, target, NULL);
    assert_int_equal(peer_call(any, "/test.Peer/Echo", "x", reply).reason, REASON_NONE);
    channel_close(any);
    static const char *const bad[] = {
        "",     "host",  "host:", ":1",    "host:port",   "a:1,,b:2",
        "a:1,", "::1:5", "[a]:5", "unix:", "host:123456", "127.0.0.1:1,no-such-host.invalid:1"};
    struct channel_options options = {.message_bytes_max = 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        assert_null(channel_open(cq, bad[i], &options, &error));
        assert_int_equal(error.reason, REASON_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_unix_socket_serves, up, down),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_listened_on_is_explained, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_list_of_addresses_finds_the_one_that_serves, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
