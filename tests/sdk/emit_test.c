/*
 * Emits against a store that misbehaves: every accepted emit gets exactly one result, in order, and is stored at most once.
 */
#include "tests/sdk/fake.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static muon_client *open_client(const struct fake *fake, const char *const (*settings)[2])
{
    muon_config *cfg;
    muon_client *c;
    muon_error err;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    for (; settings && (*settings)[0]; settings++)
        assert_int_equal(muon_config_set(cfg, (*settings)[0], (*settings)[1], NULL), MUON_OK);
    if (muon_open(fake_url(fake), cfg, &c, &err) != MUON_OK)
        fail_msg("%s", err.message);
    muon_config_free(cfg);
    return c;
}

static void close_client(muon_client *c)
{
    assert_int_equal(muon_close(c, 10000, NULL), MUON_OK);
    muon_free(c);
}

static int32_t emit_text(muon_client *c, const char *text, muon_emit_result *result,
                         muon_error *err)
{
    const muon_event_in event = {.type = "T", .payload = text, .payload_len = strlen(text)};
    return muon_emit(c, "s", &event, 1, NULL, result, err);
}

static void an_emit_is_answered_with_its_place(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = open_client(fake, NULL);
    muon_emit_result result = {0};
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(emit_text(c, "x", &result, NULL), MUON_OK);
        assert_int_equal(result.version, i);
        assert_int_equal(result.order_id, i);
        assert_int_equal(result.flags, 0);
    }
    assert_int_equal(muon_flush(c, 0, NULL), MUON_OK);
    close_client(c);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emit_is_answered_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
