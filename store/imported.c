/*
 * imported.c - see imported.h.
 */
#include "store/imported.h"

#include <string.h>

#include "store/keys.h"
#include "store/little.h"

enum {
    AT_FINISHED = 0,
    AT_LAST = 8,
    AT_EVENTS = 16,
    AT_TIME = 24,
    AT_DIGEST = 32,
    VALUE_BYTES = AT_DIGEST + DIGEST_BYTES
};
static const char name[] = "import";

enum reason imported_read(struct log *log, struct imported *imported, struct error *error)
{
    struct key key = key_meta(name);
    struct bytes *value = NULL;
    *imported = (struct imported){0};
    enum reason reason = log_get(log, key_span(&key), &value, error);
    if (reason || !value)
        return reason;
    if (value->len == VALUE_BYTES) {
        imported->begun = true;
        imported->finished = value->data[AT_FINISHED] != 0;
        imported->at.last_order_id = little_get64(value->data + AT_LAST);
        imported->at.events = little_get64(value->data + AT_EVENTS);
        imported->time_ms = (int64_t)little_get64(value->data + AT_TIME);
        memcpy(imported->at.digest, value->data + AT_DIGEST, DIGEST_BYTES);
    } else {
        reason = error_set(error, REASON_CORRUPT,
                           "what the store says about its import has %zu bytes; restore a backup",
                           value->len);
    }
    bytes_unref(value);
    return reason;
}

void imported_put(struct log_batch *batch, const struct imported *imported)
{
    uint8_t value[VALUE_BYTES] = {0};
    struct key key = key_meta(name);
    value[AT_FINISHED] = imported->finished;
    little_put64(value + AT_LAST, imported->at.last_order_id);
    little_put64(value + AT_EVENTS, imported->at.events);
    little_put64(value + AT_TIME, (uint64_t)imported->time_ms);
    memcpy(value + AT_DIGEST, imported->at.digest, DIGEST_BYTES);
    log_batch_put(batch, key_span(&key), (struct span){value, sizeof value});
}
