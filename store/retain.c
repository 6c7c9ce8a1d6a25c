/*
 * retain.c - see retain.h.
 *
 * A pass goes from policy to policy, in the order of their patterns, and with each over the streams that begin as its pattern does; a
 * stream is dealt with when it comes by with the policy that counts for it. What is too old is found by order id: event times
 * never decrease along order ids, so one bisection a policy and pass tells the first that is young enough.
 *
 * A cut that a policy makes has no event of its own: it names the event that set the policy. Its 'E' key is the order id of the last
 * event that it takes, which is no deletion's.
 */
#include "store/retain.h"

#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "store/locate.h"
#include "store/logline.h"
#include "store/names.h"
#include "store/submission.h"
#include "wire/text.h"

enum { PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 600000, PAUSE_FACTOR = 9, PAUSE_FAULT_MS = 60000 };

/* A cut in the making. */
struct made {
    char name[255];
    size_t name_len;
    uint64_t version, order_id;
};

struct retain {
    struct store *store;
    struct heads *heads;
    struct erase *erase;
    struct log_batch *batch;

    struct retention_list *list; /* of the pass; NULL: none is under way */
    size_t policy;               /* whose streams are being passed */
    uint64_t young;              /* with that: the first order id that is young enough */
    bool looked_up;              /* whether young is */
    struct names names;
    bool fault; /* the pass has met one */
    int64_t begun_ms, due_ms;
    uint64_t done_generation; /* of the last pass */

    struct made made[RETAIN_STEP_CUTS];
    size_t made_len;
};

struct retain *retain_new(struct store *store, struct heads *heads, struct erase *erase)
{
    struct retain *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct retain){.store = store, .heads = heads, .erase = erase};
    r->batch = log_batch_new();
    if (r->batch)
        return r;
    free(r);
    return NULL;
}

void retain_free(struct retain *r)
{
    if (!r)
        return;
    log_batch_free(r->batch);
    free(r->list);
    free(r);
}

int64_t retain_due_ms(const struct retain *r)
{
    uint64_t generation = retention_generation(r->store->retention);
    if (generation == 0)
        return INT64_MAX;
    if (r->list || generation != r->done_generation)
        return 0;
    return r->due_ms;
}

/* ---- a pass ---- */

static bool pass_begin(struct retain *r, int64_t mono_ms)
{
    free(r->list);
    r->list = retention_list(r->store->retention);
    r->policy = 0;
    r->looked_up = r->fault = false;
    r->names = (struct names){0};
    r->begun_ms = mono_ms;
    return r->list;
}

static void pass_end(struct retain *r, int64_t mono_ms)
{
    int64_t pause = (mono_ms - r->begun_ms) * PAUSE_FACTOR;
    int64_t least = r->fault ? PAUSE_FAULT_MS : PAUSE_MIN_MS;
    pause = pause < least ? least : pause;
    r->due_ms = mono_ms + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause);
    r->done_generation = r->list->generation;
    free(r->list);
    r->list = NULL;
}

/* Which policy's turn it is, and what is young enough for it. */
static enum reason pass_look_up(struct retain *r, struct log_end end, int64_t now_ms,
                                struct error *error)
{
    const struct retention *policy = &r->list->policy[r->policy];
    int64_t now = now_ms > end.last_time_ms ? now_ms : end.last_time_ms;
    r->names = (struct names){.pattern = policy->pattern};
    r->young = 0;
    r->looked_up = true;
    if (policy->max_age_ms == 0)
        return REASON_NONE;
    return locate_time(r->store->log, now - (int64_t)policy->max_age_ms, end.last_order_id,
                       &r->young, error);
}

static void pass_fault(struct retain *r, const struct error *error)
{
    if (!r->fault)
        logline_with(LOGLINE_ERROR, "retention passes over what cannot be read",
                     logline_text("error", error->message));
    r->fault = true;
}

/* ---- one stream ---- */

/* The version of the last event that is to go, of those that are there; the stream's live events begin behind cut and end with last. */
static enum reason version_to_cut(struct retain *r, struct log_iter *iter, uint64_t cut,
                                  uint64_t last, uint64_t *version, struct error *error)
{
    const struct retention *policy = &r->list->policy[r->policy];
    struct span name = names_at(&r->names);
    struct located at;
    *version = cut;
    if (policy->max_count && last - cut > policy->max_count)
        *version = last - policy->max_count;
    if (r->young == 0)
        return REASON_NONE;
    int found = locate_find(iter, name, *version + 1, &at, error);
    if (found != 1 || at.extent.record >= r->young)
        return found == -1 ? error->reason : REASON_NONE;
    uint64_t first;
    enum reason reason = locate_version(r->store->log, name, r->young, &first, error);
    if (reason == REASON_NONE && first > *version + 1)
        *version = first - 1;
    return reason;
}

/* The stream that the walk stands on, whose first entry is under the iterator: note what it loses. */
static enum reason look_at_stream(struct retain *r, struct log_iter *iter, struct error *error)
{
    struct span name = names_at(&r->names);
    struct located at;
    struct cut cut;
    uint64_t version;
    enum reason reason = locate_cut(r->store->log, name, &cut, error);
    if (reason != REASON_NONE)
        return reason;
    int found = locate_before(iter, name, UINT64_MAX, &at, error);
    if (found != 1 || at.last_version <= cut.version)
        return found == -1 ? error->reason : REASON_NONE;
    reason = version_to_cut(r, iter, cut.version, at.last_version, &version, error);
    if (reason != REASON_NONE || version <= cut.version)
        return reason;
    found = locate_find(iter, name, version, &at, error);
    uint64_t order_id = found == 1 ? locate_order_id(&at, version) : 0;
    if (order_id == 0 || at.version > version)
        return found == -1
                   ? error->reason
                   : error_set(error, REASON_CORRUPT,
                               "a version of stream \"%.*s\" is missing from its index; run "
                               "photond verify",
                               (int)name.len, (const char *)name.data);
    struct made *made = &r->made[r->made_len++];
    *made = (struct made){.name_len = name.len, .version = version, .order_id = order_id};
    memcpy(made->name, name.data, name.len);
    const struct cut next = {version, order_id, r->list->policy[r->policy].order_id, cut.tombstone,
                             true};
    uint8_t value[CUT_BYTES_MAX];
    size_t len = cut_encode(value, &next);
    struct key key = key_extent(name, 0);
    log_batch_put(r->batch, key_span(&key), (struct span){value, len});
    key = key_erase(order_id);
    log_batch_put(r->batch, key_span(&key), name);
    return REASON_NONE;
}

/* ---- a step ---- */

/* One stream further. false: the pass is over. */
static bool pass_on(struct retain *r, struct log_iter *iter, struct log_end end, int64_t now_ms,
                    struct error *error)
{
    if (r->policy == r->list->len)
        return false;
    const struct retention *policy = &r->list->policy[r->policy];
    enum reason reason = r->looked_up ? REASON_NONE : pass_look_up(r, end, now_ms, error);
    bool keeps = policy->max_age_ms == 0 && policy->max_count == 0;
    int found = reason || keeps ? 0 : names_next(&r->names, iter, error);
    if (reason || found == -1)
        pass_fault(r, error);
    if (found != 1) {
        r->policy++;
        r->looked_up = false;
        return true;
    }
    if (retention_of(r->list, names_at(&r->names)) == policy &&
        look_at_stream(r, iter, error) != REASON_NONE)
        pass_fault(r, error);
    /* A plain name begins others, too, which are not its business. */
    if (!text_is_pattern(policy->pattern)) {
        r->policy++;
        r->looked_up = false;
    }
    return true;
}

/* The cuts are durable: the rest of the store learns of them. */
static void settle(struct retain *r)
{
    for (size_t i = 0; i < r->made_len; i++) {
        const struct made *made = &r->made[i];
        const struct span name = {(const uint8_t *)made->name, made->name_len};
        heads_cut(r->heads, name, stream_hash(name), made->version);
        erase_add(r->erase, name, made->version, made->order_id);
    }
}

enum reason retain_step(struct retain *r, struct log_end end, int64_t now_ms, int64_t mono_ms,
                        struct error *error)
{
    bool stale = r->list && r->list->generation != retention_generation(r->store->retention);
    if ((!r->list || stale) && !pass_begin(r, mono_ms)) { /* no memory now */
        r->done_generation = retention_generation(r->store->retention);
        r->due_ms = mono_ms + PAUSE_MIN_MS;
        return REASON_NONE;
    }
    struct log_iter *iter = log_iter_open(r->store->log, LOG_READ);
    bool more = iter != NULL;
    log_batch_clear(r->batch);
    r->made_len = 0;
    for (int i = 0; more && i < RETAIN_STEP_STREAMS && r->made_len < RETAIN_STEP_CUTS; i++)
        more = pass_on(r, iter, end, now_ms, error);
    log_iter_close(iter);
    enum reason reason = r->made_len ? log_write(r->store->log, r->batch, error) : REASON_NONE;
    if (reason == REASON_NONE)
        settle(r);
    if (!more)
        pass_end(r, mono_ms);
    return reason;
}
