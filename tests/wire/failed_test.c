/*
 * The id of a failure: the client has it, and whoever keeps the server's log.
 */
#include "tests/wire/peer.h"

/* What serve_options.failed was told last. */
struct told {
    int times;
    char request_id[REQUEST_ID_BYTES], path[64];
    enum reason reason;
};
static struct told last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(const struct serve_call *call, const struct error *error)
{
    pthread_mutex_lock(&lock);
    memcpy(last.request_id, error->request_id, sizeof last.request_id);
    snprintf(last.path, sizeof last.path, "%s", serve_call_path(call));
    last.reason = error->reason;
    last.times++;
    pthread_mutex_unlock(&lock);
}

static struct told what_was_told(void)
{
    pthread_mutex_lock(&lock);
    struct told told = last;
    pthread_mutex_unlock(&lock);
    return told;
}

/* The call fails, and what the client and what the server's log is told bear one id, of this number. */
static void assert_told(struct channel *to, const char *path, const char *logged, int number)
{
    static char start[9];
    struct error status = peer_call(to, path, "x", NULL);
    struct told told = what_was_told();
    assert_int_equal(told.times, number);
    assert_string_equal(told.path, logged);
    assert_int_equal(told.reason, status.reason);
    assert_string_equal(status.request_id, told.request_id);
    if (number == 1)
        memcpy(start, status.request_id, 8);
    char expected[REQUEST_ID_BYTES];
    snprintf(expected, sizeof expected, "%s-%d", start, number);
    assert_int_equal(strspn(start, "0123456789abcdef"), 8);
    assert_string_equal(status.request_id, expected);
}

static void a_failure_has_an_id_and_is_told(void **state)
{
    (void)state;
    struct serve_options options = peer_options;
    struct peer peer;
    char target[64], reply[256];
    options.failed = note;
    peer_start_with(&peer, "127.0.0.1:0", NULL, &options);
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    struct cq *cq = cq_open(1);
    struct channel *to = peer_connect(cq, target, NULL);
    assert_told(to, "/test.Peer/Fail", "/test.Peer/Fail", 1);
    assert_string_equal(peer_call(to, "/test.Peer/Echo", "x", reply).request_id, "");
    assert_told(to, "/test.Peer/Dance", "", 2);
    assert_told(to, "/test.Peer/Fail", "/test.Peer/Fail", 3);
    channel_close(to);
    cq_close(cq);
    peer_stop(&peer, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_an_id_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
