/*
 * A line that breaks after the Nth byte, between photond and both who asks and who serves: nothing is acted upon twice, and what is
 * said not to have been acted upon was not.
 */
#include "tests/lib/photond.h"
#include "tests/sdk/made.h"
#include "tests/sdk/proxy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 20,
    LARGE_BYTES = 150 << 10,
    PATIENCE_MS = 30000,
    FIRST =
        1200, /* until all sessions have begun: here one may be left on a link that is given up */
    SHORT_STEP = 11,
    DENSE = 6000,
    STEP = 311,
    LEAP = 30011
};

/* Whoever serves, and how often each request got there. */
struct desk {
    muon_server *s;
    int served[SMALL + 1];
};

static void *answer_all(void *arg)
{
    struct desk *desk = arg;
    muon_call *call;
    while (muon_server_next(desk->s, &call, MUON_FOREVER, NULL) == MUON_OK) {
        int number = atoi(call->body.ptr);
        if (number >= 0)
            desk->served[number]++;
        muon_call_reply(call, 200, NULL, call->body.ptr, call->body.len, NULL);
    }
    return NULL;
}

/* Requests 0 to SMALL - 1, and a large one. */
static void ask_all(muon_client *c, muon_queue *q)
{
    static char body[LARGE_BYTES];
    memset(body, ' ', sizeof body);
    for (int i = 0; i <= SMALL; i++) {
        int len = snprintf(body, sizeof body, "%d", i);
        size_t size = i < SMALL ? (size_t)len : sizeof body;
        assert_int_equal(
            muon_request_async(c, "rpc://shop/x", body, size, NULL, q, (uint64_t)i, NULL), MUON_OK);
    }
}

struct outcome {
    int32_t status;
    bool maybe;
};

static void take_all(muon_queue *q, struct outcome *outcomes)
{
    for (int i = 0; i <= SMALL; i++) {
        muon_item item;
        assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_MS), 1);
        struct outcome *outcome = &outcomes[item.tag];
        outcome->status = item.status;
        outcome->maybe = item.error && item.error->flags & MUON_MAYBE_APPLIED;
        if (item.status == MUON_OK)
            assert_int_equal(atoi(((muon_reply *)item.object)->body.ptr), (int)item.tag);
        else if (item.status != MUON_EREMOTE && item.status != MUON_ENOENT)
            fail_msg("request %d: %s", (int)item.tag, item.error->message);
        muon_item_clear(&item);
    }
}

/* It works again. */
static void ask_surely(muon_client *c)
{
    muon_reply *reply;
    muon_error err;
    int32_t status;
    do
        status = muon_request(c, "rpc://shop/x", "-1", 2, NULL, &reply, &err);
    while (status != MUON_OK && err.flags & MUON_RETRYABLE);
    if (status != MUON_OK)
        fail_msg("%s", err.message);
    muon_reply_free(reply);
}

/* Over a line that breaks after so many bytes; how many bytes it took. */
static size_t session(const struct photond *p, size_t cut_after)
{
    static const made_settings shop[] = {{"service.name", "shop"}, {NULL, NULL}};
    struct proxy *proxy = proxy_new(atoi(strrchr(photond_url(p), ':') + 1), cut_after);
    struct desk desk = {NULL, {0}};
    struct outcome outcomes[SMALL + 1];
    char url[64];
    pthread_t thread;
    muon_queue *q;
    muon_error err;
    snprintf(url, sizeof url, "muon+insecure://127.0.0.1:%d", proxy_port(proxy));
    muon_client *serves = made_client(url, shop), *asks = made_client(url, NULL);
    assert_int_equal(muon_serve(serves, "/x", NULL, &desk.s, NULL), MUON_OK);
    assert_int_equal(muon_queue_new(asks, &q, NULL), MUON_OK);
    pthread_create(&thread, NULL, answer_all, &desk);
    if (muon_ping(serves, PATIENCE_MS, &err) != MUON_OK)
        fail_msg("cut after %zu: %s", cut_after, err.message);
    ask_all(asks, q);
    take_all(q, outcomes);
    ask_surely(asks);
    muon_server_close(desk.s);
    pthread_join(thread, NULL);
    for (int i = 0; i <= SMALL; i++) {
        assert_true(desk.served[i] <= 1);
        if (outcomes[i].status == MUON_OK)
            assert_int_equal(desk.served[i], 1);
        else if (!outcomes[i].maybe)
            assert_int_equal(desk.served[i], 0);
    }
    muon_server_free(desk.s);
    muon_queue_free(q);
    made_close(serves);
    made_close(asks);
    return proxy_free(proxy);
}

static size_t step(size_t cut_after)
{
    return cut_after < FIRST ? SHORT_STEP : cut_after < DENSE ? STEP : LEAP;
}

/* semantics 18 */
static void a_line_cut_after_any_byte_has_nothing_acted_upon_twice(void **state)
{
    (void)state;
    const struct photond_options plain = {.plain = true};
    struct photond *p = photond_new(&plain);
    assert_true(photond_start(p));
    size_t all = session(p, SIZE_MAX);
    for (size_t cut_after = 1; cut_after < all; cut_after += step(cut_after))
        session(p, cut_after);
    photond_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_cut_after_any_byte_has_nothing_acted_upon_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
