/*
 * photon_json.c - see photon_json.h.
 *
 * jansson reads and checks; but it would write a payload with other digits than it was given (semantics 11), so the payload's place is looked
 * for in the text, which is known to be JSON by then, and taken as it stands.
 */
#include "store/photon_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "wire/text.h"

/* Integers as doubles: order ids are exact in them, and no integer in a payload is too large. */
enum { READ_FLAGS = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL };

static enum reason refuse(struct error *error, const char *field, const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "%s %s", field, fault);
    error_text(error->field, sizeof error->field, text_span(field));
    return REASON_INVALID_ARGUMENT;
}

json_t *photon_json_object(struct span text, struct error *error)
{
    json_error_t fault;
    char why[200];
    json_t *object = text.len ? json_loadb((const char *)text.data, text.len, READ_FLAGS, &fault)
                              : json_object();
    if (object && json_is_object(object))
        return object;
    snprintf(why, sizeof why, "is not a JSON object: %s",
             object ? "it is another value" : fault.text);
    refuse(error, "body", why);
    json_decref(object);
    return NULL;
}

/* ---- where a member stands ---- */

static const uint8_t *skip_blanks(const uint8_t *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

static const uint8_t *skip_string(const uint8_t *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* Over one value of a text that is known to be JSON: what ends it is never within a string. */
static const uint8_t *skip_value(const uint8_t *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at++;
    } while (depth > 0 || (*at != ',' && *at != '}' && *at != ']'));
    return at;
}

/* The value of a member of the object as it stands; false: there is none of exactly this spelling. */
static bool member(struct span text, const char *name, struct span *value)
{
    const uint8_t *at = skip_blanks(text.data) + 1;
    for (at = skip_blanks(at); *at == '"'; at = skip_blanks(at + 1)) {
        const uint8_t *key = at + 1;
        at = skip_string(at);
        bool found = text_equal((struct span){key, (size_t)(at - 1 - key)}, text_span(name));
        const uint8_t *begin = skip_blanks(skip_blanks(at) + 1); /* behind the colon */
        at = skip_value(begin);
        size_t len = (size_t)(at - begin);
        while (len > 0 && (begin[len - 1] == ' ' || begin[len - 1] == '\t' ||
                           begin[len - 1] == '\n' || begin[len - 1] == '\r'))
            len--;
        *value = (struct span){begin, len};
        if (found)
            return true;
        if (*at != ',')
            break;
    }
    return false;
}

/* ---- read ---- */

enum kind { KIND_TEXT, KIND_CAUSE, KIND_JSON, KIND_IGNORED };

static const struct {
    const char *name;
    enum kind kind;
    size_t offset;
} FIELDS[] = {
    {"stream-name", KIND_TEXT, offsetof(struct event, stream_name)},
    {"event-type", KIND_TEXT, offsetof(struct event, event_type)},
    {"event-id", KIND_TEXT, offsetof(struct event, event_id)},
    {"payload", KIND_JSON, offsetof(struct event, payload)},
    {"content-type", KIND_TEXT, offsetof(struct event, content_type)},
    {"schema", KIND_TEXT, offsetof(struct event, schema)},
    {"id", KIND_TEXT, offsetof(struct event, id)},
    {"service-id", KIND_TEXT, offsetof(struct event, service_id)},
    {"caused-by", KIND_CAUSE, offsetof(struct event, caused_by)},
    {"caused-by-id", KIND_CAUSE, offsetof(struct event, caused_by)},
    {"caused-by-relation", KIND_TEXT, offsetof(struct event, caused_by_relation)},
    {"metadata", KIND_JSON, offsetof(struct event, metadata)},
    {"traceparent", KIND_TEXT, offsetof(struct event, traceparent)},
    {"order-id", KIND_IGNORED, 0},
    {"version", KIND_IGNORED, 0},
    {"event-time", KIND_IGNORED, 0},
    {"provider", KIND_IGNORED, 0}, /* credentials: never stored */
    {"token", KIND_IGNORED, 0},
};

enum { FIELDS_LEN = sizeof FIELDS / sizeof FIELDS[0] };

/* A number becomes its text, which *parsed keeps. */
static json_t *cause_text(json_t *value)
{
    char text[32];
    double number = json_number_value(value);
    if (json_is_string(value))
        return strcmp(json_string_value(value), "null") == 0 ? json_string("") : json_incref(value);
    if (!json_is_number(value) || !(number >= 1) || number > 9007199254740992.0 ||
        number != (double)(uint64_t)number)
        return NULL;
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return json_string(text);
}

static enum reason take(struct span text, json_t *object, const char *name, size_t i,
                        struct event *event, struct error *error)
{
    struct span *out = (struct span *)((char *)event + FIELDS[i].offset);
    json_t *value = json_object_get(object, name);
    if (FIELDS[i].kind == KIND_JSON)
        return member(text, name, out) ? REASON_NONE
                                       : refuse(error, name, "must not be written with escapes");
    if (json_is_null(value) || FIELDS[i].kind == KIND_IGNORED)
        return REASON_NONE;
    if (FIELDS[i].kind == KIND_CAUSE) {
        value = cause_text(value);
        if (!value || json_object_set_new(object, name, value) != 0)
            return refuse(error, name, "must be an order id or an event id");
    }
    if (!json_is_string(value))
        return refuse(error, name, "must be a string");
    *out = (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return REASON_NONE;
}

enum reason photon_json_event(struct span text, struct event *event, json_t **parsed,
                              struct error *error)
{
    static const char nothing[] = "{}";
    enum reason reason = REASON_NONE;
    const char *name;
    json_t *value;
    void *next;
    memset(event, 0, sizeof *event);
    *parsed = photon_json_object(text, error);
    if (!*parsed)
        return error->reason;
    if (text.len == 0)
        return refuse(error, "body", "is empty: give an event as JSON");
    json_object_foreach_safe(*parsed, next, name, value)
    {
        size_t i = 0;
        while (i < FIELDS_LEN && strcmp(FIELDS[i].name, name) != 0)
            i++;
        reason = i < FIELDS_LEN ? take(text, *parsed, name, i, event, error)
                                : refuse(error, name, "is not a field of an event");
        if (reason != REASON_NONE)
            return reason;
    }
    if (!json_object_get(*parsed, "payload"))
        event->payload = text_span(nothing);
    return REASON_NONE;
}

/* ---- printed ---- */

static bool is_json(struct span data)
{
    json_error_t fault;
    json_t *value = json_loadb((const char *)data.data, data.len,
                               JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &fault);
    json_decref(value);
    return value != NULL;
}

static void print_string(FILE *out, const char *before, struct span text)
{
    json_t *string = json_stringn_nocheck(text.len ? (const char *)text.data : "", text.len);
    fputs(before, out);
    if (string)
        json_dumpf(string, out, JSON_ENCODE_ANY);
    else
        fputs("\"\"", out);
    json_decref(string);
}

static void print_text(FILE *out, const char *before, struct span text)
{
    if (text.len)
        print_string(out, before, text);
}

static void print_base64(FILE *out, const char *name, struct span data)
{
    unsigned char group[5];
    fprintf(out, ",\"%s-base64\":\"", name);
    for (size_t i = 0; i < data.len; i += 3) {
        size_t left = data.len - i;
        EVP_EncodeBlock(group, data.data + i, left < 3 ? (int)left : 3);
        fputs((const char *)group, out);
    }
    fputc('"', out);
}

static void print_bytes(FILE *out, const char *name, struct span data)
{
    if (!is_json(data)) {
        print_base64(out, name, data);
        return;
    }
    fprintf(out, ",\"%s\":", name);
    fwrite(data.data, 1, data.len, out);
}

static void print_event(FILE *out, const struct event *event)
{
    bool plain = event->content_type.len == 0 ||
                 text_equal(event->content_type, text_span("application/json"));
    print_string(out, "{\"event-id\":", event->event_id);
    print_text(out, ",\"event-type\":", event->event_type);
    print_text(out, ",\"stream-name\":", event->stream_name);
    print_text(out, ",\"id\":", event->id);
    print_text(out, ",\"service-id\":", event->service_id);
    print_text(out, ",\"schema\":", event->schema);
    print_bytes(out, "payload", event->payload);
    if (!plain)
        print_text(out, ",\"content-type\":", event->content_type);
    print_text(out, ",\"caused-by\":", event->caused_by);
    print_text(out, ",\"caused-by-relation\":", event->caused_by_relation);
    print_text(out, ",\"traceparent\":", event->traceparent);
    if (event->metadata.len)
        print_bytes(out, "metadata", event->metadata);
    fprintf(out, ",\"order-id\":%llu,\"version\":%llu,\"event-time\":%lld}",
            (unsigned long long)event->order_id, (unsigned long long)event->version,
            (long long)event->event_time);
}

char *photon_json_print(const struct event *event)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    print_event(out, event);
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
