/*
 * importing.c - see importing.h.
 *
 * What is imported must be the history of a store: order ids rise, times do not fall, each stream's versions follow one another, and no
 * event id comes twice. A cut that a policy made comes behind the last event that it took; which policies there are say the events that record
 * them. A stream whose beginning is gone begins at another version than 1. Then it gets a cut, so that the index
 * says where it begins (keys.h); the event by which it was cut comes later, and puts the right one in its place.
 *
 * A fault is found when some of the entries have been taken, so the whole commit is given up. That costs nothing: while an import runs
 * nothing else is stored.
 */
#include "store/importing.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "store/retention.h"
#include "wire/entry.h"
#include "wire/text.h"

/* An entry, and the one behind it if that is its cut. */
struct step {
    struct sequence *sequence;
    struct submission *sub;
    struct entry entry, cut;
    bool has_cut;
    struct error *error; /* the commit's */
};

/* ---- what is wrong ---- */

static bool refuse(struct step *step, enum reason reason, const char *what)
{
    struct error error;
    error_set(&error, reason, "the event with order id %" PRIu64 " cannot be imported: %s",
              step->entry.event.order_id, what);
    submission_fail(step->sub, &error);
    error_set(step->error, REASON_BUSY,
              "an import that was refused took this commit with it; nothing was stored: retry");
    return false;
}

static bool no_memory(struct step *step)
{
    error_set(step->error, REASON_BUSY, "the store is out of memory; nothing was stored: retry");
    return false;
}

/* The store must hold nothing but what was imported. */
static bool is_free(const struct sequence *s, struct submission *sub)
{
    struct error error;
    if (s->last == (s->imported.begun ? s->imported.at.last_order_id : 0))
        return true;
    error_set(&error, REASON_WRONG_STATE,
              "this store holds events of its own (the last has order id %" PRIu64
              "), so nothing can be imported: take an empty store",
              s->last);
    submission_fail(sub, &error);
    return false;
}

static bool check_place(struct step *step)
{
    const struct imported *imported = &step->sequence->imported;
    const struct event *event = &step->entry.event;
    if (event->order_id <= imported->at.last_order_id)
        return refuse(step, REASON_INVALID_ARGUMENT,
                      "order ids must rise, and this one is not beyond the last one imported");
    if (event->event_time < imported->time_ms)
        return refuse(step, REASON_INVALID_ARGUMENT, "its time is before that of the one before");
    if (step->has_cut && step->cut.cut_by != event->order_id)
        return refuse(step, REASON_INVALID_ARGUMENT, "behind it comes the cut of another event");
    return true;
}

/* ---- ids and versions ---- */

static bool id_take(struct step *step, const struct key *key, const uint8_t *content)
{
    struct sequence *s = step->sequence;
    const struct event *event = &step->entry.event;
    struct id_entry entry;
    int found = ids_find(s->ids, key, &entry, step->error);
    if (found < 0)
        return false;
    if (found)
        return refuse(step, REASON_EVENT_ID_REUSED, "an event before it has the same event id");
    entry = (struct id_entry){event->order_id, event->version, event->event_time, {0}};
    memcpy(entry.digest, content, sizeof entry.digest);
    return ids_put(s->ids, key, &entry) || no_memory(step);
}

static bool head_of(struct step *step, struct span stream, struct head **head)
{
    struct sequence *s = step->sequence;
    return heads_get(s->heads, s->log, stream, stream_hash(stream), head, step->error) ==
           REASON_NONE;
}

/* Its beginning is gone, and the event that says so still to come. */
static bool begin_late(struct step *step, struct head *head)
{
    const struct event *event = &step->entry.event;
    struct cut cut = {.version = event->version - 1, .order_id = event->order_id - 1};
    head->last_version = head->cut_version = cut.version;
    return builder_cut(step->sequence->builder, event->stream_name, &cut, 0) || no_memory(step);
}

static bool version_take(struct step *step)
{
    const struct event *event = &step->entry.event;
    struct head *head;
    if (!head_of(step, event->stream_name, &head))
        return false;
    if (event->version <= head->last_version)
        return refuse(step, REASON_INVALID_ARGUMENT,
                      "its stream has come to that version already, or further");
    if (event->version > head->last_version + 1 && head->last_version > head->cut_version)
        return refuse(step, REASON_INVALID_ARGUMENT, "its stream has a gap before its version");
    if (event->version > head->last_version + 1 && !begin_late(step, head))
        return false;
    head->last_version = event->version;
    return true;
}

/* ---- entries ---- */

static bool builder_take(struct step *step, const struct event_facts *facts, const struct key *key)
{
    struct builder *b = step->sequence->builder;
    struct event event = step->entry.event;
    uint8_t *raw = malloc(event_size(&event));
    if (!raw)
        return no_memory(step);
    event.raw = (struct span){raw, (size_t)(event_put(raw, &event) - raw)};
    bool ok = builder_place(b, event.order_id, event.event_time) &&
              builder_add(b, &event, facts, key, event.version);
    free(raw);
    return ok || no_memory(step);
}

static bool event_take(struct step *step)
{
    const struct event *event = &step->entry.event;
    struct event_facts facts = {.stream_hash = stream_hash(event->stream_name)};
    struct key key = key_event_id(event->event_id);
    submission_digest(event, facts.digest);
    return id_take(step, &key, facts.digest) && version_take(step) &&
           builder_take(step, &facts, &key);
}

static bool erased_take(struct step *step)
{
    struct builder *b = step->sequence->builder;
    const struct entry *entry = &step->entry;
    struct key key = {.len = 0};
    struct event place = {.order_id = entry->event.order_id,
                          .version = entry->event.version,
                          .event_time = entry->event.event_time};
    if (entry->event.event_id.len) {
        key = key_event_id(entry->event.event_id);
        if (!id_take(step, &key, entry->content))
            return false;
    }
    struct stub stub = {place, key_span(&key), entry->own};
    return (builder_place(b, place.order_id, place.event_time) &&
            builder_add_stub(b, &stub, entry->content)) ||
           no_memory(step);
}

/* ---- cuts ---- */

/* Its events are still there: have them hidden, and erased. */
static bool cut_hide(struct step *step, struct span stream, const struct cut *cut, uint64_t erase)
{
    struct submission *sub = step->sub;
    size_t len = sub->cuts_len + 1;
    struct import_cut *cuts = realloc(sub->cuts, len * sizeof *cuts);
    if (!cuts)
        return no_memory(step);
    cuts[len - 1] = (struct import_cut){stream, cut->version, erase};
    sub->cuts = cuts;
    sub->cuts_len = len;
    return true;
}

static bool cut_take(struct step *step, struct span stream, const struct cut *cut)
{
    struct head *head;
    if (!head_of(step, stream, &head))
        return false;
    bool hides = head->last_version > head->cut_version;
    uint64_t erase = cut->policy ? cut->order_id : cut->deletion;
    if (cut->version < head->cut_version && retention_generation(step->sequence->retention))
        return true; /* a policy has come further since the last import */
    if (cut->version < head->cut_version)
        return refuse(step, REASON_INVALID_ARGUMENT, "its cut goes back behind an earlier one");
    head->cut_version = cut->version;
    if (head->last_version < cut->version)
        head->last_version = cut->version;
    head->tombstone |= cut->tombstone;
    step->sequence->tombstones |= cut->tombstone;
    step->sub->has_cuts |= cut->tombstone || cut->policy || cut->order_id != cut->deletion;
    return (!hides || cut_hide(step, stream, cut, erase)) &&
           (builder_cut(step->sequence->builder, stream, cut, hides ? erase : 0) ||
            no_memory(step));
}

/* A later deletion of the same stream has taken the place of this one's cut: whatever the stream holds now is gone. */
static bool cut_all(struct step *step)
{
    const struct event *event = &step->entry.event;
    struct head *head;
    if (!head_of(step, event->id, &head))
        return false;
    if (head->last_version == head->cut_version)
        return true;
    struct cut cut = {
        .version = head->last_version, .order_id = event->order_id, .deletion = event->order_id};
    return cut_take(step, event->id, &cut);
}

/* ---- policies ---- */

static bool policy_read(const struct event *event, bool clear, struct set_retention_request *change)
{
    json_t *payload = json_loadb((const char *)event->payload.data, event->payload.len, 0, NULL);
    json_int_t age = json_integer_value(json_object_get(payload, "max-age-ms"));
    json_int_t count = json_integer_value(json_object_get(payload, "max-count"));
    bool ok = json_is_object(payload) && age >= 0 && count >= 0 && event->id.len > 0 &&
              event->id.len <= NAME_BYTES_MAX;
    json_decref(payload);
    *change = (struct set_retention_request){
        .retention = {event->id, (uint64_t)age, (uint64_t)count, event->order_id}, .clear = clear};
    return ok;
}

static bool policy_take(struct step *step, bool clear)
{
    struct sequence *s = step->sequence;
    struct submission *sub = step->sub;
    size_t len = sub->policies_len + 1;
    struct set_retention_request change;
    if (!policy_read(&step->entry.event, clear, &change))
        return refuse(step, REASON_INVALID_ARGUMENT, "it does not say which policy it changes");
    if (s->retention && retention_would(s->retention, &change) == RETENTION_FULL)
        return refuse(step, REASON_TOO_LARGE, "it is one policy too many");
    struct import_policy *policies = realloc(sub->policies, len * sizeof *policies);
    if (!policies)
        return no_memory(step);
    policies[len - 1] = (struct import_policy){change, step->entry.event.order_id};
    sub->policies = policies;
    sub->policies_len = len;
    sub->has_cuts = true;
    builder_policy_put(s->builder, &change, step->entry.event.order_id);
    return true;
}

/* ---- what the store has recorded ---- */

static bool is_type(const struct event *event, const char *type)
{
    return text_equal(event->event_type, text_span(type));
}

static bool is_recorded(const struct event *event)
{
    if (!text_equal(event->stream_name, text_span("__store__")))
        return false;
    if (is_type(event, "retention-set") || is_type(event, "retention-cleared"))
        return true;
    return (is_type(event, "stream-deleted") || is_type(event, "stream-truncated")) &&
           text_name_fault(event->id) == NULL;
}

static bool recorded_take(struct step *step)
{
    struct builder *b = step->sequence->builder;
    if (!builder_alone(b, RECORD_DELETION))
        return no_memory(step);
    if (!event_take(step))
        return false;
    if (!builder_alone(b, RECORD_EVENTS))
        return no_memory(step);
    const struct event *event = &step->entry.event;
    const struct cut cut = {.version = step->cut.cut_version,
                            .order_id = step->cut.cut_order_id,
                            .deletion = step->cut.cut_by,
                            .tombstone = step->cut.tombstone};
    if (step->has_cut)
        return cut_take(step, step->cut.stream, &cut);
    if (is_type(event, "stream-deleted"))
        return cut_all(step);
    if (is_type(event, "stream-truncated"))
        return true; /* a later cut has taken the place of its own */
    return policy_take(step, is_type(event, "retention-cleared"));
}

/* Behind it, perhaps, the cut of a policy, of which the policy's event is the record; that may be anywhere. */
static bool gone_take(struct step *step)
{
    const struct cut cut = {.version = step->cut.cut_version,
                            .order_id = step->cut.cut_order_id,
                            .tombstone = step->cut.tombstone,
                            .policy = true};
    return erased_take(step) && (!step->has_cut || cut_take(step, step->cut.stream, &cut));
}

/* ---- all of them ---- */

static bool step_take(struct step *step)
{
    struct sequence *s = step->sequence;
    const struct event *event = &step->entry.event;
    bool ok;
    if (step->entry.kind == ENTRY_CUT)
        return refuse(step, REASON_INVALID_ARGUMENT, "a cut must come right behind its event");
    if (!check_place(step))
        return false;
    if (step->entry.kind == ENTRY_ERASED)
        ok = gone_take(step);
    else
        ok = step->has_cut || is_recorded(event) ? recorded_take(step) : event_take(step);
    if (!ok)
        return false;
    entry_digest(&step->entry, s->imported.at.digest);
    s->imported.at.last_order_id = s->last = event->order_id;
    s->imported.at.events++;
    s->imported.time_ms = event->event_time;
    if (event->event_time > s->end.last_time_ms)
        s->end.last_time_ms = event->event_time;
    return true;
}

static bool take_all(struct step *step)
{
    struct span rest = step->sub->entries, ahead;
    struct entry next;
    while (entry_next(&rest, &step->entry) == 1) {
        ahead = rest;
        step->has_cut = entry_next(&ahead, &next) == 1 && next.kind == ENTRY_CUT;
        if (step->has_cut) {
            step->cut = next;
            rest = ahead;
        }
        step->sequence->imported.begun = true;
        step->sequence->imported.finished = false;
        if (!step_take(step))
            return false;
    }
    return true;
}

/* The end must be where we are. The store keeps what it has: whoever imports finds out which of the two is wrong. */
static bool end_take(struct sequence *s, struct submission *sub)
{
    const struct import_state *end = &sub->import_end.end, *at = &s->imported.at;
    struct error error;
    if (end->last_order_id == at->last_order_id &&
        memcmp(end->digest, at->digest, DIGEST_BYTES) == 0) {
        s->imported.begun = s->imported.finished = true;
        return true;
    }
    error_set(&error, REASON_INVALID_ARGUMENT,
              "the import ends at order id %" PRIu64
              ", or has a digest, that is not what it was to end with (order id %" PRIu64
              "): it is not the whole of one history",
              at->last_order_id, end->last_order_id);
    submission_fail(sub, &error);
    return false;
}

bool importing_add(struct sequence *s, struct submission *sub, struct error *error)
{
    struct step step = {.sequence = s, .sub = sub, .error = error};
    uint64_t before = s->imported.at.events;
    if (!is_free(s, sub))
        return true;
    if (!take_all(&step))
        return false;
    bool took = s->imported.at.events > before;
    if (sub->import_end.has_end && !end_take(s, sub)) {
        error_set(error, REASON_BUSY, "an import ended wrongly; nothing was stored: retry");
        return !took;
    }
    if (took || sub->import_end.has_end)
        imported_put(builder_batch(s->builder), &s->imported);
    sub->imported = s->imported;
    return true;
}
