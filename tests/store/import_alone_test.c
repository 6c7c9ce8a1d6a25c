/*
 * import_alone_test.c - Import, alone (alone.h): how a call of it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alone.h"
#include "store/admin.h"
#include "store/import.h"

static struct admin admin;

static int setup(void **state)
{
    admin = (struct admin){.store = &alone_store};
    pthread_mutex_init(&admin.lock, NULL);
    return alone_setup(state);
}

static int teardown(void **state)
{
    assert_null(admin.imports);
    pthread_mutex_destroy(&admin.lock);
    return alone_teardown(state);
}

/* As admin_stop does it. */
static void stop(void)
{
    pthread_mutex_lock(&admin.lock);
    admin.stopping = true;
    import_stop(admin.imports);
    pthread_mutex_unlock(&admin.lock);
}

static void begin(struct serve_call *call)
{
    *call = (struct serve_call){0};
    import_method.begin(call, &admin, NULL);
}

static void take_answer(struct serve_call *call)
{
    assert_true(call->sending);
    call->sending = false;
    import_method.sent(call, true);
}

/* It has been told how far an import has got, and has been asked for a message. */
static void begin_and_hear(struct serve_call *call)
{
    begin(call);
    alone_hand_all_back();
    take_answer(call);
    assert_int_equal(call->reads, 1);
}

static void give(struct serve_call *call, struct bytes *message)
{
    import_method.message(call, message);
    bytes_unref(message);
}

static void give_end(struct serve_call *call)
{
    struct import_state end = {.last_order_id = 7};
    give(call, import_end_encode(&end));
}

static void an_import_ends_once_its_end_is_stored(void **state)
{
    (void)state;
    struct serve_call call;
    begin_and_hear(&call);
    give_end(&call);
    assert_false(call.finished);
    alone_hand_all_back();
    take_answer(&call);
    assert_true(call.finished);
    assert_int_equal(call.end.reason, REASON_NONE);
    alone_end(&import_method, &call);
}

static void
when_photond_goes_down_imports_end_once_what_they_sent_is_stored_and_none_begins(void **state)
{
    (void)state;
    struct serve_call idle, waits, late;
    begin_and_hear(&idle);
    begin_and_hear(&waits);
    give(&waits, bytes_new(0));
    stop();
    stop(); /* once more changes nothing */
    assert_int_equal(idle.end.reason, REASON_SHUTTING_DOWN);
    assert_false(waits.finished);
    alone_hand_all_back();
    assert_int_equal(waits.end.reason, REASON_SHUTTING_DOWN);
    begin(&late);
    assert_int_equal(late.end.reason, REASON_SHUTTING_DOWN);
    import_method.lost(&late); /* may come for a call that was never taken */
    alone_end(&import_method, &late);
    alone_end(&import_method, &idle);
    alone_end(&import_method, &waits);
}

static void an_import_that_is_stored_is_not_told_that_photond_goes_down(void **state)
{
    (void)state;
    struct serve_call call;
    begin_and_hear(&call);
    give_end(&call);
    alone_hand_all_back();
    stop(); /* while its last answer is on the way */
    take_answer(&call);
    assert_true(call.finished);
    assert_int_equal(call.end.reason, REASON_NONE);
    alone_end(&import_method, &call);
}

static void an_import_that_is_lost_waits_for_what_it_has_sent(void **state)
{
    (void)state;
    struct serve_call call, other;
    begin_and_hear(&call);
    begin_and_hear(&other);
    give(&call, bytes_new(0));
    import_method.lost(&call);
    assert_false(call.finished);
    alone_hand_all_back();
    assert_int_equal(call.end.reason, REASON_CALLER_GONE);
    alone_end(&import_method, &call); /* the first of two that are open, */
    stop();
    alone_end(&import_method, &other); /* and the only one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_import_ends_once_its_end_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(
            when_photond_goes_down_imports_end_once_what_they_sent_is_stored_and_none_begins, setup,
            teardown),
        cmocka_unit_test_setup_teardown(an_import_that_is_stored_is_not_told_that_photond_goes_down,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_import_that_is_lost_waits_for_what_it_has_sent, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
