/*
 * snapshot_test.c - a store's history: read, digested, and imported into another store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/emit.h"
#include "store/erase.h"
#include "store/gone.h"
#include "store/snapshot.h"
#include "store/verify.h"
#include "tests/store/decider.h"
#include "wire/entry.h"
#include "wire/text.h"

enum { COMMITS = 40, STEP_BYTES = 4096 };

/* A fixture, and the parts of a store that reading needs. */
struct home {
    struct fixture *f;
    struct store store;
    struct erase *erase;
};

static void home_open(struct home *h)
{
    struct error error;
    void *state;
    assert_int_equal(fixture_setup(&state), 0);
    *h = (struct home){.f = state};
    h->store = (struct store){
        .log = h->f->log, .tail = tail_new(1 << 20), .gone = gone_new(), .holds = NULL};
    h->erase = erase_new(&h->store, NULL);
    assert_int_equal(erase_load(h->erase, &error), REASON_NONE);
}

static void home_close(struct home *h)
{
    void *state = h->f;
    erase_free(h->erase);
    gone_free(h->store.gone);
    tail_free(h->store.tail);
    fixture_teardown(&state);
}

/* The head moves to the store's end. */
static void home_look(struct home *h)
{
    atomic_store(&h->store.head, h->f->sequence.end.last_order_id);
}

static void emit(struct home *h, const char *stream, const char *id)
{
    h->f->now_us += 17; /* order ids have gaps between commits */
    assert_int_equal(emit_one(h->f, stream, id, "{\"some\":\"payload\"}", NULL), REASON_NONE);
    home_look(h);
}

/* As DeleteStream does it; hidden at once, erased by erase_all. */
static uint64_t delete (struct home *h, const char *stream)
{
    struct submission submission;
    const struct delete_request request = {.stream_name = text_span(stream)};
    struct error error;
    struct bytes *raw = emit_deletion(&request);
    h->f->now_us += 17;
    assert_true(submission_init_delete(&submission, &request, bytes_span(raw)));
    commit_begin(h->f);
    assert_true(sequence_add(&h->f->sequence, &submission, &error));
    commit_write(h->f);
    uint64_t order_id = submission.stored[0].order_id;
    erase_add(h->erase, text_span(stream), submission.last_version, order_id);
    submission_fini(&submission);
    bytes_unref(raw);
    home_look(h);
    return order_id;
}

static void erase_all(struct home *h)
{
    struct error error;
    while (erase_pending(h->erase))
        assert_int_equal(erase_step(h->erase, &error), REASON_NONE);
}

static void fill(struct home *h)
{
    char id[32], stream[32];
    for (int i = 0; i < COMMITS; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        snprintf(stream, sizeof stream, "orders/%d", i % 3);
        emit(h, stream, id);
    }
}

/* ---- histories ---- */

struct history {
    uint8_t bytes[1 << 18];
    size_t len;
    uint8_t digest[DIGEST_BYTES];
    uint64_t events, first, last;
};

static void take(struct history *history, struct parts *message)
{
    assert_true(parts_close(message));
    for (size_t i = 0; i < message->len; i++) {
        assert_true(history->len + message->part[i]->len <= sizeof history->bytes);
        memcpy(history->bytes + history->len, message->part[i]->data, message->part[i]->len);
        history->len += message->part[i]->len;
    }
    parts_clear(message);
}

static void end(struct history *history, struct snapshot *s)
{
    memcpy(history->digest, s->digest, DIGEST_BYTES);
    history->events = s->events;
    history->first = s->first_order_id;
    history->last = s->last_order_id;
    snapshot_close(s);
}

static struct history *read_history(struct home *h, uint64_t after, uint64_t up_to,
                                    const uint8_t *digest)
{
    struct history *history = calloc(1, sizeof *history);
    struct snapshot s;
    struct error error;
    snapshot_open(&s, &h->store, after, up_to, digest);
    while (!snapshot_is_over(&s)) {
        struct parts message = {0};
        assert_int_equal(snapshot_step(&s, STEP_BYTES, &message, &error), REASON_NONE);
        take(history, &message);
    }
    end(history, &s);
    return history;
}

static void digest_of(struct home *h, uint64_t up_to, uint8_t digest[DIGEST_BYTES])
{
    struct history *history = read_history(h, 0, up_to, NULL);
    memcpy(digest, history->digest, DIGEST_BYTES);
    free(history);
}

static void assert_same(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES])
{
    assert_memory_equal(a, b, DIGEST_BYTES);
}

/* What the entries themselves come to. */
static void assert_comes_to(const struct history *history, const uint8_t *before)
{
    uint8_t digest[DIGEST_BYTES] = {0};
    struct span rest = {history->bytes, history->len};
    struct entry entry;
    int more;
    if (before)
        memcpy(digest, before, DIGEST_BYTES);
    while ((more = entry_next(&rest, &entry)) == 1)
        entry_digest(&entry, digest);
    assert_int_equal(more, 0);
    assert_same(digest, history->digest);
}

/* ---- imports ---- */

/* One message, in a commit of its own; the outcome. */
static enum reason import_run(struct home *h, struct span run, const struct history *ends,
                              struct imported *imported)
{
    struct submission submission;
    struct import_request request = {.has_end = ends != NULL};
    struct error error;
    if (ends) {
        request.end.last_order_id = ends->last;
        memcpy(request.end.digest, ends->digest, DIGEST_BYTES);
    }
    submission_init_import(&submission, run, &request);
    commit_begin(h->f);
    struct log_end before = h->f->sequence.end;
    bool added = sequence_add(&h->f->sequence, &submission, &error);
    enum reason reason = submission.error ? submission.error->reason : REASON_NONE;
    if (!added) {
        assert_int_not_equal(reason, REASON_NONE);
        before.last_time_ms = log_end(h->f->log).last_time_ms;
        assert_int_equal(sequence_reset(&h->f->sequence, before, &error), REASON_NONE);
    } else {
        struct log_end after;
        assert_true(sequence_finish(&h->f->sequence, &after, &error));
        assert_int_equal(log_write(h->f->log, builder_batch(h->f->sequence.builder), &error),
                         REASON_NONE);
        sequence_settle(&h->f->sequence, after);
        for (size_t i = 0; i < submission.cuts_len; i++)
            erase_add(h->erase, submission.cuts[i].stream, submission.cuts[i].version,
                      submission.cuts[i].by);
        if (imported)
            *imported = submission.imported;
    }
    submission_fini(&submission);
    home_look(h);
    return reason;
}

static struct span all_of(const struct history *history)
{
    return (struct span){history->bytes, history->len};
}

static void import_all(struct home *h, const struct history *history)
{
    assert_int_equal(import_run(h, all_of(history), NULL, NULL), REASON_NONE);
    assert_int_equal(import_run(h, (struct span){NULL, 0}, history, NULL), REASON_NONE);
}

static void report(void *user, const char *text)
{
    (void)user;
    fail_msg("%s", text);
}

/* The imported store is sound, and has the same history. */
static void assert_is(struct home *h, const struct history *history)
{
    struct history *again = read_history(h, 0, history->last, NULL);
    assert_same(again->digest, history->digest);
    free(again);
    erase_all(h);
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", h->f->dir);
    fixture_unload(h->f);
    struct verify verify = {.fault = report};
    struct error error;
    assert_int_equal(verify_run(dir, &verify, &error), LOG_OK);
    fixture_load(h->f);
    h->store.log = h->f->log;
    assert_int_equal(sequence_recall(&h->f->sequence, &error), REASON_NONE);
    again = read_history(h, 0, history->last, NULL);
    assert_same(again->digest, history->digest);
    free(again);
}

/* ---- tests ---- */

static void a_digest_does_not_change_when_events_are_deleted_and_erased(void **state)
{
    struct home h;
    uint8_t before[DIGEST_BYTES], hidden[DIGEST_BYTES], erased[DIGEST_BYTES];
    (void)state;
    home_open(&h);
    fill(&h);
    uint64_t up_to = atomic_load(&h.store.head);
    digest_of(&h, up_to, before);
    delete (&h, "orders/1");
    digest_of(&h, up_to, hidden);
    erase_all(&h);
    digest_of(&h, up_to, erased);
    assert_same(before, hidden);
    assert_same(before, erased);
    home_close(&h);
}

static void an_imported_store_is_the_same(void **state)
{
    struct home from, to;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    delete (&from, "orders/1"); /* erased before the snapshot */
    erase_all(&from);
    emit(&from, "orders/1", "after-its-deletion");
    delete (&from, "orders/2"); /* deleted, and hidden only */
    struct history *history = read_history(&from, 0, 0, NULL);
    assert_int_equal(history->events, COMMITS + 3);
    assert_comes_to(history, NULL);
    import_all(&to, history);
    assert_is(&to, history);
    /* What was deleted is, and what is known of it still is known. */
    struct stored_at at;
    assert_int_equal(emit_one(to.f, "orders/1", "id-1", "other", NULL), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(to.f, "orders/1", "new-1", "x", &at), REASON_NONE);
    assert_int_equal(at.version, 13 + 1 + 1); /* 13 erased, one after */
    assert_int_equal(emit_one(to.f, "orders/2", "new-2", "x", &at), REASON_NONE);
    assert_int_equal(at.version, 13 + 1);
    free(history);
    home_close(&to);
    home_close(&from);
}

static void a_later_part_follows_upon_an_earlier_one(void **state)
{
    struct home from, to;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    struct history *first = read_history(&from, 0, 0, NULL);
    delete (&from, "orders/0"); /* of which the first part has all events */
    erase_all(&from);
    emit(&from, "orders/0", "later");
    struct history *second = read_history(&from, first->last, 0, first->digest);
    struct history *computed = read_history(&from, first->last, 0, NULL);
    assert_int_equal(second->events, 2);
    assert_comes_to(second, first->digest);
    assert_same(second->digest, computed->digest);
    import_all(&to, first);
    import_all(&to, second);
    assert_is(&to, second);
    free(first);
    free(second);
    free(computed);
    home_close(&to);
    home_close(&from);
}

static void what_a_later_deletion_has_hidden_is_still_given(void **state)
{
    struct home from, to;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    uint64_t up_to = atomic_load(&from.store.head);
    struct history *before = read_history(&from, 0, up_to, NULL);
    delete (&from, "orders/1");
    struct history *after = read_history(&from, 0, up_to, NULL);
    assert_int_equal(after->len, before->len);
    assert_memory_equal(after->bytes, before->bytes, before->len);
    free(before);
    free(after);
    home_close(&to);
    home_close(&from);
}

static void an_import_that_was_cut_off_goes_on_after_a_restart(void **state)
{
    struct home from, to;
    struct imported have;
    struct error error;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    struct history *history = read_history(&from, 0, 0, NULL);
    struct span rest = all_of(history), half;
    struct entry entry;
    for (int i = 0; i < COMMITS / 2; i++)
        assert_int_equal(entry_next(&rest, &entry), 1);
    half = (struct span){history->bytes, history->len - rest.len};
    assert_int_equal(import_run(&to, half, NULL, NULL), REASON_NONE);
    /* Nothing else is stored meanwhile, before and after a restart. */
    assert_int_equal(emit_one(to.f, "own", "own", "x", NULL), REASON_WRONG_STATE);
    fixture_unload(to.f);
    fixture_load(to.f);
    to.store.log = to.f->log;
    assert_int_equal(sequence_recall(&to.f->sequence, &error), REASON_NONE);
    assert_int_equal(emit_one(to.f, "own", "own", "x", NULL), REASON_WRONG_STATE);
    assert_int_equal(import_run(&to, (struct span){NULL, 0}, NULL, &have), REASON_NONE);
    assert_int_equal(have.at.events, COMMITS / 2);
    assert_int_equal(have.at.last_order_id, entry.event.order_id);
    /* Nothing is stored twice. */
    assert_int_equal(import_run(&to, half, NULL, NULL), REASON_INVALID_ARGUMENT);
    assert_int_equal(import_run(&to, rest, NULL, NULL), REASON_NONE);
    assert_int_equal(import_run(&to, (struct span){NULL, 0}, history, NULL), REASON_NONE);
    assert_is(&to, history);
    assert_int_equal(emit_one(to.f, "own", "own", "x", NULL), REASON_NONE);
    free(history);
    home_close(&to);
    home_close(&from);
}

static void a_store_with_events_of_its_own_takes_no_import(void **state)
{
    struct home from, to;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    struct history *history = read_history(&from, 0, 0, NULL);
    emit(&to, "own", "own");
    assert_int_equal(import_run(&to, all_of(history), NULL, NULL), REASON_WRONG_STATE);
    assert_int_equal(import_run(&to, (struct span){NULL, 0}, NULL, NULL), REASON_WRONG_STATE);
    assert_int_equal(to.f->sequence.end.last_number, 1);
    free(history);
    home_close(&to);
    home_close(&from);
}

static void an_import_must_end_as_it_says(void **state)
{
    struct home from, to;
    (void)state;
    home_open(&from);
    home_open(&to);
    fill(&from);
    struct history *history = read_history(&from, 0, 0, NULL);
    assert_int_equal(import_run(&to, all_of(history), NULL, NULL), REASON_NONE);
    history->digest[3] ^= 1;
    assert_int_equal(import_run(&to, (struct span){NULL, 0}, history, NULL),
                     REASON_INVALID_ARGUMENT);
    assert_int_equal(emit_one(to.f, "own", "own", "x", NULL), REASON_WRONG_STATE);
    history->digest[3] ^= 1;
    assert_int_equal(import_run(&to, (struct span){NULL, 0}, history, NULL), REASON_NONE);
    free(history);
    home_close(&to);
    home_close(&from);
}

/* ---- what cannot be a history ---- */

struct bad {
    const char *stream, *id;
    uint64_t order_id, version;
    int64_t time;
    enum reason reason;
};

/* Behind an event "a", id "1", order id 100, version 1, time 50. */
static const struct bad bad[] = {
    {"a", "2", 100, 2, 50, REASON_INVALID_ARGUMENT}, /* the order id does not rise */
    {"a", "2", 99, 2, 50, REASON_INVALID_ARGUMENT},
    {"a", "2", 101, 1, 50, REASON_INVALID_ARGUMENT}, /* the version does not */
    {"a", "2", 101, 3, 50, REASON_INVALID_ARGUMENT}, /* a gap */
    {"a", "2", 101, 2, 49, REASON_INVALID_ARGUMENT}, /* the time goes back */
    {"b", "1", 101, 1, 50, REASON_EVENT_ID_REUSED},
};

static size_t entry_of(uint8_t *out, const char *stream, const char *id, uint64_t order_id,
                       uint64_t version, int64_t time)
{
    uint8_t raw[512];
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("t"),
                          .event_id = text_span(id),
                          .order_id = order_id,
                          .version = version,
                          .event_time = time};
    uint8_t *end_of = event_put_place(event_put(raw, &event), &event);
    struct entry entry = {.kind = ENTRY_EVENT};
    entry.event.raw = (struct span){raw, (size_t)(end_of - raw)};
    return (size_t)(entry_put(out, &entry) - out);
}

static void what_cannot_be_a_history_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct home to;
        struct imported have;
        uint8_t first[512], second[512];
        const struct bad *b = &bad[i];
        home_open(&to);
        size_t len = entry_of(first, "a", "1", 100, 1, 50);
        assert_int_equal(import_run(&to, (struct span){first, len}, NULL, NULL), REASON_NONE);
        len = entry_of(second, b->stream, b->id, b->order_id, b->version, b->time);
        assert_int_equal(import_run(&to, (struct span){second, len}, NULL, NULL), b->reason);
        assert_int_equal(import_run(&to, (struct span){NULL, 0}, NULL, &have), REASON_NONE);
        assert_int_equal(have.at.events, 1);
        len = entry_of(second, "a", "2", 101, 2, 50);
        assert_int_equal(import_run(&to, (struct span){second, len}, NULL, NULL), REASON_NONE);
        home_close(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_does_not_change_when_events_are_deleted_and_erased),
        cmocka_unit_test(an_imported_store_is_the_same),
        cmocka_unit_test(a_later_part_follows_upon_an_earlier_one),
        cmocka_unit_test(what_a_later_deletion_has_hidden_is_still_given),
        cmocka_unit_test(an_import_that_was_cut_off_goes_on_after_a_restart),
        cmocka_unit_test(a_store_with_events_of_its_own_takes_no_import),
        cmocka_unit_test(an_import_must_end_as_it_says),
        cmocka_unit_test(what_cannot_be_a_history_is_refused_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
