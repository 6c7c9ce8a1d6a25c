/*
 * Who serves what, without a network.
 */
#include "bus/registry.h"

#include "bus/owners.h"

#include "tests/wire/raw.h"

static struct bus *bus;

static int open_bus(void **state)
{
    (void)state;
    struct bus_options options = {.store_id = "store",
                                  .beat_ms = 1000,
                                  .sessions_max = 10,
                                  .body_bytes = 1024,
                                  .owners = "given=alice, given=bob"};
    bus = bus_open(NULL, &options);
    return bus ? 0 : -1;
}

static int close_bus(void **state)
{
    (void)state;
    assert_int_equal(bus->services.len, 0);
    assert_int_equal(bus->routes.len, 0);
    bus_close(bus);
    return 0;
}

static struct instance *replaced_instance;

static void replaced(struct instance *instance)
{
    replaced_instance = instance;
    registry_leave(bus, instance);
}

static const struct instance_ops ops = {.replaced = replaced};

static enum reason try_join(const char *service, const char *id, uint64_t epoch,
                            const char *identity, struct instance **out)
{
    struct bus_hello hello = {
        .service = text_span(service), .instance_id = text_span(id), .epoch = epoch};
    struct error error;
    enum reason reason = registry_join(bus, &hello, identity, false, out, &error);
    if (reason == REASON_NONE)
        (*out)->ops = &ops;
    else
        assert_true(error.message[0]);
    return reason;
}

static struct instance *join(const char *service, const char *id)
{
    struct instance *instance;
    assert_int_equal(try_join(service, id, 1, "", &instance), REASON_NONE);
    return instance;
}

static void serve(struct instance *instance, const char *path)
{
    struct bus_endpoint endpoint = {.path = text_span(path)};
    struct error error;
    assert_int_equal(registry_serve(bus, instance, &endpoint, &error), REASON_NONE);
}

static enum reason pick(const char *text, struct instance **out)
{
    struct bus_url url;
    struct error error;
    assert_null(bus_url_split(text_span(text), &url));
    return registry_pick(bus, &url, out, &error);
}

static void picked(const char *url, const struct instance *expected)
{
    struct instance *instance = NULL;
    assert_int_equal(pick(url, &instance), REASON_NONE);
    assert_ptr_equal(instance, expected);
}

static void an_unknown_service_and_an_unknown_path_are_told_apart(void **state)
{
    (void)state;
    struct instance *instance, *orders = join("orders", "1");
    serve(orders, "/place");
    picked("rpc://orders/place", orders);
    assert_int_equal(pick("rpc://nobody/place", &instance), REASON_NO_SUCH_SERVICE);
    assert_int_equal(pick("rpc://orders/other", &instance), REASON_NO_SUCH_PATH);
    assert_int_equal(pick("rpc://orders/place/", &instance), REASON_NO_SUCH_PATH);
    assert_int_equal(pick("stream://orders/place", &instance), REASON_NO_SUCH_PATH);
    registry_leave(bus, orders);
    assert_int_equal(pick("rpc://orders/place", &instance), REASON_NO_SUCH_SERVICE);
}

static void an_exact_path_wins_over_a_prefix_and_a_longer_prefix_over_a_shorter(void **state)
{
    (void)state;
    struct instance *a = join("s", "a"), *b = join("s", "b"), *c = join("s", "c");
    serve(a, "/**");
    serve(b, "/x/**");
    serve(c, "/x/y");
    picked("rpc://s/", a);
    picked("rpc://s/z", a);
    picked("rpc://s/x", a);
    picked("rpc://s/x/", b);
    picked("rpc://s/x/y", c);
    picked("rpc://s/x/y/", b);
    picked("rpc://s/x/y/z", b);
    registry_leave(bus, c);
    picked("rpc://s/x/y", b);
    registry_leave(bus, b);
    picked("rpc://s/x/y", a);
    registry_leave(bus, a);
}

static void the_least_busy_instance_is_picked_and_equals_take_turns(void **state)
{
    (void)state;
    struct instance *i[3] = {join("s", "0"), join("s", "1"), join("s", "2")}, *got;
    int times[3] = {0};
    for (int k = 0; k < 3; k++)
        serve(i[k], "/p");
    for (int round = 0; round < 30; round++) {
        assert_int_equal(pick("rpc://s/p", &got), REASON_NONE);
        times[got == i[0] ? 0 : got == i[1] ? 1 : 2]++;
    }
    assert_true(times[0] == 10 && times[1] == 10 && times[2] == 10);
    i[0]->in_flight = i[1]->in_flight = 2;
    i[2]->in_flight = 1;
    picked("rpc://s/p", i[2]);
    i[2]->draining = true;
    i[0]->in_flight = 1;
    picked("rpc://s/p", i[0]);
    i[0]->in_flight = i[1]->in_flight = BUS_IN_FLIGHT;
    assert_int_equal(pick("rpc://s/p", &got), REASON_BUSY);
    i[0]->draining = i[1]->draining = true;
    assert_int_equal(pick("rpc://s/p", &got), REASON_NO_SUCH_SERVICE);
    for (int k = 0; k < 3; k++)
        registry_leave(bus, i[k]);
}

/* semantics 17 */
static void a_newer_epoch_replaces_an_instance_and_an_older_one_does_not(void **state)
{
    (void)state;
    struct instance *first, *second, *other;
    assert_int_equal(try_join("s", "one", 5, "alice", &first), REASON_NONE);
    assert_int_equal(try_join("s", "one", 5, "alice", &second), REASON_DENIED);
    assert_int_equal(try_join("s", "one", 4, "alice", &second), REASON_DENIED);
    assert_null(replaced_instance);
    assert_int_equal(try_join("s", "two", 1, "alice", &other), REASON_NONE);
    assert_int_equal(try_join("s", "one", 6, "alice", &second), REASON_NONE);
    assert_ptr_equal(replaced_instance, first);
    assert_int_equal(second->service->len, 2);
    registry_leave(bus, other);
    registry_leave(bus, second);
    /* the only one of its service */
    assert_int_equal(try_join("s", "one", 1, "alice", &first), REASON_NONE);
    assert_int_equal(try_join("s", "one", 2, "alice", &second), REASON_NONE);
    registry_leave(bus, second);
}

/* semantics 17 */
static void the_first_comers_identity_keeps_a_name_while_it_is_connected(void **state)
{
    (void)state;
    struct instance *alice, *bob;
    assert_int_equal(try_join("s", "a", 1, "alice", &alice), REASON_NONE);
    assert_int_equal(try_join("s", "b", 1, "bob", &bob), REASON_DENIED);
    assert_int_equal(try_join("s", "a", 2, "bob", &bob), REASON_DENIED);
    registry_leave(bus, alice);
    assert_int_equal(try_join("s", "b", 1, "bob", &bob), REASON_NONE);
    assert_int_equal(try_join("s", "a", 1, "alice", &alice), REASON_DENIED);
    registry_leave(bus, bob);
}

/* semantics 17 */
static void a_name_that_is_given_away_is_for_these_identities_only(void **state)
{
    (void)state;
    struct instance *alice, *bob, *eve;
    assert_int_equal(try_join("given", "e", 1, "eve", &eve), REASON_DENIED);
    assert_int_equal(try_join("given", "e", 1, "", &eve), REASON_DENIED);
    assert_int_equal(try_join("given", "a", 1, "alice", &alice), REASON_NONE);
    assert_int_equal(try_join("given", "b", 1, "bob", &bob), REASON_NONE);
    assert_int_equal(try_join("given", "a", 2, "bob", &eve), REASON_DENIED); /* alice's instance */
    registry_leave(bus, alice);
    registry_leave(bus, bob);
    assert_int_equal(try_join("photon", "p", 1, "alice", &alice), REASON_DENIED);
}

static void lists_of_owners_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"a", "a=", "=b", "a=b,c", "a/b=c", "__a=b", "photon=x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!owners_fault(bad[i]))
            fail_msg("%s was taken", bad[i]);
    assert_null(owners_fault(NULL));
    assert_null(owners_fault("a=b"));
    assert_null(owners_fault(" a=b , a=spiffe://x/y "));
}

static void ten_thousand_paths_are_served_and_one_more_is_not(void **state)
{
    (void)state;
    struct instance *s = join("s", "1"), *t = join("s", "2");
    struct error error;
    char path[64];
    for (int i = 0; i < BUS_ENDPOINTS_MAX; i++) {
        snprintf(path, sizeof path, "/p/%d%s", i, i % 2 ? "" : "/**");
        serve(s, path);
        serve(t, path);
    }
    struct bus_endpoint more = {.path = text_span("/more")};
    assert_int_equal(registry_serve(bus, s, &more, &error), REASON_BUSY);
    struct bus_endpoint again = {.path = text_span("/p/1"), .doc = text_span("again")};
    assert_int_equal(registry_serve(bus, s, &again, &error), REASON_NONE);
    registry_leave(bus, t);
    for (int i = 0; i < BUS_ENDPOINTS_MAX; i++) {
        snprintf(path, sizeof path, "rpc://s/p/%d%s", i, i % 2 ? "" : "/below");
        picked(path, s);
    }
    struct bus_endpoint gone = {.path = text_span("/p/1")};
    registry_unserve(bus, s, &gone);
    registry_unserve(bus, s, &gone);
    assert_int_equal(registry_serve(bus, s, &more, &error), REASON_NONE);
    registry_leave(bus, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_service_and_an_unknown_path_are_told_apart),
        cmocka_unit_test(an_exact_path_wins_over_a_prefix_and_a_longer_prefix_over_a_shorter),
        cmocka_unit_test(the_least_busy_instance_is_picked_and_equals_take_turns),
        cmocka_unit_test(a_newer_epoch_replaces_an_instance_and_an_older_one_does_not),
        cmocka_unit_test(the_first_comers_identity_keeps_a_name_while_it_is_connected),
        cmocka_unit_test(a_name_that_is_given_away_is_for_these_identities_only),
        cmocka_unit_test(lists_of_owners_that_are_wrong_are_refused),
        cmocka_unit_test(ten_thousand_paths_are_served_and_one_more_is_not),
    };
    return cmocka_run_group_tests(tests, open_bus, close_bus);
}
