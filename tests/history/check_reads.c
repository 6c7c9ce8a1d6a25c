/*
 * check_reads.c - what a refused emit or a read says of a stream must have been true at some moment of the call. See check.h.
 *
 * Version v of a stream was the last one from the commit of its event v to that of event v + 1. Of these moments the log's bounds are
 * known, and so is when v certainly was not yet, or certainly no longer, the last one.
 */
#include <inttypes.h>

#include "tests/history/check.h"

struct call {
    uint32_t name;
    int64_t invoked, returned;
};

/* Certainly there before the call was invoked; version 0 always was. */
static bool was_there(const struct check *check, const struct call *call, int64_t version)
{
    const struct entry *entry = finallog_at(&check->log, call->name, version);
    return version <= 0 || (entry && entry->by_ns < call->invoked);
}

/* Certainly not yet there when it returned. */
static bool was_not_yet(const struct check *check, const struct call *call, int64_t version)
{
    const struct entry *entry = finallog_at(&check->log, call->name, version);
    return version > 0 && (!entry || entry->after_ns > call->returned);
}

static bool held_all_the_time(const struct check *check, const struct call *call,
                              const struct history_record *event)
{
    switch (event->expect) {
    case HISTORY_VERSION:
        return was_there(check, call, event->version) &&
               was_not_yet(check, call, event->version + 1);
    case HISTORY_NO_STREAM:
        return was_not_yet(check, call, 1);
    case HISTORY_EXISTS:
        return was_there(check, call, 1);
    default:
        return true; /* nothing is expected: nothing could fail */
    }
}

static struct call call_of(const struct check *check, const struct history_record *invoked,
                           const struct history_record *returned)
{
    return (struct call){names_find(&check->files.names, invoked->stream), invoked->time_ns,
                         returned->time_ns};
}

static void check_told(struct check *check, const struct file *file,
                       const struct history_record *event, const struct history_record *returned)
{
    struct call call = call_of(check, event, returned);
    if (returned->version < 0)
        return;
    if (was_not_yet(check, &call, returned->version) ||
        was_there(check, &call, returned->version + 1))
        verdict_add(&check->verdict, VIOLATION_TOLD_VERSION,
                    "emit %u in %s to %.80s was refused with version %" PRId64
                    ", which that stream did not have then",
                    event->number, file->name, names_text(&check->files.names, call.name),
                    returned->version);
}

static void check_refusal(struct check *check, const struct file *file,
                          const struct history_record *first, const struct history_record *returned)
{
    const struct history_record *end = file->records + file->count;
    uint32_t expectations = 0;
    for (const struct history_record *event = first;
         event < end && event->kind == HISTORY_EMIT && event->number == first->number; event++) {
        struct call call = call_of(check, event, returned);
        if (!held_all_the_time(check, &call, event))
            return check_told(check, file, event, returned);
        expectations += event->expect != HISTORY_ANY;
    }
    verdict_add(&check->verdict, VIOLATION_REFUSAL,
                "emit %u in %s to %.80s was refused, but what it expected (version %" PRId64
                ", kind %d, %u in all) held all the time",
                first->number, file->name,
                names_text(&check->files.names, names_find(&check->files.names, first->stream)),
                first->version, first->expect, expectations);
}

static void check_read(struct check *check, const struct file *file,
                       const struct history_record *invoked, const struct history_record *returned)
{
    struct call call = call_of(check, invoked, returned);
    check->counts.reads++;
    if (was_there(check, &call, returned->version + 1))
        verdict_add(
            &check->verdict, VIOLATION_STALE,
            "read %u in %s saw version %" PRId64 ", but before it there was %s", invoked->number,
            file->name, returned->version,
            finallog_text(&check->log, finallog_at(&check->log, call.name, returned->version + 1)));
    if (was_not_yet(check, &call, returned->version))
        verdict_add(&check->verdict, VIOLATION_FUTURE,
                    "read %u in %s saw version %" PRId64 " of %.80s, which was not there then",
                    invoked->number, file->name, returned->version,
                    names_text(&check->files.names, call.name));
}

void check_reads(struct check *check)
{
    for (size_t f = 0; f < check->files.count; f++) {
        const struct file *file = &check->files.files[f];
        for (uint32_t number = 0; number < file->operations; number++) {
            const struct history_record *invoked = files_invoked(file, number);
            const struct history_record *returned = files_returned(file, number);
            if (!invoked || !returned)
                continue;
            if (invoked->kind == HISTORY_EMIT && returned->outcome == HISTORY_REFUSED)
                check_refusal(check, file, invoked, returned);
            else if (invoked->kind == HISTORY_READ && returned->outcome == HISTORY_OK)
                check_read(check, file, invoked, returned);
        }
    }
}
