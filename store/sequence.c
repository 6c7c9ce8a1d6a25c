/*
 * sequence.c - see sequence.h.
 *
 * The order of the steps is the semantics: a batch all of whose event ids are known with equal content is a retry, and the
 * retry of a success is a success, so duplicates come before expectations; expectations see what earlier submissions of the same
 * commit have written. Nothing is numbered before everything of a submission has been agreed to. What a truncation takes must be in
 * the log already, and a policy sees those before it, so these are the first of their commit (commit.c).
 */
#include "store/sequence.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/importing.h"
#include "store/locate.h"
#include "store/retention.h"
#include "wire/text.h"

void sequence_start(struct sequence *s, int64_t now_us, size_t bytes)
{
    uint64_t first = s->end.last_order_id + 1;
    if (now_us > 0 && (uint64_t)now_us > first)
        first = (uint64_t)now_us;
    int64_t time_ms = now_us / 1000 > s->end.last_time_ms ? now_us / 1000 : s->end.last_time_ms;
    builder_start(s->builder, first, s->end.last_number + 1, time_ms, bytes);
    s->end.last_time_ms = time_ms;
    s->last = s->end.last_order_id;
}

/* What is known of a submission's event ids. */
struct known {
    size_t known;  /* how many are */
    size_t reused; /* how many of these have other content */
    size_t first_reused;
    int64_t last_time_ms;
};

/* false: the log cannot be read. The places of known events go to submission->stored. */
static bool sequence_known(struct sequence *s, struct submission *sub, struct known *known,
                           struct error *error)
{
    *known = (struct known){0};
    for (size_t i = 0; i < sub->request.events_len; i++) {
        struct key key;
        struct id_entry entry;
        submission_id_key(sub, i, &key);
        int found = ids_find(s->ids, &key, &entry, error);
        if (found < 0)
            return false;
        if (!found)
            continue;
        known->known++;
        sub->stored[i] = (struct stored_at){entry.order_id, entry.version};
        if (entry.time_ms > known->last_time_ms)
            known->last_time_ms = entry.time_ms;
        if (memcmp(entry.digest, sub->facts[i].digest, sizeof entry.digest) != 0 &&
            !known->reused++)
            known->first_reused = i;
    }
    return true;
}

static void fail_reused(struct submission *sub, size_t i)
{
    struct error error;
    struct span id = sub->request.events[i].event_id;
    error_set(&error, REASON_EVENT_ID_REUSED,
              "event %zu: the event id \"%.*s\" is taken by an event with other content, stored at "
              "order id %" PRIu64 "; nothing was stored: use a new id for a new event",
              i, (int)id.len, (const char *)id.data, sub->stored[i].order_id);
    strcpy(error.field, "event-id");
    error.event_index = (uint32_t)i;
    submission_fail(sub, &error);
}

static void fail_partial(struct submission *sub, const struct known *known)
{
    struct error error;
    error_set(&error, REASON_PARTIAL_DUPLICATE,
              "%zu of the %zu event ids of this batch are stored already and the others are not; "
              "nothing was stored: "
              "retry a batch as it was first sent",
              known->known, sub->request.events_len);
    strcpy(error.field, "event-id");
    submission_fail(sub, &error);
}

/* Is the submission decided by its event ids alone? Then its outcome is set. */
static bool sequence_duplicate(struct submission *sub, const struct known *known)
{
    if (known->known == 0)
        return false;
    if (known->reused)
        fail_reused(sub, known->first_reused);
    else if (known->known < sub->request.events_len)
        fail_partial(sub, known);
    else {
        sub->duplicate = true;
        sub->event_time = known->last_time_ms;
    }
    return true;
}

static bool expect_holds(const struct expect *expect, const struct head *head)
{
    bool exists = head->last_version > head->cut_version;
    assert(expect->kind != EXPECT_NONE); /* that is no expectation */
    if (expect->kind == EXPECT_VERSION)
        return head->last_version == expect->version;
    return exists == (expect->kind == EXPECT_EXISTS);
}

static void wrong_version_add(struct error *error, const struct expect *expect,
                              const struct head *head)
{
    if (error->wrong_versions++ >= WRONG_VERSIONS_MAX)
        return;
    struct wrong_version *wrong = &error->wrong_version[error->wrong_versions - 1];
    memcpy(wrong->stream_name, expect->stream_name.data, expect->stream_name.len);
    wrong->stream_name[expect->stream_name.len] = '\0';
    wrong->kind = expect->kind;
    wrong->expected = expect->version;
    wrong->version = head->last_version;
    wrong->exists = head->last_version > head->cut_version;
}

static void wrong_version_tell(struct error *error)
{
    const struct wrong_version *wrong = &error->wrong_version[0];
    char expected[40] = "no event";
    if (wrong->kind == EXPECT_VERSION)
        snprintf(expected, sizeof expected, "version %" PRIu64, wrong->expected);
    else if (wrong->kind == EXPECT_EXISTS)
        strcpy(expected, "an event");
    snprintf(error->message, sizeof error->message,
             "stream \"%s\" was expected to have %s and has version %" PRIu64
             "%s%s; nothing was stored: load it again "
             "and decide again",
             wrong->stream_name, expected, wrong->version, wrong->exists ? "" : " and no event",
             error->wrong_versions > 1 ? " (more expectations failed, too)" : "");
}

/* Check all expectations. false: the log cannot be read. When some fail, the outcome is set. */
static bool sequence_expect(struct sequence *s, struct submission *sub, struct error *error)
{
    struct error wrong;
    error_set(&wrong, REASON_WRONG_VERSION, "%s", "");
    for (size_t i = 0; i < sub->request.expects_len; i++) {
        const struct expect *expect = &sub->request.expects[i];
        struct head *head;
        if (heads_get(s->heads, s->log, expect->stream_name, stream_hash(expect->stream_name),
                      &head, error) != REASON_NONE)
            return false;
        if (!expect_holds(expect, head))
            wrong_version_add(&wrong, expect, head);
    }
    if (wrong.wrong_versions) {
        wrong_version_tell(&wrong);
        submission_fail(sub, &wrong);
    }
    return true;
}

static bool fail_memory(struct error *error)
{
    error_set(error, REASON_BUSY, "the store is out of memory; nothing was stored: retry later");
    return false;
}

/* Does every stream of the batch still take events? If not, the outcome is set. false: the log cannot be read. */
static bool sequence_tombstones(struct sequence *s, struct submission *sub, struct error *error)
{
    struct error refused;
    if (!s->tombstones)
        return true;
    for (size_t i = 0; !sub->error && i < sub->request.events_len; i++) {
        struct span name = sub->request.events[i].stream_name;
        struct head *head;
        if (heads_get(s->heads, s->log, name, sub->facts[i].stream_hash, &head, error) !=
            REASON_NONE)
            return false;
        if (!head->tombstone)
            continue;
        error_set(&refused, REASON_STREAM_TOMBSTONED,
                  "event %zu: the stream \"%.*s\" was deleted for good and takes no events any "
                  "more; nothing was stored: use another name",
                  i, (int)name.len, (const char *)name.data);
        strcpy(refused.field, "stream-name");
        refused.event_index = (uint32_t)i;
        submission_fail(sub, &refused);
    }
    return true;
}

/* Number the event and take it into the commit; cut: of the stream that it deletes, or NULL. */
static bool sequence_number(struct sequence *s, struct submission *sub, size_t i,
                            const struct cut *cut, struct error *error)
{
    const struct event *event = &sub->request.events[i];
    const struct event_facts *facts = &sub->facts[i];
    struct head *head;
    if (heads_get(s->heads, s->log, event->stream_name, facts->stream_hash, &head, error) !=
        REASON_NONE)
        return false;
    uint64_t version = head->last_version + 1;
    struct key key;
    submission_id_key(sub, i, &key);
    struct id_entry entry = {builder_next(s->builder), version, s->end.last_time_ms, {0}};
    memcpy(entry.digest, facts->digest, sizeof entry.digest);
    bool added;
    if (cut)
        added = builder_delete(s->builder, event, facts, &key, version, sub->delete_stream, *cut);
    else if (sub->kind == SUBMIT_RETENTION)
        added = builder_policy(s->builder, event, facts, &key, version, &sub->retention);
    else
        added = builder_add(s->builder, event, facts, &key, version);
    if (!added || !ids_put(s->ids, &key, &entry))
        return fail_memory(error);
    head->last_version = version;
    s->last = entry.order_id;
    sub->stored[i] = (struct stored_at){entry.order_id, entry.version};
    sub->event_time = entry.time_ms;
    return true;
}

static bool sequence_emit(struct sequence *s, struct submission *sub, struct error *error)
{
    struct known known;
    if (!sequence_known(s, sub, &known, error))
        return false;
    if (sequence_duplicate(sub, &known))
        return true;
    if (!sequence_expect(s, sub, error))
        return false;
    if (!sequence_tombstones(s, sub, error))
        return false;
    for (size_t i = 0; !sub->error && i < sub->request.events_len; i++)
        if (!sequence_number(s, sub, i, NULL, error))
            return false;
    return true;
}

/* *order_id: of the last event that a truncation takes, which is in the log; 0: it takes all there are. false: *error. */
static bool sequence_cut_place(struct sequence *s, const struct submission *sub, uint64_t *order_id,
                               struct error *error)
{
    struct located at;
    *order_id = 0;
    if (sub->cut_version == sub->last_version)
        return true;
    struct log_iter *iter = log_iter_open(s->log, LOG_READ);
    if (!iter) {
        error_set(error, REASON_STORE_UNAVAILABLE, "the store is being opened anew; try again");
        return false;
    }
    int found = locate_find(iter, sub->delete_stream, sub->cut_version, &at, error);
    if (found == 1 && at.version <= sub->cut_version)
        *order_id = locate_order_id(&at, sub->cut_version);
    log_iter_close(iter);
    if (found != -1 && *order_id == 0)
        error_set(
            error, REASON_CORRUPT,
            "version %" PRIu64 " of stream \"%.*s\" is missing from its index; run photond verify",
            sub->cut_version, (int)sub->delete_stream.len, (const char *)sub->delete_stream.data);
    return *order_id != 0;
}

static bool sequence_delete(struct sequence *s, struct submission *sub, struct error *error)
{
    struct head *head;
    if (!sequence_expect(s, sub, error))
        return false;
    if (sub->error)
        return true;
    if (heads_get(s->heads, s->log, sub->delete_stream, sub->delete_hash, &head, error) !=
        REASON_NONE)
        return false;
    uint64_t order_id, last = head->last_version;
    bool part = sub->delete_before > 0 && sub->delete_before <= last;
    sub->last_version = last;
    sub->cut_version = part ? sub->delete_before - 1 : last;
    if (sub->cut_version <= head->cut_version)
        sub->cut_version = head->cut_version;
    sub->deleted_events = sub->cut_version - head->cut_version;
    sub->tombstone |= head->tombstone;
    sub->recorded = sub->deleted_events > 0 || sub->tombstone != head->tombstone;
    if (!sub->recorded)
        return true;
    if (!sequence_cut_place(s, sub, &order_id, error))
        return false;
    const struct cut cut = {
        .version = sub->cut_version, .order_id = order_id, .tombstone = sub->tombstone};
    if (!sequence_number(s, sub, 0, &cut, error))
        return false;
    head->cut_version = sub->cut_version;
    head->tombstone = sub->tombstone;
    s->tombstones |= sub->tombstone;
    return true;
}

static bool sequence_retention(struct sequence *s, struct submission *sub, struct error *error)
{
    struct error full;
    switch (retention_would(s->retention, &sub->retention)) {
    case RETENTION_SAME:
        return true;
    case RETENTION_CHANGES:
        sub->recorded = true;
        return sequence_number(s, sub, 0, NULL, error);
    case RETENTION_FULL:
        break;
    }
    error_set(&full, REASON_TOO_LARGE,
              "there are %d retention policies, as many as a store may have; nothing was changed: "
              "clear one, or use a wider pattern",
              RETENTION_MAX);
    full.limit = RETENTION_MAX;
    submission_fail(sub, &full);
    return true;
}

/* Nothing gets between the events of an import. */
static bool sequence_is_closed(const struct sequence *s, struct submission *sub)
{
    struct error error;
    if (sub->kind == SUBMIT_IMPORT || sub->kind == SUBMIT_REFUSED ||
        !imported_is_open(&s->imported))
        return false;
    error_set(
        &error, REASON_WRONG_STATE,
        "an import into this store is begun and not finished, so nothing was stored: finish it "
        "(muon restore, muon import)");
    submission_fail(sub, &error);
    return true;
}

bool sequence_add(struct sequence *s, struct submission *sub, struct error *error)
{
    if (sequence_is_closed(s, sub))
        return true;
    if (sub->kind == SUBMIT_EMIT)
        return sequence_emit(s, sub, error);
    if (sub->kind == SUBMIT_DELETE)
        return sequence_delete(s, sub, error);
    if (sub->kind == SUBMIT_RETENTION)
        return sequence_retention(s, sub, error);
    if (sub->kind == SUBMIT_IMPORT)
        return importing_add(s, sub, error);
    return true; /* refused before */
}

bool sequence_finish(struct sequence *s, struct log_end *after, struct error *error)
{
    if (!builder_finish(s->builder))
        return fail_memory(error);
    size_t records;
    const struct built *built = builder_records(s->builder, &records);
    *after = s->end;
    if (records) {
        after->last_order_id = built[records - 1].record.last;
        after->last_number = built[records - 1].record.number;
    }
    return true;
}

void sequence_settle(struct sequence *s, struct log_end after)
{
    s->end = after;
    heads_settle(s->heads);
    ids_settle(s->ids);
}

enum reason sequence_reset(struct sequence *s, struct log_end end, struct error *error)
{
    s->end = end;
    heads_clear(s->heads);
    enum reason reason = sequence_recall(s, error);
    return reason ? reason : ids_reset(s->ids, error);
}

enum reason sequence_recall(struct sequence *s, struct error *error)
{
    return imported_read(s->log, &s->imported, error);
}
