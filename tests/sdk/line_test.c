/*
 * A line that breaks after the Nth byte, for N from the first byte of a session to its last: emits and subscriptions notice nothing.
 */
#include "tests/sdk/fake.h"
#include "tests/sdk/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EMITS = 30, STEP = 101 };

static void follow(muon_sub *s, int *next, int until)
{
    while (*next < until) {
        muon_batch *batch;
        muon_error err;
        if (muon_sub_next(s, &batch, 30000, &err) != MUON_OK)
            fail_msg("event %d: %s", *next, err.message);
        for (size_t i = 0; i < muon_batch_count(batch); i++)
            assert_int_equal(atoi(muon_batch_at(batch, i)->payload.ptr), (*next)++);
        muon_batch_free(batch);
    }
}

/* Emit, follow, load over a line that breaks after so many bytes; how many bytes it took. */
static size_t session(size_t cut_after)
{
    struct fake *fake = fake_new(NULL, NULL);
    struct proxy *proxy = proxy_new(atoi(strrchr(fake_url(fake), ':') + 1), cut_after);
    char url[64], text[16];
    int next = 0;
    snprintf(url, sizeof url, "muon+insecure://127.0.0.1:%d", proxy_port(proxy));
    muon_client *c = made_client(url, NULL);
    muon_sub *s;
    muon_emit_result result;
    muon_batch *batch;
    muon_error err;
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    for (int i = 0; i < EMITS; i++) {
        snprintf(text, sizeof text, "%d", i);
        if (made_emit(c, text, &result, &err) != MUON_OK)
            fail_msg("cut after %zu bytes, emit %d: %s", cut_after, i, err.message);
        assert_int_equal(result.version, i + 1);
    }
    follow(s, &next, EMITS);
    assert_int_equal(muon_read(c, "s", 0, 0, 100, 0, 0, &batch, NULL), MUON_OK);
    assert_int_equal(muon_batch_count(batch), EMITS);
    muon_batch_free(batch);
    assert_int_equal(fake_count(fake), EMITS);
    muon_sub_free(s);
    made_close(c);
    size_t passed = proxy_free(proxy);
    fake_free(fake);
    return passed;
}

/* semantics 7, 12, 22 */
static void a_line_cut_after_any_byte_loses_and_doubles_nothing(void **state)
{
    (void)state;
    size_t all = session(SIZE_MAX);
    for (size_t cut_after = 1; cut_after < all; cut_after += STEP)
        session(cut_after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_cut_after_any_byte_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
