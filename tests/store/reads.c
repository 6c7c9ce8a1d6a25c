/*
 * reads.c - see reads.h.
 */
#include "reads.h"

#include <stdatomic.h>

#include "store/log.h"

static atomic_bool armed, for_good, hit;
static atomic_long left_over;
static _Atomic(enum reason) with;
static _Thread_local bool iter_failed; /* no thread of a test has two iterators at once */

enum reason __real_log_get(struct log *log, struct span key, struct bytes **value,
                           struct error *error);
struct log_iter *__real_log_iter_open(struct log *log, enum log_how how);
bool __real_log_iter_valid(const struct log_iter *iter);
enum reason __real_log_iter_fault(const struct log_iter *iter, struct error *error);
enum reason __wrap_log_get(struct log *log, struct span key, struct bytes **value,
                           struct error *error);
struct log_iter *__wrap_log_iter_open(struct log *log, enum log_how how);
bool __wrap_log_iter_valid(const struct log_iter *iter);
enum reason __wrap_log_iter_fault(const struct log_iter *iter, struct error *error);

static bool fails(void)
{
    if (!atomic_load(&armed))
        return false;
    long left = atomic_fetch_sub(&left_over, 1);
    bool due = left == 1 || (left < 1 && atomic_load(&for_good));
    if (due)
        atomic_store(&hit, true);
    return due;
}

static enum reason as_told(struct error *error)
{
    return error_set(error, atomic_load(&with), "a read failed, as told");
}

enum reason __wrap_log_get(struct log *log, struct span key, struct bytes **value,
                           struct error *error)
{
    return fails() ? as_told(error) : __real_log_get(log, key, value, error);
}

struct log_iter *__wrap_log_iter_open(struct log *log, enum log_how how)
{
    iter_failed = false;
    bool may_fail = atomic_load(&with) != REASON_CORRUPT; /* which is met in moving */
    return may_fail && fails() ? NULL : __real_log_iter_open(log, how);
}

bool __wrap_log_iter_valid(const struct log_iter *iter)
{
    iter_failed = iter_failed || fails();
    return !iter_failed && __real_log_iter_valid(iter);
}

enum reason __wrap_log_iter_fault(const struct log_iter *iter, struct error *error)
{
    return iter_failed ? as_told(error) : __real_log_iter_fault(iter, error);
}

void reads_arm(long nth, bool all_later, enum reason reason)
{
    atomic_store(&hit, false);
    atomic_store(&for_good, all_later);
    atomic_store(&with, reason);
    atomic_store(&left_over, nth);
    atomic_store(&armed, true);
}

void reads_disarm(void)
{
    atomic_store(&armed, false);
}

bool reads_hit(void)
{
    return atomic_load(&hit);
}
