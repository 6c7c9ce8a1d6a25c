/*
 * meta.c - see meta.h. Written once, when the store is made; read at every start.
 */
#include "store/meta.h"

#include <string.h>

#include "store/keys.h"
#include "store/little.h"

enum { ID_BYTES = 36, IDENTITY_BYTES = ID_BYTES + 8, FORMAT_BYTES = 4, INCARNATION_FIRST = 1 };

enum log_fault meta_write(struct log *log, const char *store_id, struct error *error)
{
    uint8_t format[FORMAT_BYTES], identity[IDENTITY_BYTES];
    little_put32(format, RECORD_FORMAT);
    memcpy(identity, store_id, ID_BYTES);
    little_put64(identity + ID_BYTES, INCARNATION_FIRST);
    struct key format_key = key_meta("format"), identity_key = key_meta("identity");
    struct log_batch *batch = log_batch_new();
    if (!batch) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to make the store");
        return LOG_FAILED;
    }
    log_batch_put(batch, key_span(&format_key), (struct span){format, sizeof format});
    log_batch_put(batch, key_span(&identity_key), (struct span){identity, sizeof identity});
    enum reason reason = log_write(log, batch, error);
    log_batch_free(batch);
    if (reason == REASON_NONE)
        return LOG_OK;
    return reason == REASON_STORE_FULL ? LOG_FULL : LOG_FAILED;
}

static enum log_fault meta_damaged(const char *what, struct error *error)
{
    error_set(error, REASON_CORRUPT,
              "the store does not have the %s that its file PHOTON says; restore a backup", what);
    return LOG_DAMAGED;
}

static enum log_fault meta_check(const struct bytes *format, const struct bytes *identity,
                                 const char *store_id, struct error *error)
{
    if (!format || format->len != FORMAT_BYTES || little_get32(format->data) != RECORD_FORMAT)
        return meta_damaged("format", error);
    if (!identity || identity->len != IDENTITY_BYTES ||
        memcmp(identity->data, store_id, ID_BYTES) != 0)
        return meta_damaged("identity", error);
    return LOG_OK;
}

enum log_fault meta_read(struct log *log, const char *store_id, uint64_t *incarnation,
                         struct error *error)
{
    struct key format_key = key_meta("format"), identity_key = key_meta("identity");
    struct bytes *format = NULL, *identity = NULL;
    enum log_fault fault;
    enum reason reason = log_get(log, key_span(&format_key), &format, error);
    if (reason == REASON_NONE)
        reason = log_get(log, key_span(&identity_key), &identity, error);
    if (reason == REASON_NONE)
        fault = meta_check(format, identity, store_id, error);
    else
        fault = reason == REASON_CORRUPT ? LOG_DAMAGED : LOG_FAILED;
    if (fault == LOG_OK)
        *incarnation = little_get64(identity->data + ID_BYTES);
    bytes_unref(format);
    bytes_unref(identity);
    return fault;
}
