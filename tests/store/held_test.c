/*
 * held_test.c - while a snapshot is read, no policy is carried out; when it is over, it is.
 */
#include "store/hold.h"

#include <sched.h>

#include "committer.h"
#include "store/locate.h"
#include "wire/event.h"

enum { EVENTS = 20, KEPT = 5, MORE = 50 }; /* after each sixteenth commit there would be a step */

static void begin_again_with_holds(struct fixture *f)
{
    struct commit_options options = committer_options(f);
    struct error error;
    commit_close(f->store.commit);
    f->store.holds = hold_all_new(cq_mono_ms);
    f->store.commit = commit_open(&f->store, &options, &error);
    assert_non_null(f->store.commit);
}

static void write_one_by_one(struct fixture *f, const char *stream, int n)
{
    struct writer *w = writer_new(f);
    struct error error;
    for (int i = 0; i < n; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s %d", stream, i);
        struct submission *sub = writer_make(w, stream, id, 100);
        assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
        writer_wait(w);
        assert_null(sub->error);
    }
    writer_free(w);
}

static void keep_few(struct fixture *f)
{
    struct writer *w = writer_new(f);
    const struct set_retention_request request = {
        .retention = {.pattern = text_span("s"), .max_count = KEPT}};
    const struct event event = {.stream_name = text_span("__store__"),
                                .event_type = text_span("retention-set"),
                                .event_id = text_span("policy")};
    struct submission *sub = &w->subs[w->len];
    struct bytes *raw = w->raw[w->len++] = bytes_new(event_size(&event));
    struct error error;
    event_put(raw->data, &event);
    assert_true(submission_init_retention(sub, &request, bytes_span(raw)));
    struct submission *like = writer_make(w, "other", "like", 1); /* it has the writer's callback */
    sub->owner = like->owner;
    sub->done = like->done;
    sub->next = like;
    assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    writer_wait(w);
    assert_true(!sub->error && sub->recorded);
    writer_free(w);
}

static uint64_t cut_of(struct fixture *f)
{
    struct cut cut;
    struct error error;
    assert_int_equal(locate_cut(f->store.log, text_span("s"), &cut, &error), REASON_NONE);
    return cut.version;
}

/* semantics 5 */
static void no_policy_is_carried_out_while_a_snapshot_is_read(void **state)
{
    struct fixture *f = *state;
    struct hold hold = {0};
    begin_again_with_holds(f);
    write_one_by_one(f, "s", EVENTS);
    hold_begin(&hold, f->store.holds);
    keep_few(f);
    write_one_by_one(f, "other", MORE);
    assert_int_equal(cut_of(f), 0);
    hold_end(&hold);
    while (cut_of(f) < EVENTS - KEPT)
        sched_yield();
    assert_int_equal(cut_of(f), EVENTS - KEPT);
    commit_close(f->store.commit);
    f->store.commit = NULL;
    hold_all_free(f->store.holds);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_policy_is_carried_out_while_a_snapshot_is_read,
                                        committer_setup, committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
