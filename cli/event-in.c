/*
 * event-in.c - a line becomes an event: its members are found, its strings unescaped in place, its payload left alone.
 *
 * What the store sets itself (order-id, event-time, version) is read over, so that the output of `muon replay -r` can be
 * emitted again. `provider` and `token` are credentials that old clients put into events: they are dropped. Anything
 * else that is unknown is refused: dropping it in silence would lose data.
 */
#include "cli/event-in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/guess.h"
#include "cli/json-string.h"
#include "cli/scan.h"

enum field_kind {
    FIELD_STRING,
    FIELD_CAUSE,
    FIELD_BYTES,  /* JSON of any kind, kept as it stands */
    FIELD_BASE64, /* a string; wins over FIELD_BYTES for the same place */
    FIELD_IGNORED
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset; /* in muon_event_in: of the pointer */
    size_t length; /* of the length, for bytes */
};

#define AT(member) offsetof(muon_event_in, member)

static const struct field fields[] = {
    {"event-id", FIELD_STRING, AT(event_id), 0},
    {"event-type", FIELD_STRING, AT(type), 0},
    {"stream-name", FIELD_STRING, AT(stream), 0},
    {"id", FIELD_STRING, AT(id), 0},
    {"service-id", FIELD_STRING, AT(service), 0},
    {"schema", FIELD_STRING, AT(schema), 0},
    {"payload", FIELD_BYTES, AT(payload), AT(payload_len)},
    {"payload-base64", FIELD_BASE64, AT(payload), AT(payload_len)},
    {"content-type", FIELD_STRING, AT(content_type), 0},
    {"caused-by", FIELD_CAUSE, AT(caused_by), 0},
    {"caused-by-id", FIELD_CAUSE, AT(caused_by), 0},
    {"caused-by-relation", FIELD_STRING, AT(caused_by_relation), 0},
    {"traceparent", FIELD_STRING, AT(traceparent), 0},
    {"metadata", FIELD_BYTES, AT(metadata), AT(metadata_len)},
    {"metadata-base64", FIELD_BASE64, AT(metadata), AT(metadata_len)},
    {"order-id", FIELD_IGNORED, 0, 0},
    {"version", FIELD_IGNORED, 0, 0},
    {"event-time", FIELD_IGNORED, 0, 0},
    {"provider", FIELD_IGNORED, 0, 0},
    {"token", FIELD_IGNORED, 0, 0},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char no_payload[] = "{}";

/* The state of one parse: what is being filled, what was seen, where faults are told. */
struct parse {
    struct event_in *in;
    struct event_fault *fault;
    unsigned seen; /* one bit a row of fields */
};

static bool fault_at(struct parse *p, const char *where, const char *format, const char *detail)
{
    return line_in_fault(p->fault, p->in->line, where, format, detail);
}

static char **pointer_at(struct parse *p, size_t offset)
{
    return (char **)((char *)&p->in->event + offset);
}

static bool is_null(struct scan_text value)
{
    return value.len == 4 && memcmp(value.ptr, "null", 4) == 0;
}

/* What stands between the quotes, unescaped and NUL-terminated where the closing quote was. */
static bool take_string(struct parse *p, const struct field *f, struct scan_text value,
                        struct scan_text *text)
{
    if (value.ptr[0] != '"')
        return fault_at(p, value.ptr, "the field \"%s\" must be a string", f->name);
    text->ptr = value.ptr + 1;
    text->len = json_string_unescape(text->ptr, value.len - 2);
    text->ptr[text->len] = '\0';
    if (memchr(text->ptr, '\0', text->len))
        return fault_at(p, value.ptr, "the field \"%s\" holds a NUL character", f->name);
    return true;
}

static bool set_string(struct parse *p, const struct field *f, struct scan_text value)
{
    struct scan_text text;
    if (!take_string(p, f, value, &text))
        return false;
    *pointer_at(p, f->offset) = text.ptr;
    return true;
}

/* A number is an order id, perhaps written as a double; the string "null" is no cause. */
static bool set_cause(struct parse *p, const struct field *f, struct scan_text value)
{
    if (*pointer_at(p, f->offset))
        return fault_at(p, value.ptr, "\"caused-by\" is given twice%s", "");
    if (value.ptr[0] == '"') {
        if (!set_string(p, f, value))
            return false;
        if (strcmp(*pointer_at(p, f->offset), "null") == 0)
            *pointer_at(p, f->offset) = NULL;
        return true;
    }
    char *end;
    double number = strtod(value.ptr, &end);
    if (end != value.ptr + value.len || !(number >= 1) || number > 9007199254740992.0 ||
        number != floor(number))
        return fault_at(p, value.ptr, "the field \"%s\" must be an order id or an event id",
                        f->name);
    snprintf(p->in->caused_by, sizeof(p->in->caused_by), "%.0f", number);
    *pointer_at(p, f->offset) = p->in->caused_by;
    return true;
}

static void set_bytes(struct parse *p, const struct field *f, struct scan_text value)
{
    *pointer_at(p, f->offset) = value.ptr;
    memcpy((char *)&p->in->event + f->length, &value.len, sizeof(value.len));
}

static bool set_base64(struct parse *p, const struct field *f, struct scan_text value)
{
    struct scan_text text;
    size_t len = 0;
    if (!take_string(p, f, value, &text))
        return false;
    if (!base64_decode(text.ptr, text.len, &len))
        return fault_at(p, value.ptr, "the field \"%s\" is not base64", f->name);
    text.len = len;
    set_bytes(p, f, text);
    return true;
}

static bool set_field(struct parse *p, const struct field *f, struct scan_text value)
{
    if (is_null(value) && f->kind != FIELD_BYTES)
        return true;
    switch (f->kind) {
    case FIELD_STRING:
        return set_string(p, f, value);
    case FIELD_CAUSE:
        return set_cause(p, f, value);
    case FIELD_BYTES:
        set_bytes(p, f, value);
        return true;
    case FIELD_BASE64:
        return set_base64(p, f, value);
    case FIELD_IGNORED:
        return true;
    }
    return false;
}

static bool unknown_field(struct parse *p, struct scan_text key)
{
    const char *names[FIELDS];
    char given[64];
    for (int i = 0; i < FIELDS; i++)
        names[i] = fields[i].name;
    snprintf(given, sizeof(given), "%.*s", (int)(key.len < 60 ? key.len : 60), key.ptr);
    const char *guess = guess_nearest(given, names, FIELDS);
    if (!guess)
        return fault_at(p, key.ptr, "an event has no field \"%s\"", given);
    fault_at(p, key.ptr, "an event has no field \"%s\"", given);
    size_t used = strlen(p->fault->why);
    snprintf(p->fault->why + used, sizeof(p->fault->why) - used, "; did you mean \"%s\"?", guess);
    return false;
}

static int find_field(struct scan_text key)
{
    for (int i = 0; i < FIELDS; i++)
        if (strlen(fields[i].name) == key.len && memcmp(fields[i].name, key.ptr, key.len) == 0)
            return i;
    return -1;
}

static bool set_member(struct parse *p, struct scan_member member)
{
    int i = find_field(member.key);
    if (i < 0)
        return unknown_field(p, member.key);
    if (p->seen & 1u << i)
        return fault_at(p, member.key.ptr, "\"%s\" is given twice", fields[i].name);
    p->seen |= 1u << i;
    return set_field(p, &fields[i], member.value);
}

/* Base64 comes second so that it wins over "payload", wherever each stands. */
static bool set_members(struct parse *p, struct scan_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        members[i].key.len = json_string_unescape(members[i].key.ptr, members[i].key.len);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            int row = find_field(members[i].key);
            bool base64 = row >= 0 && fields[row].kind == FIELD_BASE64;
            if (base64 == (pass == 1) && !set_member(p, members[i]))
                return false;
        }
    }
    return true;
}

static bool check_required(struct parse *p)
{
    muon_event_in *event = &p->in->event;
    if (!event->stream || !event->stream[0])
        return fault_at(p, NULL, "the field \"%s\" is missing", "stream-name");
    if (!event->type || !event->type[0])
        return fault_at(p, NULL, "the field \"%s\" is missing", "event-type");
    if (!event->payload) {
        event->payload = no_payload;
        event->payload_len = sizeof(no_payload) - 1;
    }
    if (event->event_id && !event->event_id[0])
        event->event_id = NULL;
    return true;
}

bool event_in_parse(struct event_in *in, const char *line, size_t len, struct event_fault *fault)
{
    struct parse p = {.in = in, .fault = fault};
    struct scan_member members[SCAN_MEMBERS_MAX];
    struct scan_fault bad;
    size_t count;
    memset(&in->event, 0, sizeof(in->event));
    if (!line_in_copy(&in->line, &in->line_bytes, line, len, fault))
        return false;
    if (!scan_object(in->line, len, members, &count, &bad))
        return fault_at(&p, in->line + bad.at, "malformed JSON: %s", bad.why);
    return set_members(&p, members, count) && check_required(&p);
}

void event_in_free(struct event_in *in)
{
    free(in->line);
    memset(in, 0, sizeof(*in));
}
