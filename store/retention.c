/*
 * retention.c - a short sorted array behind a lock. Of the policies that match a stream its own name's counts, else the pattern with
 * the most bytes beside its wildcards, of equal ones the first.
 */
#include "store/retention.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "store/pattern.h"
#include "wire/text.h"

struct retention_table {
    pthread_rwlock_t lock;
    _Atomic uint64_t generation;
    struct retention_list list;
};

struct retention_table *retention_new(void)
{
    struct retention_table *table = calloc(1, sizeof *table);
    if (table)
        pthread_rwlock_init(&table->lock, NULL);
    return table;
}

void retention_free(struct retention_table *table)
{
    if (!table)
        return;
    pthread_rwlock_destroy(&table->lock);
    free(table);
}

uint64_t retention_generation(const struct retention_table *table)
{
    return table ? atomic_load(&table->generation) : 0;
}

/* ---- the array ---- */

static int compare(struct span a, struct span b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the pattern is, or belongs. */
static size_t place_of(const struct retention_list *list, struct span pattern, bool *found)
{
    size_t at = 0;
    while (at < list->len && compare(list->policy[at].pattern, pattern) < 0)
        at++;
    *found = at < list->len && text_equal(list->policy[at].pattern, pattern);
    return at;
}

/* The policies' patterns view the texts beside them. */
static void point(struct retention_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        list->policy[i].pattern.data = (const uint8_t *)list->text[i];
}

static void put(struct retention_list *list, const struct retention *policy)
{
    bool found;
    size_t at = place_of(list, policy->pattern, &found), behind = list->len - at;
    if (!found) {
        assert(list->len < RETENTION_MAX);
        memmove(&list->policy[at + 1], &list->policy[at], behind * sizeof *list->policy);
        memmove(&list->text[at + 1], &list->text[at], behind * sizeof *list->text);
        memcpy(list->text[at], policy->pattern.data, policy->pattern.len);
        list->len++;
    }
    list->policy[at] = *policy;
    point(list);
}

static void take(struct retention_list *list, struct span pattern)
{
    bool found;
    size_t at = place_of(list, pattern, &found);
    if (!found)
        return;
    list->len--;
    memmove(&list->policy[at], &list->policy[at + 1], (list->len - at) * sizeof *list->policy);
    memmove(&list->text[at], &list->text[at + 1], (list->len - at) * sizeof *list->text);
    point(list);
}

/* ---- what the log says ---- */

static enum reason load_one(struct retention_table *table, struct log_iter *iter,
                            struct span pattern, struct error *error)
{
    struct policy policy;
    if (!policy_decode(log_iter_value(iter), &policy) || text_name_fault(pattern) ||
        table->list.len == RETENTION_MAX)
        return error_set(error, REASON_CORRUPT,
                         "the retention policy \"%.*s\" is malformed, or one too many; run photond "
                         "verify",
                         (int)pattern.len, (const char *)pattern.data);
    const struct retention read = {pattern, policy.max_age_ms, policy.max_count, policy.order_id};
    put(&table->list, &read);
    return REASON_NONE;
}

enum reason retention_load(struct retention_table *table, struct log *log, struct error *error)
{
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    enum reason reason = REASON_NONE;
    struct span pattern;
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "no memory to read the retention policies");
    pthread_rwlock_wrlock(&table->lock);
    table->list.len = 0;
    for (log_iter_seek(iter, text_span("P")); reason == REASON_NONE && log_iter_valid(iter) &&
                                              key_policy_read(log_iter_key(iter), &pattern);
         log_iter_next(iter))
        reason = load_one(table, iter, pattern, error);
    if (reason == REASON_NONE && !log_iter_valid(iter))
        reason = log_iter_fault(iter, error);
    if (table->list.len)
        atomic_fetch_add(&table->generation, 1);
    pthread_rwlock_unlock(&table->lock);
    log_iter_close(iter);
    return reason;
}

/* ---- changes ---- */

enum retention_change retention_would(struct retention_table *table,
                                      const struct set_retention_request *request)
{
    bool found;
    const struct retention_list *list = &table->list; /* nobody else changes it */
    const struct retention *asked = &request->retention;
    size_t at = place_of(list, asked->pattern, &found);
    if (request->clear)
        return found ? RETENTION_CHANGES : RETENTION_SAME;
    if (found && list->policy[at].max_age_ms == asked->max_age_ms &&
        list->policy[at].max_count == asked->max_count)
        return RETENTION_SAME;
    return found || list->len < RETENTION_MAX ? RETENTION_CHANGES : RETENTION_FULL;
}

void retention_apply(struct retention_table *table, const struct set_retention_request *request,
                     uint64_t order_id)
{
    struct retention policy = request->retention;
    policy.order_id = order_id;
    pthread_rwlock_wrlock(&table->lock);
    if (request->clear)
        take(&table->list, policy.pattern);
    else
        put(&table->list, &policy);
    atomic_fetch_add(&table->generation, 1);
    pthread_rwlock_unlock(&table->lock);
}

/* ---- which one counts ---- */

/* The bytes beside the wildcards. */
static size_t weight(struct span pattern)
{
    size_t bytes = pattern.len;
    for (size_t i = 0; i + 1 < pattern.len; i++)
        if (pattern.data[i] == '*' && pattern.data[i + 1] == '*') {
            bytes -= 2;
            i++;
        }
    return bytes;
}

const struct retention *retention_of(const struct retention_list *list, struct span stream)
{
    const struct retention *best = NULL;
    for (size_t i = 0; i < list->len; i++) {
        const struct retention *policy = &list->policy[i];
        if (text_equal(policy->pattern, stream))
            return policy;
        if (pattern_match(policy->pattern, stream) &&
            (!best || weight(policy->pattern) > weight(best->pattern)))
            best = policy;
    }
    return best;
}

struct retention_list *retention_list(struct retention_table *table)
{
    struct retention_list *copy = malloc(sizeof *copy);
    if (!copy)
        return NULL;
    pthread_rwlock_rdlock(&table->lock);
    *copy = table->list;
    copy->generation = atomic_load(&table->generation);
    pthread_rwlock_unlock(&table->lock);
    point(copy);
    return copy;
}

bool retention_match(struct retention_table *table, struct span stream, char pattern[255],
                     struct retention *policy)
{
    *policy = (struct retention){0};
    if (retention_generation(table) == 0)
        return false;
    pthread_rwlock_rdlock(&table->lock);
    const struct retention *found = retention_of(&table->list, stream);
    if (found) {
        *policy = *found;
        memcpy(pattern, found->pattern.data, found->pattern.len);
        policy->pattern.data = (const uint8_t *)pattern;
    }
    pthread_rwlock_unlock(&table->lock);
    return found;
}
