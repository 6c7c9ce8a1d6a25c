/*
 * entry.c - see entry.h.
 */
#include "wire/entry.h"

#include <string.h>

#include "wire/fields.h"
#include "wire/text.h"

enum { ENTRY_FIELD = 1 };

/* ErasedEvent and Cut, by table; digests are bytes, and read by hand. */
struct erased {
    uint64_t order_id, version, event_time;
    struct span event_id;
};
static const struct field_rule erased_rules[] = {
    FIELD_RULE(1, U64, erased, order_id, "order-id"),
    FIELD_RULE(2, U64, erased, version, "version"),
    FIELD_RULE(3, U64, erased, event_time, "event-time"),
    FIELD_RULE(4, TEXT, erased, event_id, "event-id"),
};
enum { ERASED_CONTENT = 5, ERASED_OWN = 6 };
static const struct field_rule cut_rules[] = {
    FIELD_RULE(1, NAME, entry, stream, "stream-name"),
    FIELD_RULE(2, U64, entry, cut_version, "version"),
    FIELD_RULE(3, U64, entry, cut_order_id, "order-id"),
    FIELD_RULE(4, U64, entry, cut_by, "by-order-id"),
    FIELD_RULE(5, BOOL, entry, tombstone, "tombstone"),
};
#define TABLE(name, rules)                                                                         \
    {                                                                                              \
        name, rules, sizeof(rules) / sizeof *(rules)                                               \
    }
static const struct fields erased_fields = TABLE("ErasedEvent", erased_rules);
static const struct fields cut_fields = TABLE("Cut", cut_rules);

/* ---- reading ---- */

static bool take_digest(const struct pb_field *field, uint8_t out[DIGEST_BYTES])
{
    if (field->type != PB_BYTES || field->bytes.len != DIGEST_BYTES)
        return false;
    memcpy(out, field->bytes.data, DIGEST_BYTES);
    return true;
}

static bool erased_read(struct span raw, struct entry *entry)
{
    struct erased erased = {0};
    struct span rest = raw;
    struct pb_field field;
    unsigned digests = 0;
    int more;
    while ((more = pb_next(&rest, &field)) > 0) {
        if (field.number == ERASED_CONTENT && take_digest(&field, entry->content))
            digests |= 1;
        else if (field.number == ERASED_OWN && take_digest(&field, entry->own))
            digests |= 2;
        else if (field.number == ERASED_CONTENT || field.number == ERASED_OWN ||
                 fields_take(&erased_fields, &field, &erased, NULL))
            return false;
    }
    entry->event.event_id = erased.event_id;
    entry->event.order_id = erased.order_id;
    entry->event.version = erased.version;
    entry->event.event_time = (int64_t)erased.event_time;
    return more == 0 && digests == (1 | 2);
}

static bool entry_read(struct span raw, struct entry *entry)
{
    struct pb_field field;
    memset(entry, 0, sizeof *entry);
    if (pb_next(&raw, &field) != 1 || field.type != PB_BYTES || raw.len != 0)
        return false;
    entry->kind = (enum entry_kind)field.number;
    switch (entry->kind) {
    case ENTRY_EVENT:
        return event_read(field.bytes, &entry->event);
    case ENTRY_ERASED:
        return erased_read(field.bytes, entry);
    case ENTRY_CUT:
        return fields_decode(&cut_fields, field.bytes, entry, NULL) == REASON_NONE &&
               entry->stream.len > 0;
    }
    return false;
}

int entry_next(struct span *rest, struct entry *entry)
{
    struct pb_field field;
    int more;
    while ((more = pb_next(rest, &field)) > 0) {
        if (field.number != ENTRY_FIELD)
            continue;
        return field.type == PB_BYTES && entry_read(field.bytes, entry) ? 1 : -1;
    }
    return more;
}

/* ---- writing ---- */

static struct erased erased_of(const struct entry *entry)
{
    const struct event *event = &entry->event;
    return (struct erased){event->order_id, event->version, (uint64_t)event->event_time,
                           event->event_id};
}

/* Of what the entry holds, without its own tag. */
static size_t inner_size(const struct entry *entry)
{
    if (entry->kind == ENTRY_EVENT)
        return entry->event.raw.len;
    if (entry->kind == ENTRY_CUT)
        return fields_size(&cut_fields, entry);
    struct erased erased = erased_of(entry);
    return fields_size(&erased_fields, &erased) + pb_bytes_size(ERASED_CONTENT, DIGEST_BYTES) +
           pb_bytes_size(ERASED_OWN, DIGEST_BYTES);
}

size_t entry_size(const struct entry *entry)
{
    return pb_bytes_size(ENTRY_FIELD, pb_bytes_size((uint32_t)entry->kind, inner_size(entry)));
}

uint8_t *entry_put_frame(uint8_t *at, const struct entry *entry)
{
    uint32_t kind = (uint32_t)entry->kind;
    size_t inner = inner_size(entry);
    at = pb_put_frame(at, ENTRY_FIELD, pb_bytes_size(kind, inner));
    return pb_put_frame(at, kind, inner);
}

uint8_t *entry_put(uint8_t *at, const struct entry *entry)
{
    at = entry_put_frame(at, entry);
    if (entry->kind == ENTRY_EVENT) {
        memcpy(at, entry->event.raw.data, entry->event.raw.len);
        return at + entry->event.raw.len;
    }
    if (entry->kind == ENTRY_CUT)
        return fields_put(at, &cut_fields, entry);
    struct erased erased = erased_of(entry);
    at = fields_put(at, &erased_fields, &erased);
    at = pb_put_bytes(at, ERASED_CONTENT, (struct span){entry->content, DIGEST_BYTES});
    return pb_put_bytes(at, ERASED_OWN, (struct span){entry->own, DIGEST_BYTES});
}

void entry_digest(const struct entry *entry, uint8_t digest[DIGEST_BYTES])
{
    uint8_t own[DIGEST_BYTES];
    if (entry->kind == ENTRY_CUT)
        return;
    if (entry->kind == ENTRY_EVENT)
        digest_event(&entry->event, own);
    digest_chain(digest, &entry->event, entry->kind == ENTRY_EVENT ? own : entry->own);
}
